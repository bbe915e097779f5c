//! The door of an application: what passes without a token, and that nothing else does.

use crate::author::{denied, file as of, ok, request, requests, strings, usual};
use crate::keys::Keys;
use crate::model::{Call, File, Group, Input, Outcome};
use crate::token::{NOW, good};

pub(super) fn file(keys: &Keys) -> File {
    of(&[], vec![everything(keys), preflights(keys), public_routes(keys)])
}

fn enter(method: &str, target: &str) -> Input {
    request(Call::Guard, method, target)
}

fn everything(keys: &Keys) -> Group {
    let token = good(keys).mint();
    let expired = good(keys).claim("exp", NOW - 100).mint();
    let missing = || denied("missing_token");
    requests("Every path and method needs a token", usual())
        .proving(&["MCP-09", "MCP-13", "design:paths"])
        .test("the endpoint", &["MCP-05"], enter("POST", "/mcp"), missing())
        .test("the endpoint with a token", &["B-01"], enter("POST", "/mcp").token(&token), ok())
        .test(
            "a session is no authentication",
            &["MCP-26"],
            enter("POST", "/mcp").header("mcp-session-id", "1234"),
            missing(),
        )
        .test(
            "a session with a token",
            &["MCP-13"],
            enter("POST", "/mcp").header("mcp-session-id", "1234").token(&token),
            ok(),
        )
        .test("an expired token", &["MCP-11"], enter("POST", "/mcp").token(&expired), denied("expired"))
        .test(
            "two credentials",
            &["B-04"],
            enter("POST", "/mcp").token(&token).token(&token),
            denied("multiple_credentials"),
        )
        .test("an unknown path", &[], enter("GET", "/no/such/path"), missing())
        .test(
            "an unknown path with a token: the framework answers",
            &[],
            enter("GET", "/no/such/path").token(&token),
            ok(),
        )
        .test("the root", &[], enter("GET", "/"), missing())
        .test("a malformed path", &[], enter("GET", "/%"), missing())
        .test("an empty target", &[], enter("GET", ""), missing())
        .test("HEAD", &[], enter("HEAD", "/mcp"), missing())
        .test("DELETE", &["MCP-36"], enter("DELETE", "/mcp"), missing())
        .test("a method of one's own", &[], enter("BREW", "/mcp"), missing())
        .test(
            "a WebSocket handshake",
            &["design:websocket"],
            enter("GET", "/mcp")
                .header("upgrade", "websocket")
                .header("connection", "Upgrade")
                .header("origin", "https://app.example.net"),
            missing(),
        )
        .test(
            "a WebSocket handshake with a token",
            &["design:websocket"],
            enter("GET", "/mcp").header("upgrade", "websocket").token(&token),
            ok(),
        )
        .test(
            "a token in the subprotocol is none",
            &["MCP-14"],
            enter("GET", "/mcp")
                .header("upgrade", "websocket")
                .header("sec-websocket-protocol", format!("bearer, {token}")),
            missing(),
        )
        .test(
            "a token in the query is none",
            &["MCP-14"],
            enter("GET", &format!("/mcp?access_token={token}")),
            missing(),
        )
        .test(
            "a method override is none",
            &["design:cors"],
            enter("POST", "/mcp")
                .header("x-http-method-override", "OPTIONS")
                .header("origin", "https://a.example")
                .header("access-control-request-method", "POST"),
            missing(),
        )
        .done()
}

fn preflights(keys: &Keys) -> Group {
    let token = good(keys).mint();
    let from = |input: Input| input.header("origin", "https://app.example.net");
    let asks = |input: Input| input.header("access-control-request-method", "POST");
    let public = || Outcome::Public {};
    let missing = || denied("missing_token");
    requests("A preflight carries no token; other OPTIONS do", usual())
        .proving(&["design:cors", "quickstart:5"])
        .test("a preflight", &[], asks(from(enter("OPTIONS", "/mcp"))), public())
        .test(
            "a preflight with field names in upper case",
            &[],
            enter("OPTIONS", "/mcp").header("Origin", "null").header("Access-Control-Request-Method", "GET"),
            public(),
        )
        .test("a preflight of a path that nobody knows", &[], asks(from(enter("OPTIONS", "/x"))), public())
        .test(
            "a preflight with a bad token: it is still one",
            &[],
            asks(from(enter("OPTIONS", "/mcp"))).token("x"),
            public(),
        )
        .test("OPTIONS alone", &[], enter("OPTIONS", "/mcp"), missing())
        .test("without a requested method", &[], from(enter("OPTIONS", "/mcp")), missing())
        .test("without an origin", &[], asks(enter("OPTIONS", "/mcp")), missing())
        .test("OPTIONS of everything", &[], enter("OPTIONS", "*"), missing())
        .test("OPTIONS with a token", &[], enter("OPTIONS", "/mcp").token(&token), ok())
        .test("options in lower case", &[], asks(from(enter("options", "/mcp"))), missing())
        .test(
            "another method with the fields of a preflight",
            &[],
            asks(from(enter("GET", "/mcp"))),
            missing(),
        )
        .done()
}

fn public_routes(keys: &Keys) -> Group {
    let token = good(keys).mint();
    let public = || Outcome::Public {};
    let missing = || denied("missing_token");
    let mut group = requests("Further public routes are exact", usual()).proving(&["design:paths"]);
    group.public_routes = strings(&["/health", "/docs/"]);
    group
        .test("the path", &[], enter("GET", "/health"), public())
        .test("with a query", &[], enter("GET", "/health?verbose=1"), public())
        .test("with an empty query", &[], enter("GET", "/health?"), public())
        .test("another method", &[], enter("POST", "/health"), public())
        .test("with a bad token, which nobody looks at", &[], enter("GET", "/health").token("x"), public())
        .test("with a slash", &[], enter("GET", "/health/"), missing())
        .test("the other path, with its slash", &[], enter("GET", "/docs/"), public())
        .test("the other path, without", &[], enter("GET", "/docs"), missing())
        .test("a path below", &[], enter("GET", "/docs/x"), missing())
        .test("in other case", &[], enter("GET", "/Health"), missing())
        .test("two slashes", &[], enter("GET", "//health"), missing())
        .test("escaped", &[], enter("GET", "/%68ealth"), missing())
        .test("dot segments", &[], enter("GET", "/todos/../health"), missing())
        .test("a parameter", &[], enter("GET", "/health;x=1"), missing())
        .test("a fragment", &[], enter("GET", "/health#x"), missing())
        .test("an absolute target", &[], enter("GET", "https://mcp.example.com/health"), missing())
        .test("a path that ends like it", &[], enter("GET", "/todos/health"), missing())
        .test("everything else with a token", &[], enter("GET", "/todos").token(&token), ok())
        .done()
}
