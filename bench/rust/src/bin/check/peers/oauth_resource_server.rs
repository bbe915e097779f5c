use mcp_bearer_bench::{ISSUER, RESOURCE};
use oauth_resource_server::{KeyNaming, OAuthConfig, OAuthValidator};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use super::{Peer, now};

pub struct OauthResourceServer {
    validator: OAuthValidator,
    /// It wants one to be there, and fetches nothing.
    runtime: Runtime,
}

impl OauthResourceServer {
    pub fn new(jwk: &Value) -> Self {
        let config = OAuthConfig {
            enabled: true,
            issuer: ISSUER.into(),
            audience: RESOURCE.into(),
            resource: RESOURCE.into(),
            algorithms: vec![jwk["alg"].as_str().unwrap().into()],
            allow_unscoped_tokens: true,
            ..OAuthConfig::default()
        };
        let config = config.resolve(KeyNaming::Dotted("oauth")).unwrap().unwrap();
        let keys = json!({ "keys": [jwk] }).to_string();
        let runtime = Builder::new_current_thread().build().unwrap();
        let validator = OAuthValidator::builder(&config).initial_jwks(&keys).build().unwrap();
        Self { validator, runtime }
    }
}

impl Peer for OauthResourceServer {
    fn name(&self) -> &'static str {
        "oauth-resource-server"
    }

    fn accepts(&self, token: &str) -> bool {
        let _guard = self.runtime.enter();
        now(self.validator.validate(token)).is_ok()
    }
}
