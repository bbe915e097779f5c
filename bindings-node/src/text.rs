//! Text that comes in, copied once.

use std::mem::MaybeUninit;
use std::ptr;

use napi::bindgen_prelude::FromNapiValue;
use napi::{Error, Result, Status, sys};

/// A string argument.
pub(crate) struct Text(pub(crate) String);

/// The value of a header field, of which Node hands over each byte as one character.
pub(crate) struct Octets(pub(crate) Vec<u8>);

impl FromNapiValue for Text {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        // SAFETY: the caller's.
        unsafe { read(env, value, |text| Ok(Self(as_text(text)?.to_owned()))) }
    }
}

impl FromNapiValue for Octets {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        let octets = |text: &[u8]| {
            if text.is_ascii() {
                return Ok(Self(text.to_vec()));
            }
            let octets: Option<Vec<u8>> = as_text(text)?.chars().map(|c| u8::try_from(c).ok()).collect();
            Ok(Self(octets.unwrap_or_else(|| text.to_vec())))
        };
        // SAFETY: the caller's.
        unsafe { read(env, value, octets) }
    }
}

/// Shows a string in UTF-8. Node-API tells the length of a string by walking through it: where the text
/// turns out to be short, as nearly all are, it is walked through once.
unsafe fn read<T>(
    env: sys::napi_env,
    value: sys::napi_value,
    take: impl FnOnce(&[u8]) -> Result<T>,
) -> Result<T> {
    let mut short = [const { MaybeUninit::uninit() }; SHORT];
    // SAFETY: the caller's.
    let text = unsafe { fill(env, value, &mut short)? };
    // One byte is the terminator's, and a character that did not fit is left out as a whole.
    if text.len() + LONGEST_CHARACTER < SHORT {
        return take(text);
    }
    let mut length = 0;
    // SAFETY: nothing is written but the length.
    unsafe { sys::napi_get_value_string_utf8(env, value, ptr::null_mut(), 0, &raw mut length) };
    let mut long = vec![MaybeUninit::uninit(); length + 1];
    // SAFETY: the caller's.
    take(unsafe { fill(env, value, &mut long)? })
}

unsafe fn fill(env: sys::napi_env, value: sys::napi_value, buffer: &mut [MaybeUninit<u8>]) -> Result<&[u8]> {
    let mut written = 0;
    let start = buffer.as_mut_ptr().cast();
    // SAFETY: at most as many bytes are written as the buffer has.
    let status =
        unsafe { sys::napi_get_value_string_utf8(env, value, start, buffer.len(), &raw mut written) };
    if status != sys::Status::napi_ok {
        return Err(Error::new(Status::StringExpected, "the request lacks a text, or it has another type"));
    }
    // SAFETY: `written` says how many were.
    Ok(unsafe { std::slice::from_raw_parts(start.cast::<u8>(), written) })
}

fn as_text(text: &[u8]) -> Result<&str> {
    str::from_utf8(text).map_err(|error| Error::new(Status::InvalidArg, error.to_string()))
}

const SHORT: usize = 2048;
const LONGEST_CHARACTER: usize = 4;
