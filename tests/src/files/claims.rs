//! Claims: who is calling, and what a token grants (RFC 7519 section 4.1, RFC 9068 sections 2 and 4).

use serde_json::{Value, json};

use crate::author::{
    WIRE, allowed, denied, file as of, good_token, ok, ok_with, requests, usual, with_claim, with_token,
    without_claim,
};
use crate::keys::Keys;
use crate::model::{File, Group, Token};
use crate::token::good;

pub(super) fn file(keys: &Keys) -> File {
    let notes = [("order", "Which of several faults is reported: the first in the order of the design.")];
    of(&notes, vec![identity(keys), scopes(keys), bound(keys), order(keys)])
}

fn identity(keys: &Keys) -> Group {
    let malformed = || denied("malformed_claim");
    let client = |id: Option<&str>| allowed(Token { client_id: id.map(Into::into), ..good_token() });
    let subject = |id: Option<&str>| allowed(Token { subject: id.map(Into::into), ..good_token() });
    let anonymous = || good(keys).without("client_id");
    requests("Who is calling", usual())
        .test("no subject", &["EXT-CC-1"], without_claim(keys, "sub"), subject(None))
        .test(
            "the client is the subject: client credentials",
            &["EXT-CC-1"],
            with_claim(keys, "sub", json!("client-1")),
            subject(Some("client-1")),
        )
        .test("an empty subject is one", &["MCP-27"], with_claim(keys, "sub", json!("")), subject(Some("")))
        .test("a subject that is a number", &["MCP-27"], with_claim(keys, "sub", json!(7)), malformed())
        .test("a subject that is null", &["MCP-27"], with_claim(keys, "sub", Value::Null), malformed())
        .test(
            "a client that is a URL",
            &["design:client-id"],
            with_claim(keys, "client_id", json!("https://client.example.net/metadata.json")),
            client(Some("https://client.example.net/metadata.json")),
        )
        .test(
            "azp where client_id is absent",
            &["design:client-id"],
            with_token(anonymous().claim("azp", "client-2").mint()),
            client(Some("client-2")),
        )
        .test(
            "client_id goes before azp",
            &["design:client-id"],
            with_claim(keys, "azp", json!("client-2")),
            ok(),
        )
        .test(
            "no client: never the subject",
            &["design:client-id", "EXT-CC-1"],
            with_token(anonymous().mint()),
            client(None),
        )
        .test(
            "a client that is a number",
            &["design:client-id"],
            with_claim(keys, "client_id", json!(1)),
            malformed(),
        )
        .test(
            "an azp that is a list",
            &["design:client-id"],
            with_token(anonymous().claim("azp", json!(["a"])).mint()),
            malformed(),
        )
        .test("a jti that is a number", &["design:claims"], with_claim(keys, "jti", json!(1)), malformed())
        .test(
            "claims of the provider's own",
            &["design:claims"],
            with_token(
                good(keys)
                    .claim("roles", json!(["a"]))
                    .claim("oid", "org_1")
                    .claim("permissions", json!([]))
                    .mint(),
            ),
            ok(),
        )
        .done()
}

