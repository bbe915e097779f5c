//! [`tower`](https://docs.rs/tower) layers for any HTTP stack.
//!
//! [`ProtectLayer`] goes around the whole application, inside its CORS layer: it serves the
//! metadata and demands a valid token for everything else. [`RequireLayer`] goes around a route
//! and adds what that route needs; [`OperationsLayer`] goes around the handler of an MCP endpoint
//! and decides each operation. The verified [`AccessToken`] is in the request's extensions.
//!
//! These are translations only: every decision is made in [`Guard`], [`ResourceServer`] and
//! [`OperationGuard`].

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{self, Context, Poll};

use bytes::Bytes;
use http::Extensions;
use http::request::Parts;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Either};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::access_token::AccessToken;
use crate::decision::{Decision, Denial, Headers, Response};
use crate::guard::{Entry, Guard, OperationGuard};
use crate::operation::{OperationPolicy, OperationRequest};
use crate::request::Request;
use crate::requirement::Requirement;
use crate::server::ResourceServer;

/// The body of a response: of a guard's answer, or the application's.
pub type ResponseBody<B> = Either<AnswerBody, B>;

pin_project! {
    /// A response on its way.
    pub struct ResponseFuture<F, B, E> {
        #[pin]
        state: State<F, B, E>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<F, B, E> {
        // A guard answers.
        Answer { #[pin] response: Ready<Outcome<B, E>> },
        // The application answers, with these fields added.
        Application { #[pin] response: F, fields: Headers },
        // A guard waits, then either answers.
        Guard { response: Pin<Box<dyn Future<Output = Outcome<B, E>> + Send>> },
    }
}

type Outcome<B, E> = Result<http::Response<ResponseBody<B>>, E>;

/// The body of a guard's answer.
#[derive(Clone, Debug)]
pub struct AnswerBody(Option<Bytes>);

/// Protects everything behind it.
#[derive(Clone, Debug)]
pub struct ProtectLayer(Guard);

/// Adds a requirement to what is behind it. Needs a [`ProtectLayer`] around it.
#[derive(Clone, Debug)]
pub struct RequireLayer(Arc<Requirement>);

/// Decides each operation of the MCP endpoint behind it.
#[derive(Clone, Debug)]
pub struct OperationsLayer(OperationGuard);

/// The service that a layer of this module makes.
#[derive(Clone, Debug)]
pub struct Guarded<G, S> {
    gate: G,
    inner: S,
}

impl ProtectLayer {
    /// Protects with a guard, or just a [`ResourceServer`] by way of [`Guard::new`].
    #[must_use]
    pub const fn new(guard: Guard) -> Self {
        Self(guard)
    }
}

impl RequireLayer {
    /// Demands what the requirement says.
    #[must_use]
    pub fn new(requirement: Requirement) -> Self {
        Self(Arc::new(requirement))
    }
}

impl OperationsLayer {
    /// Judges with a policy. Inside a [`ProtectLayer`] of the same server the token that it left
    /// is used; alone, this layer authenticates.
    #[must_use]
    pub const fn new(server: ResourceServer, policy: OperationPolicy) -> Self {
        Self(OperationGuard::new(server, policy))
    }
}

/// Whether a request goes on to the application, with fields to add to its response.
#[doc(hidden)]
pub type Passed = Result<Headers, Response>;

#[doc(hidden)]
pub trait Gate<B>: Clone + Send + 'static {
    /// `Pending` if something has to be waited for.
    fn try_pass(&self, request: &mut http::Request<B>) -> Poll<Passed>;

    fn pass(self, parts: &mut Parts, body: B) -> impl Future<Output = Result<(B, Headers), Response>> + Send;
}

impl<B: Send + 'static> Gate<B> for ProtectLayer {
    fn try_pass(&self, request: &mut http::Request<B>) -> Poll<Passed> {
        let entry = self.0.try_enter(&Request::from(&*request));
        entry.map(|entry| self.admit(request.extensions_mut(), entry))
    }

    async fn pass(self, parts: &mut Parts, body: B) -> Result<(B, Headers), Response> {
        let entry = self.0.enter(&Request::from(&*parts)).await;
        self.admit(&mut parts.extensions, entry).map(|fields| (body, fields))
    }
}

impl ProtectLayer {
    fn admit(&self, extensions: &mut Extensions, entry: Entry) -> Passed {
        let fields = match entry {
            Entry::Authenticated { token, response_headers } => {
                extensions.insert(token);
                response_headers
            }
            // A token that an outer guard has left is that of its own server.
            Entry::Public => {
                extensions.remove::<AccessToken>();
                Headers::new()
            }
            Entry::Answer(response) => return Err(response),
            Entry::Denied(denial) => return Err(denial.into()),
            // Only the guard of an MCP endpoint leaves anything to be judged.
            Entry::Anonymous => return Err(Denial::internal().into()),
        };
        extensions.insert(self.0.server().clone());
        Ok(fields)
    }
}

impl<B: Send + 'static> Gate<B> for RequireLayer {
    fn try_pass(&self, request: &mut http::Request<B>) -> Poll<Passed> {
        let extensions = request.extensions();
        let Some(server) = extensions.get::<ResourceServer>() else {
            return Poll::Ready(Err(Denial::internal().into()));
        };
        let decision = match extensions.get::<AccessToken>() {
            Some(token) => Poll::Ready(server.permit(token.clone(), &self.0)),
            // On a public route that asks for a token all the same.
            None => server.try_authorize(&Request::from(&*request), &self.0),
        };
        decision.map(|decision| Self::admit(request.extensions_mut(), decision))
    }

    async fn pass(self, parts: &mut Parts, body: B) -> Result<(B, Headers), Response> {
        let Some(server) = parts.extensions.get::<ResourceServer>() else {
            return Err(Denial::internal().into());
        };
        let decision = server.authorize(&Request::from(&*parts), &self.0).await;
        Self::admit(&mut parts.extensions, decision).map(|fields| (body, fields))
    }
}

