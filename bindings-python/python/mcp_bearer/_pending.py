"""Awaits an answer of the core on the event loop that asks for it.

Neither a task nor a thread is made here. While keys are in memory the answer is there already;
otherwise the thread that fetches them wakes the loop.
"""

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._mcp_bearer import Pending


async def give(answer: Any) -> Any:
    """Return the answer, which needs no loop."""
    return answer


async def finish(pending: "Pending") -> Any:
    """Return the answer as soon as there is one."""
    loop = asyncio.get_running_loop()
    while True:
        woken = loop.create_future()

        def wake(woken: "asyncio.Future[None]" = woken) -> None:
            loop.call_soon_threadsafe(_resolve, woken)

        answer = pending.poll(wake)
        if answer is not None:
            return answer
        await woken


def _resolve(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
