"""Protected resource metadata (RFC 9728): both paths, byte for byte."""

from collections.abc import Callable

from expect import MISSING, check, check_status, describe
from issuer import Issuer
from servers import Server
from wire import Message

ROOT = "/.well-known/oauth-protected-resource"


def paths(server: Server) -> list[str]:
    return list(dict.fromkeys([server.metadata_url.removeprefix(server.origin), ROOT]))


def test_document(any_rest: Server, issuer: Issuer) -> None:
    for path in paths(any_rest):
        answer = check_status(any_rest, f"GET {path}", 200, any_rest("GET", path))
        assert answer.one("Content-Type") == "application/json", describe(any_rest, path, "application/json", answer)
        document = answer.json()
        # Byte for byte: no URL type has added a slash or a default port.
        assert f'"resource":"{any_rest.resource}"'.encode() in answer.body, describe(any_rest, path, any_rest.resource, answer)
        servers = [f"{issuer.url}/resources/res_e2e"] if any_rest.path == "/mcp" else [issuer.url]
        assert document["authorization_servers"] == servers, describe(any_rest, path, servers, answer)
        assert document["scopes_supported"] == ["todo:read", "todo:write", "todo:delete"], document
        assert document["bearer_methods_supported"] == ["header"], document
        assert all(value not in ([], {}, "", None) for value in document.values()), f"an empty member: {document}"


def test_both_paths_are_one_document(rest: Server) -> None:
    path, root = (rest("GET", path) for path in paths(rest))
    assert path.body == root.body and path.one("ETag") == root.one("ETag")


def test_challenge_leads_to_it(any_rest: Server) -> None:
    challenge = any_rest("GET", "/todos").challenge()
    assert challenge is not None
    path = challenge["resource_metadata"].removeprefix(any_rest.origin)
    assert any_rest("GET", path).json()["resource"] == any_rest.resource


def test_needs_no_token_and_minds_none(any_rest: Server, mint: Callable[..., str]) -> None:
    for token in (mint(any_rest), mint(any_rest, exp=1), "garbage"):
        for path in paths(any_rest):
            check_status(any_rest, f"GET {path} with {token[:10]}", 200, any_rest("GET", path, token))


def test_methods(any_rest: Server) -> None:
    for path in paths(any_rest):
        got = any_rest("GET", path)
        head = check_status(any_rest, f"HEAD {path}", 200, any_rest("HEAD", path))
        assert (head.one("Content-Type"), head.one("ETag")) == (got.one("Content-Type"), got.one("ETag"))
        options = check_status(any_rest, f"OPTIONS {path}", {200, 204}, any_rest("OPTIONS", path))
        if not any_rest.target.answers_options:
            assert allowed(options) == {"GET", "HEAD", "OPTIONS"}
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            answer = check_status(any_rest, f"{method} {path}", 405, any_rest(method, path, body=b"{}"))
            assert allowed(answer) == {"GET", "HEAD", "OPTIONS"}, describe(any_rest, f"{method} {path}", "Allow", answer)


def test_caching(any_rest: Server) -> None:
    for path in paths(any_rest):
        answer = any_rest("GET", path)
        assert (answer.one("Cache-Control") or "").startswith("public, max-age="), describe(any_rest, path, "Cache-Control", answer)
        tag = answer.one("ETag")
        again = any_rest("GET", path, None, [("If-None-Match", f'"other", W/{tag}')])
        check_status(any_rest, f"GET {path} with its ETag", 304, again)
        assert again.body == b""
        check_status(any_rest, "another ETag", 200, any_rest("GET", path, None, [("If-None-Match", '"other"')]))


def test_cross_origin_read(any_rest: Server) -> None:
    """Any origin may read it, ALLOWED_ORIGINS or not; the allowance stands exactly once."""
    for origin in ("https://anywhere.example.org", "http://localhost:6274", "https://app.example.com", "null"):
        for path in paths(any_rest):
            answer = check_status(any_rest, f"GET {path} from {origin}", 200, any_rest("GET", path, None, [("Origin", origin)]))
            assert answer.one("Access-Control-Allow-Origin") in ("*", origin), describe(any_rest, origin, "the allowance, once", answer)
            preflight = any_rest(
                "OPTIONS",
                path,
                None,
                [
                    ("Origin", origin),
                    ("Access-Control-Request-Method", "GET"),
                    ("Access-Control-Request-Headers", "mcp-protocol-version"),
                ],
            )
            check_status(any_rest, f"preflight of {path} from {origin}", {200, 204}, preflight)
            assert preflight.one("Access-Control-Allow-Origin") in ("*", origin), describe(
                any_rest, origin, "the allowance, once", preflight
            )


def test_nothing_near_it_is_public(any_rest: Server) -> None:
    for path in paths(any_rest):
        for near in (f"{path}/", f"{path}/x", f"{path}x", path.upper(), path.replace("-", "%2d", 1), f"/x{path}"):
            check(any_rest, f"GET {near}", MISSING, any_rest("GET", near))


def allowed(answer: Message) -> set[str]:
    return {method.strip() for method in (answer.one("Allow") or "").split(",")}
