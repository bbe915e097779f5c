//! Misconfigurations: how each is planted, the finding that it must be, and a word of its fix.

use serde_json::Value::Null;
use serde_json::json;

use crate::world::{World, ask};

type Plant = fn(World) -> World;

#[test]
fn a_healthy_server_is_all_good() {
    for arguments in [&[][..], &["--token", "{token}"], &["--token", "{token}", "--scope", "todo:read"]] {
        let report = World::healthy().doctor(arguments);
        assert!(report.complaints().is_empty(), "{:#?}", report.complaints());
        assert_eq!(report.code, 0);
        for id in ["reachable", "challenge", "resource", "pkce", "registration", "jwks", "cors-preflight"] {
            assert_eq!(report.find(id).severity, "ok", "{id}");
        }
    }
}

#[test]
fn each_planted_misconfiguration_is_found() {
    for (name, plant, id, word) in PLANTED {
        let report = plant(World::healthy()).doctor(&[]);
        let finding = report.find(id);
        let fix = finding.fix.as_deref().unwrap_or_default();
        assert!(fix.contains(word), "{name}: {finding:?}");
        assert!(finding.severity != "ok", "{name}: {finding:?}");
        let errors = report.findings.iter().any(|finding| finding.severity == "error");
        assert_eq!(report.code, u8::from(errors), "{name}");
    }
}

#[test]
fn plain_http_is_for_this_machine() {
    let world = World::healthy();
    let url = world.url().replace("127.0.0.1", "0.0.0.0");
    let report = world.doctor_of(&url, &["--token", "{token}"]);
    let finding = report.find("http-in-production");
    assert_eq!((finding.severity.as_str(), report.code), ("error", 1));
    assert!(finding.fix.as_deref().unwrap().contains("https"));
    assert_eq!(report.find("token-not-sent").severity, "warning");

    assert_eq!(World::healthy().doctor(&[]).find("http-on-loopback").severity, "info");
}

#[test]
fn nobody_there_and_no_tls() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let report = ask(&format!("http://127.0.0.1:{port}/mcp"), &[]);
    assert_eq!((report.find("unreachable").severity.as_str(), report.code), ("error", 1));

    let world = World::healthy();
    let url = world.url().replace("http:", "https:");
    let report = world.doctor_of(&url, &[]);
    assert!(report.find("tls").fix.as_deref().unwrap().contains("certificate"));
}

#[test]
fn what_is_expected_is_compared() {
    let slash = |world: &World| format!("{}/", world.issuer.identifier());
    for (option, value, id, word) in [
        (
            "--resource",
            (|world| format!("{}/mcp/", world.origin)) as fn(&World) -> String,
            "resource-trailing-slash",
            "slash",
        ),
        (
            "--resource",
            |_| "https://mcp.example.com/mcp".to_owned(),
            "resource-internal-host",
            "MCP_SERVER_URL",
        ),
        (
            "--resource",
            |_| "https://mcp.example.com/mcp".to_owned(),
            "authorization-server-internal",
            "public URL",
        ),
        ("--issuer", slash, "issuer-not-advertised", "letter"),
        ("--scope", |_| "Todo:Read".to_owned(), "scope-not-advertised", "exactly"),
    ] {
        let world = World::healthy();
        let value = value(&world);
        let report = world.doctor(&[option, &value]);
        assert!(report.find(id).fix.as_deref().unwrap().contains(word), "{option} {value}");
    }
}

#[test]
fn every_shape_of_a_good_server_is_good() {
    let shapes: [(&str, Plant); 6] = [
        ("a REST route", |w| w.status("refusal", 405)),
        ("OpenID metadata only", |w| w.moves("server", "openid appended")),
        ("the origin as the resource", |w| w.metadata("resource", "{origin}")),
        ("its metadata at the root", |w| {
            let w = w.metadata("resource", "{origin}").status("metadata", 401);
            w.challenge("resource/mcp", "resource")
        }),
        ("lazy authentication", |w| w.moves("refusal", "call").status("refusal", 200)),
        ("only documents for registration", |w| w.member("server", "registration_endpoint", Null)),
    ];
    for (name, shape) in shapes {
        let report = shape(World::healthy()).doctor(&[]);
        let cors = |id: &str| id.starts_with("cors-");
        let bad: Vec<_> = report.complaints().into_iter().filter(|finding| !cors(&finding.id)).collect();
        assert!(bad.is_empty(), "{name}: {bad:#?}");
    }
}

