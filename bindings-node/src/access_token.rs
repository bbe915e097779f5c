//! The verified token: what its class in `access_token.js` asks for, member by member.

use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr;

use napi::bindgen_prelude::{
    FnArgs, FromNapiValue, Function, FunctionRef, ToNapiValue, Unknown, type_tag_from_ident,
};
use napi::{Env, Error, Result, Status, sys};
use napi_derive::napi;

/// A verified token on its way to JavaScript, which holds it from then on.
///
/// An external value and nothing else: an instance of a `#[napi]` class costs four times as much,
/// more than all the rest of a call with a token that was seen before.
pub(crate) struct Verified(pub(crate) mcp_bearer::AccessToken);

impl ToNapiValue for Verified {
    unsafe fn to_napi_value(env: sys::napi_env, verified: Self) -> Result<sys::napi_value> {
        let token = Box::into_raw(Box::new(verified.0));
        let mut value = ptr::null_mut();
        // SAFETY: `env` is the caller's, and the value owns the token from here on.
        let status = unsafe {
            sys::napi_create_external(env, token.cast(), Some(drop_token), ptr::null_mut(), &raw mut value)
        };
        if status != sys::Status::napi_ok {
            // SAFETY: no value owns it.
            drop(unsafe { Box::from_raw(token) });
            return Err(Error::new(Status::from(status), "no handle for a token"));
        }
        // SAFETY: both are of this call, and the tag is of the process.
        match unsafe { sys::napi_type_tag_object(env, value, &raw const TAG) } {
            sys::Status::napi_ok => Ok(value),
            status => Err(Error::new(Status::from(status), "no handle for a token")),
        }
    }
}

unsafe extern "C" fn drop_token(_env: sys::napi_env, token: *mut c_void, _hint: *mut c_void) {
    // SAFETY: called once, with what `Verified` has made.
    drop(unsafe { Box::from_raw(token.cast::<mcp_bearer::AccessToken>()) });
}

/// Tells externals of [`Verified`] from all others: those of Node, of other addons and of another version
/// of this one in the same process.
static TAG: sys::napi_type_tag =
    type_tag_from_ident(concat!("mcp-bearer@", env!("CARGO_PKG_VERSION"), "::AccessToken"));

/// A token that JavaScript holds.
pub(crate) struct Handle<'env>(pub(crate) &'env mcp_bearer::AccessToken);

impl FromNapiValue for Handle<'_> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        let (mut tagged, mut token) = (false, ptr::null_mut());
        // SAFETY: this only asks, and answers for anything that is no object.
        let asked = unsafe { sys::napi_check_object_type_tag(env, value, &raw const TAG, &raw mut tagged) };
        // SAFETY: this only asks, and answers for anything that is no external.
        let status = unsafe { sys::napi_get_value_external(env, value, &raw mut token) };
        if !tagged || asked != sys::Status::napi_ok || status != sys::Status::napi_ok {
            return Err(Error::new(Status::InvalidArg, "no handle of a token"));
        }
        // SAFETY: only `Verified` tags an external, and with this one it has made; the value lives as
        // long as the call.
        Ok(Self(unsafe { &*token.cast::<mcp_bearer::AccessToken>() }))
    }
}

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
pub fn issuer(token: Handle<'_>) -> &str {
    token.0.issuer()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn subject(token: Handle<'_>) -> Option<&str> {
    token.0.subject()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn client_id(token: Handle<'_>) -> Option<&str> {
    token.0.client_id()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn principal(token: Handle<'_>) -> Option<String> {
    token.0.principal().map(|principal| principal.to_string())
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn audiences(token: Handle<'_>) -> Vec<&str> {
    token.0.audiences().collect()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn scopes(token: Handle<'_>) -> Vec<&str> {
    token.0.scopes().iter().collect()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn expires_at(token: Handle<'_>) -> Option<f64> {
    token.0.expires_at().map(|time| time.as_secs_f64())
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn issued_at(token: Handle<'_>) -> Option<f64> {
    token.0.issued_at().map(|time| time.as_secs_f64())
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn jti(token: Handle<'_>) -> Option<&str> {
    token.0.jti()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn auth_time(token: Handle<'_>) -> Option<f64> {
    token.0.auth_time().map(|time| time.as_secs_f64())
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn acr(token: Handle<'_>) -> Option<&str> {
    token.0.acr()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn amr(token: Handle<'_>) -> Vec<&str> {
    token.0.amr().collect()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn confirmation(token: Handle<'_>) -> Option<String> {
    token.0.confirmation().map(ToString::to_string)
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn claims(token: Handle<'_>) -> &str {
    token.0.claims_json()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn fingerprint(token: Handle<'_>) -> String {
    token.0.fingerprint()
}

#[napi(namespace = "accessToken", skip_typescript, catch_unwind)]
pub fn secret(token: Handle<'_>) -> &str {
    token.0.secret()
}
