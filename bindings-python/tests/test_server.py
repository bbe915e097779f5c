"""The native classes: names, types, and what of them only Python can get wrong."""

import asyncio
import inspect
import json
import logging
import threading
from collections import ChainMap
from collections.abc import Callable
from typing import Any

import pytest

from mcp_bearer import (
    Call,
    ConfigError,
    Denial,
    Guard,
    Issuer,
    Issuers,
    MetadataRoutes,
    OperationGuard,
    OperationPolicy,
    Request,
    Requirement,
    ResourceServer,
    reason,
)

from .support import ISSUER, METADATA, RESOURCE, Authority, request, rpc

READ = Requirement.scope("todo:read")
WRITE = Requirement.scope("todo:write")


def test_an_allowed_decision_holds_the_token(server: ResourceServer, issuer: Authority) -> None:
    decision = server.try_authorize(request(issuer.token(roles=["staff"], jti="7", iat=1)), READ)
    assert decision is not None
    assert decision
    assert decision.allowed
    assert decision.denial is None
    assert decision.response_headers == []
    token = decision.token
    assert token is not None
    assert (token.issuer, token.subject, token.client_id) == (ISSUER, "alice", "cli")
    assert token.audiences == [RESOURCE]
    assert token.scopes == frozenset({"todo:read"})
    assert (token.jti, token.issued_at, token.acr, token.amr, token.auth_time) == ("7", 1.0, None, [], None)
    assert token.confirmation is None
    assert token.claims["roles"] == ["staff"]
    assert token.claims is token.claims
    assert token.secret not in repr(token)


def test_the_principal_is_a_key(server: ResourceServer, issuer: Authority) -> None:
    def principal(**claims: Any) -> object:
        who = server.try_authenticate(request(issuer.token(**claims)))
        assert who is not None
        assert who.token is not None
        return who.token.principal

    assert principal() == (ISSUER, "sub", "alice")
    assert principal(sub=None) == (ISSUER, "client_id", "cli")
    assert principal(sub=None, client_id=None, azp="job") == (ISSUER, "client_id", "job")
    assert principal(sub=None, client_id=None) is None
    named_alike = {principal(sub="cli"), principal(sub=None), principal(sub="cli", client_id="other")}
    assert len(named_alike) == 2


def test_a_denied_decision_is_false_and_complete(server: ResourceServer) -> None:
    decision = server.try_authorize(request(None), READ)
    assert decision is not None
    assert not decision
    assert decision.token is None
    denial = decision.denial
    assert denial is not None
    assert (denial.reason, denial.status) == (reason.MISSING_TOKEN, 401)
    assert [name for name, _ in denial.headers] == [
        "content-type",
        "cache-control",
        "www-authenticate",
        "access-control-expose-headers",
    ]
    assert b'"unauthorized"' in denial.body


def test_who_and_may_they_are_public_alone(server: ResourceServer, issuer: Authority) -> None:
    who = server.try_authenticate(request(issuer.token()))
    assert who is not None
    assert who
    assert who.authenticated
    assert who.token is not None
    assert who.response_headers == []
    assert repr(who) == "Authentication(authenticated=True)"
    nobody = server.try_authenticate(request(None))
    assert nobody is not None
    assert not nobody
    assert not nobody.authenticated
    assert server.permit(who.token, READ)
    refused = server.permit(who.token, WRITE)
    assert refused.denial is not None
    assert refused.denial.reason == reason.INSUFFICIENT_SCOPE
    assert Denial.internal().reason == reason.INTERNAL


@pytest.mark.anyio
async def test_with_keys_in_memory_awaiting_makes_no_task(server: ResourceServer, issuer: Authority) -> None:
    before = asyncio.all_tasks(), threading.active_count()
    awaited = server.authorize(request(issuer.token()), READ)
    assert inspect.iscoroutine(awaited)
    # A coroutine that never suspends ends with the first send.
    with pytest.raises(StopIteration) as stopped:
        awaited.send(None)
    assert stopped.value.value.allowed
    assert (await server.authenticate(request(issuer.token()))).authenticated
    assert (asyncio.all_tasks(), threading.active_count()) == before


def test_header_fields_are_bytes_or_text_and_may_repeat(server: ResourceServer, issuer: Authority) -> None:
    value = f"bearer {issuer.token()}"
    forms: list[Any] = [
        [(b"Authorization", value.encode())],
        [["authorization", value]],
        iter([("x-name", "\u00e9"), (b"x-\xff", b"\xff"), ("AUTHORIZATION", value)]),
    ]
    for headers in forms:
        assert server.try_authenticate(Request(method="GET", target="/", headers=headers))
    twice = Request(method="GET", target="/", headers=[(b"authorization", value.encode())] * 2)
    decision = server.try_authenticate(twice)
    assert decision is not None
    assert decision.denial is not None
    assert decision.denial.reason == reason.MULTIPLE_CREDENTIALS
    for wrong in [["authorization"], [("a", "b", "c")], [("a", "\u20ac")], [(1, 2)], [(b"a", None)], [1]]:
        with pytest.raises(TypeError):
            Request(method="GET", target="/", headers=wrong)  # type: ignore[arg-type]


