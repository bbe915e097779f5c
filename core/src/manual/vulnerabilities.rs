//! Vulnerabilities of other libraries, and why they are not here.
//!
//! Each section says what happened elsewhere, what is done here, which functions do it, and which test
//! proves it. Tests are named by their comments in the [shared vectors], which Rust, Python and Node
//! run unchanged, or by a function. Where no number stands, it is a known pattern, or was seen in
//! current releases of other packages.
//!
//! [shared vectors]: https://github.com/mcp-bearer/mcp-bearer/tree/main/tests/vectors
//!
//! # The token chooses the algorithm
//!
//! Elsewhere: a token signed by HMAC with the public key as the secret passed where an RSA signature
//! was expected (CVE-2015-9235, npm `jsonwebtoken`; CVE-2017-11424 and CVE-2022-29217, PyJWT;
//! CVE-2024-33663, python-jose). A list of allowed algorithms was compared with the header, and another
//! algorithm was used (CVE-2026-48523, PyJWT).
//!
//! Here: no symmetric algorithm exists, and none can be configured. `alg` has to be on the server's
//! list, and the key has to be for exactly that algorithm: by its own `alg`, else by its type and
//! curve. A symmetric key in a set is skipped.
//!
//! - Code: `algorithm` in `core/src/header.rs`; `parse`, `permits`, `verify` in `core/src/jwks/key.rs`
//! - Proof: `algorithm.json` “HS256 with the PEM of the key rsa”; `signature.json` “RS256 with the key
//!   ec”, “another padding”, “another hash”; `key_sets.json` “a symmetric key”
//!
//! # No signature
//!
//! Elsewhere: `none` was an algorithm like others, in some spelling or by default (CVE-2022-23540, npm
//! `jsonwebtoken`). An empty signature was equal to any (CVE-2020-28042, `ServiceStack`).
//!
//! Here: names of algorithms are compared exactly, and `none` is not one. A signature has one length
//! for each key, and every token is verified.
//!
//! - Code: `algorithm` in `core/src/header.rs`; `verify` in `core/src/jwks/key.rs`, `core/src/server.rs`
//! - Proof: `algorithm.json` “none, without a signature”, “nOnE, without a signature”; `token.json` “an
//!   empty signature”; `signature.json` “cut short”, “one byte longer”
//!
//! # The key comes with the token
//!
//! Elsewhere: a key in the header (`jwk`) was trusted (CVE-2018-0114, `node-jose`; CVE-2026-34240,
//! `jose` for Dart). `jku`, `x5u` and `x5c` are the same by way of a URL or a certificate, and make the
//! server fetch what an attacker names.
//!
//! Here: of a header `alg`, `typ` and `kid` are used, and what changes the meaning of a token is
//! refused. Keys come from the issuer's set, whose URL comes from settings or from the issuer's
//! metadata.
//!
//! - Code: `parse` in `core/src/header.rs`; `find` in `core/src/jwks/source.rs`
//! - Proof: `key_id.json` “the key in the header”, “a URL of keys in the header”, “a URL of
//!   certificates in the header”, “a certificate in the header”; `key_life.json` “a token that brings a
//!   URL of keys”
//!
//! # The `kid` is a path
//!
//! Elsewhere: applications look a key up by putting `kid` into a file name, a query or a URL.
//!
//! Here: it is compared with the `kid`s of the set, byte for byte, and hashed. It reaches no file, query,
//! URL or header.
//!
//! - Code: `choose` in `core/src/jwks/set.rs`; `entry` in `core/src/jwks/missing.rs`
//! - Proof: `key_id.json` “a path”, “SQL”, “a URL”, “header injection”
//!
//! # Another issuer's key
//!
//! Elsewhere: with several issuers, all keys went into one pool, and each could sign for all.
//!
//! Here: `iss` selects the issuer, by its exact text, and with it the only keys and audiences that
//! count.
//!
//! - Code: `get` in `core/src/jwks/mod.rs`; `verify` in `core/src/server.rs`
//! - Proof: `issuer.json` “the second says it is the first”, “the second, for the audience of the
//!   first”, “ours with a slash”
//!
//! # Psychic signatures
//!
//! Elsewhere: ECDSA with r = s = 0 was valid for every message (CVE-2022-21449, Java 15 to 18).
//!
//! Here: aws-lc checks the range of both. Signatures are the two numbers at full length, never DER.
//!
//! - Code: `prepare`, `verify` in `core/src/jwks/key.rs`
//! - Proof: `signature_forms.json` “all zero”, “r is zero”, “s is zero”, “r is the order of the curve”,
//!   “in DER”, “R is the neutral point, s is zero”
//!
//! # Weak keys
//!
//! Elsewhere: RSA keys of 1024 bits and the exponent 1, under which anybody can sign, are accepted by
//! several libraries; so are keys that are published for encryption.
//!
//! Here: such keys are not usable: RSA below 2048 bits or with an even, tiny or huge exponent, points
//! that are not on their curve, Ed25519 points of small order, `use` other than `sig`, `key_ops`
//! without `verify`.
//!
//! - Code: `rsa`, `point`, `has_small_order`, `parse` in `core/src/jwks/key.rs`
//! - Proof: `key_sets.json` “an RSA key of 1024 bits”, “an exponent of 1, under which anybody can
//!   sign”, “an even exponent”, “a point off the curve”, “an Ed25519 key of small order, under which
//!   anybody can sign”, “use enc”, “key_ops without verify”
//!
//! # One bad key spoils the set
//!
//! Elsewhere: a key of an unknown type made several libraries refuse the whole set, and with it every
//! token.
//!
//! Here: keys are read one by one, and what is of no use is skipped.
//!
//! - Code: `parse` in `core/src/jwks/set.rs`
//! - Proof: `key_sets.json` “signed with the good key beside it”, “an unknown kind of key”, “null among
//!   the keys”
//!
//! # Invented `kid`s
//!
//! Elsewhere: each unknown `kid` caused a request to the issuer (CVE-2026-48524, PyJWT). With a plain
//! cooldown instead, a new key is refused when it comes right after another fetch.
//!
//! Here: one attempt per cooldown, failures included, and one to spare. What is left to a flood is in
//! [`keys`](super::keys#what-a-flood-can-do).
//!
//! - Code: `decide`, `spend` in `core/src/jwks/policy.rs`; `contains` in `core/src/jwks/missing.rs`
//! - Proof: `key_life.json` “two fetches are enough for a while”, “for all of the cooldown”, “so that a
//!   rotation finds the spare”, “the new key, as soon as it is published, right after a fetch”;
//!   `unknown_keys_cause_two_attempts_in_any_cooldown_and_one_on_average` in
//!   `core/src/jwks/policy/tests.rs`
//!
//! # A failure wipes the cache
//!
//! Elsewhere: a failed fetch emptied the cache, so that a short outage of the issuer refused every
//! token (PyJWT before 2.13). Tokens were answered with 401 or 500, which makes clients throw them
//! away.
//!
//! Here: a failed attempt leaves what is in memory, and it serves for the stale window. Keys that
//! cannot be had are 503.
//!
//! - Code: `failed` in `core/src/jwks/state.rs`; `decide` in `core/src/jwks/policy.rs`
//! - Proof: `key_outage.json` “once the keys are old, they are used all the same”, “past it: 503, never
//!   401”, “a good token: 503, never 401”;
//!   `a_usable_key_never_waits_and_a_failing_issuer_never_makes_a_token_invalid` in
//!   `core/src/jwks/policy/tests.rs`
//!
//! # A claim that is not there
//!
//! Elsewhere: a claim of the wrong type counted as absent, and its check was left out (CVE-2026-25537,
//! `jsonwebtoken` for Rust; CVE-2020-26160, `jwt-go`). Several libraries accept tokens without `exp`,
//! or without `aud` although one is configured, or a list as `iss`.
//!
//! Here: `iss`, `exp` and `aud` have to be there and of their type; what is there of other known claims
//! has to be of its type. `aud` may be absent only where `allowed_clients` is set, and then the client
//! stands in for it. No setting turns a check off.
//!
//! - Code: `check`, `check_audience`, `validity`, `date`, `strings` in `core/src/claims.rs`
//! - Proof: `validity.json` “absent”, “null”, “a text”, “in milliseconds”; `audience.json` “absent”,
//!   “an empty list”, “a part of ours”, “null is no absence”; `claims.json` “absent”; `issuer.json` “a
//!   list that holds ours”
//!
//! # Another kind of JWT
//!
//! Elsewhere: hardly any library looks at `typ`. ID tokens, DPoP proofs, logout tokens and assertions
//! of the same issuer pass as access tokens; a token that is bound to a key passes without it.
//!
//! Here: `typ` is `at+jwt`, `JWT` or absent; all else is another kind. Without `at+jwt`, claims that
//! only ID tokens and logout tokens have are refused. A token with `cnf` is refused, as no proof is
//! checked. `rfc9068_only` accepts `at+jwt` alone.
//!
//! - Code: `is_access_token` in `core/src/header.rs`; `check_kind`, `check` in `core/src/claims.rs`
//! - Proof: `token_kind.json` “an ID token without typ”, “an ID token: at_hash”, “typ "dpop+jwt"”, “a
//!   logout token: events”, “typ "oauth-id-jag+jwt"”; `claims.json` “to a key”, “to a certificate”
//!
//! # Headers that change the meaning
//!
//! Elsewhere: `crit` was ignored (CVE-2025-59420, Authlib; CVE-2026-32597, PyJWT; CVE-2026-35042,
//! `fast-jwt`). A small encrypted token unpacked to a huge one (CVE-2024-33664, python-jose).
//!
//! Here: `crit`, `b64` and `zip` are refused, whatever they say. Encrypted tokens are not read.
//!
//! - Code: `parse` in `core/src/header.rs`
//! - Proof: `token_kind.json` “crit names an extension”, “b64 false without crit”, “a compressed
//!   payload”; `token.json` “five parts: encrypted”
//!
//! # Two members of one name
//!
//! Elsewhere: one parser took the first of two members and another one the last, so that what was
//! checked was not what counted (CVE-2017-12635, `CouchDB`).
//!
//! Here: a second member of one name, after unescaping, makes a token malformed, at any depth. In a
//! JSON-RPC body the same holds wherever a member decides: at the top, in `params`, in `params._meta`
//! and in `params.ref`, and in all of `params` for a rule that is a function. Byte order marks, bytes
//! that are no UTF-8 and trailing text are refused. A body that a framework has parsed already shows no
//! second member; there the value that runs is what is judged.
//!
//! - Code: `read`, `members` in `core/src/json.rs`; `read` in `core/src/operation/read.rs`;
//!   `check_duplicates` in `core/src/json/raw.rs`
//! - Proof: `token_json.json` “in the payload: the issuer”, “in the payload: another audience, through
//!   an escape”, “in the header: the algorithm”; `operation_bodies.json` “name twice, once with an
//!   escape”, “a byte order mark”, “a second message after it”; `operation_functions.json` “a nested
//!   member of the arguments twice”
//!
//! # Private names of `serde_json`
//!
//! Elsewhere: with some features of `serde_json` switched on, an object with a certain member name is
//! read as a number or as JSON text to be parsed again. In a resource server for Rust this hid the name
//! of a tool from its policy.
//!
//! Here: bodies are read member by member and never through `serde_json`'s `Value`. An object with such
//! a name is an object without what decides. In a token the name of text to be parsed again is refused.
//!
//! - Code: `read`, `members` in `core/src/json.rs`; `read` in `core/src/operation/read.rs`
//! - Proof: `token_json.json` “raw text as an unknown claim”; `operations.json` “the private member
//!   name of a JSON library as params”, “the private number of a JSON library as the message”
//!
//! # Text of the client in a header
//!
//! Elsewhere: messages quote the token's claims, the path or `Host` in `WWW-Authenticate`; a quote or a
//! line break then writes the rest of the header. Challenges name a metadata URL made of `Host`.
//!
//! Here: headers and bodies of refusals are constants and settings, and settings that would need an
//! escape are refused when the server is built.
//!
//! - Code: `denial` in `core/src/challenge.rs`; `parse_url` in `core/src/identifier.rs`
//! - Proof: `challenge.json` “in the issuer”, “in the kid”, “in a scope”, “in the target”, “the
//!   challenge names its metadata, whatever Host says”; `configuration.json` “a line break in
//!   challenge_scopes”
//!
//! # Around the rule of a tool
//!
//! Elsewhere: the decision is made on `Mcp-Method` and `Mcp-Name`, and a server that is told an old
//! protocol version does not compare them with the body. Names in another case were taken for the real
//! ones by the server behind (CVE-2026-27896, MCP SDK for Go).
//!
//! Here: the body decides, and what was judged is handed on. Headers that are present have to agree
//! with it. A member that differs only in case from one that decides is refused, and so is a method. A
//! batch needs what all its messages need. Once one tool is named, the others are closed. A body under
//! another name than POST is refused, whatever it says, since a handler might not look at the name.
//!
//! - Code: `judge`, `needs_without_body`, `needs`, `add` in `core/src/operation/mod.rs`; `is_variant` in
//!   `core/src/operation/read.rs`
//! - Proof: `operation_headers.json` “the header names a tool that is allowed, the body one that is
//!   not”, “an old version does not switch the rules off”; `operation_bodies.json` “Method alone at the
//!   top”, “one that it is not good for, last”; `operations.json` “the method in upper case is no way
//!   around”, “a call that says it is a response too”, “an unlisted tool”; `operation_bodies.json`
//!   “PUT”, “a preflight has none”
//!
//! # Around the rule of a resource
//!
//! Elsewhere: a prefix was compared as text, and dot segments or escapes led out of it.
//!
//! Here: a prefix ends at a slash. A URI that some server could read as another one falls under no rule
//! but its own.
//!
//! - Code: `look_up` in `core/src/operation/resources.rs`; `canonical`, `covers` in
//!   `core/src/operation/uri.rs`
//! - Proof: `operation_resources.json` “a dot segment”, “an escaped slash”, “a backslash”, “a double
//!   escape”, “a prefix ends at a slash”, “what some server might read as a listed one”
//!
//! # Around protection by a path
//!
//! Elsewhere: requests are let through if their path contains `.well-known` or begins like it, and any
//! path can.
//!
//! Here: the metadata paths and public routes are compared as a whole, as the client sent them. All
//! else needs a token, unknown paths included, and a policy belongs to a handler and not to a path.
//!
//! - Code: `without_credentials` in `core/src/guard.rs`; `respond` in `core/src/metadata.rs`
//! - Proof: `metadata.json` “a path that contains .well-known”, “a path that goes on without a slash”,
//!   “a query that contains it”, “dot segments that lead away from it”; `guard.json` “an unknown path”,
//!   “in other case”, “OPTIONS alone”
//!
//! # A token elsewhere, or two
//!
//! Elsewhere: a token in the query is accepted by default, and gets into logs. Of two `Authorization`
//! fields one library sees the first and another one the last.
//!
//! Here: only the `Authorization` field counts. Two credentials are 400, however they are sent.
//!
//! - Code: `from_values` in `core/src/credentials.rs`; `field` in `core/src/request.rs`
//! - Proof: `credentials.json` “in the query”, “in a cookie”, “two fields”, “a list of two credentials”
//!
//! # Keys by way of a redirect
//!
//! Elsewhere: a redirect of the key set to another origin was followed, and the tokens of whoever
//! answers there passed.
//!
//! Here: a redirect is a failed answer. The built-in fetch follows none, and no 3xx of any other fetch
//! counts, except a 304 that was asked for.
//!
//! - Code: `build` in `core/src/fetch/client.rs`; `accept` in `core/src/jwks/download.rs`
//! - Proof: `key_outage.json` “At first: A redirect for now, which is not followed”; `discovery.json`
//!   “The first form is a redirect, which is not followed”;
//!   `redirects_and_coded_bodies_are_reported_as_they_are` in `core/src/fetch/client/tests.rs`
//!
//! # Too much, too deep, too slow
//!
//! Elsewhere: key sets of 20 MB and coded bodies that unpack to more are read whole. A server that
//! sends a byte now and then holds requests for ever, since a timeout starts anew with each byte. Deep
//! JSON and numbers such as 1e400 are answered with 500.
//!
//! Here: a token, a body, a document, its depth and the time for all of an attempt have limits, and no
//! coding is taken off. What exceeds a limit has a constant answer.
//!
//! - Code: `get` in `core/src/fetch/client.rs`, `core/src/jwks/download.rs`; `accept` in
//!   `core/src/jwks/download.rs`; `read` in `core/src/json.rs`; `judge` in
//!   `core/src/operation/mod.rs`
//! - Proof: `key_outage.json` “At first: Too long an answer”, “At first: A content coding that was not
//!   asked for”, “At first: No answer in time”; `token.json` “one byte longer”; `token_json.json`
//!   “nesting of 5,000 levels”, “1e400 as exp”; `operation_bodies.json` “one byte longer”, “the coding
//!   gzip”, “101 messages”; `a_body_over_the_limit_is_cut_off`, `a_server_that_drips_is_cut_off` in
//!   `core/src/fetch/client/tests.rs`; `one_deadline_covers_metadata_and_keys` in
//!   `core/src/jwks/tests/answers.rs`
//!
//! # Requests that metadata causes
//!
//! Elsewhere: metadata of one issuer was taken for another's, and the URL of the keys could be anything
//! that a client library opens, plain http and local files included.
//!
//! Here: metadata is the issuer's own, by an `issuer` that is equal byte for byte, or it does not
//! count. Its `jwks_uri` is https, without user and fragment; http only as for the issuer itself. What
//! remains: whoever controls an issuer's metadata can make this server send a GET, without credentials,
//! to an https URL of any host, private ones included. No client sees anything of the answer. Where
//! that matters, name the URL with [`Issuer::jwks_uri`](crate::Issuer::jwks_uri).
//!
//! - Code: `judge` in `core/src/jwks/discovery.rs`; `discover` in `core/src/jwks/download.rs`;
//!   `parse_url` in `core/src/identifier.rs`
//! - Proof: `key_targets.json` “Plain http: "http://as.example.com/keys"”, “Plain http on this machine:
//!   "http://127.0.0.1/keys"”, “A file: "file:///etc/passwd"”, “A user and a password:
//!   "https://user:password@as.example.com/keys"”; `discovery.json` “The issuer has a slash too many”,
//!   “The first form is of another issuer: the next is asked”; `configuration.json` “http on a private
//!   address”, “but not to those of an https issuer”
#![allow(rustdoc::bare_urls, reason = "vectors are named by URLs that nobody should follow")]
