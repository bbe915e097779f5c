//! The verified token: what its class in `access_token.js` asks for, member by member.

use std::cell::RefCell;

use napi::bindgen_prelude::{FnArgs, Function, FunctionRef, ToNapiValue, Unknown};
use napi::{Env, Error, Result, sys};
use napi_derive::napi;

use crate::handle::Handle;
use crate::recent;

/// A verified token on its way to JavaScript.
pub(crate) struct Verified(pub(crate) mcp_bearer::AccessToken);

impl ToNapiValue for Verified {
    unsafe fn to_napi_value(env: sys::napi_env, verified: Self) -> Result<sys::napi_value> {
        // SAFETY: the caller's.
        unsafe { recent::handle(env, verified.0) }
    }
}

/// A verified token that JavaScript holds.
pub(crate) type Token<'env> = Handle<'env, mcp_bearer::AccessToken>;

type Arguments = FnArgs<(Verified,)>;

thread_local! {
    /// Makes an `AccessToken` of a handle.
    static MAKE: RefCell<Option<FunctionRef<Arguments, Unknown<'static>>>> = const { RefCell::new(None) };
}

/// Called once by `access_token.js`.
#[napi(skip_typescript, catch_unwind)]
pub fn use_access_token(make: Function<'_, Arguments, Unknown<'static>>) -> Result<()> {
    let make = make.create_ref()?;
    MAKE.with(|slot| slot.replace(Some(make)));
    recent::begin();
    Ok(())
}

/// A token for a function of JavaScript that is called from here.
pub(crate) fn instance(env: &Env, token: mcp_bearer::AccessToken) -> Result<Unknown<'_>> {
    let make = |make: &FunctionRef<Arguments, Unknown<'static>>| {
        make.borrow_back(env)?.call(FnArgs::from((Verified(token),)))
    };
    MAKE.with_borrow(|slot| slot.as_ref().map_or_else(|| Err(Error::from_reason("no AccessToken")), make))
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn issuer(token: Token<'_>) -> &str {
    token.0.issuer()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn subject(token: Token<'_>) -> Option<&str> {
    token.0.subject()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn client_id(token: Token<'_>) -> Option<&str> {
    token.0.client_id()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn principal(token: Token<'_>) -> Option<String> {
    token.0.principal().map(|principal| principal.to_string())
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn audiences(token: Token<'_>) -> Vec<&str> {
    token.0.audiences().collect()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn scopes(token: Token<'_>) -> Vec<&str> {
    token.0.scopes().iter().collect()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn expires_at(token: Token<'_>) -> Option<f64> {
    token.0.expires_at().map(|time| time.as_secs_f64())
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn issued_at(token: Token<'_>) -> Option<f64> {
    token.0.issued_at().map(|time| time.as_secs_f64())
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn jti(token: Token<'_>) -> Option<&str> {
    token.0.jti()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn auth_time(token: Token<'_>) -> Option<f64> {
    token.0.auth_time().map(|time| time.as_secs_f64())
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn acr(token: Token<'_>) -> Option<&str> {
    token.0.acr()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn amr(token: Token<'_>) -> Vec<&str> {
    token.0.amr().collect()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn confirmation(token: Token<'_>) -> Option<String> {
    token.0.confirmation().map(ToString::to_string)
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn claims(token: Token<'_>) -> &str {
    token.0.claims_json()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn fingerprint(token: Token<'_>) -> String {
    token.0.fingerprint()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn secret(token: Token<'_>) -> &str {
    token.0.secret()
}
