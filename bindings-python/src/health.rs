//! What there is to see of the issuers' keys.

use mcp_bearer as core;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

/// The keys of one issuer as they are now.
#[pyclass(module = "mcp_bearer", frozen, get_all)]
pub(crate) struct KeysHealth {
    issuer: String,
    status: &'static str,
    age: Option<f64>,
    last_error: Option<String>,
    fetching: bool,
    next_attempt: Option<f64>,
    keys: Py<PyTuple>,
    exposes_secrets: bool,
}

/// One usable key.
#[pyclass(module = "mcp_bearer", frozen, get_all)]
pub(crate) struct KeyHealth {
    kid: Option<String>,
    algorithms: Vec<&'static str>,
}

impl KeysHealth {
    pub(crate) fn new(py: Python<'_>, health: &core::KeysHealth) -> PyResult<Self> {
        let keys: Vec<_> =
            health.keys.iter().map(KeyHealth::new).map(|key| Py::new(py, key)).collect::<PyResult<_>>()?;
        Ok(Self {
            issuer: health.issuer.clone(),
            status: health.status.as_str(),
            age: health.age.map(|age| age.as_secs_f64()),
            last_error: health.last_error.clone(),
            fetching: health.fetching,
            next_attempt: health.next_attempt.map(|at| at.as_secs_f64()),
            keys: PyTuple::new(py, keys)?.unbind(),
            exposes_secrets: health.exposes_secrets,
        })
    }

    pub(crate) fn all(py: Python<'_>, all: &[core::KeysHealth]) -> PyResult<Vec<Self>> {
        all.iter().map(|health| Self::new(py, health)).collect()
    }
}

impl KeyHealth {
    fn new(key: &core::KeyHealth) -> Self {
        Self {
            kid: key.kid.clone(),
            algorithms: key.algorithms.iter().map(|algorithm| algorithm.as_str()).collect(),
        }
    }
}

#[pymethods]
impl KeysHealth {
    fn __repr__(&self) -> String {
        let error =
            self.last_error.as_deref().map_or(String::new(), |error| format!(", last_error={error:?}"));
        format!("KeysHealth(issuer={:?}, status={:?}{error})", self.issuer, self.status)
    }
}

#[pymethods]
impl KeyHealth {
    fn __repr__(&self) -> String {
        let kid = self.kid.as_ref().map_or("None".to_owned(), |kid| format!("{kid:?}"));
        format!("KeyHealth(kid={kid}, algorithms={:?})", self.algorithms)
    }
}

/// Tells `logging` of each attempt to fetch keys.
pub(crate) fn logged(builder: core::IssuersBuilder) -> core::IssuersBuilder {
    builder.on_keys_event(|event, health| tell(None, event, health))
}

/// What tells `logging` and a function of each attempt, on whatever thread that ran on.
pub(crate) fn observer(function: Py<PyAny>) -> impl Fn(core::KeysEvent, &core::KeysHealth) + Send + Sync {
    move |event, health| tell(Some(&function), event, health)
}

fn tell(function: Option<&Py<PyAny>>, event: core::KeysEvent, health: &core::KeysHealth) {
    static LOG: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    Python::try_attach(|py| {
        let log = LOG.import(py, "mcp_bearer._log", "keys").map(Bound::as_unbound);
        for function in function.into_iter().map(Ok).chain([log]) {
            let call =
                |function: &Py<PyAny>| function.call1(py, (event.as_str(), KeysHealth::new(py, health)?));
            if let Err(error) = function.and_then(call) {
                error.write_unraisable(py, None);
            }
        }
    });
}
