//! The parts of a request that decide.

use mcp_bearer as core;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;

use crate::fields::{self, Field};

/// The parts of an HTTP request that an authorization decision can depend on.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct Request {
    #[pyo3(get)]
    method: PyBackedStr,
    #[pyo3(get)]
    target: PyBackedStr,
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
        target: PyBackedStr,
        headers: &Bound<'_, PyAny>,
        client_certificate: Option<Vec<u8>>,
    ) -> PyResult<Self> {
        let fields = fields::named(headers, core::Request::FIELDS)?;
        Ok(Self { method, target, fields, client_certificate })
    }

    fn __repr__(&self) -> String {
        format!("Request(method={:?}, target={:?})", &*self.method, &*self.target)
    }
}
