//! The handles of tokens that were seen before.
//!
//! To make one costs more than all the rest of the check of such a token, so that the same one is
//! handed out again as long as JavaScript has it, or has not collected it yet. Nothing here keeps a
//! handle or a token, and a token that is seen once leaves no more than its address.

use std::cell::RefCell;
use std::ptr;

use mcp_bearer::AccessToken;
use napi::bindgen_prelude::ToNapiValue;
use napi::{Result, sys};

use crate::handle::Own;

thread_local! {
    static RECENT: RefCell<[Place; PLACES]> = const { RefCell::new([Place::EMPTY; PLACES]) };
}

/// Where the handle of a token may be found.
#[derive(Clone, Copy)]
struct Place {
    /// Of the token in memory: while its handle is there, so is the token, and no other has that address.
    address: usize,
    /// Weak; null as long as the token was seen once.
    handle: sys::napi_ref,
}

/// To be called once in an environment, of which a thread may have several, one after the other: what an
/// earlier one has left is gone with it.
pub(crate) fn begin() {
    RECENT.set([Place::EMPTY; PLACES]);
}

/// The handle of a token, another or the same.
pub(crate) unsafe fn handle(env: sys::napi_env, token: AccessToken) -> Result<sys::napi_value> {
    let address = token.secret().as_ptr().addr();
    RECENT.with_borrow_mut(|places| {
        // What the allocator gives is aligned to sixteen bytes.
        let place = places.get_mut((address >> 4) % PLACES);
        match place {
            // SAFETY: the caller's.
            Some(place) => unsafe { place.handle(env, address, token) },
            None => unsafe { Own::to_napi_value(env, Own(token)) },
        }
    })
}

impl Place {
    const EMPTY: Self = Self { address: 0, handle: ptr::null_mut() };

    unsafe fn handle(
        &mut self,
        env: sys::napi_env,
        address: usize,
        token: AccessToken,
    ) -> Result<sys::napi_value> {
        let again = self.address == address;
        // SAFETY: `env` is the caller's, and the reference was made in it, below.
        unsafe {
            let mut value = ptr::null_mut();
            if !self.handle.is_null() {
                if again {
                    sys::napi_get_reference_value(env, self.handle, &raw mut value);
                }
                if !value.is_null() {
                    return Ok(value);
                }
                sys::napi_delete_reference(env, self.handle);
                self.handle = ptr::null_mut();
            }
            self.address = address;
            value = Own::to_napi_value(env, Own(token))?;
            if again {
                // Where that fails it stays null.
                sys::napi_create_reference(env, value, 0, &raw mut self.handle);
            }
            Ok(value)
        }
    }
}

/// For so many tokens in turn it is worth it; each takes two words.
const PLACES: usize = 256;
