"""What can go wrong on the wire between an authorization server and who asks it.

A fault is a function of one exchange. It has the answer that would be right, and a connection to
do something else with. Those without an end go on until the issuer behaves again.
"""

import functools
import gzip
import json
import select
import socket
import struct
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from wire import Message

JSON = ("Content-Type", "application/json")


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b""
    fields: tuple[tuple[str, str], ...] = (JSON,)

    def head(self, *framing: tuple[str, str]) -> bytes:
        lines = [f"HTTP/1.1 {self.status} Status", *(f"{name}: {value}" for name, value in (*self.fields, *framing))]
        return "\r\n".join([*lines, "", ""]).encode()

    def data(self) -> bytes:
        return self.head() if self.status == 304 else self.head(("Content-Length", str(len(self.body)))) + self.body


@dataclass(eq=False)
class Exchange:
    """A request that has come in and waits for its answer."""

    connection: socket.socket
    # The right answer at the time of the call: keys may change while an exchange is held up.
    right: Callable[[], Answer] = Answer
    request: Message = field(default_factory=lambda: Message("", ()))
    # Set when the issuer behaves again.
    over: threading.Event = field(default_factory=threading.Event)
    # Whether a whole answer was sent, so that another one may follow on the connection.
    whole: bool = False

    def send(self, data: bytes | Answer) -> None:
        self.connection.sendall(data.data() if isinstance(data, Answer) else data)
        self.whole = isinstance(data, Answer)

    def wait(self) -> None:
        """Until the issuer behaves again. Who hangs up meanwhile ends the exchange."""
        poll = select.poll()
        poll.register(self.connection, select.POLLIN)
        while not self.over.wait(0.01):
            if poll.poll(0):
                raise ConnectionAbortedError


Fault = Callable[[Exchange], None]


def well(exchange: Exchange) -> None:
    exchange.send(exchange.right())


def once(fault: Fault) -> Fault:
    """Only the first time."""
    first = iter([fault])
    return lambda exchange: next(first, well)(exchange)


def status(code: int, *fields: tuple[str, str]) -> Fault:
    return lambda exchange: exchange.send(replace(exchange.right(), status=code, fields=(JSON, *fields)))


def redirect(code: int, location: str) -> Fault:
    return lambda exchange: exchange.send(Answer(code, b"", (JSON, ("Location", location))))


def body(data: bytes, content_type: str = "application/json") -> Fault:
    return lambda exchange: exchange.send(Answer(200, data, (("Content-Type", content_type),)))


def members(**changes: Any) -> Fault:
    """The right document with other members; `...` leaves one out, and a function gets the right value."""

    def fault(exchange: Exchange) -> None:
        right = json.loads(exchange.right().body)
        document = right | {name: change(right[name]) if callable(change) else change for name, change in changes.items()}
        exchange.send(Answer(200, json.dumps({name: value for name, value in document.items() if value is not ...}).encode()))

    return fault


def hang(exchange: Exchange) -> None:
    """Says nothing until the issuer behaves again; then what is right."""
    exchange.wait()
    well(exchange)


def hang_after_head(exchange: Exchange) -> None:
    answer = exchange.right()
    exchange.send(answer.head(("Content-Length", str(len(answer.body)))))
    exchange.wait()
    exchange.send(answer.body)


def drip(exchange: Exchange) -> None:
    """A byte every few milliseconds: there is always something, and never an end."""
    exchange.send(exchange.right().head(("Content-Length", "200000")))
    _drip(exchange, b" ")


