"""The sender against the sandbox's ledger: what is on disk before a byte leaves, what follows from each outcome, and order."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.faults import FaultPoints
from bot.sandbox.people import Person
from flows import limits
from flows.messages import Text
from flows.templates import order_update
from models import outbox
from models.outbox import EPHEMERAL, MUST_ARRIVE, ONCE
from models.sending import LEASE
from models.work import Work
from tests.world import Stage, stage

CUSTOMERS = ("Asha", "Rahul", "Meera")


@pytest.fixture
async def play(ready_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """Everybody has just written, so every window is open; nothing waits."""
    async with stage(ready_url, tmp_path) as made:
        await open_windows(made)
        yield made


async def open_windows(play: Stage) -> None:
    for person in play.people:
        await play.say(person, "hello")
    await play.settle()
    await play.later(timedelta(minutes=10))
    await play.settle()


async def say(
    play: Stage, who: str, *words: str, arrival: str = MUST_ARRIVE, expires_in: timedelta | None = None, news: str = ""
) -> None:
    """Queue texts for somebody, as a handler would; `news` is said by template when the window is closed."""
    ids = await contacts(play)
    async with play.app.database.transaction() as connection:
        work = Work(connection, store=play.store, now=play.app.clock.now(), ids=play.app.ids)
        for each in words:
            outbox.say(
                work, ids[who], Text(each), cause=None, purpose="notice", arrival=arrival,
                expires_at=work.now + expires_in if expires_in else None,
                fallback=order_update(play.store, news, "en") if news else None,
            )  # fmt: skip
        await work.flush()


async def contacts(play: Stage) -> dict[str, int]:
    rows = await play.rows("SELECT name, id FROM contact")
    return {row["name"].split()[0]: row["id"] for row in rows if row["name"]}


async def notices(play: Stage, what: str = "state") -> list[Any]:
    rows = await play.rows(f"SELECT {what} AS it FROM outbox WHERE purpose = 'notice' ORDER BY id")
    return [row["it"] for row in rows]


async def round_trip(play: Stage) -> None:
    """Claim, send, and write the answers; no status is delivered."""
    await play.app.sender.run_once()
    await play.app.sender.idle()
    await play.app.sender._settle()


def accepted(play: Stage, after: int) -> list[str]:
    """Whom Meta took a message for, in order, since the ledger's line `after`."""
    return [line["person"] for line in play.sandbox.ledger.accepted() if line["n"] > after]


def lines(play: Stage) -> int:
    return len(play.sandbox.ledger.entries)


def requests(play: Stage, after: int) -> int:
    return sum(line["n"] > after and line["path"].endswith("messages") for line in play.sandbox.ledger.of("request"))


def shown(play: Stage, who: str) -> list[str]:
    return [each.body for each in play.new(who)]


async def test_an_attempt_is_on_disk_before_its_first_byte_leaves(sqlite_url: str, tmp_path: Path) -> None:
    seen: list[tuple[str, list[tuple[str, int]]]] = []

    def look(point: str) -> None:
        if point.startswith("graph") and armed:
            with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite://"))) as file:
                found = file.execute("SELECT state, attempts FROM outbox WHERE purpose = 'notice'").fetchall()
            seen.append((point, found))

    armed = False
    async with stage(sqlite_url, tmp_path, faults=FaultPoints(record=look)) as play:
        await open_windows(play)
        await say(play, "Asha", "one")
        armed = True
        await round_trip(play)
        armed = False

    on_disk = [("sending", 1)]
    assert seen == [("graph.request", on_disk), ("graph.first_byte", on_disk), ("graph.response", on_disk)]


