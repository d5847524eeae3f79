"""What the sender does to outbox rows: take them in order and at the right pace, mark each attempt, write what came of it."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flows import limits, outbound
from flows.pacing import PAIR, Pace, free_at, next_free
from flows.window import is_open
from models import inbox, templates
from models.contacts import ContactRow
from models.engines import Connection
from models.outbox import MUST_ARRIVE, OUTBOUND, Outbound, OutboxRow, value
from models.statements import INT, JSON, TEXT, TIME, Write, select, statement, update
from models.stores import NumberRow
from models.templates import States
from models.work import Conflict

LEASE = timedelta(seconds=45)
"""Longer than the client's timeouts together: when it has run out, the worker that took the row is gone."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """What must be known of a contact to write to it. Both names are missing only while its rows move to another contact."""

    id: int
    last_inbound_at: datetime | None
    paced_until: datetime | None
    backoffs: int
    wa_id: str | None
    bsuid: str | None
    alerted_at: datetime | None = None
    """When an alert last went out to them, which was more than a nudge. Only known where a template may go out."""
    nudged_at: datetime | None = None
    """When any alert did, where that is known."""


@dataclass(frozen=True, slots=True)
class Number:
    """The store's number. `paused_until` while Meta refuses everything (a bad token, an outage); `pauses` counts in a row."""

    id: int
    phone_number_id: str
    paced_until: datetime | None
    paused_until: datetime | None
    pause_code: int | None
    pauses: int
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Unsent:
    """Why a row does not go out now: `held` for a reason, or ended (`expired`, `suppressed`)."""

    held: str | None = None
    ended: str | None = None


Choose = Callable[[Outbound, Recipient, States], Unsent | None]
"""None sends the row. The last says how the templates stand."""
PaceOf = Callable[[Mapping[str, str]], Pace | None]
"""How fast the number may send by the store's settings as they stand."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A row that ended without being sent (again): `state` says how."""

    row: Outbound
    state: str


@dataclass(frozen=True, slots=True)
class Claim:
    """`sends` are marked as attempted; `moved` counts the rows that were written, sends or not.

    `is_all`: there was room for more than was due. `number`: as it was read, paced on by these sends.
    """

    sends: Sequence[tuple[Outbound, Recipient]] = ()
    ended: Sequence[Ended] = ()
    moved: int = 0
    is_all: bool = True
    number: Number | None = None


_NAME = "(SELECT MAX(value) FROM identity i WHERE i.contact_id = c.id AND i.active AND i.kind = '{}')"
_RECIPIENT = {
    "last_inbound_at": ("c.last_inbound_at", TIME),
    "paced_until": ("c.paced_until", TIME),
    "backoffs": ("c.backoffs", INT),
    "wa_id": (_NAME.format("wa_id"), TEXT),
    "bsuid": (_NAME.format("bsuid"), TEXT),
}
"""What is read of contact `c` beside each message to it."""
_NUMBER = {
    "id": INT, "phone_number_id": TEXT, "paced_until": TIME, "paused_until": TIME, "pause_code": INT, "pauses": INT,
    "settings": JSON,
}  # fmt: skip
_OF_STORE = (
    "SELECT id, phone_number_id, paced_until, paused_until, pause_code, pauses,"
    " (SELECT s.settings FROM store s WHERE s.id = number.store_id) FROM number WHERE store_id = :store_id"
)
_THE_NUMBER = statement(_OF_STORE, {"store_id": INT}, _NUMBER)
# Workers take their turns at the number: what the one before has used up is committed when the next one looks.
_HELD_NUMBER = statement(f"{_OF_STORE} FOR UPDATE", {"store_id": INT}, _NUMBER)
_IS_HEAD = (
    "NOT EXISTS (SELECT 1 FROM outbox e WHERE e.contact_id = t.contact_id AND e.state IN ('queued', 'sending', 'unknown')"
    " AND (e.state <> 'queued' OR (e.held IS NULL AND e.id < t.id)))"
)
"""Nothing to this contact is on its way, and nothing older may go: what was held and let go keeps behind what overtook it."""
_DUE = select(
    OutboxRow,
    "JOIN contact c ON c.id = t.contact_id WHERE t.state = 'queued' AND t.held IS NULL AND t.due_at <= :now"
    " AND (c.backoff_until IS NULL OR c.backoff_until <= :now) AND (c.paced_until IS NULL OR c.paced_until <= :paced)"
    f" AND {_IS_HEAD} ORDER BY t.id LIMIT :limit FOR UPDATE OF t, c SKIP LOCKED",
    only=OUTBOUND,
    more=_RECIPIENT,
    now=TIME,
    paced=TIME,
    limit=INT,
)
_SILENT = select(
    OutboxRow,
    "JOIN contact c ON c.id = t.contact_id WHERE t.state = 'unknown' AND t.due_at <= :now ORDER BY t.id LIMIT :limit"
    " FOR UPDATE OF t, c SKIP LOCKED",
    only=OUTBOUND,
    more=_RECIPIENT,
    now=TIME,
    limit=INT,
)
_LAST_ALERT = (
    "(SELECT MAX(a.attempted_at) FROM outbox a WHERE a.contact_id = c.id AND a.purpose = 'alert'"
    " AND a.state IN ('sending', 'unknown', 'accepted', 'sent', 'delivered', 'read')"
)

