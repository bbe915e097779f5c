//! Issuers, their keys, and the seams for time and I/O.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use mcp_bearer as core;
use mcp_bearer::{FetchError, FetchRequest, FetchResponse};
use pyo3::exceptions::{
    PyBrokenPipeError, PyConnectionAbortedError, PyConnectionError, PyConnectionResetError, PyOSError,
    PyTimeoutError, PyTypeError,
};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyMapping, PyString};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::convert::{config_error, named, seconds, setting_error, strings, to_json};
use crate::fields;
use crate::health::{self, KeysHealth};

/// The accepted issuers and their keys: a handle that several resource servers can share.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct Issuers(pub(crate) core::Issuers);

/// One authorization server: its `iss` values, where its keys are, and its audiences.
#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct Issuer(core::Issuer);

#[pymethods]
impl Issuer {
    #[new]
    #[pyo3(
        signature = (issuer, /, *, also=Vec::new(), jwks_uri=None, fallback_jwks_uri=None, jwks=None, audiences=None),
        text_signature = "(issuer, /, *, also=(), jwks_uri=None, fallback_jwks_uri=None, jwks=None, audiences=None)"
    )]
    fn new(
        issuer: String,
        also: Vec<String>,
        jwks_uri: Option<String>,
        fallback_jwks_uri: Option<String>,
        jwks: Option<&Bound<'_, PyAny>>,
        audiences: Option<Vec<String>>,
    ) -> PyResult<Self> {
        let mut issuer = also.into_iter().fold(core::Issuer::new(issuer), core::Issuer::also);
        if let Some(url) = jwks_uri {
            issuer = issuer.jwks_uri(url);
        }
        if let Some(url) = fallback_jwks_uri {
            issuer = issuer.fallback_jwks_uri(url);
        }
        if let Some(jwks) = jwks {
            issuer = issuer.jwks(key_set(jwks)?);
        }
        if let Some(audiences) = audiences {
            issuer = issuer.audiences(audiences);
        }
        Ok(Self(issuer))
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.0)
    }
}

#[pymethods]
impl Issuers {
    #[new]
    #[pyo3(
        signature = (issuers, **settings),
        text_signature = "(issuers, *, jwks_fresh=300.0, jwks_cooldown=30.0, jwks_timeout=5.0, \
            jwks_max_stale=3600.0, ca_file=None, proxy=None, no_proxy=None, \
            dangerously_allow_http_hosts=(), on_keys_event=None, clock=None, fetch=None)"
    )]
    fn new(issuers: &Bound<'_, PyAny>, settings: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let mut builder = health::logged(core::Issuers::builder());
        for issuer in several(issuers)? {
            builder = builder.issuer(issuer);
        }
        with_settings(builder, settings.map(|settings| settings.as_mapping()))?
            .build()
            .map(Self)
            .map_err(|error| config_error(issuers.py(), &error))
    }

    #[getter]
    fn identifiers(&self) -> Vec<&str> {
        self.0.identifiers().collect()
    }

    fn warm_up(&self) {
        self.0.warm_up();
    }

    fn keys_health(&self, py: Python<'_>) -> PyResult<Vec<KeysHealth>> {
        KeysHealth::all(py, &self.0.keys_health())
    }
}

/// Settings of how keys are fetched and kept.
pub(crate) fn with_settings(
    mut builder: core::IssuersBuilder,
    settings: Option<&Bound<'_, PyMapping>>,
) -> PyResult<core::IssuersBuilder> {
    let Some(settings) = settings else { return Ok(builder) };
    for entry in settings.items()? {
        let (name, value) = entry.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
        builder = named(&name, |name| set(builder, name, &value))?;
    }
    Ok(builder)
}

