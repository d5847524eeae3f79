"""Random days at a till: whatever customers pay, providers report and shops give back, in whatever order and however often it
is told, by two workers that crash now and then, the provider's own ledger and ours agree in the end (I11 to I16).
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bot import settings as config
from bot.app import App
from bot.dispatcher import Dispatcher
from bot.payments import registry
from bot.payments.caller import Caller
from flows.order import STAFF
from flows.payments import AUTHORIZED, CANCELED, EXPIRED, PROCESSED, REFUSED, Report
from models import ledger, orders, payments
from models.database import Database
from models.engines import Connection
from models.orders import Actor
from models.work import Work
from tests import bank
from tests.bank import Bank
from tests.budget import TILLS
from tests.crowd import address, furnish
from tests.invariants_orders import broken, shelf
from tests.journeys.script import Line
from tests.world import Stage, StillClock, environment

T = TypeVar("T")
Act = Callable[[Work], Awaitable[None]]

SHOPS = tuple(
    f"order_flow={flow};payment_methods=link;pay.links=stripe;auto_collect_address=off;delivery_methods=pickup;pace.number=0;{more}"
    for flow, more in (
        ("confirm_then_pay", "expire_after=72h"),
        ("pay_then_confirm", "expire_after=24h;deposit=30"),
        ("manual", "review_payments_from=link"),
    )
)
PEOPLE = ("Asha", "Rahul")
LATER = timedelta(hours=4)
numbers = st.integers(1001, 1003)
picks = st.integers(0, 30)


class Crash(OSError):
    """A worker ends before its transaction is written."""


class Frail(Database):
    """Loses a transaction when its time has come: what was done in it is dropped, and somebody does it again."""

    crashes_in: int | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with super().transaction() as connection:
            yield connection
            if self.crashes_in is not None:
                self.crashes_in -= 1
                if self.crashes_in < 0:
                    self.crashes_in = None
                    raise Crash


class Till(RuleBasedStateMachine):
    """One shop with a provider; what the provider tells lies in `told` until somebody delivers it."""

    furnished: ClassVar[dict[str, Path]] = {}

    @initialize(how=st.sampled_from(SHOPS))
    def open(self, how: str) -> None:
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.files = Path(tempfile.mkdtemp())
        self.bank, self.told, self.count = Bank(), list[Report](), 0
        self.world = self._run(self._open(how))
        self.came = self._run(shelf(self.world))
        self._run(self.world.say("Priya", "help"))
        for who in PEOPLE:
            self._run(self.world.cart(who, [Line(2, "CHAI-250")], ""))
        self._settle()

    async def _open(self, how: str) -> Stage:
        shop = Path(shutil.copytree(self.furnished[how], self.files / "shop"))
        app, tick = App(config.load(environment(address(shop))), clock=StillClock(), files=shop), timedelta(seconds=5)
        self.database = app.database = Frail(app.settings.address)
        app.providers[bank.NAME] = self.bank
        await app.start(loops=False)
        self.stack.push_async_callback(app.stop)
        await app.jobs.look_at_templates()
        self.workers = (
            app.dispatcher,
            Dispatcher(
                app.database, app.store, metrics=app.metrics, catalog_id=app.whatsapp.catalog_id,
                incoming=app.incoming, outgoing=app.outgoing, on_calls=lambda: None, clock=app.clock, ids=app.ids, tick=tick,
            ),
            app.caller,
            Caller(
                app.database, app.store, providers=app.providers, on_answers=lambda: None, clock=app.clock,
                ids=app.ids, tick=tick,
            ),
        )  # fmt: skip
        return Stage(app)

    def _run(self, what: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(what)

    def _settle(self) -> None:
        """Everything that there is to do, by two workers."""
        self._run(self._work())

    async def _work(self) -> None:
        while True:
            done = await asyncio.gather(*(worker.run_once() for worker in self.workers), return_exceptions=True)
            for one in done:
                if isinstance(one, BaseException) and not isinstance(one, Crash):
                    raise one
            if any(done):
                continue
            try:
                await self.world.settle()
            except Crash:
                continue
            return

    async def _unit(self, act: Act) -> None:
        """By staff whose desk does not crash."""
        app, self.database.crashes_in = self.world.app, None
        async with app.database.transaction() as connection:
            work = Work(connection, store=app.store, now=app.clock.now(), ids=app.ids)
            await act(work)
            await work.flush()

    def _page(self, pick: int) -> str | None:
        pages = list(self.bank.pages)
        return pages[pick % len(pages)] if pages else None

    def _deliver(self, *reports: Report) -> None:
        for report in reports:
            self.count += 1
            self._run(self.world.accept(bank.arrival(report, str(self.count))))

    @rule(
        pick=picks, off=st.sampled_from([0, 0, 0, 0, -1, 1, 100]), currency=st.sampled_from([None, None, None, "USD"])
    )
    def pays(self, pick: int, off: int, currency: str | None) -> None:
        if reference := self._page(pick):
            amount = max(1, self.bank.pages[reference].amount + off)
            self.told.append(self.bank.take(reference, amount=amount, currency=currency))

    @rule(amount=st.integers(1, 90_000))
    def pays_for_nothing(self, amount: int) -> None:
        self.told.append(self.bank.take("other", amount=amount, currency="INR"))

    @rule(pick=picks, says=st.sampled_from([REFUSED, PROCESSED, AUTHORIZED, EXPIRED, CANCELED]))
    def attempts(self, pick: int, says: str) -> None:
        if reference := self._page(pick):
            self.told.append(self.bank.tell(reference, says))

    @precondition(lambda self: self.told)
    @rule(picked=st.lists(picks, min_size=1, max_size=4), is_sure=st.sampled_from([True, True, False]))
    def hears(self, picked: list[int], is_sure: bool) -> None:
        """Any of what was ever told, again and in any order."""
        self._deliver(*(replace(self.told[pick % len(self.told)], is_sure=is_sure) for pick in picked))
        self._settle()

    @rule(pick=picks, share=st.sampled_from([1, 2]), tells=st.booleans())
    def gives_back_at_the_provider(self, pick: int, share: int, tells: bool) -> None:
        taken = list(self.bank.taken)
        if taken and (left := self.bank.left(transaction := taken[pick % len(taken)])):
            self.told.append(self.bank.give_back(transaction, max(1, left // share)))
            if tells:
                self._deliver(self.told[-1])

    @rule(pick=picks)
    def a_refund_comes_back(self, pick: int) -> None:
        gone = [back.id for back in self.bank.backs.values() if not back.has_failed]
        if gone:
            self.told.append(self.bank.fail(gone[pick % len(gone)]))

    @rule(
        number=numbers,
        text=st.sampled_from(["confirm {}", "cancel {} sorry", "resume {}", "accept {}", "add {} 1xCHAI-250"]),
    )
    def staff(self, number: int, text: str) -> None:
        self._run(self.world.say("Priya", text.format(number)))
        self._settle()

    @rule(
        number=numbers, amount=st.sampled_from(["349", "698", ""]),
        text=st.sampled_from(["paid {} {} cash", "refund {} {}", "refund {} {} to credit"]),
    )  # fmt: skip
    def money(self, number: int, amount: str, text: str) -> None:
        self._run(self.world.say("Priya", text.format(number, amount).replace("  ", " ")))
        self._settle()
        self._run(self.world.say("Priya", "yes"))
        self._settle()

    @rule(who=st.sampled_from(PEOPLE))
    def cart(self, who: str) -> None:
        self._run(self.world.cart(who, [Line(1, "CHAI-250")], ""))
        self._settle()

    @rule(number=numbers)
    def asks_again(self, number: int) -> None:
        async def ask(work: Work) -> None:
            order = await orders.find(work, number)
            if order is not None and order.balance_due:
                await payments.ask(work, order, amount=order.balance_due, method="link", actor=Actor(None, 1), by=STAFF)

        self._run(self._unit(ask))

    @rule(how=st.sampled_from(["count", "refund"]))
    def decides(self, how: str) -> None:
        """Staff settle the oldest question that can be settled so."""

        async def decide(work: Work) -> None:
            for found in await payments.open_discrepancies(work):
                if found.payment_id is None or found.refund_id is not None:
                    continue
                came = await payments.get(work, found.payment_id)
                if how == "count" and found.order_id is not None:
                    order = await orders.get(work, found.order_id)
                    if order.currency == came.currency:
                        await payments.count(work, found, Actor(None, 1), by=STAFF)
                        payments.close(work, found, "count", Actor(None, 1))
                        return
                if how == "refund" and came.left:
                    await ledger.give_back(
                        work, came, came.left, to_credit=False, contact_id=None, reason="", actor=Actor(None, 1)
                    )
                    payments.close(work, found, "refund", Actor(None, 1))
                    return

        self._run(self._unit(decide))

    @rule(trouble=st.lists(st.sampled_from(["silent", "lost", "refused", "broken"]), min_size=1, max_size=3))
    def the_provider_is_in_trouble(self, trouble: list[str]) -> None:
        self.bank.trouble = trouble

    @rule(after=st.integers(0, 6))
    def a_worker_crashes(self, after: int) -> None:
        self.database.crashes_in = after

    @rule(hours=st.sampled_from([0, 1, 30, 100]))
    def wait(self, hours: int) -> None:
        self._run(self.world.later(timedelta(hours=hours, seconds=50)))
        self._settle()

    @invariant()
    def our_books_are_in_order(self) -> None:
        if not hasattr(self, "world"):
            return
        crashes, self.database.crashes_in = self.database.crashes_in, None
        assert self._run(broken(self.world, self.came)) == []
        assert self._run(self.world.rows("SELECT kind, reason FROM inbox WHERE state = 'dead' OR attempts > 0")) == []
        self.database.crashes_in = crashes

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            try:
                if hasattr(self, "world"):
                    self._agree()
            finally:
                self._run(self.stack.aclose())
                self.runner.close()
                shutil.rmtree(self.files)

    def _agree(self) -> None:
        """Everything is told and done: both ledgers say the same, and nothing that does not count is without its question."""
        self.database.crashes_in, self.bank.trouble = None, []
        self._deliver(*self.told)
        self._settle()
        self._run(self.world.later(LATER))
        self._settle()
        self.our_books_are_in_order()
        came = self._run(self.world.rows("SELECT * FROM payment WHERE state = 'completed' AND provider <> ''"))
        assert {row["transaction_id"]: (row["amount"], row["currency"]) for row in came} == {
            transaction: (amount, currency) for transaction, (_, amount, currency) in self.bank.taken.items()
        }
        gone = self._run(
            self.world.rows(
                "SELECT r.state, r.amount FROM refund r JOIN payment p ON p.id = r.payment_id"
                " WHERE p.provider <> '' AND NOT r.to_credit AND r.state <> 'failed'"
            )
        )
        over = self._run(
            self.world.rows("SELECT amount FROM discrepancy WHERE kind = 'over_refunded' AND settled_at IS NULL")
        )
        assert {row["state"] for row in gone} <= {"settled"}
        back = sum(row["amount"] for row in (*gone, *over))
        assert sum(row["amount"] for row in came) - back == self.bank.has
        assert self._run(self.world.rows("SELECT id FROM provider_call WHERE state = 'due'")) == []


@pytest.mark.timeout(120 + 10 * TILLS)
def test_the_providers_ledger_and_ours_agree_whatever_happens(
    migrated_file: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "READERS", {bank.NAME: bank.read})
    Till.furnished = {how: furnish(migrated_file, tmp_path_factory.mktemp("till"), STORE_SETTINGS=how) for how in SHOPS}
    run_state_machine_as_test(
        Till,
        settings=settings(
            max_examples=TILLS, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate, Phase.shrink), print_blob=True,
        ),
    )  # fmt: skip
