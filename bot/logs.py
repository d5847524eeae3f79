"""structlog for us and for libraries: constant event names, ids as fields, and nothing that names a person or a secret.

Redaction comes last, over the whole event: a wamid decodes to a phone number, so it counts as one. Names and message texts
cannot be told from other words, so they never get here: no event carries them, and of an exception only its type and its
frames are told, for its words may quote what it was given.
"""

import asyncio
import logging
import re
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from datetime import date
from pathlib import Path
from traceback import StackSummary, walk_tb
from typing import Any, TextIO

import orjson
import structlog

log = structlog.get_logger()

OURS = ("bot", "handlers", "models")
"""Whose events are told from `level` on; libraries only warn, for what they say below that is bodies, urls and arguments."""
FRAMES = 20
CAUSES = 8

_ROOT = f"{Path(__file__).parents[1]}/"
_SECRET_KEYS = re.compile(r"token|secret|authorization|password|signature", re.IGNORECASE)
_PERSONAL = re.compile(
    r"""(?P<wamid>wamid\.[\w=+/.-]+)
      | (?P<token>\bEAA\w{8,} | Bearer\s+\S+)
      | (?P<password>(?<=://)[^\s/@]+(?=@))
      | (?P<bsuid>\b[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{4,128}\b)
      | (?P<number>\+\d[\d\ ().-]{5,18}\d | (?<!\d)(?<!\d\.)\d{9,15}(?!\d|\.\d))""",
    re.VERBOSE,
)
_OF_THE_MACHINE = {"08", "40", "53", "55", "57", "58"}
"""Classes of Postgres's SQLSTATE whose words speak of connections, locks and disks, never of a value in a row."""


def redact(text: str) -> str:
    """`text` without phone numbers, BSUIDs, wamids, tokens and passwords in addresses."""
    return _PERSONAL.sub(lambda match: f"[{match.lastgroup}]", text)


def configure(*, level: str, style: str | None, stream: TextIO | None = None, secrets: Iterable[str] = ()) -> None:
    """Log to `stream` (stderr) as `console` or `json`, by default what suits where it goes; `secrets` are never told."""
    stream = stream or sys.stderr
    is_json = (style or ("console" if stream.isatty() else "json")) == "json"
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: Any = structlog.processors.JSONRenderer(_json) if is_json else _console(colors=stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _Clean(secrets), last],
        )
    )
    logging.raiseExceptions = (
        False  # a line that cannot be rendered is lost: the fallback would print its raw arguments
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    logging.getLogger("aiohttp.server").addFilter(_is_our_fault)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def unheard(_loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """What asyncio has to say, without the tasks it would print together with their exceptions' words."""
    log.error("loop_error", what=context.get("message"), exc_info=context.get("exception"))


class _Clean:
    """The last processor but the renderer: no personal data, no secret, and of objects only what they are."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = sorted(filter(None, secrets), key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, known)) or r"(?!)")

    def __call__(self, _logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        error = _exception(event.pop("exc_info", None))
        cleaned: dict[str, Any] = self._clean(dict(event))
        if error is not None:
            cleaned["exception"] = self._clean(list(_tell(error)))
        return cleaned

    def _clean(self, value: Any) -> Any:
        match value:
            case str():
                return redact(self._secrets.sub("[secret]", value.encode("utf-8", "replace").decode()))
            case Mapping():
                return {
                    self._clean(str(k)): "[secret]" if _SECRET_KEYS.search(str(k)) else self._clean(v)
                    for k, v in value.items()
                }
            case list() | tuple() | set() | frozenset():
                return [self._clean(item) for item in value]
            case None | bool() | float():
                return value
            case int() if value.bit_length() < 64:
                return value
            case date():
                return value.isoformat()
            case _:
                return f"<{type(value).__name__}>"


def _exception(given: Any) -> BaseException | None:
    """From any of the forms in which `exc_info` is given."""
    if given is True:
        return sys.exc_info()[1]
    if isinstance(given, tuple):
        return given[1] if isinstance(given[1], BaseException) else None
    return given if isinstance(given, BaseException) else None


def _tell(error: BaseException, depth: int = 0) -> Iterator[str]:
    """A line for the exception, one for each frame, then the same for what caused it."""
    kind = type(error)
    words = _words(error)
    yield f"{kind.__module__}.{kind.__qualname__}" + (f": {words}" if words else "")
    for frame in StackSummary.extract(walk_tb(error.__traceback__), lookup_lines=False)[-FRAMES:]:
        yield f"    {frame.filename.removeprefix(_ROOT)}:{frame.lineno} {frame.name}"
    if depth == CAUSES:
        return
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _tell(inner, depth + 1)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from _tell(cause, depth + 1)


def _words(error: BaseException) -> str:
    """What the operating system or the database say of themselves."""
    sqlstate = getattr(error, "sqlstate", None)
    if isinstance(sqlstate, str):
        return f"{sqlstate} {error}" if sqlstate[:2] in _OF_THE_MACHINE else sqlstate
    return str(error) if isinstance(error, OSError | sqlite3.OperationalError) else ""


def _is_our_fault(record: logging.LogRecord) -> bool:
    """Whether aiohttp's server tells of a fault of ours: broken HTTP and lost connections are the other side's affair."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, ConnectionError) and type(error).__module__ != "aiohttp.http_exceptions"


def _json(event: Any, **_options: Any) -> str:
    return orjson.dumps(event).decode()


def _console(*, colors: bool) -> Any:
    render = structlog.dev.ConsoleRenderer(colors=colors)

    def console(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        if "exception" in event:
            event["exception"] = "\n".join(event["exception"])
        return render(logger, method, event)

    return console
