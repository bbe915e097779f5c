//! The challenge: every row of the table of refusals, and what settings change in it (RFC 6750 section 3, RFC 9728 section 5.1).

use serde_json::{Value, json};

use crate::author::{
    WIRE, all_of, bare, file as of, request, requests, strings, usual, with_keys, with_token,
};
use crate::keys::{Key, Keys};
use crate::model::{Call, Condition, File, Group, Input, Policy, Settings};
use crate::token::{NOW, good};
use crate::wire::Wire;

pub(super) fn file(keys: &Keys) -> File {
    let mut groups = vec![rows(keys, None), rows(keys, Some("todos & more"))];
    groups.extend(places(keys));
    groups.extend([hostile(keys), endpoint(keys)]);
    of(&[("row", "One for each reason that a request to a route can be refused with.")], groups)
}

fn rows(keys: &Keys, realm: Option<&'static str>) -> Group {
    let server = Settings { realm: realm.map(Into::into), ..usual() };
    let wire = Wire { realm, ..WIRE };
    let with = |name: &str, value: Value| with_token(good(keys).claim(name, value).mint());
    let header = |name: &str, value: Value| with_token(good(keys).header(name, value).mint());
    let delete = [all_of(&["todo:delete"])];
    let staff = [Condition::ClaimContains("roles".into(), "staff".into())];
    let cases: Vec<(&str, Input)> = vec![
        ("missing_token", bare()),
        ("multiple_credentials", with_token("x").token("y")),
        ("malformed_token", with_token("x")),
        ("unsupported_algorithm", header("alg", json!("none"))),
        ("wrong_type", header("typ", json!("dpop+jwt"))),
        ("critical_header", header("crit", json!(["x"]))),
        ("unknown_issuer", with("iss", json!("https://other.example.com"))),
        ("wrong_audience", with("aud", json!("https://other.example.com"))),
        ("key_not_found", header("kid", json!("other"))),
        ("bad_signature", with_token(good(keys).mint_damaged(|bytes| vec![0; bytes.len()]))),
        ("expired", with("exp", json!(NOW - 30))),
        ("not_yet_valid", with("nbf", json!(NOW + 31))),
        ("missing_claim", with_token(good(keys).without("exp").mint())),
        ("malformed_claim", with("exp", json!("never"))),
        ("proof_required", with("cnf", json!({"jkt": "x"}))),
        ("claim_not_satisfied", with_token(good(keys).mint()).requiring(&staff)),
    ];
    let comment =
        realm.map_or_else(|| "Every row".to_owned(), |realm| format!("Every row, with the realm {realm:?}"));
    let group = requests(&comment, server)
        .proving(&["MCP-15", "A-8", "B-05", "B-06", "B-09", "B-12", "P-06"])
        .noting(&["row"]);
    cases
        .into_iter()
        .fold(group, |group, (reason, input)| group.test(reason, &["P-05"], input, wire.denied(reason)))
        .test(
            "insufficient_scope",
            &["MCP-16"],
            with_token(good(keys).mint()).requiring(&delete),
            wire.denied_asking("insufficient_scope", "todo:delete"),
        )
        .done()
}

