//! Configuration: every setting in three languages, and recipes for providers.
//!
//! Everything is checked when a server is built; nothing is fetched then. A value that is out of range is a
//! [`ConfigError`](crate::ConfigError), never clamped. The settings of keys are in
//! [`keys`](super::keys#defaults).
//!
//! Rust names are methods of [`Builder`](crate::Builder), Python names keyword arguments of `ResourceServer`,
//! Node names options of `ResourceServer`.
//!
//! | what | default | Rust | Python | Node | variable |
//! |---|---|---|---|---|---|
//! | The resource: the URL of the MCP endpoint, or the origin, exactly as clients and tokens spell it | required | [`builder`](crate::ResourceServer::builder) | `resource` | `resource` | `MCP_SERVER_URL` |
//! | Whose tokens are accepted | required | `issuer`, `issuers` | `issuers` | `issuers` | `MCP_BEARER_ISSUERS` |
//! | Accepted `aud` values | the resource | `audiences` | `audiences` | `audiences` | `MCP_BEARER_AUDIENCES` |
//! | Clients whose tokens may lack `aud` | none | `allowed_clients` | `allowed_clients` | `allowedClients` | `MCP_BEARER_ALLOWED_CLIENTS` |
//! | Where clients get tokens | the issuers | `authorization_servers` | `authorization_servers` | `authorizationServers` | `MCP_BEARER_AUTHORIZATION_SERVERS` |
//! | Scopes in the metadata: what basic use needs | none | `scopes_supported` | `scopes_supported` | `scopesSupported` | `MCP_BEARER_SCOPES_SUPPORTED` |
//! | Scopes that a 401 asks for | what the call needs | `challenge_scopes` | `challenge_scopes` | `challengeScopes` | `MCP_BEARER_CHALLENGE_SCOPES` |
//! | Accepted algorithms | all that are known | `algorithms` | `algorithms` | `algorithms` | `MCP_BEARER_ALGORITHMS` |
//! | How far clocks may differ, up to 60 s | 30 s | `leeway` | `leeway` | `leewayMs` | `MCP_BEARER_LEEWAY_SECONDS` |
//! | The longest token, 256 bytes to 1 MiB | 16 KiB | `max_token_size` | `max_token_size` | `maxTokenSize` | |
//! | Verified tokens that are remembered, up to 1,000,000 | 4,096 | `token_cache` | `token_cache` | `tokenCache` | |
//! | Only tokens as in RFC 9068 | off | `rfc9068_only` | `rfc9068_only` | `rfc9068Only` | |
//! | Scopes that imply others | none | `scope_hierarchy` | `scope_hierarchy` | `scopeHierarchy` | |
//! | `realm` of challenges | none | `realm` | `realm` | `realm` | |
//! | `error` also where there was no token | off | `error_on_missing_token` | `error_on_missing_token` | `errorOnMissingToken` | |
//! | A token's own scopes in the challenge of a 403 | off | `challenge_granted_scopes` | `challenge_granted_scopes` | `challengeGrantedScopes` | |
//! | Further members of the metadata | none | `metadata` | `metadata` | `metadata` | |
//! | Who is told of decisions | nobody | `on_decision` | `on_decision` | `onDecision` | |
//!
//! # Precedence
//!
//! - A variable that is set goes before the code. An empty one is not set. Lists are separated by spaces.
//! - Issuers are the exception: in the code and in the environment is an error, and so are
//!   `MCP_BEARER_ISSUERS` beside `SCALEKIT_ENVIRONMENT_URL`.
//! - Any other variable that begins with `MCP_BEARER_` is an error: a misspelt one would leave its check at
//!   the default. Those that Kubernetes makes for a service called `mcp-bearer` are passed over.
//! - `MCP_BEARER_JWKS_URI` needs exactly one issuer.
//!
//! # Identifiers
//!
//! Issuers and resources are compared as text. `https://auth.example.com` and `https://auth.example.com/` are
//! two issuers. For audiences alone an origin and the same origin with one slash are equal, since some clients
//! add it. An issuer is https, http on a loopback host only.
//!
//! # Scalekit
//!
//! ```sh
//! MCP_SERVER_URL=https://mcp.example.com/mcp
//! SCALEKIT_ENVIRONMENT_URL=https://your-env.scalekit.com
//! RESOURCE_ID=res_123
//! ```
//!
//! Both are set, or neither. Tokens of the environment are accepted for the audiences `RESOURCE_ID` and
//! `MCP_SERVER_URL`; clients are sent to `<environment>/resources/<id>`. `MCP_SERVER_URL` is the Server URL as
//! it is registered. A client id and a secret are not needed.
//!
//! # Auth0
//!
//! ```sh
//! MCP_SERVER_URL=https://mcp.example.com/mcp
//! MCP_BEARER_ISSUERS=https://tenant.eu.auth0.com/
//! ```
//!
//! The slash belongs to the issuer. An API whose identifier is `MCP_SERVER_URL`; one with another identifier
//! goes into `MCP_BEARER_AUDIENCES`. Without an audience Auth0 gives opaque tokens: `malformed_token`.
//!
//! # Keycloak
//!
//! ```sh
//! MCP_SERVER_URL=https://mcp.example.com/mcp
//! MCP_BEARER_ISSUERS=https://keycloak.example.com/realms/main
//! ```
//!
//! A client scope with a mapper of the kind "Audience" that adds `MCP_SERVER_URL`: by itself Keycloak names
//! `account`, and the token is `wrong_audience`.
//!
//! # Microsoft Entra
//!
//! ```sh
//! MCP_SERVER_URL=https://mcp.example.com/mcp
//! MCP_BEARER_ISSUERS=https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0
//! MCP_BEARER_AUDIENCES=11111111-1111-1111-1111-111111111111
//! ```
//!
//! The first id is the tenant's, the second the application's. The application asks for access tokens of
//! version 2 in its manifest; those of version 1 have another issuer and another audience. Scopes come in
//! `scp`, which is read as `scope` is.
//!
//! # Amazon Cognito
//!
//! ```sh
//! MCP_SERVER_URL=https://mcp.example.com/mcp
//! MCP_BEARER_ISSUERS=https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_EXAMPLE
//! MCP_BEARER_ALLOWED_CLIENTS=1example23456789
//! ```
//!
//! Its access tokens have no `aud`, and without an allowed client they are `missing_claim`. A token that has an
//! `aud` must name the resource all the same.
