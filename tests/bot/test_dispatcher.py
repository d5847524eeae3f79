"""The dispatcher against everything that can go wrong in a batch: what fails fails alone, in order, and is never lost."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import orjson
import pytest

from bot.along import Afterwards, Nobody
from bot.clock import Clock, Ids
from bot.dispatcher import Dispatcher
from flows import limits
from flows.outbound import RANKS
from models import inbox
from models.database import UNAVAILABLE
from models.inbox import Arrival
from models.work import Conflict
from tests.world import START, Stage, stage

GREETING = (
    "Welcome to Demo Store! 👋\n\n"
    "Pick what you like from our catalogue and send us the cart, or book a time."
    " I check prices, stock and free times and answer right here."
)
SORRY = (
    "I am sorry, something went wrong on our side and I could not deal with your last message. "
    "The shop knows and will look after it; you need not send it again."
)
BROKEN = "xx_YY"
"""No such locale: what is to be added up raises, and nothing else does."""


@pytest.fixture
async def play(ready_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage where only the dispatcher plays: what it says stays in the outbox."""
    async with stage(ready_url, tmp_path) as made:
        await made.settle()
        hire(made)
        yield made


async def drain(play: Stage) -> None:
    while await play.app.dispatcher.run_once():
        pass


def hire(play: Stage, *, locale: str = "en", ids: Ids | None = None) -> None:
    """Another dispatcher takes over."""
    app = play.app
    app.dispatcher = Dispatcher(
        app.database, replace(play.store, locale=locale), clock=app.clock, ids=ids or app.ids, metrics=app.metrics,
        catalog_id=None, tick=timedelta(seconds=5), incoming=Nobody(), outgoing=Afterwards(app.sender.wake), on_calls=lambda: None,
    )  # fmt: skip


def message(who: str, n: int, content: dict[str, Any], *, at: datetime = START) -> Arrival:
    """What the door makes of a message by somebody known by an id alone."""
    said = {"from_user_id": f"IN.{who}", "id": f"wamid.{who}.{n}", "timestamp": str(int(at.timestamp())), **content}
    kept = {"field": "messages", "contact": {"profile": {"name": who}, "user_id": f"IN.{who}"}, "item": said}
    return Arrival(f"m:{who}.{n}", "message", f"c:IN.{who}", orjson.dumps(kept))


def text(who: str, n: int = 1, body: str = "hello") -> Arrival:
    return message(who, n, {"type": "text", "text": {"body": body}})


def cart(who: str, n: int = 1, sku: str = "CHAI-250") -> Arrival:
    lines = [{"product_retailer_id": sku, "quantity": 1, "item_price": 349, "currency": "INR"}]
    return message(who, n, {"type": "order", "order": {"catalog_id": "1", "text": "", "product_items": lines}})


def poison(who: str, n: int) -> Arrival:
    """An event in somebody's lane that nobody can handle."""
    return Arrival(f"p:{who}.{n}", "timer.nobody_knows", f"c:IN.{who}", b'{"subject": "-"}')


def status(wamid: str, word: str, *, token: str | None = None, code: int | None = None) -> Arrival:
    said: dict[str, Any] = {"id": wamid, "status": word, "timestamp": str(int(START.timestamp()))}
    said |= {"biz_opaque_callback_data": token} if token else {}
    said |= {"errors": [{"code": code, "title": "-"}]} if code else {}
    return Arrival(f"s:{wamid}:{word}", "status", "status", orjson.dumps({"item": said}))


async def events(play: Stage) -> list[tuple[str, int]]:
    rows = await play.rows("SELECT state, attempts FROM inbox WHERE ordering_key LIKE 'c:%' ORDER BY id")
    return [(row["state"], row["attempts"]) for row in rows]


async def to_customers(play: Stage) -> list[tuple[str, str]]:
    return [(who, words) for who, words in await play.said() if who not in ("Priya", "Ravi")]


