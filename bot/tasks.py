"""The only place that starts a task: each has a name and an owner, and none dies unheard."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger()
_running: set[asyncio.Task[Any]] = set()


def spawn(coro: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]:
    """Start `coro` as a task. The owner awaits or cancels it; an exception nobody awaits for is logged when it happens."""
    task = asyncio.create_task(coro, name=name)  # noqa: TID251 - this is the one place
    _running.add(task)
    task.add_done_callback(_ended)
    return task


async def stop(task: asyncio.Task[Any] | None) -> None:
    """Cancel `task` and wait until it has ended."""
    if task is not None and not task.done():
        task.cancel()
        await asyncio.wait([task])


def _ended(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("task_died", task=task.get_name(), exc_info=error)
