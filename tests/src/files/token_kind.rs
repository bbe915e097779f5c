//! The kind of a token (RFC 8725 sections 3.11 and 3.12, RFC 9068 section 4), and what of a header is critical.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::author::{allowed, denied, file as of, good_token, ok, ok_with, requests, usual, with_token};
use crate::keys::{Key, Keys};
use crate::model::{File, Group, Settings, Token};
use crate::token::{Draft, ISSUER, NOW, RESOURCE, good};

pub(super) fn file(keys: &Keys) -> File {
    let notes = [("kind", "A token that says it is something else is.")];
    of(&notes, vec![kind(keys), others(keys), strict(keys), critical(keys)])
}

fn kind(keys: &Keys) -> Group {
    let wrong = || denied("wrong_type");
    let typed = |typ: &str| with_token(good(keys).header("typ", typ).mint());
    let group = requests("The kind of token", usual()).proving(&["A-1", "J-9"]).noting(&["kind"]).test(
        "typ absent",
        &[],
        with_token(good(keys).without_header("typ").mint()),
        ok(),
    );
    let group = ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"]
        .into_iter()
        .fold(group, |group, typ| group.test(&format!("typ {typ}"), &[], typed(typ), ok()));
    let others = [
        "application/dpop+jwt",
        "application/logout+jwt",
        "application/secevent+jwt",
        "oauth-authz-req+jwt",
        "kb+jwt",
        "dc+sd-jwt",
        "vc+jwt",
        "entity-statement+jwt",
        "jwk-set+jwt",
        "JWE",
        "Bearer",
        "access_token",
        "at-jwt",
        "at+jwt;x=1",
        "at+jwt, JWT",
        " JWT",
        "JWT\0",
        "at+jwt\0",
        "application/application/at+jwt",
        "text/at+jwt",
        "/at+jwt",
        "\u{ff21}T+JWT",
        "dpop+jwt",
        "oauth-id-jag+jwt",
        "logout+jwt",
        "secevent+jwt",
        "id_token",
        "JWS",
        "JOSE",
        "application/jwt",
        "client-authentication+jwt",
        "token-introspection+jwt",
        "jwt-authorization-grant",
        "at+jwt ",
        "at+jwtx",
        "",
    ];
    let group = others.into_iter().fold(group, |group, typ| {
        let ids: &[&str] = match typ {
            "oauth-id-jag+jwt" => &["EXT-EMA-1", "peer:typ-unchecked"],
            "dpop+jwt" | "logout+jwt" => &["peer:typ-unchecked"],
            _ => &[],
        };
        group.test(&format!("typ {typ:?}"), ids, typed(typ), wrong())
    });
    let plain =
        |name: &str, value: Value| with_token(good(keys).header("typ", "JWT").claim(name, value).mint());
    let group = ["at_hash", "c_hash", "s_hash"].into_iter().fold(group, |group, name| {
        group.test(
            &format!("an ID token: {name}"),
            &["peer:typ-unchecked"],
            plain(name, json!("abc")),
            wrong(),
        )
    });
    group
        .test("typ is a number", &[], with_token(good(keys).header("typ", 1).mint()), wrong())
        .test("typ is a list", &[], with_token(good(keys).header("typ", json!(["at+jwt"])).mint()), wrong())
        .test("typ is true", &[], with_token(good(keys).header("typ", true).mint()), wrong())
        .test("typ is null", &[], with_token(good(keys).header("typ", Value::Null).mint()), wrong())
        .test("a logout token: events", &["peer:typ-unchecked"], plain("events", json!({})), wrong())
        .test(
            "an ID token without typ",
            &["peer:typ-unchecked"],
            with_token(good(keys).without_header("typ").claim("at_hash", "abc").mint()),
            wrong(),
        )
        .test("token_use id", &[], plain("token_use", json!("id")), wrong())
        .test("token_use refresh", &[], plain("token_use", json!("refresh")), wrong())
        .test("token_use is no text", &[], plain("token_use", json!(["access"])), wrong())
        .test("token_use access", &[], plain("token_use", json!("access")), ok())
        .test("a nonce alone makes no ID token", &[], plain("nonce", json!("abc")), ok())
        .test(
            "typed as an access token, at_hash is only a claim",
            &[],
            with_token(good(keys).claim("at_hash", "abc").mint()),
            ok(),
        )
        .done()
}

