"""The native classes of mcp_bearer, which re-exports all of them but Pending, and its program.

ManualClock is that of mcp_bearer.testing, and TestIssuer what its Issuer is made of.
"""

import builtins
import os
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict, final

__all__ = [
    "AccessToken",
    "Authentication",
    "Call",
    "Decision",
    "DecisionEvent",
    "Denial",
    "Entry",
    "Guard",
    "Issuer",
    "Issuers",
    "KeyHealth",
    "KeysHealth",
    "ManualClock",
    "MetadataRoutes",
    "OperationGuard",
    "OperationPolicy",
    "Pending",
    "ProtectedResourceMetadata",
    "Request",
    "Requirement",
    "ResourceServer",
    "Response",
    "Stats",
    "TestIssuer",
    "TokenCacheStats",
    "cli",
]

_Headers: TypeAlias = Iterable[Sequence[bytes] | Sequence[str] | tuple[bytes | str, bytes | str]]
_Need: TypeAlias = Requirement | str | Sequence[str]
_Rule: TypeAlias = _Need | Callable[[Call], _Need]
_Fetch: TypeAlias = Callable[[str, float, dict[str, str]], tuple[int, _Headers, bytes]]
_KeysObserver: TypeAlias = Callable[[str, KeysHealth], object]
_DecisionObserver: TypeAlias = Callable[[DecisionEvent], object]

class _KeySettings(TypedDict, total=False):
    jwks_fresh: float
    jwks_cooldown: float
    jwks_timeout: float
    jwks_max_stale: float
    ca_file: str | os.PathLike[str] | None
    proxy: str | None
    no_proxy: str | None
    dangerously_allow_http_hosts: Sequence[str]
    on_keys_event: _KeysObserver | None
    clock: Callable[[], float] | None
    fetch: _Fetch | None

