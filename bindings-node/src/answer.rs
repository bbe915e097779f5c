//! Answers on their way to `answer.js`, which makes the documented objects of them.
//!
//! A token goes as its handle, all else as one text: Node-API makes an object member by member, and
//! so slowly that a refusal would cost more than the check that led to it.

use std::fmt::{Debug, Write};
use std::task::Poll;

use mcp_bearer::{AccessToken, Authentication, Decision, Denial, Entry, Headers, Response};
use napi::bindgen_prelude::{Array, ToNapiValue, TypeName};
use napi::{Env, Error, Result, ValueType, sys};
use napi_derive::napi;

use crate::access_token::Verified;

/// An answer of the crate.
pub(crate) enum Answer {
    /// With the fields for the response, where there are any.
    Allowed(Option<AccessToken>, Headers),
    /// A word, or a response: status and reason, a line for each field, an empty one, and the body.
    Text(String),
    /// The enums of the crate may grow; what this binding does not know lets nobody in.
    Unknown(String),
}

impl Answer {
    fn unknown(answer: &impl Debug) -> Self {
        Self::Unknown(format!("an answer that this version does not know: {answer:?}"))
    }
}

impl ToNapiValue for Answer {
    unsafe fn to_napi_value(raw: sys::napi_env, answer: Self) -> Result<sys::napi_value> {
        // SAFETY: `raw` is the environment that calls us, and every value is made in it.
        unsafe {
            match answer {
                Self::Allowed(token, fields) if fields.is_empty() => {
                    ToNapiValue::to_napi_value(raw, token.map(Verified))
                }
                Self::Allowed(token, fields) => {
                    let mut lines = String::new();
                    push_lines(&mut lines, &fields);
                    let env = Env::from_raw(raw);
                    let mut both = env.create_array(0)?;
                    both.insert(token.map(Verified))?;
                    both.insert(lines)?;
                    Array::to_napi_value(raw, both)
                }
                Self::Text(text) => String::to_napi_value(raw, text),
                Self::Unknown(what) => Err(Error::from_reason(what)),
            }
        }
    }
}

impl TypeName for Answer {
    fn type_name() -> &'static str {
        "Answer"
    }

    fn value_type() -> ValueType {
        ValueType::Unknown
    }
}

impl From<Decision> for Answer {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Allowed { token, response_headers, .. } => Self::Allowed(Some(token), response_headers),
            Decision::Denied(denial) => denial.into(),
            other => Self::unknown(&other),
        }
    }
}

impl From<Authentication> for Answer {
    fn from(authentication: Authentication) -> Self {
        match authentication {
            Authentication::Authenticated { token, response_headers, .. } => {
                Self::Allowed(Some(token), response_headers)
            }
            Authentication::Denied(denial) => denial.into(),
            other => Self::unknown(&other),
        }
    }
}

impl From<Entry> for Answer {
    fn from(entry: Entry) -> Self {
        match entry {
            Entry::Authenticated { token, response_headers, .. } => {
                Self::Allowed(Some(token), response_headers)
            }
            Entry::Public => Self::Text("public".to_owned()),
            Entry::Anonymous => Self::Text("anonymous".to_owned()),
            Entry::Answer(response) => response.into(),
            Entry::Denied(denial) => denial.into(),
            other => Self::unknown(&other),
        }
    }
}

impl From<Denial> for Answer {
    fn from(denial: Denial) -> Self {
        Self::Text(text(denial.status, denial.reason.as_str(), &denial.headers, &denial.body))
    }
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        Self::Text(text(response.status, "", &response.headers, &response.body))
    }
}

/// A decision about a token that the caller has.
pub(crate) fn permitted<T: Debug>(decision: Decision<T>) -> Answer {
    match decision {
        Decision::Allowed { response_headers, .. } => Answer::Allowed(None, response_headers),
        Decision::Denied(denial) => denial.into(),
        other => Answer::unknown(&other),
    }
}

/// An answer that is there already.
pub(crate) fn now<T: Into<Answer>>(poll: Poll<T>) -> Option<Answer> {
    match poll {
        Poll::Ready(answer) => Some(answer.into()),
        Poll::Pending => None,
    }
}

/// A refusal for a fault on this side, with nothing about the fault in it.
#[napi(catch_unwind, ts_return_type = "Denial")]
#[must_use]
pub fn internal_denial() -> Answer {
    Denial::internal().into()
}

fn text(status: u16, reason: &str, fields: &Headers, body: &[u8]) -> String {
    let mut text = String::with_capacity(1024);
    let _ = writeln!(text, "{status} {reason}");
    push_lines(&mut text, fields);
    text.push('\n');
    text.push_str(&String::from_utf8_lossy(body));
    text
}

/// No name has a colon in it, and no value a line break.
fn push_lines(text: &mut String, fields: &Headers) {
    for (name, value) in fields {
        text.push_str(name.as_str());
        text.push(':');
        text.push_str(&String::from_utf8_lossy(value.as_bytes()));
        text.push('\n');
    }
}
