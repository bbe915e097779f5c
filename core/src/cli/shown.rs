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

/// Controls are not, nor what is not seen: marks that change the direction of what follows, separators,
/// and characters of no width (Unicode, `Default_Ignorable_Code_Point` and `Bidi_Control`).
pub(super) fn is_plain(character: char) -> bool {
    let unseen = matches!(
        character,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    );
    !character.is_control() && !unseen
}

const MOST: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_given_orders() {
        assert_eq!(Shown("a\u{1b}[2Jb\r\n\u{202e}c").to_string(), r"a\u{1b}[2Jb\u{d}\u{a}\u{202e}c");
        for unseen in ['\u{61c}', '\u{200b}', '\u{2069}', '\u{feff}', '\u{e0041}'] {
            assert_eq!(Shown(&unseen.to_string()).to_string(), unseen.escape_unicode().to_string());
        }
        assert_eq!(Shown(&"é".repeat(300)).to_string(), "é".repeat(200) + "…");
    }
}
