"""Two people act on one order at the same moment: one wins, the other hears what happened meanwhile and by whom."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.crowd import at_once, crowd
from tests.invariants_orders import broken
from tests.journeys.script import Line
from tests.world import Stage

CAME = {"KULHAD-3": 3}
WHEN = "2 Mar, 10:00"


@pytest.fixture
async def world(ready_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """Order #1001 of Asha waits for the shop; Priya and Ravi have its alert, both of the same version."""
    async with crowd(ready_url, tmp_path, STORE_SETTINGS="order_flow=manual") as world:
        for person in ("Priya", "Ravi"):
            await world.say(person, "help")
        await world.cart("Asha", [Line(2, "KULHAD-3")], "")
        await world.settle()
        await world.do("Asha", "fills in", "Asha Rao, 12 Lake Road, Pune, 411001")
        await world.settle()
        heard(world)
        yield world


def heard(world: Stage) -> dict[str, list[str]]:
    """What is new on each phone: words, without the buttons."""
    return {person: [shown.body for shown in world.new(person)] for person in ("Asha", "Priya", "Ravi")}


async def path(world: Stage) -> list[tuple[int, str, str, str]]:
    """The order's history since it was complete, which must be a path of the grid."""
    assert await broken(world, await came(world)) == []
    rows = await world.rows(
        "SELECT h.version, h.action, h.status_after, COALESCE(s.name, c.name) AS who FROM order_history h"
        " JOIN contact c ON c.id = h.contact_id LEFT JOIN staff s ON s.contact_id = c.id WHERE h.version > 2"
        " ORDER BY h.version"
    )
    return [(row["version"], row["action"], row["status_after"], row["who"].split()[0]) for row in rows]


async def came(world: Stage) -> dict[str, int | None]:
    """All that the demo shop has, with what was shipped still in it."""
    rows = await world.rows("SELECT retailer_id, on_hand FROM product")
    return {row["retailer_id"]: row["on_hand"] for row in rows} | CAME


async def test_of_two_who_confirm_in_one_batch_the_second_hears_of_the_first(world: Stage) -> None:
    await world.tap("Priya", "Confirm")
    await world.tap("Ravi", "Confirm")
    await at_once(world)
    assert heard(world) == {
        "Asha": ["#1001 is confirmed. We start on it and write when it ships."],
        "Priya": ["#1001 · Confirmed\nThe customer is told."],
        "Ravi": [f"#1001 · Confirmed\nThat is done already: confirmed (Priya, {WHEN})."],
    }
    assert await path(world) == [(3, "confirm", "confirmed", "Priya")]


async def test_of_two_who_confirm_one_after_the_other_the_second_hears_of_the_first(world: Stage) -> None:
    await world.tap("Ravi", "Confirm")
    await world.settle()
    await world.tap("Priya", "Confirm")
    await world.settle()
    assert heard(world) == {
        "Asha": ["#1001 is confirmed. We start on it and write when it ships."],
        "Priya": [f"#1001 · Confirmed\nThat is done already: confirmed (Ravi, {WHEN})."],
        "Ravi": ["#1001 · Confirmed\nThe customer is told."],
    }
    assert await path(world) == [(3, "confirm", "confirmed", "Ravi")]


async def test_a_hold_and_a_confirm_on_cards_of_the_same_version(world: Stage) -> None:
    await world.say("Priya", "hold 1001 no clay left")
    await world.tap("Ravi", "Confirm")
    await at_once(world)
    assert heard(world) == {
        "Asha": ["#1001 has to wait a little. We write to you as soon as it goes on. Reason: no clay left"],
        "Priya": ["#1001 · On hold\nNote: “no clay left”\nThe customer is told."],
        "Ravi": [
            f"#1001 · On hold\nMeanwhile something happened: put on hold (Priya, {WHEN}). So I did not do *confirm*."
        ],
    }
    assert await path(world) == [(3, "hold", "on_hold", "Priya")]


