//! The shape of a vector file, for the generator and for the Rust runner.
//!
//! `vectors/README.md` says what each member means; a member that is not here is an error.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

/// One file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct File {
    /// How many tests all groups have together.
    pub number_of_tests: usize,
    /// What the notes of tests stand for.
    #[serde(default)]
    pub notes: BTreeMap<String, String>,
    /// The groups.
    pub test_groups: Vec<Group>,
}

/// Tests that share something.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[allow(clippy::large_enum_variant, reason = "a few hundred, in tests")]
pub enum Group {
    /// Requests to one server, in order.
    Request {
        /// What the tests have in common.
        comment: String,
        /// Its settings.
        server: Settings,
        /// Its clock.
        #[serde(serialize_with = "seconds")]
        now: f64,
        /// What its fetch function answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fetch: Option<Script>,
        /// The operation policy.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy: Option<Policy>,
        /// Further public routes of the guard.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        public_routes: Vec<String>,
        /// Further servers on the same origin.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        with: Vec<Settings>,
        /// Who answers at the root well-known URI.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        root_alias: Option<RootAlias>,
        /// The tests.
        tests: Vec<Test<Input, Outcome>>,
    },
    /// Things that can be built, or cannot.
    Configuration {
        /// What the tests have in common.
        comment: String,
        /// The tests.
        tests: Vec<Test<Configuration, Built>>,
    },
}

/// One case.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Test<I, R> {
    /// Unique in its file.
    pub tc_id: usize,
    /// What it shows.
    pub comment: String,
    /// Keys of the file's notes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What it proves.
    pub requirements: Vec<String>,
    /// What goes in.
    pub input: I,
    /// What comes out.
    pub result: R,
    /// Which URLs are asked for meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetched: Option<Vec<String>>,
}

/// A request.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What is called with it.
    pub call: Call,
    /// The time from this test on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<f64>,
    /// What is fetched from this test on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch: Option<Script>,
    /// The HTTP method.
    pub method: String,
    /// The origin-form target.
    pub target: String,
    /// The header fields, values in ISO 8859-1.
    pub headers: Fields,
    /// For [`Call::Authorize`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<Vec<Condition>>,
    /// For [`Call::Operation`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
}

/// Ordered header fields.
pub type Fields = Vec<(String, String)>;

/// What a fetch function answers to which URL.
pub type Script = BTreeMap<String, Answer>;

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `Guard::enter`.
    Guard,
    /// `ResourceServer::authorize`.
    Authorize,
    /// `OperationGuard::enter`, then `permit`.
    Operation,
    /// `MetadataRoutes::respond`.
    Metadata,
}

/// A request body.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// The client's bytes, which are UTF-8.
    Text(String),
    /// The client's bytes.
    Base64(String),
    /// The JSON text of a value that a framework has made of them.
    Parsed(String),
}

/// What a request comes to.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// It goes on, with the token if there is one.
    Allowed {
        /// Who is calling.
        token: Option<Token>,
        /// What to add to the response.
        response_headers: Fields,
    },
    /// It is refused.
    Denied {
        /// Why.
        reason: String,
        /// The status.
        status: u16,
        /// Exactly these, in this order.
        headers: Fields,
        /// Exactly this.
        body: String,
    },
    /// It goes on without a token.
    Public {},
    /// It is answered.
    Answer {
        /// The status.
        status: u16,
        /// Exactly these, in this order.
        headers: Fields,
        /// Exactly this.
        body: String,
    },
    /// It is for somebody else.
    None {},
}

/// A verified token.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "named as in the public interface")]
pub struct Token {
    pub issuer: String,
    pub subject: Option<String>,
    pub client_id: Option<String>,
    pub scopes: Vec<String>,
    pub audiences: Vec<String>,
    #[serde(serialize_with = "seconds")]
    pub expires_at: f64,
}

/// What is to be built.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "as in a group of requests")]
pub struct Configuration {
    pub server: Settings,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<Vec<Condition>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub public_routes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<Settings>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_alias: Option<RootAlias>,
}

/// Whether it can be built.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case", deny_unknown_fields)]
pub enum Built {
    /// It can.
    Built {},
    /// It cannot.
    Error {
        /// The setting that the error names.
        setting: String,
        /// What its message contains.
        says: String,
    },
}

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
    pub rfc9068_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope_implies: Option<BTreeMap<String, Vec<String>>>,
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

/// Whole seconds are written as such.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
#[expect(clippy::cast_possible_truncation, reason = "only what has no fraction and is a date")]
fn seconds<S: Serializer>(seconds: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if seconds.fract() == 0.0 { serializer.serialize_i64(*seconds as i64) } else { serializer.serialize_f64(*seconds) }
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
