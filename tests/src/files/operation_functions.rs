//! Entries of a policy that are functions of the call.

use serde_json::json;

use crate::author::{denied, file as of, strings};
use crate::keys::Keys;
use crate::model::{Condition, File, Group, Policy, Rule};

use super::operation::{
    Minted, NOTES, call, group, invalid, lacking, message, need, not_allowed, passes, post, rules,
    unreadable, without_token,
};

pub(super) fn file(keys: &Keys) -> File {
    let minted = Minted::new(keys);
    of(&NOTES, vec![functions(&minted), arguments(&minted), calls(&minted)])
}

fn function(name: &str) -> Rule {
    Rule::Function { function: name.into() }
}

fn functions(minted: &Minted) -> Group {
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

/// Whatever else a message carries is no argument of what it names.
fn arguments(minted: &Minted) -> Group {
    let policy = Policy {
        prompts: rules(&[("summary", function("list_scope"))]),
        resource_prefixes: rules(&[("todo://items", function("list_scope"))]),
        methods: rules(&[("example/run", function("list_scope"))]),
        ..Policy::default()
    };
    let home = |method: &str, params: &str| {
        post(&minted.read, message(method, &format!(r#"{{{params},"arguments":{{"list":"home"}}}}"#)))
    };
    group("Arguments belong to tools, prompts and methods", policy)
        .proving(&["design:functions"])
        .test("of a prompt", &[], home("prompts/get", r#""name":"summary""#), lacking("list:home"))
        .test("of a method", &[], home("example/run", r#""x":1"#), lacking("list:home"))
        .noting(&["bypass"])
        .test(
            "not of a resource",
            &[],
            home("resources/read", r#""uri":"todo://items/1""#),
            lacking("list:any"),
        )
        .test(
            "not of resources that are listened to",
            &[],
            home(
                "subscriptions/listen",
                r#""notifications":{"resourceSubscriptions":["todo://items/1","todo://items/2"]}"#,
            ),
            lacking("list:any"),
        )
        .test(
            "not of a prompt whose arguments are completed",
            &[],
            home("completion/complete", r#""ref":{"type":"ref/prompt","name":"summary"}"#),
            lacking("list:any"),
        )
        .done()
}

/// When functions are called, and how often at most.
fn calls(minted: &Minted) -> Group {
    let policy = Policy {
        base: Some(vec![Condition::ClaimContains("roles".into(), "staff".into())]),
        tools: rules(&[
            ("failing", function("failing")),
            ("write_list", function("list_scope")),
            ("plain", need(&["todo:delete"])),
        ]),
        resource_prefixes: rules(&[("r:x", function("list_scope"))]),
        ..Policy::default()
    };
    let listen = |count: usize| {
        let notifications = json!({ "notifications": { "resourceSubscriptions": vec!["r:x"; count] } });
        message("subscriptions/listen", &notifications.to_string())
    };
    let staff = |body: String| post(&minted.staff, body);
    group("Functions are called where the request is not refused without them", policy)
        .proving(&["design:functions"])
        .test("one that fails", &[], staff(call("failing")), denied("internal"))
        .test("a claim is missing", &[], post(&minted.read, call("failing")), denied("claim_not_satisfied"))
        .test(
            "another member of the batch is not allowed",
            &["design:batches"],
            staff(format!("[{},{}]", call("failing"), call("unlisted"))),
            not_allowed(),
        )
        .test(
            "a scope is missing: the challenge is complete",
            &["MCP-17", "design:batches"],
            staff(format!("[{},{}]", call("write_list"), call("plain"))),
            lacking("todo:delete list:any"),
        )
        .test(
            "a thousand resources in one message",
            &["design:body-limit"],
            staff(listen(1000)),
            lacking("list:any"),
        )
        .test("one more", &["design:body-limit"], staff(listen(1001)), invalid())
        .test(
            "a thousand in one body",
            &["design:body-limit"],
            staff(format!("[{},{}]", listen(999), call("write_list"))),
            lacking("list:any"),
        )
        .test(
            "one more in one body",
            &["design:body-limit"],
            staff(format!("[{},{}]", listen(1000), call("write_list"))),
            invalid(),
        )
        .done()
}
