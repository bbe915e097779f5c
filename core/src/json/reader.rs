//! JSON (RFC 8259) read value by value, borrowed, without recursion.
//!
//! A reader knows the grammar of values and of what stands between them. Which value belongs to
//! which container is in the shape of the code that calls it:
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

use super::{Json, Malformed, Text};

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
            _ => self.number().map(|number| Value::Scalar(Json::Number(number))),
        }
    }

    /// The name of the object's next member, after which its value must be read; `None` at its end.
    #[inline]
    pub(crate) fn name(&mut self) -> Result<Option<Cow<'a, str>>> {
        self.name_as(|reader| reader.string().map(Text::read))
    }

    /// Whether the array has another item, which must then be read.
    #[inline]
    pub(crate) fn item(&mut self) -> Result<bool> {
        self.another(b']')
    }

    /// Reads over a value of any depth, and gives its text. In it a name may occur twice, an escape
    /// name half a surrogate pair, and a number be out of range.
    pub(crate) fn skip(&mut self) -> Result<&'a str> {
        self.skip_space();
        let start = self.at();
        let mut open = Vec::new();
        loop {
            match self.first()? {
                b'"' => {
                    self.bytes.next();
                    self.skip_string()?;
                }
                bracket @ (b'{' | b'[') => {
                    self.bytes.next();
                    self.opened = true;
                    open.push(bracket);
                }
                b'-' | b'0'..=b'9' => {
                    self.skip_number()?;
                }
                _ => {
                    self.value()?;
                }
            }
            // On to where the next value begins, out of all that ends here.
            loop {
                let more = match open.last() {
                    None => return self.since(start),
                    Some(b'{') => self.name_as(Self::skip_string)?.is_some(),
                    Some(_) => self.item()?,
                };
                if more {
                    break;
                }
                open.pop();
            }
        }
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

    /// The next name, as this reads what is behind a quotation mark.
    #[inline(always)]
    fn name_as<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        if !self.another(b'}')? {
            return Ok(None);
        }
        self.skip_space();
        self.take(b'"')?;
        let name = read(self)?;
        self.skip_space();
        self.take(b':')?;
        Ok(Some(name))
    }

    /// After a quotation mark.
    #[inline]
    fn string(&mut self) -> Result<Text<'a>> {
        match self.plain_string() {
            Some(text) => Ok(Text::new(text, false)),
            None => self.escaped_string(),
        }
    }

    /// A string without an escape. Whatever else there may be is left where it is.
    fn plain_string(&mut self) -> Option<&'a str> {
        let (start, bytes) = (self.at(), self.bytes.as_slice());
        let len = plain(bytes);
        let (b'"', rest) = bytes.get(len..)?.split_first()? else { return None };
        let text = self.text.get(start..start + len)?;
        self.bytes = rest.iter();
        Some(text)
    }

    #[cold]
    fn escaped_string(&mut self) -> Result<Text<'a>> {
        let start = self.at();
        loop {
            match self.skip_plain()? {
                b'"' => break,
                b'\\' => drop(self.escape()?),
                _ => return Err(Malformed),
            }
        }
        let raw = self.text.get(start..self.at() - 1).ok_or(Malformed)?;
        Ok(Text::new(raw, true))
    }

    fn skip_string(&mut self) -> Result<()> {
        loop {
            match self.skip_plain()? {
                b'"' => return Ok(()),
                b'\\' => match self.byte()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => drop(self.code_unit()?),
                    _ => return Err(Malformed),
                },
                _ => return Err(Malformed),
            }
        }
    }

    /// After a backslash.
    pub(super) fn escape(&mut self) -> Result<char> {
        Ok(match self.byte()? {
            plain @ (b'"' | b'\\' | b'/') => plain.into(),
            b'b' => '\u{8}',
            b'f' => '\u{C}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.code_unit()?;
                let units = if matches!(unit, 0xD800..=0xDBFF) {
                    self.take(b'\\')?;
                    self.take(b'u')?;
                    [unit, self.code_unit()?]
                } else {
                    // Not looked at: a character of one unit ends before it.
                    [unit, 0]
                };
                char::decode_utf16(units).next().and_then(std::result::Result::ok).ok_or(Malformed)?
            }
            _ => return Err(Malformed),
        })
    }

    /// The four digits of a `\u` escape.
    fn code_unit(&mut self) -> Result<u16> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = char::from(self.byte()?).to_digit(16).ok_or(Malformed)?;
            unit = unit << 4 | u16::try_from(digit).map_err(|_| Malformed)?;
        }
        Ok(unit)
    }

    /// A number that is in the range of what it is read as.
    fn number(&mut self) -> Result<f64> {
        let start = self.at();
        let number = match self.skip_number()? {
            Some(whole) => whole.into(),
            None => self.since(start)?.parse().map_err(|_| Malformed)?,
        };
        if f64::is_finite(number) { Ok(number) } else { Err(Malformed) }
    }

    /// Past a number, which is known already if it looks like a date.
    fn skip_number(&mut self) -> Result<Option<u32>> {
        let start = self.bytes.len();
        let negative = self.skip_if(|byte| byte == b'-');
        let whole = if self.skip_if(|byte| byte == b'0') { 0 } else { self.digits()? };
        let end = self.bytes.len();
        if self.skip_if(|byte| byte == b'.') {
            self.digits()?;
        }
        if self.skip_if(|byte| matches!(byte, b'e' | b'E')) {
            self.skip_if(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        let is_whole = self.bytes.len() == end && start - end <= 10 && !negative;
        Ok(u32::try_from(whole).ok().filter(|_| is_whole))
    }

    /// At least one digit. What they say is right for the first nineteen.
    #[inline]
    fn digits(&mut self) -> Result<u64> {
        let (start, mut value) = (self.bytes.len(), 0_u64);
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.bytes.next();
        }
        if self.bytes.len() == start { Err(Malformed) } else { Ok(value) }
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Value<'a>> {
        let rest = self.bytes.as_slice().strip_prefix(word.as_bytes()).ok_or(Malformed)?;
        self.bytes = rest.iter();
        Ok(Value::Scalar(value))
    }

    #[inline]
    fn skip_space(&mut self) {
        while self.skip_if(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {}
    }

    #[inline]
    fn skip_if(&mut self, is: impl FnOnce(u8) -> bool) -> bool {
        let skipped = self.peek().is_some_and(is);
        if skipped {
            self.bytes.next();
        }
        skipped
    }

    /// Past the next byte that is not simply a part of a string.
    #[inline]
    fn skip_plain(&mut self) -> Result<u8> {
        let plain = plain(self.bytes.as_slice());
        self.bytes.nth(plain).copied().ok_or(Malformed)
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.as_slice().first().copied()
    }

    #[inline]
    fn byte(&mut self) -> Result<u8> {
        self.bytes.next().copied().ok_or(Malformed)
    }

    #[inline]
    fn take(&mut self, expected: u8) -> Result<()> {
        if self.byte()? == expected { Ok(()) } else { Err(Malformed) }
    }
}

/// How many bytes come before one that is not simply a part of a string.
#[inline]
fn plain(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks();
    let mut plain = 0;
    for word in words {
        let special = special(u64::from_le_bytes(*word));
        if special != 0 {
            return plain + special.trailing_zeros() as usize / 8;
        }
        plain += word.len();
    }
    plain + plain_bytes(rest)
}

/// The same, for the end of a text.
#[cold]
fn plain_bytes(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | ..0x20)).count()
}

/// The highest bit of each byte that is a quotation mark, a backslash or a control character. Bits
/// above the lowest that is set may be wrong: a borrow can run through them.
#[inline]
const fn special(word: u64) -> u64 {
    const EACH: u64 = u64::MAX / 0xFF;
    // With this bit turned over, a quotation mark comes next after the control characters.
    let quotes = (word ^ (EACH * 2)).wrapping_sub(EACH * 0x21);
    let backslashes = (word ^ (EACH * b'\\' as u64)).wrapping_sub(EACH);
    (quotes | backslashes) & !word & (EACH << 7)
}

#[cfg(test)]
mod tests;
