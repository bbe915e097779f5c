//! How members of JSON objects are read: exactly spelt, each once, and nothing else kept.
//!
//! A second member of one name is an error, since no two parsers need choose alike. A member in
//! another spelling makes the object [`Ambiguous`](Found::Ambiguous). All values that do not
//! decide are skipped, without recursion and without being stored.
//!
//! `serde_json` may have been built with `arbitrary_precision` by another crate: a number then
//! arrives as an object with a private member name, and is taken for what it is.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::MAX_TARGETS;
use crate::json::{Malformed, MemberNames, Name};

const PRIVATE_NUMBER: &str = "$serde_json::private::Number";

/// The visitor methods for values that are not of the kind hoped for.
macro_rules! otherwise {
    ($other:expr; $($visit:ident: $scalar:ty),*) => {
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("JSON")
        }
        $(fn $visit<E>(self, _: $scalar) -> Result<Self::Value, E> {
            Ok($other)
        })*
    };
}

pub(super) use otherwise;

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
pub(super) trait Shape<'de>: Default {
    /// Those members. Any other spelling of them is a fault.
    const NAMES: &'static [&'static str];

    /// Reads the value of one of `NAMES`.
    fn read<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;
}

impl Member<'_> {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Absent | Self::Other => None,
        }
    }
}

impl<T> Found<T> {
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

pub(super) fn seed<T>() -> ShapeSeed<T> {
    ShapeSeed(PhantomData)
}

pub(super) struct ShapeSeed<T>(PhantomData<T>);

impl<'de, T: Shape<'de>> DeserializeSeed<'de> for ShapeSeed<T> {
    type Value = Found<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Found<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Shape<'de>> Visitor<'de> for ShapeSeed<T> {
    type Value = Found<T>;

    otherwise!(Found::Other; visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E>(self) -> Result<Found<T>, E> {
        Ok(Found::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Found<T>, A::Error> {
        skip_items(seq)?;
        Ok(Found::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Found<T>, A::Error> {
        const { assert!(T::NAMES.len() <= 16) };
        let duplicate = || A::Error::custom("duplicate member");
        let mut object = T::default();
        let mut ambiguous = false;
        // One bit for each of `NAMES`.
        let mut seen = 0_u16;
        let mut others = MemberNames::default();
        let mut first = true;
        while let Some(name) = map.next_key_seed(Name)? {
            if std::mem::take(&mut first) && name == PRIVATE_NUMBER {
                skip_members(map)?;
                return Ok(Found::Other);
            }
            if let Some(index) = T::NAMES.iter().position(|own| *own == name) {
                let bit = 1 << index;
                if seen & bit != 0 {
                    return Err(duplicate());
                }
                seen |= bit;
                object.read(&name, &mut map)?;
            } else {
                ambiguous |= is_variant(&name, T::NAMES);
                others.insert(name).map_err(|Malformed| duplicate())?;
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(if ambiguous { Found::Ambiguous } else { Found::Object(object) })
    }
}

pub(super) struct MemberSeed;

impl<'de> DeserializeSeed<'de> for MemberSeed {
    type Value = Member<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Member<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for MemberSeed {
    type Value = Member<'de>;

    otherwise!(Member::Other; visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);

    fn visit_unit<E>(self) -> Result<Member<'de>, E> {
        Ok(Member::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Member<'de>, E> {
        Ok(Member::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Member<'de>, E> {
        Ok(Member::Text(Cow::Borrowed(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Member<'de>, A::Error> {
        skip_items(seq)?;
        Ok(Member::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Member<'de>, A::Error> {
        if map.next_key::<IgnoredAny>()?.is_some() {
            skip_members(map)?;
        }
        Ok(Member::Other)
    }
}

/// A list of at most [`MAX_TARGETS`] strings.
pub(super) struct ListSeed;

impl<'de> DeserializeSeed<'de> for ListSeed {
    type Value = Found<Vec<Cow<'de, str>>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ListSeed {
    type Value = Found<Vec<Cow<'de, str>>>;

    otherwise!(Found::Other; visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Found::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = seq.next_element_seed(MemberSeed)? {
            match item {
                Member::Text(text) if list.len() < MAX_TARGETS => list.push(text),
                _ => {
                    skip_items(seq)?;
                    return Ok(Found::Other);
                }
            }
        }
        Ok(Found::Object(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        if map.next_key::<IgnoredAny>()?.is_some() {
            skip_members(map)?;
        }
        Ok(Found::Other)
    }
}

pub(super) fn skip_items<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// After a name: its value, and the other members.
fn skip_members<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>()?;
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
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
