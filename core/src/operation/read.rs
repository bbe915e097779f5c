//! How members of JSON objects are read: exactly spelt, each once, and nothing else kept.
//!
//! A second member of one name is an error, since no two parsers need choose alike. A member in
//! another spelling makes the object [`Ambiguous`](Found::Ambiguous). All values that do not
//! decide are skipped, without recursion and without being stored.

use std::borrow::Cow;

use super::MAX_TARGETS;
use crate::json::reader::{Reader, Value};
use crate::json::{Json, Malformed, MemberNames};

/// The first member of an object that `serde_json` takes for a number, with `arbitrary_precision`.
const PRIVATE_NUMBER: &str = "$serde_json::private::Number";

/// A member that should be a string.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Member<'a> {
    #[default]
    Absent,
    Text(Cow<'a, str>),
    Other,
}

/// A member that should be an object, or a list.
#[derive(Debug, Default)]
pub(super) enum Found<T> {
    #[default]
    Absent,
    Null,
    Object(T),
    /// An object in which a member that decides is spelt otherwise: some parsers would take it.
    Ambiguous,
    Other,
}

/// An object of which some members decide.
pub(super) trait Shape<'a>: Default {
    /// Those members. Any other spelling of them is a fault.
    const NAMES: &'static [&'static str];

    /// Reads the value of one of `NAMES`.
    fn read(&mut self, name: &str, reader: &mut Reader<'a>) -> Result<(), Malformed>;
}

impl<'a> Member<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        if matches!(reader.first()?, b'{' | b'[') {
            reader.skip()?;
            return Ok(Self::Other);
        }
        Ok(match reader.value()? {
            Value::Scalar(Json::String(text)) => Self::Text(text.read()),
            _ => Self::Other,
        })
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Absent | Self::Other => None,
        }
    }
}

impl<'a, T: Shape<'a>> Found<T> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        const { assert!(T::NAMES.len() <= 16) };
        if let Some(other) = Self::unless_opened(b'{', reader)? {
            return Ok(other);
        }
        let mut object = T::default();
        let (mut ambiguous, mut number) = (false, false);
        // One bit for each of `NAMES`.
        let mut seen = 0_u16;
        let mut others = MemberNames::default();
        while let Some(name) = reader.name()? {
            if let Some(index) = T::NAMES.iter().position(|own| *own == name) {
                let bit = 1 << index;
                if seen & bit != 0 {
                    return Err(Malformed);
                }
                seen |= bit;
                object.read(&name, reader)?;
            } else {
                ambiguous |= is_variant(&name, T::NAMES);
                number |= name == PRIVATE_NUMBER && seen == 0 && others.is_empty();
                others.insert(name)?;
                reader.skip()?;
            }
        }
        Ok(match object {
            _ if number => Self::Other,
            _ if ambiguous => Self::Ambiguous,
            object => Self::Object(object),
        })
    }
}

impl<'a> Found<Vec<Cow<'a, str>>> {
    /// A list of at most [`MAX_TARGETS`] strings.
    pub(super) fn read_list(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        if let Some(other) = Self::unless_opened(b'[', reader)? {
            return Ok(other);
        }
        let (mut list, mut is_list) = (Vec::new(), true);
        while reader.item()? {
            match Member::read(reader)? {
                Member::Text(text) if list.len() < MAX_TARGETS => list.push(text),
                _ => is_list = false,
            }
        }
        Ok(if is_list { Self::Object(list) } else { Self::Other })
    }
}

impl<T> Found<T> {
    /// What is found, unless it begins with this bracket, which is read.
    fn unless_opened(bracket: u8, reader: &mut Reader<'_>) -> Result<Option<Self>, Malformed> {
        Ok(match reader.first()? {
            first if first == bracket => {
                reader.value()?;
                None
            }
            b'{' | b'[' => {
                reader.skip()?;
                Some(Self::Other)
            }
            _ => match reader.value()? {
                Value::Scalar(Json::Null) => Some(Self::Null),
                _ => Some(Self::Other),
            },
        })
    }

    pub(super) const fn object(&self) -> Option<&T> {
        match self {
            Self::Object(object) => Some(object),
            Self::Absent | Self::Null | Self::Ambiguous | Self::Other => None,
        }
    }

    pub(super) const fn is_ambiguous(&self) -> bool {
        matches!(self, Self::Ambiguous)
    }
}

/// Whether some parser would take `name` for one of `owns`: some ignore case, those in Go and Java
/// that of Unicode, and the Python SDK takes `resource_subscriptions` for `resourceSubscriptions`.
fn is_variant(name: &str, owns: &[&str]) -> bool {
    // Nearly every name, and quicker.
    if name.is_ascii() && !name.contains('_') {
        return owns.iter().any(|own| own.eq_ignore_ascii_case(name));
    }
    owns.iter().any(|own| folded(own).eq(folded(name)))
}

/// With every character alike that a parser may take for the same, and without the underscores
/// after the first character.
fn folded(name: &str) -> impl Iterator<Item = char> {
    name.chars().enumerate().filter(|(index, c)| *index == 0 || *c != '_').map(|(_, c)| fold(c))
}

fn fold(c: char) -> char {
    match c {
        '\u{17F}' => 's',
        '\u{212A}' => 'k',
        '\u{130}' | '\u{131}' => 'i',
        _ => c.to_ascii_lowercase(),
    }
}
