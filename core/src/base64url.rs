//! base64url without padding (RFC 7515 section 2), strict: no stray bits (RFC 4648 section 3.5).

use base64::Engine;
use base64::engine::general_purpose::NO_PAD;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
type Decoder = base64::engine::Simd;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
type Decoder = base64::engine::GeneralPurpose;

/// A decoder that knows what the processor can do. Made once: it holds tables.
#[derive(Clone, Debug)]
pub(crate) struct Base64Url(Decoder);

impl Base64Url {
    pub(crate) fn new() -> Self {
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        return Self(Decoder::url_safe(NO_PAD));
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        Self(Decoder::new(&base64::alphabet::URL_SAFE, NO_PAD))
    }

    /// Appends what the text stands for. Where that ends; `None` if it stands for nothing.
    pub(crate) fn decode(&self, text: &str, into: &mut Vec<u8>) -> Option<usize> {
        self.0.decode_vec(text, into).ok()?;
        Some(into.len())
    }
}
