//! Options objects. What is not known is refused: a misspelt option would leave its check at the
//! default without anybody noticing.

use std::cell::RefCell;
use std::time::Duration;

use napi::bindgen_prelude::{FromNapiValue, JsObjectValue, Object, Unknown};
use napi::{Env, JsValue, Result, ValueType};

use crate::config_error::config_error;

/// An options object that remembers which of its members have been read.
pub(crate) struct Options<'env> {
    pub(crate) env: &'env Env,
    /// What the object is, for an error about the object itself.
    what: &'static str,
    object: Option<Object<'env>>,
    read: RefCell<Vec<&'static str>>,
}

impl<'env> Options<'env> {
    /// `undefined` and `null` are options that are all absent.
    pub(crate) fn new(env: &'env Env, what: &'static str, value: Option<Unknown<'env>>) -> Result<Self> {
        let object = match value {
            None => None,
            Some(value) => match value.get_type()? {
                ValueType::Undefined | ValueType::Null => None,
                ValueType::Object => Some(Object::from_unknown(value)?),
                _ => return Err(config_error(env, what, "must be an object")),
            },
        };
        Ok(Self { env, what, object, read: RefCell::default() })
    }

    /// One option; `expected` completes "must be …".
    pub(crate) fn get<T: FromNapiValue>(&self, name: &'static str, expected: &str) -> Result<Option<T>> {
        let Some(value) = self.raw(name)? else { return Ok(None) };
        T::from_unknown(value)
            .map(Some)
            .map_err(|_| config_error(self.env, name, &format!("must be {expected}")))
    }

    pub(crate) fn string(&self, name: &'static str) -> Result<Option<String>> {
        self.get(name, "a string")
    }

    pub(crate) fn strings(&self, name: &'static str) -> Result<Option<Vec<String>>> {
        self.get(name, "an array of strings")
    }

    pub(crate) fn flag(&self, name: &'static str) -> Result<bool> {
        Ok(self.get(name, "true or false")?.unwrap_or(false))
    }

    /// A function, in the type that it is used as: that alone would take any value.
    pub(crate) fn function<T: FromNapiValue>(&self, name: &'static str) -> Result<Option<T>> {
        match self.raw(name)? {
            Some(value) if value.get_type()? != ValueType::Function => {
                Err(config_error(self.env, name, "must be a function"))
            }
            _ => self.get(name, "a function"),
        }
    }

    pub(crate) fn milliseconds(&self, name: &'static str) -> Result<Option<Duration>> {
        let Some(milliseconds) = self.get::<f64>(name, "a number of milliseconds")? else { return Ok(None) };
        Duration::try_from_secs_f64(milliseconds / 1000.0)
            .map(Some)
            .map_err(|_| config_error(self.env, name, "must be a number of milliseconds, such as 30000"))
    }

    pub(crate) fn count(&self, name: &'static str, of: &str) -> Result<Option<usize>> {
        let Some(count) = self.get::<f64>(name, &format!("a number of {of}"))? else { return Ok(None) };
        if count.fract() != 0.0 || !(0.0..=4_294_967_295.0).contains(&count) {
            return Err(config_error(self.env, name, &format!("must be a whole number of {of}")));
        }
        Ok(Some(count as usize))
    }

    /// An option of any type.
    pub(crate) fn raw(&self, name: &'static str) -> Result<Option<Unknown<'env>>> {
        self.read.borrow_mut().push(name);
        let Some(object) = &self.object else { return Ok(None) };
        let value: Unknown<'env> = object.get_named_property_unchecked(name)?;
        Ok(match value.get_type()? {
            ValueType::Undefined | ValueType::Null => None,
            _ => Some(value),
        })
    }

    /// To be called when everything has been read.
    pub(crate) fn finish(self) -> Result<()> {
        let Some(object) = &self.object else { return Ok(()) };
        let read = self.read.borrow();
        match Object::keys(object)?.iter().find(|key| !read.contains(&key.as_str())) {
            None => Ok(()),
            Some(unknown) => {
                let message = format!("is not an option of {}; it has {}", self.what, read.join(", "));
                Err(config_error(self.env, unknown, &message))
            }
        }
    }
}

/// The members of an object that maps names to anything.
pub(crate) fn entries<'env>(
    env: &Env,
    name: &str,
    value: Unknown<'env>,
) -> Result<Vec<(String, Unknown<'env>)>> {
    if value.get_type()? != ValueType::Object || value.is_array()? {
        return Err(config_error(env, name, "must be an object"));
    }
    let object = Object::from_unknown(value)?;
    Object::keys(&object)?
        .into_iter()
        .map(|key| Ok((key.clone(), object.get_named_property_unchecked(&key)?)))
        .collect()
}
