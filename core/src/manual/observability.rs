//! Observability: what there is to see of decisions and of keys.
//!
//! Each check is told once, before the answer, in the context of whoever asked. A refused request has one
//! refusal, the last of its checks. A token is never told, nor anything of it that is not verified.
//!
//! | | Rust | Python | Node |
//! |---|---|---|---|
//! | a function | [`on_decision`](crate::Builder::on_decision) | `on_decision` | `onDecision` |
//! | without a line of code | | the logger `mcp_bearer`: refusals, and failed fetches | the channel `mcp-bearer:decision` of `node:diagnostics_channel` |
//! | exporters | [`observe::tracing`](crate::observe), [`observe::metrics`](crate::observe); OpenTelemetry [below](#opentelemetry-in-rust) | `prometheus_client`, `opentelemetry`: README | `prom-client`, `@opentelemetry/api`: README |
//! | a snapshot | [`stats`](crate::ResourceServer::stats) | `stats` | `stats` |
//! | keys | [`keys_health`](crate::ResourceServer::keys_health), [`on_keys_event`](crate::IssuersBuilder::on_keys_event) | `keys_health`, `on_keys_event` | `keysHealth`, `onKeysEvent` |
//!
//! # A decision
//!
//! | what | Rust | Python | Node |
//! |---|---|---|---|
//! | the resource, as configured | `resource` | `resource` | `resource` |
//! | `token`: who is calling; `requirement`, `operation`: may they | `check` | `check` | `check` |
//! | whether the request may go on | `allowed` | `allowed` | `allowed` |
//! | why not: see [`answers`](super::answers) | `reason` | `reason` | `reason` |
//! | the status of a refusal | `status` | `status` | `status` |
//! | `iss`, `sub` of a verified token | `issuer`, `subject` | `issuer`, `subject` | `issuer`, `subject` |
//! | its client and scopes | `client_id`, `scopes` | `client_id`, `scopes` | `clientId`, `scopes` |
//! | what a policy has judged, such as `tools/call list_todos` | `operation` | `operation` | `operation` |
//! | what stands for the token | `fingerprint` | `fingerprint` | `fingerprint` |
//! | the time that it took | `duration` | `duration`, seconds | `durationMs` |
//!
//! As text it is one line, with everything that comes from a token quoted:
//!
//! ```text
//! denied reason=insufficient_scope check=operation operation="tools/call delete_todo" issuer="https://auth.example.com" subject="alice" client_id="app" fingerprint=5994471abb01112a duration_us=3
//! ```
//!
//! # To find a request
//!
//! The fingerprint is the first 64 bits of the token's SHA-256. A client that complains computes it without
//! sending its token to anybody:
//!
//! ```sh
//! printf %s "$TOKEN" | sha256sum | cut -c1-16
//! ```
//!
//! Refused requests have it, too. Since an event comes in the context of the request, what a framework knows
//! of the request, such as its id or its span, stands beside it.
//!
//! # OpenTelemetry in Rust
//!
//! `tracing-opentelemetry` makes each decision an event in the span of its request, whoever has opened that:
//!
//! ```
//! # #[cfg(all(feature = "testing", feature = "tracing"))]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use mcp_bearer::{Request, ResourceServer, testing::Issuer};
//! # let exporter = opentelemetry_sdk::trace::InMemorySpanExporter::default();
//! # let exported = exporter.clone();
//! # let builder = ResourceServer::builder("https://mcp.example.com").issuers(Issuer::new("https://as.example.com").issuers());
//! use mcp_bearer::observe;
//! use opentelemetry::trace::TracerProvider;
//! use opentelemetry_sdk::trace::SdkTracerProvider;
//! use tracing_subscriber::prelude::*;
//!
//! // `exporter` is that of opentelemetry-otlp, for example, and `with_batch_exporter` takes it as well.
//! let provider = SdkTracerProvider::builder().with_simple_exporter(exporter).build();
//! let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("todo"));
//! tracing_subscriber::registry().with(layer).init();
//! let server = builder.on_decision(observe::tracing::on_decision).build()?;
//! # tracing::info_span!("request").in_scope(|| server.try_authenticate(&Request::new("GET", "/")).is_ready());
//! # let spans = exported.get_finished_spans()?;
//! # let told: Vec<_> = spans[0].events.iter().flat_map(|event| &event.attributes).map(|told| (told.key.as_str(), told.value.to_string())).collect();
//! # assert_eq!((&*spans[0].name, &*spans[0].events[0].name), ("request", "denied"));
//! # assert!(told.contains(&("reason", "missing_token".to_owned())), "{told:?}");
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "testing", feature = "tracing")))]
//! # fn main() {}
//! ```
//!
//! What [`observe::metrics`](crate::observe) counts goes wherever the recorder of the `metrics` facade takes it;
//! the first page of this crate has the one for Prometheus.
//!
//! # What to watch
//!
//! - `keys_unavailable`, or a [`last_error`](crate::KeysHealth::last_error) that stays: the issuer is not to
//!   be reached. Good tokens pass until the [stale window](super::keys#defaults) ends.
//! - `wrong_audience` or `unknown_issuer` right after a change: a setting is wrong, here or at the issuer.
//! - `operation_not_allowed` for a tool that there is: the policy was not told of it.
//! - `key_not_found` in numbers: a rotation without notice, or somebody who tries.
//! - `missing_token` is no alarm: every client begins like this.
//!
//! Labels of metrics have few values: reasons, checks, operations of the policy and of the MCP specification.
//! Do not add subjects, clients or fingerprints.
