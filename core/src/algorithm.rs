//! The signature algorithms: asymmetric ones only (RFC 8725 section 3.2).

use aws_lc_rs::signature as lc;

use crate::error::ConfigError;

/// A signature algorithm of RFC 7518 section 3.1, or Ed25519 (RFC 8037, RFC 9864).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519, whether the token calls it `EdDSA` or `Ed25519`.
    Ed25519,
}

impl Algorithm {
    /// Every algorithm, which is also the default of what is accepted.
    pub const ALL: &'static [Self] = &[
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::Ed25519,
    ];

    /// The algorithm that a JOSE `alg` names, if it is one of ours.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "EdDSA" | "Ed25519" => Self::Ed25519,
            _ => return None,
        })
    }

    /// The `alg` value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Ed25519 => "EdDSA",
        }
    }

    /// The verifier. ECDSA signatures are the raw `r || s` of RFC 7518 section 3.4, never DER.
    pub(crate) fn verifier(self) -> &'static dyn lc::VerificationAlgorithm {
        match self {
            Self::Rs256 => &lc::RSA_PKCS1_2048_8192_SHA256,
            Self::Rs384 => &lc::RSA_PKCS1_2048_8192_SHA384,
            Self::Rs512 => &lc::RSA_PKCS1_2048_8192_SHA512,
            Self::Ps256 => &lc::RSA_PSS_2048_8192_SHA256,
            Self::Ps384 => &lc::RSA_PSS_2048_8192_SHA384,
            Self::Ps512 => &lc::RSA_PSS_2048_8192_SHA512,
            Self::Es256 => &lc::ECDSA_P256_SHA256_FIXED,
            Self::Es384 => &lc::ECDSA_P384_SHA384_FIXED,
            Self::Ed25519 => &lc::ED25519,
        }
    }
}

impl std::str::FromStr for Algorithm {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, ConfigError> {
        Self::from_name(name).ok_or_else(|| {
            ConfigError::new(
                "algorithms",
                "known are RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 EdDSA Ed25519; \
                 none and symmetric algorithms are never accepted",
            )
        })
    }
}

impl std::fmt::Display for Algorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
