//! Protected resource metadata: where it is, what it says, how it is served (RFC 9728 sections 2 and 3).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::author::{WIRE, file as of, issuer_with, request, requests, strings, usual};
use crate::keys::{Key, Keys};
use crate::model::{Call, Fields, File, Group, Input, Json, Outcome, RootAlias, Settings};

pub(super) fn file(_: &Keys) -> File {
    let mut groups = places();
    groups.extend([documents_minimal(), documents_full(), methods(), conditional(), guard()]);
    groups.extend(several());
    of(&[], groups)
}

const PLAIN: &str = r#"{"authorization_servers":["https://as.example.com"],"bearer_methods_supported":["header"],"resource":"RESOURCE","scopes_supported":["todo:read","todo:write"]}"#;

fn plain(resource: &str) -> String {
    PLAIN.replace("RESOURCE", resource)
}

fn get(path: &str) -> Input {
    request(Call::Metadata, "GET", path)
}

/// Half a SHA-256 of the document.
fn etag(document: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, document.as_bytes());
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16]))
}

fn fields(fields: &[(&str, &str)]) -> Fields {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Outcome {
    Outcome::Answer { status, headers: fields(headers), body: body.into() }
}

/// The document, or for HEAD its headers.
fn found(document: &str, body: &str) -> Outcome {
    let headers = [
        ("content-type", "application/json"),
        ("access-control-allow-origin", "*"),
        ("cache-control", "public, max-age=3600"),
        ("etag", &etag(document)),
    ];
    answer(200, &headers, body)
}

fn served(document: &str) -> Outcome {
    found(document, document)
}

const fn elsewhere() -> Outcome {
    Outcome::None {}
}

fn places() -> Vec<Group> {
    let places: [(&str, &str, &[&str]); 7] = [
        ("https://mcp.example.com", "", &["/mcp", "/."]),
        ("https://mcp.example.com/", "", &["/mcp", "//"]),
        ("https://mcp.example.com/mcp", "/mcp", &["/mcp/", "/MCP", "/mcp/x", "/%6dcp", "mcp"]),
        ("https://mcp.example.com/mcp/", "/mcp/", &["/mcp", "/mcp//"]),
        ("https://mcp.example.com/public/mcp", "/public/mcp", &["/public", "/mcp"]),
        ("https://mcp.example.com:8443/a/b", "/a/b", &["/a"]),
        ("http://localhost:8000/mcp", "/mcp", &["/x"]),
    ];
    const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
    places
        .into_iter()
        .map(|(resource, path, others)| {
            let document = plain(resource);
            let group = requests(
                &format!("The resource is {resource}"),
                Settings { resource: Some(resource.into()), ..usual() },
            )
            .proving(&["MCP-01", "MCP-04", "P-01"])
            .test(
                "at the path form, as it is configured",
                &["P-03", "MCP-02", "peer:slash-added"],
                get(&format!("{WELL_KNOWN}{path}")),
                served(&document),
            )
            .test(
                "at the root",
                &["MCP-03", "peer:root-metadata"],
                get(WELL_KNOWN),
                served(&document),
            );
            others
                .iter()
                .fold(group, |group, other| {
                    let path = format!("{WELL_KNOWN}{other}");
                    group.test(&format!("not at {path}"), &["design:paths"], get(&path), elsewhere())
                })
                .test(
                    "with a query, which is no part of the path",
                    &["design:paths"],
                    get(&format!("{WELL_KNOWN}{path}?x=1")),
                    served(&document),
                )
                .test(
                    "nor where clients do not look",
                    &["P-01"],
                    get("/mcp/.well-known/oauth-protected-resource"),
                    elsewhere(),
                )
                .done()
        })
        .collect()
}

fn documents_minimal() -> Group {
    let server = Settings { scopes_supported: None, challenge_scopes: None, ..usual() };
    let document = r#"{"authorization_servers":["https://as.example.com"],"bearer_methods_supported":["header"],"resource":"https://mcp.example.com/mcp"}"#;
    requests("A document with nothing to say is short", server)
        .test(
            "empty members are left out",
            &["P-02", "MCP-07"],
            get("/.well-known/oauth-protected-resource/mcp"),
            served(document),
        )
        .done()
}

fn documents_full() -> Group {
    let extra: BTreeMap<String, Json> = [
        ("resource_name", json!("Todos")),
        ("resource_name#de", json!("Aufgaben")),
        ("resource_documentation", json!("https://mcp.example.com/docs")),
        ("resource_policy_uri", json!("https://mcp.example.com/policy")),
        ("resource_tos_uri", json!("https://mcp.example.com/terms")),
        ("jwks_uri", json!("https://mcp.example.com/own-keys")),
        ("resource_signing_alg_values_supported", json!(["RS256"])),
        ("authorization_details_types_supported", json!(["todo"])),
        ("empty_text", json!("")),
        ("empty_list", json!([])),
        ("empty_object", json!({})),
        ("nothing", Value::Null),
        ("x_false", json!(false)),
        ("x_object", json!({"b": 1, "a": 2})),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), Json(value)))
    .collect();
    let server = Settings {
        authorization_servers: Some(strings(&[
            "https://as.example.com/resources/res_1",
            "https://second.example.com",
        ])),
        scopes_supported: Some(strings(&["todo:write", "todo:read"])),
        metadata: Some(extra),
        ..usual()
    };
    let document = concat!(
        r#"{"authorization_details_types_supported":["todo"],"#,
        r#""authorization_servers":["https://as.example.com/resources/res_1","https://second.example.com"],"#,
        r#""bearer_methods_supported":["header"],"jwks_uri":"https://mcp.example.com/own-keys","#,
        r#""resource":"https://mcp.example.com/mcp","resource_documentation":"https://mcp.example.com/docs","#,
        r#""resource_name":"Todos","resource_name#de":"Aufgaben","resource_policy_uri":"https://mcp.example.com/policy","#,
        r#""resource_signing_alg_values_supported":["RS256"],"resource_tos_uri":"https://mcp.example.com/terms","#,
        r#""scopes_supported":["todo:write","todo:read"],"x_false":false,"x_object":{"a":2,"b":1}}"#,
    );
    requests("A document with everything", server)
        .test(
            "registered members and others, the empty ones left out",
            &["P-02", "MCP-02", "quickstart:7"],
            get("/.well-known/oauth-protected-resource/mcp"),
            served(document),
        )
        .done()
}

