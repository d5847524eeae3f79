"""What must always be true, as queries over the database and as a comparison with Meta's own record of what happened.

Every suite and `doctor` call this module. An invariant's id is its name in the design; each has its statement beside it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from flows import limits, outbound
from models.engines import Connection
from models.inbox import source_hash
from models.outbox import FORGOTTEN
from models.statements import BYTES, INT, JSON, TEXT, TIME, Query, Statement, statement

PATIENCE = timedelta(minutes=10)
"""How long a healthy program may leave something undone, a restart or an outage of the database included."""
SHOWN = 20
"""Ids in one violation: enough to see what they have in common."""
META_WINDOW = timedelta(hours=24)
META_BURST = 45
META_PAIR_INTERVAL = timedelta(seconds=6)
"""Meta's own numbers, which ours (`flows/limits.py`) stay below."""
PROMISED_WAIT = timedelta(seconds=20)
"""How long we promise to wait for a status before a message may go again; the judge does not ask the accused."""
UNREAD = timedelta(seconds=1)
"""How long an acknowledged status may wait to be read: in it, a message may be on its way for the second time."""
ANSWERED = frozenset({"text", "order", "interactive", "button"})
"""Types of inbound messages that are always answered; a reaction or a deleted message is not."""
OUT = frozenset({"accepted", "sent", "delivered", "read"})


@dataclass(frozen=True, slots=True)
class Violation:
    """`ids` are the first rows that break it, or lines of the ledger."""

    id: str
    sentence: str
    ids: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.id} is broken: {self.sentence} See {', '.join(map(str, self.ids))}."


_GIVEN = {"before": TIME, "forgotten": JSON, "states": TEXT, "most": INT}
_REPLAYED = "EXISTS (SELECT 1 FROM timer r WHERE r.kind = 'buried' AND r.subject = CAST(i.id AS VARCHAR(40)))"
"""The event `i` was a dead letter once: it may be handled again, and later than its place in its lane says."""


class Invariant:
    """`sql` finds by id what breaks it. With `settled_only` it holds once everything has come to rest."""

    def __init__(self, name: str, sentence: str, sql: str, *, settled_only: bool = False) -> None:
        sql = sql.replace("REPLAYED", _REPLAYED) + " ORDER BY 1 LIMIT :most"
        self.id, self.sentence, self.settled_only = name, sentence, settled_only
        self.find: Statement = statement(
            sql, {given: kind for given, kind in _GIVEN.items() if f":{given}" in sql}, {"id": INT}
        )


