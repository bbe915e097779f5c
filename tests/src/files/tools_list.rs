//! Lists of tools, cut down to those that the caller may call (MCP-37).

use serde_json::{Value, json};

use crate::author::{Requests, denied, file as of, request, requests, strings, usual};
use crate::keys::Keys;
use crate::model::{Body, Call, Condition, File, Group, Input, Json, Outcome, Policy, Rule};

use super::operation::{Minted, NOTES, need, rules, todo_tools};

pub(super) fn file(keys: &Keys) -> File {
    let minted = Minted::new(keys);
    of(&NOTES, vec![named(&minted), ruled(&minted), open(&minted), results(&minted)])
}

fn named(minted: &Minted) -> Group {
    let all = ["list_todos", "create_todo", "delete_todo", "unlisted", "LIST_TODOS"];
    let mut tools = todo_tools();
    tools.insert("whoami".into(), need(&[]));
    let policy = Policy { tools, ..Policy::default() };
    let mut group = group("Once tools are named, only those are seen that the token may call", policy);
    group.server.scope_hierarchy =
        Some([("todo:admin".to_owned(), strings(&["todo:write", "todo:delete"]))].into());
    group
        .test("one scope", &[], list(&minted.read, &all), listed(&["list_todos"]))
        .test(
            "another, which is one of two for one tool",
            &[],
            list(&minted.write, &all),
            listed(&["create_todo"]),
        )
        .test(
            "a scope that implies others",
            &["MCP-19"],
            list(&minted.admin, &all),
            listed(&["create_todo", "delete_todo"]),
        )
        .test("no scope", &[], list(&minted.none, &all), listed(&[]))
        .test("a tool that needs none", &[], list(&minted.none, &["whoami"]), listed(&["whoami"]))
        .test(
            "in the order of the server, and as often",
            &[],
            list(&minted.admin, &["delete_todo", "x", "create_todo", "delete_todo"]),
            listed(&["delete_todo", "create_todo", "delete_todo"]),
        )
        .test("a token that is no longer good", &["MCP-11"], list(&minted.expired, &all), denied("expired"))
        .done()
}

/// A call is under more rules than that of its tool.
fn ruled(minted: &Minted) -> Group {
    let policy = Policy {
        base: Some(vec![Condition::ClaimContains("roles".into(), "staff".into())]),
        tools: rules(&[
            ("write_list", Rule::Function { function: "list_scope".into() }),
            ("failing", Rule::Function { function: "failing".into() }),
            ("plain", need(&[])),
            ("delete", need(&["todo:delete"])),
        ]),
        other_tools: Some(need(&["todo:read"])),
        methods: rules(&[("tools/call", need(&["todo:write"])), ("tools/list", need(&["todo:admin"]))]),
        ..Policy::default()
    };
    let all = ["write_list", "failing", "plain", "delete", "unlisted"];
    group("All rules of a call count, and a function as if it were satisfied", policy)
        .proving(&["design:functions"])
        .test(
            "what all calls need is there",
            &[],
            list(&minted.staff, &all),
            listed(&["write_list", "failing", "plain"]),
        )
        .test("a claim is missing", &[], list(&minted.write, &all), listed(&[]))
        .done()
}

fn open(minted: &Minted) -> Group {
    let policy = Policy { methods: rules(&[("tools/call", need(&["todo:read"]))]), ..Policy::default() };
    group("Where no tool is named, all are seen or none", policy)
        .test("what all calls need is there", &[], list(&minted.read, &["a", "b"]), listed(&["a", "b"]))
        .test("it is not", &[], list(&minted.write, &["a", "b"]), listed(&[]))
        .done()
}

fn results(minted: &Minted) -> Group {
    let policy = Policy { tools: todo_tools(), ..Policy::default() };
    let schema = json!({"type": "object", "properties": {"z": {"default": 1.5}, "a": {}}, "required": ["z"]});
    let whole = |tools: Value, scope: &str| {
        json!({
            "resultType": "complete", "ttlMs": 60000, "cacheScope": scope, "nextCursor": "2", "tools": tools,
            "_meta": {"example.com/x": null},
        })
    };
    let tool = json!({"name": "list_todos", "title": "List", "inputSchema": schema});
    let other = json!({"name": "create_todo", "inputSchema": schema});
    let reads = |result: &Value| asking(&minted.read, result);
    group("Everything else of a result stays as it is", policy)
        .test(
            "a page of a list for all",
            &[],
            reads(&whole(json!([tool, other]), "public")),
            shown(whole(json!([tool]), "private")),
        )
        .test(
            "one that is private already",
            &[],
            reads(&whole(json!([other]), "private")),
            shown(whole(json!([]), "private")),
        )
        .test(
            "what has no name is no tool",
            &[],
            reads(&json!({"tools": [{"title": "list_todos"}, {"name": 7}, {"name": null}, "list_todos", null, tool]})),
            shown(json!({"tools": [tool], "cacheScope": "private"})),
        )
        .test(
            "no tools",
            &[],
            reads(&json!({"tools": []})),
            shown(json!({"tools": [], "cacheScope": "private"})),
        )
        .done()
}

fn group(comment: &str, policy: Policy) -> Requests {
    let mut group = requests(comment, usual()).proving(&["MCP-37", "design:tools-list"]);
    group.policy = Some(policy);
    group
}

/// A list of tools with these names.
fn list(token: &str, names: &[&str]) -> Input {
    asking(token, &json!({ "tools": tools(names) }))
}

fn asking(token: &str, result: &Value) -> Input {
    request(Call::ToolsList, "POST", "/mcp").token(token).body(Body::Parsed(result.to_string()))
}

fn listed(names: &[&str]) -> Outcome {
    shown(json!({ "tools": tools(names), "cacheScope": "private" }))
}

const fn shown(result: Value) -> Outcome {
    Outcome::Listed { result: Json(result) }
}

fn tools(names: &[&str]) -> Vec<Value> {
    names.iter().map(|name| json!({ "name": name })).collect()
}
