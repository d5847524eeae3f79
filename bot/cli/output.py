"""What every command shares: how it fails, how it reads its settings, and how it runs to its end."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from bot import settings
from bot.settings import Settings, SettingsError

T = TypeVar("T")


class Failure(Exception):
    """What went wrong, in words for whoever typed the command."""


def load_settings(*, default_host: str = "127.0.0.1") -> Settings:
    """The settings, or every fault in them."""
    try:
        return settings.load(default_host=default_host)
    except SettingsError as error:
        raise Failure(describe(error)) from None


def describe(error: SettingsError) -> str:
    faults = "\n".join(f"  {fault}" for fault in error.faults)
    return f"Waybill cannot start with these settings (.env or environment):\n{faults}"


def to_the_end(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `work` on uvloop where it installs."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work())


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
