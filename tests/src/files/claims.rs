//! Claims: whose token, for whom, and when (RFC 7519 section 4.1, RFC 9068 sections 2 and 4).

use serde_json::{Value, json};

use crate::author::{
    allowed, denied, file as of, good_token, issuer_with, ok, ok_with, requests, strings, usual, with_token, WIRE,
};
use crate::keys::{Key, Keys};
use crate::model::{File, Group, Input, Issuer, Settings, Token};
use crate::token::{ISSUER, NOW, good};
use crate::wire::Wire;

pub(super) fn file(keys: &Keys) -> File {
    let notes = [("order", "Which of several faults is reported: the first in the order of the design.")];
    let groups = vec![
        issuer(keys),
        audience(keys),
        origin_without_slash(keys),
        origin_with_slash(keys),
        audiences(keys),
        clients(keys),
        expiry(keys),
        not_before(keys),
        leeway(keys, 0.0),
        leeway(keys, 60.0),
        identity(keys),
        scopes(keys),
        bound(keys),
        issuers(keys),
        aliases(keys),
        order(keys),
    ];
    of(&notes, groups)
}

fn with(keys: &Keys, name: &str, value: Value) -> Input {
    with_token(good(keys).claim(name, value).mint())
}

fn without(keys: &Keys, name: &str) -> Input {
    with_token(good(keys).without(name).mint())
}

fn issuer(keys: &Keys) -> Group {
    let unknown = || denied("unknown_issuer");
    let malformed = || denied("malformed_claim");
    let iss = |value: Value| with(keys, "iss", value);
    requests("iss is one of ours, compared as a string", usual())
        .proving(&["A-3", "MCP-11"])
        .test("ours", &[], iss(json!(ISSUER)), ok())
        .test("another", &[], iss(json!("https://other.example.com")), unknown())
        .test("ours with a slash", &[], iss(json!("https://as.example.com/")), unknown())
        .test("ours in other case", &[], iss(json!("https://AS.example.com")), unknown())
        .test("ours with the default port", &[], iss(json!("https://as.example.com:443")), unknown())
        .test("ours and more", &[], iss(json!("https://as.example.com.attacker.example.net")), unknown())
        .test("a part of ours", &[], iss(json!("https://as.example")), unknown())
        .test("ours with white space", &[], iss(json!(" https://as.example.com")), unknown())
        .test("empty", &[], iss(json!("")), unknown())
        .test("a list that holds ours", &["peer:iss-as-array"], iss(json!([ISSUER])), malformed())
        .test("a number", &[], iss(json!(1)), malformed())
        .test("null", &[], iss(Value::Null), malformed())
        .test("absent", &["peer:missing-iss"], without(keys, "iss"), denied("missing_claim"))
        .done()
}

fn audience(keys: &Keys) -> Group {
    let wrong = || denied("wrong_audience");
    let malformed = || denied("malformed_claim");
    let aud = |value: Value| with(keys, "aud", value);
    let seen = |audiences: &[&str]| allowed(Token { audiences: strings(audiences), ..good_token() });
    const OURS: &str = "https://mcp.example.com/mcp";
    requests("aud names us", usual())
        .proving(&["MCP-10", "A-4", "J-7", "P-08"])
        .test("us alone", &[], aud(json!(OURS)), ok())
        .test("a list with us alone", &[], aud(json!([OURS])), ok())
        .test("a list with others", &[], aud(json!(["https://other.example.com", OURS, "res_1"])), seen(&["https://other.example.com", OURS, "res_1"]))
        .test("absent", &["peer:missing-aud"], without(keys, "aud"), denied("missing_claim"))
        .test("another", &["MCP-12"], aud(json!("https://other.example.com/mcp")), wrong())
        .test("a list of others", &[], aud(json!(["https://other.example.com", "res_1"])), wrong())
        .test("an empty list", &[], aud(json!([])), wrong())
        .test("empty", &[], aud(json!("")), wrong())
        .test("a part of ours", &[], aud(json!("https://mcp.example.com")), wrong())
        .test("ours and more", &[], aud(json!("https://mcp.example.com/mcp/other")), wrong())
        .test("ours with a slash: the path counts", &["design:audience-slash"], aud(json!("https://mcp.example.com/mcp/")), wrong())
        .test("ours in other case", &["MCP-21"], aud(json!("HTTPS://MCP.Example.com/mcp")), wrong())
        .test("ours with the default port", &[], aud(json!("https://mcp.example.com:443/mcp")), wrong())
        .test("several in one text", &[], aud(json!("https://mcp.example.com/mcp https://other.example.com")), wrong())
        .test("the issuer: a token for the authorization server", &["EXT-WIF-1"], aud(json!(ISSUER)), wrong())
        .test("a list with something else than text", &[], aud(json!([OURS, 1])), malformed())
        .test("null", &[], aud(Value::Null), malformed())
        .test("an object", &[], aud(json!({"aud": OURS})), malformed())
        .done()
}

