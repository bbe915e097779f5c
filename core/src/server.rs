//! The resource server: who is calling, and may they.
//!
//! The path of a request is [`Inner::verify`], top to bottom. It does no I/O: when keys have to be
//! fetched first it says so, and the `async` forms wait for that fetch and ask again.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crate::access_token::AccessToken;
use crate::builder::Builder;
use crate::cache::{Entry, TokenCache, Verified};
use crate::challenge::Denials;
use crate::claims::{ClaimRules, Claims};
use crate::clock::UnixTime;
use crate::credentials::BearerToken;
use crate::decision::{Authentication, Decision, Denial, Headers};
use crate::error::Reason;
use crate::header::LastHeader;
use crate::jwks::{Find, Flight, Issuers, KeysHealth, VerificationKey, Waited};
use crate::metadata::ProtectedResourceMetadata;
use crate::observe::{Check, Observers, Outcome, Stats, Watch};
use crate::operation::{Needs, OperationPolicy, OperationRequest, Refusal};
use crate::request::Request;
use crate::requirement::Requirement;
use crate::scope::{ScopeHierarchy, ScopeSet};
use crate::token::{CompactJws, TokenRules};

/// An OAuth 2.1 resource server for one resource. Cheap to clone, safe to share.
///
/// ```
/// # #[cfg(feature = "testing")] {
/// use mcp_bearer::{Decision, Request, Requirement, ResourceServer};
/// use mcp_bearer::testing::Issuer;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let issuer = Issuer::new("https://as.example.com");
/// let server = ResourceServer::builder("https://mcp.example.com/mcp")
///     .issuers(issuer.issuers())
///     .build()?;
///
/// let authorization = issuer.token("https://mcp.example.com/mcp").scope("todo:read").authorization();
/// let request = Request::new("GET", "/todos").authorization(authorization.as_bytes());
///
/// match server.authorize(&request, &Requirement::scope("todo:read")?).await {
///     Decision::Allowed { token, .. } => assert_eq!(token.issuer(), "https://as.example.com"),
///     Decision::Denied(denial) => panic!("{}", denial.reason),
///     _ => unreachable!(),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ResourceServer(Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) issuers: Issuers,
    pub(crate) token_rules: TokenRules,
    pub(crate) claim_rules: ClaimRules,
    pub(crate) hierarchy: ScopeHierarchy,
    pub(crate) denials: Denials,
    /// Repeat the token's own scopes in a 403, for clients that replace instead of uniting.
    pub(crate) challenge_granted_scopes: bool,
    pub(crate) scopes_supported: ScopeSet,
    pub(crate) metadata: ProtectedResourceMetadata,
    pub(crate) cache: TokenCache,
    pub(crate) observers: Observers,
    pub(crate) last_header: LastHeader,
}

/// Why [`Inner::verify`] stopped.
enum Stop {
    Refused(Reason),
    Unavailable(Duration),
    Wait(Flight),
}

impl ResourceServer {
    /// Settings for the resource with this identifier: the full URL of the MCP endpoint, or the
    /// origin, exactly as clients and tokens spell it.
    pub fn builder(resource: impl Into<String>) -> Builder {
        Builder::new(resource.into())
    }

    /// Who is calling.
    pub async fn authenticate(&self, request: &Request<'_>) -> Authentication {
        self.authenticate_for(request, &Requirement::none()).await
    }

    /// May they: whether a verified token satisfies a requirement.
    #[must_use]
    pub fn permit(&self, token: AccessToken, requirement: &Requirement) -> Decision {
        let watch = self.0.observers.watch(Check::Requirement);
        let refused = requirement.check(&token, &self.0.hierarchy).err();
        watch.end(Outcome { reason: refused, token: Some(&token), ..Outcome::default() });
        match refused {
            None => Decision::allowed(token),
            Some(reason) => Decision::Denied(self.0.forbid(reason, &token, requirement)),
        }
    }

    /// [`authenticate`](Self::authenticate), then [`permit`](Self::permit).
    pub async fn authorize(&self, request: &Request<'_>, requirement: &Requirement) -> Decision {
        self.decide(self.authenticate_for(request, requirement).await, requirement)
    }

    /// [`authenticate`](Self::authenticate) without I/O: `Pending` if keys must be fetched first.
    pub fn try_authenticate(&self, request: &Request<'_>) -> Poll<Authentication> {
        self.try_authenticate_for(request, &Requirement::none())
    }

