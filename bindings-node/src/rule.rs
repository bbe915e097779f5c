//! What one entry of a policy says: a requirement, its short forms, or a function of the call.

use mcp_bearer::operation::{Call, CallError, Rule};
use napi::bindgen_prelude::{
    ClassInstance, FnArgs, FromNapiValue, Function, FunctionRef, HandleScope, JsObjectValue, Null, Object,
    This, Unknown,
};
use napi::{Env, JsValue, Property, PropertyAttributes, Result, ValueType};

use crate::access_token;
use crate::config_error::{OrThrow, config_error};
use crate::home::Home;
use crate::json;
use crate::requirement::Requirement;

type Arguments<'env> = FnArgs<(Object<'env>,)>;

/// A rule from what JavaScript gives for one.
pub(crate) fn rule(env: &Env, name: &str, value: Unknown<'_>) -> Result<Rule> {
    if value.get_type()? == ValueType::Function {
        let function: Function<'_, Arguments<'_>, Unknown<'_>> = Function::from_unknown(value)?;
        return Ok(function_rule(env, function.create_ref()?));
    }
    match requirement(env, value)? {
        Some(requirement) => Ok(requirement.into()),
        None => {
            Err(config_error(env, name, "must be a Requirement, a scope, an array of scopes, or a function"))
        }
    }
}

/// A requirement, one scope, or all of several; `None` for anything else.
pub(crate) fn requirement(env: &Env, value: Unknown<'_>) -> Result<Option<mcp_bearer::Requirement>> {
    match value.get_type()? {
        ValueType::String => {
            mcp_bearer::Requirement::scope(String::from_unknown(value)?).or_throw(env).map(Some)
        }
        ValueType::Object if value.is_array()? => match Vec::<String>::from_unknown(value) {
            Ok(scopes) => mcp_bearer::Requirement::all_of(scopes).or_throw(env).map(Some),
            Err(_) => Ok(None),
        },
        ValueType::Object => Ok(ClassInstance::<Requirement>::from_unknown(value)
            .ok()
            .map(|requirement| requirement.0.clone())),
        _ => Ok(None),
    }
}

fn function_rule(env: &Env, function: FunctionRef<Arguments<'static>, Unknown<'static>>) -> Rule {
    // A policy is an object of one thread, and cannot leave it.
    let home = Home::of(env);
    Rule::function(move |call| {
        let env = home.env().ok_or_else(|| CallError::new("a function of another thread"))?;
        needed(&env, &function, call)
            .map_err(|error| CallError::new(error.reason))?
            .ok_or_else(|| CallError::new("the function returned no requirement"))
    })
}

/// One call of a function. What it throws, and a promise, are no requirement: 500.
fn needed(
    env: &Env,
    function: &FunctionRef<Arguments<'static>, Unknown<'static>>,
    call: &Call<'_>,
) -> Result<Option<mcp_bearer::Requirement>> {
    let scope = HandleScope::create(env)?;
    let run = |mut argument: Object<'_>| {
        argument.set("method", call.method())?;
        argument.set("name", call.name())?;
        match call.arguments() {
            Some(text) => argument.define_properties(&[arguments(text.to_owned())?])?,
            None => argument.set("arguments", Null)?,
        }
        argument.set("token", access_token::instance(env, call.token().clone())?)?;
        requirement(env, function.borrow_back(env)?.call(FnArgs::from((argument,)))?)
    };
    // A batch makes many calls before the thread is JavaScript's again, and none of them should
    // keep what an earlier one has made.
    // SAFETY: what comes out is no JavaScript value.
    unsafe { scope.close(Object::new(env)?, run) }
}

/// Parsed at the first use: they can be large, and many functions look at the name alone.
fn arguments(text: String) -> Result<Property> {
    let property = || Property::new().with_utf8_name("arguments");
    let attributes = PropertyAttributes::Enumerable | PropertyAttributes::Configurable;
    let parse = move |env: Env, mut this: This<'_>| {
        let value = json::parse(&env, &text)?;
        let own = property()?.with_value(&value).with_property_attributes(attributes);
        this.object.define_properties(&[own])?;
        Ok(value.raw())
    };
    Ok(property()?.with_property_attributes(attributes).with_getter_closure(parse))
}
