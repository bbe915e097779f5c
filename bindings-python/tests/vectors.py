"""Builds what a vector describes, through the public interface only.

The members that are read here are those of ``tests/vectors/schema.json``; a member that is not read is
an error, so that no case can pass by being misunderstood.
"""

import base64
import copy
import json
from collections.abc import Callable
from functools import reduce
from typing import Any

import anyio

from mcp_bearer import (
    AccessToken,
    Call,
    ConfigError,
    Decision,
    Entry,
    Guard,
    Issuer,
    Issuers,
    MetadataRoutes,
    OperationGuard,
    OperationPolicy,
    Request,
    Requirement,
    ResourceServer,
)

Json = dict[str, Any]

FAILURES = {
    "timeout": TimeoutError,
    "connect": ConnectionError,
    "reset": ConnectionResetError,
    "too_large": OSError,
    "other": OSError,
}
KEYS = {
    "jwks_fresh",
    "jwks_cooldown",
    "jwks_timeout",
    "jwks_max_stale",
    "dangerously_allow_http_hosts",
    "ca_file",
}
RULES = ("tools", "prompts", "resources", "resource_prefixes", "methods")
OTHER_RULES = ("other_tools", "other_prompts", "other_resources")


class World:
    """The clock and the network of a group, which its tests change as they go."""

    def __init__(self, now: float, script: Json | None) -> None:
        self.now = now
        self.script = script
        self.fetched: list[str] = []

    def clock(self) -> float:
        return self.now

    def fetch(self, url: str, timeout: float, headers: dict[str, str]) -> tuple[int, list[list[str]], bytes]:
        self.fetched.append(" ".join([url, *headers.values()]))
        if self.script is None:
            raise AssertionError(f"nothing is ever fetched here: {url}")
        answer = dict(self.script.get(url, {"status": 404, "body": ""}))
        if "error" in answer:
            raise FAILURES[answer["error"]]
        return answer["status"], answer.get("headers", []), answer["body"].encode()


def server(settings: Json, world: World) -> ResourceServer:
    rest = {"issuers": [], **settings} if "environment" not in settings else dict(settings)
    keys: Any = {name: rest.pop(name) for name in list(rest) if name in KEYS}
    keys |= {"clock": world.clock, "fetch": world.fetch}
    environment = rest.pop("environment", None)
    if "issuers" in rest:
        rest["issuers"] = [issuer(dict(entry)) for entry in rest["issuers"]]
    if environment is not None:
        return ResourceServer.from_env(environment, **rest, keys=keys)
    # Both ways of giving issuers must come to the same.
    if len(rest["issuers"]) == 1:
        rest["issuers"] = Issuers(rest["issuers"], **keys)
        return ResourceServer(**rest)
    return ResourceServer(**rest, keys=keys)


def issuer(entry: Json) -> Issuer | str:
    url = entry.pop("issuer")
    return Issuer(url, **entry) if entry else str(url)


def requirement(conditions: list[Json]) -> Requirement:
    return reduce(Requirement.and_, map(condition, conditions), Requirement.none())


def condition(described: Json) -> Requirement:
    ((kind, value),) = described.items()
    match kind:
        case "all_of":
            return Requirement.all_of(*value)
        case "any_of":
            return Requirement.any_of(*value)
        case "claim_contains":
            return Requirement.claim_contains(*value)
        case "claim_in":
            return Requirement.claim_in(value[0], *value[1])
        case "client_in":
            return Requirement.client_in(*value)
    raise AssertionError(kind)


def policy(described: Json) -> OperationPolicy:
    rest = dict(described)
    if "base" in rest:
        rest["base"] = requirement(rest["base"])
    for name in RULES:
        if name in rest:
            rest[name] = {key: rule(value) for key, value in rest[name].items()}
    for name in OTHER_RULES:
        if name in rest:
            rest[name] = rule(rest[name])
    return OperationPolicy(**rest)


def rule(described: Any) -> Any:
    return requirement(described) if isinstance(described, list) else FUNCTIONS[described["function"]]


def list_scope(call: Call) -> str:
    name = call.arguments.get("list") if isinstance(call.arguments, dict) else None
    plain = isinstance(name, str) and name != "" and all("a" <= letter <= "z" for letter in name)
    return f"list:{name if plain else 'any'}"


def owner_only(call: Call) -> Requirement:
    owns = call.token.subject is not None and (call.name or "").endswith(call.token.subject)
    return Requirement.none() if owns else Requirement.scope("todo:admin")


def failing(call: Call) -> Requirement:
    raise LookupError(call.method)


FUNCTIONS: dict[str, Callable[[Call], Any]] = {
    "list_scope": list_scope,
    "owner_only": owner_only,
    "failing": failing,
}


