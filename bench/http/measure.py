"""What a request costs a server, in CPU: python3 measure.py [axum] [express] [fastapi].

All variants of a framework are started, each a process of its own on the last core; the load generator
has the first. In each round every variant answers the same requests, one variant after the other, and
what its CPU clock has gained is divided by their number. ROUNDS says how many rounds there are.

Writes build/bench/results/<framework>.json. Needs what `make bench-http` builds.
"""

import json
import os
import platform
import signal
import statistics
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from cases import FRAMEWORKS, TARGET, UNSEEN, Case, Framework, Table
from servers import CORES, Authority, Server

BUILD = Path(__file__).resolve().parents[2] / "build/bench"
ISSUER, CALL = BUILD / "http/issuer.json", BUILD / "http/call.json"
ROUNDS = int(os.environ.get("ROUNDS", "41"))
WARM_UP = 8
CONNECTIONS = 16


def main() -> None:
    tokens = json.loads((BUILD / "tokens/many.json").read_bytes())
    for part in ("http", "results"):
        (BUILD / part).mkdir(parents=True, exist_ok=True)
    ISSUER.write_text(json.dumps({name: tokens[name] for name in ("issuer", "audience", "jwks")}))
    CALL.write_text(json.dumps(call()))
    # No server outlives this, however it ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    chosen = sys.argv[1:]
    for framework in FRAMEWORKS:
        if not chosen or framework.name in chosen:
            with ExitStack() as stack:
                result = Bench(framework, tokens, stack).measure()
            (BUILD / f"results/{framework.name}.json").write_text(json.dumps(result, indent=1))


class Bench:
    """The servers of one framework, running until the stack is unwound."""

    def __init__(self, framework: Framework, tokens: dict[str, Any], stack: ExitStack) -> None:
        self.framework = framework
        self.good = tokens["tokens"]
        if len(self.good) < UNSEEN * (WARM_UP + ROUNDS):
            raise SystemExit(f"{len(self.good)} tokens are too few for {ROUNDS} rounds")
        authority = Authority(tokens["jwks"])
        stack.callback(authority.stop)
        self.servers = {}
        for variant in framework.variants():
            environment = {"VARIANT": variant, "ISSUER": str(ISSUER), "KEYS": authority.url}
            log = BUILD / f"http/{framework.name}-{variant.replace(':', '-')}.log"
            self.servers[variant] = Server(framework.command, framework.folder, environment, log)
            stack.callback(self.servers[variant].stop)
        self.accepts = {variant: accepted(server, tokens) for variant, server in self.servers.items()}

    def measure(self) -> dict[str, Any]:
        for case in self.framework.ours:
            if self.accepts[case.variant]:
                raise SystemExit(f"{case.name} accepts: {', '.join(self.accepts[case.variant])}")
        return {
            "part": self.framework.name,
            "title": f"{self.framework.title}, over HTTP",
            "machine": {
                "CPU": cpu_model(),
                "cores": len(CORES),
                "kernel": f"{platform.system()} {platform.release().split('-')[0]}",
            },
            "versions": self.framework.versions(),
            "tables": [self.table(table) for table in self.framework.tables()],
        }

    def table(self, table: Table) -> dict[str, Any]:
        for number in range(WARM_UP):
            for case in table.cases:
                self.run(table, case, number)
        runs: dict[str, list[tuple[float, dict[str, float]]]] = {case.name: [] for case in table.cases}
        for number in range(ROUNDS):
            # Each is first in turn, so that nobody always comes after the same one.
            first = number % len(table.cases)
            for case in table.cases[first:] + table.cases[:first]:
                runs[case.name].append(self.run(table, case, WARM_UP + number))
        return {
            "title": table.title,
            "unit": "µs of CPU per request",
            "against": table.against,
            "cases": [self.result(table, case, runs[case.name]) for case in table.cases],
        }

    def result(self, table: Table, case: Case, runs: list[tuple[float, dict[str, float]]]) -> dict[str, Any]:
        samples = [cpu for cpu, _ in runs]
        median = f"{statistics.median(samples):8.2f} µs"
        print(f"{self.framework.name:8} {table.title:26} {case.name:44} {median}", flush=True)
        return {
            "name": case.name,
            "ours": case.ours,
            "samples": samples,
            "accepts": [] if case.variant.startswith("no-op") else self.accepts[case.variant],
            "extra": {
                f"{quantile} of the answer, ms": statistics.median(load[quantile] for _, load in runs)
                for quantile in ("p50", "p99")
            },
        }

    def run(self, table: Table, case: Case, number: int) -> tuple[float, dict[str, float]]:
        """What a request costs in µs of CPU, and how long clients wait."""
        server = self.servers[case.variant]
        tokens = self.good[UNSEEN * number : UNSEEN * (number + 1)] if table.unseen else self.good[:1]
        body = [str(CALL)] if table.body else []
        load = subprocess.Popen(
            [str(TARGET / "load"), str(server.port), case.path, str(table.requests), str(CONNECTIONS), *body],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, CORES[:1]),
        )
        assert load.stdin is not None
        assert load.stdout is not None
        with load:
            print(self.good[0], *tokens, sep="\n", end="\n\n", file=load.stdin, flush=True)
            load.stdout.readline()
            before = server.cpu()
            print(file=load.stdin, flush=True)
            took = load.stdout.readline()
            used = server.cpu() - before
        return used / table.requests * 1e6, json.loads(took)


def accepted(server: Server, tokens: dict[str, Any]) -> list[str]:
    """Which bad tokens a server takes for good; a good one it has to take."""
    if server.status(tokens["tokens"][0]) != 200:
        raise SystemExit(f"{server.process.args!r} refuses a good token")
    return [name for name, token in tokens["bad"].items() if server.status(token) == 200]


def call() -> dict[str, Any]:
    """A tools/call of 2 KB."""
    item = {"title": "Buy milk", "due": "2026-12-01", "priority": 3, "tags": ["home", "shop"]}
    arguments = {"title": "Buy milk", "list": "groceries", "items": [item] * 20}
    return {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "create_todo", "arguments": arguments},
    }


def cpu_model() -> str:
    """What the kernel calls the processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
