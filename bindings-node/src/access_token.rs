//! The verified token.

use napi::bindgen_prelude::{JsObjectValue, This, Unknown};
use napi::{Env, Property, PropertyAttributes, Result};
use napi_derive::napi;

use crate::json;

/// A token that has passed every check.
///
/// Its members are read when they are asked for. It is never made by hand, and never shows the
/// token itself when it is logged.
#[napi]
pub struct AccessToken(pub(crate) mcp_bearer::AccessToken);

#[napi]
impl AccessToken {
    /// `iss`: one of the configured issuers, exactly as configured.
    #[napi(getter, catch_unwind)]
    pub fn issuer(&self) -> &str {
        self.0.issuer()
    }

    /// `sub`. Absent from some providers' machine tokens; unique only together with the issuer.
    #[napi(getter, catch_unwind)]
    pub fn subject(&self) -> Option<&str> {
        self.0.subject()
    }

    /// `client_id`, else `azp`; never the subject.
    #[napi(getter, catch_unwind)]
    pub fn client_id(&self) -> Option<&str> {
        self.0.client_id()
    }

    /// `aud`, one or several.
    #[napi(getter, catch_unwind)]
    pub fn audiences(&self) -> Vec<&str> {
        self.0.audiences().collect()
    }

    /// The granted scopes: `scope`, `scopes` or `scp`, the first that is present.
    #[napi(getter, catch_unwind)]
    pub fn scopes(&self) -> Vec<&str> {
        self.0.scopes().iter().collect()
    }

    /// `exp`, in seconds since 1970.
    #[napi(getter, catch_unwind)]
    pub fn expires_at(&self) -> Option<f64> {
        self.0.expires_at().map(|time| time.as_secs_f64())
    }

    /// `iat`, in seconds since 1970.
    #[napi(getter, catch_unwind)]
    pub fn issued_at(&self) -> Option<f64> {
        self.0.issued_at().map(|time| time.as_secs_f64())
    }

    /// `jti`.
    #[napi(getter, catch_unwind)]
    pub fn jti(&self) -> Option<&str> {
        self.0.jti()
    }

    /// `auth_time`, in seconds since 1970: when the user last authenticated.
    #[napi(getter, catch_unwind)]
    pub fn auth_time(&self) -> Option<f64> {
        self.0.auth_time().map(|time| time.as_secs_f64())
    }

    /// `acr`: how the user authenticated.
    #[napi(getter, catch_unwind)]
    pub fn acr(&self) -> Option<&str> {
        self.0.acr()
    }

    /// `amr`: by which methods.
    #[napi(getter, catch_unwind)]
    pub fn amr(&self) -> Vec<&str> {
        self.0.amr().collect()
    }

    /// `cnf`: the key or certificate that the token is bound to (RFC 7800).
    #[napi(getter, catch_unwind, ts_return_type = "Record<string, unknown> | null")]
    pub fn confirmation<'env>(&self, env: &'env Env) -> Result<Option<Unknown<'env>>> {
        self.0.confirmation().map(|value| json::parse(env, &value.to_string())).transpose()
    }

    /// All claims, as the issuer wrote them. Parsed at the first use.
    #[napi(getter, catch_unwind, ts_return_type = "Record<string, unknown>")]
    pub fn claims<'env>(&self, env: &'env Env, mut this: This<'env>) -> Result<Unknown<'env>> {
        let claims = json::parse(env, self.0.claims_json())?;
        let own = Property::new()
            .with_utf8_name("claims")?
            .with_value(&claims)
            .with_property_attributes(PropertyAttributes::Configurable);
        this.object.define_properties(&[own])?;
        Ok(claims)
    }

    /// The token itself, for SDK types that hold one. It is a credential: never log it, never pass
    /// it on to another service.
    #[napi(getter, catch_unwind)]
    pub fn secret(&self) -> &str {
        self.0.secret()
    }
}

impl From<mcp_bearer::AccessToken> for AccessToken {
    fn from(token: mcp_bearer::AccessToken) -> Self {
        Self(token)
    }
}
