//! A request as a policy sees it: the body, and the header fields that say what it is and mirror it.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::body::{Body, Message};
use super::read::Member;
use crate::request::is_preflight;

/// The parts of an HTTP request that an operation policy depends on.
///
/// Only the fields that matter are kept; a repeated one is seen as repeated. The body is the
/// client's bytes, or with [`parsed`](Self::parsed) the JSON text of the value that a framework
/// has made of them.
///
/// ```
/// use mcp_bearer::operation::OperationRequest;
///
/// let headers = [("Content-Type", b"application/json".as_slice())];
/// let request = OperationRequest::new("POST", headers, br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
/// # let _ = request;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct OperationRequest<'a> {
    pub(super) method: &'a str,
    pub(super) body: &'a [u8],
    pub(super) parsed: bool,
    content_type: Field<'a>,
    coded: bool,
    websocket: bool,
    mcp_method: Field<'a>,
    mcp_name: Field<'a>,
    protocol_version: Field<'a>,
    origin: bool,
    access_control_request_method: bool,
}

/// A field that may occur once.
#[derive(Clone, Copy, Debug, Default)]
enum Field<'a> {
    #[default]
    Absent,
    Once(&'a [u8]),
    Repeated,
}

/// The headers contradict the body, or each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mismatch;

impl<'a> OperationRequest<'a> {
    /// The names of the header fields that can matter. Whoever has to copy fields may leave out the
    /// others.
    pub const FIELDS: &'static [&'static str] = &[
        "origin",
        "upgrade",
        "mcp-name",
        "mcp-method",
        "content-type",
        "content-encoding",
        "mcp-protocol-version",
        "access-control-request-method",
    ];

    /// A request whose body is the bytes that the client sent.
    pub fn new(
        method: &'a str,
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
        body: &'a [u8],
    ) -> Self {
        let mut request = Self {
            method,
            body,
            parsed: false,
            content_type: Field::Absent,
            coded: false,
            websocket: false,
            mcp_method: Field::Absent,
            mcp_name: Field::Absent,
            protocol_version: Field::Absent,
            origin: false,
            access_control_request_method: false,
        };
        for (name, value) in headers {
            match name.len() {
                6 if name.eq_ignore_ascii_case("origin") => request.origin = true,
                7 if name.eq_ignore_ascii_case("upgrade") => request.websocket |= names_websocket(value),
                8 if name.eq_ignore_ascii_case("mcp-name") => request.mcp_name.push(value),
                10 if name.eq_ignore_ascii_case("mcp-method") => request.mcp_method.push(value),
                12 if name.eq_ignore_ascii_case("content-type") => request.content_type.push(value),
                16 if name.eq_ignore_ascii_case("content-encoding") => request.coded |= is_coded(value),
                20 if name.eq_ignore_ascii_case("mcp-protocol-version") => {
                    request.protocol_version.push(value);
                }
                29 if name.eq_ignore_ascii_case("access-control-request-method") => {
                    request.access_control_request_method = true;
                }
                _ => {}
            }
        }
        request
    }

    /// The body is not what the client sent but the JSON text of a value which a framework has
    /// parsed already, and which is what executes.
    ///
    /// Rules on bytes cannot see anything then: the framework has taken off a byte order mark and
    /// chosen between duplicate members. Rules on headers and structure hold as always.
    #[must_use]
    pub const fn parsed(mut self) -> Self {
        self.parsed = true;
        self
    }

    /// Methods are case-sensitive, but a server that is not must not be reached around the policy.
    pub(super) fn is_post(&self) -> bool {
        self.method.eq_ignore_ascii_case("POST")
    }

    pub(super) fn is_preflight(&self) -> bool {
        is_preflight(self.method, self.origin, self.access_control_request_method)
    }

    /// Whether messages will follow that nobody could judge: a WebSocket handshake (RFC 6455 section
    /// 4.1; over HTTP/2 RFC 8441 section 4).
    pub(super) fn opens_a_tunnel(&self) -> bool {
        self.websocket || self.method.eq_ignore_ascii_case("CONNECT")
    }

    /// Whether the body is, as it stands, JSON in UTF-8: what any parser takes it for.
    pub(super) fn is_plain_json(&self) -> bool {
        match self.content_type {
            Field::Once(value) => !self.coded && is_json_utf8(value),
            Field::Absent | Field::Repeated => false,
        }
    }

    /// MCP 2026-07-28, Streamable HTTP, "Server Validation", for headers that are present.
    pub(super) fn mirrors(&self, body: &Body<'_>) -> Result<(), Mismatch> {
        if body.batch && !(self.mcp_method.is_absent() && self.mcp_name.is_absent()) {
            return Err(Mismatch);
        }
        let method = self.mcp_method.text()?;
        let name = self.mcp_name.text()?.map(decode).transpose()?;
        for message in &body.messages {
            let params = message.params.object();
            if let Some(method) = method {
                same(method, message.method.text())?;
            }
            if let Some(name) = &name
                && !named(message).any(|own| own.text() == Some(name))
            {
                return Err(Mismatch);
            }
            match params.and_then(|params| params.meta.object()).map(|meta| &meta.protocol_version) {
                None | Some(Member::Absent) => {}
                Some(stated) => {
                    if let Some(version) = self.protocol_version.text()? {
                        same(version, stated.text())?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The members that `Mcp-Name` may mirror: one for the methods of the specification's table and
/// for `tasks/*` (SEP-2663), any for methods that neither knows.
fn named<'m, 'a>(message: &'m Message<'a>) -> impl Iterator<Item = &'m Member<'a>> {
    let (skip, take) = match message.method.text().unwrap_or_default() {
        "tools/call" | "prompts/get" => (0, 1),
        method if method.starts_with("resources/") => (1, 1),
        method if method.starts_with("tasks/") => (2, 1),
        _ => (0, 3),
    };
    let members = message.params.object().map(|params| [&params.name, &params.uri, &params.task_id]);
    members.into_iter().flatten().skip(skip).take(take)
}

/// RFC 9110 section 7.8: a list of protocols. Others, such as `h2c`, change nothing about messages.
fn names_websocket(value: &[u8]) -> bool {
    value.split(|byte| *byte == b',').any(|item| item.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

fn same(header: &str, body: Option<&str>) -> Result<(), Mismatch> {
    if body == Some(header) { Ok(()) } else { Err(Mismatch) }
}

/// MCP 2026-07-28, Streamable HTTP, "Value Encoding". The markers are case-sensitive.
fn decode(value: &str) -> Result<Cow<'_, str>, Mismatch> {
    let inner = value.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="));
    let Some(inner) = inner else {
        return Ok(Cow::Borrowed(value));
    };
    let bytes = BASE64_STANDARD.decode(inner).map_err(|_| Mismatch)?;
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| Mismatch)
}

impl<'a> Field<'a> {
    fn push(&mut self, value: &'a [u8]) {
        *self = match self {
            Self::Absent => Self::Once(value),
            Self::Once(_) | Self::Repeated => Self::Repeated,
        };
    }

    const fn is_absent(self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value without the white space around it: visible ASCII, space and tab.
    fn text(self) -> Result<Option<&'a str>, Mismatch> {
        match self {
            Self::Absent => Ok(None),
            Self::Once(value) if value.iter().all(|byte| matches!(byte, b'\t' | 0x20..=0x7E)) => {
                std::str::from_utf8(value.trim_ascii()).map(Some).map_err(|_| Mismatch)
            }
            Self::Once(_) | Self::Repeated => Err(Mismatch),
        }
    }
}

/// RFC 9110 section 8.4: any coding but `identity`.
fn is_coded(value: &[u8]) -> bool {
    value
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii)
        .any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
}

/// RFC 9110 section 8.3.1. Parameters that could hide a charset from one parser and show it to
/// another, such as quoted strings with a semicolon, are not plain.
fn is_json_utf8(value: &[u8]) -> bool {
    // What nearly every client sends.
    if value == b"application/json" {
        return true;
    }
    let Ok(value) = std::str::from_utf8(value) else {
        return false;
    };
    let mut parts = value.split(';').map(trim);
    let mut charsets = 0;
    parts.next().is_some_and(|media_type| media_type.eq_ignore_ascii_case("application/json"))
        && parts.filter(|parameter| !parameter.is_empty()).all(|parameter| {
            let Some((name, value)) = parameter.split_once('=') else {
                return false;
            };
            if name.eq_ignore_ascii_case("charset") {
                charsets += 1;
                let plain = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
                return charsets == 1 && plain.eq_ignore_ascii_case("utf-8");
            }
            is_token(name) && is_token(value)
        })
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        OperationRequest::new("POST", headers, b"").is_plain_json()
    }

    fn mirrors(headers: &[(&'static str, &str)], body: &str) -> bool {
        let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        let request = OperationRequest::new("POST", headers, body.as_bytes());
        request.mirrors(&Body::parse(body.as_bytes()).unwrap()).is_ok()
    }

    const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"héllo","uri":"u://x","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;

    #[test]
    fn content_must_be_plain_json() {
        for good in [
            "application/json",
            "Application/JSON ; charset=UTF-8",
            "application/json;charset=\"utf-8\"; v=1;",
        ] {
            assert!(plain(&[("CONTENT-type", good)]), "{good}");
            assert!(plain(&[("Content-Type", good), ("Content-Encoding", "identity, Identity,")]));
        }
        for bad in [
            "",
            "text/json",
            "application/json, text/plain",
            "application/jsonp",
            "application/json; charset=utf-7",
            "application/json; charset=utf8",
            "application/json; charset=utf-8; charset=utf-7",
            "application/json; charset=utf-8; charset=utf-8",
            "application/json; x=\"y\"",
            "application/json; x=\"; charset=utf-7\"",
            "application/json; charset=\"utf-8",
            "application/json; charset = utf-8",
            "application/json; charset",
            "application/json; =x",
            "application/json\u{e9}",
        ] {
            assert!(!plain(&[("Content-Type", bad)]), "{bad}");
        }
        assert!(!plain(&[]));
        assert!(!plain(&[("Content-Type", "application/json"), ("content-type", "application/json")]));
        for coding in ["gzip", "identity, br", "x"] {
            assert!(!plain(&[("Content-Type", "application/json"), ("Content-Encoding", coding)]));
        }
        let twice = [("Content-Type", "application/json"), ("Content-Encoding", "identity")];
        assert!(!plain(&[twice[0], twice[1], ("content-encoding", "gzip")]));
        assert!(!plain(&[twice[0], ("content-encoding", "gzip"), twice[1]]));
    }

    #[test]
    fn exactly_the_named_fields_matter() {
        let seen = |name: &str, value: &str| {
            format!("{:?}", OperationRequest::new("POST", [(name, value.as_bytes())], b""))
        };
        for name in OperationRequest::FIELDS {
            assert_ne!(seen(name, "websocket"), seen("x", "websocket"), "{name}");
            assert_eq!(seen(&name.to_uppercase(), "websocket"), seen(name, "websocket"), "{name}");
        }
        for name in ["accept", "connection", "content-length", "mcp-session-id", "transfer-encoding"] {
            assert_eq!(seen(name, "websocket"), seen("x", "websocket"), "{name}");
        }
    }

    #[test]
    fn method_is_compared_exactly() {
        assert!(mirrors(&[], CALL));
        assert!(mirrors(&[("mcp-method", " tools/call\t")], CALL));
        for bad in ["TOOLS/CALL", "tools/list", "", "=?base64?dG9vbHMvY2FsbA==?=", "tools/c\u{e0}ll"] {
            assert!(!mirrors(&[("Mcp-Method", bad)], CALL), "{bad}");
        }
        assert!(!mirrors(&[("Mcp-Method", "tools/call"), ("mcp-method", "tools/call")], CALL));
        assert!(!mirrors(&[("Mcp-Method", "tools/call")], r#"{"jsonrpc":"2.0","id":1,"result":{}}"#));
    }

    #[test]
    fn name_is_decoded_first() {
        assert!(mirrors(&[("Mcp-Name", "=?base64?aMOpbGxv?=")], CALL));
        for bad in [
            "hello",
            "h\u{e9}llo",
            "u://x",
            "=?BASE64?aMOpbGxv?=",
            "=?base64?aMOpbGxv",
            "=?base64?/w==?=",
            "=?base64?*?=",
        ] {
            assert!(!mirrors(&[("Mcp-Name", bad)], CALL), "{bad}");
        }
        assert!(!mirrors(&[("Mcp-Name", "=?base64?aMOpbGxv?="), ("Mcp-Name", "x")], CALL));
        // A name of the encoded form is itself encoded, or nobody could tell.
        let odd = r#"{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"=?base64?eA==?="}}"#;
        assert!(!mirrors(&[("Mcp-Name", "=?base64?eA==?=")], odd));
        assert!(mirrors(&[("Mcp-Name", "=?base64?PT9iYXNlNjQ/ZUE9PT89?=")], odd));
    }

    #[test]
    fn name_mirrors_the_member_of_its_method() {
        let of = |method: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","method":"{method}","params":{{"name":"n","uri":"u://x","taskId":"t"}}}}"#
            )
        };
        for (method, good) in [
            ("tools/call", &["n"][..]),
            ("prompts/get", &["n"]),
            ("resources/read", &["u://x"]),
            ("resources/subscribe", &["u://x"]),
            ("tasks/get", &["t"]),
            ("example/get", &["n", "u://x", "t"]),
        ] {
            for name in ["n", "u://x", "t", "x"] {
                assert_eq!(
                    mirrors(&[("Mcp-Name", name)], &of(method)),
                    good.contains(&name),
                    "{method} {name}"
                );
            }
        }
        assert!(!mirrors(&[("Mcp-Name", "x")], r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#));
    }

    #[test]
    fn batches_have_nothing_to_mirror() {
        let batch = r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#;
        assert!(mirrors(&[], batch));
        assert!(!mirrors(&[("Mcp-Method", "ping")], batch));
        assert!(!mirrors(&[("Mcp-Name", "=?base64?aMOpbGxv?=")], &format!("[{CALL}]")));
        // The version is the connection's, not the message's.
        assert!(mirrors(
            &[("MCP-Protocol-Version", "2025-03-26")],
            &format!("[{}]", &batch[1..batch.len() - 1])
        ));
        assert!(!mirrors(&[("MCP-Protocol-Version", "2025-03-26")], &format!("[{CALL}]")));
    }

    #[test]
    fn a_stated_version_agrees_with_the_header() {
        assert!(mirrors(&[("MCP-Protocol-Version", "2026-07-28")], CALL));
        assert!(!mirrors(&[("MCP-Protocol-Version", "2025-06-18")], CALL));
        let twice = [("MCP-Protocol-Version", "2026-07-28"), ("mcp-protocol-version", "2026-07-28")];
        assert!(!mirrors(&twice, CALL));
        let number = CALL.replace(r#""2026-07-28""#, "20260728");
        assert!(!mirrors(&[("MCP-Protocol-Version", "20260728")], &number));
        let silent = r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{}}}"#;
        assert!(mirrors(&[("MCP-Protocol-Version", "1999-01-01")], silent));
        assert!(mirrors(&twice, silent));
    }
}
