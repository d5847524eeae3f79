"""Graph misbehaves in every way that leaves the sender in doubt: nothing is lost, and repeats stay within the promise.

The promise: at most one extra for each send without an answer, and none when its status arrives within the wait.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flows import limits
from flows.messages import Text
from models import invariants, outbox
from models.work import Work
from tests.crowd import call_in
from tests.proxy import Cut, Proxy, proxy
from tests.world import Stage, stage

CROWD = 60
"""Sends at a time, each on a line of its own."""
HUNG = 20
PATIENCE_S = 1.5
"""How long the sender waits for an answer here: what a hang costs."""
EARLY = ("handled", "unread")
TIMES = (*EARLY, "in time", "too late", "never")
"""When the status of a send comes: before its answer (and is handled, or still unread), within the wait, after it."""
TOO_LATE = ("too late", "never")
LATE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of so many sends: how many ended in doubt, how often Meta took each, and how often it was sent again."""

    ambiguous: int
    taken: Sequence[int]
    resends: Sequence[int]

    @property
    def repeated(self) -> int:
        return sum(count > 1 for count in self.taken)

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(self.ambiguous + other.ambiguous, (*self.taken, *other.taken), (*self.resends, *other.resends))

    def __str__(self) -> str:
        sends, lost = len(self.taken), self.taken.count(0)
        return f"{sends:>5} sends, {self.ambiguous:>5} in doubt, {self.repeated:>5} taken twice, {lost} lost"


@dataclass(frozen=True, slots=True)
class Rig:
    play: Stage
    line: Proxy
    contacts: Sequence[int]

    async def try_out(
        self, cuts: Sequence[Cut | None], time: str, *, again: Sequence[Cut] = (), **faults: Any
    ) -> Figures:
        """A message to somebody for each of the cuts, and everything that follows from it. `again` cuts the second sends."""
        statuses = {"too late": "late", "never": "never"}.get(time, "normal")
        await self.play.fault({"statuses": statuses, "late_s": LATE.seconds, **faults})
        doubts, taken, resends = self._doubts(), list[int](), list[int]()
        for start in range(0, len(cuts), CROWD):
            tokens = await self._one_crowd(cuts[start : start + CROWD], time, again)
            counts = Counter(line["token"] for line in self.play.sandbox.ledger.accepted())
            rows = await self.play.rows("SELECT token, resends FROM outbox WHERE purpose = 'notice'")
            resent = {row["token"]: row["resends"] for row in rows}
            taken += [counts[token] for token in tokens]
            resends += [resent[token] for token in tokens]
        return Figures(self._doubts() - doubts, taken, resends)

    async def _one_crowd(self, cuts: Sequence[Cut | None], time: str, again: Sequence[Cut] = ()) -> list[str]:
        sender, client = self.play.app.sender, self.play.app.client
        await client.stop()  # nobody takes a line that a message before has used
        await client.start()
        tokens = await self._say(len(cuts))
        self.line.plan([*cuts, *again], hold=time in EARLY)
        await sender.run_once()
        if time in EARLY:
            await self.line.all_held(len(cuts))
            await self.play.sandbox.run_once()
            while time == "handled" and await self.play.app.dispatcher.run_once():
                pass
        self.line.let_go()
        await sender.idle()
        await sender._settle()
        if time == "unread":  # its wait is over, and still nobody has looked into the inbox
            await self.play.later(limits.AMBIGUOUS_WAIT)
            await sender.run_once()
        await self._rest()
        return tokens

    async def _say(self, count: int) -> list[str]:
        async with self.play.app.database.transaction() as connection:
            work = Work(connection, store=self.play.store, now=self.play.app.clock.now(), ids=self.play.app.ids)
            for contact in self.contacts[:count]:
                outbox.say(work, contact, Text("Your order is on its way."), cause=None, purpose="notice")
            await work.flush()
        rows = await self.play.rows(f"SELECT token FROM outbox WHERE purpose = 'notice' ORDER BY id DESC LIMIT {count}")
        return [row["token"] for row in rows]

    async def _rest(self) -> None:
        """Until nobody has anything left to do, however long the clock must go on for it."""
        await self.play.settle()
        while (due := self.play.app.sender.next_due) is not None and due > self.play.app.clock.now():
            await self.play.later(due - self.play.app.clock.now())
            await self.play.settle()
        await self.play.later(LATE)
        await self.play.settle()

    def _doubts(self) -> int:
        return int(self.play.app.metrics.sends.labels("unknown")._value.get())

    async def judge(self) -> None:
        async with self.play.app.database.transaction() as connection:
            stored = await invariants.read(connection)
            broken = await invariants.violations(connection, now=self.play.app.clock.now(), settled=True)
        assert broken + invariants.judge(stored, self.play.sandbox.ledger.entries, settled=True) == []


@asynccontextmanager
async def rigged(url: str, files: Path) -> AsyncIterator[Rig]:
    async with stage(url, files, STORE_SETTINGS="pace.number=0") as play, proxy(play.app.port) as line:
        await play.fault({"number_per_s": 100_000, "batch": 1000})
        for phone in call_in(play, CROWD):
            phone.say("hello")
        await play.settle()
        rows = await play.rows("SELECT id FROM contact WHERE name LIKE 'Customer%' ORDER BY id")
        client = play.app.client
        client.api_url = client.api_url.replace(str(play.app.port), str(line.port))
        client.total_s = PATIENCE_S * 10
        yield Rig(play, line, [row["id"] for row in rows])


@pytest.fixture
async def rig(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Rig]:
    async with rigged(sqlite_url, tmp_path) as made:
        yield made


