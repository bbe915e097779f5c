//! What an operation needs of a token.

use napi::{Env, Result};
use napi_derive::napi;

use crate::config_error::OrThrow;
use crate::handle::Own;

/// What an operation needs: scopes and claim values. Immutable.
#[napi]
#[derive(Clone)]
pub struct Requirement(pub(crate) mcp_bearer::Requirement);

#[napi]
impl Requirement {
    /// Any valid token.
    #[napi(factory, catch_unwind)]
    #[must_use]
    pub fn none() -> Self {
        Self(mcp_bearer::Requirement::none())
    }

    /// One scope. Like the others it throws a `ConfigError` for what is not a scope, and for an
    /// empty list that nothing could satisfy.
    #[napi(factory, catch_unwind)]
    pub fn scope(env: &Env, scope: String) -> Result<Self> {
        mcp_bearer::Requirement::scope(scope).or_throw(env).map(Self)
    }

    /// Every one of the scopes.
    #[napi(factory, catch_unwind, ts_args_type = "scopes: readonly string[]")]
    pub fn all_of(env: &Env, scopes: Vec<String>) -> Result<Self> {
        mcp_bearer::Requirement::all_of(scopes).or_throw(env).map(Self)
    }

    /// At least one of the scopes. A challenge asks for the first.
    #[napi(factory, catch_unwind, ts_args_type = "scopes: readonly string[]")]
    pub fn any_of(env: &Env, scopes: Vec<String>) -> Result<Self> {
        mcp_bearer::Requirement::any_of(scopes).or_throw(env).map(Self)
    }

    /// The claim is the value, or an array that holds it, such as `roles` and `admin`.
    #[napi(factory, catch_unwind)]
    #[must_use]
    pub fn claim_contains(claim: String, value: String) -> Self {
        Self(mcp_bearer::Requirement::claim_contains(claim, value))
    }

    /// The claim is a string and one of the values.
    #[napi(factory, catch_unwind, ts_args_type = "claim: string, values: readonly string[]")]
    pub fn claim_in(env: &Env, claim: String, values: Vec<String>) -> Result<Self> {
        mcp_bearer::Requirement::claim_in(claim, values).or_throw(env).map(Self)
    }

    /// The token was issued to one of these clients (`AccessToken.clientId`).
    #[napi(factory, catch_unwind, ts_args_type = "clients: readonly string[]")]
    pub fn client_in(env: &Env, clients: Vec<String>) -> Result<Self> {
        mcp_bearer::Requirement::client_in(clients).or_throw(env).map(Self)
    }

    /// This and the other together, as a new requirement.
    #[napi(catch_unwind)]
    #[must_use]
    pub fn and(&self, other: &Requirement) -> Requirement {
        Self(self.0.clone().and(other.0.clone()))
    }

    /// For the functions in `server.rs`.
    #[napi(skip_typescript, catch_unwind)]
    pub fn handle(&self) -> Own<Requirement> {
        Own(self.clone())
    }
}
