//! Keys that get old: refresh, validators, metadata.

use super::*;

#[tokio::test]
async fn keys_are_used_while_fresh_and_then_fetched_again() {
    let world = World::good(&["old"]);
    let issuers = world.builder().issuer(ISSUER).jwks_fresh(seconds(120)).build().unwrap();
    assert_eq!(ask(&issuers, "old").await, Outcome::Keys);
    world.set(KEYS, keys(&["new"]));
    world.advance(seconds(80));
    assert_eq!(look(&issuers, "old", Not).0, Outcome::Keys);
    world.advance(seconds(40));
    assert_eq!(ask(&issuers, "old").await, Outcome::NotFound, "a key that has left the set");
    assert_eq!(look(&issuers, "new", Not).0, Outcome::Keys);
    assert_eq!(world.fetches(), 2);
}

#[tokio::test]
async fn keys_are_fetched_again_in_the_background_before_they_are_old() {
    let world = World::good(&["old"]);
    let issuers = world.issuers();
    assert_eq!(ask(&issuers, "old").await, Outcome::Keys);
    world.set(KEYS, keys(&["new"]));
    world.advance(seconds(215));
    assert_eq!(look(&issuers, "old", Not).0, Outcome::Keys);
    landed(&issuers).await;
    assert_eq!(world.fetches(), 1, "not before 72 %");
    world.advance(seconds(50));
    world.hold();
    for _ in 0..100 {
        assert_eq!(look(&issuers, "old", Not).0, Outcome::Keys, "nobody waits");
    }
    world.release();
    landed(&issuers).await;
    assert_eq!(world.fetches(), 2, "by 88 %");
    assert_eq!(look(&issuers, "new", Not).0, Outcome::Keys);
}

#[tokio::test]
async fn the_issuer_says_how_long_its_keys_are_fresh() {
    let with = |fields: &[(&'static str, &'static str)]| {
        let mut answer = keys(&["a"]).unwrap();
        fields.iter().for_each(|(name, value)| drop(answer.headers.insert(*name, value.parse().unwrap())));
        Ok(answer)
    };
    for (answer, fresh) in [
        (with(&[("cache-control", "max-age=100")]), 100),
        (with(&[("cache-control", "max-age=250"), ("age", "50")]), 200),
        (with(&[("cache-control", "max-age=1")]), 60),
        (with(&[("cache-control", "no-store")]), 60),
        (with(&[("cache-control", "max-age=86400")]), 300), // the setting
    ] {
        let world = World::good(&["a"]);
        world.set(KEYS, answer);
        let issuers = world.issuers();
        assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
        let status = || issuers.keys_health()[0].status;
        world.advance(seconds(fresh - 1));
        assert_eq!(status(), KeysStatus::Fresh, "{fresh}");
        world.advance(seconds(1));
        assert_eq!(status(), KeysStatus::Stale, "{fresh}");
        assert_eq!(look(&issuers, "a", Not).0, Outcome::Waiting, "{fresh}");
    }
    // A setting below a minute is taken as it is.
    let world = World::good(&["a"]);
    world.set(KEYS, with(&[("cache-control", "max-age=1")]));
    let issuers = world.builder().issuer(ISSUER).jwks_fresh(seconds(10)).build().unwrap();
    assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    world.advance(seconds(10));
    assert_eq!(look(&issuers, "a", Not).0, Outcome::Waiting);
}

#[tokio::test]
async fn an_unchanged_set_is_not_sent_again() {
    let tagged = |answer: Answer, etag: &'static str| {
        let mut answer = answer.unwrap();
        answer.headers.insert("etag", etag.parse().unwrap());
        Ok(answer)
    };
    let asked = |world: &World| {
        let calls = world.calls.lock().unwrap();
        let last = calls.last().unwrap();
        (last.url.clone(), last.if_none_match.as_ref().map(|etag| etag.to_str().unwrap().to_owned()))
    };
    let world = World::good(&["a"]);
    world.set(KEYS, tagged(keys(&["a"]), "\"1\""));
    let issuers = world.issuers();
    assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    assert_eq!(asked(&world), (KEYS.to_owned(), None));

    world.set(KEYS, Ok(FetchResponse::new(304, HeaderMap::new(), Vec::new())));
    for _ in 0..2 {
        world.advance(seconds(400));
        assert_eq!(ask(&issuers, "a").await, Outcome::Keys, "304 is a good fetch");
        assert_eq!(asked(&world), (KEYS.to_owned(), Some("\"1\"".to_owned())));
    }
    world.set(KEYS, tagged(keys(&["b"]), "\"2\""));
    world.advance(seconds(400));
    assert_eq!(ask(&issuers, "b").await, Outcome::Keys);

    // What a 304 does not say anew holds on: here, for how long the set is fresh.
    let mut brief = tagged(keys(&["b"]), "\"3\"").unwrap();
    brief.headers.insert("cache-control", "max-age=60".parse().unwrap());
    world.set(KEYS, Ok(brief));
    world.advance(seconds(400));
    assert_eq!(ask(&issuers, "b").await, Outcome::Keys);
    world.set(KEYS, Ok(FetchResponse::new(304, HeaderMap::new(), Vec::new())));
    world.advance(seconds(400));
    assert_eq!(ask(&issuers, "b").await, Outcome::Keys);
    world.advance(seconds(60));
    assert_eq!(issuers.keys_health()[0].status, KeysStatus::Stale);

    // After a failure the whole set is asked for.
    world.set(KEYS, status(500));
    world.advance(seconds(400));
    assert_eq!(ask(&issuers, "b").await, Outcome::Keys, "stale");
    world.advance(seconds(1));
    world.set(KEYS, Ok(FetchResponse::new(304, HeaderMap::new(), Vec::new())));
    assert_eq!(look(&issuers, "b", Not).0, Outcome::Keys);
    landed(&issuers).await;
    assert_eq!(asked(&world), (KEYS.to_owned(), None));
    assert_eq!(issuers.keys_health()[0].last_error.as_deref(), Some("status 304"), "not asked for");
}

#[tokio::test]
async fn metadata_is_read_again_after_an_hour_and_after_a_failure() {
    const MOVED: &str = "https://as.test/moved";
    let world = World::good(&["a"]);
    let issuers = world.issuers();
    assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    world.advance(seconds(1_800));
    assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    assert_eq!(world.urls(), [FORMS[0], KEYS, KEYS]);
    world.advance(seconds(1_800));
    assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    assert_eq!(world.urls()[3..], [FORMS[0], KEYS]);

    world.set(FORMS[0], metadata(ISSUER, MOVED));
    world.set(KEYS, status(404));
    world.set(MOVED, keys(&["b"]));
    world.advance(seconds(400));
    assert_eq!(ask(&issuers, "a").await, Outcome::Keys, "stale, since the keys have gone");
    world.advance(seconds(1));
    assert_eq!(ask(&issuers, "b").await, Outcome::Keys);
    assert_eq!(world.urls()[5..], [KEYS, FORMS[0], MOVED]);
}

#[tokio::test]
async fn keys_can_be_fetched_ahead() {
    let world = World::good(&["a"]);
    let other = Issuer::new("https://other.test").jwks(keys(&["b"]).unwrap().body);
    let issuers = world.builder().issuer(ISSUER).issuer(other).build().unwrap();
    world.hold();
    issuers.warm_up();
    issuers.warm_up();
    world.release();
    landed(&issuers).await;
    assert_eq!(look(&issuers, "a", Not).0, Outcome::Keys);
    issuers.warm_up();
    landed(&issuers).await;
    assert_eq!(world.fetches(), 1);
}