fn origin(keys: &Keys, resource: &str, wire: &Wire) -> Group {
    let aud = |value: &str| with(keys, "aud", json!(value));
    let seen = |audience: &str| allowed(Token { audiences: strings(&[audience]), ..good_token() });
    let wrong = || wire.denied("wrong_audience");
    let comment = format!("The resource is the origin {resource}: one slash more or less is forgiven, for audience only");
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

const ORIGIN: Wire = Wire::new("https://mcp.example.com/.well-known/oauth-protected-resource").asking("todo:read");

fn origin_without_slash(keys: &Keys) -> Group {
    origin(keys, "https://mcp.example.com", &ORIGIN)
}

fn origin_with_slash(keys: &Keys) -> Group {
    origin(keys, "https://mcp.example.com/", &ORIGIN)
}

fn audiences(keys: &Keys) -> Group {
    let aud = |value: Value| with(keys, "aud", value);
    let seen = |audience: &str| allowed(Token { audiences: strings(&[audience]), ..good_token() });
    requests("A list of accepted audiences replaces the resource", Settings { audiences: Some(strings(&["res_1", "https://old.example.com"])), ..usual() })
        .proving(&["MCP-10", "quickstart:7"])
        .test("the first", &[], aud(json!("res_1")), seen("res_1"))
        .test("the second, with the slash of a client", &["design:audience-slash"], aud(json!("https://old.example.com/")), seen("https://old.example.com/"))
        .test("the resource, which is not in it", &[], aud(json!("https://mcp.example.com/mcp")), denied("wrong_audience"))
        .test("one that starts like it", &[], aud(json!("res_12")), denied("wrong_audience"))
        .test("a slash after what is no URL", &[], aud(json!("res_1/")), denied("wrong_audience"))
        .done()
}

fn clients(keys: &Keys) -> Group {
    let wrong = || denied("wrong_audience");
    let bare = || good(keys).without("aud");
    let seen = || allowed(Token { audiences: Vec::new(), ..good_token() });
    requests("Clients stand in for the audience of tokens that have none", Settings { allowed_clients: Some(strings(&["client-0", "client-1"])), ..usual() })
        .proving(&["design:allowed-clients"])
        .test("a client of the list", &[], with_token(bare().mint()), seen())
        .test("another client", &[], with_token(bare().claim("client_id", "client-2").mint()), wrong())
        .test("a client in other case", &[], with_token(bare().claim("client_id", "Client-1").mint()), wrong())
        .test("no client", &[], with_token(bare().without("client_id").mint()), wrong())
        .test("azp does not count", &[], with_token(bare().without("client_id").claim("azp", "client-1").mint()), wrong())
        .test("the subject does not count", &[], with_token(bare().without("client_id").claim("sub", "client-1").mint()), wrong())
        .test("a client that is no text", &[], with_token(bare().claim("client_id", json!(["client-1"])).mint()), denied("malformed_claim"))
        .test("a token with an audience must name us", &["MCP-10"], with_token(good(keys).claim("aud", "https://other.example.com").mint()), wrong())
        .test("an empty list of audiences is one", &[], with_token(good(keys).claim("aud", json!([])).mint()), wrong())
        .test("null is no absence", &[], with_token(good(keys).claim("aud", Value::Null).mint()), denied("malformed_claim"))
        .test("a token with our audience, of any client", &[], with_token(good(keys).claim("client_id", "client-2").mint()), allowed(Token { client_id: Some("client-2".into()), ..good_token() }))
        .done()
}

#[expect(clippy::cast_precision_loss, reason = "dates")]
fn expiry(keys: &Keys) -> Group {
    let exp = |value: Value| with(keys, "exp", value);
    let seen = |expires_at: f64| allowed(Token { expires_at, ..good_token() });
    let at = |offset: f64| NOW as f64 + offset;
    let malformed = || denied("malformed_claim");
    requests("exp, with 30 seconds of leeway", usual())
        .proving(&["A-6", "MCP-11"])
        .test("now", &[], exp(json!(NOW)), seen(at(0.0)))
        .test("29 seconds ago", &[], exp(json!(NOW - 29)), seen(at(-29.0)))
        .test("30 seconds ago", &[], exp(json!(NOW - 30)), denied("expired"))
        .test("a day ago", &[], exp(json!(NOW - 86_400)), denied("expired"))
        .test("a fraction before the end of leeway", &[], exp(json!(at(-29.5))), seen(at(-29.5)))
        .test("a fraction after it", &[], exp(json!(at(-30.5))), denied("expired"))
        .test("written with an exponent", &[], with_token(good(keys).edit_payload(|own| own.replace("1800000300", "18.000003e8")).mint()), ok())
        .test("at the beginning of time", &[], exp(json!(0)), denied("expired"))
        .test("before it", &[], exp(json!(-1)), denied("expired"))
        .test("absent", &["peer:missing-exp"], without(keys, "exp"), denied("missing_claim"))
        .test("a text", &[], exp(json!((NOW + 300).to_string())), malformed())
        .test("true", &[], exp(json!(true)), malformed())
        .test("null", &["peer:missing-exp"], exp(Value::Null), malformed())
        .test("a list", &[], exp(json!([NOW + 300])), malformed())
        .test("in milliseconds", &["peer:huge-exp"], exp(json!(NOW * 1000)), malformed())
        .test("beyond every calendar", &["peer:huge-exp"], exp(json!(1e300)), malformed())
        .test("the largest integer", &["peer:huge-exp"], exp(json!(u64::MAX)), malformed())
        .done()
}

fn not_before(keys: &Keys) -> Group {
    let nbf = |value: Value| with(keys, "nbf", value);
    let malformed = || denied("malformed_claim");
    requests("nbf, with 30 seconds of leeway; iat is only read", usual())
        .proving(&["MCP-11"])
        .test("past", &[], nbf(json!(NOW - 60)), ok())
        .test("in 30 seconds", &[], nbf(json!(NOW + 30)), ok())
        .test("in 31 seconds", &["peer:future-nbf"], nbf(json!(NOW + 31)), denied("not_yet_valid"))
        .test("in a fraction more than 30 seconds", &[], nbf(json!(1_800_000_030.5)), denied("not_yet_valid"))
        .test("tomorrow", &["peer:future-nbf"], nbf(json!(NOW + 86_400)), denied("not_yet_valid"))
        .test("a text", &[], nbf(json!("0")), malformed())
        .test("null", &[], nbf(Value::Null), malformed())
        .test("beyond every calendar", &[], nbf(json!(1e300)), malformed())
        .test("iat is absent", &[], without(keys, "iat"), ok())
        .test("iat is a text", &[], with(keys, "iat", json!("now")), malformed())
        .done()
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "dates")]
fn leeway(keys: &Keys, leeway: f64) -> Group {
    let exp = |value: u64| with(keys, "exp", json!(value));
    let seen = |expires_at: u64| allowed(Token { expires_at: expires_at as f64, ..good_token() });
    let whole = leeway as u64;
    requests(&format!("A leeway of {whole} seconds"), Settings { leeway: Some(leeway), ..usual() })
        .proving(&["A-6"])
        .test("the last second", &[], exp(NOW - whole + 1), seen(NOW - whole + 1))
        .test("the first second too late", &[], exp(NOW - whole), denied("expired"))
        .test("the first second", &[], with(keys, "nbf", json!(NOW + whole)), ok())
        .test("a second too early", &[], with(keys, "nbf", json!(NOW + whole + 1)), denied("not_yet_valid"))
        .done()
}