@final
class ResourceServer:
    """An OAuth 2.1 resource server for one resource. Immutable, safe to share between threads.

    Every setting is checked here; nothing is fetched and no thread is started before the first
    token arrives. A wrong setting is a ``ConfigError`` that names it.
    """

    def __new__(
        cls,
        *,
        resource: str,
        issuers: Sequence[str | Issuer] | Issuers,
        audiences: Sequence[str] | None = None,
        allowed_clients: Sequence[str] = (),
        authorization_servers: Sequence[str] = (),
        scopes_supported: Sequence[str] = (),
        challenge_scopes: Sequence[str] | None = None,
        algorithms: Sequence[str] = (),
        leeway: float = 30.0,
        max_token_size: int = 16384,
        token_cache: int = 4096,
        rfc9068_only: bool = False,
        scope_hierarchy: Mapping[str, Sequence[str]] | None = None,
        realm: str | None = None,
        error_on_missing_token: bool = False,
        challenge_granted_scopes: bool = False,
        metadata: Mapping[str, Any] | None = None,
        keys: _KeySettings | None = None,
        on_decision: _DecisionObserver | None = None,
    ) -> ResourceServer:
        """Check the settings.

        :param resource: The full URL of the MCP endpoint, or the origin, exactly as clients and
            tokens spell it.
        :param issuers: Whose tokens are accepted, or a handle shared with other resource servers.
        :param audiences: The accepted ``aud`` values. Default: the resource.
        :param allowed_clients: Clients whose tokens are accepted although they have no ``aud`` at
            all, by ``client_id``: for providers that issue none, such as Cognito. Not for issuers with
            audiences of their own.
        :param authorization_servers: Where clients get tokens. Default: the issuers.
        :param scopes_supported: The scopes that the metadata names: what basic use needs.
        :param challenge_scopes: The scopes that a 401 asks for. Set them behind a ``Guard``, which
            knows no route: the default is what the requirement of the call needs, or the base of an
            operation policy.
        :param algorithms: The accepted ones, as JOSE spells them. Default: all that are known.
        :param leeway: How far clocks may differ, in seconds, 60 at most.
        :param max_token_size: In bytes, from 256 to 1 MiB.
        :param token_cache: How many verified tokens are remembered, so that a request with one of them
            costs no signature: at most 1,000,000, and 0 for none. One is refused as any other when its
            time is over or its key has left the issuer's set. It takes about twice its length and half
            a kilobyte; one of more than 4 KiB is not remembered.
        :param rfc9068_only: Accept only RFC 9068 tokens: ``typ`` is ``at+jwt`` and every required
            claim is there.
        :param scope_hierarchy: ``{"todo:admin": ["todo:write"]}`` means that the first implies the
            others. Transitive.
        :param realm: The ``realm`` of challenges.
        :param error_on_missing_token: Send ``error="invalid_token"`` also when there was no token,
            against RFC 6750 section 3.1, for hosts that act only on an error code.
        :param challenge_granted_scopes: Add the token's own scopes, as far as they are in
            ``scopes_supported``, to the challenge of a 403, for clients that replace their scopes
            instead of uniting them.
        :param metadata: Further members of the metadata, such as ``resource_name``.
        :param keys: How the issuers' keys are fetched and kept: see ``Issuers``.
        :param on_decision: Called with each check that is made, in the context of whoever asked and
            before the answer: it should be quick. What it raises goes to ``sys.unraisablehook``.
        """

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str] | None = None,
        *,
        issuers: Sequence[str | Issuer] | Issuers | None = None,
        audiences: Sequence[str] | None = None,
        allowed_clients: Sequence[str] = (),
        authorization_servers: Sequence[str] = (),
        scopes_supported: Sequence[str] = (),
        challenge_scopes: Sequence[str] | None = None,
        algorithms: Sequence[str] = (),
        leeway: float = 30.0,
        max_token_size: int = 16384,
        token_cache: int = 4096,
        rfc9068_only: bool = False,
        scope_hierarchy: Mapping[str, Sequence[str]] | None = None,
        realm: str | None = None,
        error_on_missing_token: bool = False,
        challenge_granted_scopes: bool = False,
        metadata: Mapping[str, Any] | None = None,
        keys: _KeySettings | None = None,
        on_decision: _DecisionObserver | None = None,
    ) -> ResourceServer:
        """Read the settings from ``os.environ``, or from another mapping.

        ``MCP_SERVER_URL`` is the resource. Where its tokens come from is either
        ``SCALEKIT_ENVIRONMENT_URL`` with ``RESOURCE_ID``, or ``MCP_BEARER_ISSUERS``; the README
        lists the other variables. A variable that is set replaces the default given here; issuers are
        the exception: in the code and in the environment they are a ``ConfigError``.
        """

    def try_authorize(self, request: Request, requirement: Requirement, /) -> Decision | None:
        """``authorize`` without I/O: ``None`` if keys must be fetched first."""

    def authorize(self, request: Request, requirement: Requirement, /) -> Coroutine[Any, Any, Decision]:
        """Who is calling, and may they: ``authenticate``, then ``permit``.

        Decided at the call if keys are in memory; then awaiting it never suspends.
        """

    def try_authenticate(self, request: Request, /) -> Authentication | None:
        """``authenticate`` without I/O: ``None`` if keys must be fetched first."""

    def authenticate(self, request: Request, /) -> Coroutine[Any, Any, Authentication]:
        """Who is calling. Decided when ``authorize`` is."""

    def permit(self, token: AccessToken, requirement: Requirement, /) -> Decision:
        """May they: whether a verified token satisfies a requirement."""

    def permit_operation(
        self,
        token: AccessToken | None,
        policy: OperationPolicy,
        /,
        *,
        method: str,
        headers: _Headers,
        body: bytes,
        parsed: bool = False,
    ) -> Decision:
        """May they, for a JSON-RPC message on an endpoint with an operation policy.

        ``token`` is what authentication gave; ``None`` is for requests without credentials, which
        only public operations let through. ``parsed`` says that ``body`` is not what the client
        sent but the JSON text of a value that a framework has made of it, and which executes.
        """

    def shows_tool(self, token: AccessToken, policy: OperationPolicy, name: str, /) -> bool:
        """Whether a caller with this token should find the tool in ``tools/list``.

        That is whether the policy would permit a call of it, scope hierarchy and claims included. A rule
        that is a function counts as satisfied, since its answer depends on the call. Where the policy
        names tools, one that it does not name is hidden unless ``other_tools`` says what it needs. This is
        no check: what counts is the decision on the call.
        """

    def filter_tools_list(
        self, token: AccessToken, policy: OperationPolicy, result: dict[str, Any], /
    ) -> dict[str, Any]:
        """Leave in the result of a ``tools/list``, as JSON, the tools that ``shows_tool`` shows.

        Returns a new one, with ``cacheScope: "private"``, since it is no longer the same for every caller.
        A tool without a name is left out; everything else stays as it is.
        """

    def warm_up(self) -> None:
        """Begin to fetch the keys that are not in memory, or old: the first request need not wait.

        Returns at once.
        """

    def keys_health(self) -> list[KeysHealth]:
        """The state of each issuer's keys, in the order of configuration."""

    def clear_token_cache(self) -> None:
        """Forget all verified tokens: the next request with each of them has its signature checked."""

    def stats(self) -> Stats:
        """What this server has done since it was built, and the state of its keys."""

    @property
    def metadata(self) -> ProtectedResourceMetadata:
        """The protected resource metadata (RFC 9728)."""

