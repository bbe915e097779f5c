//! `mcp-bearer decode`: what is in a token, for people. Nothing of it is verified.

use std::io::Write;

use serde_json::{Map, Value};

use super::shown::is_plain;
use super::unverified::{Unverified, date, span, written};
use super::{Stop, Streams, help};
use crate::clock::{Clock, SystemClock};

pub(super) fn run(parser: &mut lexopt::Parser, streams: &mut Streams<'_>) -> Result<u8, Stop> {
    use lexopt::prelude::{Long, Short, Value, ValueExt};

    let mut given = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Value(text) if given.is_none() => given = Some(text.string()?),
            Long("help") | Short('h') => return help(streams, HELP),
            other => return Err(other.unexpected().into()),
        }
    }
    let token = streams.token(given.as_deref().unwrap_or("-"))?;
    match Unverified::read(&token) {
        Ok(said) => {
            show(&said, &mut streams.out)?;
            Ok(0)
        }
        Err(why) => {
            writeln!(streams.err, "mcp-bearer: the token cannot be read: {why}")?;
            Ok(1)
        }
    }
}

fn show(said: &Unverified, out: &mut dyn Write) -> Result<(), Stop> {
    writeln!(
        out,
        "UNVERIFIED: anybody can write this; only a resource server's check says whether it is true.\n"
    )?;
    show_part("header", &said.header, out)?;
    writeln!(out)?;
    show_part("claims", &said.claims, out)?;
    let now = SystemClock.now();
    let mut times = TIMES.iter().filter_map(|name| Some((name, date(said.claims.get(*name)?)?))).peekable();
    if times.peek().is_some() {
        writeln!(out)?;
    }
    for (name, time) in times {
        let distance = match now.checked_sub(time) {
            Some(ago) => format!("{} ago", span(ago)),
            None => format!("in {}", span(time.saturating_sub(now))),
        };
        writeln!(out, "{name:<9}  {}  ({distance})", written(time))?;
    }
    Ok(())
}

fn show_part(name: &str, members: &Map<String, Value>, out: &mut dyn Write) -> Result<(), Stop> {
    let text = serde_json::to_string_pretty(members).unwrap_or_default();
    writeln!(out, "{name}")?;
    for character in text.chars() {
        // JSON escapes the controls of ASCII, not those beyond.
        if is_plain(character) || character == '\n' {
            write!(out, "{character}")?;
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
        }
    }
    writeln!(out)?;
    Ok(())
}

const TIMES: [&str; 5] = ["iat", "nbf", "exp", "auth_time", "updated_at"];

const HELP: &str = "\
mcp-bearer decode [TOKEN|-]

Shows header and claims of a JWT, unverified, and its times in readable form. Without TOKEN, or with
-, it is read from the standard input, which keeps it out of the shell's history. Nothing is sent
anywhere, and the signature is not shown.
";
