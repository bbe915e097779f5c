//! Decisions, refusals and entries as plain objects. Their types are in `types.d.ts`.

use std::future::Future;
use std::task::Poll;

use mcp_bearer::{Authentication, Decision, Denial, Entry, Headers, Response};
use napi::bindgen_prelude::{
    Array, ClassInstance, JavaScriptClassExt, Object, PromiseRaw, ToNapiValue, TypeName,
};
use napi::{Env, Result, ValueType, sys};
use napi_derive::napi;

use crate::access_token::AccessToken;
use crate::worker;

/// Something of the crate on its way to JavaScript.
pub(crate) struct Answer<T>(pub(crate) T);

/// How an [`Answer`] becomes an object.
pub(crate) trait IntoObject {
    fn into_object(self, env: &Env) -> Result<Object<'_>>;
}

impl<T: IntoObject> ToNapiValue for Answer<T> {
    unsafe fn to_napi_value(raw: sys::napi_env, answer: Self) -> Result<sys::napi_value> {
        let env = Env::from_raw(raw);
        let object = answer.0.into_object(&env)?;
        // SAFETY: `raw` is the environment that calls us, and the object was made in it.
        unsafe { Object::to_napi_value(raw, object) }
    }
}

impl<T> TypeName for Answer<T> {
    fn type_name() -> &'static str {
        "Object"
    }

    fn value_type() -> ValueType {
        ValueType::Object
    }
}

impl IntoObject for Decision {
    fn into_object(self, env: &Env) -> Result<Object<'_>> {
        match self {
            Self::Allowed { token, response_headers, .. } => {
                allowed(env, AccessToken::from(token).into_instance(env)?, &response_headers)
            }
            Self::Denied(denial) => refused(env, denial),
            other => unknown(env, &other),
        }
    }
}

impl IntoObject for Authentication {
    fn into_object(self, env: &Env) -> Result<Object<'_>> {
        match self {
            Self::Authenticated { token, response_headers, .. } => {
                let mut object = Object::new(env)?;
                object.set("authenticated", true)?;
                object.set("token", AccessToken::from(token).into_instance(env)?)?;
                object.set("responseHeaders", headers(env, &response_headers)?)?;
                Ok(object)
            }
            Self::Denied(denial) => {
                let mut object = Object::new(env)?;
                object.set("authenticated", false)?;
                object.set("denial", denial.into_object(env)?)?;
                Ok(object)
            }
            other => unknown(env, &other),
        }
    }
}

impl IntoObject for Entry {
    fn into_object(self, env: &Env) -> Result<Object<'_>> {
        let mut object = Object::new(env)?;
        match self {
            Self::Authenticated { token, response_headers, .. } => {
                object.set("kind", "authenticated")?;
                object.set("token", AccessToken::from(token).into_instance(env)?)?;
                object.set("responseHeaders", headers(env, &response_headers)?)?;
            }
            Self::Public => object.set("kind", "public")?,
            Self::Anonymous => object.set("kind", "anonymous")?,
            Self::Answer(response) => {
                object.set("kind", "answer")?;
                object.set("response", response.into_object(env)?)?;
            }
            Self::Denied(denial) => {
                object.set("kind", "denied")?;
                object.set("denial", denial.into_object(env)?)?;
            }
            other => return unknown(env, &other),
        }
        Ok(object)
    }
}

impl IntoObject for Denial {
    fn into_object(self, env: &Env) -> Result<Object<'_>> {
        let reason = self.reason.as_str();
        let mut object = Response::from(self).into_object(env)?;
        object.set("reason", reason)?;
        Ok(object)
    }
}

impl IntoObject for Response {
    fn into_object(self, env: &Env) -> Result<Object<'_>> {
        let mut object = Object::new(env)?;
        object.set("status", u32::from(self.status))?;
        object.set("headers", headers(env, &self.headers)?)?;
        object.set("body", String::from_utf8_lossy(&self.body).into_owned())?;
        Ok(object)
    }
}

/// A refusal for a fault on this side, with nothing about the fault in it.
#[napi(catch_unwind, ts_return_type = "Denial")]
#[must_use]
pub fn internal_denial() -> Answer<Denial> {
    Answer(Denial::internal())
}

/// An answer that is there already.
pub(crate) fn now<T>(poll: Poll<T>) -> Option<Answer<T>> {
    match poll {
        Poll::Ready(answer) => Some(Answer(answer)),
        Poll::Pending => None,
    }
}

/// A promise that is settled already if the answer is there; the future runs only if it is not.
pub(crate) fn now_or_later<'env, T: IntoObject + Send + 'static>(
    env: &'env Env,
    poll: Poll<T>,
    later: impl Future<Output = T> + Send + 'static,
) -> Result<PromiseRaw<'env, Answer<T>>> {
    match now(poll) {
        Some(answer) => PromiseRaw::resolve(env, answer),
        None => worker::promise(env, async move { Answer(later.await) }),
    }
}

/// A decision that hands the caller's own token back.
pub(crate) fn operation_decision<'env>(
    env: &'env Env,
    decision: Decision<Option<mcp_bearer::AccessToken>>,
    token: Option<ClassInstance<'env, AccessToken>>,
) -> Result<Object<'env>> {
    match decision {
        Decision::Allowed { response_headers, .. } => allowed(env, token, &response_headers),
        Decision::Denied(denial) => refused(env, denial),
        other => unknown(env, &other),
    }
}

/// An allowed decision; the token is an instance, so that the caller's own can be handed back.
pub(crate) fn allowed<'env, T: ToNapiValue>(
    env: &'env Env,
    token: T,
    fields: &Headers,
) -> Result<Object<'env>> {
    let mut object = Object::new(env)?;
    object.set("allowed", true)?;
    object.set("token", token)?;
    object.set("responseHeaders", headers(env, fields)?)?;
    Ok(object)
}

pub(crate) fn refused(env: &Env, denial: Denial) -> Result<Object<'_>> {
    let mut object = Object::new(env)?;
    object.set("allowed", false)?;
    object.set("denial", denial.into_object(env)?)?;
    Ok(object)
}

fn headers<'env>(env: &'env Env, fields: &Headers) -> Result<Array<'env>> {
    let mut all = env.create_array(0)?;
    for (name, value) in fields {
        let mut field = env.create_array(0)?;
        field.insert(name.as_str())?;
        field.insert(String::from_utf8_lossy(value.as_bytes()).into_owned())?;
        all.insert(field)?;
    }
    Ok(all)
}

/// The enums of the crate may grow; an answer that this binding does not know lets nobody in.
pub(crate) fn unknown<'env>(_: &'env Env, answer: &impl std::fmt::Debug) -> Result<Object<'env>> {
    Err(napi::Error::from_reason(format!("an answer that this version does not know: {answer:?}")))
}
