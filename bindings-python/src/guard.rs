//! The core's guards, for the adapters.

use mcp_bearer as core;
use mcp_bearer::operation::OperationRequest;
use pyo3::prelude::*;

use crate::access_token::AccessToken;
use crate::convert::config_error;
use crate::decision::{Decision, Denial, Response};
use crate::fields::{self, Texts, texts};
use crate::operation::OperationPolicy;
use crate::pending::{Answer, coroutine, ready};
use crate::request::Request;
use crate::server::ResourceServer;

/// What stands in front of a whole application.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct Guard {
    guard: core::Guard,
    #[pyo3(get)]
    server: Py<ResourceServer>,
}

/// What stands in front of the handler of an MCP endpoint and judges each operation.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct OperationGuard(core::OperationGuard);

/// How a request goes on.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct Entry {
    #[pyo3(get)]
    kind: &'static str,
    #[pyo3(get)]
    token: Option<Py<AccessToken>>,
    response_headers: core::Headers,
    #[pyo3(get)]
    response: Option<Py<Response>>,
    #[pyo3(get)]
    denial: Option<Py<Denial>>,
}

impl Entry {
    pub(crate) fn new(py: Python<'_>, entry: core::Entry) -> PyResult<Self> {
        let of =
            |kind| Self { kind, token: None, response_headers: Vec::new(), response: None, denial: None };
        let denied = |denial| Ok(Self { denial: Some(Py::new(py, Denial(denial))?), ..of("denied") });
        match entry {
            core::Entry::Authenticated { token, response_headers, .. } => Ok(Self {
                token: Some(Py::new(py, AccessToken::new(token))?),
                response_headers,
                ..of("authenticated")
            }),
            core::Entry::Public => Ok(of("public")),
            core::Entry::Anonymous => Ok(of("anonymous")),
            core::Entry::Answer(response) => {
                Ok(Self { response: Some(Py::new(py, Response(response))?), ..of("answer") })
            }
            core::Entry::Denied(denial) => denied(denial),
            _ => denied(core::Denial::internal()),
        }
    }
}

#[pymethods]
impl Entry {
    #[getter]
    fn response_headers(&self) -> Texts<'_> {
        texts(&self.response_headers)
    }

    fn __repr__(&self) -> String {
        format!("Entry(kind={:?})", self.kind)
    }
}

#[pymethods]
impl Guard {
    #[new]
    #[pyo3(
        signature = (server, *, public_routes=Vec::new()),
        text_signature = "(server, *, public_routes=())"
    )]
    fn new(py: Python<'_>, server: Py<ResourceServer>, public_routes: Vec<String>) -> PyResult<Self> {
        let guard = core::Guard::new(server.get().0.clone())
            .public_routes(public_routes)
            .map_err(|error| config_error(py, &error))?;
        Ok(Self { guard, server })
    }

    #[pyo3(signature = (request, /))]
    fn try_enter(&self, py: Python<'_>, request: &Request) -> PyResult<Option<Py<PyAny>>> {
        let poll = request.ask(py, self.guard.server(), |request| self.guard.try_enter(request));
        ready(py, poll.map(Answer::Entry))
    }

    #[pyo3(signature = (request, /))]
    fn enter<'py>(&self, py: Python<'py>, request: Py<Request>) -> PyResult<Bound<'py, PyAny>> {
        let answer = self.try_enter(py, request.get())?;
        let guard = self.guard.clone();
        coroutine(py, answer, async move { Answer::Entry(guard.enter(&request.get().to_core()).await) })
    }
}

#[pymethods]
impl OperationGuard {
    #[new]
    #[pyo3(signature = (server, policy, /))]
    fn new(server: &ResourceServer, policy: &OperationPolicy) -> Self {
        Self(core::OperationGuard::new(server.0.clone(), policy.0.clone()))
    }

    #[pyo3(signature = (request, /))]
    fn try_enter(&self, py: Python<'_>, request: &Request) -> PyResult<Option<Py<PyAny>>> {
        let poll = request.ask(py, self.0.server(), |request| self.0.try_enter(request));
        ready(py, poll.map(Answer::Entry))
    }

    #[pyo3(signature = (request, /))]
    fn enter<'py>(&self, py: Python<'py>, request: Py<Request>) -> PyResult<Bound<'py, PyAny>> {
        let answer = self.try_enter(py, request.get())?;
        let guard = self.0.clone();
        coroutine(py, answer, async move { Answer::Entry(guard.enter(&request.get().to_core()).await) })
    }

    #[pyo3(signature = (token, /, *, method, headers, body, parsed=false))]
    fn permit(
        &self,
        py: Python<'_>,
        token: Option<&Bound<'_, AccessToken>>,
        method: &str,
        headers: &Bound<'_, PyAny>,
        body: &[u8],
        parsed: bool,
    ) -> PyResult<Decision> {
        let fields = fields::named(headers, OperationRequest::FIELDS)?;
        let request = OperationRequest::new(method, fields::borrow(&fields), body);
        let request = if parsed { request.parsed() } else { request };
        let token = token.map(|token| token.get().to_core());
        Decision::new(py, self.0.permit(token, &request))
    }
}