fn places(keys: &Keys) -> Vec<Group> {
    let places = [
        ("https://mcp.example.com", "https://mcp.example.com/.well-known/oauth-protected-resource"),
        ("https://mcp.example.com/", "https://mcp.example.com/.well-known/oauth-protected-resource"),
        ("https://mcp.example.com/mcp/", "https://mcp.example.com/.well-known/oauth-protected-resource/mcp/"),
        (
            "https://mcp.example.com:8443/a/b/mcp",
            "https://mcp.example.com:8443/.well-known/oauth-protected-resource/a/b/mcp",
        ),
        ("https://MCP.Example.com/MCP", "https://MCP.Example.com/.well-known/oauth-protected-resource/MCP"),
        ("http://127.0.0.1:8000/mcp", "http://127.0.0.1:8000/.well-known/oauth-protected-resource/mcp"),
        ("http://[::1]:8000", "http://[::1]:8000/.well-known/oauth-protected-resource"),
        ("http://localhost/mcp", "http://localhost/.well-known/oauth-protected-resource/mcp"),
    ];
    places
        .into_iter()
        .map(|(resource, metadata)| {
            let wire = Wire::new(metadata).asking("todo:read");
            requests(
                &format!("The resource is {resource}"),
                Settings { resource: Some(resource.into()), ..usual() },
            )
            .proving(&["P-05", "P-01", "MCP-03", "quickstart:9"])
            .test(
                "the challenge names its metadata, whatever Host says",
                &[],
                bare()
                    .header("host", "attacker.example.net")
                    .header("x-forwarded-host", "attacker.example.net")
                    .header("x-forwarded-proto", "http"),
                wire.denied("missing_token"),
            )
            .test("likewise for a bad token", &[], with_token("x"), wire.denied("malformed_token"))
            .test(
                "and for a missing scope",
                &[],
                with_token(good(keys).claim("aud", resource).mint()).requiring(&[all_of(&["a"])]),
                wire.denied_asking("insufficient_scope", "a"),
            )
            .done()
        })
        .collect()
}

/// Nothing of a token or a request gets into a header or body.
fn hostile(keys: &Keys) -> Group {
    let text = "x\", resource_metadata=\"https://attacker.example.net\"\r\nSet-Cookie: a=b";
    let server = Settings {
        challenge_scopes: Some(strings(&["todo:read", "a!#[]~"])),
        ..with_keys(&[Key::usual().jwk()])
    };
    let wire = WIRE.asking("todo:read a!#[]~");
    let with = |name: &str| with_token(good(keys).claim(name, text).mint());
    let delete = [all_of(&["todo:delete"])];
    requests("Nothing of a token or request is repeated", server)
        .proving(&["B-07", "MCP-24"])
        .test("in the issuer", &[], with("iss"), wire.denied("unknown_issuer"))
        .test("in the audience", &[], with("aud"), wire.denied("wrong_audience"))
        .test(
            "in the kid",
            &[],
            with_token(good(keys).header("kid", text).mint()),
            wire.denied("key_not_found"),
        )
        .test(
            "in the algorithm",
            &[],
            with_token(good(keys).header("alg", text).mint()),
            wire.denied("unsupported_algorithm"),
        )
        .test(
            "in a scope",
            &[],
            with("scope").requiring(&delete),
            wire.denied_asking("insufficient_scope", "todo:delete"),
        )
        .test(
            "in the target",
            &[],
            request(Call::Authorize, "GET", "/%22%0d%0aSet-Cookie:%20a=b?\"x\""),
            wire.denied("missing_token"),
        )
        .test(
            "in other fields",
            &[],
            bare().header("origin", text).header("dpop", text),
            wire.denied("missing_token"),
        )
        .done()
}

/// Who is refused before the body is read is still told what every operation needs.
fn endpoint(keys: &Keys) -> Group {
    let post = || request(Call::Operation, "POST", "/mcp");
    let mut group = requests(
        "Without base scopes, an endpoint with an operation policy asks for those of its base",
        Settings { challenge_scopes: None, ..usual() },
    )
    .proving(&["MCP-05", "design:challenge-scopes"]);
    group.policy = Some(Policy { base: Some(vec![all_of(&["todo:base"])]), ..Policy::default() });
    let asks = |reason: &str| WIRE.denied_asking(reason, "todo:base");
    group
        .test("no token", &[], post(), asks("missing_token"))
        .test("a bad token", &[], post().token("x"), asks("malformed_token"))
        .test(
            "an expired token",
            &["MCP-11"],
            post().token(good(keys).claim("exp", NOW - 100).mint()),
            asks("expired"),
        )
        .done()
}