@pytest.mark.parametrize(
    ("fault", "state", "waits_s", "held"),
    [
        ({}, "accepted", 0, None),
        ({"error_next": 1}, "unknown", 20, None),
        ({"error_next": 1, "error_accepts": True}, "unknown", 20, None),
        ({"reset_next": 1}, "unknown", 20, None),
        ({"reset_next": 1, "reset_at": 60}, "unknown", 20, None),
        ({"unreadable_next": 1}, "unknown", 20, None),
        ({"fail_next": 1, "fail_code": 131000}, "unknown", 20, None),
        ({"fail_next": 1, "fail_code": 1}, "queued", 1, None),
        ({"fail_next": 1, "fail_code": 131026}, "failed", 0, None),
        ({"fail_next": 1, "fail_code": 100}, "failed", 0, None),
        ({"fail_next": 1, "fail_code": 131047}, "queued", 0, "window"),
        ({"fail_next": 1, "fail_code": 131056}, "queued", 0, None),
        ({"throttle_next": 1}, "queued", 0, None),
        ({"fail_next": 1, "fail_code": 190}, "queued", 0, None),
    ],
)
async def test_what_becomes_of_an_attempt(
    play: Stage, fault: dict[str, int | bool | str], state: str, waits_s: int, held: str | None
) -> None:
    await play.fault(fault | {"statuses": "never"})
    await say(play, "Asha", "one")
    now = play.app.clock.now()
    await round_trip(play)

    [row] = await play.rows("SELECT state, attempts, due_at, held, lease_until FROM outbox WHERE purpose = 'notice'")
    assert datetime.fromisoformat(str(row.pop("due_at"))) == now + timedelta(seconds=waits_s)
    assert row == {"state": state, "attempts": 1, "held": held, "lease_until": None}


async def test_what_never_left_is_tried_until_it_does(play: Stage) -> None:
    address, play.app.client.api_url = play.app.client.api_url, "http://127.0.0.1:1"
    await say(play, "Asha", "one", "two")
    waits = []
    for _ in range(9):
        before = play.app.clock.now()
        await round_trip(play)
        assert not await play.app.sender.run_once()
        due = play.app.sender.next_due
        assert due is not None
        waits.append((due - before).total_seconds())
        await play.later(due - before)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert await notices(play, "attempts") == [9, 0]

    play.app.client.api_url = address
    await play.settle()
    assert shown(play, "Asha")[-2:] == ["one", "two"]


async def test_an_outage_before_it_does_not_use_up_the_patience_with_a_hiccup(play: Stage) -> None:
    """It had its tries while nothing could be sent at all, and then one refusal for now was taken for the last."""
    address, play.app.client.api_url = play.app.client.api_url, "http://127.0.0.1:1"
    await say(play, "Asha", "one")
    for _ in range(9):
        await round_trip(play)
        await play.later(timedelta(minutes=1))
    play.app.client.api_url = address
    await play.fault({"fail_next": 2, "fail_code": 131016})
    await in_time(play)
    await play.fault({"fail_next": 2, "fail_code": 1})
    await in_time(play)

    assert await notices(play) == ["delivered"]
    assert await notices(play, "attempts - refusals") == [12]


async def test_an_unknown_outcome_holds_back_that_contact_and_nobody_else(play: Stage) -> None:
    await play.fault({"error_next": 1})
    await say(play, "Asha", "one", "two", "three")
    await round_trip(play)
    await say(play, "Rahul", "uno", "due")
    await play.settle()

    assert await notices(play) == ["unknown", "queued", "queued", "delivered", "delivered"]
    await play.later(limits.AMBIGUOUS_WAIT)
    await play.settle()
    assert await notices(play) == ["delivered"] * 5
    assert shown(play, "Asha")[-3:] == ["one", "two", "three"]


async def test_what_must_arrive_is_sent_once_more_under_the_same_token(play: Stage) -> None:
    await play.fault({"reset_next": 1, "statuses": "never"})
    await say(play, "Asha", "one")
    await round_trip(play)
    await play.later(limits.AMBIGUOUS_WAIT - timedelta(microseconds=1))
    await round_trip(play)
    assert await notices(play) == ["unknown"]

    await play.later(timedelta(microseconds=1))
    await round_trip(play)
    assert await notices(play) == ["accepted"]
    [token] = await notices(play, "token")
    assert [line["person"] for line in play.sandbox.ledger.accepted(token)] == ["asha", "asha"]
    assert await notices(play, "resends") == [1]


async def test_a_second_unknown_outcome_goes_to_staff(play: Stage) -> None:
    await play.fault({"error_next": 2})
    await say(play, "Asha", "one")
    for _ in range(3):
        await play.settle()
        await play.later(limits.AMBIGUOUS_WAIT)
    await play.settle()

    told = (
        "⚠️ I do not know whether a message reached Asha Rao: WhatsApp did not answer. I did not send it again. "
        "Please ask them."
    )
    assert await notices(play) == ["failed"]
    assert [shown(play, who)[-1] for who in ("Priya", "Ravi")] == [told, told]


