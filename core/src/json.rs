//! Strict JSON: no duplicate members after unescaping, bounded depth, borrowed strings.
//!
//! The grammar is `serde_json`'s. Its `Value` is not used for anything that decides: it keeps the
//! last of two members, and gives its private member names a meaning when some other crate in the
//! build enables `arbitrary_precision` or `raw_value`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

pub(crate) mod raw;

/// How deep arrays and objects may nest. Real tokens, key sets and metadata stay below 6.
pub(crate) const MAX_DEPTH: usize = 16;

/// A JSON value that borrows its strings where they hold no escape.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Number(f64),
    String(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// An object's members in order, each name once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, Json<'a>)>);

/// Not JSON, or not as strict as required. What exactly is nobody's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Parses one object with nothing but white space around it.
pub(crate) fn object(bytes: &[u8]) -> Result<Object<'_>, Malformed> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: MAX_DEPTH }.deserialize(&mut deserializer).map_err(|_| Malformed)?;
    deserializer.end().map_err(|_| Malformed)?;
    match value {
        Json::Object(object) => Ok(object),
        _ => Err(Malformed),
    }
}

impl<'a> Object<'a> {
    pub(crate) fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.0.iter().find_map(|(own, value)| (own == name).then_some(value))
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

impl<'a> Json<'a> {
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&[Json<'a>]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    pub(crate) const fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// Reads a value into [`Json`], `depth` levels of nesting at most.
#[derive(Clone, Copy)]
pub(crate) struct Strict {
    pub(crate) depth: usize,
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "dates and exponents, far below 2^53")]
    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "dates and exponents, far below 2^53")]
    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Owned(value.to_owned())))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Borrowed(value)))
    }

    fn visit_string<E>(self, value: String) -> Result<Json<'de>, E> {
        Ok(Json::String(Cow::Owned(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json<'de>, A::Error> {
        let inner = self.nested()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let inner = self.nested()?;
        let mut members = Vec::new();
        let mut names = MemberNames::default();
        while let Some(name) = map.next_key_seed(Name)? {
            // With `arbitrary_precision` somewhere in the build, a number arrives in this shape.
            if members.is_empty() && name == "$serde_json::private::Number" {
                let Digits(text) = map.next_value()?;
                let number = text.parse().ok().filter(|number: &f64| number.is_finite());
                return number.map(Json::Number).ok_or_else(|| A::Error::custom("number out of range"));
            }
            // Whoever reads this again as a `Value` (an application its claims) could see another one.
            if name.starts_with("$serde_json::private::") {
                return Err(A::Error::custom("private member name"));
            }
            names.insert(name.clone()).map_err(|Malformed| A::Error::custom("duplicate member"))?;
            members.push((name, map.next_value_seed(inner)?));
        }
        Ok(Json::Object(Object(members)))
    }
}

/// The digits of a number: `serde_json` hands them over as an owned string, which no string of the
/// text itself is. An object that only looks like a number is none.
struct Digits(String);

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Owned;
        impl Visitor<'_> for Owned {
            type Value = Digits;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<Digits, E> {
                Err(E::custom("private member name"))
            }

            fn visit_string<E>(self, digits: String) -> Result<Digits, E> {
                Ok(Digits(digits))
            }
        }
        deserializer.deserialize_string(Owned)
    }
}

impl Strict {
    fn nested<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("too deep"))?;
        Ok(Self { depth })
    }
}

/// The names of one object: a scan while they are few, a set when a peer sends many.
#[derive(Default)]
pub(crate) struct MemberNames<'a> {
    few: Vec<Cow<'a, str>>,
    many: std::collections::HashSet<Cow<'a, str>>,
}

impl<'a> MemberNames<'a> {
    const FEW: usize = 32;

    pub(crate) fn insert(&mut self, name: Cow<'a, str>) -> Result<(), Malformed> {
        if self.few.contains(&name) || self.many.contains(&name) {
            return Err(Malformed);
        }
        if self.few.len() < Self::FEW {
            self.few.push(name);
        } else {
            self.many.insert(name);
        }
        Ok(())
    }
}

/// Reads a string, borrowed if it holds no escape.
#[derive(Clone, Copy)]
pub(crate) struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_owned()))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_are_seen_through_escapes_and_at_any_level() {
        for text in [r#"{"a":1,"a":2}"#, r#"{"a":1,"\u0061":2}"#, r#"{"x":[{"b":1,"b":1}]}"#] {
            assert_eq!(object(text.as_bytes()), Err(Malformed), "{text}");
        }
        let many = (0..200).map(|n| format!(r#""m{}":0"#, n % 199)).collect::<Vec<_>>().join(",");
        assert_eq!(object(format!("{{{many}}}").as_bytes()), Err(Malformed));
    }

    #[test]
    fn what_is_not_clean_json_is_refused() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(16), "]".repeat(16));
        for text in
            ["[]", "{} x", "\u{feff}{}", r#"{"a":1e400}"#, r#"{"a":"\ud800"}"#, "{\"a\":\"\n\"}", "", &deep]
        {
            assert_eq!(object(text.as_bytes()), Err(Malformed), "{text}");
        }
        for number in ["inf", "1", "\\u0031", ""] {
            let text = format!(r#"{{"a":{{"$serde_json::private::Number":"{number}"}}}}"#);
            assert_eq!(object(text.as_bytes()), Err(Malformed), "{text}");
        }
        let raw = r#"{"a":{"$serde_json::private::RawValue":"1"}}"#;
        assert_eq!(object(raw.as_bytes()), Err(Malformed));
        assert_eq!(object(b"{\"a\":\"\xff\"}"), Err(Malformed));
        assert!(object(b" {\"a\":[1,-2,0.5,null,true]} ").is_ok());
    }
}