impl RequireLayer {
    fn admit(extensions: &mut Extensions, decision: Decision) -> Passed {
        match decision {
            Decision::Allowed { token, response_headers } => {
                extensions.get_or_insert(token);
                Ok(response_headers)
            }
            Decision::Denied(denial) => Err(denial.into()),
        }
    }
}

impl<B> Gate<B> for OperationsLayer
where
    B: Body<Data = Bytes, Error: Send> + From<Bytes> + Send + 'static,
{
    /// There is a body to be read.
    fn try_pass(&self, _: &mut http::Request<B>) -> Poll<Passed> {
        Poll::Pending
    }

    async fn pass(self, parts: &mut Parts, body: B) -> Result<(B, Headers), Response> {
        let (token, fields) = match left_by_guard(&parts.extensions, self.0.server()) {
            Some(token) => (Some(token.clone()), Headers::new()),
            None => match self.0.enter(&Request::from(&*parts)).await {
                Entry::Authenticated { token, response_headers } => {
                    parts.extensions.insert(token.clone());
                    parts.extensions.insert(self.0.server().clone());
                    (Some(token), response_headers)
                }
                Entry::Anonymous => (None, Headers::new()),
                Entry::Answer(response) => return Err(response),
                Entry::Denied(denial) => return Err(denial.into()),
                // Only a guard of a whole application knows public routes.
                Entry::Public => return Err(Denial::internal().into()),
            },
        };
        let judged = if OperationPolicy::reads_body(parts.method.as_str()) {
            read(body, self.0.policy().body_limit()).await
        } else {
            Bytes::new()
        };
        let headers = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let operation = OperationRequest::new(parts.method.as_str(), headers, &judged);
        match self.0.permit(token, &operation).adding(fields) {
            Decision::Allowed { response_headers, .. } => Ok((B::from(judged), response_headers)),
            Decision::Denied(denial) => Err(denial.into()),
        }
    }
}

/// The token that a guard around this layer has verified. What another server has verified is for
/// another audience, and does not count.
fn left_by_guard<'a>(extensions: &'a Extensions, server: &ResourceServer) -> Option<&'a AccessToken> {
    extensions.get::<ResourceServer>().filter(|verifier| verifier.is(server))?;
    extensions.get()
}

