//! Issuers and their keys, and the two seams that JavaScript can fill: the clock and the fetch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mcp_bearer::{FetchError, FetchRequest, FetchResponse, Issuer, IssuersBuilder};
use napi::bindgen_prelude::{
    Array, FnArgs, FromNapiValue, Function, FunctionRef, Object, PromiseRaw, Uint8Array, Unknown,
};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Error, JsValue, Result, Status, ValueType};
use napi_derive::napi;
use tokio::sync::oneshot;

use crate::config_error::{OrThrow, config_error};
use crate::json;
use crate::options::Options;
use crate::worker;

/// The accepted issuers and their keys: a handle that several resource servers can share.
///
/// Nothing is fetched, and no thread is started, before the first token asks for a key.
#[napi]
pub struct Issuers {
    pub(crate) issuers: mcp_bearer::Issuers,
    pub(crate) clock: Clock,
    identifiers: Vec<String>,
}

#[napi]
impl Issuers {
    /// Throws a `ConfigError` for a wrong setting.
    #[napi(
        constructor,
        catch_unwind,
        ts_args_type = "issuers: readonly (string | IssuerOptions)[], options?: KeyOptions"
    )]
    pub fn new(env: &Env, issuers: Unknown<'_>, options: Option<Unknown<'_>>) -> Result<Self> {
        let (builder, clock) = key_options(env, mcp_bearer::Issuers::builder(), options)?;
        let list = issuer_list(env, issuers)?;
        let identifiers = list.iter().flat_map(|(names, _)| names.clone()).collect();
        let builder = list.into_iter().fold(builder, |builder, (_, issuer)| builder.issuer(issuer));
        Ok(Self { issuers: builder.build().or_throw(env)?, clock, identifiers })
    }

    /// Every accepted `iss` value.
    #[napi(getter, catch_unwind)]
    pub fn identifiers(&self) -> Vec<&str> {
        self.identifiers.iter().map(String::as_str).collect()
    }
}

/// An array of identifiers and issuer options, each with its `iss` values.
pub(crate) fn issuer_list(env: &Env, list: Unknown<'_>) -> Result<Vec<(Vec<String>, Issuer)>> {
    let wrong = || config_error(env, "issuers", "must be Issuers, or an array of strings and issuer options");
    if !list.is_array()? {
        return Err(wrong());
    }
    let list = Array::from_unknown(list)?;
    (0..list.len())
        .map(|index| {
            let element = list.get::<Unknown<'_>>(index)?.ok_or_else(wrong)?;
            match element.get_type()? {
                ValueType::String => {
                    let identifier = String::from_unknown(element)?;
                    Ok((vec![identifier.clone()], Issuer::new(identifier)))
                }
                ValueType::Object => issuer(env, element),
                _ => Err(wrong()),
            }
        })
        .collect()
}

fn issuer(env: &Env, value: Unknown<'_>) -> Result<(Vec<String>, Issuer)> {
    let options = Options::new(env, "an issuer", Some(value))?;
    let Some(identifier) = options.string("issuer")? else {
        return Err(config_error(env, "issuer", "is missing; it is the `iss` of the tokens"));
    };
    let mut issuer = Issuer::new(&identifier);
    let mut identifiers = vec![identifier];
    identifiers.extend(options.strings("also")?.unwrap_or_default());
    for also in identifiers.iter().skip(1) {
        issuer = issuer.also(also);
    }
    if let Some(url) = options.string("jwksUri")? {
        issuer = issuer.jwks_uri(url);
    }
    if let Some(url) = options.string("fallbackJwksUri")? {
        issuer = issuer.fallback_jwks_uri(url);
    }
    if let Some(jwks) = options.raw("jwks")? {
        let text = match jwks.get_type()? {
            ValueType::String => Some(String::from_unknown(jwks)?),
            _ => json::stringify(env, jwks)?,
        };
        issuer = issuer.jwks(text.unwrap_or_default());
    }
    if let Some(audiences) = options.strings("audiences")? {
        issuer = issuer.audiences(audiences);
    }
    options.finish()?;
    Ok((identifiers, issuer))
}