fn identity(keys: &Keys) -> Group {
    let malformed = || denied("malformed_claim");
    let client = |id: Option<&str>| allowed(Token { client_id: id.map(Into::into), ..good_token() });
    let subject = |id: Option<&str>| allowed(Token { subject: id.map(Into::into), ..good_token() });
    let anonymous = || good(keys).without("client_id");
    requests("Who is calling", usual())
        .test("no subject", &["EXT-CC-1"], without(keys, "sub"), subject(None))
        .test("the client is the subject: client credentials", &["EXT-CC-1"], with(keys, "sub", json!("client-1")), subject(Some("client-1")))
        .test("an empty subject is one", &["MCP-27"], with(keys, "sub", json!("")), subject(Some("")))
        .test("a subject that is a number", &["MCP-27"], with(keys, "sub", json!(7)), malformed())
        .test("a subject that is null", &["MCP-27"], with(keys, "sub", Value::Null), malformed())
        .test("a client that is a URL", &["design:client-id"], with(keys, "client_id", json!("https://client.example.net/metadata.json")), client(Some("https://client.example.net/metadata.json")))
        .test("azp where client_id is absent", &["design:client-id"], with_token(anonymous().claim("azp", "client-2").mint()), client(Some("client-2")))
        .test("client_id goes before azp", &["design:client-id"], with(keys, "azp", json!("client-2")), ok())
        .test("no client: never the subject", &["design:client-id", "EXT-CC-1"], with_token(anonymous().mint()), client(None))
        .test("a client that is a number", &["design:client-id"], with(keys, "client_id", json!(1)), malformed())
        .test("an azp that is a list", &["design:client-id"], with_token(anonymous().claim("azp", json!(["a"])).mint()), malformed())
        .test("a jti that is a number", &["design:claims"], with(keys, "jti", json!(1)), malformed())
        .test("claims of the provider's own", &["design:claims"], with_token(good(keys).claim("roles", json!(["a"])).claim("oid", "org_1").claim("permissions", json!([])).mint()), ok())
        .done()
}

