//! What cannot be configured, and which setting the error names.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::author::{BUILT, Configurations, all_of, configurations, error, file as of, issuer_with, strings, usual};
use crate::keys::{Key, Keys};
use crate::model::{Condition, Configuration, File, Group, Issuer, Json, Policy, RootAlias, Rule, Settings};

pub(super) fn file(_: &Keys) -> File {
    of(&[], vec![resources(), issuers(), scopes(), numbers(), algorithms(), metadata(), jwks(), policies(), routes(), good()])
}

fn resource(text: &str) -> Settings {
    Settings { resource: Some(text.into()), ..usual() }
}

fn issuer(issuer: Issuer) -> Settings {
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
        ("http off loopback", "http://mcp.example.com/mcp", "https://", &["MCP-25", "design:config"]),
        ("http on a host that only starts like loopback", "http://127.0.0.1.example.com/mcp", "https://", &["MCP-25"]),
        ("http on a name that only ends like loopback", "http://evil-localhost/mcp", "https://", &["MCP-25"]),
        ("credentials", "https://user:password@mcp.example.com/mcp", "password", &["MCP-23"]),
        ("white space", "https://mcp.example.com/mcp ", "printable", &["B-07"]),
        ("a line break", "https://mcp.example.com/mcp\r\nx: y", "printable", &["B-07"]),
        ("a quote", "https://mcp.example.com/\"mcp", "printable", &["B-07"]),
        ("a backslash", "https://mcp.example.com\\mcp", "printable", &["B-07"]),
        ("beyond ASCII", "https://mcp.example.com/caf\u{e9}", "printable", &["B-07"]),
    ];
    let group = wrong
        .into_iter()
        .fold(group, |group, (comment, text, says, ids)| group.test(comment, ids, resource(text), error("resource", says)));
    let good = [
        "https://mcp.example.com",
        "https://mcp.example.com/",
        "HTTPS://MCP.Example.com/MCP",
        "http://127.0.0.1:8000/mcp",
        "http://127.8.8.8/mcp",
        "http://[::1]:8000",
        "http://localhost:8000",
    ];
    good.into_iter().fold(group, |group, text| group.test(&format!("{text} is fine"), &["MCP-21"], resource(text), BUILT)).done()
}

