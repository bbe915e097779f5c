//! A token's outside: its form, its header, its kind (RFC 7515, RFC 8725 sections 3.1 to 3.12, RFC 9068 section 4).

use serde_json::{Value, json};

use crate::author::{denied, file as of, ok, ok_with, requests, usual, with_keys, with_token};
use crate::keys::{Key, Keys};
use crate::model::{File, Group, Settings};
use crate::token::good;

pub(super) fn file(keys: &Keys) -> File {
    let notes = [
        ("form", "What is not exactly a compact JWS is refused before anything in it is believed."),
        ("kind", "A token that says it is something else is."),
    ];
    let groups = vec![form(keys), json_form(keys), size(keys), algorithm(keys), restricted(keys), kind(keys), strict(keys), critical(keys), key_id(keys)];
    of(&notes, groups)
}

fn form(keys: &Keys) -> Group {
    let token = good(keys).mint();
    let parts: Vec<&str> = token.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    let malformed = || denied("malformed_token");
    requests("Three parts of base64url", usual())
        .proving(&["J-4", "MCP-11"])
        .noting(&["form"])
        .test("a good token", &["B-01"], with_token(&token), ok())
        .test("one part", &[], with_token(header), malformed())
        .test("two parts", &[], with_token(format!("{header}.{payload}")), malformed())
        .test("four parts", &[], with_token(format!("{token}.{signature}")), malformed())
        .test("five parts: encrypted", &["A-2"], with_token(format!("{header}.{payload}.{signature}.{header}.{payload}")), malformed())
        .test("a dot at the end", &[], with_token(format!("{token}.")), malformed())
        .test("dots alone", &[], with_token(".."), malformed())
        .test("no header", &[], with_token(format!(".{payload}.{signature}")), malformed())
        .test("no payload", &[], with_token(format!("{header}..{signature}")), malformed())
        .test("an empty signature", &["A-5"], with_token(format!("{header}.{payload}.")), denied("bad_signature"))
        .test("an opaque token", &[], with_token("2YotnFZFEjr1zCsicMWpAA"), malformed())
        .test("padding in a part", &["B-03"], with_token(format!("{header}=.{payload}.{signature}")), malformed())
        .test("the ordinary base64 alphabet", &[], with_token(format!("{header}.{payload}.{}", replace_first(signature, '_', '/'))), malformed())
        .test("stray bits after the signature", &["peer:lenient-base64"], with_token(format!("{header}.{payload}.{}", stray(signature))), malformed())
        .test("stray bits after the payload", &["peer:lenient-base64"], with_token(stray_payload(keys)), malformed())
        .test("a length that no bytes have", &[], with_token(format!("{header}.{payload}.{}", &signature[..signature.len() - 1])), malformed())
        .done()
}

/// The last character with another of the bits that stand for nothing.
fn stray(part: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = *part.as_bytes().last().expect("not empty");
    let index = ALPHABET.iter().position(|own| *own == last).expect("base64url");
    assert_ne!(part.len() % 4, 0, "a part with stray bits");
    format!("{}{}", &part[..part.len() - 1], char::from(ALPHABET[index ^ 1]))
}

/// Signed as it is sent: only strictness notices.
fn stray_payload(keys: &Keys) -> String {
    for filler in ["", "x", "xx"] {
        let input = good(keys).claim("filler", filler).signing_input();
        let (header, payload) = input.split_once('.').expect("two parts");
        if payload.len() % 4 != 0 {
            let input = format!("{header}.{}", stray(payload));
            return sign_text(keys, &input);
        }
    }
    unreachable!("one of three lengths fits")
}

