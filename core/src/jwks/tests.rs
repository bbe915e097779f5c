//! The life cycle, over a scripted fetch and a clock that is set by hand: no sleeping, no network.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use tokio::sync::Semaphore;

use super::Waited::Not;
use super::*;
use crate::algorithm::Algorithm;
use crate::fetch::{BoxFuture, Fetch, FetchError, FetchRequest, FetchResponse};

mod answers;
mod outage;
mod refresh;
mod settings;
mod unknown;

type Answer = Result<FetchResponse, FetchError>;

const ISSUER: &str = "https://as.test/tenant";
const KEYS: &str = "https://as.test/keys";
const FORMS: [&str; 3] = [
    "https://as.test/.well-known/oauth-authorization-server/tenant",
    "https://as.test/.well-known/openid-configuration/tenant",
    "https://as.test/tenant/.well-known/openid-configuration",
];

/// An issuer, the network and the time.
#[derive(Clone)]
struct World {
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    calls: Arc<Mutex<Vec<FetchRequest>>>,
    /// Each answer takes a permit.
    gate: Arc<Semaphore>,
    now: Arc<AtomicU64>,
}

impl World {
    /// Everything is 404 until it is set, and answers come at once.
    fn new() -> Self {
        Self {
            answers: Arc::default(),
            calls: Arc::default(),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
            now: Arc::new(AtomicU64::new(1_700_000_000_000)),
        }
    }

    /// An issuer that publishes metadata in the first form, and these keys.
    fn good(kids: &[&str]) -> Self {
        let world = Self::new();
        world.set(FORMS[0], metadata(ISSUER, KEYS));
        world.set(KEYS, keys(kids));
        world
    }

    fn set(&self, url: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(url.to_owned(), answer);
    }

    fn builder(&self) -> IssuersBuilder {
        let now = Arc::clone(&self.now);
        let spawn = |future: BoxFuture<'static, ()>| drop(tokio::spawn(future));
        Issuers::builder()
            .fetch(self.clone())
            .spawn(spawn)
            .clock(move || Duration::from_millis(now.load(Ordering::SeqCst)))
    }

    fn issuers(&self) -> Issuers {
        self.builder().issuer(ISSUER).build().unwrap()
    }

    fn advance(&self, duration: Duration) {
        self.now.fetch_add(u64::try_from(duration.as_millis()).unwrap(), Ordering::SeqCst);
    }

    fn hold(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    fn release(&self) {
        self.gate.add_permits(1_000);
    }

    fn urls(&self) -> Vec<String> {
        self.calls.lock().unwrap().iter().map(|request| request.url.clone()).collect()
    }

    /// How often keys were asked for.
    fn fetches(&self) -> usize {
        self.urls().iter().filter(|url| *url == KEYS).count()
    }
}

impl Fetch for World {
    fn fetch(&self, request: FetchRequest) -> BoxFuture<'_, Answer> {
        let answer = self.answers.lock().unwrap().get(&request.url).cloned();
        self.calls.lock().unwrap().push(request);
        Box::pin(async move {
            self.gate.acquire().await.unwrap().forget();
            answer.unwrap_or_else(|| Ok(FetchResponse::new(404, HeaderMap::new(), Vec::new())))
        })
    }
}

fn ok(body: impl Into<Vec<u8>>) -> Answer {
    Ok(FetchResponse::new(200, HeaderMap::new(), body.into()))
}

fn status(status: u16) -> Answer {
    Ok(FetchResponse::new(status, HeaderMap::new(), keys(&["a"]).unwrap().body))
}

