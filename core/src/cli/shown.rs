//! Text of a peer's, made fit for a terminal.

use std::fmt;

/// At most this many characters of it, without what a terminal would act on.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, character) in self.0.chars().enumerate() {
            if index == MOST {
                return f.write_str("…");
            }
            if is_plain(character) {
                write!(f, "{character}")?;
            } else {
                write!(f, "{}", character.escape_unicode())?;
            }
        }
        Ok(())
    }
}

/// Controls, and the marks that change the direction of what follows, are not.
pub(super) fn is_plain(character: char) -> bool {
    let reorders = matches!(character, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}');
    !character.is_control() && !reorders
}

const MOST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_given_orders() {
        assert_eq!(Shown("a\u{1b}[2Jb\r\n\u{202e}c").to_string(), r"a\u{1b}[2Jb\u{d}\u{a}\u{202e}c");
        assert_eq!(Shown(&"é".repeat(300)).to_string(), "é".repeat(200) + "…");
    }
}
