//! Text that comes in, copied once.

use std::mem::MaybeUninit;

use napi::bindgen_prelude::FromNapiValue;
use napi::{Error, Result, Status, sys};

/// A string argument. Node-API tells the length of a string by walking through it: where the text
/// turns out to be short, as nearly all are, it is walked through once.
pub(crate) struct Text(pub(crate) String);

impl FromNapiValue for Text {
    unsafe fn from_napi_value(env: sys::napi_env, value: sys::napi_value) -> Result<Self> {
        let mut buffer = [const { MaybeUninit::<u8>::uninit() }; SHORT];
        let mut written = 0;
        // SAFETY: at most as many bytes are written as the buffer has, and `written` says how many were.
        let (status, bytes) = unsafe {
            let start = buffer.as_mut_ptr().cast();
            let status = sys::napi_get_value_string_utf8(env, value, start, SHORT, &raw mut written);
            (status, std::slice::from_raw_parts(start.cast::<u8>(), written))
        };
        if status != sys::Status::napi_ok {
            return Err(Error::new(
                Status::StringExpected,
                "the request lacks a text, or it has another type",
            ));
        }
        // One byte is the terminator's, and a character that did not fit is left out as a whole.
        if written + LONGEST_CHARACTER < SHORT {
            return match str::from_utf8(bytes) {
                Ok(text) => Ok(Self(text.to_owned())),
                Err(error) => Err(Error::new(Status::InvalidArg, error.to_string())),
            };
        }
        // SAFETY: the caller's.
        unsafe { String::from_napi_value(env, value) }.map(Self)
    }
}

const SHORT: usize = 2048;
const LONGEST_CHARACTER: usize = 4;
