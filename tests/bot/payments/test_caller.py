"""The loop that calls providers: an answer once, pauses while there is none, and an end of patience."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.payments import caller
from bot.payments.caller import PAUSES_S, Caller
from flows.payments import Answer, Call
from models.calls import LEASE
from tests import bank
from tests.bank import Bank
from tests.journeys.script import Line
from tests.world import Stage, stage

SHOP = "payment_methods=link;pay.links=stripe;auto_collect_address=off;delivery_methods=pickup;pace.number=0"


@pytest.fixture
async def world(ready_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """A shop where Asha has just ordered, and nobody has called the provider yet."""
    async with stage(ready_url, tmp_path, STORE_SETTINGS=SHOP) as world:
        await world.cart("Asha", [Line(1, "CHAI-250")], "")
        await world.sandbox.run_once()
        while await world.app.dispatcher.run_once():
            pass
        yield world


def hire(world: Stage, **providers: Bank) -> Caller:
    app = world.app
    app.providers.update(providers)
    return Caller(
        app.database, app.store, providers=app.providers, clock=app.clock, ids=app.ids, tick=timedelta(seconds=5),
        on_answers=lambda: None,
    )  # fmt: skip


async def calls(world: Stage) -> list[tuple[str, str, int, str]]:
    rows = await world.rows("SELECT kind, state, attempts, reason FROM provider_call ORDER BY id")
    return [(row["kind"], row["state"], row["attempts"], row["reason"]) for row in rows]


async def answers(world: Stage) -> int:
    return len(await world.rows("SELECT id FROM inbox WHERE kind = 'answer'"))


async def test_a_call_is_made_and_its_answer_is_an_event(world: Stage) -> None:
    there = Bank()
    one = hire(world, stripe=there)
    assert [await one.run_once(), await one.run_once()] == [True, False]
    assert (await calls(world), await answers(world)) == ([("create", "done", 1, "")], 1)
    await world.settle()
    [row] = await world.rows("SELECT url, provider_id, reference FROM payment")
    assert row["url"] == f"https://pay.example/{row['reference']}"
    assert [name for name, text in await world.said() if "please pay" in text] == ["Asha"]


async def test_a_provider_that_is_not_connected_is_a_fault_that_staff_hear_of(world: Stage) -> None:
    world.app.providers.clear()
    await hire(world).run_once()
    await world.settle()
    assert await calls(world) == [("create", "failed", 1, "not_connected")]
    assert any("keys are missing" in text for _, text in await world.said())


@pytest.mark.parametrize("trouble", ["silent", "broken", "lost"])
async def test_who_does_not_answer_is_called_again_with_the_same_key_and_longer_pauses(
    world: Stage, trouble: str
) -> None:
    there = Bank(trouble=[trouble] * 3)
    one = hire(world, stripe=there)
    for pause in PAUSES_S[:3]:
        assert await one.run_once()
        await world.later(timedelta(seconds=pause - 1))
        assert not await one.run_once()
        await world.later(timedelta(seconds=1))
    assert await one.run_once()
    [(kind, state, attempts, _)] = await calls(world)
    assert (kind, state, attempts, await answers(world)) == ("create", "done", 4, 1)
    assert len({call.id for call in there.calls}) == len(there.pages) == 1


async def test_patience_ends_and_staff_hear_of_it(world: Stage) -> None:
    there = Bank(trouble=["silent"] * 100)
    one = hire(world, stripe=there)
    while (await calls(world))[0][1] == "due":
        await one.run_once()
        await world.later(timedelta(seconds=PAUSES_S[-1]))
    assert len(there.calls) == 2 * len(PAUSES_S) + 1
    await world.settle()
    assert await calls(world) == [("create", "failed", len(there.calls), "silent")]
    assert any("did not answer" in text for _, text in await world.said())
    assert [row["state"] for row in await world.rows("SELECT state FROM payment")] == ["invalid"]


async def test_a_provider_that_takes_too_long_is_silent(world: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Bank):
        async def perform(self, call: Call) -> Answer:
            await asyncio.Event().wait()
            return await super().perform(call)

    monkeypatch.setattr(caller, "TOTAL_S", 0.01)
    await hire(world, stripe=Slow()).run_once()
    assert await calls(world) == [("create", "due", 1, "TimeoutError")]


async def test_a_crash_between_the_answer_and_its_row_makes_the_same_call_again(world: Stage) -> None:
    """As after a lost connection: the transaction is gone, the lease runs out, somebody else makes the call."""
    there = Bank()
    one = hire(world, stripe=there)

    async def crash(*_: object) -> None:
        raise ConnectionError

    one._keep = crash  # type: ignore[method-assign, assignment]
    with pytest.raises(ConnectionError):
        await one.run_once()
    other = hire(world, stripe=there)
    assert not await other.run_once()
    await world.later(LEASE)
    assert await other.run_once()
    assert await calls(world) == [("create", "done", 2, "")]
    assert (len(there.calls), len({call.id for call in there.calls}), len(there.pages)) == (2, 1, 1)


async def test_a_late_answer_of_a_call_that_another_made_is_dropped(world: Stage) -> None:
    """Two callers, of whom one was stopped for longer than its lease: what both heard has one effect."""
    there, held, go = Bank(), asyncio.Event(), asyncio.Event()
    first = hire(world, stripe=there)
    keep = first._keep

    async def stopped(*told: object) -> None:
        held.set()
        await go.wait()
        await keep(*told)  # type: ignore[arg-type]

    first._keep = stopped  # type: ignore[method-assign, assignment]
    running = asyncio.create_task(first.run_once())
    await held.wait()
    await world.later(LEASE)
    assert await hire(world, stripe=there).run_once()
    go.set()
    await running
    assert (await calls(world), await answers(world)) == ([("create", "done", 2, "")], 1)
    await world.settle()
    assert sum("please pay" in text for _, text in await world.said()) == 1


async def test_two_callers_at_once_make_each_call_once(world: Stage) -> None:
    for _ in range(6):
        await world.cart("Asha", [Line(1, "CHAI-250")], "")
        await world.cart("Rahul", [Line(1, "CHAI-250")], "")
    await world.sandbox.run_once()
    while await world.app.dispatcher.run_once():
        pass
    there = Bank()
    two = [hire(world, stripe=there) for _ in range(2)]
    while any(await asyncio.gather(*(one.run_once() for one in two))):
        pass
    assert len(there.calls) == len({call.id for call in there.calls}) == await answers(world) > 1


async def test_one_broken_call_does_not_keep_the_others_waiting(world: Stage) -> None:
    await world.cart("Rahul", [Line(1, "CHAI-250")], "")
    await world.sandbox.run_once()
    while await world.app.dispatcher.run_once():
        pass
    await hire(world, stripe=Bank(trouble=["broken"])).run_once()
    assert sorted(state for _, state, *_ in await calls(world)) == ["done", "due"]
    assert bank.NAME in world.app.providers
