//! What there is to see of decisions, for the channel of `observe.js` and for a function of the user's.
//!
//! Both are called on their own thread, before the answer, so that they are in the context of whoever
//! asked. What is decided on the worker thread is held until the promise of it settles.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use napi::bindgen_prelude::{FnArgs, Function, FunctionRef, Null, Unknown};
use napi::{Either, Env, Result};
use napi_derive::napi;

use crate::health::{KeysHealth, quiet, warn};
use crate::home::Home;

/// A check has been made. Holds nothing that is not verified, and no token.
#[napi(object, object_from_js = false)]
#[derive(Clone)]
pub struct DecisionEvent {
    /// The resource, as configured.
    pub resource: String,
    /// `token`: who is calling; `requirement` or `operation`: may they.
    #[napi(ts_type = "'token' | 'requirement' | 'operation' | (string & {})")]
    pub check: &'static str,
    /// Whether the request may go on. A refused one has one refusal, the last of its checks.
    pub allowed: bool,
    /// Why not.
    #[napi(ts_type = "Reason | null")]
    pub reason: Either<&'static str, Null>,
    /// The HTTP status of a refusal.
    #[napi(ts_type = "number | null")]
    pub status: Either<u16, Null>,
    /// `iss` of a verified token.
    #[napi(ts_type = "string | null")]
    pub issuer: Either<String, Null>,
    /// `sub` of a verified token.
    #[napi(ts_type = "string | null")]
    pub subject: Either<String, Null>,
    /// `client_id`, else `azp`, of a verified token.
    #[napi(ts_type = "string | null")]
    pub client_id: Either<String, Null>,
    /// The scopes of a verified token.
    #[napi(ts_type = "Array<string> | null")]
    pub scopes: Either<Vec<String>, Null>,
    /// What an operation policy has judged, such as `tools/call list_todos`. Its names are those of the
    /// policy and of the MCP specification, whatever the client has written: there are not many.
    #[napi(ts_type = "string | null")]
    pub operation: Either<String, Null>,
    /// The `fingerprint` of the token that was sent, verified or not.
    #[napi(ts_type = "string | null")]
    pub fingerprint: Either<String, Null>,
    /// The time that it took, waiting for keys included.
    pub duration_ms: f64,
    /// All of this as one line for a log.
    pub line: String,
}

/// What a server has done since it was built.
#[napi(object, object_from_js = false)]
pub struct Stats {
    /// How many requests had a good token.
    pub authenticated: f64,
    /// How many were refused for each reason, without those that never were.
    pub denied: HashMap<String, f64>,
    /// How the cache of verified tokens does.
    pub token_cache: TokenCacheStats,
    /// The state of each issuer's keys, in the order of configuration.
    pub keys: Vec<KeysHealth>,
}

/// How the cache of verified tokens does.
#[napi(object, object_from_js = false)]
pub struct TokenCacheStats {
    /// How many requests were answered from it.
    pub hits: f64,
    /// How many tokens had to be verified, and were good.
    pub misses: f64,
    /// How many tokens it holds.
    pub tokens: f64,
}

type Arguments = FnArgs<(DecisionEvent,)>;
pub(crate) type Observer = FunctionRef<Arguments, Unknown<'static>>;

/// Of all threads, how many have somebody who listens on the channel.
static LISTENING: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Publishes on the channel of this thread.
    static PUBLISH: RefCell<Option<Observer>> = const { RefCell::new(None) };
    /// What was decided on this thread for others.
    static HELD: RefCell<Vec<Held>> = const { RefCell::new(Vec::new()) };
}

/// An event on its way home.
pub(crate) struct Held {
    event: DecisionEvent,
    observer: Option<Arc<Observer>>,
}

/// Called once by `observe.js`, with what publishes on the channel.
#[napi(skip_typescript, catch_unwind)]
pub fn use_channel(publish: Function<'_, Arguments, Unknown<'static>>) -> Result<()> {
    let publish = publish.create_ref()?;
    PUBLISH.with(|slot| slot.replace(Some(publish)));
    Ok(())
}

/// Called by `observe.js` when the first on this thread listens, and when the last no longer does.
#[napi(skip_typescript, catch_unwind)]
pub fn listen(on: bool) {
    if on {
        LISTENING.fetch_add(1, Ordering::Relaxed);
    } else {
        LISTENING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What the crate tells of each check.
pub(crate) fn observer(
    env: &Env,
    observer: Option<Observer>,
) -> impl Fn(&mcp_bearer::DecisionEvent<'_>) + Send + Sync + 'static {
    let (home, observer) = (Home::of(env), observer.map(Arc::new));
    move |event| {
        if observer.is_none() && LISTENING.load(Ordering::Relaxed) == 0 {
            return;
        }
        let told = Held { event: event.into(), observer: observer.clone() };
        match home.env() {
            Some(env) => tell(&env, told),
            None => HELD.with_borrow_mut(|held| held.push(told)),
        }
    }
}

/// What was decided on this thread and not told yet.
pub(crate) fn held() -> Vec<Held> {
    HELD.take()
}

/// Tells of a check. What is thrown is a warning: the request has its answer.
pub(crate) fn tell(env: &Env, Held { event, observer }: Held) {
    let call = |observer: &Observer, event| -> Result<()> {
        quiet("onDecision", observer.borrow_back(env)?.call(FnArgs::from((event,)))?)
    };
    let mut told = Ok(());
    if let Some(observer) = observer {
        told = call(&observer, event.clone());
    }
    let publish =
        |publish: &Option<Observer>| publish.as_ref().map_or(Ok(()), |publish| call(publish, event));
    if let Err(error) = told.and(PUBLISH.with_borrow(publish)) {
        let _ = warn(env, "onDecision", &error);
    }
}

impl From<&mcp_bearer::DecisionEvent<'_>> for DecisionEvent {
    fn from(event: &mcp_bearer::DecisionEvent<'_>) -> Self {
        let owned = |text: Option<&str>| nullable(text.map(str::to_owned));
        Self {
            resource: event.resource.to_owned(),
            check: event.check.as_str(),
            allowed: event.allowed(),
            reason: nullable(event.reason.map(mcp_bearer::Reason::as_str)),
            status: nullable(event.status()),
            issuer: owned(event.issuer),
            subject: owned(event.subject),
            client_id: owned(event.client_id),
            scopes: nullable(event.scopes.map(|scopes| scopes.iter().map(str::to_owned).collect())),
            operation: nullable(event.operation.map(|operation| operation.to_string())),
            fingerprint: nullable(event.fingerprint()),
            duration_ms: event.duration.as_secs_f64() * 1000.0,
            line: event.to_string(),
        }
    }
}

impl From<mcp_bearer::observe::Stats> for Stats {
    fn from(stats: mcp_bearer::observe::Stats) -> Self {
        let of = |(reason, times): (mcp_bearer::Reason, _)| (reason.as_str().to_owned(), count(times));
        Self {
            authenticated: count(stats.authenticated),
            denied: stats.denied.into_iter().map(of).collect(),
            token_cache: TokenCacheStats {
                hits: count(stats.token_cache.hits),
                misses: count(stats.token_cache.misses),
                tokens: count(stats.token_cache.tokens as u64),
            },
            keys: stats.keys.into_iter().map(KeysHealth::from).collect(),
        }
    }
}

fn nullable<T>(value: Option<T>) -> Either<T, Null> {
    value.map_or(Either::B(Null), Either::A)
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
const fn count(count: u64) -> f64 {
    count as f64
}
