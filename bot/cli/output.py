"""What every command shares: how it fails, how it reads its settings, and how it runs to its end."""

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from bot import logs, settings
from bot.settings import Settings, SettingsError

T = TypeVar("T")


class Failure(Exception):
    """What went wrong, in words for whoever typed the command."""


def load_settings(*, default_host: str = "127.0.0.1") -> Settings:
    """The settings, or every fault in them; from now on what is logged goes where they say."""
    try:
        found = settings.load(default_host=default_host)
    except SettingsError as error:
        raise Failure(describe(error)) from None
    logs.configure(level=found.log_level, style=found.log_format, secrets=found.secrets)
    return found


def describe(error: SettingsError) -> str:
    faults = "\n".join(f"  {fault}" for fault in error.faults)
    return f"Waybill cannot start with these settings (.env or environment):\n{faults}"


def no_answer(error: BaseException) -> str:
    """Why the database cannot be used, in one line."""
    words = " ".join(str(error).split())
    return f"The database does not answer ({type(error).__name__}{': ' if words else ''}{words}). Check DATABASE_URL."


def watched(items: Sequence[T], label: str) -> Iterable[T]:
    """`items`, with a progress bar while they are worked through, if somebody looks on."""
    if len(items) < 2 or not sys.stderr.isatty():
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, description=label, console=Console(stderr=True), transient=True)


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
