use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{self as lc, EcdsaKeyPair, Ed25519KeyPair, KeyPair};

use super::*;
use crate::json;

fn parse(jwk: &str) -> Option<VerificationKey> {
    VerificationKey::parse(json::object(jwk).unwrap())
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn ed25519(x: &[u8], more: &str) -> Option<VerificationKey> {
    parse(&format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"{more}}}"#, encode(x)))
}

fn ec(curve: &str, public: &[u8]) -> Option<VerificationKey> {
    let (x, y) = public[1..].split_at((public.len() - 1) / 2);
    parse(&format!(r#"{{"kty":"EC","crv":"{curve}","x":"{}","y":"{}"}}"#, encode(x), encode(y)))
}

fn rsa(n: &[u8], e: &[u8], more: &str) -> Option<VerificationKey> {
    parse(&format!(r#"{{"kty":"RSA","n":"{}","e":"{}"{more}}}"#, encode(n), encode(e)))
}

/// Odd, of `bits` bits; good enough for what looks only at the size.
fn modulus(bits: usize) -> Vec<u8> {
    let mut n = vec![0xA5; bits.div_ceil(8)];
    n[0] = 1 << ((bits - 1) % 8);
    n
}

fn ed25519_public() -> Vec<u8> {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap().public_key().as_ref().to_vec()
}

#[test]
fn rsa_checks_all_six_algorithms_and_only_its_own() {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let modulus = pair.public_key().as_ref()[9..][..256].to_vec(); // DER: two headers, a zero
    let key = rsa(&modulus, &[1, 0, 1], "").unwrap();
    let sign = |padding| {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(padding, &SystemRandom::new(), b"input", &mut signature).unwrap();
        signature
    };
    let paddings: [(Algorithm, &'static dyn lc::RsaEncoding); 6] = [
        (Algorithm::Rs256, &lc::RSA_PKCS1_SHA256),
        (Algorithm::Rs384, &lc::RSA_PKCS1_SHA384),
        (Algorithm::Rs512, &lc::RSA_PKCS1_SHA512),
        (Algorithm::Ps256, &lc::RSA_PSS_SHA256),
        (Algorithm::Ps384, &lc::RSA_PSS_SHA384),
        (Algorithm::Ps512, &lc::RSA_PSS_SHA512),
    ];
    for (signed_with, padding) in paddings {
        let signature = sign(padding);
        for &algorithm in Algorithm::ALL {
            assert_eq!(key.verify(algorithm, b"input", &signature), algorithm == signed_with, "{algorithm}");
        }
        assert!(!key.verify(signed_with, b"inpus", &signature));
        assert!(!key.verify(signed_with, b"input", &signature[1..]));
        assert!(!key.verify(signed_with, b"input", &[&[0][..], &signature].concat()));
    }

    let bound = rsa(&modulus, &[1, 0, 1], r#","alg":"RS256""#).unwrap();
    assert!(bound.permits(Algorithm::Rs256) && !bound.permits(Algorithm::Ps256));
    assert!(!bound.verify(Algorithm::Ps256, b"input", &sign(&lc::RSA_PSS_SHA256)));
    // As Java writes them.
    let padded = rsa(&[&[0][..], &modulus].concat(), &[0, 1, 0, 1], "").unwrap();
    assert!(padded.verify(Algorithm::Rs256, b"input", &sign(&lc::RSA_PKCS1_SHA256)));
}

#[test]
fn ecdsa_signatures_are_raw() {
    type Signing = &'static lc::EcdsaSigningAlgorithm;
    let cases: [(Algorithm, &str, Signing, Signing, usize); 2] = [
        (
            Algorithm::Es256,
            "P-256",
            &lc::ECDSA_P256_SHA256_FIXED_SIGNING,
            &lc::ECDSA_P256_SHA256_ASN1_SIGNING,
            64,
        ),
        (
            Algorithm::Es384,
            "P-384",
            &lc::ECDSA_P384_SHA384_FIXED_SIGNING,
            &lc::ECDSA_P384_SHA384_ASN1_SIGNING,
            96,
        ),
    ];
    for (algorithm, curve, fixed, der, len) in cases {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(fixed, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(fixed, document.as_ref()).unwrap();
        let key = ec(curve, pair.public_key().as_ref()).unwrap();
        let signature = pair.sign(&random, b"input").unwrap();
        assert!(key.verify(algorithm, b"input", signature.as_ref()));
        let der = EcdsaKeyPair::from_pkcs8(der, document.as_ref()).unwrap().sign(&random, b"input").unwrap();
        assert!(!key.verify(algorithm, b"input", der.as_ref()));
        assert!(!key.verify(algorithm, b"input", &vec![0; len]), "zero r and s");

        let mut off_curve = pair.public_key().as_ref().to_vec();
        *off_curve.last_mut().unwrap() ^= 1;
        assert!(ec(curve, &off_curve).is_none());
        let infinity = vec![0; off_curve.len()];
        assert!(ec(curve, &infinity).is_none());
        let other = if curve == "P-256" { "P-384" } else { "P-256" };
        assert!(ec(other, pair.public_key().as_ref()).is_none());
    }
}

#[test]
fn ed25519_under_both_names() {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let signature = pair.sign(b"input");
    for alg in ["", r#","alg":"EdDSA""#, r#","alg":"Ed25519""#] {
        let key = ed25519(&ed25519_public(), alg).unwrap();
        assert!(key.verify(Algorithm::Ed25519, b"input", signature.as_ref()));
        assert!(!key.verify(Algorithm::Ed25519, b"inpus", signature.as_ref()));
        assert!(!key.verify(Algorithm::Es256, b"input", signature.as_ref()));
    }
}

#[test]
fn ed25519_points_of_small_order_are_no_keys() {
    let mut small: Vec<[u8; 32]> = ORDER_EIGHT.to_vec();
    for (first, rest, last) in
        [(0, 0, 0), (1, 0, 0), (0xEC, 0xFF, 0x7F), (0xED, 0xFF, 0x7F), (0xEE, 0xFF, 0x7F)]
    {
        let mut y = [rest; 32];
        (y[0], y[31]) = (first, last);
        small.push(y);
    }
    for mut y in small {
        assert!(ed25519(&y, "").is_none(), "{y:02x?}");
        y[31] |= 0x80;
        assert!(ed25519(&y, "").is_none(), "{y:02x?}");
    }
    let long = [ed25519_public(), vec![0]].concat();
    assert!(ed25519(&long, "").is_none());
    assert!(ed25519(&long[..31], "").is_none());
}

#[test]
fn what_a_key_is_for_is_honoured() {
    let rows = [
        (r#","use":"sig""#, true),
        (r#","use":"enc""#, false),
        (r#","use":["sig"]"#, false),
        (r#","use":null"#, true),
        (r#","key_ops":["verify"]"#, true),
        (r#","key_ops":["sign","verify"]"#, true),
        (r#","key_ops":["encrypt"]"#, false),
        (r#","key_ops":[]"#, false),
        (r#","key_ops":"verify""#, false),
        (r#","use":"sig","key_ops":["deriveKey"]"#, false),
        (r#","alg":"EdDSA""#, true),
        (r#","alg":"ES256""#, false),
        (r#","alg":"HS256""#, false),
        (r#","alg":"none""#, false),
        (r#","alg":7"#, false),
        (r#","kid":7"#, false),
        (r#","kid":null"#, true),
    ];
    for (members, usable) in rows {
        assert_eq!(ed25519(&ed25519_public(), members).is_some(), usable, "{members}");
    }
}

#[test]
fn rsa_sizes_and_exponents() {
    for (bits, usable) in [(1024, false), (2047, false), (2048, true), (8192, true), (8193, false)] {
        assert_eq!(rsa(&modulus(bits), &[1, 0, 1], "").is_some(), usable, "{bits}");
    }
    let rows: [(&[u8], bool); 8] = [
        (&[3], true),
        (&[1, 0, 1], true),
        (&[0xFF, 0xFF, 0xFF, 0xFF], true),
        (&[], false),
        (&[1], false),
        (&[2], false),
        (&[1, 0, 0], false),
        (&[1, 0, 0, 0, 1], false),
    ];
    for (e, usable) in rows {
        assert_eq!(rsa(&modulus(2048), e, "").is_some(), usable, "{e:?}");
    }
    let mut even = modulus(2048);
    *even.last_mut().unwrap() = 0xA4;
    assert!(rsa(&even, &[1, 0, 1], "").is_none());
}

#[test]
fn other_kinds_and_loose_base64_are_skipped() {
    for jwk in [
        "{}",
        r#"{"kty":"oct","k":"AAAA"}"#,
        r#"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#,
        r#"{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}"#,
        r#"{"kty":"OKP","crv":"X25519","x":"AA"}"#,
        r#"{"kty":"OKP","crv":"Ed448","x":"AA"}"#,
        r#"{"kty":"rsa"}"#,
        r#"{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"}"#,
    ] {
        assert!(parse(jwk).is_none(), "{jwk}");
    }
    let x = encode(&ed25519_public());
    for x in [format!("{x}="), format!(" {x}"), x.replace(['-', '_'], "+"), format!("{x}\\n")] {
        if x != encode(&ed25519_public()) {
            assert!(parse(&format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#)).is_none(), "{x}");
        }
    }
}