const PATH: &str = "/.well-known/oauth-protected-resource/mcp";

fn methods() -> Group {
    let document = plain("https://mcp.example.com/mcp");
    let options = answer(
        204,
        &[
            ("access-control-allow-origin", "*"),
            ("access-control-allow-methods", "GET, HEAD, OPTIONS"),
            ("access-control-allow-headers", "*"),
            ("allow", "GET, HEAD, OPTIONS"),
        ],
        "",
    );
    let refused =
        || answer(405, &[("access-control-allow-origin", "*"), ("allow", "GET, HEAD, OPTIONS")], "");
    let group = requests("Methods", usual())
        .proving(&["P-09"])
        .test("GET", &["MCP-01"], get(PATH), served(&document))
        .test("HEAD", &["peer:head-405"], request(Call::Metadata, "HEAD", PATH), found(&document, ""))
        .test("OPTIONS", &["design:cors"], request(Call::Metadata, "OPTIONS", PATH), options.clone())
        .test(
            "a preflight",
            &["design:cors"],
            request(Call::Metadata, "OPTIONS", PATH)
                .header("origin", "https://app.example.net")
                .header("access-control-request-method", "GET"),
            options,
        );
    ["POST", "PUT", "DELETE", "PATCH", "get"]
        .into_iter()
        .fold(group, |group, method| {
            group.test(method, &[], request(Call::Metadata, method, PATH), refused())
        })
        .done()
}

fn conditional() -> Group {
    let document = plain("https://mcp.example.com/mcp");
    let tag = etag(&document);
    let current = || {
        let headers =
            [("access-control-allow-origin", "*"), ("cache-control", "public, max-age=3600"), ("etag", &tag)];
        answer(304, &headers, "")
    };
    let with = |tags: &str| get(PATH).header("if-none-match", tags);
    requests("Conditional requests (RFC 9110 section 13.1.2)", usual())
        .proving(&["P-09"])
        .test("the tag", &[], with(&tag), current())
        .test("the tag, weak", &[], with(&format!("W/{tag}")), current())
        .test("a list with the tag", &[], with(&format!("\"x\", {tag} ,\"y\"")), current())
        .test("any", &[], with("*"), current())
        .test("HEAD", &[], request(Call::Metadata, "HEAD", PATH).header("if-none-match", &tag), current())
        .test("another tag", &[], with("\"x\""), served(&document))
        .test("no tag", &[], with(""), served(&document))
        .done()
}

