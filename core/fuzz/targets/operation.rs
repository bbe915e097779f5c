//! Operations: whatever a client sends to an MCP endpoint.
//!
//! Two bytes choose policy, token and method; then follow header fields and the body. What is
//! allowed is compared with a second reading of the body: see `must_be_permitted`.
#![no_main]

use std::sync::LazyLock;
use std::task::Poll;

use libfuzzer_sys::fuzz_target;
use mcp_bearer::operation::{Call, CallError, OperationRequest, Rule};
use mcp_bearer::{AccessToken, Authentication, Decision, OperationGuard, OperationPolicy, Request};
use mcp_bearer::{Requirement, ResourceServer};
use mcp_bearer_fuzz::input::{self, Input};
use mcp_bearer_fuzz::issuer::{RESOURCE, issuer};
use mcp_bearer_fuzz::json::Node;
use mcp_bearer_fuzz::refusal::{self, CHALLENGE_SCOPE};
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let (choice, who) = (input.byte(), input.byte());
    let policy = Policy::ALL[usize::from(choice & 3)];
    let method = METHODS[usize::from(who >> 4) % METHODS.len()];
    let (token, held) = &TOKENS[usize::from(who & 15) % TOKENS.len()];
    let fields = input.part().unwrap_or_default();
    let body = input.rest();

    let usual = (choice & 8 == 0).then_some(("content-type", b"application/json".as_slice()));
    let fields: Vec<_> = usual.into_iter().chain(input::fields(fields)).collect();
    // What a framework has parsed is the text of a value.
    let value = serde_json::from_slice::<Value>(body);
    let parsed = (choice & 4 != 0).then(|| value.as_ref().ok().map(Value::to_string)).flatten();
    let judged = parsed.as_ref().map_or(body, |text| text.as_bytes());
    let mut request = OperationRequest::new(method, fields.iter().copied(), judged);
    if parsed.is_some() {
        request = request.parsed();
    }
    match GUARDS[policy as usize].permit(token.clone(), &request) {
        Decision::Allowed { token: same, response_headers, .. } => {
            assert_eq!(same.is_some(), token.is_some());
            assert!(response_headers.is_empty());
            if method.eq_ignore_ascii_case("POST") {
                must_be_plain(&fields);
                must_be_permitted(policy, token.is_some().then_some(*held), &fields, judged);
            } else {
                assert!(token.is_some(), "{method} without a token");
                assert!(policy.base().is_none_or(|scope| held.contains(&scope)));
            }
        }
        Decision::Denied(denial) => {
            refusal::check(&denial, &["todo:read", "todo:write", "todo:delete"]);
            assert!(denial.status != 503);
            assert!(token.is_some() || denial.reason.as_str() == "missing_token", "{}", denial.reason);
            assert!(denial.status != 401 || token.is_none(), "{}", denial.reason);
        }
        _ => panic!("a third outcome"),
    }
});

const METHODS: [&str; 8] = ["POST", "POST", "POST", "POST", "post", "GET", "DELETE", "CONNECT"];
const PUBLIC: [&str; 4] = ["initialize", "notifications/initialized", "ping", "tools/list"];