fn scopes(keys: &Keys) -> Group {
    let bare = || good(keys).without("scope");
    let malformed = || denied("malformed_claim");
    let scope = |value: Value| with(keys, "scope", value);
    let one = |name: &str, value: Value| with_token(bare().claim(name, value).mint());
    requests("The scopes that a token grants", usual())
        .proving(&["design:scope-claim"])
        .test("a text", &[], scope(json!("todo:read todo:write")), ok_with(&["todo:read", "todo:write"]))
        .test("several spaces", &[], scope(json!("  todo:read   todo:write ")), ok_with(&["todo:read", "todo:write"]))
        .test("an empty text", &[], scope(json!("")), ok_with(&[]))
        .test("only spaces separate", &[], scope(json!("todo:read\ttodo:write,todo:delete")), ok_with(&["todo:read\ttodo:write,todo:delete"]))
        .test("a scope twice", &[], scope(json!("todo:read todo:read")), ok_with(&["todo:read"]))
        .test("a list in scope", &[], scope(json!(["todo:read", "todo:write"])), ok_with(&["todo:read", "todo:write"]))
        .test("a list in scopes: Scalekit's machine tokens", &["quickstart:6"], one("scopes", json!(["todo:read", "todo:write"])), ok_with(&["todo:read", "todo:write"]))
        .test("a text in scopes", &["quickstart:6"], one("scopes", json!("todo:read")), ok())
        .test("a list in scp", &[], one("scp", json!(["todo:read"])), ok())
        .test("a text in scp", &[], one("scp", json!("todo:read todo:write")), ok_with(&["todo:read", "todo:write"]))
        .test("an empty list", &[], one("scopes", json!([])), ok_with(&[]))
        .test("absent", &[], with_token(bare().mint()), ok_with(&[]))
        .test("scope goes before scopes", &[], with(keys, "scopes", json!(["todo:admin"])), ok())
        .test("scope goes before scopes even if empty", &[], with_token(good(keys).scope("").claim("scopes", json!(["todo:admin"])).mint()), ok_with(&[]))
        .test("scopes goes before scp", &[], with_token(bare().claim("scp", "todo:admin").claim("scopes", json!(["todo:read"])).mint()), ok())
        .test("null, although scopes is there", &[], with_token(good(keys).claim("scope", Value::Null).claim("scopes", json!(["todo:admin"])).mint()), malformed())
        .test("scopes null", &[], one("scopes", Value::Null), malformed())
        .test("a number", &[], scope(json!(1)), malformed())
        .test("an object", &[], scope(json!({"todo:read": true})), malformed())
        .test("a list with something else than text", &[], one("scopes", json!(["todo:read", null])), malformed())
        .test("a list in a list", &[], one("scp", json!([["todo:read"]])), malformed())
        .done()
}

