//! A JWK Set (RFC 7517 section 5): which of its keys are of use, and which fit a token.

use std::sync::Arc;

use super::download::Failure;
use super::health::KeyHealth;
use super::key::{self, Thumbprint, VerificationKey};
use crate::algorithm::Algorithm;
use crate::json::raw;
use crate::json::reader::{Reader, Value};
use crate::json::{self, Malformed, MemberNames};

/// The usable keys of one issuer: 1 to [`MAX_KEYS`].
#[derive(Debug)]
pub(super) struct KeySet {
    keys: Vec<Arc<VerificationKey>>,
    exposes_secrets: bool,
}

/// What a set says to a token's `kid` and `alg`.
#[derive(Debug)]
pub(super) enum Choice {
    /// These may have signed it.
    Found(Candidates),
    /// The set does not know such a key; a newer one may.
    Absent,
    /// The key is of another kind, or there is no `kid` to choose by: a newer set would not help.
    Unfit,
}

impl KeySet {
    /// Keeps what is usable, one by one: a key of a kind that nobody here knows yet must not take
    /// the others with it (RFC 7517 section 5).
    pub(super) fn parse(document: &[u8]) -> Result<Self, Failure> {
        let (mut keys, mut exposes_secrets) = (Vec::new(), false);
        for entry in entries(document).map_err(|_| Failure::NotKeys)? {
            let Ok(entry) = json::object(entry) else { continue };
            exposes_secrets |= key::is_secret(entry);
            let Some(key) = VerificationKey::parse(entry) else { continue };
            if keys.len() == MAX_KEYS {
                return Err(Failure::TooManyKeys);
            }
            keys.push(Arc::new(key));
        }
        if keys.is_empty() {
            return Err(Failure::NoUsableKey);
        }
        Ok(Self { keys, exposes_secrets })
    }

    pub(super) fn contains(&self, key: &Thumbprint) -> bool {
        self.keys.iter().any(|own| own.thumbprint() == *key)
    }

    pub(super) fn health(&self) -> Vec<KeyHealth> {
        self.keys.iter().map(|key| key.health()).collect()
    }

    /// Whether private or symmetric keys are in it, usable or not.
    pub(super) const fn exposes_secrets(&self) -> bool {
        self.exposes_secrets
    }

    pub(super) fn choose(&self, kid: Option<&str>, algorithm: Algorithm) -> Choice {
        let mut known = false;
        let mut found: Option<Candidates> = None;
        for key in &self.keys {
            if kid.is_some() {
                if key.kid() != kid {
                    continue;
                }
                known = true;
            }
            if !key.permits(algorithm) {
                continue;
            }
            match &mut found {
                None => found = Some(Candidates { first: Arc::clone(key), more: Vec::new() }),
                // Without `kid` only one key may fit, otherwise a token could be tried on all.
                Some(_) if kid.is_none() => return Choice::Unfit,
                Some(found) if found.more.len() < MAX_CANDIDATES - 1 => {
                    found.more.push(Arc::clone(key));
                }
                Some(_) => break,
            }
        }
        match found {
            Some(found) => Choice::Found(found),
            None if known => Choice::Unfit,
            None => Choice::Absent,
        }
    }
}

/// The text of each entry: RFC 7517 section 4 has a JWK with a member twice rejected, not its set.
pub(super) fn entries(document: &[u8]) -> Result<impl Iterator<Item = &str>, Malformed> {
    let mut reader = Reader::new(std::str::from_utf8(document).map_err(|_| Malformed)?);
    if reader.value()? != Value::Object {
        return Err(Malformed);
    }
    let (mut names, mut entries) = (MemberNames::default(), None);
    while let Some(name) = reader.name()? {
        let value = reader.skip()?;
        if name == "keys" && value.starts_with('[') {
            entries = Some(raw::items(value));
        } else {
            json::read(&mut Reader::new(value), json::MAX_DEPTH - 1)?;
        }
        names.insert(name)?;
    }
    reader.end()?;
    entries.ok_or(Malformed)
}

/// The keys that may have signed a token: one, or a few that share a `kid`.
#[derive(Clone, Debug)]
pub(crate) struct Candidates {
    first: Arc<VerificationKey>,
    more: Vec<Arc<VerificationKey>>,
}

