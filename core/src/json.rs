//! Strict JSON: no duplicate members after unescaping, bounded depth, borrowed strings.
//!
//! `serde_json` is not used for anything that decides: its `Value` keeps the last of two members, and
//! gives private member names a meaning when some other crate in the build enables
//! `arbitrary_precision` or `raw_value`. A test compares [`grammar`] with its own.

use std::borrow::Cow;
use std::collections::HashSet;

use reader::{Reader, Value};
pub(crate) use text::{Strings, Text};

mod grammar;
pub(crate) mod raw;
pub(crate) mod reader;
mod text;

/// How deep arrays and objects may nest. Real tokens, key sets and metadata stay below 6.
pub(crate) const MAX_DEPTH: usize = 16;

/// A JSON value that was read and is clean. What a string or a container holds is left where it
/// stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Number(f64),
    String(Text<'a>),
    /// The text of an array of nothing but strings.
    Strings(&'a str),
    /// The text of any other array.
    Array(&'a str),
    Object(Object<'a>),
}

/// The text of an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Object<'a>(&'a str);

/// Not JSON, or not as strict as required. What exactly is nobody's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Parses one object with nothing but white space around it.
pub(crate) fn object(text: &str) -> Result<Object<'_>, Malformed> {
    let mut reader = Reader::new(text);
    let value = read(&mut reader, MAX_DEPTH)?;
    reader.end()?;
    match value {
        Json::Object(object) => Ok(object),
        _ => Err(Malformed),
    }
}

/// The members of an object that are of interest, each with a place of its own.
pub(crate) trait Members<'a>: Default {
    /// The place of this member; `None` for those that only have to be clean.
    fn place(&mut self, name: &str) -> Option<&mut Option<Json<'a>>>;
}

/// As [`object`], keeping only what is of interest.
pub(crate) fn members<'a, T: Members<'a>>(text: &'a str) -> Result<T, Malformed> {
    let mut reader = Reader::new(text);
    let (mut members, mut others) = (T::default(), MemberNames::default());
    if reader.value()? != Value::Object {
        return Err(Malformed);
    }
    while let Some(name) = reader.name()? {
        let value = read(&mut reader, MAX_DEPTH - 1)?;
        match members.place(&name) {
            Some(place) if place.is_none() => *place = Some(value),
            None if !is_private(&name) => others.insert(name)?,
            _ => return Err(Malformed),
        }
    }
    reader.end()?;
    Ok(members)
}

/// Reads one value, `depth` levels of nesting at most.
#[inline]
pub(crate) fn read<'a>(reader: &mut Reader<'a>, depth: usize) -> Result<Json<'a>, Malformed> {
    match reader.value()? {
        Value::Scalar(scalar) => Ok(scalar),
        container => read_container(container, reader, depth.checked_sub(1).ok_or(Malformed)?),
    }
}

/// After the opening bracket.
fn read_container<'a>(
    container: Value<'a>,
    reader: &mut Reader<'a>,
    depth: usize,
) -> Result<Json<'a>, Malformed> {
    let start = reader.at() - 1;
    if container == Value::Array {
        let mut strings = true;
        while reader.item()? {
            strings &= matches!(read(reader, depth)?, Json::String(_));
        }
        let text = reader.since(start)?;
        return Ok(if strings { Json::Strings(text) } else { Json::Array(text) });
    }
    let mut names = MemberNames::default();
    while let Some(name) = reader.name()? {
        if is_private(&name) {
            return Err(Malformed);
        }
        names.insert(name)?;
        read(reader, depth)?;
    }
    reader.since(start).map(|text| Json::Object(Object(text)))
}

/// Whoever reads such a member again as a `serde_json::Value`, such as an application its claims,
/// could see another value.
fn is_private(name: &str) -> bool {
    name.starts_with("$serde_json::private::")
}

impl<'a> Object<'a> {
    pub(crate) fn get(self, name: &str) -> Option<Json<'a>> {
        raw::member(self.0, name).and_then(again)
    }
}

impl<'a> Json<'a> {
    pub(crate) fn as_str(self) -> Option<Cow<'a, str>> {
        match self {
            Self::String(text) => Some(text.read()),
            _ => None,
        }
    }

    /// The items of an array.
    pub(crate) fn as_array(self) -> Option<impl Iterator<Item = Self>> {
        match self {
            Self::Strings(text) | Self::Array(text) => Some(raw::items(text).filter_map(again)),
            _ => None,
        }
    }

    /// A string alone, or an array of nothing but strings.
    pub(crate) fn as_strings(self) -> Option<Strings<'a>> {
        match self {
            Self::String(text) => Some(Strings::alone(text)),
            Self::Strings(text) => Some(Strings::of(text)),
            _ => None,
        }
    }

    pub(crate) const fn as_number(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }
}

/// A part of what was read.
fn again(text: &str) -> Option<Json<'_>> {
    read(&mut Reader::new(text), MAX_DEPTH).ok()
}

/// Whether a name is new: a scan of the first few, a set for the many that a peer may send.
#[derive(Default)]
pub(crate) struct Unique<'a> {
    beyond: Option<HashSet<Cow<'a, str>>>,
}

impl<'a> Unique<'a> {
    const FEW: usize = 32;

    /// Asked for every name, with those that it has admitted so far.
    pub(crate) fn admits<S: AsRef<str>>(
        &mut self,
        name: Cow<'a, str>,
        so_far: impl ExactSizeIterator<Item = S>,
    ) -> bool {
        let many = so_far.len() >= Self::FEW;
        !so_far.take(Self::FEW).any(|own| own.as_ref() == name)
            && (!many || self.beyond.get_or_insert_default().insert(name))
    }
}

/// The names of one object.
#[derive(Default)]
pub(crate) struct MemberNames<'a> {
    names: Vec<Cow<'a, str>>,
    unique: Unique<'a>,
}

impl<'a> MemberNames<'a> {
    pub(crate) const fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    pub(crate) fn insert(&mut self, name: Cow<'a, str>) -> Result<(), Malformed> {
        if !self.unique.admits(name.clone(), self.names.iter()) {
            return Err(Malformed);
        }
        if self.names.is_empty() {
            // Most objects have no more.
            self.names.reserve(16);
        }
        self.names.push(name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_are_seen_through_escapes_and_at_any_level() {
        for text in [r#"{"a":1,"a":2}"#, r#"{"a":1,"\u0061":2}"#, r#"{"x":[{"b":1,"b":1}]}"#] {
            assert_eq!(object(text), Err(Malformed), "{text}");
        }
        let many = (0..200).map(|n| format!(r#""m{}":0"#, n % 199)).collect::<Vec<_>>().join(",");
        assert_eq!(object(&format!("{{{many}}}")), Err(Malformed));
    }

    #[test]
    fn what_is_not_clean_json_is_refused() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(16), "]".repeat(16));
        for text in
            ["[]", "{} x", "\u{feff}{}", r#"{"a":1e400}"#, r#"{"a":"\ud800"}"#, "{\"a\":\"\n\"}", "", &deep]
        {
            assert_eq!(object(text), Err(Malformed), "{text}");
        }
        for number in ["inf", "1", "\\u0031", ""] {
            let text = format!(r#"{{"a":{{"$serde_json::private::Number":"{number}"}}}}"#);
            assert_eq!(object(&text), Err(Malformed), "{text}");
        }
        let raw = r#"{"a":{"$serde_json::private::RawValue":"1"}}"#;
        assert_eq!(object(raw), Err(Malformed));
        assert!(object(" {\"a\":[1,-2,0.5,null,true]} ").is_ok());
    }
}
