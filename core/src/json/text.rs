//! The strings of a JSON text, taken from where they stand only when somebody asks for them.

use std::borrow::Cow;

use super::Json;
use super::reader::{Reader, Value};

/// A string as it stands between its quotation marks, every escape in it read once and in order.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Text<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Text<'a> {
    pub(crate) const fn new(raw: &'a str, escaped: bool) -> Self {
        Self { raw, escaped }
    }

    /// What it says, borrowed if it holds no escape.
    pub(crate) fn read(self) -> Cow<'a, str> {
        if self.escaped { Cow::Owned(unescape(self.raw)) } else { Cow::Borrowed(self.raw) }
    }

    /// No less than the length of what it says.
    pub(crate) const fn room(self) -> usize {
        self.raw.len()
    }
}

#[cold]
fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let mut reader = Reader::new(escape);
        text.extend(reader.escape());
        rest = reader.rest();
    }
    text.push_str(rest);
    text
}

/// A string alone, or an array of nothing but strings.
#[derive(Debug, Default)]
pub(crate) struct Strings<'a> {
    alone: Option<Text<'a>>,
    array: Reader<'a>,
}

impl<'a> Strings<'a> {
    pub(super) fn alone(text: Text<'a>) -> Self {
        Self { alone: Some(text), ..Self::default() }
    }

    /// Of an array that was read.
    pub(super) fn of(array: &'a str) -> Self {
        Self { alone: None, array: Reader::opened(array) }
    }

    /// No less than the length of what all of them say.
    pub(crate) fn room(&self) -> usize {
        self.alone.map_or(self.array.rest().len(), Text::room)
    }
}

impl<'a> Iterator for Strings<'a> {
    type Item = Text<'a>;

    fn next(&mut self) -> Option<Text<'a>> {
        if self.alone.is_some() {
            return self.alone.take();
        }
        match self.array.item().and_then(|more| if more { self.array.value().map(Some) } else { Ok(None) }) {
            Ok(Some(Value::Scalar(Json::String(text)))) => Some(text),
            _ => None,
        }
    }
}