_ALERTED = statement(
    f"SELECT c.id, {_LAST_ALERT} AND a.arrival <> 'ephemeral') AS alerted_at, {_LAST_ALERT}) AS nudged_at"
    " FROM contact c WHERE c.id IN :ids",
    {"ids": INT},
    {"id": INT, "alerted_at": TIME, "nudged_at": TIME},
)
_MARK = ("state", "attempts", "resends", "attempted_at", "lease_until")
_CLAIMED = update(OutboxRow, ["id"], _MARK, where="state IN ('queued', 'unknown')")
_HELD = update(OutboxRow, ["id"], ["held"], where="state = 'queued'")
_ENDED = update(OutboxRow, ["id", "state"], ["state"])
_PACED = update(ContactRow, ["id"], ["paced_until"])
_NUMBER_PACED = update(NumberRow, ["id"], ["paced_until"])
_PAUSE = statement(
    "UPDATE number SET paused_until = :until, pause_code = :code, pauses = pauses + 1 WHERE store_id = :store_id",
    {"until": TIME, "code": INT, "store_id": INT},
)
_RESUME = statement(
    "UPDATE number SET paused_until = NULL, pause_code = NULL, pauses = 0 WHERE store_id = :store_id AND pauses > 0",
    {"store_id": INT},
)
_BACK_OFF = update(ContactRow, ["id"], ["backoff_until"], also="backoffs = backoffs + 1")
_CALM = statement("UPDATE contact SET backoff_until = NULL, backoffs = 0 WHERE id IN :ids", {"ids": INT})
_LAPSED = statement(
    "UPDATE outbox SET state = 'unknown', lease_until = NULL,"
    " due_at = CASE WHEN fallback IS NULL THEN :due ELSE :template_due END WHERE state = 'sending' AND lease_until <= :now",
    {"due": TIME, "template_due": TIME, "now": TIME},
)
_RELEASE = statement(
    "UPDATE outbox SET held = NULL, due_at = :now WHERE state IN ('queued', 'sending', 'unknown') AND held IS NOT NULL"
    " AND EXISTS (SELECT 1 FROM contact c WHERE c.id = outbox.contact_id AND c.last_inbound_at > :since"
    " AND (NOT outbox.closed OR outbox.attempted_at IS NULL OR c.last_inbound_at > outbox.attempted_at))",
    {"since": TIME, "now": TIME},
)
_WAITING = statement(
    "SELECT due_at, NULL AS backoff_until, NULL AS paced_until FROM outbox WHERE state = 'unknown' UNION ALL"
    " SELECT due_at, backoff_until, paced_until FROM (SELECT t.due_at, c.backoff_until, c.paced_until"
    " FROM outbox t JOIN contact c ON c.id = t.contact_id"
    f" WHERE t.state = 'queued' AND t.held IS NULL AND {_IS_HEAD} ORDER BY t.id LIMIT 100) AS head",
    {},
    {"due_at": TIME, "backoff_until": TIME, "paced_until": TIME},
)
_ON_THE_WIRE = statement("SELECT id FROM outbox WHERE state = 'sending' LIMIT 1", {}, {"id": INT})


async def claim(
    connection: Connection, *, store_id: int, now: datetime, limit: int, pace: PaceOf, choose: Choose
) -> Claim:
    """Take due rows, each contact's oldest, as far as both paces allow, and mark every attempt before it is made.

    One process at a time, for the number has one pace. Whatever else somebody holds, a row or its contact, is left out: this
    waits for nobody while it holds the number.
    """
    [kept], silent, due = await connection.fetch(
        _HELD_NUMBER(store_id=store_id),
        _SILENT(now=now, limit=limit),
        _DUE(now=now, paced=now + PAIR.interval * (PAIR.burst - 1), limit=limit),
    )
    number = Number(**kept)
    if number.paused_until is not None and number.paused_until > now:
        return Claim(number=number)
    if number.pauses:
        limit = 1  # a single message finds out whether Meta takes them again
        [on_the_wire] = await connection.fetch(_ON_THE_WIRE())
        if on_the_wire:
            return Claim(number=number)
    if silent and await inbox.has_unread_status(connection, now):
        silent = []  # what they wait for may be in our own backlog
    found = [(value(row), _recipient(row)) for row in (*silent, *due)[:limit]]
    if not found:
        return Claim(number=number)
    states: States = {}
    if any(row.fallback is not None and not is_free(row, recipient, now) for row, recipient in found):
        found, states = await _with_templates(connection, store_id, found)
    taking = _Taking(now, number, pace(number.settings), choose)
    for row, recipient in found:
        taking.take(row, recipient, states)
    moved = sum(len(written) for written in taking.writes.values())
    if taking.tat != number.paced_until:
        taking.writes[_NUMBER_PACED].append((taking.tat, number.id))
        number = replace(number, paced_until=taking.tat)
    await _write(connection, taking.writes)
    return Claim(taking.sends, taking.ended, moved, is_all=len(found) < limit, number=number)


