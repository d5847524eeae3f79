"""Money and something else reach an order at the same moment, a thousand times: nothing is lost, nothing counts twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.payments import registry
from flows.order import STAFF, Action
from flows.payments import CAPTURED, Report
from flows.settings import Settings
from models import ledger, orders, payments
from models.inbox import Arrival
from models.orders import Actor
from models.work import Conflict, Work
from tests import bank
from tests.bank import Bank
from tests.budget import RACES
from tests.invariants_orders import broken, shelf
from tests.races.track import Track, track

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(1200)]
BLOCK = 20
Act = Callable[[Work], Awaitable[object]]
SHOP = (
    "order_flow=confirm_then_pay;payment_methods=link;pay.links=stripe;auto_collect_address=off;delivery_methods=pickup"
)


class Race:
    """Orders whose customers have been asked: `asked` are reference, amount and id by number."""

    def __init__(self, races: Track, there: Bank, came: dict[str, int | None]) -> None:
        self.races, self.bank, self._came = races, there, came
        self.asked: dict[int, tuple[str, int, int]] = {}
        self._count, self.met = 0, 0

    async def unit(self, act: Act) -> str:
        """As a dispatcher runs it: again on what is true now, when somebody was first."""
        app = self.races.world.app
        while True:
            try:
                async with app.database.transaction() as connection:
                    work = Work(connection, store=app.store, now=app.clock.now(), ids=app.ids)
                    await act(work)
                    await work.flush()
            except Conflict:
                self.met += 1
            except ledger.NotSoMuch:
                return "refused"
            else:
                return "done"

    async def ask(self) -> None:
        await self.races.customers(RACES)
        while await self.races.world.app.caller.run_once():
            pass
        await self.races._drain()
        rows = await self.races.world.rows(
            "SELECT o.number, o.id, p.reference, p.amount FROM payment p JOIN orders o ON o.id = p.order_id"
            " WHERE p.state = 'checkout' AND p.asked_at IS NOT NULL"
        )
        assert len(rows) == RACES
        self.asked = {row["number"]: (row["reference"], row["amount"], row["id"]) for row in rows}

    def captures(self, numbers: Sequence[int]) -> list[Arrival]:
        """Every customer pays once more."""
        return [self.told(self.bank.take(self.asked[number][0])) for number in numbers]

    def told(self, report: Report) -> Arrival:
        """As it comes by another way, in a lane of its own."""
        self._count += 1
        told = bank.arrival(report, str(self._count))
        return Arrival(told.source_id, told.kind, f"race:{self._count}", told.payload)

    async def judge(self) -> None:
        """Our books are in order, and what the provider has we have, counted or held."""
        while await self.races.world.app.caller.run_once():
            await self.races._drain()
        found = [f"{type(error).__name__}: {error}" for error in self.races.escaped]
        found += [str(row) for row in await self.races.unsettled()]
        assert found + await broken(self.races.world, self._came) == []
        rows = await self.races.world.rows("SELECT transaction_id, amount FROM payment WHERE state = 'completed'")
        assert {row["transaction_id"]: row["amount"] for row in rows} == {
            transaction: amount for transaction, (_, amount, _) in self.bank.taken.items()
        }
        [back] = await self.races.world.rows("SELECT COALESCE(SUM(amount), 0) AS n FROM refund WHERE state = 'settled'")
        [asked] = await self.races.world.rows(
            "SELECT COALESCE(SUM(amount), 0) AS n FROM discrepancy WHERE kind = 'over_refunded' AND settled_at IS NULL"
        )
        assert sum(row["amount"] for row in rows) - int(back["n"]) - int(asked["n"]) == self.bank.has
        assert self.races.conflicts + self.met > 0, "they never met"

    async def count(self, what: str) -> int:
        [row] = await self.races.world.rows(f"SELECT COUNT(*) AS n FROM {what}")
        return int(row["n"])


@asynccontextmanager
async def race(url: str, files: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Race]:
    monkeypatch.setattr(registry, "READERS", {bank.NAME: bank.read})
    there = Bank()
    async with track(url, files, STORE_SETTINGS=SHOP) as races:
        races.world.app.providers[bank.NAME] = there
        made = Race(races, there, await shelf(races.world))
        await made.ask()
        yield made


def blocks(numbers: Sequence[int]) -> list[Sequence[int]]:
    return [numbers[start : start + BLOCK] for start in range(0, len(numbers), BLOCK)]


async def clash(course: Race, turn: int, one: Sequence[Arrival], other: Sequence[Arrival]) -> None:
    await course.races.clash(*((one, other) if turn % 2 else (other, one)))


async def test_a_capture_and_the_end_of_its_order_leave_it_paid_or_the_money_held(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with race(postgres_url, tmp_path, monkeypatch) as course:
        await course.races.world.run("UPDATE payment SET state = 'void', ended = 'expired'")
        for turn, block in enumerate(blocks(list(course.asked))):
            rings = [_ring(course.asked[number][2]) for number in block]
            await clash(course, turn, course.captures(block), rings)
        await course.judge()
        late = await course.count("orders WHERE status = 'expired' AND payment_status = 'voided'")
        live = await course.count("orders WHERE status = 'confirmed' AND payment_status = 'paid'")
        assert (late + live, await course.count("discrepancy WHERE kind = 'late'")) == (RACES, late)
        assert late > 0 < live


def _ring(order_id: int) -> Arrival:
    return Arrival(f"t:race:{order_id}", "timer.unpaid", f"t:unpaid:{order_id}", b'{"subject": "%d"}' % order_id)


async def test_of_one_transaction_that_is_told_twice_at_once_one_counts(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with race(postgres_url, tmp_path, monkeypatch) as course:
        for turn, block in enumerate(blocks(list(course.asked))):
            reports = [course.bank.take(course.asked[number][0]) for number in block]
            await clash(course, turn, [course.told(r) for r in reports], [course.told(r) for r in reports])
        await course.judge()
        assert await course.count("orders WHERE payment_status = 'paid'") == RACES
        assert await course.count("discrepancy") == 0


async def test_of_two_transactions_at_once_one_counts_and_the_other_is_held(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with race(postgres_url, tmp_path, monkeypatch) as course:
        for turn, block in enumerate(blocks(list(course.asked))):
            await clash(course, turn, course.captures(block), course.captures(block))
        await course.judge()
        assert await course.count("orders WHERE payment_status = 'paid'") == RACES
        assert await course.count("discrepancy WHERE kind = 'double'") == RACES
        assert all(report.says == CAPTURED for page in course.bank.pages.values() if (report := page.last))


async def test_an_order_is_refunded_once_by_two_staff_or_by_the_provider(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of the shop at once; or one of the shop while somebody gives it back at the provider."""
    async with race(postgres_url, tmp_path, monkeypatch) as course:
        numbers = list(course.asked)
        for block in blocks(numbers):
            await course.races.alone(*course.captures(block))
        app = course.races.world.app

        def staff(number: int) -> Act:
            async def refund(work: Work) -> None:
                order = await orders.get(work, course.asked[number][2])
                await ledger.refund(
                    work, order, amount=course.asked[number][1], reason="", to_credit=False, actor=Actor(None, 1),
                    settings=Settings(app.store.settings), by=STAFF,
                )  # fmt: skip

            return refund

        def provider(number: int) -> Act:
            told = course.bank.give_back(_transaction(course, number), course.asked[number][1])
            return lambda work: payments.take(work, told, 1)

        for turn, block in enumerate(blocks(numbers)):
            other = staff if turn % 2 else provider
            pairs = [(staff(number), other(number)) for number in block]
            said = await asyncio.gather(*(asyncio.gather(course.unit(one), course.unit(two)) for one, two in pairs))
            assert set(map(tuple, said)) <= {("done", "refused"), ("refused", "done"), ("done", "done")}
            assert other is provider or all("refused" in both for both in said)
        await course.judge()
        assert await course.count("orders WHERE refunded > captured OR refunded < captured") == 0


