"""python check.py: the check of a token by mcp-bearer and by its peers, in one process.

``ROUNDS=3`` for a quick look. The tokens must be there (``bench/rust``, bin ``mint``). Writes
``build/bench/results/python.json``. Read the ratios, never the absolute numbers.
"""

import gc
import json
import logging
import os
import platform
import statistics
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mcp_bearer import Issuer, Issuers, Request, Requirement, ResourceServer

import peers
import rounds
import weight
from given import BUILD, Given, given
from rounds import Case

ROUNDS = int(os.environ.get("ROUNDS", "11"))
CPU = "µs of CPU per check"
WALL = "µs of wall time per check"
PACKAGES = [
    "mcp-bearer",
    "PyJWT",
    "cryptography",
    "fastmcp",
    "joserfc",
    "orjson",
    "oxyjwt",
    "scalekit-sdk-python",
    "webtoken",
]


def main() -> None:
    """Measure, show, write."""
    # Refusals are what is measured here, not what logs say about them.
    logging.disable()
    tables: list[dict[str, Any]] = []
    for algorithm in ("RS256", "ES256", "EdDSA"):
        with given(algorithm) as tokens:
            for table in of_algorithm(tokens):
                show(table)
                tables.append(table)
    tables.append({"title": "Import", "unit": "ms of wall time", "cases": weight.imports(ROUNDS)})
    show(tables[-1])
    write(tables)


def of_algorithm(tokens: Given) -> list[dict[str, Any]]:
    """Return the tables for tokens of one algorithm."""
    cases, awaited = synchronous(tokens), asynchronous(tokens)
    for case in [*cases, *awaited]:
        prove(case, tokens)
    # What the peers' imports have left is not gone through again in somebody's round.
    gc.collect()
    gc.freeze()
    name, good, again = tokens.algorithm, tokens.tokens, tokens.tokens[:1] * len(tokens.tokens)
    unseen = rounds.cpu(cases, good, ROUNDS)
    threaded = [case for case in cases if not case.awaited]
    for case, result in zip(cases, unseen, strict=True):
        if case in threaded:
            result["extra"] = rounds.latencies(case, good)
    forged = rounds.cpu(cases, tokens.forged, ROUNDS)
    tables = [
        ("tokens never seen before", CPU, unseen),
        ("one token again", CPU, rounds.cpu(cases, again, ROUNDS)),
        ("bad signatures", CPU, forged),
        ("awaited, tokens never seen before", CPU, rounds.cpu(awaited, good, ROUNDS)),
        ("awaited, one token again", CPU, rounds.cpu(awaited, again, ROUNDS)),
        ("two threads, tokens never seen before", WALL, rounds.wall_of_two(threaded, good, ROUNDS)),
        ("two threads, one token again", WALL, rounds.wall_of_two(threaded, again, ROUNDS)),
    ]
    return [{"title": f"{name}, {title}", "unit": unit, "cases": cases} for title, unit, cases in tables]


def synchronous(tokens: Given) -> list[Case]:
    """Return all cases; of a peer that can only be awaited, that one."""
    server, requirement = resource_server(tokens), Requirement.scope("todo:read")

    def ours(headers: list[tuple[bytes, bytes]]) -> Any:
        request = Request(method="POST", target="/mcp", headers=headers)
        return server.try_authorize(request, requirement)

    def ours_with_claims(headers: list[tuple[bytes, bytes]]) -> Any:
        decision = ours(headers)
        return decision.token.claims if decision else None

    own: dict[str, Any] = {"prepare": fields, "forget": server.clear_token_cache}
    cases = [
        Case("mcp-bearer", ours, ours=True, **own),
        Case("mcp-bearer, all claims read", ours_with_claims, **own),
        Case("oxyjwt", peers.oxyjwt_key(tokens)),
        Case("by hand, cryptography + orjson", peers.by_hand(tokens)),
        Case("webtoken", peers.webtoken_key(tokens)),
        Case("joserfc", peers.joserfc_keys(tokens)),
        Case("PyJWT, prepared key", peers.pyjwt_key(tokens)),
        Case("PyJWT, PyJWKClient", peers.pyjwt_client(tokens)),
        Case("fastmcp JWTVerifier", peers.fastmcp_verifier(tokens), awaited=True),
    ]
    if tokens.algorithm == "RS256":
        cases.append(Case("Scalekit SDK", peers.scalekit_client(tokens)))
    return cases


