//! What cannot be configured: identifiers, issuers, scopes, numbers, algorithms.

use std::collections::BTreeMap;

use crate::author::{BUILT, all_of, configurations, error, file as of, issuer_with, strings, usual};
use crate::keys::{Key, Keys};
use crate::model::{Condition, Configuration, File, Group, Issuer, Settings};

pub(super) fn file(_: &Keys) -> File {
    of(&[], vec![resources(), issuers(), scopes(), numbers(), algorithms(), good()])
}

pub(super) fn resource(text: &str) -> Settings {
    Settings { resource: Some(text.into()), ..usual() }
}

pub(super) fn issuer(issuer: Issuer) -> Settings {
    Settings { issuers: Some(vec![issuer]), ..usual() }
}

fn named(text: &str) -> Settings {
    issuer(issuer_with(text, &[Key::usual().jwk()]))
}

fn resources() -> Group {
    let group = configurations("The resource");
    let wrong: [(&str, &str, &str, &[&str]); 17] = [
        ("a fragment", "https://mcp.example.com/mcp#x", "fragment", &["MCP-23", "design:config"]),
        ("an empty fragment", "https://mcp.example.com/mcp#", "fragment", &["MCP-23", "design:config"]),
        ("a query", "https://mcp.example.com/mcp?x=1", "query", &["P-01", "design:config"]),
        ("an empty query", "https://mcp.example.com/mcp?", "query", &["P-01", "design:config"]),
        ("no scheme", "mcp.example.com/mcp", "https://", &["MCP-23", "design:config"]),
        ("a path only", "/mcp", "https://", &["MCP-23"]),
        ("empty", "", "https://", &["MCP-23"]),
        ("another scheme", "ftp://mcp.example.com/mcp", "https://", &["MCP-25"]),
        (
            "http off loopback",
            "http://mcp.example.com/mcp",
            "https://mcp.example.com/mcp",
            &["MCP-25", "design:config"],
        ),
        (
            "http on a host that only starts like loopback",
            "http://127.0.0.1.example.com/mcp",
            "https://",
            &["MCP-25"],
        ),
        ("http on a name that only ends like loopback", "http://evil-localhost/mcp", "https://", &["MCP-25"]),
        ("credentials", "https://user:password@mcp.example.com/mcp", "password", &["MCP-23"]),
        ("white space", "https://mcp.example.com/mcp ", "printable", &["B-07"]),
        ("a line break", "https://mcp.example.com/mcp\r\nx: y", "printable", &["B-07"]),
        ("a quote", "https://mcp.example.com/\"mcp", "printable", &["B-07"]),
        ("a backslash", "https://mcp.example.com\\mcp", "printable", &["B-07"]),
        ("beyond ASCII", "https://mcp.example.com/caf\u{e9}", "printable", &["B-07"]),
    ];
    let group = wrong.into_iter().fold(group, |group, (comment, text, says, ids)| {
        group.test(comment, ids, resource(text), error("resource", says))
    });
    let good = [
        "https://mcp.example.com",
        "https://mcp.example.com/",
        "HTTPS://MCP.Example.com/MCP",
        "http://127.0.0.1:8000/mcp",
        "http://127.8.8.8/mcp",
        "http://[::1]:8000",
        "http://localhost:8000",
    ];
    good.into_iter()
        .fold(group, |group, text| group.test(&format!("{text} is fine"), &["MCP-21"], resource(text), BUILT))
        .done()
}

