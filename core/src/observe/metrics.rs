//! Counts decisions and fetches of keys in the recorder of the [`metrics`](mod@::metrics) facade, which
//! Prometheus and OpenTelemetry exporters implement.
//!
//! | name | kind | labels |
//! |---|---|---|
//! | `mcp_bearer_decisions_total` | counter | `check`; `reason`, which is `allowed` for what may go on; `operation`, empty where there is none |
//! | `mcp_bearer_decision_duration_seconds` | histogram | `check` |
//! | `mcp_bearer_keys_fetches_total` | counter | `issuer`; `outcome`: `fetched` or `failed` |
//! | `mcp_bearer_keys` | gauge | `issuer`: how many usable keys are in memory |
//!
//! Their values are those of the configuration and of the specifications: nothing that a client sends
//! makes a new one.
//!
//! ```
//! use mcp_bearer::ResourceServer;
//! use mcp_bearer::observe::metrics;
//!
//! let server = ResourceServer::builder("https://mcp.example.com/mcp")
//!     .issuer("https://as.example.com")
//!     .on_decision(metrics::on_decision)
//!     .keys(|keys| keys.on_keys_event(metrics::on_keys_event))
//!     .build()?;
//! # Ok::<(), mcp_bearer::ConfigError>(())
//! ```

use ::metrics::{counter, gauge, histogram};

use super::DecisionEvent;
use crate::jwks::{KeysEvent, KeysHealth};

/// Counts a check and the time that it took.
pub fn on_decision(event: &DecisionEvent<'_>) {
    let check = event.check.as_str();
    let reason = event.reason.map_or("allowed", crate::Reason::as_str);
    let operation = event.operation.map(|operation| operation.to_string()).unwrap_or_default();
    counter!("mcp_bearer_decisions_total", "check" => check, "reason" => reason, "operation" => operation)
        .increment(1);
    histogram!("mcp_bearer_decision_duration_seconds", "check" => check).record(event.duration);
}

/// Counts an attempt to fetch keys.
pub fn on_keys_event(event: KeysEvent, health: &KeysHealth) {
    let issuer = health.issuer.clone();
    counter!("mcp_bearer_keys_fetches_total", "issuer" => issuer.clone(), "outcome" => event.as_str())
        .increment(1);
    let keys = u32::try_from(health.keys.len()).unwrap_or(u32::MAX);
    gauge!("mcp_bearer_keys", "issuer" => issuer).set(keys);
}