async def to_staff(play: Stage) -> list[tuple[str, str]]:
    return [(who, words) for who, words in await play.said() if who in ("Priya", "Ravi")]


async def test_a_handler_that_raises_loses_its_own_part_and_nothing_else(play: Stage) -> None:
    hire(play, locale=BROKEN)
    await play.accept(text("A"), cart("B"), cart("C", sku="NOPE"), text("D"))
    await drain(play)

    assert await events(play) == [("done", 0), ("new", 1), ("done", 0), ("done", 0)]
    assert [(who, words.split("\n")[0]) for who, words in await to_customers(play)] == [
        ("A", "Welcome to Demo Store! 👋"),
        ("C", "I am sorry, nothing of this cart can be ordered just now, so no order was made."),
        ("D", "Welcome to Demo Store! 👋"),
    ]
    assert await play.rows("SELECT name FROM contact WHERE name = 'B'") == [], "what it did before it raised is gone"


async def test_it_is_tried_three_times_then_buried_told_and_remembered(play: Stage) -> None:
    hire(play, locale=BROKEN)
    await play.accept(cart("B"))
    seen = []
    for wait in (0, 2, 8):
        await play.later(timedelta(seconds=wait, microseconds=-1) if wait else timedelta())
        await drain(play)
        before = await events(play)
        await play.later(timedelta(microseconds=1) if wait else timedelta())
        await drain(play)
        seen.append((before, await events(play)))

    assert seen == [
        ([("new", 1)], [("new", 1)]),
        ([("new", 1)], [("new", 2)]),
        ([("new", 2)], [("dead", 3)]),
    ]
    assert await to_customers(play) == [("B", SORRY)]
    told = (
        "⚠️ I tried to handle something from B (message) and could not: UnknownLocaleError. I set it aside. "
        "Please look after them; once the cause is gone, python -m bot replay tries it again."
    )
    assert await to_staff(play) == [("Priya", told), ("Ravi", told)]


async def bury(play: Stage, *arrivals: Arrival) -> None:
    await play.accept(*arrivals)
    for wait in (0, 2, 8):
        await play.later(timedelta(seconds=wait))
        await drain(play)


async def replay(play: Stage) -> int:
    async with play.app.database.transaction() as connection:
        dead = [row.id for row in await inbox.list_dead(connection)]
        return await inbox.replay(connection, dead, play.app.clock.now())


async def test_what_is_buried_is_said_again_after_a_day(play: Stage) -> None:
    hire(play, locale=BROKEN)
    await bury(play, cart("B"), cart("C"))
    await play.later(timedelta(hours=23))
    assert not await play.app.scheduler.run_once()
    first = await to_staff(play)
    await play.later(timedelta(hours=1))
    await play.app.scheduler.run_once()
    await drain(play)

    again = "⚠️ 2 events are still set aside. Once the cause is gone: python -m bot replay"
    [(_, merged), _] = await to_staff(play)
    assert len(first) == 2, "one alert for each, which waits"
    assert merged.split("\n\n")[-1] == again
    assert merged.count(again) == 1


async def test_replay_brings_it_back(play: Stage) -> None:
    hire(play, locale=BROKEN)
    await bury(play, cart("B"), text("B", 2))
    assert await to_customers(play) == [("B", SORRY), ("B", GREETING)]

    hire(play)
    assert await replay(play) == 1
    await drain(play)

    assert [words.split("!")[0] for _, words in await to_customers(play)] == [
        SORRY,
        "Welcome to Demo Store",
        "Thank you",
    ]
    assert await events(play) == [("done", 3), ("done", 0)]


async def test_a_replay_that_fails_is_buried_at_once_and_nobody_is_apologised_to_twice(play: Stage) -> None:
    hire(play, locale=BROKEN)
    await bury(play, cart("B"))
    await replay(play)
    await drain(play)

    assert await events(play) == [("dead", 4)]
    assert await to_customers(play) == [("B", SORRY)]
    assert [words.count("I tried to handle") for _, words in await to_staff(play)] == [2, 2]


