//! What types promise to whoever shares them between threads and tasks: this has to compile.
#![allow(missing_docs, reason = "a test")]

use mcp_bearer::{
    AccessToken, Decision, Denial, Guard, Issuers, OperationGuard, OperationPolicy, Request, Requirement,
    ResourceServer,
};

const fn shared<T: Clone + Send + Sync + 'static>() {}
const fn answered<F: Future + Send>(_: &F) {}

const _: () = {
    shared::<AccessToken>();
    shared::<Decision>();
    shared::<Denial>();
    shared::<Guard>();
    shared::<Issuers>();
    shared::<OperationGuard>();
    shared::<OperationPolicy>();
    shared::<Requirement>();
    shared::<ResourceServer>();
};

const _: fn(&ResourceServer, &Guard, &Request<'_>) = |server, guard, request| {
    answered(&server.authenticate(request));
    answered(&server.authorize(request, &Requirement::none()));
    answered(&guard.enter(request));
};