const METADATA: &str = "/.well-known/oauth-protected-resource/mcp";
const LONG_AGO: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const CLAIMED: &str = "Bearer error=\"invalid_token\", ";

#[rustfmt::skip]
const PLANTED: &[(&str, Plant, &str, &str)] = &[
    // The 401, and ways around it.
    ("no protection", |w| w.status("refusal", 200), "unauthenticated-access", "guard"),
    ("GET is open", |w| w.status("get", 200), "unauthenticated-access", "all methods"),
    ("a login page", |w| w.status("refusal", 302), "redirect", "login"),
    ("403 without a token", |w| w.status("refusal", 403), "forbidden-without-token", "401"),
    ("another path", |w| w.status("refusal", 404).status("get", 404), "endpoint-not-found", "full URL"),
    ("a missing token is a fault", |w| w.status("refusal", 500), "server-error", "exception"),
    ("400 without a token", |w| w.status("refusal", 400), "unexpected-status", "401"),
    ("no challenge", |w| w.unset("refusal", "www-authenticate"), "challenge-missing", "WWW-Authenticate"),
    ("a challenge without commas", |w| w.challenge(", resource", " resource"), "challenge-malformed", "RFC 9110"),
    ("a Basic challenge", |w| w.set("refusal", "www-authenticate", "Basic realm=\"x\""), "challenge-not-bearer", "Bearer"),
    ("Basic before Bearer", |w| w.challenge("Bearer", "Basic realm=\"x\", Bearer"), "challenge-not-first", "first"),
    ("no resource_metadata", |w| w.set("refusal", "www-authenticate", "Bearer"), "challenge-without-metadata", METADATA),
    ("a relative resource_metadata", |w| w.challenge("{origin}", ""), "challenge-metadata-relative", METADATA),
    ("the host behind the proxy", |w| w.challenge("{origin}", "http://todo:1"), "challenge-internal-host", "MCP_SERVER_URL"),
    ("another host", |w| w.challenge("{origin}", "http://8.8.8.8:0"), "challenge-other-origin", "public URL"),
    ("an error without a token", |w| w.challenge("Bearer ", CLAIMED), "challenge-error-without-token", "no credentials"),
    ("offline_access in the challenge", |w| w.challenge("todo:read", "offline_access"), "offline-access-advertised", "Remove"),
    ("clients may look around", |w| w.moves("refusal", "call").status("refusal", 200), "lazy-authentication", "meant"),
    ("tokens are not checked", |w| w.status("forged", 200), "invalid-token-accepted", "signature"),
    ("a bad token is a fault", |w| w.status("forged", 500), "invalid-token-server-error", "401"),
    ("a bad token is no error", |w| w.moves("refusal", "forged"), "invalid-token-without-error", "invalid_token"),
    (".well-known anywhere", |w| w.status("well-known suffix", 404), "well-known-bypass", "exact path"),
    // The metadata.
    ("metadata nowhere", |w| w.status("metadata", 404).status("root metadata", 404), "metadata-missing", METADATA),
    ("metadata elsewhere", |w| w.status("metadata", 404), "metadata-not-found", "proxy"),
    ("metadata behind authentication", |w| w.status("metadata", 401), "metadata-behind-auth", "without a token"),
    ("metadata redirects", |w| w.status("metadata", 307), "metadata-redirect", "this very URL"),
    ("metadata at the root only", |w| w.status("metadata", 404).challenge("resource/mcp", "resource"), "metadata-path-missing", "as well"),
    ("no metadata at the root", |w| w.status("root metadata", 404), "metadata-root-missing", "only resource"),
    ("no host for metadata", |w| w.challenge("{origin}", "http://127.0.0.1:1"), "metadata-unreachable", "reach"),
    ("a web page for metadata", |w| w.body("metadata", "<html>"), "metadata-not-json", "JSON"),
    ("a member twice", |w| w.body("metadata", r#"{"resource":"a","resource":"b"}"#), "metadata-not-json", "JSON"),
    ("metadata as text", |w| w.set("metadata", "content-type", "text/plain"), "metadata-content-type", "application/json"),
    ("two different documents", |w| w.member("root metadata", "resource", "https://b.example.com"), "metadata-differs", "same document"),
    ("no resource", |w| w.metadata("resource", Null), "metadata-without-resource", "resource"),
    ("a trailing slash", |w| w.metadata("resource", "{origin}/mcp/"), "resource-trailing-slash", "slash"),
    ("http behind a TLS proxy", |w| w.metadata("resource", "https://{host}/mcp"), "resource-scheme", "MCP_SERVER_URL"),
    ("the wrong proxy host", |w| w.metadata("resource", "http://todo.internal:8080/mcp"), "resource-internal-host", "public host"),
    ("another host", |w| w.metadata("resource", "https://staging.example.com/mcp"), "resource-host", "MCP_SERVER_URL"),
    ("another port", |w| w.metadata("resource", "http://127.0.0.1:1/mcp"), "resource-port", "port"),
    ("upper case", |w| w.metadata("resource", "{origin}/MCP"), "resource-spelling", "letter"),
    ("another path", |w| w.metadata("resource", "{origin}/sse"), "resource-path", "full URL"),
    ("no authorization server", |w| w.metadata("authorization_servers", json!([])), "authorization-servers-missing", "authorization_servers"),
    ("its name alone", |w| w.metadata("authorization_servers", json!(["auth"])), "authorization-server-no-url", "issuer"),
    ("one by http", |w| w.metadata("authorization_servers", json!(["http://a.example.com"])), "authorization-server-http", "https"),
    ("one as a string", |w| w.metadata("authorization_servers", "https://a.example.com"), "metadata-malformed", "array"),
    ("offline_access advertised", |w| w.metadata("scopes_supported", json!(["offline_access"])), "offline-access-advertised", "Remove"),
    ("no scopes advertised", |w| w.metadata("scopes_supported", Null), "scopes-not-advertised", "scopes_supported"),
    ("two scopes in one string", |w| w.metadata("scopes_supported", json!(["a b"])), "scope-malformed", "own"),
    ("tokens in the query only", |w| w.metadata("bearer_methods_supported", json!(["query"])), "bearer-methods-without-header", "header"),
    // Web pages.
    ("preflight behind authentication", |w| w.status("preflight", 401), "cors-preflight-behind-auth", "outside"),
    ("no CORS at all", |w| w.status("preflight", 405), "cors-preflight-refused", "origins"),
    ("any header but Authorization", |w| w.set("preflight", ALLOWED, "*"), "cors-headers-not-allowed", "by name"),
    ("no MCP-Protocol-Version", |w| w.set("preflight", ALLOWED, "Authorization"), "cors-headers-not-allowed", "Allow-Headers"),
    ("other pages", |w| w.set("preflight", ORIGIN, "https://b.example.com"), "cors-preflight-refused", "--origin"),
    ("CORS inside the guard", |w| w.unset("refusal", ORIGIN), "cors-origin-missing", "outermost"),
    ("missing CORS exposure", |w| w.unset("refusal", EXPOSED), "cors-challenge-not-exposed", "WWW-Authenticate"),
    ("session not exposed", |w| w.set("refusal", EXPOSED, "WWW-Authenticate"), "cors-session-not-exposed", "Mcp-Session-Id"),
    ("two CORS layers", |w| w.set("refusal", ORIGIN, "*, *"), "cors-origin-repeated", "one layer"),
    ("any origin with credentials", |w| w.set("refusal", "access-control-allow-credentials", "true"), "cors-wildcard-with-credentials", "credentials off"),
    ("metadata hidden from pages", |w| w.unset("metadata", ORIGIN), "cors-metadata-unreadable", "Access-Control-Allow-Origin"),
    ("issuer hidden from pages", |w| w.unset("server", ORIGIN), "cors-authorization-server", "CORS"),
    // The authorization server.
    ("no metadata of it", |w| w.status("server", 404), "authorization-server-metadata-missing", "issuer"),
    ("nobody there", |w| w.metadata("authorization_servers", json!(["http://127.0.0.1:1"])), "authorization-server-unreachable", "reach"),
    ("issuer with a slash", |w| w.member("server", "issuer", "{origin}/tenant/"), "issuer-mismatch", "authorization_servers"),
    ("another issuer", |w| w.member("server", "issuer", "https://a.example.com"), "issuer-mismatch", "https://a.example.com"),
    ("no issuer", |w| w.member("server", "issuer", Null), "issuer-missing", "issuer"),
    ("no PKCE", |w| w.member("server", "code_challenge_methods_supported", Null), "pkce-not-advertised", "S256"),
    ("plain PKCE", |w| w.member("server", "code_challenge_methods_supported", json!(["plain"])), "pkce-not-advertised", "S256"),
    ("no token endpoint", |w| w.member("server", "token_endpoint", Null), "authorization-server-endpoint", "token_endpoint"),
    ("machines only", |w| w.member("server", "grant_types_supported", json!(["client_credentials"])), "authorization-code-not-supported", "PKCE"),
    ("no registration", |w| w.member("server", DYNAMIC, Null).member("server", DOCUMENTS, Null), "registration-not-offered", "register"),
    ("dynamic registration only", |w| w.member("server", DOCUMENTS, false), "registration-dynamic-only", "Switch"),
    ("a scope spelled otherwise", |w| w.member("server", "scopes_supported", json!(["Todo:Read"])), "scope-unknown-to-issuer", "case-sensitive"),
    ("no jwks_uri", |w| w.member("server", "jwks_uri", Null), "jwks-uri", "jwks_uri"),
    ("jwks_uri by http", |w| w.member("server", "jwks_uri", "http://a.example.com/keys"), "jwks-uri", "https"),
    ("the clock is wrong", |w| w.set("refusal", "date", LONG_AGO), "clock-skew", "NTP"),
    ("the issuer's clock is wrong", |w| w.set("server", "date", LONG_AGO), "clock-skew", "NTP"),
    // Its keys.
    ("keys cannot be reached", |w| w.member("server", "jwks_uri", "http://127.0.0.1:1/keys"), "jwks-unreachable", "firewall"),
    ("keys behind authentication", |w| w.status("keys", 401), "jwks-status", "authentication"),
    ("a web page for keys", |w| w.body("keys", "<html>"), "jwks-malformed", "JWK Set"),
    ("no keys", |w| w.keys(&[]), "jwks-without-usable-key", "publish"),
    ("a key without kid", |w| w.keys(&[json!({ "kid": null })]), "jwks-key-without-kid", "kid"),
    ("a kid twice", |w| w.keys(&[json!({}), json!({})]), "jwks-duplicate-kid", "own"),
    ("a private key", |w| w.keys(&[json!({ "d": "AA" })]), "jwks-private-key", "Replace"),
    ("a symmetric key", |w| w.keys(&[json!({ "kty": "oct", "k": "AA" })]), "jwks-private-key", "public"),
    ("a short RSA key", |w| w.keys(&[json!({ "kty": "RSA", "e": "AQAB", "n": "x".repeat(172) })]), "jwks-rsa-too-short", "2048"),
    ("a key for encryption", |w| w.keys(&[json!({}), json!({ "kid": "e", "use": "enc" })]), "jwks-unused-key", "Nothing"),
];

const ALLOWED: &str = "access-control-allow-headers";
const DOCUMENTS: &str = "client_id_metadata_document_supported";
const DYNAMIC: &str = "registration_endpoint";
const EXPOSED: &str = "access-control-expose-headers";
const ORIGIN: &str = "access-control-allow-origin";

/// Each has been planted, here or where a server cannot be made to have it.
#[test]
fn no_finding_is_without_a_test() {
    let mut found = std::collections::BTreeSet::new();
    let mut tests = String::new();
    for folder in ["src/cli/doctor", "tests/doctor"] {
        for file in std::fs::read_dir(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap()
        {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let (code, test) = if folder.starts_with("src") {
                text.split_once("#[cfg(test)]").unwrap_or((&text, ""))
            } else {
                ("", &*text)
            };
            tests.push_str(test);
            for call in [".info(", ".warning(", ".error(", "=> (", "let id = "] {
                for rest in code.split(call).skip(1) {
                    if let Some(id) = rest.trim_start().strip_prefix('"') {
                        found.extend(id.split('"').next().map(str::to_owned));
                    }
                }
            }
        }
    }
    assert!(found.len() > 80, "{found:?}");
    let untested: Vec<_> = found.iter().filter(|id| !tests.contains(&format!("\"{id}\""))).collect();
    assert!(untested.is_empty(), "{untested:?}");
}