@pytest.mark.parametrize("position", range(5))
async def test_a_poison_event_holds_up_its_own_lane_only_until_it_is_buried(play: Stage, position: int) -> None:
    mine = [text("B", 1), cart("B", 2, "NOPE"), text("B", 3), cart("B", 4, "NOPE")]
    await play.accept(*mine[:position], poison("B", 0), *mine[position:], text("A"), text("C"))
    await drain(play)
    assert await events(play) == [
        *[("done", 0)] * position, ("new", 1), *[("new", 0)] * (4 - position), ("done", 0), ("done", 0),
    ]  # fmt: skip

    for wait in (2, 8):
        await play.later(timedelta(seconds=wait))
        await drain(play)

    assert await events(play) == [*[("done", 0)] * position, ("dead", 3), *[("done", 0)] * (6 - position)]
    kinds = [words.split()[0] for who, words in await to_customers(play) if who == "B"]
    assert kinds == ["Welcome", "I", "Welcome", "I"], "in order, as without the poison"


async def refuse(play: Stage, when: str, *, sqlite: str, postgres: str) -> None:
    """From now on the database takes no such row of the outbox."""
    name = f"refuse_{len(sqlite)}"
    if play.app.settings.address.is_sqlite:
        told = "BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed'); END"
        await play.run(f"CREATE TRIGGER {name} BEFORE {when} ON outbox WHEN {sqlite} {told}")
    else:
        await play.run(f"ALTER TABLE outbox ADD CONSTRAINT {name} CHECK (NOT ({postgres})) NOT VALID")


async def refuse_words(play: Stage, part: str) -> None:
    """No message with these words."""
    await refuse(
        play,
        "INSERT",
        sqlite=f"INSTR(NEW.message, '{part}') > 0",
        postgres=f"strpos(message::text, '{part}') > 0 AND attempts = 0",
    )


async def test_of_a_batch_that_cannot_be_written_only_the_guilty_event_fails(play: Stage) -> None:
    await refuse_words(play, "POISON")
    await play.accept(text("A"), cart("B", 1, "POISON"), text("B", 2), text("C"))
    await drain(play)

    assert await events(play) == [("done", 0), ("new", 1), ("new", 0), ("done", 0)]
    assert await to_customers(play) == [("A", GREETING), ("C", GREETING)]
    for wait in (2, 8):
        await play.later(timedelta(seconds=wait))
        await drain(play)
    assert await events(play) == [("done", 0), ("dead", 3), ("done", 0), ("done", 0)]
    assert await to_customers(play) == [("A", GREETING), ("C", GREETING), ("B", SORRY), ("B", GREETING)]
    assert ["(message) and could not: IntegrityError" in words for _, words in await to_staff(play)] == [True, True]


async def test_if_not_even_the_news_of_a_burial_can_be_written_it_is_buried_without(play: Stage) -> None:
    await refuse_words(play, "POISON")
    await refuse_words(play, "I set it aside")
    await bury(play, cart("B", 1, "POISON"), text("B", 2))

    assert await events(play) == [("dead", 3), ("done", 0)]
    assert await play.said() == [("B", GREETING)]
    [reminder] = await play.rows("SELECT kind, state FROM timer")
    assert reminder == {"kind": "buried", "state": "set"}


class Unlucky(Ids):
    """As often as asked, what it is needed for fails."""

    def __init__(self, clock: Clock, error: Exception, times: int) -> None:
        super().__init__(clock)
        self._error, self._times = error, times

    def new(self) -> int:
        if self._times:
            self._times -= 1
            raise self._error
        return super().new()


def counted(play: Stage, name: str) -> float:
    value = play.app.metrics.registry.get_sample_value(name)
    assert value is not None
    return value


