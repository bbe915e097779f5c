use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{DecodingKey, Validation, decode};
use mcp_bearer_bench::{ISSUER, RESOURCE};
use serde_json::Value;

use super::{Claims, Peer};

pub struct Jsonwebtoken {
    key: DecodingKey,
    validation: Validation,
}

impl Jsonwebtoken {
    pub fn new(jwk: &Value) -> Self {
        let mut validation = Validation::new(jwk["alg"].as_str().unwrap().parse().unwrap());
        validation.set_audience(&[RESOURCE]);
        validation.set_issuer(&[ISSUER]);
        let jwk: Jwk = serde_json::from_value(jwk.clone()).unwrap();
        Self { key: DecodingKey::from_jwk(&jwk).unwrap(), validation }
    }
}

impl Peer for Jsonwebtoken {
    fn name(&self) -> &'static str {
        "jsonwebtoken"
    }

    fn accepts(&self, token: &str) -> bool {
        decode::<Claims>(token, &self.key, &self.validation).is_ok()
    }
}
