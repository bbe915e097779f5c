use jwt_authorizer::{Authorizer, AuthorizerBuilder, JwtAuthorizer as Builder, Validation};
use mcp_bearer_bench::{ISSUER, RESOURCE};
use serde_json::{Value, json};

use super::{Claims, Peer, now};

pub struct JwtAuthorizer(Authorizer<Claims>);

impl JwtAuthorizer {
    pub fn new(jwk: &Value) -> Self {
        let builder: AuthorizerBuilder<Claims> =
            Builder::from_jwks_text(&json!({ "keys": [jwk] }).to_string());
        let validation = Validation::new().iss(&[ISSUER]).aud(&[RESOURCE]);
        Self(now(builder.validation(validation).build()).unwrap())
    }
}

impl Peer for JwtAuthorizer {
    fn name(&self) -> &'static str {
        "jwt-authorizer"
    }

    fn accepts(&self, token: &str) -> bool {
        now(self.0.check_auth(token)).is_ok()
    }
}
