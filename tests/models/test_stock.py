"""Stock is never oversold: not by many people at once, on no path an order can take, and not past the database's own check."""

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from tortoise.exceptions import IntegrityError

from bot.sandbox.phone import Phone
from tests.crowd import at_once, call_in, crowd
from tests.invariants_orders import broken, shelf
from tests.journeys.script import Line
from tests.world import Stage, stage

LAST = "KULHAD-3"
"""Three are left of it in the demo shop."""
PEOPLE = 64
DAY = timedelta(hours=25)
UNPACED = "pace.number=0"
"""All the answers go out although the clock stands still."""
WANTED = (2, 2, 1, 3, 1)
"""Pieces in the carts, one person after another."""
FORM = "{}, 12 Lake Road, Pune, 411001"


class Ledger:
    """The same shelf, kept by somebody who serves one person after another."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.taken: dict[str, int] = {}

    def cart(self, person: str, quantity: int) -> str:
        """The answer that this person must get, in a few characteristic words."""
        if quantity > self.left:
            return f"Please send a new cart with {self.left}" if self.left else "is sold out. Please choose"
        self.left -= quantity
        self.taken[person] = quantity
        return "Thank you! This is your order"

    def cancel(self, person: str) -> str:
        self.left += self.taken.pop(person)
        return "is canceled"


async def winners(world: Stage) -> dict[str, int]:
    rows = await world.rows(
        "SELECT c.name, l.quantity FROM orders o JOIN contact c ON c.id = o.contact_id JOIN order_line l"
        " ON l.order_id = o.id WHERE o.status <> 'canceled' ORDER BY o.number"
    )
    return {row["name"]: row["quantity"] for row in rows}


async def stock(world: Stage) -> tuple[int, int]:
    [row] = await world.rows(f"SELECT on_hand, reserved FROM product WHERE retailer_id = '{LAST}'")
    return row["on_hand"], row["reserved"]


def answers(phones: Iterable[Phone]) -> list[list[str]]:
    return [[bubble.body for bubble in phone.new()] for phone in phones]


async def test_of_sixty_four_at_once_the_first_three_pieces_win(ready_url: str, tmp_path: Path) -> None:
    async with crowd(ready_url, tmp_path, STORE_SETTINGS=UNPACED) as world:
        came, ledger = await shelf(world), Ledger(3)
        phones = call_in(world, PEOPLE)
        expected = []
        for n, phone in enumerate(phones):
            quantity = WANTED[n % len(WANTED)]
            phone.cart([(LAST, quantity)])
            expected.append(ledger.cart(phone.person.name, quantity))
        await at_once(world)
        said = answers(phones)
        assert [len(each) for each in said] == [1] * PEOPLE
        assert [words for words, [body] in zip(expected, said, strict=True) if words not in body] == []
        assert await winners(world) == ledger.taken == {"Customer0": 2, "Customer2": 1}
        assert await stock(world) == (3, 3)
        assert await broken(world, came) == []


@pytest.mark.parametrize("how", ["same_bytes", "rebatched", "concurrent"])
async def test_repeats_and_cancels_between_many_batches_change_nothing_of_who_wins(
    how: str, ready_url: str, tmp_path: Path
) -> None:
    async with stage(ready_url, tmp_path, STORE_SETTINGS=UNPACED) as world:
        came, ledger = await shelf(world), Ledger(3)
        phones = call_in(world, 20)
        for start in range(0, len(phones), 4):
            group = phones[start : start + 4]
            await world.fault({"duplicate": 5, "duplicate_how": how})
            expected = []
            for n, phone in enumerate(group, start):
                quantity = WANTED[n % len(WANTED)]
                phone.cart([(LAST, quantity)])
                expected.append(ledger.cart(phone.person.name, quantity))
            await world.settle()
            said = answers(group)
            assert [words for words, [body] in zip(expected, said, strict=True) if words not in body] == []
            assert await winners(world) == ledger.taken
            leaver = world.sandbox.person(f"p{next(iter(ledger.taken)).removeprefix('Customer')}")
            leaver.say("cancel")
            await world.settle()
            leaver.tap("Yes, cancel it")
            await world.fault({"duplicate": 5, "duplicate_how": how})
            done = ledger.cancel(leaver.person.name)
            await world.settle()
            assert [done in body for body in answers([leaver])[0]] == [False, True]
            assert await stock(world) == (3, 3 - ledger.left)
            assert await broken(world, came) == []


async def test_a_cart_and_its_cancel_in_one_batch_leave_nothing_reserved(ready_url: str, tmp_path: Path) -> None:
    async with crowd(ready_url, tmp_path) as world:
        came = await shelf(world)
        [phone, other] = call_in(world, 2)
        phone.cart([(LAST, 3)])
        phone.say("cancel")
        phone.forge_tap("c1001.yes", "Yes, cancel it")
        await at_once(world)
        other.cart([(LAST, 3)])
        await at_once(world)
        assert [body.split("\n")[0] for body in answers([phone])[0]] == [
            "Thank you! This is your order *#1001* at Demo Store:",
            "Cancel #1001? This cannot be undone.",
            "#1001 is canceled. Nothing will be sent and nothing is owed.",
        ]
        assert await winners(world) == {"Customer1": 3}
        assert await stock(world) == (3, 3)
        assert await broken(world, came) == []


@pytest.fixture
async def world(ready_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(ready_url, tmp_path, STORE_SETTINGS="order_flow=manual") as world:
        yield world


PLACE, ADDRESS, CONFIRM = "Asha cart", "Asha address", "Priya: confirm 1001"
CANCEL = ("Asha: cancel", "Asha taps Yes, cancel it")
PATHS: Mapping[str, tuple[tuple[str, int, int], ...]] = {
    "cancel": ((PLACE, 3, 2), (CANCEL[0], 3, 2), (CANCEL[1], 3, 0)),
    "cancel by staff": (
        (PLACE, 3, 2), (ADDRESS, 3, 2), ("Priya: cancel 1001", 3, 2), ("Priya taps Yes, cancel it", 3, 0),
    ),
    "abandon and expire": ((PLACE, 3, 2), ("25h", 3, 0), ("72h", 3, 0)),
    "abandon and cancel": ((PLACE, 3, 2), ("25h", 3, 0), (CANCEL[0], 3, 0), (CANCEL[1], 3, 0)),
    "come back": ((PLACE, 3, 2), ("25h", 3, 0), (ADDRESS, 3, 2), (CONFIRM, 3, 2)),
    "come back too late": ((PLACE, 3, 2), ("25h", 3, 0), ("Rahul cart", 3, 2), (ADDRESS, 3, 2)),
    "hold": (
        (PLACE, 3, 2), (ADDRESS, 3, 2), ("Priya: hold 1001 wait", 3, 2), ("25h", 3, 2), ("Priya: release 1001", 3, 2),
        ("Priya: hold 1001 wait", 3, 2), (CANCEL[0], 3, 2), (CANCEL[1], 3, 0),
    ),
    "ship and deliver": (
        (PLACE, 3, 2), (ADDRESS, 3, 2), (CONFIRM, 3, 2), ("Priya: start 1001", 3, 2), ("Priya: pack 1001", 3, 2),
        ("Priya: ship 1001 TRK123", 1, 0), ("Priya: out 1001", 1, 0), ("Priya: deliver 1001", 1, 0),
    ),
    "cancel on its way": (
        (PLACE, 3, 2), (ADDRESS, 3, 2), (CONFIRM, 3, 2), ("Priya: ship 1001 TRK123", 1, 0),
        ("Priya: cancel 1001 lost", 1, 0), ("Priya taps Yes, cancel it", 1, 0),
    ),
}  # fmt: skip
"""What happens, and the pieces on hand and reserved afterwards."""


@pytest.mark.parametrize("path", PATHS)
async def test_on_every_path_the_shelf_is_balanced(world: Stage, path: str) -> None:
    came = await shelf(world)
    for act, on_hand, reserved in PATHS[path]:
        await _do(world, act)
        await world.settle()
        assert (act, *await stock(world)) == (act, on_hand, reserved)
        assert await broken(world, came) == [], act
    assert (await world.rows("SELECT COUNT(*) AS n FROM inbox WHERE state = 'dead'"))[0]["n"] == 0


async def _do(world: Stage, act: str) -> None:
    person, _, rest = act.replace(":", "", 1).partition(" ")
    if not rest:
        await world.later({"25h": DAY, "72h": 3 * DAY}[act])
    elif rest == "cart":
        await world.cart(person, [Line(2, LAST)], "")
    elif rest == "address":
        await world.do(person, "fills in", FORM.format(person))
    elif rest.startswith("taps "):
        await world.tap(person, rest.removeprefix("taps "))
    else:
        await world.say(person, rest)


OVERSOLD = ("reserved = on_hand + 1", "reserved = -1", "on_hand = 1", "on_hand = on_hand - 3, reserved = reserved - 1")


async def test_the_database_refuses_what_would_be_oversold(ready_url: str, tmp_path: Path) -> None:
    async with stage(ready_url, tmp_path) as world:
        await world.cart("Asha", [Line(2, LAST)], "")
        await world.settle()
        for change in OVERSOLD:
            with pytest.raises(IntegrityError):
                await world.run(f"UPDATE product SET {change} WHERE retailer_id = '{LAST}'")
            assert await stock(world) == (3, 2)
