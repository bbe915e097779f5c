//! What there is to see of decisions, for `logging` and for a function of the user's.

use std::collections::BTreeMap;

use mcp_bearer as core;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyFrozenSet, PyTuple};

use crate::health::KeysHealth;

/// A check has been made.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct DecisionEvent {
    #[pyo3(get)]
    resource: String,
    #[pyo3(get)]
    check: &'static str,
    #[pyo3(get)]
    reason: Option<&'static str>,
    #[pyo3(get)]
    status: Option<u16>,
    #[pyo3(get)]
    issuer: Option<String>,
    #[pyo3(get)]
    subject: Option<String>,
    #[pyo3(get)]
    client_id: Option<String>,
    #[pyo3(get)]
    scopes: Option<Py<PyFrozenSet>>,
    #[pyo3(get)]
    operation: Option<String>,
    #[pyo3(get)]
    fingerprint: Option<String>,
    #[pyo3(get)]
    duration: f64,
    line: String,
}

impl DecisionEvent {
    fn new(py: Python<'_>, event: &core::DecisionEvent<'_>) -> PyResult<Self> {
        let scopes = event.scopes.map(|scopes| PyFrozenSet::new(py, scopes.iter()).map(Bound::unbind));
        Ok(Self {
            resource: event.resource.to_owned(),
            check: event.check.as_str(),
            reason: event.reason.map(core::Reason::as_str),
            status: event.status(),
            issuer: event.issuer.map(str::to_owned),
            subject: event.subject.map(str::to_owned),
            client_id: event.client_id.map(str::to_owned),
            scopes: scopes.transpose()?,
            operation: event.operation.map(|operation| operation.to_string()),
            fingerprint: event.fingerprint(),
            duration: event.duration.as_secs_f64(),
            line: event.to_string(),
        })
    }
}

#[pymethods]
impl DecisionEvent {
    #[getter]
    const fn allowed(&self) -> bool {
        self.reason.is_none()
    }

    fn __str__(&self) -> &str {
        &self.line
    }

    fn __repr__(&self) -> String {
        format!("DecisionEvent({})", self.line)
    }
}

/// Calls a function with each check.
pub(crate) fn callback(function: Py<PyAny>) -> impl Fn(&core::DecisionEvent<'_>) + Send + Sync {
    move |event| {
        Python::try_attach(|py| {
            if let Err(error) = DecisionEvent::new(py, event).and_then(|event| function.call1(py, (event,))) {
                error.write_unraisable(py, Some(function.bind(py)));
            }
        });
    }
}

/// Tells `logging` of refusals. To ask for every check whether somebody wants to read of it would cost
/// more than the check.
pub(crate) fn log(event: &core::DecisionEvent<'_>) {
    static WANTED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static REFUSAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let Some(status) = event.status() else { return };
    Python::try_attach(|py| {
        let log = || {
            if WANTED.import(py, "mcp_bearer._log", "wanted")?.call1((status,))?.is_truthy()? {
                let event = DecisionEvent::new(py, event)?;
                REFUSAL.import(py, "mcp_bearer._log", "refusal")?.call1((event,))?;
            }
            Ok::<_, PyErr>(())
        };
        if let Err(error) = log() {
            error.write_unraisable(py, None);
        }
    });
}

/// What a server has done since it was built.
#[pyclass(module = "mcp_bearer", frozen, get_all)]
pub(crate) struct Stats {
    authenticated: u64,
    denied: BTreeMap<&'static str, u64>,
    token_cache: Py<TokenCacheStats>,
    keys: Py<PyTuple>,
}

/// How the cache of verified tokens does.
#[pyclass(module = "mcp_bearer", frozen, get_all)]
pub(crate) struct TokenCacheStats {
    hits: u64,
    misses: u64,
    tokens: usize,
}

impl Stats {
    pub(crate) fn new(py: Python<'_>, stats: &core::observe::Stats) -> PyResult<Self> {
        let core::TokenCacheStats { hits, misses, tokens, .. } = stats.token_cache;
        Ok(Self {
            authenticated: stats.authenticated,
            denied: stats.denied.iter().map(|(reason, count)| (reason.as_str(), *count)).collect(),
            token_cache: Py::new(py, TokenCacheStats { hits, misses, tokens })?,
            keys: PyTuple::new(py, KeysHealth::all(py, &stats.keys)?)?.unbind(),
        })
    }
}

#[pymethods]
impl Stats {
    fn __repr__(&self) -> String {
        format!("Stats(authenticated={}, denied={:?})", self.authenticated, self.denied)
    }
}

#[pymethods]
impl TokenCacheStats {
    fn __repr__(&self) -> String {
        format!("TokenCacheStats(hits={}, misses={}, tokens={})", self.hits, self.misses, self.tokens)
    }
}
