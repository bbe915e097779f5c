//! Which URLs of keys metadata may name: what is not https, or not plainly a place, is never asked
//! (RFC 8414 section 2, RFC 8725 section 3.10).

use serde_json::{Value, json};

use crate::author::{allowed, file as of, good_token, json_answer, requests, script, with_token};
use crate::keys::Keys;
use crate::model::{File, Group, Token};
use crate::token::{ISSUER, good};
use crate::wire::unavailable;

use super::key_life::{named, remote, usual_keys};

pub(super) fn file(keys: &Keys) -> File {
    let mut groups = secure(keys);
    groups.extend(local(keys));
    of(&[], groups)
}

fn forms(issuer: &str) -> [String; 2] {
    ["oauth-authorization-server", "openid-configuration"].map(|name| format!("{issuer}/.well-known/{name}"))
}

/// Metadata of the issuer that names this URL, where good keys are. They are found, or not asked for.
fn case(keys: &Keys, issuer: &str, what: &str, ids: &[&str], jwks_uri: &Value, found: bool) -> Group {
    let forms = forms(issuer);
    let [first, second] = [&*forms[0], &*forms[1]];
    let url = jwks_uri.as_str().unwrap_or("https://as.example.com/keys");
    let mut group = requests(&format!("{what}: {jwks_uri}"), remote(named(issuer))).proving(ids);
    let document = json_answer(json!({"issuer": issuer, "jwks_uri": jwks_uri}));
    group.fetch = Some(script(&[(first, document), (url, usual_keys())]));
    let token = with_token(good(keys).claim("iss", issuer).mint());
    if found {
        let seen = allowed(Token { issuer: issuer.into(), ..good_token() });
        group.test("a good token", &[], token, seen).fetching(&[first, url]).done()
    } else {
        group.test("a good token", &[], token, unavailable(1)).fetching(&[first, second]).done()
    }
}

fn secure(keys: &Keys) -> Vec<Group> {
    let good = [
        ("The issuer's own host", "https://as.example.com/keys"),
        ("Another host", "https://keys.example.net/jwks.json"),
        ("A query", "https://as.example.com/keys?tenant=1&v=2"),
        ("A port", "https://as.example.com:8443/keys"),
        ("The scheme in upper case", "HTTPS://as.example.com/keys"),
    ];
    let plain = [
        ("Plain http", "http://as.example.com/keys"),
        ("Plain http, the scheme in upper case", "HTTP://as.example.com/keys"),
        ("Plain http on the port of https", "http://as.example.com:443/keys"),
        ("Plain http on this machine", "http://127.0.0.1/keys"),
        ("Plain http on this machine, by name", "http://localhost:9000/keys"),
        ("Plain http on this machine, IPv6", "http://[::1]/keys"),
        ("Plain http on this machine, as a number", "http://2130706433/keys"),
        ("Plain http in this network", "http://169.254.169.254/latest/meta-data"),
    ];
    let other = [
        ("A file", "file:///etc/passwd"),
        ("A file of some host", "file://as.example.com/keys"),
        ("FTP", "ftp://as.example.com/keys"),
        ("LDAP", "ldap://as.example.com/keys"),
        ("Data", "data:application/json,{}"),
        ("A script", "javascript:0"),
        ("A name", "urn:example:keys"),
        ("A WebSocket", "wss://as.example.com/keys"),
        ("A user", "https://user@as.example.com/keys"),
        ("A user and a password", "https://user:password@as.example.com/keys"),
        ("A password alone", "https://:password@as.example.com/keys"),
        ("No user, but the sign of one", "https://@as.example.com/keys"),
        ("The issuer's host as the user of another", "https://as.example.com@attacker.example.net/keys"),
        ("A fragment", "https://as.example.com/keys#1"),
        ("An empty fragment", "https://as.example.com/keys#"),
        ("A path alone", "/keys"),
        ("A host alone", "//as.example.com/keys"),
        ("A relative path", "keys"),
        ("No slashes", "https:as.example.com/keys"),
        ("One slash", "https:/as.example.com/keys"),
        ("Three slashes", "https:///as.example.com/keys"),
        ("A host before the slashes", "https:as.example.com://keys"),
        ("Backslashes", "https:\\\\as.example.com\\keys"),
        ("No host", "https://"),
        ("A port that is none", "https://as.example.com:99999/keys"),
        ("A space in front", " https://as.example.com/keys"),
        ("A space inside", "https://as.example.com/ke ys"),
        ("A line break", "https://as.example.com/keys\r\nx: y"),
        ("A tab that URL parsers drop", "ht\ttps://as.example.com/keys"),
        ("Beyond ASCII", "https://as.ex\u{e4}mple.com/keys"),
        ("Nothing", ""),
    ];
    let values = [
        ("A number", json!(1)),
        ("null", Value::Null),
        ("A list", json!(["https://as.example.com/keys"])),
        ("An object", json!({"url": "https://as.example.com/keys"})),
    ];
    let of =
        |what: &str, ids: &[&str], jwks_uri: &Value, found| case(keys, ISSUER, what, ids, jwks_uri, found);
    let good = good.map(|(what, url)| of(what, &["K-7"], &json!(url), true));
    let plain = plain.map(|(what, url)| of(what, &["MCP-25"], &json!(url), false));
    let other = other.map(|(what, url)| of(what, &["K-6"], &json!(url), false));
    let values = values.map(|(what, value)| of(what, &["K-6"], &value, false));
    good.into_iter().chain(plain).chain(other).chain(values).collect()
}

/// For development, an issuer may be http on a loopback host. It may not send anybody elsewhere.
fn local(keys: &Keys) -> Vec<Group> {
    let cases = [
        ("Its own host", "http://127.0.0.1:9000/keys", true),
        ("https", "https://as.example.com/keys", true),
        ("Plain http elsewhere", "http://as.example.com/keys", false),
        ("A name that only starts like this machine", "http://127.0.0.1.example.com/keys", false),
        ("A name that only ends like this machine", "http://as-localhost/keys", false),
        ("A domain below this machine", "http://as.localhost/keys", false),
        ("A private address", "http://192.168.0.1/keys", false),
        ("All addresses of this machine", "http://0.0.0.0:9000/keys", false),
        ("This machine as the user of another", "http://127.0.0.1:9000@as.example.com/keys", false),
        ("A file", "file:///etc/passwd", false),
    ];
    cases
        .into_iter()
        .map(|(what, url, found)| {
            let what = format!("An http issuer on this machine. {what}");
            case(keys, "http://127.0.0.1:9000", &what, &["MCP-25"], &json!(url), found)
        })
        .collect()
}