fn scopes(keys: &Keys) -> Group {
    let bare = || good(keys).without("scope");
    let malformed = || denied("malformed_claim");
    let scope = |value: Value| with_claim(keys, "scope", value);
    let one = |name: &str, value: Value| with_token(bare().claim(name, value).mint());
    requests("The scopes that a token grants", usual())
        .proving(&["design:scope-claim"])
        .test("a text", &[], scope(json!("todo:read todo:write")), ok_with(&["todo:read", "todo:write"]))
        .test(
            "several spaces",
            &[],
            scope(json!("  todo:read   todo:write ")),
            ok_with(&["todo:read", "todo:write"]),
        )
        .test("an empty text", &[], scope(json!("")), ok_with(&[]))
        .test(
            "only spaces separate",
            &[],
            scope(json!("todo:read\ttodo:write,todo:delete")),
            ok_with(&["todo:read\ttodo:write,todo:delete"]),
        )
        .test(
            "thousands, of which forty differ",
            &[],
            scope(json!((0..2400).map(|n| format!("s{}", n % 40)).collect::<Vec<_>>().join(" "))),
            ok_with(
                &(0..40)
                    .map(|n| format!("s{n}"))
                    .collect::<Vec<_>>()
                    .iter()
                    .map(AsRef::as_ref)
                    .collect::<Vec<_>>(),
            ),
        )
        .test("a scope twice", &[], scope(json!("todo:read todo:read")), ok_with(&["todo:read"]))
        .test(
            "a list in scope",
            &[],
            scope(json!(["todo:read", "todo:write"])),
            ok_with(&["todo:read", "todo:write"]),
        )
        .test(
            "a list in scopes: Scalekit's machine tokens",
            &["quickstart:6"],
            one("scopes", json!(["todo:read", "todo:write"])),
            ok_with(&["todo:read", "todo:write"]),
        )
        .test("a text in scopes", &["quickstart:6"], one("scopes", json!("todo:read")), ok())
        .test("a list in scp", &[], one("scp", json!(["todo:read"])), ok())
        .test(
            "a text in scp",
            &[],
            one("scp", json!("todo:read todo:write")),
            ok_with(&["todo:read", "todo:write"]),
        )
        .test("an empty list", &[], one("scopes", json!([])), ok_with(&[]))
        .test("absent", &[], with_token(bare().mint()), ok_with(&[]))
        .test("scope goes before scopes", &[], with_claim(keys, "scopes", json!(["todo:admin"])), ok())
        .test(
            "scope goes before scopes even if empty",
            &[],
            with_token(good(keys).scope("").claim("scopes", json!(["todo:admin"])).mint()),
            ok_with(&[]),
        )
        .test(
            "scopes goes before scp",
            &[],
            with_token(bare().claim("scp", "todo:admin").claim("scopes", json!(["todo:read"])).mint()),
            ok(),
        )
        .test(
            "null, although scopes is there",
            &[],
            with_token(good(keys).claim("scope", Value::Null).claim("scopes", json!(["todo:admin"])).mint()),
            malformed(),
        )
        .test("scopes null", &[], one("scopes", Value::Null), malformed())
        .test("a number", &[], scope(json!(1)), malformed())
        .test("an object", &[], scope(json!({"todo:read": true})), malformed())
        .test(
            "a list with something else than text",
            &[],
            one("scopes", json!(["todo:read", null])),
            malformed(),
        )
        .test("a list in a list", &[], one("scp", json!([["todo:read"]])), malformed())
        .done()
}

fn bound(keys: &Keys) -> Group {
    let cnf = |value: Value| with_claim(keys, "cnf", value);
    requests("A bound token does not pass as a plain one", usual())
        .proving(&["D-14", "design:proof-required"])
        .test(
            "to a key",
            &[],
            cnf(json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})),
            denied("proof_required"),
        )
        .test(
            "to a certificate",
            &[],
            cnf(json!({"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"})),
            denied("proof_required"),
        )
        .test("to something unknown", &[], cnf(json!({"x": 1})), denied("proof_required"))
        .test("to nothing", &[], cnf(json!({})), denied("proof_required"))
        .done()
}

fn order(keys: &Keys) -> Group {
    let bad = |mut bytes: Vec<u8>| {
        bytes[0] ^= 1;
        bytes
    };
    let foreign = || good(keys).claim("iss", "https://other.example.com");
    requests("Several faults", usual())
        .proving(&["design:order"])
        .noting(&["order"])
        .test(
            "algorithm before type",
            &[],
            with_token(good(keys).header("alg", "none").header("typ", "dpop+jwt").mint()),
            denied("unsupported_algorithm"),
        )
        .test(
            "type before crit",
            &[],
            with_token(good(keys).header("typ", "dpop+jwt").header("crit", json!([])).mint()),
            denied("wrong_type"),
        )
        .test(
            "issuer before audience",
            &[],
            with_token(foreign().claim("aud", "x").mint()),
            denied("unknown_issuer"),
        )
        .test(
            "audience before expiry",
            &[],
            with_token(good(keys).claim("aud", "x").claim("exp", 1).mint()),
            denied("wrong_audience"),
        )
        .test(
            "expiry before signature",
            &["B-10"],
            with_token(good(keys).claim("exp", 1).mint_damaged(bad)),
            denied("expired"),
        )
        .test(
            "expiry before key",
            &["design:junk-costs-no-fetch"],
            with_token(good(keys).claim("exp", 1).header("kid", "x").mint()),
            denied("expired"),
        )
        .test(
            "claims before key",
            &["design:junk-costs-no-fetch"],
            with_token(good(keys).claim("scope", 1).header("kid", "x").mint()),
            denied("malformed_claim"),
        )
        .test(
            "key before signature",
            &[],
            with_token(good(keys).header("kid", "x").mint_damaged(bad)),
            denied("key_not_found"),
        )
        .test(
            "validity before scope",
            &["B-10", "MCP-15"],
            with_token(good(keys).claim("exp", 1).without("scope").mint())
                .requiring(&[crate::author::all_of(&["todo:delete"])]),
            WIRE.denied("expired"),
        )
        .done()
}
