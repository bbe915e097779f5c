"""Awaits an answer of the core on the event loop that asks for it.

Neither a task nor a thread is made here. While keys are in memory the first poll has the answer;
otherwise the thread that fetches them wakes the loop.
"""

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._mcp_bearer import Pending


async def finish(pending: "Pending") -> Any:
    """Return the answer."""
    answer = pending.poll(None)
    if answer is not None:
        return answer
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
