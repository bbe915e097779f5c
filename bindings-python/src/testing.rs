//! The issuer for tests.

use std::sync::{Mutex, MutexGuard, PoisonError};

use mcp_bearer as core;
use mcp_bearer::{Clock, testing};
use pyo3::prelude::*;

use crate::convert::{config_error, from_json, members, seconds, setting_error};
use crate::issuers::Issuers;

/// What `mcp_bearer.testing.Issuer` is made of.
#[pyclass(module = "mcp_bearer._mcp_bearer", frozen)]
pub(crate) struct TestIssuer {
    issuer: Mutex<testing::Issuer>,
    clock: testing::ManualClock,
}

/// A clock that stands still until it is moved.
#[pyclass(module = "mcp_bearer.testing", frozen)]
pub(crate) struct ManualClock(testing::ManualClock);

#[pymethods]
impl TestIssuer {
    #[new]
    #[pyo3(signature = (identifier, algorithm, /))]
    fn new(py: Python<'_>, identifier: String, algorithm: &str) -> PyResult<Self> {
        let algorithm = algorithm
            .parse()
            .map_err(|error: core::ConfigError| setting_error(py, "algorithm", &error.message))?;
        let clock = testing::ManualClock::default();
        let issuer = testing::Issuer::with_algorithm(identifier, algorithm).clock(clock.clone());
        let issuer = Self { issuer: Mutex::new(issuer), clock };
        issuer.issuers(py)?;
        Ok(issuer)
    }

    #[getter]
    fn identifier(&self) -> String {
        self.lock().identifier().to_owned()
    }

    #[getter]
    fn jwks(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let jwks = self.lock().jwks();
        from_json(py, &jwks.to_string())
    }

    #[getter]
    fn clock(&self) -> ManualClock {
        ManualClock(self.clock.clone())
    }

    fn rotate(&self, py: Python<'_>) {
        // An RSA key takes its time.
        py.detach(|| self.lock().rotate());
    }

    fn issuers(&self, py: Python<'_>) -> PyResult<Issuers> {
        let builder = core::Issuers::builder().issuer(&*self.lock()).clock(self.clock.clone());
        builder.build().map(Issuers).map_err(|error| config_error(py, &error))
    }

    #[pyo3(signature = (audience, scope, claims, header, /))]
    fn token(
        &self,
        audience: &str,
        scope: Option<&str>,
        claims: Option<&Bound<'_, PyAny>>,
        header: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<String> {
        self.prepare(audience, scope, claims, header).map(|token| token.mint())
    }

    #[pyo3(signature = (audience, scope, claims, header, /))]
    fn authorization(
        &self,
        audience: &str,
        scope: Option<&str>,
        claims: Option<&Bound<'_, PyAny>>,
        header: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<String> {
        self.prepare(audience, scope, claims, header).map(|token| token.authorization())
    }
}

#[pymethods]
impl ManualClock {
    #[getter]
    fn now(&self) -> f64 {
        self.0.now().as_secs_f64()
    }

    #[setter]
    fn set_now(&self, now: &Bound<'_, PyAny>) -> PyResult<()> {
        self.0.set(seconds(now, "now")?);
        Ok(())
    }

    #[pyo3(signature = (seconds, /))]
    fn advance(&self, seconds: &Bound<'_, PyAny>) -> PyResult<()> {
        self.0.advance(self::seconds(seconds, "seconds")?);
        Ok(())
    }

    fn __repr__(&self) -> String {
        format!("ManualClock(now={})", self.now())
    }
}

impl TestIssuer {
    /// A token with these members; `None` leaves one out.
    fn prepare(
        &self,
        audience: &str,
        scope: Option<&str>,
        claims: Option<&Bound<'_, PyAny>>,
        header: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<testing::Token> {
        let claims = claims.map(members).transpose()?.unwrap_or_default();
        let header = header.map(members).transpose()?.unwrap_or_default();
        let token = self.lock().token(audience);
        let token = scope.into_iter().fold(token, testing::Token::scope);
        let token = claims.into_iter().fold(token, |token, (name, value)| {
            if value.is_null() { token.without(&name) } else { token.claim(name, value) }
        });
        Ok(header.into_iter().fold(token, |token, (name, value)| {
            if value.is_null() { token.without_header(&name) } else { token.header(name, value) }
        }))
    }

    fn lock(&self) -> MutexGuard<'_, testing::Issuer> {
        self.issuer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
