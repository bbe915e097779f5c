//! The JSON-RPC messages of a body, as far as they decide.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::read::{Found, ListSeed, Member, MemberSeed, Shape, otherwise, seed, skip_items};
use crate::json::Malformed;

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
        // Skipped strings are not checked for UTF-8 below. A byte order mark is no JSON.
        let text = std::str::from_utf8(bytes).map_err(|_| Malformed)?;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let body = BodySeed.deserialize(&mut deserializer).map_err(|_| Malformed)?;
        deserializer.end().map_err(|_| Malformed)?;
        Ok(body)
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

struct BodySeed;

impl<'de> DeserializeSeed<'de> for BodySeed {
    type Value = Body<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Body<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for BodySeed {
    type Value = Body<'de>;

    otherwise!(Body::default(); visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E>(self) -> Result<Body<'de>, E> {
        Ok(Body::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Body<'de>, A::Error> {
        Ok(match seed().visit_map(map)? {
            Found::Object(message) => Body { messages: vec![message], ..Body::default() },
            _ => Body::default(),
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Body<'de>, A::Error> {
        let mut body = Body { batch: true, ..Body::default() };
        while let Some(item) = seq.next_element_seed(seed())? {
            body.push(item);
            if body.messages.len() > MAX_BATCH {
                body.broken = true;
                skip_items(seq)?;
                break;
            }
        }
        Ok(body)
    }
}

impl<'a> Body<'a> {
    fn push(&mut self, item: Found<Message<'a>>) {
        match item {
            Found::Object(message) => self.messages.push(message),
            Found::Absent | Found::Null | Found::Ambiguous | Found::Other => self.broken = true,
        }
    }
}

impl<'de> Shape<'de> for Message<'de> {
    const NAMES: &'static [&'static str] =
        &["jsonrpc", "id", "method", "params", "result", "error", "name", "uri", "ref", "arguments", "_meta"];

    fn read<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "jsonrpc" => self.version = map.next_value_seed(MemberSeed)?,
            "method" => self.method = map.next_value_seed(MemberSeed)?,
            "params" => self.params = map.next_value_seed(seed())?,
            _ => {
                self.outcome |= matches!(name, "result" | "error");
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de> Shape<'de> for Params<'de> {
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

    fn read<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "name" => self.name = map.next_value_seed(MemberSeed)?,
            "uri" => self.uri = map.next_value_seed(MemberSeed)?,
            "taskId" => self.task_id = map.next_value_seed(MemberSeed)?,
            "ref" => self.reference = map.next_value_seed(seed())?,
            "notifications" => self.notifications = map.next_value_seed(seed())?,
            "_meta" => self.meta = map.next_value_seed(seed())?,
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de> Shape<'de> for Reference<'de> {
    const NAMES: &'static [&'static str] =
        &["type", "name", "uri", "jsonrpc", "id", "method", "params", "ref", "arguments", "_meta"];

    fn read<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "type" => self.kind = map.next_value_seed(MemberSeed)?,
            "name" => self.name = map.next_value_seed(MemberSeed)?,
            "uri" => self.uri = map.next_value_seed(MemberSeed)?,
            _ => {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

impl<'de> Shape<'de> for Notifications<'de> {
    const NAMES: &'static [&'static str] = &["resourceSubscriptions"];

    fn read<A: MapAccess<'de>>(&mut self, _: &str, map: &mut A) -> Result<(), A::Error> {
        self.resources = map.next_value_seed(ListSeed)?;
        Ok(())
    }
}

impl<'de> Shape<'de> for Meta<'de> {
    const NAMES: &'static [&'static str] =
        &[PROTOCOL_VERSION, "jsonrpc", "id", "method", "params", "name", "uri", "ref", "arguments", "_meta"];

    fn read<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        let value = map.next_value_seed(MemberSeed)?;
        if name == PROTOCOL_VERSION {
            self.protocol_version = value;
        }
        Ok(())
    }
}

const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
