//! What the doctor is asked.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use crate::cli::{MOST_INPUT, Stop, Streams, parse_url};
use crate::identifier::Identifier;

/// Checked.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) asked: Identifier,
    /// What the metadata should name: by default what is asked.
    pub(super) resource: Identifier,
    pub(super) issuers: Vec<String>,
    pub(super) audiences: Vec<String>,
    pub(super) scopes: Vec<String>,
    pub(super) origin: String,
    pub(super) ca_files: Vec<PathBuf>,
    pub(super) json: bool,
    pub(super) color: bool,
    token: Token,
}

/// `Debug` does not show it.
pub(super) struct Token(Option<String>);

impl Options {
    /// `None` asks for help.
    pub(super) fn parse(
        parser: &mut lexopt::Parser,
        streams: &mut Streams<'_>,
    ) -> Result<Option<Self>, Stop> {
        use lexopt::prelude::{Long, Short, Value, ValueExt};

        let (mut asked, mut resource, mut token) = (None, None, None);
        let (mut issuers, mut audiences, mut scopes) = (Vec::new(), Vec::new(), Vec::new());
        let (mut ca_files, mut json, mut color) = (Vec::new(), false, streams.color);
        let mut origin = DEFAULT_ORIGIN.to_owned();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("token") if token.is_none() => token = Some(streams.token(&parser.value()?.string()?)?),
                Long("token-file") if token.is_none() => {
                    let file = parser.value()?;
                    let text = if file == "-" { "-".to_owned() } else { read(&file.into())? };
                    token = Some(streams.token(&text)?);
                }
                Long("token" | "token-file") => return Err(Stop::Usage("one token is enough".to_owned())),
                Long("resource") => resource = Some(identifier("--resource", &parser.value()?.string()?)?),
                Long("issuer") => issuers.push(parser.value()?.string()?),
                Long("audience") => audiences.push(parser.value()?.string()?),
                Long("scope") => {
                    scopes.extend(parser.value()?.string()?.split_whitespace().map(str::to_owned));
                }
                Long("origin") => origin = parser.value()?.string()?,
                Long("ca-file") => ca_files.push(parser.value()?.into()),
                Long("json") => json = true,
                Long("no-color") => color = false,
                Long("help") | Short('h') => return Ok(None),
                Value(url) if asked.is_none() => asked = Some(identifier("URL", &url.string()?)?),
                other => return Err(other.unexpected().into()),
            }
        }
        let Some(asked) = asked else {
            return Err(Stop::Usage("doctor needs the URL of a server".to_owned()));
        };
        for issuer in &issuers {
            identifier("--issuer", issuer)?;
        }
        let resource = resource.unwrap_or_else(|| asked.clone());
        let token = Token(token);
        Ok(Some(Self { asked, resource, issuers, audiences, scopes, origin, ca_files, json, color, token }))
    }

    pub(super) fn token(&self) -> Option<&str> {
        self.token.0.as_deref()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Token([redacted])" } else { "Token(none)" })
    }
}

fn identifier(name: &str, text: &str) -> Result<Identifier, Stop> {
    parse_url(text).map_err(|error| Stop::Usage(format!("{name} {}", error.message)))
}

fn read(path: &PathBuf) -> Result<String, Stop> {
    let mut text = String::new();
    let file = File::open(path).and_then(|file| file.take(MOST_INPUT).read_to_string(&mut text));
    file.map(|_| text).map_err(|_| Stop::Usage("the token file cannot be read as text".to_owned()))
}

/// Of the MCP Inspector, which runs in a browser on the developer's machine.
const DEFAULT_ORIGIN: &str = "http://localhost:6274";

pub(super) const HELP: &str = "\
mcp-bearer doctor URL [options]

Visits a server that takes access tokens, as an MCP client would, and says what to mend.
URL is the full URL of the MCP endpoint, or of any protected route.

  --token TOKEN       an access token to check and to ask the server with; - reads it from the
                      standard input, which keeps it out of the shell's history. Never printed.
  --token-file FILE   the same from a file
  --resource URL      the identifier that the server should have, if it is not URL
  --issuer URL        an issuer that the server should accept; may be repeated
  --audience NAME     an audience that the server should accept; may be repeated
  --scope SCOPE       a scope that the token should have; may be repeated
  --origin ORIGIN     of the browser clients to try for; default: http://localhost:6274
  --ca-file FILE      trusts the certificates in this PEM file, too; may be repeated
  --json              prints one JSON object
  --no-color          prints without colours, as with NO_COLOR=1

Exit code: 0 without findings of severity error, 1 with some, 2 for wrong arguments.
";