fn issuers() -> Group {
    let remote = |issuer: &str| Issuer { issuer: issuer.into(), ..Issuer::default() };
    let with_uri =
        |uri: &str| issuer(Issuer { jwks_uri: Some(uri.into()), ..remote("https://as.example.com") });
    let own_audiences =
        || Issuer { audiences: Some(strings(&["res_2"])), ..remote("https://as.example.com") };
    let group = configurations("Issuers")
        .test(
            "none",
            &["A-3", "design:config"],
            Settings { issuers: Some(Vec::new()), ..usual() },
            error("issuers", "at least one"),
        )
        .test(
            "not set",
            &["A-3", "design:config"],
            Settings { issuers: None, ..usual() },
            error("issuers", "at least one"),
        )
        .test(
            "twice",
            &["J-6"],
            Settings {
                issuers: Some(vec![remote("https://as.example.com"), remote("https://as.example.com")]),
                ..usual()
            },
            error("issuers", "twice"),
        )
        .test(
            "twice through a second name",
            &["J-6"],
            Settings {
                issuers: Some(vec![
                    remote("https://a.example.com"),
                    Issuer { also: strings(&["https://a.example.com"]), ..remote("https://b.example.com") },
                ]),
                ..usual()
            },
            error("issuers", "twice"),
        );
    let wrong = [
        ("http off loopback", "http://as.example.com"),
        ("http on a private address", "http://192.168.0.1"),
        ("no scheme", "as.example.com"),
        ("a fragment", "https://as.example.com#x"),
        ("a query", "https://as.example.com?x=1"),
        ("credentials", "https://user@as.example.com"),
        ("empty", ""),
        ("a pattern", "https://*.example.com/{tenant}\\"),
    ];
    let group = wrong.into_iter().fold(group, |group, (comment, text)| {
        group.test(comment, &["MCP-25", "design:https"], named(text), error("issuers", "https://"))
    });
    let loopback =
        Issuer { jwks_uri: Some("http://127.0.0.1:9000/keys".into()), ..remote("http://127.0.0.1:9000") };
    group
        .test(
            "http on loopback is for development",
            &["MCP-25"],
            issuer(remote("http://127.0.0.1:9000")),
            BUILT,
        )
        .test("which extends to its keys", &["MCP-25"], issuer(loopback), BUILT)
        .test(
            "but not to those of an https issuer",
            &["MCP-25", "design:https"],
            with_uri("http://127.0.0.1:9000/keys"),
            error("jwks_uri", "https://"),
        )
        .test(
            "keys over http",
            &["MCP-25", "design:https"],
            with_uri("http://as.example.com/keys"),
            error("jwks_uri", "https://"),
        )
        .test(
            "keys with credentials",
            &["design:https"],
            with_uri("https://user:password@as.example.com/keys"),
            error("jwks_uri", "password"),
        )
        .test(
            "keys with a fragment",
            &["design:https"],
            with_uri("https://as.example.com/keys#x"),
            error("jwks_uri", "fragment"),
        )
        .test("keys with a query", &["K-7"], with_uri("https://as.example.com/keys?version=1"), BUILT)
        .test(
            "a host that is listed, dangerously",
            &["MCP-25"],
            Settings {
                dangerously_allow_http_hosts: Some(strings(&["auth.internal"])),
                ..issuer(remote("http://auth.internal:9000"))
            },
            BUILT,
        )
        .test(
            "another host than the listed one",
            &["MCP-25"],
            Settings {
                dangerously_allow_http_hosts: Some(strings(&["auth.internal"])),
                ..issuer(remote("http://other.internal"))
            },
            error(
                "issuers",
                "a setting of `keys`: it must start with https://, such as https://auth.example.com",
            ),
        )
        .test(
            "a list of URLs instead of hosts",
            &["MCP-25"],
            Settings { dangerously_allow_http_hosts: Some(strings(&["http://auth.internal"])), ..usual() },
            error("dangerously_allow_http_hosts", "host"),
        )
        .test(
            "keys given and to be fetched",
            &["K-7"],
            issuer(Issuer {
                jwks_uri: Some("https://as.example.com/keys".into()),
                ..issuer_with("https://as.example.com", &[Key::usual().jwk()])
            }),
            error("jwks", "key sources"),
        )
        .test(
            "a fallback for what is not tried",
            &["K-7"],
            issuer(Issuer {
                jwks_uri: Some("https://as.example.com/keys".into()),
                fallback_jwks_uri: Some("https://as.example.com/keys".into()),
                ..remote("https://as.example.com")
            }),
            error("fallback_jwks_uri", "jwks_uri"),
        )
        .test(
            "an authorization server over http",
            &["MCP-02", "MCP-25"],
            Settings { authorization_servers: Some(strings(&["http://as.example.com"])), ..usual() },
            error("authorization_servers", "https://"),
        )
        .test(
            "an authorization server without scheme",
            &["MCP-02"],
            Settings { authorization_servers: Some(strings(&["as.example.com"])), ..usual() },
            error("authorization_servers", "https://"),
        )
        .test(
            "no audience",
            &["MCP-10"],
            Settings { audiences: Some(Vec::new()), ..usual() },
            error("audiences", "at least one"),
        )
        .test(
            "an empty audience",
            &["MCP-10"],
            Settings { audiences: Some(strings(&["res_1", ""])), ..usual() },
            error("audiences", "at least one"),
        )
        .test(
            "an issuer with an empty list of audiences",
            &["MCP-10"],
            issuer(Issuer { audiences: Some(Vec::new()), ..remote("https://as.example.com") }),
            error("audiences", "empty"),
        )
        .test(
            "audiences beside an issuer with its own",
            &["MCP-10"],
            Settings { audiences: Some(strings(&["res_1"])), ..issuer(own_audiences()) },
            error("audiences", "every issuer"),
        )
        .test(
            "clients beside an issuer with its own audiences",
            &["design:allowed-clients"],
            Settings { allowed_clients: Some(strings(&["client-1"])), ..issuer(own_audiences()) },
            error("allowed_clients", "every issuer"),
        )
        .test("an issuer with its own audiences", &["MCP-10"], issuer(own_audiences()), BUILT)
        .test(
            "audiences beside an issuer with its own, and one without",
            &["MCP-10"],
            Settings {
                issuers: Some(vec![own_audiences(), remote("https://other.example.com")]),
                audiences: Some(strings(&["res_1"])),
                ..usual()
            },
            BUILT,
        )
        .test(
            "an empty client",
            &["design:allowed-clients"],
            Settings { allowed_clients: Some(strings(&[""])), ..usual() },
            error("allowed_clients", "client"),
        )
        .done()
}

