"""The REST routes, each with the scope that it needs."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Security
from mcp_bearer import AccessToken
from mcp_bearer.fastapi import Bearer, require_scope
from pydantic import BaseModel

from todos import Owner, Todo, todos

router = APIRouter()


class NewTodo(BaseModel):
    """What a client sends to create one."""

    title: str


def owner(token: AccessToken) -> Owner:
    """Return whose list this token opens."""
    found = Owner.of(token.issuer, token.subject, token.client_id)
    if found is None:
        raise HTTPException(403, "the token names nobody")
    return found


@router.get("/todos")
async def list_todos(
    token: Annotated[AccessToken, Depends(require_scope("todo:read"))],
) -> dict[str, list[Todo]]:
    """List the caller's todos."""
    return {"todos": todos.list(owner(token))}


@router.post("/todos")
async def create_todo(
    new: NewTodo, token: Annotated[AccessToken, Depends(require_scope("todo:write"))]
) -> dict[str, Todo]:
    """Create a todo."""
    return {"todo": todos.create(owner(token), new.title)}


@router.delete("/todos/{todo_id}")
async def delete_todo(
    todo_id: str, token: Annotated[AccessToken, Depends(require_scope("todo:delete"))]
) -> dict[str, bool]:
    """Delete a todo."""
    if not todos.delete(owner(token), todo_id):
        raise HTTPException(404, "no such todo")
    return {"success": True}


@router.get("/me")
async def me(token: Annotated[AccessToken, Security(Bearer())]) -> dict[str, Any]:
    """Say who is calling: any valid token will do."""
    return {"sub": token.subject, "client_id": token.client_id, "scopes": sorted(token.scopes)}
