//! Keys that get old: asked for again in the background, by validator, and through metadata that is
//! read again.

use super::key_life::{KEYS, document, key_set, later, named, passes, remote, text, usual_keys, with_uri};
use crate::author::{denied, file as of, requests, script, status};
use crate::keys::{Key, Keys};
use crate::model::{Answer, File, Group, Settings};
use crate::token::{ISSUER, good};

pub(super) fn file(keys: &Keys) -> File {
    let mut groups = vec![ahead(keys)];
    groups.extend(lifetimes(keys));
    groups.extend([
        validators(keys),
        a_lifetime_that_holds_on(keys),
        a_validator_of_another_set(keys),
        metadata(keys),
    ]);
    of(&[], groups)
}

fn other() -> Key {
    Key::new("ed25519-other", "new", "EdDSA")
}

fn ahead(keys: &Keys) -> Group {
    let only_new = script(&[(KEYS, key_set(&[other().jwk()]))]);
    let old = |after: f64| later(good(keys), after);
    let mut group = requests("Keys are fetched again before they are old, and nobody waits", with_uri())
        .proving(&["K-1", "K-4"]);
    group.fetch = Some(script(&[(KEYS, usual_keys())]));
    group
        .test("the first token", &[], old(0.0), passes())
        .fetching(&[KEYS])
        .test("the second", &[], old(1.0), passes())
        .fetching(&[])
        .test("up to seven tenths of five minutes nothing is fetched", &[], old(210.0), passes())
        .fetching(&[])
        .test("by nine tenths it is, in the background", &[], old(270.0).fetch(only_new), passes())
        .fetching(&[KEYS])
        .test("so that a key that is withdrawn is refused", &["K-5"], old(271.0), denied("key_not_found"))
        .test("and a new one is there", &["K-5"], later(good(keys).key(&other()), 272.0), passes())
        .fetching(&[])
        .test(
            "an hour later: a server that was idle waits for keys",
            &["K-5"],
            old(3900.0).fetch(script(&[(KEYS, usual_keys())])),
            passes(),
        )
        .fetching(&[KEYS])
        .done()
}

/// What an answer says of its lifetime, and the seconds that come of it.
fn lifetimes(keys: &Keys) -> Vec<Group> {
    type Fields = &'static [(&'static str, &'static str)];
    let cases: &[(&str, Fields, Option<f64>, f64)] = &[
        ("Nothing: the setting", &[], None, 300.0),
        ("Less than the setting", &[("cache-control", "public, max-age=100")], None, 100.0),
        ("Its age is taken off", &[("cache-control", "max-age=250"), ("age", "50")], None, 200.0),
        ("As a quoted string, in capitals", &[("cache-control", "MAX-AGE=\"120\"")], None, 120.0),
        ("More than the setting", &[("cache-control", "max-age=86400")], None, 300.0),
        ("More than an hour", &[("cache-control", "max-age=86400")], Some(7200.0), 3600.0),
        ("Less than a minute", &[("cache-control", "max-age=1")], None, 60.0),
        ("Older than its age", &[("cache-control", "max-age=100"), ("age", "1000")], None, 60.0),
        ("Not to be stored", &[("cache-control", "no-store, max-age=200")], None, 60.0),
        ("Not a number", &[("cache-control", "max-age=soon")], None, 60.0),
        ("A setting below a minute", &[("cache-control", "max-age=1")], Some(10.0), 10.0),
    ];
    cases
        .iter()
        .map(|(comment, fields, setting, lifetime)| {
            let Answer::Response { status, mut headers, body } = usual_keys() else { unreachable!() };
            headers.extend(fields.iter().map(|(name, value)| ((*name).into(), (*value).into())));
            let answer = Answer::Response { status, headers, body };
            let server = Settings { jwks_fresh: *setting, ..with_uri() };
            let comment = format!("What an answer says of its lifetime. {comment}");
            let mut group = requests(&comment, server).proving(&["K-1"]);
            group.fetch = Some(script(&[(KEYS, answer)]));
            group
                .test("the first token", &[], later(good(keys), 0.0), passes())
                .fetching(&[KEYS])
                .test("most of its life", &[], later(good(keys), lifetime * 0.7), passes())
                .fetching(&[])
                .test(
                    "at its end, after some idle time: keys are fetched first",
                    &["K-5"],
                    later(good(keys), *lifetime).fetch(script(&[(KEYS, key_set(&[other().jwk()]))])),
                    denied("key_not_found"),
                )
                .fetching(&[KEYS])
                .done()
        })
        .collect()
}

fn tagged(answer: Answer, etag: &str) -> Answer {
    let Answer::Response { status, mut headers, body } = answer else { unreachable!() };
    headers.push(("etag".into(), etag.into()));
    Answer::Response { status, headers, body }
}