class Group:
    """One server, with what stands around it; its tests run on it in order."""

    def __init__(self, described: Json) -> None:
        rest = dict(described)
        assert rest.pop("type") == "request"
        rest.pop("comment")
        self.tests: list[Json] = rest.pop("tests")
        self.world = World(rest.pop("now"), rest.pop("fetch", None))
        settings = rest.pop("server")
        self.static = all("jwks" in entry for entry in settings.get("issuers", [{}]))
        self.server = server(settings, self.world)
        self.guard = Guard(self.server, public_routes=rest.pop("public_routes", []))
        self.policy = policy(rest.pop("policy", {}))
        self.operations = OperationGuard(self.server, self.policy)
        others = [server(other, self.world) for other in rest.pop("with", [])]
        documents = [one.metadata for one in [self.server, *others]]
        self.routes = MetadataRoutes(documents, root_alias=root_alias(rest))
        assert not rest, rest

    async def run(self, given: Json) -> tuple[Json, list[str]]:
        """Return the result of one test and what was fetched for it."""
        rest = dict(given)
        self.world.now = rest.pop("now", self.world.now)
        self.world.script = rest.pop("fetch", self.world.script)
        self.world.fetched = []
        call, method, target = rest.pop("call"), rest.pop("method"), rest.pop("target")
        headers = rest.pop("headers")
        request = Request(method=method, target=target, headers=headers)
        match call:
            case "guard":
                result = of_entry(await self._either(self.guard, "enter", request))
            case "authorize":
                needs = requirement(rest.pop("requirement", []))
                result = of_decision(await self._either(self.server, "authorize", request, needs))
            case "operation":
                entry = await self._either(self.operations, "enter", request)
                operation = {"method": method, "headers": headers, **body(rest.pop("body", None))}
                if entry.kind in ("authenticated", "anonymous"):
                    result = of_decision(self.operations.permit(entry.token, **operation))
                else:
                    result = of_entry(entry)
            case "tools_list":
                listed = rest.pop("body")
                who = await self._either(self.server, "authenticate", request)
                result = self._list(who.token, listed) if who.token else of_answer(who.denial)
            case "metadata":
                answer = self.routes.respond(request)
                result = {"outcome": "none"} if answer is None else of_answer(answer)
            case _:
                raise AssertionError(call)
        assert not rest, rest
        while any(issuer.fetching for issuer in self.server.keys_health()):
            await anyio.sleep(0.001)
        return result, self.world.fetched

    def _list(self, token: AccessToken, described: Json) -> Json:
        given = json.loads(described.pop("parsed"))
        assert not described, described
        before = copy.deepcopy(given)
        result = self.server.filter_tools_list(token, self.policy, given)
        assert given == before
        tools = [tool for tool in given["tools"] if isinstance(tool, dict)]
        named = [tool for tool in tools if isinstance(tool.get("name"), str)]
        shown = [tool for tool in named if self.server.shows_tool(token, self.policy, tool["name"])]
        assert result["tools"] == shown
        return {"outcome": "listed", "result": result}

    async def _either(self, of: Any, name: str, *arguments: Any) -> Any:
        ready = getattr(of, f"try_{name}")(*arguments)
        if ready is not None:
            return ready
        assert not self.static, "keys in memory must never be waited for"
        return await getattr(of, name)(*arguments)


def root_alias(rest: Json) -> str | None:
    alias: Any = rest.pop("root_alias", None)
    if alias is None:
        return None
    return str(alias["resource"] if isinstance(alias, dict) else alias)


def body(described: Json | None) -> Json:
    if described is None:
        return {"body": b""}
    ((kind, value),) = described.items()
    match kind:
        case "text":
            return {"body": value.encode()}
        case "base64":
            return {"body": base64.b64decode(value, validate=True)}
        case "parsed":
            return {"body": value.encode(), "parsed": True}
    raise AssertionError(kind)


def of_entry(entry: Entry) -> Json:
    match entry.kind:
        case "authenticated":
            assert entry.token is not None
            token, fields = of_token(entry.token), pairs(entry.response_headers)
            return {"outcome": "allowed", "token": token, "response_headers": fields}
        case "public":
            return {"outcome": "public"}
        case "answer" | "denied":
            return of_answer(entry.response or entry.denial)
    raise AssertionError(entry.kind)


def of_decision(decision: Decision) -> Json:
    assert decision.allowed is (decision.denial is None) is bool(decision)
    if decision.denial is not None:
        return of_answer(decision.denial)
    return {
        "outcome": "allowed",
        "token": None if decision.token is None else of_token(decision.token),
        "response_headers": pairs(decision.response_headers),
    }


def of_answer(answer: Any) -> Json:
    wire = {"status": answer.status, "headers": pairs(answer.headers), "body": answer.body.decode()}
    if hasattr(answer, "reason"):
        return {"outcome": "denied", "reason": answer.reason, **wire}
    return {"outcome": "answer", **wire}


def of_token(token: AccessToken) -> Json:
    return {
        "issuer": token.issuer,
        "subject": token.subject,
        "client_id": token.client_id,
        "scopes": sorted(token.scopes),
        "audiences": token.audiences,
        "expires_at": token.expires_at,
    }


def pairs(headers: list[tuple[str, str]]) -> list[list[str]]:
    return [list(pair) for pair in headers]


def configure(given: Json) -> Json:
    """Build what a configuration test describes, and return the result."""
    rest = dict(given)
    world = World(0, None)
    try:
        first = server(rest.pop("server"), world)
        requirement(rest.pop("requirement", []))
        policy(rest.pop("policy", {}))
        Guard(first, public_routes=rest.pop("public_routes", []))
        others = [server(other, world) for other in rest.pop("with", [])]
        MetadataRoutes([s.metadata for s in [first, *others]], root_alias=root_alias(rest))
    except ConfigError as error:
        return {"outcome": "error", "setting": error.setting, "says": error.message}
    assert not rest, rest
    return {"outcome": "built"}
