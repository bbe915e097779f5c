//! Settings from environment variables.
//!
//! The variables come in as a map: the bindings hand over their host's. Only
//! [`ResourceServer::from_env`] reads those of the process.

use std::collections::HashMap;
use std::time::Duration;

use crate::builder::Builder;
use crate::error::ConfigError;
use crate::jwks::Issuer;
use crate::server::ResourceServer;

const PREFIX: &str = "MCP_BEARER_";

/// Which variables a setting comes from, so that an error can name the one.
const NAMES: [(&str, &[&str]); 16] = [
    ("resource", &["MCP_SERVER_URL"]),
    ("issuers", &["MCP_BEARER_ISSUERS"]),
    ("audiences", &["MCP_BEARER_AUDIENCES"]),
    ("allowed_clients", &["MCP_BEARER_ALLOWED_CLIENTS"]),
    ("authorization_servers", &["MCP_BEARER_AUTHORIZATION_SERVERS"]),
    ("scopes_supported", &["MCP_BEARER_SCOPES_SUPPORTED"]),
    ("challenge_scopes", &["MCP_BEARER_CHALLENGE_SCOPES"]),
    ("algorithms", &["MCP_BEARER_ALGORITHMS"]),
    ("jwks_uri", &["MCP_BEARER_JWKS_URI"]),
    ("leeway", &["MCP_BEARER_LEEWAY_SECONDS"]),
    ("jwks_fresh", &["MCP_BEARER_JWKS_FRESH_SECONDS"]),
    ("jwks_cooldown", &["MCP_BEARER_JWKS_COOLDOWN_SECONDS"]),
    ("jwks_timeout", &["MCP_BEARER_JWKS_TIMEOUT_SECONDS"]),
    ("jwks_max_stale", &["MCP_BEARER_JWKS_MAX_STALE_SECONDS"]),
    ("ca_file", &["MCP_BEARER_CA_FILE", "SSL_CERT_FILE"]),
    ("proxy", &["HTTPS_PROXY", "https_proxy"]),
];

/// The variables, of which an empty one is an absent one.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    variables: HashMap<String, String>,
    pub(crate) resource: String,
    scalekit: Option<Scalekit>,
}

/// The Scalekit preset.
#[derive(Clone, Debug)]
struct Scalekit {
    environment: String,
    resource_id: String,
}

impl ResourceServer {
    /// A resource server from the environment of this process. Lists are space-separated.
    ///
    /// | variable | meaning |
    /// |---|---|
    /// | `MCP_SERVER_URL` | the resource identifier, exact |
    /// | `SCALEKIT_ENVIRONMENT_URL`, `RESOURCE_ID` | the Scalekit preset: issuers, keys, audiences and authorization server |
    /// | `MCP_BEARER_ISSUERS`, `_AUDIENCES`, `_ALLOWED_CLIENTS`, `_AUTHORIZATION_SERVERS`, `_SCOPES_SUPPORTED`, `_CHALLENGE_SCOPES`, `_ALGORITHMS` | any other provider; each replaces the preset's value, except that issuers besides the preset are an error |
    /// | `MCP_BEARER_JWKS_URI` | the key set, instead of discovery |
    /// | `MCP_BEARER_LEEWAY_SECONDS`, `_JWKS_FRESH_SECONDS`, `_JWKS_COOLDOWN_SECONDS`, `_JWKS_TIMEOUT_SECONDS`, `_JWKS_MAX_STALE_SECONDS` | seconds, fractions allowed |
    /// | `MCP_BEARER_CA_FILE`, `SSL_CERT_FILE` | PEM bundles added to the system's store |
    /// | `HTTPS_PROXY`, `NO_PROXY` | how to reach issuers |
    ///
    /// # Errors
    /// The variable that is missing, wrong, or none of these although it starts with `MCP_BEARER_`,
    /// and what it should look like.
    pub fn from_env() -> Result<Self, ConfigError> {
        Builder::from_env(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )?
        .build()
    }
}