/// Through the guard: metadata needs no token, and only metadata.
fn guard() -> Group {
    let document = plain("https://mcp.example.com/mcp");
    let get = |target: &str| request(Call::Guard, "GET", target);
    let missing = || WIRE.denied("missing_token");
    requests("Metadata needs no token, and only metadata", usual())
        .proving(&["quickstart:5"])
        .test("the path form", &["P-09"], get(PATH), served(&document))
        .test("the root", &["P-09"], get("/.well-known/oauth-protected-resource"), served(&document))
        .test("with a query", &["P-01"], get(&format!("{PATH}?x=1")), served(&document))
        .test("with a bad token, which nobody looks at", &["P-09"], get(PATH).token("x"), served(&document))
        .test(
            "POST",
            &["P-09"],
            request(Call::Guard, "POST", PATH),
            answer(405, &[("access-control-allow-origin", "*"), ("allow", "GET, HEAD, OPTIONS")], ""),
        )
        .test(
            "a path below",
            &["design:paths"],
            get("/.well-known/oauth-protected-resource/mcp/x"),
            missing(),
        )
        .test(
            "a path that goes on without a slash",
            &["design:paths"],
            get("/.well-known/oauth-protected-resource/mcpx"),
            missing(),
        )
        .test(
            "another well-known document",
            &["design:paths"],
            get("/.well-known/openid-configuration"),
            missing(),
        )
        .test("a path that contains .well-known", &["design:paths"], get("/todos/.well-known"), missing())
        .test(
            "a path that contains all of it",
            &["design:paths"],
            get("/todos/.well-known/oauth-protected-resource/mcp"),
            missing(),
        )
        .test(
            "a query that contains it",
            &["design:paths"],
            get("/todos?x=/.well-known/oauth-protected-resource"),
            missing(),
        )
        .test(
            "dot segments that lead away from it",
            &["design:paths"],
            get("/.well-known/oauth-protected-resource/../../todos"),
            missing(),
        )
        .test("escaped", &["design:paths"], get("/%2ewell-known/oauth-protected-resource/mcp"), missing())
        .test("in other case", &["design:paths"], get("/.Well-Known/oauth-protected-resource/mcp"), missing())
        .done()
}

fn several() -> Vec<Group> {
    let second = || Settings {
        resource: Some("https://mcp.example.com/second".into()),
        issuers: Some(vec![issuer_with("https://other.example.com", &[Key::usual().jwk()])]),
        scopes_supported: None,
        challenge_scopes: None,
        ..usual()
    };
    let first_document = plain("https://mcp.example.com/mcp");
    let second_document = r#"{"authorization_servers":["https://other.example.com"],"bearer_methods_supported":["header"],"resource":"https://mcp.example.com/second"}"#;
    let group = |comment: &str, alias: RootAlias| {
        let mut group = requests(comment, usual()).proving(&["P-04"]);
        group.with = vec![second()];
        group.root_alias = Some(alias);
        group
            .test("the first", &["MCP-04"], get(PATH), served(&first_document))
            .test(
                "the second",
                &["MCP-04"],
                get("/.well-known/oauth-protected-resource/second"),
                served(second_document),
            )
            .test("a third", &[], get("/.well-known/oauth-protected-resource/third"), elsewhere())
    };
    let root = || get("/.well-known/oauth-protected-resource");
    let mut origin = requests(
        "Two resources, one of them the origin: the root is its own",
        Settings { resource: Some("https://mcp.example.com".into()), ..usual() },
    )
    .proving(&["P-04"]);
    origin.with = vec![second()];
    vec![
        group(
            "Two resources, the second at the root",
            RootAlias::Resource("https://mcp.example.com/second".into()),
        )
        .test("the root", &["MCP-03"], root(), served(second_document))
        .done(),
        group("Two resources, nobody at the root", RootAlias::Nobody)
            .test("the root", &[], root(), elsewhere())
            .done(),
        origin
            .test("the root", &["MCP-04"], root(), served(&plain("https://mcp.example.com")))
            .test(
                "the second",
                &["MCP-04"],
                get("/.well-known/oauth-protected-resource/second"),
                served(second_document),
            )
            .done(),
    ]
}