/// Each as its own specification makes it, and as a careless issuer would.
fn others(keys: &Keys) -> Group {
    const CLIENT: &str = "client-1";
    let plain = || good(keys).header("typ", "JWT").without("scope").without("client_id").without("jti");
    let wrong = || denied("wrong_type");
    let id_token =
        || plain().claim("nonce", "n-0S6_WzA2Mj").claim("azp", CLIENT).claim("auth_time", NOW - 60);
    let events = |name: &str| json!({ name: {} });
    let logout = "http://schemas.openid.net/event/backchannel-logout";
    let security = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
    let logout_token = || plain().claim("aud", CLIENT).claim("jti", "1").claim("events", events(logout));
    let security_event = || plain().without("exp").claim("jti", "1").claim("events", events(security));
    let proof = || {
        let own = plain().without("iss").without("aud").without("sub").without("exp");
        own.header("jwk", Key::usual().jwk())
            .claim("jti", "1")
            .claim("htm", "GET")
            .claim("htu", "https://mcp.example.com/todos")
    };
    let assertion =
        || plain().claim("iss", CLIENT).claim("sub", CLIENT).claim("aud", ISSUER).claim("jti", "1");
    let grant = || {
        plain()
            .claim("aud", "https://as.other.example.com")
            .claim("client_id", CLIENT)
            .claim("jti", "1")
            .claim("resource", RESOURCE)
    };
    let introspection = || {
        let answer =
            json!({"active": true, "iss": ISSUER, "aud": RESOURCE, "scope": "todo:read", "exp": NOW + 300});
        plain().without("sub").without("exp").claim("token_introspection", answer)
    };
    let mint = |draft: Draft<'_>| with_token(draft.mint());
    requests("Whole tokens of other kinds, by a key of our issuer", usual())
        .proving(&["J-9"])
        .noting(&["kind"])
        .test(
            "an ID token, for its client",
            &["MCP-10"],
            mint(id_token().claim("aud", CLIENT)),
            denied("wrong_audience"),
        )
        .test(
            "an ID token for several, us among them",
            &["peer:typ-unchecked"],
            mint(
                id_token().claim("aud", json!([CLIENT, RESOURCE])).claim("at_hash", "MTIzNDU2Nzg5MDEyMzQ1Ng"),
            ),
            wrong(),
        )
        .test(
            "a logout token",
            &["peer:typ-unchecked"],
            mint(logout_token().header("typ", "logout+jwt")),
            wrong(),
        )
        .test(
            "a logout token for us, typed as any JWT",
            &["peer:typ-unchecked"],
            mint(logout_token().claim("aud", RESOURCE)),
            wrong(),
        )
        .test("a security event", &[], mint(security_event().header("typ", "secevent+jwt")), wrong())
        .test("a security event without a type", &[], mint(security_event().without_header("typ")), wrong())
        .test("a DPoP proof", &["peer:typ-unchecked"], mint(proof().header("typ", "dpop+jwt")), wrong())
        .test(
            "a DPoP proof, typed as any JWT",
            &["peer:typ-unchecked"],
            mint(proof()),
            denied("missing_claim"),
        )
        .test(
            "an authorization grant of an identity provider",
            &["EXT-EMA-1"],
            mint(grant().header("typ", "oauth-id-jag+jwt")),
            wrong(),
        )
        .test("the same, typed as any JWT", &["EXT-EMA-1", "MCP-10"], mint(grant()), denied("wrong_audience"))
        .test(
            "a client's assertion",
            &["EXT-WIF-1"],
            mint(assertion().header("typ", "client-authentication+jwt")),
            wrong(),
        )
        .test(
            "a client's assertion, typed as any JWT",
            &["EXT-WIF-1"],
            mint(assertion()),
            denied("unknown_issuer"),
        )
        .test(
            "a client's assertion that names our issuer as its own",
            &["EXT-WIF-1"],
            mint(assertion().claim("iss", ISSUER)),
            denied("wrong_audience"),
        )
        .test(
            "an introspection response for us",
            &["peer:typ-unchecked"],
            mint(introspection().header("typ", "token-introspection+jwt")),
            wrong(),
        )
        .test(
            "an introspection response for us, typed as any JWT",
            &[],
            mint(introspection()),
            denied("missing_claim"),
        )
        .test("a request object", &[], mint(assertion().header("typ", "oauth-authz-req+jwt")), wrong())
        .test(
            "an authorization response",
            &[],
            mint(plain().claim("aud", CLIENT).claim("code", "1")),
            denied("wrong_audience"),
        )
        .test(
            "an access token after all",
            &["A-1"],
            mint(plain()),
            allowed(Token { client_id: None, scopes: Vec::new(), ..good_token() }),
        )
        .done()
}

