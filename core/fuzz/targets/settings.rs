//! Settings: whatever an operator, or a program for one, writes.
//!
//! The first byte chooses between settings in code and variables; the parts are `name=value`.
#![no_main]

use std::task::Poll;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use mcp_bearer::{
    Authentication, BoxFuture, Builder, ConfigError, FetchError, FetchRequest, Guard, Issuer, IssuersBuilder,
    MetadataRoutes, OperationPolicy, Request, Requirement, ResourceServer, RootAlias, ScopeSet,
};
use mcp_bearer_fuzz::input::Input;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let in_code = input.byte() & 1 == 0;
    let mut settings = Vec::new();
    while let Some(part) = input.text().filter(|_| settings.len() < 64) {
        let (name, value) = part.split_once('=').unwrap_or((&*part, ""));
        settings.push((name.to_owned(), value.to_owned()));
    }
    let (resource, built) = if in_code {
        let resource = last(&settings, "resource").unwrap_or_default();
        (resource, server(resource, &settings).build())
    } else {
        let resource = last(&settings, "MCP_SERVER_URL").unwrap_or_default();
        let builder = Builder::from_env(settings.iter().cloned());
        (resource, builder.and_then(|builder| builder.keys(nowhere).build()))
    };
    match built {
        Ok(server) => {
            must_serve(resource, &server);
            let text = String::from_utf8_lossy(bytes);
            guard(&text, server, &settings);
        }
        Err(error) => must_help(&error),
    }
    policy(&settings);
});

fn last<'s>(settings: &'s [(String, String)], name: &str) -> Option<&'s str> {
    settings.iter().rev().find_map(|(own, value)| (own == name).then_some(value.as_str()))
}

/// Asks nobody.
fn nowhere(keys: IssuersBuilder) -> IssuersBuilder {
    keys.fetch(|_: FetchRequest| std::future::ready(Err(FetchError::Other)))
        .spawn(|_: BoxFuture<'static, ()>| {})
}

fn words(text: &str) -> Vec<&str> {
    text.split(' ').filter(|word| !word.is_empty()).collect()
}

fn server(resource: &str, settings: &[(String, String)]) -> Builder {
    let mut builder = ResourceServer::builder(resource).keys(nowhere);
    let mut issuer: Option<Issuer> = None;
    for (name, value) in settings {
        let seconds = || Duration::try_from_secs_f64(value.parse().unwrap_or(0.0)).unwrap_or(Duration::MAX);
        let on_issuer = |change: &dyn Fn(Issuer) -> Issuer| issuer.clone().map(change);
        match name.as_str() {
            "issuer" => {
                builder = issuer.take().into_iter().fold(builder, Builder::issuer);
                issuer = Some(Issuer::new(value));
            }
            "also" => issuer = on_issuer(&|issuer| issuer.also(value)),
            "jwks_uri" => issuer = on_issuer(&|issuer| issuer.jwks_uri(value)),
            "fallback_jwks_uri" => issuer = on_issuer(&|issuer| issuer.fallback_jwks_uri(value)),
            "jwks" => issuer = on_issuer(&|issuer| issuer.jwks(value.as_str())),
            "issuer_audiences" => issuer = on_issuer(&|issuer| issuer.audiences(words(value))),
            "audiences" => builder = builder.audiences(words(value)),
            "allowed_clients" => builder = builder.allowed_clients(words(value)),
            "authorization_servers" => builder = builder.authorization_servers(words(value)),
            "scopes_supported" => builder = builder.scopes_supported(words(value)),
            // Split nowhere, so that a scope can be anything.
            "challenge_scope" => builder = builder.challenge_scopes([value]),
            "challenge_scopes" => builder = builder.challenge_scopes(words(value)),
            "algorithms" => builder = builder.algorithms(words(value)),
            "leeway" => builder = builder.leeway(seconds()),
            "max_token_size" => builder = builder.max_token_size(value.parse().unwrap_or(usize::MAX)),
            "rfc9068_only" => builder = builder.rfc9068_only(value == "true"),
            "realm" => builder = builder.realm(value),
            "error_on_missing_token" => builder = builder.error_on_missing_token(value == "true"),
            "challenge_granted_scopes" => builder = builder.challenge_granted_scopes(value == "true"),
            "scope_hierarchy" => {
                let all = words(value);
                if let Some((broad, narrow)) = all.split_first() {
                    builder = builder.scope_hierarchy(*broad, narrow.iter().copied());
                }
            }
            "metadata" => {
                let (name, value) = value.split_once(':').unwrap_or((value, "null"));
                builder = builder.metadata(name, serde_json::from_str(value).unwrap_or(Value::Null));
            }
            "jwks_fresh" => builder = builder.keys(|keys| keys.jwks_fresh(seconds())),
            "jwks_cooldown" => builder = builder.keys(|keys| keys.jwks_cooldown(seconds())),
            "jwks_timeout" => builder = builder.keys(|keys| keys.jwks_timeout(seconds())),
            "jwks_max_stale" => builder = builder.keys(|keys| keys.jwks_max_stale(seconds())),
            "dangerously_allow_http_hosts" => {
                builder = builder.keys(|keys| keys.dangerously_allow_http_hosts(words(value)));
            }
            _ => {}
        }
    }
    issuer.into_iter().fold(builder, Builder::issuer)
}

/// What is built has a document and a challenge that clients can read.
fn must_serve(resource: &str, server: &ResourceServer) {
    let metadata = server.metadata();
    let document: Value = serde_json::from_str(metadata.json()).expect("the document is JSON");
    assert_eq!(document["resource"], resource, "{document}");
    assert_eq!(metadata.resource(), resource);
    let servers = document["authorization_servers"].as_array().expect("authorization_servers");
    assert!(!servers.is_empty() && servers.iter().all(Value::is_string), "{document}");
    assert!(document.as_object().expect("an object").values().all(|value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::String(text) => !text.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => true,
    }));

    let (origin, path) = parts(resource);
    let inserted = if path == "/" { "" } else { path };
    assert_eq!(metadata.url(), format!("{origin}/.well-known/oauth-protected-resource{inserted}"));
    assert_eq!(metadata.url(), format!("{origin}{}", metadata.path()));
    let answer = metadata.respond(&Request::new("GET", metadata.path()));
    assert_eq!((answer.status, &*answer.body), (200, metadata.json().as_bytes()));

    let Poll::Ready(Authentication::Denied(denial)) = server.try_authenticate(&Request::new("GET", "/"))
    else {
        panic!("nobody is somebody")
    };
    assert_eq!((denial.status, denial.reason.as_str()), (401, "missing_token"));
    let challenge = denial.headers.iter().find(|(name, _)| name == "www-authenticate").expect("a challenge");
    let challenge = challenge.1.to_str().expect("printable");
    let parameters = challenge.strip_prefix("Bearer ").expect("Bearer");
    let parameters: Vec<_> = parameters.split("\", ").map(|one| one.trim_end_matches('"')).collect();
    let parameters: Vec<_> =
        parameters.iter().map(|one| one.split_once("=\"").expect("a parameter")).collect();
    assert!(parameters.iter().all(|(_, value)| !value.contains(['"', '\\'])), "{challenge}");
    assert_eq!(parameters.last(), Some(&("resource_metadata", metadata.url())), "{challenge}");
    let names: Vec<_> = parameters.iter().map(|(name, _)| *name).collect();
    let known = ["realm", "error", "error_description", "scope", "resource_metadata"];
    let mut place = 0;
    for name in names {
        let found = known[place..].iter().position(|own| *own == name).expect("known, once and in order");
        place += found + 1;
    }
}

