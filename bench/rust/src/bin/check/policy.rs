//! What the operation policy costs, beside a parser that makes a tree of the same body.

use std::hint::black_box;
use std::task::Poll;

use mcp_bearer::operation::OperationRequest;
use mcp_bearer::{AccessToken, Algorithm, Authentication, Decision, OperationPolicy, Request, Requirement};
use mcp_bearer_bench::tokens::{self, COUNT};
use serde_json::Value;

use crate::ours::Ours;
use crate::table::{Case, Rounds, Table};

pub fn tables(rounds: Rounds) -> Vec<Table> {
    let judge = Judge::new();
    let ten = policy(10);
    let cases = [
        Case::new("mcp-bearer", COUNT, |_| assert!(judge.permits(&ten, TOOLS_CALL))).ours(),
        Case::new("serde_json, a Value of the body", COUNT, |_| {
            black_box(serde_json::from_slice::<Value>(TOOLS_CALL).unwrap());
        }),
    ];
    let policies = [1, 10, 100, 1_000].map(|tools| (tools, policy(tools)));
    let grown = policies.each_ref().map(|(tools, policy)| {
        Case::new(tools.to_string(), COUNT, |_| assert!(judge.permits(policy, TOOLS_CALL))).ours()
    });
    vec![
        Table::measure("A tools/call of 2 KB against an operation policy", rounds, &cases)
            .note("The duplicate check of every object is included."),
        Table::measure("Tools in an operation policy, a tools/call of 2 KB", rounds, &grown),
    ]
}

struct Judge {
    ours: Ours,
    token: AccessToken,
}

impl Judge {
    fn new() -> Self {
        let (issuer, _) = tokens::issuer(Algorithm::Ed25519);
        let ours = Ours::new(issuer.issuers());
        let field = format!("Bearer {}", tokens::token(&issuer, 0).mint());
        let request = Request::new("POST", "/mcp").authorization(field.as_bytes());
        let Poll::Ready(Authentication::Authenticated { token, .. }) = ours.0.try_authenticate(&request)
        else {
            panic!("the token is good");
        };
        Self { ours, token }
    }

    fn permits(&self, policy: &OperationPolicy, body: &[u8]) -> bool {
        let request = OperationRequest::new("POST", HEADERS, body);
        let decision = self.ours.0.permit_operation(Some(self.token.clone()), policy, &request);
        matches!(decision, Decision::Allowed { .. })
    }
}

/// The last of the tools is the one that is called.
fn policy(tools: usize) -> OperationPolicy {
    let scope = |scope| Requirement::scope(scope).unwrap();
    let others = (1..tools).map(|n| format!("tool_{n}"));
    others
        .fold(OperationPolicy::builder(), |builder, name| builder.tool(name, scope("todo:read")))
        .tool("create_todo", scope("todo:write"))
        .build()
        .unwrap()
}

/// Texts, lists and objects in each other, as a model writes them; the instructions that it takes are
/// counted in `make test`.
const TOOLS_CALL: &[u8] = include_bytes!("../../../../../tests/benches/tools_call.json");
const HEADERS: [(&str, &[u8]); 7] = [
    ("host", b"mcp.example.com"),
    ("accept", b"application/json, text/event-stream"),
    ("content-type", b"application/json"),
    ("content-length", b"2000"),
    ("mcp-protocol-version", b"2025-11-25"),
    ("mcp-session-id", b"0f8fad5b-d9cb-469f-a165-70867728950e"),
    ("user-agent", b"an MCP client"),
];