async def test_a_confirm_after_a_cancel_in_one_batch_is_told_of_it(world: Stage) -> None:
    await world.say("Priya", "cancel 1001")
    await world.settle()
    heard(world)
    await world.tap("Priya", "Yes, cancel it")
    await world.tap("Ravi", "Confirm")
    await at_once(world)
    assert heard(world) == {
        "Asha": ["#1001 is canceled and will not be sent."],
        "Priya": ["#1001 · Canceled\nThe customer is told.\nThere is nothing more to do."],
        "Ravi": [
            f"#1001 · Canceled\nMeanwhile something happened: canceled (Priya, {WHEN}). So I did not do *confirm*."
        ],
    }
    assert await path(world) == [(3, "cancel", "canceled", "Priya")]


async def test_a_cancel_after_a_confirm_in_one_batch_is_asked_about_again(world: Stage) -> None:
    await world.say("Priya", "cancel 1001")
    await world.settle()
    heard(world)
    await world.tap("Ravi", "Confirm")
    await world.tap("Priya", "Yes, cancel it")
    await at_once(world)
    told = heard(world)
    assert told["Asha"] == ["#1001 is confirmed. We start on it and write when it ships."]
    assert told["Ravi"] == ["#1001 · Confirmed\nThe customer is told."]
    assert [body.split("\n")[0] for body in told["Priya"]] == ["#1001 · Confirmed"]
    assert await path(world) == [(3, "confirm", "confirmed", "Ravi")]


async def test_a_ship_after_the_customers_cancel_is_told_who_canceled(world: Stage) -> None:
    await _asked_to_cancel(world)
    await world.tap("Asha", "Yes, cancel it")
    await world.tap("Ravi", "Ship")
    await at_once(world)
    news = "✖️ #1001: Asha Rao canceled it. Stop work on it; the stock is free again."
    assert heard(world) == {
        "Asha": ["#1001 is canceled. Nothing will be sent and nothing is owed."],
        "Priya": [news],
        "Ravi": [
            f"#1001 · Canceled\nMeanwhile something happened: canceled (Asha Rao, {WHEN}). So I did not do *ship*.",
            news,
        ],
    }
    assert await path(world) == [(3, "confirm", "confirmed", "Ravi"), (4, "cancel", "canceled", "Asha")]


async def test_a_customers_cancel_after_the_ship_comes_too_late(world: Stage) -> None:
    await _asked_to_cancel(world)
    await world.say("Ravi", "ship 1001 TRK123")
    await world.tap("Asha", "Yes, cancel it")
    await at_once(world)
    told = heard(world)
    assert told["Asha"][0] == "#1001 is on its way to you. Tracking number: TRK123"
    assert [body.startswith("#1001 is shipped already, so I cannot cancel it.") for body in told["Asha"]] == [
        False,
        True,
    ]
    assert told["Ravi"] == ["#1001 · Shipped\n🚚 TRK123\nThe customer is told."]
    assert await path(world) == [(3, "confirm", "confirmed", "Ravi"), (4, "ship", "shipped", "Ravi")]


async def test_six_taps_in_one_batch_are_six_answers_and_one_path(world: Stage) -> None:
    for command in ("confirm", "start", "pack"):
        await world.say("Priya", f"{command} 1001")
        await world.say("Ravi", f"{command} 1001")
    await at_once(world)
    assert [len(said) for said in heard(world).values()] == [1, 3, 3]
    assert [(version, action) for version, action, _, _ in await path(world)] == [
        (3, "confirm"), (4, "start"), (5, "pack"),
    ]  # fmt: skip


async def _asked_to_cancel(world: Stage) -> None:
    """It is confirmed, and Asha has been asked whether she means her cancel."""
    await world.tap("Ravi", "Confirm")
    await world.settle()
    await world.say("Asha", "cancel")
    await world.settle()
    heard(world)
