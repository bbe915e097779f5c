//! For whom a token is (RFC 8707, RFC 9068 section 4, MCP "Token Handling").

use serde_json::{Value, json};

use crate::author::{
    allowed, denied, file as of, good_token, issuer_with, ok, requests, strings, usual, with_claim,
    with_token, without_claim,
};
use crate::keys::{Key, Keys};
use crate::model::{File, Group, Issuer, Settings, Token};
use crate::token::{ISSUER, good};
use crate::wire::Wire;

pub(super) fn file(keys: &Keys) -> File {
    let groups = vec![
        audience(keys),
        nearly(keys),
        international(keys),
        origin_without_slash(keys),
        origin_with_slash(keys),
        audiences(keys),
        clients(keys),
        clients_of_others(keys),
    ];
    of(&[], groups)
}

fn audience(keys: &Keys) -> Group {
    let wrong = || denied("wrong_audience");
    let malformed = || denied("malformed_claim");
    let aud = |value: Value| with_claim(keys, "aud", value);
    let seen = |audiences: &[&str]| allowed(Token { audiences: strings(audiences), ..good_token() });
    const OURS: &str = "https://mcp.example.com/mcp";
    requests("aud names us", usual())
        .proving(&["MCP-10", "A-4", "J-7", "P-08"])
        .test("us alone", &[], aud(json!(OURS)), ok())
        .test("a list with us alone", &[], aud(json!([OURS])), ok())
        .test(
            "a list with others",
            &[],
            aud(json!(["https://other.example.com", OURS, "res_1"])),
            seen(&["https://other.example.com", OURS, "res_1"]),
        )
        .test("absent", &["peer:missing-aud"], without_claim(keys, "aud"), denied("missing_claim"))
        .test("another", &["MCP-12"], aud(json!("https://other.example.com/mcp")), wrong())
        .test("a list of others", &[], aud(json!(["https://other.example.com", "res_1"])), wrong())
        .test("an empty list", &[], aud(json!([])), wrong())
        .test("empty", &[], aud(json!("")), wrong())
        .test("a part of ours", &[], aud(json!("https://mcp.example.com")), wrong())
        .test("ours and more", &[], aud(json!("https://mcp.example.com/mcp/other")), wrong())
        .test(
            "ours with a slash: the path counts",
            &["design:audience-slash"],
            aud(json!("https://mcp.example.com/mcp/")),
            wrong(),
        )
        .test("ours in other case", &["MCP-21"], aud(json!("HTTPS://MCP.Example.com/mcp")), wrong())
        .test("ours with the default port", &[], aud(json!("https://mcp.example.com:443/mcp")), wrong())
        .test(
            "several in one text",
            &[],
            aud(json!("https://mcp.example.com/mcp https://other.example.com")),
            wrong(),
        )
        .test("the issuer: a token for the authorization server", &["EXT-WIF-1"], aud(json!(ISSUER)), wrong())
        .test("a list with something else than text", &[], aud(json!([OURS, 1])), malformed())
        .test("null", &[], aud(Value::Null), malformed())
        .test("an object", &[], aud(json!({"aud": OURS})), malformed())
        .done()
}

