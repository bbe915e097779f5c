//! What cannot be configured: metadata, static keys, policies, routes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::author::{BUILT, all_of, configurations, error, file as of, strings, usual};
use crate::keys::{Key, Keys};
use crate::model::{Configuration, File, Group, Issuer, Json, Policy, RootAlias, Rule, Settings};

use super::configuration::{issuer, resource};

pub(super) fn file(_: &Keys) -> File {
    of(&[], vec![metadata(), jwks(), policies(), routes()])
}

fn metadata() -> Group {
    let with = |name: &str, value: Value| {
        let metadata = BTreeMap::from([(name.to_owned(), Json(value))]);
        Settings { metadata: Some(metadata), ..usual() }
    };
    let realm = |realm: &str| Settings { realm: Some(realm.into()), ..usual() };
    let follows = "follows from";
    configurations("Metadata and challenge")
        .test(
            "another resource",
            &["P-03"],
            with("resource", json!("https://other.example.com")),
            error("metadata.resource", follows),
        )
        .test(
            "no authorization servers",
            &["MCP-02"],
            with("authorization_servers", json!([])),
            error("metadata.authorization_servers", follows),
        )
        .test(
            "other scopes",
            &["MCP-07"],
            with("scopes_supported", json!(["offline_access"])),
            error("metadata.scopes_supported", follows),
        )
        .test(
            "tokens in the query",
            &["MCP-14"],
            with("bearer_methods_supported", json!(["query"])),
            error("metadata.bearer_methods_supported", follows),
        )
        .test(
            "DPoP, which is not checked",
            &["D-18"],
            with("dpop_bound_access_tokens_required", json!(true)),
            error("metadata.dpop_bound_access_tokens_required", "not checked"),
        )
        .test(
            "certificates, which are not checked",
            &["T-3"],
            with("tls_client_certificate_bound_access_tokens", json!(true)),
            error("metadata.tls_client_certificate_bound_access_tokens", "not checked"),
        )
        .test(
            "documentation that is no URL",
            &["P-02"],
            with("resource_documentation", json!("/docs")),
            error("metadata.resource_documentation", "URL"),
        )
        .test(
            "documentation in a language that is no URL",
            &["P-02"],
            with("resource_documentation#de", json!("docs")),
            error("metadata.resource_documentation#de", "URL"),
        )
        .test(
            "a name that is no text",
            &["P-02"],
            with("resource_name", json!(1)),
            error("metadata.resource_name", "string"),
        )
        .test(
            "unsigned responses",
            &["P-02"],
            with("resource_signing_alg_values_supported", json!(["none"])),
            error("metadata.resource_signing_alg_values_supported", "none"),
        )
        .test("a realm with a quote", &["B-07"], realm("a\"b"), error("realm", "quotes"))
        .test("a realm with a backslash", &["B-07"], realm("a\\b"), error("realm", "backslashes"))
        .test("a realm with a line break", &["B-07"], realm("a\r\nb"), error("realm", "printable"))
        .test("an empty realm", &["B-07"], realm(""), error("realm", "printable"))
        .test("a realm with spaces", &["B-07"], realm("my todos"), BUILT)
        .done()
}

