//! Operations on resources and prompts.

use serde_json::json;

use crate::author::file as of;
use crate::keys::Keys;
use crate::model::{File, Group, Policy};

use super::operation::{
    Minted, NOTES, call, group, invalid, lacking, message, need, not_allowed, passes, post, rules,
};

pub(super) fn file(keys: &Keys) -> File {
    let minted = Minted::new(keys);
    of(&NOTES, vec![resources(&minted), other_resources(&minted), hosts(&minted), prompts(&minted)])
}

fn resource_policy() -> Policy {
    Policy {
        resources: rules(&[
            ("todo://items/secret", need(&["todo:secret"])),
            ("todo://{user}/items", need(&["todo:admin"])),
        ]),
        resource_prefixes: rules(&[
            ("todo://items/", need(&["todo:read"])),
            ("todo://items/private/", need(&["todo:admin"])),
        ]),
        ..Policy::default()
    }
}

fn resources(minted: &Minted) -> Group {
    let read = |uri: &str| post(&minted.read, message("resources/read", &json!({"uri": uri}).to_string()));
    let of_method =
        |method: &str, uri: &str| post(&minted.read, message(method, &json!({"uri": uri}).to_string()));
    let ok = || passes(&["todo:read"]);
    let listen = |uris: &[&str]| {
        post(
            &minted.read,
            message(
                "subscriptions/listen",
                &json!({"notifications": {"resourceSubscriptions": uris}}).to_string(),
            ),
        )
    };
    let complete = |uri: &str| {
        post(&minted.read, message("completion/complete", &json!({"ref": {"type": "ref/resource", "uri": uri}, "argument": {"name": "id", "value": ""}}).to_string()))
    };
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
        .test(
            "an exact rule goes before every prefix",
            &[],
            read("todo://items/secret"),
            lacking("todo:secret"),
        )
        .test("an exact rule with a query", &[], read("todo://items/secret?x=1"), lacking("todo:secret"))
        .test("an exact rule with a fragment", &[], read("todo://items/secret#x"), lacking("todo:secret"))
        .noting(&["bypass"])
        .test("a prefix ends at a slash", &[], read("todo://items2/5"), not_allowed())
        .test(
            "a prefix ends at a slash, the more specific one too",
            &[],
            read("todo://items/privateer"),
            ok(),
        )
        .test("unlisted", &[], read("todo://admin"), not_allowed())
        .test("another scheme", &[], read("file:///etc/passwd"), not_allowed())
        .test("not a URI", &[], read("items/5"), not_allowed())
        .test("empty", &[], read(""), not_allowed());
    let group = odd
        .into_iter()
        .fold(group, |group, (comment, uri)| group.test(comment, &[], read(uri), not_allowed()));
    group
        .test("no URI", &[], post(&minted.read, message("resources/read", "{}")), invalid())
        .test(
            "a URI that is a list",
            &[],
            post(&minted.read, message("resources/read", r#"{"uri":["todo://items/5"]}"#)),
            invalid(),
        )
        .test(
            "a name instead of a URI",
            &[],
            post(&minted.read, message("resources/read", r#"{"name":"todo://items/5"}"#)),
            invalid(),
        )
        .test(
            "subscribe",
            &[],
            of_method("resources/subscribe", "todo://items/private/5"),
            lacking("todo:admin"),
        )
        .test(
            "unsubscribe",
            &[],
            of_method("resources/unsubscribe", "todo://items/private/5"),
            lacking("todo:admin"),
        )
        .test(
            "subscribe to an unlisted one",
            &[],
            of_method("resources/subscribe", "todo://admin"),
            not_allowed(),
        )
        .test(
            "a method that nobody knows yet",
            &[],
            of_method("resources/copy", "todo://items/private/5"),
            lacking("todo:admin"),
        )
        .test(
            "listen",
            &["MCP-17"],
            listen(&["todo://items/5", "todo://items/private/5", "todo://items/secret"]),
            lacking("todo:read todo:admin todo:secret"),
        )
        .test("listen to what is allowed", &[], listen(&["todo://items/5"]), ok())
        .test(
            "listen to an unlisted one among others",
            &[],
            listen(&["todo://items/5", "todo://admin"]),
            not_allowed(),
        )
        .test(
            "listen through a spelling that some servers take",
            &["design:body-case"],
            post(
                &minted.read,
                message(
                    "subscriptions/listen",
                    r#"{"notifications":{"resource_subscriptions":["todo://items/secret"]}}"#,
                ),
            ),
            invalid(),
        )
        .test(
            "listen to nothing in particular",
            &[],
            post(&minted.read, message("subscriptions/listen", r#"{"notifications":{}}"#)),
            ok(),
        )
        .test("complete within the prefix", &[], complete("todo://items/5/{field}"), ok())
        .test(
            "complete what may be anything below the prefix",
            &[],
            complete("todo://items/{id}"),
            lacking("todo:read todo:admin todo:secret"),
        )
        .test(
            "complete a template with a rule of its own",
            &[],
            complete("todo://{user}/items"),
            lacking("todo:admin"),
        )
        .test("complete an unlisted one", &[], complete("todo://admin/{x}"), not_allowed())
        .test("complete what may be anything", &[], complete("{+uri}"), not_allowed())
        .test(
            "a list of resources names none",
            &[],
            post(&minted.none, message("resources/list", "{}")),
            passes(&[]),
        )
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
        .test(
            "what some server might read as a listed one",
            &[],
            read("todo://x/../items/private/5"),
            not_allowed(),
        )
        .test("what is no URI", &[], read("items"), not_allowed())
        .done()
}

/// What names a listed host in another way is not judged by a weaker rule.
fn hosts(minted: &Minted) -> Group {
    let read = |uri: &str| post(&minted.read, message("resources/read", &json!({"uri": uri}).to_string()));
    let complete = |uri: &str| {
        let params =
            json!({"ref": {"type": "ref/resource", "uri": uri}, "argument": {"name": "x", "value": ""}});
        post(&minted.read, message("completion/complete", &params.to_string()))
    };
    let policy = Policy {
        resources: rules(&[("https://exact.example:8443/a", need(&["todo:exact"]))]),
        resource_prefixes: rules(&[
            ("todo://secret", need(&["todo:secret"])),
            ("https://secret.example/", need(&["todo:secret"])),
            ("https://port.example:8443/", need(&["todo:port"])),
            ("https://", need(&["todo:read"])),
        ]),
        other_resources: Some(need(&["todo:read"])),
        ..Policy::default()
    };
    let ok = || passes(&["todo:read"]);
    let group = group("Hosts", policy)
        .proving(&["design:resources"])
        .test("another host", &[], read("todo://other/1"), ok())
        .test("another host of a wide prefix", &[], read("https://other.example/A@b:c"), ok())
        .test("a port that a prefix spells", &[], read("https://port.example:8443/a"), lacking("todo:port"))
        .test(
            "a port that an exact rule spells",
            &[],
            read("https://exact.example:8443/a"),
            lacking("todo:exact"),
        )
        .test(
            "a template below a listed host",
            &[],
            complete("https://secret.example/{x}"),
            lacking("todo:secret"),
        )
        .test(
            "a template with a port that a prefix spells",
            &[],
            complete("https://port.example:8443/{x}"),
            lacking("todo:port"),
        )
        .test("a template of another host", &[], complete("https://other.example/{Name}"), ok())
        .noting(&["bypass"]);
    let group = [
        "todo://x@secret/1",
        "todo://x:y@secret/1",
        "todo://secret:8/1",
        "todo://SECRET/1",
        "todo://secret./1",
        "https://u@secret.example/a",
        "https://secret.example:8443/a",
        "https://secret.example./a",
        "https://port.example:8444/a",
        "https://exact.example:8443/b",
    ]
    .into_iter()
    .fold(group, |group, uri| group.test(uri, &[], read(uri), not_allowed()));
    [
        "https://SECRET.example/{x}",
        "https://secret.example:443/{x}",
        "https://secret.example:8443/{x}",
        "https://u@secret.example/{x}",
        "https://u{x}@secret.example/a",
        "https://secret.example./{x}",
        "todo://SECRET/{x}",
        "todo://secret:8/{x}",
    ]
    .into_iter()
    .fold(group, |group, uri| group.test(&format!("the template {uri}"), &[], complete(uri), not_allowed()))
    .done()
}

fn prompts(minted: &Minted) -> Group {
    let get = |name: &str| post(&minted.read, message("prompts/get", &json!({"name": name}).to_string()));
    let complete = |reference: &str| {
        post(
            &minted.read,
            message(
                "completion/complete",
                &format!(r#"{{"ref":{reference},"argument":{{"name":"x","value":""}}}}"#),
            ),
        )
    };
    let policy = Policy {
        prompts: rules(&[("summary", need(&["todo:read"])), ("audit", need(&["todo:admin"]))]),
        ..Policy::default()
    };
    group("Prompts by name", policy)
        .proving(&["design:operations"])
        .test("one that the token is good for", &[], get("summary"), passes(&["todo:read"]))
        .test("one that it is not good for", &["MCP-16"], get("audit"), lacking("todo:admin"))
        .test("an unlisted one", &[], get("other"), not_allowed())
        .test(
            "completing its arguments",
            &[],
            complete(r#"{"type":"ref/prompt","name":"summary"}"#),
            passes(&["todo:read"]),
        )
        .noting(&["bypass"])
        .test(
            "completing those of another",
            &[],
            complete(r#"{"type":"ref/prompt","name":"audit"}"#),
            lacking("todo:admin"),
        )
        .test(
            "completing those of an unlisted one",
            &[],
            complete(r#"{"type":"ref/prompt","name":"other"}"#),
            not_allowed(),
        )
        .test(
            "a reference of another kind",
            &[],
            complete(r#"{"type":"ref/tool","name":"audit"}"#),
            invalid(),
        )
        .test("a reference without a kind", &[], complete(r#"{"name":"audit"}"#), invalid())
        .test("a reference that is a list", &[], complete(r#"["ref/prompt","audit"]"#), invalid())
        .test("no reference", &[], post(&minted.read, message("completion/complete", "{}")), invalid())
        .test("prompts/list names none", &[], post(&minted.none, message("prompts/list", "{}")), passes(&[]))
        .done()
}
