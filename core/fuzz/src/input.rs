//! Inputs in parts.

use std::borrow::Cow;

/// Ends a part: no UTF-8 text has this byte, so that parts stay parts while they are changed.
const END: u8 = 0xFF;

/// An input that is taken apart from the front.
#[derive(Debug)]
pub struct Input<'a>(Option<&'a [u8]>);

impl<'a> Input<'a> {
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(Some(bytes))
    }

    /// One byte, by which a target chooses; 0 when there is none.
    pub fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.unwrap_or_default().split_first().unwrap_or((&0, &[]));
        self.0 = Some(rest);
        *first
    }

    /// The bytes up to the end of a part.
    pub fn part(&mut self) -> Option<&'a [u8]> {
        let bytes = self.0?;
        let end = bytes.iter().position(|byte| *byte == END);
        let (part, rest) = end.map_or((bytes, None), |end| (&bytes[..end], Some(&bytes[end + 1..])));
        self.0 = rest;
        Some(part)
    }

    /// A part as text.
    pub fn text(&mut self) -> Option<Cow<'a, str>> {
        self.part().map(String::from_utf8_lossy)
    }

    /// Whatever is left.
    #[must_use]
    pub fn rest(self) -> &'a [u8] {
        self.0.unwrap_or_default()
    }
}

/// An input of some choices and parts.
pub fn write<P: AsRef<[u8]>>(choices: &[u8], parts: impl IntoIterator<Item = P>) -> Vec<u8> {
    let mut bytes = choices.to_vec();
    for (index, part) in parts.into_iter().enumerate() {
        if index > 0 {
            bytes.push(END);
        }
        bytes.extend_from_slice(part.as_ref());
    }
    bytes
}

/// Header fields, one a line.
pub fn fields(text: &[u8]) -> impl Iterator<Item = (&str, &[u8])> {
    text.split(|byte| *byte == b'\n').filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        Some((std::str::from_utf8(&line[..colon]).ok()?, line[colon + 1..].trim_ascii()))
    })
}
