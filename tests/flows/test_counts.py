"""Counted: what a customer must do until nothing is open any more, and how often the shop writes to them until delivery."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.crowd import address, furnish
from tests.journeys.script import Line
from tests.world import Stage, stage

TURNS_WITH_FORM, TURNS_IN_WORDS, TURNS_AGAIN = 2, 3, 2
MESSAGES = {"confirm_then_pay": 5, "manual": 6}
"""From the cart to the delivery; the promise is six at most."""
CART = [Line(2, "CHAI-250"), Line(1, "DIYA-BRASS")]
FORM, WORDS = "{}, 12 Lake Road, Pune, 411001", "{}, 4 Temple Street, Kochi 682001"


class Customer:
    """Whoever holds this phone counts what they do and what they are sent."""

    def __init__(self, world: Stage, name: str) -> None:
        self._world, self._name = world, name
        self.turns = self.messages = 0

    async def does(self, act: Awaitable[None]) -> None:
        await act
        self.turns += 1
        await self.reads()

    async def reads(self) -> None:
        await self._world.settle()
        self.messages += len(self._world.new(self._name))

    async def order(self) -> None:
        await self.does(self._world.cart(self._name, CART, ""))


@pytest.fixture(scope="module", params=list(MESSAGES))
def furnished(
    request: pytest.FixtureRequest, migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    return request.param, furnish(
        migrated_file, tmp_path_factory.mktemp("counts"), STORE_SETTINGS=f"order_flow={request.param}"
    )


@pytest.fixture
async def shop(furnished: tuple[str, Path], tmp_path: Path) -> AsyncIterator[tuple[str, Stage]]:
    flow, furniture = furnished
    async with _copied(furniture, tmp_path) as world:
        yield flow, world


@asynccontextmanager
async def _copied(furniture: Path, folder: Path) -> AsyncIterator[Stage]:
    files = Path(shutil.copytree(furniture, folder / "shop"))
    async with stage(address(files), files) as world:
        yield world


async def with_the_form(world: Stage, asha: Customer) -> None:
    await asha.order()
    await asha.does(world.do("Asha", "fills in", FORM.format("Asha")))


async def in_words(world: Stage, meera: Customer) -> None:
    await meera.order()
    await meera.does(world.say("Meera", WORDS.format("Meera")))
    await meera.does(world.tap("Meera", "Yes"))


@pytest.mark.parametrize(
    ("name", "places", "turns"), [("Asha", with_the_form, TURNS_WITH_FORM), ("Meera", in_words, TURNS_IN_WORDS)]
)
async def test_turns_to_a_complete_order(
    shop: tuple[str, Stage], name: str, places: Callable[[Stage, Customer], Awaitable[None]], turns: int
) -> None:
    _, world = shop
    customer = Customer(world, name)
    await places(world, customer)
    assert customer.turns == turns <= 5
    assert await world.rows("SELECT checkout_step FROM orders") == [{"checkout_step": "complete"}]
    customer.turns = 0
    await customer.order()
    await customer.does(world.tap(name, "Yes"))
    assert customer.turns == TURNS_AGAIN
    assert await world.rows("SELECT checkout_step FROM orders") == [{"checkout_step": "complete"}] * 2


async def test_messages_from_the_cart_to_the_delivery(shop: tuple[str, Stage]) -> None:
    flow, world = shop
    asha = Customer(world, "Asha")
    await with_the_form(world, asha)
    for command in ("confirm 1001", "start 1001", "pack 1001", "ship 1001 TRK123", "out 1001", "deliver 1001"):
        await world.say("Priya", command)
        await asha.reads()
    assert await world.rows("SELECT status FROM orders") == [{"status": "delivered"}]
    assert asha.messages == MESSAGES[flow] <= 6
