//! The algorithm and the kind of a token (RFC 8725 sections 3.1, 3.2, 3.11 and 3.12, RFC 9068 section 4).

use serde_json::{Value, json};

use crate::author::{denied, file as of, ok, ok_with, requests, usual, with_keys, with_token};
use crate::keys::{Key, Keys};
use crate::model::{File, Group, Settings};
use crate::token::good;

pub(super) fn file(keys: &Keys) -> File {
    let notes = [("kind", "A token that says it is something else is.")];
    of(&notes, vec![algorithm(keys), restricted(keys), kind(keys), strict(keys), critical(keys)])
}

fn algorithm(keys: &Keys) -> Group {
    let unsupported = || denied("unsupported_algorithm");
    let named = |alg: Value| with_token(good(keys).header("alg", alg).mint());
    let unsigned = |alg: &str| with_token(good(keys).header("alg", alg).mint_with(|_, _| Vec::new()));
    let group = requests("Algorithms", usual()).proving(&["A-5", "J-2"]);
    let group = ["none", "None", "NONE", "nOnE"].into_iter().fold(group, |group, alg| {
        group.test(&format!("{alg}, without a signature"), &["J-3"], unsigned(alg), unsupported())
    });
    let group = ["HS256", "HS384", "HS512"].into_iter().fold(group, |group, alg| {
        let token = good(keys).header("alg", alg).mint_with(|_, input| hmac(&public_key_bytes(), input));
        group.test(
            &format!("{alg} with the public key as the secret"),
            &["J-1"],
            with_token(token),
            unsupported(),
        )
    });
    let group = [
        "ES512",
        "ES256K",
        "RS1",
        "RSA1_5",
        "RSA-OAEP",
        "A128KW",
        "dir",
        "Ed448",
        "eddsa",
        "EDDSA",
        "rs256",
        " EdDSA",
        "",
        "EdDSA\u{0}",
    ]
    .into_iter()
    .fold(group, |group, alg| group.test(&format!("{alg:?}"), &[], named(json!(alg)), unsupported()));
    group
        .test("a number", &[], named(json!(256)), unsupported())
        .test("null", &[], named(Value::Null), unsupported())
        .test("a list", &[], named(json!(["EdDSA"])), unsupported())
        .test("absent", &[], with_token(good(keys).without_header("alg").mint()), unsupported())
        .done()
}

fn public_key_bytes() -> Vec<u8> {
    use base64::Engine;
    let x = Key::usual().jwk()["x"].as_str().expect("a text").to_owned();
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(x).expect("base64url")
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    use aws_lc_rs::hmac;
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

fn restricted(keys: &Keys) -> Group {
    let rsa = Key::new("rsa-a", "rsa", "RS256");
    let both = [Key::usual().jwk(), rsa.jwk()];
    requests(
        "Fewer algorithms by configuration",
        Settings { algorithms: Some(vec!["RS256".into()]), ..with_keys(&both) },
    )
    .proving(&["J-1"])
    .test("the one that is accepted", &[], with_token(good(keys).key(&rsa).mint()), ok())
    .test(
        "another, although the key is published",
        &[],
        with_token(good(keys).mint()),
        denied("unsupported_algorithm"),
    )
    .done()
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
        .test("crit is empty", &[], with("crit", json!([])), refused())
        .test("crit is null", &[], with("crit", Value::Null), refused())
        .test(
            "an unencoded payload",
            &["peer:crit-ignored"],
            with_token(good(keys).header("crit", json!(["b64"])).header("b64", false).mint()),
            refused(),
        )
        .test("b64 false without crit", &[], with("b64", json!(false)), refused())
        .test("a compressed payload", &["J-5"], with("zip", json!("DEF")), refused())
        .test("an unknown header that is not critical", &[], with("x", json!({"y": 1})), ok())
        .test("cty is of no interest", &[], with("cty", json!("JWT")), ok())
        .done()
}
