"""How a request is framed changes nothing: chunks, slow and aborted uploads, smuggling.

Either the server refuses the framing, or it sees one consistent request and judges that.
"""

import contextlib
import re
from collections.abc import Callable

import pytest

import wire
from attacks import CREATE, LIST
from expect import INVALID, MISSING, TOO_LARGE, check, check_status, describe, needs, result
from servers import Server
from upstream import Upstream
from wire import Connection, Message

Mint = Callable[..., str]
JSON = [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream")]


LAST = "GET /.well-known/oauth-protected-resource HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n"


def post(server: Server, token: str | None, *fields: tuple[str, str]) -> bytes:
    authorization = [("Authorization", f"Bearer {token}")] if token else []
    return wire.head("POST", server.path, server.port, [*authorization, *JSON, *fields])


def only_permitted(server: Server, attack: str, upstream: Upstream) -> None:
    for seen in upstream.seen():
        assert b"create_todo" not in seen.body, describe(server, attack, "no forbidden call to the upstream", seen)


def no_todo(server: Server, attack: str, token: str) -> None:
    if not server.target.is_gateway:
        todos = server("GET", "/todos", token).json()
        assert todos == {"todos": []}, describe(server, attack, "no todo", todos)


def pieces(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_chunks_are_judged_as_a_whole(policed: Server, size: int, mint: Mint, upstream: Upstream) -> None:
    token = mint(policed)
    chunked = ("Transfer-Encoding", "chunked"), ("Connection", "close")
    answer = wire.raw(policed.port, post(policed, token, *chunked) + wire.chunked(*pieces(CREATE, size)))
    check(policed, f"forbidden call in chunks of {size}", needs("todo:write"), answer)
    assert not upstream.seen()
    answer = wire.raw(policed.port, post(policed, token, *chunked) + wire.chunked(*pieces(LIST, size)))
    check_status(policed, f"permitted call in chunks of {size}", 200, answer)
    if policed.target.is_gateway:
        assert upstream.recorded[0].body == LIST


def test_trickling_body(policed: Server, mint: Mint, upstream: Upstream) -> None:
    """Sent in three pieces that arrive one by one."""
    token = mint(policed)
    for body, expected in ((LIST, 200), (CREATE, 403)):
        with Connection(policed.port) as connection:
            connection.send(post(policed, token, ("Content-Length", str(len(body)))))
            for piece in pieces(body, 40):
                connection.send(piece)
                # Another exchange in between: the server has seen the piece by then, and waits.
                check_status(policed, "meanwhile", 401, policed.rpc(LIST))
            check_status(policed, f"slow upload of {body!r}", expected, connection.receive("POST"))
    only_permitted(policed, "slow upload", upstream)


def test_refused_before_the_body_is_there(policed: Server, mint: Mint) -> None:
    """A bad or missing token is answered without waiting for the upload, unless the host parses bodies first."""
    for token, expected in ((None, MISSING), (mint(policed, exp=1), INVALID)):
        for length in (len(LIST), 10_000_000) if not policed.target.parses_first else (10,):
            with Connection(policed.port) as connection:
                connection.send(post(policed, token, ("Content-Length", str(length))) + b"[]        ")
                check(policed, f"{length} bytes announced, 10 sent", expected, connection.receive("POST"))


def test_aborted_upload(policed: Server, mint: Mint, upstream: Upstream) -> None:
    """Half a call is no call."""
    token = mint(policed, "todo:read todo:write")
    for framing, half in (
        (("Content-Length", str(len(CREATE))), CREATE[:-1]),
        (("Content-Length", str(len(CREATE) + 1)), CREATE),
        (("Transfer-Encoding", "chunked"), b"%x\r\n%s\r\n" % (len(CREATE), CREATE)),
    ):
        with Connection(policed.port) as connection:
            connection.send(post(policed, token, framing) + half)
        check_status(policed, "the next request", 401, policed.rpc(LIST))
    assert not upstream.seen(), describe(policed, "aborted upload", "no request to the upstream", upstream.seen()[0])
    no_todo(policed, "aborted upload", token)


def test_large_bodies_in_chunks(policed: Server, mint: Mint, upstream: Upstream) -> None:
    """No length is announced, and none is needed to stop at the limit."""
    token = mint(policed)
    body = CREATE.replace(b"stolen", b"x" * 10_000_000)
    with Connection(policed.port) as connection:
        connection.send_aside(post(policed, token, ("Transfer-Encoding", "chunked")) + wire.chunked(*pieces(body, 64 * 1024)))
        answer = connection.receive("POST")
    if policed.target.parses_first:
        check_status(policed, "10 MB in chunks", 413, answer)
    else:
        check(policed, "10 MB in chunks", TOO_LARGE, answer)
    assert not upstream.seen()
    check_status(policed, "the next request", 200, policed.rpc(LIST, token))


# Messages that two readers could frame differently (RFC 9112 section 11.2). `{inner}` is a
# whole request with a forbidden call, meant to be taken for a second one behind the guard's back.
SMUGGLING: dict[str, tuple[list[tuple[str, str]], str]] = {
    "two lengths, second longer": ([("Content-Length", "{list}"), ("Content-Length", "{all}")], "{LIST}{inner}"),
    "two lengths, first longer": ([("Content-Length", "{all}"), ("Content-Length", "{list}")], "{LIST}{inner}"),
    "two lengths in one field": ([("Content-Length", "{list}, {all}")], "{LIST}{inner}"),
    "length with a sign": ([("Content-Length", "+{list}")], "{LIST}{inner}"),
    "length in hexadecimal": ([("Content-Length", "0x{list}")], "{LIST}{inner}"),
    "negative length": ([("Content-Length", "-1")], "{LIST}{inner}"),
    "length and chunks": ([("Content-Length", "{all}"), ("Transfer-Encoding", "chunked")], "{LIST_CHUNKED}{inner}"),
    "chunks and length": ([("Transfer-Encoding", "chunked"), ("Content-Length", "{list}")], "0\r\n\r\n{inner}"),
    "chunks spelt oddly": ([("Content-Length", "{list}"), ("Transfer-Encoding", "xchunked")], "{LIST}{inner}"),
    "chunked twice": ([("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")], "{LIST_CHUNKED}{inner}"),
    "chunked, identity": ([("Transfer-Encoding", "chunked, identity")], "{LIST_CHUNKED}{inner}"),
    "chunked with a tab": ([("Transfer-Encoding", "\tchunked")], "{LIST_CHUNKED}{inner}"),
    "blank before the colon": ([("Content-Length ", "{list}"), ("Transfer-Encoding", "chunked")], "{LIST_CHUNKED}{inner}"),
    "folded field": ([("X-Folded", "a\r\n Transfer-Encoding: chunked"), ("Content-Length", "{list}")], "{LIST}{inner}"),
    "chunk size too large": ([("Transfer-Encoding", "chunked")], "fffffffffffffffff0\r\n{LIST}\r\n0\r\n\r\n{inner}"),
    "chunk size with a sign": ([("Transfer-Encoding", "chunked")], "+{list_hex}\r\n{LIST}\r\n0\r\n\r\n{inner}"),
    "chunk without its end": ([("Transfer-Encoding", "chunked")], "1\r\n{LIST}\r\n0\r\n\r\n{inner}"),
    "bare line feeds in chunks": ([("Transfer-Encoding", "chunked")], "{list_hex}\n{LIST}\n0\n\n{inner}"),
    "a trailer that is a token": (
        [("Transfer-Encoding", "chunked"), ("Trailer", "Authorization")],
        "{list_hex}\r\n{LIST}\r\n0\r\nAuthorization: Bearer x\r\n\r\n{inner}",
    ),
}


@pytest.mark.parametrize("name", SMUGGLING)
def test_smuggling(policed: Server, name: str, mint: Mint, upstream: Upstream) -> None:
    """The inner request has no token of its own: whoever runs it was fooled."""
    token = mint(policed)
    fields, body = SMUGGLING[name]
    inner = wire.head("POST", policed.path, policed.port, [*JSON, ("Content-Length", str(len(CREATE)))]) + CREATE
    lists = {
        "list": str(len(LIST)),
        "list_hex": f"{len(LIST):x}",
        "all": str(len(LIST) + len(inner)),
        "LIST": LIST.decode(),
        "LIST_CHUNKED": wire.chunked(LIST).decode(),
        "inner": inner.decode(),
    }

    def fill(text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: lists.get(found[1], found[0]), text)

    data = post(policed, token, *((field, fill(value)) for field, value in fields)) + fill(body).encode()
    answers = exchange(policed, data)
    statuses = [answer.status for answer in answers]
    allowed = {200, 202, 400, 401, 403, 411, 413, 415, 501}
    assert set(statuses) <= allowed, describe(policed, name, f"only {sorted(allowed)}", statuses)
    ran = [answer for answer in answers if answer.status == 200]
    assert len(ran) <= 1, describe(policed, name, "at most the outer call runs", statuses)
    only_permitted(policed, name, upstream)
    assert len(upstream.seen()) <= 1 and all(seen.body == LIST for seen in upstream.recorded), describe(
        policed, name, "one call, as sent", upstream.seen()
    )
    no_todo(policed, name, token)


def exchange(server: Server, data: bytes) -> list[Message]:
    """All that the server has to say to these bytes. A last request asks it to close, if it gets so far."""
    answers: list[Message] = []
    # The server has closed, or waits for bytes that do not come.
    with Connection(server.port, timeout=0.5) as connection, contextlib.suppress(EOFError, OSError):
        connection.send(data + LAST.format(server.port).encode())
        while len(answers) < 4:
            answers.append(connection.receive("POST"))
    return [answer for answer in answers if b"authorization_servers" not in answer.body]


@pytest.mark.parametrize("size", [0, 200_000, 5_000_000])
def test_a_body_that_nobody_reads_is_no_request(policed: Server, size: int, mint: Mint, upstream: Upstream) -> None:
    """The refused request carries another one in its body, with a good token; it must not be taken for the next.

    The rest of the body is thrown away, or the connection with it: a client that sends all before it reads must not hang.
    """
    token = mint(policed, "todo:read todo:write")
    inner = post(policed, token, ("Content-Length", str(len(CREATE)))) + CREATE
    body = b" " * size + inner
    for what, fields in (
        ("no token", []),
        ("bad token", [("Authorization", "Bearer garbage")]),
        ("unsupported", [("Authorization", f"Bearer {token}"), ("Content-Encoding", "br")]),
        ("not JSON", [("Authorization", f"Bearer {token}")]),
    ):
        with Connection(policed.port, timeout=5) as connection, contextlib.suppress(EOFError, ConnectionError):
            framing = [*fields, *JSON, ("Content-Length", str(len(body)))]
            connection.send_aside(wire.head("POST", policed.path, policed.port, framing) + body + LAST.format(policed.port).encode())
            first = connection.receive("POST")
            assert first.status in (400, 401, 413, 415), describe(policed, f"{what}, request in the body", "a refusal", first)
            while (following := connection.receive("GET")).status in (400, 404, 405):
                pass
            assert b"authorization_servers" in following.body, describe(policed, what, "the next request, or nothing", following)
    assert not upstream.seen(), describe(policed, "request in a body", "no request to the upstream", upstream.seen()[0])
    no_todo(policed, "request in a body", token)


def test_each_request_of_a_connection_is_judged(policed: Server, mint: Mint, upstream: Upstream) -> None:
    """MCP-13: a token counts for its own request only; pipelined, too."""
    length = [("Content-Length", str(len(LIST)))]
    with_token, without = post(policed, mint(policed), *length) + LIST, post(policed, None, *length) + LIST
    with Connection(policed.port) as connection:
        connection.send(with_token + without + with_token)
        statuses = [connection.receive("POST").status for _ in range(3)]
        assert statuses == [200, 401, 200], describe(policed, "pipelined requests", [200, 401, 200], statuses)
    if policed.target.is_gateway:
        assert len(upstream.recorded) == 2


def test_absolute_form(policed: Server, mint: Mint, upstream: Upstream) -> None:
    """RFC 9112 section 3.2.2: the authority in the target is not where anybody is sent."""
    for target in (f"http://evil.example.com{policed.path}", f"{policed.origin}{policed.path}"):
        answer = policed.rpc(CREATE, mint(policed), target=target)
        if answer.status == 403 and answer.one("WWW-Authenticate"):
            check(policed, target, needs("todo:write"), answer)
        else:
            check_status(policed, target, {400, 403, 404, 421}, answer)
        answer = policed.rpc(CREATE, target=target)
        if answer.status not in (400, 421):
            check(policed, f"{target} without a token", MISSING, answer)
    assert not upstream.seen()


def test_expect_continue(policed: Server, mint: Mint) -> None:
    with Connection(policed.port) as connection:
        connection.send(post(policed, mint(policed), ("Content-Length", str(len(LIST))), ("Expect", "100-continue")))
        connection.send(LIST)
        answer = check_status(policed, "Expect: 100-continue", 200, connection.receive("POST"))
        assert "result" in result(answer)