fn issuers() -> Group {
    let remote = |issuer: &str| Issuer { issuer: issuer.into(), ..Issuer::default() };
    let with_uri = |uri: &str| issuer(Issuer { jwks_uri: Some(uri.into()), ..remote("https://as.example.com") });
    let group = configurations("Issuers")
        .test("none", &["A-3", "design:config"], Settings { issuers: Some(Vec::new()), ..usual() }, error("issuers", "at least one"))
        .test("not set", &["A-3", "design:config"], Settings { issuers: None, ..usual() }, error("issuers", "at least one"))
        .test("twice", &["J-6"], Settings { issuers: Some(vec![remote("https://as.example.com"), remote("https://as.example.com")]), ..usual() }, error("issuers", "twice"))
        .test("twice through a second name", &["J-6"], Settings { issuers: Some(vec![remote("https://a.example.com"), Issuer { also: strings(&["https://a.example.com"]), ..remote("https://b.example.com") }]), ..usual() }, error("issuers", "twice"));
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
    let group = wrong
        .into_iter()
        .fold(group, |group, (comment, text)| group.test(comment, &["MCP-25", "design:https"], named(text), error("issuers", "https://")));
    let loopback = Issuer { jwks_uri: Some("http://127.0.0.1:9000/keys".into()), ..remote("http://127.0.0.1:9000") };
    group
        .test("http on loopback is for development", &["MCP-25"], issuer(remote("http://127.0.0.1:9000")), BUILT)
        .test("which extends to its keys", &["MCP-25"], issuer(loopback), BUILT)
        .test("but not to those of an https issuer", &["MCP-25", "design:https"], with_uri("http://127.0.0.1:9000/keys"), error("jwks_uri", "https://"))
        .test("keys over http", &["MCP-25", "design:https"], with_uri("http://as.example.com/keys"), error("jwks_uri", "https://"))
        .test("keys with credentials", &["design:https"], with_uri("https://user:password@as.example.com/keys"), error("jwks_uri", "password"))
        .test("keys with a fragment", &["design:https"], with_uri("https://as.example.com/keys#x"), error("jwks_uri", "fragment"))
        .test("keys with a query", &["K-7"], with_uri("https://as.example.com/keys?version=1"), BUILT)
        .test("a host that is listed, dangerously", &["MCP-25"], Settings { dangerously_allow_http_hosts: Some(strings(&["auth.internal"])), ..issuer(remote("http://auth.internal:9000")) }, BUILT)
        .test("another host than the listed one", &["MCP-25"], Settings { dangerously_allow_http_hosts: Some(strings(&["auth.internal"])), ..issuer(remote("http://other.internal")) }, error("issuers", "https://"))
        .test("a list of URLs instead of hosts", &["MCP-25"], Settings { dangerously_allow_http_hosts: Some(strings(&["http://auth.internal"])), ..usual() }, error("dangerously_allow_http_hosts", "host"))
        .test("keys given and to be fetched", &["K-7"], issuer(Issuer { jwks_uri: Some("https://as.example.com/keys".into()), ..issuer_with("https://as.example.com", &[Key::usual().jwk()]) }), error("jwks", "key sources"))
        .test("a fallback for what is not tried", &["K-7"], issuer(Issuer { jwks_uri: Some("https://as.example.com/keys".into()), fallback_jwks_uri: Some("https://as.example.com/keys".into()), ..remote("https://as.example.com") }), error("fallback_jwks_uri", "jwks_uri"))
        .test("an authorization server over http", &["MCP-02", "MCP-25"], Settings { authorization_servers: Some(strings(&["http://as.example.com"])), ..usual() }, error("authorization_servers", "https://"))
        .test("an authorization server without scheme", &["MCP-02"], Settings { authorization_servers: Some(strings(&["as.example.com"])), ..usual() }, error("authorization_servers", "https://"))
        .test("no audience", &["MCP-10"], Settings { audiences: Some(Vec::new()), ..usual() }, error("audiences", "at least one"))
        .test("an empty audience", &["MCP-10"], Settings { audiences: Some(strings(&["res_1", ""])), ..usual() }, error("audiences", "at least one"))
        .test("an issuer with an empty list of audiences", &["MCP-10"], issuer(Issuer { audiences: Some(Vec::new()), ..remote("https://as.example.com") }), error("audiences", "empty"))
        .test("an empty client", &["design:allowed-clients"], Settings { allowed_clients: Some(strings(&[""])), ..usual() }, error("allowed_clients", "client"))
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
            let ids: &[&str] = if scope == "offline_access" { &["MCP-08", "design:config"] } else { &["B-07", "design:config"] };
            let implied = |broad: &str, narrow: &str| {
                let implies = BTreeMap::from([(broad.to_owned(), strings(&[narrow]))]);
                Settings { scope_implies: Some(implies), ..usual() }
            };
            group
                .test(&format!("{comment} in scopes_supported"), ids, Settings { scopes_supported: list(), ..usual() }, error("scopes_supported", says))
                .test(&format!("{comment} in challenge_scopes"), ids, Settings { challenge_scopes: list(), ..usual() }, error("challenge_scopes", says))
                .test(&format!("{comment} in the hierarchy"), ids, implied("todo:admin", scope), error("scope_hierarchy", says))
                .test(&format!("{comment} in a requirement"), ids, needing(&[all_of(&[scope])]), error("scope", says))
        })
        .test("no alternative", &["design:any-of"], needing(&[Condition::AnyOf(Vec::new())]), error("any_of", "at least one"))
        .test("odd but legal", &["B-07"], Settings { challenge_scopes: Some(strings(&["!#$%&'()*+,-./:;<=>?@[]^_`{|}~"])), ..usual() }, BUILT)
        .done()
}

fn needing(requirement: &[Condition]) -> Configuration {
    Configuration { requirement: Some(requirement.to_vec()), ..usual().into() }
}

fn numbers() -> Group {
    let leeway = |leeway: f64| Settings { leeway: Some(leeway), ..usual() };
    let size = |size: usize| Settings { max_token_size: Some(size), ..usual() };
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
        .test("keys that are never fresh", &["K-1"], fresh(0.0), error("jwks_fresh", "seconds"))
        .test("keys that are fresh for a week", &["K-1"], fresh(604_800.0), error("jwks_fresh", "seconds"))
        .test("keys that are fresh for a second", &["K-1"], fresh(1.0), BUILT)
        .test("no cooldown", &["K-2"], Settings { jwks_cooldown: Some(0.0), ..usual() }, error("jwks_cooldown", "seconds"))
        .test("no timeout", &["K-6"], Settings { jwks_timeout: Some(0.0), ..usual() }, error("jwks_timeout", "seconds"))
        .test("an hour of timeout", &["K-6"], Settings { jwks_timeout: Some(3600.0), ..usual() }, error("jwks_timeout", "seconds"))
        .test("no stale keys", &["K-4"], Settings { jwks_max_stale: Some(0.0), ..usual() }, BUILT)
        .test("stale keys for a year", &["K-4"], Settings { jwks_max_stale: Some(31_536_000.0), ..usual() }, error("jwks_max_stale", "seconds"))
        .done()
}

