//! The program `mcp-bearer`, which is also `python -m mcp_bearer` and `npx mcp-bearer`.
//!
//! `doctor` visits a protected server as an MCP client would and says what is wrong with it, `decode`
//! shows what is in a token, `dev` is an issuer for work on one machine. None of them ever shows a
//! signature or, except where `dev` has just minted it, a token.
//!
//! ```sh
//! cargo install mcp-bearer --features cli
//! mcp-bearer doctor https://mcp.example.com/mcp
//! ```
//!
//! Each finding of `doctor` has an id that stays the same, a severity (ok, info, warning, error), one
//! sentence that says what is so, and one that says what to do. Where to look for the usual questions:
//!
//! | question | findings |
//! |---|---|
//! | Is the server there? | `reachable`, `unreachable`, `timeout`, `tls`, `endpoint-not-found`, `redirect` |
//! | Is HTTPS on? | `http-in-production`, `resource-scheme`, `authorization-server-http` |
//! | Does it refuse as clients expect? | `challenge-*`, `invalid-token-*`, `unauthenticated-access`, `well-known-bypass` |
//! | Is the discovery document there, and JSON? | `metadata-*` |
//! | Does it name this server? | `resource-*` |
//! | Are the authorization servers right? | `authorization-server-*`, `issuer-*`, `pkce-*`, `registration-*` |
//! | May a browser client use it? | `cors-*` |
//! | Are the keys in order? | `jwks-*` |
//! | Does the issuer match? | `token-issuer`, `issuer-mismatch` |
//! | Does the audience? | `token-audience`, `token-missing-claim` |
//! | Has the token expired? | `token-expired`, `token-not-yet-valid`, `clock-skew` |
//! | Are the scopes defined, spelled and granted? | `scope-*`, `token-scope`, `token-insufficient-scope` |
//! | Why is a token refused? | `token-*`; `token-refused` is what the server itself says |

mod decode;
mod dev;
mod doctor;
mod shown;
mod unverified;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, IsTerminal, Read, Write};

use crate::error::ConfigError;
use crate::identifier::{HttpHosts, Identifier};

/// Runs the program with these arguments, its name not among them, on the standard streams of this
/// process. Blocks until it is done, and returns its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
    // <https://no-color.org>: present and not empty.
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let color = stdout.is_terminal() && !no_color;
    let mut streams = Streams::new(stdin.lock(), stdout.lock(), stderr.lock()).color(color);
    run(arguments, &mut streams)
}

/// Runs the program with these arguments, its name not among them, on streams of the caller's.
///
/// 0: all is well, warnings allowed. 1: there are findings of severity error, or the output cannot
/// be written. 2: the arguments are wrong.
pub fn run(arguments: impl IntoIterator<Item = OsString>, streams: &mut Streams<'_>) -> u8 {
    let result = dispatch(arguments, streams).and_then(|code| {
        streams.out.flush()?;
        Ok(code)
    });
    match result {
        Ok(code) => code,
        Err(Stop::Usage(message)) => {
            let _ = writeln!(streams.err, "mcp-bearer: {message}\nTry `mcp-bearer --help`.");
            2
        }
        // Whoever reads has gone: there is nobody to tell.
        Err(Stop::Output) => 1,
    }
}

/// Where the program reads and writes.
pub struct Streams<'a> {
    input: Box<dyn Read + 'a>,
    out: Box<dyn Write + 'a>,
    err: Box<dyn Write + 'a>,
    color: bool,
}

impl<'a> Streams<'a> {
    /// Streams without colour.
    #[must_use]
    pub fn new(input: impl Read + 'a, out: impl Write + 'a, err: impl Write + 'a) -> Self {
        Self { input: Box::new(input), out: Box::new(out), err: Box::new(err), color: false }
    }

    /// Whether `out` shows the escape sequences of ANSI colours.
    #[must_use]
    pub fn color(mut self, color: bool) -> Self {
        self.color = color;
        self
    }

