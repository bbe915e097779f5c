//! The words in which cases about operations are stated.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::author::{Requests, WIRE, all_of, allowed, denied, good_token, request, requests, strings, usual};
use crate::keys::Keys;
use crate::model::{Body, Call, Input, Outcome, Policy, Rule, Token};
use crate::token::{NOW, good};
use crate::wire::malformed;

/// What the notes of these files stand for.
pub(super) const NOTES: [(&str, &str); 2] = [
    ("bypass", "A way around a policy that is decided on less than the whole request."),
    ("bytes", "What two parsers could read differently is refused."),
];

/// The tokens of these cases.
pub(super) struct Minted {
    pub(super) read: String,
    pub(super) write: String,
    pub(super) admin: String,
    pub(super) none: String,
    pub(super) expired: String,
    pub(super) staff: String,
}

impl Minted {
    pub(super) fn new(keys: &Keys) -> Self {
        Self {
            read: good(keys).mint(),
            write: good(keys).scope("todo:write").mint(),
            admin: good(keys).scope("todo:admin").mint(),
            none: good(keys).without("scope").mint(),
            expired: good(keys).claim("exp", NOW - 100).mint(),
            staff: good(keys).scope("todo:write").claim("roles", json!(["staff"])).mint(),
        }
    }
}

const PARSE: i32 = -32700;
const INVALID: i32 = -32600;
const MISMATCH: i32 = -32020;

pub(super) fn unreadable() -> Outcome {
    malformed(PARSE, "Parse error")
}

pub(super) fn invalid() -> Outcome {
    malformed(INVALID, "Invalid Request")
}

pub(super) fn mismatch() -> Outcome {
    malformed(MISMATCH, "Header mismatch")
}

pub(super) fn unsupported() -> Outcome {
    denied("body_unsupported")
}

pub(super) fn not_allowed() -> Outcome {
    denied("operation_not_allowed")
}

pub(super) fn lacking(scope: &str) -> Outcome {
    WIRE.denied_asking("insufficient_scope", scope)
}

pub(super) fn passes(scopes: &[&str]) -> Outcome {
    allowed(Token { scopes: strings(scopes), ..good_token() })
}

pub(super) fn anonymous() -> Outcome {
    Outcome::Allowed { token: None, response_headers: Vec::new() }
}

pub(super) fn need(scopes: &[&str]) -> Rule {
    Rule::Requirement(vec![all_of(scopes)])
}

pub(super) fn rules(rules: &[(&str, Rule)]) -> BTreeMap<String, Rule> {
    rules.iter().map(|(name, rule)| ((*name).to_owned(), rule.clone())).collect()
}

/// Three tools; of `delete_todo` both scopes.
pub(super) fn todo_tools() -> BTreeMap<String, Rule> {
    rules(&[
        ("list_todos", need(&["todo:read"])),
        ("create_todo", need(&["todo:write"])),
        ("delete_todo", need(&["todo:write", "todo:delete"])),
    ])
}

pub(super) fn group(comment: &str, policy: Policy) -> Requests {
    let mut group = requests(comment, usual());
    group.policy = Some(policy);
    group
}

pub(super) fn todo_group(comment: &str) -> Requests {
    group(comment, Policy { tools: todo_tools(), ..Policy::default() })
}

/// A POST of these bytes, with a token.
pub(super) fn post(token: &str, body: impl Into<String>) -> Input {
    plain(token).header("content-type", "application/json").body(Body::Text(body.into()))
}

pub(super) fn post_bytes(token: &str, bytes: &[u8]) -> Input {
    plain(token).header("content-type", "application/json").body(Body::Base64(STANDARD.encode(bytes)))
}

pub(super) fn plain(token: &str) -> Input {
    request(Call::Operation, "POST", "/mcp").token(token)
}

pub(super) fn without_token(body: impl Into<String>) -> Input {
    request(Call::Operation, "POST", "/mcp")
        .header("content-type", "application/json")
        .body(Body::Text(body.into()))
}

/// A message with parameters.
pub(super) fn message(method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
}

pub(super) fn call(tool: &str) -> String {
    message("tools/call", &format!(r#"{{"name":"{tool}","arguments":{{"title":"x"}}}}"#))
}
