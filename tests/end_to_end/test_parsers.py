"""No two parsers agree on all JSON: the one that judges must not be fooled about what the next one runs.

Each spelling is sent three times: around a call that the token does not allow, around one that it does,
and with a token that allows all. Behind stand the three official SDKs, whose todos say what has run, and
behind the gateways a recorder. Which refusal it is, and whether the SDK makes sense of what is let
through, is not asked here: nothing forbidden runs, nothing runs twice, and nothing falls over.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from attacks import CREATE, LIST
from conftest import Start, each
from expect import check_status, describe
from servers import PLAIN_GATEWAYS, TODOS, Server
from test_fuzz import readings, reads_as_forbidden
from upstream import Upstream
from wire import Message

DEPTH = 10_000
EVERY_SCOPE = "todo:read todo:write todo:delete"

# How a call is written down, given the name of the tool and its arguments in JSON.
Spelling = Callable[[str, str], str]


def message(
    *,
    id: str = "1",
    jsonrpc: str = '"2.0"',
    method: str = '"tools/call"',
    name: str = '"%"',
    arguments: str = "%",
    in_params: str = "",
    params: str = "%",
    more: str = "",
) -> Spelling:
    """A call with some of its parts written in another way; `%` stands for what would be there."""

    def write(tool: str, given: str) -> str:
        own = f'"name":{name.replace("%", tool)},"arguments":{arguments.replace("%", given)}{in_params}'
        return f'{{"jsonrpc":{jsonrpc},"id":{id},"method":{method},"params":{params.replace("%", f"{{{own}}}")}{more}}}'

    return write


def around(front: str, tail: str, write: Spelling | None = None) -> Spelling:
    written = write or message()
    return lambda tool, arguments: front + written(tool, arguments) + tail


def tool_is(name: str) -> Spelling:
    return lambda tool, arguments: message()(name.replace("%", tool), arguments)


def boxed(name: str, what: str) -> Spelling:
    """The whole call, or one of its parts, as a text in a member with this name."""

    def write(tool: str, arguments: str) -> str:
        texts = {"name": f'"{tool}"', "arguments": arguments, "params": f'{{"name":"{tool}","arguments":{arguments}}}'}
        if what in texts:
            return message(**{what: box(name, texts[what])})(tool, arguments)
        return box(name, message()(tool, arguments))

    return write


def box(name: str, text: str) -> str:
    return f'{{"{name}":{json.dumps(text)}}}'


def deep(left: str, right: str, inner: str = "1") -> str:
    return left * DEPTH + inner + right * DEPTH


def private() -> dict[str, Spelling]:
    """Member names by which serde_json talks to itself."""
    found: dict[str, Spelling] = {}
    for what, name in PRIVATE.items():
        found |= {f"{what}: {part}": boxed(name, part) for part in ("the whole", "params", "name", "arguments")}
        found |= {
            f"{what}: in a batch": around("[", "]", boxed(name, "the whole")),
            f"{what}: after a call, in a batch": around(f"[{LIST.decode()},", "]", boxed(name, "the whole")),
            f"{what}: beside the call": message(more=f',"{name}":"1"'),
            f"{what}: in params": message(in_params=f',"{name}":"1"'),
            f"{what}: id": message(id=box(name, "1")),
            f"{what}: id that is no number": message(id=box(name, "one")),
            f"{what}: id that is no text": message(id=f'{{"{name}":1}}'),
            f"{what}: method": message(method=box(name, '"tools/call"')),
            f"{what}: an argument": message(arguments=f'{{"title":{box(name, "1")}}}'),
            f"{what}: an argument that is broken": message(arguments=f'{{"title":{box(name, "{bad")}}}'),
            f"{what}: an argument that is null": message(arguments=f'{{"title":"x","more":{{"{name}":null}}}}'),
            f"{what}: _meta": message(in_params=f',"_meta":{box(name, "{}")}'),
            f"{what}: progress token": message(in_params=f',"_meta":{{"progressToken":{box(name, "7")}}}'),
        }
    return found


PRIVATE = {
    "raw value": "$serde_json::private::RawValue",
    "escaped raw value": "\\u0024serde_json::private::RawValue",
    "number": "$serde_json::private::Number",
    "escaped number": "$serde_json::private::\\u004eumber",
}
# fmt: off
IDS = [
    "1e400", "-1e400", "1" + "0" * 400, "-0", "-0.0", "1.0", "1E5", "0.1e1", "1e-400", "9007199254740993", "18446744073709551616",
    "-9223372036854775809", "0." + "3" * 400, "01", "+1", ".5", "1.", "0x1", "1_0", "NaN", "Infinity", "-Infinity", "true", "null",
    "[]", "{}", "[1]", '""', '"\\u0000"', '"\\ud800"', '"\\udfff\\ud800"', '"' + "x" * 100_000 + '"',
]
BESIDE = ["ID", "iD", "\u0131d", "JSONRPC", "\\u004dethod", "re\\u0073ult", "error"]
IN_PARAMS = [
    "Arguments", "ARGUMENTS", "argument\u017f", "\\u0041rguments", "_META", "URI", "Ref", "arguments\\u0000", "name\\u0000",
    "\\u0000name", "name ", "name\\ud800", "\\ufeffname", "n\u0430me", "__proto__", "constructor", "toString",
]
SUFFIXES = ["\\u0000", "\\ud800", "\\udc00\\ud800", "\\ufeff", "\\u200b", "/", "\\t", "\\u0301", "#", "?", "%00", "\\u202e"]
TOOLS = [
    "__proto__", "constructor", "toString", "hasOwnProperty", "*", "create_\\u0074odo\\u0000x", "\uff43reate_todo", "\\ud83d\\ude00",
    *(f"%{suffix}" for suffix in SUFFIXES),
]
TAILS = ["\0", "\x0b", "\x0c", "\u00a0", "\ufeff", "\u2028", "null", ",", ";", "]", "\n" + CREATE.decode(), "\r\n\r\n{}", "\x1e{}"]
FRONTS = ["\0", "\x0b", "\x1e", "\u00a0", "\u2028", ")]}',\n", "null\n", "data: ", "//\n", "{}"]
# fmt: on

SPELLINGS: dict[str, Spelling] = {
    **{f"id {id[:20]}": message(id=id) for id in IDS},
    **private(),
    **{f"{name} beside the call": message(more=f',"{name}":"x"') for name in BESIDE},
    **{f"{name} in params": message(in_params=f',"{name}":{{"title":"other"}}') for name in IN_PARAMS},
    **{f"tool {name}": tool_is(name) for name in TOOLS},
    **{f"followed by {tail[:12]!r}": around("", tail) for tail in TAILS},
    **{f"after {front!r}": around(front, "") for front in FRONTS},
    "every letter escaped": lambda tool, arguments: message()("".join(f"\\u{ord(letter):04X}" for letter in tool), arguments),
    "every name escaped": lambda *of: message()(*of).replace('"method"', '"m\\u0065thod"').replace("ms", "\\u006ds"),
    "version 2": message(jsonrpc="2.0"),
    "version with a NUL": message(jsonrpc='"2.0\\u0000"'),
    "arguments null": message(arguments="null"),
    "arguments in a list": message(arguments="[%]"),
    "arguments as a text": message(arguments='"{}"'),
    "params null": message(params="null"),
    "params in a list": message(params="[%]"),
    "an argument twice": message(arguments='{"title":"one","title":"two"}'),
    "an argument twice, once escaped": message(arguments='{"title":"one","t\\u0069tle":"two"}'),
    "an argument in three cases": message(arguments='{"title":"one","Title":"two","TITLE":"three"}'),
    "a member twice, deep in arguments": message(arguments='{"title":"one","more":{"a":[{"b":1,"b":2}]}}'),
    "name twice, deep in arguments": message(arguments='{"title":"one","params":{"name":"list_todos","name":"create_todo"}}'),
    "a member twice, deep in _meta": message(in_params=',"_meta":{"a":{"b":1,"b":2}}'),
    "a member twice, beside params": message(more=',"x":{"a":1,"a":2}'),
    "an argument of a huge number": message(arguments='{"title":1e400}'),
    "an argument of many digits": message(arguments='{"title":"x","n":' + "9" * 5_000 + "}"),
    "a lone surrogate in an argument": message(arguments='{"title":"\\ud800"}'),
    "a NUL in an argument": message(arguments='{"title":"a\\u0000b"}'),
    "a non-character in an argument": message(arguments='{"title":"\\uffff\\ufffe\\ud83f\\udfff"}'),
    "a control character in an argument": message(arguments='{"title":"a\x01b"}'),
    "a line break in an argument": message(arguments='{"title":"a\nb"}'),
    "arguments deep in lists": message(arguments=f'{{"title":{deep("[", "]")}}}'),
    "arguments deep in objects": message(arguments=deep('{"a":', "}")),
    "id deep": message(id=deep("[", "]")),
    "name deep": message(name=deep("[", "]")),
    "params deep": message(params=deep('{"params":', "}", "%")),
    "_meta deep": message(in_params=',"_meta":' + deep('{"a":', "}")),
    "deep beside params": message(more=',"x":' + deep("[", "]")),
    "batch deep": around("[" * DEPTH, "]" * DEPTH),
    "deep and never closed": around("[" * DEPTH, ""),
    "batch in a batch": around(f"[{LIST.decode()},[", "]]"),
    "batch with a comma more": around("[", ",]"),
}


@pytest.fixture(scope="session", **each([*TODOS, *PLAIN_GATEWAYS]))
def judging_server(request: pytest.FixtureRequest, start: Start) -> Server:
    return start(request.param, "policy" if request.param.is_gateway else "preset at a path")


@pytest.fixture
def server(judging_server: Server, upstream: Upstream) -> Server:
    upstream.reset()
    return judging_server


@pytest.mark.parametrize("name", SPELLINGS)
def test_spelling(server: Server, name: str, mint: Callable[..., str], upstream: Upstream) -> None:
    reads, all_of_them = mint(server), mint(server, EVERY_SCOPE)
    for tool, arguments in (("create_todo", '{"title":"stolen"}'), ("list_todos", "{}")):
        body = SPELLINGS[name](tool, arguments).encode()
        answer = server.rpc(body, reads)
        check_no_failure(server, f"{name}: {tool} with todo:read", answer)
        for seen in upstream.seen():
            assert seen.body == body, describe(server, f"{name}: {tool}", "the bytes that were judged", seen)
            forbidden = any(reads_as_forbidden(text) for text in readings(seen.body))
            assert not forbidden, describe(server, f"{name}: {tool}", "no forbidden call behind the gateway", seen)
    assert todos(server, reads) == [], describe(server, name, "no todo", todos(server, reads))

    upstream.reset()
    answer = server.rpc(SPELLINGS[name]("create_todo", '{"title":"mine"}').encode(), all_of_them)
    check_no_failure(server, f"{name}: create_todo with every scope", answer)
    assert len(todos(server, reads)) <= 1 and len(upstream.seen()) <= 1, describe(server, name, "it runs once at most", answer)


def test_most_of_what_is_odd_is_not_what_is_wrong(server: Server, mint: Callable[..., str], upstream: Upstream) -> None:
    """The controls: the tables above prove nothing about calls that never get through."""
    token = mint(server, EVERY_SCOPE)
    for name in ("id -0", "every letter escaped", "every name escaped", "an argument twice", "__proto__ in params"):
        before = len(todos(server, token)) + len(upstream.recorded)
        check_status(server, name, {200, 202}, server.rpc(SPELLINGS[name]("create_todo", '{"title":"mine"}').encode(), token))
        after = len(todos(server, token)) + len(upstream.recorded)
        assert after == before + 1, describe(server, name, "it runs", f"{after - before} times")


def check_no_failure(server: Server, attack: str, answer: Message) -> None:
    """Whatever is wrong, it is not the server, and not the token."""
    assert 200 <= answer.status < 500 and answer.status != 401, describe(server, attack, "no 401 and no 5xx", answer)


def todos(server: Server, token: str) -> Any:
    return [] if server.target.is_gateway else server("GET", "/todos", token).json()["todos"]