fn scopes() -> Group {
    let bad = [
        ("a quote", "todo:\"read\"", "quotes"),
        ("a backslash", "todo\\read", "backslashes"),
        ("a space", "todo:read todo:write", "spaces"),
        ("a line break", "todo:read\r\nx: y", "printable"),
        ("beyond ASCII", "todo:l\u{e9}", "printable"),
        ("empty", "", "printable"),
        ("offline_access", "offline_access", "offline_access"),
    ];
    bad.into_iter()
        .fold(configurations("Scopes"), |group, (comment, scope, says)| {
            let list = || Some(strings(&["todo:read", scope]));
            let ids: &[&str] = if scope == "offline_access" {
                &["MCP-08", "design:config"]
            } else {
                &["B-07", "design:config"]
            };
            let implied = |broad: &str, narrow: &str| {
                let implies = BTreeMap::from([(broad.to_owned(), strings(&[narrow]))]);
                Settings { scope_hierarchy: Some(implies), ..usual() }
            };
            group
                .test(
                    &format!("{comment} in scopes_supported"),
                    ids,
                    Settings { scopes_supported: list(), ..usual() },
                    error("scopes_supported", says),
                )
                .test(
                    &format!("{comment} in challenge_scopes"),
                    ids,
                    Settings { challenge_scopes: list(), ..usual() },
                    error("challenge_scopes", says),
                )
                .test(
                    &format!("{comment} in the hierarchy"),
                    ids,
                    implied("todo:admin", scope),
                    error("scope_hierarchy", says),
                )
                .test(
                    &format!("{comment} in a requirement"),
                    ids,
                    needing(&[all_of(&[scope])]),
                    error("scope", says),
                )
        })
        .test(
            "no alternative",
            &["design:any-of"],
            needing(&[Condition::AnyOf(Vec::new())]),
            error("any_of", "at least one"),
        )
        .test(
            "a claim that is one of no values",
            &["design:claim-predicates"],
            needing(&[Condition::ClaimIn("plan".into(), Vec::new())]),
            error("claim_in", "at least one"),
        )
        .test(
            "one of no clients",
            &["design:claim-predicates"],
            needing(&[Condition::ClientIn(Vec::new())]),
            error("client_in", "at least one"),
        )
        .test(
            "odd but legal",
            &["B-07"],
            Settings { challenge_scopes: Some(strings(&["!#$%&'()*+,-./:;<=>?@[]^_`{|}~"])), ..usual() },
            BUILT,
        )
        .done()
}

fn needing(requirement: &[Condition]) -> Configuration {
    Configuration { requirement: Some(requirement.to_vec()), ..usual().into() }
}

