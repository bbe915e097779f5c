//! Environment variables that are missing, contradict each other, or are wrong: the error names them.

use std::collections::BTreeMap;

use crate::author::{BUILT, configurations, error, file as of, issuer_with, strings};
use crate::keys::{Key, Keys};
use crate::model::{File, Group, Settings};

use super::environment::{ENV, SERVER, environment, with};

pub(super) fn file(_: &Keys) -> File {
    of(&[], vec![contradictions(), unknown(), values(), in_code()])
}

fn contradictions() -> Group {
    let ids: &[&str] = &["design:environment", "design:config"];
    let issuers = ("MCP_BEARER_ISSUERS", "https://as.example.com");
    let code = Settings {
        issuers: Some(vec![issuer_with("https://as.example.com", &[Key::usual().jwk()])]),
        ..environment(&[SERVER, issuers])
    };
    configurations("Variables that are missing, or contradict each other")
        .test("no variables", ids, environment(&[]), error("MCP_SERVER_URL", "missing"))
        .test("no server URL", ids, environment(&[issuers]), error("MCP_SERVER_URL", "https://"))
        .test(
            "an empty server URL",
            ids,
            environment(&[("MCP_SERVER_URL", ""), issuers]),
            error("MCP_SERVER_URL", "missing"),
        )
        .test(
            "no issuer",
            ids,
            environment(&[SERVER]),
            error("MCP_BEARER_ISSUERS", "SCALEKIT_ENVIRONMENT_URL"),
        )
        .test(
            "an environment without a resource id",
            ids,
            environment(&[SERVER, ("SCALEKIT_ENVIRONMENT_URL", ENV)]),
            error("RESOURCE_ID", "SCALEKIT_ENVIRONMENT_URL"),
        )
        .test(
            "a resource id without an environment",
            ids,
            environment(&[SERVER, ("RESOURCE_ID", "res_123")]),
            error("SCALEKIT_ENVIRONMENT_URL", "RESOURCE_ID"),
        )
        .test(
            "the preset and issuers",
            ids,
            with(&[issuers]),
            error("MCP_BEARER_ISSUERS", "SCALEKIT_ENVIRONMENT_URL"),
        )
        .test(
            "one URL of keys for two issuers",
            ids,
            environment(&[
                SERVER,
                ("MCP_BEARER_ISSUERS", "https://a.example.com https://b.example.com"),
                ("MCP_BEARER_JWKS_URI", "https://a.example.com/keys"),
            ]),
            error("MCP_BEARER_JWKS_URI", "MCP_BEARER_ISSUERS"),
        )
        .test(
            "a URL of keys for no issuer",
            ids,
            environment(&[SERVER, ("MCP_BEARER_JWKS_URI", "https://a.example.com/keys")]),
            error("MCP_BEARER_JWKS_URI", "MCP_BEARER_ISSUERS"),
        )
        .test("issuers in the code and in the environment", ids, code, error("MCP_BEARER_ISSUERS", "set one"))
        .test("the preset alone", ids, with(&[]), BUILT)
        .test(
            "the preset with credentials, which are not read",
            ids,
            with(&[("SCALEKIT_CLIENT_ID", ""), ("SCALEKIT_CLIENT_SECRET", "x")]),
            BUILT,
        )
        .done()
}

fn unknown() -> Group {
    let ids: &[&str] = &["design:environment", "design:config"];
    let issuers = ("MCP_BEARER_ISSUERS", "https://as.example.com");
    let beside = |name: &'static str, value: &'static str| environment(&[SERVER, issuers, (name, value)]);
    configurations("Variables that are none")
        .test(
            "an audience",
            ids,
            beside("MCP_BEARER_AUDIENCE", "res_1"),
            error("MCP_BEARER_AUDIENCE", "MCP_BEARER_AUDIENCES"),
        )
        .test(
            "an issuer",
            ids,
            environment(&[SERVER, ("MCP_BEARER_ISSUER", "https://as.example.com")]),
            error("MCP_BEARER_ISSUER", "MCP_BEARER_ISSUERS"),
        )
        .test("an empty one", ids, beside("MCP_BEARER_AUDIENCE", ""), BUILT)
        .test("another prefix", ids, beside("MCP_BEARERS", "x"), BUILT)
        .test(
            "what Kubernetes says of a service called mcp-bearer",
            ids,
            environment(&[
                SERVER,
                issuers,
                ("MCP_BEARER_SERVICE_HOST", "10.0.0.1"),
                ("MCP_BEARER_SERVICE_PORT", "80"),
                ("MCP_BEARER_SERVICE_PORT_HTTP", "80"),
                ("MCP_BEARER_PORT", "tcp://10.0.0.1:80"),
                ("MCP_BEARER_PORT_80_TCP_ADDR", "10.0.0.1"),
            ]),
            BUILT,
        )
        .done()
}

