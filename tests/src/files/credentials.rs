//! The `Authorization` field: exactly one `Bearer` credential, or why not (RFC 6750 sections 2.1 and 3.1).

use crate::author::{
    allowed, bare, denied, file as of, good_token, ok, request, requests, usual, with_token, with_value,
};
use crate::keys::Keys;
use crate::model::{Call, File, Outcome, Settings};
use crate::token::good;
use crate::wire::Wire;

pub(super) fn file(keys: &Keys) -> File {
    let token = good(keys).mint();
    let missing = || denied("missing_token");
    let several = || denied("multiple_credentials");
    let malformed = || denied("malformed_token");

    let scheme = requests("The scheme", usual())
        .test("one token", &["B-01"], with_token(&token), ok())
        .test(
            "the scheme in lower case",
            &["B-02", "quickstart:5"],
            with_value(format!("bearer {token}")),
            ok(),
        )
        .test("the scheme in upper case", &["B-02"], with_value(format!("BEARER {token}")), ok())
        .test("several spaces after the scheme", &["B-02"], with_value(format!("Bearer    {token}")), ok())
        .test("white space around the value", &["B-02"], with_value(format!(" \tBearer {token} \t")), ok())
        .test(
            "a tab instead of the space",
            &["B-02", "B-03"],
            with_value(format!("Bearer\t{token}")),
            missing(),
        )
        .test("no space: another scheme", &["B-02"], with_value(format!("Bearer{token}")), missing())
        .test("another scheme", &["B-01", "B-08"], with_value("Basic dXNlcjpwYXNz"), missing())
        .test("the token alone", &["B-01"], with_value(&token), missing())
        .test(
            "the DPoP scheme, which is not enabled",
            &["B-01"],
            with_value(format!("DPoP {token}")),
            missing(),
        );

    let absent = requests("No credentials", usual())
        .proving(&["B-05", "B-08", "MCP-15"])
        .test("no field", &["MCP-05", "P-05", "peer:error-without-token"], bare(), missing())
        .test("the same again gets the same challenge", &["MCP-06"], bare(), missing())
        .test("an empty field", &[], with_value(""), missing())
        .test("the scheme alone", &[], with_value("Bearer"), missing())
        .test("the scheme and a space", &[], with_value("Bearer "), missing())
        .test("the scheme and many spaces", &[], with_value("bearer      "), missing());

    let elsewhere = |target: &str| request(Call::Authorize, "GET", target);
    let other_places = requests("A token anywhere else is none", usual())
        .test(
            "in the query",
            &["MCP-14", "B-04", "peer:token-in-query"],
            elsewhere(&format!("/todos?access_token={token}")),
            missing(),
        )
        .test(
            "in a cookie",
            &["B-11"],
            bare().header("cookie", format!("access_token={token}; token={token}")),
            missing(),
        )
        .test(
            "in the field of proxies",
            &["B-04"],
            bare().header("proxy-authorization", format!("Bearer {token}")),
            missing(),
        )
        .test(
            "in the query besides the field: the field counts",
            &["B-04"],
            elsewhere("/todos?access_token=x").token(&token),
            ok(),
        );

    let many = requests("More than one credential", usual())
        .proving(&["B-04"])
        .test("two fields", &["peer:hidden-repeated-field"], with_token(&token).token(&token), several())
        .test(
            "two fields with names in different case",
            &[],
            bare()
                .header("Authorization", format!("Bearer {token}"))
                .header("authorization", format!("Bearer {token}")),
            several(),
        )
        .test(
            "two fields, one of another scheme",
            &[],
            with_value("Basic dXNlcjpwYXNz").token(&token),
            several(),
        )
        .test("two fields, the first empty", &[], with_value("").token(&token), several())
        .test(
            "two fields, both of other schemes",
            &[],
            with_value("Basic YQ==").header("authorization", "Basic YQ=="),
            several(),
        )
        .test(
            "two tokens after one scheme",
            &["B-03"],
            with_value(format!("Bearer {token} {token}")),
            several(),
        )
        .test(
            "two tokens, a comma between",
            &["B-03"],
            with_value(format!("Bearer {token},{token}")),
            several(),
        )
        .test(
            "a list of two credentials",
            &["B-03"],
            with_value(format!("Bearer {token}, Bearer {token}")),
            several(),
        )
        .test("another scheme first", &["B-03"], with_value(format!("Basic YQ==, Bearer {token}")), several())
        .test(
            "another scheme second",
            &["B-03"],
            with_value(format!("Bearer {token}, Basic YQ==")),
            several(),
        )
        .test(
            "a parameter after the token",
            &["B-03"],
            with_value(format!("Bearer {token}, realm=\"x\"")),
            several(),
        );

    let form = requests("Not a token68", usual())
        .proving(&["B-03", "B-09", "MCP-11"])
        .test("a comma alone", &[], with_value("Bearer ,"), malformed())
        .test("a trailing comma", &[], with_value(format!("Bearer {token},")), malformed())
        .test("quotes", &[], with_value(format!("Bearer \"{token}\"")), malformed())
        .test("a byte beyond ASCII", &[], with_value(format!("Bearer {token}\u{e9}")), malformed())
        .test("bytes that are no UTF-8", &[], with_value("Bearer \u{ff}\u{fe}"), malformed())
        .test(
            "a tab inside",
            &[],
            with_value(format!("Bearer {}\t{}", &token[..20], &token[20..])),
            malformed(),
        )
        .test("padding", &[], with_value(format!("Bearer {token}==")), malformed())
        .test("an auth-param instead of a token", &[], with_value("Bearer token=\"abc\""), malformed());

    let told = Wire { error_on_missing_token: true, ..crate::author::WIRE };
    let option = requests(
        "The option for hosts that act only on an error code",
        Settings { error_on_missing_token: Some(true), ..usual() },
    )
    .proving(&["B-08"])
    .test("no field", &[], bare(), told.denied("missing_token"))
    .test("another scheme", &[], with_value("Basic YQ=="), told.denied("missing_token"))
    .test("a good token", &[], with_token(&token), allowed(good_token()))
    .test("two fields", &[], with_token(&token).token(&token), told.denied("multiple_credentials"));

    let preflight = |input: crate::model::Input| input.header("origin", "https://app.example.net");
    let guard = requests("The same at the door of an application", usual())
        .test("no field", &["B-08", "MCP-05"], request(Call::Guard, "POST", "/mcp"), missing())
        .test("a good token", &["B-01"], request(Call::Guard, "POST", "/mcp").token(&token), ok())
        .test(
            "a preflight carries no credentials",
            &["design:cors", "quickstart:5"],
            preflight(request(Call::Guard, "OPTIONS", "/mcp"))
                .header("access-control-request-method", "POST"),
            Outcome::Public {},
        );

    of(
        &[],
        [scheme, absent, other_places, many, form, option, guard]
            .into_iter()
            .map(|group| group.done())
            .collect(),
    )
}
