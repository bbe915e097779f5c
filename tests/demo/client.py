"""MCP_SERVER_URL=http://127.0.0.1:9401/mcp python client.py

The official Python client, driven over standard input and output: one JSON command a line
({"do":"connect"}, {"do":"call","tool":"list_todos","arguments":{}}, {"do":"close"}), answered by
{"done": result} or {"failed": message}. Each HTTP exchange of the client is reported as it happens.
Nothing is decided here: discovery, registration, PKCE, refresh and step-up are the client's own;
this file is what its user writes (a place for tokens, a browser). CLIENT_METADATA_URL, an https URL,
is its client id where the authorization server takes one; otherwise it registers.
"""

import asyncio
import itertools
import json
import os
import sys
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from mcp.client import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

SERVER = os.environ["MCP_SERVER_URL"]
# Nothing listens there: the redirect is read, not followed.
REDIRECT_URI = "http://127.0.0.1:8766/callback"

exchanges = itertools.count(1)


def report(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


async def report_request(request: httpx2.Request) -> None:
    request.extensions["exchange"] = next(exchanges)
    report(
        {
            "request": {
                "id": request.extensions["exchange"],
                "method": request.method,
                "url": str(request.url),
                "authorization": request.headers.get("authorization"),
                "body": request.content.decode() or None,
            }
        }
    )


async def report_response(response: httpx2.Response) -> None:
    request = response.request
    is_mcp = (
        urlsplit(str(request.url)).netloc == urlsplit(SERVER).netloc
        and request.method != "GET"
    )
    report(
        {
            "response": {
                "id": request.extensions["exchange"],
                "status": response.status_code,
                "challenge": response.headers.get("www-authenticate"),
                "location": response.headers.get("location"),
                "body": None if is_mcp else (await response.aread()).decode(),
            }
        }
    )


def http_client(auth: httpx2.Auth | None = None) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        auth=auth,
        event_hooks={"request": [report_request], "response": [report_response]},
        timeout=30,
    )


class Memory:
    """Keeps tokens and the registered client for as long as this process lives."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Browser:
    """Follows the redirect to the authorization server, which asks nobody and redirects back."""

    location = ""

    async def open(self, url: str) -> None:
        async with http_client() as client:
            self.location = (await client.get(url)).headers["location"]

    async def callback(self) -> AuthorizationCodeResult:
        query = {
            name: values[0]
            for name, values in parse_qs(urlsplit(self.location).query).items()
        }
        return AuthorizationCodeResult(
            code=query["code"], state=query["state"], iss=query.get("iss")
        )


class Driver:
    def __init__(self) -> None:
        browser = Browser()
        self.auth = OAuthClientProvider(
            server_url=SERVER,
            client_metadata=OAuthClientMetadata(
                client_name="demo (Python)",
                redirect_uris=[AnyUrl(REDIRECT_URI)],
                grant_types=["authorization_code", "refresh_token"],
                token_endpoint_auth_method="none",
            ),
            storage=Memory(),
            redirect_handler=browser.open,
            callback_handler=browser.callback,
            client_metadata_url=os.environ.get("CLIENT_METADATA_URL"),
        )
        self.open = AsyncExitStack()

    async def connect(self, command: dict[str, Any]) -> dict[str, Any]:
        http = await self.open.enter_async_context(http_client(self.auth))
        transport = streamable_http_client(SERVER, http_client=http)
        self.client = await self.open.enter_async_context(Client(transport))
        return {"protocolVersion": self.client.protocol_version}

    async def call(self, command: dict[str, Any]) -> dict[str, Any]:
        result = await self.client.call_tool(command["tool"], command["arguments"])
        return result.model_dump(mode="json", by_alias=True, exclude_none=True)

    async def close(self, command: dict[str, Any]) -> None:
        await self.open.aclose()


async def main(driver: Any) -> None:
    """Do what is asked, line by line."""
    commands = {"connect": driver.connect, "call": driver.call, "close": driver.close}
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        try:
            report({"done": await commands[command["do"]](command)})
        except Exception as error:  # noqa: BLE001 - whatever it is, the scenario reports it
            report({"failed": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    asyncio.run(main(Driver()))
