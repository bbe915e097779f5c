//! Conversions that several classes share.

use std::time::Duration;

use mcp_bearer as core;
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyString};

/// The core's only error, as the `ConfigError` that the package defines.
pub(crate) fn config_error(py: Python<'_>, error: &core::ConfigError) -> PyErr {
    setting_error(py, &error.setting, &error.message)
}

/// A setting that has no form in which the core could see it.
pub(crate) fn setting_error(py: Python<'_>, setting: &str, message: &str) -> PyErr {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    CLASS
        .import(py, "mcp_bearer._config_error", "ConfigError")
        .and_then(|class| class.call1((setting, message)))
        .map_or_else(|error| error, PyErr::from_value)
}

/// Tells a wrong type like a wrong argument of any other function: by its name.
pub(crate) fn named<T>(name: &Bound<'_, PyAny>, set: impl FnOnce(&str) -> PyResult<T>) -> PyResult<T> {
    let py = name.py();
    let name: String = name.extract()?;
    set(&name).map_err(|error| {
        if error.is_instance_of::<PyTypeError>(py) {
            PyTypeError::new_err(format!("argument '{name}': {}", error.value(py)))
        } else {
            error
        }
    })
}

/// Several strings. One string would be a sequence of letters.
pub(crate) fn strings(value: &Bound<'_, PyAny>, setting: &str) -> PyResult<Vec<String>> {
    if value.is_instance_of::<PyString>() {
        return Err(setting_error(value.py(), setting, "must be a list of strings, not one string"));
    }
    value.extract()
}

/// A duration in float seconds.
pub(crate) fn seconds(value: &Bound<'_, PyAny>, setting: &str) -> PyResult<Duration> {
    let seconds: f64 = value.extract()?;
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| setting_error(value.py(), setting, "must be a number of seconds, such as 30 or 0.5"))
}

/// A number of things. One that no machine could count is out of range, too.
pub(crate) fn whole(value: &Bound<'_, PyAny>, setting: &str) -> PyResult<usize> {
    value.extract().map_err(|error: PyErr| {
        if error.is_instance_of::<PyOverflowError>(value.py()) {
            setting_error(value.py(), setting, "must be a whole number that is not negative, such as 4096")
        } else {
            error
        }
    })
}

/// Any JSON value, by way of Python's own `json`.
pub(crate) fn to_json(value: &Bound<'_, PyAny>) -> PyResult<String> {
    static DUMPS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    DUMPS.import(value.py(), "json", "dumps")?.call1((value,))?.extract()
}

/// JSON that the core has checked, as Python objects.
pub(crate) fn from_json(py: Python<'_>, json: &str) -> PyResult<Py<PyAny>> {
    static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    Ok(LOADS.import(py, "json", "loads")?.call1((json,))?.unbind())
}

/// Header fields as the core takes them. `str` is what ASGI and WSGI make of bytes: Latin-1.
pub(crate) fn fields(headers: &Bound<'_, PyAny>) -> PyResult<Vec<(String, Vec<u8>)>> {
    headers
        .try_iter()?
        .map(|field| {
            let field = field?;
            if field.len()? != 2 {
                return Err(PyTypeError::new_err("headers must be pairs of a name and a value"));
            }
            // A name that is not UTF-8 is none that could matter.
            let name = octets(&field.get_item(0)?)?;
            Ok((String::from_utf8_lossy(&name).into_owned(), octets(&field.get_item(1)?)?))
        })
        .collect()
}

fn octets(text: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if let Ok(bytes) = text.cast::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    let text = text.cast::<PyString>()?.to_str()?;
    text.chars()
        .map(|character| {
            u8::try_from(character)
                .map_err(|_| PyTypeError::new_err("a header holds only Latin-1 characters"))
        })
        .collect()
}

/// Fields of a response as a list of `(str, str)`; the core writes ASCII only.
pub(crate) fn headers(headers: &core::Headers) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

/// The borrowed form of [`fields`].
pub(crate) fn borrow(fields: &[(String, Vec<u8>)]) -> impl Iterator<Item = (&str, &[u8])> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_slice()))
}
