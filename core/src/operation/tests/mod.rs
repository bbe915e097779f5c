//! The policy as a whole: body in, needs or refusal out.

use std::sync::Mutex;

use super::*;
use crate::access_token::Values;
use crate::json::Text;

mod bodies;

const JSON: (&str, &[u8]) = ("Content-Type", b"application/json");

fn scope(scope: &str) -> Requirement {
    Requirement::scope(scope).unwrap()
}

fn token() -> AccessToken {
    AccessToken::new(Values { subject: Some(Text::plain("alice")), ..Values::default() })
}

fn policy() -> OperationPolicy {
    OperationPolicy::builder()
        .base(scope("base"))
        .tool("read", scope("read"))
        .tool("write", scope("write"))
        .tool(
            "fn",
            Rule::function(|call| match call.arguments() {
                None => Ok(scope("fn:none")),
                Some("{\"n\": 1}") => Ok(scope("fn:one")),
                Some(r#""fail""#) => Err(CallError::new("no")),
                Some(_) => Ok(scope(&format!("fn:{}", call.token().subject().unwrap()))),
            }),
        )
        .prompt("hello", scope("prompt"))
        .resource("todo://secret", scope("secret"))
        .resource_prefix("todo://items/", scope("items"))
        .resource_prefix("todo://items/mine", scope("mine"))
        .method("logging/setLevel", scope("log"))
        .method("resources/subscribe", scope("subscribe"))
        .public_methods(["ping", "initialize", "tools/list"])
        .body_limit(1 << 16)
        .build()
        .unwrap()
}

/// The scopes, `!` if the operation is not allowed, `public`, or the code or reason of the refusal.
fn show(judged: Result<Needs<'_>, Refusal>) -> String {
    match judged {
        Ok(needs) if needs.public => {
            assert_eq!((needs.requirement, needs.allowed), (Cow::default(), true));
            "public".to_owned()
        }
        Ok(needs) => format!("{}{}", needs.requirement.scopes(), if needs.allowed { "" } else { " !" }),
        Err(refusal) => refusal.rpc.map_or(refusal.reason.to_string(), |error| {
            assert_eq!(refusal.reason, Reason::BodyMalformed);
            error.code.to_string()
        }),
    }
}

fn judge(body: impl AsRef<[u8]>) -> String {
    let request = OperationRequest::new("POST", [JSON], body.as_ref());
    show(policy().judge(&request, Some(&token())))
}

fn call(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
}

fn tool(name: &str) -> String {
    call("tools/call", &format!(r#"{{"name":"{name}"}}"#))
}

#[test]
fn each_operation_has_its_rule() {
    for (body, expected) in [
        (tool("read"), "base read"),
        (tool("write"), "base write"),
        (tool("wr\\u0069te"), "base write"),
        (tool("other"), "base !"),
        (tool("READ"), "base !"),
        (call("prompts/get", r#"{"name":"hello"}"#), "base prompt"),
        (call("prompts/get", r#"{"name":"read"}"#), "base !"),
        (call("resources/read", r#"{"uri":"todo://secret"}"#), "base secret"),
        (call("resources/unsubscribe", r#"{"uri":"todo://items/5"}"#), "base items"),
        (call("resources/read", r#"{"uri":"todo://items/mine/5"}"#), "base mine"),
        (call("resources/subscribe", r#"{"uri":"todo://items/5"}"#), "base subscribe items"),
        (call("resources/subscribe", r#"{"uri":"todo://items/../secret"}"#), "base subscribe !"),
        (call("resources/directory/read", r#"{"uri":"todo://users"}"#), "base !"),
        (call("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"hello"}}"#), "base prompt"),
        (
            call("completion/complete", r#"{"ref":{"type":"ref/resource","uri":"todo://items/{id}"}}"#),
            "base items mine",
        ),
        (call("completion/complete", r#"{"ref":{"type":"ref/resource","uri":"todo://{any}"}}"#), "base !"),
        (
            call(
                "subscriptions/listen",
                r#"{"notifications":{"resourceSubscriptions":["todo://items/1","todo://secret"]}}"#,
            ),
            "base items secret",
        ),
        (
            call(
                "subscriptions/listen",
                r#"{"notifications":{"resourceSubscriptions":["todo://items/1","u:x"]}}"#,
            ),
            "base items !",
        ),
        (call("subscriptions/listen", r#"{"notifications":{"toolsListChanged":true}}"#), "base"),
        (call("logging/setLevel", r#"{"level":"debug"}"#), "base log"),
        (call("tasks/result", r#"{"taskId":"1"}"#), "base"),
        (call("prompts/list", "null"), "base"),
        (r#"{"jsonrpc":"2.0","id":"x","method":"resources/list"}"#.to_owned(), "base"),
        // without an id: no server runs it, but it is judged as if
        (r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"write"}}"#.to_owned(), "base write"),
        (r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.to_owned(), "base"),
        (r#"{"jsonrpc":"2.0","id":1,"result":{"method":"ping"}}"#.to_owned(), "base"),
        (r#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":""}}"#.to_owned(), "base"),
        (call("ping", "{}"), "public"),
        (call("tools/list", r#"{"cursor":"x"}"#), "public"),
        (" \r\n\t".to_owned() + &tool("read") + "\n", "base read"),
    ] {
        assert_eq!(judge(&body), expected, "{body}");
    }
}

#[test]
fn a_policy_closes_only_what_it_names() {
    let open = OperationPolicy::builder().tool("a", scope("a")).build().unwrap();
    let closed = OperationPolicy::builder().resource("u:a", scope("a")).build().unwrap();
    let named = OperationPolicy::builder().tool("a", scope("a")).other_tools(scope("b")).build().unwrap();
    let show = |policy: &OperationPolicy, body: &str| {
        show(policy.judge(&OperationRequest::new("POST", [JSON], body.as_bytes()), Some(&token())))
    };
    assert_eq!(show(&open, &call("resources/read", r#"{"uri":"x/../y"}"#)), "");
    assert_eq!(show(&open, &call("prompts/get", r#"{"name":"x"}"#)), "");
    assert_eq!(show(&open, &tool("b")), " !");
    assert_eq!(show(&closed, &tool("b")), "");
    assert_eq!(show(&closed, &call("skills/get", r#"{"uri":"u:b"}"#)), " !");
    assert_eq!(show(&named, &tool("a")), "a");
    assert_eq!(show(&named, &tool("c")), "b");
    assert!(!open.has_public_operations());
}

#[test]
fn respelt_methods_are_not_allowed() {
    for method in ["TOOLS/CALL", "Tools/call", "resources/Read", "RESOURCES/READ", "Logging/setlevel"] {
        let expected = if method == "resources/Read" { "base items" } else { "base !" };
        assert_eq!(judge(call(method, r#"{"name":"read","uri":"todo://items/1"}"#)), expected, "{method}");
    }
    // Another spelling of a public method is not public.
    assert_eq!(judge(call("Ping", "{}")), "base");
}

#[test]
fn batches_need_the_union() {
    let batch = |messages: &[String]| format!("[{}]", messages.join(","));
    for (messages, expected) in [
        (vec![tool("read"), tool("write"), tool("read")], "base read write"),
        (vec![call("ping", "{}"), tool("write")], "base write"),
        (vec![tool("read"), call("ping", "{}")], "base read"),
        (vec![tool("read"), tool("other"), tool("write")], "base read write !"),
        (vec![call("ping", "{}"), call("initialize", "{}")], "public"),
        (vec![call("ping", "{}"), r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.to_owned()], "base"),
        (vec![tool("read"), call("tools/call", "{}")], "-32600"),
        (
            vec![call("ping", "{}"), call("tools/call", r#"{"name":"fn","arguments":{"n": 1}}"#)],
            "base fn:one",
        ),
    ] {
        assert_eq!(judge(batch(&messages)), expected, "{messages:?}");
    }
}

#[test]
fn functions_see_the_call_as_it_runs() {
    let of = |params: &str| judge(call("tools/call", &format!(r#"{{"name":"fn"{params}}}"#)));
    assert_eq!(of(""), "base fn:none");
    assert_eq!(of(r#","arguments": {"n": 1} "#), "base fn:one");
    assert_eq!(of(r#","arguments": {"id": 5}"#), "base fn:alice");
    assert_eq!(of(r#","arg\u0075ments":"fail""#), "internal");
    for duplicates in [
        r#","arguments":{"id":1,"id":2}"#,
        r#","arguments":{"a":[{"id":1,"\u0069d":2}]}"#,
        r#","other":{"id":1,"id":2}"#,
    ] {
        assert_eq!(of(duplicates), "-32700", "{duplicates}");
    }

    let seen = Arc::new(Mutex::new(Vec::new()));
    let recorder = Arc::clone(&seen);
    let record = Rule::function(move |call| {
        let text = format!("{} {:?} {:?}", call.method(), call.name(), call.arguments());
        recorder.lock().unwrap().push(text);
        Ok(Requirement::none())
    });
    let policy = OperationPolicy::builder().other_tools(record.clone()).method("x/y", record.clone());
    let policy = policy.other_resources(record).build().unwrap();
    let body = format!(
        "[{}, {} ,{},{}]",
        call("tools/call", r#"{ "arguments" : [1, "]" ] ,"name":"a"}"#),
        call("x/y", "{}"),
        tool("b"),
        call("subscriptions/listen", r#"{"notifications":{"resourceSubscriptions":["u:1","u:2"]}}"#),
    );
    let request = OperationRequest::new("POST", [JSON], body.as_bytes());
    // Nobody to ask about: nothing is called.
    assert_eq!(show(policy.judge(&request, None)), "");
    assert!(seen.lock().unwrap().is_empty());
    assert_eq!(show(policy.judge(&request, Some(&token()))), "");
    let expected = [
        r#"tools/call Some("a") Some("[1, \"]\" ]")"#,
        r#"x/y None None"#,
        r#"tools/call Some("b") None"#,
        r#"subscriptions/listen Some("u:1") None"#,
        r#"subscriptions/listen Some("u:2") None"#,
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn functions_are_called_only_where_they_can_decide() {
    let count = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&count);
    let counted = Rule::function(move |_| {
        *counter.lock().unwrap() += 1;
        Ok(Requirement::none())
    });
    let policy = OperationPolicy::builder()
        .base(Requirement::client_in(["app"]).unwrap())
        .tool("fn", counted.clone())
        .other_resources(counted)
        .build()
        .unwrap();
    let of =
        |client: &str| AccessToken::new(Values { client_id: Some(Text::plain(client)), ..Values::default() });
    let called = |token: &AccessToken, body: &str| {
        *count.lock().unwrap() = 0;
        let judged = show(policy.judge(&OperationRequest::new("POST", [JSON], body.as_bytes()), Some(token)));
        (judged, *count.lock().unwrap())
    };
    let listen = |count: usize| {
        let uris = vec![r#""u:x""#; count].join(",");
        call("subscriptions/listen", &format!(r#"{{"notifications":{{"resourceSubscriptions":[{uris}]}}}}"#))
    };
    let batch = |body: &str, count: usize| format!("[{}]", vec![body; count].join(","));
    for (client, body, expected) in [
        ("app", tool("fn"), ("", 1)),
        ("app", batch(&tool("fn"), 100), ("", 100)),
        ("app", listen(1000), ("", 1000)),
        ("app", batch(&listen(10), 100), ("", 1000)),
        ("app", batch(&listen(11), 100), ("-32600", 0)),
        ("app", format!("[{},{}]", tool("fn"), tool("other")), (" !", 0)),
        ("other", listen(1000), ("", 0)),
    ] {
        assert_eq!(called(&of(client), &body), (expected.0.to_owned(), expected.1), "{client} {body}");
    }
}

#[test]
fn without_a_token_needs_are_the_same_but_for_functions() {
    let needs =
        |body: &str| show(policy().judge(&OperationRequest::new("POST", [JSON], body.as_bytes()), None));
    assert_eq!(needs(&tool("read")), "base read");
    assert_eq!(needs(&tool("fn")), "base");
    assert_eq!(needs(&tool("other")), "base !");
    assert_eq!(needs(&call("ping", "{}")), "public");
    assert_eq!(needs("{"), "-32700");
}

#[test]
fn headers_come_before_bytes_and_bytes_before_structure() {
    let judge = |headers: &[(&str, &str)], body: &[u8]| {
        let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        show(policy().judge(&OperationRequest::new("POST", headers, body), Some(&token())))
    };
    let json = ("content-type", "application/json; charset=utf-8");
    let large = vec![b' '; (1 << 16) + 1];
    assert_eq!(judge(&[], &large), "body_unsupported");
    assert_eq!(judge(&[json, ("content-encoding", "gzip")], b"{"), "body_unsupported");
    assert_eq!(judge(&[("content-type", "application/json; charset=utf-7")], b"{}"), "body_unsupported");
    assert_eq!(judge(&[json], &large), "body_too_large");
    let mut fits = tool("read").into_bytes();
    fits.resize(1 << 16, b' ');
    assert_eq!(judge(&[json], &fits), "base read");
    let other = ("mcp-method", "tools/list");
    assert_eq!(judge(&[json, other], b"{"), "-32700");
    assert_eq!(judge(&[json, other], b"{}"), "-32600");
    assert_eq!(judge(&[json, other], tool("other").as_bytes()), "-32020");
    assert_eq!(judge(&[json, ("Mcp-Name", "read")], tool("write").as_bytes()), "-32020");
    assert_eq!(
        judge(&[json, ("MCP-Protocol-Version", "2024-11-05")], tool("write").as_bytes()),
        "base write"
    );
}

#[test]
fn a_tunnel_is_refused_unread() {
    for upgrade in ["websocket", "WebSocket", "h2c, websocket"] {
        let request = OperationRequest::new("GET", [("Upgrade", upgrade.as_bytes())], b"");
        assert_eq!(show(policy().judge(&request, Some(&token()))), "body_unsupported", "{upgrade}");
    }
    assert_eq!(
        show(policy().judge(&OperationRequest::new("CONNECT", [], b""), Some(&token()))),
        "body_unsupported"
    );
    assert!(!OperationPolicy::reads_body("connect"));
    assert!(OperationPolicy::reads_body("GET"));
    assert_eq!(policy().body_limit(), 1 << 16);
    assert_eq!(OperationPolicy::builder().build().unwrap().body_limit(), 4 << 20);
}
