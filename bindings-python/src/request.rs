//! The parts of a request that decide.

use mcp_bearer as core;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyDict, PyString};

use crate::fields::{self, Field};

/// The parts of an HTTP request that an authorization decision can depend on.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct Request {
    #[pyo3(get)]
    method: PyBackedStr,
    #[pyo3(get)]
    target: String,
    fields: Vec<Field<&'static str>>,
    client_certificate: Option<Vec<u8>>,
}

impl Request {
    pub(crate) fn to_core(&self) -> core::Request<'_> {
        let request = core::Request::new(&self.method, &self.target).fields(fields::borrow(&self.fields));
        match &self.client_certificate {
            Some(der) => request.client_certificate(der),
            None => request,
        }
    }

    /// Asks without the interpreter, except for what is remembered: to hand it to another thread and
    /// wait for it costs more than such an answer.
    pub(crate) fn ask<T: Send>(
        &self,
        py: Python<'_>,
        server: &core::ResourceServer,
        question: impl FnOnce(&core::Request<'_>) -> T + Send,
    ) -> T {
        let request = self.to_core();
        if server.remembers(&request) { question(&request) } else { py.detach(|| question(&request)) }
    }
}

#[pymethods]
impl Request {
    #[new]
    #[pyo3(signature = (*, method, target, headers, client_certificate=None))]
    fn new(
        method: PyBackedStr,
        target: String,
        headers: &Bound<'_, PyAny>,
        client_certificate: Option<Vec<u8>>,
    ) -> PyResult<Self> {
        let fields = fields::named(headers, core::Request::FIELDS)?;
        Ok(Self { method, target, fields, client_certificate })
    }

    #[staticmethod]
    #[pyo3(signature = (scope, /))]
    fn from_asgi(scope: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = scope.py();
        // A WebSocket handshake is a GET (RFC 6455 section 4.1).
        let method = entry(scope, intern!(py, "method"))?;
        let method = method.unwrap_or_else(|| intern!(py, "GET").clone().into_any()).extract()?;
        let fields = fields::named(&scope.get_item(intern!(py, "headers"))?, core::Request::FIELDS)?;
        Ok(Self { method, target: target(scope)?, fields, client_certificate: None })
    }

    fn __repr__(&self) -> String {
        format!("Request(method={:?}, target={:?})", &*self.method, self.target)
    }
}

/// The origin-form target. Of a server that has not kept the path as it came, one that means the same.
fn target(scope: &Bound<'_, PyAny>) -> PyResult<String> {
    let py = scope.py();
    let path = match entry(scope, intern!(py, "raw_path"))? {
        Some(raw) => raw,
        None => {
            let path = scope.get_item(intern!(py, "path"))?;
            py.import("urllib.parse")?.call_method1("quote", (path,))?
        }
    };
    let mut target = fields::latin1(&fields::octets(&path)?).into_owned();
    if let Some(query) = entry(scope, intern!(py, "query_string"))? {
        target.push('?');
        target.push_str(&fields::latin1(&fields::octets(&query)?));
    }
    Ok(target)
}

/// What a scope has under this name, unless it is empty. A scope is a dictionary, or behaves like one.
fn entry<'py>(scope: &Bound<'py, PyAny>, name: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let value = match scope.cast::<PyDict>() {
        Ok(scope) => scope.get_item(name)?,
        Err(_) => Some(scope.call_method1(intern!(scope.py(), "get"), (name,))?),
    };
    value.map_or(Ok(None), |value| Ok(value.is_truthy()?.then_some(value)))
}
