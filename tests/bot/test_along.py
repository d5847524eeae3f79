"""Events come with the dispatcher's transaction and words leave with its commit: nothing early, nothing lost when it fails."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from bot.along import Afterwards
from bot.dispatcher import Dispatcher
from bot.faults import FaultPoints
from flows.messages import Text
from models import outbox
from models.engines import Connection
from models.inbox import Event
from models.work import Conflict, Work
from tests.bot.test_dispatcher import text
from tests.bot.test_sender import contacts, lines, notices, open_windows, requests, say
from tests.world import Stage, stage

SOON = timedelta(minutes=5)


@pytest.fixture
async def play(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """Everybody has just written, so every window is open; nothing waits."""
    async with stage(sqlite_url, tmp_path) as made:
        await open_windows(made)
        made.app.sender._wake.clear()
        yield made


def once_in_conflict(does: Callable[[Work], Awaitable[None]]) -> Callable[[Work], Awaitable[None]]:
    met = False

    async def conflict(work: Work) -> None:
        nonlocal met
        if not met:
            met = True
            raise Conflict
        await does(work)

    return conflict


async def tell(play: Stage, connection: Connection, who: int, words: str, *, after: timedelta = timedelta()) -> None:
    work = Work(connection, store=play.store, now=play.app.clock.now(), ids=play.app.ids)
    outbox.say(work, who, Text(words), cause=None, purpose="notice", due_at=work.now + after)
    await work.flush()


async def test_one_commit_lies_between_an_event_and_its_answer(sqlite_url: str, tmp_path: Path) -> None:
    seen: list[str] = []
    on_disk: list[tuple[str, int]] = []

    def look(point: str) -> None:
        seen.append(point)
        if point == "graph.request":
            with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite://"))) as file:
                on_disk[:] = file.execute("SELECT state, attempts FROM outbox").fetchall()

    async with stage(sqlite_url, tmp_path, faults=FaultPoints(record=look)) as play:
        await play.settle()
        await play.accept(text("A"))
        seen.clear()
        await play.app.dispatcher.run_once()
        await play.app.sender.idle()

        assert on_disk == [("sending", 1)]
        assert seen == [
            "database.begin", "database.commit", "database.committed",
            "graph.request", "graph.first_byte", "graph.response",
        ]  # fmt: skip
        assert not play.app.sender.is_idle, "what Meta said is still to be written"


async def test_one_commit_lies_between_a_request_and_its_answer(sqlite_url: str, tmp_path: Path) -> None:
    seen: list[str] = []
    async with stage(sqlite_url, tmp_path, faults=FaultPoints(record=seen.append)) as play:
        await play.settle()
        play.app.intake._summon = lambda: True
        seen.clear()
        taken = play.app.intake.put([text("A")])
        await play.app.dispatcher.run_once()
        assert taken.done()
        await play.app.sender.idle()

        assert seen == [
            "database.begin", "database.commit", "database.committed",
            "graph.request", "graph.first_byte", "graph.response",
        ]  # fmt: skip
        assert [row["state"] for row in await play.rows("SELECT state FROM inbox WHERE kind = 'message'")] == ["done"]


async def test_what_was_left_to_a_dispatcher_that_ends_is_stored(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    app = play.app
    app.dispatcher.start()
    monkeypatch.setattr(app.intake, "_summon", lambda: True)
    waiting = app.intake.put([text("A")])
    app.dispatcher._stopping = True
    await app.dispatcher.stop()
    await waiting
    app.clock.listeners.append(app.dispatcher.wake)


async def test_nobody_waits_for_a_dispatcher_that_handles_one_by_one(
    play: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatcher, alone = play.app.dispatcher, play.app.dispatcher._run_alone
    came: list[bool] = []

    async def look(events: Iterable[Event]) -> None:
        came.append(dispatcher.summon())
        await alone(events)

    monkeypatch.setattr(Dispatcher, "is_running", True)
    monkeypatch.setattr(dispatcher, "_run_alone", look)
    monkeypatch.setattr(outbox, "write_alerts", once_in_conflict(outbox.write_alerts))
    assert dispatcher.summon()
    taken = play.app.intake.put([text("A")])
    await dispatcher.run_once()
    await taken
    assert (came, dispatcher.summon()) == ([False], True)
    await play.settle()
    assert await play.rows("SELECT id FROM inbox WHERE state = 'new'") == []


async def test_what_meta_accepted_is_written_with_the_next_batch(play: Stage) -> None:
    await play.fault({"statuses": "never"})
    await say(play, "Asha", "one")
    await play.app.sender.run_once()
    await play.app.sender.idle()
    assert await notices(play) == ["sending"]
    await play.accept(text("B"))
    await play.app.dispatcher.run_once()

    assert await notices(play) == ["accepted"]
    await play.app.sender.idle()


async def test_a_transaction_that_fails_sends_nothing_and_what_meta_said_is_kept(play: Stage) -> None:
    await play.fault({"statuses": "never"})
    people, sender, database = await contacts(play), play.app.sender, play.app.database
    await say(play, "Asha", "one")
    await sender.run_once()
    await sender.idle()
    sender._wake.clear()
    before = lines(play)
    with pytest.raises(LookupError):
        async with sender.along() as carry, database.transaction() as connection:
            await tell(play, connection, people["Rahul"], "never said")
            await carry(connection)
            raise LookupError

    assert sender._wake.is_set()
    assert await notices(play) == ["sending"]
    await sender.run_once()
    await sender.idle()
    assert await notices(play) == ["accepted"]
    assert requests(play, before) == 0


async def test_what_meta_refused_is_not_written_in_somebody_elses_transaction(play: Stage) -> None:
    await play.fault({"fail_next": 1, "fail_code": 190})
    people, sender, database = await contacts(play), play.app.sender, play.app.database
    await say(play, "Asha", "one")
    await sender.run_once()
    await sender.idle()
    sender._wake.clear()
    before = lines(play)
    async with sender.along() as carry, database.transaction() as connection:
        await tell(play, connection, people["Rahul"], "uno")
        await carry(connection)

    assert (await notices(play), sender._wake.is_set()) == (["sending", "queued"], True)
    await sender.run_once()
    await sender.run_once()
    assert await notices(play) == ["queued", "queued"], "the number is paused, which no claim may overtake"
    assert requests(play, before) == 0


@pytest.mark.parametrize("carried", [True, False])
async def test_the_sender_leaves_its_work_to_a_transaction_under_way(play: Stage, carried: bool) -> None:
    await say(play, "Asha", "one")
    sender = play.app.sender
    async with sender.along() as carry, play.app.database.transaction() as connection:
        assert not await sender.run_once()
        if carried:
            await carry(connection)

    assert sender._wake.is_set() is not carried
    assert sender.is_idle is not carried
    await play.settle()
    assert await notices(play) == ["delivered"]


async def test_what_waits_for_its_time_is_remembered(play: Stage) -> None:
    people, sender = await contacts(play), play.app.sender
    async with sender.along() as carry, play.app.database.transaction() as connection:
        await tell(play, connection, people["Asha"], "later", after=SOON)
        await carry(connection)

    assert sender.next_due == play.app.clock.now() + SOON
    assert sender._wake.is_set(), "it sleeps until something else is due"
    assert await notices(play) == ["queued"]


async def test_more_than_fits_is_not_left_lying(play: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.sender.IN_FLIGHT", 2)
    people, sender = await contacts(play), play.app.sender
    async with sender.along() as carry, play.app.database.transaction() as connection:
        for who in ("Asha", "Rahul", "Meera"):
            await tell(play, connection, people[who], "all at once")
        await carry(connection)

    assert sorted(await notices(play)) == ["queued", "sending", "sending"]
    assert sender._wake.is_set()
    await sender.idle()


@pytest.mark.parametrize(("does", "woken"), [("says", 1), ("has nothing to say", 0), ("fails", 0)])
async def test_elsewhere_the_sender_is_woken_once_it_is_committed(play: Stage, does: str, woken: int) -> None:
    wakes: list[str] = []
    outgoing = Afterwards(lambda: wakes.append("woken"))
    with suppress(LookupError):
        async with outgoing.along() as carry, play.app.database.transaction() as connection:
            if does != "has nothing to say":
                await carry(connection)
            assert not wakes
            if does == "fails":
                raise LookupError
    assert len(wakes) == woken