@pytest.mark.parametrize("times", [1, 2, 5])
async def test_a_conflict_runs_again_at_once_and_is_no_attempt(play: Stage, times: int) -> None:
    hire(play, ids=Unlucky(play.app.clock, Conflict("contact"), times))
    await play.accept(text("A"))
    await drain(play)

    assert await events(play) == [("done", 0)]
    assert await to_customers(play) == [("A", GREETING)]
    assert counted(play, "waybill_conflicts_total") == times


async def test_a_conflict_without_end_is_an_attempt_and_the_others_go_on(play: Stage) -> None:
    hire(play, ids=Unlucky(play.app.clock, Conflict("contact"), 1 + limits.CONFLICT_RUNS))
    await play.accept(text("A"), text("B"))
    await drain(play)

    assert await events(play) == [("new", 1), ("done", 0)]


@pytest.fixture
async def on_sqlite(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """For what only a file can suffer; a Postgres that goes away is in `tests/cluster`."""
    async with stage(sqlite_url, tmp_path) as made:
        await made.settle()
        hire(made)
        yield made


async def test_on_a_full_disk_nothing_is_lost_and_nothing_is_an_attempt(on_sqlite: Stage) -> None:
    play = on_sqlite
    people = [f"P{n}" for n in range(60)]
    await play.accept(*(text(who) for who in people))
    [[pages]] = [row.values() for row in await play.rows("PRAGMA page_count")]
    await play.rows(f"PRAGMA max_page_count = {pages}")
    for _ in range(20):
        with pytest.raises(UNAVAILABLE, match="full"):
            await drain(play)
    assert {attempts for _, attempts in await events(play)} == {0}

    await play.rows("PRAGMA max_page_count = 1000000")
    await drain(play)
    assert await events(play) == [("done", 0)] * 60
    assert sorted(who for who, _ in await to_customers(play)) == sorted(people)


async def test_a_database_that_is_closed_in_the_middle_loses_nothing(on_sqlite: Stage) -> None:
    play = on_sqlite
    await play.accept(text("A"), text("B"))
    client = play.app.database._client
    await client._connection.close()
    for _ in range(5):
        with pytest.raises(ValueError, match=r"closed|no active connection"):
            await play.app.dispatcher.run_once()

    client._connection = None
    await client.create_connection(with_db=True)
    assert await events(play) == [("new", 0)] * 2
    await drain(play)
    assert await to_customers(play) == [("A", GREETING), ("B", GREETING)]


async def test_an_error_that_passes_is_no_attempt_and_holds_up_nobody_else(play: Stage) -> None:
    """A disk without room for one event's rows has room for another's."""
    hire(play, ids=Unlucky(play.app.clock, TimeoutError("the disk is slow"), 2))
    await play.accept(text("A"), text("B"))
    with pytest.raises(TimeoutError):
        await play.app.dispatcher.run_once()
    assert await events(play) == [("new", 0), ("done", 0)]

    await drain(play)
    assert await events(play) == [("done", 0), ("done", 0)]


async def test_64_contacts_with_20_events_each_are_answered_in_order(play: Stage) -> None:
    await play.accept(*(text(f"P{who:02}", n) for n in range(20) for who in range(64)))
    await drain(play)

    rows = await play.rows("SELECT contact_id, cause_id FROM outbox WHERE purpose = 'reply' ORDER BY id")
    causes: dict[int, list[int]] = {}
    for row in rows:
        causes.setdefault(row["contact_id"], []).append(row["cause_id"])
    assert len(rows) == len({row["cause_id"] for row in rows}) == 64 * 20
    assert len(causes) == 64
    assert [answered for answered in causes.values() if answered != sorted(answered)] == []


async def test_after_a_batch_without_time_for_all_no_more_is_claimed_than_it_had_time_for(
    play: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BATCH_TIME", timedelta(seconds=-1))
    await play.accept(*(text(f"P{n}") for n in range(5)))
    assert await play.app.dispatcher.run_once()
    assert not play.app.dispatcher.is_dry
    assert await settled(play) == 1
    assert play.app.dispatcher._fits == 1

    monkeypatch.undo()
    passes = []
    while await play.app.dispatcher.run_once():
        passes.append((await settled(play), play.app.dispatcher.is_dry))
    assert passes == [(2, False), (4, False), (5, True)]


async def settled(play: Stage) -> int:
    return len(await play.rows("SELECT id FROM inbox WHERE kind = 'message' AND state = 'done'"))


async def test_a_batch_loads_everything_at_once(play: Stage) -> None:
    await play.accept(text("A"), cart("B"), cart("C", sku="NOPE"), cart("B", 2, "TOTE-HATHI"))
    await drain(play)

    assert await events(play) == [("done", 0)] * 4
    assert counted(play, "waybill_late_loads_total") == 0


async def test_what_nobody_understands_is_kept_and_ignored_with_its_reason(play: Stage) -> None:
    await play.accept(
        Arrival("x:1", "unknown", "unknown", b"[]"),
        Arrival("x:2", "ignored.group", "ignored", b"{}"),
        Arrival("x:3", "message", "c:IN.A", b'{"item": {"type": "text"}}'),
        Arrival("x:4", "status", "status", b"not json"),
        Arrival("x:5", "payment", "p:1", b"not json"),
    )
    await drain(play)

    rows = await play.rows("SELECT kind, state, reason FROM inbox WHERE state = 'ignored' ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [
        ("unknown", "ignored", "unknown"), ("ignored.group", "ignored", "group"), ("message", "ignored", "unreadable"),
        ("status", "ignored", "unreadable"), ("payment", "ignored", "unreadable"),
    ]  # fmt: skip
    assert await play.said() == []


async def test_nothing_is_due_while_a_lane_waits_for_its_head(play: Stage) -> None:
    await play.accept(poison("B", 0), text("B", 1))
    await drain(play)

    assert play.app.dispatcher.next_due == START + timedelta(seconds=2)
    await play.later(timedelta(seconds=2))
    await drain(play)
    assert play.app.dispatcher.next_due == START + timedelta(seconds=10)


async def test_a_new_number_opens_no_window(play: Stage) -> None:
    change = {"type": "system", "system": {"type": "user_changed_number", "wa_id": "919812345678", "user_id": "IN.N"}}
    await play.accept(message("A", 1, change))
    await drain(play)

    assert await play.rows("SELECT name, last_inbound_at FROM contact WHERE name = 'A'") == [
        {"name": "A", "last_inbound_at": None}
    ]
    assert await play.said() == []


async def out(play: Stage, *rows: tuple[str, str, str | None]) -> None:
    """Messages on their way: token, state, wamid."""
    [store] = await play.rows("SELECT id FROM store")
    [asha] = await play.rows("SELECT contact_id FROM staff ORDER BY id LIMIT 1")
    for token, state, wamid in rows:
        known = f"'{wamid}'" if wamid else "NULL"
        await play.run(
            "INSERT INTO outbox (store_id, contact_id, purpose, arrival, message, state, token, attempts, due_at, created_at,"
            f""" wamid) VALUES ({store["id"]}, {asha["contact_id"]}, 'reply', 'must_arrive', '{{"kind": "text", "body": "x"}}',"""
            f" '{state}', '{token}', 1, '2026-03-02', '2026-03-02', {known})"
        )


async def states(play: Stage) -> dict[str, str]:
    return {
        row["token"]: row["state"] for row in await play.rows("SELECT token, state FROM outbox WHERE purpose = 'reply'")
    }


REPORTS = [words for count in range(1, 5) for words in permutations(("sent", "delivered", "read", "failed"), count)]


async def test_statuses_settle_at_the_greatest_in_whatever_order_they_come(play: Stage) -> None:
    await out(play, *((f"t{n}", "accepted", f"w{n}") for n in range(len(REPORTS))))
    await play.accept(*(status(f"w{n}", word) for n, words in enumerate(REPORTS) for word in words))
    await drain(play)

    greatest = {f"t{n}": max(words, key=RANKS.__getitem__) for n, words in enumerate(REPORTS)}
    assert await states(play) == greatest
    assert await play.rows("SELECT DISTINCT state FROM inbox WHERE kind = 'status'") == [{"state": "done"}]


async def test_statuses_that_come_one_by_one_never_lower_the_rank(play: Stage) -> None:
    await out(play, *((f"t{n}", "accepted", f"w{n}") for n in range(len(REPORTS))))
    for place in range(4):
        await play.accept(*(status(f"w{n}", words[place]) for n, words in enumerate(REPORTS) if len(words) > place))
        await drain(play)

    assert await states(play) == {f"t{n}": max(words, key=RANKS.__getitem__) for n, words in enumerate(REPORTS)}


async def test_a_status_can_overtake_our_own_note(play: Stage) -> None:
    await out(play, ("early", "sending", None), ("silent", "unknown", None))
    await play.accept(status("w1", "delivered", token="early"), status("w2", "sent", token="silent"))
    await drain(play)

    assert await play.rows(
        "SELECT token, state, wamid, lease_until FROM outbox WHERE purpose = 'reply' ORDER BY id"
    ) == [
        {"token": "early", "state": "delivered", "wamid": "w1", "lease_until": None},
        {"token": "silent", "state": "sent", "wamid": "w2", "lease_until": None},
    ]


async def test_a_status_of_the_second_send_is_found_by_its_token(play: Stage) -> None:
    await out(play, ("twice", "sent", "w1"))
    await play.accept(status("w2", "read", token="twice"))
    await drain(play)

    assert await play.rows("SELECT state, wamid FROM outbox WHERE token = 'twice'") == [
        {"state": "read", "wamid": "w1"}
    ]


async def test_a_status_of_nothing_of_ours_is_looked_at_again_and_then_ignored(play: Stage) -> None:
    await play.accept(status("elsewhere", "sent"))
    await drain(play)
    [waiting] = await play.rows("SELECT state, attempts FROM inbox WHERE kind = 'status'")
    assert waiting == {"state": "new", "attempts": 0}

    for _ in range(30):
        await play.later(limits.ORPHAN_DELAY)
        await drain(play)

    assert await play.rows("SELECT state, reason FROM inbox WHERE kind = 'status'") == [
        {"state": "ignored", "reason": "not a message of ours"}
    ]


async def test_an_orphan_finds_its_message_when_that_has_its_id(play: Stage) -> None:
    await play.accept(status("w1", "delivered"))
    await drain(play)
    await out(play, ("slow", "accepted", "w1"))
    await play.later(limits.ORPHAN_DELAY)
    await drain(play)

    assert await states(play) == {"slow": "delivered"}


async def test_a_poison_status_fails_alone(play: Stage) -> None:
    bad = "token = 'bad' AND state = 'delivered'"
    await refuse(play, "UPDATE", sqlite="OLD.token = 'bad'", postgres=bad)
    await out(play, ("good", "accepted", "w1"), ("bad", "accepted", "w2"), ("fine", "accepted", "w3"))
    await bury(play, *(status(f"w{n}", "delivered") for n in (1, 2, 3)))

    assert await states(play) == {"good": "delivered", "bad": "accepted", "fine": "delivered"}
    rows = await play.rows("SELECT state, attempts FROM inbox WHERE kind = 'status' ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [("done", 0), ("dead", 3), ("done", 0)]


async def test_events_are_counted_by_kind_and_outcome(play: Stage) -> None:
    def count(kind: str, outcome: str) -> float | None:
        labels = {"kind": kind, "outcome": outcome}
        return play.app.metrics.registry.get_sample_value("waybill_events_total", labels)

    await bury(play, text("A"), poison("B", 0), status("elsewhere", "sent"))

    outcomes = [("message", "done"), ("timer", "postponed"), ("timer", "dead"), ("status", "postponed")]
    assert [count(*each) for each in outcomes] == [1, 2, 1, 2]
