//! A token's JSON: one object for the header and one for the payload, which everybody reads alike
//! (RFC 8259, RFC 7515 section 4, RFC 7519 section 4, RFC 8725 section 3.7).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::author::{denied, file as of, ok, requests, usual, with_token};
use crate::keys::Keys;
use crate::model::{File, Group, Input};
use crate::token::good;

pub(super) fn file(keys: &Keys) -> File {
    let notes = [("form", "What is not exactly a compact JWS is refused before anything in it is believed.")];
    of(&notes, vec![json_form(keys), members_twice(keys), numbers(keys), private_names(keys)])
}

/// A good token with one more member at the end of its payload.
fn with_member(keys: &Keys, member: &str) -> Input {
    with_token(good(keys).edit_payload(|own| format!("{},{member}}}", &own[..own.len() - 1])).mint())
}

/// A good token with one more member at the end of its header.
fn with_parameter(keys: &Keys, member: &str) -> Input {
    with_token(good(keys).edit_header(|own| format!("{},{member}}}", &own[..own.len() - 1])).mint())
}

fn json_form(keys: &Keys) -> Group {
    let malformed = || denied("malformed_token");
    let payload = |edit: &dyn Fn(String) -> String| with_token(good(keys).edit_payload(edit).mint());
    let header = |edit: &dyn Fn(String) -> String| with_token(good(keys).edit_header(edit).mint());
    let prepend = |text: &'static str| move |own: String| format!("{text}{own}");
    let append = |text: &'static str| move |own: String| format!("{own}{text}");
    let member = |text: &str| {
        let text = text.to_owned();
        move |own: String| format!("{},{text}}}", &own[..own.len() - 1])
    };
    let bytes = |value: &[u8]| {
        let claims = good(keys).signing_input();
        let claims = URL_SAFE_NO_PAD.decode(claims.split_once('.').expect("two parts").1).expect("base64url");
        let payload = [&claims[..claims.len() - 1], b",\"x\":", value, b"}"].concat();
        with_token(good(keys).raw_payload(payload).mint())
    };
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
        .test("the payload is a number", &[], with_token(good(keys).raw_payload("1").mint()), malformed())
        .test("the payload is null", &[], with_token(good(keys).raw_payload("null").mint()), malformed())
        .test("the payload is white space", &[], with_token(good(keys).raw_payload(" ").mint()), malformed())
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
        .test("the header is a text", &[], with_token(good(keys).raw_header("\"EdDSA\"").mint()), malformed())
        .test("the header is a number", &[], with_token(good(keys).raw_header("1").mint()), malformed())
        .test("the header is null", &[], with_token(good(keys).raw_header("null").mint()), malformed())
        .test("the header is white space", &[], with_token(good(keys).raw_header("\n").mint()), malformed())
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
        .test(
            "bytes that are no UTF-8 in the header",
            &[],
            with_token(
                good(keys).raw_header(b"{\"alg\":\"EdDSA\",\"kid\":\"ed\",\"x\":\"\xff\"}".to_vec()).mint(),
            ),
            malformed(),
        )
        .test("a surrogate in UTF-8", &[], bytes(b"\"\xed\xa0\x80\""), malformed())
        .test("an overlong slash", &[], bytes(b"\"\xc0\xaf\""), malformed())
        .test("a character cut off", &[], bytes(b"\"\xe2\x82\""), malformed())
        .test("beyond the last character", &[], bytes(b"\"\xf4\x90\x80\x80\""), malformed())
        .test("a zero after the payload", &[], payload(&append("\0")), malformed())
        .test("a zero after the header", &[], header(&append("\0")), malformed())
        .test("UTF-16", &[], with_token(good(keys).raw_payload(utf16("{}")).mint()), malformed())
        .test("half a surrogate pair, in a name", &[], payload(&member(r#""\udc00":1"#)), malformed())
        .test(
            "half a surrogate pair, in the header",
            &[],
            header(&member(r#""x":"\ud800\u0041""#)),
            malformed(),
        )
        .test("a whole surrogate pair", &[], payload(&member(r#""x":"\ud83d\ude00""#)), ok())
        .test("half a surrogate pair", &[], payload(&member(r#""x":"\ud800""#)), malformed())
        .test("a raw control character in a string", &[], payload(&member("\"x\":\"\n\"")), malformed())
        .test("a trailing comma", &[], payload(&|own| format!("{},}}", &own[..own.len() - 1])), malformed())
        .test("a comment", &[], payload(&prepend("/**/")), malformed())
        .test("NaN", &[], payload(&member(r#""x":NaN"#)), malformed())
        .test(
            "nesting of 17 levels in the header",
            &["peer:500-on-deep-json"],
            with_token(good(keys).header("x", nested(16)).mint()),
            malformed(),
        )
        .test(
            "nesting of 16 levels in the header",
            &[],
            with_token(good(keys).header("x", nested(15)).mint()),
            ok(),
        )
        .test(
            "nesting of 5,000 levels in the header",
            &["peer:500-on-deep-json"],
            header(&|own| {
                format!("{},\"x\":{}{}}}", &own[..own.len() - 1], "[".repeat(5000), "]".repeat(5000))
            }),
            malformed(),
        )
        .test(
            "nesting that never ends",
            &["peer:500-on-deep-json"],
            with_token(good(keys).raw_payload("[".repeat(9000)).mint()),
            malformed(),
        )
        .test(
            "objects nested in 17 levels",
            &["peer:500-on-deep-json"],
            payload(&member(
                &r#""x":O1C"#.replace('O', &r#"{"y":"#.repeat(16)).replace('C', &"}".repeat(16)),
            )),
            malformed(),
        )
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
        .done()
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn members_twice(keys: &Keys) -> Group {
    let malformed = || denied("malformed_token");
    let claims = [
        ("the issuer", r#""iss":"https://as.example.com""#),
        ("another issuer", r#""iss":"https://other.example.com""#),
        ("another audience, through an escape", r#""\u0061ud":"https://other.example.com""#),
        ("the expiry", r#""exp":1800000300"#),
        ("a later expiry, through an escape", r#""e\u0078p":1900000000"#),
        ("the subject", r#""sub":"admin""#),
        (
            "the client, all of its name through escapes",
            r#""\u0063\u006c\u0069\u0065\u006e\u0074\u005f\u0069\u0064":"client-2""#,
        ),
        ("the scope", r#""scope":"todo:admin""#),
        ("the scope, the same", r#""scope":"todo:read""#),
        ("jti", r#""jti":null"#),
        ("a claim of the provider's own", r#""x":1,"x":1"#),
        ("an empty name", r#""":1,"":2"#),
        ("a name of two characters, once through a surrogate pair", "\"\u{1f600}\":1,\"\\ud83d\\ude00\":2"),
        ("a member of a nested object", r#""x":{"y":1,"y":1}"#),
        ("a member of an object in a list", r#""x":[{"y":1,"\u0079":1}]"#),
        ("a member of cnf", r#""cnf":{"jkt":"a","jkt":"b"}"#),
    ];
    let parameters = [
        ("the algorithm", r#""alg":"EdDSA""#),
        ("another algorithm", r#""alg":"none""#),
        ("another algorithm, through an escape", r#""\u0061lg":"HS256""#),
        ("the type", r#""typ":"dpop+jwt""#),
        ("the kid", r#""kid":"other""#),
        ("the kid, through an escape", r#""k\u0069d":"ed""#),
        ("crit", r#""crit":["x"],"crit":[]"#),
        ("an unknown parameter", r#""x":1,"x":2"#),
        ("a member of jwk", r#""jwk":{"kty":"OKP","kty":"oct"}"#),
    ];
    let group = requests("A member twice: no two parsers need choose alike", usual())
        .proving(&["J-5", "peer:duplicate-members"])
        .noting(&["form"]);
    let group = claims.into_iter().fold(group, |group, (what, member)| {
        group.test(&format!("in the payload: {what}"), &[], with_member(keys, member), malformed())
    });
    let group = parameters.into_iter().fold(group, |group, (what, member)| {
        group.test(&format!("in the header: {what}"), &["J-1"], with_parameter(keys, member), malformed())
    });
    let many: Vec<String> = (0..200).map(|index| format!(r#""m{index}":0"#)).collect();
    group
        .test("200 different ones", &[], with_member(keys, &many.join(",")), ok())
        .test(
            "the 200th is the 40th",
            &[],
            with_member(keys, &format!(r#"{},"m39":1"#, many.join(","))),
            malformed(),
        )
        .test(
            "names that differ in case",
            &[],
            with_member(keys, r#""ISS":"https://other.example.com","Exp":1"#),
            ok(),
        )
        .done()
}

/// RFC 8259 section 6: a number has one form, and what exceeds every range is refused.
fn numbers(keys: &Keys) -> Group {
    let malformed = || denied("malformed_token");
    let exp = |text: &str| {
        let text = format!("\"exp\":{text}");
        with_token(good(keys).edit_payload(|own| own.replace("\"exp\":1800000300", &text)).mint())
    };
    let long = "9".repeat(400);
    let ids: &[&str] = &["A-6", "peer:500-on-1e400"];
    let group = requests("Numbers that no number holds, and numbers that are none", usual())
        .proving(&["J-5"])
        .noting(&["form"])
        .test("a fraction of zero", &[], exp("1800000300.0"), ok())
        .test("with an exponent", &[], exp("18000003E+2"), ok())
        .test("minus zero as nbf", &[], with_member(keys, r#""nbf":-0"#), ok())
        .test("next to nothing", &["A-6"], exp("1e-400"), denied("expired"));
    let group = ["1e400", "-1e400", "1E+99999", &long].into_iter().fold(group, |group, text| {
        let name = if text.len() > 10 { "400 digits" } else { text };
        let member = |name: &str| with_member(keys, &format!("\"{name}\":{text}"));
        group
            .test(&format!("{name} as exp"), ids, exp(text), malformed())
            .test(&format!("{name} as nbf"), ids, member("nbf"), malformed())
            .test(&format!("{name} as auth_time"), ids, member("auth_time"), malformed())
            .test(&format!("{name} as a claim of the provider's own"), ids, member("x"), malformed())
            .test(
                &format!("{name} in the header"),
                ids,
                with_parameter(keys, &format!("\"x\":{text}")),
                malformed(),
            )
    });
    let none = [
        "01800000300",
        "+1800000300",
        "0x6B49D32C",
        "18_0000_0300",
        "1800000300.",
        ".5",
        "Infinity",
        "-Infinity",
        "1800000300n",
        "-",
        "1e",
        "True",
    ];
    none.into_iter()
        .fold(group, |group, text| {
            group.test(&format!("{text} is no JSON"), &["A-6"], exp(text), malformed())
        })
        .done()
}

/// `serde_json` gives these names a meaning when some crate of the build asks for it.
fn private_names(keys: &Keys) -> Group {
    let malformed = || denied("malformed_token");
    let raw = r#"{"$serde_json::private::RawValue":"\"todo:admin\""}"#;
    let number = |text: &str| format!(r#"{{"$serde_json::private::Number":"{text}"}}"#);
    let claims = [
        ("raw text as an unknown claim", format!("\"x\":{raw}")),
        ("raw text as scp", format!("\"scp\":{raw}")),
        ("raw text in a list", format!("\"x\":[{raw}]")),
        ("raw text as a claim's name", raw[1..raw.len() - 1].to_owned()),
        ("the name through an escape", "\"x\":{\"\\u0024serde_json::private::RawValue\":\"{}\"}".to_owned()),
        ("a number as an unknown claim", format!("\"x\":{}", number("1"))),
        ("a number as a date", format!("\"nbf\":{}", number("1"))),
        ("a number that is none", format!("\"nbf\":{}", number("inf"))),
        ("a number without end", format!("\"nbf\":{}", number("1e400"))),
        ("a number that is empty", format!("\"x\":{}", number(""))),
        ("a number with an escape", format!("\"x\":{}", number("\\u0031"))),
        ("a number that is a number", r#""x":{"$serde_json::private::Number":1}"#.to_owned()),
        ("a number and more", r#""x":{"$serde_json::private::Number":"1","y":2}"#.to_owned()),
        ("a number, second", r#""x":{"y":2,"$serde_json::private::Number":"1"}"#.to_owned()),
    ];
    let group = requests("The private member names of a JSON library", usual())
        .proving(&["J-5", "peer:private-member-names"])
        .noting(&["form"]);
    let group = claims
        .into_iter()
        .fold(group, |group, (what, member)| group.test(what, &[], with_member(keys, &member), malformed()));
    let exp = number("1800000300");
    let header = r#"{"$serde_json::private::RawValue":"{\"alg\":\"EdDSA\",\"kid\":\"ed\"}"}"#;
    group
        .test(
            "a number as exp",
            &["A-6"],
            with_token(good(keys).edit_payload(|own| own.replace("1800000300", &exp)).mint()),
            malformed(),
        )
        .test(
            "a number as the payload",
            &[],
            with_token(good(keys).raw_payload(number("1")).mint()),
            malformed(),
        )
        .test(
            "raw text as the payload",
            &[],
            with_token(good(keys).raw_payload(r#"{"$serde_json::private::RawValue":"{}"}"#).mint()),
            malformed(),
        )
        .test("raw text as the header", &[], with_token(good(keys).raw_header(header).mint()), malformed())
        .test(
            "a number as the header",
            &[],
            with_token(good(keys).raw_header(number("1")).mint()),
            malformed(),
        )
        .test("raw text in the header", &[], with_parameter(keys, &format!("\"x\":{raw}")), malformed())
        .test(
            "a number in the header",
            &[],
            with_parameter(keys, &format!("\"x\":{}", number("1"))),
            malformed(),
        )
        .test(
            "a name that only contains one",
            &[],
            with_member(keys, r#""x$serde_json::private::Number":"1""#),
            ok(),
        )
        .done()
}
