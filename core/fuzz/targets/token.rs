//! Credentials: whatever is sent as `Authorization`, and whatever an issuer signs.
//!
//! The first byte chooses the server and how the rest is read: as field values, as the header and
//! the payload of a token that is then signed, or as members of the payload of a good one.
#![no_main]

use std::sync::LazyLock;
use std::task::Poll;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use mcp_bearer::testing::Issuer;
use mcp_bearer::{AccessToken, Authentication, Decision, Request, Requirement, ResourceServer};
use mcp_bearer_fuzz::input::Input;
use mcp_bearer_fuzz::issuer::{ISSUER, NOW, RESOURCE, has_signed, issuer, p256};
use mcp_bearer_fuzz::json::Node;
use mcp_bearer_fuzz::refusal::{self, CHALLENGE_SCOPE};
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let choice = input.byte();
    let rules = &SERVERS[usize::from(choice & 3)];
    let values = match (choice >> 2) & 3 {
        0 => std::iter::from_fn(|| input.part()).take(4).map(<[u8]>::to_vec).collect(),
        1 => {
            let header = input.part().unwrap_or_default();
            vec![minted(choice, Some(header), input.rest())]
        }
        2 => vec![minted(choice, None, input.rest())],
        _ => vec![minted(choice, None, &payload(input))],
    };
    judge(rules, &values);
});

struct Rules {
    server: ResourceServer,
    leeway: u64,
    strict: bool,
    clients: &'static [&'static str],
}

static ISSUED: LazyLock<Issuer> = LazyLock::new(issuer);

static SERVERS: LazyLock<[Rules; 4]> = LazyLock::new(|| {
    let new = || {
        ResourceServer::builder(RESOURCE)
            .issuers(ISSUED.issuers())
            .challenge_scopes([CHALLENGE_SCOPE])
            .scopes_supported(["todo:read", "todo:write"])
            .scope_hierarchy("todo:admin", ["todo:write"])
    };
    let build = |builder: mcp_bearer::Builder| builder.build().expect("settings");
    let clients = &["client-1", "client-2"];
    [
        Rules { server: build(new()), leeway: 30, strict: false, clients: &[] },
        Rules {
            server: build(new().rfc9068_only(true).max_token_size(1024).leeway(Duration::ZERO)),
            leeway: 0,
            strict: true,
            clients: &[],
        },
        Rules { server: build(new().allowed_clients(*clients)), leeway: 30, strict: false, clients },
        Rules {
            server: build(new().challenge_granted_scopes(true).leeway(Duration::from_secs(60))),
            leeway: 60,
            strict: false,
            clients: &[],
        },
    ]
});

/// A token with these bytes in it, correctly signed.
fn minted(choice: u8, header: Option<&[u8]>, payload: &[u8]) -> Vec<u8> {
    let mut token = ISSUED.token(RESOURCE);
    if choice & 16 != 0 {
        token = token.key(&p256());
    }
    if let Some(header) = header {
        token = token.raw_header(header);
    }
    format!("Bearer {}", token.raw_payload(payload).mint()).into_bytes()
}

/// Good claims, some of them replaced: parts are names and, as JSON text, values in turn.
fn payload(mut input: Input<'_>) -> Vec<u8> {
    let good = ISSUED.token(RESOURCE).scope("todo:read").signing_input();
    let good = URL_SAFE_NO_PAD.decode(good.split('.').nth(1).expect("a payload")).expect("base64url");
    let Ok(Value::Object(mut good)) = serde_json::from_slice(&good) else { panic!("claims") };
    let mut replaced = Vec::new();
    while let (Some(name), Some(value)) = (input.part(), input.part()) {
        good.remove(&*String::from_utf8_lossy(name));
        if !value.is_empty() {
            replaced.push([b"\"", name, b"\":", value].concat());
        }
    }
    let kept =
        good.iter().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())).into_bytes());
    [b"{", &*kept.chain(replaced).collect::<Vec<_>>().join(&b','), b"}"].concat()
}

fn judge(rules: &Rules, values: &[Vec<u8>]) {
    let request =
        values.iter().fold(Request::new("GET", "/todos"), |request, value| request.authorization(value));
    let Poll::Ready(who) = rules.server.try_authenticate(&request) else { panic!("keys are at hand") };
    let needs = [
        Requirement::none(),
        Requirement::scope("todo:read").expect("a scope"),
        Requirement::any_of(["todo:write", "todo:delete"]).expect("scopes"),
        Requirement::claim_contains("roles", "admin"),
        Requirement::client_in(["client-1"]).expect("clients"),
    ];
    for (index, needed) in needs.iter().enumerate() {
        let Poll::Ready(decision) = rules.server.try_authorize(&request, needed) else {
            panic!("keys are at hand")
        };
        match (&who, decision) {
            (
                Authentication::Authenticated { token, .. },
                Decision::Allowed { token: same, response_headers, .. },
            ) => {
                assert_eq!(token.claims_json(), same.claims_json());
                assert!(response_headers.is_empty());
                must_be_good(rules, values, token);
                must_satisfy(index, token);
            }
            (Authentication::Authenticated { token, .. }, Decision::Denied(denial)) => {
                assert_ne!(index, 0, "a valid token is enough where nothing is needed");
                assert_eq!(denial.status, 403);
                refusal::check(&denial, &["todo:read", "todo:write", "todo:delete"]);
                must_be_good(rules, values, token);
            }
            (Authentication::Denied(first), Decision::Denied(denial)) => {
                assert!(matches!(denial.status, 400 | 401), "{}", denial.reason);
                assert_eq!(*first, denial);
                refusal::check(&denial, &[]);
            }
            _ => panic!("what authenticates nobody allows nothing"),
        }
    }
}

