//! Settings of issuers and keys: everything is checked here, once, and nothing is fetched.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::download::Download;
use super::health::{KeysEvent, KeysHealth};
use super::issuer::Keys;
use super::missing::Missing;
use super::policy::Settings;
use super::source::{Observer, Remote};
use super::{Inner, Issuer, IssuerEntry, Issuers, KeySource};
use crate::claims::Audience;
use crate::clock::{Clock, SystemClock};
use crate::error::ConfigError;
use crate::fetch::Fetch;
use crate::spawn::Spawn;

/// Settings of [`Issuers`].
#[must_use]
#[derive(Clone)]
pub struct IssuersBuilder {
    issuers: Vec<Issuer>,
    settings: Settings,
    transport: Transport,
    http_hosts: Vec<String>,
    clock: Arc<dyn Clock>,
    fetch: Option<Arc<dyn Fetch>>,
    spawn: Option<Arc<dyn Spawn>>,
    observer: Option<Observer>,
}

/// What only the built-in fetch knows.
#[derive(Clone, Default)]
struct Transport {
    ca_files: Vec<PathBuf>,
    proxy: Option<String>,
    no_proxy: Option<String>,
}

impl IssuersBuilder {
    /// Adds an issuer. At least one is needed.
    pub fn issuer(mut self, issuer: impl Into<Issuer>) -> Self {
        self.issuers.push(issuer.into());
        self
    }

    /// Whether no issuer has been added yet.
    pub(crate) const fn is_empty(&self) -> bool {
        self.issuers.is_empty()
    }

    /// How long fetched keys are used before they are fetched again: 5 minutes, or what the answer's
    /// `Cache-Control: max-age` less its `Age` says, between a minute and an hour, if that is less.
    /// From about 80 % of that time on they are fetched again in the background.
    pub const fn jwks_fresh(mut self, duration: Duration) -> Self {
        self.settings.fresh = duration;
        self
    }

    /// How often tokens with unknown keys may cause a fetch: once in 30 seconds, and once more so
    /// that a rotation right after another fetch is not refused. A flood of such tokens can keep a
    /// new key waiting for as long as this.
    pub const fn jwks_cooldown(mut self, duration: Duration) -> Self {
        self.settings.cooldown = duration;
        self
    }

    /// How long an attempt may take, metadata and keys together: 5 seconds.
    pub const fn jwks_timeout(mut self, duration: Duration) -> Self {
        self.settings.timeout = duration;
        self
    }

    /// How long past their freshness keys may be used while the issuer fails: 1 hour; zero is never.
    /// A key that is revoked while the issuer cannot be reached lives as long, after its freshness.
    pub const fn jwks_max_stale(mut self, duration: Duration) -> Self {
        self.settings.max_stale = duration;
        self
    }

    /// Trusts the certificates in this PEM file besides the system's. May be repeated.
    ///
    /// This, [`proxy`](Self::proxy) and [`no_proxy`](Self::no_proxy) are for the built-in fetch.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.transport.ca_files.push(path.into());
        self
    }

    /// The proxy for https URLs, as `HTTPS_PROXY` would name it. No variable is read.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.transport.proxy = Some(url.into());
        self
    }

    /// The hosts that are reached without the proxy, as `NO_PROXY` would list them.
    pub fn no_proxy(mut self, hosts: impl Into<String>) -> Self {
        self.transport.no_proxy = Some(hosts.into());
        self
    }

    /// Hosts that may be reached by plain http, such as those behind a service mesh that encrypts.
    /// Whoever can change what they send can make every token valid.
    pub fn dangerously_allow_http_hosts<S: Into<String>>(
        mut self,
        hosts: impl IntoIterator<Item = S>,
    ) -> Self {
        self.http_hosts = hosts.into_iter().map(Into::into).collect();
        self
    }

    /// The clock that tokens and keys are judged by, for tests.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Fetches by other means than the built-in ones.
    pub fn fetch(mut self, fetch: impl Fetch + 'static) -> Self {
        self.fetch = Some(Arc::new(fetch));
        self
    }

    /// Runs fetches by other means than the built-in ones.
    pub fn spawn(mut self, spawn: impl Spawn + 'static) -> Self {
        self.spawn = Some(Arc::new(spawn));
        self
    }

    /// Is told after each attempt to fetch keys how it ended, on whatever runs the attempt: it should
    /// be quick.
    pub fn on_keys_event(
        mut self,
        observer: impl Fn(KeysEvent, &KeysHealth) + Send + Sync + 'static,
    ) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Checks everything.
    ///
    /// # Errors
    /// Names the first setting that is wrong: no issuer or one given twice, a URL that is not
    /// https, a duration out of range, an unusable key set, CA file or proxy.
    pub fn build(self) -> Result<Issuers, ConfigError> {
        check_durations(&self.settings)?;
        check_hosts(&self.http_hosts)?;
        if self.issuers.is_empty() {
            return Err(ConfigError::new(
                "issuers",
                "at least one is needed, such as https://auth.example.com",
            ));
        }
        let fetch = self.fetch.map_or_else(|| self.transport.fetch(), |fetch| Ok(Some(fetch)))?;
        let spawn = self.spawn.or_else(default_spawn);
        let http_hosts: Arc<[String]> = self.http_hosts.into();

        let (mut identifiers, mut issuers) = (Vec::new(), Vec::new());
        let mut entries = HashMap::new();
        for issuer in self.issuers {
            let first = issuer.identifiers.first().cloned().unwrap_or_default().into_boxed_str();
            let names = issuer.identifiers.clone();
            let audiences = issuer
                .audiences
                .as_ref()
                .map(|all| all.iter().map(|audience| Audience::new(audience)).collect());
            let keys = match issuer.check(&http_hosts)? {
                Keys::Static(set) => KeySource::fixed(first, set),
                Keys::Remote(target) => KeySource::remote(Remote {
                    issuer: first,
                    download: Download {
                        target,
                        fetch: fetch.clone().ok_or_else(|| missing("fetch"))?,
                        http_hosts: Arc::clone(&http_hosts),
                    },
                    settings: self.settings,
                    clock: Arc::clone(&self.clock),
                    spawn: spawn.clone().ok_or_else(|| missing("spawn"))?,
                    observer: self.observer.clone(),
                    state: ArcSwap::default(),
                    missing: Missing::default(),
                }),
            };
            let entry = Arc::new(IssuerEntry { audiences, keys });
            issuers.push(Arc::clone(&entry));
            for name in names {
                let name: Box<str> = name.into();
                if entries.insert(name.clone(), Arc::clone(&entry)).is_some() {
                    return Err(ConfigError::new("issuers", format!("{name} is given twice")));
                }
                identifiers.push(name);
            }
        }
        Ok(Issuers(Arc::new(Inner { identifiers, entries, issuers, http_hosts, clock: self.clock })))
    }
}