/// Scheme with authority, and path.
fn parts(url: &str) -> (&str, &str) {
    let start = url.find("://").expect("an absolute URL") + 3;
    let path = url[start..].find('/').map_or(url.len(), |slash| start + slash);
    url.split_at(path)
}

fn must_help(error: &ConfigError) {
    assert!(!error.setting.is_empty() && !error.message.is_empty(), "{error:?}");
    assert_eq!(error.to_string(), format!("{}: {}", error.setting, error.message));
}

/// Routes and requirements of any text.
fn guard(text: &str, server: ResourceServer, settings: &[(String, String)]) {
    let metadata = server.metadata().clone();
    let others = [RootAlias::Only, RootAlias::Nobody, RootAlias::Resource(text.to_owned())];
    for alias in &others {
        match MetadataRoutes::new([metadata.clone()], alias) {
            Ok(routes) => assert!(routes.paths().any(|path| path == metadata.path())),
            Err(error) => must_help(&error),
        }
    }
    let paths = settings.iter().filter(|(name, _)| name == "public_route").map(|(_, path)| path.as_str());
    match Guard::new(server).public_routes(paths) {
        Ok(guard) => assert!(guard.metadata().paths().len() <= 2),
        Err(error) => must_help(&error),
    }
    match ScopeSet::new(text.split(' ')) {
        Ok(scopes) => {
            assert!(scopes.iter().all(|scope| !scope.contains([' ', '"', '\\', '\n']) && scope.is_ascii()));
        }
        Err(error) => must_help(&error),
    }
}

fn policy(settings: &[(String, String)]) {
    let mut builder = OperationPolicy::builder();
    for (name, value) in settings {
        let (what, scope) = value.rsplit_once('=').unwrap_or((value, "todo:read"));
        let needed = Requirement::any_of(words(scope)).unwrap_or_else(|error| {
            must_help(&error);
            Requirement::none()
        });
        builder = match name.as_str() {
            "base" => builder.base(needed),
            "tools" => builder.tool(what, needed),
            "other_tools" => builder.other_tools(needed),
            "prompts" => builder.prompt(what, needed),
            "other_prompts" => builder.other_prompts(needed),
            "resources" => builder.resource(what, needed),
            "resource_prefixes" => builder.resource_prefix(what, needed),
            "other_resources" => builder.other_resources(needed),
            "methods" => builder.method(what, needed),
            "public_methods" => builder.public_methods(words(value)),
            "body_limit" => builder.body_limit(value.parse().unwrap_or(0)),
            _ => builder,
        };
    }
    match builder.build() {
        Ok(policy) => assert!(policy.body_limit() > 0),
        Err(error) => must_help(&error),
    }
}