const NEED_URI: [&str; 3] = ["resources/read", "resources/subscribe", "resources/unsubscribe"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Policy {
    /// Names tools, prompts and resources, and nothing else is allowed.
    Closed,
    /// Says what everything needs.
    Others,
    /// Some rules are functions.
    Functions,
    /// Names nothing.
    Open,
}

static TOKENS: LazyLock<Vec<(Option<AccessToken>, &[&str])>> = LazyLock::new(|| {
    let all: [&[&str]; 5] = [
        &[],
        &["todo:read"],
        &["todo:write"],
        &["todo:read", "todo:write"],
        &["todo:read", "todo:write", "todo:delete"],
    ];
    let tokens = all.map(|scopes| {
        let header = format!("Bearer {}", issuer().token(RESOURCE).scope(scopes.join(" ")).mint());
        let request = Request::new("POST", "/mcp").authorization(header.as_bytes());
        let Poll::Ready(Authentication::Authenticated { token, .. }) = SERVER.try_authenticate(&request)
        else {
            panic!("a good token")
        };
        (Some(token), scopes)
    });
    [(None, &[][..])].into_iter().chain(tokens).collect()
});

static SERVER: LazyLock<ResourceServer> = LazyLock::new(|| {
    let server = ResourceServer::builder(RESOURCE).issuers(issuer().issuers());
    server.challenge_scopes([CHALLENGE_SCOPE]).build().expect("settings")
});

static GUARDS: LazyLock<[OperationGuard; 4]> =
    LazyLock::new(|| Policy::ALL.map(|policy| OperationGuard::new(SERVER.clone(), policy.build())));

impl Policy {
    const ALL: [Self; 4] = [Self::Closed, Self::Others, Self::Functions, Self::Open];

    fn build(self) -> OperationPolicy {
        let scope = |scope| Requirement::scope(scope).expect("a scope");
        let new = OperationPolicy::builder();
        let builder = match self {
            Self::Closed => new
                .tool("list_todos", scope("todo:read"))
                .tool("create_todo", scope("todo:write"))
                .tool("delete_todo", Requirement::all_of(["todo:write", "todo:delete"]).expect("scopes"))
                .prompt("daily", scope("todo:read"))
                .resource("todo://secret", scope("todo:delete"))
                .resource_prefix("todo://items/", scope("todo:read"))
                .resource_prefix("todo://items/private/", scope("todo:delete"))
                .method("logging/setLevel", scope("todo:delete"))
                .public_methods(PUBLIC),
            Self::Others => new
                .base(scope("todo:read"))
                .other_tools(scope("todo:write"))
                .other_prompts(scope("todo:write"))
                .other_resources(scope("todo:write"))
                .body_limit(LIMIT),
            Self::Functions => new
                .tool("list_todos", Rule::function(listing))
                .prompt("daily", Rule::function(listing))
                .resource_prefix("todo://items", Rule::function(listing))
                .method("logging/setLevel", Rule::function(listing))
                .public_methods(PUBLIC),
            Self::Open => new.public_methods(PUBLIC),
        };
        builder.build().expect("a policy")
    }

    const fn base(self) -> Option<&'static str> {
        if matches!(self, Self::Others) { Some("todo:read") } else { None }
    }

    /// The scopes that calling a tool takes, or `None` if nobody may.
    fn tool(self, name: &str, arguments: Option<&Node>) -> Option<Vec<&'static str>> {
        match (self, name) {
            (Self::Closed, "list_todos") => Some(vec!["todo:read"]),
            (Self::Closed, "create_todo") => Some(vec!["todo:write"]),
            (Self::Closed, "delete_todo") => Some(vec!["todo:write", "todo:delete"]),
            (Self::Others, _) => Some(vec!["todo:read", "todo:write"]),
            (Self::Functions, "list_todos") => Some(vec![scope_of(arguments)]),
            (Self::Closed | Self::Functions, _) => None,
            (Self::Open, _) => Some(vec![]),
        }
    }

    /// The same for a resource, for the kindest reading of its URI.
    fn resource(self, uri: &str) -> Option<Vec<&'static str>> {
        let below = |prefix: &str| {
            uri.strip_prefix(prefix).is_some_and(|rest| matches!(rest.chars().next(), None | Some('/')))
        };
        match self {
            Self::Closed if uri == "todo://secret" || below("todo://items/private") => {
                Some(vec!["todo:delete"])
            }
            Self::Closed if below("todo://items") => Some(vec!["todo:read"]),
            Self::Functions if below("todo://items") => Some(vec!["todo:read"]),
            Self::Closed | Self::Functions => None,
            Self::Others => Some(vec!["todo:read", "todo:write"]),
            Self::Open => Some(vec![]),
        }
    }
}

const LIMIT: usize = 512;

/// A rule that is a function: of the arguments' list.
fn listing(call: &Call<'_>) -> Result<Requirement, CallError> {
    let arguments =
        call.arguments().map(|text| Node::parse_leniently(text.as_bytes()).expect("arguments are JSON"));
    assert!(!arguments.as_ref().is_some_and(Node::has_duplicates), "a function sees a choice");
    assert!(arguments.is_none() || matches!(call.method(), "tools/call" | "prompts/get"));
    match scope_of(arguments.as_ref()) {
        "fail" => Err(CallError::new("such lists cannot be judged")),
        scope => Ok(Requirement::scope(scope)?),
    }
}

fn scope_of(arguments: Option<&Node>) -> &'static str {
    let list = arguments.into_iter().flat_map(Node::members).find(|(name, _)| name == "list");
    match list.and_then(|(_, list)| list.text()) {
        Some("secret") => "todo:delete",
        Some("own") => "todo:write",
        Some("fail") => "fail",
        _ => "todo:read",
    }
}