impl Default for IssuersBuilder {
    fn default() -> Self {
        Self {
            issuers: Vec::new(),
            settings: Settings::DEFAULT,
            transport: Transport::default(),
            http_hosts: Vec::new(),
            clock: Arc::new(SystemClock),
            fetch: None,
            spawn: None,
            observer: None,
        }
    }
}

impl fmt::Debug for IssuersBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The proxy's URL may hold a password.
        f.debug_struct("IssuersBuilder")
            .field("issuers", &self.issuers)
            .field("settings", &self.settings)
            .field("ca_files", &self.transport.ca_files)
            .field("http_hosts", &self.http_hosts)
            .finish_non_exhaustive()
    }
}

impl Transport {
    #[cfg(feature = "reqwest")]
    fn fetch(&self) -> Result<Option<Arc<dyn Fetch>>, ConfigError> {
        let (proxy, no_proxy) = (self.proxy.as_deref(), self.no_proxy.as_deref());
        let fetch = crate::fetch::client::HttpFetch::new(&self.ca_files, proxy, no_proxy)?;
        Ok(Some(Arc::new(fetch)))
    }

    #[cfg(not(feature = "reqwest"))]
    fn fetch(&self) -> Result<Option<Arc<dyn Fetch>>, ConfigError> {
        let unused = [
            ("ca_file", !self.ca_files.is_empty()),
            ("proxy", self.proxy.is_some()),
            ("no_proxy", self.no_proxy.is_some()),
        ];
        match unused.iter().find(|(_, given)| *given) {
            Some((setting, _)) => Err(ConfigError::new(*setting, NEEDS_REQWEST)),
            None => Ok(None),
        }
    }
}

#[cfg(feature = "reqwest")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature there is none")]
fn default_spawn() -> Option<Arc<dyn Spawn>> {
    Some(Arc::new(crate::spawn::TokioSpawn::new()))
}

#[cfg(not(feature = "reqwest"))]
fn default_spawn() -> Option<Arc<dyn Spawn>> {
    None
}

fn missing(setting: &str) -> ConfigError {
    ConfigError::new(setting, NEEDS_REQWEST)
}

fn check_durations(settings: &Settings) -> Result<(), ConfigError> {
    const HOUR: u64 = 3600;
    let positive = Duration::from_nanos(1);
    for (setting, value, least, most) in [
        ("jwks_fresh", settings.fresh, positive, 24 * HOUR),
        ("jwks_cooldown", settings.cooldown, positive, HOUR),
        ("jwks_timeout", settings.timeout, positive, 60),
        ("jwks_max_stale", settings.max_stale, Duration::ZERO, 7 * 24 * HOUR),
    ] {
        if value < least || value > Duration::from_secs(most) {
            let least = if least.is_zero() { "0 seconds" } else { "more than 0" };
            return Err(ConfigError::new(setting, format!("must be {least} to {most} seconds")));
        }
    }
    Ok(())
}

fn check_hosts(hosts: &[String]) -> Result<(), ConfigError> {
    for host in hosts {
        if !url::Host::parse(host).is_ok_and(|parsed| parsed.to_string() == *host) {
            return Err(ConfigError::new(
                "dangerously_allow_http_hosts",
                "must be lower-case host names without scheme and port, such as auth.internal",
            ));
        }
    }
    Ok(())
}

const NEEDS_REQWEST: &str = "must be given with `fetch` and `spawn`, or built with the feature reqwest";
