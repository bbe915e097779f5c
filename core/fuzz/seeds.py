"""Writes what the targets start from: the inputs of the vectors, in the form that each target reads.

python3 seeds.py FOLDER     a folder for each target in it
"""

import base64
import hashlib
import json
import pathlib
import sys

VECTORS = pathlib.Path(__file__).parents[2] / "tests" / "vectors"
# Longer inputs make every run slower; what they show is shown by shorter ones.
MAX_LENGTH = 4096
END = b"\xff"


def main(folder):
    for path in sorted(VECTORS.glob("*.json")):
        if path.name != "schema.json":
            for group in json.loads(path.read_text())["testGroups"]:
                for target, seed in of_group(group):
                    if len(seed) <= MAX_LENGTH:
                        write(folder / target, seed)


def write(folder, seed):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)


def of_group(group):
    yield from settings(group.get("server"), group.get("policy"))
    steps = b""
    for test in group["tests"]:
        given = test["input"]
        yield from settings(given.get("server"), given.get("policy"))
        headers = [
            (name, value.encode("latin-1")) for name, value in given.get("headers", [])
        ]
        yield from token(
            [value for name, value in headers if name.lower() == "authorization"]
        )
        if given.get("call") == "operation":
            yield from operation(given, headers)
        steps += b"\x80"
        for fetch in group.get("fetch"), given.get("fetch"):
            yield from jwks(fetch or {}, steps[:4])


def token(values):
    yield "token", b"\x00" + END.join(values)
    if len(values) != 1:
        return
    try:
        header, payload, _ = values[0].split(b" ", 1)[1].split(b".")
        header, payload = (
            base64.urlsafe_b64decode(part + b"===") for part in (header, payload)
        )
    except (IndexError, ValueError):
        return
    yield "token", bytes([20 if b"ES256" in header else 4]) + header + END + payload
    for rules in range(4):
        yield "token", bytes([8 | rules]) + payload
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError):
        return
    if isinstance(claims, dict):
        usual = {"iss", "aud", "sub", "client_id", "iat", "exp", "jti"}
        members = [(name, value) for name, value in claims.items() if name not in usual]
        yield (
            "token",
            b"\x0c"
            + END.join(
                text(part)
                for name, value in members
                for part in (name, json.dumps(value))
            ),
        )


def jwks(fetch, steps):
    if not fetch:
        return
    # Metadata is asked for before keys, and sorts before them.
    answers = END.join(answer(fetch[url]) for url in sorted(fetch))
    for source in [1] if len(fetch) == 1 else [0, 2]:
        yield "jwks", bytes([source]) + steps + END + answers
        # The same comes once more, later and to tokens of other keys.
        yield (
            "jwks",
            bytes([source, 0x18, 0x83, 0xA5, 0x86]) + END + answers + END + answers,
        )


def answer(given):
    status = str(given.get("error", given.get("status")))
    fields = "\n".join(f"{name}: {value}" for name, value in given.get("headers", []))
    return END.join(
        [text(status), fields.encode("latin-1"), text(given.get("body", ""))]
    )


def operation(given, headers):
    body = given.get("body", {})
    parsed = "parsed" in body
    sent = text(body.get("parsed", body.get("text", ""))) or base64.b64decode(
        body.get("base64", "")
    )
    headers = [field for field in headers if field[0].lower() != "authorization"]
    usual = ("content-type", b"application/json")
    fields = b"\n".join(
        text(name) + b": " + value for name, value in headers if (name, value) != usual
    )
    choice = (4 if parsed else 0) | (0 if usual in headers else 8)
    for policy in range(4):
        for held in 0, 2, 5:
            yield "operation", bytes([choice | policy, held]) + fields + END + sent


def settings(server, policy):
    if server is None:
        return
    if "environment" in server:
        yield (
            "settings",
            b"\x01"
            + END.join(setting(*each) for each in server["environment"].items()),
        )
        return
    parts = []
    for name, value in server.items():
        if name == "issuers":
            for issuer in value:
                own = {
                    "issuer_audiences" if member == "audiences" else member: issuer[
                        member
                    ]
                    for member in issuer
                }
                parts += [setting(*each) for each in own.items()]
        elif name == "scope_hierarchy":
            parts += [
                setting(name, [broad, *narrow]) for broad, narrow in value.items()
            ]
        elif name == "metadata":
            parts += [
                setting(name, f"{member}:{json.dumps(each)}")
                for member, each in value.items()
            ]
        else:
            parts.append(setting(name, value))
    for name, rules in (policy or {}).items():
        named = (
            [f"{rule}=todo:read" for rule in rules]
            if isinstance(rules, dict)
            else [rules]
        )
        parts += [setting(name, each) for each in named]
    yield "settings", b"\x00" + END.join(parts)


def setting(name, value):
    if isinstance(value, list):
        value = " ".join(
            each if isinstance(each, str) else json.dumps(each) for each in value
        )
    return (
        text(name) + b"=" + text(value if isinstance(value, str) else json.dumps(value))
    )


def text(string):
    return string.encode("utf-8", "surrogatepass")


main(pathlib.Path(sys.argv[1]))
