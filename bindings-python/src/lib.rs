//! The native module of the Python package `mcp_bearer`.
//!
//! Each function converts in, makes one call of the core, and converts out. Nothing is decided here:
//! what a token or a call is worth is the core's business, what ASGI or FastAPI want is that of the
//! Python modules beside this one. The public documentation is in `python/mcp_bearer/_mcp_bearer.pyi`.

mod access_token;
mod cli;
mod convert;
mod decision;
mod fields;
mod guard;
mod health;
mod issuers;
mod metadata;
mod observe;
mod operation;
mod pending;
mod request;
mod requirement;
mod server;
mod testing;

#[pyo3::pymodule(gil_used = false)]
mod _mcp_bearer {
    #[pymodule_export]
    use crate::access_token::AccessToken;
    #[pymodule_export]
    use crate::cli::cli;
    #[pymodule_export]
    use crate::decision::{Authentication, Decision, Denial, Response};
    #[pymodule_export]
    use crate::guard::{Entry, Guard, OperationGuard};
    #[pymodule_export]
    use crate::health::{KeyHealth, KeysHealth};
    #[pymodule_export]
    use crate::issuers::{Issuer, Issuers};
    #[pymodule_export]
    use crate::metadata::{MetadataRoutes, ProtectedResourceMetadata};
    #[pymodule_export]
    use crate::observe::{DecisionEvent, Stats, TokenCacheStats};
    #[pymodule_export]
    use crate::operation::{Call, OperationPolicy};
    #[pymodule_export]
    use crate::pending::Pending;
    #[pymodule_export]
    use crate::request::Request;
    #[pymodule_export]
    use crate::requirement::Requirement;
    #[pymodule_export]
    use crate::server::ResourceServer;
    #[pymodule_export]
    use crate::testing::{ManualClock, TestIssuer};
}
