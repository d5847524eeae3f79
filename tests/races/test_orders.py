"""Two act on one order at the same moment, a thousand times: one wins, the other is told what happened, nothing is lost.

Every round is an order of its own; who comes second is let go as soon as the first has claimed its events.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from models.inbox import Arrival
from tests.budget import RACES
from tests.invariants_orders import broken, shelf
from tests.races.track import PRIYA, RAVI, Track, track

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(1200)]
BLOCK = 20
"""Of one person so many are claimed at once."""


async def judged(races: Track, came: dict[str, int | None]) -> list[str]:
    """What does not hold after the races."""
    found = [f"{type(error).__name__}: {error}" for error in races.escaped]
    found += [str(row) for row in await races.unsettled()]
    return found + await broken(races.world, came)


async def changes(races: Track) -> dict[int, list[str]]:
    rows = await races.world.rows(
        "SELECT o.number, h.action FROM order_history h JOIN orders o ON o.id = h.order_id ORDER BY h.order_id, h.version"
    )
    done: dict[int, list[str]] = {}
    for row in rows:
        done.setdefault(row["number"], []).append(row["action"])
    return done


@dataclass(frozen=True)
class Duel:
    """What two of the shop write of one order at the same instant, after it was `brought` so far."""

    first: str
    second: str
    brought: tuple[str, ...] = ()
    has_one: bool = True
    """Only one of both can be done, whichever comes first."""


SENT = ("confirm {}", "ship {} TRK1")
DELIVERED = (*SENT, "deliver {}")
DUELS = (
    Duel("confirm {}", "confirm {}"),
    Duel("hold {} is it right?", "hold {} out of paper"),
    Duel("paid {} 898.00 credit", "paid {} 800.00 credit"),
    Duel("release {}", "release {}", ("hold {} why",)),
    Duel("start {}", "start {}", ("confirm {}",)),
    Duel("pack {}", "pack {}", ("confirm {}",)),
    Duel("ship {} TRK1", "ship {} TRK2", ("confirm {}",)),
    Duel("ship {} TRK1", "hold {} out of paper", ("confirm {}",)),
    Duel("ship {} 1xCHAI-250 TRK1", "ship {} 1xCHAI-250 TRK2", ("confirm {}",)),
    Duel("ship {} TRK1", "add {} 2xCOFFEE-500", ("confirm {}",), has_one=False),
    Duel("deliver {}", "deliver {}", SENT),
    Duel("return {} broken", "return {} wrong colour", DELIVERED),
    Duel("received {} restock", "received {} damaged", (*DELIVERED, "return {} broken")),
)
CREDIT = 89800
"""What an order comes to, and all that its customer has at the shop."""


async def test_of_two_staff_one_does_it_and_the_other_hears_why_not(postgres_url: str, tmp_path: Path) -> None:
    """The duels rotate, so that each has its share of the rounds."""
    shop = "order_flow=manual;auto_collect_address=off;delivery_methods=pickup"
    async with track(postgres_url, tmp_path, STORE_SETTINGS=shop) as races:
        came = await shelf(races.world)
        duels = {number: DUELS[n % len(DUELS)] for n, number in enumerate(await races.customers(RACES))}
        await give_credit(races)
        for step in range(max(len(duel.brought) for duel in DUELS)):
            steps = [(n, duel.brought[step]) for n, duel in duels.items() if step < len(duel.brought)]
            await races.alone(*(races.words(PRIYA, words.format(number)) for number, words in steps))
        rounds: dict[int, tuple[Arrival, ...]] = {}
        numbers = list(duels)
        for start in range(0, RACES, BLOCK):
            block = {number: duels[number] for number in numbers[start : start + BLOCK]}
            one = [races.words(PRIYA, duel.first.format(number)) for number, duel in block.items()]
            other = [races.words(RAVI, duel.second.format(number)) for number, duel in block.items()]
            rounds |= dict(zip(block, zip(one, other, strict=True), strict=True))
            await races.clash(*((one, other) if start // BLOCK % 2 else (other, one)))
        print(f"{races.conflicts} conflicts")
        assert await judged(races, came) == []
        tried = await races.tried()
        won = Counter[tuple[Duel, str]]()
        for number, both in rounds.items():
            duel, said = duels[number], [tried[arrival.source_id] for arrival in both]
            outcomes = [command.outcome for command in said]
            assert outcomes.count("done") == 1 or (not duel.has_one and outcomes == ["done", "done"]), (duel, said)
            assert set(outcomes) <= {"done", "already", "refused"}, (duel, said)
            for command in said:
                assert command.has_changed == (command.outcome == "done"), (duel, command)
                assert command.answer.startswith(f"#{number} ·"), (duel, command)
            won[duel, "both" if outcomes == ["done", "done"] else ("first", "second")[outcomes.index("done")]] += 1
        assert {duel for duel, who in won if who == "first"} == set(DUELS)
        assert {duel for duel, who in won if who != "first"} == set(DUELS)
        assert races.conflicts > RACES // BLOCK * 4 // 5, "they hardly met, or otherwise than as a conflict"


async def give_credit(races: Track) -> None:
    await races.world.run(
        "INSERT INTO credit_account (id, store_id, contact_id, currency, balance, version)"
        f" SELECT id, store_id, contact_id, currency, {CREDIT}, 1 FROM orders"
    )
    await races.world.run(
        f"INSERT INTO credit_entry (account_id, amount, reason, at) SELECT id, {CREDIT}, 'a gift', placed_at FROM orders"
    )


async def test_a_cancel_and_a_ship_have_one_winner(postgres_url: str, tmp_path: Path) -> None:
    async with track(postgres_url, tmp_path) as races:
        came = await shelf(races.world)
        orders = await races.customers(RACES)
        await races.alone(*map(races.form, orders.values()))
        await races.alone(*(races.tap(sender, f"c{number}.ask") for number, sender in orders.items()))
        numbers = list(orders)
        for start in range(0, RACES, BLOCK):
            block = numbers[start : start + BLOCK]
            ships = [races.words(PRIYA, f"ship {number} TRK{number}") for number in block]
            cancels = [races.tap(orders[number], f"c{number}.yes") for number in block]
            await races.clash(*((ships, cancels) if start // BLOCK % 2 else (cancels, ships)))
        print(f"{races.conflicts} conflicts")
        assert await judged(races, came) == []
        done = await changes(races)
        last = {number: path[-1] for number, path in done.items()}
        assert set(last.values()) <= {"ship", "cancel"}
        for number, sender in orders.items():
            answer = (await races.said(sender))[-1]
            expected = "is shipped already, so I cannot cancel it" if last[number] == "ship" else "is canceled."
            assert expected in answer, (number, answer)
        told = await races.said(PRIYA)
        shipped = sum(action == "ship" for action in last.values())
        assert sum("· Shipped" in body for body in told) == shipped
        assert sum("· Canceled" in body and "canceled it. Stop" not in body for body in told) == RACES - shipped
        assert races.conflicts > 0, "they never met"


async def test_a_timer_never_takes_an_order_from_who_answers(postgres_url: str, tmp_path: Path) -> None:
    """Put aside first or answered first: the order is complete, its pieces are promised, and its customer knows."""
    async with track(postgres_url, tmp_path, STORE_SETTINGS="order_flow=manual") as races:
        came = await shelf(races.world)
        orders = await races.customers(RACES)
        ids = {row["number"]: row["id"] for row in await races.world.rows("SELECT number, id FROM orders")}
        numbers = list(orders)
        for start in range(0, RACES, BLOCK):
            block = numbers[start : start + BLOCK]
            rings = [_ring(ids[number]) for number in block]
            answers = [races.form(orders[number]) for number in block]
            await races.clash(*((rings, answers) if start // BLOCK % 2 else (answers, rings)))
        print(f"{races.conflicts} conflicts")
        assert await judged(races, came) == []
        paths = Counter(map(tuple, (await changes(races)).values()))
        assert set(paths) <= {("place", "address"), ("place", "abandon", "recover", "address")}
        rows = await races.world.rows(
            "SELECT status, checkout_step, COUNT(*) AS n FROM orders GROUP BY status, checkout_step"
        )
        assert [(row["status"], row["checkout_step"], row["n"]) for row in rows] == [("placed", "complete", RACES)]
        assert races.conflicts > 0, "they never met"


def _ring(order_id: int) -> Arrival:
    return Arrival(f"t:race:{order_id}", "timer.abandon", f"t:abandon:{order_id}", b'{"subject": "%d"}' % order_id)


CONTENDERS, PIECES = 4, 2
SHELVES = 50
"""Races in a round: each has two products of its own, in the carts in opposite order."""


async def test_the_last_pieces_go_to_exactly_as_many(postgres_url: str, tmp_path: Path) -> None:
    async with track(postgres_url, tmp_path) as races:
        world = races.world
        await world.run(
            "INSERT INTO product (id, store_id, retailer_id, title, price, currency, description, brand, availability,"
            " image_link, link, item_group_id, on_hand, kind, extras, reserved, updated_at)"
            " SELECT 10000 + n * 2 + k, p.store_id, 'S' || n || CASE k WHEN 0 THEN 'a' ELSE 'b' END, 'Thing', 100, 'INR', '', '',"
            f" 'in stock', '', '', '', {PIECES}, p.kind, p.extras, 0, p.updated_at"
            f" FROM product p, generate_series(0, {RACES - 1}) n, generate_series(0, 1) k WHERE p.retailer_id = 'CHAI-250'"
        )
        came = await shelf(world)
        for start in range(0, RACES, SHELVES):
            groups = []
            for contender in range(CONTENDERS):
                skus = ("a", "b") if contender % 2 else ("b", "a")
                block = range(start, start + SHELVES) if contender % 2 else range(start + SHELVES - 1, start - 1, -1)
                groups.append([races.cart(f"91{contender}{n:09}", *(f"S{n}{sku}" for sku in skus)) for n in block])
            await races.clash(*groups)
        print(f"{races.conflicts} conflicts")
        assert await judged(races, came) == []
        sold = await world.rows(
            "SELECT reserved, COUNT(*) AS n FROM product WHERE retailer_id LIKE 'S%' GROUP BY reserved"
        )
        assert [(row["reserved"], row["n"]) for row in sold] == [(PIECES, 2 * RACES)]
        [row] = await world.rows("SELECT COUNT(*) AS n FROM orders")
        assert row["n"] == PIECES * RACES
        bodies = await world.rows("SELECT message ->> 'body' AS body FROM outbox WHERE purpose = 'reply'")
        assert sum("Thank you! This is your order" in row["body"] for row in bodies) == PIECES * RACES
        assert sum("is sold out" in row["body"] for row in bodies) == (CONTENDERS - PIECES) * RACES
