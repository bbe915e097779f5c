//! The JSON-RPC messages of a body, as far as they decide.

use std::borrow::Cow;

use super::read::{Found, Member, Shape};
use crate::json::Malformed;
use crate::json::reader::Reader;

/// Most messages in a batch.
const MAX_BATCH: usize = 100;

/// The messages of one POST.
#[derive(Debug, Default)]
pub(super) struct Body<'a> {
    pub(super) messages: Vec<Message<'a>>,
    pub(super) batch: bool,
    /// Neither a message nor a batch of 1 to 100 messages.
    broken: bool,
}

/// One JSON-RPC message.
#[derive(Debug, Default)]
pub(super) struct Message<'a> {
    pub(super) method: Member<'a>,
    pub(super) params: Found<Params<'a>>,
    version: Member<'a>,
    /// `result` or `error`.
    outcome: bool,
}

/// What of `params` decides.
#[derive(Debug, Default)]
pub(super) struct Params<'a> {
    pub(super) name: Member<'a>,
    pub(super) uri: Member<'a>,
    pub(super) task_id: Member<'a>,
    pub(super) reference: Found<Reference<'a>>,
    pub(super) notifications: Found<Notifications<'a>>,
    pub(super) meta: Found<Meta<'a>>,
}

/// `params.ref` of `completion/complete`.
#[derive(Debug, Default)]
pub(super) struct Reference<'a> {
    pub(super) kind: Member<'a>,
    pub(super) name: Member<'a>,
    pub(super) uri: Member<'a>,
}

/// `params.notifications` of `subscriptions/listen`.
#[derive(Debug, Default)]
pub(super) struct Notifications<'a> {
    pub(super) resources: Found<Vec<Cow<'a, str>>>,
}

/// `params._meta`.
#[derive(Debug, Default)]
pub(super) struct Meta<'a> {
    pub(super) protocol_version: Member<'a>,
}

impl<'a> Body<'a> {
    /// Reads one JSON text with nothing but white space around it.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        // A byte order mark is no JSON.
        let mut reader = Reader::new(std::str::from_utf8(bytes).map_err(|_| Malformed)?);
        let mut body = Self { batch: reader.first()? == b'[', ..Self::default() };
        if body.batch {
            reader.value()?;
            while reader.item()? {
                if body.messages.len() == MAX_BATCH {
                    body.broken = true;
                    reader.skip()?;
                } else {
                    body.push(Found::read(&mut reader)?);
                }
            }
        } else {
            body.push(Found::read(&mut reader)?);
        }
        reader.end()?;
        Ok(body)
    }

    fn push(&mut self, item: Found<Message<'a>>) {
        match item {
            Found::Object(message) => self.messages.push(message),
            Found::Absent | Found::Null | Found::Ambiguous | Found::Other => self.broken = true,
        }
    }

    /// Whether this is a message, or a batch of messages, that can be judged.
    pub(super) fn is_sound(&self) -> bool {
        !self.broken && !self.messages.is_empty() && self.messages.iter().all(Message::is_sound)
    }
}

impl Message<'_> {
    /// JSON-RPC 2.0 sections 4 and 5, with the `params` of MCP, which are always by name. A message
    /// with both a method and a result is a call to one reader and a response to another.
    fn is_sound(&self) -> bool {
        self.version.text() == Some("2.0")
            && match self.method {
                Member::Text(_) => !self.outcome,
                Member::Absent => self.outcome,
                Member::Other => false,
            }
            && match &self.params {
                Found::Absent | Found::Null => true,
                Found::Object(params) => params.is_sound(),
                Found::Ambiguous | Found::Other => false,
            }
    }
}

impl Params<'_> {
    fn is_sound(&self) -> bool {
        !self.reference.is_ambiguous() && !matches!(self.meta, Found::Ambiguous | Found::Other)
    }
}

impl<'a> Shape<'a> for Message<'a> {
    const NAMES: &'static [&'static str] =
        &["jsonrpc", "id", "method", "params", "result", "error", "name", "uri", "ref", "arguments", "_meta"];

    fn read(&mut self, name: &str, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        match name {
            "jsonrpc" => self.version = Member::read(reader)?,
            "method" => self.method = Member::read(reader)?,
            "params" => self.params = Found::read(reader)?,
            _ => {
                self.outcome |= matches!(name, "result" | "error");
                reader.skip()?;
            }
        }
        Ok(())
    }
}

impl<'a> Shape<'a> for Params<'a> {
    const NAMES: &'static [&'static str] = &[
        "name",
        "uri",
        "taskId",
        "ref",
        "notifications",
        "_meta",
        "arguments",
        "jsonrpc",
        "id",
        "method",
        "params",
    ];

    fn read(&mut self, name: &str, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        match name {
            "name" => self.name = Member::read(reader)?,
            "uri" => self.uri = Member::read(reader)?,
            "taskId" => self.task_id = Member::read(reader)?,
            "ref" => self.reference = Found::read(reader)?,
            "notifications" => self.notifications = Found::read(reader)?,
            "_meta" => self.meta = Found::read(reader)?,
            _ => {
                reader.skip()?;
            }
        }
        Ok(())
    }
}

impl<'a> Shape<'a> for Reference<'a> {
    const NAMES: &'static [&'static str] =
        &["type", "name", "uri", "jsonrpc", "id", "method", "params", "ref", "arguments", "_meta"];

    fn read(&mut self, name: &str, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        match name {
            "type" => self.kind = Member::read(reader)?,
            "name" => self.name = Member::read(reader)?,
            "uri" => self.uri = Member::read(reader)?,
            _ => {
                reader.skip()?;
            }
        }
        Ok(())
    }
}

impl<'a> Shape<'a> for Notifications<'a> {
    const NAMES: &'static [&'static str] = &["resourceSubscriptions"];

    fn read(&mut self, _: &str, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        self.resources = Found::read_list(reader)?;
        Ok(())
    }
}

impl<'a> Shape<'a> for Meta<'a> {
    const NAMES: &'static [&'static str] =
        &[PROTOCOL_VERSION, "jsonrpc", "id", "method", "params", "name", "uri", "ref", "arguments", "_meta"];

    fn read(&mut self, name: &str, reader: &mut Reader<'a>) -> Result<(), Malformed> {
        let value = Member::read(reader)?;
        if name == PROTOCOL_VERSION {
            self.protocol_version = value;
        }
        Ok(())
    }
}

const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
