//! JSON (RFC 8259) read value by value, borrowed, without recursion.
//!
//! A reader knows what stands between values, and reads over one that nobody asks for with [`grammar`].
//! Which value belongs to which container is in the shape of the code that calls it:
//!
//! ```text
//! match reader.value()? {
//!     Value::Object => while let Some(name) = reader.name()? { /* one value, or skip it */ }
//!     Value::Array => while reader.item()? { /* one value, or skip it */ }
//!     scalar => { /* read already */ }
//! }
//! ```

use std::borrow::Cow;
use std::slice::Iter;

use super::{Json, Malformed, Text, grammar};

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Scalar(Json<'a>),
    /// An array begins.
    Array,
    /// An object begins.
    Object,
}

/// Where in a text reading is.
#[derive(Debug, Default)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    /// What is left of it.
    bytes: Iter<'a, u8>,
    /// Whether the last thing read is an opening bracket: no comma follows it.
    opened: bool,
}

type Result<T> = std::result::Result<T, Malformed>;

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, bytes: text.as_bytes().iter(), opened: false }
    }

    /// Behind the bracket that the text begins with.
    pub(super) fn opened(text: &'a str) -> Self {
        let mut reader = Self::new(text);
        reader.opened = reader.bytes.next().is_some();
        reader
    }

    pub(super) fn at(&self) -> usize {
        self.text.len() - self.bytes.len()
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at()..).unwrap_or_default()
    }

    /// The first byte of the next value, which tells its kind.
    pub(crate) fn first(&mut self) -> Result<u8> {
        self.skip_space();
        self.peek().ok_or(Malformed)
    }

    /// The next value, of an object or an array only its opening bracket.
    #[inline(always)]
    pub(crate) fn value(&mut self) -> Result<Value<'a>> {
        let first = self.first()?;
        if first == b'"' {
            self.bytes.next();
            return self.string().map(|text| Value::Scalar(Json::String(text)));
        }
        self.opened = matches!(first, b'{' | b'[');
        match first {
            b'{' | b'[' => {
                self.bytes.next();
                Ok(if first == b'{' { Value::Object } else { Value::Array })
            }
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            _ => self.number(first).map(|number| Value::Scalar(Json::Number(number))),
        }
    }

    /// The name of the object's next member, after which its value must be read; `None` at its end.
    #[inline(always)]
    pub(crate) fn name(&mut self) -> Result<Option<Cow<'a, str>>> {
        if !self.another(b'}')? {
            return Ok(None);
        }
        self.skip_space();
        self.take(b'"')?;
        let name = self.string()?.read();
        self.skip_space();
        self.take(b':')?;
        Ok(Some(name))
    }

    /// Whether the array has another item, which must then be read.
    #[inline]
    pub(crate) fn item(&mut self) -> Result<bool> {
        self.another(b']')
    }

    /// Reads over a value of any depth, and gives its text, of which only the [grammar] is known.
    pub(crate) fn skip(&mut self) -> Result<&'a str> {
        self.skip_space();
        let start = self.at();
        self.bytes = grammar::value(self.bytes.as_slice())?.iter();
        self.since(start)
    }

    /// Nothing but white space may be left.
    pub(crate) fn end(mut self) -> Result<()> {
        self.skip_space();
        if self.bytes.len() == 0 { Ok(()) } else { Err(Malformed) }
    }

    /// The text from there to here.
    pub(super) fn since(&self, start: usize) -> Result<&'a str> {
        self.text.get(start..self.at()).ok_or(Malformed)
    }

    /// Whether something follows in a container, instead of the bracket that closes it.
    #[inline]
    fn another(&mut self, close: u8) -> Result<bool> {
        let first = std::mem::take(&mut self.opened);
        let next = self.first()?;
        if next == close || !first {
            self.bytes.next();
        }
        if next == close || first || next == b',' { Ok(next != close) } else { Err(Malformed) }
    }

    /// After a quotation mark.
    #[inline]
    fn string(&mut self) -> Result<Text<'a>> {
        match self.plain_string() {
            Some(text) => Ok(Text::plain(text)),
            None => self.escaped_string(),
        }
    }

    /// A string without an escape. Whatever else there may be is left where it is.
    #[inline(always)]
    fn plain_string(&mut self) -> Option<&'a str> {
        let rest = grammar::plain(self.bytes.as_slice());
        let end = self.text.len() - rest.len();
        let text = self.text.get(self.at()..end)?;
        self.bytes = rest.strip_prefix(b"\"")?.iter();
        Some(text)
    }

    #[cold]
    fn escaped_string(&mut self) -> Result<Text<'a>> {
        let start = self.at();
        self.bytes = grammar::string(self.bytes.as_slice())?.iter();
        Text::escaped(self.text.get(start..self.at() - 1).ok_or(Malformed)?)
    }

    /// A number that is in the range of what it is read as.
    #[inline]
    fn number(&mut self, first: u8) -> Result<f64> {
        let start = self.at();
        self.bytes.next();
        self.bytes = grammar::number(first, self.bytes.as_slice())?.iter();
        let number = self.since(start)?.parse().ok();
        number.filter(|number: &f64| number.is_finite()).ok_or(Malformed)
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Value<'a>> {
        self.bytes = grammar::word(word.as_bytes(), self.bytes.as_slice())?.iter();
        Ok(Value::Scalar(value))
    }

    #[inline]
    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.bytes.next();
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.as_slice().first().copied()
    }

    #[inline]
    fn take(&mut self, expected: u8) -> Result<()> {
        if self.bytes.next() == Some(&expected) { Ok(()) } else { Err(Malformed) }
    }
}

#[cfg(test)]
mod tests;