impl Candidates {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &VerificationKey> {
        std::iter::once(&self.first).chain(&self.more).map(AsRef::as_ref)
    }
}

const MAX_KEYS: usize = 100;
const MAX_CANDIDATES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const ED: &str = r#""kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
    const EC: &str = r#""kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#;

    fn set(entries: &[String]) -> Result<KeySet, Failure> {
        KeySet::parse(format!(r#"{{"keys":[{}]}}"#, entries.join(",")).as_bytes())
    }

    fn ed(kid: &str) -> String {
        format!(r#"{{"kid":"{kid}",{ED}}}"#)
    }

    fn count(choice: Choice) -> usize {
        match choice {
            Choice::Found(candidates) => candidates.iter().count(),
            Choice::Absent | Choice::Unfit => 0,
        }
    }

    #[test]
    fn broken_entries_take_nothing_with_them() {
        let junk = [
            r#""x""#,
            "null",
            "{}",
            r#"{"kty":1}"#,
            r#"{"kty":"oct","k":"AA"}"#,
            r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
            r#"{"kid":"b","kid":"b"}"#,
            r#"{"exp":1e400}"#,
        ];
        let deep = format!("{{\"x\":{}1{}}}", "[".repeat(200), "]".repeat(200));
        let mut entries: Vec<String> = junk.into_iter().chain([&*deep]).map(str::to_owned).collect();
        assert_eq!(set(&entries).unwrap_err(), Failure::NoUsableKey);
        entries.push(ed("a"));
        assert_eq!(set(&entries).unwrap().keys.len(), 1);
    }

    #[test]
    fn what_is_no_set_is_refused() {
        let key = ed("a");
        let deep = format!(r#"{{"x":{}1{},"keys":[{key}]}}"#, "[".repeat(16), "]".repeat(16));
        let list = format!(r#"["keys",[{key}]]"#);
        let cut = format!(r#"{{"keys":[{key},{{]}}"#);
        for text in [
            "",
            "[]",
            "{}",
            r#"{"keys":{}}"#,
            r#"{"keys":null}"#,
            r#"{"keys":[],"keys":[]}"#,
            &deep,
            &list,
            &cut,
        ] {
            assert_eq!(KeySet::parse(text.as_bytes()).unwrap_err(), Failure::NotKeys, "{text}");
        }
    }

    #[test]
    fn a_hundred_keys_are_enough() {
        let entries: Vec<String> = (0..101).map(|n| ed(&n.to_string())).collect();
        assert!(set(&entries[..100]).is_ok());
        assert_eq!(set(&entries).unwrap_err(), Failure::TooManyKeys);
    }

    #[test]
    fn kid_then_algorithm() {
        let keys = set(&[ed("a"), format!(r#"{{"kid":"a",{EC}}}"#), ed("b")]).unwrap();
        assert_eq!(count(keys.choose(Some("a"), Algorithm::Ed25519)), 1);
        assert_eq!(count(keys.choose(Some("a"), Algorithm::Es256)), 1);
        assert!(matches!(keys.choose(Some("a"), Algorithm::Rs256), Choice::Unfit));
        assert!(matches!(keys.choose(Some("c"), Algorithm::Ed25519), Choice::Absent));
        assert!(matches!(keys.choose(Some("A"), Algorithm::Ed25519), Choice::Absent));
    }

    #[test]
    fn without_kid_only_one_may_fit() {
        let keys = set(&[ed("a"), ed("b"), format!("{{{EC}}}")]).unwrap();
        assert!(matches!(keys.choose(None, Algorithm::Ed25519), Choice::Unfit));
        assert_eq!(count(keys.choose(None, Algorithm::Es256)), 1);
        assert!(matches!(keys.choose(None, Algorithm::Rs256), Choice::Absent));
    }

    #[test]
    fn at_most_four_share_a_kid() {
        let entries: Vec<String> = (0..9).map(|_| ed("a")).collect();
        assert_eq!(count(set(&entries).unwrap().choose(Some("a"), Algorithm::Ed25519)), 4);
    }
}
