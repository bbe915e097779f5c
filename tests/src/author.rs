//! The words in which cases are stated.

use std::collections::BTreeMap;

use serde_json::json;

use crate::keys::{Key, Keys};
use crate::model::{
    Answer, Body, Built, Call, Condition, Configuration, FetchFailure, Fields, File, Group, Input, Issuer,
    Json, Outcome, Policy, RootAlias, Script, Settings, Test, Token,
};
use crate::token::{ISSUER, NOW, RESOURCE, good};
use crate::wire::Wire;

/// What the usual server's refusals look like.
pub const WIRE: Wire =
    Wire::new("https://mcp.example.com/.well-known/oauth-protected-resource/mcp").asking("todo:read");

/// Strings.
pub fn strings(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

/// A JWK Set.
pub fn jwks(keys: &[serde_json::Value]) -> Json {
    Json(json!({ "keys": keys }))
}

/// An issuer with static keys.
pub fn issuer_with(issuer: &str, keys: &[serde_json::Value]) -> Issuer {
    Issuer { issuer: issuer.into(), jwks: Some(jwks(keys)), ..Issuer::default() }
}

/// The usual issuer, with static keys.
pub fn with_keys(keys: &[serde_json::Value]) -> Settings {
    Settings {
        resource: Some(RESOURCE.into()),
        issuers: Some(vec![issuer_with(ISSUER, keys)]),
        scopes_supported: Some(strings(&["todo:read", "todo:write"])),
        challenge_scopes: Some(strings(&["todo:read"])),
        ..Settings::default()
    }
}

/// The usual server: one issuer with one static Ed25519 key, [`RESOURCE`], and `todo:read` asked for.
pub fn usual() -> Settings {
    with_keys(&[Key::usual().jwk()])
}

/// A file, from its groups.
pub fn file(notes: &[(&str, &str)], groups: Vec<Group>) -> File {
    let mut id = 0;
    let mut next = |tc_id: &mut usize| {
        id += 1;
        *tc_id = id;
    };
    let mut test_groups = groups;
    for group in &mut test_groups {
        match group {
            Group::Request { tests, .. } => tests.iter_mut().for_each(|test| next(&mut test.tc_id)),
            Group::Configuration { tests, .. } => tests.iter_mut().for_each(|test| next(&mut test.tc_id)),
        }
    }
    let notes = notes.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    File { number_of_tests: id, notes, test_groups }
}

/// Requests to one server.
#[derive(Debug)]
#[must_use]
#[allow(missing_docs, reason = "as in the model")]
pub struct Requests {
    comment: String,
    pub server: Settings,
    pub now: f64,
    pub fetch: Option<Script>,
    pub policy: Option<Policy>,
    pub public_routes: Vec<String>,
    pub with: Vec<Settings>,
    pub root_alias: Option<RootAlias>,
    notes: Vec<String>,
    requirements: Vec<String>,
    tests: Vec<Test<Input, Outcome>>,
}

/// A group of requests at [`NOW`].
pub fn requests(comment: &str, server: Settings) -> Requests {
    Requests {
        comment: comment.into(),
        server,
        now: seconds(NOW),
        fetch: None,
        policy: None,
        public_routes: Vec::new(),
        with: Vec::new(),
        root_alias: None,
        notes: Vec::new(),
        requirements: Vec::new(),
        tests: Vec::new(),
    }
}

impl Requests {
    /// What each of the following tests proves besides its own.
    pub fn proving(mut self, requirements: &[&str]) -> Self {
        self.requirements = strings(requirements);
        self
    }

    /// The notes of the following tests.
    pub fn noting(mut self, notes: &[&str]) -> Self {
        self.notes = strings(notes);
        self
    }

    /// Adds a test.
    pub fn test(mut self, comment: &str, requirements: &[&str], input: Input, result: Outcome) -> Self {
        let own = strings(requirements);
        let shared = self.requirements.iter().filter(|id| !own.contains(id)).cloned().collect::<Vec<_>>();
        self.tests.push(Test {
            tc_id: 0,
            comment: comment.into(),
            notes: self.notes.clone(),
            requirements: [own, shared].concat(),
            input,
            result,
            fetched: None,
        });
        self
    }

    /// What the last test fetches.
    pub fn fetching(mut self, urls: &[&str]) -> Self {
        self.tests.last_mut().expect("a test").fetched = Some(strings(urls));
        self
    }

    /// The group.
    pub fn done(self) -> Group {
        assert!(self.tests.iter().all(|test| !test.requirements.is_empty()), "{}: what for?", self.comment);
        Group::Request {
            comment: self.comment,
            server: self.server,
            now: self.now,
            fetch: self.fetch,
            policy: self.policy,
            public_routes: self.public_routes,
            with: self.with,
            root_alias: self.root_alias,
            tests: self.tests,
        }
    }
}

/// A group of things to be built.
#[derive(Debug)]
#[must_use]
pub struct Configurations {
    comment: String,
    tests: Vec<Test<Configuration, Built>>,
}

/// A group of things to be built.
pub fn configurations(comment: &str) -> Configurations {
    Configurations { comment: comment.into(), tests: Vec::new() }
}

impl Configurations {
    /// Adds a test.
    pub fn test(
        mut self,
        comment: &str,
        requirements: &[&str],
        input: impl Into<Configuration>,
        result: Built,
    ) -> Self {
        self.tests.push(Test {
            tc_id: 0,
            comment: comment.into(),
            notes: Vec::new(),
            requirements: strings(requirements),
            input: input.into(),
            result,
            fetched: None,
        });
        self
    }

    /// The group.
    pub fn done(self) -> Group {
        Group::Configuration { comment: self.comment, tests: self.tests }
    }
}

impl From<Settings> for Configuration {
    fn from(server: Settings) -> Self {
        Self { server, ..Self::default() }
    }
}

/// It can be built.
pub const BUILT: Built = Built::Built {};

/// It cannot.
pub fn error(setting: &str, says: &str) -> Built {
    Built::Error { setting: setting.into(), says: says.into() }
}

/// A request without credentials.
pub fn request(call: Call, method: &str, target: &str) -> Input {
    Input {
        call,
        now: None,
        fetch: None,
        method: method.into(),
        target: target.into(),
        headers: Fields::new(),
        requirement: (call == Call::Authorize).then(Vec::new),
        body: None,
    }
}

/// `GET /todos`, authorized for nothing in particular.
pub fn bare() -> Input {
    request(Call::Authorize, "GET", "/todos")
}

/// `GET /todos` with this `Authorization` value.
pub fn with_value(value: impl AsRef<str>) -> Input {
    bare().header("authorization", value)
}

/// `GET /todos` with this token.
pub fn with_token(token: impl AsRef<str>) -> Input {
    with_value(format!("Bearer {}", token.as_ref()))
}

/// `GET /todos` with a token that is good but for one claim.
pub fn with_claim(keys: &Keys, name: &str, value: serde_json::Value) -> Input {
    with_token(good(keys).claim(name, value).mint())
}

/// `GET /todos` with a token that lacks one claim.
pub fn without_claim(keys: &Keys, name: &str) -> Input {
    with_token(good(keys).without(name).mint())
}

impl Input {
    /// Adds a header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.headers.push((name.into(), value.as_ref().into()));
        self
    }

    /// Adds a token.
    #[must_use]
    pub fn token(self, token: impl AsRef<str>) -> Self {
        self.header("authorization", format!("Bearer {}", token.as_ref()))
    }

    /// Authorizes for this.
    #[must_use]
    pub fn requiring(mut self, requirement: &[Condition]) -> Self {
        self.requirement = Some(requirement.to_vec());
        self
    }

    /// At this time, in seconds after [`NOW`].
    #[must_use]
    pub fn after(mut self, after: f64) -> Self {
        self.now = Some(seconds(NOW) + after);
        self
    }

    /// With other answers to fetches.
    #[must_use]
    pub fn fetch(mut self, script: Script) -> Self {
        self.fetch = Some(script);
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = Some(body);
        self
    }
}

