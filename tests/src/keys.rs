//! The fixed keys of `tests/keys`, and signatures that are the same at each run.
//!
//! ECDSA and RSA-PSS are randomized, so their signatures are kept in `signatures.json` under a hash
//! of key, algorithm and signing input; so are those of a key that is too weak to sign here.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use mcp_bearer::Algorithm;
use mcp_bearer::testing::SigningKey;
use serde_json::{Value, json};

use crate::folder;

/// Reads keys and signs.
#[derive(Debug)]
pub struct Keys {
    stored: RefCell<BTreeMap<String, String>>,
    used: RefCell<BTreeSet<String>>,
    may_sign: bool,
}

/// A key of `tests/keys` under a `kid`, for one algorithm.
#[derive(Clone, Debug)]
pub struct Key {
    file: &'static str,
    kid: String,
    alg: &'static str,
}

/// The key that signs where nothing is said: Ed25519, whose tokens are the shortest.
pub const DEFAULT: (&str, &str, &str) = ("ed25519", "ed", "EdDSA");

impl Key {
    /// By the name of its file.
    #[must_use]
    pub fn new(file: &'static str, kid: &str, alg: &'static str) -> Self {
        Self { file, kid: kid.to_owned(), alg }
    }

    /// The default one.
    #[must_use]
    pub fn usual() -> Self {
        Self::new(DEFAULT.0, DEFAULT.1, DEFAULT.2)
    }

    /// `kid`.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// `alg`.
    #[must_use]
    pub const fn alg(&self) -> &'static str {
        self.alg
    }

    /// The public half, with `kid`, `alg` and `use`.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let mut jwk = self.load().jwk();
        jwk["alg"] = json!(self.alg);
        jwk
    }

    /// The public half with some members set, or with `null` taken away.
    #[must_use]
    pub fn jwk_with(&self, members: &Value) -> Value {
        let mut jwk = self.jwk();
        let target = jwk.as_object_mut().expect("a JWK is an object");
        for (name, value) in members.as_object().expect("members") {
            if value.is_null() {
                target.remove(name);
            } else {
                target.insert(name.clone(), value.clone());
            }
        }
        jwk
    }

    /// The public half of an RSA key that is refused here even for signing.
    #[must_use]
    pub fn weak_jwk(&self) -> Value {
        let [_, n, e] = rsa_integers(&pkcs8(self.file));
        let [n, e] = [n, e].map(|integer| URL_SAFE_NO_PAD.encode(integer));
        json!({"kty": "RSA", "kid": self.kid, "use": "sig", "alg": self.alg, "n": n, "e": e})
    }

    fn algorithm(&self) -> Algorithm {
        match self.alg {
            "Ed25519" => Algorithm::Ed25519,
            other => other.parse().expect("an algorithm"),
        }
    }

    /// Both halves.
    #[must_use]
    pub fn load(&self) -> SigningKey {
        SigningKey::from_pkcs8(self.kid.as_str(), self.algorithm(), &pkcs8(self.file))
    }
}

impl Keys {
    /// Reads what is stored. Only if it `may_sign` are missing signatures made.
    #[must_use]
    pub fn load(may_sign: bool) -> Self {
        let text =
            std::fs::read_to_string(folder("keys").join("signatures.json")).unwrap_or_else(|_| "{}".into());
        let stored = serde_json::from_str(&text).expect("signatures.json is an object of strings");
        Self { stored: RefCell::new(stored), used: RefCell::default(), may_sign }
    }

    /// Writes the signatures that are in use.
    pub fn save(&self) {
        let mut stored = self.stored.borrow_mut();
        stored.retain(|hash, _| self.used.borrow().contains(hash));
        let text = serde_json::to_string_pretty(&*stored).expect("strings") + "\n";
        std::fs::write(folder("keys").join("signatures.json"), text).expect("the folder can be written");
    }

    /// A signature in JOSE form.
    pub fn sign(&self, key: &Key, message: &[u8]) -> Vec<u8> {
        if !matches!(key.alg.as_bytes()[0], b'E' | b'P') || key.alg.starts_with("Ed") {
            return key.load().sign(message);
        }
        self.stored(key, message, || {
            assert!(self.may_sign, "a signature is missing: run the generator");
            key.load().sign(message)
        })
    }

    /// A signature that was made elsewhere: by a key that is refused here even for signing.
    pub fn sign_elsewhere(&self, key: &Key, message: &[u8]) -> Vec<u8> {
        self.stored(key, message, || {
            assert!(self.may_sign, "a signature is missing: run the generator");
            openssl_sign(key.file, message)
        })
    }

    fn stored(&self, key: &Key, message: &[u8], sign: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
        let text = [format!("{} {} ", key.file, key.alg).as_bytes(), message].concat();
        let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, &text));
        self.used.borrow_mut().insert(hash.clone());
        if let Some(signature) = self.stored.borrow().get(&hash) {
            return URL_SAFE_NO_PAD.decode(signature).expect("stored as base64url");
        }
        let signature = sign();
        self.stored.borrow_mut().insert(hash, URL_SAFE_NO_PAD.encode(&signature));
        signature
    }
}

/// The DER of one of the PEM files, which open with a line of warning.
fn pkcs8(file: &str) -> Vec<u8> {
    let path = folder("keys").join(format!("{file}.pem"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = text.lines().skip_while(|line| !line.starts_with("-----BEGIN")).skip(1);
    let base64: String = lines.take_while(|line| !line.starts_with("-----END")).collect();
    STANDARD.decode(base64).expect("PEM")
}

/// Version, modulus and exponent, out of the DER of RFC 5958 section 2 and RFC 8017 section A.1.2.
fn rsa_integers(pkcs8: &[u8]) -> [Vec<u8>; 3] {
    let (outer, _) = value(pkcs8);
    let (_version, rest) = value(outer);
    let (_algorithm, rest) = value(rest);
    let (mut rest, _) = value(value(rest).0);
    [(); 3].map(|()| {
        let (integer, more) = value(rest);
        rest = more;
        integer.iter().copied().skip_while(|byte| *byte == 0).collect()
    })
}

/// The contents of the first DER value, and what follows it.
fn value(der: &[u8]) -> (&[u8], &[u8]) {
    let (len, start) = match der[1] {
        short @ 0..0x80 => (usize::from(short), 2),
        long => {
            let bytes = usize::from(long & 0x7F);
            (der[2..2 + bytes].iter().fold(0, |len, byte| len << 8 | usize::from(*byte)), 2 + bytes)
        }
    };
    der[start..].split_at(len)
}

/// RSASSA-PKCS1-v1_5 with SHA-256.
fn openssl_sign(file: &str, message: &[u8]) -> Vec<u8> {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut child = Command::new("openssl")
        .args(["dgst", "-sha256", "-sign"])
        .arg(folder("keys").join(format!("{file}.pem")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl, for a key that nothing else here accepts");
    child.stdin.take().expect("a pipe").write_all(message).expect("a pipe");
    let output = child.wait_with_output().expect("a signature");
    assert!(output.status.success());
    output.stdout
}
