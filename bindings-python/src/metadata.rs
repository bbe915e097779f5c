//! The protected resource metadata document and its routes.

use mcp_bearer as core;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::convert::{config_error, from_json};
use crate::decision::Response;
use crate::request::Request;

/// The document that tells clients where to get tokens (RFC 9728).
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct ProtectedResourceMetadata(pub(crate) core::ProtectedResourceMetadata);

/// The metadata of one application: at the path of each resource, and at the root.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct MetadataRoutes(core::MetadataRoutes);

#[pymethods]
impl ProtectedResourceMetadata {
    #[getter]
    fn json<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.json().as_bytes())
    }

    #[getter]
    fn dict(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        from_json(py, self.0.json())
    }

    #[getter]
    fn resource(&self) -> &str {
        self.0.resource()
    }

    #[getter]
    fn url(&self) -> &str {
        self.0.url()
    }

    #[getter]
    fn path(&self) -> &str {
        self.0.path()
    }

    #[pyo3(signature = (request, /))]
    fn respond(&self, request: &Request) -> Response {
        Response(self.0.respond(&request.to_core()))
    }

    fn __repr__(&self) -> String {
        format!("ProtectedResourceMetadata(url={:?})", self.0.url())
    }
}

#[pymethods]
impl MetadataRoutes {
    #[new]
    #[pyo3(signature = (resources, *, root_alias=None))]
    fn new(
        py: Python<'_>,
        resources: Vec<Py<ProtectedResourceMetadata>>,
        root_alias: Option<String>,
    ) -> PyResult<Self> {
        let root = match root_alias {
            None => core::RootAlias::Only,
            Some(nobody) if nobody == "nobody" => core::RootAlias::Nobody,
            Some(resource) => core::RootAlias::Resource(resource),
        };
        let resources = resources.iter().map(|resource| resource.get().0.clone());
        core::MetadataRoutes::new(resources, &root).map(Self).map_err(|error| config_error(py, &error))
    }

    #[getter]
    fn paths(&self) -> Vec<&str> {
        self.0.paths().collect()
    }

    #[pyo3(signature = (request, /))]
    fn respond(&self, request: &Request) -> Option<Response> {
        self.0.respond(&request.to_core()).map(Response)
    }
}
