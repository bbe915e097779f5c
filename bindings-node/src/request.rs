//! What of a request decides, as `request.js` picks it out.

use mcp_bearer::Request;
use mcp_bearer::operation::OperationRequest;
use napi::bindgen_prelude::{Array, FromNapiValue, Uint8Array, Unknown};
use napi::{Error, Result, Status, ValueType, sys};
use napi_derive::napi;

use crate::text::{Octets, Text};

/// The names of the header fields that `Fields` of a request have to hold.
#[napi(skip_typescript, catch_unwind)]
#[must_use]
pub fn request_fields() -> Vec<&'static str> {
    Request::FIELDS.to_vec()
}

/// The same for an operation.
#[napi(skip_typescript, catch_unwind)]
#[must_use]
pub fn operation_fields() -> Vec<&'static str> {
    OperationRequest::FIELDS.to_vec()
}

/// A copy, so that it can wait for a fetch on another thread.
pub(crate) struct OwnedRequest {
    method: String,
    target: String,
    fields: Fields,
    client_certificate: Option<Vec<u8>>,
}

impl OwnedRequest {
    pub(crate) fn new(
        method: Text,
        target: Text,
        fields: Fields,
        client_certificate: Option<Uint8Array>,
    ) -> Self {
        let client_certificate = client_certificate.map(|der| der.to_vec());
        Self { method: method.0, target: target.0, fields, client_certificate }
    }

    pub(crate) fn as_request(&self) -> Request<'_> {
        let request = Request::new(&self.method, &self.target).fields(self.fields.iter());
        match &self.client_certificate {
            Some(der) => request.client_certificate(der),
            None => request,
        }
    }
}

/// What an operation policy judges: a copy of it, since the functions of a policy run meanwhile and
/// could change it.
pub(crate) struct OwnedOperation {
    method: String,
    fields: Fields,
    body: Vec<u8>,
    parsed: bool,
}

impl OwnedOperation {
    pub(crate) fn new(method: Text, fields: Fields, body: Body, parsed: bool) -> Self {
        Self { method: method.0, fields, body: body.0, parsed }
    }

    pub(crate) fn as_request(&self) -> OperationRequest<'_> {
        let request = OperationRequest::new(&self.method, self.fields.iter(), &self.body);
        if self.parsed { request.parsed() } else { request }
    }
}

/// The header fields that decide. Of nearly every request that is one `Authorization` field, of which
/// only the value is handed over.
pub(crate) enum Fields {
    Authorization(Vec<u8>),
    /// In order, repeated ones as repeated: name, value, name, value.
    Several(Vec<(String, Vec<u8>)>),
}

impl Fields {
    fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let (one, several) = match self {
            Self::Authorization(value) => (Some(("authorization", value.as_slice())), [].as_slice()),
            Self::Several(fields) => (None, fields.as_slice()),
        };
        one.into_iter().chain(several.iter().map(|(name, value)| (name.as_str(), value.as_slice())))
    }
}

impl FromNapiValue for Fields {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        // SAFETY: the caller's.
        let given = unsafe { Unknown::from_raw_unchecked(env, value) };
        if given.get_type()? == ValueType::String {
            return Octets::from_unknown(given).map(|value| Self::Authorization(value.0));
        }
        let flat = Array::from_unknown(given)?;
        let mut fields = Vec::with_capacity(flat.len() as usize / 2);
        for index in (0..flat.len()).step_by(2) {
            if let (Some(name), Some(value)) = (flat.get::<Text>(index)?, flat.get::<Octets>(index + 1)?) {
                fields.push((name.0, value.0));
            }
        }
        Ok(Self::Several(fields))
    }
}

/// Bytes or text; nothing is an empty body.
pub(crate) struct Body(Vec<u8>);

impl FromNapiValue for Body {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        // SAFETY: the caller's.
        let value = unsafe { Unknown::from_raw_unchecked(env, value) };
        match value.get_type()? {
            ValueType::Undefined => Ok(Self(Vec::new())),
            ValueType::String => Text::from_unknown(value).map(|text| Self(text.0.into_bytes())),
            _ => Uint8Array::from_unknown(value).map(|bytes| Self(bytes.to_vec())).map_err(|_| {
                Error::new(
                    Status::InvalidArg,
                    "the request has a body that is neither a Uint8Array nor a string",
                )
            }),
        }
    }
}
