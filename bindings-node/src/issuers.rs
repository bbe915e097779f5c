//! Issuers, and how their keys are fetched and kept.

use std::time::Duration;

use mcp_bearer::{Issuer, IssuersBuilder};
use napi::bindgen_prelude::{Array, FromNapiValue, Function, FunctionRef, Unknown};
use napi::{Env, JsValue, Result, ValueType};
use napi_derive::napi;

use crate::clock::Clock;
use crate::config_error::{OrThrow, config_error};
use crate::fetch::{FetchArguments, js_fetch};
use crate::health::{KeysHealth, ObserverArguments, observer};
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
        let builder = issuer_list(env, issuers)?.into_iter().fold(builder, IssuersBuilder::issuer);
        Ok(Self { issuers: builder.build().or_throw(env)?, clock })
    }

    /// Every accepted `iss` value, in the order of configuration.
    #[napi(getter, catch_unwind)]
    pub fn identifiers(&self) -> Vec<&str> {
        self.issuers.identifiers().collect()
    }

    /// Begins to fetch the keys that are not in memory, or old, so that the first request does not
    /// wait for them. Returns at once.
    #[napi(catch_unwind)]
    pub fn warm_up(&self, env: &Env) -> Result<()> {
        self.clock.ask(env)?;
        self.issuers.warm_up();
        Ok(())
    }

    /// The state of each issuer's keys, in the order of configuration.
    #[napi(catch_unwind)]
    pub fn keys_health(&self, env: &Env) -> Result<Vec<KeysHealth>> {
        self.clock.ask(env)?;
        Ok(self.issuers.keys_health().into_iter().map(KeysHealth::from).collect())
    }
}

/// An array of identifiers and issuer options.
pub(crate) fn issuer_list(env: &Env, list: Unknown<'_>) -> Result<Vec<Issuer>> {
    let wrong = || config_error(env, "issuers", "must be Issuers, or an array of strings and issuer options");
    if !list.is_array()? {
        return Err(wrong());
    }
    let list = Array::from_unknown(list)?;
    (0..list.len())
        .map(|index| {
            let element = list.get::<Unknown<'_>>(index)?.ok_or_else(wrong)?;
            match element.get_type()? {
                ValueType::String => String::from_unknown(element).map(Issuer::new),
                ValueType::Object => issuer(env, element),
                _ => Err(wrong()),
            }
        })
        .collect()
}

fn issuer(env: &Env, value: Unknown<'_>) -> Result<Issuer> {
    let options = Options::new(env, "an issuer", Some(value))?;
    let Some(identifier) = options.string("issuer")? else {
        return Err(config_error(env, "issuer", "is missing; it is the `iss` of the tokens"));
    };
    let also = options.strings("also")?.unwrap_or_default();
    let mut issuer = also.into_iter().fold(Issuer::new(identifier), Issuer::also);
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
    Ok(issuer)
}

/// The name of an option, and what it sets.
type Setter<T> = (&'static str, fn(IssuersBuilder, T) -> IssuersBuilder);

/// The settings of how keys are fetched and kept.
pub(crate) fn key_options(
    env: &Env,
    mut keys: IssuersBuilder,
    value: Option<Unknown<'_>>,
) -> Result<(IssuersBuilder, Clock)> {
    let options = Options::new(env, "keys", value)?;
    let durations: [Setter<Duration>; 4] = [
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
    if let Some(function) =
        options.function::<Function<'_, ObserverArguments, Unknown<'static>>>("onKeysEvent")?
    {
        keys = keys.on_keys_event(observer(&function)?);
    }
    let mut clock = Clock::system();
    if let Some(function) = options.function::<FunctionRef<(), f64>>("clock")? {
        let (own, seam) = Clock::of(function);
        clock = own;
        keys = keys.clock(seam);
    }
    if let Some(function) = options.function::<Function<'_, FetchArguments, Unknown<'static>>>("fetch")? {
        keys = keys.fetch(js_fetch(&function)?);
    }
    options.finish()?;
    Ok((keys.spawn(worker::spawn), clock))
}