def test_a_request_is_taken_from_an_asgi_scope_as_it_came() -> None:
    headers: list[Any] = []
    websocket = {"type": "websocket", "path": "/", "headers": headers}
    assert (Request.from_asgi(websocket).method, Request.from_asgi(websocket).target) == ("GET", "/")
    paths: list[tuple[dict[str, Any], str]] = [
        ({"raw_path": b"/a%2Fb", "query_string": b""}, "/a%2Fb"),
        ({"raw_path": b"/a%2Fb", "query_string": b"c=d?"}, "/a%2Fb?c=d?"),
        ({"raw_path": b"/\xe9\x00", "query_string": b"\xff"}, "/\xe9\x00?\xff"),
        ({"raw_path": None}, "/a/b%20%C3%A9"),
        ({"raw_path": b""}, "/a/b%20%C3%A9"),
        ({"query_string": b"c"}, "/a/b%20%C3%A9?c"),
    ]
    for of_path, target in paths:
        scope = {"method": "PUT", "path": "/a/b \u00e9", "headers": headers, **of_path}
        for given in [scope, ChainMap(scope)]:
            made = Request.from_asgi(given)
            assert (made.method, made.target) == ("PUT", target)
    with pytest.raises(KeyError, match="headers"):
        Request.from_asgi({"path": "/"})


def test_requirements_unite(server: ResourceServer, issuer: Authority) -> None:
    both = READ & WRITE
    assert both == READ.and_(WRITE) == Requirement.all_of("todo:read").and_(WRITE)
    assert both != READ
    who = server.try_authenticate(request(issuer.token("todo:write", roles=["staff"], tier="gold")))
    assert who is not None
    assert who.token is not None
    for needs, allowed in [
        (Requirement.none(), True),
        (Requirement.any_of("todo:admin", "todo:write"), True),
        (Requirement.all_of("todo:admin", "todo:write"), False),
        (Requirement.claim_contains("roles", "staff"), True),
        (Requirement.claim_contains("roles", "admin"), False),
        (Requirement.claim_in("tier", "silver", "gold"), True),
        (Requirement.claim_in("tier", "silver"), False),
        (Requirement.client_in("cli"), True),
        (Requirement.client_in("other"), False),
    ]:
        assert server.permit(who.token, needs).allowed is allowed, needs


def test_issuers_list_what_they_accept() -> None:
    issuers = Issuers([Issuer("https://a.example.com", also=["https://b.example.com"]), ISSUER])
    assert issuers.identifiers == ["https://a.example.com", "https://b.example.com", ISSUER]


def test_scope_hierarchy(issuer: Authority) -> None:
    server = ResourceServer(
        resource=RESOURCE, issuers=issuer.static(), scope_hierarchy={"todo:admin": ["todo:write"]}
    )
    assert server.try_authorize(request(issuer.token("todo:admin")), WRITE)


@pytest.mark.parametrize(
    ("setting", "make"),
    [
        ("resource", lambda: ResourceServer(resource="https://x/#y", issuers=[ISSUER])),
        ("issuers", lambda: ResourceServer(resource=RESOURCE, issuers=[])),
        ("issuers", lambda: ResourceServer(resource=RESOURCE, issuers=ISSUER)),
        ("leeway", lambda: ResourceServer(resource=RESOURCE, issuers=[ISSUER], leeway=600)),
        ("leeway", lambda: ResourceServer(resource=RESOURCE, issuers=[ISSUER], leeway=-1)),
        ("max_token_size", lambda: ResourceServer(resource=RESOURCE, issuers=[ISSUER], max_token_size=-1)),
        ("token_cache", lambda: ResourceServer(resource=RESOURCE, issuers=[ISSUER], token_cache=1_000_001)),
        ("token_cache", lambda: ResourceServer(resource=RESOURCE, issuers=[ISSUER], token_cache=-1)),
        ("token_cache", lambda: ResourceServer(resource=RESOURCE, issuers=[ISSUER], token_cache=2**64)),
        ("jwks_fresh", lambda: Issuers([ISSUER], jwks_fresh=float("nan"))),
        ("jwks_fresh", lambda: ResourceServer(resource=RESOURCE, issuers=[ISSUER], keys={"jwks_fresh": -1})),
        (
            "keys",
            lambda: ResourceServer(resource=RESOURCE, issuers=Issuers([ISSUER]), keys={"jwks_fresh": 1}),
        ),
        ("jwks", lambda: Issuers([Issuer(ISSUER, jwks='{"keys":[]}')])),
        ("body_limit", lambda: OperationPolicy(body_limit=0)),
        ("MCP_SERVER_URL", lambda: ResourceServer.from_env({})),
    ],
)
def test_a_wrong_setting_is_named(setting: str, make: Callable[[], object]) -> None:
    with pytest.raises(ConfigError) as raised:
        make()
    assert raised.value.setting == setting
    assert str(raised.value) == f"{setting}: {raised.value.message}"
    assert isinstance(raised.value, ValueError)


