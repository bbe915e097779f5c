//! Numbers, nesting and characters that are none, in bodies (RFC 8259 sections 6 to 9).

use crate::author::file as of;
use crate::keys::Keys;
use crate::model::{Body, File, Group, Input, Policy, Rule};

use super::operation::{
    Minted, NOTES, call, group, invalid, message, need, not_allowed, passes, plain, post, post_bytes, rules,
    todo_group, unreadable,
};
use super::operation_members::{CREATE, NAMES, complete, with_meta, with_param, with_top};

pub(super) fn file(keys: &Keys) -> File {
    let minted = Minted::new(keys);
    of(&NOTES, vec![numbers(&minted), depth(&minted), characters(&minted), parsed(&minted)])
}

/// A number that decides nothing may be of any size; one where a text belongs is none (RFC 8259 section 6).
fn numbers(minted: &Minted) -> Group {
    let long = "9".repeat(5000);
    let identified =
        |id: &str| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{CREATE}}}"#);
    let pass = || passes(&["todo:write"]);
    let group = todo_group("Numbers, however large").proving(&["design:body-bytes"]).noting(&["bytes"]);
    let group = [
        "-1",
        "1.5",
        "1e400",
        "-1E+400",
        "1e-400",
        "9007199254740993",
        "18446744073709551616",
        "123456789012345678901234567890",
        &long,
    ]
    .into_iter()
    .fold(group, |group, id| {
        let name = if id.len() > 40 { "of 5,000 digits" } else { id };
        group.test(
            &format!("an id {name}"),
            &["peer:500-on-1e400"],
            post(&minted.write, identified(id)),
            pass(),
        )
    });
    let group = ["01", "+1", ".5", "1.", "0x1", "NaN", "Infinity", "-", "1e", "1n", "1_0"].into_iter().fold(
        group,
        |group, id| {
            group.test(
                &format!("an id {id}, which is no JSON"),
                &[],
                post(&minted.write, identified(id)),
                unreadable(),
            )
        },
    );
    let digits = "9".repeat(30);
    group
        .test(
            "a huge number in the arguments",
            &["peer:500-on-1e400"],
            post(&minted.write, with_param(r#""arguments":{"x":1e400}"#)),
            pass(),
        )
        .test(
            "a huge number in _meta, below",
            &["peer:500-on-1e400"],
            post(&minted.write, with_meta(r#""a":{"x":1e400}"#)),
            pass(),
        )
        .test(
            "a long number as the name",
            &[],
            post(&minted.write, message("tools/call", &format!(r#"{{"name":{digits}}}"#))),
            invalid(),
        )
        .test("a long number as params", &[], post(&minted.write, message("tools/call", &digits)), invalid())
        .test(
            "a long number as the version",
            &[],
            post(&minted.write, identified("1").replace(r#""2.0""#, &digits)),
            invalid(),
        )
        .test(
            "2.0 as a number",
            &[],
            post(&minted.write, identified("1").replace(r#""2.0""#, "2.0")),
            invalid(),
        )
        .done()
}

/// Nothing is read recursively, and what does not decide may nest as it likes (RFC 8259 section 9).
fn depth(minted: &Minted) -> Group {
    let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let objects = |levels: usize| format!("{}1{}", r#"{"x":"#.repeat(levels), "}".repeat(levels));
    let deep = || post(&minted.write, with_param(&format!(r#""arguments":{{"list":{}}}"#, nested(300))));
    let policy = Policy {
        tools: rules(&[
            ("create_todo", need(&["todo:write"])),
            ("write_list", Rule::Function { function: "list_scope".into() }),
        ]),
        ..Policy::default()
    };
    let write_list = |arguments: &str| {
        message("tools/call", &format!(r#"{{"name":"write_list","arguments":{arguments}}}"#))
    };
    let ids: &[&str] = &["peer:500-on-deep-json"];
    let pass = || passes(&["todo:write"]);
    group("Nesting", policy)
        .proving(&["design:body-bytes"])
        .noting(&["bytes"])
        .test("300 levels in the arguments", ids, deep(), pass())
        .test(
            "50,000 levels in the arguments",
            ids,
            post(&minted.write, with_param(&format!(r#""arguments":{}"#, nested(50_000)))),
            pass(),
        )
        .test(
            "10,000 objects in the arguments",
            ids,
            post(&minted.write, with_param(&format!(r#""arguments":{}"#, objects(10_000)))),
            pass(),
        )
        .test(
            "5,000 levels as the id",
            ids,
            post(
                &minted.write,
                format!(
                    r#"{{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{CREATE}}}"#,
                    nested(5000)
                ),
            ),
            pass(),
        )
        .test(
            "5,000 levels beside params",
            ids,
            post(&minted.write, with_top(&format!(r#""x":{}"#, nested(5000)))),
            pass(),
        )
        .test(
            "5,000 levels in _meta",
            ids,
            post(&minted.write, with_meta(&format!(r#""x":{}"#, nested(5000)))),
            pass(),
        )
        .test(
            "5,000 levels that never end",
            ids,
            post(&minted.write, with_param(&format!(r#""arguments":{}"#, "[".repeat(5000)))),
            unreadable(),
        )
        .test(
            "5,000 levels that end too often",
            ids,
            post(&minted.write, format!("{}]", with_param(&format!(r#""arguments":{}"#, nested(5000))))),
            unreadable(),
        )
        .test(
            "5,000 levels as the name",
            ids,
            post(&minted.write, message("tools/call", &format!(r#"{{"name":{}}}"#, nested(5000)))),
            invalid(),
        )
        .test(
            "5,000 levels as params",
            ids,
            post(&minted.write, message("tools/call", &nested(5000))),
            invalid(),
        )
        .test(
            "5,000 levels as the method",
            ids,
            post(&minted.write, format!(r#"{{"jsonrpc":"2.0","id":1,"method":{}}}"#, objects(5000))),
            invalid(),
        )
        .test(
            "a batch in 5,000 batches",
            &["peer:500-on-deep-json", "design:batches"],
            post(&minted.write, nested(5000)),
            invalid(),
        )
        .test(
            "5,000 batches that never end",
            &["peer:500-on-deep-json", "design:batches"],
            post(&minted.write, "[".repeat(5000)),
            unreadable(),
        )
        .noting(&["bytes", "bypass"])
        .test(
            "for a function, a call that nests too deep to be looked at is none",
            &["design:functions"],
            post(&minted.write, write_list(&nested(300))),
            unreadable(),
        )
        .done()
}

fn characters(minted: &Minted) -> Group {
    let write = &minted.write;
    let good = call("create_todo");
    let pass = || passes(&["todo:write"]);
    let replaced = |old: &str, new: &[u8]| {
        let (before, after) = good.split_once(old).expect("it is there");
        post_bytes(write, &[before.as_bytes(), new, after.as_bytes()].concat())
    };
    todo_group("Characters that are none")
        .proving(&["design:body-bytes"])
        .noting(&["bytes", "bypass"])
        .test("a zero in front", &[], post(write, format!("\0{good}")), unreadable())
        .test("a zero between members", &[], post(write, good.replace(r#","id""#, ",\0\"id\"")), unreadable())
        .test("a zero in the name", &[], post(write, call("create_todo\0")), unreadable())
        .test("a zero in a member's name", &[], post(write, with_param("\"x\0\":1")), unreadable())
        .test("a zero in an argument", &[], post(write, good.replace("\"x\"", "\"x\0\"")), unreadable())
        .test(
            "an escaped zero in an argument",
            &[],
            post(write, good.replace("\"x\"", r#""x\u0000""#)),
            pass(),
        )
        .test(
            "an escaped zero in the method",
            &[],
            post(write, good.replace("tools/call", r"tools/call\u0000")),
            pass(),
        )
        .test("many zeros after it", &[], post(write, format!("{good}{}", "\0".repeat(100))), unreadable())
        .test("zeros alone", &[], post(write, "\0\0"), unreadable())
        .test(
            "the other white space of Unicode",
            &[],
            post(write, format!("\u{a0}{good}\u{2028}")),
            unreadable(),
        )
        .test("a form feed", &[], post(write, format!("{good}\u{c}")), unreadable())
        .test("a line break in a text", &[], post(write, good.replace("\"x\"", "\"\n\"")), unreadable())
        .test("an escape that is none", &[], post(write, good.replace("\"x\"", r#""\x41""#)), unreadable())
        .test("an escape that is cut off", &[], post(write, good.replace("\"x\"", r#""\u00""#)), unreadable())
        .test(
            "half a surrogate pair in the method",
            &[],
            post(write, good.replace("tools/call", r"tools/call\udc00")),
            unreadable(),
        )
        .test(
            "half a surrogate pair in front of the name",
            &[],
            post(write, call(r"\ud83dcreate_todo")),
            unreadable(),
        )
        .test("a pair the wrong way round", &[], post(write, call(r"create_todo\ude00\ud83d")), unreadable())
        .test(
            "half a surrogate pair in a member of params",
            &[],
            post(write, with_param(r#""name\ud800":"delete_todo""#)),
            unreadable(),
        )
        .test(
            "half a surrogate pair in a member of _meta",
            &[],
            post(write, with_meta(r#""\udfff":1"#)),
            unreadable(),
        )
        .test(
            "half a surrogate pair in a member of ref",
            &[],
            post(write, complete(r#""type":"ref/prompt","name":"a","name\udc00":"b""#)),
            unreadable(),
        )
        .test(
            "half a surrogate pair as a value in _meta, which decides nothing",
            &[],
            post(write, with_meta(r#""a":"\ud800""#)),
            pass(),
        )
        .test("half a surrogate pair at the top", &[], post(write, with_top(r#""\ud800":1"#)), unreadable())
        .test(
            "half a surrogate pair in an argument, which decides nothing",
            &[],
            post(write, good.replace("\"x\"", r#""\ud800""#)),
            pass(),
        )
        .test(
            "a whole pair in the name is unlisted",
            &[],
            post(write, call(r"create_todo\ud83d\ude00")),
            not_allowed(),
        )
        .test("a surrogate in UTF-8", &[], replaced("x", b"\xed\xa0\x80"), unreadable())
        .test("a surrogate pair in UTF-8", &[], replaced("x", b"\xed\xa0\xbd\xed\xb8\x80"), unreadable())
        .test("an overlong zero", &[], replaced("x", b"\xc0\x80"), unreadable())
        .test("an overlong quote", &[], replaced("x", b"\xc0\xa2"), unreadable())
        .test("beyond the last character", &[], replaced("x", b"\xf4\x90\x80\x80"), unreadable())
        .test("a character cut off", &[], replaced("x", b"\xf0\x9f\x98"), unreadable())
        .test("a byte order mark inside", &[], post(write, format!("[\u{feff}{good}]")), unreadable())
        .test("a byte order mark after it", &[], post(write, format!("{good}\u{feff}")), unreadable())
        .test("a member after it", &[], post(write, format!(r#"{good},"x":1"#)), unreadable())
        .test("a bracket after it", &[], post(write, format!("{good}]")), unreadable())
        .test("a brace after it", &[], post(write, format!("{good}}}")), unreadable())
        .test("a text after it", &[], post(write, format!("{good}\"\"")), unreadable())
        .test("a second message right after it", &[], post(write, format!("{good}{good}")), unreadable())
        .test("a comment after it", &[], post(write, format!("{good} // x")), unreadable())
        .test("a record separator in front", &[], post(write, format!("\u{1e}{good}\n")), unreadable())
        .done()
}

/// What the value of a framework can still hide.
fn parsed(minted: &Minted) -> Group {
    let post = |value: &str| -> Input {
        plain(&minted.write).header("content-type", "application/json").body(Body::Parsed(value.into()))
    };
    let batch = |messages: &[String]| format!("[{}]", messages.join(","));
    let private = r#"{"$serde_json::private::RawValue":"{\"name\":\"create_todo\"}"}"#;
    let many = |count: usize| batch(&vec![r#"{"jsonrpc":"2.0","method":"x"}"#.to_owned(); count]);
    let mut group = todo_group("Values that a framework has parsed")
        .proving(&["design:parsed-bodies"])
        .noting(&["bypass"])
        .test("a tool that the token is good for", &[], post(&call("create_todo")), passes(&["todo:write"]))
        .test(
            "a name with half a surrogate pair",
            &["design:body-bytes"],
            post(&call(r"create_todo\ud800")),
            invalid(),
        )
        .test("a name with a zero", &[], post(&call(r"create_todo\u0000")), not_allowed())
        .test(
            "a private name as params",
            &["peer:private-member-names"],
            post(&message("tools/call", private)),
            invalid(),
        )
        .test(
            "a private number as params",
            &["peer:private-member-names"],
            post(&message("tools/call", r#"{"$serde_json::private::Number":"1"}"#)),
            invalid(),
        )
        .test("a private name as the message", &["peer:private-member-names"], post(private), invalid())
        .test(
            "a nested batch",
            &["design:batches"],
            post(&batch(&[batch(&[call("create_todo")])])),
            invalid(),
        )
        .test("100 messages", &["design:batches"], post(&many(100)), passes(&["todo:write"]))
        .test("101 messages", &["design:batches"], post(&many(101)), invalid())
        .test(
            "a large id",
            &[],
            post(&call("create_todo").replace(r#""id":1"#, r#""id":1e300"#)),
            passes(&["todo:write"]),
        );
    for (_, variants) in NAMES {
        let name = variants[0];
        let body = with_param(&format!(r#""{name}":"delete_todo""#));
        group = group.test(&format!("{name} in params"), &["design:body-case"], post(&body), invalid());
    }
    group.done()
}
