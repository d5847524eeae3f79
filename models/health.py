"""How things stand, counted: for `doctor` in chat and terminal, for metrics and for the readiness answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flows.doctor import Health, Token
from flows.errors import classify
from flows.window import closes_at, is_open
from models import sending, templates
from models.contacts import Contact
from models.engines import Connection
from models.sending import Number
from models.statements import INT, TEXT, TIME, statement
from models.templates import APPROVED
from models.work import Work

TOKEN_CODES = frozenset({0, 3, 10, 102, 190, 131005})
"""Pauses that only a new token, or more rights for it, can end."""

REFUSED, NOWHERE = 400, 404
"""HTTP statuses: what Graph refuses comes with a code; without one, what answered was not Graph."""

_INBOX = statement(
    "SELECT COUNT(*), MIN(received_at) FROM inbox WHERE state = 'new' AND id <> :but",
    {"but": INT},
    {"count": INT, "oldest": TIME},
)
_DEAD = statement("SELECT COUNT(*) FROM inbox WHERE state = 'dead'", {}, {"count": INT})
_LIVE = statement(
    "SELECT state, CASE WHEN held IS NULL THEN 0 ELSE 1 END, COUNT(*) FROM outbox"
    " WHERE state IN ('queued', 'sending', 'unknown') GROUP BY 1, 2",
    {},
    {"state": TEXT, "held": INT, "count": INT},
)
_FAILED = statement(
    "SELECT COUNT(*) FROM outbox WHERE state = 'failed' AND created_at > :since", {"since": TIME}, {"count": INT}
)
_SENT = statement("SELECT MAX(id) FROM outbox WHERE wamid IS NOT NULL", {}, {"id": INT})
_PRODUCTS = statement("SELECT COUNT(*) FROM product WHERE store_id = :store_id", {"store_id": INT}, {"count": INT})
_EXCEPTIONS = statement(
    "SELECT COUNT(*) FROM discrepancy WHERE store_id = :store_id AND settled_at IS NULL",
    {"store_id": INT},
    {"count": INT},
)
_WINDOWS = statement(
    "SELECT s.name, c.id, c.last_inbound_at FROM staff s JOIN contact c ON c.id = s.contact_id WHERE s.store_id = :store_id",
    {"store_id": INT},
    {"name": TEXT, "contact_id": INT, "last_inbound_at": TIME},
)


@dataclass(frozen=True, slots=True)
class Queues:
    """What waits: events with the oldest one's arrival, dead letters, and outbox rows by state (`held` apart)."""

    events: int
    oldest_at: datetime | None
    buried: int
    outbox: dict[str, int]


async def queues(connection: Connection, *, but: int = 0) -> Queues:
    """What waits, without the event `but` (the one that asks)."""
    [inbox], [dead], live = await connection.fetch(_INBOX(but=but), _DEAD(), _LIVE())
    outbox = dict.fromkeys(("queued", "sending", "unknown", "held"), 0)
    for row in live:
        outbox["held" if row["held"] else row["state"]] += row["count"]
    return Queues(inbox["count"], inbox["oldest"], dead["count"], outbox)


async def of(work: Work, *, asking: Contact | None = None, event_id: int = 0) -> Health:
    """The health of this store; `asking` (by the event `event_id`) reads about their own window."""
    connection, store, now = work.connection, work.store, work.now
    waiting = await queues(connection, but=event_id)
    [failed], [sent], [products], [exceptions], windows = await connection.fetch(
        _FAILED(since=now - timedelta(days=1)),
        _SENT(),
        _PRODUCTS(store_id=store.id),
        _EXCEPTIONS(store_id=store.id),
        _WINDOWS(store_id=store.id),
    )
    number = await sending.get_number(connection, store.id)
    known = await templates.statuses(connection, store.id)
    own = asking.last_inbound_at if asking else None
    return Health(
        events=waiting.events,
        oldest_event=now - waiting.oldest_at if waiting.oldest_at else timedelta(),
        buried=waiting.buried,
        messages=waiting.outbox["queued"] + waiting.outbox["sending"],
        unknown=waiting.outbox["unknown"],
        held=waiting.outbox["held"],
        failed=failed["count"],
        token=_token(number.pause_code, has_sent=sent["id"] is not None),
        products=products["count"],
        exceptions=exceptions["count"],
        stopped=_stopped(number),
        window_until=closes_at(own) if own else None,
        away=tuple(
            row["name"]
            for row in windows
            if not is_open(row["last_inbound_at"], now) and not (asking and row["contact_id"] == asking.id)
        ),
        templates=tuple((name, lang, state) for (name, lang), state in known.items() if state != APPROVED),
    )


def _stopped(number: Number) -> str:
    """Why the number is paused, unless the token is to blame, which is said in its own words."""
    if number.paused_until is None or number.pause_code in TOKEN_CODES:
        return ""
    return classify(number.pause_code, NOWHERE if number.pause_code is None else REFUSED).sentence


def _token(pause_code: int | None, *, has_sent: bool) -> Token:
    if pause_code in TOKEN_CODES:
        return Token.REFUSED
    return Token.GOOD if has_sent else Token.UNTRIED