def asynchronous(tokens: Given) -> list[Case]:
    """Return the cases that have a form to be awaited."""
    server, requirement = resource_server(tokens), Requirement.scope("todo:read")

    async def ours(headers: list[tuple[bytes, bytes]]) -> Any:
        request = Request(method="POST", target="/mcp", headers=headers)
        return await server.authorize(request, requirement)

    own: dict[str, Any] = {"prepare": fields, "forget": server.clear_token_cache}
    return [
        Case("mcp-bearer", ours, ours=True, awaited=True, **own),
        Case("webtoken, to_thread", peers.webtoken_thread(tokens), awaited=True),
        Case("fastmcp JWTVerifier", peers.fastmcp_verifier(tokens), awaited=True),
    ]


def resource_server(tokens: Given) -> ResourceServer:
    """Return what a program has one of."""
    issuers = Issuers([Issuer(tokens.issuer, jwks=tokens.jwks)])
    return ResourceServer(resource=tokens.audience, issuers=issuers)


def fields(token: str) -> list[tuple[bytes, bytes]]:
    """Return the header of a request as ASGI has it."""
    return [
        (b"host", b"mcp.example.com"),
        (b"accept", b"application/json, text/event-stream"),
        (b"content-type", b"application/json"),
        (b"mcp-protocol-version", b"2025-06-18"),
        (b"authorization", b"Bearer " + token.encode("ascii")),
    ]


def prove(case: Case, tokens: Given) -> None:
    """Fail if a case gives wrong verdicts; note those that are wrong for a reason of its own."""
    if not all(rounds.verdicts(case, tokens.tokens)):
        raise SystemExit(f"{case.name} refuses a good {tokens.algorithm} token")
    if any(rounds.verdicts(case, tokens.forged)):
        raise SystemExit(f"{case.name} accepts a bad {tokens.algorithm} signature")
    accepted = rounds.verdicts(case, list(tokens.bad.values()))
    case.accepts = [name for name, good in zip(tokens.bad, accepted, strict=True) if good]
    if case.ours and case.accepts:
        raise SystemExit(f"{case.name} accepts {case.accepts}")


def show(table: dict[str, Any]) -> None:
    """Print each case beside ours, round by round."""
    print(f"\n{table['title']} ({table['unit']})")
    ours = next(case for case in table["cases"] if case["ours"])["samples"]
    for case in table["cases"]:
        samples = case["samples"]
        ratios = [theirs / own for theirs, own in zip(samples, ours, strict=True)]
        extra = ", ".join(f"{name} {value}" for name, value in case.get("extra", {}).items())
        print(
            f"  {case['name']:<32}{statistics.median(samples):9.2f} best {min(samples):9.2f}"
            f"  x {statistics.median(ratios):7.2f} best {min(ratios):7.2f}  {extra}"
            f"  {', '.join(case.get('accepts', ()))}"
        )


def write(tables: list[dict[str, Any]]) -> None:
    """Write what the report is made of."""
    versions = {"Python": platform.python_version()} | {name: version(name) for name in PACKAGES}
    content = {
        "part": "python",
        "title": "Python, in process",
        "machine": {"CPU": processor(), "cores": os.cpu_count(), "system": platform.release()},
        "versions": versions | {"profile": os.environ.get("PROFILE", "not stated")},
        "tables": tables,
    }
    path = BUILD / "results" / "python.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def processor() -> str | None:
    """Return the name of the processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), None)


if __name__ == "__main__":
    main()
