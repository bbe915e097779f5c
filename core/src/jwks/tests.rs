//! The life cycle, over a scripted fetch and a clock that is set by hand: no sleeping, no network.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::HeaderMap;
use tokio::sync::Semaphore;

use super::*;
use crate::algorithm::Algorithm;
use crate::fetch::{BoxFuture, Fetch, FetchError, FetchRequest, FetchResponse};

mod answers;
mod settings;

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

fn look(issuers: &Issuers, kid: &str, waited: bool) -> (Outcome, Option<Flight>) {
    let entry = issuers.get(ISSUER).unwrap();
    match entry.keys().find(Some(kid), Algorithm::Ed25519, issuers.now(), waited) {
        Find::Keys(_) => (Outcome::Keys, None),
        Find::Wait(flight) => (Outcome::Waiting, Some(flight)),
        Find::NotFound => (Outcome::NotFound, None),
        Find::Unavailable { retry_after } => (Outcome::Unavailable(retry_after.as_secs()), None),
    }
}

async fn ask(issuers: &Issuers, kid: &str) -> Outcome {
    match look(issuers, kid, false) {
        (_, Some(flight)) => {
            flight.wait().await;
            look(issuers, kid, true).0
        }
        (outcome, None) => outcome,
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
    let (_, follower) = look(&issuers, "a", false);
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    world.release();
    follower.unwrap().wait().await;
    assert_eq!(look(&issuers, "a", true).0, Outcome::Keys);
    assert_eq!(world.fetches(), 1);
}

#[tokio::test]
async fn keys_are_used_while_fresh_and_then_fetched_again() {
    let world = World::good(&["old"]);
    let issuers = world.builder().issuer(ISSUER).jwks_fresh(seconds(120)).build().unwrap();
    assert_eq!(ask(&issuers, "old").await, Outcome::Keys);
    world.set(KEYS, keys(&["new"]));
    world.advance(seconds(119));
    assert_eq!(look(&issuers, "old", false).0, Outcome::Keys);
    world.advance(seconds(1));
    assert_eq!(ask(&issuers, "old").await, Outcome::NotFound, "a key that has left the set");
    assert_eq!(look(&issuers, "new", false).0, Outcome::Keys);
    assert_eq!(world.fetches(), 2);
}

#[tokio::test]
async fn unknown_keys_cost_one_fetch_per_cooldown() {
    let world = World::good(&["a"]);
    let issuers = world.issuers();
    assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    world.set(KEYS, keys(&["a", "b"]));
    for n in 0..1_000 {
        assert_eq!(look(&issuers, &format!("no{n}"), false).0, Outcome::NotFound);
    }
    assert_eq!(world.fetches(), 1);
    world.advance(seconds(30));
    assert_eq!(ask(&issuers, "b").await, Outcome::Keys, "a rotation");
    assert_eq!(look(&issuers, "no", false).0, Outcome::NotFound);
    assert_eq!(world.fetches(), 2);

    // Failures count too, and say that the answer is not known.
    world.set(KEYS, status(503));
    world.advance(seconds(30));
    assert_eq!(ask(&issuers, "c").await, Outcome::Unavailable(30));
    world.advance(seconds(20));
    assert_eq!(look(&issuers, "c", false).0, Outcome::Unavailable(10));
    assert_eq!(look(&issuers, "a", false).0, Outcome::Keys, "known keys do not suffer");
    assert_eq!(world.fetches(), 3);
    world.set(KEYS, keys(&["c"]));
    world.advance(seconds(10));
    assert_eq!(ask(&issuers, "c").await, Outcome::Keys);
}

#[tokio::test]
async fn an_issuer_that_is_down_makes_keys_unavailable_until_it_is_back() {
    for failure in [Err(FetchError::Connect), Err(FetchError::Timeout), status(500), status(503)] {
        let world = World::good(&["a"]);
        world.set(FORMS[0], failure);
        let issuers = world.issuers();
        assert_eq!(ask(&issuers, "a").await, Outcome::Unavailable(1));
        assert_eq!(look(&issuers, "a", false).0, Outcome::Unavailable(1));
        assert_eq!(world.urls(), [FORMS[0]], "an outage stops the attempt");
        world.set(FORMS[0], metadata(ISSUER, KEYS));
        world.advance(seconds(1));
        assert_eq!(ask(&issuers, "a").await, Outcome::Keys);

        world.set(KEYS, Err(FetchError::Other));
        world.advance(seconds(300));
        assert_eq!(ask(&issuers, "a").await, Outcome::Unavailable(1), "past freshness");
        world.set(KEYS, keys(&["a"]));
        world.advance(seconds(1));
        assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    }
}

#[tokio::test]
async fn a_fetch_that_is_dropped_or_panics_hangs_nobody() {
    let world = World::good(&["a"]);
    let dropped = world.builder().issuer(ISSUER).spawn(|_future| {}).build().unwrap();
    assert_eq!(ask(&dropped, "a").await, Outcome::Unavailable(1));
    assert!(format!("{dropped:?}").contains("dropped"));

    let panics = |_request: FetchRequest| async { panic!("on purpose") };
    let panicking = world.builder().issuer(ISSUER).fetch(panics).build().unwrap();
    assert_eq!(ask(&panicking, "a").await, Outcome::Unavailable(1));
}

#[test]
fn a_runtime_that_ends_under_a_fetch_hangs_nobody() {
    let world = World::good(&["a"]);
    world.hold();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let handle = runtime.handle().clone();
    let spawn = move |future| drop(handle.spawn(future));
    let issuers = world.builder().issuer(ISSUER).spawn(spawn).build().unwrap();
    let (_, flight) = look(&issuers, "a", false);
    runtime.shutdown_timeout(seconds(60));
    let waiter = tokio::runtime::Builder::new_current_thread().build().unwrap();
    waiter.block_on(flight.unwrap().wait());
    assert_eq!(look(&issuers, "a", true).0, Outcome::Unavailable(1));
}

#[tokio::test]
async fn an_attempt_that_is_lost_is_given_up() {
    let world = World::good(&["a"]);
    let kept = Arc::new(Mutex::new(Vec::new()));
    let spawn = {
        let kept = Arc::clone(&kept);
        move |future: BoxFuture<'static, ()>| kept.lock().unwrap().push(future)
    };
    let issuers = world.builder().issuer(ISSUER).spawn(spawn).build().unwrap();
    let (_, lost) = look(&issuers, "a", false);
    world.advance(seconds(10));
    let (_, second) = look(&issuers, "a", false);
    lost.unwrap().wait().await;
    assert_eq!(look(&issuers, "a", true).0, Outcome::Unavailable(1));
    let (first_future, second_future) = {
        let mut kept = kept.lock().unwrap();
        (kept.remove(0), kept.remove(0))
    };
    second_future.await;
    second.unwrap().wait().await;
    assert_eq!(look(&issuers, "a", true).0, Outcome::Keys);
    world.set(KEYS, keys(&["late"]));
    first_future.await;
    assert_eq!(look(&issuers, "late", false).0, Outcome::NotFound, "it comes too late to count");
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
    assert_eq!(look(&fixed, "a", false).0, Outcome::Keys);
    assert_eq!(look(&fixed, "b", false).0, Outcome::NotFound);
    world.advance(seconds(1_000_000));
    assert_eq!(look(&fixed, "a", false).0, Outcome::Keys);
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
        entry.keys().find(Some(kid), Algorithm::Ed25519, issuers.now(), false)
    };
    assert!(matches!(find("https://as.test/tenant/resources/r", "a"), Find::Keys(_)), "shared");
    assert!(matches!(find("https://other.test", "a"), Find::NotFound));
    assert!(matches!(find(ISSUER, "b"), Find::NotFound));
    assert_eq!(world.fetches(), 1);
    assert_eq!(issuers.get(ISSUER).unwrap().audiences().map(<[_]>::len), Some(1));
    assert!(issuers.get("https://other.test").unwrap().audiences().is_none());
    assert!(issuers.get("https://as.test/tenant/").is_none() && issuers.get("").is_none());
    let expected = [ISSUER, "https://as.test/tenant/resources/r", "https://other.test"];
    assert!(issuers.identifiers().eq(expected));
}
