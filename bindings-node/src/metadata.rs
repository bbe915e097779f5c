//! Protected resource metadata (RFC 9728), and the routes that serve it.

use mcp_bearer::{MetadataRoutes as Routes, RootAlias};
use napi::bindgen_prelude::{Array, ClassInstance, FromNapiValue, Uint8Array, Unknown};
use napi::{Env, Result, ValueType};
use napi_derive::napi;

use crate::answer::Answer;
use crate::config_error::{OrThrow, config_error};
use crate::json;
use crate::options::Options;
use crate::request::{Fields, OwnedRequest};
use crate::server::ResourceServer;
use crate::text::Text;

/// The metadata document of one resource, built once.
#[napi]
pub struct ProtectedResourceMetadata(pub(crate) mcp_bearer::ProtectedResourceMetadata);

#[napi]
impl ProtectedResourceMetadata {
    /// The document as it is served.
    #[napi(getter, catch_unwind)]
    pub fn json(&self) -> &str {
        self.0.json()
    }

    /// The document as an object.
    #[napi(getter, catch_unwind, ts_return_type = "ProtectedResourceMetadataDocument")]
    pub fn document<'env>(&self, env: &'env Env) -> Result<Unknown<'env>> {
        json::parse(env, self.0.json())
    }

    /// The identifier of the resource, exactly as configured.
    #[napi(getter, catch_unwind)]
    pub fn resource(&self) -> &str {
        self.0.resource()
    }

    /// Where it is: the `resource_metadata` of every challenge.
    #[napi(getter, catch_unwind)]
    pub fn url(&self) -> &str {
        self.0.url()
    }

    /// The path of `url`.
    #[napi(getter, catch_unwind)]
    pub fn path(&self) -> &str {
        self.0.path()
    }

    /// Answers a request for this document, wherever it is served.
    #[napi(catch_unwind, ts_args_type = "request: HttpRequest", ts_return_type = "HttpResponse")]
    pub fn respond(
        &self,
        method: Text,
        target: Text,
        fields: Fields,
        certificate: Option<Uint8Array>,
    ) -> Answer {
        let request = OwnedRequest::new(method, target, fields, certificate);
        self.0.respond(&request.as_request()).into()
    }
}

/// The metadata routes of several resources on one origin. A `Guard` has those of its server.
#[napi]
pub struct MetadataRoutes(pub(crate) Routes);

#[napi]
impl MetadataRoutes {
    /// Throws a `ConfigError` when several resources share one path, or an origin without a choice
    /// of who answers at its root.
    #[napi(
        constructor,
        catch_unwind,
        ts_args_type = "servers: readonly ResourceServer[], options?: MetadataRoutesOptions"
    )]
    pub fn new(env: &Env, servers: Array<'_>, options: Option<Unknown<'_>>) -> Result<Self> {
        let mut documents = Vec::new();
        for index in 0..servers.len() {
            let server = servers.get::<ClassInstance<'_, ResourceServer>>(index)?;
            documents.extend(server.map(|server| server.server.metadata().clone()));
        }
        let options = Options::new(env, "MetadataRoutes", options)?;
        let root = root_alias(env, options.raw("rootAlias")?)?;
        options.finish()?;
        Routes::new(documents, &root).or_throw(env).map(Self)
    }

    /// Answers a request if it is for one of the documents: its path is compared exactly.
    #[napi(catch_unwind, ts_args_type = "request: HttpRequest", ts_return_type = "HttpResponse | null")]
    pub fn respond(
        &self,
        method: Text,
        target: Text,
        fields: Fields,
        certificate: Option<Uint8Array>,
    ) -> Option<Answer> {
        let request = OwnedRequest::new(method, target, fields, certificate);
        self.0.respond(&request.as_request()).map(Answer::from)
    }

    /// The paths that are served.
    #[napi(getter, catch_unwind)]
    pub fn paths(&self) -> Vec<&str> {
        self.0.paths().collect()
    }
}

/// `{ resource }`, `'nobody'`, or nothing for the default.
fn root_alias(env: &Env, value: Option<Unknown<'_>>) -> Result<RootAlias> {
    let wrong = || config_error(env, "rootAlias", "must be { resource: '…' } or 'nobody'");
    let Some(value) = value else { return Ok(RootAlias::Only) };
    match value.get_type()? {
        ValueType::String if String::from_unknown(value)? == "nobody" => Ok(RootAlias::Nobody),
        ValueType::Object => {
            let options = Options::new(env, "rootAlias", Some(value))?;
            let resource = options.string("resource")?.ok_or_else(wrong)?;
            options.finish()?;
            Ok(RootAlias::Resource(resource))
        }
        _ => Err(wrong()),
    }
}
