//! When a token is valid (RFC 7519 sections 4.1.4 to 4.1.6).

use serde_json::{Value, json};

use crate::author::{
    allowed, denied, file as of, good_token, ok, requests, usual, with_claim, with_token, without_claim,
};
use crate::keys::Keys;
use crate::model::{File, Group, Settings, Token};
use crate::token::{NOW, good};

pub(super) fn file(keys: &Keys) -> File {
    of(&[], vec![expiry(keys), not_before(keys), leeway(keys, 0.0), leeway(keys, 60.0)])
}

#[expect(clippy::cast_precision_loss, reason = "dates")]
fn expiry(keys: &Keys) -> Group {
    let exp = |value: Value| with_claim(keys, "exp", value);
    let seen = |expires_at: f64| allowed(Token { expires_at, ..good_token() });
    let at = |offset: f64| NOW as f64 + offset;
    let malformed = || denied("malformed_claim");
    requests("exp, with 30 seconds of leeway", usual())
        .proving(&["A-6", "MCP-11"])
        .test("now", &[], exp(json!(NOW)), seen(at(0.0)))
        .test("29 seconds ago", &[], exp(json!(NOW - 29)), seen(at(-29.0)))
        .test("30 seconds ago", &[], exp(json!(NOW - 30)), denied("expired"))
        .test("a day ago", &[], exp(json!(NOW - 86_400)), denied("expired"))
        .test("a fraction before the end of leeway", &[], exp(json!(at(-29.5))), seen(at(-29.5)))
        .test("a fraction after it", &[], exp(json!(at(-30.5))), denied("expired"))
        .test(
            "written with an exponent",
            &[],
            with_token(good(keys).edit_payload(|own| own.replace("1800000300", "18.000003e8")).mint()),
            ok(),
        )
        .test("at the beginning of time", &[], exp(json!(0)), denied("expired"))
        .test("before it", &[], exp(json!(-1)), denied("expired"))
        .test("absent", &["peer:missing-exp"], without_claim(keys, "exp"), denied("missing_claim"))
        .test("a text", &[], exp(json!((NOW + 300).to_string())), malformed())
        .test("an empty text", &[], exp(json!("")), malformed())
        .test("a date in words", &[], exp(json!("2027-01-15T08:05:00Z")), malformed())
        .test("an object", &[], exp(json!({"exp": NOW + 300})), malformed())
        .test("a text of never", &["peer:missing-exp"], exp(json!("never")), malformed())
        .test("false", &["peer:missing-exp"], exp(json!(false)), malformed())
        .test("a fraction later", &[], exp(json!(at(300.25))), seen(at(300.25)))
        .test("long before the beginning of time", &[], exp(json!(-1e9)), denied("expired"))
        .test("before every calendar", &["peer:huge-exp"], exp(json!(-1e300)), malformed())
        .test("the smallest integer", &["peer:huge-exp"], exp(json!(i64::MIN)), malformed())
        .test(
            "in the year 9999",
            &["peer:huge-exp"],
            exp(json!(253_402_300_799_u64)),
            seen(253_402_300_799.0),
        )
        .test("in the year 10000", &["peer:huge-exp"], exp(json!(253_402_300_800_u64)), malformed())
        .test("true", &[], exp(json!(true)), malformed())
        .test("null", &["peer:missing-exp"], exp(Value::Null), malformed())
        .test("a list", &[], exp(json!([NOW + 300])), malformed())
        .test("in milliseconds", &["peer:huge-exp"], exp(json!(NOW * 1000)), malformed())
        .test("beyond every calendar", &["peer:huge-exp"], exp(json!(1e300)), malformed())
        .test("the largest integer", &["peer:huge-exp"], exp(json!(u64::MAX)), malformed())
        .done()
}

fn not_before(keys: &Keys) -> Group {
    let nbf = |value: Value| with_claim(keys, "nbf", value);
    let malformed = || denied("malformed_claim");
    requests("nbf, with 30 seconds of leeway; iat is only read", usual())
        .proving(&["MCP-11"])
        .test("past", &[], nbf(json!(NOW - 60)), ok())
        .test("in 30 seconds", &[], nbf(json!(NOW + 30)), ok())
        .test("in 31 seconds", &["peer:future-nbf"], nbf(json!(NOW + 31)), denied("not_yet_valid"))
        .test("in a fraction more than 30 seconds", &[], nbf(json!(1_800_000_030.5)), denied("not_yet_valid"))
        .test("tomorrow", &["peer:future-nbf"], nbf(json!(NOW + 86_400)), denied("not_yet_valid"))
        .test("a text", &[], nbf(json!("0")), malformed())
        .test("null", &[], nbf(Value::Null), malformed())
        .test("beyond every calendar", &[], nbf(json!(1e300)), malformed())
        .test("a fraction in the past", &[], nbf(json!(1_799_999_999.5)), ok())
        .test("at the beginning of time", &[], nbf(json!(0)), ok())
        .test("before it", &[], nbf(json!(-1)), ok())
        .test("a text of the past", &[], nbf(json!((NOW - 60).to_string())), malformed())
        .test("an empty text", &[], nbf(json!("")), malformed())
        .test("true", &[], nbf(json!(true)), malformed())
        .test("a list", &[], nbf(json!([0])), malformed())
        .test("an object", &[], nbf(json!({})), malformed())
        .test("before every calendar", &[], nbf(json!(-1e300)), malformed())
        .test("in milliseconds", &["peer:future-nbf"], nbf(json!(NOW * 1000)), malformed())
        .test("iat is a fraction", &[], with_claim(keys, "iat", json!(1_799_999_999.5)), ok())
        .test("iat is negative", &[], with_claim(keys, "iat", json!(-1)), ok())
        .test(
            "iat is in the future, which RFC 7519 gives no meaning",
            &[],
            with_claim(keys, "iat", json!(NOW + 200)),
            ok(),
        )
        .test(
            "iat is a number as text",
            &[],
            with_claim(keys, "iat", json!((NOW - 60).to_string())),
            malformed(),
        )
        .test("iat is null", &[], with_claim(keys, "iat", Value::Null), malformed())
        .test("iat is true", &[], with_claim(keys, "iat", json!(true)), malformed())
        .test("iat is a list", &[], with_claim(keys, "iat", json!([NOW])), malformed())
        .test("iat is beyond every calendar", &[], with_claim(keys, "iat", json!(1e300)), malformed())
        .test(
            "auth_time is a text",
            &["design:claims"],
            with_claim(keys, "auth_time", json!("0")),
            malformed(),
        )
        .test("iat is absent", &[], without_claim(keys, "iat"), ok())
        .test("iat is a text", &[], with_claim(keys, "iat", json!("now")), malformed())
        .done()
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "dates"
)]
fn leeway(keys: &Keys, leeway: f64) -> Group {
    let exp = |value: u64| with_claim(keys, "exp", json!(value));
    let seen = |expires_at: u64| allowed(Token { expires_at: expires_at as f64, ..good_token() });
    let whole = leeway as u64;
    requests(&format!("A leeway of {whole} seconds"), Settings { leeway: Some(leeway), ..usual() })
        .proving(&["A-6"])
        .test("the last second", &[], exp(NOW - whole + 1), seen(NOW - whole + 1))
        .test("the first second too late", &[], exp(NOW - whole), denied("expired"))
        .test("the first second", &[], with_claim(keys, "nbf", json!(NOW + whole)), ok())
        .test(
            "a second too early",
            &[],
            with_claim(keys, "nbf", json!(NOW + whole + 1)),
            denied("not_yet_valid"),
        )
        .done()
}
