"""structlog for us and for libraries: constant event names, ids as fields, and nothing that names a person or a secret.

Redaction comes last, over the whole event with its exception: a wamid decodes to a phone number, so it counts as one.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import orjson
import structlog
from structlog.processors import ExceptionRenderer
from structlog.tracebacks import ExceptionDictTransformer

_SECRET_KEYS = re.compile(r"token|secret|authorization|password|signature", re.IGNORECASE)
_PERSONAL = re.compile(
    r"""(?P<wamid>wamid\.[\w=+/.-]+)
      | (?P<token>\bEAA\w{8,}|Bearer\s+\S+)
      | (?P<bsuid>\b[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{4,128}\b)
      | (?P<number>(?<![\w.:-])\+?\d{9,15}(?![\w.:-]))""",
    re.VERBOSE,
)
QUIET = ("aiosqlite", "tortoise", "asyncio", "apscheduler", "aiohttp.access", "httpx", "httpcore", "pywa")
"""Libraries whose lower levels print bodies, urls or arguments."""


def redact(text: str) -> str:
    """`text` without phone numbers, BSUIDs, wamids and tokens."""
    return _PERSONAL.sub(lambda match: f"[{match.lastgroup}]", text)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {k: "[secret]" if _SECRET_KEYS.search(str(k)) else _clean(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def _redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    cleaned: MutableMapping[str, Any] = _clean(dict(event))
    return cleaned


def _json(event: Any, **_options: Any) -> str:
    return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()


def configure(*, level: str, style: str | None, stream: TextIO | None = None) -> None:
    """Log to `stream` (stderr) as `console` or `json`; by default what suits where stderr goes."""
    stream = stream or sys.stderr
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if (style or ("console" if stream.isatty() else "json")) == "json":
        # show_locals would print every local variable of every frame: tokens, numbers, texts.
        failure: Any = ExceptionRenderer(ExceptionDictTransformer(show_locals=False, max_frames=20))
        last: Any = structlog.processors.JSONRenderer(_json)
    else:
        failure = ExceptionRenderer()
        last = structlog.dev.ConsoleRenderer(colors=stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                failure,
                _redact_event,
                last,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
