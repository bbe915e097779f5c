//! A token's form, and what it says of keys (RFC 7515 section 7.1, RFC 8725 sections 3.4 to 3.10).

use serde_json::{Value, json};

use crate::author::{denied, file as of, ok, requests, usual, with_token};
use crate::keys::{Key, Keys};
use crate::model::{File, Group, Settings};
use crate::token::good;

pub(super) fn file(keys: &Keys) -> File {
    let notes = [("form", "What is not exactly a compact JWS is refused before anything in it is believed.")];
    of(&notes, vec![form(keys), json_form(keys), size(keys), key_id(keys)])
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
        .test(
            "five parts: encrypted",
            &["A-2"],
            with_token(format!("{header}.{payload}.{signature}.{header}.{payload}")),
            malformed(),
        )
        .test("a dot at the end", &[], with_token(format!("{token}.")), malformed())
        .test("dots alone", &[], with_token(".."), malformed())
        .test("no header", &[], with_token(format!(".{payload}.{signature}")), malformed())
        .test("no payload", &[], with_token(format!("{header}..{signature}")), malformed())
        .test(
            "an empty signature",
            &["A-5"],
            with_token(format!("{header}.{payload}.")),
            denied("bad_signature"),
        )
        .test("an opaque token", &[], with_token("2YotnFZFEjr1zCsicMWpAA"), malformed())
        .test(
            "padding in a part",
            &["B-03"],
            with_token(format!("{header}=.{payload}.{signature}")),
            malformed(),
        )
        .test(
            "the ordinary base64 alphabet",
            &[],
            with_token(format!("{header}.{payload}.{}", replace_first(signature, '_', '/'))),
            malformed(),
        )
        .test(
            "stray bits after the signature",
            &["peer:lenient-base64"],
            with_token(format!("{header}.{payload}.{}", stray(signature))),
            malformed(),
        )
        .test(
            "stray bits after the payload",
            &["peer:lenient-base64"],
            with_token(stray_payload(keys)),
            malformed(),
        )
        .test(
            "a length that no bytes have",
            &[],
            with_token(format!("{header}.{payload}.{}", &signature[..signature.len() - 1])),
            malformed(),
        )
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
        .test(
            "unknown members of any kind",
            &[],
            payload(&member(r#""x":[null,{"y":-1.5e3}],"":"","é":true"#)),
            ok(),
        )
        .test(
            "escapes in names and values",
            &[],
            payload(&|own| own.replace("\"iss\"", r#""\u0069ss""#).replace("user-1", r"user\u002d1")),
            ok(),
        )
        .test("the payload is an array", &[], with_token(good(keys).raw_payload("[]").mint()), malformed())
        .test("the payload is a string", &[], with_token(good(keys).raw_payload("\"x\"").mint()), malformed())
        .test("the payload is empty", &[], with_token(good(keys).raw_payload("").mint()), malformed())
        .test("the payload is not JSON", &[], with_token(good(keys).raw_payload("iss=x").mint()), malformed())
        .test(
            "the header is not JSON",
            &[],
            with_token(good(keys).raw_header("alg=EdDSA").mint()),
            malformed(),
        )
        .test(
            "the header is an array",
            &[],
            with_token(good(keys).raw_header(r#"["alg","EdDSA"]"#).mint()),
            malformed(),
        )
        .test("a byte order mark before the payload", &[], payload(&prepend("\u{feff}")), malformed())
        .test("a byte order mark before the header", &[], header(&prepend("\u{feff}")), malformed())
        .test("something after the payload", &[], payload(&append(" {}")), malformed())
        .test("something after the header", &[], header(&append("x")), malformed())
        .test(
            "bytes that are no UTF-8 in the payload",
            &[],
            with_token(good(keys).raw_payload(b"{\"iss\":\"\xff\"}".to_vec()).mint()),
            malformed(),
        )
        .test("UTF-16", &[], with_token(good(keys).raw_payload(utf16("{}")).mint()), malformed())
        .test("half a surrogate pair", &[], payload(&member(r#""x":"\ud800""#)), malformed())
        .test("a raw control character in a string", &[], payload(&member("\"x\":\"\n\"")), malformed())
        .test("a trailing comma", &[], payload(&|own| format!("{},}}", &own[..own.len() - 1])), malformed())
        .test("a comment", &[], payload(&prepend("/**/")), malformed())
        .test("NaN", &[], payload(&member(r#""x":NaN"#)), malformed())
        .test(
            "an issuer twice",
            &["peer:duplicate-members"],
            payload(&member(r#""iss":"https://as.example.com""#)),
            malformed(),
        )
        .test(
            "an audience twice, the second through an escape",
            &["peer:duplicate-members"],
            payload(&member(r#""\u0061ud":"https://other.example.com""#)),
            malformed(),
        )
        .test("a member twice in a nested object", &[], payload(&member(r#""x":{"y":1,"y":1}"#)), malformed())
        .test("alg twice in the header", &["J-1"], header(&member(r#""alg":"EdDSA""#)), malformed())
        .test("nesting of 16 levels", &[], with_token(good(keys).claim("x", nested(15)).mint()), ok())
        .test(
            "nesting of 17 levels",
            &["peer:500-on-deep-json"],
            with_token(good(keys).claim("x", nested(16)).mint()),
            malformed(),
        )
        .test(
            "nesting of 5,000 levels",
            &["peer:500-on-deep-json"],
            payload(&|own| {
                format!("{},\"x\":{}{}}}", &own[..own.len() - 1], "[".repeat(5000), "]".repeat(5000))
            }),
            malformed(),
        )
        .test(
            "a date that no number holds",
            &["A-6", "peer:500-on-1e400"],
            payload(&|own| own.replace("\"exp\":1800000300", "\"exp\":1e400")),
            malformed(),
        )
        .test(
            "the private member name of a JSON library",
            &["peer:private-member-names"],
            payload(&member(r#""x":{"$serde_json::private::RawValue":"{}"}"#)),
            malformed(),
        )
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
            let at =
                |filler: usize| good(keys).header("x", header.clone()).claim("filler", "x".repeat(filler));
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

fn key_id(keys: &Keys) -> Group {
    let other = Key::new("ed25519-other", "ed", "EdDSA");
    let absent = || denied("key_not_found");
    let kid = |kid: Value| with_token(good(keys).header("kid", kid).mint());
    let smuggled =
        |name: &str, value: Value| with_token(good(keys).signed_by(&other).header(name, value).mint());
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
        .test(
            "no kid, and only one key fits",
            &["K-6"],
            with_token(good(keys).without_header("kid").mint()),
            ok(),
        )
        .test("the key in the header", &[], smuggled("jwk", other.jwk()), bad())
        .test(
            "a URL of keys in the header",
            &[],
            smuggled("jku", json!("https://attacker.example.net/keys")),
            bad(),
        )
        .test(
            "a URL of certificates in the header",
            &[],
            smuggled("x5u", json!("https://attacker.example.net/cert")),
            bad(),
        )
        .test("a certificate in the header", &[], smuggled("x5c", json!(["MIIB"])), bad())
        .test(
            "a good token may carry them all",
            &[],
            with_token(
                good(keys)
                    .header("jku", "https://attacker.example.net/keys")
                    .header("x5u", "https://attacker.example.net/cert")
                    .header("jwk", other.jwk())
                    .mint(),
            ),
            ok(),
        )
        .done()
}
