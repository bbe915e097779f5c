"""More processes than one: gunicorn --preload, and a Node cluster.

A key source that does not survive a fork hangs the child's first token check.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attacks import CREATE, LIST
from expect import MISSING, check, check_status, needs
from issuer import Issuer
from servers import TODOS, Server
from wire import Message

TODO = {target.name: target for target in TODOS}
CLUSTER = Path(__file__).parent / "cluster.mjs"
WORKERS = 2
WITHIN = 20.0

StartOwn = Callable[..., Server]


def test_gunicorn_with_preload(start_own: StartOwn, own_issuer: Issuer) -> None:
    """Both workers answer: each is asked while the other one is stopped."""
    own_issuer.start()
    worker_class = "uvicorn_worker.UvicornWorker"
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--preload",
        "--workers",
        str(WORKERS),
        "--worker-class",
        worker_class,
        "--bind",
        "127.0.0.1:$PORT",
        "--no-control-socket",
        "app:app",
    ]
    server = start_own(TODO["todo-fastapi"], own_issuer, command)
    workers = eventually(lambda: len(children(server.process.pid)) == WORKERS and children(server.process.pid), "two workers")
    for worker in workers:
        with stopped(other for other in workers if other != worker):
            check_answers(server, own_issuer, f"gunicorn worker {workers.index(worker)}")


def test_node_cluster(start_own: StartOwn, own_issuer: Issuer) -> None:
    """Connections go round; every answer says which worker gave it."""
    own_issuer.start()
    server = start_own(TODO["todo-express"], own_issuer, ["node", str(CLUSTER)])
    seen: set[str | None] = set()

    def both() -> bool:
        seen.update(answer.one("X-Worker") for answer in check_answers(server, own_issuer, f"cluster worker, after {seen}"))
        return len(seen) == WORKERS

    eventually(both, "answers of two workers")
    assert None not in seen


def check_answers(server: Server, issuer: Issuer, what: str) -> list[Message]:
    """The answers to the requests that got in."""
    check(server, f"{what}: no token", MISSING, server.rpc(LIST))
    check(server, f"{what}: missing scope", needs("todo:write"), server.rpc(CREATE, issuer.mint(server.resource)))
    return [
        check_status(server, f"{what}: REST", 200, server("GET", "/todos", issuer.mint(server.resource))),
        check_status(server, f"{what}: tool", 200, server.rpc(LIST, issuer.mint(server.resource))),
    ]


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def stopped(pids: Iterable[int]) -> Iterator[None]:
    pids = list(pids)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def eventually(ask: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + WITHIN
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"not within {WITHIN} s: {what}"
        time.sleep(0.05)
    return answer