@final
class DecisionEvent:
    """A check has been made. ``str()`` of it is a line for a log.

    Holds nothing that is not verified, and no token. A refused request has one refusal, the last of
    its checks. The logger ``mcp_bearer`` gets the refusals.
    """

    @property
    def resource(self) -> str:
        """The resource, as configured."""
    @property
    def check(self) -> str:
        """``"token"``: who is calling. ``"requirement"`` or ``"operation"``: may they."""
    @property
    def allowed(self) -> bool:
        """Whether the request may go on."""
    @property
    def reason(self) -> str | None:
        """Why not: one of ``mcp_bearer.reason``, which is open."""
    @property
    def status(self) -> int | None:
        """The HTTP status of a refusal."""
    @property
    def issuer(self) -> str | None:
        """``iss`` of a verified token."""
    @property
    def subject(self) -> str | None:
        """``sub`` of a verified token."""
    @property
    def client_id(self) -> str | None:
        """``client_id``, else ``azp``, of a verified token."""
    @property
    def scopes(self) -> frozenset[str] | None:
        """The scopes of a verified token."""
    @property
    def operation(self) -> str | None:
        """What an operation policy has judged, such as ``"tools/call list_todos"``.

        Its names are those of the policy and of the MCP specification, whatever the client has
        written: there are not many.
        """
    @property
    def fingerprint(self) -> str | None:
        """``AccessToken.fingerprint`` of the token that was sent, verified or not."""
    @property
    def duration(self) -> float:
        """The seconds that it took, waiting for keys included."""

@final
class Stats:
    """What a server has done since it was built."""

    @property
    def authenticated(self) -> int:
        """How many requests had a good token."""
    @property
    def denied(self) -> dict[str, int]:
        """How many were refused for each reason, without those that never were."""
    @property
    def token_cache(self) -> TokenCacheStats:
        """How the cache of verified tokens does."""
    @property
    def keys(self) -> tuple[KeysHealth, ...]:
        """The state of each issuer's keys, in the order of configuration."""

@final
class TokenCacheStats:
    """How the cache of verified tokens does."""

    @property
    def hits(self) -> int:
        """How many requests were answered from it."""
    @property
    def misses(self) -> int:
        """How many tokens had to be verified, and were good."""
    @property
    def tokens(self) -> int:
        """How many tokens it holds."""

