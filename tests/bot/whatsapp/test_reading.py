"""Reading stored items field by field, whatever Meta or a thief put into them."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.whatsapp.parse import Reading, explode, read
from bot.whatsapp.reading import payment_reports
from flows.inbound import (
    AccountNotice,
    Cart,
    CartLine,
    Content,
    Form,
    IdentityChange,
    Location,
    Media,
    Message,
    Other,
    PaymentConfiguration,
    Reaction,
    Revision,
    Sender,
    StatusReport,
    Tap,
    TemplateUpdate,
    Words,
)
from flows.ledger import Payment
from flows.order import Order
from flows.payments import held_for
from tests import payloads
from tests.bot.whatsapp.test_explode import JSON
from tests.payloads import ASHA, ASHA_ID, NUMBER, RAVI, RAVI_ID, change, contact, interactive, message, messages, text

AT = datetime(2026, 1, 1, tzinfo=UTC)


def reading(raw: bytes) -> Reading | None:
    (item,) = explode(raw, phone_number_id=NUMBER)
    return read(item.kind, item.payload)


def told(item: object, *contacts: dict[str, Any]) -> Message:
    found = reading(payloads.raw(messages(item, contacts=list(contacts))))
    assert isinstance(found, Message)
    return found


def content(item: object) -> Content:
    return told(item).content


def test_a_message_is_read_whole() -> None:
    context = {"id": "wamid.Z", "forwarded": True, "referred_product": {"product_retailer_id": "TEA-1"}}
    found = told(text("Is it fresh?", context=context), contact(ASHA, ASHA_ID, "Asha\0"))
    assert found == Message(
        wamid="wamid.A",
        sender=Sender(ASHA, ASHA_ID, "Asha"),
        sent_at=AT,
        content=Words("Is it fresh?", "TEA-1"),
        forwarded=True,
        reply_to="wamid.Z",
    )


def test_the_sender_is_who_the_message_names_and_not_who_comes_first() -> None:
    people = [contact(RAVI, RAVI_ID, "Ravi"), contact(ASHA, ASHA_ID, "Asha")]
    assert told(text(), *people).sender == Sender(ASHA, ASHA_ID, "Asha")
    assert told(text(sender=None, from_user_id=RAVI_ID), *people).sender == Sender(RAVI, RAVI_ID, "Ravi")
    assert told(text(sender="919000000009"), *people).sender == Sender("919000000009", None, None)


def test_a_person_without_a_number_is_somebody() -> None:
    assert told(text(sender=None, from_user_id=RAVI_ID), contact(None, RAVI_ID, "Ravi")).sender == Sender(
        None, RAVI_ID, "Ravi"
    )


@pytest.mark.parametrize("sender", [None, "", "²²²", "+911", "91 900", 7, "1" * 21, ["x"]])
def test_a_message_from_nobody_is_nothing(sender: Any) -> None:
    assert reading(payloads.raw(messages(text(sender=sender)))) is None


def test_a_cart_is_read_line_by_line() -> None:
    found = content(payloads.cart(payloads.line(), payloads.line("MUG", 1, 30), note="Gift\0 wrap"))
    assert found == Cart(
        catalog_id="600000000000001",
        note="Gift wrap",
        lines=(CartLine("TEA-1", 2, Decimal("7.99"), "INR"), CartLine("MUG", 1, Decimal(30), "INR")),
    )


@pytest.mark.parametrize(
    ("sent", "quantity"),
    [
        *(
            (0, 0),
            ("3", 3),
            (1_000_000, 1_000_000),
            (10**7, None),
            (10**30, None),
            (-1, None),
            (1.5, None),
            (2.0, None),
        ),
        *(
            ("²", None),
            ("-1", None),
            ("", None),
            ("1" * 5000, None),
            (True, None),
            (None, None),
            ([], None),
            ({}, None),
        ),
    ],
)
def test_a_quantity_is_a_whole_number_or_unknown(sent: object, quantity: int | None) -> None:
    assert content(payloads.cart(payloads.line(quantity=sent))) == Cart(
        "600000000000001", "", (CartLine("TEA-1", quantity, Decimal("7.99"), "INR"),)
    )


@pytest.mark.parametrize(
    ("sent", "price"),
    [
        *((0, "0"), (0.1, "0.1"), (19.99, "19.99"), ("12.50", "12.50"), (1e-7, "1E-7"), (-1, None), (1e300, None)),
        *(
            (float("nan"), None),
            (float("inf"), None),
            ("₹12", None),
            ("²", None),
            (True, None),
            (None, None),
            ([1], None),
        ),
    ],
)
def test_a_price_is_the_digits_that_were_sent_or_unknown(sent: object, price: str | None) -> None:
    found = content(payloads.cart(payloads.line(price=sent)))
    assert isinstance(found, Cart)
    assert found.lines[0].price == (None if price is None else Decimal(price))


def test_a_line_that_cannot_be_read_stays_a_line() -> None:
    found = content(payloads.cart(payloads.line({}, [], "x", "rupees"), {}, note=None))  # type: ignore[arg-type]
    assert found == Cart("600000000000001", "", (CartLine("", None, None, None),) * 2)
    assert content(message("order", 7)) == Cart(None, "", ())


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (interactive("button_reply", {"id": "o1042.7.confirm", "title": "Confirm"}), Tap("o1042.7.confirm", "Confirm")),
        (interactive("list_reply", {"id": "p:3", "title": "Tea", "description": "x"}), Tap("p:3", "Tea")),
        (message("button", {"payload": "yes", "text": "Yes"}), Tap("yes", "Yes")),
        (message("button", {"text": "Yes"}), Other("button")),
        (interactive("button_reply", {"title": "Confirm"}), Other("button_reply")),
        (interactive("payment_method", {"reference_id": "x"}), Other("payment_method")),
        (message("interactive", None), Other("interactive")),
        (message("text", {}), Other("text")),
        (text(""), Other("text")),
        (message("location", {"latitude": 12.9, "longitude": 77, "name": "Home"}), Location(12.9, 77.0, "Home")),
        (message("location", {"latitude": 91, "longitude": 0}), Other("location")),
        (message("location", {"latitude": True, "longitude": 0}), Other("location")),
        (message("image", {"id": "9001", "caption": "this one"}), Media("image", "9001", "this one")),
        (message("audio", {"id": "9002", "voice": True}), Media("audio", "9002")),
        (message("sticker", "x"), Media("sticker", None)),
        (message("reaction", {"message_id": "wamid.Z", "emoji": "👍"}), Reaction("👍")),
        (message("reaction", {"message_id": "wamid.Z", "emoji": ""}), Reaction(None)),
        (message("reaction", {"message_id": "wamid.Z"}), Reaction(None)),
        (message("edit", {"original_message_id": "wamid.Z", "message": text("cancel")}), Revision("edit", "wamid.Z")),
        (message("revoke", {"original_message_id": "wamid.Z"}), Revision("revoke", "wamid.Z")),
        (message("revoke", []), Revision("revoke", None)),
        (message("contacts", [{"name": {}}]), Other("contacts")),
        (message("unsupported", {"type": "poll"}, errors=[{"code": 131051}]), Other("unsupported")),
        (message("hologram", {}), Other("hologram")),
        ({"from": ASHA, "id": "wamid.A"}, Other("unknown")),
    ],
)
def test_each_kind_of_message_has_its_value(item: object, expected: Content) -> None:
    assert content(item) == expected


@pytest.mark.parametrize(
    ("answer", "values"),
    [
        ('{"values":{"name":"Asha","in_pin_code":"560001"}}', {"values": {"name": "Asha", "in_pin_code": "560001"}}),
        ('{"note":"a\\u0000b","n":[1,null,{"x":true}]}', {"note": "ab", "n": [1, None, {"x": True}]}),
        ('{"note":"\\ud83d"}', {"note": "?"}),
        ('{"price":NaN}', {"price": None}),
        ("{}", {}),
        ("{broken", None),
        ("[1]", None),
        ("null", None),
        ("[" * 5000, None),
        (None, None),
        ({"already": "an object"}, None),
        ('{"x":"' + "y" * 70_000 + '"}', None),
    ],
)
def test_the_answer_to_a_form_is_an_object_or_nothing(answer: object, values: dict[str, object] | None) -> None:
    assert content(payloads.form(answer)) == Form("address_message", values)


def test_a_form_is_cut_where_nobody_reads_it() -> None:
    found = content(payloads.form('{"a":' * 40 + "1" + "}" * 40, "flow"))
    assert isinstance(found, Form)
    assert json.dumps(found.values).count("{") == 16
    assert content(payloads.form("{}", "")) == Form("nfm_reply", {})


def test_texts_are_cut_to_what_meta_allows() -> None:
    assert content(text("x" * 5000)) == Words("x" * 4096)
    assert told(text(), contact(name="y" * 999)).sender.name == "y" * 300


@pytest.mark.parametrize("sent", ["", "12345678901", "-1", "1.5", "²", "1e9", None, 1.5, True, [], "1" * 5000])
def test_a_time_that_is_none_is_unknown(sent: object) -> None:
    assert told({**text(), "timestamp": sent}).sent_at is None


@pytest.mark.parametrize(
    ("system", "sender", "expected"),
    [
        (
            {"type": "user_changed_number", "wa_id": RAVI, "body": "Asha changed"},
            {"sender": ASHA},
            (Sender(ASHA, None), IdentityChange("user_changed_number", RAVI, None, None)),
        ),
        (
            {"type": "user_changed_user_id", "previous_user_id": ASHA_ID, "user_id": RAVI_ID},
            {"sender": None, "from_user_id": RAVI_ID},
            (Sender(None, ASHA_ID), IdentityChange("user_changed_user_id", None, RAVI_ID, ASHA_ID)),
        ),
        (
            {"type": "user_changed_user_id", "user_id": RAVI_ID},
            {"sender": None},
            (Sender(None, RAVI_ID), IdentityChange("user_changed_user_id", None, RAVI_ID, None)),
        ),
        (
            {"type": "customer_identity_changed"},
            {"sender": ASHA},
            (Sender(ASHA, None), IdentityChange("customer_identity_changed", None, None, None)),
        ),
    ],
)
def test_an_identity_change_names_the_old_and_the_new(
    system: dict[str, str], sender: dict[str, Any], expected: tuple[Sender, IdentityChange]
) -> None:
    found = told(message("system", system, **sender))
    assert (found.sender, found.content) == expected


def test_a_status_is_read_whole() -> None:
    found = reading(payloads.raw(payloads.statuses(payloads.status("delivered", token="t-1"))))
    assert found == StatusReport("wamid.B", "delivered", "t-1", AT)


@pytest.mark.parametrize(
    ("errors", "code", "title"),
    [
        ([{"code": 131026, "title": "Undeliverable"}], 131026, "Undeliverable"),
        ([{"code": 1026, "message": "Receiver Incapable"}], 1026, "Receiver Incapable"),
        ([{"code": "x"}], None, None),
        ([], None, None),
        ("x", None, None),
        (None, None, None),
    ],
)
def test_a_failed_status_says_why_if_it_was_told(errors: object, code: int | None, title: str | None) -> None:
    found = reading(payloads.raw(payloads.statuses(payloads.status("failed", errors=errors))))
    assert found == StatusReport("wamid.B", "failed", None, AT, code, title)


def test_a_status_of_nothing_is_nothing() -> None:
    assert reading(payloads.raw(payloads.statuses({"status": "sent"}))) is None
    assert reading(payloads.raw(payloads.statuses({"id": "wamid.B", "status": 7}))) is None


@pytest.mark.parametrize(
    ("field", "value", "status", "category", "reason"),
    [
        ("message_template_status_update", {"event": "APPROVED", "reason": "NONE"}, "APPROVED", None, None),
        ("message_template_status_update", {"event": "REJECTED", "reason": "SPAM"}, "REJECTED", None, "SPAM"),
        ("template_category_update", {"new_category": "MARKETING"}, None, "MARKETING", None),
        ("template_category_update", {"correct_category": "MARKETING"}, None, None, "will become MARKETING"),
        (
            "message_template_quality_update",
            {"previous_quality_score": "GREEN", "new_quality_score": "RED"},
            *(None, None, "quality GREEN → RED"),
        ),
    ],
)
def test_news_about_a_template(
    field: str, value: dict[str, str], status: str | None, category: str | None, reason: str | None
) -> None:
    template = {"message_template_name": "order_update", "message_template_language": "en"}
    found = reading(payloads.raw(change(field, {**template, **value})))
    assert found == TemplateUpdate("order_update", "en", status, category, reason)


def test_a_template_s_words_that_have_no_room_are_not_kept() -> None:
    news = {"message_template_name": "a", "message_template_language": "en", "event": "X" * 41}
    found = reading(payloads.raw(change("message_template_status_update", news)))
    assert found == TemplateUpdate("a", "en", None, None, None)
    other = reading(
        payloads.raw(change("message_template_status_update", news | {"message_template_language": "e" * 17}))
    )
    assert isinstance(other, AccountNotice)


def test_news_about_a_template_without_a_name_are_a_notice() -> None:
    found = reading(payloads.raw(change("message_template_status_update", {"event": "REJECTED"})))
    assert found == AccountNotice("message_template_status_update", "event REJECTED")


@pytest.mark.parametrize("status", ["Needs Connecting", "Needs_Connecting"])
def test_how_a_payment_configuration_stands_is_read_in_both_spellings(status: str) -> None:
    told = {"configuration_name": "nukkad", "provider_name": "razorpay", "provider_mid": "acc_1", "status": status}
    found = reading(payloads.raw(change("payment_configuration_update", told)))
    assert found == PaymentConfiguration("nukkad", "razorpay", "Needs Connecting")
    nameless = reading(payloads.raw(change("payment_configuration_update", {"status": status})))
    assert nameless == AccountNotice("payment_configuration_update", f"status {status}")


def test_news_about_the_account_are_one_line() -> None:
    value: dict[str, Any] = {
        "event": "RESTRICTION",
        "info": [{"kind": "A"}, {"kind": "B\n\nC"}],
        "none": None,
        "empty": {},
    }
    assert reading(payloads.raw(change("account_update", value))) == AccountNotice(
        "account_update", "event RESTRICTION, kind A, kind B C"
    )
    assert reading(payloads.raw(change("account_alerts", {}))) == AccountNotice("account_alerts", "(no details)")
    error = {"code": 131000, "title": "Something went wrong"}
    assert reading(payloads.raw(messages(errors=[error]))) == AccountNotice(
        "errors", "code 131000, title Something went wrong"
    )


@pytest.mark.parametrize(
    "body",
    [
        payloads.raw(change("user_preferences", {"x": 1})),
        payloads.raw(messages(text(group_id="group-1"))),
        payloads.raw(messages(text(), number="700000000000009")),
        payloads.raw(change("smb_message_echoes", {"message_echoes": [text("cancel 1042")]})),
        b"[]",
    ],
    ids=["preferences", "group", "foreign", "echo", "unknown"],
)
def test_nothing_else_can_become_a_command(body: bytes) -> None:
    assert reading(body) is None


@pytest.mark.parametrize("kind", ["message", "status", "template", "account", "errors", "unknown", "", "x"])
@pytest.mark.parametrize("payload", [b"", b"{", b"null", b"[]", b'{"item":[]}', b"[" * 100_000, b"\xff"])
def test_nothing_that_is_stored_makes_it_raise(kind: str, payload: bytes) -> None:
    assert read(kind, payload) is None or kind in ("account", "errors", "template")


KINDS = ["text", "order", "interactive", "button", "location", "reaction", "edit", "system", "image", "contacts", "new"]


@given(kind=st.sampled_from(KINDS), part=JSON, more=st.dictionaries(st.sampled_from(["context", "id", "from"]), JSON))
def test_no_json_inside_a_message_makes_it_raise(kind: str, part: Any, more: dict[str, Any]) -> None:
    item = {**message(kind, part), **more}
    assert isinstance(read("message", json.dumps({"item": item}).encode()), Message | None)


@given(
    kind=st.sampled_from(["status", "template", "account", "errors"]),
    value=st.dictionaries(st.sampled_from(["id", "status", "errors", "event", "message_template_name"]), JSON),
)
def test_no_json_inside_a_notice_makes_it_raise(kind: str, value: dict[str, Any]) -> None:
    payload = json.dumps({"field": kind, "item": value}).encode()
    assert isinstance(read(kind, payload), StatusReport | TemplateUpdate | AccountNotice | None)


AMOUNT = {"value": 4000, "offset": 100}
AMOUNTS: list[Any] = [
        None, 4000, "4000", 40.0, [], {}, {"value": 4000}, {"offset": 100}, {"value": "4000", "offset": 100},
        {"value": 4000.0, "offset": 100}, {"value": -4000, "offset": 100}, {"value": 0, "offset": 100},
        {"value": 10**15, "offset": 100}, {"value": True, "offset": 100}, {"value": 4000, "offset": 1},
        {"value": 4000, "offset": 1000}, {"value": 4000, "offset": "100"}, {"value": 4000, "offset": 100.0},
        {"value": 3999, "offset": 100}, {"value": 4001, "offset": 100}, {"value": 400000, "offset": 100},
        {"value": float("nan"), "offset": 100}, {"value": None, "offset": 100},
]  # fmt: skip
CURRENCIES: list[Any] = [None, "", "inr", "USD", "INRX", 7, ["INR"]]
DISTORTED = [{"amount": one} for one in AMOUNTS] + [{"currency": one} for one in CURRENCIES]


@pytest.mark.parametrize("distorted", DISTORTED)
def test_an_amount_or_currency_that_is_not_what_was_asked_is_never_held_to_be_it(distorted: dict[str, Any]) -> None:
    """Reports as they are read, against a request of 4000: none counts, not even one that was looked up."""
    told = {"reference_id": "w1", "amount": AMOUNT, "currency": "INR", "transaction": {"id": "tx1"}}
    asked = Payment(1, 1, 1, "whatsapp_pay", 4000, "INR", "checkout", AT, "whatsapp", "w1")
    order = Order(
        id=1, store_id=1, contact_id=7, number=1042, kind="product", status="confirmed", checkout_step="complete",
        payment_method="whatsapp_pay", delivery_method="pickup", currency="INR", subtotal=4000, discount=0, tax=0,
        shipping=0, total=4000, placed_at=AT, changed_at=AT,
    )  # fmt: skip
    [right] = payment_reports(told, "captured", is_sure=True)
    assert held_for(right, asked, order, ()) is None
    [report] = payment_reports({**told, **distorted}, "captured", is_sure=True)
    assert held_for(report, asked, order, ()) in ("amount", "currency")


@pytest.mark.parametrize("reference", [None, "", 7, ["w1"], "w\x00", "é", "w" * 201])
def test_a_payment_without_a_reference_that_could_be_ours_says_nothing(reference: object) -> None:
    assert payment_reports({"reference_id": reference, "amount": AMOUNT, "currency": "INR"}, "captured") == ()


@given(st.dictionaries(st.sampled_from(["reference_id", "amount", "currency", "transaction", "refunds"]), JSON), JSON)
def test_no_payment_whatsoever_makes_it_raise(payment: dict[str, Any], status: Any) -> None:
    for report in payment_reports({"reference_id": "w1", **payment}, status):
        assert report.amount is None or type(report.amount) is int
