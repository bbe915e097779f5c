//! What JavaScript holds for a value of this library.
//!
//! An external value and nothing else: to find what is behind an instance of a `#[napi]` class takes
//! longer than all the rest of the check of a token that was seen before. `calls.js` and
//! `access_token.js` keep them, where nobody else gets at them.

use std::any::TypeId;
use std::ffi::c_void;
use std::ptr;

use napi::bindgen_prelude::{FromNapiValue, ToNapiValue};
use napi::{Error, Result, Status, sys};

/// A value on its way to JavaScript, which holds it from then on.
pub(crate) struct Own<T>(pub(crate) T);

/// A value that JavaScript holds.
pub(crate) struct Handle<'env, T>(pub(crate) &'env T);

/// Each handle points to one of these.
#[repr(C)]
struct Held<T> {
    /// First, so that it is there whatever follows.
    kind: TypeId,
    value: T,
}

impl<T: 'static> ToNapiValue for Own<T> {
    unsafe fn to_napi_value(env: sys::napi_env, own: Self) -> Result<sys::napi_value> {
        let held = Box::into_raw(Box::new(Held { kind: TypeId::of::<T>(), value: own.0 }));
        let mut value = ptr::null_mut();
        // SAFETY: `env` is the caller's, and the value owns the box from here on.
        let status = unsafe {
            sys::napi_create_external(env, held.cast(), Some(finalize::<T>), ptr::null_mut(), &raw mut value)
        };
        if status == sys::Status::napi_ok {
            return Ok(value);
        }
        // SAFETY: no value owns it.
        drop(unsafe { Box::from_raw(held) });
        Err(Error::new(Status::from(status), "no handle"))
    }
}

unsafe extern "C" fn finalize<T>(_env: sys::napi_env, held: *mut c_void, _hint: *mut c_void) {
    // SAFETY: called once, with what `Own` has made.
    drop(unsafe { Box::from_raw(held.cast::<Held<T>>()) });
}

impl<T: 'static> FromNapiValue for Handle<'_, T> {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        let mut held = ptr::null_mut();
        // SAFETY: this only asks, and answers for anything that is no external.
        let status = unsafe { sys::napi_get_value_external(env, value, &raw mut held) };
        // SAFETY: nobody hands over externals but those that `Own` has made.
        if status == sys::Status::napi_ok && unsafe { *held.cast::<TypeId>() } == TypeId::of::<T>() {
            // SAFETY: it is of this type, and the value lives as long as the call.
            return Ok(Self(unsafe { &(*held.cast::<Held<T>>()).value }));
        }
        Err(Error::new(Status::InvalidArg, "not a handle of this kind"))
    }
}
