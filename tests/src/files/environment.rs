//! Settings from environment variables: the Scalekit preset, and any other provider.

use serde_json::{Value, json};

use crate::author::{
    all_of, allowed, bare, file as of, good_token, issuer_with, json_answer, requests, script, status,
    strings, with_token,
};
use crate::keys::{Key, Keys};
use crate::model::{Answer, Call, File, Group, Outcome, Settings, Token};
use crate::token::{NOW, RESOURCE, good};
use crate::wire::{Wire, unavailable};

pub(super) fn file(keys: &Keys) -> File {
    let groups = vec![
        preset(keys),
        preset_fallback(keys),
        preset_own_keys(keys),
        provider(keys),
        lists(keys),
        empty(keys),
    ];
    of(&[], groups)
}

pub(super) const ENV: &str = "https://env.scalekit.com";

pub(super) const SERVER: (&str, &str) = ("MCP_SERVER_URL", RESOURCE);

const PRESET: [(&str, &str); 3] = [SERVER, ("SCALEKIT_ENVIRONMENT_URL", ENV), ("RESOURCE_ID", "res_123")];

const WIRE: Wire = Wire::new("https://mcp.example.com/.well-known/oauth-protected-resource/mcp");

pub(super) fn environment(variables: &[(&str, &str)]) -> Settings {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Settings { environment: Some(variables), ..Settings::default() }
}

pub(super) fn with(more: &[(&str, &str)]) -> Settings {
    environment(&[&PRESET[..], more].concat())
}

fn key_set() -> Answer {
    json_answer(json!({ "keys": [Key::usual().jwk()] }))
}

fn document(issuer: &str, jwks_uri: &str) -> Answer {
    json_answer(json!({"issuer": issuer, "jwks_uri": jwks_uri}))
}

fn metadata(authorization_server: &str, scopes: &[&str]) -> Outcome {
    use base64::Engine;
    let scopes =
        if scopes.is_empty() { String::new() } else { format!(r#","scopes_supported":{}"#, json!(scopes)) };
    let body = format!(
        r#"{{"authorization_servers":["{authorization_server}"],"bearer_methods_supported":["header"],"resource":"{RESOURCE}"{scopes}}}"#
    );
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body.as_bytes());
    let tag = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16]);
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("access-control-allow-origin", "*".to_owned()),
        ("cache-control", "public, max-age=3600".to_owned()),
        ("etag", format!("\"{tag}\"")),
    ];
    Outcome::Answer {
        status: 200,
        headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        body,
    }
}

fn get_metadata() -> crate::model::Input {
    crate::author::request(Call::Guard, "GET", "/.well-known/oauth-protected-resource")
}

fn seen(issuer: &str, audiences: &[&str]) -> Outcome {
    allowed(Token { issuer: issuer.into(), audiences: strings(audiences), ..good_token() })
}

fn preset(keys: &Keys) -> Group {
    let token = |issuer: &str, audience: Value| {
        with_token(good(keys).claim("iss", issuer).claim("aud", audience).mint())
    };
    let resource_issuer = "https://env.scalekit.com/resources/res_123";
    let first = "https://env.scalekit.com/.well-known/oauth-authorization-server";
    let mut group = requests("The Scalekit preset", with(&[])).proving(&["design:scalekit-preset"]);
    group.fetch = Some(script(&[
        (first, document(ENV, "https://env.scalekit.com/keys")),
        ("https://env.scalekit.com/keys", key_set()),
    ]));
    group
        .test("no token", &["MCP-03", "quickstart:9"], bare(), WIRE.denied("missing_token"))
        .fetching(&[])
        .test(
            "a token for the resource id",
            &["quickstart:7", "A-3"],
            token(ENV, json!(["res_123"])),
            seen(ENV, &["res_123"]),
        )
        .fetching(&[first, "https://env.scalekit.com/keys"])
        .test(
            "a token for the server URL",
            &["quickstart:7"],
            token(ENV, json!([RESOURCE])),
            seen(ENV, &[RESOURCE]),
        )
        .fetching(&[])
        .test(
            "a token that calls the resource its issuer",
            &["A-3"],
            token(resource_issuer, json!(["res_123"])),
            seen(resource_issuer, &["res_123"]),
        )
        .fetching(&[])
        .test(
            "a token for another resource of that environment",
            &["MCP-10", "peer:missing-aud"],
            token(ENV, json!(["res_124"])),
            WIRE.denied("wrong_audience"),
        )
        .test(
            "a token of the login, for an application",
            &["MCP-10"],
            token(ENV, json!(["skc_1"])),
            WIRE.denied("wrong_audience"),
        )
        .test(
            "a token of another environment",
            &["A-3"],
            token("https://other.scalekit.com", json!(["res_123"])),
            WIRE.denied("unknown_issuer"),
        )
        .test(
            "scopes as a list",
            &["quickstart:6"],
            with_token(
                good(keys)
                    .claim("iss", ENV)
                    .claim("aud", json!(["res_123"]))
                    .without("scope")
                    .claim("scopes", json!(["todo:read"]))
                    .mint(),
            )
            .requiring(&[all_of(&["todo:read"])]),
            seen(ENV, &["res_123"]),
        )
        .test("its metadata", &["MCP-02", "P-03"], get_metadata(), metadata(resource_issuer, &[]))
        .done()
}

