//! The answers.

use mcp_bearer as core;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::access_token::AccessToken;
use crate::convert::headers;

/// Who is calling. True exactly if that is known.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct Authentication {
    #[pyo3(get)]
    token: Option<Py<AccessToken>>,
    #[pyo3(get)]
    response_headers: Vec<(String, String)>,
    #[pyo3(get)]
    denial: Option<Py<Denial>>,
}

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

impl Authentication {
    pub(crate) fn new(py: Python<'_>, authentication: core::Authentication) -> PyResult<Self> {
        let denied = |denial| {
            let denial = Some(Py::new(py, Denial::new(py, denial))?);
            Ok(Self { token: None, response_headers: Vec::new(), denial })
        };
        match authentication {
            core::Authentication::Authenticated { token, response_headers, .. } => {
                let token = Some(Py::new(py, AccessToken::new(token))?);
                Ok(Self { token, response_headers: headers(&response_headers), denial: None })
            }
            core::Authentication::Denied(denial) => denied(denial),
            _ => denied(core::Denial::internal()),
        }
    }
}

#[pymethods]
impl Authentication {
    #[getter]
    fn authenticated(&self) -> bool {
        self.denial.is_none()
    }

    /// An `if authentication:` must not let a refusal through.
    fn __bool__(&self) -> bool {
        self.denial.is_none()
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        match &self.denial {
            None => "Authentication(authenticated=True)".to_owned(),
            Some(denial) => {
                format!("Authentication(authenticated=False, reason={:?})", denial.borrow(py).reason)
            }
        }
    }
}

impl Decision {
    pub(crate) fn new<T>(py: Python<'_>, decision: core::Decision<T>) -> PyResult<Self>
    where
        Option<core::AccessToken>: From<T>,
    {
        let denied = |denial| {
            let denial = Some(Py::new(py, Denial::new(py, denial))?);
            Ok(Self { token: None, response_headers: Vec::new(), denial })
        };
        match decision {
            core::Decision::Allowed { token, response_headers, .. } => {
                let token = Option::from(token).map(|token| Py::new(py, AccessToken::new(token)));
                let response_headers = headers(&response_headers);
                Ok(Self { token: token.transpose()?, response_headers, denial: None })
            }
            core::Decision::Denied(denial) => denied(denial),
            _ => denied(core::Denial::internal()),
        }
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
