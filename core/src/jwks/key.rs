//! A JWK (RFC 7517 section 4), prepared to check signatures.
//!
//! Only public members are ever read; which key is asked for is `set`'s to say.

use std::borrow::Cow;
use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::health::KeyHealth;
use crate::algorithm::Algorithm;
use crate::json::{Json, Object};

/// A key that can check signatures of the algorithms that it is bound to.
pub(crate) struct VerificationKey {
    kid: Option<Box<str>>,
    /// One for each permitted algorithm: parsing costs an eighth of a check.
    prepared: Vec<(Algorithm, ParsedPublicKey)>,
    signature_len: usize,
    thumbprint: Thumbprint,
}

/// What makes a key this key, and no other: its material, what it may check, and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thumbprint([u8; 32]);

impl VerificationKey {
    /// `None` for whatever cannot check a signature here. Members that are `null` count as absent.
    pub(super) fn parse(jwk: Object<'_>) -> Option<Self> {
        let kid = optional_text(jwk, "kid")?;
        // RFC 7517 section 4.2.
        if optional_text(jwk, "use")?.is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        // RFC 7517 section 4.3.
        if let Some(operations) = present(jwk, "key_ops")
            && !operations.as_array()?.any(|operation| operation.as_str().as_deref() == Some("verify"))
        {
            return None;
        }
        let material = Material::parse(jwk)?;
        // RFC 8725 section 3.1: each key is for one algorithm; without `alg`, for those of its kind.
        let bound = match optional_text(jwk, "alg")? {
            Some(name) => Some(Algorithm::from_name(&name)?),
            None => None,
        };
        let prepared: Vec<_> = material
            .algorithms()
            .iter()
            .filter(|algorithm| bound.is_none_or(|bound| bound == **algorithm))
            .map(|algorithm| Some((*algorithm, material.prepare(*algorithm)?)))
            .collect::<Option<_>>()?;
        if prepared.is_empty() {
            return None;
        }
        let thumbprint = Thumbprint::new(kid.as_deref(), &prepared, material.bytes());
        Some(Self { kid: kid.map(Into::into), prepared, signature_len: material.signature_len(), thumbprint })
    }

    pub(super) fn health(&self) -> KeyHealth {
        KeyHealth {
            kid: self.kid.as_deref().map(Into::into),
            algorithms: self.prepared.iter().map(|(algorithm, _)| *algorithm).collect(),
        }
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub(crate) const fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    pub(super) fn permits(&self, algorithm: Algorithm) -> bool {
        self.prepared.iter().any(|(own, _)| *own == algorithm)
    }

    /// Whether `signature` is this key's over `signing_input`.
    pub(crate) fn verify(&self, algorithm: Algorithm, signing_input: &[u8], signature: &[u8]) -> bool {
        signature.len() == self.signature_len
            && self
                .prepared
                .iter()
                .find(|(own, _)| *own == algorithm)
                .is_some_and(|(_, key)| key.verify_sig(signing_input, signature).is_ok())
    }
}

impl Thumbprint {
    fn new(kid: Option<&str>, prepared: &[(Algorithm, ParsedPublicKey)], material: &[u8]) -> Self {
        let mut digest = digest::Context::new(&digest::SHA256);
        for (algorithm, _) in prepared {
            digest.update(algorithm.as_str().as_bytes());
        }
        // Before what a peer chooses its length: one part cannot pass for two.
        digest.update(&material.len().to_be_bytes());
        digest.update(material);
        digest.update(&[u8::from(kid.is_some())]);
        digest.update(kid.unwrap_or_default().as_bytes());
        let mut thumbprint = [0; 32];
        thumbprint.copy_from_slice(digest.finish().as_ref());
        Self(thumbprint)
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let algorithms: Vec<_> = self.prepared.iter().map(|(algorithm, _)| algorithm).collect();
        f.debug_struct("VerificationKey")
            .field("kid", &self.kid)
            .field("algorithms", &algorithms)
            .finish_non_exhaustive()
    }
}

/// Whether a JWK has members that only its owner may know (RFC 7518 sections 6.2.2, 6.3.2 and 6.4).
pub(super) fn is_secret(jwk: Object<'_>) -> bool {
    ["d", "p", "q", "dp", "dq", "qi", "oth", "k"].iter().any(|name| present(jwk, name).is_some())
}

/// The public key itself, checked.
enum Material {
    Rsa {
        modulus_len: usize,
        /// DER, from which a key for each algorithm is prepared.
        subject_public_key_info: Box<[u8]>,
    },
    P256([u8; 65]),
    P384([u8; 97]),
    Ed25519([u8; 32]),
}

impl Material {
    fn parse(jwk: Object<'_>) -> Option<Self> {
        let text = |name| jwk.get(name).and_then(Json::as_str);
        let bytes = |name| text(name).and_then(|text| URL_SAFE_NO_PAD.decode(&*text).ok());
        match (&*text("kty")?, text("crv").as_deref()) {
            ("RSA", _) => Self::rsa(&bytes("n")?, &bytes("e")?),
            ("EC", Some("P-256")) => point(&bytes("x")?, &bytes("y")?).map(Self::P256),
            ("EC", Some("P-384")) => point(&bytes("x")?, &bytes("y")?).map(Self::P384),
            ("OKP", Some("Ed25519")) => {
                let key: [u8; 32] = bytes("x")?.try_into().ok()?;
                (!has_small_order(key)).then_some(Self::Ed25519(key))
            }
            _ => None,
        }
    }

