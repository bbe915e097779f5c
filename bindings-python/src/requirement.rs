//! What an operation needs.

use mcp_bearer as core;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::convert::config_error;

/// What an operation needs of a token.
#[pyclass(module = "mcp_bearer", frozen, eq)]
#[derive(Clone, PartialEq)]
pub(crate) struct Requirement(pub(crate) core::Requirement);

#[pymethods]
impl Requirement {
    #[staticmethod]
    fn none() -> Self {
        Self(core::Requirement::none())
    }

    #[staticmethod]
    #[pyo3(signature = (scope, /))]
    fn scope(py: Python<'_>, scope: &str) -> PyResult<Self> {
        checked(py, core::Requirement::scope(scope))
    }

    #[staticmethod]
    #[pyo3(signature = (*scopes))]
    fn all_of(py: Python<'_>, scopes: Vec<String>) -> PyResult<Self> {
        checked(py, core::Requirement::all_of(scopes))
    }

    #[staticmethod]
    #[pyo3(signature = (*scopes))]
    fn any_of(py: Python<'_>, scopes: Vec<String>) -> PyResult<Self> {
        checked(py, core::Requirement::any_of(scopes))
    }

    #[staticmethod]
    #[pyo3(signature = (claim, value, /))]
    fn claim_contains(claim: String, value: String) -> Self {
        Self(core::Requirement::claim_contains(claim, value))
    }

    #[staticmethod]
    #[pyo3(signature = (claim, /, *values))]
    fn claim_in(py: Python<'_>, claim: String, values: Vec<String>) -> PyResult<Self> {
        checked(py, core::Requirement::claim_in(claim, values))
    }

    #[staticmethod]
    #[pyo3(signature = (*client_ids))]
    fn client_in(py: Python<'_>, client_ids: Vec<String>) -> PyResult<Self> {
        checked(py, core::Requirement::client_in(client_ids))
    }

    #[pyo3(signature = (other, /))]
    fn and_(&self, other: &Self) -> Self {
        Self(self.0.clone().and(other.0.clone()))
    }

    fn __and__(&self, other: &Self) -> Self {
        self.and_(other)
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.0)
    }
}

/// A requirement in one of its short forms: itself, one scope, or scopes that are all needed.
pub(crate) fn requirement(need: &Bound<'_, PyAny>) -> PyResult<core::Requirement> {
    let py = need.py();
    if let Ok(requirement) = need.cast::<Requirement>() {
        return Ok(requirement.get().0.clone());
    }
    let made = match need.cast::<PyString>() {
        Ok(scope) => core::Requirement::scope(scope.to_str()?),
        Err(_) => core::Requirement::all_of(need.extract::<Vec<String>>()?),
    };
    made.map_err(|error| config_error(py, &error))
}

fn checked(py: Python<'_>, made: Result<core::Requirement, core::ConfigError>) -> PyResult<Requirement> {
    made.map(Requirement).map_err(|error| config_error(py, &error))
}
