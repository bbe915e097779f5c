"""What the quickstart leaves to its reader: where todos are kept, here in memory."""

import itertools
from typing import Any

from fastapi import HTTPException

_todos: dict[str, tuple[str | None, dict[str, str]]] = {}
_ids = map(str, itertools.count(1))


async def get_user_todos(user: str | None) -> list[dict[str, str]]:
    """List a user's todos."""
    return [todo for owner, todo in _todos.values() if owner == user]


async def create_user_todo(user: str | None, data: dict[str, Any]) -> dict[str, str]:
    """Create a todo."""
    if not isinstance(data.get("title"), str):
        raise HTTPException(400, "a todo has a title")
    todo = {"id": next(_ids), "title": data["title"]}
    _todos[todo["id"]] = (user, todo)
    return todo


async def delete_user_todo(user: str | None, todo_id: str) -> None:
    """Delete a todo of the user's."""
    if todo_id not in _todos or _todos[todo_id][0] != user:
        raise HTTPException(404, "no such todo")
    del _todos[todo_id]
