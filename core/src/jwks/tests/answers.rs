//! What answers are worth, and in which order they are asked for.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use super::*;

#[tokio::test]
async fn every_form_of_metadata_is_tried_in_order() {
    let page = {
        let mut page = metadata(ISSUER, KEYS).unwrap();
        page.headers.insert(CONTENT_TYPE, "Text/HTML; charset=utf-8".parse().unwrap());
        Ok(page)
    };
    let unusable = [
        status(404),
        status(302),
        status(401),
        status(204),
        page,
        ok("<html>"),
        Err(FetchError::TooLarge),
        ok(format!(r#"{{"issuer":"{ISSUER}"}}"#)),
        metadata(ISSUER, "http://as.test/keys"),
        metadata("https://as.test", KEYS),
    ];
    for answer in unusable {
        for usable in 0..3 {
            let world = World::good(&["a"]);
            for form in &FORMS[..usable] {
                world.set(form, answer.clone());
            }
            world.set(FORMS[usable], metadata(ISSUER, KEYS));
            assert_eq!(ask(&world.issuers(), "a").await, Outcome::Keys, "{answer:?}");
            assert_eq!(world.urls()[..=usable], FORMS[..=usable]);
        }
    }
}

#[tokio::test]
async fn the_fallback_stands_in_for_missing_metadata_only() {
    let none: [Answer; 3] = [status(404), status(404), status(404)];
    let foreign = metadata("https://evil.test", "https://evil.test/keys");
    let rows: [([Answer; 3], Outcome); 5] = [
        (none, Outcome::Keys),
        ([status(404), ok("<html>"), ok(format!(r#"{{"issuer":"{ISSUER}"}}"#))], Outcome::Keys),
        ([foreign.clone(), status(404), status(404)], Outcome::Unavailable(1)),
        ([status(404), status(404), foreign], Outcome::Unavailable(1)),
        ([status(404), status(502), status(404)], Outcome::Unavailable(1)),
    ];
    for (answers, expected) in rows {
        let world = World::new();
        world.set(KEYS, keys(&["a"]));
        for (form, answer) in FORMS.iter().zip(answers) {
            world.set(form, answer);
        }
        let issuer = Issuer::new(ISSUER);
        let issuers = world.builder().issuer(issuer.clone().fallback_jwks_uri(KEYS)).build().unwrap();
        assert_eq!(ask(&issuers, "a").await, expected);
        let issuers = world.builder().issuer(issuer).build().unwrap();
        assert_eq!(ask(&issuers, "a").await, Outcome::Unavailable(1), "without one");
        assert!(!world.urls().iter().any(|url| url.contains("evil")));
    }
}

#[tokio::test]
async fn answers_that_cannot_be_keys_are_failures() {
    let with = |name, value: &str| {
        let mut answer = keys(&["a"]).unwrap();
        answer.headers.insert(name, value.parse().unwrap());
        Ok(answer)
    };
    let mut large = keys(&["a"]).unwrap();
    large.body.resize(256 * 1024 + 1, b' ');
    let rows: [(Answer, &str); 12] = [
        (with(CONTENT_ENCODING, "gzip"), "coding"),
        (with(CONTENT_ENCODING, "identity, br"), "coding"),
        (with(CONTENT_TYPE, "text/html"), "web page"),
        (Ok(large), "too large"),
        (status(301), "status 301"),
        (status(304), "status 304"),
        (status(404), "status 404"),
        (status(500), "status 500"),
        (ok("{}"), "not a JWK Set"),
        (ok("\u{feff}{\"keys\":[]}"), "not a JWK Set"),
        (keys(&[]), "not a JWK Set"), // a comma too many
        (ok(r#"{"keys":[{"kty":"oct","k":"AA"}]}"#), "no usable key"),
    ];
    for (answer, failure) in rows {
        let world = World::good(&[]);
        world.set(KEYS, answer);
        let issuers = world.issuers();
        assert_eq!(ask(&issuers, "a").await, Outcome::Unavailable(1), "{failure}");
        assert!(format!("{issuers:?}").contains(failure), "{failure}: {issuers:?}");
    }
    for answer in [with(CONTENT_ENCODING, "identity"), with(CONTENT_TYPE, "application/jwk-set+json")] {
        let world = World::good(&[]);
        world.set(KEYS, answer);
        assert_eq!(ask(&world.issuers(), "a").await, Outcome::Keys);
    }
}

#[tokio::test]
async fn one_deadline_covers_metadata_and_keys() {
    let world = World::good(&["a"]);
    world.set(FORMS[2], metadata(ISSUER, KEYS));
    world.set(FORMS[0], status(404));
    let issuers = world.builder().issuer(ISSUER).jwks_timeout(seconds(3)).build().unwrap();
    assert_eq!(ask(&issuers, "a").await, Outcome::Keys);
    let timeouts: Vec<_> = world.calls.lock().unwrap().iter().map(|request| request.timeout).collect();
    assert_eq!(timeouts.len(), 4);
    assert!(timeouts[0] <= seconds(3) && timeouts.is_sorted_by(|one, next| one > next), "{timeouts:?}");

    // Nothing is asked for once it has passed.
    let world = World::good(&["a"]);
    let issuers = world.builder().issuer(ISSUER).jwks_timeout(Duration::from_nanos(1)).build().unwrap();
    assert_eq!(ask(&issuers, "a").await, Outcome::Unavailable(1));
    assert!(world.urls().is_empty());
}
