//! Mirrored headers: never the basis of a decision (MCP 2026-07-28, Streamable HTTP, "Server Validation").

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::author::file as of;
use crate::keys::Keys;
use crate::model::{File, Group};

use super::operation::{Minted, NOTES, call, invalid, lacking, message, mismatch, passes, post, todo_group};

pub(super) fn file(keys: &Keys) -> File {
    let minted = Minted::new(keys);
    of(&NOTES, vec![mirrors(&minted), versions(&minted)])
}

fn mirrors(minted: &Minted) -> Group {
    let read = &minted.read;
    let named = |name: &str| post(&minted.write, call("create_todo")).header("mcp-name", name);
    let method = |method: &str| post(&minted.write, call("create_todo")).header("mcp-method", method);
    let resource = |name: &str| {
        post(read, message("resources/read", r#"{"uri":"todo://items/5"}"#)).header("mcp-name", name)
    };
    let encoded = |text: &str| format!("=?base64?{}?=", STANDARD.encode(text));
    let ok = || passes(&["todo:write"]);
    todo_group("Mirrored headers agree with the body, which decides")
        .proving(&["MCP-32", "MCP-34", "MCP-35"])
        .test("both agree", &[], named("create_todo").header("mcp-method", "tools/call"), ok())
        .test(
            "field names in other case",
            &["MCP-33"],
            post(&minted.write, call("create_todo"))
                .header("Mcp-Name", "create_todo")
                .header("MCP-METHOD", "tools/call"),
            ok(),
        )
        .test("white space around values", &["MCP-33"], named(" create_todo\t"), ok())
        .test("the name in base64", &["MCP-33"], named(&encoded("create_todo")), ok())
        .test("the URI of a resource", &["MCP-33"], resource("todo://items/5"), passes(&["todo:read"]))
        .test("absent", &["MCP-34a"], post(&minted.write, call("create_todo")), ok())
        .noting(&["bypass"])
        .test(
            "the header names a tool that is allowed, the body one that is not",
            &["MCP-34a"],
            post(read, call("create_todo"))
                .header("mcp-name", "list_todos")
                .header("mcp-method", "tools/call"),
            mismatch(),
        )
        .test("the header names another method", &[], method("tools/list"), mismatch())
        .test("the method in other case", &["MCP-33"], method("TOOLS/CALL"), mismatch())
        .test("an empty method", &[], method(""), mismatch())
        .test("the name in other case", &["MCP-33"], named("Create_todo"), mismatch())
        .test("an empty name", &[], named(""), mismatch())
        .test("another name in base64", &["MCP-33"], named(&encoded("list_todos")), mismatch())
        .test("base64 that is none", &["MCP-33"], named("=?base64?***?="), mismatch())
        .test("base64 that is no UTF-8", &["MCP-33"], named("=?base64?/w==?="), mismatch())
        .test(
            "the mark of base64 in other case",
            &["MCP-33"],
            named(&encoded("create_todo").replace("base64", "BASE64")),
            mismatch(),
        )
        .test("a byte beyond ASCII", &["MCP-33"], named("create_todo\u{e9}"), mismatch())
        .test("the name twice", &[], named("create_todo").header("mcp-name", "create_todo"), mismatch())
        .test("the method twice", &[], method("tools/call").header("mcp-method", "tools/call"), mismatch())
        .test("two methods in one field", &[], method("tools/call, tools/list"), mismatch())
        .test("the URI of another resource", &[], resource("todo://items/6"), mismatch())
        .test(
            "a name for a method that names nothing",
            &[],
            post(read, message("ping", "{}")).header("mcp-name", "create_todo"),
            mismatch(),
        )
        .test(
            "a method for a response",
            &[],
            post(read, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#).header("mcp-method", "tools/call"),
            mismatch(),
        )
        .test(
            "a method on a batch",
            &[],
            post(&minted.write, format!("[{}]", call("create_todo"))).header("mcp-method", "tools/call"),
            mismatch(),
        )
        .test(
            "a name on a batch",
            &[],
            post(&minted.write, format!("[{}]", call("create_todo"))).header("mcp-name", "create_todo"),
            mismatch(),
        )
        .test(
            "the URI where the name belongs",
            &[],
            post(&minted.write, message("tools/call", r#"{"name":"create_todo","uri":"list_todos"}"#))
                .header("mcp-name", "list_todos"),
            mismatch(),
        )
        .done()
}

fn versions(minted: &Minted) -> Group {
    let call = |stated: &str| {
        message(
            "tools/call",
            &format!(
                r#"{{"name":"create_todo","_meta":{{"io.modelcontextprotocol/protocolVersion":{stated}}}}}"#
            ),
        )
    };
    let sent =
        |version: &str, body: String| post(&minted.write, body).header("mcp-protocol-version", version);
    let ok = || passes(&["todo:write"]);
    todo_group("The protocol version")
        .proving(&["MCP-32", "MCP-34a"])
        .test("header and body agree", &[], sent("2026-07-28", call("\"2026-07-28\"")), ok())
        .test("only the body states one", &[], post(&minted.write, call("\"2026-07-28\"")), ok())
        .test("only the header states one", &[], sent("2025-06-18", self::call("create_todo")), ok())
        .test(
            "_meta without it",
            &[],
            sent(
                "2025-06-18",
                message("tools/call", r#"{"name":"create_todo","_meta":{"progressToken":1}}"#),
            ),
            ok(),
        )
        .noting(&["bypass"])
        .test(
            "an old version does not switch the rules off",
            &[],
            post(&minted.read, self::call("create_todo")).header("mcp-protocol-version", "2024-11-05"),
            lacking("todo:write"),
        )
        .test(
            "an unknown version does not either",
            &[],
            post(&minted.read, self::call("create_todo")).header("mcp-protocol-version", "1"),
            lacking("todo:write"),
        )
        .test(
            "nor do mirrored headers with an old version",
            &[],
            post(&minted.read, self::call("create_todo"))
                .header("mcp-protocol-version", "2024-11-05")
                .header("mcp-name", "list_todos"),
            mismatch(),
        )
        .test(
            "the header is older than the body",
            &[],
            sent("2025-06-18", call("\"2026-07-28\"")),
            mismatch(),
        )
        .test("the body states a number", &[], sent("2026-07-28", call("20260728")), mismatch())
        .test(
            "the header twice",
            &[],
            sent("2026-07-28", call("\"2026-07-28\"")).header("mcp-protocol-version", "2026-07-28"),
            mismatch(),
        )
        .test(
            "_meta that is no object",
            &[],
            post(&minted.write, message("tools/call", r#"{"name":"create_todo","_meta":[]}"#)),
            invalid(),
        )
        .done()
}
