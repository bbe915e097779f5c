//! Performance: what a check costs, how to read the figures, and what a deployment should set.
//!
//! `make bench` measures all of it beside other libraries: in one process for each language, and as
//! CPU per request of axum, Express and FastAPI servers. Every case runs in every round, one after the
//! other. `make instructions`, a part of `make test`, counts the instructions of the hot paths under
//! valgrind and fails if they are not those of the baseline.
//!
//! # Where the time goes
//!
//! A token that was not seen before costs its signature, and 15,000 instructions, beside 295,000 for a
//! signature of RS256 with 2048 bits. Of these, for a token of 993 bytes:
//!
//! | what | share |
//! |---|---|
//! | JSON of the claims: grammar, duplicates, depth | not quite one half |
//! | what is kept of the claims, and the token itself | a seventh |
//! | base64url of claims and signature | an eighth |
//! | a place in the cache, and dropping what was there | a sixteenth |
//! | the `Authorization` field | a sixteenth |
//! | all rules: algorithm, type, issuer, audience, time, key | the rest, a sixth |
//!
//! Tokens by one key have the same JOSE header, letter by letter. The last one that was under a good
//! signature is known by its text; any other costs about 2,300 instructions more.
//!
//! A token seen before costs 0.13 to 0.2 µs, as the machine is: a look at the `Authorization` field, a
//! hash of the last 48 bytes, a comparison of all bytes, the time, and whether its key is still in the
//! set. A refused token costs what was looked at until then, and the text of the answer.
//!
//! A `tools/call` of 2 KB costs an operation policy 1.8 to 4.1 µs, most of it to read over the arguments.
//! The number of tools, keys in a set, issuers, and tokens seen so far changes nothing.
//!
//! # In a server
//!
//! What a framework wants so that a request is looked at comes on top, and is more than the check. The
//! middleware for ASGI takes 27,000 instructions of CPython 3.11 for a request with four fields:
//!
//! | what | instructions |
//! |---|--:|
//! | the check, of a token seen before | 3,700 |
//! | what decides, taken from the scope of the request | 4,500 |
//! | the decision as an object, and one for those further in | 5,600 |
//! | `request.state` | 2,100 |
//! | the user of the `mcp` package, and the context variable that its tools read | 4,300 |
//! | two coroutines, and a look at each message before it is sent | 6,600 |
//!
//! The layer for tower takes 3,100 where axum's router takes 13,100, the check included. Of what an
//! operation policy adds to a `tools/call` of 2 KB there, 28,000, two thirds are the one pass over its
//! arguments.
//!
//! In Express the policy has to wait for a body that the framework reads afterwards. A middleware that
//! only reads it and hands it back costs a fifth to nearly a half of what the policy does.
//!
//! # Memory
//!
//! A remembered token of 744 bytes takes 1.4 KB; longer ones take as much more as they are longer.
//! Tokens beyond 4 KiB are not kept. The default cache of 4,096 tokens therefore takes about 6 MB when
//! it is full, and about 20 MB if all of them are that long. Room for them is made as they come. In a
//! full cache a new token takes the place of one that was not asked for of late.
//!
//! # What was tried and did not help
//!
//! - `serde_json` for the claims, with borrowed strings and its own check for duplicates: nearly twice
//!   the instructions of the strict reader.
//! - One piece of memory for token, payload and claims: it is larger than what the allocator of the
//!   C library keeps at hand, and the check 0.4 µs slower.
//! - Optimisation across crates: no difference for a check.
//! - A cache with a lock for each shard: two threads that ask for one token get fewer answers together
//!   than one alone. Of rows of eight places, each changed as a whole, they get more.
//! - Another allocator in the Python package: nothing that could be told from noise.
//! - For claims, functions on what is left of a text, each giving what is left after it: 4 % more
//!   instructions for an unseen token. For what is only read over they take a fifth less.
//!
//! # How to read the figures
//!
//! Ratios in one run, never microseconds of two. The median says what to expect, the best round what
//! the code can do when nobody disturbs it; where they differ much, the machine was busy. In process
//! all caches are warm, so that a check in a server costs more than there, ours and everybody's.
//!
//! # What to set
//!
//! - [`token_cache`](crate::Builder::token_cache): as many tokens as are in use at a time, each for as
//!   long as it is good. [`stats`](crate::ResourceServer::stats) tells how many
//!   requests it answers; a rate below one half with many users is a reason for a larger one. Each
//!   worker process has its own.
//! - [`algorithms`](crate::Builder::algorithms): where the authorization server gives the choice,
//!   RS256 is the quickest to check, by a factor of two or three; tokens with Ed25519 and ES256 are
//!   shorter.
//! - [`warm_up`](crate::ResourceServer::warm_up) at the start, so that the first request does not wait
//!   for keys.