    /// RFC 7518 section 6.3.1, with the sizes of RFC 8725 section 3.2.
    fn rsa(n: &[u8], e: &[u8]) -> Option<Self> {
        // Base64urlUInt has no leading zeros, but Java's integers bring one along.
        let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
        let bits = n.len() * 8 - n.first()?.leading_zeros() as usize;
        if !(2048..=8192).contains(&bits) {
            return None;
        }
        // An exponent of 1 makes every signature valid; a huge one makes every check slow.
        let exponent = e.iter().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
        if e.len() > 4 || exponent < 3 || exponent % 2 == 0 {
            return None;
        }
        let parsed = PublicKeyComponents { n, e }.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).ok()?;
        Some(Self::Rsa { modulus_len: n.len(), subject_public_key_info: parsed.as_ref().into() })
    }

    const fn algorithms(&self) -> &'static [Algorithm] {
        use Algorithm as A;
        match self {
            Self::Rsa { .. } => &[A::Rs256, A::Rs384, A::Rs512, A::Ps256, A::Ps384, A::Ps512],
            Self::P256(_) => &[A::Es256],
            Self::P384(_) => &[A::Es384],
            Self::Ed25519(_) => &[A::Ed25519],
        }
    }

    /// `None` if the point is not on its curve (RFC 8725 section 3.4).
    fn prepare(&self, algorithm: Algorithm) -> Option<ParsedPublicKey> {
        ParsedPublicKey::new(algorithm.verifier(), self.bytes()).ok()
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Rsa { subject_public_key_info, .. } => subject_public_key_info,
            Self::P256(point) => point,
            Self::P384(point) => point,
            Self::Ed25519(key) => key,
        }
    }

    /// RFC 7518 sections 3.3 to 3.5, RFC 8032 section 5.1.6.
    const fn signature_len(&self) -> usize {
        match self {
            Self::Rsa { modulus_len, .. } => *modulus_len,
            Self::P256(_) | Self::Ed25519(_) => 64,
            Self::P384(_) => 96,
        }
    }
}

/// An uncompressed point; RFC 7518 section 6.2.1.2 gives each coordinate its full length.
fn point<const LEN: usize>(x: &[u8], y: &[u8]) -> Option<[u8; LEN]> {
    if x.len() != y.len() {
        return None;
    }
    [&[4], x, y].concat().try_into().ok()
}

/// Whether an Ed25519 key is one of the eight points of small order, in any of their encodings:
/// under such a key one signature fits many messages.
fn has_small_order(mut key: [u8; 32]) -> bool {
    let [.., last] = &mut key;
    *last &= 0x7F; // the sign of x
    let mut near_p = [0xFF; 32]; // p = 2^255 - 19, little-endian
    let [first, .., last] = &mut near_p;
    *last = 0x7F;
    *first = key[0];
    let tiny = key.iter().skip(1).all(|byte| *byte == 0) && key[0] <= 1;
    tiny || key == near_p && (0xEC..=0xEE).contains(&key[0]) || ORDER_EIGHT.contains(&key)
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// A member that is there and not `null`.
fn present<'a>(jwk: Object<'a>, name: &str) -> Option<Json<'a>> {
    jwk.get(name).filter(|value| !matches!(value, Json::Null))
}

/// The outer `None` is a member of another type.
fn optional_text<'a>(jwk: Object<'a>, name: &str) -> Option<Option<Cow<'a, str>>> {
    match present(jwk, name) {
        None => Some(None),
        Some(value) => value.as_str().map(Some),
    }
}

/// The y coordinates of the points of order eight, little-endian.
const ORDER_EIGHT: [[u8; 32]; 2] = [
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
        0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
        0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
];

#[cfg(test)]
mod tests;
