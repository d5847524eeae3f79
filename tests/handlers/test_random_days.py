"""Random days at a shop: customers and staff do what comes into their heads, and all promises hold after every act."""

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.budget import WALKS
from tests.crowd import address, furnish
from tests.invariants_orders import broken, shelf
from tests.journeys.script import Line
from tests.postgres import Cluster
from tests.world import Stage, stage

T = TypeVar("T")

SHOPS = (
    "order_flow=manual;auto_collect_address=off;delivery_methods=pickup;allow_backorder=on;pace.number=0",
    "auto_collect_address=off;tracking_required=none;require_receipt_confirmation=on;cancel_after_ship=all;pace.number=0",
    (
        "order_flow=pay_then_confirm;payment_methods=link;auto_collect_address=off;delivery_methods=pickup;"
        "allow_backorder=on;invoices=on;require_approval=on;customer_cancel_until=shipped;pace.number=0"
    ),
)
SKUS = ("KULHAD-3", "CHAI-250", "JAGGERY-1KG")
"""Three are left of the first, many of the second, and nobody counts the third."""
CUSTOMERS, STAFF = ("Asha", "Rahul"), ("Priya", "Ravi")
FORWARD = (
    "confirm {n}", "approve {n}", "start {n}", "invoice {n} INV-{n}", "pack {n}", "ship {n} TRK{n}", "out {n}",
    "deliver {n}", "complete {n}", "deliver {n}", "ship {n}",
)  # fmt: skip
SIDEWAYS = (
    "reject {n} no", "hold {n} wait", "release {n}", "cancel {n} sorry", "resume {n}", "failed {n} nobody home",
    "archive {n}", "unarchive {n}", "note {n} hm", "received {n} restock", "received {n} 1x{sku} damaged", "approve {n}",
    "return {n} broken", "return {n} 1x{sku} broken", "ship {n} 1x{sku} TRK", "ship {n} 2x{sku}", "cancel {n} 1x{sku}",
    "add {n} 1x{sku}", "add {n} 2x{sku}", "confirm {n} {m}",
)  # fmt: skip
MONEY = (
    "paid {n} {amount} cash", "paid {n} {amount} credit", "refund {n}", "refund {n} {amount}", "refund {n} to credit",
    "credit {n} {amount}", "credit {n} -{amount}", "exchange {n} 1xCHAI-250 for 1xKULHAD-3 broken",
    "exchange {n} 1xKULHAD-3 for 2xJAGGERY-1KG broken",
)  # fmt: skip
SAID = ("cancel", "yes", "no", "return my order", "it was broken when it came", "i have it", "where is my order")
BUTTONS = (
    "Yes, do it", "No, leave it", "Yes, cancel it", "No, keep it", "No, it goes on", "Ship", "Pack", "Delivered", "Approve",
    "Hold", "I have it", "Send it back", "Cancel order", "Damaged", "Confirm",
)  # fmt: skip
numbers = st.integers(1001, 1005)
skus = st.sampled_from(SKUS)
_days = itertools.count()


