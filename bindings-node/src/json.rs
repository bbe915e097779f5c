//! JSON between the two sides: the host's own parser makes the host's own values.

use napi::bindgen_prelude::{FromNapiValue, Function, JsObjectValue, Object, Unknown};
use napi::{Env, Error, Result, Status, ValueType};

/// `JSON.parse`.
pub(crate) fn parse<'env>(env: &'env Env, text: &str) -> Result<Unknown<'env>> {
    let parse: Function<'env, String, Unknown<'env>> = json(env)?.get_named_property_unchecked("parse")?;
    parse.call(text.to_owned())
}

/// `JSON.stringify`; `None` for what JSON cannot say, such as `undefined`.
pub(crate) fn stringify<'env>(env: &'env Env, value: Unknown<'env>) -> Result<Option<String>> {
    let stringify: Function<'env, Unknown<'env>, Unknown<'env>> =
        json(env)?.get_named_property_unchecked("stringify")?;
    let text = stringify.call(value)?;
    match text.get_type()? {
        ValueType::String => String::from_unknown(text).map(Some),
        _ => Ok(None),
    }
}

/// A value of the crate's kind.
pub(crate) fn value<'env>(env: &'env Env, value: Unknown<'env>) -> Result<serde_json::Value> {
    let text = stringify(env, value)?.unwrap_or_else(|| "null".to_owned());
    serde_json::from_str(&text).map_err(|error| Error::new(Status::InvalidArg, error.to_string()))
}

fn json(env: &Env) -> Result<Object<'_>> {
    env.get_global()?.get_named_property_unchecked("JSON")
}