INVARIANTS = (
    Invariant(
        "I2",
        "Every event is settled within ten minutes of being due.",
        "SELECT id FROM inbox WHERE state = 'new' AND due_at < :before",
    ),
    Invariant(
        "I2",
        "An event is open, done, ignored or dead; a settled one has its moment, and its reason unless it is done.",
        "SELECT id FROM inbox WHERE state NOT IN ('new', 'done', 'ignored', 'dead')"
        " OR (state <> 'new' AND settled_at IS NULL) OR (state IN ('ignored', 'dead') AND reason IS NULL)",
    ),
    Invariant(
        "I3",
        "What happened once is in the inbox once.",
        "SELECT MAX(id) FROM inbox GROUP BY source HAVING COUNT(*) > 1",
    ),
    Invariant(
        "I3",
        "An event is answered with the same words once.",
        # `closed`: Meta refused it for the window, and it is said again as a template.
        "SELECT MAX(id) FROM outbox WHERE cause_id IS NOT NULL AND NOT closed AND message <> :forgotten"
        " GROUP BY cause_id, contact_id, message HAVING COUNT(*) > 1",
    ),
    Invariant(
        "I4",
        "Every message of ours has a recipient, and every answer has the event that it answers.",
        "SELECT o.id FROM outbox o WHERE NOT EXISTS (SELECT 1 FROM contact c WHERE c.id = o.contact_id)"
        " OR (o.cause_id IS NULL AND o.purpose = 'reply')"
        " OR (o.cause_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.id = o.cause_id))",
    ),
    Invariant(
        "I4",
        "Every line of the audit trail that names an event has it.",
        "SELECT a.id FROM audit a WHERE a.event_id IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.id = a.event_id)",
    ),
    Invariant(
        "I6",
        "An event is settled together with what follows from it: nothing follows from one that is open or ignored.",
        "SELECT i.id FROM inbox i WHERE i.state IN ('new', 'ignored') AND NOT REPLAYED"
        " AND (EXISTS (SELECT 1 FROM outbox o WHERE o.cause_id = i.id)"
        " OR EXISTS (SELECT 1 FROM audit a WHERE a.event_id = i.id))",
    ),
    Invariant(
        "I17",
        "Of no product less than nothing is reserved, or more than there is.",
        "SELECT id FROM product WHERE reserved < 0 OR reserved > on_hand",
    ),
    Invariant(
        "I19",
        "On a calendar no two sessions overlap.",
        "SELECT id FROM (SELECT id, busy_from, MAX(busy_until) OVER (PARTITION BY calendar_id ORDER BY busy_from, id"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS latest FROM session) AS diary WHERE busy_from < latest",
    ),
    Invariant(
        "I19",
        "A session has taken what the appointments in it have, which is something, and no more than its places.",
        "SELECT s.id FROM session s WHERE s.taken < 1 OR s.taken > s.capacity"
        " OR s.taken <> (SELECT COALESCE(SUM(a.places), 0) FROM appointment a WHERE a.session_id = s.id)",
    ),
    Invariant(
        "I19",
        "An appointment is for the time and the calendar of its session.",
        "SELECT a.id FROM appointment a WHERE a.session_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM session s"
        " WHERE s.id = a.session_id AND s.calendar_id = a.calendar_id AND s.sku = a.sku"
        " AND s.starts_at = a.starts_at AND s.ends_at = a.ends_at)",
    ),
    Invariant(
        "I19",
        "A booking that is to come has its places, and one that is canceled has none.",
        "SELECT o.id FROM orders o LEFT JOIN appointment a ON a.order_id = o.id WHERE o.kind = 'booking'"
        " AND (o.status IN ('pending', 'scheduled') AND a.session_id IS NULL"
        " OR o.status = 'canceled' AND a.session_id IS NOT NULL)",
    ),
    Invariant(
        "I19",
        "What is held for somebody who does not confirm it is free again within ten minutes.",
        "SELECT id FROM appointment WHERE held_until < :before",
    ),
    Invariant(
        "I21",
        "Nothing is buried unheard: a dead letter has its reminder to staff.",
        "SELECT i.id FROM inbox i WHERE i.state = 'dead' AND NOT REPLAYED",
    ),
    Invariant(
        "I22",
        "No attempt is left behind: what is being sent has a worker, or is taken from it within ten minutes.",
        "SELECT id FROM outbox WHERE state = 'sending' AND (lease_until IS NULL OR lease_until < :before)",
    ),
    Invariant(
        "I22",
        "Every message of ours ends: out, failed, expired, suppressed, or visibly held.",
        "SELECT id FROM outbox WHERE state IN ('sending', 'unknown') OR (state = 'queued' AND held IS NULL)",
        settled_only=True,
    ),
    Invariant(
        "I26",
        "Events of one lane are settled in the order in which they came.",
        # Compared with the latest moment so far and not with the neighbour's: an event may be late to several.
        "SELECT id FROM (SELECT i.id, i.settled_at, MAX(i.settled_at) OVER (PARTITION BY i.ordering_key ORDER BY i.id"
        " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS latest FROM inbox i WHERE i.ordering_key <> 'status'"
        " AND i.state IN ('done', 'ignored') AND NOT REPLAYED) AS lane WHERE settled_at < latest",
    ),
    Invariant(
        "I26",
        "At most one message to a contact is on its way at a time.",
        # Two people who turned out to be one may each have had one.
        "SELECT MAX(o.id) FROM outbox o WHERE o.state IN ('sending', 'unknown')"
        " AND NOT EXISTS (SELECT 1 FROM contact c WHERE c.joined_to = o.contact_id)"
        " GROUP BY o.contact_id HAVING COUNT(*) > 1",
    ),
    Invariant(
        "I28",
        "Nothing is sent after its time.",
        "SELECT id FROM outbox WHERE attempted_at > expires_at",
    ),
    Invariant(
        "I29",
        "A message of ours stands where a message can stand, and one that Meta took has Meta's id.",
        "SELECT id FROM outbox WHERE NOT state IN :states"
        " OR (wamid IS NULL AND state IN ('accepted', 'sent', 'delivered', 'read'))",
    ),
    Invariant(
        "I39",
        "Every timer that rang is one event, and none rings that was not set.",
        "SELECT MAX(t.id) FROM timer t GROUP BY t.kind HAVING SUM(CASE WHEN t.state = 'rung' THEN 1 ELSE 0 END)"
        " <> (SELECT COUNT(*) FROM inbox i WHERE i.kind = 'timer.' || t.kind)",
    ),
    Invariant(
        "I39",
        "A timer rings within ten minutes of its time.",
        "SELECT id FROM timer WHERE state = 'set' AND due_at < :before",
    ),
)


