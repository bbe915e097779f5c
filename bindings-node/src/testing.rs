//! The issuer for tests: what its classes in `testing.js` ask for.

use std::time::Duration;

use mcp_bearer::{Algorithm, Clock, ConfigError, testing};
use napi::bindgen_prelude::{External, Unknown};
use napi::{Env, Error, Result, Status, ValueType};
use napi_derive::napi;

use crate::clock;
use crate::config_error::{OrThrow, config_error};
use crate::issuers::Issuers;
use crate::json;
use crate::options::{Options, entries};

/// An issuer, and the clock that it and its servers live by. JavaScript has a handle of it, no more.
pub struct TestIssuer {
    issuer: testing::Issuer,
    clock: testing::ManualClock,
}

#[napi(namespace = "testing", skip_typescript, catch_unwind)]
pub fn issuer(env: &Env, identifier: String, options: Option<Unknown<'_>>) -> Result<External<TestIssuer>> {
    let options = Options::new(env, "Issuer", options)?;
    let algorithm = match options.string("algorithm")? {
        Some(name) => {
            name.parse().map_err(|error: ConfigError| config_error(env, "algorithm", &error.message))?
        }
        None => Algorithm::Ed25519,
    };
    options.finish()?;
    let clock = testing::ManualClock::default();
    let issuer = testing::Issuer::with_algorithm(identifier, algorithm).clock(clock.clone());
    let issuer = TestIssuer { issuer, clock };
    trusted(env, &issuer)?;
    Ok(External::new(issuer))
}

#[napi(namespace = "testing", skip_typescript, catch_unwind)]
pub fn identifier(issuer: &External<TestIssuer>) -> &str {
    issuer.issuer.identifier()
}

#[napi(namespace = "testing", skip_typescript, catch_unwind)]
pub fn jwks<'env>(env: &'env Env, issuer: &External<TestIssuer>) -> Result<Unknown<'env>> {
    json::parse(env, &issuer.issuer.jwks().to_string())
}

#[napi(namespace = "testing", skip_typescript, catch_unwind)]
pub fn rotate(issuer: &mut External<TestIssuer>) {
    issuer.issuer.rotate();
}

#[napi(namespace = "testing", skip_typescript, catch_unwind)]
pub fn issuers(env: &Env, issuer: &External<TestIssuer>) -> Result<Issuers> {
    trusted(env, issuer)
}

#[napi(namespace = "testing", skip_typescript, catch_unwind)]
pub fn token(env: &Env, issuer: &External<TestIssuer>, options: Option<Unknown<'_>>) -> Result<String> {
    prepared(env, issuer, options).map(|token| token.mint())
}

#[napi(namespace = "testing", skip_typescript, catch_unwind)]
pub fn authorization(
    env: &Env,
    issuer: &External<TestIssuer>,
    options: Option<Unknown<'_>>,
) -> Result<String> {
    prepared(env, issuer, options).map(|token| token.authorization())
}

#[napi(namespace = "testing", skip_typescript, catch_unwind)]
pub fn now(issuer: &External<TestIssuer>) -> f64 {
    issuer.clock.now().as_micros() as f64 / 1000.0
}

#[napi(namespace = "testing", skip_typescript, catch_unwind)]
pub fn set_now(issuer: &External<TestIssuer>, now: f64) -> Result<()> {
    issuer.clock.set(milliseconds(now)?);
    Ok(())
}

#[napi(namespace = "testing", skip_typescript, catch_unwind)]
pub fn advance(issuer: &External<TestIssuer>, by: f64) -> Result<()> {
    issuer.clock.advance(milliseconds(by)?);
    Ok(())
}

fn trusted(env: &Env, issuer: &TestIssuer) -> Result<Issuers> {
    let builder = mcp_bearer::Issuers::builder().issuer(&issuer.issuer).clock(issuer.clock.clone());
    Ok(Issuers { issuers: builder.build().or_throw(env)?, clock: clock::Clock::system() })
}

/// A token with these members; `undefined` leaves one out.
fn prepared(env: &Env, issuer: &TestIssuer, options: Option<Unknown<'_>>) -> Result<testing::Token> {
    let options = Options::new(env, "a token", options)?;
    let Some(audience) = options.string("audience")? else {
        return Err(config_error(env, "audience", "is missing; it is the resource"));
    };
    let mut token = issuer.issuer.token(audience);
    if let Some(scope) = options.string("scope")? {
        token = token.scope(scope);
    }
    if let Some(claims) = options.raw("claims")? {
        for (name, value) in entries(env, "claims", claims)? {
            token = match value.get_type()? {
                ValueType::Undefined => token.without(&name),
                _ => token.claim(name, json::value(env, value)?),
            };
        }
    }
    if let Some(header) = options.raw("header")? {
        for (name, value) in entries(env, "header", header)? {
            token = match value.get_type()? {
                ValueType::Undefined => token.without_header(&name),
                _ => token.header(name, json::value(env, value)?),
            };
        }
    }
    options.finish()?;
    Ok(token)
}

/// In whole microseconds, so that what is set is what is read.
fn milliseconds(milliseconds: f64) -> Result<Duration> {
    if milliseconds.is_finite() && milliseconds >= 0.0 {
        return Ok(Duration::from_micros((milliseconds * 1000.0).round() as u64));
    }
    Err(Error::new(Status::InvalidArg, "time must be a number of milliseconds that is not negative"))
}
