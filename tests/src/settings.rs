//! What a vector configures: a server, its network, an operation policy.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::model::Fields;

/// The settings of a `ResourceServer`, named as its builder's methods.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "named as in the public interface")]
pub struct Settings {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuers: Option<Vec<Issuer>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audiences: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_clients: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization_servers: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes_supported: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge_scopes: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithms: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leeway: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_token_size: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_cache: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rfc9068_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_hierarchy: Option<BTreeMap<String, Vec<String>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_on_missing_token: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge_granted_scopes: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, Json>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_fresh: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_cooldown: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_timeout: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwks_max_stale: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dangerously_allow_http_hosts: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
}

/// One issuer of [`Settings`].
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "named as in the public interface")]
pub struct Issuer {
    pub issuer: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback_jwks_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audiences: Option<Vec<String>>,
}

/// What a fetch function answers to which URL.
pub type Script = BTreeMap<String, Answer>;

/// What a fetch function answers.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Answer {
    /// A response, whatever its status.
    Response {
        /// The status.
        status: u16,
        /// The header fields.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        headers: Fields,
        /// The body.
        body: String,
    },
    /// None.
    Failure {
        /// Why.
        error: FetchFailure,
    },
}

/// Why there is no response.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "named as in the public interface")]
pub enum FetchFailure {
    Timeout,
    Connect,
    Reset,
    TooLarge,
    Other,
}

/// One condition of a requirement.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "named as in the public interface")]
pub enum Condition {
    AllOf(Vec<String>),
    AnyOf(Vec<String>),
    ClaimContains(String, String),
    ClaimIn(String, Vec<String>),
    ClientIn(Vec<String>),
}

/// An operation policy.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "named as in the public interface")]
pub struct Policy {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Vec<Condition>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tools: BTreeMap<String, Rule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_tools: Option<Rule>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub prompts: BTreeMap<String, Rule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_prompts: Option<Rule>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub resources: BTreeMap<String, Rule>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub resource_prefixes: BTreeMap<String, Rule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_resources: Option<Rule>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub methods: BTreeMap<String, Rule>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub public_methods: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_limit: Option<usize>,
}

/// One entry of a policy.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Rule {
    /// A requirement.
    Requirement(Vec<Condition>),
    /// A function that the runner provides.
    Function {
        /// Its name.
        function: String,
    },
}

/// Who answers at the root well-known URI.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "named as in the public interface")]
pub enum RootAlias {
    Nobody,
    Resource(String),
}

/// Any JSON, written with its members in alphabetical order whatever else is built beside.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Json(pub Value);

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Value::Object(members) => {
                let sorted: BTreeMap<_, _> =
                    members.iter().map(|(name, value)| (name, Self(value.clone()))).collect();
                sorted.serialize(serializer)
            }
            Value::Array(items) => {
                let items: Vec<_> = items.iter().cloned().map(Self).collect();
                items.serialize(serializer)
            }
            other => other.serialize(serializer),
        }
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self(value)
    }
}
