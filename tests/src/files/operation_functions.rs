//! Entries of a policy that are functions of the call (DESIGN section 4).

use serde_json::json;

use crate::author::{denied, file as of, strings};
use crate::keys::Keys;
use crate::model::{File, Group, Policy, Rule};

use super::operation::{
    Minted, NOTES, call, group, lacking, message, need, passes, post, rules, unreadable, without_token,
};

pub(super) fn file(keys: &Keys) -> File {
    let minted = Minted::new(keys);
    of(&NOTES, vec![functions(&minted)])
}

fn functions(minted: &Minted) -> Group {
    let function = |name: &str| Rule::Function { function: name.into() };
    let policy = Policy {
        tools: rules(&[
            ("write_list", function("list_scope")),
            ("failing", function("failing")),
            ("plain", need(&["todo:read"])),
        ]),
        resource_prefixes: rules(&[("todo://users", function("owner_only"))]),
        methods: rules(&[("completion/complete", need(&["todo:read"]))]),
        public_methods: strings(&["ping"]),
        ..Policy::default()
    };
    let write = |arguments: &str| {
        post(
            &minted.read,
            message("tools/call", &format!(r#"{{"name":"write_list","arguments":{arguments}}}"#)),
        )
    };
    let read = |uri: &str| post(&minted.read, message("resources/read", &json!({"uri": uri}).to_string()));
    group("Entries that are functions of the call", policy)
        .proving(&["design:functions"])
        .test("of its arguments", &["MCP-16"], write(r#"{"list":"home"}"#), lacking("list:home"))
        .test(
            "of its arguments, with an escape",
            &[],
            write(r#"{"l\u0069st":"h\u006fme"}"#),
            lacking("list:home"),
        )
        .test(
            "of arguments that are not there",
            &[],
            post(&minted.read, message("tools/call", r#"{"name":"write_list"}"#)),
            lacking("list:any"),
        )
        .test("of arguments that are no object", &[], write("7"), lacking("list:any"))
        .test(
            "of its name and the token: the owner",
            &[],
            read("todo://users/user-1"),
            passes(&["todo:read"]),
        )
        .test("of its name and the token: another", &[], read("todo://users/user-2"), lacking("todo:admin"))
        .test(
            "in a batch, each of its own call",
            &["design:batches"],
            post(
                &minted.read,
                format!(
                    "[{},{}]",
                    message("tools/call", r#"{"name":"write_list","arguments":{"list":"a"}}"#),
                    message("tools/call", r#"{"name":"write_list","arguments":{"list":"b"}}"#)
                ),
            ),
            lacking("list:a list:b"),
        )
        .test("one that fails", &[], post(&minted.read, call("failing")), denied("internal"))
        .test(
            "without a token it is not asked",
            &["design:public-operations"],
            without_token(call("failing")),
            denied("missing_token"),
        )
        .noting(&["bypass"])
        .test("the argument twice", &["design:body-bytes"], write(r#"{"list":"a","list":"b"}"#), unreadable())
        .test(
            "the argument twice, once with an escape",
            &["design:body-bytes"],
            write(r#"{"list":"a","l\u0069st":"b"}"#),
            unreadable(),
        )
        .test(
            "a nested member of the arguments twice",
            &["design:body-bytes"],
            write(r#"{"list":"a","x":[{"y":1,"y":1}]}"#),
            unreadable(),
        )
        .test(
            "for an entry that is no function that is of no interest",
            &["design:body-bytes"],
            post(
                &minted.read,
                message("tools/call", r#"{"name":"plain","arguments":{"list":"a","list":"b"}}"#),
            ),
            passes(&["todo:read"]),
        )
        .done()
}
