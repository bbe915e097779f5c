//! Keys that are not there: rotation and floods.

use super::*;

#[tokio::test]
async fn unknown_keys_cost_one_fetch_per_cooldown_and_a_spare() {
    let world = World::good(&["a"]);
    let issuers = world.issuers();
    assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    world.set(KEYS, keys(&["a", "b"]));
    assert_eq!(ask(&issuers, "b").await, Outcome::Keys, "a rotation right after a fetch");
    for n in 0..10_000 {
        assert_eq!(look(&issuers, &format!("no{n}"), Not).0, Outcome::NotFound);
    }
    assert_eq!(world.fetches(), 2);
    world.advance(seconds(30));
    assert_eq!(ask(&issuers, "no").await, Outcome::NotFound);
    assert_eq!(look(&issuers, "c", Not).0, Outcome::NotFound);
    assert_eq!(world.fetches(), 3);

    // Failures count too, and say that the answer is not known.
    world.set(KEYS, status(503));
    world.advance(seconds(30));
    assert_eq!(ask(&issuers, "c").await, Outcome::Unavailable(30));
    world.advance(seconds(20));
    assert_eq!(look(&issuers, "c", Not).0, Outcome::Unavailable(10));
    assert_eq!(look(&issuers, "a", Not).0, Outcome::Keys, "known keys do not suffer");
    assert_eq!(world.fetches(), 4);
    world.set(KEYS, keys(&["c"]));
    world.advance(seconds(10));
    assert_eq!(ask(&issuers, "c").await, Outcome::Keys);
}

#[tokio::test]
async fn a_key_that_was_found_missing_leaves_the_spare_to_others() {
    let world = World::good(&["a"]);
    let issuers = world.issuers();
    assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    world.advance(seconds(60));
    assert_eq!(ask(&issuers, "old").await, Outcome::NotFound);
    for _ in 0..100 {
        assert_eq!(look(&issuers, "old", Not).0, Outcome::NotFound);
    }
    assert_eq!(world.fetches(), 2);
    world.set(KEYS, keys(&["a", "b"]));
    assert_eq!(ask(&issuers, "b").await, Outcome::Keys);
    world.set(KEYS, keys(&["a", "old"]));
    world.advance(seconds(29));
    assert_eq!(look(&issuers, "old", Not).0, Outcome::NotFound);
    world.advance(seconds(1));
    assert_eq!(ask(&issuers, "old").await, Outcome::Keys, "no longer than for a cooldown");
}

/// The attempt that it joined asked before the key was published.
#[tokio::test]
async fn a_new_key_is_asked_for_again_by_who_joined_an_older_attempt() {
    let world = World::good(&["a"]);
    let issuers = world.issuers();
    assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    world.advance(seconds(270));
    world.hold();
    assert_eq!(look(&issuers, "a", Not).0, Outcome::Keys, "begins a refresh");
    tokio::task::yield_now().await;
    assert_eq!(world.fetches(), 2);
    world.set(KEYS, keys(&["a", "new"]));
    let joined = tokio::spawn({
        let issuers = issuers.clone();
        async move { ask(&issuers, "new").await }
    });
    tokio::task::yield_now().await;
    world.release();
    assert_eq!(joined.await.unwrap(), Outcome::Keys);
    assert_eq!(world.fetches(), 3);
}
