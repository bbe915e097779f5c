//! Operations: tools and methods by name, and what an endpoint needs.

use std::collections::BTreeMap;

use crate::author::{all_of, denied, file as of, request, strings, usual};
use crate::keys::Keys;
use crate::model::{Body, Call, Condition, File, Group, Input, Policy, Rule, Settings};

use super::operation::{
    Minted, NOTES, anonymous, call, group, invalid, lacking, message, mismatch, need, not_allowed, passes,
    plain, post, rules, todo_group, todo_tools, unreadable, unsupported, without_token,
};

pub(super) fn file(keys: &Keys) -> File {
    let minted = Minted::new(keys);
    of(
        &NOTES,
        vec![
            tools(&minted),
            methods(&minted),
            messages(&minted),
            base(&minted),
            others(&minted),
            unpoliced(&minted),
            precedence(&minted),
            hierarchy(&minted),
            credentials(&minted),
        ],
    )
}

fn tools(minted: &Minted) -> Group {
    let read = &minted.read;
    todo_group("Tools by name")
        .proving(&["design:operations"])
        .test("a tool that the token is good for", &["MCP-16"], post(read, call("list_todos")), passes(&["todo:read"]))
        .test("a tool that it is not good for: a real 403", &["MCP-16", "MCP-09", "peer:200-with-error-inside"], post(read, call("create_todo")), lacking("todo:write"))
        .test("a tool that needs two scopes: one challenge", &["MCP-17"], post(read, call("delete_todo")), lacking("todo:write todo:delete"))
        .test("one of the two is there", &["MCP-17"], post(&minted.write, call("delete_todo")), lacking("todo:write todo:delete"))
        .test("an unlisted tool", &[], post(&minted.admin, call("drop_database")), not_allowed())
        .noting(&["bypass"])
        .test("a listed tool in other case is unlisted", &[], post(&minted.write, call("Create_todo")), not_allowed())
        .test("a listed tool with a space is unlisted", &[], post(&minted.write, call("create_todo ")), not_allowed())
        .test("a listed tool with a zero is unlisted", &[], post(&minted.write, call("list_todos\\u0000")), not_allowed())
        .test("a name with an escape is that name", &[], post(read, call("create\\u005ftodo")), lacking("todo:write"))
        .test("a name with an escape is that name, which is allowed", &[], post(&minted.write, call("create\\u005ftodo")), passes(&["todo:write"]))
        .test("a method with an escape is that method", &[], post(read, message(r"tools\/call", r#"{"name":"create_todo"}"#)), lacking("todo:write"))
        .test("a name beside params does not count", &[], post(read, r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","name":"list_todos","params":{"name":"create_todo"}}"#), lacking("todo:write"))
        .test("a name in the arguments does not count", &[], post(read, message("tools/call", r#"{"arguments":{"name":"list_todos"},"name":"create_todo"}"#)), lacking("todo:write"))
        .test("a uri besides does not count", &[], post(read, message("tools/call", r#"{"uri":"list_todos","name":"create_todo"}"#)), lacking("todo:write"))
        .test("a call without an id is a call", &[], post(read, r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"create_todo"}}"#), lacking("todo:write"))
        .test("a call with a null id is a call", &[], post(read, r#"{"jsonrpc":"2.0","id":null,"method":"tools/call","params":{"name":"create_todo"}}"#), lacking("todo:write"))
        .test("the method in upper case is no way around", &["MCP-33"], post(&minted.write, message("TOOLS/CALL", r#"{"name":"create_todo"}"#)), not_allowed())
        .test("no name", &[], post(read, message("tools/call", r#"{"arguments":{}}"#)), invalid())
        .test("no params", &[], post(read, r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#), invalid())
        .test("params null", &[], post(read, message("tools/call", "null")), invalid())
        .test("params by position", &[], post(read, message("tools/call", r#"["create_todo"]"#)), invalid())
        .test("a name that is a list", &[], post(read, message("tools/call", r#"{"name":["create_todo"]}"#)), invalid())
        .test("a name that is null", &[], post(read, message("tools/call", r#"{"name":null}"#)), invalid())
        .test("the private member name of a JSON library as params", &["peer:private-member-names"], post(read, message("tools/call", r#"{"$serde_json::private::RawValue":"{\"name\":\"create_todo\"}"}"#)), invalid())
        .test("the private member name of a JSON library as the name", &["peer:private-member-names"], post(read, message("tools/call", r#"{"name":{"$serde_json::private::RawValue":"\"list_todos\""}}"#)), invalid())
        .test("the private number of a JSON library as params", &["peer:private-member-names"], post(read, message("tools/call", r#"{"$serde_json::private::Number":"1"}"#)), invalid())
        .test("the private number of a JSON library as the message", &["peer:private-member-names"], post(read, r#"{"$serde_json::private::Number":"1"}"#), invalid())
        .done()
}

fn methods(minted: &Minted) -> Group {
    let read = &minted.read;
    let policy = Policy {
        tools: todo_tools(),
        methods: rules(&[
            ("logging/setLevel", need(&["todo:admin"])),
            ("tools/call", need(&["mcp:call"])),
            ("tasks/cancel", need(&["todo:write"])),
        ]),
        ..Policy::default()
    };
    group("Methods by name", policy)
        .proving(&["design:operations"])
        .test(
            "a method with a rule",
            &["MCP-16"],
            post(read, message("logging/setLevel", r#"{"level":"debug"}"#)),
            lacking("todo:admin"),
        )
        .test(
            "a method with a rule, satisfied",
            &[],
            post(&minted.admin, message("logging/setLevel", r#"{"level":"debug"}"#)),
            passes(&["todo:admin"]),
        )
        .test(
            "a method with a rule, as a notification",
            &[],
            post(read, r#"{"jsonrpc":"2.0","method":"logging/setLevel"}"#),
            lacking("todo:admin"),
        )
        .test(
            "its name in other case is no way around",
            &[],
            post(&minted.admin, message("Logging/setLevel", "{}")),
            not_allowed(),
        )
        .test(
            "a rule for a method and one for its tool: both hold",
            &["MCP-17"],
            post(read, call("create_todo")),
            lacking("mcp:call todo:write"),
        )
        .test(
            "a method without a rule needs a valid token",
            &[],
            post(&minted.none, message("tools/list", "{}")),
            passes(&[]),
        )
        .test(
            "an unknown method needs a valid token",
            &[],
            post(&minted.none, message("example/other", "{}")),
            passes(&[]),
        )
        .test(
            "a task's method",
            &[],
            post(read, message("tasks/cancel", r#"{"taskId":"t1"}"#)),
            lacking("todo:write"),
        )
        .test(
            "another task's method",
            &[],
            post(read, message("tasks/get", r#"{"taskId":"t1"}"#)),
            passes(&["todo:read"]),
        )
        .done()
}

fn messages(minted: &Minted) -> Group {
    let none = &minted.none;
    let other = |method: &str| request(Call::Operation, method, "/mcp").token(none);
    let bare = |method: &str| request(Call::Operation, method, "/mcp");
    let missing = || denied("missing_token");
    todo_group("Whatever no rule names needs a valid token, and nothing else does")
        .proving(&["design:operations"])
        .test("initialize", &[], post(none, message("initialize", r#"{"protocolVersion":"2025-11-25","capabilities":{}}"#)), passes(&[]))
        .test("a notification", &[], post(none, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#), passes(&[]))
        .test("a response", &[], post(none, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#), passes(&[]))
        .test("an error response", &[], post(none, r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}"#), passes(&[]))
        .test("GET", &["MCP-36"], other("GET"), passes(&[]))
        .test("DELETE", &["MCP-36"], other("DELETE"), passes(&[]))
        .test("HEAD", &[], other("HEAD"), passes(&[]))
        .test("a preflight", &["design:cors"], bare("OPTIONS").header("origin", "https://a.example").header("access-control-request-method", "POST"), anonymous())
        .test("initialize without a token", &["MCP-13"], without_token(message("initialize", "{}")), missing())
        .test("GET without a token", &["MCP-13"], bare("GET"), missing())
        .test("DELETE without a token", &["MCP-13"], bare("DELETE"), missing())
        .test("OPTIONS without a token", &["design:cors"], bare("OPTIONS"), missing())
        .noting(&["bypass"])
        .test("post in lower case is judged", &[], Input { method: "post".into(), ..post(none, call("create_todo")) }, lacking("todo:write"))
        .test("a call that says it is a response too", &[], post(none, r#"{"jsonrpc":"2.0","id":1,"result":{},"method":"tools/call","params":{"name":"list_todos"}}"#), invalid())
        .test("neither a call nor a response", &[], post(none, r#"{"jsonrpc":"2.0","id":1}"#), invalid())
        .test("no version", &[], post(none, r#"{"id":1,"method":"ping"}"#), invalid())
        .test("another version", &[], post(none, r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#), invalid())
        .test("a version that is a number", &[], post(none, r#"{"jsonrpc":2.0,"id":1,"method":"ping"}"#), invalid())
        .test("a method that is a number", &[], post(none, r#"{"jsonrpc":"2.0","id":1,"method":1}"#), invalid())
        .test("a method that is null", &[], post(none, r#"{"jsonrpc":"2.0","id":1,"method":null}"#), invalid())
        .test("a text", &[], post(none, r#""ping""#), invalid())
        .test("a number", &[], post(none, "1"), invalid())
        .test("null", &[], post(none, "null"), invalid())
        .test("an empty object", &[], post(none, "{}"), invalid())
        .done()
}

fn base(minted: &Minted) -> Group {
    let policy = Policy {
        base: Some(vec![all_of(&["todo:read"])]),
        tools: todo_tools(),
        methods: rules(&[("ping", Rule::Requirement(Vec::new()))]),
        ..Policy::default()
    };
    let (read, write) = (&minted.read, &minted.write);
    let other = |method: &str| request(Call::Operation, method, "/mcp").token(write);
    group("The base requirement of an endpoint", policy)
        .proving(&["design:operations"])
        .test(
            "whatever no rule names",
            &["MCP-16"],
            post(write, message("tools/list", "{}")),
            lacking("todo:read"),
        )
        .test("satisfied", &[], post(read, message("tools/list", "{}")), passes(&["todo:read"]))
        .test(
            "a notification",
            &[],
            post(write, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#),
            lacking("todo:read"),
        )
        .test("a response", &[], post(write, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#), lacking("todo:read"))
        .test("GET", &["MCP-36"], other("GET"), lacking("todo:read"))
        .test("DELETE", &["MCP-36"], other("DELETE"), lacking("todo:read"))
        .test(
            "an upgrade to another version of HTTP",
            &["MCP-36"],
            request(Call::Operation, "GET", "/mcp").token(read).header("upgrade", "h2c"),
            passes(&["todo:read"]),
        )
        .test(
            "a WebSocket handshake: its messages could not be judged",
            &["design:websocket"],
            request(Call::Operation, "GET", "/mcp").token(read).header("upgrade", "WebSocket"),
            unsupported(),
        )
        .test(
            "a WebSocket among other protocols",
            &["design:websocket"],
            request(Call::Operation, "GET", "/mcp").token(read).header("upgrade", "h2c, websocket"),
            unsupported(),
        )
        .test(
            "a WebSocket over HTTP/2",
            &["design:websocket"],
            request(Call::Operation, "CONNECT", "/mcp").token(read),
            unsupported(),
        )
        .test(
            "a WebSocket handshake without a token",
            &["design:websocket"],
            request(Call::Operation, "GET", "/mcp").header("upgrade", "websocket"),
            denied("missing_token"),
        )
        .test(
            "together with a tool's own: one complete challenge",
            &["MCP-17"],
            post(read, call("create_todo")),
            lacking("todo:read todo:write"),
        )
        .test(
            "also where the tool's own is satisfied",
            &["MCP-17"],
            post(write, call("create_todo")),
            lacking("todo:read todo:write"),
        )
        .test(
            "a rule that asks for nothing does not take it away",
            &[],
            post(write, message("ping", "{}")),
            lacking("todo:read"),
        )
        .done()
}

fn others(minted: &Minted) -> Group {
    let policy = Policy {
        other_tools: Some(need(&["todo:admin"])),
        other_prompts: Some(need(&["todo:read"])),
        tools: todo_tools(),
        ..Policy::default()
    };
    group("Rules for all other tools and prompts", policy)
        .proving(&["design:operations"])
        .test("another tool", &[], post(&minted.read, call("archive_todo")), lacking("todo:admin"))
        .test(
            "another tool, satisfied",
            &[],
            post(&minted.admin, call("archive_todo")),
            passes(&["todo:admin"]),
        )
        .test("a listed tool", &[], post(&minted.admin, call("create_todo")), lacking("todo:write"))
        .test(
            "any prompt",
            &[],
            post(&minted.write, message("prompts/get", r#"{"name":"x"}"#)),
            lacking("todo:read"),
        )
        .done()
}

fn unpoliced(minted: &Minted) -> Group {
    group("A policy that names nothing: any valid token, but bodies are clean", Policy::default())
        .proving(&["design:operations"])
        .test("any tool", &[], post(&minted.none, call("anything")), passes(&[]))
        .test(
            "any resource, however it is spelt",
            &[],
            post(&minted.none, message("resources/read", r#"{"uri":"x/../y"}"#)),
            passes(&[]),
        )
        .test("no token", &["MCP-13"], without_token(call("anything")), denied("missing_token"))
        .test(
            "duplicate members",
            &["design:body-bytes"],
            post(&minted.none, r#"{"jsonrpc":"2.0","method":"a","method":"b"}"#),
            unreadable(),
        )
        .test(
            "a form",
            &["design:body-content"],
            plain(&minted.none)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(Body::Text("a=b".into())),
            unsupported(),
        )
        .done()
}

fn precedence(minted: &Minted) -> Group {
    let staff = Rule::Requirement(vec![
        all_of(&["todo:write"]),
        Condition::ClaimContains("roles".into(), "staff".into()),
    ]);
    let policy = Policy {
        tools: rules(&[("list_todos", need(&["todo:read"])), ("publish", staff)]),
        ..Policy::default()
    };
    let batch =
        |tools: &[&str]| format!("[{}]", tools.iter().map(|tool| call(tool)).collect::<Vec<_>>().join(","));
    group("Several needs that fail", policy)
        .proving(&["design:several-needs"])
        .test("claim and scope are there", &[], post(&minted.staff, call("publish")), passes(&["todo:write"]))
        .test("only the scope", &[], post(&minted.write, call("publish")), denied("claim_not_satisfied"))
        .test("neither", &[], post(&minted.read, call("publish")), denied("claim_not_satisfied"))
        .test(
            "an unlisted tool goes before a claim",
            &[],
            post(&minted.read, batch(&["publish", "other"])),
            not_allowed(),
        )
        .test(
            "an unlisted tool goes before a scope",
            &[],
            post(&minted.none, batch(&["list_todos", "other"])),
            not_allowed(),
        )
        .test(
            "a claim goes before another tool's scope",
            &[],
            post(&minted.write, batch(&["list_todos", "publish"])),
            denied("claim_not_satisfied"),
        )
        .test(
            "a body that cannot be judged goes before all",
            &[],
            post(&minted.none, format!("[{},1]", call("other"))),
            invalid(),
        )
        .test(
            "headers that contradict the body go before the policy",
            &["MCP-32"],
            post(&minted.none, call("other")).header("mcp-name", "list_todos"),
            mismatch(),
        )
        .done()
}

fn hierarchy(minted: &Minted) -> Group {
    let implies =
        BTreeMap::from([("todo:admin".to_owned(), strings(&["todo:read", "todo:write", "todo:delete"]))]);
    let mut group = todo_group("The hierarchy of scopes holds for tools").proving(&["MCP-19"]);
    group.server = Settings { scope_hierarchy: Some(implies), ..usual() };
    group
        .test("a broad scope", &[], post(&minted.admin, call("delete_todo")), passes(&["todo:admin"]))
        .test(
            "a narrow one",
            &[],
            post(&minted.write, call("delete_todo")),
            lacking("todo:write todo:delete"),
        )
        .done()
}

fn credentials(minted: &Minted) -> Group {
    let bad = || "{bad".to_owned();
    todo_group("Bad credentials are answered whatever the body is")
        .proving(&["MCP-13", "design:order"])
        .test(
            "no token and a malformed body: 401, not 400 or 422",
            &["MCP-15"],
            without_token(bad()),
            denied("missing_token"),
        )
        .test(
            "an expired token and a malformed body",
            &["MCP-11"],
            post(&minted.expired, bad()),
            denied("expired"),
        )
        .test(
            "two credentials and a malformed body",
            &["B-04"],
            post(&minted.read, bad()).token(&minted.read),
            denied("multiple_credentials"),
        )
        .test(
            "an expired token and an unlisted tool",
            &["B-10"],
            post(&minted.expired, call("other")),
            denied("expired"),
        )
        .test(
            "no token and another type",
            &["MCP-15"],
            request(Call::Operation, "POST", "/mcp")
                .header("content-type", "text/plain")
                .body(Body::Text(bad())),
            denied("missing_token"),
        )
        .test(
            "bearer in lower case",
            &["B-02"],
            without_token(call("list_todos")).header("authorization", format!("bearer {}", minted.read)),
            passes(&["todo:read"]),
        )
        .done()
}