/// One media type, and nothing that changes how the body is read.
fn must_be_plain(fields: &[(&str, &[u8])]) {
    let values = |name: &'static str| {
        fields.iter().filter(move |(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    };
    let types: Vec<_> = values("content-type").collect();
    assert_eq!(types.len(), 1);
    let text = std::str::from_utf8(types[0]).expect("a media type").to_ascii_lowercase();
    assert_eq!(text.split(';').next().map(str::trim), Some("application/json"));
    assert!(!text.contains("charset=") || text.contains("utf-8"), "{text}");
    assert!(values("content-encoding").all(|coding| {
        let text = String::from_utf8_lossy(coding).to_ascii_lowercase();
        text.split(',').all(|one| matches!(one.trim(), "" | "identity"))
    }));
    assert!(!values("upgrade").any(|value| {
        value.to_ascii_lowercase().windows(9).any(|text| text == b"websocket")
            && value
                .to_ascii_lowercase()
                .split(|byte| *byte == b',')
                .any(|one| one.trim_ascii() == b"websocket")
    }));
}

/// That every message of the body may be sent with a token of the scopes `held` (`None`: without
/// one), by a reading that keeps all members of a name and ignores case where a server might.
fn must_be_permitted(policy: Policy, held: Option<&[&str]>, fields: &[(&str, &[u8])], body: &[u8]) {
    assert!(policy != Policy::Others || body.len() <= LIMIT);
    let body = Node::parse_leniently(body).expect("JSON");
    let messages = match &body {
        Node::List(messages) => &messages[..],
        message => std::slice::from_ref(message),
    };
    assert!((1..=100).contains(&messages.len()), "{} messages", messages.len());
    for message in messages {
        assert!(matches!(message, Node::Object(_)), "no message: {message:?}");
        let method = only(message, "method");
        let params = only(message, "params");
        assert_eq!(only(message, "jsonrpc").and_then(Node::text), Some("2.0"));
        for (own, value) in fields {
            if own.eq_ignore_ascii_case("mcp-method") {
                assert!(!matches!(body, Node::List(_)), "a mirrored method beside a batch");
                let value = std::str::from_utf8(value).expect("a mirrored method");
                assert_eq!(Some(value.trim_matches([' ', '\t'])), method.and_then(Node::text));
            }
        }
        let Some(method) = method.map(|method| method.text().expect("a method is text")) else {
            assert!(held.is_some(), "a response without a token");
            continue;
        };
        assert!(policy.base().is_none_or(|scope| held.is_some_and(|held| held.contains(&scope))));
        if held.is_none() {
            assert!(policy != Policy::Others && PUBLIC.contains(&method), "{method} without a token");
        }
        for known in
            ["tools/call", "prompts/get", "completion/complete", "subscriptions/listen", "skills/get"]
        {
            assert!(method == known || !method.eq_ignore_ascii_case(known), "{method}");
        }
        let is_about_resources = method.starts_with("resources/");
        assert!(is_about_resources || !method.to_ascii_lowercase().starts_with("resources/"), "{method}");
        let held = held.unwrap_or_default();
        let has = |needed: Option<Vec<&str>>, what: &str| {
            let needed = needed.unwrap_or_else(|| panic!("nobody may use {what:?}"));
            assert!(
                needed.iter().all(|scope| held.contains(scope)),
                "{what:?} needs {needed:?}, not {held:?}"
            );
        };
        let named = |name: &'static str| {
            let named = params.and_then(|params| only(params, name)).and_then(Node::text);
            named.unwrap_or_else(|| panic!("{method} without {name}"))
        };
        match method {
            "tools/call" => {
                let arguments = params.and_then(|params| only(params, "arguments"));
                has(policy.tool(named("name"), arguments), named("name"));
            }
            "prompts/get" if policy == Policy::Closed => {
                assert_eq!(named("name"), "daily");
                has(Some(vec!["todo:read"]), "daily");
            }
            "resources/list" | "resources/templates/list" => {}
            // Whatever it is: a server may take `resources/Read` for another method.
            _ if is_about_resources => {
                let uri = params.and_then(|params| only(params, "uri"));
                assert!(uri.is_some() || !NEED_URI.contains(&method), "{method} without a uri");
                let uri = uri.map(|uri| uri.text().expect("a uri is text"));
                for reading in uri.into_iter().flat_map(readings) {
                    has(policy.resource(&reading), &reading);
                }
            }
            "logging/setLevel" if policy == Policy::Closed => has(Some(vec!["todo:delete"]), method),
            _ => {}
        }
    }
}

/// The member of this name, of which there must be no second.
fn only<'n>(object: &'n Node, name: &'n str) -> Option<&'n Node> {
    let mut all = object.all(name);
    let (first, second) = (all.next(), all.next());
    assert!(second.is_none(), "{name} twice");
    first
}

/// What servers might take a URI for: as it is, and after a URL parser, a file system or a careless
/// reader have had it.
fn readings(uri: &str) -> Vec<String> {
    let slashed = uri.replace('\\', "/");
    let once = decoded(path(&slashed));
    let parsed = url::Url::parse(&slashed).map(|url| decoded(path(url.as_str())));
    let all = [path(uri).to_owned(), decoded(&once), once].into_iter().chain(parsed.ok());
    all.map(|text| resolved(&text)).collect()
}

/// Without query and fragment.
fn path(uri: &str) -> &str {
    uri.split(['?', '#']).next().unwrap_or_default()
}

/// Without empty and dot segments.
fn resolved(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else { return uri.to_owned() };
    let mut segments = Vec::new();
    for segment in rest.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    format!("{scheme}://{}", segments.join("/"))
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| more.get(..2)).flatten();
        let escaped =
            escaped.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &more[2..] } else { more };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
