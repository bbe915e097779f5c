//! What `tracing` and the `metrics` facade are told.
#![cfg(all(feature = "metrics", feature = "testing", feature = "tracing"))]
#![allow(clippy::unwrap_used, missing_docs, reason = "a panic here is a failed test")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use mcp_bearer::observe::{metrics, tracing};
use mcp_bearer::testing::Issuer;
use mcp_bearer::{
    DecisionEvent, FetchError, Issuers, KeysEvent, KeysHealth, Request, Requirement, ResourceServer,
};

const ISSUER: &str = "https://as.example.com";
const RESOURCE: &str = "https://mcp.example.com";

/// One request that is allowed, one that is not, and one without a token.
///
/// Told to one observer alone: whether an event of `tracing` is of interest is remembered for the
/// whole process, and a test without a subscriber would say no for the one with it.
async fn three_requests(tell: impl Fn(&DecisionEvent<'_>) + Send + Sync + 'static) -> String {
    let issuer = Issuer::new(ISSUER);
    let server =
        ResourceServer::builder(RESOURCE).issuers(issuer.issuers()).on_decision(tell).build().unwrap();
    let token = issuer.token(RESOURCE).scope("todo:read").mint();
    let header = format!("Bearer {token}");
    let request = Request::new("GET", "/").authorization(header.as_bytes());
    for scope in ["todo:read", "todo:write"] {
        let _ = server.authorize(&request, &Requirement::scope(scope).unwrap()).await;
    }
    let _ = server.authenticate(&Request::new("GET", "/")).await;
    token
}

/// Keys that cannot be had.
async fn an_outage(
    tell: impl Fn(&DecisionEvent<'_>) + Send + Sync + 'static,
    tell_of_keys: impl Fn(KeysEvent, &KeysHealth) + Send + Sync + 'static,
) {
    let issuers = Issuers::builder()
        .issuer(ISSUER)
        .fetch(|_| std::future::ready(Err(FetchError::Connect)))
        // On this thread, where the recorder and the subscriber of the test are.
        .spawn(|fetch| drop(tokio::spawn(fetch)))
        .on_keys_event(tell_of_keys)
        .build()
        .unwrap();
    let server =
        ResourceServer::builder(RESOURCE).issuers(issuers.clone()).on_decision(tell).build().unwrap();
    let token = Issuer::new(ISSUER).token(RESOURCE).mint();
    let header = format!("Bearer {token}");
    let _ = server.authenticate(&Request::new("GET", "/").authorization(header.as_bytes())).await;
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn events_are_in_the_span_of_whoever_asks() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(::tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .without_time()
        .finish();
    let _guard = ::tracing::subscriber::set_default(subscriber);
    let span = ::tracing::info_span!("http", request_id = 7);
    let entered = span.enter();
    let token = three_requests(tracing::on_decision).await;
    an_outage(tracing::on_decision, tracing::on_keys_event).await;
    drop(entered);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(!log.contains(&token));
    let lines: Vec<_> = log.lines().collect();
    assert!(lines.iter().all(|line| line.contains("http{request_id=7}: mcp_bearer: ")), "{log}");
    for (line, level, says) in [
        (
            0,
            "DEBUG",
            r#"allowed check="token" issuer="https://as.example.com" subject="user-1" client_id="client-1" fingerprint="#,
        ),
        (1, "DEBUG", r#"allowed check="requirement""#),
        (
            3,
            "INFO",
            r#"denied check="requirement" reason="insufficient_scope" issuer="https://as.example.com""#,
        ),
        (4, "INFO", r#"denied check="token" reason="missing_token" duration_us="#),
        (
            5,
            "WARN",
            r#"keys could not be fetched issuer="https://as.example.com" status="none" keys=0 last_error="#,
        ),
        (6, "WARN", r#"denied check="token" reason="keys_unavailable" fingerprint="#),
    ] {
        assert!(lines[line].trim_start().starts_with(level), "{line}: {}", lines[line]);
        assert!(lines[line].contains(says), "{line}: {}", lines[line]);
    }
    assert_eq!(lines.len(), 7);
}

#[tokio::test]
async fn a_prometheus_exporter_has_it_all() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let exporter = recorder.handle();
    let _guard = ::metrics::set_default_local_recorder(&recorder);
    three_requests(metrics::on_decision).await;
    an_outage(metrics::on_decision, metrics::on_keys_event).await;
    let text = exporter.render();
    for line in [
        r#"mcp_bearer_decisions_total{check="token",reason="allowed",operation=""} 2"#,
        r#"mcp_bearer_decisions_total{check="token",reason="missing_token",operation=""} 1"#,
        r#"mcp_bearer_decisions_total{check="requirement",reason="allowed",operation=""} 1"#,
        r#"mcp_bearer_decisions_total{check="requirement",reason="insufficient_scope",operation=""} 1"#,
        r#"mcp_bearer_decision_duration_seconds_count{check="token"} 4"#,
        r#"mcp_bearer_decisions_total{check="token",reason="keys_unavailable",operation=""} 1"#,
        r#"mcp_bearer_keys_fetches_total{issuer="https://as.example.com",outcome="failed"} 1"#,
        r#"mcp_bearer_keys{issuer="https://as.example.com"} 0"#,
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line} is not in\n{text}");
    }
}