    /// [`authorize`](Self::authorize) without I/O: `Pending` if keys must be fetched first.
    pub fn try_authorize(&self, request: &Request<'_>, requirement: &Requirement) -> Poll<Decision> {
        self.try_authenticate_for(request, requirement)
            .map(|authentication| self.decide(authentication, requirement))
    }

    /// May they, for a JSON-RPC message on an endpoint with an operation policy.
    ///
    /// `token` is what authentication gave; `None` is for requests without credentials, which only
    /// [public operations](crate::operation::OperationPolicyBuilder::public_methods) let through.
    #[must_use]
    pub fn permit_operation(
        &self,
        token: Option<AccessToken>,
        policy: &OperationPolicy,
        request: &OperationRequest<'_>,
    ) -> Decision<Option<AccessToken>> {
        let watch = self.0.observers.watch(Check::Operation);
        let judged = policy.judge(request, token.as_ref());
        let operation = judged.as_ref().ok().and_then(|needs| needs.operation);
        let outcome = self.0.allow(judged, token.as_ref());
        let reason = outcome.as_ref().err().map(|denial| denial.reason);
        watch.end(Outcome { reason, token: token.as_ref(), operation, ..Outcome::default() });
        match outcome {
            Ok(()) => Decision::allowed(token),
            Err(denial) => Decision::Denied(denial),
        }
    }

    /// As [`Issuers::warm_up`].
    pub fn warm_up(&self) {
        self.0.issuers.warm_up();
    }

    /// As [`Issuers::keys_health`].
    #[must_use]
    pub fn keys_health(&self) -> Vec<KeysHealth> {
        self.0.issuers.keys_health()
    }

    /// Forgets all verified tokens: the next request with each of them has its signature checked.
    pub fn clear_token_cache(&self) {
        self.0.cache.clear();
    }

    /// What this server has done since it was built, and the state of its keys.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let token_cache = self.0.cache.stats();
        Stats {
            authenticated: token_cache.hits + token_cache.misses,
            denied: self.0.observers.denied(),
            token_cache,
            keys: self.keys_health(),
        }
    }

    /// Whether the token of this request is in the cache, so that a call with it costs no signature:
    /// of use where a signature is checked elsewhere than on the thread that asks. Says nothing about
    /// the answer.
    #[must_use]
    pub fn remembers(&self, request: &Request<'_>) -> bool {
        BearerToken::glimpse(request.authorization_values()).is_some_and(|token| self.0.cache.contains(token))
    }

    /// The protected resource metadata (RFC 9728).
    #[must_use]
    pub fn metadata(&self) -> &ProtectedResourceMetadata {
        &self.0.metadata
    }

    /// Whether the other is a clone of this one.
    #[cfg(feature = "tower")]
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    pub(crate) fn try_authenticate_for(
        &self,
        request: &Request<'_>,
        needed: &Requirement,
    ) -> Poll<Authentication> {
        let watch = self.0.observers.watch(Check::Token);
        match self.0.attempt(request, needed, Waited::Not) {
            Ok(answer) => {
                tell(watch, request, &answer);
                Poll::Ready(answer)
            }
            Err(_) => Poll::Pending,
        }
    }

    fn decide(&self, authentication: Authentication, requirement: &Requirement) -> Decision {
        match authentication {
            Authentication::Authenticated { token, response_headers } => {
                self.permit(token, requirement).adding(response_headers)
            }
            Authentication::Denied(denial) => Decision::Denied(denial),
        }
    }

    pub(crate) async fn authenticate_for(
        &self,
        request: &Request<'_>,
        needed: &Requirement,
    ) -> Authentication {
        let watch = self.0.observers.watch(Check::Token);
        let mut waited = Waited::Not;
        loop {
            match self.0.attempt(request, needed, waited) {
                Ok(answer) => {
                    tell(watch, request, &answer);
                    return answer;
                }
                // Once, or twice for a key that is new: whoever has waited enough is answered.
                Err(flight) => waited = flight.wait().await,
            }
        }
    }
}

