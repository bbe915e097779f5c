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

use super::{Json, Malformed};

/// What comes next.
#[derive(Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Scalar(Json<'a>),
    /// An array begins.
    Array,
    /// An object begins.
    Object,
}

/// Where in a text reading is.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Whether the last thing read is an opening bracket: no comma follows it.
    opened: bool,
}

type Result<T> = std::result::Result<T, Malformed>;

impl<'a> Reader<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, at: 0, opened: false }
    }

    /// The first byte of the next value, which tells its kind.
    pub(crate) fn first(&mut self) -> Result<u8> {
        self.skip_space();
        self.peek().ok_or(Malformed)
    }

    /// The next value, of an object or an array only its opening bracket.
    pub(crate) fn value(&mut self) -> Result<Value<'a>> {
        let first = self.first()?;
        self.opened = matches!(first, b'{' | b'[');
        match first {
            b'"' => {
                self.at += 1;
                self.string().map(|text| Value::Scalar(Json::String(text)))
            }
            b'{' => {
                self.at += 1;
                Ok(Value::Object)
            }
            b'[' => {
                self.at += 1;
                Ok(Value::Array)
            }
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            _ => {
                let text = self.number()?;
                // What a date looks like is read in a quarter of the time.
                let number = text.parse::<u32>().map(f64::from).or_else(|_| text.parse::<f64>());
                let number = number.ok().filter(|number| number.is_finite()).ok_or(Malformed)?;
                Ok(Value::Scalar(Json::Number(number)))
            }
        }
    }

    /// The name of the object's next member, after which its value must be read; `None` at its end.
    #[inline]
    pub(crate) fn name(&mut self) -> Result<Option<Cow<'a, str>>> {
        self.name_as(Self::string)
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
        let start = self.at;
        let mut open = Vec::new();
        loop {
            match self.first()? {
                b'"' => {
                    self.at += 1;
                    self.skip_string()?;
                }
                bracket @ (b'{' | b'[') => {
                    self.at += 1;
                    self.opened = true;
                    open.push(bracket);
                }
                b'-' | b'0'..=b'9' => drop(self.number()?),
                _ => drop(self.value()?),
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
        if self.at == self.text.len() { Ok(()) } else { Err(Malformed) }
    }

    /// Whether something follows in a container, instead of the bracket that closes it.
    #[inline]
    fn another(&mut self, close: u8) -> Result<bool> {
        let first = std::mem::take(&mut self.opened);
        self.skip_space();
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            Some(b',') if !first => {
                self.at += 1;
                self.skip_space();
                Ok(true)
            }
            Some(_) if first => Ok(true),
            _ => Err(Malformed),
        }
    }

    /// The next name, as this reads what is behind a quotation mark.
    #[inline]
    fn name_as<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        if !self.another(b'}')? {
            return Ok(None);
        }
        self.take(b'"')?;
        let name = read(self)?;
        self.skip_space();
        self.take(b':')?;
        Ok(Some(name))
    }

    /// After a quotation mark: the string, borrowed if it holds no escape.
    #[inline]
    fn string(&mut self) -> Result<Cow<'a, str>> {
        let start = self.at;
        match self.skip_plain()? {
            b'"' => self.text.get(start..self.at - 1).map(Cow::Borrowed).ok_or(Malformed),
            b'\\' => self.unescape(start).map(Cow::Owned),
            _ => Err(Malformed),
        }
    }

    /// After the first backslash of a string.
    #[cold]
    fn unescape(&mut self, start: usize) -> Result<String> {
        let mut text = String::new();
        let mut plain = start;
        loop {
            text.push_str(self.text.get(plain..self.at - 1).ok_or(Malformed)?);
            text.push(self.escape()?);
            plain = self.at;
            match self.skip_plain()? {
                b'"' => break,
                b'\\' => {}
                _ => return Err(Malformed),
            }
        }
        text.push_str(self.text.get(plain..self.at - 1).ok_or(Malformed)?);
        Ok(text)
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
    fn escape(&mut self) -> Result<char> {
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

    fn number(&mut self) -> Result<&'a str> {
        let start = self.at;
        self.skip_if(|byte| byte == b'-');
        match self.byte()? {
            b'0' => {}
            b'1'..=b'9' => self.skip_digits(),
            _ => return Err(Malformed),
        }
        if self.skip_if(|byte| byte == b'.') {
            self.digits()?;
        }
        if self.skip_if(|byte| matches!(byte, b'e' | b'E')) {
            self.skip_if(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        self.since(start)
    }

    /// At least one.
    fn digits(&mut self) -> Result<()> {
        if !self.byte()?.is_ascii_digit() {
            return Err(Malformed);
        }
        self.skip_digits();
        Ok(())
    }

    fn skip_digits(&mut self) {
        while self.skip_if(|byte| byte.is_ascii_digit()) {}
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Value<'a>> {
        let rest = self.text.get(self.at..).ok_or(Malformed)?;
        self.at += word.len();
        if rest.starts_with(word) { Ok(Value::Scalar(value)) } else { Err(Malformed) }
    }

    #[inline]
    fn skip_space(&mut self) {
        while self.skip_if(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {}
    }

    #[inline]
    fn skip_if(&mut self, is: impl FnOnce(u8) -> bool) -> bool {
        let skipped = self.peek().is_some_and(is);
        self.at += usize::from(skipped);
        skipped
    }

    /// Past the next byte that is not simply a part of a string.
    #[inline]
    fn skip_plain(&mut self) -> Result<u8> {
        let (words, _) = self.text.as_bytes().get(self.at..).ok_or(Malformed)?.as_chunks();
        for word in words {
            let special = special(u64::from_le_bytes(*word));
            if special != 0 {
                self.at += special.trailing_zeros() as usize / 8;
                return self.byte();
            }
            self.at += word.len();
        }
        loop {
            let byte = self.byte()?;
            if matches!(byte, b'"' | b'\\' | ..0x20) {
                return Ok(byte);
            }
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn byte(&mut self) -> Result<u8> {
        let byte = self.peek().ok_or(Malformed)?;
        self.at += 1;
        Ok(byte)
    }

    #[inline]
    fn take(&mut self, expected: u8) -> Result<()> {
        if self.byte()? == expected { Ok(()) } else { Err(Malformed) }
    }

    fn since(&self, start: usize) -> Result<&'a str> {
        self.text.get(start..self.at).ok_or(Malformed)
    }
}

/// The highest bit of each byte that is a quotation mark, a backslash or a control character. Bits
/// above the lowest that is set may be wrong: a borrow can run through them.
const fn special(word: u64) -> u64 {
    const fn less(word: u64, limit: u8) -> u64 {
        word.wrapping_sub(EACH * limit as u64) & !word
    }
    const EACH: u64 = u64::MAX / 0xFF;
    const QUOTES: u64 = EACH * b'"' as u64;
    const BACKSLASHES: u64 = EACH * b'\\' as u64;
    (less(word, b' ') | less(word ^ QUOTES, 1) | less(word ^ BACKSLASHES, 1)) & (EACH << 7)
}

#[cfg(test)]
mod tests;