impl Environment {
    pub(crate) fn new(mut variables: HashMap<String, String>) -> Result<Self, ConfigError> {
        variables.retain(|_, value| !value.is_empty());
        if let Some(unknown) = variables.keys().filter(|name| is_unknown(name)).min() {
            let known: Vec<_> = known().collect();
            return Err(ConfigError::new(unknown, format!("is no setting; there are {}", known.join(", "))));
        }
        let resource = variables.get("MCP_SERVER_URL").cloned().ok_or_else(|| {
            ConfigError::new(
                "MCP_SERVER_URL",
                "is missing: the URL of this server, such as https://mcp.example.com/mcp",
            )
        })?;
        let scalekit = match (variables.get("SCALEKIT_ENVIRONMENT_URL"), variables.get("RESOURCE_ID")) {
            (Some(environment), Some(id)) => Some(Scalekit {
                environment: environment.strip_suffix('/').unwrap_or(environment).to_owned(),
                resource_id: id.clone(),
            }),
            (None, None) => None,
            (Some(_), None) => {
                return Err(ConfigError::new(
                    "RESOURCE_ID",
                    "is missing beside SCALEKIT_ENVIRONMENT_URL: the id of this server in Scalekit, such as res_123",
                ));
            }
            (None, Some(_)) => {
                return Err(ConfigError::new(
                    "SCALEKIT_ENVIRONMENT_URL",
                    "is missing beside RESOURCE_ID: such as https://your-env.scalekit.com",
                ));
            }
        };
        if scalekit.is_some() && variables.contains_key("MCP_BEARER_ISSUERS") {
            return Err(ConfigError::new(
                "MCP_BEARER_ISSUERS",
                "contradicts SCALEKIT_ENVIRONMENT_URL, which names the issuers; set one of the two",
            ));
        }
        Ok(Self { variables, resource, scalekit })
    }

    /// Lays the variables over what the code has set.
    pub(crate) fn apply(&self, mut builder: Builder) -> Result<Builder, ConfigError> {
        let issuers = self.issuers()?;
        match (issuers.is_empty(), builder.issuers.is_none() && builder.keys.is_empty()) {
            (false, false) => {
                return Err(ConfigError::new(
                    "issuers",
                    "are set in the code and in the environment; set one of the two",
                ));
            }
            (true, true) => {
                return Err(ConfigError::new(
                    "MCP_BEARER_ISSUERS",
                    "is missing: at least one is needed, such as https://auth.example.com, or \
                     SCALEKIT_ENVIRONMENT_URL with RESOURCE_ID",
                ));
            }
            _ => {}
        }
        for issuer in issuers {
            builder.keys = builder.keys.issuer(issuer);
        }
        if let Some(scalekit) = &self.scalekit {
            builder.audiences = Some(vec![scalekit.resource_id.clone(), self.resource.clone()]);
            builder.authorization_servers = vec![scalekit.resource_issuer()];
        }
        builder.audiences = self.list("MCP_BEARER_AUDIENCES")?.or(builder.audiences);
        builder.challenge_scopes = self.list("MCP_BEARER_CHALLENGE_SCOPES")?.or(builder.challenge_scopes);
        for (variable, setting) in [
            ("MCP_BEARER_ALLOWED_CLIENTS", &mut builder.allowed_clients),
            ("MCP_BEARER_AUTHORIZATION_SERVERS", &mut builder.authorization_servers),
            ("MCP_BEARER_SCOPES_SUPPORTED", &mut builder.scopes_supported),
            ("MCP_BEARER_ALGORITHMS", &mut builder.algorithms),
        ] {
            if let Some(list) = self.list(variable)? {
                *setting = list;
            }
        }
        if let Some(leeway) = self.seconds("MCP_BEARER_LEEWAY_SECONDS")? {
            builder.leeway = leeway;
        }
        let mut keys = builder.keys;
        if let Some(fresh) = self.seconds("MCP_BEARER_JWKS_FRESH_SECONDS")? {
            keys = keys.jwks_fresh(fresh);
        }
        if let Some(cooldown) = self.seconds("MCP_BEARER_JWKS_COOLDOWN_SECONDS")? {
            keys = keys.jwks_cooldown(cooldown);
        }
        if let Some(timeout) = self.seconds("MCP_BEARER_JWKS_TIMEOUT_SECONDS")? {
            keys = keys.jwks_timeout(timeout);
        }
        if let Some(stale) = self.seconds("MCP_BEARER_JWKS_MAX_STALE_SECONDS")? {
            keys = keys.jwks_max_stale(stale);
        }
        for variable in ["MCP_BEARER_CA_FILE", "SSL_CERT_FILE"] {
            if let Some(file) = self.variables.get(variable) {
                keys = keys.ca_file(file);
            }
        }
        if let Some(proxy) = self.either("HTTPS_PROXY", "https_proxy") {
            keys = keys.proxy(proxy);
        }
        if let Some(hosts) = self.either("NO_PROXY", "no_proxy") {
            keys = keys.no_proxy(hosts);
        }
        builder.keys = keys;
        Ok(builder)
    }

    /// Errors name what the reader can change: a variable, if the setting comes from one.
    pub(crate) fn rename(&self, mut error: ConfigError) -> ConfigError {
        if let Some(variable) = self.source(&error) {
            variable.clone_into(&mut error.setting);
        }
        error
    }

