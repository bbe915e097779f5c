//! The answers.

use mcp_bearer as core;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::access_token::AccessToken;
use crate::convert::headers;

/// Whether a request may go on. True exactly if it is allowed.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct Decision {
    #[pyo3(get)]
    token: Option<Py<AccessToken>>,
    #[pyo3(get)]
    response_headers: Vec<(String, String)>,
    #[pyo3(get)]
    denial: Option<Py<Denial>>,
}

/// A refusal, complete as an HTTP response.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct Denial {
    #[pyo3(get)]
    reason: &'static str,
    #[pyo3(get)]
    status: u16,
    #[pyo3(get)]
    headers: Vec<(String, String)>,
    #[pyo3(get)]
    body: Py<PyBytes>,
}

/// An answer that is not a refusal, such as metadata.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct Response {
    #[pyo3(get)]
    status: u16,
    #[pyo3(get)]
    headers: Vec<(String, String)>,
    #[pyo3(get)]
    body: Py<PyBytes>,
}

impl Decision {
    pub(crate) fn of_authentication(py: Python<'_>, authentication: core::Authentication) -> PyResult<Self> {
        match authentication {
            core::Authentication::Authenticated(token) => Self::let_in(py, Some(token), &Vec::new()),
            core::Authentication::Denied(denial) => Self::denied(py, denial),
            _ => Self::denied(py, core::Denial::internal()),
        }
    }

    pub(crate) fn new<T>(py: Python<'_>, decision: core::Decision<T>) -> PyResult<Self>
    where
        Option<core::AccessToken>: From<T>,
    {
        match decision {
            core::Decision::Allowed { token, response_headers } => {
                Self::let_in(py, token.into(), &response_headers)
            }
            core::Decision::Denied(denial) => Self::denied(py, denial),
            _ => Self::denied(py, core::Denial::internal()),
        }
    }

    fn let_in(py: Python<'_>, token: Option<core::AccessToken>, fields: &core::Headers) -> PyResult<Self> {
        let token = token.map(|token| Py::new(py, AccessToken::new(token))).transpose()?;
        Ok(Self { token, response_headers: headers(fields), denial: None })
    }

    fn denied(py: Python<'_>, denial: core::Denial) -> PyResult<Self> {
        let denial = Some(Py::new(py, Denial::new(py, denial))?);
        Ok(Self { token: None, response_headers: Vec::new(), denial })
    }
}

#[pymethods]
impl Decision {
    #[getter]
    fn allowed(&self) -> bool {
        self.denial.is_none()
    }

    /// An `if decision:` must not let a refusal through.
    fn __bool__(&self) -> bool {
        self.denial.is_none()
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        match &self.denial {
            None => "Decision(allowed=True)".to_owned(),
            Some(denial) => format!("Decision(allowed=False, reason={:?})", denial.borrow(py).reason),
        }
    }
}

impl Denial {
    pub(crate) fn new(py: Python<'_>, denial: core::Denial) -> Self {
        Self {
            reason: denial.reason.as_str(),
            status: denial.status,
            headers: headers(&denial.headers),
            body: PyBytes::new(py, &denial.body).unbind(),
        }
    }
}

#[pymethods]
impl Denial {
    #[staticmethod]
    fn internal(py: Python<'_>) -> Self {
        Self::new(py, core::Denial::internal())
    }

    fn __repr__(&self) -> String {
        format!("Denial(status={}, reason={:?})", self.status, self.reason)
    }
}

impl Response {
    pub(crate) fn new(py: Python<'_>, response: core::Response) -> Self {
        Self {
            status: response.status,
            headers: headers(&response.headers),
            body: PyBytes::new(py, &response.body).unbind(),
        }
    }
}

#[pymethods]
impl Response {
    fn __repr__(&self) -> String {
        format!("Response(status={})", self.status)
    }
}
