//! What the parts of this module say of a document, for whoever explains instead of using it.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::discovery::{self, Metadata};
use super::key::{self, VerificationKey};
use super::set::{self, KeySet};
use crate::algorithm::Algorithm;
use crate::identifier::{HttpHosts, Identifier};
use crate::json::{self, Json};

/// Where metadata of an issuer may be, in order.
pub(crate) fn metadata_urls(issuer: &Identifier) -> Vec<String> {
    discovery::metadata_urls(issuer)
}

/// Whether a document is the issuer's own, with keys that may be fetched.
pub(crate) fn is_own(document: &[u8], issuer: &Identifier) -> bool {
    let http = HttpHosts { loopback: issuer.is_loopback_http(), listed: &[] };
    matches!(discovery::judge(document, issuer, http), Metadata::Own { .. })
}

/// Whether a token can be checked with this set, or why not.
pub(crate) fn usable(document: &[u8]) -> Result<(), String> {
    KeySet::parse(document).map(drop).map_err(|failure| failure.to_string())
}

/// One entry of a set.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) kid: Option<String>,
    /// `kty`, and `crv` or `use` if there is one.
    pub(crate) kind: String,
    /// What it can check; nothing if it is of no use here.
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) is_secret: bool,
    pub(crate) rsa_bits: Option<usize>,
}

/// All entries of a set, or why it is none.
pub(crate) fn entries(document: &[u8]) -> Result<Vec<Entry>, &'static str> {
    let entries = set::entries(document).map_err(|_| "it is no JWK Set")?;
    Ok(entries.map(|text| json::object(text).map_or_else(|_| Entry::broken(), Entry::of)).collect())
}

impl Entry {
    fn of(jwk: json::Object<'_>) -> Self {
        let text = |name| jwk.get(name).and_then(Json::as_str);
        let kind =
            [text("kty").unwrap_or("no kty".into()), text("crv").or_else(|| text("use")).unwrap_or_default()];
        let modulus = text("n").filter(|_| text("kty").as_deref() == Some("RSA"));
        let modulus = modulus.and_then(|n| URL_SAFE_NO_PAD.decode(&*n).ok());
        Self {
            kid: text("kid").map(Cow::into_owned),
            kind: kind.join(" ").trim_end().to_owned(),
            algorithms: VerificationKey::parse(jwk).map(|key| key.health().algorithms).unwrap_or_default(),
            is_secret: key::is_secret(jwk),
            rsa_bits: modulus.map(|n| bits(&n)),
        }
    }

    fn broken() -> Self {
        let kind = "not a JSON object without repeated members".to_owned();
        Self { kid: None, kind, algorithms: Vec::new(), is_secret: false, rsa_bits: None }
    }
}

fn bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let first = number.get(zeros).map_or(0, |byte| 8 - byte.leading_zeros() as usize);
    first + 8 * (number.len() - zeros).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_modulus() {
        for (number, expected) in
            [(&[0, 0x80][..], 8), (&[1, 0], 9), (&[0], 0), (&[], 0), (&[0xFF; 256], 2048)]
        {
            assert_eq!(bits(number), expected);
        }
    }
}
