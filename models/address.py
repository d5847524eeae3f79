"""`DATABASE_URL`: a SQLite file, or Postgres as libpq and hosting providers write it. What cannot be honoured is refused."""

import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

SQLITE_PRAGMAS = {
    "journal_mode": "WAL",
    "synchronous": "FULL",  # an acknowledged event survives the loss of power
    "journal_size_limit": 67_108_864,  # tortoise's 16 KB cuts the WAL at every checkpoint and doubles a commit's cost
    "foreign_keys": "ON",
    "busy_timeout": 5000,  # a terminal command may write beside the running bot
}
POSTGRES_SESSION = {
    "application_name": "waybill",
    "synchronous_commit": "on",  # an acknowledged event survives the loss of power, whatever the server's default
    # A unit of work holds its rows for milliseconds: who waits longer waits for a worker that hangs, and tries again.
    "lock_timeout": "5s",
    # Every statement finds its rows by an index; one that does not end by then never will.
    "statement_timeout": "30s",
    # No transaction waits for anything but the database. A worker silent for so long within one is stopped or gone:
    # its rows are freed for the others, and should it wake up its commit is refused.
    "idle_in_transaction_session_timeout": "10s",
}
PATIENT_SESSION = {
    # A large table takes its time to be rewritten or indexed.
    "statement_timeout": "0",
    # Whoever waits for a table makes everybody else wait behind it: not longer than the door's own patience, then again.
    "lock_timeout": "2s",
}
COMMAND_TIMEOUT_S = 35.0
"""Somewhat longer than the server's own limit: only a server that vanished without a word is given up by us."""
CONNECT_TIMEOUT_S = 5
POOL = 8
"""Connections of one process: a worker's loops and jobs and a look at its health are six. Small servers allow 20 to all."""

FORM = (
    "must be sqlite://path/to/file.sqlite3 or postgres://user:password@host:port/database;"
    " in a password write @ as %40, / as %2F, ? as %3F, # as %23, : as %3A"
)
KNOWN = ("application_name", "channel_binding", "connect_timeout", "host", "pool_size", "sslmode", "sslrootcert")
UNKNOWN = f"has a parameter after the ? that Waybill does not know; it knows {', '.join(KNOWN)}"
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


class InvalidAddress(ValueError):
    """What is wrong with `DATABASE_URL`, in words that follow its name. Never a part of it, which may be the password."""


@dataclass(frozen=True, slots=True)
class Address:
    """A checked `DATABASE_URL`."""

    url: str

    def __post_init__(self) -> None:
        if self.is_sqlite and self.url.startswith("sqlite://") and self.path.name:
            return
        _credentials(self.url)

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite:")

    @property
    def path(self) -> Path:
        """The file of a SQLite address."""
        return Path(self.url.removeprefix("sqlite://"))

    def connection(self, *, patient: bool = False) -> dict[str, Any]:
        """The address as tortoise's configuration, with our engine in place of its own; `patient` for migrations."""
        if self.is_sqlite:
            pragmas = {"file_path": str(self.path), **SQLITE_PRAGMAS}
            return {"engine": "models.engines.sqlite", "credentials": pragmas}
        credentials: dict[str, Any] = {"maxsize": _number(_parameters(self.url), "pool_size", POOL), **self.session()}
        if patient:
            credentials |= {
                "command_timeout": None,
                "server_settings": credentials["server_settings"] | PATIENT_SESSION,
            }
        return {"engine": "models.engines.asyncpg", "credentials": credentials}

    def session(self, purpose: str = "") -> dict[str, Any]:
        """The address of a Postgres as asyncpg's arguments, with what holds for every session of ours.

        What is not an ordinary one shows its `purpose` beside the program's name in pg_stat_activity.
        """
        credentials = _credentials(self.url)
        given = credentials.pop("server_settings", {})
        name = given.get("application_name", POSTGRES_SESSION["application_name"])
        return {
            "command_timeout": COMMAND_TIMEOUT_S,
            "server_settings": {**POSTGRES_SESSION, "application_name": f"{name} {purpose}".strip()},
            **credentials,
        }


def _credentials(url: str) -> dict[str, Any]:
    """What `url` says, as asyncpg's arguments."""
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
        parameters = _parameters(url)
    except ValueError:
        raise InvalidAddress(FORM) from None
    if parts.scheme not in ("postgres", "postgresql") or parts.fragment or "\0" in url:
        raise InvalidAddress(FORM)
    if not parameters.keys() <= set(KNOWN):
        raise InvalidAddress(UNKNOWN)
    host = _host(parts, parameters)
    found: dict[str, Any] = {
        "host": host,
        "port": port,
        "user": unquote(parts.username or "") or None,
        "password": unquote(parts.password or "") or None,
        "database": unquote(parts.path[1:]) or None,
        "ssl": _ssl(parameters.get("sslmode", "prefer"), parameters.get("sslrootcert", "")),
    }
    if host.startswith("/"):
        del found["ssl"]  # a socket of this machine has no TLS
    found["timeout"] = float(_number(parameters, "connect_timeout", CONNECT_TIMEOUT_S))
    _number(parameters, "pool_size", POOL)
    if name := parameters.get("application_name"):
        found["server_settings"] = {"application_name": name}
    if parameters.get("channel_binding", "prefer") not in ("disable", "prefer"):
        raise InvalidAddress(
            "asks for channel_binding, which this driver does not have. Take that parameter out, and use"
            " sslmode=verify-full: it proves the server's name instead"
        )
    return found


def _parameters(url: str) -> dict[str, str]:
    query = urlsplit(url).query
    return dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))


def _number(parameters: dict[str, str], name: str, default: int) -> int:
    text = parameters.get(name, str(default))
    if not re.fullmatch(r"[1-9][0-9]{0,2}", text):
        raise InvalidAddress(f"has a {name} that is no number from 1 to 999")
    return int(text)


def _host(parts: SplitResult, parameters: dict[str, str]) -> str:
    host = parts.hostname or parameters.get("host", "")
    if not host or "," in parts.netloc or (parts.hostname and "host" in parameters):
        raise InvalidAddress(FORM)
    return host


def _ssl(mode: str, root: str) -> str | ssl.SSLContext:
    """As libpq means it. asyncpg looks for certificates only where libpq keeps them; ours may be the system's."""
    if mode not in SSL_MODES:
        raise InvalidAddress(f"has an sslmode that does not exist; there are {', '.join(SSL_MODES)}")
    if not mode.startswith("verify"):
        if root:
            raise InvalidAddress("has an sslrootcert, which only sslmode=verify-ca and sslmode=verify-full look at")
        return mode
    try:
        context = ssl.create_default_context(cafile=None if root in ("", "system") else root)
    except (OSError, ssl.SSLError):
        raise InvalidAddress("has an sslrootcert that cannot be read as certificates") from None
    context.check_hostname = mode == "verify-full"
    return context