fn preset_fallback(keys: &Keys) -> Group {
    let forms = [
        "https://env.scalekit.com/.well-known/oauth-authorization-server",
        "https://env.scalekit.com/.well-known/openid-configuration",
    ];
    let jwks = "https://env.scalekit.com/keys";
    let trailing = environment(&[
        SERVER,
        ("SCALEKIT_ENVIRONMENT_URL", "https://env.scalekit.com/"),
        ("RESOURCE_ID", "res_123"),
    ]);
    let mut group = requests("The preset without metadata, its URL with a slash", trailing)
        .proving(&["design:scalekit-preset", "K-7"]);
    group.fetch = Some(script(&[(jwks, key_set())]));
    let token = || with_token(good(keys).claim("iss", ENV).mint());
    group
        .test("keys from where Scalekit has them", &[], token(), seen(ENV, &[RESOURCE]))
        .fetching(&[forms[0], forms[1], jwks])
        .test(
            "with the slash it is another issuer",
            &["A-3"],
            with_token(good(keys).claim("iss", "https://env.scalekit.com/").mint()),
            WIRE.denied("unknown_issuer"),
        )
        .done()
}

fn preset_own_keys(keys: &Keys) -> Group {
    let server = with(&[
        ("MCP_BEARER_JWKS_URI", "https://keys.example.com/all"),
        ("MCP_BEARER_AUDIENCES", "res_9"),
        ("MCP_BEARER_AUTHORIZATION_SERVERS", "https://login.example.com"),
    ]);
    let mut group =
        requests("Variables replace the preset's values", server).proving(&["design:environment"]);
    group.fetch = Some(script(&[("https://keys.example.com/all", key_set())]));
    group
        .test(
            "the new audience, with keys from the URL",
            &[],
            with_token(good(keys).claim("iss", ENV).claim("aud", "res_9").mint()),
            seen(ENV, &["res_9"]),
        )
        .fetching(&["https://keys.example.com/all"])
        .test(
            "the preset's audience",
            &["MCP-10"],
            with_token(good(keys).claim("iss", ENV).claim("aud", "res_123").mint()),
            WIRE.denied("wrong_audience"),
        )
        .test("its metadata", &["MCP-02"], get_metadata(), metadata("https://login.example.com", &[]))
        .done()
}

fn provider(keys: &Keys) -> Group {
    let form = "https://as.example.com/.well-known/oauth-authorization-server";
    let mut group = requests(
        "Any other provider",
        environment(&[SERVER, ("MCP_BEARER_ISSUERS", "https://as.example.com")]),
    )
    .proving(&["design:environment"]);
    group.fetch = Some(script(&[
        (form, document("https://as.example.com", "https://as.example.com/jwks")),
        ("https://as.example.com/jwks", key_set()),
    ]));
    group
        .test("a token", &["K-7"], with_token(good(keys).mint()), seen("https://as.example.com", &[RESOURCE]))
        .fetching(&[form, "https://as.example.com/jwks"])
        .test("its metadata", &["MCP-02"], get_metadata(), metadata("https://as.example.com", &[]))
        .done()
}

