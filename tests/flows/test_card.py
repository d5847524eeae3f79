"""The card of an order: whatever was bought, where it stands, its money and its parcels are on it."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from flows import card, checkout, sections
from flows.fulfilment import Shipment
from flows.ledger import Payment
from flows.messages import BODY, Buttons, Rows
from flows.order import Line, Order, Step
from flows.settings import Settings
from flows.store import Store

NOW = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
STORE = Store(1, "Nukkad", "IN", "INR", "Asia/Kolkata", "en", {}, b"salt")
TITLES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=200)
LINES = st.lists(st.tuples(TITLES, st.integers(1, 99)), min_size=1, max_size=30)
ADDRESSES = st.lists(st.text("Lake Road 12", min_size=1, max_size=200), min_size=1, max_size=12)


@given(
    sold=LINES, address=ADDRESSES, note=TITLES, tags=st.lists(st.text("abc", min_size=1, max_size=30), max_size=20),
    counts=st.tuples(st.integers(1, 5), st.integers(0, 6), st.integers(1, 6)),
)  # fmt: skip
def test_however_much_was_bought_the_card_shows_status_money_and_parcels(
    sold: list[tuple[str, int]], address: list[str], note: str, tags: list[str], counts: tuple[int, int, int]
) -> None:  # fmt: skip
    parcels, payments, offered = counts
    lines = [Line(f"SKU-{n}", title, count, 10**9) for n, (title, count) in enumerate(sold)]
    total = sum(line.total for line in lines)
    order = replace(ORDER, subtotal=total, total=total, address={"text": "\n".join(address)[:600]}, tags=tags,
                    customer_note=note, tracking="T" * 60, carrier="C" * 40, captured=total)  # fmt: skip
    everything = {line.retailer_id: line.quantity for line in lines}
    sent = [shipment(n + 1, everything) for n in range(parcels)]
    paid = [payment(n, total) for n in range(payments)]
    money = sections.money(order, paid, [], STORE, credit=10**9)
    boxes = sections.parcels(order, lines, sent, Settings({}), STORE)

    shown = card.card(
        order, lines, STORE, Settings({}), customer="W" * 500, chat="https://wa.me/919800000001", now=NOW,
        actions=("confirm", "hold", "cancel", "ship", "pack", "start")[:offered], details=[money, boxes],
    )  # fmt: skip

    assert isinstance(shown, Buttons | Rows)
    assert len(shown.body) <= BODY
    assert shown.body.startswith(card.head(order, STORE))
    assert "\n".join(checkout.prices(order, STORE, "en")) in shown.body
    assert money.split("\n")[0] in shown.body
    assert "📦 1" in shown.body


def test_goods_give_way_first_and_are_counted() -> None:
    lines = [Line(f"SKU-{n}", f"Number {n} " + "x" * 30, 1, 100) for n in range(30)]
    details = ["💰 paid, transfer\n• ₹30.00 transfer, received", "📦 1: shipped, TRK1\n📦 2: ready"]

    shown = card.card(
        ORDER, lines, STORE, Settings({}), customer="Asha", chat=None, now=NOW, actions=["hold"], details=details
    )

    assert isinstance(shown, Buttons)
    assert len(shown.body) <= BODY
    assert "1 × Number 0 " in shown.body
    goods = shown.body.count("1 × Number")
    assert f"… and {30 - goods} more: *items 1042*" in shown.body
    assert len(shown.body) > BODY - 60
    assert shown.body.endswith("\n\n".join(details))


ORDER = Order(
    id=1, store_id=1, contact_id=7, number=1042, kind="product", status="shipped", checkout_step=Step.COMPLETE,
    payment_method="transfer", delivery_method="courier", currency="INR", subtotal=3000, discount=0, tax=0, shipping=0,
    total=3000, placed_at=NOW, changed_at=NOW,
)  # fmt: skip


def shipment(number: int, parts: dict[str, int]) -> Shipment:
    return Shipment(number, 1, number, "shipped", parts, "L" * 30, "T" * 60, "C" * 40, shipped_at=NOW)


def payment(number: int, amount: int) -> Payment:
    return Payment(number, 1, 1, "transfer", amount, "INR", "completed", NOW, transaction_id="R" * 60, captured_at=NOW)
