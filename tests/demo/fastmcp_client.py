"""MCP_SERVER_URL=http://127.0.0.1:9401/mcp python fastmcp_client.py: FastMCP's client, driven as client.py is."""

import asyncio
import threading
import webbrowser
from typing import Any

import fastmcp
import httpx2
from client import SERVER, main
from fastmcp.client.auth import OAuth
from key_value.aio.stores.memory import MemoryStore


class Browser(webbrowser.BaseBrowser):
    """Follows redirects, to where FastMCP begins to listen once it has opened the browser."""

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        threading.Thread(target=self._follow, args=(url,), daemon=True).start()
        return True

    def _follow(self, url: str) -> None:
        with httpx2.Client(
            transport=httpx2.HTTPTransport(retries=10), follow_redirects=True
        ) as client:
            client.get(url)


class Driver:
    def __init__(self) -> None:
        webbrowser.register("demo", None, Browser("demo"), preferred=True)
        self.client = fastmcp.Client(SERVER, auth=OAuth(token_storage=MemoryStore()))

    async def connect(self, command: dict[str, Any]) -> None:
        await self.client.__aenter__()

    async def call(self, command: dict[str, Any]) -> dict[str, Any]:
        result = await self.client.call_tool_mcp(command["tool"], command["arguments"])
        return result.model_dump(mode="json", by_alias=True, exclude_none=True)

    async def close(self, command: dict[str, Any]) -> None:
        await self.client.__aexit__(None, None, None)


asyncio.run(main(Driver()))
