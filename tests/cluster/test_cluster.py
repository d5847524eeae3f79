"""Two `web` and three `worker` on one Postgres: nothing twice, nothing out of order, nothing lost, whatever happens to them."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot import tasks
from bot.clock import Clock
from flows import limits
from models.sending import LEASE
from tests import budget, payloads
from tests.cluster.meta import Taken
from tests.cluster.processes import Cluster, Member, cluster
from tests.cluster.traffic import Crowd, broken
from tests.conftest import migrate
from tests.models.units import rows
from tests.postgres import Cluster as Server

pytestmark = [pytest.mark.kill, pytest.mark.postgres]

HEAL_S = 150.0
"""A lease, the wait for a status, a resend, and a wait once more."""
UNPACED = "pace.number=0"
PACE = 20
SLACK_S = 0.5
"""Between the claim of a message and its arrival, at most, on a busy machine."""
TRANSACTION_S = 12.0
"""Longer than Postgres lets a transaction wait for its client."""
COUNTS = (
    "SELECT (SELECT COUNT(*) FROM inbox) AS events, (SELECT deadlocks FROM pg_stat_database"
    " WHERE datname = current_database()) AS deadlocks"
)


def dice() -> tuple[int, random.Random]:
    seed = int(os.environ.get("KILL_SEED") or random.SystemRandom().randrange(10**6))
    return seed, random.Random(seed)


@pytest.mark.timeout(180 + budget.CLUSTER_MESSAGES // 20)
async def test_ten_thousand_events_once_and_in_order(
    tmp_path: Path, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    seed, random_ = dice()
    async with cluster(tmp_path, postgres_url, STORE_SETTINGS=UNPACED) as world:
        crowd = Crowd(world.meta, random_)
        began = Clock.monotonic()
        await crowd.talk(budget.CLUSTER_MESSAGES)
        took_in = Clock.monotonic() - began
        await world.heal(HEAL_S)
        took = Clock.monotonic() - began
        assert await broken(world.database, crowd, world.meta.taken) == [], f"KILL_SEED={seed}"
        assert crowd.count >= budget.CLUSTER_MESSAGES
        [found] = await rows(world.database, COUNTS)
        assert found["deadlocks"] == 0
    with capsys.disabled():
        print(
            f"\nKILL_SEED={seed}: {crowd.count} messages at two doors in {took_in:.0f} s, {found['events']} events handled"
            f" and all answered by three workers after {took:.0f} s; the doors said {dict(world.meta.answers)}"
        )


@pytest.mark.timeout(400)
async def test_workers_killed_and_workers_stopped_never_act_late(
    tmp_path: Path, postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One is stopped for longer than its lease and goes on; the others are killed, and stopped within their transactions."""
    seed, random_ = dice()
    async with cluster(tmp_path, postgres_url, STORE_SETTINGS=UNPACED) as world:
        crowd = Crowd(world.meta, random_, at_once=8, pause_s=0.1)
        async with talking(crowd):
            stopped, *others = world.workers
            await asyncio.sleep(random_.uniform(1, 2))
            stopped.process.send_signal(signal.SIGSTOP)
            stopped_at = Clock.monotonic()
            while Clock.monotonic() < stopped_at + (LEASE + limits.AMBIGUOUS_WAIT).total_seconds() + 2:
                await torment(random_.choice(others), random_)
            stopped.process.send_signal(signal.SIGCONT)
            await asyncio.sleep(random_.uniform(1, 2))
        await world.heal(HEAL_S)
        assert await broken(world.database, crowd, world.meta.taken) == [], f"KILL_SEED={seed}"
    with capsys.disabled():
        print(f"\nKILL_SEED={seed}: {crowd.count} messages while workers were stopped and killed, each answered once")


async def torment(worker: Member, random_: random.Random) -> None:
    """Kill it and start it again, or stop it for longer than a transaction of its may last."""
    if random_.random() < 0.5:
        await worker.end(signal.SIGKILL)
        await asyncio.sleep(random_.uniform(0, 1))
        await worker.start()
        await asyncio.sleep(random_.uniform(2, 5))
    else:
        worker.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(TRANSACTION_S)
        worker.process.send_signal(signal.SIGCONT)
        await asyncio.sleep(random_.uniform(0, 1))


@asynccontextmanager
async def talking(crowd: Crowd) -> AsyncIterator[None]:
    """Traffic within the block, until the last message is acknowledged."""
    task = tasks.spawn(crowd.talk(10**9), name="crowd")
    try:
        yield
    finally:
        crowd.stopping = True
        await task


@pytest.mark.timeout(180)
async def test_three_workers_send_no_faster_than_the_number_may(tmp_path: Path, postgres_url: str) -> None:
    async with cluster(tmp_path, postgres_url, STORE_SETTINGS=f"pace.number={PACE}", STAFF_NUMBERS="") as world:
        people = [f"9170{n:08}" for n in range(10 * PACE)]
        at = str(int(Clock().now().timestamp()))
        texts = [payloads.text(wamid=f"wamid.{who}", sender=who) | {"timestamp": at} for who in people]
        await world.meta.tell(payloads.messages(*texts))
        await world.heal(HEAL_S)
        assert len(world.meta.taken) == len(people)
        assert fastest(world.meta.taken) <= limits.NUMBER_BUCKET + PACE * SLACK_S


def fastest(taken: Sequence[Taken]) -> float:
    """By how many messages any stretch of time was ahead of the pace."""
    at = [message.at for message in taken]
    return max(n - i + 1 - PACE * (at[n] - at[i]) for i in range(len(at)) for n in range(i, len(at)))


@pytest.mark.timeout(300 + 20 * budget.RESTARTS)
async def test_postgres_restarted_under_load_loses_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed, random_ = dice()
    server = Server()
    await asyncio.to_thread(server.start)
    try:
        url = await server.create("shop")
        await migrate(url)
        async with cluster(tmp_path, url, STORE_SETTINGS=UNPACED) as world:
            crowd = Crowd(world.meta, random_, at_once=8, pause_s=0.1)
            told: set[int] = set()
            watch = tasks.spawn(look(world, told), name="watch")
            async with talking(crowd):
                for _ in range(budget.RESTARTS):
                    await asyncio.sleep(random_.uniform(2, 12))
                    server.restart(random_.choice(("INT", "QUIT")), random_.uniform(0, 2))
                await asyncio.sleep(3)
            assert not watch.done()
            await tasks.stop(watch)
            await world.heal(HEAL_S)
            assert await broken(world.database, crowd, world.meta.taken) == [], f"KILL_SEED={seed}"
            assert set(world.meta.answers) == {200, 503}, f"KILL_SEED={seed}: {world.meta.answers}"
            assert told == {200, 503}, f"KILL_SEED={seed}"
    finally:
        await asyncio.to_thread(server.stop)
    with capsys.disabled():
        print(
            f"\nKILL_SEED={seed}: {crowd.count} messages over {budget.RESTARTS} restarts of Postgres, each answered once;"
            f" the doors said {dict(world.meta.answers)}"
        )


async def look(world: Cluster, told: set[int]) -> None:
    """What the doors say of their health meanwhile, and of their figures."""
    while True:
        for web in world.webs:
            told.add((await world.readiness(web))[0])
            async with world.http.get(f"{web.address}/metrics") as answer:
                assert answer.status == 200, await answer.text()
        await asyncio.sleep(0.1)
