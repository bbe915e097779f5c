//! May they: scopes, their hierarchy, claims, and the one complete challenge (RFC 6750 section 3.1, SEP-2350).

use serde_json::{Value, json};

use crate::author::{
    WIRE, all_of, allowed, bare, denied, file as of, good_token, ok, ok_with, requests, strings, usual,
    with_token,
};
use crate::keys::Keys;
use crate::model::{Condition, File, Group, Input, Outcome, Settings, Token};
use crate::token::{NOW, good};
use crate::wire::Wire;

pub(super) fn file(keys: &Keys) -> File {
    of(
        &[],
        vec![
            scopes(keys),
            alternatives(keys),
            hierarchy(keys),
            claims(keys),
            together(keys),
            unasked(keys),
            granted(keys),
        ],
    )
}

fn lacking(scope: &str) -> Outcome {
    WIRE.denied_asking("insufficient_scope", scope)
}

fn any_of(scopes: &[&str]) -> Condition {
    Condition::AnyOf(strings(scopes))
}

fn scoped(keys: &Keys, granted: &str, requirement: &[Condition]) -> Input {
    with_token(good(keys).scope(granted).mint()).requiring(requirement)
}

fn scopes(keys: &Keys) -> Group {
    let read = [all_of(&["todo:read"])];
    let delete = [all_of(&["todo:delete"])];
    let both = [all_of(&["todo:write", "todo:delete"])];
    requests("All of some scopes", usual())
        .proving(&["MCP-16", "B-09", "quickstart:4"])
        .test("nothing is needed", &["MCP-29"], scoped(keys, "", &[]), ok_with(&[]))
        .test("granted", &[], scoped(keys, "todo:read", &read), ok())
        .test(
            "granted among others",
            &["MCP-29"],
            scoped(keys, "x todo:read y", &read),
            ok_with(&["x", "todo:read", "y"]),
        )
        .test("not granted", &["MCP-18"], scoped(keys, "todo:read", &delete), lacking("todo:delete"))
        .test(
            "none granted",
            &[],
            with_token(good(keys).without("scope").mint()).requiring(&delete),
            lacking("todo:delete"),
        )
        .test(
            "both needed, none granted",
            &["MCP-17"],
            scoped(keys, "todo:read", &both),
            lacking("todo:write todo:delete"),
        )
        .test(
            "both needed, one granted: one complete challenge",
            &["MCP-17"],
            scoped(keys, "todo:write", &both),
            lacking("todo:write todo:delete"),
        )
        .test(
            "both granted, in other order",
            &[],
            scoped(keys, "todo:delete todo:write", &both),
            ok_with(&["todo:delete", "todo:write"]),
        )
        .test("in other case", &[], scoped(keys, "TODO:READ", &read), lacking("todo:read"))
        .test("a part of it", &[], scoped(keys, "todo", &read), lacking("todo:read"))
        .test("more than it", &[], scoped(keys, "todo:read:all", &read), lacking("todo:read"))
        .test(
            "with a tab instead of a space",
            &["design:scope-claim"],
            scoped(keys, "x\ttodo:read", &read),
            lacking("todo:read"),
        )
        .test(
            "a wildcard grants nothing by itself",
            &[],
            scoped(keys, "todo:* *", &read),
            lacking("todo:read"),
        )
        .test(
            "a list in scopes",
            &["quickstart:6"],
            with_token(good(keys).without("scope").claim("scopes", json!(["todo:delete"])).mint())
                .requiring(&delete),
            ok_with(&["todo:delete"]),
        )
        .test(
            "expired and not granted",
            &["B-10", "MCP-11"],
            with_token(good(keys).claim("exp", NOW - 100).mint()).requiring(&delete),
            denied("expired"),
        )
        .test(
            "forged: no scope of the operation is told",
            &["B-10"],
            with_token(good(keys).mint_damaged(|bytes| vec![0; bytes.len()])).requiring(&delete),
            denied("bad_signature"),
        )
        .test(
            "no token: the base scopes, not those of the operation",
            &["MCP-05", "MCP-28"],
            bare().requiring(&delete),
            denied("missing_token"),
        )
        .done()
}

