//! Runs every vector through the public interface: see `vectors/README.md`.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs,
    reason = "a panic here is a failed test"
)]

mod support;

use std::collections::BTreeSet;
use std::task::Poll;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mcp_bearer::operation::OperationRequest;
use mcp_bearer::{
    AccessToken, Authentication, Decision, Denial, Entry, Guard, Headers, MetadataRoutes, OperationGuard,
    Request, ResourceServer, Response,
};
use mcp_bearer_tests::folder;
use mcp_bearer_tests::model::{
    Body, Built, Call, Configuration, File, Group, Input, Outcome, Policy, RootAlias, Settings, Token,
};
use serde_json::{Map, Value};
use support::{World, bytes, fields, policy, requirement, root_alias, server};

#[tokio::test]
async fn vectors() {
    let mut count = 0;
    let mut failures = Vec::new();
    for (name, file) in files() {
        assert_eq!(check(&name, &file), file.number_of_tests, "{name}: numberOfTests");
        count += file.number_of_tests;
        for group in &file.test_groups {
            for failure in run(group).await {
                failures.push(format!("{name} {failure}"));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count} vectors fail:\n{}", failures.len(), failures.join("\n"));
    println!("{count} vectors");
}

/// Every file but the schema; a member that the model does not know is a failure.
fn files() -> Vec<(String, File)> {
    let names = std::fs::read_dir(folder("vectors"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> =
        names.filter(|name| name.ends_with(".json") && name != "schema.json").collect();
    names.sort();
    assert!(!names.is_empty());
    let read = |name: String| {
        let text = std::fs::read_to_string(folder("vectors").join(&name)).unwrap();
        let file = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, file)
    };
    names.into_iter().map(read).collect()
}

/// Counts the tests, and looks at what only readers need.
fn check(name: &str, file: &File) -> usize {
    let mut ids = BTreeSet::new();
    let mut look = |id: usize, notes: &[String], requirements: &[String]| {
        assert!(ids.insert(id), "{name} {id}: the id occurs twice");
        assert!(notes.iter().all(|note| file.notes.contains_key(note)), "{name} {id}: an unknown note");
        assert!(!requirements.is_empty(), "{name} {id}: what for?");
    };
    for group in &file.test_groups {
        match group {
            Group::Request { tests, .. } => {
                tests.iter().for_each(|test| look(test.tc_id, &test.notes, &test.requirements));
            }
            Group::Configuration { tests, .. } => {
                tests.iter().for_each(|test| look(test.tc_id, &test.notes, &test.requirements));
            }
        }
    }
    ids.len()
}

async fn run(group: &Group) -> Vec<String> {
    let mut failures = Vec::new();
    match group {
        Group::Request { server, now, fetch, policy, public_routes, with, root_alias, tests, .. } => {
            let world = World::new(*now, fetch.clone());
            let application =
                Application::new(&world, server, public_routes, policy.as_ref(), with, root_alias.as_ref());
            for test in tests {
                world.move_to(test.input.now, test.input.fetch.clone());
                let result = application.answer(&test.input).await;
                while application.server.keys_health().iter().any(|issuer| issuer.fetching) {
                    tokio::task::yield_now().await;
                }
                let (fetched, refused) = (world.fetched(), world.refused());
                let reason = match &result {
                    Outcome::Denied { reason, .. } => Some(reason.clone()),
                    _ => None,
                };
                if refused != Vec::from_iter(reason) {
                    failures.push(format!("{} {}: observers heard {refused:?}", test.tc_id, test.comment));
                }
                if result != test.result {
                    let (expected, result) = (&test.result, result);
                    failures.push(format!(
                        "{} {}:\n  expected {expected:?}\n  found    {result:?}",
                        test.tc_id, test.comment
                    ));
                } else if test.fetched.as_ref().is_some_and(|expected| *expected != fetched) {
                    failures.push(format!("{} {}: fetched {fetched:?}", test.tc_id, test.comment));
                }
            }
        }
        Group::Configuration { tests, .. } => {
            for test in tests {
                if let Err(found) = build(&test.input, &test.result) {
                    failures.push(format!("{} {}: {found}", test.tc_id, test.comment));
                }
            }
        }
    }
    failures
}

/// Whether what is configured can be built, in the order of the README.
fn build(input: &Configuration, expected: &Built) -> Result<(), String> {
    let world = World::new(0.0, None);
    let built = server(&world, &input.server).and_then(|server| {
        requirement(input.requirement.as_deref().unwrap_or_default())?;
        policy(&input.policy.clone().unwrap_or_default())?;
        Guard::new(server.clone()).public_routes(input.public_routes.clone())?;
        routes(&world, &server, &input.with, input.root_alias.as_ref())
    });
    match (built, expected) {
        (Ok(_), Built::Built {}) => Ok(()),
        (Err(error), Built::Error { setting, says })
            if error.setting == *setting && error.message.contains(says) =>
        {
            Ok(())
        }
        (Ok(_), _) => Err("it can be built".into()),
        (Err(error), _) => Err(error.to_string()),
    }
}

fn routes(
    world: &World,
    first: &ResourceServer,
    with: &[Settings],
    alias: Option<&RootAlias>,
) -> Result<MetadataRoutes, mcp_bearer::ConfigError> {
    let mut documents = vec![first.metadata().clone()];
    for settings in with {
        documents.push(server(world, settings)?.metadata().clone());
    }
    MetadataRoutes::new(documents, &root_alias(alias))
}

/// One server and everything in front of it.
struct Application {
    server: ResourceServer,
    guard: Guard,
    operations: OperationGuard,
    routes: MetadataRoutes,
    /// Nothing has to be fetched, ever.
    ready: bool,
}

impl Application {
    fn new(
        world: &World,
        settings: &Settings,
        public_routes: &[String],
        policy: Option<&Policy>,
        with: &[Settings],
        root: Option<&RootAlias>,
    ) -> Self {
        let server = server(world, settings).expect("a server");
        let guard = Guard::new(server.clone()).public_routes(public_routes.to_vec()).unwrap();
        let policy = support::policy(&policy.cloned().unwrap_or_default()).expect("a policy");
        let operations = OperationGuard::new(server.clone(), policy);
        let routes = routes(world, &server, with, root).expect("metadata routes");
        Self { server, guard, operations, routes, ready: !world.fetches() }
    }

    async fn answer(&self, input: &Input) -> Outcome {
        let values: Vec<(&str, Vec<u8>)> =
            input.headers.iter().map(|(name, value)| (name.as_str(), bytes(value))).collect();
        let headers = || values.iter().map(|(name, value)| (*name, value.as_slice()));
        let request = Request::new(&input.method, &input.target).fields(headers());
        match input.call {
            Call::Guard => {
                match self.either(self.guard.try_enter(&request), self.guard.enter(&request)).await {
                    Entry::Authenticated { token, response_headers, .. } => {
                        allowed(Some(&token), &response_headers)
                    }
                    other => passed(other),
                }
            }
            Call::Authorize => {
                let needs = requirement(input.requirement.as_deref().unwrap_or_default()).unwrap();
                let ready = self.server.try_authorize(&request, &needs);
                match self.either(ready, self.server.authorize(&request, &needs)).await {
                    Decision::Allowed { token, response_headers, .. } => {
                        allowed(Some(&token), &response_headers)
                    }
                    Decision::Denied(denial) => denied(denial),
                    _ => unreachable!("a new kind of decision"),
                }
            }
            Call::Operation => {
                let token = match self
                    .either(self.operations.try_enter(&request), self.operations.enter(&request))
                    .await
                {
                    Entry::Authenticated { token, .. } => Some(token),
                    Entry::Anonymous => None,
                    other => return passed(other),
                };
                let (body, parsed) = body(input.body.as_ref());
                let request = OperationRequest::new(&input.method, headers(), &body);
                match self.operations.permit(token, &if parsed { request.parsed() } else { request }) {
                    Decision::Allowed { token, response_headers, .. } => {
                        allowed(token.as_ref(), &response_headers)
                    }
                    Decision::Denied(denial) => denied(denial),
                    _ => unreachable!("a new kind of decision"),
                }
            }
            Call::ToolsList => {
                let ready = self.server.try_authenticate(&request);
                match self.either(ready, self.server.authenticate(&request)).await {
                    Authentication::Authenticated { token, .. } => self.list(&token, input),
                    Authentication::Denied(denial) => denied(denial),
                    _ => unreachable!("a new kind of answer"),
                }
            }
            Call::Metadata => self.routes.respond(&request).map_or(Outcome::None {}, answer),
        }
    }

    fn list(&self, token: &AccessToken, input: &Input) -> Outcome {
        let policy = self.operations.policy();
        let (body, _) = body(input.body.as_ref());
        let mut result: Map<String, Value> = serde_json::from_slice(&body).unwrap();
        let tools = result["tools"].as_array().unwrap().clone();
        self.server.filter_tools_list(token, policy, &mut result);
        let shown = |tool: &Value| {
            tool["name"].as_str().is_some_and(|name| self.server.shows_tool(token, policy, name))
        };
        assert_eq!(result["tools"], tools.into_iter().filter(shown).collect::<Value>());
        Outcome::Listed { result: Value::from(result).into() }
    }

    /// The form without I/O, and only if that is pending the one that waits.
    async fn either<T>(&self, ready: Poll<T>, waiting: impl Future<Output = T>) -> T {
        match ready {
            Poll::Ready(answer) => answer,
            Poll::Pending => {
                assert!(!self.ready, "pending, although all keys are there");
                waiting.await
            }
        }
    }
}

fn body(body: Option<&Body>) -> (Vec<u8>, bool) {
    match body {
        None => (Vec::new(), false),
        Some(Body::Text(text)) => (text.clone().into_bytes(), false),
        Some(Body::Base64(text)) => (STANDARD.decode(text).unwrap(), false),
        Some(Body::Parsed(text)) => (text.clone().into_bytes(), true),
    }
}

fn passed(entry: Entry) -> Outcome {
    match entry {
        Entry::Public => Outcome::Public {},
        Entry::Answer(response) => answer(response),
        Entry::Denied(denial) => denied(denial),
        other => panic!("unexpected: {other:?}"),
    }
}

fn allowed(token: Option<&AccessToken>, response_headers: &Headers) -> Outcome {
    let text = |text: &str| text.to_owned();
    let token = token.map(|token| Token {
        issuer: text(token.issuer()),
        subject: token.subject().map(text),
        client_id: token.client_id().map(text),
        scopes: token.scopes().iter().map(text).collect(),
        audiences: token.audiences().map(text).collect(),
        expires_at: token.expires_at().expect("a JWT expires").as_secs_f64(),
    });
    Outcome::Allowed { token, response_headers: fields(response_headers) }
}

fn denied(denial: Denial) -> Outcome {
    let Denial { reason, status, headers, body, .. } = denial;
    let body = String::from_utf8(body.to_vec()).unwrap();
    Outcome::Denied { reason: reason.as_str().to_owned(), status, headers: fields(&headers), body }
}

fn answer(response: Response) -> Outcome {
    let Response { status, headers, body, .. } = response;
    Outcome::Answer { status, headers: fields(&headers), body: String::from_utf8(body.to_vec()).unwrap() }
}
