//! The settings of a resource server, all checked when it is built.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::base64url::Base64Url;
use crate::cache::TokenCache;
use crate::challenge::Denials;
use crate::claims::{Audience, ClaimRules};
use crate::environment::Environment;
use crate::error::ConfigError;
use crate::header::LastHeader;
use crate::identifier::{HttpHosts, Identifier};
use crate::jwks::{Issuer, Issuers, IssuersBuilder};
use crate::metadata::ProtectedResourceMetadata;
use crate::observe::{DecisionEvent, Observer, Observers};
use crate::scope::{ScopeHierarchy, ScopeSet};
use crate::server::{Inner, ResourceServer};
use crate::token::TokenRules;

const MAX_LEEWAY: Duration = Duration::from_secs(60);
const MOST_CACHED: usize = 1_000_000;
const TOKEN_SIZES: std::ops::RangeInclusive<usize> = 256..=1024 * 1024;

/// Settings of a [`ResourceServer`].
///
/// ```
/// use mcp_bearer::ResourceServer;
///
/// let server = ResourceServer::builder("https://mcp.example.com/mcp")
///     .issuer("https://as.example.com")
///     .scopes_supported(["todo:read", "todo:write"])
///     .challenge_scopes(["todo:read"])
///     .build()?;
/// assert_eq!(
///     server.metadata().url(),
///     "https://mcp.example.com/.well-known/oauth-protected-resource/mcp"
/// );
/// # Ok::<(), mcp_bearer::ConfigError>(())
/// ```
#[must_use]
pub struct Builder {
    pub(crate) resource: String,
    pub(crate) keys: IssuersBuilder,
    pub(crate) issuers: Option<Issuers>,
    pub(crate) audiences: Option<Vec<String>>,
    pub(crate) allowed_clients: Vec<String>,
    pub(crate) authorization_servers: Vec<String>,
    pub(crate) scopes_supported: Vec<String>,
    pub(crate) challenge_scopes: Option<Vec<String>>,
    pub(crate) algorithms: Vec<String>,
    pub(crate) leeway: Duration,
    max_token_size: usize,
    token_cache: usize,
    rfc9068_only: bool,
    scope_hierarchy: Vec<(String, Vec<String>)>,
    realm: Option<String>,
    error_on_missing_token: bool,
    challenge_granted_scopes: bool,
    metadata: Map<String, Value>,
    observers: Vec<Observer>,
    environment: Option<Environment>,
}

impl Builder {
    pub(crate) fn new(resource: String) -> Self {
        Self {
            resource,
            keys: Issuers::builder(),
            issuers: None,
            audiences: None,
            allowed_clients: Vec::new(),
            authorization_servers: Vec::new(),
            scopes_supported: Vec::new(),
            challenge_scopes: None,
            algorithms: Vec::new(),
            leeway: Duration::from_secs(30),
            max_token_size: 16 * 1024,
            token_cache: 4096,
            rfc9068_only: false,
            scope_hierarchy: Vec::new(),
            realm: None,
            error_on_missing_token: false,
            challenge_granted_scopes: false,
            metadata: Map::new(),
            observers: Vec::new(),
            environment: None,
        }
    }

    /// Settings from environment variables: see [`ResourceServer::from_env`] for their names.
    ///
    /// What the code sets besides are defaults: a variable that is present replaces them. Issuers are the
    /// exception: to have them in the code and in the environment is an error.
    ///
    /// # Errors
    /// A variable with a wrong value, or a combination of variables that contradicts itself.
    pub fn from_env(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let environment = Environment::new(variables.into_iter().collect::<HashMap<_, _>>())?;
        let mut builder = Self::new(environment.resource.clone());
        builder.environment = Some(environment);
        Ok(builder)
    }

    /// Accepts tokens of this issuer. May be called several times; each has its own keys.
    pub fn issuer(mut self, issuer: impl Into<Issuer>) -> Self {
        self.keys = self.keys.issuer(issuer);
        self
    }

    /// Accepts tokens of issuers whose keys other resource servers share.
    pub fn issuers(mut self, issuers: Issuers) -> Self {
        self.issuers = Some(issuers);
        self
    }

    /// Changes how issuers' keys are fetched and kept.
    pub fn keys(mut self, change: impl FnOnce(IssuersBuilder) -> IssuersBuilder) -> Self {
        self.keys = change(self.keys);
        self
    }