fn bound(keys: &Keys) -> Group {
    let cnf = |value: Value| with(keys, "cnf", value);
    requests("A bound token does not pass as a plain one", usual())
        .proving(&["D-14", "design:proof-required"])
        .test("to a key", &[], cnf(json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})), denied("proof_required"))
        .test("to a certificate", &[], cnf(json!({"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"})), denied("proof_required"))
        .test("to something unknown", &[], cnf(json!({"x": 1})), denied("proof_required"))
        .test("to nothing", &[], cnf(json!({})), denied("proof_required"))
        .done()
}

const OTHER: &str = "https://other.example.com/tenant";

fn issuers(keys: &Keys) -> Group {
    // Both call their key the same.
    let key = Key::new("ed25519-other", "ed", "EdDSA");
    let second = Issuer { audiences: Some(strings(&["res_2"])), ..issuer_with(OTHER, &[key.jwk()]) };
    let server = Settings { issuers: Some(vec![issuer_with(ISSUER, &[Key::usual().jwk()]), second]), ..usual() };
    let theirs = || good(keys).claim("iss", OTHER).claim("aud", "res_2");
    let seen = allowed(Token { issuer: OTHER.into(), audiences: strings(&["res_2"]), ..good_token() });
    requests("Two issuers, each with its own keys and audiences", server)
        .proving(&["J-6", "J-7"])
        .test("the first", &[], with_token(good(keys).mint()), ok())
        .test("the second", &[], with_token(theirs().key(&key).mint()), seen)
        .test("the second says it is the first", &[], with_token(good(keys).key(&key).mint()), denied("bad_signature"))
        .test("the first says it is the second", &[], with_token(theirs().mint()), denied("bad_signature"))
        .test("the second, for the audience of the first", &[], with_token(good(keys).claim("iss", OTHER).key(&key).mint()), denied("wrong_audience"))
        .test("the first, for the audience of the second", &[], with_token(good(keys).claim("aud", "res_2").mint()), denied("wrong_audience"))
        .done()
}

fn aliases(keys: &Keys) -> Group {
    let server = Settings {
        issuers: Some(vec![Issuer { also: strings(&["https://as.example.com/resources/res_1"]), ..issuer_with(ISSUER, &[Key::usual().jwk()]) }]),
        ..usual()
    };
    let alias = "https://as.example.com/resources/res_1";
    requests("Two names of one issuer, over one source of keys", server)
        .proving(&["A-3", "quickstart:7"])
        .test("the first name", &[], with_token(good(keys).mint()), ok())
        .test("the second name", &[], with(keys, "iss", json!(alias)), allowed(Token { issuer: alias.into(), ..good_token() }))
        .test("a third", &[], with(keys, "iss", json!("https://as.example.com/resources/res_2")), denied("unknown_issuer"))
        .done()
}

fn order(keys: &Keys) -> Group {
    let bad = |mut bytes: Vec<u8>| {
        bytes[0] ^= 1;
        bytes
    };
    let foreign = || good(keys).claim("iss", "https://other.example.com");
    requests("Several faults", usual())
        .proving(&["design:order"])
        .noting(&["order"])
        .test("algorithm before type", &[], with_token(good(keys).header("alg", "none").header("typ", "dpop+jwt").mint()), denied("unsupported_algorithm"))
        .test("type before crit", &[], with_token(good(keys).header("typ", "dpop+jwt").header("crit", json!([])).mint()), denied("wrong_type"))
        .test("issuer before audience", &[], with_token(foreign().claim("aud", "x").mint()), denied("unknown_issuer"))
        .test("audience before expiry", &[], with_token(good(keys).claim("aud", "x").claim("exp", 1).mint()), denied("wrong_audience"))
        .test("expiry before signature", &["B-10"], with_token(good(keys).claim("exp", 1).mint_damaged(bad)), denied("expired"))
        .test("expiry before key", &["design:junk-costs-no-fetch"], with_token(good(keys).claim("exp", 1).header("kid", "x").mint()), denied("expired"))
        .test("claims before key", &["design:junk-costs-no-fetch"], with_token(good(keys).claim("scope", 1).header("kid", "x").mint()), denied("malformed_claim"))
        .test("key before signature", &[], with_token(good(keys).header("kid", "x").mint_damaged(bad)), denied("key_not_found"))
        .test("validity before scope", &["B-10", "MCP-15"], with_token(good(keys).claim("exp", 1).without("scope").mint()).requiring(&[crate::author::all_of(&["todo:delete"])]), WIRE.denied("expired"))
        .done()
}
