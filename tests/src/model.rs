//! The shape of a vector file, for the generator and for the Rust runner.
//!
//! `vectors/README.md` says what each member means; a member that is not here is an error.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

pub use crate::settings::{
    Answer, Condition, FetchFailure, Issuer, Json, Policy, RootAlias, Rule, Script, Settings,
};

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
    /// For [`Call::Operation`]; for [`Call::ToolsList`] the result to be filtered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
}

/// Ordered header fields.
pub type Fields = Vec<(String, String)>;

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
    /// `ResourceServer::authenticate`, then `filter_tools_list` and `shows_tool`.
    ToolsList,
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
    /// These tools are seen.
    Listed {
        /// The filtered result.
        result: Json,
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

/// Whole seconds are written as such.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
#[expect(clippy::cast_possible_truncation, reason = "only what has no fraction and is a date")]
fn seconds<S: Serializer>(seconds: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if seconds.fract() == 0.0 {
        serializer.serialize_i64(*seconds as i64)
    } else {
        serializer.serialize_f64(*seconds)
    }
}