async def violations(connection: Connection, *, now: datetime, settled: bool = False) -> list[Violation]:
    """What the database alone shows to be broken. `settled`: nothing is left to do, so nothing due may wait."""
    given = {
        "before": now if settled else now - PATIENCE,
        "forgotten": FORGOTTEN,
        "states": list(outbound.STATUSES),
        "most": SHOWN,
    }
    asked = [invariant for invariant in INVARIANTS if settled or not invariant.settled_only]
    answers = await connection.fetch(*(_bound(invariant.find, given) for invariant in asked))
    return [
        Violation(invariant.id, invariant.sentence, tuple(row["id"] for row in rows))
        for invariant, rows in zip(asked, answers, strict=True)
        if rows
    ]


def _bound(find: Statement, given: Mapping[str, Any]) -> Query:
    return find(**{name: given[name] for name in find.names})


Line = Mapping[str, Any]
"""One line of the record that Meta's stand-in keeps: `n`, `at`, `kind`, and what `_Record` reads of each kind."""


@dataclass(frozen=True, slots=True)
class Sent:
    """An outbox row as the judge needs it."""

    id: int
    cause_id: int | None
    purpose: str
    state: str
    resends: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Stored:
    """The inbox (source → id and state) and the outbox (token → row)."""

    salts: tuple[bytes, ...]
    events: Mapping[bytes, tuple[int, str]]
    messages: Mapping[str, Sent]

    def find(self, source_id: str) -> tuple[int, str] | None:
        hashes = (source_hash(source_id, salt) for salt in self.salts)
        return next((self.events[found] for found in hashes if found in self.events), None)


_SALTS = statement("SELECT salt FROM store", {}, {"salt": BYTES})
# What was done with a reason may have been answered by the answer to a later one.
_EVENTS = statement(
    "SELECT source, id, CASE WHEN state = 'done' AND reason IS NOT NULL THEN 'ignored' ELSE state END FROM inbox",
    {},
    {"source": BYTES, "id": INT, "state": TEXT},
)
_MESSAGES = statement(
    "SELECT token, id, cause_id, purpose, state, resends, expires_at FROM outbox ORDER BY id",
    {},
    {"token": TEXT, "id": INT, "cause_id": INT, "purpose": TEXT, "state": TEXT, "resends": INT, "expires_at": TIME},
)


async def read(connection: Connection) -> Stored:
    """What `judge` compares: the whole inbox and outbox, so for tests."""
    salts, events, messages = await connection.fetch(_SALTS(), _EVENTS(), _MESSAGES())
    return Stored(
        tuple(row["salt"] for row in salts),
        {row["source"]: (row["id"], row["state"]) for row in events},
        {row.pop("token"): Sent(**row) for row in messages},
    )


def judge(stored: Stored, ledger: Iterable[Line], *, settled: bool = False) -> list[Violation]:
    """What Meta's record shows to be broken."""
    record = _Record(stored, ledger)
    found = [
        ("I1", "Everything that was acknowledged is in the inbox.", record.lost()),
        ("I4", "Everything that Meta took from us is a message of ours.", record.invented()),
        (
            "I23",
            "Meta takes a message once; again only what was sent again because no status told of it in time.",
            record.repeated(),
        ),
        ("I24", "Only templates go to somebody who has not written for 24 hours.", record.late_words()),
        ("I25", "Nobody gets more than 45 messages at once and then one in six seconds.", record.hurried()),
        ("I26", "Meta takes messages to one person in the order in which they were written.", record.out_of_order()),
        ("I28", "Meta takes nothing after its time.", record.expired()),
    ]
    if settled:
        found += [
            ("I6", "A message that wants an answer and is done got one to three.", record.unanswered()),
            ("I22", "What counts as out was taken by Meta.", record.unsent()),
            ("I29", "A message stands at the greatest status that was acknowledged.", record.behind()),
        ]
    return [Violation(name, sentence, tuple(ids[:SHOWN])) for name, sentence, ids in found if ids]