def test_a_wrong_type_names_the_argument() -> None:
    wrongs: list[dict[str, Any]] = [
        {"audiences": [1]},
        {"leeway": "30"},
        {"token_cache": 0.5},
        {"no_such": 1},
        {"metadata": [1]},
        {"keys": {"no_such": 1}},
    ]
    for wrong in wrongs:
        with pytest.raises(TypeError, match=next(iter(wrong))):
            ResourceServer(resource=RESOURCE, issuers=[ISSUER], **wrong)


def test_one_string_is_no_list() -> None:
    wrongs: list[dict[str, Any]] = [
        {"audiences": "res_1"},
        {"challenge_scopes": "todo:read"},
        {"scope_hierarchy": {"todo:admin": "todo:read"}},
        {"keys": {"dangerously_allow_http_hosts": "auth.internal"}},
    ]
    for wrong in wrongs:
        with pytest.raises(ConfigError, match="not one string") as raised:
            ResourceServer(resource=RESOURCE, issuers=[ISSUER], **wrong)
        assert raised.value.setting in repr(wrong)


def test_variables_replace_the_defaults_of_the_code(issuer: Authority) -> None:
    environ = {"MCP_SERVER_URL": RESOURCE, "MCP_BEARER_CHALLENGE_SCOPES": "a b"}
    server = ResourceServer.from_env(
        environ, issuers=issuer.static(), challenge_scopes=["c"], scopes_supported=["d"], metadata={"x": 1}
    )
    assert server.metadata.dict["scopes_supported"] == ["d"]
    assert server.metadata.dict["x"] == 1
    decision = server.try_authenticate(request(None))
    assert decision is not None
    assert decision.denial is not None
    assert 'scope="a b"' in dict(decision.denial.headers)["www-authenticate"]


def test_os_environ_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCP_SERVER_URL", RESOURCE)
    monkeypatch.setenv("MCP_BEARER_ISSUERS", ISSUER)
    assert ResourceServer.from_env().metadata.dict["authorization_servers"] == [ISSUER]


def test_metadata(server: ResourceServer, issuer: Authority) -> None:
    document = server.metadata
    assert document.path == METADATA
    assert document.url == f"https://mcp.example.com{METADATA}"
    assert document.dict["resource"] == RESOURCE
    assert document.respond(request(None)).body == document.json
    assert document.respond(request(None, method="PUT")).status == 405
    routes = MetadataRoutes([document])
    assert routes.paths == [METADATA, "/.well-known/oauth-protected-resource"]
    assert routes.respond(request(None, target="/other")) is None
    other = ResourceServer(resource="https://mcp.example.com/b", issuers=issuer.static())
    with pytest.raises(ConfigError) as raised:
        MetadataRoutes([document, other.metadata])
    assert raised.value.setting == "root_alias"
    assert len(MetadataRoutes([document, other.metadata], root_alias=RESOURCE).paths) == 3
    assert len(MetadataRoutes([document, other.metadata], root_alias="nobody").paths) == 2


def test_defaults_are_as_documented(issuer: Authority) -> None:
    now = [0.0]
    issuers = Issuers([Issuer(ISSUER, jwks=issuer.jwks)], clock=lambda: now[0])
    server = ResourceServer(resource=RESOURCE, issuers=issuers)
    leeway = inspect.signature(ResourceServer).parameters["leeway"].default
    token = request(issuer.token(exp=1000))
    for after, valid in [(-1, True), (0, False)]:
        now[0] = 1000 + leeway + after
        assert bool(server.try_authenticate(token)) is valid
    body_limit = inspect.signature(OperationPolicy).parameters["body_limit"].default
    assert OperationPolicy().body_limit == body_limit


def permit(server: ResourceServer, issuer: Authority, policy: OperationPolicy, **message: Any) -> str:
    who = server.try_authenticate(request(issuer.token("todo:read")))
    assert who is not None
    decision = server.permit_operation(
        who.token,
        policy,
        method="POST",
        headers=[("content-type", "application/json")],
        body=json.dumps(rpc(**message)).encode(),
    )
    return "allowed" if decision.denial is None else decision.denial.reason


