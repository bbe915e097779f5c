//! What stands in front of a whole application, and of an MCP endpoint in it.
//!
//! [`Guard`] lets metadata, preflights and public routes through and demands a valid token for all
//! the rest. Paths only ever let something through; they never select protection. An unknown path
//! is therefore 401 without a token, and the framework's own 404 with one.
//!
//! [`OperationGuard`] belongs to the handler of an MCP endpoint and judges each operation.

use std::sync::Arc;
use std::task::Poll;

use crate::access_token::AccessToken;
use crate::decision::{Authentication, Decision, Denial, Headers, Response};
use crate::error::ConfigError;
use crate::metadata::MetadataRoutes;
use crate::operation::{OperationPolicy, OperationRequest};
use crate::request::Request;
use crate::server::ResourceServer;

/// Protects one application with one [`ResourceServer`]. Adapters are translations of this. Cheap to
/// clone, as axum clones services for every request.
#[derive(Clone, Debug)]
pub struct Guard {
    server: ResourceServer,
    metadata: MetadataRoutes,
    public_routes: Arc<[String]>,
}

/// How a request goes on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Entry {
    /// Hand it to the application.
    #[non_exhaustive]
    Authenticated {
        /// Who is calling.
        token: AccessToken,
        /// Fields to add to the response, whatever it is. Empty unless a proof scheme needs some.
        response_headers: Headers,
    },
    /// Hand it to the application as it is: a preflight or a public route.
    Public,
    /// No credentials, and some operations, or a preflight, need none: judge it without a token.
    Anonymous,
    /// Answer with this: metadata.
    Answer(Response),
    /// Answer with this: a refusal.
    Denied(Denial),
}

impl Guard {
    /// Guards an application that is one resource.
    #[must_use]
    pub fn new(server: ResourceServer) -> Self {
        let metadata = MetadataRoutes::of(server.metadata().clone());
        Self { server, metadata, public_routes: Arc::default() }
    }

    /// Further paths that need no token, such as a health check: compared exactly, case and
    /// slashes included.
    ///
    /// # Errors
    /// A path that does not start with a slash, or has a query or a `*`: there are no patterns.
    pub fn public_routes<S: Into<String>>(
        mut self,
        paths: impl IntoIterator<Item = S>,
    ) -> Result<Self, ConfigError> {
        self.public_routes = paths.into_iter().map(Into::into).collect();
        if self.public_routes.iter().any(|path| !path.starts_with('/') || path.contains(['?', '#', '*'])) {
            return Err(ConfigError::new("public_routes", "must be exact paths, such as /health"));
        }
        Ok(self)
    }

    /// Lets a request in, or answers it.
    pub async fn enter(&self, request: &Request<'_>) -> Entry {
        match self.without_credentials(request) {
            Some(entry) => entry,
            None => self.server.authenticate(request).await.into(),
        }
    }

    /// [`enter`](Self::enter) without I/O: `Pending` if keys must be fetched first.
    pub fn try_enter(&self, request: &Request<'_>) -> Poll<Entry> {
        match self.without_credentials(request) {
            Some(entry) => Poll::Ready(entry),
            None => self.server.try_authenticate(request).map(Entry::from),
        }
    }

    /// Whose tokens are checked here.
    #[must_use]
    pub const fn server(&self) -> &ResourceServer {
        &self.server
    }

    /// The metadata that is served here.
    #[must_use]
    pub const fn metadata(&self) -> &MetadataRoutes {
        &self.metadata
    }

    /// What needs no token at all. A CORS preflight cannot carry one (Fetch standard, 4.8).
    fn without_credentials(&self, request: &Request<'_>) -> Option<Entry> {
        if let Some(answer) = self.metadata.respond(request) {
            return Some(Entry::Answer(answer));
        }
        let path = request.path();
        let public = request.is_preflight() || self.public_routes.iter().any(|own| own == path);
        public.then_some(Entry::Public)
    }
}

/// Protects the handler of one MCP endpoint, operation by operation.
///
/// An adapter takes the token that the [`Guard`] around the application left, or calls
/// [`enter`](Self::enter) where there is none; it then reads the body, if
/// [`OperationPolicy::reads_body`], up to [`OperationPolicy::body_limit`]; it calls
/// [`permit`](Self::permit), and hands on exactly the bytes that were judged.
#[derive(Clone, Debug)]
pub struct OperationGuard {
    server: ResourceServer,
    policy: OperationPolicy,
}

impl OperationGuard {
    /// Guards an endpoint.
    #[must_use]
    pub const fn new(server: ResourceServer, policy: OperationPolicy) -> Self {
        Self { server, policy }
    }

    /// Who is calling. Bad credentials are refused here, before the body is read.
    pub async fn enter(&self, request: &Request<'_>) -> Entry {
        match self.without_credentials(request) {
            Some(entry) => entry,
            None => self.server.authenticate_for(request, self.policy.base()).await.into(),
        }
    }

    /// [`enter`](Self::enter) without I/O: `Pending` if keys must be fetched first.
    pub fn try_enter(&self, request: &Request<'_>) -> Poll<Entry> {
        match self.without_credentials(request) {
            Some(entry) => Poll::Ready(entry),
            None => self.server.try_authenticate_for(request, self.policy.base()).map(Entry::from),
        }
    }

    /// May they. `token` is `None` after [`Entry::Anonymous`].
    #[must_use]
    pub fn permit(
        &self,
        token: Option<AccessToken>,
        request: &OperationRequest<'_>,
    ) -> Decision<Option<AccessToken>> {
        self.server.permit_operation(token, &self.policy, request)
    }

    /// Whose tokens are checked here.
    #[must_use]
    pub const fn server(&self) -> &ResourceServer {
        &self.server
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &OperationPolicy {
        &self.policy
    }

    /// What needs no token, as far as that is known without the body. Public means that no credentials
    /// are needed, not that bad ones are ignored.
    fn without_credentials(&self, request: &Request<'_>) -> Option<Entry> {
        let anonymous =
            request.is_preflight() || (self.policy.has_public_operations() && request.has_no_token());
        anonymous.then_some(Entry::Anonymous)
    }
}

impl From<Authentication> for Entry {
    fn from(authentication: Authentication) -> Self {
        match authentication {
            Authentication::Authenticated { token, response_headers } => {
                Self::Authenticated { token, response_headers }
            }
            Authentication::Denied(denial) => Self::Denied(denial),
        }
    }
}
