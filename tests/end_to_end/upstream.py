"""The MCP server behind a gateway: it records every request to the byte and answers like one.

It is gullible on purpose. Whatever arrives counts as executed, so a test needs only to look at
what was recorded. `answer_with` makes it misbehave; `events` and `go_on` pace its streams.
"""

import json
import queue
import socket
import threading
from collections.abc import Callable, Iterable
from io import BufferedReader
from typing import Any

import wire
from wire import Message

SSE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n"
WAIT = 15.0


class Upstream:
    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/upstream/mcp"
        self.recorded: list[Message] = []
        self.cut_off: list[Message] = []
        self.reset()
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        """Forgets, and behaves again."""
        self.recorded.clear()
        self.cut_off.clear()
        self.answer_with: bytes | None = None
        self.events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.go_on = threading.Event()
        self.abandoned = threading.Event()
        self.arrived: queue.Queue[Message] = queue.Queue()

    def seen(self) -> list[Message]:
        """Whole requests and such as were cut off while they came in."""
        return [*self.recorded, *self.cut_off]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            with connection, connection.makefile("rb") as reader:
                while self._exchange(reader, connection):
                    pass
        except OSError:
            self.abandoned.set()
        except queue.Empty:
            pass  # The test was over before the stream.

    def _exchange(self, reader: BufferedReader, connection: socket.socket) -> bool:
        try:
            head = wire.read_head(reader)
        except EOFError:
            return False
        try:
            body = wire.read_body(reader, head, to_end=False)
        except EOFError:
            self.cut_off.append(head)
            return False
        message = Message(head.start, head.fields, body)
        self.recorded.append(message)
        self.arrived.put(message)
        if self.answer_with is not None:
            connection.sendall(self.answer_with)
            return False
        self._answer(message, connection)
        return True

    def _answer(self, message: Message, connection: socket.socket) -> None:
        if message.method == "GET":
            self._stream(connection, iter(lambda: self.events.get(timeout=WAIT), None))
            return
        if message.method == "DELETE":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            return
        if message.method != "POST":
            connection.sendall(response(405, b""))
            return
        try:
            call = json.loads(message.body)
        except (ValueError, RecursionError):
            # Too deep or too long for this reader.
            connection.sendall(response(400, b""))
            return
        if isinstance(call, dict) and call.get("params", {}).get("name") == "stream_todos":
            self._stream(connection, iter(self._paced(call), None))
            return
        results = [result(one) for one in (call if isinstance(call, list) else [call]) if "id" in one and "method" in one]
        if not results:
            connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
            return
        connection.sendall(response(200, json.dumps(results if isinstance(call, list) else results[0]).encode()))

    def _paced(self, call: dict[str, Any]) -> Callable[[], dict[str, Any] | None]:
        """A first event at once; the second and last one when the test says so."""
        steps = iter((0, 1, 2))

        def step() -> dict[str, Any] | None:
            match next(steps):
                case 0:
                    return {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}}
                case 1:
                    self.go_on.wait(WAIT)
                    return result(call)
            return None

        return step

    def _stream(self, connection: socket.socket, events: Any) -> None:
        connection.sendall(SSE_HEAD)
        watch = threading.Thread(target=self._watch, args=(connection,), daemon=True)
        watch.start()
        for event in events:
            data = f"event: message\ndata: {json.dumps(event)}\n\n".encode()
            connection.sendall(b"%x\r\n%s\r\n" % (len(data), data))
        connection.sendall(b"0\r\n\r\n")
        connection.shutdown(socket.SHUT_RDWR)

    def _watch(self, connection: socket.socket) -> None:
        """Notices that the gateway has hung up, while the stream is idle."""
        try:
            if connection.recv(1, socket.MSG_PEEK) == b"":
                self.abandoned.set()
        except OSError:
            self.abandoned.set()


def response(status: int, body: bytes, fields: Iterable[tuple[str, str]] = ()) -> bytes:
    own = [("Content-Type", "application/json"), *fields, ("Content-Length", str(len(body)))]
    lines = [f"HTTP/1.1 {status} Status", *(f"{name}: {value!s}" for name, value in own), "", ""]
    return "\r\n".join(lines).encode() + body


def result(call: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": call["id"], "result": {"content": [{"type": "text", "text": "done"}]}}