@pytest.mark.parametrize(("arrival", "is_news"), [(ONCE, True), (EPHEMERAL, False)])
async def test_what_must_not_be_repeated_never_is(play: Stage, arrival: str, is_news: bool) -> None:
    before = lines(play)
    await play.fault({"reset_next": 1, "statuses": "never"})
    await say(play, "Asha", "one", arrival=arrival)
    await round_trip(play)
    await play.later(limits.AMBIGUOUS_WAIT)
    await round_trip(play)

    assert await notices(play) == ["failed"]
    assert accepted(play, before) == ["asha"]
    await play.settle()
    assert [("whether a message" in shown(play, who)[-1]) for who in ("Priya", "Ravi")] == [is_news, is_news]


async def test_a_status_in_time_spares_the_second_send(play: Stage) -> None:
    before = lines(play)
    await play.fault({"reset_next": 1})
    await say(play, "Asha", "one")
    await play.settle()
    await play.later(timedelta(hours=1))
    await play.settle()

    assert await notices(play) == ["delivered"]
    assert accepted(play, before) == ["asha"]


async def test_a_status_that_waits_in_our_own_inbox_counts_as_arrived(play: Stage) -> None:
    before = lines(play)
    await play.fault({"reset_next": 1})
    await say(play, "Asha", "one")
    await round_trip(play)
    await play.sandbox.run_once()
    await play.later(timedelta(minutes=5))
    await round_trip(play)
    assert await notices(play) == ["unknown"], "not judged while a status is unread"

    await play.settle()
    assert await notices(play) == ["delivered"]
    assert accepted(play, before) == ["asha"]


async def test_somebody_elses_statuses_keep_nobody_waiting(play: Stage) -> None:
    await play.run("UPDATE outbox SET wamid = NULL, token = id")  # of the greetings: nobody will find them any more
    await play.fault({"statuses": "late", "late_s": 1})
    await play.say("Rahul", "hello")
    await play.settle()
    await play.run("UPDATE outbox SET wamid = NULL, token = id")
    await play.later(timedelta(seconds=1))
    await play.settle()
    [orphans] = await play.rows("SELECT COUNT(*) AS count FROM inbox WHERE state = 'new'")
    assert orphans["count"] == 2

    await play.fault({"statuses": "never", "error_next": 1})
    await say(play, "Asha", "one")
    await round_trip(play)
    await play.later(limits.AMBIGUOUS_WAIT)
    await play.app.dispatcher.run_once()
    await round_trip(play)
    assert await notices(play) == ["accepted"]


async def test_a_pause_stops_everything_and_one_message_finds_out_when_it_is_over(play: Stage) -> None:
    await play.fault({"fail_next": 5, "fail_code": 190})
    for who in CUSTOMERS:
        await say(play, who, "one", "two")
    tried = []
    for wait in (0, 59, 1, 119, 1, 299, 1):
        await play.later(timedelta(seconds=wait))
        before = lines(play)
        await round_trip(play)
        await round_trip(play)
        tried.append(requests(play, before))

    assert tried == [3, 0, 1, 0, 1, 0, 1 + 5], "three were on their way when it began; at last staff hear of it too"
    await play.settle()
    assert await notices(play) == ["delivered"] * 6
    told = "⚠️ For a while WhatsApp refused our access token (error 190). All messages were kept and go out now."
    assert [[words[: len(told)] for words in shown(play, who)].count(told) for who in ("Priya", "Ravi")] == [1, 1]


async def test_while_one_message_finds_out_no_other_is_sent(play: Stage) -> None:
    await play.fault({"fail_next": 1, "fail_code": 131016})
    await say(play, "Asha", "one", "two")
    await round_trip(play)
    await play.later(timedelta(seconds=1))
    for who in CUSTOMERS:
        await say(play, who, "three")
    await play.fault({"hang_next": 1, "hang_s": 1})
    before = lines(play)
    while not requests(play, before):
        await play.app.sender.run_once()
        await asyncio.sleep(0)
    for _ in range(5):
        assert not await play.app.sender.run_once()
    assert requests(play, before) == 1

    await play.settle()
    assert await notices(play) == ["delivered"] * 5