fn validators(keys: &Keys) -> Group {
    let at = |after: f64| later(good(keys), after);
    let unchanged = |etag: &str| script(&[(KEYS, tagged(status(304), etag))]);
    let first = format!("{KEYS} \"1\"");
    let second = format!("{KEYS} W/\"2\"");
    let mut group = requests("A set that has not changed is not sent again", with_uri()).proving(&["K-1"]);
    group.fetch = Some(script(&[(KEYS, tagged(usual_keys(), "\"1\""))]));
    group
        .test("the first token", &[], at(0.0), passes())
        .fetching(&[KEYS])
        .test(
            "old keys are asked for by their tag, and still good",
            &[],
            at(400.0).fetch(script(&[(KEYS, status(304))])),
            passes(),
        )
        .fetching(&[&first])
        .test("as good as fetched", &[], at(600.0), passes())
        .fetching(&[])
        .test("again, and now they have another tag", &[], at(800.0).fetch(unchanged("W/\"2\"")), passes())
        .fetching(&[&first])
        .test(
            "which is used from then on; the issuer fails",
            &["K-4"],
            at(1200.0).fetch(script(&[(KEYS, status(500))])),
            passes(),
        )
        .fetching(&[&second])
        .test(
            "after a failure the whole set is asked for, and no 304 accepted",
            &["K-4"],
            at(1202.0).fetch(script(&[(KEYS, status(304))])),
            passes(),
        )
        .fetching(&[KEYS])
        .test("the issuer is back", &[], at(1210.0).fetch(script(&[(KEYS, usual_keys())])), passes())
        .fetching(&[KEYS])
        .test("a set without a tag", &[], at(1700.0), passes())
        .fetching(&[KEYS])
        .done()
}

fn a_lifetime_that_holds_on(keys: &Keys) -> Group {
    let at = |after: f64| later(good(keys), after);
    let Answer::Response { status: code, mut headers, body } = tagged(usual_keys(), "\"1\"") else {
        unreachable!()
    };
    headers.push(("cache-control".into(), "max-age=60".into()));
    let asked = format!("{KEYS} \"1\"");
    let mut group = requests("What a 304 does not say anew holds on", with_uri()).proving(&["K-1"]);
    group.fetch = Some(script(&[(KEYS, Answer::Response { status: code, headers, body })]));
    group
        .test("the first token", &[], at(0.0), passes())
        .fetching(&[KEYS])
        .test("a minute later", &[], at(70.0).fetch(script(&[(KEYS, status(304))])), passes())
        .fetching(&[&asked])
        .test("and another", &[], at(135.0), passes())
        .fetching(&[&asked])
        .done()
}

fn a_validator_of_another_set(keys: &Keys) -> Group {
    let at = |after: f64| later(good(keys), after);
    let mut group =
        requests("A tag is for the URL that it came from", remote(named(ISSUER))).proving(&["K-1", "K-7"]);
    group.fetch = Some(script(&[(METADATA, document(ISSUER)), (KEYS, tagged(usual_keys(), "\"1\""))]));
    group
        .test("the first token", &[], at(0.0), passes())
        .fetching(&[METADATA, KEYS])
        .test(
            "the keys have moved",
            &[],
            at(3700.0).fetch(script(&[(METADATA, moved()), (MOVED, usual_keys())])),
            passes(),
        )
        .fetching(&[METADATA, MOVED])
        .done()
}

fn metadata(keys: &Keys) -> Group {
    let at = |after: f64| later(good(keys), after);
    let mut group =
        requests("Metadata is read again after an hour, and after keys have failed", remote(named(ISSUER)))
            .proving(&["K-7"]);
    group.fetch = Some(script(&[(METADATA, document(ISSUER)), (KEYS, usual_keys())]));
    group
        .test("the first token", &[], at(0.0), passes())
        .fetching(&[METADATA, KEYS])
        .test("within an hour", &[], at(1800.0), passes())
        .fetching(&[KEYS])
        .test("almost an hour", &[], at(3590.0), passes())
        .fetching(&[KEYS])
        .test("an hour", &[], at(4000.0), passes())
        .fetching(&[METADATA, KEYS])
        .test(
            "the keys have moved: those in memory go on being used",
            &["K-4"],
            at(4400.0).fetch(script(&[(METADATA, moved()), (MOVED, key_set(&[other().jwk()]))])),
            passes(),
        )
        .fetching(&[KEYS])
        .test(
            "then they are found where they are",
            &["K-5"],
            later(good(keys).key(&other()), 4402.0),
            passes(),
        )
        .fetching(&[METADATA, MOVED])
        .done()
}

/// Metadata with the keys at [`MOVED`].
fn moved() -> Answer {
    let text_of = format!(r#"{{"issuer":"{ISSUER}","jwks_uri":"{MOVED}"}}"#);
    text(200, "application/json", &text_of)
}

const METADATA: &str = "https://as.example.com/.well-known/oauth-authorization-server";
const MOVED: &str = "https://as.example.com/moved";
