//! Members that two JSON parsers could read differently, however they hide it.

use crate::author::file as of;
use crate::keys::Keys;
use crate::model::{File, Group};

use super::operation::{
    Minted, NOTES, call, invalid, message, not_allowed, passes, post, todo_group, unreadable,
};

pub(super) fn file(keys: &Keys) -> File {
    let minted = Minted::new(keys);
    of(&NOTES, vec![twice(&minted), spelling(&minted), private_names(&minted), batches(&minted)])
}

pub(super) const CREATE: &str = r#"{"name":"create_todo","arguments":{"title":"x"}}"#;

pub(super) fn complete(reference: &str) -> String {
    message(
        "completion/complete",
        &format!(r#"{{"ref":{{{reference}}},"argument":{{"name":"a","value":"b"}}}}"#),
    )
}

pub(super) fn with_meta(meta: &str) -> String {
    message("tools/call", &format!(r#"{{"name":"create_todo","_meta":{{{meta}}}}}"#))
}

/// A call of a tool that the token is good for, with one more member at the top.
pub(super) fn with_top(member: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{CREATE},{member}}}"#)
}

/// The same with one more member in `params`.
pub(super) fn with_param(member: &str) -> String {
    message("tools/call", &format!(r#"{{"name":"create_todo",{member}}}"#))
}

fn twice(minted: &Minted) -> Group {
    let cases: [(&str, String); 24] = [
        ("jsonrpc", with_top(r#""jsonrpc":"2.0""#)),
        ("id", with_top(r#""id":2"#)),
        ("id, through an escape", with_top(r#""\u0069d":1"#)),
        (
            "method, all of its name through escapes",
            with_top(r#""\u006d\u0065\u0074\u0068\u006f\u0064":"ping""#),
        ),
        ("params, through an escape", with_top(r#""p\u0061rams":{"name":"delete_todo"}"#)),
        (
            "params, null first",
            r#"{"jsonrpc":"2.0","id":1,"params":null,"method":"tools/call","params":{"name":"create_todo"}}"#
                .to_owned(),
        ),
        ("an unknown member, through an escape", with_top(r#""x":1,"\u0078":1"#)),
        ("an empty name", with_top(r#""":1,"":1"#)),
        ("name, far away", with_param(r#""arguments":{"title":"x"},"a":1,"b":2,"name":"delete_todo""#)),
        ("arguments", with_param(r#""arguments":{"title":"a"},"arguments":{"title":"b"}"#)),
        ("arguments, through an escape", with_param(r#""arguments":{},"argument\u0073":{}"#)),
        ("uri", message("resources/read", r#"{"uri":"todo://a","uri":"todo://b"}"#)),
        ("uri, through an escape", message("resources/read", r#"{"uri":"todo://a","ur\u0069":"todo://b"}"#)),
        ("an unknown member of params", with_param(r#""x":1,"x":1"#)),
        (
            "ref",
            message(
                "completion/complete",
                r#"{"ref":{"type":"ref/prompt","name":"a"},"ref":{"type":"ref/prompt","name":"b"}}"#,
            ),
        ),
        ("ref.type", complete(r#""type":"ref/prompt","type":"ref/resource","name":"a","uri":"todo://a""#)),
        ("ref.name, through an escape", complete(r#""type":"ref/prompt","name":"a","\u006eame":"b""#)),
        ("ref.uri", complete(r#""type":"ref/resource","uri":"todo://a","uri":"todo://b""#)),
        ("an unknown member of ref", complete(r#""type":"ref/prompt","name":"a","x":1,"x":2"#)),
        ("_meta", with_param(r#""_meta":{},"_meta":{}"#)),
        ("_meta, through an escape", with_param(r#""_meta":{},"\u005fmeta":{}"#)),
        ("a member of _meta, through an escape", with_meta(r#""a":1,"\u0061":1"#)),
        (
            "the protocol version in _meta",
            with_meta(
                r#""io.modelcontextprotocol/protocolVersion":"2025-11-25","io.modelcontextprotocol/protocolVersion":"2026-07-28""#,
            ),
        ),
        ("an empty name in _meta", with_meta(r#""":1,"":1"#)),
    ];
    let group = todo_group("A member twice, where it decides")
        .proving(&["design:body-bytes", "peer:duplicate-members"])
        .noting(&["bytes", "bypass"]);
    let group = cases
        .into_iter()
        .fold(group, |group, (what, body)| group.test(what, &[], post(&minted.write, body), unreadable()));
    let many: Vec<String> = (0..100).map(|index| format!(r#""m{index}":0"#)).collect();
    let many = many.join(",");
    group
        .test(
            "the first of a hundred, in params",
            &[],
            post(&minted.write, with_param(&format!(r#"{many},"name":"delete_todo""#))),
            unreadable(),
        )
        .test(
            "the last of a hundred, in _meta",
            &[],
            post(&minted.write, with_meta(&format!(r#"{many},"m99":0"#))),
            unreadable(),
        )
        .test("none of a hundred", &[], post(&minted.write, with_param(&many)), passes(&["todo:write"]))
        .test(
            "below _meta, where nothing decides",
            &[],
            post(&minted.write, with_meta(r#""a":{"b":1,"b":2}"#)),
            passes(&["todo:write"]),
        )
        .done()
}

pub(super) const NAMES: [(&str, &[&str]); 9] = [
    ("jsonrpc", &["JSONRPC", "jsonRpc", "j\\u0053onrpc", "j\u{17f}onrpc"]),
    ("id", &["Id", "iD", "\\u0049d", "\u{131}d"]),
    ("method", &["METHOD", "methoD", "m\\u0045thod"]),
    ("params", &["Params", "PARAMS", "param\\u0053", "param\u{17f}"]),
    ("name", &["Name", "NAME", "n\\u0041me"]),
    ("uri", &["URI", "Uri", "ur\\u0049", "ur\u{131}"]),
    ("ref", &["REF", "Ref", "r\\u0045f"]),
    ("arguments", &["Arguments", "ARGUMENTS", "argument\\u0053", "argument\u{17f}"]),
    ("_meta", &["_Meta", "_META", "_met\\u0041"]),
];

/// A body with this member somewhere.
type Body = fn(&str) -> String;

fn spelling(minted: &Minted) -> Group {
    let places: [(&str, Body); 4] = [
        ("at the top", with_top),
        ("in params", with_param),
        ("in ref", |member| complete(&format!(r#""type":"ref/prompt","name":"a",{member}"#))),
        ("in _meta", with_meta),
    ];
    let mut group = todo_group("Each member that decides, in every place, in other spellings")
        .proving(&["design:body-case"])
        .noting(&["bytes", "bypass"]);
    for (place, body) in places {
        for name in NAMES.iter().flat_map(|(_, variants)| variants.iter()) {
            let body = body(&format!(r#""{name}":"delete_todo""#));
            group = group.test(&format!("{name} {place}"), &[], post(&minted.write, body), invalid());
        }
    }
    group
        .test(
            "a name with something in front",
            &[],
            post(&minted.write, with_param(r#""xname":1,"$name":1"#)),
            passes(&["todo:write"]),
        )
        .test(
            "a name with a zero",
            &[],
            post(&minted.write, with_param(r#""name\u0000":"delete_todo""#)),
            passes(&["todo:write"]),
        )
        .test(
            "a name with a space",
            &[],
            post(&minted.write, with_param(r#""name ":"delete_todo"," name":1"#)),
            passes(&["todo:write"]),
        )
        .done()
}

/// `serde_json` gives these names a meaning when some crate of the build asks for it.
fn private_names(minted: &Minted) -> Group {
    let inner = call("delete_todo").replace('"', "\\\"");
    let raw = |text: &str| format!(r#"{{"$serde_json::private::RawValue":"{text}"}}"#);
    let number = r#"{"$serde_json::private::Number":"1"}"#;
    let params = r#"{\"name\":\"create_todo\"}"#;
    let param = |name: &str, value: &str| with_param(&format!(r#""{name}":{value}"#));
    let refused: [(&str, String); 18] = [
        ("raw text as the message", raw(&inner)),
        ("raw text as the message, through an escape", raw(&inner).replace('$', "\\u0024")),
        ("raw text in a batch", format!("[{}]", raw(&inner))),
        ("raw text as a batch", raw(&format!("[{inner}]"))),
        ("raw text as params", message("tools/call", &raw(params))),
        (
            "raw text as params, through an escape",
            message("tools/call", &raw(params).replace("Raw", "\\u0052aw")),
        ),
        (
            "raw text as params, and more",
            message("tools/call", &format!(r#"{{"$serde_json::private::RawValue":"{params}","x":1}}"#)),
        ),
        (
            "raw text as the name",
            message("tools/call", &format!(r#"{{"name":{}}}"#, raw("\\\"create_todo\\\""))),
        ),
        (
            "raw text as the method",
            format!(r#"{{"jsonrpc":"2.0","id":1,"method":{},"params":{CREATE}}}"#, raw("\\\"tools/call\\\"")),
        ),
        (
            "raw text as the version",
            format!(r#"{{"jsonrpc":{},"id":1,"method":"tools/call","params":{CREATE}}}"#, raw("\\\"2.0\\\"")),
        ),
        (
            "raw text as ref",
            message(
                "completion/complete",
                &format!(r#"{{"ref":{}}}"#, raw(r#"{\"type\":\"ref/prompt\",\"name\":\"a\"}"#)),
            ),
        ),
        ("raw text as ref.name", complete(&format!(r#""type":"ref/prompt","name":{}"#, raw("\\\"a\\\"")))),
        (
            "raw text as the uri",
            message("resources/read", &format!(r#"{{"uri":{}}}"#, raw("\\\"todo://a\\\""))),
        ),
        ("a number as the message", number.to_owned()),
        ("a number in a batch", format!("[{number}]")),
        ("a number as params", message("tools/call", number)),
        ("a number as _meta", param("_meta", number)),
        ("a number as _meta, and more", param("_meta", r#"{"$serde_json::private::Number":"1","a":1}"#)),
    ];
    let group = todo_group("The private member names of a JSON library")
        .proving(&["design:body-bytes", "peer:private-member-names"])
        .noting(&["bytes", "bypass"]);
    let group = refused
        .into_iter()
        .fold(group, |group, (what, body)| group.test(what, &[], post(&minted.write, body), invalid()));
    let beside = format!(
        r#"{{"$serde_json::private::RawValue":"{inner}","jsonrpc":"2.0","id":1,"method":"tools/call","params":{CREATE}}}"#
    );
    let instead = beside.replace(CREATE, r#"{"name":"drop_database"}"#);
    let pass = || passes(&["todo:write"]);
    group
        .test("raw text beside the message: the message counts", &[], post(&minted.write, &*beside), pass())
        .test("raw text beside another message: that message counts", &[], post(&minted.write, instead), not_allowed())
        .test("raw text as the arguments, which decide nothing", &[], post(&minted.write, param("arguments", &raw("{}"))), pass())
        .test("a number as the arguments", &[], post(&minted.write, param("arguments", number)), pass())
        .test("raw text twice", &["peer:duplicate-members"], post(&minted.write, message("tools/call", r#"{"name":"create_todo","$serde_json::private::RawValue":"1","$serde_json::private::RawValue":"2"}"#)), unreadable())
        .done()
}

fn batches(minted: &Minted) -> Group {
    let (read, write) = (&minted.read, &minted.write);
    let batch = |messages: &[&str]| format!("[{}]", messages.join(","));
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let (list, create) = (call("list_todos"), call("create_todo"));
    let hundred = vec![ping; 100];
    todo_group("Batches that hide something")
        .proving(&["design:batches"])
        .noting(&["bytes", "bypass"])
        .test("two empty batches", &[], post(read, "[][]"), unreadable())
        .test("an empty batch in a batch", &[], post(read, "[[]]"), invalid())
        .test("an empty batch after a message", &[], post(read, batch(&[ping, "[]"])), invalid())
        .test("an empty object in a batch", &[], post(read, batch(&[ping, "{}"])), invalid())
        .test("a text in a batch", &[], post(read, batch(&[ping, "\"x\""])), invalid())
        .test(
            "the tool of the 100th message",
            &["MCP-17"],
            post(write, batch(&[&hundred[..99], &[&*call("drop_database")]].concat())),
            not_allowed(),
        )
        .test(
            "a 101st message that is a tool",
            &[],
            post(write, batch(&[&hundred[..], &[&*create]].concat())),
            invalid(),
        )
        .test(
            "1,000 messages",
            &[],
            post(read, batch(&vec![r#"{"jsonrpc":"2.0","method":"x"}"#; 1000])),
            invalid(),
        )
        .test(
            "101 messages and no end",
            &[],
            post(read, format!("[{}", vec![ping; 101].join(","))),
            unreadable(),
        )
        .test("a trailing comma", &[], post(read, format!("[{ping},]")), unreadable())
        .test("two commas", &[], post(read, format!("[{ping},,{ping}]")), unreadable())
        .test("a batch as an object", &[], post(read, format!(r#"{{"0":{list},"length":1}}"#)), invalid())
        .test(
            "a member in other case in one of them",
            &["design:body-case"],
            post(
                read,
                batch(&[ping, &message("tools/call", r#"{"name":"list_todos","Name":"create_todo"}"#)]),
            ),
            invalid(),
        )
        .test(
            "a private name in one of them",
            &["peer:private-member-names"],
            post(read, batch(&[ping, &message("tools/call", r#"{"$serde_json::private::RawValue":"{}"}"#)])),
            invalid(),
        )
        .done()
}
