//! Conversions that several classes share.

use std::time::Duration;

use mcp_bearer as core;
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;
use serde_json::{Map, Value};

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

/// The members of a JSON object.
pub(crate) fn members(value: &Bound<'_, PyAny>) -> PyResult<Map<String, Value>> {
    serde_json::from_str(&to_json(value)?).map_err(|error| PyTypeError::new_err(error.to_string()))
}

/// JSON that the core has checked, as Python objects.
pub(crate) fn from_json(py: Python<'_>, json: &str) -> PyResult<Py<PyAny>> {
    static LOADS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    Ok(LOADS.import(py, "json", "loads")?.call1((json,))?.unbind())
}
