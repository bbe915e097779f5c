//! The others: each as its documentation shows, with its key prepared, and told the issuer and the
//! audience.

pub mod by_hand;
#[cfg(feature = "josekit")]
mod josekit;
mod jsonwebtoken;
mod jwt_authorizer;
mod oauth_resource_server;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use serde::Deserialize;
use serde_json::Value;

pub trait Peer {
    fn name(&self) -> &'static str;
    fn accepts(&self, token: &str) -> bool;
}

/// Each with this public key.
pub fn all(jwk: &Value) -> Vec<Box<dyn Peer>> {
    vec![
        Box::new(by_hand::ByHand::new(jwk)),
        Box::new(jsonwebtoken::Jsonwebtoken::new(jwk)),
        #[cfg(feature = "josekit")]
        Box::new(josekit::Josekit::new(jwk)),
        Box::new(jwt_authorizer::JwtAuthorizer::new(jwk)),
        Box::new(oauth_resource_server::OauthResourceServer::new(jwk)),
    ]
}

/// What an application wants to know.
#[derive(Clone, Deserialize)]
#[allow(dead_code, reason = "reading it is what is measured")]
struct Claims {
    sub: Option<String>,
    client_id: Option<String>,
    exp: Option<u64>,
    iat: Option<u64>,
    jti: Option<String>,
    scope: Option<String>,
}

/// The answer of something that has nothing to wait for.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("keys are in memory"),
    }
}
