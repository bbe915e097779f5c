//! JSON with everything that was written: all members of one name, in order.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
    Other,
}

impl Node {
    /// Reads a whole text.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Reads a whole text of which parts may decide nothing, and are not looked at: halves of
    /// surrogate pairs, numbers beyond all range, what is nested beyond all use.
    #[must_use]
    pub fn parse_leniently(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice::<IgnoredAny>(bytes).ok()?;
        Self::parse(&softened(std::str::from_utf8(bytes).ok()?))
    }

    #[must_use]
    pub fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    #[must_use]
    pub fn items(&self) -> &[Self] {
        if let Self::List(items) = self { items } else { &[] }
    }

    #[must_use]
    pub fn members(&self) -> &[(String, Self)] {
        if let Self::Object(members) = self { members } else { &[] }
    }

    /// Every member that a reader could take for this one, if it ignores case.
    pub fn all<'n>(&'n self, name: &'n str) -> impl Iterator<Item = &'n Self> {
        let is = move |(own, _): &&(String, Self)| own.eq_ignore_ascii_case(name);
        self.members().iter().filter(is).map(|(_, value)| value)
    }

    /// Whether an object anywhere in it has two members of one name.
    #[must_use]
    pub fn has_duplicates(&self) -> bool {
        let members = self.members();
        let twice = |(index, (name, _)): (usize, &(String, Self))| {
            members[..index].iter().any(|(earlier, _)| earlier == name)
        };
        members.iter().enumerate().any(twice)
            || members.iter().any(|(_, value)| value.has_duplicates())
            || self.items().iter().any(Self::has_duplicates)
    }

    /// Whether this text is anywhere in it.
    #[must_use]
    pub fn mentions(&self, wanted: &dyn Fn(&str) -> bool) -> bool {
        self.text().is_some_and(wanted)
            || self.items().iter().any(|item| item.mentions(wanted))
            || self.members().iter().any(|(_, value)| value.mentions(wanted))
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AsWritten)
    }
}

struct AsWritten;

impl<'de> Visitor<'de> for AsWritten {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Node::Object(members))
    }
}

/// JSON with a replacement character for each half of a surrogate pair, 0 for every number and for
/// everything that is nested too deep.
fn softened(json: &str) -> Vec<u8> {
    let (mut soft, mut rest, mut depth) = (Vec::new(), json.as_bytes(), 0_usize);
    while let Some(first) = rest.first() {
        let is_number = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = match first {
            b'"' => string(rest),
            b'0'..=b'9' | b'-' => rest.iter().take_while(|byte| is_number(byte)).count(),
            _ => 1,
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        depth -= usize::from(matches!(first, b']' | b'}') && depth > 0);
        if depth < MAX_DEPTH {
            match first {
                b'"' => soft.extend(without_surrogates(token)),
                b'0'..=b'9' | b'-' => soft.push(b'0'),
                b'[' | b'{' if depth + 1 == MAX_DEPTH => soft.push(b'0'),
                b']' | b'}' if depth + 1 == MAX_DEPTH => {}
                _ => soft.extend(token),
            }
        }
        depth += usize::from(matches!(first, b'[' | b'{'));
    }
    soft
}

const MAX_DEPTH: usize = 100;

/// The length of the string that the text starts with.
fn string(json: &[u8]) -> usize {
    let mut length = 1;
    while json[length] != b'"' {
        length += if json[length] == b'\\' { 2 } else { 1 };
    }
    length + 1
}

fn without_surrogates(string: &[u8]) -> Vec<u8> {
    let mut text = string.to_vec();
    let mut at = 0;
    while at < text.len() {
        if text[at] == b'\\' {
            if matches!(&text[at + 1..], [b'u', b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..]) {
                text[at + 2..at + 6].copy_from_slice(b"fffd");
            }
            at += 1;
        }
        at += 1;
    }
    text
}