    fn source(&self, error: &ConfigError) -> Option<&'static str> {
        let (setting, variables) = NAMES.iter().find(|(setting, _)| *setting == error.setting)?;
        let is_source = |variable: &&&str| {
            self.variables.get(**variable).is_some_and(|value| {
                // Files add up: the message starts with the one that is wrong.
                *setting != "ca_file"
                    || error.message.strip_prefix(value.as_str()).is_some_and(|rest| rest.starts_with(' '))
            })
        };
        let preset = self.scalekit.is_some() && matches!(*setting, "issuers" | "authorization_servers");
        let preset = preset.then_some("SCALEKIT_ENVIRONMENT_URL");
        variables.iter().find(is_source).copied().or(preset)
    }

    fn issuers(&self) -> Result<Vec<Issuer>, ConfigError> {
        let jwks_uri = self.variables.get("MCP_BEARER_JWKS_URI");
        if let Some(scalekit) = &self.scalekit {
            let issuer = Issuer::new(&scalekit.environment).also(scalekit.resource_issuer());
            return Ok(vec![match jwks_uri {
                Some(uri) => issuer.jwks_uri(uri),
                None => issuer.fallback_jwks_uri(format!("{}/keys", scalekit.environment)),
            }]);
        }
        let issuers = self.list("MCP_BEARER_ISSUERS")?.unwrap_or_default();
        match (jwks_uri, issuers.as_slice()) {
            (None, _) => Ok(issuers.iter().map(Issuer::new).collect()),
            (Some(uri), [issuer]) => Ok(vec![Issuer::new(issuer).jwks_uri(uri)]),
            (Some(_), _) => Err(ConfigError::new(
                "MCP_BEARER_JWKS_URI",
                "needs exactly one issuer in MCP_BEARER_ISSUERS: every issuer has its own keys",
            )),
        }
    }

    fn list(&self, variable: &str) -> Result<Option<Vec<String>>, ConfigError> {
        let Some(text) = self.variables.get(variable) else { return Ok(None) };
        // A comma is legal in URLs and scopes, but there it means a list, which would pass as one
        // odd entry. Audiences and client ids are any text.
        let any_text = matches!(variable, "MCP_BEARER_AUDIENCES" | "MCP_BEARER_ALLOWED_CLIENTS");
        if !any_text && text.contains(',') {
            return Err(ConfigError::new(variable, "must be separated by spaces, without commas"));
        }
        let list: Vec<String> = text.split_ascii_whitespace().map(str::to_owned).collect();
        Ok((!list.is_empty()).then_some(list))
    }

    fn either(&self, one: &str, other: &str) -> Option<&String> {
        self.variables.get(one).or_else(|| self.variables.get(other))
    }

    fn seconds(&self, variable: &str) -> Result<Option<Duration>, ConfigError> {
        let Some(text) = self.variables.get(variable) else { return Ok(None) };
        text.trim()
            .parse()
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .map(Some)
            .ok_or_else(|| ConfigError::new(variable, "must be a number of seconds, such as 30 or 0.5"))
    }
}

impl Scalekit {
    fn resource_issuer(&self) -> String {
        format!("{}/resources/{}", self.environment, self.resource_id)
    }
}

/// A misspelt variable would leave its check at the default without anybody noticing.
fn is_unknown(variable: &str) -> bool {
    // Kubernetes gives every pod such variables of a service that is called `mcp-bearer`.
    let of_a_service = variable.contains("_SERVICE_HOST") || variable.contains("_PORT");
    variable.starts_with(PREFIX) && !of_a_service && known().all(|own| own != variable)
}

fn known() -> impl Iterator<Item = &'static str> {
    NAMES.iter().flat_map(|(_, variables)| *variables).copied().filter(|name| name.starts_with(PREFIX))
}

#[cfg(test)]
#[cfg(feature = "reqwest")]
mod tests {
    use super::*;

    fn setting(variables: &[(&str, &str)], file: Option<&str>) -> String {
        let usual =
            [("MCP_SERVER_URL", "https://mcp.example.com"), ("MCP_BEARER_ISSUERS", "https://as.example.com")];
        let all = usual.iter().chain(variables).map(|(name, value)| ((*name).into(), (*value).into()));
        let builder = Builder::from_env(all).unwrap();
        builder
            .keys(|keys| file.into_iter().fold(keys, |keys, file| keys.ca_file(file)))
            .build()
            .unwrap_err()
            .setting
    }

    #[test]
    fn what_reaches_the_issuer_is_named_by_its_own_variable() {
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        for (variables, file, expected) in [
            (&[("SSL_CERT_FILE", "/none")][..], None, "SSL_CERT_FILE"),
            (&[("MCP_BEARER_CA_FILE", here)], None, "MCP_BEARER_CA_FILE"),
            (&[("MCP_BEARER_CA_FILE", "/none"), ("SSL_CERT_FILE", "/none/too")], None, "MCP_BEARER_CA_FILE"),
            (&[("SSL_CERT_FILE", "/none")], Some("/none/too"), "ca_file"),
            (&[("HTTPS_PROXY", "ftp://proxy")], None, "HTTPS_PROXY"),
            (&[("https_proxy", "ftp://proxy")], None, "https_proxy"),
        ] {
            assert_eq!(setting(variables, file), expected, "{variables:?}");
        }
    }
}