fn jwks() -> Group {
    let with = |jwks: Value| {
        issuer(Issuer {
            issuer: "https://as.example.com".into(),
            jwks: Some(Json(jwks)),
            ..Issuer::default()
        })
    };
    let unusable = |key: Value| with(json!({ "keys": [key] }));
    let ed = Key::usual();
    let many: Vec<Value> = (0..101)
        .map(|index| ed.jwk_with(&json!({"kid": index.to_string(), "alg": null, "use": null})))
        .collect();
    configurations("Static keys: without a usable one nothing could ever pass")
        .test("no keys", &["K-6"], with(json!({"keys": []})), error("jwks", "keys"))
        .test("no list", &["K-6"], with(json!({})), error("jwks", "keys"))
        .test("a key instead of a set", &["K-6"], with(ed.jwk()), error("jwks", "keys"))
        .test(
            "a symmetric key alone",
            &["J-1"],
            unusable(json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"})),
            error("jwks", "keys"),
        )
        .test(
            "a key for encryption alone",
            &["J-1"],
            unusable(ed.jwk_with(&json!({"use": "enc"}))),
            error("jwks", "keys"),
        )
        .test(
            "an RSA key of 1024 bits alone",
            &["J-2", "peer:weak-keys"],
            unusable(super::key_sets::weak_rsa()),
            error("jwks", "keys"),
        )
        .test(
            "a point off the curve alone",
            &["J-4"],
            unusable(super::key_sets::off_curve()),
            error("jwks", "keys"),
        )
        .test("101 keys", &["K-6"], with(json!({ "keys": many })), error("jwks", "100"))
        .test("100 keys", &["K-6"], with(json!({ "keys": many[..100] })), BUILT)
        .done()
}

fn policies() -> Group {
    let rule = || Rule::Requirement(vec![all_of(&["x"])]);
    let rules =
        |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), rule())).collect::<BTreeMap<_, _>>();
    let with = |policy: Policy| Configuration { policy: Some(policy), ..usual().into() };
    let public = |names: &[&str]| with(Policy { public_methods: strings(names), ..Policy::default() });
    let prefix = |prefix: &str| with(Policy { resource_prefixes: rules(&[prefix]), ..Policy::default() });
    let group = configurations("Operation policies")
        .test("nothing named", &["design:operations"], with(Policy::default()), BUILT)
        .test(
            "a tool without a name",
            &["design:operations"],
            with(Policy { tools: rules(&[""]), ..Policy::default() }),
            error("tools", "name"),
        )
        .test(
            "a prompt without a name",
            &["design:operations"],
            with(Policy { prompts: rules(&[""]), ..Policy::default() }),
            error("prompts", "name"),
        )
        .test(
            "a resource without a URI",
            &["design:operations"],
            with(Policy { resources: rules(&[""]), ..Policy::default() }),
            error("resources", "name"),
        )
        .test(
            "a resource with two spellings",
            &["design:operations"],
            with(Policy { resources: rules(&["todo://a", "todo://a/"]), ..Policy::default() }),
            error("resources", "two rules"),
        )
        .test(
            "a method without a name",
            &["design:operations"],
            with(Policy { methods: rules(&[""]), ..Policy::default() }),
            error("methods", "name"),
        )
        .test(
            "a public method with a rule",
            &["design:operations"],
            with(Policy {
                methods: rules(&["ping"]),
                public_methods: strings(&["ping"]),
                ..Policy::default()
            }),
            error("public_methods", "public"),
        )
        .test(
            "a method with a rule, another that is public",
            &["design:operations"],
            with(Policy {
                methods: rules(&["ping"]),
                public_methods: strings(&["tools/list"]),
                ..Policy::default()
            }),
            BUILT,
        )
        .test(
            "no body",
            &["design:operations"],
            with(Policy { body_limit: Some(0), ..Policy::default() }),
            error("body_limit", "1 byte"),
        )
        .test(
            "a prefix that is no URI",
            &["design:operations"],
            prefix("items/"),
            error("resource_prefixes", "URI"),
        )
        .test(
            "a prefix with dot segments",
            &["design:operations"],
            prefix("todo://a/../b"),
            error("resource_prefixes", "URI"),
        )
        .test(
            "a prefix with a query",
            &["design:operations"],
            prefix("todo://a?x"),
            error("resource_prefixes", "URI"),
        );
    [
        "tools/call",
        "prompts/get",
        "resources/read",
        "resources/subscribe",
        "completion/complete",
        "subscriptions/listen",
        "",
    ]
    .into_iter()
    .fold(group, |group, method| {
        group.test(
            &format!("{method:?} in public"),
            &["design:operations"],
            public(&["ping", method]),
            error("public_methods", if method.is_empty() { "methods" } else { "public" }),
        )
    })
    .done()
}

fn routes() -> Group {
    let at = |path: &str| Configuration { public_routes: strings(&["/health", path]), ..usual().into() };
    let two = |second: &str, root_alias: Option<RootAlias>| Configuration {
        with: vec![resource(second)],
        root_alias,
        ..usual().into()
    };
    let alias = |resource: &str| Some(RootAlias::Resource(resource.into()));
    const SECOND: &str = "https://mcp.example.com/second";
    configurations("Routes")
        .test(
            "a public route without a slash",
            &["design:paths"],
            at("docs"),
            error("public_routes", "/health"),
        )
        .test(
            "a public route with a query",
            &["design:paths"],
            at("/docs?x"),
            error("public_routes", "/health"),
        )
        .test(
            "a public URL",
            &["design:paths"],
            at("https://mcp.example.com/docs"),
            error("public_routes", "/health"),
        )
        .test(
            "a pattern of public routes",
            &["design:paths"],
            at("/static/*"),
            error("public_routes", "/health"),
        )
        .test("an empty public route", &["design:paths"], at(""), error("public_routes", "/health"))
        .test(
            "two resources, and no word on the root",
            &["P-04", "design:config"],
            two(SECOND, None),
            error("root_alias", "root"),
        )
        .test("two resources, nobody at the root", &["P-04"], two(SECOND, Some(RootAlias::Nobody)), BUILT)
        .test("two resources, one at the root", &["P-04"], two(SECOND, alias(SECOND)), BUILT)
        .test(
            "two resources, a third at the root",
            &["P-04"],
            two(SECOND, alias("https://mcp.example.com/third")),
            error("root_alias", "identifier"),
        )
        .test("two resources, one of them the origin", &["P-04"], two("https://mcp.example.com", None), BUILT)
        .test(
            "the same resource twice",
            &["P-04"],
            two("https://mcp.example.com/mcp", None),
            error("resource", "two resources"),
        )
        .done()
}
