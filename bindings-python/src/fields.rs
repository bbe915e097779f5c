//! Header fields, as Python programs hold them and as the core takes them.

use std::borrow::Cow;

use mcp_bearer as core;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyString};

/// A name, and the octets of a value, which are not copied where they are `bytes`.
pub(crate) type Field<N> = (N, PyBackedBytes);

/// Names and values, as Python programs take them.
pub(crate) type Texts<'a> = Vec<(&'a str, Cow<'a, str>)>;

/// All of these fields.
pub(crate) fn all(headers: &Bound<'_, PyAny>) -> PyResult<Vec<Field<String>>> {
    // A name that is not UTF-8 is none that could matter.
    collect(headers, |name| Some(String::from_utf8_lossy(name).into_owned()))
}

/// Those of these fields that are named here. The others are looked at and left where they are.
pub(crate) fn named(
    headers: &Bound<'_, PyAny>,
    names: &'static [&'static str],
) -> PyResult<Vec<Field<&'static str>>> {
    collect(headers, |name| names.iter().copied().find(|own| own.as_bytes().eq_ignore_ascii_case(name)))
}

/// The borrowed form.
pub(crate) fn borrow<N: AsRef<str>>(fields: &[Field<N>]) -> impl Iterator<Item = (&str, &[u8])> {
    fields.iter().map(|(name, value)| (name.as_ref(), &**value))
}

/// Fields of a response as a list of `(str, str)`; the core writes ASCII only.
pub(crate) fn texts(headers: &core::Headers) -> Texts<'_> {
    headers.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()))).collect()
}

fn collect<N>(headers: &Bound<'_, PyAny>, take: impl Fn(&[u8]) -> Option<N>) -> PyResult<Vec<Field<N>>> {
    let mut fields = Vec::new();
    for field in headers.try_iter()? {
        let (name, value) = pair(&field?)?;
        let (name, octets) = (octets(&name)?, octets(&value)?);
        if let Some(name) = take(&name) {
            let value = value.cast::<PyBytes>().cloned();
            fields.push((name, value.unwrap_or_else(|_| PyBytes::new(headers.py(), &octets)).into()));
        }
    }
    Ok(fields)
}

fn pair<'py>(field: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    // What ASGI servers give.
    if let Ok(pair) = field.extract() {
        return Ok(pair);
    }
    if field.len()? != 2 {
        return Err(PyTypeError::new_err("headers must be pairs of a name and a value"));
    }
    Ok((field.get_item(0)?, field.get_item(1)?))
}

/// `str` is what ASGI and WSGI make of bytes: Latin-1.
pub(crate) fn octets<'a>(text: &'a Bound<'_, PyAny>) -> PyResult<Cow<'a, [u8]>> {
    if let Ok(bytes) = text.cast::<PyBytes>() {
        return Ok(Cow::Borrowed(bytes.as_bytes()));
    }
    let text = text.cast::<PyString>()?.to_str()?;
    if text.is_ascii() {
        return Ok(Cow::Borrowed(text.as_bytes()));
    }
    text.chars()
        .map(|character| {
            u8::try_from(character)
                .map_err(|_| PyTypeError::new_err("a header holds only Latin-1 characters"))
        })
        .collect()
}

/// The reverse.
pub(crate) fn latin1(octets: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(octets) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        _ => octets.iter().copied().map(char::from).collect(),
    }
}
