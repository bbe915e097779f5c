//! The fetch that JavaScript may give.

use std::collections::HashMap;
use std::sync::Arc;

use mcp_bearer::{FetchError, FetchRequest, FetchResponse};
use napi::bindgen_prelude::{FnArgs, FromNapiValue, Function, Object, PromiseRaw, Uint8Array, Unknown};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Error, JsValue, Result, Status};
use tokio::sync::oneshot;

pub(crate) type FetchArguments = FnArgs<(String, f64, HashMap<&'static str, String>)>;
type FetchResult = std::result::Result<FetchResponse, FetchError>;
type FetchFunction =
    ThreadsafeFunction<FetchArguments, Unknown<'static>, FetchArguments, Status, false, true>;

/// A fetch that asks JavaScript, on its own thread, and waits no longer than it may.
pub(crate) fn js_fetch(
    function: &Function<'_, FetchArguments, Unknown<'static>>,
) -> Result<impl mcp_bearer::Fetch + 'static> {
    // Weak: a fetch in the background does not keep the process alive; a promise that waits does.
    let function: FetchFunction = function
        .build_threadsafe_function::<FetchArguments>()
        .callee_handled::<false>()
        .weak::<true>()
        .build()?;
    let function = Arc::new(function);
    Ok(move |request: FetchRequest| {
        let function = Arc::clone(&function);
        async move {
            let (sender, receiver) = oneshot::channel();
            let milliseconds = request.timeout.as_secs_f64() * 1000.0;
            let etag = request.if_none_match.as_ref().and_then(|etag| etag.to_str().ok());
            let fields = etag.map(|etag| ("If-None-Match", etag.to_owned())).into_iter().collect();
            function.call_with_return_value(
                FnArgs::from((request.url, milliseconds, fields)),
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
    let status =
        object.get::<u32>("status")?.and_then(|status| u16::try_from(status).ok()).ok_or_else(missing)?;
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
        return pairs
            .into_iter()
            .map(|it| pair(it).map_err(|_| Error::from_reason("a field is a pair")))
            .collect();
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
