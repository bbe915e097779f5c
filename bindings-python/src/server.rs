//! The resource server.

use mcp_bearer as core;
use mcp_bearer::operation::OperationRequest;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyType};

use crate::access_token::AccessToken;
use crate::convert::{config_error, members, named, seconds, setting_error, strings, whole};
use crate::decision::Decision;
use crate::fields;
use crate::health::{self, KeysHealth};
use crate::issuers::{self, Issuers, several};
use crate::metadata::ProtectedResourceMetadata;
use crate::observe::{self, Stats};
use crate::operation::OperationPolicy;
use crate::pending::{Answer, coroutine, ready};
use crate::request::Request;
use crate::requirement::Requirement;

/// An OAuth 2.1 resource server for one resource.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct ResourceServer(pub(crate) core::ResourceServer);

#[pymethods]
impl ResourceServer {
    #[new]
    #[pyo3(
        signature = (*, resource, issuers, **settings),
        text_signature = "(*, resource, issuers, audiences=None, allowed_clients=(), authorization_servers=(), \
            scopes_supported=(), challenge_scopes=None, algorithms=(), leeway=30.0, max_token_size=16384, \
            token_cache=4096, rfc9068_only=False, scope_hierarchy=None, realm=None, \
            error_on_missing_token=False, challenge_granted_scopes=False, metadata=None, keys=None, on_decision=None)"
    )]
    fn new(
        resource: String,
        issuers: &Bound<'_, PyAny>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let builder = core::ResourceServer::builder(resource);
        build(issuers.py(), with_issuers(builder, issuers, settings)?, settings)
    }

    #[classmethod]
    #[pyo3(
        signature = (environ=None, **settings),
        text_signature = "(environ=None, *, issuers=None, audiences=None, allowed_clients=(), \
            authorization_servers=(), scopes_supported=(), challenge_scopes=None, algorithms=(), leeway=30.0, \
            max_token_size=16384, token_cache=4096, rfc9068_only=False, scope_hierarchy=None, realm=None, \
            error_on_missing_token=False, challenge_granted_scopes=False, metadata=None, keys=None, on_decision=None)"
    )]
    fn from_env(
        class: &Bound<'_, PyType>,
        environ: Option<&Bound<'_, PyMapping>>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let py = class.py();
        let variables = match environ {
            Some(environ) => environ.clone(),
            None => py.import("os")?.getattr("environ")?.cast_into::<PyMapping>()?,
        };
        let variables: Vec<(String, String)> = variables.items()?.extract()?;
        let mut builder = core::Builder::from_env(variables).map_err(|error| config_error(py, &error))?;
        if let Some(settings) = settings
            && let Some(issuers) = settings.get_item("issuers")?
        {
            settings.del_item("issuers")?;
            if !issuers.is_none() {
                builder = with_issuers(builder, &issuers, Some(settings))?;
            }
        }
        build(py, builder, settings)
    }

    #[pyo3(signature = (request, requirement, /))]
    fn try_authorize(
        &self,
        py: Python<'_>,
        request: &Request,
        requirement: &Requirement,
    ) -> PyResult<Option<Py<PyAny>>> {
        let poll = request.ask(py, &self.0, |request| self.0.try_authorize(request, &requirement.0));
        ready(py, poll.map(Answer::Decision))
    }

    #[pyo3(signature = (request, requirement, /))]
    fn authorize<'py>(
        &self,
        py: Python<'py>,
        request: Py<Request>,
        requirement: Py<Requirement>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let answer = self.try_authorize(py, request.get(), requirement.get())?;
        let server = self.0.clone();
        coroutine(py, answer, async move {
            Answer::Decision(server.authorize(&request.get().to_core(), &requirement.get().0).await)
        })
    }

    #[pyo3(signature = (request, /))]
    fn try_authenticate(&self, py: Python<'_>, request: &Request) -> PyResult<Option<Py<PyAny>>> {
        let poll = request.ask(py, &self.0, |request| self.0.try_authenticate(request));
        ready(py, poll.map(Answer::Authentication))
    }

    #[pyo3(signature = (request, /))]
    fn authenticate<'py>(&self, py: Python<'py>, request: Py<Request>) -> PyResult<Bound<'py, PyAny>> {
        let answer = self.try_authenticate(py, request.get())?;
        let server = self.0.clone();
        coroutine(py, answer, async move {
            Answer::Authentication(server.authenticate(&request.get().to_core()).await)
        })
    }

    #[pyo3(signature = (token, requirement, /))]
    fn permit(&self, py: Python<'_>, token: &AccessToken, requirement: &Requirement) -> PyResult<Decision> {
        Decision::new(py, self.0.permit(token.to_core(), &requirement.0))
    }

    #[pyo3(signature = (token, policy, /, *, method, headers, body, parsed=false))]
    #[expect(clippy::too_many_arguments, reason = "keyword-only parts of a request")]
    fn permit_operation(
        &self,
        py: Python<'_>,
        token: Option<&Bound<'_, AccessToken>>,
        policy: &OperationPolicy,
        method: &str,
        headers: &Bound<'_, PyAny>,
        body: &[u8],
        parsed: bool,
    ) -> PyResult<Decision> {
        let fields = fields::named(headers, OperationRequest::FIELDS)?;
        let request = OperationRequest::new(method, fields::borrow(&fields), body);
        let request = if parsed { request.parsed() } else { request };
        let token = token.map(|token| token.get().to_core());
        Decision::new(py, self.0.permit_operation(token, &policy.0, &request))
    }

    fn warm_up(&self) {
        self.0.warm_up();
    }

    fn keys_health(&self, py: Python<'_>) -> PyResult<Vec<KeysHealth>> {
        KeysHealth::all(py, &self.0.keys_health())
    }

    fn clear_token_cache(&self) {
        self.0.clear_token_cache();
    }

    fn stats(&self, py: Python<'_>) -> PyResult<Stats> {
        Stats::new(py, &self.0.stats())
    }

    #[getter]
    fn metadata(&self) -> ProtectedResourceMetadata {
        ProtectedResourceMetadata(self.0.metadata().clone())
    }
}