fn alternatives(keys: &Keys) -> Group {
    let either = [any_of(&["todo:write", "todo:admin"])];
    let and = [all_of(&["todo:read"]), any_of(&["todo:write", "todo:admin"])];
    requests("Any of some scopes", usual())
        .proving(&["design:any-of"])
        .test("the first", &[], scoped(keys, "todo:write", &either), ok_with(&["todo:write"]))
        .test("the second", &[], scoped(keys, "todo:admin", &either), ok_with(&["todo:admin"]))
        .test(
            "neither: the first is asked for",
            &["MCP-28"],
            scoped(keys, "todo:read", &either),
            lacking("todo:write"),
        )
        .test(
            "all-of and any-of",
            &[],
            scoped(keys, "todo:read todo:admin", &and),
            ok_with(&["todo:read", "todo:admin"]),
        )
        .test("all-of alone", &["MCP-17"], scoped(keys, "todo:read", &and), lacking("todo:read todo:write"))
        .test(
            "any-of alone: the alternative that is granted stays",
            &["MCP-17"],
            scoped(keys, "todo:admin", &and),
            lacking("todo:read todo:admin"),
        )
        .test("neither of both", &["MCP-17"], scoped(keys, "x", &and), lacking("todo:read todo:write"))
        .done()
}

fn hierarchy(keys: &Keys) -> Group {
    let implies = [
        ("todo:admin", vec!["todo:write"]),
        ("todo:write", vec!["todo:read"]),
        ("a", vec!["b"]),
        ("b", vec!["a"]),
    ];
    let implies = implies.into_iter().map(|(broad, narrow)| (broad.to_owned(), strings(&narrow))).collect();
    let need = |scope: &str| [all_of(&[scope])];
    requests("A hierarchy of scopes", Settings { scope_hierarchy: Some(implies), ..usual() })
        .proving(&["MCP-19"])
        .test("implied", &[], scoped(keys, "todo:write", &need("todo:read")), ok_with(&["todo:write"]))
        .test(
            "implied over two steps",
            &[],
            scoped(keys, "todo:admin", &need("todo:read")),
            ok_with(&["todo:admin"]),
        )
        .test(
            "not upwards: the narrow one is asked for",
            &[],
            scoped(keys, "todo:read", &need("todo:write")),
            lacking("todo:write"),
        )
        .test("not beside", &[], scoped(keys, "todo:admin", &need("todo:delete")), lacking("todo:delete"))
        .test("in a circle", &[], scoped(keys, "b", &need("a")), ok_with(&["b"]))
        .test(
            "one covers both of all-of",
            &[],
            scoped(keys, "todo:admin", &[all_of(&["todo:read", "todo:write"])]),
            ok_with(&["todo:admin"]),
        )
        .test(
            "one covers an alternative",
            &[],
            scoped(keys, "todo:admin", &[any_of(&["x", "todo:write"])]),
            ok_with(&["todo:admin"]),
        )
        .done()
}

fn claims(keys: &Keys) -> Group {
    let refused = || denied("claim_not_satisfied");
    let roles = [Condition::ClaimContains("roles".into(), "staff".into())];
    let plan = [Condition::ClaimIn("plan".into(), strings(&["pro", "team"]))];
    let client = [Condition::ClientIn(strings(&["client-0", "client-1"]))];
    let with = |name: &str, value: Value, requirement: &[Condition]| {
        with_token(good(keys).claim(name, value).mint()).requiring(requirement)
    };
    let anonymous = || good(keys).without("client_id");
    requests("Claims", usual())
        .proving(&["design:claim-predicates"])
        .test("a list that contains the value", &[], with("roles", json!(["user", "staff"]), &roles), ok())
        .test("the value itself", &[], with("roles", json!("staff"), &roles), ok())
        .test("a list without it", &["MCP-15"], with("roles", json!(["user"]), &roles), refused())
        .test("absent", &[], with_token(good(keys).mint()).requiring(&roles), refused())
        .test("null", &[], with("roles", Value::Null, &roles), refused())
        .test("a text that contains it", &[], with("roles", json!("user staff"), &roles), refused())
        .test("in other case", &[], with("roles", json!(["Staff"]), &roles), refused())
        .test("an object with such a member", &[], with("roles", json!({"staff": true}), &roles), refused())
        .test(
            "an object with the private member name of a JSON library",
            &["peer:private-member-names"],
            with("roles", json!({"$serde_json::private::RawValue": "[\"staff\"]"}), &roles),
            denied("malformed_token"),
        )
        .test("a list in the list", &[], with("roles", json!([["staff"]]), &roles), refused())
        .test("one of the values", &[], with("plan", json!("team"), &plan), ok())
        .test("none of the values", &[], with("plan", json!("free"), &plan), refused())
        .test("a list is no value", &[], with("plan", json!(["pro"]), &plan), refused())
        .test("a client of the list", &[], with_token(good(keys).mint()).requiring(&client), ok())
        .test("another client", &[], with("client_id", json!("client-2"), &client), refused())
        .test(
            "azp is the client where client_id is absent",
            &["design:client-id"],
            with_token(anonymous().claim("azp", "client-0").mint()).requiring(&client),
            allowed(Token { client_id: Some("client-0".into()), ..good_token() }),
        )
        .test("no client", &[], with_token(anonymous().mint()).requiring(&client), refused())
        .done()
}

