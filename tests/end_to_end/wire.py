"""HTTP/1.1 to the byte: what a test says is what goes over the wire.

A client library would repair the very things that are tested here (a repeated field, two lengths,
a path that is not normalised), so messages are written and read by hand. Nothing is judged here.
"""

import contextlib
import json
import re
import socket
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from typing import Any

Fields = Iterable[tuple[str, str | bytes]]

TIMEOUT = 15.0


@dataclass(frozen=True)
class Message:
    """A request or a response as it was sent: fields in order, repeated ones repeated."""

    start: str
    fields: tuple[tuple[str, str], ...]
    body: bytes = b""

    @property
    def status(self) -> int:
        return int(self.start.split(" ")[1])

    @property
    def method(self) -> str:
        return self.start.split(" ")[0]

    @property
    def target(self) -> str:
        return self.start.split(" ")[1]

    def all(self, name: str) -> list[str]:
        return [value for own, value in self.fields if own.lower() == name.lower()]

    def one(self, name: str) -> str | None:
        """The value of a field that may occur once."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} occurs {len(values)} times: {values}"
        return values[0] if values else None

    def json(self) -> Any:
        return json.loads(self.body)

    def challenge(self) -> dict[str, str] | None:
        """The parameters of the one `Bearer` challenge, in order; strict as RFC 6750 section 3."""
        value = self.one("WWW-Authenticate")
        if value is None:
            return None
        assert value.startswith("Bearer "), f"not a Bearer challenge: {value}"
        rest = value.removeprefix("Bearer ")
        assert re.fullmatch(r'\w+="[^"\\]*"(, \w+="[^"\\]*")*', rest), f"malformed challenge: {value}"
        pairs = re.findall(r'(\w+)="([^"\\]*)"', rest)
        assert len(dict(pairs)) == len(pairs), f"a parameter occurs twice: {value}"
        return dict(pairs)

    def __str__(self) -> str:
        lines = [self.start, *(f"{name}: {value}" for name, value in self.fields), "", repr(self.body[:400])]
        return "\n      ".join(lines)


class Connection:
    """One connection to a server of this machine."""

    def __init__(self, port: int, timeout: float = TIMEOUT) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.reader.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send_aside(self, data: bytes) -> None:
        """Sends while the caller reads: who refuses an upload may answer before its end."""

        def run() -> None:
            # The answer, not the upload, is what the test is about.
            with contextlib.suppress(OSError):
                self.socket.sendall(data)

        threading.Thread(target=run, daemon=True).start()

    def receive_head(self) -> Message:
        head = read_head(self.reader)
        while head.status in range(100, 200) and head.status != 101:
            head = read_head(self.reader)
        return head

    def receive(self, method: str = "GET") -> Message:
        head = self.receive_head()
        if method == "HEAD" or head.status in (204, 304):
            return head
        return Message(head.start, head.fields, read_body(self.reader, head, to_end=True))

    def is_closed(self) -> bool:
        """Whether the other side has nothing more to say."""
        try:
            return self.reader.read(1) == b""
        except OSError:
            return True


def head(method: str, target: str, port: int, fields: Fields) -> bytes:
    """Fields are sent as given; `Host` is added unless one is given."""
    fields = list(fields)
    if not any(name.lower() == "host" for name, _ in fields):
        fields.insert(0, ("Host", f"127.0.0.1:{port}"))
    lines = [f"{method} {target} HTTP/1.1".encode("latin-1")]
    lines += [name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()) for name, value in fields]
    return b"\r\n".join([*lines, b"", b""])


def request(port: int, method: str, target: str, fields: Fields = (), body: bytes | None = None) -> Message:
    """One exchange on a connection of its own."""
    framing = [("Content-Length", str(len(body)))] if body is not None else []
    with Connection(port) as connection:
        data = head(method, target, port, [*fields, ("Connection", "close"), *framing]) + (body or b"")
        (connection.send_aside if len(data) > 100_000 else connection.send)(data)
        return connection.receive(method)


def request_head(port: int, method: str, target: str, fields: Fields = (), body: bytes = b"") -> Message:
    """Like `request`, for answers that may be a stream without an end: only their head is read."""
    framing = [("Content-Length", str(len(body)))] if body else []
    with Connection(port) as connection:
        connection.send(head(method, target, port, [*fields, ("Connection", "close"), *framing]) + body)
        return connection.receive_head()


def raw(port: int, data: bytes) -> Message | None:
    """One exchange of exactly these bytes; `None` if the server closes without a word."""
    with Connection(port) as connection:
        connection.send(data)
        try:
            return connection.receive(data.split(b" ", 1)[0].decode())
        except (EOFError, ConnectionError):
            return None


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks if chunk) + b"0\r\n\r\n"


def read_head(reader: BufferedReader) -> Message:
    start = _line(reader)
    fields = []
    while line := _line(reader):
        name, _, value = line.partition(":")
        fields.append((name, value.strip(" \t")))
    return Message(start, tuple(fields))


def read_body(reader: BufferedReader, head: Message, *, to_end: bool) -> bytes:
    """`to_end`: a message without framing lasts until the connection closes (responses only)."""
    if "chunked" in ",".join(head.all("Transfer-Encoding")).lower():
        return b"".join(read_chunks(reader))
    lengths = head.all("Content-Length")
    if lengths:
        length = int(lengths[0])
        body = reader.read(length)
        if len(body) < length:
            raise EOFError(f"{len(body)} of {length} bytes")
        return body
    return reader.read() if to_end else b""


def read_chunks(reader: BufferedReader) -> Iterator[bytes]:
    while size := int(_line(reader).split(";")[0], 16):
        data = reader.read(size)
        if len(data) < size:
            raise EOFError("a chunk was cut off")
        _line(reader)
        yield data
    while _line(reader):
        pass


def read_events(reader: BufferedReader, head: Message) -> Iterator[dict[str, Any]]:
    """The JSON of each server-sent event, as soon as it is there."""
    buffer = b""
    pieces = read_chunks(reader) if head.all("Transfer-Encoding") else iter(lambda: reader.read1(65536), b"")
    for piece in pieces:
        buffer += piece.replace(b"\r\n", b"\n")
        while b"\n\n" in buffer:
            event, buffer = buffer.split(b"\n\n", 1)
            data = b"\n".join(line[5:].strip() for line in event.split(b"\n") if line.startswith(b"data:"))
            if data:
                yield json.loads(data)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _line(reader: BufferedReader) -> str:
    line = reader.readline(65537)
    if not line.endswith(b"\n"):
        raise EOFError("the connection was closed")
    return line.rstrip(b"\r\n").decode("latin-1")
