//! The parts of a request that decide.

use mcp_bearer as core;
use pyo3::prelude::*;

use crate::convert::{borrow, fields};

/// The parts of an HTTP request that an authorization decision can depend on.
#[pyclass(module = "mcp_bearer", frozen)]
#[derive(Clone)]
pub(crate) struct Request {
    #[pyo3(get)]
    method: String,
    #[pyo3(get)]
    target: String,
    fields: Vec<(String, Vec<u8>)>,
    client_certificate: Option<Vec<u8>>,
}

impl Request {
    pub(crate) fn to_core(&self) -> core::Request<'_> {
        let request = core::Request::new(&self.method, &self.target).fields(borrow(&self.fields));
        match &self.client_certificate {
            Some(der) => request.client_certificate(der),
            None => request,
        }
    }
}

#[pymethods]
impl Request {
    #[new]
    #[pyo3(signature = (*, method, target, headers, client_certificate=None))]
    fn new(
        method: String,
        target: String,
        headers: &Bound<'_, PyAny>,
        client_certificate: Option<Vec<u8>>,
    ) -> PyResult<Self> {
        Ok(Self { method, target, fields: fields(headers)?, client_certificate })
    }

    fn __repr__(&self) -> String {
        format!("Request(method={:?}, target={:?})", self.method, self.target)
    }
}
