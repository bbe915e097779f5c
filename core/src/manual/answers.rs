//! Answers: what each reason means, whose fault it is, and what to do.
//!
//! A refusal is a [`Denial`](crate::Denial): status, headers and body, complete. Clients are told no more than
//! the row below; the [`Reason`](crate::Reason) is for logs and metrics. It is the same word in all three
//! languages and in [`observability`](super::observability). What each official client makes of a 401, a 403
//! and a 503 is [measured](https://github.com/mcp-bearer/mcp-bearer/blob/main/docs/clients.md).
//!
//! | reason | status | challenge | body | at fault | what to do |
//! |---|---|---|---|---|---|
//! | `missing_token` | 401 | no `error` | `unauthorized` | nobody | nothing: the first request of every MCP client. If it goes on, the client does not find the metadata, or a proxy takes `Authorization` off |
//! | `multiple_credentials` | 400 | `invalid_request` | `invalid_request` | the client, or a proxy that adds a credential | send one `Authorization` field with one credential |
//! | `malformed_token` | 401 | `invalid_token` | `invalid_token` | the client, or an issuer of opaque tokens | ask the issuer for JWTs; a long token needs a larger `max_token_size` |
//! | `unsupported_algorithm` | 401 | `invalid_token` | `invalid_token` | the issuer's settings, or an attacker | sign with RS, PS, ES256, ES384 or Ed25519; look at `algorithms` |
//! | `wrong_type` | 401 | `invalid_token` | `invalid_token` | the client | send the access token, not the ID token; look at `rfc9068_only` |
//! | `critical_header` | 401 | `invalid_token` | `invalid_token` | the issuer, or an attacker | tokens with `crit`, `b64` or `zip` are not read |
//! | `unknown_issuer` | 401 | `invalid_token` | `invalid_token` | the settings, or a foreign token | compare the token's `iss` with `issuers`, slash by slash |
//! | `wrong_audience` | 401 | `invalid_token` | `invalid_token` | the settings, the issuer's, or a foreign token | compare the token's `aud` with `MCP_SERVER_URL` and `audiences`, character by character |
//! | `key_not_found` | 401 | `invalid_token` | `invalid_token` | the issuer, or a forged token | the key set lacks the token's `kid`: see [`keys`](super::keys#rotation) |
//! | `bad_signature` | 401 | `invalid_token` | `invalid_token` | a forged token, or a `kid` that was given to a new key | see [`keys`](super::keys#rotation) |
//! | `expired` | 401 | `invalid_token` | `invalid_token` | nobody | the client gets a new token by itself; if at once, a clock is wrong |
//! | `not_yet_valid` | 401 | `invalid_token` | `invalid_token` | a clock | set the clocks; `leeway` is up to 60 s |
//! | `missing_claim` | 401 | `invalid_token` | `invalid_token` | the issuer's settings | tokens need `iss`, `exp` and `aud`, or an allowed client in place of `aud`; with `rfc9068_only` all that RFC 9068 requires |
//! | `malformed_claim` | 401 | `invalid_token` | `invalid_token` | the issuer | a claim has another type than its definition |
//! | `proof_required` | 401 | `invalid_token` | `invalid_token` | the issuer's settings | tokens are bound to a key (`cnf`), and proofs are not checked here |
//! | `insufficient_scope` | 403 | `insufficient_scope` | `insufficient_scope` | nobody | the client asks for the scopes of the challenge; if it never gets them, the issuer does not grant them |
//! | `claim_not_satisfied` | 403 | none | `access_denied` | the user lacks a right | give it at the issuer |
//! | `operation_not_allowed` | 403 | none | `access_denied` | the client, or a policy that was not told of a new tool | name the tool in the policy |
//! | `body_too_large` | 413 | none | `invalid_request` | the client | [`body_limit`](crate::operation::OperationPolicyBuilder::body_limit), by default 4 MiB |
//! | `body_unsupported` | 415 | none | `invalid_request` | the client, or a proxy that compresses | send `application/json` in UTF-8 without a content coding |
//! | `body_malformed` | 400 | none | a JSON-RPC error | the client, or an attacker | a body that could be read in two ways, or headers that contradict it |
//! | `keys_unavailable` | 503 | none | `temporarily_unavailable` | the issuer, or the way to it | [`keys_health`](crate::ResourceServer::keys_health) has the error: see [`keys`](super::keys#what-clients-see-in-an-outage) |
//! | `internal` | 500 | none | `server_error` | this side | a bug, of the server or of this library |
//!
//! `mcp-bearer doctor` visits a server as a client would, and says of a token which check refuses it; it is in
//! all three packages.
//!
//! # Which one, if several hold
//!
//! The first, in the order of a request's path: credentials, form, algorithm and type, issuer, audience and
//! time, key, signature; then what the operation needs. An expired token that lacks a scope is 401. Of
//! several needs: `operation_not_allowed`, `claim_not_satisfied`, `insufficient_scope`.
//!
//! The body of a request is judged after its token, so that 413, 415 and 400 for a body say nothing to
//! strangers.
//!
//! # On the wire
//!
//! - A challenge is one `WWW-Authenticate` field: `Bearer`, `error` and `error_description` if there is an
//!   error, `scope` if there are scopes to ask for, and always `resource_metadata`, the URL of the metadata.
//! - No challenge, where a new token would not help: the client would authorize for ever.
//! - The `scope` of a 401 is [`challenge_scopes`](crate::Builder::challenge_scopes); that of a 403 is every
//!   scope that the operation needs, in one challenge.
//! - 503 has `Retry-After`, in seconds, at least 1. It is no 401, for which clients throw tokens away.
//! - Each refusal has `Cache-Control: no-store` and `Access-Control-Expose-Headers: WWW-Authenticate,
//!   Retry-After`. The permission for a page to read it is the application's, in its CORS layer.
//! - The body is `{"error", "error_description"}`, with `scope` for `insufficient_scope`. All of it is
//!   constant text and settings, nothing of the request.
//!
//! # What is no answer
//!
//! A wrong setting is a [`ConfigError`](crate::ConfigError) when something is built. It names the setting, or
//! the variable that it came from, and what it should look like. No request causes one.
