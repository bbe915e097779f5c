//! What there is to see of the issuers' keys, and the function that is told of it.

use napi::bindgen_prelude::{
    CallbackContext, FnArgs, FromNapiValue, Function, JsObjectValue, Object, PromiseRaw, Unknown,
};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{Env, Error, JsValue, Result};
use napi_derive::napi;

/// The keys of one issuer as they are now. Never a part of a token.
#[napi(object, object_from_js = false)]
pub struct KeysHealth {
    /// The issuer, as configured: the first of its identifiers.
    pub issuer: String,
    /// `fresh`; `stale`: used only if the issuer fails; `none`: none, or too old.
    #[napi(ts_type = "'fresh' | 'stale' | 'none' | (string & {})")]
    pub status: &'static str,
    /// Since the keys in memory were asked for. `null` without, or if they are never fetched.
    #[napi(ts_type = "number | null")]
    pub age_ms: Nullable<f64>,
    /// Why the last attempt failed, in constant words. `null` if it succeeded, or if there was none.
    #[napi(ts_type = "string | null")]
    pub last_error: Nullable<String>,
    /// An attempt is under way.
    pub fetching: bool,
    /// From when on a request makes the next attempt begin, in seconds since 1970. `null` if the next
    /// one may at once, or if keys are never fetched.
    #[napi(ts_type = "number | null")]
    pub next_attempt: Nullable<f64>,
    /// The usable keys.
    pub keys: Vec<KeyHealth>,
    /// The issuer publishes private or symmetric keys, which everybody can then sign with.
    pub exposes_secrets: bool,
}

/// One usable key.
#[napi(object, object_from_js = false)]
pub struct KeyHealth {
    /// The key's identifier (RFC 7517 section 4.5).
    #[napi(ts_type = "string | null")]
    pub kid: Nullable<String>,
    /// What it may check, as JOSE spells it.
    pub algorithms: Vec<&'static str>,
}

type Nullable<T> = napi::Either<T, napi::bindgen_prelude::Null>;

pub(crate) type ObserverArguments = FnArgs<(&'static str, KeysHealth)>;

/// What calls a function after each attempt, on its own thread.
pub(crate) fn observer(
    function: &Function<'_, ObserverArguments, Unknown<'static>>,
) -> Result<impl Fn(mcp_bearer::KeysEvent, &mcp_bearer::KeysHealth) + Send + Sync + 'static> {
    // Weak: to be told of keys does not keep the process alive.
    let function = function
        .build_threadsafe_function::<ObserverArguments>()
        .callee_handled::<false>()
        .weak::<true>()
        .build()?;
    Ok(move |event: mcp_bearer::KeysEvent, health: &mcp_bearer::KeysHealth| {
        let arguments = FnArgs::from((event.as_str(), KeysHealth::from(health.clone())));
        // An exception of the function would end the process, just when keys are in trouble.
        function.call_with_return_value(
            arguments,
            ThreadsafeFunctionCallMode::NonBlocking,
            |returned, env| {
                if let Err(error) = returned.and_then(|returned| quiet("onKeysEvent", returned)) {
                    warn(&env, "onKeysEvent", &error)?;
                }
                Ok(())
            },
        );
    })
}

/// A function that is `async` rejects later: with nobody there, that would end the process too.
pub(crate) fn quiet(function: &'static str, returned: Unknown<'static>) -> Result<()> {
    if returned.is_promise()? {
        PromiseRaw::<Unknown<'static>>::from_unknown(returned)?.catch(
            move |context: CallbackContext<Unknown<'static>>| {
                let reason = context.value.coerce_to_string()?.into_utf8()?.into_owned()?;
                warn(&context.env, function, &Error::from_reason(reason))
            },
        )?;
    }
    Ok(())
}

/// `process.emitWarning`, as Node itself does for what nobody handles.
pub(crate) fn warn(env: &Env, function: &str, error: &Error) -> Result<()> {
    let process: Object<'_> = env.get_global()?.get_named_property_unchecked("process")?;
    let warn: Function<'_, String, Unknown<'_>> = process.get_named_property("emitWarning")?;
    warn.apply(process, format!("mcp-bearer: {function} failed: {}", error.reason)).map(drop)
}

impl From<mcp_bearer::KeysHealth> for KeysHealth {
    fn from(health: mcp_bearer::KeysHealth) -> Self {
        Self {
            issuer: health.issuer,
            status: health.status.as_str(),
            age_ms: nullable(health.age.map(|age| age.as_secs_f64() * 1000.0)),
            last_error: nullable(health.last_error),
            fetching: health.fetching,
            next_attempt: nullable(health.next_attempt.map(|at| at.as_secs_f64())),
            keys: health.keys.into_iter().map(KeyHealth::from).collect(),
            exposes_secrets: health.exposes_secrets,
        }
    }
}

impl From<mcp_bearer::KeyHealth> for KeyHealth {
    fn from(key: mcp_bearer::KeyHealth) -> Self {
        Self {
            kid: nullable(key.kid),
            algorithms: key.algorithms.iter().map(|algorithm| algorithm.as_str()).collect(),
        }
    }
}

fn nullable<T>(value: Option<T>) -> Nullable<T> {
    value.map_or(napi::Either::B(napi::bindgen_prelude::Null), napi::Either::A)
}