/// The settings of how keys are fetched and kept.
pub(crate) fn key_options(env: &Env, mut keys: IssuersBuilder, value: Option<Unknown<'_>>) -> Result<(IssuersBuilder, Clock)> {
    let options = Options::new(env, "keys", value)?;
    let durations: [(&'static str, fn(IssuersBuilder, Duration) -> IssuersBuilder); 4] = [
        ("jwksFreshMs", IssuersBuilder::jwks_fresh),
        ("jwksCooldownMs", IssuersBuilder::jwks_cooldown),
        ("jwksTimeoutMs", IssuersBuilder::jwks_timeout),
        ("jwksMaxStaleMs", IssuersBuilder::jwks_max_stale),
    ];
    for (name, set) in durations {
        if let Some(duration) = options.milliseconds(name)? {
            keys = set(keys, duration);
        }
    }
    if let Some(file) = options.string("caFile")? {
        keys = keys.ca_file(file);
    }
    if let Some(url) = options.string("proxy")? {
        keys = keys.proxy(url);
    }
    if let Some(hosts) = options.string("noProxy")? {
        keys = keys.no_proxy(hosts);
    }
    if let Some(hosts) = options.strings("dangerouslyAllowHttpHosts")? {
        keys = keys.dangerously_allow_http_hosts(hosts);
    }
    let mut clock = Clock(None);
    if let Some(function) = options.get::<FunctionRef<(), f64>>("clock", "a function")? {
        let now = Arc::new(AtomicU64::new(0));
        let read = Arc::clone(&now);
        keys = keys.clock(move || Duration::from_nanos(read.load(Ordering::Relaxed)));
        clock = Clock(Some(Arc::new(JsClock { function, now })));
    }
    if let Some(function) = options.get::<Function<'_, FetchArguments, Unknown<'static>>>("fetch", "a function")? {
        keys = keys.fetch(js_fetch(&function)?);
    }
    options.finish()?;
    Ok((keys.spawn(worker::spawn), clock))
}

/// A clock of JavaScript, if there is one.
///
/// It is asked on its own thread, once for every call; what runs on another thread meanwhile sees
/// the last answer.
#[derive(Clone)]
pub(crate) struct Clock(Option<Arc<JsClock>>);

pub(crate) struct JsClock {
    function: FunctionRef<(), f64>,
    /// Nanoseconds since 1970.
    now: Arc<AtomicU64>,
}

impl Clock {
    pub(crate) const fn system() -> Self {
        Self(None)
    }

    /// To be called before anything that depends on the time.
    pub(crate) fn ask(&self, env: &Env) -> Result<()> {
        let Some(clock) = &self.0 else { return Ok(()) };
        let milliseconds = clock.function.borrow_back(env)?.call(())?;
        let now = Duration::try_from_secs_f64(milliseconds / 1000.0)
            .map_err(|_| Error::new(Status::InvalidArg, "the clock must return milliseconds since 1970"))?;
        clock.now.store(u64::try_from(now.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(())
    }
}

type FetchArguments = FnArgs<(String, f64)>;
type FetchResult = std::result::Result<FetchResponse, FetchError>;
type FetchFunction = ThreadsafeFunction<FetchArguments, Unknown<'static>, FetchArguments, Status, false, true>;

/// A fetch that asks JavaScript, on its own thread, and waits no longer than it may.
fn js_fetch(
    function: &Function<'_, FetchArguments, Unknown<'static>>,
) -> Result<impl mcp_bearer::Fetch + 'static> {
    // Weak: a fetch in the background does not keep the process alive; a promise that waits does.
    let function: FetchFunction =
        function.build_threadsafe_function::<FetchArguments>().callee_handled::<false>().weak::<true>().build()?;
    let function = Arc::new(function);
    Ok(move |request: FetchRequest| {
        let function = Arc::clone(&function);
        async move {
            let (sender, receiver) = oneshot::channel();
            let milliseconds = request.timeout.as_secs_f64() * 1000.0;
            function.call_with_return_value(
                FnArgs::from((request.url, milliseconds)),
                ThreadsafeFunctionCallMode::NonBlocking,
                move |returned, env| {
                    settle(&env, returned, sender);
                    Ok(())
                },
            );
            match tokio::time::timeout(request.timeout, receiver).await {
                Err(_) => Err(FetchError::Timeout),
                Ok(Err(_)) => Err(FetchError::Other),
                Ok(Ok(Ok(response))) if response.body.len() > request.max_bytes => Err(FetchError::TooLarge),
                Ok(Ok(result)) => result,
            }
        }
    })
}

/// Sends what the function's promise gives. A sender that is dropped is a failure, too.
fn settle(env: &Env, returned: Result<Unknown<'static>>, sender: oneshot::Sender<FetchResult>) {
    let sender = Arc::new(std::sync::Mutex::new(Some(sender)));
    let send = move |result: FetchResult| {
        if let Ok(mut sender) = sender.lock()
            && let Some(sender) = sender.take()
        {
            let _ = sender.send(result);
        }
    };
    let rejected = send.clone();
    let Ok(value) = returned else { return send(Err(FetchError::Other)) };
    let promise = match value.is_promise() {
        Ok(true) => PromiseRaw::<Unknown<'static>>::from_unknown(value),
        _ => PromiseRaw::resolve(env, value),
    };
    let settled = promise.and_then(|promise| {
        promise
            .then(move |context| {
                send(response(context.value).map_err(|_| FetchError::Other));
                Ok(())
            })?
            .catch(move |context: napi::bindgen_prelude::CallbackContext<Unknown<'static>>| {
                rejected(Err(failure(context.value)));
                Ok(())
            })
    });
    drop(settled);
}

fn response(value: Unknown<'_>) -> Result<FetchResponse> {
    let object = Object::from_unknown(value)?;
    let missing = || Error::from_reason("a response has status, headers and body");
    let status = object.get::<u32>("status")?.and_then(|status| u16::try_from(status).ok()).ok_or_else(missing)?;
    let mut headers = http::HeaderMap::new();
    for (name, value) in fields(&object)? {
        let name = http::HeaderName::try_from(name).map_err(|_| missing())?;
        headers.append(name, http::HeaderValue::try_from(value).map_err(|_| missing())?);
    }
    let body = object.get::<Uint8Array>("body")?.ok_or_else(missing)?;
    Ok(FetchResponse::new(status, headers, body.to_vec()))
}

/// Header fields as pairs, or as an object.
fn fields(response: &Object<'_>) -> Result<Vec<(String, String)>> {
    let Some(fields) = response.get::<Unknown<'_>>("headers")? else { return Ok(Vec::new()) };
    if fields.is_array()? {
        let pairs = Vec::<Vec<String>>::from_unknown(fields)?;
        let pair = |pair: Vec<String>| <[String; 2]>::try_from(pair).map(|[name, value]| (name, value));
        return pairs.into_iter().map(|it| pair(it).map_err(|_| Error::from_reason("a field is a pair"))).collect();
    }
    let fields = Object::from_unknown(fields)?;
    let names = Object::keys(&fields)?;
    names.into_iter().map(|name| Ok((name.clone(), fields.get(&name)?.unwrap_or_default()))).collect()
}

/// Tells failures apart by the names that the web's own `fetch` uses.
fn failure(reason: Unknown<'_>) -> FetchError {
    let name = Object::from_unknown(reason).and_then(|error| error.get::<String>("name"));
    match name.ok().flatten().as_deref() {
        Some("TimeoutError" | "AbortError") => FetchError::Timeout,
        Some("TypeError") => FetchError::Connect,
        Some("RangeError") => FetchError::TooLarge,
        _ => FetchError::Other,
    }
}