fn values() -> Group {
    let ids: &[&str] = &["design:environment"];
    let wrong: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::from([
        (
            "MCP_SERVER_URL",
            vec![
                ("mcp.example.com", "https://"),
                ("http://mcp.example.com", "https://"),
                ("https://mcp.example.com/mcp#x", "fragment"),
                ("https://mcp.example.com/mcp?x", "query"),
                (" https://mcp.example.com", "printable"),
            ],
        ),
        (
            "MCP_BEARER_ISSUERS",
            vec![
                ("as.example.com", "https://"),
                ("https://as.example.com http://b.example.com", "https://"),
                ("https://as.example.com https://as.example.com", "twice"),
                ("https://as.example.com,https://b.example.com", "spaces"),
                ("https://as.example.com, https://b.example.com", "spaces"),
            ],
        ),
        (
            "MCP_BEARER_JWKS_URI",
            vec![("http://as.example.com/keys", "https://auth.example.com/keys"), ("keys", "https://")],
        ),
        (
            "MCP_BEARER_AUTHORIZATION_SERVERS",
            vec![
                ("http://as.example.com", "https://"),
                ("https://as.example.com/a,https://as.example.com/b", "spaces"),
            ],
        ),
        (
            "MCP_BEARER_SCOPES_SUPPORTED",
            vec![
                ("todo:read offline_access", "offline_access"),
                ("todo:\"read\"", "quotes"),
                ("todo:read,todo:write", "spaces"),
            ],
        ),
        (
            "MCP_BEARER_CHALLENGE_SCOPES",
            vec![("offline_access", "offline_access"), ("todo:read,todo:write", "spaces")],
        ),
        (
            "MCP_BEARER_ALGORITHMS",
            vec![("HS256", "never accepted"), ("RS256,ES256", "spaces"), ("none", "never accepted")],
        ),
        (
            "MCP_BEARER_LEEWAY_SECONDS",
            vec![
                ("600", "60"),
                ("thirty", "number of seconds"),
                ("-1", "number of seconds"),
                ("30s", "number of seconds"),
                ("NaN", "number of seconds"),
                ("inf", "number of seconds"),
                ("1e400", "number of seconds"),
            ],
        ),
        ("MCP_BEARER_JWKS_FRESH_SECONDS", vec![("0", "seconds"), ("x", "number of seconds")]),
        ("MCP_BEARER_JWKS_COOLDOWN_SECONDS", vec![("0", "seconds"), ("x", "number of seconds")]),
        ("MCP_BEARER_JWKS_TIMEOUT_SECONDS", vec![("0", "seconds"), ("3600", "seconds")]),
        ("MCP_BEARER_JWKS_MAX_STALE_SECONDS", vec![("-5", "number of seconds"), ("99999999", "seconds")]),
    ]);
    let usual = [SERVER, ("MCP_BEARER_ISSUERS", "https://as.example.com")];
    let mut group = configurations("Values that are wrong: the error names the variable");
    for (name, values) in &wrong {
        for (value, says) in values {
            let mut variables: Vec<(&str, &str)> = usual.into_iter().filter(|(own, _)| own != name).collect();
            variables.push((*name, *value));
            group = group.test(&format!("{name}={value}"), ids, environment(&variables), error(name, says));
        }
    }
    let preset =
        |url: &str| environment(&[SERVER, ("SCALEKIT_ENVIRONMENT_URL", url), ("RESOURCE_ID", "res_123")]);
    let number =
        |name: &'static str, value: &'static str| environment(&[&usual[..], &[(name, value)]].concat());
    group
        .test(
            "SCALEKIT_ENVIRONMENT_URL without scheme",
            ids,
            preset("env.scalekit.com"),
            error("SCALEKIT_ENVIRONMENT_URL", "https://"),
        )
        .test(
            "SCALEKIT_ENVIRONMENT_URL over http",
            ids,
            preset("http://env.scalekit.com"),
            error("SCALEKIT_ENVIRONMENT_URL", "https://"),
        )
        .test(
            "an audience and a client may have commas",
            ids,
            environment(
                &[
                    &usual[..],
                    &[
                        ("MCP_BEARER_AUDIENCES", "res_1,2"),
                        ("MCP_BEARER_ALLOWED_CLIENTS", "CN=todo,O=example"),
                    ],
                ]
                .concat(),
            ),
            BUILT,
        )
        .test("a fraction of a second", ids, number("MCP_BEARER_JWKS_COOLDOWN_SECONDS", "0.25"), BUILT)
        .test(
            "keys that are fresh for a second are taken as given",
            ids,
            number("MCP_BEARER_JWKS_FRESH_SECONDS", "1"),
            BUILT,
        )
        .done()
}

/// What the code has set wrongly is named as in the code.
fn in_code() -> Group {
    let ids: &[&str] = &["design:environment", "design:config"];
    let usual = || environment(&[SERVER, ("MCP_BEARER_ISSUERS", "https://as.example.com")]);
    let issuer = issuer_with("as.example.com", &[Key::usual().jwk()]);
    configurations("Errors name a variable only if it is set")
        .test(
            "scopes of the code",
            ids,
            Settings { scopes_supported: Some(strings(&["todo:read todo:write"])), ..usual() },
            error("scopes_supported", "spaces"),
        )
        .test(
            "an issuer of the code",
            ids,
            Settings { issuers: Some(vec![issuer]), ..environment(&[SERVER]) },
            error("issuers", "https://"),
        )
        .test(
            "an authorization server beside the preset, which is not to blame",
            ids,
            with(&[("MCP_BEARER_AUTHORIZATION_SERVERS", "http://as.example.com")]),
            error("MCP_BEARER_AUTHORIZATION_SERVERS", "https://"),
        )
        .done()
}