class _Record:
    """The ledger, sorted: a person `wrote`, a webhook was `queued` and `acknowledged`, a send `accepted` or `refused`."""

    def __init__(self, stored: Stored, ledger: Iterable[Line]) -> None:
        self._stored = stored
        self._wrote: dict[str, list[datetime]] = defaultdict(list)
        self._accepted: list[Line] = []
        self._by_token: dict[str | None, list[Line]] = defaultdict(list)
        self._acknowledged: dict[str, Line] = {}
        self._wanting: set[str] = set()
        self._refused: set[str | None] = set()
        for line in ledger:
            self._sort(line)

    def _sort(self, line: Line) -> None:
        match line["kind"]:
            case "wrote":
                self._wrote[line["person"]].append(_moment(line))
            case "queued":
                told = line["value"].get("messages", [])
                self._wanting.update(message["id"] for message in told if message["type"] in ANSWERED)
            case "acknowledged":
                for source in line["sources"]:
                    self._acknowledged.setdefault(source, line)
            case "accepted":
                self._accepted.append(line)
                self._by_token[line["token"]].append(line)
            case "refused":
                self._refused.add(line["token"])

    def lost(self) -> list[int]:
        """News about a template is left out: it has no id of its own to look it up by."""
        return [
            line["n"]
            for source, line in self._acknowledged.items()
            if (source_id := _source_id(source)) is not None and self._stored.find(source_id) is None
        ]

    def invented(self) -> list[int]:
        return [line["n"] for line in self._accepted if line["token"] not in self._stored.messages]

    def repeated(self) -> list[int]:
        return [message.id for token, message in self._stored.messages.items() if self._is_repeated(token, message)]

    def _is_repeated(self, token: str, message: Sent) -> bool:
        lines = self._by_token.get(token, ())
        return len(lines) > 1 + message.resends or any(
            _moment(again) - _moment(line) < PROMISED_WAIT
            or any(_moment(told) < _moment(again) - UNREAD for told in self._told_of(line))
            for line, again in pairwise(lines)
        )

    def _told_of(self, line: Line) -> Iterator[Line]:
        """The acknowledgements of what became of an accepted send."""
        sources = (f"{line['wamid']}:{word}" for word in outbound.REPORTED)
        return (self._acknowledged[source] for source in sources if source in self._acknowledged)

    def late_words(self) -> list[int]:
        return [line["n"] for line in self._accepted if line["template"] is None and not self._may_be_written_to(line)]

    def _may_be_written_to(self, line: Line) -> bool:
        return any(written <= _moment(line) < written + META_WINDOW for written in self._wrote[line["person"]])

    def hurried(self) -> list[int]:
        paid_back: dict[str, datetime] = {}
        found = []
        for line in self._accepted:
            at, person = _moment(line), line["person"]
            paid_back[person] = max(paid_back.get(person, at), at) + META_PAIR_INTERVAL
            if paid_back[person] - at > META_PAIR_INTERVAL * META_BURST:
                found.append(line["n"])
        return found

    def out_of_order(self) -> list[int]:
        """By first acceptance. Two may be overtaken: what Meta refused before, and by a template what waits for the window."""
        newest: dict[str, int] = defaultdict(int)
        found = []
        for token, (first, *_) in self._by_token.items():
            message = self._stored.messages.get(token or "")
            if message is None or first["template"] is not None or token in self._refused:
                continue
            if message.id < newest[first["person"]]:
                found.append(message.id)
            newest[first["person"]] = max(newest[first["person"]], message.id)
        return found

    def expired(self) -> list[int]:
        return [
            line["n"]
            for line in self._accepted
            if (message := self._stored.messages.get(line["token"])) is not None
            and message.expires_at is not None
            and message.expires_at < _moment(line)
        ]

    def unanswered(self) -> list[int]:
        answers: dict[int | None, int] = defaultdict(int)
        for message in self._stored.messages.values():
            answers[message.cause_id] += message.purpose == "reply"
        events = (self._stored.find(f"m:{wamid}") for wamid in self._wanting & self._acknowledged.keys())
        done = (event[0] for event in events if event is not None and event[1] == "done")
        return sorted(event for event in done if not 1 <= answers[event] <= limits.REPLIES)

    def unsent(self) -> list[int]:
        return [m.id for token, m in self._stored.messages.items() if m.state in OUT and token not in self._by_token]

    def behind(self) -> list[int]:
        """Compared with what the bot was told; Meta may never tell."""
        return [
            message.id
            for token, message in self._stored.messages.items()
            if outbound.RANKS[message.state] < self._greatest(self._by_token.get(token, ()))
        ]

    def _greatest(self, lines: Sequence[Line]) -> int:
        words = outbound.REPORTED.items()
        told = (
            outbound.RANKS[status]
            for line in lines
            for word, status in words
            if f"{line['wamid']}:{word}" in self._acknowledged
        )
        return max(told, default=0)


def _moment(line: Line) -> datetime:
    return datetime.fromisoformat(line["at"])


def _source_id(source: str) -> str | None:
    """What the door calls what Meta's record calls `wamid` or `wamid:status`."""
    wamid, _, status = source.partition(":")
    if not wamid.startswith("wamid."):
        return None
    return f"s:{wamid}:{status}" if status else f"m:{wamid}"