def is_free(row: Outbound, recipient: Recipient, now: datetime) -> bool:
    """Whether the free form may go out. A row refused for a closed window believes Meta until the person has written again."""
    if row.closed and not (recipient.last_inbound_at and recipient.last_inbound_at > row.created_at):
        return False
    return is_open(recipient.last_inbound_at, now)


def _recipient(row: Mapping[str, Any]) -> Recipient:
    return Recipient(row["contact_id"], **{name: row[name] for name in _RECIPIENT})


async def _with_templates(
    connection: Connection, store_id: int, found: Sequence[tuple[Outbound, Recipient]]
) -> tuple[list[tuple[Outbound, Recipient]], States]:
    """The same, and what decides whether a template goes out."""
    ids = sorted({recipient.id for _, recipient in found})
    alerted, known = await connection.fetch(_ALERTED(ids=ids), templates.load(store_id))
    last = {row.pop("id"): row for row in alerted}
    return [(row, replace(recipient, **last[recipient.id])) for row, recipient in found], templates.states(known)


class _Taking:
    """Goes through due rows and decides each."""

    def __init__(self, now: datetime, number: Number, pace: Pace | None, choose: Choose) -> None:
        self.tat = number.paced_until
        self.sends: list[tuple[Outbound, Recipient]] = []
        self.ended: list[Ended] = []
        self.writes: dict[Write, list[tuple[Any, ...]]] = defaultdict(list)
        self._now, self._pace, self._choose = now, pace, choose

    def take(self, row: Outbound, recipient: Recipient, states: States) -> None:
        unsent = self._choose(row, recipient, states)
        if row.state == "unknown" and (unsent is not None or not _may_be_repeated(row)):
            self._end(row, "given_up")
        elif unsent is not None and unsent.ended is not None:
            self._end(row, unsent.ended)
        elif unsent is not None:
            self.writes[_HELD].append((unsent.held, row.id))
        elif self._is_within_pace():
            self._send(row, recipient)

    def _end(self, row: Outbound, event: str) -> None:
        state = outbound.move(row.state, event)
        self.writes[_ENDED].append((state, row.id, row.state))
        self.ended.append(Ended(row, state))

    def _is_within_pace(self) -> bool:
        if self._pace is None:
            return True
        may, self.tat = next_free(self.tat, self._now, pace=self._pace)
        return may

    def _send(self, row: Outbound, recipient: Recipient) -> None:
        resends = row.resends + (row.state == "unknown")
        state = outbound.move(row.state, "resent" if row.state == "unknown" else "claimed")
        self.writes[_CLAIMED].append((state, row.attempts + 1, resends, self._now, self._now + LEASE, row.id))
        self.writes[_PACED].append((next_free(recipient.paced_until, self._now, pace=PAIR)[1], recipient.id))
        self.sends.append((row, recipient))


def _may_be_repeated(row: Outbound) -> bool:
    return row.arrival == MUST_ARRIVE and row.resends < limits.AMBIGUOUS_RESENDS


@dataclass(frozen=True, slots=True)
class Settlement:
    """What came of one attempt. `event` is a move of `flows/outbound.py`; `due_at` when the row is looked at again.

    `closes`: Meta said that the window is closed, which the row remembers from then on. `counts`: it is one of its refusals.
    `calms`: the contact had been backed off from, which is over.
    """

    row: Outbound
    event: str
    due_at: datetime
    wamid: str | None = None
    error_code: int | None = None
    closes: bool = False
    counts: bool = False
    held: str | None = None
    back_off_until: datetime | None = None
    calms: bool = False


_SETTLED = ("state", "due_at", "wamid", "error_code", "closed", "refusals", "held")
_SETTLE = update(OutboxRow, ["id", "state"], _SETTLED, also="lease_until = NULL")
_NOW_AT = statement(
    "SELECT id, state, wamid, attempts, (SELECT pauses FROM number WHERE store_id = :store_id) AS pauses FROM outbox"
    " WHERE id IN :ids ORDER BY id FOR UPDATE",
    {"store_id": INT, "ids": INT},
    {"id": INT, "state": TEXT, "wamid": TEXT, "attempts": INT, "pauses": INT},
)