fn metadata(issuer: &str, jwks_uri: &str) -> Answer {
    ok(format!(r#"{{"issuer":"{issuer}","jwks_uri":"{jwks_uri}"}}"#))
}

fn keys(kids: &[&str]) -> Answer {
    let entry = |kid: &&str| {
        format!(
            r#"{{"kid":"{kid}","kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}}"#
        )
    };
    ok(format!(r#"{{"keys":[{{"kty":"new"}},{}]}}"#, kids.iter().map(entry).collect::<Vec<_>>().join(",")))
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Keys,
    Waiting,
    NotFound,
    Unavailable(u64),
}

fn look(issuers: &Issuers, kid: &str, waited: Waited) -> (Outcome, Option<Flight>) {
    let entry = issuers.get(ISSUER).unwrap();
    match entry.keys().find(Some(kid), Algorithm::Ed25519, issuers.now(), waited) {
        Find::Keys(_) => (Outcome::Keys, None),
        Find::Wait(flight) => (Outcome::Waiting, Some(flight)),
        Find::NotFound => (Outcome::NotFound, None),
        Find::Unavailable { retry_after } => (Outcome::Unavailable(retry_after.as_secs()), None),
    }
}

async fn ask(issuers: &Issuers, kid: &str) -> Outcome {
    let mut waited = Not;
    loop {
        match look(issuers, kid, waited) {
            (_, Some(flight)) => waited = flight.wait().await,
            (outcome, None) => return outcome,
        }
    }
}

/// Until nothing is under way.
async fn landed(issuers: &Issuers) {
    while issuers.keys_health().iter().any(|health| health.fetching) {
        tokio::task::yield_now().await;
    }
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_cold_waiters_are_one_fetch() {
    let world = World::good(&["a"]);
    let issuers = world.issuers();
    assert!(world.urls().is_empty(), "nothing before the first use");
    let waiters: Vec<_> = (0..1_000)
        .map(|_| {
            let issuers = issuers.clone();
            tokio::spawn(async move { ask(&issuers, "a").await })
        })
        .collect();
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap(), Outcome::Keys);
    }
    assert_eq!(world.urls(), [FORMS[0], KEYS]);
}

#[tokio::test]
async fn a_waiter_that_gives_up_does_not_cancel_the_fetch() {
    let world = World::good(&["a"]);
    let issuers = world.issuers();
    world.hold();
    let leader = tokio::spawn({
        let issuers = issuers.clone();
        async move { ask(&issuers, "a").await }
    });
    tokio::task::yield_now().await;
    let (_, follower) = look(&issuers, "a", Not);
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    world.release();
    follower.unwrap().wait().await;
    assert_eq!(look(&issuers, "a", Not).0, Outcome::Keys);
    assert_eq!(world.fetches(), 1);
}

#[tokio::test]
async fn the_state_of_keys_can_be_seen() {
    let world = World::good(&["a"]);
    let events = Arc::new(Mutex::new(Vec::new()));
    let observer = {
        let events = Arc::clone(&events);
        move |event: KeysEvent, health: &KeysHealth| events.lock().unwrap().push((event, health.clone()))
    };
    let issuers = world
        .builder()
        .issuer(Issuer::new(ISSUER).also("https://as.test/also"))
        .on_keys_event(observer)
        .build()
        .unwrap();
    let health = || issuers.keys_health();
    assert_eq!(health().len(), 1);
    let cold = health().remove(0);
    assert_eq!((cold.status, cold.age, cold.last_error, cold.keys.len()), (KeysStatus::None, None, None, 0));

    assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    world.advance(seconds(10));
    let good = health().remove(0);
    assert_eq!((good.issuer.as_str(), good.status, good.age), (ISSUER, KeysStatus::Fresh, Some(seconds(10))));
    assert_eq!(good.keys, [KeyHealth { kid: Some("a".into()), algorithms: vec![Algorithm::Ed25519] }]);
    let since = issuers.now() - seconds(10);
    let next = good.next_attempt.unwrap() - since;
    assert!((seconds(216)..=seconds(264)).contains(&next), "{next:?}");

    world.set(KEYS, status(500));
    world.advance(seconds(400));
    assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    let shaken = health().remove(0);
    assert_eq!((shaken.status, shaken.last_error.as_deref()), (KeysStatus::Stale, Some("status 500")));
    let pause = shaken.next_attempt.unwrap() - issuers.now();
    assert!(pause > Duration::ZERO && pause <= seconds(1), "{pause:?}");

    let secret = br#"{"keys":[{"kty":"oct","k":"AAAA"},{"kid":"p","kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    world.set(KEYS, ok(*secret));
    world.advance(seconds(1));
    assert_eq!(ask(&issuers, "p").await, Outcome::Keys);
    assert!(health()[0].exposes_secrets && !shaken.exposes_secrets);

    let events = events.lock().unwrap();
    let seen: Vec<_> = events.iter().map(|(event, health)| (*event, health.status)).collect();
    assert_eq!(
        seen,
        [
            (KeysEvent::Fetched, KeysStatus::Fresh),
            (KeysEvent::Failed, KeysStatus::Stale),
            (KeysEvent::Fetched, KeysStatus::Fresh),
        ]
    );
    assert!(events.iter().all(|(_, health)| !health.fetching));
}

#[tokio::test]
async fn keys_that_are_given_or_named_need_no_discovery() {
    let world = World::new();
    world.set(KEYS, keys(&["a"]));
    let named = world.builder().issuer(Issuer::new(ISSUER).jwks_uri(KEYS)).build().unwrap();
    assert_eq!(ask(&named, "a").await, Outcome::Keys);
    assert_eq!(world.urls(), [KEYS]);

    let jwks = keys(&["a"]).unwrap().body;
    let fixed = world.builder().issuer(Issuer::new(ISSUER).jwks(jwks)).build().unwrap();
    assert_eq!(look(&fixed, "a", Not).0, Outcome::Keys);
    assert_eq!(look(&fixed, "b", Not).0, Outcome::NotFound);
    world.advance(seconds(1_000_000));
    assert_eq!(look(&fixed, "a", Not).0, Outcome::Keys);
    assert_eq!(world.urls(), [KEYS]);
}

#[tokio::test]
async fn each_issuer_has_its_own_keys_and_audiences() {
    let world = World::good(&["a"]);
    let issuers = world
        .builder()
        .issuer(Issuer::new(ISSUER).also("https://as.test/tenant/resources/r").audiences(["r"]))
        .issuer(Issuer::new("https://other.test").jwks(keys(&["b"]).unwrap().body))
        .build()
        .unwrap();
    assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    let find = |iss: &str, kid| {
        let entry = issuers.get(iss).unwrap();
        entry.keys().find(Some(kid), Algorithm::Ed25519, issuers.now(), Not)
    };
    assert!(matches!(find("https://as.test/tenant/resources/r", "a"), Find::Keys(_)), "shared");
    assert!(matches!(find("https://other.test", "a"), Find::NotFound));
    assert!(!matches!(find(ISSUER, "b"), Find::Keys(_)));
    assert_eq!(world.fetches(), 1);
    assert_eq!(issuers.get(ISSUER).unwrap().audiences().map(<[_]>::len), Some(1));
    assert!(issuers.get("https://other.test").unwrap().audiences().is_none());
    assert!(issuers.get("https://as.test/tenant/").is_none() && issuers.get("").is_none());
    let expected = [ISSUER, "https://as.test/tenant/resources/r", "https://other.test"];
    assert!(issuers.identifiers().eq(expected));
}