fn nearly(keys: &Keys) -> Group {
    let group = requests("What nearly names us names another", usual()).proving(&["MCP-10", "A-4", "J-7"]);
    let group = [
        "https://mcp.example.com/mcp ",
        " https://mcp.example.com/mcp",
        "https://mcp.example.com/mcp\t",
        "https://mcp.example.com/mcp\n",
        "\u{feff}https://mcp.example.com/mcp",
        "https://mcp.example.com/mcp\0",
        "https://mcp.example.com/mcp%00",
        "https://mcp.example.com/mcp%20",
        "https://mcp.example.com/mcp//",
        "https://mcp.example.com/mcp/.",
        "https://mcp.example.com/./mcp",
        "https://mcp.example.com/x/../mcp",
        "https://mcp.example.com//mcp",
        "https://mcp.example.com/mcp?",
        "https://mcp.example.com/mcp?x=1",
        "https://mcp.example.com/mcp#",
        "https://mcp.example.com/mcp;x",
        "https://mcp.example.com/mc",
        "https://mcp.example.com/mcpx",
        "https://mcp.example.com/MCP",
        "https://mcp.example.com/%6dcp",
        "https://mcp.example.com/m%63p",
        "https://mcp.example.com%2Fmcp",
        "https%3A%2F%2Fmcp.example.com%2Fmcp",
        "https://mcp%2Eexample.com/mcp",
        "https://mcp.example.com:/mcp",
        "https://mcp.example.com:8443/mcp",
        "https://mcp.example.com./mcp",
        "https://xmcp.example.com/mcp",
        "https://mcp.example.com.attacker.example.net/mcp",
        "https://mcp.example.com@attacker.example.net/mcp",
        "https://user@mcp.example.com/mcp",
        "https://attacker.example.net/https://mcp.example.com/mcp",
        "https://attacker.example.net/?https://mcp.example.com/mcp",
        "http://mcp.example.com/mcp",
        "Https://mcp.example.com/mcp",
        "https:mcp.example.com/mcp",
        "https:\\\\mcp.example.com\\mcp",
        "//mcp.example.com/mcp",
        "mcp.example.com/mcp",
        "mcp.example.com",
        "/mcp",
        "https://m\u{441}p.example.com/mcp",
        "https://mcp\u{3002}example.com/mcp",
        "https://mcp.example.com/mc\u{ff50}",
        "https://mcp.example.com/mcp,https://other.example.com",
        "[\"https://mcp.example.com/mcp\"]",
        "*",
        "null",
    ]
    .into_iter()
    .fold(group, |group, aud| {
        group.test(&format!("{aud:?}"), &[], with_claim(keys, "aud", json!(aud)), denied("wrong_audience"))
    });
    const OURS: &str = "https://mcp.example.com/mcp";
    let malformed = || denied("malformed_claim");
    group
        .test(
            "all parts of ours in a list",
            &[],
            with_claim(keys, "aud", json!(["https://", "mcp.example.com", "/mcp"])),
            denied("wrong_audience"),
        )
        .test("ours in a list in a list", &[], with_claim(keys, "aud", json!([[OURS]])), malformed())
        .test("ours and null in a list", &[], with_claim(keys, "aud", json!([OURS, null])), malformed())
        .test("ours as a name", &[], with_claim(keys, "aud", json!({OURS: true})), malformed())
        .test("true", &[], with_claim(keys, "aud", json!(true)), malformed())
        .test("a number", &[], with_claim(keys, "aud", json!(0)), malformed())
        .done()
}

fn international(keys: &Keys) -> Group {
    const OURS: &str = "https://xn--bcher-kva.example.com";
    const WIRE: Wire = Wire::new("https://xn--bcher-kva.example.com/.well-known/oauth-protected-resource")
        .asking("todo:read");
    let seen = |audience: &str| allowed(Token { audiences: strings(&[audience]), ..good_token() });
    let group =
        requests("A resource with a name in Punycode", Settings { resource: Some(OURS.into()), ..usual() })
            .proving(&["MCP-10", "A-4", "J-7"])
            .test("ours", &[], with_claim(keys, "aud", json!(OURS)), seen(OURS));
    [
        "https://b\u{fc}cher.example.com",
        "https://bu\u{308}cher.example.com/",
        "https://b%C3%BCcher.example.com",
        "https://XN--BCHER-KVA.example.com",
        "https://bcher-kva.example.com",
    ]
    .into_iter()
    .fold(group, |group, aud| {
        group.test(
            &format!("{aud:?}"),
            &[],
            with_claim(keys, "aud", json!(aud)),
            WIRE.denied("wrong_audience"),
        )
    })
    .done()
}

fn origin(keys: &Keys, resource: &str, wire: &Wire) -> Group {
    let aud = |value: &str| with_claim(keys, "aud", json!(value));
    let seen = |audience: &str| allowed(Token { audiences: strings(&[audience]), ..good_token() });
    let wrong = || wire.denied("wrong_audience");
    let comment = format!(
        "The resource is the origin {resource}: one slash more or less is forgiven, for audience only"
    );
    requests(&comment, Settings { resource: Some(resource.into()), ..usual() })
        .proving(&["design:audience-slash", "MCP-22"])
        .test("without a slash", &[], aud("https://mcp.example.com"), seen("https://mcp.example.com"))
        .test("with a slash", &[], aud("https://mcp.example.com/"), seen("https://mcp.example.com/"))
        .test("with two", &[], aud("https://mcp.example.com//"), wrong())
        .test("with a path", &[], aud("https://mcp.example.com/mcp"), wrong())
        .test("with a query", &[], aud("https://mcp.example.com/?"), wrong())
        .test("in other case", &[], aud("https://MCP.example.com/"), wrong())
        .done()
}

const ORIGIN: Wire =
    Wire::new("https://mcp.example.com/.well-known/oauth-protected-resource").asking("todo:read");