@final
class Issuers:
    """The accepted issuers and their keys: a handle that several resource servers can share."""

    def __new__(
        cls,
        issuers: Iterable[str | Issuer],
        *,
        jwks_fresh: float = 300.0,
        jwks_cooldown: float = 30.0,
        jwks_timeout: float = 5.0,
        jwks_max_stale: float = 3600.0,
        ca_file: str | os.PathLike[str] | None = None,
        proxy: str | None = None,
        no_proxy: str | None = None,
        dangerously_allow_http_hosts: Sequence[str] = (),
        on_keys_event: _KeysObserver | None = None,
        clock: Callable[[], float] | None = None,
        fetch: _Fetch | None = None,
    ) -> Issuers:
        """Check the settings. All durations are seconds.

        :param jwks_fresh: How long fetched keys are used before they are fetched again: this, or what
            the answer's ``Cache-Control: max-age`` less its ``Age`` says, between a minute and an hour,
            if that is less. From about 80 % of it on they are fetched again in the background.
        :param jwks_cooldown: How often tokens with unknown keys may cause a fetch: once in this time,
            and once more so that a rotation right after another fetch is not refused.
        :param jwks_timeout: How long an attempt may take, metadata and keys together.
        :param jwks_max_stale: How long past their freshness keys may be used while the issuer fails;
            0 is never.
        :param ca_file: A PEM file with certificates to trust besides the system's.
        :param proxy: The proxy for https URLs, and ``no_proxy`` the hosts that are reached without
            it, as ``HTTPS_PROXY`` and ``NO_PROXY`` would name them.
        :param dangerously_allow_http_hosts: Hosts that may be reached by plain http, such as those
            behind a service mesh that encrypts.
        :param on_keys_event: Called after each attempt to fetch keys, on another thread, with
            ``"fetched"`` or ``"failed"`` and the health of that issuer's keys. It should be quick.
        :param clock: The time, in seconds since 1970, for tests.
        :param fetch: Gets a URL, a timeout and header fields to send, and returns status, headers and
            body; called on a thread of its own. ``TimeoutError``, ``ConnectionError`` and other
            ``OSError`` mean no answer; after a ``ConnectionError`` it is called once more at once.
        """

    @property
    def identifiers(self) -> list[str]:
        """Every accepted ``iss`` value, in the order of configuration."""

    def warm_up(self) -> None:
        """Begin to fetch the keys that are not in memory, or old: the first request need not wait.

        Returns at once.
        """

    def keys_health(self) -> list[KeysHealth]:
        """The state of each issuer's keys, in the order of configuration."""

@final
class KeysHealth:
    """The keys of one issuer as they are now. Never a part of a token."""

    @property
    def issuer(self) -> str:
        """The issuer, as configured: the first of its identifiers."""
    @property
    def status(self) -> str:
        """``"fresh"``; ``"stale"``: used only if the issuer fails; ``"none"``: none, or too old."""
    @property
    def age(self) -> float | None:
        """Seconds since the keys in memory were asked for. ``None`` without, or if never fetched."""
    @property
    def last_error(self) -> str | None:
        """Why the last attempt failed, in constant words. ``None`` if it succeeded."""
    @property
    def fetching(self) -> bool:
        """An attempt is under way."""
    @property
    def next_attempt(self) -> float | None:
        """From when on a request makes the next attempt begin, in seconds since 1970.

        ``None`` if the next one may at once, or if keys are never fetched.
        """
    @property
    def keys(self) -> tuple[KeyHealth, ...]:
        """The usable keys."""
    @property
    def exposes_secrets(self) -> bool:
        """The issuer publishes private or symmetric keys, which everybody can then sign with."""

@final
class KeyHealth:
    """One usable key."""

    @property
    def kid(self) -> str | None:
        """The key's identifier (RFC 7517 section 4.5)."""
    @property
    def algorithms(self) -> list[str]:
        """What it may check, as JOSE spells it."""

@final
class Issuer:
    """One authorization server: its ``iss`` values, where its keys are, and its audiences."""

    def __new__(
        cls,
        issuer: str,
        /,
        *,
        also: Sequence[str] = (),
        jwks_uri: str | None = None,
        fallback_jwks_uri: str | None = None,
        jwks: str | bytes | Mapping[str, Any] | None = None,
        audiences: Sequence[str] | None = None,
    ) -> Issuer:
        """Describe an issuer whose keys are found through its metadata, unless they are named here.

        :param issuer: The ``iss`` of its tokens, exactly.
        :param also: Further ``iss`` values of the same issuer, over the same keys.
        :param jwks_uri: Where the keys are, instead of metadata.
        :param fallback_jwks_uri: Where the keys are if the issuer has no usable metadata.
        :param jwks: The keys themselves: a JWK Set. Nothing is fetched then.
        :param audiences: What tokens of this issuer must name, instead of the server's audiences.
        """