fn lists(keys: &Keys) -> Group {
    let server = Settings {
        issuers: Some(vec![issuer_with("https://as.example.com", &[Key::usual().jwk()])]),
        scopes_supported: Some(strings(&["overridden"])),
        challenge_scopes: Some(strings(&["overridden"])),
        leeway: Some(0.0),
        ..environment(&[
            SERVER,
            ("MCP_BEARER_AUDIENCES", "  res_1\tres_2  "),
            ("MCP_BEARER_ALLOWED_CLIENTS", "client-1 client-2"),
            ("MCP_BEARER_AUTHORIZATION_SERVERS", "https://login.example.com"),
            ("MCP_BEARER_SCOPES_SUPPORTED", "todo:read todo:write"),
            ("MCP_BEARER_CHALLENGE_SCOPES", "todo:read"),
            ("MCP_BEARER_ALGORITHMS", "EdDSA ES256"),
            ("MCP_BEARER_LEEWAY_SECONDS", "2.5"),
            ("SCALEKIT_CLIENT_ID", "skc_1"),
            ("SCALEKIT_CLIENT_SECRET", "test_1"),
            ("PATH", "/usr/bin"),
        ])
    };
    let wire = WIRE.asking("todo:read");
    let old = |ago: f64| with_token(good(keys).claim("aud", "res_2").claim("exp", NOW).mint()).after(ago);
    requests("Lists are separated by white space; variables go before the code", server)
        .proving(&["design:environment"])
        .test("no token", &["MCP-05"], bare(), wire.denied("missing_token"))
        .test(
            "an audience",
            &["MCP-10"],
            with_token(good(keys).claim("aud", "res_2").mint()),
            seen("https://as.example.com", &["res_2"]),
        )
        .test(
            "the resource is not among them",
            &["MCP-10"],
            with_token(good(keys).mint()),
            wire.denied("wrong_audience"),
        )
        .test(
            "a client",
            &["design:allowed-clients"],
            with_token(good(keys).without("aud").mint()),
            seen("https://as.example.com", &[]),
        )
        .test(
            "an algorithm that is not among them",
            &["J-1"],
            with_token(good(keys).header("alg", "RS256").mint()),
            wire.denied("unsupported_algorithm"),
        )
        .test(
            "its metadata",
            &["MCP-02", "MCP-07"],
            get_metadata(),
            metadata("https://login.example.com", &["todo:read", "todo:write"]),
        )
        .test(
            "within the leeway",
            &["A-6"],
            old(2.0),
            allowed(Token { audiences: strings(&["res_2"]), expires_at: 1_800_000_000.0, ..good_token() }),
        )
        .test("after it", &["A-6"], old(2.5), wire.denied("expired"))
        .done()
}

fn empty(keys: &Keys) -> Group {
    let server = environment(&[
        SERVER,
        ("MCP_BEARER_ISSUERS", "https://as.example.com"),
        ("SCALEKIT_ENVIRONMENT_URL", ""),
        ("RESOURCE_ID", ""),
        ("MCP_BEARER_AUDIENCES", ""),
        ("MCP_BEARER_JWKS_URI", ""),
        ("MCP_BEARER_LEEWAY_SECONDS", ""),
        ("MCP_BEARER_CA_FILE", ""),
    ]);
    let form = "https://as.example.com/.well-known/oauth-authorization-server";
    let mut group = requests("An empty variable is an absent one", server).proving(&["design:environment"]);
    group.fetch = Some(script(&[(form, status(503))]));
    group
        .test(
            "the resource is the audience",
            &["MCP-10"],
            with_token(good(keys).claim("aud", "x").mint()),
            WIRE.denied("wrong_audience"),
        )
        .test("the keys are discovered", &["K-7", "K-8"], with_token(good(keys).mint()), unavailable(1))
        .fetching(&[form])
        .done()
}