impl Inner {
    /// The straight line. Each step may stop the request; none does I/O.
    fn verify(&self, request: &Request<'_>, now: UnixTime, waited: Waited) -> Result<AccessToken, Stop> {
        let values = request.authorization_values();
        let entry = BearerToken::glimpse(values).map(|token| self.cache.find(token));
        if let Some(token) = entry.as_ref().and_then(|entry| self.seen(entry, now)) {
            return Ok(token);
        }
        let bearer = BearerToken::from_values(values)?;
        let jws = CompactJws::split(bearer, &self.token_rules)?;
        let header = self.last_header.judge(jws.header(), &self.token_rules)?;
        let jws = jws.decode(&self.token_rules.base64url)?;

        let claims = Claims::parse(jws.payload()?)?;
        let issuer = self.issuers.get(&claims.issuer()?).ok_or(Reason::UnknownIssuer)?;
        let validity = claims.check(&self.claim_rules, header.typed, issuer.audiences(), now)?;
        let access_token = claims.to_access_token(bearer.secret())?;

        let keys = match issuer.keys().find(header.kid.as_deref(), header.algorithm, now, waited) {
            Find::Keys(keys) => keys,
            Find::Wait(flight) => return Err(Stop::Wait(flight)),
            Find::NotFound => return Err(Reason::KeyNotFound.into()),
            Find::Unavailable { retry_after } => return Err(Stop::Unavailable(retry_after)),
        };
        let signed =
            |key: &&VerificationKey| key.verify(header.algorithm, jws.signing_input(), jws.signature());
        let key = keys.iter().find(signed).ok_or(Reason::BadSignature)?.thumbprint();
        self.last_header.keep(header);
        if let Some(entry) = entry {
            let (token, issuer) = (access_token.clone(), Arc::clone(issuer));
            entry.insert(Verified { token, validity, issuer, key });
        }
        Ok(access_token)
    }

    /// A token that was verified before, if all that may have changed since has not.
    fn seen(&self, entry: &Entry<'_>, now: UnixTime) -> Option<AccessToken> {
        entry.get(|verified| {
            verified.validity.check(self.claim_rules.leeway, now).is_ok()
                && verified.issuer.keys().vouches_for(&verified.key, now)
        })
    }

    /// One pass over the line, at one time. `Err` asks to wait for a fetch.
    fn attempt(
        &self,
        request: &Request<'_>,
        needed: &Requirement,
        waited: Waited,
    ) -> Result<Authentication, Flight> {
        Ok(match self.verify(request, self.issuers.now(), waited) {
            Ok(token) => Authentication::Authenticated { token, response_headers: Headers::new() },
            Err(Stop::Refused(reason)) => {
                Authentication::Denied(self.denials.denial(reason, &needed.scopes()))
            }
            Err(Stop::Unavailable(retry_after)) => {
                Authentication::Denied(self.denials.unavailable(retry_after))
            }
            Err(Stop::Wait(flight)) => return Err(flight),
        })
    }

    /// Whether what was judged may run.
    fn allow(&self, judged: Result<Needs<'_>, Refusal>, token: Option<&AccessToken>) -> Result<(), Denial> {
        match (judged, token) {
            (Ok(needs), _) if needs.public => Ok(()),
            (judged, None) => {
                let scopes = judged.map(|needs| needs.requirement.scopes()).unwrap_or_default();
                Err(self.denials.denial(Reason::MissingToken, &scopes))
            }
            (Ok(needs), Some(token)) if !needs.allowed => {
                Err(self.forbid(Reason::OperationNotAllowed, token, &needs.requirement))
            }
            (Ok(needs), Some(token)) => needs
                .requirement
                .check(token, &self.hierarchy)
                .map_err(|reason| self.forbid(reason, token, &needs.requirement)),
            (Err(Refusal { reason, rpc: Some(error) }), _) => Err(self.denials.rpc(reason, error)),
            (Err(Refusal { reason, rpc: None }), _) => Err(self.denials.denial(reason, &ScopeSet::default())),
        }
    }

    fn forbid(&self, reason: Reason, token: &AccessToken, requirement: &Requirement) -> Denial {
        let mut needed = requirement.challenge_scopes(token.scopes(), &self.hierarchy);
        if self.challenge_granted_scopes {
            // Configured scopes only: nothing else of a token reaches a header.
            for scope in token.scopes().iter().filter(|scope| self.scopes_supported.contains(scope)) {
                needed.insert(scope);
            }
        }
        self.denials.denial(reason, &needed)
    }
}

/// Who is calling, for those who observe.
fn tell(watch: Watch<'_>, request: &Request<'_>, answer: &Authentication) {
    let (reason, token) = match answer {
        Authentication::Authenticated { token, .. } => (None, Some(token)),
        Authentication::Denied(denial) => (Some(denial.reason), None),
    };
    watch.end(Outcome { reason, token, request: Some(request), ..Outcome::default() });
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}