@final
class Request:
    """The parts of an HTTP request that an authorization decision can depend on."""

    def __new__(
        cls,
        *,
        method: str,
        target: str,
        headers: _Headers,
        client_certificate: bytes | None = None,
    ) -> Request:
        """Take all header fields as they arrived, in order; a repeated field must stay repeated.

        :param target: The origin-form target as the client sent it, with its query.
        :param headers: Pairs of a name and a value.
        :param client_certificate: The DER of the client's TLS certificate.
        """

    @staticmethod
    def from_asgi(scope: Mapping[str, Any], /) -> Request:
        """Take what decides from the scope of an ASGI connection, ``http`` or ``websocket``."""

    @property
    def method(self) -> str: ...
    @property
    def target(self) -> str: ...

@final
class Requirement:
    """What an operation needs of a token. ``&`` and ``and_`` unite two."""

    @staticmethod
    def none() -> Requirement:
        """Any valid token."""

    @staticmethod
    def scope(scope: str, /) -> Requirement:
        """One scope."""

    @staticmethod
    def all_of(*scopes: str) -> Requirement:
        """Every one of the scopes."""

    @staticmethod
    def any_of(*scopes: str) -> Requirement:
        """At least one of the scopes. A challenge asks for the first."""

    @staticmethod
    def claim_contains(claim: str, value: str, /) -> Requirement:
        """The claim equals the value or is an array that holds it, such as ``roles``."""

    @staticmethod
    def claim_in(claim: str, /, *values: str) -> Requirement:
        """The claim is a string and one of the values."""

    @staticmethod
    def client_in(*client_ids: str) -> Requirement:
        """The token was issued to one of these clients."""

    def and_(self, other: Requirement, /) -> Requirement:
        """This and the other together."""

    def __and__(self, other: Requirement, /) -> Requirement: ...
    def __rand__(self, other: Requirement, /) -> Requirement: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    __hash__: None  # type: ignore[assignment]

@final
class OperationPolicy:
    """What the operations of one MCP endpoint need: by tool, prompt, resource or method.

    A rule is a ``Requirement``, one scope, several scopes that are all needed, or a function of
    the ``Call`` that returns one of these. Once one tool is named, calling any other is refused
    unless ``other_tools`` says what it needs; likewise prompts and resources.
    """

    def __new__(
        cls,
        *,
        base: _Need | None = None,
        tools: Mapping[str, _Rule] | None = None,
        other_tools: _Rule | None = None,
        prompts: Mapping[str, _Rule] | None = None,
        other_prompts: _Rule | None = None,
        resources: Mapping[str, _Rule] | None = None,
        resource_prefixes: Mapping[str, _Rule] | None = None,
        other_resources: _Rule | None = None,
        methods: Mapping[str, _Rule] | None = None,
        public_methods: Sequence[str] = (),
        body_limit: int = 4194304,
    ) -> OperationPolicy:
        """Check the rules.

        :param base: What every operation needs besides its own rule. Default: a valid token.
        :param resource_prefixes: Matched at a slash; the longest holds.
        :param methods: Any JSON-RPC method by name.
        :param public_methods: Methods that need no credentials, such as ``initialize`` and
            ``tools/list``. Bad credentials are refused all the same.
        :param body_limit: The largest body in bytes.
        """

    @property
    def body_limit(self) -> int: ...
    @property
    def has_public_operations(self) -> bool:
        """Whether the body of a request without credentials must be read."""

    @staticmethod
    def reads_body(method: str, /) -> bool:
        """Whether a request with this method may have a body to be read before it is judged: not CONNECT."""

@final
class Call:
    """One call, as a function in an ``OperationPolicy`` sees it."""

    @property
    def method(self) -> str:
        """The JSON-RPC method, such as ``tools/call``."""

    @property
    def name(self) -> str | None:
        """The tool, the prompt, or the URI of the resource, as the client wrote it."""

    @property
    def arguments(self) -> Any:
        """``params.arguments`` of a tool, of a prompt that is got, or for the rule of a method.

        Parsed at the first use; ``None`` where there are none.
        """

    @property
    def token(self) -> AccessToken:
        """Who is calling."""