async def settle(connection: Connection, store_id: int, settlements: Sequence[Settlement], *, now: datetime) -> None:
    """Write what came of attempts. A status may have overtaken the answer: the row moves from where it is now."""
    [current] = await connection.fetch(_NOW_AT(store_id=store_id, ids=[s.row.id for s in settlements]))
    states = {row["id"]: row for row in current}
    writes: dict[Write, list[tuple[Any, ...]]] = defaultdict(list)
    for s in settlements:
        now_at = states[s.row.id]
        if _is_too_late(s, now_at["state"], now_at["attempts"]):
            continue
        state = outbound.move(now_at["state"], s.event)
        wamid, closed, refusals = now_at["wamid"] or s.wamid, s.row.closed or s.closes, s.row.refusals + s.counts
        row = (state, s.due_at, wamid, s.error_code, closed, refusals, s.held)
        writes[_SETTLE].append((*row, s.row.id, now_at["state"]))
        if s.back_off_until is not None:
            writes[_BACK_OFF].append((s.back_off_until, s.row.contact_id))
    await _write(connection, writes)
    if any(s.held for s in settlements):
        await release(connection, now)  # the person may have written while Meta refused: the row keeps its place
    if calmed := [s.row.contact_id for s in settlements if s.calms]:
        await connection.run(_CALM(ids=calmed))
    if any(s.event == "accepted" for s in settlements) and current[0]["pauses"]:
        await connection.run(_RESUME(store_id=store_id))


def _is_too_late(settlement: Settlement, state: str, attempts: int) -> bool:
    """Whether the row has gone on without this answer: it was written already, or the row is at a later attempt by now.

    That Meta has accepted the message is news even then.
    """
    if settlement.event == "accepted":
        return False
    return state in ("queued", "expired", "suppressed") or attempts != settlement.row.attempts + 1


async def pause(connection: Connection, store_id: int, *, until: datetime, code: int | None) -> None:
    """Send nothing from this number until then: Meta refuses everything for a reason of its own."""
    await connection.run(_PAUSE(until=until, code=code, store_id=store_id))


async def release(connection: Connection, now: datetime) -> int:
    """Let go what was held for a window that has opened since: the person may have written while we were deciding to hold."""
    return await connection.run(_RELEASE(since=now - limits.WINDOW, now=now))


async def expire_leases(connection: Connection, now: datetime, *, alone: bool = False) -> int:
    """Attempts whose worker is gone (`alone`: all of them) become unknown, to be judged after the usual wait from now.

    In which form one went out is not on disk: what has a template waits as long as a template.
    """
    due, template_due = now + limits.AMBIGUOUS_WAIT, now + limits.AMBIGUOUS_TEMPLATE_WAIT
    return await connection.run(_LAPSED(due=due, template_due=template_due, now=now + LEASE if alone else now))


async def start_again(connection: Connection, store_id: int, now: datetime, *, alone: bool) -> None:
    """At a start: a pause is over (somebody may have mended the token), and if this is the only process, every attempt that
    was under way is unknown. The wait begins now: statuses that met a closed door are still on their way.
    """
    await connection.run(_RESUME(store_id=store_id))
    if alone:
        await expire_leases(connection, now, alone=True)


async def get_number(connection: Connection, store_id: int) -> Number:
    [[row]] = await connection.fetch(_THE_NUMBER(store_id=store_id))
    return Number(**row)


async def next_due(
    connection: Connection, store_id: int, pace: PaceOf, *, after: datetime, number: Number | None = None
) -> datetime | None:
    """The next moment at which a message may go out or be judged. `number`: as this transaction knows it.

    What was due by `after` and stayed waits for something that announces itself: an answer, or a status to be settled.
    """
    [waiting] = await connection.fetch(_WAITING())
    number = number or await get_number(connection, store_id)
    allowed = [number.paused_until] if number.paused_until else []
    paced_by = pace(number.settings)
    if paced_by is not None and number.paced_until is not None:
        allowed.append(free_at(number.paced_until, paced_by))
    moments = []
    for row in waiting:
        paced = free_at(row["paced_until"], PAIR) if row["paced_until"] else row["due_at"]
        moments.append(max(row["due_at"], paced, row["backoff_until"] or row["due_at"]))
    return min((m for moment in moments if (m := max([moment, *allowed])) > after), default=None)


async def _write(connection: Connection, writes: dict[Write, list[tuple[Any, ...]]]) -> None:
    work = list(writes.items())
    for (write, rows), count in zip(work, await connection.write(work) if work else [], strict=False):
        if count != len(rows):
            raise Conflict(write.table)