fn algorithms() -> Group {
    let group = configurations("Algorithms");
    let wrong = ["HS256", "HS384", "HS512", "none", "None", "RS257", "rs256", "RS1", "ES512", "ES256K", "RSA-OAEP", ""];
    let group = wrong.into_iter().fold(group, |group, name| {
        let server = Settings { algorithms: Some(strings(&["RS256", name])), ..usual() };
        group.test(&format!("{name:?}"), &["J-1", "J-2", "design:config"], server, error("algorithms", "never accepted"))
    });
    let all = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA", "Ed25519"];
    group.test("all that are known", &["J-2"], Settings { algorithms: Some(strings(&all)), ..usual() }, BUILT).done()
}

fn metadata() -> Group {
    let with = |name: &str, value: Value| {
        let metadata = BTreeMap::from([(name.to_owned(), Json(value))]);
        Settings { metadata: Some(metadata), ..usual() }
    };
    let realm = |realm: &str| Settings { realm: Some(realm.into()), ..usual() };
    let follows = "follows from";
    configurations("Metadata and challenge")
        .test("another resource", &["P-03"], with("resource", json!("https://other.example.com")), error("metadata.resource", follows))
        .test("no authorization servers", &["MCP-02"], with("authorization_servers", json!([])), error("metadata.authorization_servers", follows))
        .test("other scopes", &["MCP-07"], with("scopes_supported", json!(["offline_access"])), error("metadata.scopes_supported", follows))
        .test("tokens in the query", &["MCP-14"], with("bearer_methods_supported", json!(["query"])), error("metadata.bearer_methods_supported", follows))
        .test("DPoP, which is not checked", &["D-18"], with("dpop_bound_access_tokens_required", json!(true)), error("metadata.dpop_bound_access_tokens_required", "not checked"))
        .test("certificates, which are not checked", &["T-3"], with("tls_client_certificate_bound_access_tokens", json!(true)), error("metadata.tls_client_certificate_bound_access_tokens", "not checked"))
        .test("documentation that is no URL", &["P-02"], with("resource_documentation", json!("/docs")), error("metadata.resource_documentation", "URL"))
        .test("documentation in a language that is no URL", &["P-02"], with("resource_documentation#de", json!("docs")), error("metadata.resource_documentation#de", "URL"))
        .test("a name that is no text", &["P-02"], with("resource_name", json!(1)), error("metadata.resource_name", "string"))
        .test("unsigned responses", &["P-02"], with("resource_signing_alg_values_supported", json!(["none"])), error("metadata.resource_signing_alg_values_supported", "none"))
        .test("a realm with a quote", &["B-07"], realm("a\"b"), error("realm", "quotes"))
        .test("a realm with a backslash", &["B-07"], realm("a\\b"), error("realm", "backslashes"))
        .test("a realm with a line break", &["B-07"], realm("a\r\nb"), error("realm", "printable"))
        .test("an empty realm", &["B-07"], realm(""), error("realm", "printable"))
        .test("a realm with spaces", &["B-07"], realm("my todos"), BUILT)
        .done()
}

fn jwks() -> Group {
    let with = |jwks: Value| issuer(Issuer { issuer: "https://as.example.com".into(), jwks: Some(Json(jwks)), ..Issuer::default() });
    let unusable = |key: Value| with(json!({ "keys": [key] }));
    let ed = Key::usual();
    let many: Vec<Value> = (0..101).map(|index| ed.jwk_with(&json!({"kid": index.to_string(), "alg": null, "use": null}))).collect();
    configurations("Static keys: without a usable one nothing could ever pass")
        .test("no keys", &["K-6"], with(json!({"keys": []})), error("jwks", "keys"))
        .test("no list", &["K-6"], with(json!({})), error("jwks", "keys"))
        .test("a key instead of a set", &["K-6"], with(ed.jwk()), error("jwks", "keys"))
        .test("a symmetric key alone", &["J-1"], unusable(json!({"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"})), error("jwks", "keys"))
        .test("a key for encryption alone", &["J-1"], unusable(ed.jwk_with(&json!({"use": "enc"}))), error("jwks", "keys"))
        .test("an RSA key of 1024 bits alone", &["J-2", "peer:weak-keys"], unusable(super::key_sets::weak_rsa()), error("jwks", "keys"))
        .test("a point off the curve alone", &["J-4"], unusable(super::key_sets::off_curve()), error("jwks", "keys"))
        .test("101 keys", &["K-6"], with(json!({ "keys": many })), error("jwks", "100"))
        .test("100 keys", &["K-6"], with(json!({ "keys": many[..100] })), BUILT)
        .done()
}

