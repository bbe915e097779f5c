//! Which bodies are keys, and which make a failed fetch (RFC 7517 section 5).

use serde_json::json;

use crate::author::{file as of, ok, requests, script, with_token};
use crate::keys::{Key, Keys};
use crate::model::{Answer, File, Group};
use crate::token::good;
use crate::wire::unavailable;

use super::key_life::{KEYS, text, usual_keys, with_uri};

pub(super) fn file(keys: &Keys) -> File {
    let mut groups = good_sets(keys);
    groups.extend(entries(keys));
    groups.extend(no_sets(keys));
    groups.extend(redirects(keys));
    of(&[], groups)
}

/// The longest answer that is read.
pub(super) const LIMIT: usize = 256 * 1024;

/// With as much white space as makes an answer of this length.
pub(super) fn filled(text: &str, length: usize) -> String {
    format!("{text}{}", " ".repeat(length - text.len()))
}

fn with_coding(coding: &str, body: &str) -> Answer {
    let headers =
        vec![("content-type".into(), "application/json".into()), ("content-encoding".into(), coding.into())];
    Answer::Response { status: 200, headers, body: body.into() }
}

fn good_sets(keys: &Keys) -> Vec<Group> {
    let set = json!({ "keys": [Key::usual().jwk()] }).to_string();
    let untyped = Answer::Response { status: 200, headers: Vec::new(), body: set.clone() };
    let own = |members: &str| format!("{{{members},{}", &set[1..]);
    let cases: Vec<(&str, Answer)> = vec![
        ("The registered type", text(200, "application/jwk-set+json", &set)),
        ("Some other type", text(200, "text/plain; charset=utf-8", &set)),
        ("No type", untyped),
        ("No coding, in so many words", with_coding("identity", &set)),
        ("As long as may be", text(200, "application/json", &filled(&set, LIMIT))),
        ("Members of the provider's own", text(200, "application/json", &own(r#""x":{"y":[1,null]},"":"""#))),
    ];
    cases
        .into_iter()
        .map(|(comment, answer)| {
            let mut group = requests(comment, with_uri()).proving(&["K-6"]);
            group.fetch = Some(script(&[(KEYS, answer)]));
            group.test("a good token", &[], with_token(good(keys).mint()), ok()).fetching(&[KEYS]).done()
        })
        .collect()
}

/// One entry that is not clean JSON, beside a good key: RFC 7517 section 4 has such a JWK rejected,
/// which is no reason to reject the others.
fn entries(keys: &Keys) -> Vec<Group> {
    let good_key = Key::usual().jwk();
    let deep = |levels: usize| format!(r#"{{"kty":"x","x":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    let private = |name: &str| format!(r#"{{"$serde_json::private::{name}":"1"}}"#);
    let other = Key::new("ed25519-other", "odd", "EdDSA");
    let twice = |member: &str| format!("{},{member}}}", &other.jwk().to_string().trim_end_matches('}'));
    let cases: [(&str, &[&str], String); 11] = [
        ("its kid twice", &["J-5", "peer:duplicate-members"], twice(r#""kid":"odd""#)),
        (
            "its kid twice, once with an escape",
            &["J-5", "peer:duplicate-members"],
            twice(r#""k\u0069d":"ed""#),
        ),
        ("its kty twice", &["J-5", "peer:duplicate-members"], twice(r#""kty":"oct""#)),
        ("a member of a member twice", &["J-5", "peer:duplicate-members"], twice(r#""y":{"z":1,"z":2}"#)),
        ("a number that no number holds", &["peer:500-on-1e400"], twice(r#""exp":1e400"#)),
        ("half a surrogate pair", &["J-5"], twice(r#""y":"\ud800""#)),
        ("raw text", &["peer:private-member-names"], private("RawValue")),
        ("a private number", &["peer:private-member-names"], private("Number")),
        (
            "raw text in a member",
            &["peer:private-member-names"],
            twice(&format!(r#""y":{}"#, private("RawValue"))),
        ),
        ("20 levels", &["peer:500-on-deep-json"], deep(20)),
        ("5,000 levels", &["peer:500-on-deep-json"], deep(5000)),
    ];
    cases
        .into_iter()
        .map(|(comment, ids, entry)| {
            let comment = format!("An entry that is not clean JSON: {comment}");
            let mut group =
                requests(&comment, with_uri()).proving(&["K-6", "peer:one-bad-key-poisons-the-set"]);
            let set = format!(r#"{{"keys":[{entry},{good_key}]}}"#);
            group.fetch = Some(script(&[(KEYS, text(200, "application/json", &set))]));
            group.test("a good token", ids, with_token(good(keys).mint()), ok()).fetching(&[KEYS]).done()
        })
        .collect()
}

/// The place that they point to has the very keys.
fn redirects(keys: &Keys) -> Vec<Group> {
    let redirect = |status: u16, location: &str| Answer::Response {
        status,
        headers: vec![("location".into(), location.into())],
        body: String::new(),
    };
    let elsewhere = "https://attacker.example.net/keys";
    let near = "https://as.example.com/keys/";
    [(301, elsewhere), (302, elsewhere), (303, elsewhere), (307, elsewhere), (308, elsewhere), (308, near)]
        .into_iter()
        .map(|(status, location)| {
            let comment = format!("A redirect with {status} to {location}, which is not followed");
            let mut group = requests(&comment, with_uri()).proving(&["K-6", "peer:redirect-followed"]);
            let place = (location, usual_keys());
            group.fetch = Some(script(&[(KEYS, redirect(status, location)), place]));
            group
                .test("a good token", &[], with_token(good(keys).mint()), unavailable(1))
                .fetching(&[KEYS])
                .done()
        })
        .collect()
}

fn no_sets(keys: &Keys) -> Vec<Group> {
    let ed = Key::usual().jwk();
    let set = json!({ "keys": [ed] }).to_string();
    let coded = |coding: &str| with_coding(coding, &set);
    let json = |body: &str| text(200, "application/json", body);
    let cases: Vec<(&str, &[&str], Answer)> = vec![
        ("The coding br", &["peer:huge-bodies"], coded("br")),
        ("The coding deflate", &["peer:huge-bodies"], coded("deflate")),
        ("Two codings, one of them identity", &["peer:huge-bodies"], coded("identity, gzip")),
        ("An answer in part", &[], text(206, "application/json", &set)),
        ("A status that only means nearly the same", &[], text(203, "application/json", &set)),
        ("A web page, its type in other case", &[], text(200, "Text/HTML", &set)),
        ("A web page, typed as JSON", &[], json("<!DOCTYPE html><html></html>")),
        ("JSON that is cut off", &[], json(&set[..set.len() - 1])),
        ("JSON that is cut off within a key", &[], json(&set[..set.len() / 2])),
        ("A set twice", &["J-5"], json(&format!("{set}{set}"))),
        ("One byte too many", &["peer:huge-bodies"], json(&filled(&set, LIMIT + 1))),
        ("A text", &[], json("\"keys\"")),
        ("A key instead of a set", &[], json(&ed.to_string())),
        ("A list of keys instead of a set", &[], json(&format!("[{ed}]"))),
        ("Keys that are an object", &[], json(&format!(r#"{{"keys":{{"ed":{ed}}}}}"#))),
        ("Keys that are null", &[], json(r#"{"keys":null}"#)),
        ("Keys under another name", &[], json(&set.replace("keys", "Keys"))),
    ];
    cases
        .into_iter()
        .map(|(comment, ids, answer)| {
            let mut group = requests(comment, with_uri()).proving(&["K-6", "peer:401-without-keys"]);
            group.fetch = Some(script(&[(KEYS, answer)]));
            group
                .test(
                    "503, since the token may be a good one",
                    ids,
                    with_token(good(keys).mint()),
                    unavailable(1),
                )
                .fetching(&[KEYS])
                .done()
        })
        .collect()
}
