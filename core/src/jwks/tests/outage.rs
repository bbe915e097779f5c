//! Issuers that are down, hang or come back, and attempts that get lost.

use super::*;

#[tokio::test]
async fn an_issuer_that_is_down_makes_keys_unavailable_until_it_is_back() {
    for (failure, answer) in [
        ("connect", Err(FetchError::Connect)),
        ("timeout", Err(FetchError::Timeout)),
        ("500", status(500)),
        ("503", status(503)),
    ] {
        let world = World::good(&["a"]);
        world.set(FORMS[0], answer);
        let issuers = world.issuers();
        assert_eq!(ask(&issuers, "a").await, Outcome::Unavailable(1));
        assert_eq!(look(&issuers, "a", Not).0, Outcome::Unavailable(1));
        let tries = if failure == "connect" { 2 } else { 1 };
        assert_eq!(world.urls(), vec![FORMS[0]; tries], "an outage stops the attempt");
        world.set(FORMS[0], metadata(ISSUER, KEYS));
        world.advance(seconds(1));
        assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    }
}

#[tokio::test]
async fn stale_keys_serve_while_the_issuer_fails_and_no_longer() {
    let world = World::good(&["a"]);
    let issuers = world.builder().issuer(ISSUER).jwks_max_stale(seconds(1_000)).build().unwrap();
    assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    world.set(KEYS, status(500));
    world.advance(seconds(400));
    assert_eq!(look(&issuers, "a", Not).0, Outcome::Waiting, "an idle server asks first");
    assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    while issuers.keys_health()[0].age.unwrap() < seconds(1_300) {
        assert_eq!(look(&issuers, "a", Not).0, Outcome::Keys);
        assert_eq!(issuers.keys_health()[0].status, KeysStatus::Stale);
        assert_ne!(ask(&issuers, "b").await, Outcome::NotFound, "who knows");
        landed(&issuers).await;
        world.advance(seconds(1));
    }
    // 1, 2, 4, 8, 16 and 32 seconds apart, then a minute.
    assert!((18..=30).contains(&world.fetches()), "{}", world.fetches());
    assert_eq!(issuers.keys_health()[0].status, KeysStatus::None);
    assert!(matches!(ask(&issuers, "a").await, Outcome::Unavailable(1..=60)));

    world.set(KEYS, keys(&["a"]));
    world.advance(seconds(60));
    let before = world.fetches();
    let waiters: Vec<_> = (0..100)
        .map(|_| {
            let issuers = issuers.clone();
            tokio::spawn(async move { ask(&issuers, "a").await })
        })
        .collect();
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap(), Outcome::Keys, "it is back");
    }
    assert_eq!(world.fetches(), before + 1);

    let never = world.builder().issuer(ISSUER).jwks_max_stale(Duration::ZERO).build().unwrap();
    assert_eq!(ask(&never, "a").await, Outcome::Keys);
    world.set(KEYS, status(500));
    world.advance(seconds(400));
    assert_eq!(ask(&never, "a").await, Outcome::Unavailable(1));
}

#[tokio::test]
async fn a_hanging_issuer_delays_nobody_who_has_a_key() {
    let world = World::good(&["a"]);
    let issuers = world.issuers();
    assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    world.set(KEYS, Err(FetchError::Timeout));
    world.advance(seconds(400));
    assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    world.hold();
    world.advance(seconds(60));
    for _ in 0..100 {
        assert_eq!(look(&issuers, "a", Not).0, Outcome::Keys);
    }
    assert!(issuers.keys_health()[0].fetching);
    world.release();
    landed(&issuers).await;
    assert_eq!(world.fetches(), 3);
}

#[tokio::test]
async fn a_connection_that_fails_is_tried_once_more() {
    for (failure, asked) in
        [(FetchError::Connect, 2), (FetchError::Reset, 2), (FetchError::Timeout, 1), (FetchError::Other, 1)]
    {
        let world = World::good(&["a"]);
        world.set(KEYS, Err(failure));
        let issuers = world.builder().issuer(ISSUER).build().unwrap();
        assert_eq!(ask(&issuers, "a").await, Outcome::Unavailable(1));
        assert_eq!(world.fetches(), asked, "{failure}");
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
    let (_, flight) = look(&issuers, "a", Not);
    runtime.shutdown_timeout(seconds(60));
    let waiter = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let waited = waiter.block_on(flight.unwrap().wait());
    assert_eq!(look(&issuers, "a", waited).0, Outcome::Unavailable(1));
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
    let (_, lost) = look(&issuers, "a", Not);
    world.advance(seconds(10));
    let (_, second) = look(&issuers, "a", Not);
    let waited = lost.unwrap().wait().await;
    assert_eq!(look(&issuers, "a", waited).0, Outcome::Unavailable(1));
    let (first_future, second_future) = {
        let mut kept = kept.lock().unwrap();
        (kept.remove(0), kept.remove(0))
    };
    second_future.await;
    let waited = second.unwrap().wait().await;
    assert_eq!(look(&issuers, "a", waited).0, Outcome::Keys);
    world.set(KEYS, keys(&["late"]));
    first_future.await;
    assert_eq!(issuers.keys_health()[0].keys[0].kid.as_deref(), Some("a"), "it comes too late to count");
}

/// As when the clock steps, or a process sleeps, while keys are fetched.
#[tokio::test]
async fn an_attempt_that_is_lost_has_failed_and_makes_no_token_invalid() {
    let world = World::good(&["a"]);
    let issuers = world.issuers();
    assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    world.hold();
    world.set(KEYS, keys(&["a", "new"]));
    let (_, lost) = look(&issuers, "new", Not);
    world.advance(seconds(280));
    assert_eq!(look(&issuers, "a", Not).0, Outcome::Keys, "begins another");
    assert_eq!(issuers.keys_health()[0].last_error.as_deref(), Some("the attempt was dropped"));
    let waited = lost.unwrap().wait().await;
    assert_eq!(
        look(&issuers, "new", waited).0,
        Outcome::Unavailable(1),
        "nothing has shown that it is missing"
    );
    world.advance(seconds(30));
    assert_eq!(look(&issuers, "a", Not).0, Outcome::Keys, "stale");
    world.release();
    landed(&issuers).await;
    assert_eq!(ask(&issuers, "new").await, Outcome::Keys);
}

#[tokio::test]
async fn an_observer_or_a_clock_that_panics_leaves_nobody_waiting() {
    let world = World::good(&["a"]);
    let observed = world.builder().issuer(ISSUER).on_keys_event(|_, _| panic!("on purpose")).build().unwrap();
    assert_eq!(ask(&observed, "a").await, Outcome::Keys);

    let calls = Arc::new(AtomicU64::new(0));
    let clock = move || match calls.fetch_add(1, Ordering::SeqCst) {
        1 => panic!("on purpose, when the attempt ends"),
        _ => seconds(1_700_000_000),
    };
    let timed = world.builder().issuer(ISSUER).clock(clock).build().unwrap();
    assert_eq!(ask(&timed, "a").await, Outcome::Keys);
}