async def test_staff_hear_of_each_reason_for_a_pause_once(play: Stage) -> None:
    for code in (131016, 190, 190, 131042):
        await play.fault({"fail_next": 1, "fail_code": code})
        await say(play, "Asha", str(code))
        await round_trip(play)
        await play.later(timedelta(hours=1))
    await play.settle()

    token = "⚠️ For a while WhatsApp refused our access token (error 190)."
    billing = "⚠️ For a while nothing went out (error 131042)"
    news = "\n".join(shown(play, "Priya"))
    assert (news.count(token), news.count(billing), news.count("131016")) == (1, 1, 0)


async def test_a_hundred_messages_to_one_person_keep_the_pace_and_their_order(play: Stage) -> None:
    words = [f"message {n}" for n in range(100)]
    await say(play, "Asha", *words)
    began = play.app.clock.now()
    await in_time(play)

    assert shown(play, "Asha")[-100:] == words
    assert play.sandbox.ledger.refused() == []
    took = play.app.clock.now() - began
    assert took == limits.PAIR_INTERVAL * (100 - limits.PAIR_BUCKET)


async def in_time(play: Stage) -> None:
    """Until nothing waits, the clock moving to whatever is due next."""
    while True:
        await play.settle()
        due = play.app.sender.next_due
        if due is None:
            return
        await play.later(due - play.app.clock.now())


async def test_the_number_keeps_its_pace_over_all_contacts(play: Stage) -> None:
    people = [Person(f"p{n}", f"P{n}", wa_id=f"9170000{n:05}") for n in range(100)]
    for person in people:
        play.sandbox.world.introduce(person)
        play.sandbox.person(person.id).say("hello")
    began, before = play.app.clock.now(), lines(play)
    await play.sandbox.run_once()
    while await play.app.dispatcher.run_once():
        pass
    await in_time(play)

    assert sorted(accepted(play, before)) == sorted(person.id for person in people)
    assert play.sandbox.ledger.refused() == []
    pace = timedelta(seconds=1) / limits.NUMBER_PER_SECOND
    assert play.app.clock.now() - began == pace * (100 - limits.NUMBER_BUCKET)


@pytest.mark.parametrize("code", [1, 131052, 131056, 130429, 131016])
async def test_whoever_is_first_stays_first_when_it_is_tried_again(play: Stage, code: int) -> None:
    await play.fault({"fail_next": 2, "fail_code": code})
    await say(play, "Asha", "one", "two", "three")
    await in_time(play)

    expected = ["one", "two", "three"] if code != 131052 else ["two", "three"]
    assert shown(play, "Asha")[-len(expected) :] == expected


async def test_nobody_waits_for_somebody_elses_answer(play: Stage) -> None:
    await play.fault({"hang_next": 1, "hang_s": 1})
    await say(play, "Asha", "one")
    await play.app.sender.run_once()
    await say(play, "Rahul", "uno", "due")
    while (await notices(play))[1:] != ["accepted", "accepted"]:
        await play.app.sender.run_once()
        await asyncio.sleep(0)

    assert await notices(play) == ["sending", "accepted", "accepted"]
    await play.settle()


async def test_what_is_too_late_is_not_sent_and_staff_are_told(play: Stage) -> None:
    before = lines(play)
    await play.fault({"fail_next": 1, "fail_code": 131016})
    await say(play, "Asha", "in time", "too late", expires_in=timedelta(seconds=5))
    await play.settle()
    await play.later(timedelta(seconds=5))
    await play.settle()

    assert await notices(play) == ["expired", "expired"]
    assert accepted(play, before) == ["priya", "ravi"]
    told = "⚠️ A message to Asha Rao was not sent: it could not go out in time. Please tell them another way."
    assert shown(play, "Priya")[-1].count(told) == 2


async def test_somebody_without_a_name_left_gets_nothing_and_staff_are_told(play: Stage) -> None:
    await say(play, "Asha", "one")
    await play.run(
        "UPDATE identity SET active = FALSE WHERE contact_id = (SELECT id FROM contact WHERE name = 'Asha Rao')"
    )
    await play.settle()

    assert await notices(play) == ["suppressed"]
    assert shown(play, "Priya")[-1] == (
        "⚠️ A message to Asha Rao was not sent: WhatsApp knows them by another number or id now. They have to write to us first."
    )