fn together(keys: &Keys) -> Group {
    let needs = [all_of(&["todo:write"]), Condition::ClaimContains("roles".into(), "staff".into())];
    let token = |scope: &str, role: &str| {
        with_token(good(keys).scope(scope).claim("roles", json!([role])).mint()).requiring(&needs)
    };
    requests("Scopes and claims", usual())
        .proving(&["design:several-needs"])
        .test("both", &[], token("todo:write", "staff"), ok_with(&["todo:write"]))
        .test("the scope is missing", &[], token("todo:read", "staff"), lacking("todo:write"))
        .test("the claim is missing", &[], token("todo:write", "user"), denied("claim_not_satisfied"))
        .test(
            "both are missing: more scopes would not help",
            &[],
            token("todo:read", "user"),
            denied("claim_not_satisfied"),
        )
        .done()
}

fn unasked(keys: &Keys) -> Group {
    let server = Settings { challenge_scopes: None, ..usual() };
    let wire = Wire { challenge_scopes: "", ..WIRE };
    let both = [all_of(&["todo:write", "todo:delete"])];
    requests("Without base scopes a 401 asks for those of the route", server)
        .proving(&["MCP-05", "design:challenge-scopes"])
        .test(
            "no token",
            &[],
            bare().requiring(&both),
            wire.denied_asking("missing_token", "todo:write todo:delete"),
        )
        .test(
            "a bad token",
            &[],
            with_token("x.y.z").requiring(&both),
            wire.denied_asking("malformed_token", "todo:write todo:delete"),
        )
        .test(
            "of alternatives the first",
            &[],
            bare().requiring(&[any_of(&["a", "b"])]),
            wire.denied_asking("missing_token", "a"),
        )
        .test("a route that needs no scope: none is named", &["MCP-07"], bare(), wire.denied("missing_token"))
        .test(
            "two credentials: no scope would help",
            &[],
            with_token("x").token("x").requiring(&both),
            wire.denied("multiple_credentials"),
        )
        .test(
            "a good token without them",
            &[],
            with_token(good(keys).mint()).requiring(&both),
            wire.denied_asking("insufficient_scope", "todo:write todo:delete"),
        )
        .done()
}

fn granted(keys: &Keys) -> Group {
    let server = Settings { challenge_granted_scopes: Some(true), ..usual() };
    let delete = [all_of(&["todo:delete"])];
    requests("The option for clients that replace their scopes", server)
        .proving(&["MCP-18", "design:challenge-granted"])
        .test(
            "its own scopes are added",
            &[],
            scoped(keys, "todo:read todo:write", &delete),
            lacking("todo:delete todo:read todo:write"),
        )
        .test(
            "only as far as they are configured",
            &["B-07"],
            scoped(keys, "todo:read evil\",x=\"y todo:other", &delete),
            lacking("todo:delete todo:read"),
        )
        .test("none of its own", &[], scoped(keys, "", &delete), lacking("todo:delete"))
        .test(
            "each once",
            &["B-06"],
            scoped(keys, "todo:read", &[all_of(&["todo:read", "todo:delete"])]),
            lacking("todo:read todo:delete"),
        )
        .test(
            "a 401 stays as it is",
            &[],
            with_token(good(keys).claim("exp", 1).mint()).requiring(&delete),
            denied("expired"),
        )
        .done()
}