@final
class AccessToken:
    """A token that has passed every check. Its representation never shows the token itself."""

    @property
    def issuer(self) -> str:
        """``iss``: one of the configured issuers."""

    @property
    def subject(self) -> str | None:
        """``sub``, unique only together with the issuer. Some machine tokens have none."""

    @property
    def client_id(self) -> str | None:
        """``client_id``, else ``azp``; never the subject."""

    @property
    def principal(self) -> tuple[str, Literal["sub", "client_id"], str] | None:
        """Whom it speaks for: a key for sessions, lists of one's own, and rate limits.

        The issuer, ``"sub"`` and the subject; or, if there is none, the issuer, ``"client_id"`` and
        the client. A user and a client are never the same one, however they are spelled. ``None``
        if the token names neither.
        """

    @property
    def audiences(self) -> list[str]:
        """``aud``, one or several."""

    @property
    def scopes(self) -> frozenset[str]:
        """The granted scopes."""

    @property
    def expires_at(self) -> float | None:
        """``exp``."""

    @property
    def issued_at(self) -> float | None:
        """``iat``."""

    @property
    def jti(self) -> str | None:
        """``jti``."""

    @property
    def auth_time(self) -> float | None:
        """``auth_time``: when the user last authenticated."""

    @property
    def acr(self) -> str | None:
        """``acr``: how the user authenticated."""

    @property
    def amr(self) -> list[str]:
        """``amr``: by which methods."""

    @property
    def confirmation(self) -> dict[str, Any] | None:
        """``cnf``: the key or certificate that the token is bound to."""

    @property
    def claims(self) -> dict[str, Any]:
        """All claims, parsed at the first use."""

    @property
    def fingerprint(self) -> str:
        """What stands for the token in a log, so that its requests can be found.

        The first 64 bits of its SHA-256, as 16 hexadecimal digits. Whoever has the token gets the same
        from ``printf %s "$TOKEN" | sha256sum``.
        """
    @property
    def secret(self) -> str:
        """The token itself. It is a credential: never log it, never pass it on."""

@final
class Authentication:
    """Who is calling. True exactly if that is known."""

    @property
    def authenticated(self) -> bool: ...
    @property
    def token(self) -> AccessToken | None:
        """Who is calling; ``None`` if denied."""

    @property
    def response_headers(self) -> list[tuple[str, str]]:
        """Fields to add to the response, whatever it is. Empty unless a proof scheme needs some."""

    @property
    def denial(self) -> Denial | None:
        """Answer with this."""

    def __bool__(self) -> bool: ...

@final
class Decision:
    """Whether a request may go on. True exactly if it is allowed."""

    @property
    def allowed(self) -> bool: ...
    @property
    def token(self) -> AccessToken | None:
        """Who is calling; ``None`` if denied, or for a public operation without credentials."""

    @property
    def response_headers(self) -> list[tuple[str, str]]:
        """Fields to add to the response, whatever it is. Empty unless a proof scheme needs some."""

    @property
    def denial(self) -> Denial | None:
        """Answer with this."""

    def __bool__(self) -> bool: ...

@final
class Denial:
    """A refusal, complete as an HTTP response."""

    @staticmethod
    def internal() -> Denial:
        """Return a 500 for a fault on this side, with nothing about the fault in it."""

    @property
    def reason(self) -> str:
        """Why, one of ``mcp_bearer.reason``: for logs and metrics, not for the client."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> list[tuple[str, str]]:
        """The header fields, in order."""

    @property
    def body(self) -> bytes: ...

@final
class Response:
    """An answer that is not a refusal, such as metadata."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> list[tuple[str, str]]:
        """The header fields, in order."""

    @property
    def body(self) -> bytes: ...

@final
class ProtectedResourceMetadata:
    """The document that tells clients where to get tokens (RFC 9728)."""

    @property
    def json(self) -> bytes:
        """The document as it is served."""

    @property
    def dict(self) -> builtins.dict[str, Any]:
        """The document as a dictionary."""

    @property
    def resource(self) -> str:
        """The resource identifier, exactly as configured."""

    @property
    def url(self) -> str:
        """Where it is: the ``resource_metadata`` of every challenge."""

    @property
    def path(self) -> str:
        """The path of ``url``."""

    def respond(self, request: Request, /) -> Response:
        """Answer a request for this document, wherever it is served."""

