//! The grammar of JSON (RFC 8259): functions that read over what a text begins with, and give what
//! is left behind it.
//!
//! A name may occur twice here, an escape name half a surrogate pair, and a number be out of range.

use super::Malformed;

type Result<T> = std::result::Result<T, Malformed>;

/// A value of any depth, without recursion.
pub(super) fn value(mut rest: &[u8]) -> Result<&[u8]> {
    let mut open = Vec::new();
    loop {
        let (first, behind) = token(rest)?;
        rest = match first {
            b'"' => string(behind)?,
            b'{' => match token(behind)? {
                (b'}', behind) => behind,
                (b'"', behind) => {
                    open.push(b'}');
                    rest = name(behind)?;
                    continue;
                }
                _ => return Err(Malformed),
            },
            b'[' => match token(behind)? {
                (b']', behind) => behind,
                _ => {
                    open.push(b']');
                    rest = behind;
                    continue;
                }
            },
            b't' => word(b"rue", behind)?,
            b'f' => word(b"alse", behind)?,
            b'n' => word(b"ull", behind)?,
            _ => number(first, behind)?,
        };
        // On to where the next value begins, out of all that ends here.
        loop {
            let Some(close) = open.last() else { return Ok(rest) };
            let (next, behind) = token(rest)?;
            rest = behind;
            if next == *close {
                open.pop();
            } else if next == b',' {
                if *close == b'}' {
                    let (b'"', behind) = token(rest)? else { return Err(Malformed) };
                    rest = name(behind)?;
                }
                break;
            } else {
                return Err(Malformed);
            }
        }
    }
}

/// The first byte that is no white space.
#[inline(always)]
fn token(mut rest: &[u8]) -> Result<(u8, &[u8])> {
    loop {
        let (first, behind) = rest.split_first().ok_or(Malformed)?;
        if !matches!(first, b' ' | b'\t' | b'\n' | b'\r') {
            return Ok((*first, behind));
        }
        rest = behind;
    }
}

/// The name of a member behind its quotation mark, and the colon.
#[inline(always)]
fn name(rest: &[u8]) -> Result<&[u8]> {
    let (b':', behind) = token(string(rest)?)? else { return Err(Malformed) };
    Ok(behind)
}

/// These bytes.
#[inline]
pub(super) fn word<'a>(word: &[u8], rest: &'a [u8]) -> Result<&'a [u8]> {
    rest.strip_prefix(word).ok_or(Malformed)
}

/// A string behind its quotation mark.
#[inline]
pub(super) fn string(mut rest: &[u8]) -> Result<&[u8]> {
    loop {
        let (first, behind) = plain(rest).split_first().ok_or(Malformed)?;
        match first {
            b'"' => return Ok(behind),
            b'\\' => rest = escape(behind)?,
            _ => return Err(Malformed),
        }
    }
}

/// What follows a backslash.
#[cold]
fn escape(rest: &[u8]) -> Result<&[u8]> {
    match rest {
        [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', rest @ ..] => Ok(rest),
        [b'u', a, b, c, d, rest @ ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => {
            Ok(rest)
        }
        _ => Err(Malformed),
    }
}

/// A number behind its first byte.
#[inline]
pub(super) fn number(first: u8, rest: &[u8]) -> Result<&[u8]> {
    let (first, rest) = match (first, rest) {
        (b'-', [first, rest @ ..]) => (*first, rest),
        unsigned => unsigned,
    };
    let rest = match first {
        b'0' => rest,
        b'1'..=b'9' => more_digits(rest),
        _ => return Err(Malformed),
    };
    let rest = match rest {
        [b'.', rest @ ..] => digits(rest)?,
        rest => rest,
    };
    match rest {
        [b'e' | b'E', b'+' | b'-', rest @ ..] | [b'e' | b'E', rest @ ..] => digits(rest),
        rest => Ok(rest),
    }
}

/// At least one.
#[inline]
fn digits(rest: &[u8]) -> Result<&[u8]> {
    match rest {
        [b'0'..=b'9', rest @ ..] => Ok(more_digits(rest)),
        _ => Err(Malformed),
    }
}

#[inline]
fn more_digits(mut rest: &[u8]) -> &[u8] {
    while let [b'0'..=b'9', behind @ ..] = rest {
        rest = behind;
    }
    rest
}

/// What is left from the first byte on that is not simply a part of a string.
#[inline]
pub(super) fn plain(mut rest: &[u8]) -> &[u8] {
    while let Some((word, behind)) = rest.split_first_chunk() {
        let special = special(u64::from_le_bytes(*word));
        if special != 0 {
            return rest.get(special.trailing_zeros() as usize / 8..).unwrap_or_default();
        }
        rest = behind;
    }
    plain_bytes(rest)
}

/// The same, for the end of a text.
#[cold]
fn plain_bytes(mut rest: &[u8]) -> &[u8] {
    while let [first, behind @ ..] = rest
        && !matches!(first, b'"' | b'\\' | ..0x20)
    {
        rest = behind;
    }
    rest
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
