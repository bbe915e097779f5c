use std::time::SystemTime;

use josekit::jwk::Jwk;
use josekit::jws::{ES256, EdDSA, JwsVerifier, RS256};
use josekit::jwt::{self, JwtPayloadValidator};
use mcp_bearer_bench::{ISSUER, RESOURCE};
use serde_json::Value;

use super::Peer;

pub struct Josekit(Box<dyn JwsVerifier>);

impl Josekit {
    pub fn new(jwk: &Value) -> Self {
        let key = Jwk::from_map(jwk.as_object().unwrap().clone()).unwrap();
        Self(match jwk["alg"].as_str().unwrap() {
            "RS256" => Box::new(RS256.verifier_from_jwk(&key).unwrap()),
            "ES256" => Box::new(ES256.verifier_from_jwk(&key).unwrap()),
            _ => Box::new(EdDSA.verifier_from_jwk(&key).unwrap()),
        })
    }
}

impl Peer for Josekit {
    fn name(&self) -> &'static str {
        "josekit"
    }

    fn accepts(&self, token: &str) -> bool {
        let mut validator = JwtPayloadValidator::new();
        validator.set_base_time(SystemTime::now());
        validator.set_issuer(ISSUER);
        validator.set_audience(RESOURCE);
        jwt::decode_with_verifier(token, &*self.0)
            .is_ok_and(|(payload, _)| validator.validate(&payload).is_ok())
    }
}
