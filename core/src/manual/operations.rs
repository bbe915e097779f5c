//! Operations: what tools, prompts, resources and methods need, and what is closed by default.
//!
//! An [`OperationPolicy`](crate::OperationPolicy) belongs to the handler of an MCP endpoint. It reads each
//! JSON-RPC message before the SDK does, and asks for the scopes and claims of its rule:
//!
//! ```
//! use mcp_bearer::{OperationPolicy, Requirement};
//!
//! let policy = OperationPolicy::builder()
//!     .base(Requirement::scope("todo:read")?)
//!     .tool("list_todos", Requirement::none())
//!     .tool("delete_todo", Requirement::scope("todo:delete")?)
//!     .resource_prefix("todo://items", Requirement::none())
//!     .build()?;
//! # Ok::<(), mcp_bearer::ConfigError>(())
//! ```
//!
//! A requirement is scopes, all or any of them, and claims. A rule may also be a function of the call that
//! gives a requirement. With a [`scope_hierarchy`](crate::Builder::scope_hierarchy) a broad scope counts for
//! the narrow ones.
//!
//! # What needs what
//!
//! | message | needs |
//! |---|---|
//! | `tools/call` | the base, and the rule of the tool; without one `other_tools`; else it is closed, once any tool is named |
//! | `prompts/get`, and completion of its arguments | the base, and the rule of the prompt; likewise with `other_prompts` |
//! | `resources/read`, `resources/subscribe`, `resources/unsubscribe`, `subscriptions/listen`, and completion | the base, and the rule of the URI, else that of the longest prefix; likewise with `other_resources` |
//! | a method with a rule of its own | the base, and that rule, and the rule of what it names |
//! | any other method, a notification, a response, GET and DELETE | the base |
//! | a method among `public_methods` | nothing |
//!
//! The base is a valid token, and what [`base`](crate::operation::OperationPolicyBuilder::base) adds.
//! Closed is 403 `operation_not_allowed`, without a challenge: no scope would open it.
//!
//! # Step-up
//!
//! A token that lacks a scope is answered with HTTP 403 and one challenge that has every scope that the
//! operation needs, the base included, whatever the token has already. The client asks for the union of what
//! it had and what it is told. Clients of 2025 replace instead;
//! [`challenge_granted_scopes`](crate::Builder::challenge_granted_scopes) tells them both.
//!
//! # Batches
//!
//! A batch of up to 100 messages needs what all of them need, and is refused as a whole.
//!
//! # Public methods
//!
//! A client that wants to see tools before it signs in may call methods that are declared public, such as
//! `initialize`, `notifications/initialized`, `ping` and `tools/list`. Without credentials they pass, with bad
//! ones they do not. A batch is public if all its messages are. No tool, prompt or resource can be.
//!
//! # What fails closed
//!
//! The body decides, and what was judged is what the handler gets, byte for byte. All of these are refused,
//! since two parsers might read them in two ways:
//!
//! - a member twice, or one that differs only in case from one that decides; bytes that are no UTF-8; a byte
//!   order mark; trailing text: `body_malformed`
//! - `Mcp-Method`, `Mcp-Name` or `MCP-Protocol-Version` that contradict the body: `body_malformed`. A header
//!   never opens anything
//! - a content coding, another charset, another media type: `body_unsupported`
//! - any body under another name than POST, a preflight's included, as a handler might not look at the name:
//!   `body_unsupported`
//! - more than the limit, 4 MiB by default: `body_too_large`
//! - a URI with dot segments, escaped slashes and the like falls under no prefix
//!
//! A body that a framework has parsed already is judged as a value: members that occurred twice cannot be seen
//! any more. Put the policy before the parser where you can.
