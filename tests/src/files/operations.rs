//! Operations: what a JSON-RPC body needs, and that what was judged is what runs (DESIGN section 4).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::author::{Requests, WIRE, all_of, allowed, denied, file as of, good_token, request, requests, strings, usual};
use crate::keys::Keys;
use crate::model::{Body, Call, Condition, File, Group, Input, Outcome, Policy, Rule, Settings, Token};
use crate::token::{NOW, good};
use crate::wire::malformed;

pub(super) fn file(keys: &Keys) -> File {
    let notes = [
        ("bypass", "A way around a policy that is decided on less than the whole request."),
        ("bytes", "What two parsers could read differently is refused."),
    ];
    let minted = Minted::new(keys);
    let groups = vec![
        tools(&minted),
        methods(&minted),
        messages(&minted),
        bytes(&minted),
        spelling(&minted),
        batches(&minted),
        content(&minted),
        size(&minted),
        mirrors(&minted),
        versions(&minted),
        resources(&minted),
        other_resources(&minted),
        prompts(&minted),
        base(&minted),
        others(&minted),
        unpoliced(&minted),
        public(&minted),
        public_unasked(&minted),
        functions(&minted),
        precedence(&minted),
        parsed(&minted),
        hierarchy(&minted),
        credentials(&minted),
    ];
    of(&notes, groups)
}

/// The tokens of these cases.
struct Minted {
    read: String,
    write: String,
    admin: String,
    none: String,
    expired: String,
    staff: String,
}

impl Minted {
    fn new(keys: &Keys) -> Self {
        Self {
            read: good(keys).mint(),
            write: good(keys).scope("todo:write").mint(),
            admin: good(keys).scope("todo:admin").mint(),
            none: good(keys).without("scope").mint(),
            expired: good(keys).claim("exp", NOW - 100).mint(),
            staff: good(keys).scope("todo:write").claim("roles", json!(["staff"])).mint(),
        }
    }
}

const PARSE: i32 = -32700;
const INVALID: i32 = -32600;
const MISMATCH: i32 = -32020;

fn unreadable() -> Outcome {
    malformed(PARSE, "Parse error")
}

fn invalid() -> Outcome {
    malformed(INVALID, "Invalid Request")
}

fn mismatch() -> Outcome {
    malformed(MISMATCH, "Header mismatch")
}

fn unsupported() -> Outcome {
    denied("body_unsupported")
}

fn not_allowed() -> Outcome {
    denied("operation_not_allowed")
}

fn lacking(scope: &str) -> Outcome {
    WIRE.denied_asking("insufficient_scope", scope)
}

fn passes(scopes: &[&str]) -> Outcome {
    allowed(Token { scopes: strings(scopes), ..good_token() })
}

fn anonymous() -> Outcome {
    Outcome::Allowed { token: None, response_headers: Vec::new() }
}

fn need(scopes: &[&str]) -> Rule {
    Rule::Requirement(vec![all_of(scopes)])
}

fn rules(rules: &[(&str, Rule)]) -> BTreeMap<String, Rule> {
    rules.iter().map(|(name, rule)| ((*name).to_owned(), rule.clone())).collect()
}

/// Three tools; of `delete_todo` both scopes.
fn todo_tools() -> BTreeMap<String, Rule> {
    rules(&[
        ("list_todos", need(&["todo:read"])),
        ("create_todo", need(&["todo:write"])),
        ("delete_todo", need(&["todo:write", "todo:delete"])),
    ])
}

fn group(comment: &str, policy: Policy) -> Requests {
    let mut group = requests(comment, usual());
    group.policy = Some(policy);
    group
}

fn todo_group(comment: &str) -> Requests {
    group(comment, Policy { tools: todo_tools(), ..Policy::default() })
}

/// A POST of these bytes, with a token.
fn post(token: &str, body: impl Into<String>) -> Input {
    plain(token).header("content-type", "application/json").body(Body::Text(body.into()))
}

fn post_bytes(token: &str, bytes: &[u8]) -> Input {
    plain(token).header("content-type", "application/json").body(Body::Base64(STANDARD.encode(bytes)))
}

fn plain(token: &str) -> Input {
    request(Call::Operation, "POST", "/mcp").token(token)
}

fn without_token(body: impl Into<String>) -> Input {
    request(Call::Operation, "POST", "/mcp").header("content-type", "application/json").body(Body::Text(body.into()))
}

/// A message with parameters.
fn message(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
}

