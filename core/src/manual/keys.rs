//! Keys: their defaults, rotation, revocation and outages.
//!
//! Each issuer has one set of keys in memory. A token is checked with that set and with nothing else;
//! [`try_authorize`](crate::ResourceServer::try_authorize) does no I/O. Only requests make the set be
//! fetched, never a timer: a server that nobody calls asks nobody.
//!
//! # Defaults
//!
//! An *attempt* is metadata, if it has to be read, and then the key set. Durations are a `Duration` in
//! Rust, seconds in Python and in variables, milliseconds in Node. A value out of range is a
//! [`ConfigError`](crate::ConfigError), never clamped. A variable that is set goes before the code.
//!
//! Unless the table says otherwise, Rust names are methods of
//! [`IssuersBuilder`](crate::IssuersBuilder), which is also what
//! [`Builder::keys`](crate::Builder::keys) hands out; Python names are keywords of `Issuers` or entries
//! of the argument `keys`, Node names the same as options.
//!
//! | what | default | Rust | Python | Node | variable | range | more costs | less costs |
//! |---|---|---|---|---|---|---|---|---|
//! | Start | nothing is fetched before a token needs a key; a start never fails because an issuer is down | `warm_up`, a method of [`Issuers`](crate::Issuers) and [`ResourceServer`](crate::ResourceServer), begins an attempt in the background | `warm_up` | `warmUp` | | | an attempt at each start | the first request waits for one |
//! | Freshness: how old a set may be before it is asked for again | 5 min | `jwks_fresh` | `jwks_fresh` | `jwksFreshMs` | `MCP_BEARER_JWKS_FRESH_SECONDS` | more than 0 to 24 h | a withdrawn key lives longer | more attempts |
//! | Freshness that the answer states | `max-age` less `Age`, between 60 s and 1 h; `no-store` and `no-cache` are 60 s; a `max-age` that is malformed is 60 s; the setting above if that is less | fixed | | | | | | |
//! | Refresh in the background | at the first request after 72 to 88 % of the freshness, by chance | fixed | | | | | | |
//! | An idle server | past the freshness, and with no failure within two minutes, a request waits for one attempt | fixed | | | | | | |
//! | Stale window: how long past their freshness keys serve while attempts fail | 1 h | `jwks_max_stale` | `jwks_max_stale` | `jwksMaxStaleMs` | `MCP_BEARER_JWKS_MAX_STALE_SECONDS` | 0 to 7 days | a withdrawn key lives longer while the issuer cannot be reached | 503 sooner in an outage; with 0, at the end of the freshness |
//! | Unknown `kid`: attempts that it may cause | one per 30 s for each issuer, and one to spare | `jwks_cooldown` | `jwks_cooldown` | `jwksCooldownMs` | `MCP_BEARER_JWKS_COOLDOWN_SECONDS` | more than 0 to 1 h | a flood can hold up a new key for longer | a flood costs the issuer more |
//! | Memory of missing `kid`s: they cause no attempt, and wait for none | 1,024 for each issuer, for one cooldown | fixed | | | | | | |
//! | Deadline of an attempt: metadata, keys and retries together | 5 s | `jwks_timeout` | `jwks_timeout` | `jwksTimeoutMs` | `MCP_BEARER_JWKS_TIMEOUT_SECONDS` | more than 0 to 60 s | requests without keys wait longer for an issuer that hangs | a slow issuer counts as down |
//! | Connecting | 2 s, within the deadline | fixed | | | | | | |
//! | Retry at once | one for each URL, if there was no connection or it broke off | fixed | | | | | | |
//! | Pause after a failed attempt | 1 s, doubled by each further failure up to 60 s, less up to 10 % by chance | fixed | | | | | | |
//! | An attempt that never ends | given up 5 s after its deadline | fixed | | | | | | |
//! | Metadata | up to three places in turn: RFC 8414, then the two of `OpenID` Connect; no answer or a 5xx ends the attempt | `jwks_uri` of [`Issuer`](crate::Issuer) skips it | `jwks_uri` | `jwksUri` | `MCP_BEARER_JWKS_URI` | | | |
//! | Metadata is read again | after 1 h, and after any failed attempt | fixed | | | | | | |
//! | Statuses | 200; 304 if a validator was sent; no redirect is followed | fixed | | | | | | |
//! | Validator | an `ETag` of up to 1,024 bytes is sent back, unless the last attempt failed | fixed | | | | | | |
//! | Body | up to 256 KiB; no content coding; not `text/html` | fixed | | | | | | |
//! | JSON | up to 16 levels; a key with more is skipped | fixed | | | | | | |
//! | Usable keys in a set | 1 to 100; entries that are of no use are skipped one by one | fixed | | | | | | |
//! | RSA keys | 2048 to 8192 bits; an odd exponent of 3 or more, of up to 4 bytes | fixed | | | | | | |
//! | Keys that are tried for a token | up to 4 with its `kid` and algorithm; without `kid` the only one that fits | fixed | | | | | | |
//! | A clock that is set back | by more than 60 s: keys count as old, pauses and cooldowns as over | fixed | | | | | | |
//! | URLs | https; http for an issuer that is itself http on a loopback host | `dangerously_allow_http_hosts` | `dangerously_allow_http_hosts` | `dangerouslyAllowHttpHosts` | | host names | whoever can change what those hosts send can make every token valid | |
//! | Private CA | the system's store | `ca_file` | `ca_file` | `caFile` | `MCP_BEARER_CA_FILE`, `SSL_CERT_FILE` | a PEM file | whoever has the CA's key can pose as any issuer | |
//! | Proxy | none | `proxy`, `no_proxy` | `proxy`, `no_proxy` | `proxy`, `noProxy` | `HTTPS_PROXY`, `NO_PROXY` | an http or https URL | | |
//! | Leeway for `exp` and `nbf` | 30 s | `leeway` of [`Builder`](crate::Builder) | `leeway` | `leewayMs` | `MCP_BEARER_LEEWAY_SECONDS` | 0 to 60 s | tokens live longer | clocks that differ refuse good tokens |
//!
//! Whoever knows an issuer's keys in advance gives them with [`Issuer::jwks`](crate::Issuer::jwks):
//! nothing is ever fetched for that issuer, and no key of it ever goes away.
//!
//! # Rotation
//!
//! A new key works from its first token on: its `kid` is unknown, one attempt begins, and the request
//! waits for it. Many requests wait for the same attempt. A request that has joined an attempt begun
//! for another key may wait for one more, since the first may have asked too early: two at most.
//!
//! This takes a new `kid` with each new key. Where keys have no `kid`, or one is given to a new key, the
//! old key seems to fit the new token, whose signature is then bad: 401 until the next refresh, and in
//! an outage for as long as the old keys serve. Two keys without `kid` that fit the same token are 401
//! for as long as both are there.
//!
//! A key that is no longer in the set is refused from the end of the next good attempt on, also for
//! tokens that were accepted before.
//!
//! An issuer makes rotation invisible if it publishes a key at least one freshness before it signs with
//! it, and withdraws it no sooner than the last token signed with it has expired.
//!
//! # How long a revoked key lives
//!
//! From the moment at which the issuer withdraws it, in the worst case:
//!
//! | the issuer | the key is accepted for up to | why |
//! |---|---|---|
//! | answers | 5 min; 7 min if an attempt has failed meanwhile | the set was asked for just before; at its freshness, or two minutes after the failure, requests wait for a new one |
//! | answers, and requests come all the time | 264 s and one attempt | 88 % of 300 s; an attempt takes 5 s at most |
//! | cannot be reached, or gives no usable set | 65 min | 300 s of freshness + 3,600 s of stale window = 3,900 s, then 503 |
//!
//! In general: the freshness, and with failures the freshness + the stale window. With both settings at
//! their largest this is 24 h + 7 days. A cache in front of the issuer adds the age of its copy; `Age`
//! is taken off `max-age`, down to 60 s.
//!
//! Keys are in memory only. To drop a key at once, restart the processes; with the issuer down they
//! then answer 503.
//!
//! # Tokens that are remembered
//!
//! A token that was verified is remembered with the thumbprint of its key, up to 4,096 of them for each
//! resource server: a request with the same bytes costs no signature. All that may have changed is
//! asked again each time: whether the set may be used, whether it still has that key under that name,
//! `exp` and `nbf`. Scopes and claims are compared for each request. A refusal is never remembered.
//!
//! A token takes about twice its length and half a kilobyte; one of more than 4 KiB is not remembered.
//! `token_cache` (Node `tokenCache`) sets how many, with 0 for none; `clear_token_cache` forgets them
//! all; `stats` tells hits, misses and how many there are. Children of a fork begin with
//! the tokens of their parent.
//!
//! # How long a revoked token lives
//!
//! Until `exp` + leeway: a token with ten minutes left lives for ten minutes and 30 seconds. A resource
//! server that checks JWTs by itself cannot see that the issuer has revoked one. Whoever needs less
//! gives tokens a shorter life. To end all tokens of a key, withdraw the key.
//!
//! # What clients see in an outage
//!
//! No connection, a timeout, another status, a web page, a coded body, no JSON, no usable key and
//! metadata of another issuer are all the same: the attempt has failed, and what is in memory stays.
//!
//! | keys in memory | last attempt | key of the token | answer |
//! |---|---|---|---|
//! | none, or past the stale window | none yet, or failed and the pause is over | any | waits for one attempt, 5 s at most (two for an unknown key that joins one begun for another); then 200 or 401, or 503 if it fails |
//! | none, or past the stale window | failed, within the pause | any | 503 at once |
//! | fresh | any | known | 200 at once |
//! | past freshness | failed within two minutes | known | 200 at once; attempts go on in the background |
//! | past freshness | succeeded, or failed longer ago: the server was idle | known | waits for one attempt; then as with a fresh set or a failed attempt |
//! | fresh | succeeded | unknown | waits for an attempt that is under way or may begin, else 401 at once; 401 at once if it was lately found missing |
//! | usable | failed | unknown | waits for an attempt that is under way or may begin, else 503 at once: the newest set may have the key |
//!
//! An unknown key is one that the set does not have by that `kid`. A known key of another algorithm,
//! and a token without `kid` that several keys fit, are 401 as soon as there is a usable set.
//!
//! The 503 is [`Reason::KeysUnavailable`](crate::Reason::KeysUnavailable). It carries `Retry-After`:
//! whole seconds to the next attempt that may begin, at least 1, at most the longest pause or one
//! cooldown. It carries no challenge, since a client would throw away a good token. A failing issuer
//! never makes a token of an unknown key 401.
//!
//! Requests without a token, public routes, public operations and metadata do not depend on keys.
//! Tokens that fail before their key is looked for (form, algorithm, type, issuer, audience, time) are
//! 401 in an outage as always.
//!
//! # What a flood can do
//!
//! Anybody can write a token that names this server and its issuer, and invent a `kid`. Such tokens
//! cause two attempts at first and then one per cooldown. They can use up what a new key would need: a
//! key that its issuer signs with before any attempt has seen it may be refused with 401 for up to one
//! cooldown (one minute more after a clock was set back by less than that). A key that was published one freshness earlier is in memory and not affected. Rates are
//! not limited here.
//!
//! # Several processes
//!
//! Each process has its own keys: n workers make n attempts where one process makes one, spread by
//! chance. Nothing is started before the first attempt: no thread, no connection.
//!
//! A forked child (gunicorn with preload, `multiprocessing`) begins with the keys that its parent had.
//! It uses no thread, connection or attempt of the parent, and does not wait for one. Children of one
//! parent also inherit when its keys are to be refreshed: they begin that refresh together. A worker of a
//! Node cluster and a worker thread begin without keys.
//!
//! Attempts run on the tokio runtime in which the issuers were built, unless that is a current-thread
//! runtime or has ended; otherwise on one thread of their own. A [`Fetch`](crate::Fetch) of your own
//! has to keep the deadline that it is given: the request that waits for it waits as long as it does.
//!
//! # Several issuers
//!
//! Every issuer has its own set, freshness, pauses, cooldown and memory; the settings are shared. One
//! that is down does not touch tokens of another, and no key of one checks a token of another. Several
//! `iss` values over one set are one issuer: [`Issuer::also`](crate::Issuer::also). Resource servers
//! that share one [`Issuers`](crate::Issuers) share its keys.
//!
//! # Private CA
//!
//! `ca_file` adds the certificates of a PEM file to the system's store. The file is read when the
//! issuers are built; a file that is missing or holds no certificate is a
//! [`ConfigError`](crate::ConfigError). With settings from the environment, `MCP_BEARER_CA_FILE` and
//! `SSL_CERT_FILE` are both used so.
//!
//! On Linux and other Unix systems except macOS the TLS library also reads `SSL_CERT_FILE` and
//! `SSL_CERT_DIR` of the process by itself, and takes what they name *instead of* the system's store.
//!
//! # Proxies
//!
//! | | |
//! |---|---|
//! | `HTTPS_PROXY`, `https_proxy` | for https URLs, the upper case first; read by `from_env` only, in code it is `proxy` |
//! | `NO_PROXY`, `no_proxy` | hosts that are reached directly: names with all that is below them, addresses, networks such as `10.0.0.0/8`, or `*` |
//! | a user and a password in the proxy's URL | are sent to the proxy; `Debug` never shows them |
//! | `HTTP_PROXY`, `ALL_PROXY`, settings of the system | not used; http URLs are reached directly |
//! | SOCKS, automatic configuration | not supported; another scheme than http or https is a [`ConfigError`](crate::ConfigError) |
//!
//! # What to watch
//!
//! [`keys_health`](crate::ResourceServer::keys_health) (Node: `keysHealth`) gives the state of each
//! issuer's keys without any I/O. It is not a check of the server's own health: with one issuer down
//! the server goes on.
//!
//! | [`KeysHealth`](crate::KeysHealth) in Rust and Python | in Node | what it tells |
//! |---|---|---|
//! | `issuer` | `issuer` | the first identifier of the issuer |
//! | `status` | `status` | `fresh`; `stale`: past the freshness, used only while attempts fail; `none`: tokens of this issuer are 503 unless an attempt succeeds |
//! | `age` | `ageMs` | time since the set was asked for; freshness + stale window less this is what is left in an outage |
//! | `last_error` | `lastError` | why the last attempt failed, in constant words; nothing of an answer is in it |
//! | `fetching` | `fetching` | an attempt is under way |
//! | `next_attempt` | `nextAttempt` | from when on a request makes the next one begin |
//! | `keys` | `keys` | `kid` and algorithms of each usable key: a new key is seen here before its first token |
//! | `exposes_secrets` | `exposesSecrets` | the issuer publishes private or symmetric keys: whoever runs it should be told at once |
//!
//! [`on_keys_event`](crate::IssuersBuilder::on_keys_event) (Python: the setting of that name; Node:
//! `onKeysEvent`) is called after each attempt, with `fetched` or `failed`
//! ([`KeysEvent`](crate::KeysEvent)) and the state after it. Tell somebody about `failed` that comes
//! again; wake somebody for `failed` with the status `none`, or with little of the stale window left. In
//! Rust and Python it runs where the attempt ran, and should be quick.
