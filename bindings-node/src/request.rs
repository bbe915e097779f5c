//! What of a request decides, read from an `IncomingMessage` or an object like it.

use mcp_bearer::Request;
use mcp_bearer::operation::OperationRequest;
use napi::bindgen_prelude::{Array, FromNapiValue, Object, Uint8Array, Unknown};
use napi::{Env, Error, Result, Status, ValueType};

use crate::json;

/// A copy, so that it can wait for a fetch on another thread.
pub(crate) struct OwnedRequest {
    method: String,
    target: String,
    fields: Fields,
    client_certificate: Option<Vec<u8>>,
}

/// Header fields, in order, repeated ones as repeated.
struct Fields(Vec<(String, Vec<u8>)>);

impl OwnedRequest {
    pub(crate) fn read(value: Unknown<'_>) -> Result<Self> {
        let request = object(value)?;
        // Express cuts the mount path off `url` and keeps the client's own in `originalUrl`.
        let target = match request.get::<String>("originalUrl")? {
            Some(target) => target,
            None => required(&request, "url")?,
        };
        let certificate = request.get::<Uint8Array>("clientCertificate")?;
        Ok(Self {
            method: required(&request, "method")?,
            target,
            fields: Fields::read(&request)?,
            client_certificate: certificate.map(|der| der.to_vec()),
        })
    }

    pub(crate) fn as_request(&self) -> Request<'_> {
        let request = Request::new(&self.method, &self.target).fields(self.fields.iter());
        match &self.client_certificate {
            Some(der) => request.client_certificate(der),
            None => request,
        }
    }
}

/// What an operation policy judges.
pub(crate) struct OwnedOperation {
    method: String,
    fields: Fields,
    body: Vec<u8>,
    parsed: bool,
}

impl OwnedOperation {
    pub(crate) fn read<'env>(env: &'env Env, value: Unknown<'env>) -> Result<Self> {
        let request = object(value)?;
        let (body, parsed) = match request.get::<Unknown<'env>>("parsed")? {
            None => (body(&request)?, false),
            // A value that has no JSON text, such as one that is nested too deeply, cannot be
            // judged: nor can an empty text, so that the policy refuses it.
            Some(value) => {
                (json::stringify(env, value).ok().flatten().unwrap_or_default().into_bytes(), true)
            }
        };
        Ok(Self { method: required(&request, "method")?, fields: Fields::read(&request)?, body, parsed })
    }

    pub(crate) fn as_request(&self) -> OperationRequest<'_> {
        let request = OperationRequest::new(&self.method, self.fields.iter(), &self.body);
        if self.parsed { request.parsed() } else { request }
    }
}

impl Fields {
    /// `rawHeaders` alone shows a repeated field: name, value, name, value.
    fn read(request: &Object<'_>) -> Result<Self> {
        let flat: Array<'_> = required(request, "rawHeaders")?;
        let mut fields = Vec::with_capacity(flat.len() as usize / 2);
        for index in (0..flat.len() & !1).step_by(2) {
            if let (Some(name), Some(value)) = (flat.get::<String>(index)?, flat.get::<String>(index + 1)?) {
                fields.push((name, bytes(value)));
            }
        }
        Ok(Self(fields))
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}

fn object(value: Unknown<'_>) -> Result<Object<'_>> {
    Object::from_unknown(value).map_err(|_| wrong("must be an object with method, url and rawHeaders"))
}

fn required<T: FromNapiValue>(request: &Object<'_>, name: &str) -> Result<T> {
    request.get(name).ok().flatten().ok_or_else(|| wrong(&format!("lacks {name}, or it has another type")))
}

/// Bytes or text; nothing is an empty body.
fn body(request: &Object<'_>) -> Result<Vec<u8>> {
    let Some(value) = request.get::<Unknown<'_>>("body")? else { return Ok(Vec::new()) };
    match value.get_type()? {
        ValueType::String => Ok(String::from_unknown(value)?.into_bytes()),
        _ => Uint8Array::from_unknown(value)
            .map(|bytes| bytes.to_vec())
            .map_err(|_| wrong("has a body that is neither a Uint8Array nor a string")),
    }
}

/// Node hands over each byte of a field value as one character.
fn bytes(value: String) -> Vec<u8> {
    if value.is_ascii() {
        return value.into_bytes();
    }
    let bytes: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(c).ok()).collect();
    bytes.unwrap_or_else(|| value.into_bytes())
}

fn wrong(message: &str) -> Error {
    Error::new(Status::InvalidArg, format!("the request {message}"))
}