async def test_an_unknown_outcome_whose_window_closed_is_given_up_not_sent_out_of_form(play: Stage) -> None:
    """Nothing else may wait for it: without a template there is no second way to say it."""
    await play.fault({"error_next": 1})
    await say(play, "Asha", "one")
    await play.settle()
    await play.later(timedelta(days=1))
    await say(play, "Rahul", "uno", news="uno")
    await play.settle()

    assert await notices(play) == ["failed", "delivered"]


async def test_a_template_that_meta_does_not_know_is_not_tried_again_and_again(play: Stage) -> None:
    await play.later(timedelta(days=2))
    await play.run("DELETE FROM template")
    await play.fault({"fail_next": 1, "fail_code": 132001})
    await say(play, "Asha", "one", news="one")
    await play.settle()
    await say(play, "Rahul", "uno", news="uno")
    before = lines(play)
    await play.settle()

    assert await notices(play, "held") == ["template", "template"]
    assert requests(play, before) == 0
    assert await play.rows("SELECT name, status FROM template") == [{"name": "order_update", "status": "MISSING"}]
    await play.app.jobs.look_at_templates()
    await play.settle()
    assert await notices(play) == ["delivered", "delivered"]


async def test_what_meta_said_is_written_also_when_nothing_can_be_claimed(play: Stage) -> None:
    await say(play, "Asha", "one", "two")
    await play.app.sender.run_once()
    await play.app.sender.idle()
    await play.run("UPDATE outbox SET message = '{\"kind\": \"no such kind\"}' WHERE state = 'queued'")
    with pytest.raises(KeyError):
        await play.app.sender.run_once()
    assert await notices(play) == ["accepted", "queued"]


async def test_nothing_is_due_while_an_answer_is_awaited(play: Stage) -> None:
    await play.fault({"hang_next": 1, "hang_s": 1})
    await say(play, "Asha", "one", "two")
    await play.app.sender.run_once()
    assert not await play.app.sender.run_once()
    assert play.app.sender.next_due is None
    await play.settle()


async def test_a_start_takes_what_was_under_way_for_unknown_and_a_status_settles_it(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with stage(sqlite_url, tmp_path) as play:
        await open_windows(play)
        await play.fault({"hang_next": 1, "hang_s": 30})
        before = lines(play)
        await say(play, "Asha", "one", "two")
        while not accepted(play, before):
            await play.app.sender.run_once()
            await asyncio.sleep(0)
        assert await notices(play) == ["sending", "queued"]

    async with stage(sqlite_url, tmp_path) as again:
        assert await notices(again) == ["unknown", "queued"]
        await again.settle()
        await again.later(timedelta(hours=1))
        await again.settle()

        assert await notices(again) == ["delivered", "delivered"]
        assert accepted(again, before) == ["asha", "asha"]
        assert [line["token"] for line in again.sandbox.ledger.accepted() if line["n"] > before] == await notices(
            again, "token"
        )


async def test_stopping_writes_the_answers_that_came(play: Stage) -> None:
    await say(play, "Asha", "one")
    await play.app.sender.run_once()
    await play.app.sender.stop()

    assert await notices(play) == ["accepted"]
    play.app.clock.listeners.append(play.app.sender.wake)


async def test_a_worker_that_was_stopped_after_its_claim_sends_nothing_late(play: Stage) -> None:
    """Stopped between the commit of the claim and the first byte, for longer than the lease lasts."""

    def stopped(point: str) -> None:
        if point == "graph.request" and (late := play.app.clock.now() - claimed_at) < LEASE:
            play.app.clock.move(LEASE - late)

    await say(play, "Asha", "words")
    claimed_at, before = play.app.clock.now(), lines(play)
    play.app.client._faults = stopped
    await round_trip(play)
    assert (accepted(play, before), await notices(play)) == ([], ["queued"])

    await play.later(timedelta(seconds=2))
    await play.settle()
    assert (accepted(play, before), await notices(play)) == (["asha"], ["delivered"])
