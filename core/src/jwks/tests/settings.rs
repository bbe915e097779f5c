//! Configuration errors, and what plain http is allowed for.

use super::*;

#[test]
fn wrong_settings_are_named() {
    let jwks = || keys(&["a"]).unwrap().body;
    let with = |issuer: Issuer| Issuers::builder().issuer(issuer);
    let fine = || with(Issuer::new(ISSUER));
    let rows: Vec<(&str, IssuersBuilder)> = vec![
        ("issuers", Issuers::builder()),
        ("issuers", fine().issuer(ISSUER)),
        ("issuers", with(Issuer::new(ISSUER).also(ISSUER))),
        ("issuers", with(Issuer::new("as.test"))),
        ("issuers", with(Issuer::new("http://as.test"))),
        ("issuers", with(Issuer::new("https://as.test/?q"))),
        ("jwks_uri", with(Issuer::new(ISSUER).jwks_uri("http://as.test/keys"))),
        ("jwks_uri", with(Issuer::new(ISSUER).jwks_uri("http://localhost/keys"))),
        ("fallback_jwks_uri", with(Issuer::new(ISSUER).fallback_jwks_uri("keys"))),
        ("fallback_jwks_uri", with(Issuer::new(ISSUER).jwks_uri(KEYS).fallback_jwks_uri(KEYS))),
        ("jwks", with(Issuer::new(ISSUER).jwks("{}"))),
        ("jwks", with(Issuer::new(ISSUER).jwks(jwks()).jwks_uri(KEYS))),
        ("audiences", with(Issuer::new(ISSUER).audiences([""; 0]))),
        ("audiences", with(Issuer::new(ISSUER).audiences([""]))),
        ("jwks_fresh", fine().jwks_fresh(Duration::ZERO)),
        ("jwks_cooldown", fine().jwks_cooldown(seconds(3601))),
        ("jwks_timeout", fine().jwks_timeout(seconds(61))),
        ("jwks_max_stale", fine().jwks_max_stale(seconds(8 * 86400))),
        ("dangerously_allow_http_hosts", fine().dangerously_allow_http_hosts(["http://as.test"])),
        ("dangerously_allow_http_hosts", fine().dangerously_allow_http_hosts(["as.test:80"])),
        ("dangerously_allow_http_hosts", fine().dangerously_allow_http_hosts(["AS.test"])),
    ];
    for (setting, builder) in rows {
        let shown = format!("{builder:?}");
        assert_eq!(builder.build().unwrap_err().setting, setting, "{shown}");
    }
}

#[tokio::test]
async fn http_is_for_loopback_issuers_and_listed_hosts() {
    let world = World::new();
    let loopback = world.builder().issuer(Issuer::new("http://127.0.0.1:1").jwks_uri("http://localhost:1/k"));
    assert!(loopback.build().is_ok());
    let mesh = || world.builder().dangerously_allow_http_hosts(["as.mesh"]);
    assert!(mesh().issuer("http://as.mesh").build().is_ok());
    // It extends to what metadata names.
    world.set(FORMS[0], metadata(ISSUER, "http://as.mesh/keys"));
    world.set("http://as.mesh/keys", keys(&["a"]));
    assert_eq!(ask(&world.issuers(), "a").await, Outcome::Unavailable(1));
    assert_eq!(ask(&mesh().issuer(ISSUER).build().unwrap(), "a").await, Outcome::Keys);
}