    /// The accepted `aud` values, but of issuers that have [their own](Issuer::audiences). Default:
    /// the resource.
    pub fn audiences<S: Into<String>>(mut self, audiences: impl IntoIterator<Item = S>) -> Self {
        self.audiences = Some(strings(audiences));
        self
    }

    /// Clients whose tokens are accepted although they have no `aud` at all, by `client_id`: for
    /// providers that issue none, such as Cognito. They stand in for [`audiences`](Self::audiences),
    /// not for those of an issuer that has its own.
    pub fn allowed_clients<S: Into<String>>(mut self, clients: impl IntoIterator<Item = S>) -> Self {
        self.allowed_clients = strings(clients);
        self
    }

    /// Where clients get tokens (RFC 9728 section 2). Default: the issuers.
    pub fn authorization_servers<S: Into<String>>(mut self, servers: impl IntoIterator<Item = S>) -> Self {
        self.authorization_servers = strings(servers);
        self
    }

    /// The scopes that the metadata names: what basic use needs, not the whole catalogue.
    pub fn scopes_supported<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes_supported = strings(scopes);
        self
    }

    /// The scopes that a 401 asks for. Set them behind a [`Guard`](crate::Guard), which knows no
    /// route: the default is what the requirement of the call needs, or the base of an operation
    /// policy.
    pub fn challenge_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.challenge_scopes = Some(strings(scopes));
        self
    }

    /// The accepted algorithms, as JOSE spells them. Default: all that this crate knows.
    pub fn algorithms<S: Into<String>>(mut self, algorithms: impl IntoIterator<Item = S>) -> Self {
        self.algorithms = strings(algorithms);
        self
    }

    /// How far clocks may differ: at most 60 s. Default: 30 s.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// The longest token, in bytes, from 256 to 1 MiB. Default: 16 KiB.
    pub fn max_token_size(mut self, bytes: usize) -> Self {
        self.max_token_size = bytes;
        self
    }

    /// How many verified tokens are remembered, so that a request with one of them costs no
    /// signature: at most 1,000,000, and 0 for none. Default: 4,096.
    ///
    /// A remembered token is refused as any other when its time is over or its key has left the
    /// issuer's set. It takes about twice its length and half a kilobyte; one of more than 4 KiB is not
    /// remembered.
    pub fn token_cache(mut self, tokens: usize) -> Self {
        self.token_cache = tokens;
        self
    }

    /// Accepts only RFC 9068 tokens: `typ` is `at+jwt` and every required claim is there.
    pub fn rfc9068_only(mut self, only: bool) -> Self {
        self.rfc9068_only = only;
        self
    }

    /// A granted `broad` scope covers each of the `narrow` ones. Transitive.
    pub fn scope_hierarchy<S: Into<String>>(
        mut self,
        broad: impl Into<String>,
        narrow: impl IntoIterator<Item = S>,
    ) -> Self {
        self.scope_hierarchy.push((broad.into(), strings(narrow)));
        self
    }

    /// The `realm` of challenges. Default: none.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.realm = Some(realm.into());
        self
    }

    /// Sends `error="invalid_token"` also when there was no token, against RFC 6750 section 3.1,
    /// for hosts that act only on an error code. Default: off.
    pub fn error_on_missing_token(mut self, on: bool) -> Self {
        self.error_on_missing_token = on;
        self
    }

    /// Adds the token's own scopes, as far as they are in `scopes_supported`, to the challenge of
    /// a 403, for clients that replace their scopes instead of uniting them. Default: off.
    pub fn challenge_granted_scopes(mut self, on: bool) -> Self {
        self.challenge_granted_scopes = on;
        self
    }

    /// A further member of the metadata, such as `resource_name` or `resource_documentation`.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    /// Is told of each check, on whatever made it and before the answer: it should be quick, and if it
    /// panics, so does whoever asked. May be called several times. See [`observe`](crate::observe).
    pub fn on_decision(mut self, observer: impl Fn(&DecisionEvent<'_>) + Send + Sync + 'static) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Checks everything and builds. Nothing is fetched and no thread is started.
    ///
    /// # Errors
    /// The first setting that is wrong.
    pub fn build(mut self) -> Result<ResourceServer, ConfigError> {
        if let Some(environment) = self.environment.take() {
            let names = environment.clone();
            return environment.apply(self).and_then(Self::build).map_err(|error| names.rename(error));
        }
        let issuers = match self.issuers {
            Some(_) if !self.keys.is_empty() => {
                return Err(ConfigError::new("issuers", "are given twice: as a handle and one by one"));
            }
            Some(issuers) => issuers,
            None => self.keys.build()?,
        };
        let http = HttpHosts { loopback: true, listed: issuers.http_hosts() };
        let resource = Identifier::parse("resource", &self.resource, http)?;
        if self.authorization_servers.is_empty() {
            self.authorization_servers = issuers.identifiers().map(str::to_owned).collect();
        }
        for server in &self.authorization_servers {
            Identifier::parse("authorization_servers", server, http)?;
        }
        let scopes = |setting: &str, scopes: &[String]| {
            ScopeSet::new(scopes).map_err(|error| ConfigError::new(setting, error.message))
        };
        let scopes_supported = scopes("scopes_supported", &self.scopes_supported)?;
        let challenge_scopes =
            self.challenge_scopes.as_deref().map(|list| scopes("challenge_scopes", list)).transpose()?;
        // A list that looks as if it narrowed something must not be without effect.
        let own = |issuer| issuers.get(issuer).is_some_and(|entry| entry.audiences().is_some());
        if issuers.identifiers().all(own) {
            for (setting, is_set) in [
                ("audiences", self.audiences.is_some()),
                ("allowed_clients", !self.allowed_clients.is_empty()),
            ] {
                if is_set {
                    let message =
                        "would have no effect: every issuer has audiences of its own, which hold instead";
                    return Err(ConfigError::new(setting, message));
                }
            }
        }
        let audiences = self.audiences.unwrap_or_else(|| vec![self.resource.clone()]);
        if audiences.is_empty() || audiences.iter().any(String::is_empty) {
            return Err(ConfigError::new("audiences", "must name at least one value, such as the resource"));
        }
        if self.allowed_clients.iter().any(String::is_empty) {
            return Err(ConfigError::new("allowed_clients", "must be client ids"));
        }
        if self.leeway > MAX_LEEWAY {
            return Err(ConfigError::new("leeway", "must be between 0 and 60 seconds"));
        }
        if !TOKEN_SIZES.contains(&self.max_token_size) {
            return Err(ConfigError::new("max_token_size", "must be between 256 bytes and 1 MiB"));
        }
        if self.token_cache > MOST_CACHED {
            return Err(ConfigError::new("token_cache", "must be between 0 and 1,000,000 tokens"));
        }
        if self.realm.as_deref().is_some_and(|realm| !is_quotable(realm)) {
            return Err(ConfigError::new("realm", "must be printable ASCII without quotes and backslashes"));
        }
        let algorithms = if self.algorithms.is_empty() {
            Algorithm::ALL.to_vec()
        } else {
            self.algorithms.iter().map(|name| name.parse()).collect::<Result<_, _>>()?
        };
        let metadata = ProtectedResourceMetadata::new(
            &resource,
            &self.authorization_servers,
            &self.scopes_supported,
            &self.metadata,
        )?;
        Ok(ResourceServer::from_inner(Inner {
            token_rules: TokenRules {
                algorithms,
                max_size: self.max_token_size,
                strict: self.rfc9068_only,
                base64url: Base64Url::new(),
            },
            claim_rules: ClaimRules {
                audiences: audiences.iter().map(|audience| Audience::new(audience)).collect(),
                allowed_clients: self.allowed_clients,
                leeway: self.leeway,
                strict: self.rfc9068_only,
            },
            hierarchy: ScopeHierarchy::new(&self.scope_hierarchy)?,
            denials: Denials {
                realm: self.realm,
                resource_metadata: metadata.url().to_owned(),
                challenge_scopes,
                error_on_missing_token: self.error_on_missing_token,
            },
            challenge_granted_scopes: self.challenge_granted_scopes,
            scopes_supported,
            metadata,
            cache: TokenCache::new(self.token_cache),
            observers: Observers::new(&self.resource, self.observers),
            last_header: LastHeader::default(),
            issuers,
        }))
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("resource", &self.resource)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

fn strings<S: Into<String>>(items: impl IntoIterator<Item = S>) -> Vec<String> {
    items.into_iter().map(Into::into).collect()
}

fn is_quotable(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x20 | 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}