def test_rules_take_every_form(server: ResourceServer, issuer: Authority) -> None:
    seen: list[Call] = []

    def by_arguments(call: Call) -> str:
        seen.append(call)
        return f"todo:{call.arguments['kind']}"

    policy = OperationPolicy(
        tools={
            "a": "todo:read",
            "b": ["todo:read", "todo:write"],
            "c": Requirement.none(),
            "d": by_arguments,
            "e": lambda call: Requirement.client_in("cli") if call.name == "e" else "x",
        },
        other_resources="todo:write",
        resource_prefixes={"todo://items/": "todo:read"},
    )
    for name, expected in [
        ("a", "allowed"),
        ("b", reason.INSUFFICIENT_SCOPE),
        ("c", "allowed"),
        ("e", "allowed"),
        ("z", reason.OPERATION_NOT_ALLOWED),
    ]:
        assert permit(server, issuer, policy, method="tools/call", name=name) == expected, name
    for kind, expected in [("read", "allowed"), ("write", reason.INSUFFICIENT_SCOPE)]:
        arguments = {"kind": kind}
        assert permit(server, issuer, policy, method="tools/call", name="d", arguments=arguments) == expected
    assert (seen[0].method, seen[0].name, seen[0].token.subject) == ("tools/call", "d", "alice")
    assert permit(server, issuer, policy, method="resources/read", uri="todo://items/1") == "allowed"
    assert permit(server, issuer, policy, method="resources/read", uri="x:y") == reason.INSUFFICIENT_SCOPE


def test_a_rule_that_fails_lets_nothing_through(
    server: ResourceServer, issuer: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(call: Call) -> Requirement:
        raise LookupError(call.method)

    policy = OperationPolicy(tools={"a": failing, "b": lambda call: None})  # type: ignore[dict-item,return-value]
    with caplog.at_level(logging.ERROR, "mcp_bearer"):
        for name in "ab":
            assert permit(server, issuer, policy, method="tools/call", name=name) == reason.INTERNAL
    assert caplog.records[0].exc_info is not None
    assert caplog.records[0].exc_info[0] is LookupError


def test_a_clock_that_fails_lets_nothing_through(issuer: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", lambda told_of: told.append(told_of.exc_type))
    issuers = Issuers([Issuer(ISSUER, jwks=issuer.jwks)], clock=lambda: 1 / 0)
    decision = ResourceServer(resource=RESOURCE, issuers=issuers).try_authenticate(request(issuer.token()))
    assert decision is not None
    assert decision.denial is not None
    assert decision.denial.reason == reason.EXPIRED
    assert told == [ZeroDivisionError]


def test_a_guard_says_how_a_request_goes_on(server: ResourceServer, issuer: Authority) -> None:
    guard = Guard(server, public_routes=["/health"])
    operations = OperationGuard(server, OperationPolicy(public_methods=["ping"]))
    cases: list[tuple[Guard | OperationGuard, Request, str]] = [
        (guard, request(issuer.token()), "authenticated"),
        (guard, request(None, target="/health"), "public"),
        (guard, request(None, target=METADATA), "answer"),
        (guard, request(None), "denied"),
        (operations, request(None), "anonymous"),
        (operations, request("x"), "denied"),
    ]
    for of, asked, kind in cases:
        entry = of.try_enter(asked)
        assert entry is not None
        assert entry.kind == kind
        assert (entry.token is not None) is (kind == "authenticated")
        assert (entry.response is not None) is (kind == "answer")
        assert (entry.denial is not None) is (kind == "denied")
        assert entry.response_headers == []


def test_a_guard_names_a_wrong_route(server: ResourceServer) -> None:
    with pytest.raises(ConfigError) as raised:
        Guard(server, public_routes=["health"])
    assert raised.value.setting == "public_routes"


def test_a_token_is_verified_once(issuer: Authority) -> None:
    server = ResourceServer(resource=RESOURCE, issuers=issuer.static())
    token = issuer.token()
    for _ in range(3):
        assert server.try_authorize(request(token), Requirement.none())
    stats = server.stats().token_cache
    assert (stats.hits, stats.misses, stats.tokens) == (2, 1, 1)
    assert repr(stats) == "TokenCacheStats(hits=2, misses=1, tokens=1)"
    with pytest.raises(AttributeError):
        stats.hits = 0  # type: ignore[misc]
    server.clear_token_cache()
    assert server.stats().token_cache.tokens == 0
    assert server.try_authorize(request(token), Requirement.none())
    assert server.stats().token_cache.misses == 2

    off = ResourceServer(resource=RESOURCE, issuers=issuer.static(), token_cache=0)
    environ = {"MCP_SERVER_URL": RESOURCE}
    for server in [off, ResourceServer.from_env(environ, issuers=issuer.static(), token_cache=0)]:
        for _ in range(3):
            assert server.try_authorize(request(token), Requirement.none())
        assert server.stats().token_cache.hits == 0