/// Reads until the limit is passed, which is enough for the policy to see the excess. A body that
/// breaks off is as good as none, and one that comes in one piece is not copied.
async fn read<B: Body<Data = Bytes>>(body: B, limit: usize) -> Bytes {
    let mut body = pin!(body);
    let mut first = Bytes::new();
    let mut whole = Vec::new();
    while first.len().max(whole.len()) <= limit
        && let Some(frame) = body.frame().await
    {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) if first.is_empty() => first = data,
            Ok(Ok(data)) => {
                if whole.is_empty() {
                    whole.extend_from_slice(&first);
                }
                whole.extend_from_slice(&data);
            }
            Ok(Err(_trailers)) => {}
            Err(_) => return Bytes::new(),
        }
    }
    if whole.is_empty() { first } else { whole.into() }
}

impl<S> Layer<S> for ProtectLayer {
    type Service = Guarded<Self, S>;

    fn layer(&self, inner: S) -> Self::Service {
        Guarded { gate: self.clone(), inner }
    }
}

impl<S> Layer<S> for RequireLayer {
    type Service = Guarded<Self, S>;

    fn layer(&self, inner: S) -> Self::Service {
        Guarded { gate: self.clone(), inner }
    }
}

impl<S> Layer<S> for OperationsLayer {
    type Service = Guarded<Self, S>;

    fn layer(&self, inner: S) -> Self::Service {
        Guarded { gate: self.clone(), inner }
    }
}

impl<G, S, B, R> Service<http::Request<B>> for Guarded<G, S>
where
    G: Gate<B>,
    B: Send + 'static,
    S: Service<http::Request<B>, Response = http::Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
{
    type Response = http::Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let state = match self.gate.try_pass(&mut request) {
            Poll::Ready(Ok(fields)) => State::Application { response: self.inner.call(request), fields },
            Poll::Ready(Err(answer)) => {
                State::Answer { response: ready(Ok(answer.into_http().map(Either::Left))) }
            }
            Poll::Pending => {
                // The service that was polled ready is the one to call; its clone waits for the next.
                let next = self.inner.clone();
                let mut inner = std::mem::replace(&mut self.inner, next);
                let gate = self.gate.clone();
                State::Guard {
                    response: Box::pin(async move {
                        let (mut parts, body) = request.into_parts();
                        match gate.pass(&mut parts, body).await {
                            Ok((body, fields)) => {
                                let request = http::Request::from_parts(parts, body);
                                Ok(with_fields(inner.call(request).await?, fields))
                            }
                            Err(answer) => Ok(answer.into_http().map(Either::Left)),
                        }
                    }),
                }
            }
        };
        ResponseFuture { state }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B, E>
where
    F: Future<Output = Result<http::Response<B>, E>>,
{
    type Output = Outcome<B, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            Projected::Answer { response } => response.poll(context),
            Projected::Application { response, fields } => {
                let response = task::ready!(response.poll(context))?;
                Poll::Ready(Ok(with_fields(response, std::mem::take(fields))))
            }
            Projected::Guard { response } => response.as_mut().poll(context),
        }
    }
}

/// The application's response.
fn with_fields<B>(response: http::Response<B>, fields: Headers) -> http::Response<ResponseBody<B>> {
    let mut response = response.map(Either::Right);
    response.headers_mut().extend(fields);
    response
}

/// Says nothing about what is on its way.
impl<F, B, E> std::fmt::Debug for ResponseFuture<F, B, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

impl Response {
    /// The response in the types of the `http` crate.
    pub(crate) fn into_http(self) -> http::Response<AnswerBody> {
        let body = Some(self.body).filter(|body| !body.is_empty());
        let mut response = http::Response::new(AnswerBody(body));
        *response.status_mut() = http::StatusCode::from_u16(self.status).unwrap_or_default();
        response.headers_mut().extend(self.headers);
        response
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    /// An empty body states no length: an answer to HEAD and a 304 have none to state (RFC 9110
    /// section 8.6), but axum would; for the others the HTTP server does.
    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(SizeHint::default, |data| SizeHint::with_exact(data.len() as u64))
    }
}
