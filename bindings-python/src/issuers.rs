//! Issuers, their keys, and the seams for time and I/O.

use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use mcp_bearer as core;
use mcp_bearer::{FetchError, FetchRequest, FetchResponse};
use pyo3::exceptions::{PyConnectionError, PyOSError, PyTimeoutError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use tokio::sync::oneshot;

use crate::convert::{borrow, config_error, fields, seconds, setting_error, to_json};

#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct Issuers(pub(crate) core::Issuers);

#[pyclass(module = "mcp_bearer", frozen)]
pub(crate) struct Issuer(core::Issuer);

#[pymethods]
impl Issuer {
    #[new]
    #[pyo3(
        signature = (url, *, also=Vec::new(), jwks_uri=None, fallback_jwks_uri=None, jwks=None, audiences=None),
        text_signature = "(url, *, also=(), jwks_uri=None, fallback_jwks_uri=None, jwks=None, audiences=None)"
    )]
    fn new(
        url: String,
        also: Vec<String>,
        jwks_uri: Option<String>,
        fallback_jwks_uri: Option<String>,
        jwks: Option<&Bound<'_, PyAny>>,
        audiences: Option<Vec<String>>,
    ) -> PyResult<Self> {
        let mut issuer = also.into_iter().fold(core::Issuer::new(url), core::Issuer::also);
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
    #[pyo3(signature = (
        issuers, *, jwks_fresh=None, jwks_cooldown=None, jwks_timeout=None, jwks_max_stale=None, ca_file=None,
        dangerously_allow_http_hosts=Vec::new(), clock=None, fetch=None,
    ), text_signature = "(issuers, *, jwks_fresh=300.0, jwks_cooldown=30.0, jwks_timeout=5.0, \
        jwks_max_stale=3600.0, ca_file=None, dangerously_allow_http_hosts=(), clock=None, fetch=None)")]
    #[expect(clippy::too_many_arguments, reason = "keyword-only settings")]
    fn new(
        issuers: &Bound<'_, PyAny>,
        jwks_fresh: Option<&Bound<'_, PyAny>>,
        jwks_cooldown: Option<&Bound<'_, PyAny>>,
        jwks_timeout: Option<&Bound<'_, PyAny>>,
        jwks_max_stale: Option<&Bound<'_, PyAny>>,
        ca_file: Option<PathBuf>,
        dangerously_allow_http_hosts: Vec<String>,
        clock: Option<Py<PyAny>>,
        fetch: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let mut builder = core::Issuers::builder().dangerously_allow_http_hosts(dangerously_allow_http_hosts);
        for issuer in several(issuers)? {
            builder = builder.issuer(issuer);
        }
        if let Some(value) = jwks_fresh {
            builder = builder.jwks_fresh(seconds(value, "jwks_fresh")?);
        }
        if let Some(value) = jwks_cooldown {
            builder = builder.jwks_cooldown(seconds(value, "jwks_cooldown")?);
        }
        if let Some(value) = jwks_timeout {
            builder = builder.jwks_timeout(seconds(value, "jwks_timeout")?);
        }
        if let Some(value) = jwks_max_stale {
            builder = builder.jwks_max_stale(seconds(value, "jwks_max_stale")?);
        }
        if let Some(file) = ca_file {
            builder = builder.ca_file(file);
        }
        if let Some(clock) = clock {
            builder = builder.clock(move || now(&clock));
        }
        if let Some(function) = fetch {
            builder = builder.fetch(PyFetch(function));
        }
        builder.build().map(Self).map_err(|error| config_error(issuers.py(), &error))
    }
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
    Python::attach(|py| match clock.call0(py).and_then(|now| now.extract::<f64>(py)) {
        Ok(now) => Duration::try_from_secs_f64(now).unwrap_or(Duration::MAX),
        Err(error) => {
            error.write_unraisable(py, Some(clock.bind(py)));
            Duration::MAX
        }
    })
}

/// A function of a URL and a timeout that returns status, headers and body.
struct PyFetch(Py<PyAny>);

impl core::Fetch for PyFetch {
    /// The function may block, so that it gets a thread of its own.
    fn fetch(&self, request: FetchRequest) -> core::BoxFuture<'_, Result<FetchResponse, FetchError>> {
        let (sender, receiver) = oneshot::channel();
        let function = Python::try_attach(|py| self.0.clone_ref(py));
        let started = thread::Builder::new().name("mcp-bearer-fetch".to_owned()).spawn(move || {
            let answer = function.and_then(|function| Python::try_attach(|py| call(py, &function, &request)));
            let _ = sender.send(answer.unwrap_or(Err(FetchError::Other)));
        });
        Box::pin(async move {
            match started {
                Ok(_) => receiver.await.unwrap_or(Err(FetchError::Other)),
                Err(_) => Err(FetchError::Other),
            }
        })
    }
}

fn call(py: Python<'_>, function: &Py<PyAny>, request: &FetchRequest) -> Result<FetchResponse, FetchError> {
    let ask = || {
        let answer = function.bind(py).call1((&request.url, request.timeout.as_secs_f64()))?;
        let (status, headers, body) = answer.extract::<(u16, Bound<'_, PyAny>, Vec<u8>)>()?;
        Ok((status, fields(&headers)?, body))
    };
    let (status, fields, body) = ask().map_err(|error: PyErr| failure(py, function, error))?;
    if body.len() > request.max_bytes {
        return Err(FetchError::TooLarge);
    }
    let headers: HeaderMap = borrow(&fields)
        .filter_map(|(name, value)| {
            Some((HeaderName::try_from(name).ok()?, HeaderValue::from_bytes(value).ok()?))
        })
        .collect();
    Ok(FetchResponse::new(status, headers, body))
}

fn failure(py: Python<'_>, function: &Py<PyAny>, error: PyErr) -> FetchError {
    if error.is_instance_of::<PyTimeoutError>(py) {
        FetchError::Timeout
    } else if error.is_instance_of::<PyConnectionError>(py) {
        FetchError::Connect
    } else {
        if !error.is_instance_of::<PyOSError>(py) {
            error.write_unraisable(py, Some(function.bind(py)));
        }
        FetchError::Other
    }
}
