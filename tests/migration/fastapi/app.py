import os

from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from mcp_bearer import AccessToken, ResourceServer
from mcp_bearer.fastapi import protect, require_scope

from todos import create_user_todo, delete_user_todo, get_user_todos

MCP_SERVER_URL = os.getenv("MCP_SERVER_URL")

app = FastAPI()

protect(app, ResourceServer.from_env(
    scopes_supported=["todo:read", "todo:write", "todo:delete"],
    challenge_scopes=["todo:read"],
    metadata={"resource_documentation": f"{MCP_SERVER_URL}/docs"},
))

# Protect endpoints
@app.get("/todos")
async def get_todos(token: AccessToken = Depends(require_scope("todo:read"))):
    todos = await get_user_todos(token.subject)
    return {"todos": todos}

@app.post("/todos")
async def create_todo(todo_data: dict, token: AccessToken = Depends(require_scope("todo:write"))):
    todo = await create_user_todo(token.subject, todo_data)
    return {"todo": todo}

@app.delete("/todos/{todo_id}")
async def delete_todo(todo_id: str, token: AccessToken = Depends(require_scope("todo:delete"))):
    await delete_user_todo(token.subject, todo_id)
    return {"success": True}

app.add_middleware(
    CORSMiddleware,
    allow_origins=["*"],  # Or specify allowed origins
    allow_methods=["*"],
    allow_headers=["*"],
    expose_headers=["WWW-Authenticate", "Retry-After", "Mcp-Session-Id"],
)