    /// A token in a text that may come with a newline, or in a field copied whole.
    fn token(&mut self, given: &str) -> Result<String, Stop> {
        let text = if given == "-" { self.read()? } else { given.to_owned() };
        let text = text.trim();
        let (scheme, rest) = text.split_at_checked(7).unwrap_or_default();
        let token = if scheme.eq_ignore_ascii_case("bearer ") { rest.trim() } else { text };
        if token.is_empty() { Err(Stop::Usage("there is no token".to_owned())) } else { Ok(token.to_owned()) }
    }

    fn read(&mut self) -> Result<String, Stop> {
        let mut text = String::new();
        let limited = (&mut self.input).take(MOST_INPUT).read_to_string(&mut text);
        limited.map(|_| text).map_err(|_| Stop::Usage("the standard input cannot be read as text".to_owned()))
    }
}

impl fmt::Debug for Streams<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams").field("color", &self.color).finish_non_exhaustive()
    }
}

/// Why the program ends early.
enum Stop {
    Usage(String),
    /// Something cannot be written.
    Output,
}

impl From<String> for Stop {
    fn from(message: String) -> Self {
        Self::Usage(message)
    }
}

impl From<io::Error> for Stop {
    fn from(_: io::Error) -> Self {
        Self::Output
    }
}

impl From<lexopt::Error> for Stop {
    fn from(error: lexopt::Error) -> Self {
        // Its text may repeat an argument, which may be a token.
        Self::Usage(match error {
            lexopt::Error::MissingValue { option: Some(option) } => format!("{option} needs a value"),
            lexopt::Error::UnexpectedOption(option) => format!("there is no option {option}"),
            lexopt::Error::UnexpectedArgument(_) => "there is one argument too many".to_owned(),
            lexopt::Error::UnexpectedValue { option, .. } => format!("{option} takes no value"),
            _ => "an argument cannot be read".to_owned(),
        })
    }
}

fn dispatch(arguments: impl IntoIterator<Item = OsString>, streams: &mut Streams<'_>) -> Result<u8, Stop> {
    use lexopt::prelude::{Long, Short, Value};

    let mut parser = lexopt::Parser::from_args(arguments);
    match parser.next()? {
        Some(Value(command)) if command == "doctor" => doctor::run(&mut parser, streams),
        Some(Value(command)) if command == "decode" => decode::run(&mut parser, streams),
        Some(Value(command)) if command == "dev" => dev::run(&mut parser, streams),
        Some(Long("help") | Short('h')) => help(streams, HELP),
        Some(Long("version") | Short('V')) => {
            help(streams, concat!("mcp-bearer ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        Some(Value(_)) => Err(Stop::Usage("the commands are doctor, decode and dev".to_owned())),
        Some(other) => Err(other.unexpected().into()),
        None => Err(Stop::Usage("a command is needed: doctor, decode or dev".to_owned())),
    }
}

fn help(streams: &mut Streams<'_>, text: &str) -> Result<u8, Stop> {
    streams.out.write_all(text.as_bytes())?;
    Ok(0)
}

/// A URL, plain http included: whether it should be is not for the arguments to say.
fn parse_url(text: &str) -> Result<Identifier, ConfigError> {
    let host = url::Url::parse(text).ok().and_then(|url| url.host_str().map(str::to_owned));
    Identifier::parse("URL", text, HttpHosts { loopback: true, listed: host.as_slice() })
}

const MOST_INPUT: u64 = 1024 * 1024;

const HELP: &str = "\
mcp-bearer: for whoever runs an MCP server, or another HTTP API, that takes access tokens

  mcp-bearer doctor URL      visits a server as an MCP client would, and says what to mend
  mcp-bearer decode TOKEN    shows header and claims of a token, unverified
  mcp-bearer dev             runs an issuer on this machine that mints tokens for development

`mcp-bearer COMMAND --help` shows the options of a command.
";
