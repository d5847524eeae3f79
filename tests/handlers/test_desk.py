"""Staff at the desk: what they write and tap is done, asked about or refused, with rows of a real database."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.clock import Clock, Ids
from flows.inbound import Message, Sender, Tap, Words
from flows.messages import Buttons, Rows, Text, load
from flows.messages import Message as Said
from flows.order import Line, Order, Step
from flows.settings import Settings
from flows.store import Store
from handlers import routes
from handlers.turn import Turn
from models import contacts, orders, outbox, questions, staff, stores
from models.address import Address
from models.audit import AuditRow
from models.catalog import ProductRow
from models.database import Database
from models.engines import Connection
from models.inbox import Event
from models.orders import OrderHistoryRow, OrderRow
from models.outbox import OutboxRow
from models.statements import INT, insert, select, statement
from models.work import Work

NOW = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
"""Ten in the morning in the shop."""
SETTINGS = {"carriers": "BlueDart,Blue Dart Express", "undo_window": "0s"}
STORE = Store(1, "Nukkad", "IN", "INR", "Asia/Kolkata", "en", SETTINGS, b"salt")
CHAI = Line("CHAI", "Masala chai", 2, 34900)
ADDRESS = {"name": "Asha Rao", "address": "12 MG Road", "city": "Bengaluru", "in_pin_code": "560001"}
PEOPLE = {"Asha": "919800000001", "Priya": "919800000002", "Ravi": "919800000003", "Vik": "919800000004"}
ROLES = {"Priya": "owner", "Ravi": "agent", "Vik": "viewer"}

_AFTER = select(OutboxRow, "WHERE t.id > :id ORDER BY t.id", id=INT)
_PRODUCT = insert(
    ProductRow, "id", "store_id", "retailer_id", "title", "price", "currency", "description", "brand", "availability",
    "image_link", "link", "item_group_id", "on_hand", "kind", "extras", "reserved", "updated_at",
)  # fmt: skip
_STOCK = statement("SELECT on_hand, reserved FROM product", {}, {"on_hand": INT, "reserved": INT})
_RECEIVED = statement("UPDATE outbox SET wamid = 'wamid.' || id", {}, {})
_AUDIT = select(AuditRow, "ORDER BY t.id")
_HISTORY = select(OrderHistoryRow, "ORDER BY t.order_id, t.version")
_ORDERS = select(OrderRow, "ORDER BY t.number")


@dataclass
class StillClock(Clock):
    at: datetime = field(default=NOW)

    def now(self) -> datetime:
        return self.at


@dataclass
class Shop:
    """A shop with three people and an open database; every act is a unit of work of its own."""

    database: Database
    people: dict[str, int] = field(default_factory=dict)
    clock: StillClock = field(default_factory=StillClock)
    store: Store = STORE
    events: int = 0
    heard: int = 0
    told: list[Said] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ids = Ids(self.clock)

    def work(self, connection: Connection) -> Work:
        return Work(connection, store=self.store, now=self.clock.now(), ids=self.ids)

    async def open(self) -> None:
        async with self.database.transaction() as connection:
            await stores.create(connection, self.store, NOW)
            product: tuple[Any, ...] = (
                1, 1, "CHAI", "Masala chai", 34900, "INR", "", "", "in stock", "", "", "", 100, "product", {}, 0, NOW,
            )  # fmt: skip
            await connection.write([(_PRODUCT, [product])])
            work = self.work(connection)
            for name, number in PEOPLE.items():
                if name in ROLES:
                    person = await staff.appoint(work, wa_id=number, role=ROLES[name], name=name)
                    self.people[name] = person.contact_id
                else:
                    self.people[name] = contacts.create(work, wa_id=number, bsuid=None, name=name).id
            await work.flush()

    async def place(self, **given: Any) -> Order:
        """An order of two packets of tea by Asha, its address known, waiting for the shop."""
        async with self.database.transaction() as connection:
            work = self.work(connection)
            order = Order(
                id=self.ids.new(), store_id=1, contact_id=self.people["Asha"], number=await orders.take_number(work),
                kind="product", status="placed", checkout_step=Step.COMPLETE, payment_method="cod",
                delivery_method="courier", currency="INR", subtotal=69800, discount=0, tax=0, shipping=0, total=69800,
                placed_at=work.now, changed_at=work.now, address=ADDRESS,
            )  # fmt: skip
            order = replace(order, **given)
            await orders.place(work, order, [CHAI], event_id=self._next(), settings=Settings(self.store.settings))
            await work.flush()
        return order

    async def say(self, name: str, text: str, **given: Any) -> Said | None:
        """What the bot answers `name`; None when it was not for the desk."""
        return await self._turn(name, Words(text), **given)

    async def tap(self, name: str, button: str, **given: Any) -> Said | None:
        return await self._turn(name, Tap(button, "-"), **given)

    async def _turn(
        self, name: str, content: Words | Tap, *, late: timedelta = timedelta(), **given: Any
    ) -> Said | None:
        message = Message("wamid.in", Sender(PEOPLE[name], None), self.clock.now(), content, **given)
        async with self.database.transaction() as connection:
            work = self.work(connection)
            people, members, asked = await connection.fetch(
                contacts.load([PEOPLE[name]], 1), staff.LIST(store_id=1), questions.load([PEOPLE[name]], 1)
            )
            contacts.loaded(work, people)
            staff.loaded(work, members)
            questions.loaded(work, asked)
            contact = contacts.recognise(work, message.sender)
            event = Event(self._next(), "message", "c", b"", 0, self.clock.now())
            turn = Turn(work, event, message, contact, staff.find(work, contact.id), self.clock.now() - late)
            await routes.find(message, turn.staff)(turn)
            await outbox.write_alerts(work)
            await work.flush()
        answers = [said for contact_id, said in await self.new() if contact_id == self.people[name]]
        assert len(answers) <= 1
        return answers[0] if answers else None

    async def new(self) -> list[tuple[int, Said]]:
        """What was queued since the last look, for whom."""
        async with self.database.transaction() as connection:
            [rows] = await connection.fetch(_AFTER(id=self.heard))
        self.heard = max([self.heard, *(row["id"] for row in rows)])
        self.told = [load(row["message"]) for row in rows if row["contact_id"] == self.people["Asha"]]
        return [(row["contact_id"], load(row["message"])) for row in rows]

    async def statuses(self) -> list[str]:
        async with self.database.transaction() as connection:
            [rows] = await connection.fetch(_ORDERS())
        return [row["status"] for row in rows]

    async def stock(self) -> tuple[int, int]:
        async with self.database.transaction() as connection:
            [[row]] = await connection.fetch(_STOCK())
        return row["on_hand"], row["reserved"]

    async def tried(self) -> list[tuple[str, str]]:
        async with self.database.transaction() as connection:
            [rows] = await connection.fetch(_AUDIT())
        return [(row["action"], row["outcome"]) for row in rows]

    async def changes(self) -> list[tuple[str, str, str]]:
        async with self.database.transaction() as connection:
            [rows] = await connection.fetch(_HISTORY())
        return [(row["action"], row["status_after"], row["note"]) for row in rows]

    async def delivered(self) -> str:
        """Every message is out; the wamid of the last."""
        async with self.database.transaction() as connection:
            await connection.run(_RECEIVED())
        return f"wamid.{self.heard}"

    def _next(self) -> int:
        self.events += 1
        return self.events


@pytest.fixture
async def shop(ready_url: str) -> AsyncIterator[Shop]:
    database = Database(Address(ready_url))
    await database.open()
    try:
        shop = Shop(database)
        await shop.open()
        yield shop
    finally:
        await database.close()


def body(said: Said | None) -> str:
    assert isinstance(said, Text | Buttons | Rows)
    return said.body


def buttons(said: Said | None) -> list[str]:
    return [button.id for button in said.buttons] if isinstance(said, Buttons) else []


async def test_an_order_is_taken_from_placed_to_delivered(shop: Shop) -> None:
    await shop.place()
    answers: list[tuple[str, list[str]]] = []
    for text in ("confirm 1001", "Pack #1001", "/ship 1001 TRK123 bluedart by noon", "out 1001", "deliver 1001."):
        said = await shop.say("Ravi", text)
        answers.append((body(said), buttons(said)))

    assert answers == [
        ("#1001 · Confirmed\nThe customer is told.", ["o1001.2.ship", "o1001.2.pack", "o1001.2.start"]),
        ("#1001 · Packed", ["o1001.3.ship", "o1001.3.hold", "o1001.3.cancel"]),
        (
            "#1001 · Shipped\n🚚 TRK123 (BlueDart)\nNote: “by noon”\nThe customer is told.",
            ["o1001.4.deliver", "o1001.4.out", "o1001.4.cancel"],
        ),
        ("#1001 · Out for delivery\nThe customer is told.", ["o1001.5.deliver", "o1001.5.cancel"]),
        ("#1001 · Delivered\n₹698.00 is due. When it is here: *paid 1001 698.00 cash*\nThe customer is told.", []),
    ]
    assert await shop.stock() == (98, 0)
    assert await shop.changes() == [
        ("place", "placed", ""), ("confirm", "confirmed", ""), ("pack", "packed", ""), ("ship", "shipped", "by noon"),
        ("out", "out_for_delivery", ""), ("deliver", "delivered", ""),
    ]  # fmt: skip
    assert await shop.tried() == [(word, "done") for word in ("confirm", "pack", "ship", "out", "deliver")]


async def test_quiet_sends_the_customer_nothing(shop: Shop) -> None:
    await shop.place()

    assert (
        body(await shop.say("Ravi", "confirm 1001 quiet"))
        == "#1001 · Confirmed\nThe customer is not told, as you wished."
    )
    assert shop.told == []


async def test_the_customer_reads_each_step_with_its_number(shop: Shop) -> None:
    await shop.place()
    told = []
    for text in ("confirm 1001", "ship 1001 TRK123", "deliver 1001"):
        await shop.say("Ravi", text)
        told += [body(said).split()[0] for said in shop.told]

    assert told == ["#1001", "#1001", "#1001"]


async def test_several_orders_get_one_answer_with_a_reason_for_each_refusal(shop: Shop) -> None:
    for _ in range(3):
        await shop.place()
    await shop.say("Ravi", "confirm 1002")
    await shop.say("Ravi", "hold 1003 no tea")

    assert await shop.say("Ravi", "confirm 1001 1002 1003 1099") == Text(
        "✅ #1001 · Confirmed\n"
        "▫️ #1002 · Confirmed: done already\n"
        "✖️ #1003 · On hold: An order that is “On hold” does not go that way. "
        "Possible now: *release 1003*, *cancel 1003*, *reject 1003 reason*.\n"
        "✖️ #1099: there is no such order."
    )
    assert await shop.statuses() == ["confirmed", "confirmed", "on_hold"]
    assert (await shop.tried())[2:] == [
        ("confirm", "done"), ("confirm", "already"), ("confirm", "refused"), ("confirm", "unknown"),
    ]  # fmt: skip


async def test_what_was_done_already_names_who_did_it_and_when(shop: Shop) -> None:
    await shop.place()
    await shop.say("Priya", "confirm 1001")
    shop.clock.at += timedelta(hours=1)
    await shop.say("Ravi", "ship 1001 TRK123")
    shop.clock.at += timedelta(hours=1)

    assert body(await shop.say("Ravi", "confirm 1001")) == (
        "#1001 · Shipped\nThat is done already: confirmed (Priya, 2 Mar, 10:00)."
    )
    assert body(await shop.say("Priya", "pack 1001")) == (
        "#1001 · Shipped\nIt is further than that already: shipped (Ravi, 2 Mar, 11:00)."
    )
    assert (await shop.tried())[2:] == [("confirm", "already"), ("pack", "already")]


async def test_a_refusal_names_what_is_missing_and_a_command_that_helps(shop: Shop) -> None:
    await shop.place(address=None, checkout_step=Step.ADDRESS)
    await shop.say("Ravi", "confirm 1001")

    assert body(await shop.say("Ravi", "ship 1001")) == (
        "#1001 · Confirmed\n*ship* cannot be done now:\n"
        "• The delivery address is missing. Ask for it, *chat 1001 text*, and write it down: *address 1001 TEXT*\n"
        "• The tracking number is missing: *ship 1001 TRACKING*"
    )
    assert await shop.statuses() == ["confirmed"]
    assert await shop.stock() == (100, 2)


async def test_why_gives_every_reason_in_words(shop: Shop) -> None:
    await shop.place(address=None, checkout_step=Step.ADDRESS)

    assert body(await shop.say("Vik", "why 1001 ship")) == (
        "#1001 · Placed\n*ship* cannot be done now:\n"
        "• An order that is “Placed” does not go that way. "
        "Possible now: *confirm 1001*, *hold 1001 reason*, *cancel 1001*, *reject 1001 reason*."
    )
    await shop.say("Ravi", "confirm 1001 quiet")
    assert body(await shop.say("Vik", "why 1001 ship")).count("\n• ") == 2


async def test_why_without_an_action_explains_what_could_come_next(shop: Shop) -> None:
    await shop.place()
    await shop.say("Ravi", "confirm 1001")
    await shop.say("Ravi", "pack 1001")

    assert await shop.say("Ravi", "why 1001") == Text(
        "#1001 · Packed\n"
        "• *deliver*: It was not packed to be fetched, so it has to be shipped first: *ship 1001 TRACKING*\n"
        "• *out*: Only your own rider takes a packed order straight out. Hand this one over: *ship 1001 TRACKING*"
    )
    assert body(await shop.say("Ravi", "why 1001 cancel")) == (
        "#1001 · Packed\nNothing stands in the way of *cancel*: write *cancel 1001*"
    )


async def test_the_tracking_number_is_asked_for_and_the_next_message_answers(shop: Shop) -> None:
    await shop.place()
    await shop.say("Ravi", "confirm 1001")

    asked = await shop.say("Ravi", "ship 1001 careful, glass quiet")
    assert body(asked) == (
        "#1001 · Confirmed\nWhat is the tracking number? Write it, and the carrier if you like, or *cancel* to drop it."
    )
    assert body(await shop.say("Ravi", "not there yet")) == (
        "#1001 · Confirmed\nI found no tracking number in “not there yet”: one is a single word with digits.\n"
        "What is the tracking number? Write it, and the carrier if you like, or *cancel* to drop it."
    )
    assert body(await shop.say("Ravi", "1042 blue dart express")) == (
        "#1001 · Shipped\n🚚 1042 (Blue Dart Express)\nNote: “careful, glass”\nThe customer is not told, as you wished."
    )
    assert (await shop.tried())[1:] == [("ship", "asked"), ("ship", "unclear"), ("ship", "done")]


async def test_the_reason_of_a_hold_is_asked_for_and_the_customer_reads_it(shop: Shop) -> None:
    await shop.place()

    await shop.tap("Ravi", "o1001.1.hold")
    assert body(await shop.say("Ravi", "out of stock")) == (
        "#1001 · On hold\nNote: “out of stock”\nThe customer is told."
    )
    assert [body(said) for said in shop.told] == [
        "#1001 has to wait a little. We write to you as soon as it goes on. Reason: out of stock"
    ]
    assert buttons(await shop.say("Ravi", "1001")) == ["o1001.2.release", "o1001.2.cancel", "o1001.2.reject"]
    assert body(await shop.say("Ravi", "release 1001")) == "#1001 · Placed\nThe customer is told."


async def test_a_missing_number_is_asked_for(shop: Shop) -> None:
    await shop.place()

    assert await shop.say("Ravi", "hold out of paper") == Text(
        "Which order do you mean? Write its number, like *1042*, or *cancel* to drop *hold*."
    )
    assert body(await shop.say("Ravi", "#1001")) == "#1001 · On hold\nNote: “out of paper”\nThe customer is told."
    await shop.say("Ravi", "release")
    assert await shop.say("Ravi", "the same") == Text(
        "“the same” is no order number, so I did nothing. For example: *release 1042*"
    )
    assert body(await shop.say("Ravi", "thank you")).startswith("I do not know “thank”")


async def test_cancel_drops_a_question_and_a_command_takes_its_place(shop: Shop) -> None:
    await shop.place()
    await shop.say("Ravi", "hold 1001")
    assert await shop.say("Ravi", "Cancel") == Text("#1001: Dropped; I did nothing.")
    await shop.say("Ravi", "hold 1001")
    assert body(await shop.say("Ravi", "confirm 1001")).startswith("#1001 · Confirmed")

    assert body(await shop.say("Ravi", "no paper")).startswith("I do not know “no”")
    assert await shop.statuses() == ["confirmed"]


async def test_after_five_minutes_an_answer_is_a_message_of_its_own(shop: Shop) -> None:
    await shop.place()
    await shop.say("Ravi", "hold 1001")
    shop.clock.at += timedelta(minutes=5)

    assert body(await shop.say("Ravi", "no paper")).startswith("I do not know “no”")
    assert await shop.statuses() == ["placed"]


async def test_canceling_asks_once_and_the_second_tap_does_it(shop: Shop) -> None:
    await shop.place()

    asked = await shop.say("Ravi", "cancel 1001 sold out")
    assert body(asked) == (
        "#1001 · Placed\nCancel this order of Asha for ₹698.00? The customer is told, and it cannot be undone.\n"
        "Reason: “sold out”"
    )
    assert buttons(asked) == ["o1001.1.cancel_yes", "o1001.1.cancel_no"]
    assert await shop.stock() == (100, 2)
    assert body(await shop.tap("Ravi", "o1001.1.cancel_yes")) == (
        "#1001 · Canceled\nNote: “sold out”\nThe customer is told.\nThere is nothing more to do."
    )
    assert await shop.stock() == (100, 0)
    assert [body(said) for said in shop.told] == ["#1001 is canceled and will not be sent. Reason: sold out"]
    assert await shop.tap("Ravi", "o1001.1.cancel_yes") == Text(
        "#1001: this question is no longer open, so I did nothing. If you still mean it: *cancel 1001*"
    )
    assert await shop.tried() == [("cancel", "asked"), ("cancel", "done"), ("cancel", "stale")]


@pytest.mark.parametrize(("word", "status"), [("Yes!", "canceled"), ("cancel it", "canceled"), ("no", "placed")])
async def test_a_word_answers_as_well_as_a_tap(shop: Shop, word: str, status: str) -> None:
    await shop.place()
    await shop.say("Ravi", "cancel 1001")
    await shop.say("Ravi", word)

    assert await shop.statuses() == [status]


@pytest.mark.parametrize("no", ["cancel", "o1001.1.cancel_no"])
async def test_an_order_that_is_kept_stays_as_it_is(shop: Shop, no: str) -> None:
    await shop.place()
    await shop.say("Ravi", "cancel 1001")
    kept = await (shop.tap if "." in no else shop.say)("Ravi", no)

    assert kept == Text("#1001 stays as it is.")
    assert body(await shop.tap("Ravi", "o1001.1.cancel_yes")).startswith("#1001: this question is no longer open")
    assert await shop.statuses() == ["placed"]


async def test_only_whoever_was_asked_may_say_yes_and_only_in_time(shop: Shop) -> None:
    await shop.place()
    await shop.say("Ravi", "cancel 1001")

    assert body(await shop.tap("Priya", "o1001.1.cancel_yes")).startswith("#1001: this question is no longer open")
    shop.clock.at += timedelta(minutes=15)
    assert body(await shop.tap("Ravi", "o1001.1.cancel_yes")).startswith("#1001: this question is no longer open")
    assert await shop.statuses() == ["placed"]


async def test_a_yes_to_canceling_is_asked_for_again_when_the_order_moved_on(shop: Shop) -> None:
    await shop.place()
    await shop.say("Ravi", "cancel 1001 sold out")
    await shop.say("Priya", "confirm 1001")

    again = await shop.tap("Ravi", "o1001.1.cancel_yes")
    assert body(again).startswith("#1001 · Confirmed\nCancel this order of Asha")
    assert body(again).endswith("Reason: “sold out”")
    await shop.say("Priya", "note 1001 he means it")
    assert body(await shop.tap("Ravi", "o1001.2.cancel_yes")).startswith("#1001 · Canceled")


async def test_a_yes_to_canceling_what_somebody_else_canceled_says_who_did(shop: Shop) -> None:
    await shop.place()
    await shop.say("Ravi", "cancel 1001")
    await shop.say("Priya", "cancel 1001")
    await shop.say("Priya", "yes")

    assert body(await shop.tap("Ravi", "o1001.1.cancel_yes")) == (
        "#1001 · Canceled\nThat is done already: canceled (Priya, 2 Mar, 10:00)."
    )


async def test_a_tap_on_an_old_card_is_done_when_it_still_means_the_same(shop: Shop) -> None:
    await shop.place()
    await shop.say("Priya", "note 1001 gift")

    assert body(await shop.tap("Ravi", "o1001.1.confirm")).startswith("#1001 · Confirmed")


async def test_a_tap_on_an_old_card_says_what_happened_meanwhile(shop: Shop) -> None:
    await shop.place()
    await shop.say("Priya", "hold 1001 no tea")
    await shop.say("Priya", "note 1001 tea comes tomorrow")

    said = await shop.tap("Ravi", "o1001.1.confirm")
    assert body(said) == (
        "#1001 · On hold\nMeanwhile something happened: put on hold (Priya, 2 Mar, 10:00). So I did not do *confirm*."
    )
    assert buttons(said) == ["o1001.3.release", "o1001.3.cancel", "o1001.3.reject"]
    assert await shop.statuses() == ["on_hold"]
    assert (await shop.tried())[-1] == ("confirm", "stale")


async def test_the_second_of_two_people_who_tap_the_same_hears_of_the_first(shop: Shop) -> None:
    await shop.place()
    await shop.tap("Priya", "o1001.1.confirm")

    assert body(await shop.tap("Ravi", "o1001.1.confirm")) == (
        "#1001 · Confirmed\nThat is done already: confirmed (Priya, 2 Mar, 10:00)."
    )
    assert [action for action, _, _ in await shop.changes()] == ["place", "confirm"]


async def test_a_release_does_not_mean_a_later_hold(shop: Shop) -> None:
    await shop.place()
    for text in ("hold 1001 no tea", "release 1001", "hold 1001 unpaid bill"):
        await shop.say("Priya", text)

    assert body(await shop.tap("Ravi", "o1001.2.release")).startswith("#1001 · On hold\nMeanwhile something happened: ")
    assert await shop.statuses() == ["on_hold"]


async def test_a_reply_to_any_message_about_an_order_needs_no_number(shop: Shop) -> None:
    await shop.place()
    await shop.place()
    await shop.say("Ravi", "order 1002")
    wamid = await shop.delivered()

    assert body(await shop.say("Ravi", "confirm", reply_to=wamid)).startswith("#1002 · Confirmed")
    assert body(await shop.say("Ravi", "hold 100 boxes short", reply_to=wamid)).startswith("#1002 · On hold")
    assert body(await shop.say("Ravi", "confirm 1001", reply_to=wamid)).startswith("#1001 · Confirmed")
    assert body(await shop.say("Ravi", "pack", reply_to="wamid.of.nothing")).startswith("Which order do you mean?")


async def test_the_card_offers_what_comes_next_to_whoever_may_do_it(shop: Shop) -> None:
    await shop.place(customer_note="ring twice")

    card = await shop.say("Ravi", " #1001 ")
    assert body(card).split("\n")[0] == "#1001 · Placed"
    assert "Chat: https://wa.me/919800000001" in body(card)
    assert isinstance(card, Rows)
    offered = ["confirm", "hold", "cancel", "reject"]
    assert [row.id for row in card.rows] == [f"o1001.1.{event}" for event in offered]
    assert await shop.tap("Ravi", "o1001.1.order") == card
    assert isinstance(await shop.say("Vik", "order 1001"), Text)


async def test_an_order_that_is_not_there_is_said_so_with_its_number(shop: Shop) -> None:
    gone = Text("There is no order #1001, so I did nothing. *orders* shows those there are.")

    assert [await shop.say("Ravi", text) for text in ("1001", "history 1001", "ship 1001 TRK123")] == [gone] * 3
    assert await shop.tap("Ravi", "o1001.1.confirm") == gone
    assert {outcome for _, outcome in await shop.tried()} == {"unknown"}


@pytest.mark.parametrize(
    ("name", "given", "outcome", "answer"),
    [
        ("Vik", {}, "refused", "Your role, viewer, may not use *confirm*, so I did nothing."),
        ("Ravi", {"forwarded": True}, "forwarded", "“confirm” came as a forwarded message, so I did nothing."),
        ("Ravi", {"late": timedelta(minutes=16)}, "late", "Your “confirm” reached me 16m late, so I did nothing."),
    ],
)
async def test_a_tap_that_may_not_be_obeyed_is_answered(
    shop: Shop, name: str, given: dict[str, Any], outcome: str, answer: str
) -> None:
    await shop.place()

    assert body(await shop.tap(name, "o1001.1.confirm", **given)).startswith(answer)
    assert await shop.statuses() == ["placed"]
    assert await shop.tried() == [("confirm", outcome)]


async def test_a_forwarded_or_late_answer_is_not_obeyed(shop: Shop) -> None:
    await shop.place()
    await shop.say("Ravi", "hold 1001")

    assert "forwarded" in body(await shop.say("Ravi", "no tea", forwarded=True))
    assert "16m late" in body(await shop.say("Ravi", "no tea", late=timedelta(minutes=16)))
    assert await shop.statuses() == ["placed"]


@pytest.mark.parametrize("button", ["menu.nothing", "a1001.yes", "o1001.1.fly", "o1001.1.note", "o1.confirm", "oops"])
async def test_a_button_that_is_none_of_the_desk_is_left_to_others(shop: Shop, button: str) -> None:
    await shop.place()

    assert body(await shop.tap("Ravi", button)).startswith("Welcome to Nukkad!")
    assert await shop.tried() == []


async def test_buttons_of_staff_do_nothing_for_customers(shop: Shop) -> None:
    await shop.place()

    assert body(await shop.tap("Asha", "o1001.1.confirm")).startswith("Welcome to Nukkad!")
    assert await shop.statuses() == ["placed"]


async def test_a_note_stays_in_the_shop(shop: Shop) -> None:
    await shop.place()

    assert await shop.say("Ravi", "note 1001 call first quiet") == Text(
        "#1001 · Placed\nNoted for the shop: “call first quiet”"
    )
    await shop.say("Ravi", "note 1001")
    assert await shop.say("Ravi", "1234 out of order") == Text(
        "#1001 · Placed\nNoted for the shop: “1234 out of order”"
    )
    assert shop.told == []
    assert body(await shop.say("Vik", "history 1001")) == (
        "#1001 · Placed\n\n2 Mar, 10:00 · placed · Asha\n"
        "2 Mar, 10:00 · note · Ravi\n    “call first quiet”\n"
        "2 Mar, 10:00 · note · Ravi\n    “1234 out of order”"
    )


def rows(said: Said | None) -> Sequence[tuple[str, str, str]]:
    assert isinstance(said, Rows)
    return [(row.id, row.title, row.description) for row in said.rows]


async def test_orders_are_listed_ten_to_a_page(shop: Shop) -> None:
    assert await shop.say("Vik", "orders") == Text(
        "There is no order yet. A customer makes the first by sending a cart."
    )
    for _ in range(11):
        await shop.place()
    await shop.say("Ravi", "confirm 1011 quiet")
    shop.clock.at += timedelta(hours=2)

    first = await shop.say("Vik", "orders")
    assert body(first).split("\n")[:4] == [
        "*11 orders*, page 1 of 2",
        "Next page: *orders 2*",
        "",
        "#1011 · Confirmed · ₹698.00 · Asha · 2h",
    ]
    assert len(rows(first)) == 10
    assert rows(first)[0] == ("o1011.2.order", "#1011 · Confirmed", "₹698.00 · Asha")
    assert rows(await shop.say("Vik", "orders 2")) == [("o1001.1.order", "#1001 · Placed", "₹698.00 · Asha")]
    assert rows(await shop.say("Vik", "orders sort date asc"))[0][0] == "o1001.1.order"
    assert [row[0] for row in rows(await shop.say("Vik", "orders Confirmed today"))] == ["o1011.2.order"]
    assert await shop.say("Vik", "orders 3") == Text("There are only 2 pages. The last: *orders 2*")
    assert await shop.say("Vik", "orders delivered") == Text("There is no such order. *orders* shows all.")
    assert body(await shop.say("Vik", "orders yours")).startswith("I do not know “yours” after *orders*.")


async def test_today_begins_at_the_shops_midnight(shop: Shop) -> None:
    shop.clock.at = datetime(2026, 3, 2, 18, 29, tzinfo=UTC)
    await shop.place()
    shop.clock.at += timedelta(minutes=2)
    await shop.place()

    assert [row[0] for row in rows(await shop.say("Vik", "orders today"))] == ["o1002.1.order"]


async def test_what_cannot_be_read_is_said_and_recorded(shop: Shop) -> None:
    await shop.place()

    assert body(await shop.say("Ravi", "cancel 1001 1002")).startswith("*cancel* takes one order at a time")
    assert await shop.tried() == [("cancel", "unclear")]
    assert await shop.statuses() == ["placed"]
