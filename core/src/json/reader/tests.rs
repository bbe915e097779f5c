use serde::de::IgnoredAny;

use super::*;
use crate::json::{MAX_DEPTH, read};

/// No byte makes one name of an object into another.
const TEXTS: [&str; 6] = [
    r#"{"iss":"https://as.example.com","aud":["a","b"],"exp":1800000000,"nbf":-0.5e+3,"ok":true,"x":null}"#,
    r#" { "one" : { "b\u00e9\ud83d\ude00\n" : [ [ ] , { } , "\\\"\/\b\f\r\t" ] } , "two" : false } "#,
    r#"[0,-0,1.5,10e2,2E-3,123456789012345678901234567890,1e400,0.1]"#,
    r#"["plain ascii that is longer than a word","héllo wörld, not ascii","\ud800"]"#,
    "\t[\r\n\"\u{7f}\u{80}\u{7ff}\u{ffff}\u{10ffff}\"\r\n]",
    r#""alone""#,
];

/// A text with one byte changed, added or taken away, in every place and in many ways.
fn mutations(text: &str) -> impl Iterator<Item = String> {
    const BYTES: &[u8] = b"{}[]:,\"\\ \n\x00\x1f0129.-+eEtrufalsnd/x\x80\xff";
    let edits = (0..=text.len()).flat_map(|at| BYTES.iter().map(move |byte| (at, *byte)));
    edits
        .flat_map(move |(at, byte)| {
            let (before, after) = text.as_bytes().split_at(at);
            let rest = after.get(1..).unwrap_or_default();
            [[before, &[byte], after].concat(), [before, &[byte], rest].concat(), [before, rest].concat()]
        })
        .filter_map(|bytes| String::from_utf8(bytes).ok())
}

fn same(own: Json<'_>, other: &serde_json::Value) -> bool {
    match (own, other) {
        (Json::Null, serde_json::Value::Null) => true,
        (Json::Bool(own), serde_json::Value::Bool(other)) => own == *other,
        // `serde_json` may be wrong in the last bit.
        (Json::Number(own), serde_json::Value::Number(other)) => {
            other.as_f64().is_some_and(|other| (own - other).abs() <= own.abs() * f64::EPSILON)
        }
        (Json::String(own), serde_json::Value::String(other)) => own.read() == *other,
        (Json::Strings(_) | Json::Array(_), serde_json::Value::Array(other)) => {
            let strings = other.iter().all(serde_json::Value::is_string);
            let all: Vec<_> = own.as_array().unwrap().collect();
            own.as_strings().is_some() == strings
                && all.len() == other.len()
                && all.iter().zip(other).all(|(own, other)| same(*own, other))
        }
        (Json::Object(own), serde_json::Value::Object(other)) => {
            other.iter().all(|(name, other)| own.get(name).is_some_and(|own| same(own, other)))
        }
        _ => false,
    }
}

#[test]
fn the_grammar_is_that_of_serde_json() {
    let mut good = 0;
    for text in TEXTS.iter().flat_map(|text| mutations(text)) {
        let mut reader = Reader::new(&text);
        let skipped = reader.skip().and_then(|value| reader.end().map(|()| value));
        assert_eq!(skipped.is_ok(), serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{text:?}");
        assert!(skipped.is_err() || skipped == Ok(text.trim_matches([' ', '\t', '\n', '\r'])), "{text:?}");

        let mut reader = Reader::new(&text);
        let value = read(&mut reader, MAX_DEPTH).and_then(|value| reader.end().map(|()| value));
        let other = serde_json::from_str::<serde_json::Value>(&text);
        match (value, other) {
            (Ok(value), Ok(other)) => {
                assert!(same(value, &other), "{text:?}");
                good += 1;
            }
            (Err(Malformed), Err(_)) => {}
            (value, other) => panic!("{text:?}: {value:?}, {other:?}"),
        }
    }
    assert!(good > 1_000, "{good}");
}

#[test]
fn any_depth_is_skipped() {
    let deep = format!("{}{}", r#"[{"a":"#.repeat(100_000), "}]".repeat(100_000).replacen('}', "0}", 1));
    let mut reader = Reader::new(&deep);
    assert_eq!(reader.skip(), Ok(&*deep));
    assert_eq!(reader.end(), Ok(()));
    assert_eq!(Reader::new(&deep[..deep.len() - 1]).skip(), Err(Malformed));
    assert_eq!(Reader::new(&deep.replacen("}]", "]}", 1)).skip(), Err(Malformed));
}