def _transaction(course: Race, number: int) -> str:
    reference = course.asked[number][0]
    return next(name for name, (of, _, _) in course.bank.taken.items() if of == reference)


async def test_a_capture_and_a_cancel_of_staff_leave_the_order_paid_or_the_money_held(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with race(postgres_url, tmp_path, monkeypatch) as course:
        settings = Settings(course.races.world.app.store.settings)

        def cancel(number: int) -> Act:
            async def act(work: Work) -> None:
                order = await orders.get(work, course.asked[number][2])
                await orders.advance(work, order, Action("cancel", STAFF, note="no"), Actor(None, 1), settings)

            return act

        def capture(number: int) -> Act:
            told = course.bank.take(course.asked[number][0])
            return lambda work: payments.take(work, told, 1)

        for turn, block in enumerate(blocks(list(course.asked))):
            pairs = [(cancel(number), capture(number))[:: 1 if turn % 2 else -1] for number in block]
            await asyncio.gather(*(course.unit(act) for pair in pairs for act in pair))
        await course.races._drain()
        await course.judge()
        held, counted = (
            await course.count("discrepancy WHERE kind = 'late'"),
            await course.count("orders WHERE captured > 0"),
        )
        assert await course.count("orders WHERE status = 'canceled'") == held + counted == RACES
        assert held > 0 < counted
