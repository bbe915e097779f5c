//! The verified token.

use std::time::Duration;

use mcp_bearer as core;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyFrozenSet;

use crate::convert::from_json;

/// A token that has passed every check.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct AccessToken {
    token: core::AccessToken,
    scopes: PyOnceLock<Py<PyFrozenSet>>,
    claims: PyOnceLock<Py<PyAny>>,
}

impl AccessToken {
    pub(crate) fn new(token: core::AccessToken) -> Self {
        Self { token, scopes: PyOnceLock::new(), claims: PyOnceLock::new() }
    }

    pub(crate) fn to_core(&self) -> core::AccessToken {
        self.token.clone()
    }
}

#[pymethods]
impl AccessToken {
    #[getter]
    fn issuer(&self) -> &str {
        self.token.issuer()
    }

    #[getter]
    fn subject(&self) -> Option<&str> {
        self.token.subject()
    }

    #[getter]
    fn client_id(&self) -> Option<&str> {
        self.token.client_id()
    }

    #[getter]
    fn principal(&self) -> Option<(String, &'static str, String)> {
        let principal = self.token.principal()?;
        Some((principal.issuer().to_owned(), principal.claim(), principal.value().to_owned()))
    }

    #[getter]
    fn audiences(&self) -> Vec<&str> {
        self.token.audiences().collect()
    }

    #[getter]
    fn scopes(&self, py: Python<'_>) -> PyResult<Py<PyFrozenSet>> {
        let make = || PyFrozenSet::new(py, self.token.scopes().iter()).map(Bound::unbind);
        self.scopes.get_or_try_init(py, make).map(|scopes| scopes.clone_ref(py))
    }

    #[getter]
    fn expires_at(&self) -> Option<f64> {
        self.token.expires_at().as_ref().map(Duration::as_secs_f64)
    }

    #[getter]
    fn issued_at(&self) -> Option<f64> {
        self.token.issued_at().as_ref().map(Duration::as_secs_f64)
    }

    #[getter]
    fn jti(&self) -> Option<&str> {
        self.token.jti()
    }

    #[getter]
    fn auth_time(&self) -> Option<f64> {
        self.token.auth_time().as_ref().map(Duration::as_secs_f64)
    }

    #[getter]
    fn acr(&self) -> Option<&str> {
        self.token.acr()
    }

    #[getter]
    fn amr(&self) -> Vec<&str> {
        self.token.amr().collect()
    }

    #[getter]
    fn confirmation(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.token.confirmation().map(|cnf| from_json(py, &cnf.to_string())).transpose()
    }

    #[getter]
    fn claims(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let make = || from_json(py, self.token.claims_json());
        self.claims.get_or_try_init(py, make).map(|claims| claims.clone_ref(py))
    }

    #[getter]
    fn fingerprint(&self) -> String {
        self.token.fingerprint()
    }

    #[getter]
    fn secret(&self) -> &str {
        self.token.secret()
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.token)
    }
}