@final
class MetadataRoutes:
    """The metadata of one application: at the path of each resource, and at the root."""

    def __new__(
        cls,
        resources: Sequence[ProtectedResourceMetadata],
        *,
        root_alias: str | None = None,
    ) -> MetadataRoutes:
        """Collect the documents.

        :param root_alias: Who answers at the root well-known URI: the identifier of a resource, or
            ``"nobody"``. Default: the only resource there is.
        """

    @property
    def paths(self) -> list[str]:
        """The paths that are served."""

    def respond(self, request: Request, /) -> Response | None:
        """Answer a request if it is for one of the documents: its path is compared exactly."""

@final
class Guard:
    """What stands in front of a whole application. Adapters are translations of this."""

    def __new__(cls, server: ResourceServer, *, public_routes: Sequence[str] = ()) -> Guard:
        """Guard an application.

        :param public_routes: Further paths that need no token, such as a health check: compared
            exactly with the path as the client sent it.
        """

    @property
    def server(self) -> ResourceServer: ...
    def try_enter(self, request: Request, /) -> Entry | None:
        """``enter`` without I/O: ``None`` if keys must be fetched first."""

    def enter(self, request: Request, /) -> Coroutine[Any, Any, Entry]:
        """Let a request in, or answer it."""

@final
class OperationGuard:
    """What stands in front of the handler of an MCP endpoint and judges each operation."""

    def __new__(cls, server: ResourceServer, policy: OperationPolicy, /) -> OperationGuard:
        """Guard an endpoint."""

    def try_enter(self, request: Request, /) -> Entry | None:
        """``enter`` without I/O: ``None`` if keys must be fetched first."""

    def enter(self, request: Request, /) -> Coroutine[Any, Any, Entry]:
        """Who is calling. Bad credentials are refused here, before the body is read."""

    def permit(
        self,
        token: AccessToken | None,
        /,
        *,
        method: str,
        headers: _Headers,
        body: bytes,
        parsed: bool = False,
    ) -> Decision:
        """May they. ``token`` is what ``enter`` gave."""

@final
class Entry:
    """How a request goes on."""

    @property
    def kind(self) -> Literal["authenticated", "public", "anonymous", "answer", "denied"]:
        """Hand it on with its token, as it is, or to be judged without one; or answer."""

    @property
    def token(self) -> AccessToken | None:
        """Who is calling."""

    @property
    def response_headers(self) -> list[tuple[str, str]]:
        """Fields to add to the response, whatever it is. Empty unless a proof scheme needs some."""

    @property
    def response(self) -> Response | None:
        """Answer with this: metadata."""

    @property
    def denial(self) -> Denial | None:
        """Answer with this: a refusal."""

@final
class Pending:
    """An answer that may have to wait for keys."""

    def poll(self, wake: Callable[[], object], /) -> Any:
        """Return the answer, or ``None``, in which case ``wake`` will be called from any thread."""

@final
class TestIssuer:
    """What ``mcp_bearer.testing.Issuer`` is made of."""

    def __new__(cls, identifier: str, algorithm: str, /) -> TestIssuer: ...
    @property
    def identifier(self) -> str: ...
    @property
    def jwks(self) -> dict[str, Any]: ...
    @property
    def clock(self) -> ManualClock: ...
    def rotate(self) -> None: ...
    def issuers(self) -> Issuers: ...
    def token(
        self,
        audience: str,
        scope: str | None,
        claims: Mapping[str, Any] | None,
        header: Mapping[str, Any] | None,
        /,
    ) -> str: ...
    def authorization(
        self,
        audience: str,
        scope: str | None,
        claims: Mapping[str, Any] | None,
        header: Mapping[str, Any] | None,
        /,
    ) -> str: ...

@final
class ManualClock:
    """A clock that stands still until it is moved."""

    @property
    def now(self) -> float:
        """The time, in seconds since 1970. May be set, forward or back."""
    @now.setter
    def now(self, now: float) -> None: ...
    def advance(self, seconds: float, /) -> None:
        """Let time pass."""

def cli(arguments: Sequence[str], /) -> int:
    """Run the program ``mcp-bearer`` on the standard streams of this process; return its exit code."""
