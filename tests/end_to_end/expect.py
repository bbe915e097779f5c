"""What a server may answer (core/src/manual/answers.rs), and failure messages that say who did what.

`check` takes one of the expectations below, so that the tables of the tests read like the table of
the design.
"""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from servers import Server
from wire import Message

# Nobody's words but the design's: letters, spaces and full stops.
DESCRIPTION = re.compile(r"[A-Za-z .]+")
EXPOSED = {"www-authenticate", "retry-after"}
# For what other processes do in their own time.
WITHIN = 10.0


@dataclass(frozen=True)
class Denied:
    """A refusal. `scope` and `challenge` are of the challenge."""

    status: int
    error: str
    scope: str | None = None
    challenge: bool = True
    # What the challenge says in `error`; without one, RFC 6750 section 3.1 wants none.
    challenge_error: str | None = None

    def check(self, server: Server, answer: Message) -> str | None:
        body = answer.json()
        wanted = {"error", "error_description"} | ({"scope"} if self.error == "insufficient_scope" else set())
        if set(body) != wanted or body["error"] != self.error or not DESCRIPTION.fullmatch(body["error_description"]):
            return f"body with {sorted(wanted)} and error {self.error}"
        if "scope" in wanted and set(body["scope"].split(" ")) != set((self.scope or "").split(" ")):
            return f"body with scope {self.scope}"
        return self._check_challenge(server, answer)

    def _check_challenge(self, server: Server, answer: Message) -> str | None:
        challenge = answer.challenge()
        if not self.challenge:
            return None if challenge is None else "no challenge"
        names = [*(["error", "error_description"] if self.challenge_error else []), *(["scope"] if self.scope else [])]
        if challenge is None or list(challenge) != [*names, "resource_metadata"]:
            return f"a challenge with exactly {[*names, 'resource_metadata']} in this order"
        if challenge.get("error") != self.challenge_error:
            return f"error={self.challenge_error!r} in the challenge"
        if set(challenge.get("scope", "").split(" ")) != set((self.scope or "").split(" ")):
            return f"scope={self.scope!r} in the challenge"
        if challenge["resource_metadata"] != server.metadata_url:
            return f"resource_metadata={server.metadata_url!r}"
        return None


@dataclass(frozen=True)
class Rpc:
    """A body that cannot be judged: 400 with a JSON-RPC error and no challenge."""

    code: int
    status: int = 400

    def check(self, _: Server, answer: Message) -> str | None:
        body = answer.json()
        message = body.get("error", {}).get("message")
        if body != {"jsonrpc": "2.0", "id": None, "error": {"code": self.code, "message": message}}:
            return f"a JSON-RPC error {self.code} with id null"
        if not isinstance(message, str) or not message:
            return "a constant message"
        return None if answer.challenge() is None else "no challenge"


MISSING = Denied(401, "unauthorized", "todo:read")
INVALID = Denied(401, "invalid_token", "todo:read", challenge_error="invalid_token")
MULTIPLE = Denied(400, "invalid_request", challenge_error="invalid_request")
NOT_ALLOWED = Denied(403, "access_denied", challenge=False)
TOO_LARGE = Denied(413, "invalid_request", challenge=False)
UNSUPPORTED = Denied(415, "invalid_request", challenge=False)
UNAVAILABLE = Denied(503, "temporarily_unavailable", challenge=False)
NOT_JSON = Rpc(-32700)
NOT_RPC = Rpc(-32600)
MISMATCH = Rpc(-32020)


def needs(scope: str) -> Denied:
    return Denied(403, "insufficient_scope", scope, challenge_error="insufficient_scope")


def check(server: Server, attack: str, expected: Denied | Rpc, answer: Message | None) -> None:
    """Fails with the server, the attack, what was expected and what came."""
    assert answer is not None, describe(server, attack, expected, "the connection was closed without an answer")
    if answer.status != expected.status:
        problem: str | None = f"status {expected.status}"
    else:
        try:
            problem = expected.check(server, answer) or check_fields(expected, answer)
        except (AssertionError, ValueError, KeyError, TypeError) as error:
            problem = f"a well-formed answer ({error})"
    assert problem is None, describe(server, attack, f"{expected}: {problem}", answer)


def check_fields(expected: Denied | Rpc, answer: Message) -> str | None:
    """What every refusal has, whatever its reason."""
    if answer.one("Content-Type") != "application/json":
        return "Content-Type: application/json"
    if answer.one("Cache-Control") != "no-store":
        return "Cache-Control: no-store"
    exposed = {name.strip().lower() for name in ",".join(answer.all("Access-Control-Expose-Headers")).split(",")}
    if not exposed >= EXPOSED:
        return "Access-Control-Expose-Headers with WWW-Authenticate and Retry-After"
    retry_after = answer.one("Retry-After")
    if (expected.status == 503 and not (retry_after or "").isdigit()) or retry_after == "0":
        return "Retry-After in whole seconds, at least 1"
    return None


def check_status(server: Server, attack: str, expected: int | set[int], answer: Message | None) -> Message:
    """For answers that are the framework's or the SDK's own."""
    allowed = expected if isinstance(expected, set) else {expected}
    assert answer is not None and answer.status in allowed, describe(
        server, attack, f"status {expected}", answer or "the connection was closed without an answer"
    )
    return answer


def eventually(server: Server, what: str, status: int, ask: Callable[[], Message]) -> Message:
    """The first answer with this status. What happens meanwhile is up to other processes."""
    deadline = time.monotonic() + WITHIN
    while (answer := ask()).status != status:
        assert time.monotonic() < deadline, describe(server, what, f"status {status} within {WITHIN} s", answer)
        time.sleep(0.05)
    return answer


def until(server: Server, what: str, condition: Callable[[], object], meanwhile: Callable[[], object] = lambda: None) -> None:
    """Waits for something that does not show in an answer."""
    deadline = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < deadline, describe(server, what, f"it happens within {WITHIN} s", "it does not")
        meanwhile()
        time.sleep(0.005)


def check_allowance(server: Server, attack: str, origin: str, answer: Message) -> None:
    """Exactly one, and for this origin. A gateway may leave it to its upstream which pages call, and allow any."""
    allowed = {origin, "*"} if server.target.is_gateway else {origin}
    values, credentials = answer.all("Access-Control-Allow-Origin"), answer.all("Access-Control-Allow-Credentials")
    one = len(values) == 1 and values[0] in allowed
    assert one, describe(server, attack, f"Access-Control-Allow-Origin, once, one of {sorted(allowed)}", answer)
    assert values[0] != "*" or not credentials, describe(server, attack, "never * with credentials", answer)
    varies = "origin" in ",".join(answer.all("Vary")).lower()
    assert values[0] == "*" or varies, describe(server, attack, "Vary: Origin, for caches", answer)


def describe(server: Server, attack: str, expected: object, got: object) -> str:
    return f"\n  server:   {server.target.name}\n  attack:   {attack}\n  expected: {expected}\n  got:\n      {got}"


def result(answer: Message) -> Any:
    """The one JSON-RPC response of an answer, sent as JSON or as an event stream."""
    if (answer.one("Content-Type") or "").startswith("text/event-stream"):
        data = [line[5:].strip() for line in answer.body.replace(b"\r\n", b"\n").split(b"\n") if line.startswith(b"data:")]
        messages = [json.loads(one) for one in data if one]
        return next(message for message in messages if "id" in message)
    return answer.json()
