"""An order as a message that is paid in the chat: the sums, the parts, who receives it and where it comes from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.rules import messages as rules
from bot.whatsapp.wire import payload
from flows import order_details, payments
from flows.ledger import CHECKOUT, Payment
from flows.messages import OrderDetails
from flows.order import Line, Order, Step
from flows.payable import Gateway, Item, PaymentLink, UpiLink
from flows.requests import Asking
from flows.settings import Settings
from flows.store import Store

NOW = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
STORE = Store(1, "Nukkad", "IN", "INR", "Asia/Kolkata", "en_IN", {}, b"salt")
SET = {
    "pay.provider": "razorpay", "pay.configuration": "nukkad", "pay.note": "Thank you",
    "pay.importer": "Nukkad Stores, 12 MG Road, Camp, Pune, MH, 411001",
}  # fmt: skip
FORM = {"name": "Asha Rao", "address": "4 FC Road", "city": "Pune", "in_pin_code": "411004"}
LINES = (Line("CHAI", "Masala Chai", 2, 10050), Line("TOTE", "A tote " * 20, 1, 4500))
ORDER = Order(
    id=1, store_id=1, contact_id=7, number=1042, kind="product", status="placed", checkout_step=Step.COMPLETE,
    payment_method="whatsapp_pay", delivery_method="courier", currency="INR", subtotal=24600, discount=1001, tax=1180,
    shipping=4900, total=29679, placed_at=NOW, changed_at=NOW, address=FORM,
)  # fmt: skip


def asking(
    order: Order = ORDER,
    *,
    amount: int | None = None,
    lines: tuple[Line, ...] = LINES,
    also: dict[str, str] | None = None,
) -> Asking:
    asked = Payment(
        5, 1, 1, "whatsapp_pay", order.total if amount is None else amount, order.currency, CHECKOUT, NOW,
        provider="whatsapp", reference="w1abc", asked_at=NOW, expires_at=NOW + timedelta(hours=72),
    )  # fmt: skip
    return Asking(order, asked, STORE, Settings(SET | (also or {})), "en", lines, "Asha")


def message(told: Asking) -> OrderDetails:
    found = told.message()
    assert isinstance(found, OrderDetails)
    rules.check(payload(found, wa_id="919800000001", bsuid=None, token="t"), business_number="919800000009")
    return found


def test_the_whole_order_is_asked_for_line_by_line_to_the_paisa() -> None:
    told = message(asking())
    assert [(item.amount, item.quantity) for item in told.items] == [(10050, 2), (4500, 1)]
    assert (told.subtotal, told.tax, told.shipping, told.discount, told.total) == (24600, 1180, 4900, 1001, 29679)
    assert told.ways == (Gateway("razorpay", "nukkad", note="#1042"),)
    assert told.body == "💳 #1042: please pay ₹296.79 to Nukkad, here in WhatsApp.\nThank you"
    assert told.expires_at == int((NOW + timedelta(hours=72)).timestamp())
    assert not told.is_quick


def test_a_part_is_one_item_without_tax_and_shipping() -> None:
    told = message(asking(amount=10000))
    assert [(item.name, item.amount) for item in told.items] == [("A part of order #1042", 10000)]
    assert (told.total, told.tax, told.shipping, told.discount, told.is_quick) == (10000, 0, 0, 0, True)


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 99)), min_size=1, max_size=12),
    st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**6),
)  # fmt: skip
def test_what_is_asked_for_is_always_the_amount_asked_for(
    sold: list[tuple[int, int]], tax: int, shipping: int, discount: int, part: int
) -> None:
    lines = tuple(Line(f"S{n}", f"Thing {n}", pieces, price) for n, (price, pieces) in enumerate(sold))
    subtotal = sum(line.total for line in lines)
    discount = min(discount, subtotal)
    total = subtotal + tax + shipping - discount
    order = replace(ORDER, subtotal=subtotal, tax=tax, shipping=shipping, discount=discount, total=total)
    for amount in {min(part, total), total} - {0}:
        assert message(asking(order, amount=amount, lines=lines)).total == amount


def test_what_cannot_be_shown_is_said_with_a_way_to_pay() -> None:
    assert "cannot show it" in message(asking()).words
    assert "upi://pay?pa=shop@bank" in message(asking(also={"pay.provider": "upi", "pay.vpa": "shop@bank"})).words


def test_a_upi_link_has_metas_keys_and_no_other() -> None:
    told = message(asking(also={"pay.provider": "upi", "pay.vpa": "shop@bank", "pay.mcc": "5411", "pay.purpose": "03"}))
    assert told.ways == (UpiLink("upi://pay?pa=shop@bank&pn=Nukkad&mc=5411&purpose=03&tr=w1abc"),)
    with pytest.raises(ValueError, match="and nothing else"):
        UpiLink("upi://pay?pa=shop@bank&pn=Nukkad&tr=w1&am=100")


def test_a_page_of_a_provider_is_opened_from_the_chat() -> None:
    told = asking(also={"pay.provider": "link", "pay.links": "stripe"})
    paid = replace(told, asked=replace(told.asked, url="https://pay.example/1"))
    assert message(paid).ways == (PaymentLink("https://pay.example/1"),)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (FORM, "Asha Rao / Asha Rao, 4 FC Road, Pune / Pune / Maharashtra / 411004"),
        ({"text": "Asha Rao\n4 FC Road, Pune 411004"}, "Asha / Asha Rao, 4 FC Road, Pune / Pune / Maharashtra / 411004"),
        ({"text": "4 FC Road\nBengaluru - 560 001"}, "Asha / 4 FC Road, Bengaluru / Bengaluru / Karnataka / 560001"),
        (
            {"text": "4 FC Road, Pune, Maharashtra, 411004"},
            "Asha / 4 FC Road, Pune, Maharashtra / Pune / Maharashtra / 411004",
        ),
    ],
)  # fmt: skip
def test_goods_that_are_sent_have_a_beneficiary(address: dict[str, str], expected: str) -> None:
    [person] = message(asking(replace(ORDER, address=address))).beneficiaries
    assert f"{person.name} / {person.line1} / {person.city} / {person.state} / {person.postal_code}" == expected


def test_what_is_fetched_or_downloaded_has_none() -> None:
    fetched = message(asking(replace(ORDER, delivery_method="pickup", address=None)))
    assert (fetched.beneficiaries, fetched.is_digital) == ((), False)
    assert message(asking(replace(ORDER, delivery_method="digital", address=None))).is_digital


def test_pictures_are_shown_of_ten_items_and_of_no_more() -> None:
    lines = tuple(Line(f"S{n}", f"Thing {n}", 1, 100, image_link="https://shop.example/a.png") for n in range(11))
    few = replace(ORDER, subtotal=1000, total=6079)
    many = replace(ORDER, subtotal=1100, total=6179)
    assert {item.image for item in message(asking(few, lines=lines[:10])).items} == {"https://shop.example/a.png"}
    assert {(item.image, item.retailer_id[:1]) for item in message(asking(many, lines=lines)).items} == {("", "S")}


def test_every_item_says_where_it_comes_from() -> None:
    [item, _] = message(asking()).items
    assert (item.origin, item.importer and (item.importer.name, item.importer.line1, item.importer.zone)) == (
        "India", ("Nukkad Stores", "12 MG Road, Camp", "MH"),
    )  # fmt: skip
    with pytest.raises(ValueError, match="where it comes from"):
        OrderDetails("a", "a", "w1", (Item("Chai", 100),), (Gateway("razorpay", "nukkad"),))


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (asking(also={"pay.provider": "none"}), "WhatsApp Pay is not set up. Missing: pay.provider."),
        (asking(also={"pay.importer": "none"}), "Missing: pay.importer."),
        (asking(also={"pay.provider": "upi"}), "Missing: pay.vpa."),
        (asking(also={"pay.standing": "nukkad: Needs Testing"}), "the payment configuration nukkad is Needs Testing"),
        (asking(replace(ORDER, address={"text": "4 FC Road, near the bank"})), "has no PIN code of six digits"),
        (asking(replace(ORDER, currency="USD")), "WhatsApp Pay takes only INR"),
    ],
)
def test_what_cannot_be_asked_for_is_explained(told: Asking, words: str) -> None:
    assert words in told.news_not_possible()


@pytest.mark.parametrize("standing", ["nukkad: Active", "another: Needs Testing", "none"])
def test_an_active_configuration_is_asked_with(standing: str) -> None:
    assert asking(also={"pay.standing": standing}).news_not_possible() == ""
    assert payments.is_configured("whatsapp_pay", Settings({**SET, "pay.standing": standing}))


def test_an_end_that_is_too_near_is_not_told() -> None:
    told = asking()
    near = replace(told, asked=replace(told.asked, expires_at=NOW + order_details.SHORTEST - timedelta(seconds=1)))
    assert message(near).expires_at is None


def test_a_closed_window_gets_the_same_in_a_template_and_a_reminder_without_it() -> None:
    told = asking()
    assert told.short().about == told.message()
    assert told.reminder_short().about is None
