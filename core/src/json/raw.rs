//! The text of a call's arguments, for rules that are functions, and of the keys of a JWK Set.
//!
//! Not a parser: it only finds where values end, in text that a parser has read already.
//! (`serde_json`'s own means, `RawValue`, needs a feature that would give a private member name a
//! meaning in every other crate of the build.)

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::json::{Malformed, MemberNames, Name};

/// The members' names and values of an object in turn, or the items of an array.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a>(&'a str);

impl<'a> Parts<'a> {
    pub(crate) fn of(value: &'a str) -> Self {
        Self(value.trim_start_matches(SPACE).strip_prefix(['{', '[']).unwrap_or_default())
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start_matches(BETWEEN);
        let (part, rest) = text.split_at_checked(end(text))?;
        self.0 = rest;
        (!part.is_empty()).then_some(part)
    }
}

/// The value of an object's member.
pub(crate) fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let mut parts = Parts::of(object);
    while let (Some(own), Some(value)) = (parts.next(), parts.next()) {
        if serde_json::from_str::<String>(own).is_ok_and(|own| own == name) {
            return Some(value);
        }
    }
    None
}

/// Refuses a value in which any object has two members of one name, and one that nests so deep
/// that `serde_json` gives up.
pub(crate) fn check_duplicates(value: &str) -> Result<(), Malformed> {
    serde_json::from_str::<Unique>(value).map(|Unique| ()).map_err(|_| Malformed)
}

const SPACE: [char; 4] = [' ', '\t', '\n', '\r'];
const BETWEEN: [char; 6] = [' ', '\t', '\n', '\r', ',', ':'];

/// Where the value at the start of `text` ends.
fn end(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut string = false;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if string => escaped = true,
            b'"' => {
                string = !string;
                if !string && depth == 0 {
                    return at + 1;
                }
            }
            _ if string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 1 => depth -= 1,
            b'}' | b']' if depth == 1 => return at + 1,
            b'}' | b']' | b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

/// Any JSON value without duplicate members.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut names = MemberNames::default();
        while let Some(name) = map.next_key_seed(Name)? {
            names.insert(name.clone()).map_err(|Malformed| A::Error::custom("duplicate member"))?;
            map.next_value::<Self>()?;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_the_exact_text() {
        let text = r#" { "a" : {"x":[1,{"y":"}]"}]} ,"b\"":"\\", "n":-1.50e+400,"t":true , "l":[] }"#;
        let parts: Vec<_> = Parts::of(text).collect();
        let expected = [
            r#""a""#,
            r#"{"x":[1,{"y":"}]"}]}"#,
            r#""b\"""#,
            r#""\\""#,
            r#""n""#,
            "-1.50e+400",
            r#""t""#,
            "true",
            r#""l""#,
            "[]",
        ];
        assert_eq!(parts, expected);
        let items: Vec<_> = Parts::of("\n[ {} ,[1,2], \"x\" ,3]\n").collect();
        assert_eq!(items, ["{}", "[1,2]", "\"x\"", "3"]);
        for empty in ["{}", "[ ]", "5", "\"x\"", "", "null"] {
            assert_eq!(Parts::of(empty).count(), 0, "{empty}");
        }
    }

    #[test]
    fn members_are_found_by_meaning() {
        let text = r#"{"x":{"arguments":1},"par\u0061ms":{"arguments":[ 2 ]}}"#;
        let params = member(text, "params").unwrap();
        assert_eq!(member(params, "arguments"), Some("[ 2 ]"));
        assert_eq!(member(text, "arguments"), None);
    }

    #[test]
    fn duplicates_are_seen_at_any_level() {
        for good in [r#"{"a":[{"b":1},{"b":1}],"c":{"a":1.5}}"#, "null", "-7", "[]", r#""x""#] {
            assert_eq!(check_duplicates(good), Ok(()), "{good}");
        }
        let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
        for bad in [r#"{"a":1,"a":1}"#, r#"{"a":[{"b":1,"\u0062":1}]}"#, r#"[[{"":0,"":0}]]"#, &deep] {
            assert_eq!(check_duplicates(bad), Err(Malformed), "{bad}");
        }
    }
}
