//! The strings of a JSON text, taken from where they stand only when somebody asks for them.

use std::borrow::Cow;

use super::reader::{Reader, Value};
use super::{Json, Malformed};

/// A string as it stands between its quotation marks. What its escapes say is known to be text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Text<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Text<'a> {
    /// Without an escape.
    pub(crate) const fn plain(raw: &'a str) -> Self {
        Self { raw, escaped: false }
    }

    /// With escapes, which must not name half a surrogate pair.
    pub(super) fn escaped(raw: &'a str) -> Result<Self, Malformed> {
        unescape(raw).try_for_each(|c| c.map(drop))?;
        Ok(Self { raw, escaped: true })
    }

    /// What it says, borrowed if it holds no escape.
    #[inline]
    pub(crate) fn read(self) -> Cow<'a, str> {
        if self.escaped { unescaped(self.raw).into() } else { self.raw.into() }
    }

    /// No less than the length of what it says.
    pub(crate) const fn room(self) -> usize {
        self.raw.len()
    }
}

#[cold]
fn unescaped(raw: &str) -> String {
    unescape(raw).flatten().collect()
}

/// The characters that a string stands for: its escapes name units of UTF-16, of which two can be one.
fn unescape(raw: &str) -> impl Iterator<Item = Result<char, Malformed>> {
    let mut raw = raw.encode_utf16();
    let units = std::iter::from_fn(move || {
        let unit = raw.next()?;
        if unit != u16::from(b'\\') {
            return Some(unit);
        }
        Some(match u8::try_from(raw.next()?).ok()? {
            b'b' => 0x8,
            b'f' => 0xC,
            b'n' => 0xA,
            b'r' => 0xD,
            b't' => 0x9,
            b'u' => {
                let digits = raw.by_ref().take(4);
                let digits = digits.filter_map(|digit| char::from_u32(digit.into())?.to_digit(16));
                u16::try_from(digits.fold(0, |unit, digit| unit << 4 | digit)).ok()?
            }
            plain => plain.into(),
        })
    });
    char::decode_utf16(units).map(|c| c.map_err(|_| Malformed))
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
