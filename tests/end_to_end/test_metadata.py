"""Protected resource metadata (RFC 9728; DESIGN section 3): both paths, byte for byte."""

from collections.abc import Callable

from expect import MISSING, check, check_status, describe
from issuer import Issuer
from servers import Server
from wire import Message

ROOT = "/.well-known/oauth-protected-resource"


def paths(server: Server) -> list[str]:
    return list(dict.fromkeys([server.metadata_url.removeprefix(server.origin), ROOT]))


def test_document(any_todo: Server, issuer: Issuer) -> None:
    for path in paths(any_todo):
        answer = check_status(any_todo, f"GET {path}", 200, any_todo("GET", path))
        assert answer.one("Content-Type") == "application/json", describe(any_todo, path, "application/json", answer)
        document = answer.json()
        # Byte for byte: no URL type has added a slash or a default port.
        assert f'"resource":"{any_todo.resource}"'.encode() in answer.body, describe(any_todo, path, any_todo.resource, answer)
        servers = [f"{issuer.url}/resources/res_e2e"] if any_todo.path == "/mcp" else [issuer.url]
        assert document["authorization_servers"] == servers, describe(any_todo, path, servers, answer)
        assert document["scopes_supported"] == ["todo:read", "todo:write", "todo:delete"], document
        assert document["bearer_methods_supported"] == ["header"], document
        assert all(value not in ([], {}, "", None) for value in document.values()), f"an empty member: {document}"


def test_both_paths_are_one_document(todo: Server) -> None:
    path, root = (todo("GET", path) for path in paths(todo))
    assert path.body == root.body and path.one("ETag") == root.one("ETag")


def test_challenge_leads_to_it(any_todo: Server) -> None:
    challenge = any_todo("GET", "/todos").challenge()
    assert challenge is not None
    path = challenge["resource_metadata"].removeprefix(any_todo.origin)
    assert any_todo("GET", path).json()["resource"] == any_todo.resource


def test_needs_no_token_and_minds_none(any_todo: Server, mint: Callable[..., str]) -> None:
    for token in (mint(any_todo), mint(any_todo, exp=1), "garbage"):
        for path in paths(any_todo):
            check_status(any_todo, f"GET {path} with {token[:10]}", 200, any_todo("GET", path, token))


def test_methods(any_todo: Server) -> None:
    for path in paths(any_todo):
        got = any_todo("GET", path)
        head = check_status(any_todo, f"HEAD {path}", 200, any_todo("HEAD", path))
        assert (head.one("Content-Type"), head.one("ETag")) == (got.one("Content-Type"), got.one("ETag"))
        options = check_status(any_todo, f"OPTIONS {path}", {200, 204}, any_todo("OPTIONS", path))
        assert allowed(options) == {"GET", "HEAD", "OPTIONS"}
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            answer = check_status(any_todo, f"{method} {path}", 405, any_todo(method, path, body=b"{}"))
            assert allowed(answer) == {"GET", "HEAD", "OPTIONS"}, describe(any_todo, f"{method} {path}", "Allow", answer)


def test_caching(any_todo: Server) -> None:
    for path in paths(any_todo):
        answer = any_todo("GET", path)
        assert (answer.one("Cache-Control") or "").startswith("public, max-age="), describe(any_todo, path, "Cache-Control", answer)
        tag = answer.one("ETag")
        again = any_todo("GET", path, None, [("If-None-Match", f'"other", W/{tag}')])
        check_status(any_todo, f"GET {path} with its ETag", 304, again)
        assert again.body == b""
        check_status(any_todo, "another ETag", 200, any_todo("GET", path, None, [("If-None-Match", '"other"')]))


def test_cross_origin_read(any_todo: Server) -> None:
    """Any origin may read it, ALLOWED_ORIGINS or not; the allowance stands exactly once."""
    for origin in ("https://anywhere.example.org", "http://localhost:6274", "https://app.example.com", "null"):
        for path in paths(any_todo):
            answer = check_status(any_todo, f"GET {path} from {origin}", 200, any_todo("GET", path, None, [("Origin", origin)]))
            assert answer.one("Access-Control-Allow-Origin") in ("*", origin), describe(any_todo, origin, "the allowance, once", answer)
            preflight = any_todo(
                "OPTIONS",
                path,
                None,
                [
                    ("Origin", origin),
                    ("Access-Control-Request-Method", "GET"),
                    ("Access-Control-Request-Headers", "mcp-protocol-version"),
                ],
            )
            check_status(any_todo, f"preflight of {path} from {origin}", {200, 204}, preflight)
            assert preflight.one("Access-Control-Allow-Origin") in ("*", origin), describe(
                any_todo, origin, "the allowance, once", preflight
            )


def test_nothing_near_it_is_public(any_todo: Server) -> None:
    for path in paths(any_todo):
        for near in (f"{path}/", f"{path}/x", f"{path}x", path.upper(), path.replace("-", "%2d", 1), f"/x{path}"):
            check(any_todo, f"GET {near}", MISSING, any_todo("GET", near))


def allowed(answer: Message) -> set[str]:
    return {method.strip() for method in (answer.one("Allow") or "").split(",")}