class Day(RuleBasedStateMachine):
    """One shop, from its first customer on."""

    cluster: ClassVar[Cluster | None] = None
    migrated: ClassVar[str] = ""
    """The database of which each shop on Postgres is a copy."""
    furnished: ClassVar[dict[str, Path]] = {}

    @initialize(how=st.sampled_from(SHOPS), first=st.integers(1, 4), second=st.integers(1, 4))
    def open(self, how: str, first: int, second: int) -> None:
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.files = Path(tempfile.mkdtemp())
        self.world = self._run(self._open(how))
        self.came = self._run(shelf(self.world))
        self.elsewhere = 0
        self._settle(self.world.say("Priya", "help"))
        self._settle(self.world.cart("Asha", [Line(first, "KULHAD-3"), Line(second, "CHAI-250")], ""))
        self._settle(self.world.cart("Rahul", [Line(second, "KULHAD-3"), Line(1, "JAGGERY-1KG")], ""))

    async def _open(self, how: str) -> Stage:
        if self.cluster is not None:
            name = f"waybill_day_{next(_days)}"
            url = await self.cluster.create(name, template=self.migrated)
            self.stack.push_async_callback(self.cluster.drop, name)
            return await self.stack.enter_async_context(stage(url, self.files, STORE_SETTINGS=how))
        shop = Path(shutil.copytree(self.furnished[how], self.files / "shop"))
        return await self.stack.enter_async_context(stage(address(shop), shop))

    def _run(self, what: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(what)

    def _settle(self, what: Coroutine[Any, Any, None]) -> None:
        self._run(what)
        self._run(self.world.settle())

    @rule(who=st.sampled_from(CUSTOMERS), sku=skus, count=st.integers(1, 4))
    def cart(self, who: str, sku: str, count: int) -> None:
        self._settle(self.world.cart(who, [Line(count, sku)], ""))

    @rule(n=numbers, text=st.sampled_from(FORWARD), who=st.sampled_from(STAFF))
    def go_on(self, n: int, text: str, who: str) -> None:
        self._settle(self.world.say(who, text.format(n=n)))

    @rule(n=numbers, m=numbers, sku=skus, text=st.sampled_from(SIDEWAYS))
    def turn_aside(self, n: int, m: int, sku: str, text: str) -> None:
        self._settle(self.world.say("Priya", text.format(n=n, m=m, sku=sku)))

    @rule(
        n=numbers,
        amount=st.sampled_from([1, 180, 349, 360, 720, 1069]),
        text=st.sampled_from(MONEY),
        sure=st.booleans(),
    )
    def pay(self, n: int, amount: int, text: str, sure: bool) -> None:
        self._settle(self.world.say("Priya", text.format(n=n, amount=amount)))
        self._settle(self.world.say("Priya", "yes" if sure else "no"))

    @rule(who=st.sampled_from((*CUSTOMERS, "Priya")), text=st.sampled_from(SAID))
    def say(self, who: str, text: str) -> None:
        self._settle(self.world.say(who, text))

    @rule(who=st.sampled_from((*CUSTOMERS, *STAFF)), title=st.sampled_from(BUTTONS))
    def tap(self, who: str, title: str) -> None:
        try:
            self._run(self.world.tap(who, title))
        except LookupError:
            return  # there is no such button on that phone
        self._run(self.world.settle())

    @rule(count=st.integers(-2, 4), place=st.sampled_from(["", " @annex"]))
    def receive(self, count: int, place: str) -> None:
        """What came in is asked of the shelf: a count may be refused."""
        before = self._run(shelf(self.world))
        self._settle(self.world.say("Priya", f"stock KULHAD-3 {count:+d}{place}"))
        after, came = self._run(shelf(self.world))["KULHAD-3"], self.came["KULHAD-3"]
        was = before["KULHAD-3"]
        assert after is not None
        assert came is not None
        assert was is not None
        assert after - was in (0, count)
        self.came = {**self.came, "KULHAD-3": came + after - was}

    @rule(hours=st.sampled_from([1, 30, 200]))
    def wait(self, hours: int) -> None:
        self._settle(self.world.later(timedelta(hours=hours)))

    @invariant()
    def all_promises_hold(self) -> None:
        if not hasattr(self, "world"):
            return
        assert self._run(broken(self.world, self.came)) == []
        assert (
            self._run(self.world.rows("SELECT id, state, attempts FROM inbox WHERE state = 'dead' OR attempts > 0"))
            == []
        )

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            try:
                if hasattr(self, "world"):
                    assert self._run(self.world.broken()) == []
            finally:
                self._run(self.stack.aclose())
                self.runner.close()
                shutil.rmtree(self.files)


def live(days: int, *, cluster: Cluster | None = None) -> None:
    Day.cluster = cluster
    run_state_machine_as_test(
        Day,
        settings=settings(
            max_examples=days, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate, Phase.shrink), print_blob=True,
        ),
    )  # fmt: skip


@pytest.mark.timeout(120 + 10 * WALKS)
def test_promises_hold_on_random_days(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    Day.furnished = {how: furnish(migrated_file, tmp_path_factory.mktemp("day"), STORE_SETTINGS=how) for how in SHOPS}
    live(WALKS)


@pytest.mark.postgres
@pytest.mark.timeout(120 + 10 * WALKS)
def test_promises_hold_on_random_days_on_postgres(cluster: Cluster, migrated_database: str) -> None:
    Day.migrated = migrated_database
    live(WALKS // 3, cluster=cluster)
