"""Who is told of what: customers and staff, by status, vocabulary and setting; and no news that Meta could refuse."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import notices, told
from flows.effects import Say, TellStaff
from flows.lifecycle import edges
from flows.messages import PARAMETER, Buttons, Template
from flows.order import CUSTOMER, STAFF, SYSTEM, TIMER, Action, Line, Order, Part, Sale
from flows.order_table import FACTS, ORDER
from flows.settings import NOTICES, Settings
from flows.store import Store
from tests.flows.test_replies import PLACED, STORE

LINE = Line("PICKLE", "Mango Pickle", 2, 34900)


def effects(
    before: Order, after: Order, action: Action, *, words: str = "standard", actor: int | None = 99, **more: str
) -> list[Any]:
    settings = {"vocabulary": words, **more}
    store = replace(STORE, settings=settings)
    where = notices.Setting(store, Settings(settings), "Asha", "en", actor)
    return notices.follow(Sale(before, [LINE]), Sale(after, [LINE]), action, where)


def said(after: Order, action: Action, *, before: str = "confirmed", **more: Any) -> list[str]:
    found = effects(replace(PLACED, status=before), after, action, **more)
    messages: list[Any] = [effect.message for effect in found if isinstance(effect, Say)]
    return [message.body for message in messages]


def news(after: Order, action: Action, *, before: str = "confirmed", **more: Any) -> list[TellStaff]:
    found = effects(replace(PLACED, status=before), after, action, **more)
    return [effect for effect in found if isinstance(effect, TellStaff)]


def to(status: str, **changes: object) -> Order:
    return replace(PLACED, status=status, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "told_of"),
    [("standard", False), ("socialone", False), ("soul", False), ("picky", False), ("wapto", True)],
)
def test_only_wapto_tells_customers_that_work_began(words: str, told_of: bool) -> None:
    assert bool(said(to("processing"), Action("start", STAFF), words=words)) is told_of


def test_each_notice_can_be_switched() -> None:
    ship = Action("ship", STAFF, tracking="TRK77")

    assert said(to("shipped"), ship) == ["#1042 is on its way to you. Tracking number: TRK77"]
    assert said(to("shipped"), ship, **{"notify.off": "shipped"}) == []
    assert said(to("packed"), Action("pack", STAFF), **{"notify.off": "shipped"}) == [
        "#1042 is packed and leaves soon."
    ]


@pytest.mark.parametrize("actor", [7, 99])
def test_whoever_acts_is_answered_and_not_told(actor: int) -> None:
    found = effects(PLACED, to("canceled"), Action("cancel", CUSTOMER if actor == 7 else STAFF), actor=actor)

    assert [effect.contact_id for effect in found if isinstance(effect, Say)] == ([] if actor == 7 else [7])
    assert [effect.but for effect in found if isinstance(effect, TellStaff)] == ([7] if actor == 7 else [])


def test_quiet_is_quiet() -> None:
    assert said(to("shipped"), Action("ship", STAFF, is_quiet=True)) == []


@pytest.mark.parametrize(
    ("action", "after", "before", "expected"),
    [
        (
            Action("reject", STAFF, note="sold out"),
            to("rejected"),
            "placed",
            "We are sorry: we cannot take #1042, so it will not be sent. Reason: sold out",
        ),
        (
            Action("pack", STAFF),
            to("packed", delivery_method="pickup"),
            "confirmed",
            "#1042 is ready: you can pick it up at Nukkad now.",
        ),
        (
            Action("confirm", STAFF),
            to("confirmed", delivery_method="pickup"),
            "placed",
            "#1042 is confirmed. We start on it and write when you can pick it up.",
        ),
        (
            Action("ship", STAFF, parts=(Part("PICKLE", 1),), tracking="T1"),
            to("partially_shipped"),
            "packed",
            "A part of #1042 is on its way to you; the rest follows. In this parcel: 1 × Mango Pickle. Tracking number: T1",
        ),
        (
            Action("deliver", STAFF),
            to("partially_shipped"),
            "partially_shipped",
            "A part of #1042 is delivered; the rest follows.",
        ),
        (
            Action("cancel", STAFF, note="lost"),
            to("canceled"),
            "shipped",
            "#1042 is canceled and called back. If it reaches you all the same, please do not take it in. Reason: lost",
        ),
        (
            Action("deny", STAFF, note="stolen card"),
            to("canceled"),
            "payment_review",
            "#1042 is canceled and will not be sent. Reason: stolen card",
        ),
        (
            Action("resume", STAFF),
            to("confirmed"),
            "canceled",
            "Good news: #1042 is taken up again. We write when it ships.",
        ),
        (
            Action("cancel_lines", STAFF, parts=(Part("PICKLE", 1),)),
            to("confirmed"),
            "confirmed",
            "#1042: 1 × Mango Pickle will not be sent. The total is ₹698.00 now.",
        ),
        (Action("came_back", SYSTEM), to("returned"), "delivered", "Everything of #1042 is back with us. Thank you!"),
    ],
)
def test_what_happened_is_said_in_its_own_words(action: Action, after: Order, before: str, expected: str) -> None:
    assert said(after, action, before=before) == [expected]


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ("confirm", "confirmed"), ("approve", "approved"), ("start", "processing"), ("reject", "rejected"),
        ("issue_invoice", "invoice_issued"), ("pack", "packed"), ("cancel", "canceled"), ("cancel_lines", "confirmed"),
        ("add", "confirmed"), ("resume", "confirmed"), ("hold", "on_hold"), ("release", "confirmed"),
    ],
)  # fmt: skip
def test_what_is_fetched_is_not_said_to_be_sent(event: str, status: str) -> None:
    action = Action(event, STAFF, parts=(Part("PICKLE", 1),), note="why")
    [body] = said(to(status, delivery_method="pickup"), action, before="canceled", **{"notify.off": ""})

    assert not re.search(r"\b(sent|ships|carrier|way to|leaves|reaches)\b", body), body


def test_what_was_sent_is_not_said_to_be_picked_up() -> None:
    action = Action("cancel_lines", STAFF, parts=(Part("PICKLE", 1),))
    after = to("shipped", delivery_method="pickup")

    assert said(after, action, before="shipped") == [
        "#1042: 1 × Mango Pickle will not be sent. The total is ₹698.00 now."
    ]


def test_what_was_delivered_asks_how_it_was_and_what_may_have_arrived_whether_it_has() -> None:
    [delivered] = [e for e in effects(to("shipped"), to("delivered"), Action("deliver", STAFF)) if isinstance(e, Say)]
    [arrived] = [
        e for e in effects(to("shipped"), to("awaiting_confirmation"), Action("deliver", STAFF)) if isinstance(e, Say)
    ]

    assert isinstance(delivered.message, Buttons)
    assert [button.id for button in delivered.message.buttons] == ["f1042.great", "f1042.fine", "f1042.bad"]
    assert isinstance(arrived.message, Buttons)
    assert [button.id for button in arrived.message.buttons] == ["r1042.have"]
    assert said(to("delivered"), Action("deliver", STAFF), feedback="off") == [
        "#1042 is delivered. Thank you for buying at Nukkad!"
    ]


def test_staff_hear_of_every_change_where_the_shop_wishes_it() -> None:
    approve = Action("approve", STAFF)

    assert news(to("approved"), approve) == []
    [told_of] = news(to("approved"), approve, words="picky")
    assert (told_of.news.text, told_of.but, told_of.only) == ("🔔 #1042: Confirmed → Approved", 99, None)
    assert news(to("confirmed"), Action("note", STAFF), words="picky") == []
    assert news(to("confirmed"), Action("submit", SYSTEM), before="placed", words="picky") == []


def test_what_a_customer_does_has_news_of_its_own_and_no_second() -> None:
    canceled = news(to("canceled"), Action("cancel", CUSTOMER), words="picky", actor=7)

    assert [each.news.text for each in canceled] == [
        "✖️ #1042: Asha canceled it. Stop work on it; the stock is free again."
    ]


def test_whoever_an_order_is_assigned_to_hears_of_its_changes() -> None:
    [told_of] = news(to("approved", assignee_id=12), Action("approve", STAFF))
    assert (told_of.but, told_of.only) == (99, 12)


def test_every_move_of_the_table_tells_the_customer_something_or_is_known_to_be_silent() -> None:
    silent = set()
    for _, event, status in edges(ORDER):
        if told.occasion(to(status), Action(event, TIMER if event in FACTS else STAFF)) is None:
            silent.add(event)
    assert silent == {"place", "submit", "recover", "fulfilled", "receipt"}


def test_every_occasion_is_one_that_can_be_switched_off() -> None:
    found = {
        told.occasion(to(status, delivery_method=method), Action(event, STAFF))
        for status in ORDER.statuses
        for event in ORDER.events
        for method in ("courier", "pickup")
    }
    assert found - {None} <= set(NOTICES)


def test_a_vocabulary_may_name_a_template_of_its_own(tmp_path: Any) -> None:
    file = tmp_path / "shop.toml"
    file.write_text('[status]\nplaced = true\ncanceled = true\n[templates]\nshipped = "our_parcel"')
    found = effects(PLACED, to("shipped"), Action("ship", STAFF), words=str(file))

    [template] = [effect.fallback for effect in found if isinstance(effect, Say)]
    assert template is not None
    assert (template.name, template.parameters[0]) == ("our_parcel", "Nukkad")


@given(
    title=st.text(min_size=1, max_size=200),
    note=st.text(max_size=300) | st.just("a\n\nb\t\tc     d"),
    name=st.text(min_size=1, max_size=60),
    event=st.sampled_from(["ship", "cancel", "cancel_lines", "deliver", "reject", "hold"]),
    status=st.sampled_from(["shipped", "partially_shipped", "canceled", "rejected", "on_hold", "delivered"]),
)
def test_no_order_of_many_lines_can_fail_its_notice(title: str, note: str, name: str, event: str, status: str) -> None:
    lines = [Line(f"SKU {n}\n", title, 99, 1) for n in range(100)]
    parts = tuple(Part(line.retailer_id, 1) for line in lines)
    store = Store(1, name, "IN", "INR", "Asia/Kolkata", "en", {}, b"salt")
    where = notices.Setting(store, Settings({"notify.off": "none"}), name, "en", None)
    action = Action(event, STAFF, note=note, parts=parts, tracking="T\t1")

    found = notices.follow(Sale(PLACED, lines), Sale(to(status), lines), action, where)
    templates: list[Template] = [e.fallback for e in found if isinstance(e, Say) and e.fallback is not None]
    assert templates
    for parameter in templates[0].parameters:
        assert 0 < len(parameter) <= PARAMETER
        assert not re.search(r"[\n\t\r]| {2}", parameter)