fn numbers() -> Group {
    let leeway = |leeway: f64| Settings { leeway: Some(leeway), ..usual() };
    let size = |size: usize| Settings { max_token_size: Some(size), ..usual() };
    let cache = |tokens: usize| Settings { token_cache: Some(tokens), ..usual() };
    let fresh = |fresh: f64| Settings { jwks_fresh: Some(fresh), ..usual() };
    configurations("Numbers are refused out of range, never clamped")
        .test("ten minutes of leeway", &["A-6", "design:config"], leeway(600.0), error("leeway", "60"))
        .test("just too much leeway", &["A-6"], leeway(60.5), error("leeway", "60"))
        .test("a minute of leeway", &["A-6"], leeway(60.0), BUILT)
        .test("no leeway", &["A-6"], leeway(0.0), BUILT)
        .test("tokens too short to be any", &["J-5"], size(255), error("max_token_size", "256"))
        .test("no token", &["J-5"], size(0), error("max_token_size", "256"))
        .test("tokens too long to be read", &["J-5"], size(1024 * 1024 + 1), error("max_token_size", "1 MiB"))
        .test("the longest tokens", &["J-5"], size(1024 * 1024), BUILT)
        .test("no token is remembered", &["design:token-cache"], cache(0), BUILT)
        .test("a million tokens", &["design:token-cache"], cache(1_000_000), BUILT)
        .test("one more", &["design:token-cache"], cache(1_000_001), error("token_cache", "1,000,000"))
        .test("keys that are never fresh", &["K-1"], fresh(0.0), error("jwks_fresh", "seconds"))
        .test("keys that are fresh for a week", &["K-1"], fresh(604_800.0), error("jwks_fresh", "seconds"))
        .test("keys that are fresh for a second", &["K-1"], fresh(1.0), BUILT)
        .test(
            "no cooldown",
            &["K-2"],
            Settings { jwks_cooldown: Some(0.0), ..usual() },
            error("jwks_cooldown", "seconds"),
        )
        .test(
            "no timeout",
            &["K-6"],
            Settings { jwks_timeout: Some(0.0), ..usual() },
            error("jwks_timeout", "seconds"),
        )
        .test(
            "an hour of timeout",
            &["K-6"],
            Settings { jwks_timeout: Some(3600.0), ..usual() },
            error("jwks_timeout", "seconds"),
        )
        .test("no stale keys", &["K-4"], Settings { jwks_max_stale: Some(0.0), ..usual() }, BUILT)
        .test(
            "stale keys for a year",
            &["K-4"],
            Settings { jwks_max_stale: Some(31_536_000.0), ..usual() },
            error("jwks_max_stale", "seconds"),
        )
        .done()
}

fn algorithms() -> Group {
    let group = configurations("Algorithms");
    let wrong = [
        "HS256", "HS384", "HS512", "none", "None", "RS257", "rs256", "RS1", "ES512", "ES256K", "RSA-OAEP", "",
    ];
    let group = wrong.into_iter().fold(group, |group, name| {
        let server = Settings { algorithms: Some(strings(&["RS256", name])), ..usual() };
        group.test(
            &format!("{name:?}"),
            &["J-1", "J-2", "design:config"],
            server,
            error("algorithms", "never accepted"),
        )
    });
    let all = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA", "Ed25519"];
    group
        .test("all that are known", &["J-2"], Settings { algorithms: Some(strings(&all)), ..usual() }, BUILT)
        .done()
}

fn good() -> Group {
    let group = configurations("What is good");
    group
        .test("the usual server", &["MCP-01"], usual(), BUILT)
        .test(
            "with a requirement of everything",
            &["design:claim-predicates"],
            needing(&[
                all_of(&["a", "b"]),
                Condition::AnyOf(strings(&["c", "d"])),
                Condition::ClaimContains("roles".into(), "staff".into()),
                Condition::ClaimIn("plan".into(), strings(&["pro"])),
                Condition::ClientIn(strings(&["client-1"])),
            ]),
            BUILT,
        )
        .test(
            "without scopes",
            &["MCP-07"],
            Settings { scopes_supported: None, challenge_scopes: None, ..usual() },
            BUILT,
        )
        .done()
}
