//! Lazy authentication: operations that need no credentials.

use crate::author::{WIRE, all_of, denied, file as of, request, strings, usual};
use crate::keys::Keys;
use crate::model::{Body, Call, File, Group, Input, Policy, Settings};

use super::operation::{
    Minted, NOTES, anonymous, call, group, message, mismatch, passes, post, todo_tools, without_token,
};

pub(super) fn file(keys: &Keys) -> File {
    let minted = Minted::new(keys);
    of(&NOTES, vec![public(&minted), public_unasked(&minted)])
}

const LAZY: [&str; 5] = ["initialize", "notifications/initialized", "ping", "server/discover", "tools/list"];

fn public(minted: &Minted) -> Group {
    let policy = Policy { tools: todo_tools(), public_methods: strings(&LAZY), ..Policy::default() };
    let ping = || message("ping", "{}");
    let missing = || denied("missing_token");
    let bare = |method: &str| request(Call::Operation, method, "/mcp");
    group("Public operations need no credentials", policy)
        .proving(&["design:public-operations"])
        .test("a public method", &[], without_token(ping()), anonymous())
        .test("a public notification", &[], without_token(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#), anonymous())
        .test("a list of tools", &[], without_token(message("tools/list", "{}")), anonymous())
        .test("a public method with a good token", &[], post(&minted.none, ping()), passes(&[]))
        .test("bad credentials are not ignored", &["MCP-11"], post(&minted.expired, ping()), denied("expired"))
        .test("two credentials are not ignored", &["B-04"], post(&minted.none, ping()).token(&minted.none), denied("multiple_credentials"))
        .test("junk as a token is not ignored", &["MCP-11"], post("x", ping()), denied("malformed_token"))
        .test("another scheme is no credential here", &[], without_token(ping()).header("authorization", "Basic YQ=="), anonymous())
        .test("a method that is not public", &["MCP-13"], without_token(message("resources/list", "{}")), missing())
        .test("a tool", &["MCP-13"], without_token(call("list_todos")), missing())
        .test("a batch of public methods", &["design:batches"], without_token(format!("[{},{}]", ping(), message("tools/list", "{}"))), anonymous())
        .test("GET", &["MCP-13"], bare("GET"), missing())
        .test("DELETE", &["MCP-13"], bare("DELETE"), missing())
        .noting(&["bypass"])
        .test("a batch with one that is not", &["design:batches"], without_token(format!("[{},{}]", ping(), call("list_todos"))), missing())
        .test("a response", &[], without_token(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#), missing())
        .test("a public method in other case", &[], without_token(message("PING", "{}")), missing())
        .test("a method that starts like a public one", &[], without_token(message("tools/list/all", "{}")), missing())
        .test("method twice", &["design:body-bytes"], without_token(r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"create_todo"}}"#), missing())
        .test("a body that is no JSON", &["design:body-bytes"], without_token("{bad"), missing())
        .test("a body that is no message", &[], without_token("{}"), missing())
        .test("an empty batch", &["design:batches"], without_token("[]"), missing())
        .test("a body of another type", &["design:body-content"], bare("POST").header("content-type", "text/plain").body(Body::Text(ping())), missing())
        .test("a coded body", &["design:body-content"], without_token(ping()).header("content-encoding", "gzip"), missing())
        .test("headers that contradict the body", &["MCP-32"], without_token(ping()).header("mcp-method", "tools/call"), missing())
        .test("the same with a token", &["MCP-32"], post(&minted.none, ping()).header("mcp-method", "tools/call"), mismatch())
        .test("a token in the query is none", &["MCP-14"], Input { target: format!("/mcp?access_token={}", minted.write), ..without_token(call("list_todos")) }, missing())
        .done()
}

fn public_unasked(minted: &Minted) -> Group {
    let policy = Policy {
        tools: todo_tools(),
        base: Some(vec![all_of(&["todo:base"])]),
        public_methods: strings(&["ping"]),
        ..Policy::default()
    };
    let mut group = group(
        "Without base scopes, the challenge of a public endpoint asks for those of the operation",
        policy,
    )
    .proving(&["design:public-operations", "design:challenge-scopes"]);
    group.server = Settings { challenge_scopes: None, ..usual() };
    let asks = |scopes: &str| WIRE.denied_asking("missing_token", scopes);
    group
        .test("a tool", &["MCP-05"], without_token(call("create_todo")), asks("todo:base todo:write"))
        .test(
            "a batch",
            &["MCP-17"],
            without_token(format!("[{},{}]", call("list_todos"), call("create_todo"))),
            asks("todo:base todo:read todo:write"),
        )
        .test("what cannot be judged", &[], without_token("{bad"), asks(""))
        .test(
            "a public method does not need the base either",
            &[],
            post(&minted.none, message("ping", "{}")),
            passes(&[]),
        )
        .done()
}
