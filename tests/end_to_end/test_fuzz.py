"""Thousands of requests between what is permitted and what is not, the same ones in every run.

Whatever some reader could take for the forbidden call, however lenient it is about case, repeated
members and encodings, must not get through. Which refusal it is, is not asked here; it is never a 5xx.
"""

import contextlib
import gzip
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import wire
from attacks import CREATE, LIST
from expect import check_status, describe
from servers import Server
from upstream import Upstream

ROUNDS = 300
FORBIDDEN, PERMITTED = "create_todo", "list_todos"
TYPES = ["application/json"] * 30 + [
    "application/json; charset=utf-8", "application/json; charset=utf-7", "application/json;charset=utf-16le", "Application/JSON",
    "application/json; charset=\"utf-8\"", "application/json; x=\"; charset=utf-7\"", "text/json",
    "application/json-seq", "application/json,",
]  # fmt: skip


def test_nothing_forbidden_gets_through(policed: Server, mint: Callable[..., str], upstream: Upstream) -> None:
    token = mint(policed)
    rng = random.Random(policed.target.folder.split("-")[0])
    passed = 0
    for number in range(ROUNDS):
        body, fields = request(rng)
        before = len(upstream.recorded)
        # Not one connection each: that is another test's subject, and dear.
        sent = [("Authorization", f"Bearer {token}"), ("Accept", "application/json, text/event-stream"), *fields]
        answer = wire.request(policed.port, "POST", policed.path, sent, body)
        what = f"round {number}: {fields} {body[:500]!r}"
        check_status(policed, what, set(range(200, 500)), answer)
        for seen in upstream.recorded[before:]:
            passed += 1
            assert not any(reads_as_forbidden(text) for text in readings(seen.body)), describe(policed, what, "not passed on", seen)
            assert policed.target.parses_first or seen.body == body, describe(policed, what, "the judged bytes", seen)
    if policed.target.is_gateway:
        assert passed > ROUNDS // 20, "too little gets through for the test to mean anything"
    else:
        assert policed("GET", "/todos", token).json() == {"todos": []}


def request(rng: random.Random) -> tuple[bytes, list[tuple[str, str]]]:
    """A body made of both calls and some tricks, and fields to go with it."""
    text = message(rng) if rng.random() < 0.8 else LIST.decode().replace("list", rng.choice(["list", "\\u006cist"]))
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        text = rng.choice(TEXT_TRICKS)(text, rng)
    body = text.encode("utf-8", "surrogatepass")
    fields = []
    if rng.random() < 0.15:
        body = rng.choice(BYTE_TRICKS)(body)
    if rng.random() < 0.05:
        body, fields = gzip.compress(body), [("Content-Encoding", rng.choice(["gzip", "GZIP", "identity", "identity,gzip", ""]))]
    if rng.random() < 0.15:
        fields += [("Mcp-Name", rng.choice([PERMITTED, FORBIDDEN])), ("Mcp-Method", rng.choice(["tools/call", "tools/list"]))]
    if rng.random() < 0.1:
        fields += [("MCP-Protocol-Version", rng.choice(["2025-03-26", "2025-06-18", "2026-07-28", "x"]))]
    return body, [("Content-Type", rng.choice(TYPES)), *fields]


def message(rng: random.Random) -> str:
    """A call, a batch of calls, or one with members of the other one in it."""
    members = [
        '"jsonrpc":"2.0"', '"id":1', f'"{spelling("method", rng)}":"tools/call"',
        f'"{spelling("params", rng)}":{{{params(rng)}}}',
    ]  # fmt: skip
    if rng.random() < 0.2:
        members.append(
            rng.choice(['"method":"ping"', '"result":{}', f'"params":{{{params(rng)}}}', '"Params":{}', '"x":' + CREATE.decode()])
        )
    rng.shuffle(members)
    one = "{" + ",".join(members) + "}"
    return rng.choice([one] * 5 + [f"[{one}]", f"[{LIST.decode()},{one}]", f"[[{one}]]", f"{LIST.decode()}{one}"])