/// What [`crate::token::good`] is seen as.
pub fn good_token() -> Token {
    Token {
        issuer: ISSUER.into(),
        subject: Some("user-1".into()),
        client_id: Some("client-1".into()),
        scopes: strings(&["todo:read"]),
        audiences: strings(&[RESOURCE]),
        expires_at: seconds(NOW + 300),
    }
}

/// It goes on with this token.
pub fn allowed(token: Token) -> Outcome {
    Outcome::Allowed { token: Some(token), response_headers: Fields::new() }
}

/// It goes on with the good token.
pub fn ok() -> Outcome {
    allowed(good_token())
}

/// It goes on with the good token, but these scopes.
pub fn ok_with(scopes: &[&str]) -> Outcome {
    allowed(Token { scopes: strings(scopes), ..good_token() })
}

/// The usual server refuses it.
pub fn denied(reason: &str) -> Outcome {
    WIRE.denied(reason)
}

/// All of these scopes.
pub fn all_of(scopes: &[&str]) -> Condition {
    Condition::AllOf(strings(scopes))
}

/// Answers to fetches.
pub fn script(answers: &[(&str, Answer)]) -> Script {
    answers.iter().map(|(url, answer)| ((*url).to_owned(), answer.clone())).collect::<BTreeMap<_, _>>()
}

/// JSON with status 200.
pub fn json_answer(body: impl Into<Json>) -> Answer {
    let body = serde_json::to_string(&body.into()).expect("JSON");
    Answer::Response { status: 200, headers: vec![("content-type".into(), "application/json".into())], body }
}

/// A status, without a body.
pub fn status(status: u16) -> Answer {
    Answer::Response { status, headers: Vec::new(), body: String::new() }
}

/// No answer.
pub const fn failure(error: FetchFailure) -> Answer {
    Answer::Failure { error }
}

#[expect(clippy::cast_precision_loss, reason = "dates are far below 2^53")]
const fn seconds(seconds: u64) -> f64 {
    seconds as f64
}