fn strict(keys: &Keys) -> Group {
    let wrong = || denied("wrong_type");
    let group = requests("RFC 9068 only", Settings { rfc9068_only: Some(true), ..usual() })
        .proving(&["A-1", "A-7"])
        .test("everything there", &[], with_token(good(keys).mint()), ok())
        .test(
            "the long form of the type",
            &[],
            with_token(good(keys).header("typ", "application/at+jwt").mint()),
            ok(),
        )
        .test("no scope is needed", &[], with_token(good(keys).without("scope").mint()), ok_with(&[]))
        .test("typ JWT", &[], with_token(good(keys).header("typ", "JWT").mint()), wrong())
        .test("typ absent", &[], with_token(good(keys).without_header("typ").mint()), wrong());
    ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]
        .into_iter()
        .fold(group, |group, name| {
            group.test(
                &format!("without {name}"),
                &[],
                with_token(good(keys).without(name).mint()),
                denied("missing_claim"),
            )
        })
        .test(
            "azp does not stand in for client_id",
            &[],
            with_token(good(keys).without("client_id").claim("azp", "client-1").mint()),
            denied("missing_claim"),
        )
        .done()
}

fn critical(keys: &Keys) -> Group {
    let refused = || denied("critical_header");
    let with = |name: &str, value: Value| with_token(good(keys).header(name, value).mint());
    requests("Headers that change how a token is to be read", usual())
        .proving(&["J-10"])
        .test(
            "crit names an extension",
            &["peer:crit-ignored"],
            with_token(good(keys).header("crit", json!(["x"])).header("x", 1).mint()),
            refused(),
        )
        .test(
            "crit names a registered claim",
            &["peer:crit-ignored"],
            with("crit", json!(["exp"])),
            refused(),
        )
        .test("crit names a parameter that everybody knows", &[], with("crit", json!(["alg"])), refused())
        .test("crit names the kid", &[], with("crit", json!(["kid"])), refused())
        .test("crit names a name twice", &[], with("crit", json!(["exp", "exp"])), refused())
        .test("crit names nothing", &[], with("crit", json!([""])), refused())
        .test(
            "crit names what is not there",
            &[],
            with("crit", json!(["http://example.invalid/UNDEFINED"])),
            refused(),
        )
        .test("crit is empty", &[], with("crit", json!([])), refused())
        .test("crit is a text", &[], with("crit", json!("exp")), refused())
        .test("crit is an empty text", &[], with("crit", json!("")), refused())
        .test("crit is a number", &[], with("crit", json!(0)), refused())
        .test("crit is false", &[], with("crit", json!(false)), refused())
        .test("crit is an object", &[], with("crit", json!({})), refused())
        .test("crit is a list of something else", &[], with("crit", json!([1, null, ["exp"]])), refused())
        .test("crit is null", &[], with("crit", Value::Null), refused())
        .test(
            "an unencoded payload",
            &["peer:crit-ignored"],
            with_token(good(keys).header("crit", json!(["b64"])).header("b64", false).mint()),
            refused(),
        )
        .test(
            "an unencoded payload as it is sent",
            &["peer:crit-ignored"],
            with_token(unencoded(keys)),
            refused(),
        )
        .test(
            "an encoded payload, in so many words",
            &[],
            with_token(good(keys).header("crit", json!(["b64"])).header("b64", true).mint()),
            refused(),
        )
        .test("b64 true without crit", &[], with("b64", json!(true)), refused())
        .test("b64 is a text", &[], with("b64", json!("true")), refused())
        .test("b64 is null", &[], with("b64", Value::Null), refused())
        .test("zip is null", &["J-5"], with("zip", Value::Null), refused())
        .test("zip is empty", &["J-5"], with("zip", json!("")), refused())
        .test("a compression that nobody knows", &["J-5"], with("zip", json!("GZIP")), refused())
        .test("Crit in other case is another parameter", &[], with("Crit", json!(["x"])), ok())
        .test("b64 false without crit", &[], with("b64", json!(false)), refused())
        .test("a compressed payload", &["J-5"], with("zip", json!("DEF")), refused())
        .test("an unknown header that is not critical", &[], with("x", json!({"y": 1})), ok())
        .test("cty is of no interest", &[], with("cty", json!("JWT")), ok())
        .done()
}

/// RFC 7797 section 5.2: the text itself, which must not hold a dot, stands between the dots.
fn unencoded(keys: &Keys) -> String {
    let draft = good(keys).header("crit", json!(["b64"])).header("b64", false).raw_payload("");
    let input = format!("{}payload", draft.signing_input());
    let signature = keys.sign(&Key::usual(), input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}