def params(rng: random.Random) -> str:
    forbidden = rng.random() < 0.5
    name = FORBIDDEN if forbidden else PERMITTED
    members = [f'"{spelling("name", rng)}":"{spelling(name, rng)}"', '"arguments":{"title":"stolen"}']
    if rng.random() < 0.15:
        members.append(f'"{spelling("name", rng)}":"{PERMITTED if forbidden else FORBIDDEN}"')
    rng.shuffle(members)
    return ",".join(members)


def spelling(text: str, rng: random.Random) -> str:
    """Mostly as it is; else another spelling of the same, or of nearly the same."""
    at = rng.randrange(len(text))
    letter = text[at]
    others = [
        f"\\u{ord(letter):04x}",
        f"\\u{ord(letter):04X}",
        letter.upper(),
        f"{letter}\\u0000",
        f" {letter}",
        f"{letter}\u200b",
        f"_{letter}",
    ]
    return text if rng.random() < 0.85 else text[:at] + rng.choice(others) + text[at + 1 :]


TEXT_TRICKS: list[Callable[[str, random.Random], str]] = [
    lambda text, rng: "\ufeff" + text,
    lambda text, rng: text + rng.choice([" ", "\n", "\0", "}", ",", "//", LIST.decode(), CREATE.decode()]),
    lambda text, rng: text.replace(":", rng.choice([" : ", ":\n", ":\u00a0", ":/**/"]), 1),
    lambda text, rng: text.replace('"', "'") if rng.random() < 0.5 else text.replace("}", ",}", 1),
    lambda text, rng: text.replace('"id":1', rng.choice(['"id":null', '"id":1e400', '"id":[1]', '"id":-0', '"id":01', '"id":"\ud800"']), 1),
    lambda text, rng: text[: rng.randrange(len(text))] + text[rng.randrange(len(text)) :],
    lambda text, rng: text.replace("2.0", rng.choice(["1.0", "2", "2.0 "]), 1),
]

BYTE_TRICKS: list[Callable[[bytes], bytes]] = [
    lambda body: body.decode(errors="replace").encode("utf-16"),
    lambda body: body.decode(errors="replace").encode("utf-16-le"),
    lambda body: body.decode(errors="replace").encode("utf-7", "replace"),
    lambda body: body.replace(b"t", b"\xc1\xb4", 1),
    lambda body: body.replace(b"_", b"\xff", 1),
    lambda body: body[:-1],
]


def readings(body: bytes) -> Iterator[str]:
    """The texts that some reader could make of the bytes."""
    candidates = [body]
    if body[:2] == b"\x1f\x8b":
        candidates.append(gzip.decompress(body))
    for data in candidates:
        for encoding in ("utf-8-sig", "utf-16", "utf-16-le"):
            with contextlib.suppress(UnicodeDecodeError):
                yield data.decode(encoding)


def reads_as_forbidden(text: str) -> bool:
    """Whether a reader that ignores case and repetition finds the forbidden call."""
    try:
        value = json.loads(text, object_pairs_hook=Members, strict=False)
    except (ValueError, RecursionError):
        return False
    messages = value if isinstance(value, list) and not isinstance(value, Members) else [value]
    return any(
        isinstance(params, Members) and any(folded(name) == folded(FORBIDDEN) for name in params.named("name"))
        for message in flat(messages)
        if any(folded(method) == "tools/call" for method in message.named("method"))
        for params in message.named("params")
    )


class Members(list[tuple[str, Any]]):
    """A JSON object with all its members, repeated ones included."""

    def named(self, name: str) -> list[Any]:
        return [value for own, value in self if folded(own) == name]


def flat(messages: list[Any]) -> Iterator[Members]:
    for message in messages:
        if isinstance(message, Members):
            yield message
        elif isinstance(message, list):
            yield from flat(message)


def folded(text: object) -> str:
    return text.casefold() if isinstance(text, str) else ""
