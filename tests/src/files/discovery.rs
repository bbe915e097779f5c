//! Where keys come from: three forms of metadata, and a fallback (RFC 8414 section 3).

use serde_json::json;

use crate::author::{failure, file as of, json_answer, ok, requests, script, status, with_token};
use crate::keys::Keys;
use crate::model::{Answer, FetchFailure, File, Group, Issuer, Outcome, Script, Token};
use crate::token::{ISSUER, good};
use crate::wire::unavailable;

use super::key_bodies::{LIMIT, filled};
use super::key_life::{KEYS, document, named, remote, text, usual_keys};

pub(super) fn file(keys: &Keys) -> File {
    let mut groups = discovery(keys);
    groups.extend(redirects(keys));
    groups.extend(root(keys));
    groups.extend(fallback(keys));
    of(&[], groups)
}

pub(super) const TENANT: &str = "https://as.example.com/tenant";

pub(super) const FORMS: [&str; 3] = [
    "https://as.example.com/.well-known/oauth-authorization-server/tenant",
    "https://as.example.com/.well-known/openid-configuration/tenant",
    "https://as.example.com/tenant/.well-known/openid-configuration",
];

fn discovery(keys: &Keys) -> Vec<Group> {
    let token = || with_token(good(keys).claim("iss", TENANT).mint());
    let passes = || crate::author::allowed(Token { issuer: TENANT.into(), ..crate::author::good_token() });
    let case =
        |comment: &str, ids: &[&str], answers: Vec<(&str, Answer)>, result: Outcome, fetched: &[&str]| {
            let mut all = vec![(KEYS, usual_keys())];
            all.extend(answers);
            let mut group = requests(comment, remote(named(TENANT))).proving(&["K-7"]);
            group.fetch = Some(script(&all));
            group.test("the first token", ids, token(), result).fetching(fetched).done()
        };
    let own = || document(TENANT);
    let full = json!({"issuer": TENANT, "jwks_uri": KEYS}).to_string();
    let coded = Answer::Response {
        status: 200,
        headers: vec![("content-encoding".into(), "gzip".into())],
        body: full.clone(),
    };
    let [first, second, third] = FORMS;
    let all = [first, second, third];
    let second_works = [first, second, KEYS];
    let down = || unavailable(1);
    // The first form answers something, the second is good.
    let goes_on = |comment: &str, ids: &[&str], answer: Answer| {
        case(comment, ids, vec![(first, answer), (second, own())], passes(), &second_works)
    };
    // The first form answers something, and no other is there.
    let stops = |comment: &str, ids: &[&str], answer: Answer| {
        case(comment, ids, vec![(first, answer), (second, own())], down(), &[first])
    };
    let nowhere =
        |comment: &str, ids: &[&str], answer: Answer| case(comment, ids, vec![(first, answer)], down(), &all);
    vec![
        case("The first form", &[], vec![(first, own()), (second, status(500))], passes(), &[first, KEYS]),
        case("The second form", &[], vec![(second, own())], passes(), &second_works),
        case("The third form", &[], vec![(third, own())], passes(), &[first, second, third, KEYS]),
        goes_on(
            "The first form is of another issuer: the next is asked",
            &["P-07"],
            document("https://other.example.com"),
        ),
        goes_on("The first form is refused with 401", &[], status(401)),
        goes_on(
            "The first form is a redirect, which is not followed",
            &["K-6", "peer:redirect-followed"],
            Answer::Response {
                status: 302,
                headers: vec![("location".into(), "https://attacker.example.net/".into())],
                body: String::new(),
            },
        ),
        goes_on("The first form is a web page", &["K-6"], text(200, "text/html", "<html></html>")),
        goes_on("The first form is not JSON", &[], text(200, "application/json", "{")),
        goes_on("The first form is a list", &[], json_answer(json!([]))),
        goes_on("The first form names no keys", &[], json_answer(json!({"issuer": TENANT}))),
        goes_on("The first form names no issuer", &["P-07"], json_answer(json!({"jwks_uri": KEYS}))),
        goes_on(
            "The first form has two issuers",
            &["P-07", "J-5"],
            text(
                200,
                "application/json",
                &format!(r#"{{"issuer":"https://x.example","issuer":"{TENANT}","jwks_uri":"{KEYS}"}}"#),
            ),
        ),
        goes_on(
            "The first form is JSON that is cut off",
            &["K-6"],
            text(200, "application/json", &full[..full.len() - 1]),
        ),
        goes_on(
            "The first form is a web page, typed as JSON",
            &["K-6"],
            text(200, "application/json", "<html></html>"),
        ),
        goes_on("The first form has a coding that was not asked for", &["K-6", "peer:huge-bodies"], coded),
        goes_on(
            "The first form is one byte too long",
            &["K-6", "peer:huge-bodies"],
            text(200, "application/json", &filled(&full, LIMIT + 1)),
        ),
        goes_on(
            "The first form names its issuer in a list",
            &["P-07"],
            json_answer(json!({"issuer": [TENANT], "jwks_uri": KEYS})),
        ),
        goes_on("The first form has no content", &["K-6"], status(204)),
        case(
            "The second form is of another issuer: the third is asked",
            &["P-07"],
            vec![(second, document("https://other.example.com")), (third, own())],
            passes(),
            &[first, second, third, KEYS],
        ),
        case(
            "The third form is of another issuer",
            &["P-07"],
            vec![(third, document("https://other.example.com"))],
            down(),
            &all,
        ),
        case(
            "All forms are of another issuer",
            &["P-07"],
            all.map(|form| (form, document("https://other.example.com"))).to_vec(),
            down(),
            &all,
        ),
        case(
            "The second form is a web page, the third JSON that is cut off",
            &["K-6"],
            vec![
                (second, text(200, "text/html", &full)),
                (third, text(200, "application/json", &full[..full.len() / 2])),
            ],
            down(),
            &all,
        ),
        stops("The first form answers 503: nobody else is asked", &["K-8"], status(503)),
        stops("The first form answers 500", &["K-8"], status(500)),
        stops(
            "The first form does not answer in time",
            &["K-6", "peer:slow-drip"],
            failure(FetchFailure::Timeout),
        ),
        nowhere("No form is there", &["K-8"], status(404)),
        nowhere("The issuer has a slash too many", &["P-07"], document("https://as.example.com/tenant/")),
        nowhere("The issuer is in other case", &["P-07"], document("https://AS.example.com/tenant")),
        nowhere("The issuer is the root", &["P-07"], document(ISSUER)),
    ]
}

/// The place that they point to has the very document.
fn redirects(keys: &Keys) -> Vec<Group> {
    let elsewhere = "https://attacker.example.net/metadata";
    let group = |status: u16| {
        let redirect = Answer::Response {
            status,
            headers: vec![("location".into(), elsewhere.into())],
            body: String::new(),
        };
        let comment = format!("Every form is a redirect with {status}, which is not followed");
        let mut group = requests(&comment, remote(named(TENANT))).proving(&["K-6", "K-7"]);
        let forms = FORMS.map(|form| (form, redirect.clone()));
        group.fetch =
            Some(script(&[&forms[..], &[(elsewhere, document(TENANT)), (KEYS, usual_keys())]].concat()));
        group
            .test(
                "the first token",
                &["peer:redirect-followed"],
                with_token(good(keys).claim("iss", TENANT).mint()),
                unavailable(1),
            )
            .fetching(&FORMS)
            .done()
    };
    [301, 302, 303, 307, 308].map(group).into()
}

fn root(keys: &Keys) -> Vec<Group> {
    let token = || with_token(good(keys).mint());
    let forms = [
        "https://as.example.com/.well-known/oauth-authorization-server",
        "https://as.example.com/.well-known/openid-configuration",
    ];
    let mut first = requests("An issuer without a path has two forms: the first", remote(named(ISSUER)))
        .proving(&["K-7"]);
    first.fetch = Some(script(&[(forms[0], document(ISSUER)), (KEYS, usual_keys())]));
    let mut second = requests("An issuer without a path has two forms: the second", remote(named(ISSUER)))
        .proving(&["K-7"]);
    second.fetch = Some(script(&[(forms[1], document(ISSUER)), (KEYS, usual_keys())]));
    let mut neither =
        requests("An issuer without a path has two forms: neither", remote(named(ISSUER))).proving(&["K-7"]);
    neither.fetch = Some(Script::new());
    vec![
        first.test("the first token", &[], token(), ok()).fetching(&[forms[0], KEYS]).done(),
        second.test("the first token", &[], token(), ok()).fetching(&[forms[0], forms[1], KEYS]).done(),
        neither.test("the first token", &["K-8"], token(), unavailable(1)).fetching(&forms).done(),
    ]
}

fn fallback(keys: &Keys) -> Vec<Group> {
    let token = || with_token(good(keys).claim("iss", TENANT).mint());
    let passes = || crate::author::allowed(Token { issuer: TENANT.into(), ..crate::author::good_token() });
    let server = || remote(Issuer { fallback_jwks_uri: Some(KEYS.into()), ..named(TENANT) });
    let group = |comment: &str, answers: &[(&str, Answer)]| {
        let mut group = requests(comment, server()).proving(&["design:fallback-keys", "K-7"]);
        group.fetch = Some(script(&[&[(KEYS, usual_keys())], answers].concat()));
        group
    };
    let [first, second, third] = FORMS;
    let other = "https://other.example.com/keys";
    vec![
        group("No metadata anywhere: the fallback", &[])
            .test("the first token", &[], token(), passes())
            .fetching(&[first, second, third, KEYS])
            .done(),
        group("Metadata of another issuer: no fallback", &[(second, document("https://other.example.com"))])
            .test("the first token", &["P-07"], token(), unavailable(1))
            .fetching(&FORMS)
            .done(),
        group("An outage: no fallback", &[(first, status(502))])
            .test("the first token", &["K-8"], token(), unavailable(1))
            .fetching(&[first])
            .done(),
        group(
            "Good metadata: no need for it",
            &[(first, json_answer(json!({"issuer": TENANT, "jwks_uri": other}))), (other, usual_keys())],
        )
        .test("the first token", &[], token(), passes())
        .fetching(&[first, other])
        .done(),
    ]
}
