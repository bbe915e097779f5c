//! A token's form: exactly a compact JWS (RFC 7515 section 7.1, RFC 8725 section 3.4).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::author::{denied, file as of, ok, requests, usual, with_token};
use crate::keys::{Key, Keys};
use crate::model::{File, Group, Settings};
use crate::token::good;

pub(super) fn file(keys: &Keys) -> File {
    let notes = [("form", "What is not exactly a compact JWS is refused before anything in it is believed.")];
    of(&notes, vec![form(keys), serializations(keys), size(keys)])
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
            "padding after the payload",
            &["B-03"],
            with_token(format!("{header}.{payload}=.{signature}")),
            malformed(),
        )
        .test(
            "padding after the signature",
            &["B-03", "peer:lenient-base64"],
            with_token(format!("{token}==")),
            malformed(),
        )
        .test("padding that is percent-encoded", &[], with_token(format!("{token}%3D%3D")), malformed())
        .test(
            "the ordinary base64 alphabet, in the payload",
            &[],
            with_token(ordinary_payload(keys)),
            malformed(),
        )
        .test(
            "a space inside: a second credential",
            &["B-03", "B-04"],
            with_token(format!("{header}. {payload}.{signature}")),
            denied("multiple_credentials"),
        )
        .test(
            "a line break inside",
            &["peer:lenient-base64"],
            with_token(format!("{header}.{payload}.{}\n{}", &signature[..40], &signature[40..])),
            malformed(),
        )
        .test(
            "a form feed at the end",
            &["peer:lenient-base64"],
            with_token(format!("{header}.{payload}\u{b}.{signature}")),
            malformed(),
        )
        .test("a zero inside", &[], with_token(format!("{header}.{payload}\0.{signature}")), malformed())
        .test(
            "stray bits after the header",
            &["peer:lenient-base64"],
            with_token(stray_header(keys)),
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

/// Signed as it is sent.
fn stray_header(keys: &Keys) -> String {
    for filler in ["", "x", "xx"] {
        let input = good(keys).header("filler", filler).signing_input();
        let (header, payload) = input.split_once('.').expect("two parts");
        if header.len() % 4 != 0 {
            return sign_text(keys, &format!("{}.{payload}", stray(header)));
        }
    }
    unreachable!("one of three lengths fits")
}

/// Signed as it is sent, with a payload that the two alphabets spell differently.
fn ordinary_payload(keys: &Keys) -> String {
    let input = good(keys).claim("filler", "~~~???~~~").signing_input();
    let (header, payload) = input.split_once('.').expect("two parts");
    assert!(payload.contains(['-', '_']), "spelt alike");
    sign_text(keys, &format!("{header}.{}", payload.replace('-', "+").replace('_', "/")))
}

fn sign_text(keys: &Keys, input: &str) -> String {
    let signature = keys.sign(&Key::usual(), input.as_bytes());
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn replace_first(text: &str, old: char, new: char) -> String {
    assert!(text.contains(old), "a signature without {old}");
    text.replacen(old, &new.to_string(), 1)
}

/// What is no compact JWS, although RFC 7515 and RFC 7516 know it.
fn serializations(keys: &Keys) -> Group {
    let token = good(keys).mint();
    let [header, payload, signature] =
        <[&str; 3]>::try_from(token.split('.').collect::<Vec<_>>()).expect("three parts");
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let flattened = format!(r#"{{"payload":"{payload}","protected":"{header}","signature":"{signature}"}}"#);
    let general = format!(
        r#"{{"payload":"{payload}","signatures":[{{"protected":"{header}","signature":"{signature}"}}]}}"#
    );
    let encrypted =
        |header: &str| format!("{}.{}.{}.{payload}.{}", part(header), part("key"), part("iv"), part("tag"));
    let malformed = || denied("malformed_token");
    // A comma would begin a second credential.
    let several = || denied("multiple_credentials");
    requests("Other serializations, and tokens inside of others", usual())
        .proving(&["J-3", "J-4"])
        .noting(&["form"])
        .test("flattened JSON", &["B-03", "B-04"], with_token(&flattened), several())
        .test(
            "general JSON",
            &["B-03", "B-04"],
            with_token(general.replace("signatures\":[{\"protected", "signatures\":[{ \"protected")),
            several(),
        )
        .test(
            "JSON with one member",
            &["B-03"],
            with_token(format!(r#"{{"payload":"{payload}"}}"#)),
            malformed(),
        )
        .test("flattened JSON as one part", &[], with_token(part(&flattened)), malformed())
        .test("general JSON as one part", &[], with_token(part(&general)), malformed())
        .test(
            "general JSON as the header",
            &[],
            with_token(good(keys).raw_header(general).mint()),
            denied("unsupported_algorithm"),
        )
        .test(
            "encrypted with an RSA key",
            &["A-2"],
            with_token(encrypted(r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","cty":"JWT","kid":"ed"}"#)),
            malformed(),
        )
        .test(
            "encrypted directly",
            &["A-2"],
            with_token(encrypted(r#"{"alg":"dir","enc":"A128CBC-HS256"}"#)),
            malformed(),
        )
        .test(
            "five parts, the header of a signed token",
            &["A-2"],
            with_token(encrypted(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"ed"}"#)),
            malformed(),
        )
        .test(
            "the header of an encrypted token on three parts",
            &["A-2"],
            with_token(good(keys).header("alg", "dir").header("enc", "A256GCM").mint()),
            denied("unsupported_algorithm"),
        )
        .test(
            "a token inside of another",
            &[],
            with_token(good(keys).header("cty", "JWT").raw_payload(token.clone()).mint()),
            malformed(),
        )
        .test(
            "a token inside of another, as JSON",
            &[],
            with_token(good(keys).header("cty", "JWT").raw_payload(format!("\"{token}\"")).mint()),
            malformed(),
        )
        .test(
            "a token inside of another without a signature",
            &["A-5"],
            with_token(
                good(keys)
                    .header("alg", "none")
                    .header("cty", "JWT")
                    .raw_payload(token.clone())
                    .mint_with(|_, _| Vec::new()),
            ),
            denied("unsupported_algorithm"),
        )
        .done()
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