fn origin_without_slash(keys: &Keys) -> Group {
    origin(keys, "https://mcp.example.com", &ORIGIN)
}

fn origin_with_slash(keys: &Keys) -> Group {
    origin(keys, "https://mcp.example.com/", &ORIGIN)
}

fn audiences(keys: &Keys) -> Group {
    let aud = |value: Value| with_claim(keys, "aud", value);
    let seen = |audience: &str| allowed(Token { audiences: strings(&[audience]), ..good_token() });
    requests(
        "A list of accepted audiences replaces the resource",
        Settings { audiences: Some(strings(&["res_1", "https://old.example.com"])), ..usual() },
    )
    .proving(&["MCP-10", "quickstart:7"])
    .test("the first", &[], aud(json!("res_1")), seen("res_1"))
    .test(
        "the second, with the slash of a client",
        &["design:audience-slash"],
        aud(json!("https://old.example.com/")),
        seen("https://old.example.com/"),
    )
    .test(
        "the resource, which is not in it",
        &[],
        aud(json!("https://mcp.example.com/mcp")),
        denied("wrong_audience"),
    )
    .test("one that starts like it", &[], aud(json!("res_12")), denied("wrong_audience"))
    .test("a slash after what is no URL", &[], aud(json!("res_1/")), denied("wrong_audience"))
    .done()
}

fn clients(keys: &Keys) -> Group {
    let wrong = || denied("wrong_audience");
    let bare = || good(keys).without("aud");
    let seen = || allowed(Token { audiences: Vec::new(), ..good_token() });
    requests(
        "Clients stand in for the audience of tokens that have none",
        Settings { allowed_clients: Some(strings(&["client-0", "client-1"])), ..usual() },
    )
    .proving(&["design:allowed-clients"])
    .test("a client of the list", &[], with_token(bare().mint()), seen())
    .test("another client", &[], with_token(bare().claim("client_id", "client-2").mint()), wrong())
    .test("a client in other case", &[], with_token(bare().claim("client_id", "Client-1").mint()), wrong())
    .test("no client", &[], with_token(bare().without("client_id").mint()), wrong())
    .test(
        "azp does not count",
        &[],
        with_token(bare().without("client_id").claim("azp", "client-1").mint()),
        wrong(),
    )
    .test(
        "the subject does not count",
        &[],
        with_token(bare().without("client_id").claim("sub", "client-1").mint()),
        wrong(),
    )
    .test(
        "a client that is no text",
        &[],
        with_token(bare().claim("client_id", json!(["client-1"])).mint()),
        denied("malformed_claim"),
    )
    .test(
        "a token with an audience must name us",
        &["MCP-10"],
        with_token(good(keys).claim("aud", "https://other.example.com").mint()),
        wrong(),
    )
    .test(
        "an empty list of audiences is one",
        &[],
        with_token(good(keys).claim("aud", json!([])).mint()),
        wrong(),
    )
    .test(
        "null is no absence",
        &[],
        with_token(good(keys).claim("aud", Value::Null).mint()),
        denied("malformed_claim"),
    )
    .test(
        "a token with our audience, of any client",
        &[],
        with_token(good(keys).claim("client_id", "client-2").mint()),
        allowed(Token { client_id: Some("client-2".into()), ..good_token() }),
    )
    .done()
}

fn clients_of_others(keys: &Keys) -> Group {
    const OTHER: &str = "https://other.example.com";
    let jwk = || Key::usual().jwk();
    let own = Issuer { audiences: Some(strings(&["res_2"])), ..issuer_with(OTHER, &[jwk()]) };
    let server = Settings {
        issuers: Some(vec![issuer_with(ISSUER, &[jwk()]), own]),
        allowed_clients: Some(strings(&["client-1"])),
        ..usual()
    };
    let theirs = || good(keys).claim("iss", OTHER);
    requests("Clients do not stand in for the audiences that an issuer has of its own", server)
        .proving(&["design:allowed-clients"])
        .test(
            "a client of the list",
            &[],
            with_token(good(keys).without("aud").mint()),
            allowed(Token { audiences: Vec::new(), ..good_token() }),
        )
        .test(
            "a client of that name at the other issuer",
            &["J-7"],
            with_token(theirs().without("aud").mint()),
            denied("missing_claim"),
        )
        .test(
            "that client with the issuer's audience",
            &[],
            with_token(theirs().claim("aud", "res_2").mint()),
            allowed(Token { issuer: OTHER.into(), audiences: strings(&["res_2"]), ..good_token() }),
        )
        .done()
}