/// What a token that passes must be, by its text alone.
fn must_be_good(rules: &Rules, values: &[Vec<u8>], token: &AccessToken) {
    let [value] = values else { panic!("{} credentials", values.len()) };
    let text = std::str::from_utf8(value).expect("a token is text").trim();
    let (scheme, secret) = text.split_once(' ').expect("a scheme");
    assert!(scheme.eq_ignore_ascii_case("bearer"));
    assert_eq!(secret.trim(), token.secret());
    assert!(!format!("{token:?}").contains(token.secret()), "a log shows a token");

    let parts: Vec<_> = token.secret().split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("{} parts", parts.len()) };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).expect("base64url");
    let signed = token.secret().rsplit_once('.').expect("a signature").0;
    assert!(has_signed(signed.as_bytes(), &decode(signature)), "a signature of nobody");

    let (header, payload) = (decode(header), decode(payload));
    for json in [&header, &payload] {
        let node = Node::parse(json).expect("JSON");
        assert!(matches!(node, Node::Object(_)) && !node.has_duplicates());
    }
    let parse = |json: &[u8]| serde_json::from_slice::<Value>(json).expect("JSON");
    let (header, claims) = (parse(&header), parse(&payload));
    assert!(["EdDSA", "Ed25519", "ES256"].map(Some).contains(&header["alg"].as_str()), "{header}");
    assert!(["crit", "b64", "zip"].iter().all(|name| header.get(name).is_none()), "{header}");
    let typ = header.get("typ").map(|typ| typ.as_str().expect("typ").to_ascii_lowercase());
    let typed = matches!(typ.as_deref(), Some("at+jwt" | "application/at+jwt"));
    assert!(typed || !rules.strict && matches!(typ.as_deref(), None | Some("jwt")), "{header}");

    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(token.issuer(), ISSUER);
    let (leeway, now) = (rules.leeway as f64, NOW as f64);
    assert!(now < claims["exp"].as_f64().expect("exp") + leeway, "{claims}");
    assert!(claims.get("nbf").is_none_or(|nbf| nbf.as_f64().expect("nbf") <= now + leeway), "{claims}");
    let us = |aud: &Value| aud == RESOURCE;
    match claims.get("aud") {
        Some(Value::Array(all)) => {
            assert!(all.iter().any(us) && all.iter().all(Value::is_string), "{claims}");
        }
        Some(one) => assert!(us(one), "{claims}"),
        None => assert!(rules.clients.iter().any(|own| claims["client_id"] == *own), "{claims}"),
    }
    assert!(claims.get("cnf").is_none(), "a bound token passes as a plain one");
    if rules.strict {
        assert!(["sub", "client_id", "iat", "jti"].iter().all(|name| claims.get(name).is_some()), "{claims}");
    }
    assert_eq!(token.subject(), claims.get("sub").map(|sub| sub.as_str().expect("sub")));
    assert_eq!(Some(token.claims()), claims.as_object());
    let granted = ["scope", "scopes", "scp"].iter().find_map(|name| claims.get(name));
    let granted: Vec<_> = match granted {
        None => Vec::new(),
        Some(Value::String(text)) => text.split(' ').collect(),
        Some(list) => {
            list.as_array().expect("scopes").iter().map(|one| one.as_str().expect("a scope")).collect()
        }
    };
    assert!(token.scopes().iter().all(|scope| granted.contains(&scope)), "{claims}");
}

/// What a token that is allowed must hold.
fn must_satisfy(needed: usize, token: &AccessToken) {
    let has = |scope| token.scopes().contains(scope);
    let roles = token.claim("roles");
    let is_admin = |role: &Value| role == "admin";
    assert!(match needed {
        0 => true,
        1 => has("todo:read"),
        2 => has("todo:write") || has("todo:delete") || has("todo:admin"),
        3 => roles.is_some_and(
            |roles| is_admin(roles) || roles.as_array().is_some_and(|all| all.iter().any(is_admin))
        ),
        _ =>
            ["client_id", "azp"].iter().find_map(|name| token.claim(name)).is_some_and(|id| id == "client-1"),
    });
}