fn call(tool: &str) -> String {
    message("tools/call", &format!(r#"{{"name":"{tool}","arguments":{{"title":"x"}}}}"#))
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
        methods: rules(&[("logging/setLevel", need(&["todo:admin"])), ("tools/call", need(&["mcp:call"])), ("tasks/cancel", need(&["todo:write"]))]),
        ..Policy::default()
    };
    group("Methods by name", policy)
        .proving(&["design:operations"])
        .test("a method with a rule", &["MCP-16"], post(read, message("logging/setLevel", r#"{"level":"debug"}"#)), lacking("todo:admin"))
        .test("a method with a rule, satisfied", &[], post(&minted.admin, message("logging/setLevel", r#"{"level":"debug"}"#)), passes(&["todo:admin"]))
        .test("a method with a rule, as a notification", &[], post(read, r#"{"jsonrpc":"2.0","method":"logging/setLevel"}"#), lacking("todo:admin"))
        .test("its name in other case is no way around", &[], post(&minted.admin, message("Logging/setLevel", "{}")), not_allowed())
        .test("a rule for a method and one for its tool: both hold", &["MCP-17"], post(read, call("create_todo")), lacking("mcp:call todo:write"))
        .test("a method without a rule needs a valid token", &[], post(&minted.none, message("tools/list", "{}")), passes(&[]))
        .test("an unknown method needs a valid token", &[], post(&minted.none, message("example/other", "{}")), passes(&[]))
        .test("a task's method", &[], post(read, message("tasks/cancel", r#"{"taskId":"t1"}"#)), lacking("todo:write"))
        .test("another task's method", &[], post(read, message("tasks/get", r#"{"taskId":"t1"}"#)), passes(&["todo:read"]))
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
        .test("a preflight", &["design:cors"], bare("OPTIONS").header("origin", "https://a.example").header("access-control-request-method", "POST"), Outcome::Public {})
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

fn bytes(minted: &Minted) -> Group {
    let write = &minted.write;
    let good = call("create_todo");
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf32: Vec<u8> = good.chars().flat_map(|c| (c as u32).to_be_bytes()).collect();
    let deep = message("tools/call", &format!(r#"{{"name":"create_todo","arguments":{{"x":{}1{}}}}}"#, "[".repeat(60), "]".repeat(60)));
    let twice = |params: &str| post(write, message("tools/call", params));
    todo_group("Bytes that are clean JSON in UTF-8, each member once")
        .proving(&["design:body-bytes"])
        .noting(&["bytes"])
        .test("clean", &[], post(write, good.as_str()), passes(&["todo:write"]))
        .test("with white space around", &[], post(write, format!(" \r\n\t{good}\n")), passes(&["todo:write"]))
        .test("with nested arguments", &[], post(write, deep), passes(&["todo:write"]))
        .test("a byte order mark", &[], post(write, format!("\u{feff}{good}")), unreadable())
        .test("UTF-16", &[], post_bytes(write, &utf16), unreadable())
        .test("UTF-16 with its mark", &[], post_bytes(write, &[&[0xFF, 0xFE], &utf16[..]].concat()), unreadable())
        .test("UTF-32", &[], post_bytes(write, &utf32), unreadable())
        .test("bytes that are no UTF-8, in an argument", &[], post_bytes(write, &[good.as_bytes().split_at(60).0, b"\xff", good.as_bytes().split_at(60).1].concat()), unreadable())
        .test("an overlong slash", &[], post_bytes(write, &good.as_bytes().iter().flat_map(|byte| if *byte == b'/' { vec![0xC0, 0xAF] } else { vec![*byte] }).collect::<Vec<_>>()), unreadable())
        .test("half a surrogate pair in the name", &[], post(write, call("create_todo\\ud800")), unreadable())
        .test("empty", &[], post(write, ""), unreadable())
        .test("white space", &[], post(write, "  "), unreadable())
        .test("no JSON", &[], post(write, "tools/call create_todo"), unreadable())
        .test("cut off", &[], post(write, &good[..good.len() - 1]), unreadable())
        .test("a second message after it", &[], post(write, format!("{good}\n{good}")), unreadable())
        .test("a zero after it", &[], post(write, format!("{good}\0")), unreadable())
        .test("a trailing comma", &[], post(write, r#"{"jsonrpc":"2.0","id":1,"method":"ping",}"#), unreadable())
        .test("a comment", &[], post(write, r#"{"jsonrpc":"2.0",/**/"id":1,"method":"ping"}"#), unreadable())
        .test("single quotes", &[], post(write, "{'jsonrpc':'2.0','id':1,'method':'ping'}"), unreadable())
        .noting(&["bytes", "bypass"])
        .test("method twice", &["peer:duplicate-members"], post(write, r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"create_todo"}}"#), unreadable())
        .test("method twice, once with an escape", &["peer:duplicate-members"], post(write, r#"{"jsonrpc":"2.0","id":1,"\u006dethod":"ping","method":"tools/call","params":{"name":"create_todo"}}"#), unreadable())
        .test("params twice", &["peer:duplicate-members"], post(write, r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_todo"},"params":{"name":"delete_todo"}}"#), unreadable())
        .test("name twice", &["peer:duplicate-members"], twice(r#"{"name":"create_todo","name":"delete_todo"}"#), unreadable())
        .test("name twice, once with an escape", &["peer:duplicate-members"], twice(r#"{"name":"create_todo","n\u0061me":"delete_todo"}"#), unreadable())
        .test("the same name twice", &[], twice(r#"{"name":"create_todo","name":"create_todo"}"#), unreadable())
        .test("an unknown member twice, at the top", &[], post(write, r#"{"jsonrpc":"2.0","id":1,"method":"ping","x":1,"x":2}"#), unreadable())
        .test("a member of _meta twice", &[], twice(r#"{"name":"create_todo","_meta":{"a":1,"a":2}}"#), unreadable())
        .test("a member of ref twice", &[], post(write, message("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"a","name":"b"}}"#)), unreadable())
        .test("a member of the arguments twice: they decide nothing here", &[], twice(r#"{"name":"create_todo","arguments":{"title":"a","title":"b"}}"#), passes(&["todo:write"]))
        .done()
}

fn spelling(minted: &Minted) -> Group {
    let write = &minted.write;
    let top = |member: &str| post(write, format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"create_todo"}},{member}}}"#));
    let inside = |member: &str| post(write, message("tools/call", &format!(r#"{{"name":"create_todo",{member}}}"#)));
    let group = todo_group("Members that differ only in case from those that decide").proving(&["design:body-case"]).noting(&["bytes", "bypass"]);
    let group = ["Jsonrpc", "ID", "Method", "METHOD", "Params", "PARAMS", "Name", "Uri", "Ref", "Arguments", "_Meta"]
        .into_iter()
        .fold(group, |group, name| group.test(&format!("{name} at the top"), &[], top(&format!(r#""{name}":1"#)), invalid()));
    let group = ["Name", "NAME", "nAme", "Uri", "Ref", "Arguments", "_META", "Method", "Params"]
        .into_iter()
        .fold(group, |group, name| group.test(&format!("{name} in params"), &[], inside(&format!(r#""{name}":"delete_todo""#)), invalid()));
    group
        .test("Name alone in params", &[], post(write, message("tools/call", r#"{"Name":"create_todo"}"#)), invalid())
        .test("Method alone at the top", &[], post(write, r#"{"jsonrpc":"2.0","id":1,"Method":"tools/call","params":{"name":"create_todo"}}"#), invalid())
        .test("NAME through an escape", &[], inside(r#""\u004eAME":"delete_todo""#), invalid())
        .test("Name in _meta", &[], inside(r#""_meta":{"Name":"delete_todo"}"#), invalid())
        .test("Name in ref", &[], post(write, message("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"a","Name":"b"}}"#)), invalid())
        .test("Name in the arguments decides nothing", &[], inside(r#""arguments":{"Name":"x","METHOD":"y"}"#), passes(&["todo:write"]))
        .test("a member that only starts like one", &[], inside(r#""names":1,"name_":2,"nam":3"#), passes(&["todo:write"]))
        .done()
}

fn batches(minted: &Minted) -> Group {
    let (read, write) = (&minted.read, &minted.write);
    let batch = |messages: &[String]| format!("[{}]", messages.join(","));
    let ping = || r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.to_owned();
    let many = |count: usize| batch(&vec![r#"{"jsonrpc":"2.0","method":"x"}"#.to_owned(); count]);
    todo_group("A batch needs the union, and is refused whole")
        .proving(&["design:batches"])
        .test("of one", &[], post(read, batch(&[call("list_todos")])), passes(&["todo:read"]))
        .test("of several that the token is good for", &[], post(read, batch(&[call("list_todos"), ping(), call("list_todos")])), passes(&["todo:read"]))
        .noting(&["bypass"])
        .test("one that it is not good for, last", &["MCP-17"], post(read, batch(&[call("list_todos"), ping(), call("create_todo")])), lacking("todo:read todo:write"))
        .test("one that it is not good for, first", &["MCP-17"], post(read, batch(&[call("create_todo"), call("list_todos")])), lacking("todo:write todo:read"))
        .test("the union of all", &["MCP-17"], post(write, batch(&[call("list_todos"), call("delete_todo")])), lacking("todo:read todo:write todo:delete"))
        .test("an unlisted tool among them", &[], post(read, batch(&[call("list_todos"), call("drop_database")])), not_allowed())
        .test("a response beside a call", &[], post(read, batch(&[r#"{"jsonrpc":"2.0","id":9,"result":{}}"#.into(), call("create_todo")])), lacking("todo:write"))
        .test("empty", &[], post(read, "[]"), invalid())
        .test("empty, with white space", &[], post(read, " [ ] "), invalid())
        .test("nested", &[], post(read, format!("[[{}]]", call("create_todo"))), invalid())
        .test("nested, beside a message", &[], post(read, format!("[{},[{}]]", ping(), call("create_todo"))), invalid())
        .test("something else than messages", &[], post(read, format!("[{},1]", ping())), invalid())
        .test("null among messages", &[], post(read, format!("[null,{}]", ping())), invalid())
        .test("one that cannot be judged", &[], post(read, batch(&[ping(), message("tools/call", "{}")])), invalid())
        .test("duplicate members in one of them", &[], post(read, batch(&[ping(), r#"{"jsonrpc":"2.0","method":"ping","method":"tools/call"}"#.into()])), unreadable())
        .test("something after the batch", &[], post(read, format!("{}{}", batch(&[ping()]), call("create_todo"))), unreadable())
        .test("100 messages", &[], post(read, many(100)), passes(&["todo:read"]))
        .test("101 messages", &[], post(read, many(101)), invalid())
        .done()
}

fn content(minted: &Minted) -> Group {
    let write = &minted.write;
    let typed = |content_type: &str| plain(write).header("content-type", content_type).body(Body::Text(call("create_todo")));
    let coded = |coding: &str| post(write, call("create_todo")).header("content-encoding", coding);
    let good = ["application/json", "Application/JSON", "application/json; charset=utf-8", "application/json;charset=UTF-8", "application/json; charset=\"utf-8\""];
    let bad = [
        "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", "application/jsonp",
        "application/vnd.api+json", "application/json-rpc", "application/json, text/plain",
        "application/json; charset=utf-7", "application/json; charset=utf-16", "application/json; charset=iso-8859-1", "application/json; charset=",
        "application/json; charset=utf-8; charset=utf-16", "application/json; charset=\"utf-16", "application/json\u{e9}",
    ];
    let group = todo_group("A body is plain JSON by its fields, too").proving(&["design:body-content"]);
    let group = good.into_iter().fold(group, |group, name| group.test(name, &[], typed(name), passes(&["todo:write"])));
    let group = group.noting(&["bypass"]);
    let group = bad.into_iter().fold(group, |group, name| group.test(&format!("{name:?}"), &[], typed(name), unsupported()));
    let group = ["gzip", "GZIP", "br", "deflate", "x", "identity, gzip", "gzip, identity"]
        .into_iter()
        .fold(group, |group, coding| group.test(&format!("the coding {coding}"), &[], coded(coding), unsupported()));
    group
        .test("the coding identity", &[], coded("identity"), passes(&["todo:write"]))
        .test("no type", &[], plain(write).body(Body::Text(call("create_todo"))), unsupported())
        .test("two types", &[], typed("application/json").header("content-type", "application/json"), unsupported())
        .test("two types, the second in other case", &[], typed("application/json").header("Content-Type", "text/plain"), unsupported())
        .test("two codings, one of them identity", &[], coded("identity").header("content-encoding", "gzip"), unsupported())
        .test("GET is not judged by its type", &[], request(Call::Operation, "GET", "/mcp").header("content-type", "text/plain").token(write), passes(&["todo:write"]))
        .done()
}

fn size(minted: &Minted) -> Group {
    let padded = |size: usize| {
        let empty = message("tools/call", r#"{"name":"create_todo","arguments":{"title":""}}"#);
        let filler = "x".repeat(size - empty.len());
        empty.replace(r#""title":"""#, &format!(r#""title":"{filler}""#))
    };
    group("A limited size", Policy { tools: todo_tools(), body_limit: Some(300), ..Policy::default() })
        .proving(&["design:body-limit"])
        .test("as long as may be", &[], post(&minted.write, padded(300)), passes(&["todo:write"]))
        .test("one byte longer", &[], post(&minted.write, padded(301)), denied("body_too_large"))
        .test("much longer, and no JSON", &[], post(&minted.write, "x".repeat(5000)), denied("body_too_large"))
        .test("longer, without a token", &["MCP-13"], without_token("x".repeat(301)), denied("missing_token"))
        .test("longer, with a bad token", &["MCP-11"], post(&minted.expired, "x".repeat(301)), denied("expired"))
        .done()
}

fn mirrors(minted: &Minted) -> Group {
    let read = &minted.read;
    let named = |name: &str| post(&minted.write, call("create_todo")).header("mcp-name", name);
    let method = |method: &str| post(&minted.write, call("create_todo")).header("mcp-method", method);
    let resource = |name: &str| post(read, message("resources/read", r#"{"uri":"todo://items/5"}"#)).header("mcp-name", name);
    let encoded = |text: &str| format!("=?base64?{}?=", STANDARD.encode(text));
    let ok = || passes(&["todo:write"]);
    todo_group("Mirrored headers agree with the body, which decides")
        .proving(&["MCP-32", "MCP-34", "MCP-35"])
        .test("both agree", &[], named("create_todo").header("mcp-method", "tools/call"), ok())
        .test("field names in other case", &["MCP-33"], post(&minted.write, call("create_todo")).header("Mcp-Name", "create_todo").header("MCP-METHOD", "tools/call"), ok())
        .test("white space around values", &["MCP-33"], named(" create_todo\t"), ok())
        .test("the name in base64", &["MCP-33"], named(&encoded("create_todo")), ok())
        .test("the URI of a resource", &["MCP-33"], resource("todo://items/5"), passes(&["todo:read"]))
        .test("absent", &["MCP-34a"], post(&minted.write, call("create_todo")), ok())
        .noting(&["bypass"])
        .test("the header names a tool that is allowed, the body one that is not", &["MCP-34a"], post(read, call("create_todo")).header("mcp-name", "list_todos").header("mcp-method", "tools/call"), mismatch())
        .test("the header names another method", &[], method("tools/list"), mismatch())
        .test("the method in other case", &["MCP-33"], method("TOOLS/CALL"), mismatch())
        .test("an empty method", &[], method(""), mismatch())
        .test("the name in other case", &["MCP-33"], named("Create_todo"), mismatch())
        .test("an empty name", &[], named(""), mismatch())
        .test("another name in base64", &["MCP-33"], named(&encoded("list_todos")), mismatch())
        .test("base64 that is none", &["MCP-33"], named("=?base64?***?="), mismatch())
        .test("base64 that is no UTF-8", &["MCP-33"], named("=?base64?/w==?="), mismatch())
        .test("the mark of base64 in other case", &["MCP-33"], named(&encoded("create_todo").replace("base64", "BASE64")), mismatch())
        .test("a byte beyond ASCII", &["MCP-33"], named("create_todo\u{e9}"), mismatch())
        .test("the name twice", &[], named("create_todo").header("mcp-name", "create_todo"), mismatch())
        .test("the method twice", &[], method("tools/call").header("mcp-method", "tools/call"), mismatch())
        .test("two methods in one field", &[], method("tools/call, tools/list"), mismatch())
        .test("the URI of another resource", &[], resource("todo://items/6"), mismatch())
        .test("a name for a method that names nothing", &[], post(read, message("ping", "{}")).header("mcp-name", "create_todo"), mismatch())
        .test("a method for a response", &[], post(read, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#).header("mcp-method", "tools/call"), mismatch())
        .test("a method on a batch", &[], post(&minted.write, format!("[{}]", call("create_todo"))).header("mcp-method", "tools/call"), mismatch())
        .test("a name on a batch", &[], post(&minted.write, format!("[{}]", call("create_todo"))).header("mcp-name", "create_todo"), mismatch())
        .test("the URI where the name belongs", &[], post(&minted.write, message("tools/call", r#"{"name":"create_todo","uri":"list_todos"}"#)).header("mcp-name", "list_todos"), mismatch())
        .done()
}

fn versions(minted: &Minted) -> Group {
    let call = |stated: &str| message("tools/call", &format!(r#"{{"name":"create_todo","_meta":{{"io.modelcontextprotocol/protocolVersion":{stated}}}}}"#));
    let sent = |version: &str, body: String| post(&minted.write, body).header("mcp-protocol-version", version);
    let ok = || passes(&["todo:write"]);
    todo_group("The protocol version")
        .proving(&["MCP-32", "MCP-34a"])
        .test("header and body agree", &[], sent("2026-07-28", call("\"2026-07-28\"")), ok())
        .test("only the body states one", &[], post(&minted.write, call("\"2026-07-28\"")), ok())
        .test("only the header states one", &[], sent("2025-06-18", self::call("create_todo")), ok())
        .test("_meta without it", &[], sent("2025-06-18", message("tools/call", r#"{"name":"create_todo","_meta":{"progressToken":1}}"#)), ok())
        .noting(&["bypass"])
        .test("an old version does not switch the rules off", &[], post(&minted.read, self::call("create_todo")).header("mcp-protocol-version", "2024-11-05"), lacking("todo:write"))
        .test("an unknown version does not either", &[], post(&minted.read, self::call("create_todo")).header("mcp-protocol-version", "1"), lacking("todo:write"))
        .test("nor do mirrored headers with an old version", &[], post(&minted.read, self::call("create_todo")).header("mcp-protocol-version", "2024-11-05").header("mcp-name", "list_todos"), mismatch())
        .test("the header is older than the body", &[], sent("2025-06-18", call("\"2026-07-28\"")), mismatch())
        .test("the body states a number", &[], sent("2026-07-28", call("20260728")), mismatch())
        .test("the header twice", &[], sent("2026-07-28", call("\"2026-07-28\"")).header("mcp-protocol-version", "2026-07-28"), mismatch())
        .test("_meta that is no object", &[], post(&minted.write, message("tools/call", r#"{"name":"create_todo","_meta":[]}"#)), invalid())
        .done()
}

fn resource_policy() -> Policy {
    Policy {
        resources: rules(&[("todo://items/secret", need(&["todo:secret"])), ("todo://{user}/items", need(&["todo:admin"]))]),
        resource_prefixes: rules(&[("todo://items/", need(&["todo:read"])), ("todo://items/private/", need(&["todo:admin"]))]),
        ..Policy::default()
    }
}

fn resources(minted: &Minted) -> Group {
    let read = |uri: &str| post(&minted.read, message("resources/read", &json!({"uri": uri}).to_string()));
    let of_method = |method: &str, uri: &str| post(&minted.read, message(method, &json!({"uri": uri}).to_string()));
    let ok = || passes(&["todo:read"]);
    let listen = |uris: &[&str]| post(&minted.read, message("subscriptions/listen", &json!({"notifications": {"resourceSubscriptions": uris}}).to_string()));
    let complete = |uri: &str| post(&minted.read, message("completion/complete", &json!({"ref": {"type": "ref/resource", "uri": uri}, "argument": {"name": "id", "value": ""}}).to_string()));
    let odd = [
        ("a dot segment", "todo://items/../admin"),
        ("a dot segment inside", "todo://items/x/../private/1"),
        ("a single dot", "todo://items/./1"),
        ("an escaped dot segment", "todo://items/%2e%2e/admin"),
        ("an escaped slash", "todo://items%2Fprivate"),
        ("an escaped slash behind the prefix", "todo://items/x%2f..%2fprivate"),
        ("a backslash", "todo://items/..\\admin"),
        ("an escaped backslash", "todo://items/x%5Cy"),
        ("a control character", "todo://items/1\u{0}"),
        ("a line break", "todo://items/1\nx"),
        ("an escaped zero", "todo://items/1%00"),
        ("a space", "todo://items/ 1"),
        ("an empty segment", "todo://items//private/1"),
        ("the scheme in upper case", "TODO://items/1"),
        ("an escape that need not be", "todo://items/%70rivate/1"),
        ("a double escape", "todo://items/%252e%252e/admin"),
    ];
    let group = group("Resources by URI and by prefix", resource_policy())
        .proving(&["design:resources"])
        .test("below the prefix", &[], read("todo://items/5"), ok())
        .test("the prefix itself, without its slash", &[], read("todo://items"), ok())
        .test("with a query", &[], read("todo://items/5?done=false"), ok())
        .test("below the more specific prefix", &[], read("todo://items/private/5"), lacking("todo:admin"))
        .test("the more specific prefix itself", &[], read("todo://items/private"), lacking("todo:admin"))
        .test("an exact rule goes before every prefix", &[], read("todo://items/secret"), lacking("todo:secret"))
        .test("an exact rule with a query", &[], read("todo://items/secret?x=1"), lacking("todo:secret"))
        .test("an exact rule with a fragment", &[], read("todo://items/secret#x"), lacking("todo:secret"))
        .noting(&["bypass"])
        .test("a prefix ends at a slash", &[], read("todo://items2/5"), not_allowed())
        .test("a prefix ends at a slash, the more specific one too", &[], read("todo://items/privateer"), ok())
        .test("unlisted", &[], read("todo://admin"), not_allowed())
        .test("another scheme", &[], read("file:///etc/passwd"), not_allowed())
        .test("not a URI", &[], read("items/5"), not_allowed())
        .test("empty", &[], read(""), not_allowed());
    let group = odd.into_iter().fold(group, |group, (comment, uri)| group.test(comment, &[], read(uri), not_allowed()));
    group
        .test("no URI", &[], post(&minted.read, message("resources/read", "{}")), invalid())
        .test("a URI that is a list", &[], post(&minted.read, message("resources/read", r#"{"uri":["todo://items/5"]}"#)), invalid())
        .test("a name instead of a URI", &[], post(&minted.read, message("resources/read", r#"{"name":"todo://items/5"}"#)), invalid())
        .test("subscribe", &[], of_method("resources/subscribe", "todo://items/private/5"), lacking("todo:admin"))
        .test("unsubscribe", &[], of_method("resources/unsubscribe", "todo://items/private/5"), lacking("todo:admin"))
        .test("subscribe to an unlisted one", &[], of_method("resources/subscribe", "todo://admin"), not_allowed())
        .test("a method that nobody knows yet", &[], of_method("resources/copy", "todo://items/private/5"), lacking("todo:admin"))
        .test("listen", &["MCP-17"], listen(&["todo://items/5", "todo://items/private/5", "todo://items/secret"]), lacking("todo:read todo:admin todo:secret"))
        .test("listen to what is allowed", &[], listen(&["todo://items/5"]), ok())
        .test("listen to an unlisted one among others", &[], listen(&["todo://items/5", "todo://admin"]), not_allowed())
        .test("listen to nothing in particular", &[], post(&minted.read, message("subscriptions/listen", r#"{"notifications":{}}"#)), ok())
        .test("complete within the prefix", &[], complete("todo://items/5/{field}"), ok())
        .test("complete what may be anything below the prefix", &[], complete("todo://items/{id}"), lacking("todo:read todo:admin todo:secret"))
        .test("complete a template with a rule of its own", &[], complete("todo://{user}/items"), lacking("todo:admin"))
        .test("complete an unlisted one", &[], complete("todo://admin/{x}"), not_allowed())
        .test("complete what may be anything", &[], complete("{+uri}"), not_allowed())
        .test("a list of resources names none", &[], post(&minted.none, message("resources/list", "{}")), passes(&[]))
        .test("tools are not named by this policy", &[], post(&minted.none, call("create_todo")), passes(&[]))
        .done()
}

fn other_resources(minted: &Minted) -> Group {
    let read = |uri: &str| post(&minted.read, message("resources/read", &json!({"uri": uri}).to_string()));
    let policy = Policy { other_resources: Some(need(&["todo:other"])), ..resource_policy() };
    group("A rule for all other resources", policy)
        .proving(&["design:resources"])
        .test("another", &[], read("todo://admin"), lacking("todo:other"))
        .test("a listed one", &[], read("todo://items/5"), passes(&["todo:read"]))
        .noting(&["bypass"])
        .test("what some server might read as a listed one", &[], read("todo://x/../items/private/5"), not_allowed())
        .test("what is no URI", &[], read("items"), not_allowed())
        .done()
}

fn prompts(minted: &Minted) -> Group {
    let get = |name: &str| post(&minted.read, message("prompts/get", &json!({"name": name}).to_string()));
    let complete = |reference: &str| post(&minted.read, message("completion/complete", &format!(r#"{{"ref":{reference},"argument":{{"name":"x","value":""}}}}"#)));
    let policy = Policy { prompts: rules(&[("summary", need(&["todo:read"])), ("audit", need(&["todo:admin"]))]), ..Policy::default() };
    group("Prompts by name", policy)
        .proving(&["design:operations"])
        .test("one that the token is good for", &[], get("summary"), passes(&["todo:read"]))
        .test("one that it is not good for", &["MCP-16"], get("audit"), lacking("todo:admin"))
        .test("an unlisted one", &[], get("other"), not_allowed())
        .test("completing its arguments", &[], complete(r#"{"type":"ref/prompt","name":"summary"}"#), passes(&["todo:read"]))
        .noting(&["bypass"])
        .test("completing those of another", &[], complete(r#"{"type":"ref/prompt","name":"audit"}"#), lacking("todo:admin"))
        .test("completing those of an unlisted one", &[], complete(r#"{"type":"ref/prompt","name":"other"}"#), not_allowed())
        .test("a reference of another kind", &[], complete(r#"{"type":"ref/tool","name":"audit"}"#), invalid())
        .test("a reference without a kind", &[], complete(r#"{"name":"audit"}"#), invalid())
        .test("a reference that is a list", &[], complete(r#"["ref/prompt","audit"]"#), invalid())
        .test("no reference", &[], post(&minted.read, message("completion/complete", "{}")), invalid())
        .test("prompts/list names none", &[], post(&minted.none, message("prompts/list", "{}")), passes(&[]))
        .done()
}

fn base(minted: &Minted) -> Group {
    let policy = Policy { base: Some(vec![all_of(&["todo:read"])]), tools: todo_tools(), methods: rules(&[("ping", Rule::Requirement(Vec::new()))]), ..Policy::default() };
    let (read, write) = (&minted.read, &minted.write);
    let other = |method: &str| request(Call::Operation, method, "/mcp").token(write);
    group("The base requirement of an endpoint", policy)
        .proving(&["design:operations"])
        .test("whatever no rule names", &["MCP-16"], post(write, message("tools/list", "{}")), lacking("todo:read"))
        .test("satisfied", &[], post(read, message("tools/list", "{}")), passes(&["todo:read"]))
        .test("a notification", &[], post(write, r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#), lacking("todo:read"))
        .test("a response", &[], post(write, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#), lacking("todo:read"))
        .test("GET", &["MCP-36"], other("GET"), lacking("todo:read"))
        .test("DELETE", &["MCP-36"], other("DELETE"), lacking("todo:read"))
        .test("together with a tool's own: one complete challenge", &["MCP-17"], post(read, call("create_todo")), lacking("todo:read todo:write"))
        .test("also where the tool's own is satisfied", &["MCP-17"], post(write, call("create_todo")), lacking("todo:read todo:write"))
        .test("a rule that asks for nothing does not take it away", &[], post(write, message("ping", "{}")), lacking("todo:read"))
        .done()
}

fn others(minted: &Minted) -> Group {
    let policy = Policy { other_tools: Some(need(&["todo:admin"])), other_prompts: Some(need(&["todo:read"])), tools: todo_tools(), ..Policy::default() };
    group("Rules for all other tools and prompts", policy)
        .proving(&["design:operations"])
        .test("another tool", &[], post(&minted.read, call("archive_todo")), lacking("todo:admin"))
        .test("another tool, satisfied", &[], post(&minted.admin, call("archive_todo")), passes(&["todo:admin"]))
        .test("a listed tool", &[], post(&minted.admin, call("create_todo")), lacking("todo:write"))
        .test("any prompt", &[], post(&minted.write, message("prompts/get", r#"{"name":"x"}"#)), lacking("todo:read"))
        .done()
}

fn unpoliced(minted: &Minted) -> Group {
    group("A policy that names nothing: any valid token, but bodies are clean", Policy::default())
        .proving(&["design:operations"])
        .test("any tool", &[], post(&minted.none, call("anything")), passes(&[]))
        .test("any resource, however it is spelt", &[], post(&minted.none, message("resources/read", r#"{"uri":"x/../y"}"#)), passes(&[]))
        .test("no token", &["MCP-13"], without_token(call("anything")), denied("missing_token"))
        .test("duplicate members", &["design:body-bytes"], post(&minted.none, r#"{"jsonrpc":"2.0","method":"a","method":"b"}"#), unreadable())
        .test("a form", &["design:body-content"], plain(&minted.none).header("content-type", "application/x-www-form-urlencoded").body(Body::Text("a=b".into())), unsupported())
        .done()
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
    let policy = Policy { tools: todo_tools(), base: Some(vec![all_of(&["todo:base"])]), public_methods: strings(&["ping"]), ..Policy::default() };
    let mut group = group("Without base scopes, the challenge of a public endpoint asks for those of the operation", policy).proving(&["design:public-operations", "design:challenge-scopes"]);
    group.server = Settings { challenge_scopes: None, ..usual() };
    let asks = |scopes: &str| WIRE.denied_asking("missing_token", scopes);
    group
        .test("a tool", &["MCP-05"], without_token(call("create_todo")), asks("todo:base todo:write"))
        .test("a batch", &["MCP-17"], without_token(format!("[{},{}]", call("list_todos"), call("create_todo"))), asks("todo:base todo:read todo:write"))
        .test("what cannot be judged", &[], without_token("{bad"), asks(""))
        .test("a public method does not need the base either", &[], post(&minted.none, message("ping", "{}")), passes(&[]))
        .done()
}

fn functions(minted: &Minted) -> Group {
    let function = |name: &str| Rule::Function { function: name.into() };
    let policy = Policy {
        tools: rules(&[("write_list", function("list_scope")), ("failing", function("failing")), ("plain", need(&["todo:read"]))]),
        resource_prefixes: rules(&[("todo://users", function("owner_only"))]),
        methods: rules(&[("completion/complete", need(&["todo:read"]))]),
        public_methods: strings(&["ping"]),
        ..Policy::default()
    };
    let write = |arguments: &str| post(&minted.read, message("tools/call", &format!(r#"{{"name":"write_list","arguments":{arguments}}}"#)));
    let read = |uri: &str| post(&minted.read, message("resources/read", &json!({"uri": uri}).to_string()));
    group("Entries that are functions of the call", policy)
        .proving(&["design:functions"])
        .test("of its arguments", &["MCP-16"], write(r#"{"list":"home"}"#), lacking("list:home"))
        .test("of its arguments, with an escape", &[], write(r#"{"l\u0069st":"h\u006fme"}"#), lacking("list:home"))
        .test("of arguments that are not there", &[], post(&minted.read, message("tools/call", r#"{"name":"write_list"}"#)), lacking("list:any"))
        .test("of arguments that are no object", &[], write("7"), lacking("list:any"))
        .test("of its name and the token: the owner", &[], read("todo://users/user-1"), passes(&["todo:read"]))
        .test("of its name and the token: another", &[], read("todo://users/user-2"), lacking("todo:admin"))
        .test("in a batch, each of its own call", &["design:batches"], post(&minted.read, format!("[{},{}]", message("tools/call", r#"{"name":"write_list","arguments":{"list":"a"}}"#), message("tools/call", r#"{"name":"write_list","arguments":{"list":"b"}}"#))), lacking("list:a list:b"))
        .test("one that fails", &[], post(&minted.read, call("failing")), denied("internal"))
        .test("without a token it is not asked", &["design:public-operations"], without_token(call("failing")), denied("missing_token"))
        .noting(&["bypass"])
        .test("the argument twice", &["design:body-bytes"], write(r#"{"list":"a","list":"b"}"#), unreadable())
        .test("the argument twice, once with an escape", &["design:body-bytes"], write(r#"{"list":"a","l\u0069st":"b"}"#), unreadable())
        .test("a nested member of the arguments twice", &["design:body-bytes"], write(r#"{"list":"a","x":[{"y":1,"y":1}]}"#), unreadable())
        .test("for an entry that is no function that is of no interest", &["design:body-bytes"], post(&minted.read, message("tools/call", r#"{"name":"plain","arguments":{"list":"a","list":"b"}}"#)), passes(&["todo:read"]))
        .done()
}

fn precedence(minted: &Minted) -> Group {
    let staff = Rule::Requirement(vec![all_of(&["todo:write"]), Condition::ClaimContains("roles".into(), "staff".into())]);
    let policy = Policy { tools: rules(&[("list_todos", need(&["todo:read"])), ("publish", staff)]), ..Policy::default() };
    let batch = |tools: &[&str]| format!("[{}]", tools.iter().map(|tool| call(tool)).collect::<Vec<_>>().join(","));
    group("Several needs that fail", policy)
        .proving(&["design:several-needs"])
        .test("claim and scope are there", &[], post(&minted.staff, call("publish")), passes(&["todo:write"]))
        .test("only the scope", &[], post(&minted.write, call("publish")), denied("claim_not_satisfied"))
        .test("neither", &[], post(&minted.read, call("publish")), denied("claim_not_satisfied"))
        .test("an unlisted tool goes before a claim", &[], post(&minted.read, batch(&["publish", "other"])), not_allowed())
        .test("an unlisted tool goes before a scope", &[], post(&minted.none, batch(&["list_todos", "other"])), not_allowed())
        .test("a claim goes before another tool's scope", &[], post(&minted.write, batch(&["list_todos", "publish"])), denied("claim_not_satisfied"))
        .test("a body that cannot be judged goes before all", &[], post(&minted.none, format!("[{},1]", call("other"))), invalid())
        .test("headers that contradict the body go before the policy", &["MCP-32"], post(&minted.none, call("other")).header("mcp-name", "list_todos"), mismatch())
        .done()
}

fn parsed(minted: &Minted) -> Group {
    let post = |token: &str, value: &str| plain(token).header("content-type", "application/json").body(Body::Parsed(value.into()));
    let read = &minted.read;
    todo_group("A value that a framework has parsed is what executes, so it is what is judged")
        .proving(&["design:parsed-bodies"])
        .test("a tool that the token is good for", &[], post(read, &call("list_todos")), passes(&["todo:read"]))
        .test("a tool that it is not good for", &["MCP-16"], post(read, &call("create_todo")), lacking("todo:write"))
        .test("an unlisted tool", &[], post(read, &call("other")), not_allowed())
        .test("a batch", &["design:batches"], post(read, &format!("[{},{}]", call("list_todos"), call("create_todo"))), lacking("todo:read todo:write"))
        .noting(&["bypass"])
        .test("a member in other case", &["design:body-case"], post(read, &message("tools/call", r#"{"name":"list_todos","Name":"create_todo"}"#)), invalid())
        .test("an empty batch", &["design:batches"], post(read, "[]"), invalid())
        .test("an empty object, as frameworks make of nothing", &[], post(read, "{}"), invalid())
        .test("null", &[], post(read, "null"), invalid())
        .test("a text", &[], post(read, "\"x\""), invalid())
        .test("header rules hold: another type", &["design:body-content"], plain(read).header("content-type", "application/json; charset=utf-16").body(Body::Parsed(call("list_todos"))), unsupported())
        .test("header rules hold: a coding that was taken off", &["design:body-content"], post(read, &call("list_todos")).header("content-encoding", "gzip"), unsupported())
        .test("header rules hold: the name", &["MCP-32"], post(read, &call("create_todo")).header("mcp-name", "list_todos"), mismatch())
        .done()
}

fn hierarchy(minted: &Minted) -> Group {
    let implies = BTreeMap::from([("todo:admin".to_owned(), strings(&["todo:read", "todo:write", "todo:delete"]))]);
    let mut group = todo_group("The hierarchy of scopes holds for tools").proving(&["MCP-19"]);
    group.server = Settings { scope_implies: Some(implies), ..usual() };
    group
        .test("a broad scope", &[], post(&minted.admin, call("delete_todo")), passes(&["todo:admin"]))
        .test("a narrow one", &[], post(&minted.write, call("delete_todo")), lacking("todo:write todo:delete"))
        .done()
}

fn credentials(minted: &Minted) -> Group {
    let bad = || "{bad".to_owned();
    todo_group("Bad credentials are answered whatever the body is")
        .proving(&["MCP-13", "design:order"])
        .test("no token and a malformed body: 401, not 400 or 422", &["MCP-15"], without_token(bad()), denied("missing_token"))
        .test("an expired token and a malformed body", &["MCP-11"], post(&minted.expired, bad()), denied("expired"))
        .test("two credentials and a malformed body", &["B-04"], post(&minted.read, bad()).token(&minted.read), denied("multiple_credentials"))
        .test("an expired token and an unlisted tool", &["B-10"], post(&minted.expired, call("other")), denied("expired"))
        .test("no token and another type", &["MCP-15"], request(Call::Operation, "POST", "/mcp").header("content-type", "text/plain").body(Body::Text(bad())), denied("missing_token"))
        .test("bearer in lower case", &["B-02"], without_token(call("list_todos")).header("authorization", format!("bearer {}", minted.read)), passes(&["todo:read"]))
        .done()
}
