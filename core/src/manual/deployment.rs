//! Deployment: what must be true around a server.
//!
//! # Behind a proxy
//!
//! `MCP_SERVER_URL` is the public identity: the URL that clients use, with the scheme, host and path that they
//! see. Challenges and metadata are made of it alone. `Host`, `X-Forwarded-Host` and `Forwarded` change nothing,
//! so that nobody can make a challenge point elsewhere, and a proxy needs to set none of them.
//!
//! TLS may end at the proxy; the URL is https all the same. The proxy passes `Authorization` on as it is,
//! leaves `WWW-Authenticate` and `Retry-After` on answers, does not compress requests, and does not buffer the
//! answers of an MCP endpoint.
//!
//! # At a path
//!
//! The metadata of `https://example.com/a/mcp` is at `/.well-known/oauth-protected-resource/a/mcp` of the same
//! host. Where a proxy takes `/a` off the paths of a server, it still passes this one on whole. Inside a
//! server the guard goes around the outermost application, not around one that is mounted at a path: the
//! metadata lies outside of it.
//!
//! # Several servers on one host
//!
//! Each is a resource with a path of its own, and with its own audience: a token for one is no token for
//! another. The root `/.well-known/oauth-protected-resource` belongs to one of them, or to nobody:
//! [`RootAlias`](crate::RootAlias) says to which. [`Issuers`](crate::Issuers) are shared, so that each issuer's keys
//! are fetched once for all.
//!
//! # Workers
//!
//! Each process has its own keys and its own [cache of tokens](crate::Builder::token_cache), and fetches
//! the keys itself. Nothing is shared, and nothing has to be. A fork is good at any time: no thread and no
//! connection is there before the first fetch, and a child begins anew.
//!
//! A start never fails because an issuer is down. [`warm_up`](crate::ResourceServer::warm_up) fetches before
//! the first request. A health check that needs no token is a public route; it should not depend on
//! [`keys_health`](crate::ResourceServer::keys_health), as a restart does not bring an issuer back.
//!
//! # Clocks
//!
//! `exp` and `nbf` allow a difference of 30 s, 60 s at most. Servers and issuers need NTP: a clock that is
//! minutes behind accepts tokens for minutes too long.
//!
//! # Order of layers
//!
//! From the outside: limits of size and rate for strangers, CORS, the guard, the body parser, limits for each
//! caller, the policy at its endpoint, the handler.
//!
//! - CORS is outside: a preflight has no token, and a page can read a refusal only if its origin is allowed.
//!   Allow the request headers `Authorization`, `Content-Type`, `MCP-Protocol-Version`, `Mcp-Method`, `Mcp-Name`,
//!   `Mcp-Session-Id` and `Last-Event-ID`; expose `WWW-Authenticate`, `Retry-After` and `Mcp-Session-Id`. No
//!   credentials beside the origin `*`.
//! - The parser is inside: nobody without a token gets a body parsed.
//! - A limit for each caller counts by [`principal`](crate::AccessToken::principal): it holds across tokens,
//!   and no client can choose it.
//!
//! # Life of tokens
//!
//! A token is good until it expires, whatever happens at the issuer: 5 to 30 minutes are usual. Refreshing is
//! between client and issuer; the server does not see it. What a session or a list belongs to is the
//! principal, never the bytes of a token.
