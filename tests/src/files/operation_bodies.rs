//! Bodies: what was judged is what runs.

use crate::author::{denied, file as of, request};
use crate::keys::Keys;
use crate::model::{Body, Call, File, Group, Input, Policy};

use super::operation::{
    Minted, NOTES, call, group, invalid, lacking, message, mismatch, not_allowed, passes, plain, post,
    post_bytes, todo_group, todo_tools, unreadable, unsupported, without_token,
};

pub(super) fn file(keys: &Keys) -> File {
    let minted = Minted::new(keys);
    of(
        &NOTES,
        vec![
            bytes(&minted),
            spelling(&minted),
            batches(&minted),
            content(&minted),
            size(&minted),
            parsed(&minted),
            other_methods(&minted),
        ],
    )
}

fn bytes(minted: &Minted) -> Group {
    let write = &minted.write;
    let good = call("create_todo");
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf32: Vec<u8> = good.chars().flat_map(|c| (c as u32).to_be_bytes()).collect();
    let deep = message(
        "tools/call",
        &format!(r#"{{"name":"create_todo","arguments":{{"x":{}1{}}}}}"#, "[".repeat(60), "]".repeat(60)),
    );
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
    let top = |member: &str| {
        post(
            write,
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"create_todo"}},{member}}}"#
            ),
        )
    };
    let inside =
        |member: &str| post(write, message("tools/call", &format!(r#"{{"name":"create_todo",{member}}}"#)));
    let group = todo_group("Members that differ only in case from those that decide")
        .proving(&["design:body-case"])
        .noting(&["bytes", "bypass"]);
    let group =
        ["Jsonrpc", "ID", "Method", "METHOD", "Params", "PARAMS", "Name", "Uri", "Ref", "Arguments", "_Meta"]
            .into_iter()
            .fold(group, |group, name| {
                group.test(&format!("{name} at the top"), &[], top(&format!(r#""{name}":1"#)), invalid())
            });
    let group = ["Name", "NAME", "nAme", "Uri", "Ref", "Arguments", "_META", "Method", "Params"]
        .into_iter()
        .fold(group, |group, name| {
            group.test(
                &format!("{name} in params"),
                &[],
                inside(&format!(r#""{name}":"delete_todo""#)),
                invalid(),
            )
        });
    group
        .test(
            "Name alone in params",
            &[],
            post(write, message("tools/call", r#"{"Name":"create_todo"}"#)),
            invalid(),
        )
        .test(
            "Method alone at the top",
            &[],
            post(write, r#"{"jsonrpc":"2.0","id":1,"Method":"tools/call","params":{"name":"create_todo"}}"#),
            invalid(),
        )
        .test("NAME through an escape", &[], inside(r#""\u004eAME":"delete_todo""#), invalid())
        .test("Name in _meta", &[], inside(r#""_meta":{"Name":"delete_todo"}"#), invalid())
        .test(
            "Name in ref",
            &[],
            post(
                write,
                message("completion/complete", r#"{"ref":{"type":"ref/prompt","name":"a","Name":"b"}}"#),
            ),
            invalid(),
        )
        .test(
            "Name in the arguments decides nothing",
            &[],
            inside(r#""arguments":{"Name":"x","METHOD":"y"}"#),
            passes(&["todo:write"]),
        )
        .test(
            "a member that only starts like one",
            &[],
            inside(r#""names":1,"nam":2"#),
            passes(&["todo:write"]),
        )
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
        .test(
            "of several that the token is good for",
            &[],
            post(read, batch(&[call("list_todos"), ping(), call("list_todos")])),
            passes(&["todo:read"]),
        )
        .noting(&["bypass"])
        .test(
            "one that it is not good for, last",
            &["MCP-17"],
            post(read, batch(&[call("list_todos"), ping(), call("create_todo")])),
            lacking("todo:read todo:write"),
        )
        .test(
            "one that it is not good for, first",
            &["MCP-17"],
            post(read, batch(&[call("create_todo"), call("list_todos")])),
            lacking("todo:write todo:read"),
        )
        .test(
            "the union of all",
            &["MCP-17"],
            post(write, batch(&[call("list_todos"), call("delete_todo")])),
            lacking("todo:read todo:write todo:delete"),
        )
        .test(
            "an unlisted tool among them",
            &[],
            post(read, batch(&[call("list_todos"), call("drop_database")])),
            not_allowed(),
        )
        .test(
            "a response beside a call",
            &[],
            post(read, batch(&[r#"{"jsonrpc":"2.0","id":9,"result":{}}"#.into(), call("create_todo")])),
            lacking("todo:write"),
        )
        .test("empty", &[], post(read, "[]"), invalid())
        .test("empty, with white space", &[], post(read, " [ ] "), invalid())
        .test("nested", &[], post(read, format!("[[{}]]", call("create_todo"))), invalid())
        .test(
            "nested, beside a message",
            &[],
            post(read, format!("[{},[{}]]", ping(), call("create_todo"))),
            invalid(),
        )
        .test("something else than messages", &[], post(read, format!("[{},1]", ping())), invalid())
        .test("null among messages", &[], post(read, format!("[null,{}]", ping())), invalid())
        .test(
            "one that cannot be judged",
            &[],
            post(read, batch(&[ping(), message("tools/call", "{}")])),
            invalid(),
        )
        .test(
            "duplicate members in one of them",
            &[],
            post(read, batch(&[ping(), r#"{"jsonrpc":"2.0","method":"ping","method":"tools/call"}"#.into()])),
            unreadable(),
        )
        .test(
            "something after the batch",
            &[],
            post(read, format!("{}{}", batch(&[ping()]), call("create_todo"))),
            unreadable(),
        )
        .test("100 messages", &[], post(read, many(100)), passes(&["todo:read"]))
        .test("101 messages", &[], post(read, many(101)), invalid())
        .done()
}

fn content(minted: &Minted) -> Group {
    let write = &minted.write;
    let typed = |content_type: &str| {
        plain(write).header("content-type", content_type).body(Body::Text(call("create_todo")))
    };
    let coded = |coding: &str| post(write, call("create_todo")).header("content-encoding", coding);
    let good = [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "application/json; charset=\"utf-8\"",
    ];
    let bad = [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "application/jsonp",
        "application/vnd.api+json",
        "application/json-rpc",
        "application/json, text/plain",
        "application/json; charset=utf-7",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
        "application/json; charset=",
        "application/json; charset=utf-8; charset=utf-16",
        "application/json; charset=\"utf-16",
        "application/json\u{e9}",
    ];
    let group = todo_group("A body is plain JSON by its fields, too").proving(&["design:body-content"]);
    let group = good
        .into_iter()
        .fold(group, |group, name| group.test(name, &[], typed(name), passes(&["todo:write"])));
    let group = group.noting(&["bypass"]);
    let group = bad
        .into_iter()
        .fold(group, |group, name| group.test(&format!("{name:?}"), &[], typed(name), unsupported()));
    let group = ["gzip", "GZIP", "br", "deflate", "x", "identity, gzip", "gzip, identity"]
        .into_iter()
        .fold(group, |group, coding| {
            group.test(&format!("the coding {coding}"), &[], coded(coding), unsupported())
        });
    group
        .test("the coding identity", &[], coded("identity"), passes(&["todo:write"]))
        .test("no type", &[], plain(write).body(Body::Text(call("create_todo"))), unsupported())
        .test(
            "two types",
            &[],
            typed("application/json").header("content-type", "application/json"),
            unsupported(),
        )
        .test(
            "two types, the second in other case",
            &[],
            typed("application/json").header("Content-Type", "text/plain"),
            unsupported(),
        )
        .test(
            "two codings, one of them identity",
            &[],
            coded("identity").header("content-encoding", "gzip"),
            unsupported(),
        )
        .test(
            "GET is not judged by its type",
            &[],
            request(Call::Operation, "GET", "/mcp").header("content-type", "text/plain").token(write),
            passes(&["todo:write"]),
        )
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
        .test(
            "much longer, and no JSON",
            &[],
            post(&minted.write, "x".repeat(5000)),
            denied("body_too_large"),
        )
        .test("longer, without a token", &["MCP-13"], without_token("x".repeat(301)), denied("missing_token"))
        .test(
            "longer, with a bad token",
            &["MCP-11"],
            post(&minted.expired, "x".repeat(301)),
            denied("expired"),
        )
        .done()
}

fn parsed(minted: &Minted) -> Group {
    let post = |token: &str, value: &str| {
        plain(token).header("content-type", "application/json").body(Body::Parsed(value.into()))
    };
    let read = &minted.read;
    todo_group("A value that a framework has parsed is what executes, so it is what is judged")
        .proving(&["design:parsed-bodies"])
        .test(
            "a tool that the token is good for",
            &[],
            post(read, &call("list_todos")),
            passes(&["todo:read"]),
        )
        .test(
            "a tool that it is not good for",
            &["MCP-16"],
            post(read, &call("create_todo")),
            lacking("todo:write"),
        )
        .test("an unlisted tool", &[], post(read, &call("other")), not_allowed())
        .test(
            "a batch",
            &["design:batches"],
            post(read, &format!("[{},{}]", call("list_todos"), call("create_todo"))),
            lacking("todo:read todo:write"),
        )
        .noting(&["bypass"])
        .test(
            "a member in other case",
            &["design:body-case"],
            post(read, &message("tools/call", r#"{"name":"list_todos","Name":"create_todo"}"#)),
            invalid(),
        )
        .test("an empty batch", &["design:batches"], post(read, "[]"), invalid())
        .test("an empty object, as frameworks make of nothing", &[], post(read, "{}"), invalid())
        .test("null", &[], post(read, "null"), invalid())
        .test("a text", &[], post(read, "\"x\""), invalid())
        .test(
            "header rules hold: another type",
            &["design:body-content"],
            plain(read)
                .header("content-type", "application/json; charset=utf-16")
                .body(Body::Parsed(call("list_todos"))),
            unsupported(),
        )
        .test(
            "header rules hold: a coding that was taken off",
            &["design:body-content"],
            post(read, &call("list_todos")).header("content-encoding", "gzip"),
            unsupported(),
        )
        .test(
            "header rules hold: the name",
            &["MCP-32"],
            post(read, &call("create_todo")).header("mcp-name", "list_todos"),
            mismatch(),
        )
        .done()
}

fn other_methods(minted: &Minted) -> Group {
    let bare = |method: &str| request(Call::Operation, method, "/mcp");
    let other = |method: &str| bare(method).token(&minted.write);
    let with = |input: Input, body: &str| {
        input.header("content-type", "application/json").body(Body::Text(body.to_owned()))
    };
    let good = call("list_todos");
    let preflight = |input: Input| {
        input.header("origin", "https://a.example").header("access-control-request-method", "POST")
    };
    let group = todo_group("A body under another name than POST: no handler may take it for a call")
        .proving(&["design:operations", "design:body-content"])
        .test("PUT without one", &[], other("PUT"), passes(&["todo:write"]))
        .test("empty", &[], with(other("PUT"), ""), passes(&["todo:write"]))
        .noting(&["bypass"]);
    ["GET", "HEAD", "DELETE", "OPTIONS", "PUT", "PATCH", "QUERY", "TRACE", "get"]
        .into_iter()
        .fold(group, |group, method| group.test(method, &[], with(other(method), &good), unsupported()))
        .test("one that needs no scope", &[], with(other("PUT"), &message("ping", "{}")), unsupported())
        .test("white space", &[], with(other("PUT"), " "), unsupported())
        .test("of another type", &[], other("PUT").body(Body::Text(good.clone())), unsupported())
        .test("parsed", &[], other("PUT").body(Body::Parsed(good.clone())), unsupported())
        .test("without a token", &[], with(bare("PUT"), &good), denied("missing_token"))
        .test("a preflight has none", &[], with(preflight(bare("OPTIONS")), &good), denied("missing_token"))
        .test("nor with a token", &[], with(preflight(other("OPTIONS")), &good), denied("missing_token"))
        .done()
}
