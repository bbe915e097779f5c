//! Tells [`tracing`] of decisions and of keys.
//!
//! ```
//! use mcp_bearer::ResourceServer;
//! use mcp_bearer::observe::tracing;
//!
//! let server = ResourceServer::builder("https://mcp.example.com/mcp")
//!     .issuer("https://as.example.com")
//!     .on_decision(tracing::on_decision)
//!     .keys(|keys| keys.on_keys_event(tracing::on_keys_event))
//!     .build()?;
//! # Ok::<(), mcp_bearer::ConfigError>(())
//! ```
//!
//! The events are in the span of whoever asks, so that what a framework's own layer says of the
//! request, such as its id, stands beside them. Their target is `mcp_bearer`.

use super::DecisionEvent;
use crate::jwks::{KeysEvent, KeysHealth};

/// An event for each check: at `DEBUG` if it allows, at `INFO` if it refuses, at `WARN` if that is this
/// side's fault, such as keys that cannot be had.
pub fn on_decision(event: &DecisionEvent<'_>) {
    macro_rules! say {
        ($level:ident, $message:literal) => {
            tracing::event!(
                target: "mcp_bearer",
                tracing::Level::$level,
                check = event.check.as_str(),
                reason = event.reason.map(crate::Reason::as_str),
                issuer = event.issuer,
                subject = event.subject,
                client_id = event.client_id,
                operation = event.operation.map(tracing::field::display),
                fingerprint = event.fingerprint(),
                duration_us = event.duration.as_secs_f64() * 1e6,
                $message
            )
        };
    }
    match event.status() {
        None => say!(DEBUG, "allowed"),
        Some(500..) => say!(WARN, "denied"),
        Some(_) => say!(INFO, "denied"),
    }
}

/// An event for each attempt to fetch keys: at `DEBUG` if it succeeded, at `WARN` if it failed, or if
/// the issuer publishes what it should keep for itself.
pub fn on_keys_event(event: KeysEvent, health: &KeysHealth) {
    macro_rules! say {
        ($level:ident, $message:literal) => {
            tracing::event!(
                target: "mcp_bearer",
                tracing::Level::$level,
                issuer = health.issuer,
                status = health.status.as_str(),
                keys = health.keys.len(),
                last_error = health.last_error,
                exposes_secrets = health.exposes_secrets,
                $message
            )
        };
    }
    match event {
        KeysEvent::Failed => say!(WARN, "keys could not be fetched"),
        KeysEvent::Fetched if health.exposes_secrets => say!(WARN, "keys fetched"),
        KeysEvent::Fetched => say!(DEBUG, "keys fetched"),
    }
}