def drip_head(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 Status\r\nX-Padding: ")
    _drip(exchange, b"x")


def _drip(exchange: Exchange, byte: bytes) -> None:
    while not exchange.over.wait(0.005):
        exchange.send(byte)


def cut_off(exchange: Exchange) -> None:
    """Shorter than announced."""
    answer = exchange.right()
    exchange.send(answer.head(("Content-Length", str(len(answer.body) + 10))) + answer.body)


def cut_json(exchange: Exchange) -> None:
    """As long as announced, and yet not whole."""
    answer = exchange.right()
    exchange.send(replace(answer, body=answer.body[:-2]))


def not_http(exchange: Exchange) -> None:
    exchange.send(b"\x15\x03\x01\x00\x02\x02\x46")


def close(exchange: Exchange) -> None:
    """Without a word."""


def reset(exchange: Exchange) -> None:
    """RST instead of an answer."""
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def reset_after_head(exchange: Exchange) -> None:
    answer = exchange.right()
    exchange.send(answer.head(("Content-Length", str(len(answer.body)))) + answer.body[:10])
    reset(exchange)


def huge(exchange: Exchange) -> None:
    """20 MB of blanks, and then what is right: nothing is wrong with it but its size."""
    answer = exchange.right()
    exchange.send(replace(answer, body=b" " * HUGE + answer.body))


def huge_in_chunks(exchange: Exchange) -> None:
    """The same without saying so beforehand."""
    answer = exchange.right()
    exchange.send(answer.head(("Transfer-Encoding", "chunked")))
    for _ in range(HUGE // CHUNK):
        exchange.send(b"%x\r\n%s\r\n" % (CHUNK, b" " * CHUNK))
    exchange.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(answer.body), answer.body))


def coded(coding: str, encode: Callable[[bytes], bytes] = gzip.compress) -> Fault:
    def fault(exchange: Exchange) -> None:
        answer = exchange.right()
        exchange.send(replace(answer, body=encode(answer.body), fields=(JSON, ("Content-Encoding", coding))))

    return fault


def bomb(text: bytes) -> bytes:
    """200 MB of blanks and then the text, in less gzip than the longest document that is read."""
    begun, compressor = _bomb()
    rest = compressor.copy()
    return b"".join([begun, rest.compress(text), rest.flush()])


@functools.cache
def _bomb() -> tuple[bytes, Any]:
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b" " * 1_000_000
    return b"".join(compressor.compress(block) for _ in range(BOMB // len(block))), compressor


def many_keys(count: int) -> Fault:
    """Every one of them good."""

    def fault(exchange: Exchange) -> None:
        answer = exchange.right()
        [key, *_] = json.loads(answer.body)["keys"]
        keys = [key, *({**key, "kid": f"extra-{number}"} for number in range(count - 1))]
        exchange.send(replace(answer, body=json.dumps({"keys": keys}, separators=(",", ":")).encode()))

    return fault


PAGE = b"<!doctype html><title>Sign in</title><p>You are being redirected."
HUGE = 20_000_000
CHUNK = 1_000_000
BOMB = 200_000_000

# What can happen to any document. (Where it is sent by a redirect is the caller's to say.)
ANYWHERE: dict[str, Fault] = {
    "500": status(500),
    "503": status(503, ("Retry-After", "3600")),
    "404": status(404),
    "403": status(403),
    "204": status(204),
    "304 to nobody's question": status(304),
    "hang": hang,
    "hang after the head": hang_after_head,
    "drip": drip,
    "drip in the head": drip_head,
    "close": close,
    "cut off": cut_off,
    "cut JSON": cut_json,
    "no body": body(b""),
    "null": body(b"null"),
    "array": body(b"[]"),
    "web page": body(PAGE, "text/html; charset=utf-8"),
    "web page that says it is JSON": body(PAGE),
    "not HTTP": not_http,
    "reset": reset,
    "reset after the head": reset_after_head,
    "20 MB": huge,
    "20 MB in chunks": huge_in_chunks,
    "gzip": coded("gzip"),
    "GZIP": coded("GZIP"),
    "deflate": coded("deflate", zlib.compress),
    "a coding of its own": coded("x-own", bytes),
    "gzip bomb": coded("gzip", bomb),
    "gzip that says nothing": lambda exchange: exchange.send(replace(exchange.right(), body=gzip.compress(exchange.right().body))),
}

IN_KEYS: dict[str, Fault] = {
    "10,000 keys": many_keys(10_000),
    # Small enough to be read whole.
    "1,000 keys": many_keys(1_000),
    "no key": members(keys=[]),
    "no keys member": members(keys=...),
    "no usable key": members(keys=[None, {}, {"kty": "oct", "k": "AA", "kid": "x"}]),
    "depth of 10,000": body(b'{"keys":' + b"[" * 10_000 + b"]" * 10_000 + b"}"),
    "keys as a web page": lambda exchange: exchange.send(replace(exchange.right(), fields=(("Content-Type", "text/html"),))),
}