fn policies() -> Group {
    let rule = || Rule::Requirement(vec![all_of(&["x"])]);
    let rules = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), rule())).collect::<BTreeMap<_, _>>();
    let with = |policy: Policy| Configuration { policy: Some(policy), ..usual().into() };
    let public = |names: &[&str]| with(Policy { public_methods: strings(names), ..Policy::default() });
    let prefix = |prefix: &str| with(Policy { resource_prefixes: rules(&[prefix]), ..Policy::default() });
    let group = configurations("Operation policies")
        .test("nothing named", &["design:operations"], with(Policy::default()), BUILT)
        .test("a tool without a name", &["design:operations"], with(Policy { tools: rules(&[""]), ..Policy::default() }), error("tool", "name"))
        .test("a prompt without a name", &["design:operations"], with(Policy { prompts: rules(&[""]), ..Policy::default() }), error("prompt", "name"))
        .test("a resource without a URI", &["design:operations"], with(Policy { resources: rules(&[""]), ..Policy::default() }), error("resource", "name"))
        .test("a resource with two spellings", &["design:operations"], with(Policy { resources: rules(&["todo://a", "todo://a/"]), ..Policy::default() }), error("resource", "two rules"))
        .test("a method without a name", &["design:operations"], with(Policy { methods: rules(&[""]), ..Policy::default() }), error("method", "name"))
        .test("a public method with a rule", &["design:operations"], with(Policy { methods: rules(&["ping"]), public_methods: strings(&["ping"]), ..Policy::default() }), error("public_methods", "public"))
        .test("a method with a rule, another that is public", &["design:operations"], with(Policy { methods: rules(&["ping"]), public_methods: strings(&["tools/list"]), ..Policy::default() }), BUILT)
        .test("no body", &["design:operations"], with(Policy { body_limit: Some(0), ..Policy::default() }), error("body_limit", "1 byte"))
        .test("a prefix that is no URI", &["design:operations"], prefix("items/"), error("resource_prefix", "URI"))
        .test("a prefix with dot segments", &["design:operations"], prefix("todo://a/../b"), error("resource_prefix", "URI"))
        .test("a prefix with a query", &["design:operations"], prefix("todo://a?x"), error("resource_prefix", "URI"));
    ["tools/call", "prompts/get", "resources/read", "resources/subscribe", "completion/complete", "subscriptions/listen", ""]
        .into_iter()
        .fold(group, |group, method| {
            group.test(&format!("{method:?} in public"), &["design:operations"], public(&["ping", method]), error("public_methods", if method.is_empty() { "methods" } else { "public" }))
        })
        .done()
}

fn routes() -> Group {
    let at = |path: &str| Configuration { public_routes: strings(&["/health", path]), ..usual().into() };
    let two = |second: &str, root_alias: Option<RootAlias>| Configuration { with: vec![resource(second)], root_alias, ..usual().into() };
    let alias = |resource: &str| Some(RootAlias::Resource(resource.into()));
    const SECOND: &str = "https://mcp.example.com/second";
    configurations("Routes")
        .test("a public route without a slash", &["design:paths"], at("docs"), error("public_routes", "/health"))
        .test("a public route with a query", &["design:paths"], at("/docs?x"), error("public_routes", "/health"))
        .test("a public URL", &["design:paths"], at("https://mcp.example.com/docs"), error("public_routes", "/health"))
        .test("an empty public route", &["design:paths"], at(""), error("public_routes", "/health"))
        .test("two resources, and no word on the root", &["P-04", "design:config"], two(SECOND, None), error("root_alias", "root"))
        .test("two resources, nobody at the root", &["P-04"], two(SECOND, Some(RootAlias::Nobody)), BUILT)
        .test("two resources, one at the root", &["P-04"], two(SECOND, alias(SECOND)), BUILT)
        .test("two resources, a third at the root", &["P-04"], two(SECOND, alias("https://mcp.example.com/third")), error("root_alias", "identifier"))
        .test("two resources, one of them the origin", &["P-04"], two("https://mcp.example.com", None), BUILT)
        .test("the same resource twice", &["P-04"], two("https://mcp.example.com/mcp", None), error("resource", "two resources"))
        .done()
}

fn good() -> Group {
    let group: Configurations = configurations("What is good");
    group
        .test("the usual server", &["MCP-01"], usual(), BUILT)
        .test("with a requirement of everything", &["design:claim-predicates"], needing(&[
            all_of(&["a", "b"]),
            Condition::AnyOf(strings(&["c", "d"])),
            Condition::ClaimContains("roles".into(), "staff".into()),
            Condition::ClaimIn("plan".into(), strings(&["pro"])),
            Condition::ClientIn(strings(&["client-1"])),
        ]), BUILT)
        .test("without scopes", &["MCP-07"], Settings { scopes_supported: None, challenge_scopes: None, ..usual() }, BUILT)
        .done()
}
