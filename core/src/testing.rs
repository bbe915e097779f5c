//! An issuer in this process, for tests: it makes keys, publishes them as a key set, and mints
//! tokens, good ones and ones with anything wrong on purpose.
//!
//! **For tests only.** Whoever can run this code can make tokens of such an issuer, and any panic here
//! is a failed test. Have the feature `testing` among the dev-dependencies:
//!
//! ```toml
//! [dev-dependencies]
//! mcp-bearer = { version = "0.1", features = ["testing"] }
//! ```
//!
//! A server that trusts the issuer needs no network:
//!
//! ```
//! use mcp_bearer::testing::Issuer;
//! use mcp_bearer::{Decision, Request, Requirement};
//! use std::task::Poll;
//!
//! let issuer = Issuer::new("https://as.example.com");
//! let server = issuer.server("https://mcp.example.com").build()?;
//!
//! let authorization = issuer.token("https://mcp.example.com").scope("todo:read").authorization();
//! let request = Request::new("GET", "/todos").authorization(authorization.as_bytes());
//! let decision = server.try_authorize(&request, &Requirement::scope("todo:read")?);
//! assert!(matches!(decision, Poll::Ready(Decision::Allowed { .. })));
//! # Ok::<(), mcp_bearer::ConfigError>(())
//! ```
//!
//! What can be wrong with a token, and why it is refused then:
//!
//! ```
//! # use mcp_bearer::{Authentication, Reason, Request};
//! # use std::task::Poll;
//! use mcp_bearer::testing::{Issuer, ManualClock};
//! use std::time::Duration;
//!
//! const MINUTE: Duration = Duration::from_secs(60);
//!
//! let clock = ManualClock::default();
//! let mut issuer = Issuer::new("https://as.example.com").clock(clock.clone());
//! let server = issuer.server("https://mcp.example.com").build()?;
//! # let refused = |token: &str| {
//! #     let value = format!("Bearer {token}");
//! #     let request = Request::new("GET", "/").authorization(value.as_bytes());
//! #     match server.try_authenticate(&request) {
//! #         Poll::Ready(Authentication::Denied(denial)) => denial.reason,
//! #         other => panic!("{other:?}"),
//! #     }
//! # };
//!
//! let token = || issuer.token("https://mcp.example.com");
//! assert_eq!(refused(&token().expired_since(MINUTE).mint()), Reason::Expired);
//! assert_eq!(refused(&token().not_valid_for(MINUTE).mint()), Reason::NotYetValid);
//! assert_eq!(refused(&token().audience("https://other.example.com").mint()), Reason::WrongAudience);
//! assert_eq!(refused(&token().issuer("https://other.example.com").mint()), Reason::UnknownIssuer);
//! assert_eq!(refused(&token().forged().mint()), Reason::BadSignature);
//! assert_eq!(refused(&token().header("typ", "id_token").mint()), Reason::WrongType);
//! assert_eq!(refused(&token().without("exp").mint()), Reason::MissingClaim);
//! assert_eq!(refused(&token().claim("aud", 1).mint()), Reason::MalformedClaim);
//!
//! let good = token().mint();
//! clock.advance(6 * MINUTE);
//! assert_eq!(refused(&good), Reason::Expired);
//!
//! // A server knows the keys of the time when it was made.
//! issuer.rotate();
//! assert_eq!(refused(&issuer.token("https://mcp.example.com").mint()), Reason::KeyNotFound);
//! # Ok::<(), mcp_bearer::ConfigError>(())
//! ```
#![allow(clippy::expect_used, clippy::missing_panics_doc, reason = "a panic here is a failed test")]

mod manual_clock;
mod signing_key;
mod token;

use std::sync::Arc;

use serde_json::{Value, json};

pub use self::manual_clock::ManualClock;
pub use self::signing_key::SigningKey;
pub use self::token::Token;
use crate::algorithm::Algorithm;
use crate::builder::Builder;
use crate::clock::{Clock, SystemClock};
use crate::jwks::{self, Issuers};
use crate::server::ResourceServer;

/// An authorization server reduced to its signing keys.
#[derive(Clone, Debug)]
pub struct Issuer {
    identifier: String,
    keys: Vec<SigningKey>,
    clock: Arc<dyn Clock>,
}

impl Issuer {
    /// An issuer with one new Ed25519 key.
    #[must_use]
    pub fn new(identifier: impl Into<String>) -> Self {
        Self::with_algorithm(identifier, Algorithm::Ed25519)
    }

    /// An issuer with one new key of this algorithm.
    #[must_use]
    pub fn with_algorithm(identifier: impl Into<String>, algorithm: Algorithm) -> Self {
        Self::with_keys(identifier, [SigningKey::generate(kid(1), algorithm)])
    }

    /// An issuer with these keys; tokens are signed with the last.
    #[must_use]
    pub fn with_keys(identifier: impl Into<String>, keys: impl IntoIterator<Item = SigningKey>) -> Self {
        let keys = keys.into_iter().collect();
        Self { identifier: identifier.into(), keys, clock: Arc::new(SystemClock) }
    }

    /// Tells this issuer, and the servers that trust it through [`server`](Self::server) or
    /// [`issuers`](Self::issuers), the time. Default: the system's clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Publishes a new key of the same algorithm and signs with it from now on. Servers that exist
    /// already do not hear of it.
    pub fn rotate(&mut self) {
        let key = SigningKey::generate(kid(self.keys.len() + 1), self.key().algorithm());
        self.rotate_to(key);
    }

    /// Publishes this key and signs with it from now on.
    pub fn rotate_to(&mut self, key: SigningKey) {
        self.keys.push(key);
    }

    /// The identifier: `iss`.
    #[must_use]
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// The public keys as a JWK set (RFC 7517 section 5).
    #[must_use]
    pub fn jwks(&self) -> Value {
        json!({ "keys": self.keys.iter().map(SigningKey::jwk).collect::<Vec<_>>() })
    }

    /// A resource server that trusts this issuer's present keys, without a network. The builder has
    /// all other settings, and tells when it builds if the identifier is not one.
    pub fn server(&self, resource: impl Into<String>) -> Builder {
        let clock = self.shared_clock();
        ResourceServer::builder(resource).issuer(self).keys(|keys| keys.clock(clock))
    }

    /// A handle that trusts this issuer's present keys, for several servers.
    #[must_use]
    pub fn issuers(&self) -> Issuers {
        Issuers::builder()
            .issuer(self)
            .clock(self.shared_clock())
            .build()
            .expect("an issuer for tests has a valid identifier and keys")
    }

    /// A good token for a resource: valid for five minutes, typed `at+jwt`, without scopes.
    pub fn token(&self, audience: impl Into<String>) -> Token {
        Token::new(self.key(), &self.identifier, &audience.into(), self.clock.now())
    }

    fn key(&self) -> &SigningKey {
        self.keys.last().expect("an issuer for tests has a key")
    }

    fn shared_clock(&self) -> impl Clock + 'static {
        let clock = Arc::clone(&self.clock);
        move || clock.now()
    }
}

/// The issuer with its present keys, as a resource server knows it.
impl From<&Issuer> for jwks::Issuer {
    fn from(issuer: &Issuer) -> Self {
        Self::new(&issuer.identifier).jwks(issuer.jwks().to_string())
    }
}

/// All issuers name their keys alike: another one of the same identifier forges tokens.
fn kid(number: usize) -> String {
    format!("test-key-{number}")
}
