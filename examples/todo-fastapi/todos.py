"""The todos, in memory: every user has a list of their own."""

import itertools
from typing import NamedTuple

from pydantic import BaseModel


class Todo(BaseModel):
    """One todo."""

    id: str
    title: str


class Owner(NamedTuple):
    """Whose list it is.

    A subject is unique only together with its issuer; the token of a program that acts for itself
    may name no subject, only the client.
    """

    issuer: str
    kind: str
    who: str

    @classmethod
    def of(cls, issuer: str, subject: str | None, client_id: str | None) -> "Owner | None":
        """Return the owner that these claims name, if they name one."""
        if subject is not None:
            return cls(issuer, "user", subject)
        return cls(issuer, "client", client_id) if client_id else None


class Todos:
    """All lists. Used from one event loop only, so that nothing has to be locked."""

    def __init__(self) -> None:
        self._lists: dict[Owner, dict[str, Todo]] = {}
        self._ids = itertools.count(1)

    def list(self, owner: Owner) -> list[Todo]:
        """Return an owner's todos, oldest first."""
        return [*self._lists.get(owner, {}).values()]

    def create(self, owner: Owner, title: str) -> Todo:
        """Add a todo."""
        todo = Todo(id=str(next(self._ids)), title=title)
        self._lists.setdefault(owner, {})[todo.id] = todo
        return todo

    def delete(self, owner: Owner, todo_id: str) -> bool:
        """Remove a todo, and say whether there was one."""
        return self._lists.get(owner, {}).pop(todo_id, None) is not None


todos = Todos()