/// One setting; `None` leaves the default where it is one.
fn set(
    builder: core::IssuersBuilder,
    name: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<core::IssuersBuilder> {
    let optional = !value.is_none();
    Ok(match name {
        "jwks_fresh" => builder.jwks_fresh(seconds(value, name)?),
        "jwks_cooldown" => builder.jwks_cooldown(seconds(value, name)?),
        "jwks_timeout" => builder.jwks_timeout(seconds(value, name)?),
        "jwks_max_stale" => builder.jwks_max_stale(seconds(value, name)?),
        "dangerously_allow_http_hosts" => builder.dangerously_allow_http_hosts(strings(value, name)?),
        "ca_file" if optional => builder.ca_file(value.extract::<PathBuf>()?),
        "proxy" if optional => builder.proxy(value.extract::<String>()?),
        "no_proxy" if optional => builder.no_proxy(value.extract::<String>()?),
        "on_keys_event" if optional => builder.on_keys_event(health::observer(value.clone().unbind())),
        "clock" if optional => {
            let clock = value.clone().unbind();
            builder.clock(move || now(&clock))
        }
        "fetch" if optional => builder.fetch(PyFetch(value.clone().unbind())),
        "ca_file" | "proxy" | "no_proxy" | "on_keys_event" | "clock" | "fetch" => builder,
        _ => return Err(PyTypeError::new_err("there is no such setting")),
    })
}

/// Issuers as URLs or `Issuer`s. One string would be a sequence of letters.
pub(crate) fn several(issuers: &Bound<'_, PyAny>) -> PyResult<Vec<core::Issuer>> {
    if issuers.is_instance_of::<PyString>() {
        return Err(setting_error(issuers.py(), "issuers", "must be a list of URLs, not one string"));
    }
    issuers
        .try_iter()?
        .map(|issuer| {
            let issuer = issuer?;
            match issuer.cast::<Issuer>() {
                Ok(issuer) => Ok(issuer.get().0.clone()),
                Err(_) => Ok(core::Issuer::new(issuer.extract::<String>()?)),
            }
        })
        .collect()
}

fn key_set(jwks: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if let Ok(json) = jwks.cast::<PyBytes>() {
        return Ok(json.as_bytes().to_vec());
    }
    match jwks.cast::<PyString>() {
        Ok(json) => Ok(json.to_str()?.as_bytes().to_vec()),
        Err(_) => to_json(jwks).map(String::into_bytes),
    }
}

/// A clock that fails is at the end of time, when no token is valid any more.
fn now(clock: &Py<PyAny>) -> core::UnixTime {
    let ask = |py: Python<'_>| match clock.call0(py).and_then(|now| now.extract::<f64>(py)) {
        Ok(now) => Duration::try_from_secs_f64(now).unwrap_or(Duration::MAX),
        Err(error) => {
            error.write_unraisable(py, Some(clock.bind(py)));
            Duration::MAX
        }
    };
    // Threads that fetch may outlive the interpreter.
    Python::try_attach(ask).unwrap_or(Duration::MAX)
}

/// A function of a URL, a timeout and header fields that returns status, headers and body.
struct PyFetch(Py<PyAny>);

impl core::Fetch for PyFetch {
    /// The function may block, so that it gets a thread of its own.
    fn fetch(&self, request: FetchRequest) -> core::BoxFuture<'_, Result<FetchResponse, FetchError>> {
        let (sender, receiver) = oneshot::channel();
        let limit = request.timeout;
        let function = Python::try_attach(|py| self.0.clone_ref(py));
        let started = thread::Builder::new().name("mcp-bearer-fetch".to_owned()).spawn(move || {
            let answer = function.and_then(|function| Python::try_attach(|py| call(py, &function, &request)));
            let _ = sender.send(answer.unwrap_or(Err(FetchError::Other)));
        });
        Box::pin(async move {
            match started {
                // A function that ignores its limit keeps its thread, but nobody waiting.
                Ok(_) => match timeout(limit, receiver).await {
                    Ok(answer) => answer.unwrap_or(Err(FetchError::Other)),
                    Err(_) => Err(FetchError::Timeout),
                },
                Err(_) => Err(FetchError::Other),
            }
        })
    }
}

fn call(py: Python<'_>, function: &Py<PyAny>, request: &FetchRequest) -> Result<FetchResponse, FetchError> {
    let ask = || {
        let sent = PyDict::new(py);
        if let Some(etag) = request.if_none_match.as_ref().and_then(|etag| etag.to_str().ok()) {
            sent.set_item("If-None-Match", etag)?;
        }
        let answer = function.bind(py).call1((&request.url, request.timeout.as_secs_f64(), sent))?;
        let (status, headers, body) = answer.extract::<(u16, Bound<'_, PyAny>, Vec<u8>)>()?;
        Ok((status, fields::all(&headers)?, body))
    };
    let (status, headers, body) = ask().map_err(|error: PyErr| failure(py, function, error))?;
    if body.len() > request.max_bytes {
        return Err(FetchError::TooLarge);
    }
    let headers: HeaderMap = fields::borrow(&headers)
        .filter_map(|(name, value)| {
            Some((HeaderName::try_from(name).ok()?, HeaderValue::from_bytes(value).ok()?))
        })
        .collect();
    Ok(FetchResponse::new(status, headers, body))
}

fn failure(py: Python<'_>, function: &Py<PyAny>, error: PyErr) -> FetchError {
    if error.is_instance_of::<PyTimeoutError>(py) {
        FetchError::Timeout
    } else if error.is_instance_of::<PyConnectionResetError>(py)
        || error.is_instance_of::<PyConnectionAbortedError>(py)
        || error.is_instance_of::<PyBrokenPipeError>(py)
    {
        FetchError::Reset
    } else if error.is_instance_of::<PyConnectionError>(py) {
        FetchError::Connect
    } else {
        if !error.is_instance_of::<PyOSError>(py) {
            error.write_unraisable(py, Some(function.bind(py)));
        }
        FetchError::Other
    }
}
