//! What the operations of an MCP endpoint need.

use mcp_bearer as core;
use mcp_bearer::operation::{CallError, Rule};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyMapping};

use crate::access_token::AccessToken;
use crate::convert::{config_error, from_json};
use crate::requirement::requirement;

/// What the operations of one MCP endpoint need: by tool, prompt, resource or method.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct OperationPolicy(pub(crate) core::OperationPolicy);

/// One call, as a function in a policy sees it.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct Call {
    #[pyo3(get)]
    method: String,
    #[pyo3(get)]
    name: Option<String>,
    #[pyo3(get)]
    token: Py<AccessToken>,
    text: Option<String>,
    arguments: PyOnceLock<Py<PyAny>>,
}

#[pymethods]
impl OperationPolicy {
    #[new]
    #[pyo3(signature = (
        *, base=None, tools=None, other_tools=None, prompts=None, other_prompts=None, resources=None,
        resource_prefixes=None, other_resources=None, methods=None, public_methods=Vec::new(),
        body_limit=None,
    ), text_signature = "(*, base=None, tools=None, other_tools=None, prompts=None, other_prompts=None, \
        resources=None, resource_prefixes=None, other_resources=None, methods=None, public_methods=(), \
        body_limit=4194304)")]
    #[expect(clippy::too_many_arguments, reason = "keyword-only settings")]
    fn new(
        py: Python<'_>,
        base: Option<&Bound<'_, PyAny>>,
        tools: Option<&Bound<'_, PyMapping>>,
        other_tools: Option<&Bound<'_, PyAny>>,
        prompts: Option<&Bound<'_, PyMapping>>,
        other_prompts: Option<&Bound<'_, PyAny>>,
        resources: Option<&Bound<'_, PyMapping>>,
        resource_prefixes: Option<&Bound<'_, PyMapping>>,
        other_resources: Option<&Bound<'_, PyAny>>,
        methods: Option<&Bound<'_, PyMapping>>,
        public_methods: Vec<String>,
        body_limit: Option<usize>,
    ) -> PyResult<Self> {
        let mut builder = core::OperationPolicy::builder().public_methods(public_methods);
        if let Some(bytes) = body_limit {
            builder = builder.body_limit(bytes);
        }
        if let Some(base) = base {
            builder = builder.base(requirement(base)?);
        }
        for (name, needs) in rules(tools)? {
            builder = builder.tool(name, needs);
        }
        for (name, needs) in rules(prompts)? {
            builder = builder.prompt(name, needs);
        }
        for (uri, needs) in rules(resources)? {
            builder = builder.resource(uri, needs);
        }
        for (prefix, needs) in rules(resource_prefixes)? {
            builder = builder.resource_prefix(prefix, needs);
        }
        for (name, needs) in rules(methods)? {
            builder = builder.method(name, needs);
        }
        if let Some(needs) = other_tools {
            builder = builder.other_tools(rule(needs)?);
        }
        if let Some(needs) = other_prompts {
            builder = builder.other_prompts(rule(needs)?);
        }
        if let Some(needs) = other_resources {
            builder = builder.other_resources(rule(needs)?);
        }
        builder.build().map(Self).map_err(|error| config_error(py, &error))
    }

    #[getter]
    fn body_limit(&self) -> usize {
        self.0.body_limit()
    }

    #[getter]
    fn has_public_operations(&self) -> bool {
        self.0.has_public_operations()
    }

    #[staticmethod]
    #[pyo3(signature = (method, /))]
    fn reads_body(method: &str) -> bool {
        core::OperationPolicy::reads_body(method)
    }
}

#[pymethods]
impl Call {
    /// `params.arguments`, parsed at the first use.
    #[getter]
    fn arguments(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let Some(text) = &self.text else { return Ok(None) };
        self.arguments
            .get_or_try_init(py, || from_json(py, text))
            .map(|arguments| Some(arguments.clone_ref(py)))
    }

    fn __repr__(&self) -> String {
        format!("Call(method={:?}, name={:?})", self.method, self.name)
    }
}

fn rules(entries: Option<&Bound<'_, PyMapping>>) -> PyResult<Vec<(String, Rule)>> {
    let Some(entries) = entries else { return Ok(Vec::new()) };
    entries
        .items()?
        .iter()
        .map(|entry| {
            let (name, needs) = entry.extract::<(String, Bound<'_, PyAny>)>()?;
            Ok((name, rule(&needs)?))
        })
        .collect()
}

/// A requirement in any of its forms, or a function of the call that gives one.
fn rule(needs: &Bound<'_, PyAny>) -> PyResult<Rule> {
    if !needs.is_callable() {
        return requirement(needs).map(Rule::from);
    }
    let function = needs.clone().unbind();
    Ok(Rule::function(move |call| {
        Python::attach(|py| {
            let seen = Call {
                method: call.method().to_owned(),
                name: call.name().map(str::to_owned),
                token: Py::new(py, AccessToken::new(call.token().clone()))?,
                text: call.arguments().map(str::to_owned),
                arguments: PyOnceLock::new(),
            };
            requirement(function.bind(py).call1((seen,))?.as_any())
        })
        .map_err(|error: PyErr| {
            Python::attach(|py| log(py, &error));
            CallError::new("the function failed")
        })
    }))
}

/// The client gets a bare 500; whoever wrote the function wants the traceback.
fn log(py: Python<'_>, error: &PyErr) {
    let log = || {
        let logger = py.import("logging")?.getattr("getLogger")?.call1(("mcp_bearer",))?;
        let options = PyDict::new(py);
        options.set_item("exc_info", error.value(py))?;
        logger.call_method("error", ("a function of the operation policy failed",), Some(&options))
    };
    if let Err(error) = log() {
        error.write_unraisable(py, None);
    }
}