Told = dict[str, Figures]


@pytest.fixture(scope="module")
def told(pytestconfig: pytest.Config) -> Iterator[Told]:
    """The measured figures by when the status came, printed in the end."""
    told: Told = {}
    yield told
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        print("".join(f"\n  status {time:<9}{told[time]}" for time in TIMES if time in told))


async def size(rig: Rig, of: str) -> int:
    """Bytes of a request, or of an answer."""
    await rig.try_out([None], "in time")
    return rig.line.sizes[of]


async def keep_the_promise(rig: Rig, told: Told, time: str, figures: Figures) -> None:
    """Lost 0; twice only what was sent again because it was in doubt and its status did not come in time."""
    assert 0 not in figures.taken
    assert all(taken <= 1 + again <= 2 for taken, again in zip(figures.taken, figures.resends, strict=True))
    assert sum(figures.resends) <= figures.ambiguous
    if time not in TOO_LATE:
        assert figures.repeated == 0
    await rig.judge()
    told[time] = told.get(time, Figures(0, (), ())) + figures


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("how", ["reset", "end"])
async def test_the_line_is_cut_at_every_byte_of_the_answer(rig: Rig, how: str, time: str, told: Told) -> None:
    """What is cut before its last byte is in doubt, and Meta has it."""
    whole = await size(rig, "answer")
    figures = await rig.try_out([Cut("answer", at, how) for at in range(whole + 1)], time)
    await keep_the_promise(rig, told, time, figures)
    assert figures.ambiguous == whole
    assert figures.repeated == (whole if time in TOO_LATE else 0)


@pytest.mark.postgres
@pytest.mark.parametrize("time", TIMES)
async def test_the_line_is_cut_on_postgres_too(postgres_url: str, tmp_path: Path, time: str, told: Told) -> None:
    async with rigged(postgres_url, tmp_path) as rig:
        whole = await size(rig, "answer")
        figures = await rig.try_out([Cut("answer", at, "reset") for at in spread(whole, CROWD)], time)
        await keep_the_promise(rig, told, time, figures)
        assert (figures.ambiguous, figures.repeated) == (CROWD, CROWD if time in TOO_LATE else 0)


@pytest.mark.parametrize("time", ["in time", "never"])
async def test_the_line_is_cut_at_every_byte_of_the_request(rig: Rig, time: str, told: Told) -> None:
    """Of a request that is not whole Meta has nothing, and all that the sender knows is that it may."""
    whole = await size(rig, "request")
    figures = await rig.try_out([Cut("request", at, "reset") for at in range(whole + 1)], time)
    await keep_the_promise(rig, told, time, figures)
    assert figures.ambiguous == whole + 1
    assert figures.repeated <= 1


@pytest.mark.parametrize("time", TIMES)
async def test_the_line_hangs(rig: Rig, time: str, told: Told) -> None:
    whole = await size(rig, "answer")
    rig.play.app.client.total_s = PATIENCE_S
    figures = await rig.try_out([Cut("answer", at, "hang") for at in spread(whole, HUNG)], time)
    await keep_the_promise(rig, told, time, figures)
    assert figures.ambiguous == HUNG


async def test_the_line_hangs_before_the_request_is_through(rig: Rig, told: Told) -> None:
    whole = await size(rig, "request")
    rig.play.app.client.total_s = PATIENCE_S
    figures = await rig.try_out([Cut("request", at, "hang") for at in spread(whole, HUNG)], "never")
    await keep_the_promise(rig, told, "never", figures)
    assert (figures.ambiguous, figures.repeated) == (HUNG, 0)


async def test_the_line_is_cut_twice(rig: Rig, told: Told) -> None:
    """Who is in doubt a second time does not send a third time: staff are asked to look after that person."""
    cuts = [Cut("answer", at, "reset") for at in spread(await size(rig, "answer"), CROWD)]
    figures = await rig.try_out(cuts, "never", again=cuts)
    await keep_the_promise(rig, told, "never", figures)
    assert (figures.ambiguous, figures.taken) == (2 * CROWD, [2] * CROWD)
    states = await rig.play.rows(
        "SELECT state, COUNT(*) AS count FROM outbox WHERE purpose = 'notice' GROUP BY state ORDER BY state"
    )
    assert [tuple(row.values()) for row in states] == [("delivered", 1), ("failed", CROWD)]
    alerts = await rig.play.rows("SELECT message FROM outbox WHERE purpose = 'alert'")
    assert sum("I did not send it again" in row["message"] for row in alerts) == 2, "the owner and the agent"


ANSWERS: dict[str, dict[str, Any]] = {
    "500, not taken": {"error_next": CROWD},
    "500, taken": {"error_next": CROWD, "error_accepts": True},
    "502, not taken": {"error_next": CROWD, "error_status": 502},
    "502, taken": {"error_next": CROWD, "error_status": 502, "error_accepts": True},
    "200 that nobody can read": {"unreadable_next": CROWD},
}


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("answer", ANSWERS)
async def test_the_answer_makes_no_sense(rig: Rig, answer: str, time: str, told: Told) -> None:
    figures = await rig.try_out([None] * CROWD, time, **ANSWERS[answer])
    await keep_the_promise(rig, told, time, figures)
    assert figures.ambiguous == CROWD
    assert figures.repeated == (CROWD if time in TOO_LATE and "not taken" not in answer else 0)


def spread(whole: int, count: int) -> Iterator[int]:
    """So many of the bytes before the last, the first among them."""
    return (whole * n // count for n in range(count))