fn with_issuers(
    builder: core::Builder,
    issuers: &Bound<'_, PyAny>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<core::Builder> {
    let keys = settings.map(|settings| settings.get_item("keys")).transpose()?.flatten();
    match issuers.cast::<Issuers>() {
        Ok(_) if keys.is_some_and(|keys| !keys.is_none()) => {
            Err(setting_error(issuers.py(), "keys", "belong to the Issuers that are given"))
        }
        Ok(handle) => Ok(builder.issuers(handle.get().0.clone())),
        Err(_) => Ok(several(issuers)?.into_iter().fold(builder, core::Builder::issuer)),
    }
}

fn build(
    py: Python<'_>,
    mut builder: core::Builder,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<ResourceServer> {
    builder = builder.on_decision(observe::log).keys(health::logged);
    for (name, value) in settings.into_iter().flatten() {
        builder = named(&name, |name| set(builder, name, &value))?;
    }
    builder.build().map(ResourceServer).map_err(|error| config_error(py, &error))
}

/// One setting; `None` leaves the default where it is one.
fn set(builder: core::Builder, name: &str, value: &Bound<'_, PyAny>) -> PyResult<core::Builder> {
    let list = || strings(value, name);
    let optional = !value.is_none();
    Ok(match name {
        "audiences" if optional => builder.audiences(list()?),
        "challenge_scopes" if optional => builder.challenge_scopes(list()?),
        "realm" if optional => builder.realm(value.extract::<String>()?),
        "scope_hierarchy" if optional => {
            let mut builder = builder;
            for entry in value.cast::<PyMapping>()?.items()? {
                let (broad, narrow) = entry.extract::<(String, Bound<'_, PyAny>)>()?;
                builder = builder.scope_hierarchy(broad, strings(&narrow, name)?);
            }
            builder
        }
        "metadata" if optional => {
            members(value)?.into_iter().fold(builder, |builder, (name, value)| builder.metadata(name, value))
        }
        "keys" if optional => {
            let mapping = value.cast::<PyMapping>()?;
            let mut outcome = Ok(());
            let builder = builder.keys(|keys| {
                issuers::with_settings(keys.clone(), Some(mapping)).unwrap_or_else(|error| {
                    outcome = Err(error);
                    keys
                })
            });
            outcome.map(|()| builder)?
        }
        "on_decision" if optional => builder.on_decision(observe::callback(value.clone().unbind())),
        "audiences" | "challenge_scopes" | "realm" | "scope_hierarchy" | "metadata" | "keys"
        | "on_decision" => builder,
        "allowed_clients" => builder.allowed_clients(list()?),
        "authorization_servers" => builder.authorization_servers(list()?),
        "scopes_supported" => builder.scopes_supported(list()?),
        "algorithms" => builder.algorithms(list()?),
        "leeway" => builder.leeway(seconds(value, "leeway")?),
        "max_token_size" => builder.max_token_size(whole(value, name)?),
        "token_cache" => builder.token_cache(whole(value, name)?),
        "rfc9068_only" => builder.rfc9068_only(value.extract()?),
        "error_on_missing_token" => builder.error_on_missing_token(value.extract()?),
        "challenge_granted_scopes" => builder.challenge_granted_scopes(value.extract()?),
        _ => return Err(PyTypeError::new_err("there is no such setting")),
    })
}
