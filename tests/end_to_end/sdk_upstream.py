"""PORT=3900 python sdk_upstream.py

An MCP server of the official Python SDK without any protection, to stand behind a gateway.
"""

import os

from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("todos", log_level="ERROR")


@server.tool()
def list_todos() -> list[str]:
    return ["milk"]


@server.tool()
def create_todo(title: str) -> str:
    return title


@server.tool()
async def stream_todos(context: Context) -> str:
    """Reports each of three steps before it is done."""
    for step in range(3):
        await context.report_progress(step, 3)
    return "streamed"


if __name__ == "__main__":
    server.run("streamable-http", port=int(os.environ["PORT"]))
