//! The answers.

use mcp_bearer as core;
use pyo3::prelude::*;

use crate::access_token::AccessToken;
use crate::fields::{Texts, texts};

/// Who is calling. True exactly if that is known.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct Authentication {
    #[pyo3(get)]
    token: Option<Py<AccessToken>>,
    response_headers: core::Headers,
    #[pyo3(get)]
    denial: Option<Py<Denial>>,
}

/// Whether a request may go on. True exactly if it is allowed.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct Decision {
    #[pyo3(get)]
    token: Option<Py<AccessToken>>,
    response_headers: core::Headers,
    #[pyo3(get)]
    denial: Option<Py<Denial>>,
}

/// A refusal, complete as an HTTP response.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct Denial(pub(crate) core::Denial);

/// An answer that is not a refusal, such as metadata.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct Response(pub(crate) core::Response);

impl Authentication {
    pub(crate) fn new(py: Python<'_>, authentication: core::Authentication) -> PyResult<Self> {
        let denied = |denial| {
            let denial = Some(Py::new(py, Denial(denial))?);
            Ok(Self { token: None, response_headers: Vec::new(), denial })
        };
        match authentication {
            core::Authentication::Authenticated { token, response_headers, .. } => {
                let token = Some(Py::new(py, AccessToken::new(token))?);
                Ok(Self { token, response_headers, denial: None })
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

    #[getter]
    fn response_headers(&self) -> Texts<'_> {
        texts(&self.response_headers)
    }

    /// An `if authentication:` must not let a refusal through.
    fn __bool__(&self) -> bool {
        self.denial.is_none()
    }

    fn __repr__(&self) -> String {
        match &self.denial {
            None => "Authentication(authenticated=True)".to_owned(),
            Some(denial) => {
                format!("Authentication(authenticated=False, reason={:?})", denial.get().0.reason.as_str())
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
            let denial = Some(Py::new(py, Denial(denial))?);
            Ok(Self { token: None, response_headers: Vec::new(), denial })
        };
        match decision {
            core::Decision::Allowed { token, response_headers, .. } => {
                let token = Option::from(token).map(|token| Py::new(py, AccessToken::new(token)));
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

    #[getter]
    fn response_headers(&self) -> Texts<'_> {
        texts(&self.response_headers)
    }

    /// An `if decision:` must not let a refusal through.
    fn __bool__(&self) -> bool {
        self.denial.is_none()
    }

    fn __repr__(&self) -> String {
        match &self.denial {
            None => "Decision(allowed=True)".to_owned(),
            Some(denial) => format!("Decision(allowed=False, reason={:?})", denial.get().0.reason.as_str()),
        }
    }
}

#[pymethods]
impl Denial {
    #[staticmethod]
    fn internal() -> Self {
        Self(core::Denial::internal())
    }

    #[getter]
    fn reason(&self) -> &'static str {
        self.0.reason.as_str()
    }

    #[getter]
    fn status(&self) -> u16 {
        self.0.status
    }

    #[getter]
    fn headers(&self) -> Texts<'_> {
        texts(&self.0.headers)
    }

    #[getter]
    fn body(&self) -> &[u8] {
        &self.0.body
    }

    fn __repr__(&self) -> String {
        format!("Denial(status={}, reason={:?})", self.0.status, self.0.reason.as_str())
    }
}

#[pymethods]
impl Response {
    #[getter]
    fn status(&self) -> u16 {
        self.0.status
    }

    #[getter]
    fn headers(&self) -> Texts<'_> {
        texts(&self.0.headers)
    }

    #[getter]
    fn body(&self) -> &[u8] {
        &self.0.body
    }

    fn __repr__(&self) -> String {
        format!("Response(status={})", self.0.status)
    }
}