fn sign_text(keys: &Keys, input: &str) -> String {
    use base64::Engine;
    let signature = keys.sign(&Key::usual(), input.as_bytes());
    format!("{input}.{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(signature))
}

fn replace_first(text: &str, old: char, new: char) -> String {
    assert!(text.contains(old), "a signature without {old}");
    text.replacen(old, &new.to_string(), 1)
}

fn json_form(keys: &Keys) -> Group {
    let malformed = || denied("malformed_token");
    let payload = |edit: &dyn Fn(String) -> String| with_token(good(keys).edit_payload(edit).mint());
    let header = |edit: &dyn Fn(String) -> String| with_token(good(keys).edit_header(edit).mint());
    let prepend = |text: &'static str| move |own: String| format!("{text}{own}");
    let append = |text: &'static str| move |own: String| format!("{own}{text}");
    let member = |text: &'static str| move |own: String| format!("{},{text}}}", &own[..own.len() - 1]);
    requests("Header and payload are one JSON object each, read alike by everybody", usual())
        .proving(&["J-5"])
        .noting(&["form"])
        .test("white space around the payload", &[], payload(&|own| format!(" \r\n\t{own}\n")), ok())
        .test("unknown members of any kind", &[], payload(&member(r#""x":[null,{"y":-1.5e3}],"":"","é":true"#)), ok())
        .test("escapes in names and values", &[], payload(&|own| own.replace("\"iss\"", r#""\u0069ss""#).replace("user-1", r"user\u002d1")), ok())
        .test("the payload is an array", &[], with_token(good(keys).raw_payload("[]").mint()), malformed())
        .test("the payload is a string", &[], with_token(good(keys).raw_payload("\"x\"").mint()), malformed())
        .test("the payload is empty", &[], with_token(good(keys).raw_payload("").mint()), malformed())
        .test("the payload is not JSON", &[], with_token(good(keys).raw_payload("iss=x").mint()), malformed())
        .test("the header is not JSON", &[], with_token(good(keys).raw_header("alg=EdDSA").mint()), malformed())
        .test("the header is an array", &[], with_token(good(keys).raw_header(r#"["alg","EdDSA"]"#).mint()), malformed())
        .test("a byte order mark before the payload", &[], payload(&prepend("\u{feff}")), malformed())
        .test("a byte order mark before the header", &[], header(&prepend("\u{feff}")), malformed())
        .test("something after the payload", &[], payload(&append(" {}")), malformed())
        .test("something after the header", &[], header(&append("x")), malformed())
        .test("bytes that are no UTF-8 in the payload", &[], with_token(good(keys).raw_payload(b"{\"iss\":\"\xff\"}".to_vec()).mint()), malformed())
        .test("UTF-16", &[], with_token(good(keys).raw_payload(utf16("{}")).mint()), malformed())
        .test("half a surrogate pair", &[], payload(&member(r#""x":"\ud800""#)), malformed())
        .test("a raw control character in a string", &[], payload(&member("\"x\":\"\n\"")), malformed())
        .test("a trailing comma", &[], payload(&|own| format!("{},}}", &own[..own.len() - 1])), malformed())
        .test("a comment", &[], payload(&prepend("/**/")), malformed())
        .test("NaN", &[], payload(&member(r#""x":NaN"#)), malformed())
        .test("an issuer twice", &["peer:duplicate-members"], payload(&member(r#""iss":"https://as.example.com""#)), malformed())
        .test("an audience twice, the second through an escape", &["peer:duplicate-members"], payload(&member(r#""\u0061ud":"https://other.example.com""#)), malformed())
        .test("a member twice in a nested object", &[], payload(&member(r#""x":{"y":1,"y":1}"#)), malformed())
        .test("alg twice in the header", &["J-1"], header(&member(r#""alg":"EdDSA""#)), malformed())
        .test("nesting of 16 levels", &[], with_token(good(keys).claim("x", nested(15)).mint()), ok())
        .test("nesting of 17 levels", &["peer:500-on-deep-json"], with_token(good(keys).claim("x", nested(16)).mint()), malformed())
        .test("nesting of 5,000 levels", &["peer:500-on-deep-json"], payload(&|own| {
            format!("{},\"x\":{}{}}}", &own[..own.len() - 1], "[".repeat(5000), "]".repeat(5000))
        }), malformed())
        .test("a date that no number holds", &["A-6", "peer:500-on-1e400"], payload(&|own| own.replace("\"exp\":1800000300", "\"exp\":1e400")), malformed())
        .test("the private member name of a JSON library", &["peer:private-member-names"], payload(&member(r#""$serde_json::private::RawValue":"{}""#)), ok())
        .done()
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn size(keys: &Keys) -> Group {
    let of_size = |size: usize| {
        let longest = (0..4).flat_map(|extra| {
            let header = "x".repeat(extra);
            let at = |filler: usize| good(keys).header("x", header.clone()).claim("filler", "x".repeat(filler));
            let start = size * 3 / 4 - 500;
            (start..size).map(at).take_while(|draft| draft.signing_input().len() + 87 <= size).last()
        });
        let draft = longest.max_by_key(|draft| draft.signing_input().len()).expect("a length");
        let token = draft.mint();
        assert_eq!(token.len(), size);
        token
    };
    requests("Size", Settings { max_token_size: Some(2048), ..usual() })
        .proving(&["J-5"])
        .test("as long as may be", &[], with_token(of_size(2048)), ok())
        .test("one byte longer", &[], with_token(of_size(2049)), denied("malformed_token"))
        .test("a long run of anything", &[], with_token("x".repeat(5000)), denied("malformed_token"))
        .done()
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
        group.test(&format!("{alg} with the public key as the secret"), &["J-1"], with_token(token), unsupported())
    });
    let group = ["ES512", "ES256K", "RS1", "RSA1_5", "RSA-OAEP", "A128KW", "dir", "Ed448", "eddsa", "EDDSA", "rs256", " EdDSA", "", "EdDSA\u{0}"]
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
    requests("Fewer algorithms by configuration", Settings { algorithms: Some(vec!["RS256".into()]), ..with_keys(&both) })
        .proving(&["J-1"])
        .test("the one that is accepted", &[], with_token(good(keys).key(&rsa).mint()), ok())
        .test("another, although the key is published", &[], with_token(good(keys).mint()), denied("unsupported_algorithm"))
        .done()
}

fn kind(keys: &Keys) -> Group {
    let wrong = || denied("wrong_type");
    let typed = |typ: &str| with_token(good(keys).header("typ", typ).mint());
    let group = requests("The kind of token", usual())
        .proving(&["A-1", "J-9"])
        .noting(&["kind"])
        .test("typ absent", &[], with_token(good(keys).without_header("typ").mint()), ok());
    let group = ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"]
        .into_iter()
        .fold(group, |group, typ| group.test(&format!("typ {typ}"), &[], typed(typ), ok()));
    let others = [
        "dpop+jwt", "oauth-id-jag+jwt", "logout+jwt", "secevent+jwt", "id_token", "JWS", "JOSE", "application/jwt",
        "client-authentication+jwt", "token-introspection+jwt", "jwt-authorization-grant", "at+jwt ", "at+jwtx", "",
    ];
    let group = others.into_iter().fold(group, |group, typ| {
        let ids: &[&str] = match typ {
            "oauth-id-jag+jwt" => &["EXT-EMA-1", "peer:typ-unchecked"],
            "dpop+jwt" | "logout+jwt" => &["peer:typ-unchecked"],
            _ => &[],
        };
        group.test(&format!("typ {typ:?}"), ids, typed(typ), wrong())
    });
    let plain = |name: &str, value: Value| with_token(good(keys).header("typ", "JWT").claim(name, value).mint());
    let group = ["at_hash", "c_hash", "s_hash"].into_iter().fold(group, |group, name| {
        group.test(&format!("an ID token: {name}"), &["peer:typ-unchecked"], plain(name, json!("abc")), wrong())
    });
    group
        .test("typ is a number", &[], with_token(good(keys).header("typ", 1).mint()), wrong())
        .test("typ is null", &[], with_token(good(keys).header("typ", Value::Null).mint()), wrong())
        .test("a logout token: events", &["peer:typ-unchecked"], plain("events", json!({})), wrong())
        .test("an ID token without typ", &["peer:typ-unchecked"], with_token(good(keys).without_header("typ").claim("at_hash", "abc").mint()), wrong())
        .test("token_use id", &[], plain("token_use", json!("id")), wrong())
        .test("token_use refresh", &[], plain("token_use", json!("refresh")), wrong())
        .test("token_use is no text", &[], plain("token_use", json!(["access"])), wrong())
        .test("token_use access", &[], plain("token_use", json!("access")), ok())
        .test("a nonce alone makes no ID token", &[], plain("nonce", json!("abc")), ok())
        .test("typed as an access token, at_hash is only a claim", &[], with_token(good(keys).claim("at_hash", "abc").mint()), ok())
        .done()
}

fn strict(keys: &Keys) -> Group {
    let wrong = || denied("wrong_type");
    let group = requests("RFC 9068 only", Settings { rfc9068_only: Some(true), ..usual() })
        .proving(&["A-1", "A-7"])
        .test("everything there", &[], with_token(good(keys).mint()), ok())
        .test("the long form of the type", &[], with_token(good(keys).header("typ", "application/at+jwt").mint()), ok())
        .test("no scope is needed", &[], with_token(good(keys).without("scope").mint()), ok_with(&[]))
        .test("typ JWT", &[], with_token(good(keys).header("typ", "JWT").mint()), wrong())
        .test("typ absent", &[], with_token(good(keys).without_header("typ").mint()), wrong());
    ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"]
        .into_iter()
        .fold(group, |group, name| {
            group.test(&format!("without {name}"), &[], with_token(good(keys).without(name).mint()), denied("missing_claim"))
        })
        .test("azp does not stand in for client_id", &[], with_token(good(keys).without("client_id").claim("azp", "client-1").mint()), denied("missing_claim"))
        .done()
}

fn critical(keys: &Keys) -> Group {
    let refused = || denied("critical_header");
    let with = |name: &str, value: Value| with_token(good(keys).header(name, value).mint());
    requests("Headers that change how a token is to be read", usual())
        .proving(&["J-10"])
        .test("crit names an extension", &["peer:crit-ignored"], with_token(good(keys).header("crit", json!(["x"])).header("x", 1).mint()), refused())
        .test("crit names a registered claim", &["peer:crit-ignored"], with("crit", json!(["exp"])), refused())
        .test("crit is empty", &[], with("crit", json!([])), refused())
        .test("crit is null", &[], with("crit", Value::Null), refused())
        .test("an unencoded payload", &["peer:crit-ignored"], with_token(good(keys).header("crit", json!(["b64"])).header("b64", false).mint()), refused())
        .test("b64 false without crit", &[], with("b64", json!(false)), refused())
        .test("a compressed payload", &["J-5"], with("zip", json!("DEF")), refused())
        .test("an unknown header that is not critical", &[], with("x", json!({"y": 1})), ok())
        .test("cty is of no interest", &[], with("cty", json!("JWT")), ok())
        .done()
}

fn key_id(keys: &Keys) -> Group {
    let other = Key::new("ed25519-other", "ed", "EdDSA");
    let absent = || denied("key_not_found");
    let kid = |kid: Value| with_token(good(keys).header("kid", kid).mint());
    let smuggled = |name: &str, value: Value| with_token(good(keys).signed_by(&other).header(name, value).mint());
    let bad = || denied("bad_signature");
    requests("A kid is data, and keys do not come with the token", usual())
        .proving(&["J-8"])
        .test("an unknown kid", &["A-5"], kid(json!("other")), absent())
        .test("a kid in other case", &[], kid(json!("ED")), absent())
        .test("an empty kid", &[], kid(json!("")), absent())
        .test("a path", &[], kid(json!("../../../../dev/null")), absent())
        .test("SQL", &[], kid(json!("ed' OR '1'='1")), absent())
        .test("a URL", &[], kid(json!("https://attacker.example.net/keys")), absent())
        .test("header injection", &["B-07"], kid(json!("x\"\r\nSet-Cookie: a=b")), absent())
        .test("a number", &[], kid(json!(1)), denied("malformed_token"))
        .test("null", &[], kid(Value::Null), denied("malformed_token"))
        .test("no kid, and only one key fits", &["K-6"], with_token(good(keys).without_header("kid").mint()), ok())
        .test("the key in the header", &[], smuggled("jwk", other.jwk()), bad())
        .test("a URL of keys in the header", &[], smuggled("jku", json!("https://attacker.example.net/keys")), bad())
        .test("a URL of certificates in the header", &[], smuggled("x5u", json!("https://attacker.example.net/cert")), bad())
        .test("a certificate in the header", &[], smuggled("x5c", json!(["MIIB"])), bad())
        .test("a good token may carry them all", &[], with_token(
            good(keys).header("jku", "https://attacker.example.net/keys").header("x5u", "https://attacker.example.net/cert").header("jwk", other.jwk()).mint(),
        ), ok())
        .done()
}
