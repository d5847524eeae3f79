"""What we send, against Meta's own schema."""

import json
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bot.sandbox.rules import messages as rules
from bot.whatsapp.wire import payload, read_mark
from flows.messages import (
    AddressForm,
    Button,
    Buttons,
    Catalogue,
    Link,
    Message,
    OrderDetails,
    OrderStatus,
    Row,
    Rows,
    Template,
    Text,
    dump,
    load,
)  # fmt: skip
from flows.payable import Beneficiary, Gateway, Importer, Item
from tests import payables
from tests.payloads import ASHA, ASHA_ID

SCHEMAS = Path(__file__).parents[2] / "schemas"

TEXTS = st.text(min_size=1, max_size=5000).filter(str.strip)
LABELS = st.text(min_size=1, max_size=20)
IDS = st.from_regex(r"\A[a-z0-9.:]{1,100}\Z")
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(Text, TEXTS),
    st.builds(
        Buttons,
        TEXTS,
        st.lists(st.builds(Button, IDS, LABELS), min_size=1, max_size=3, unique_by=lambda b: b.title).map(tuple),
    ),
    st.builds(
        Rows,
        TEXTS,
        LABELS,
        st.lists(st.builds(Row, IDS, LABELS, st.text()), min_size=1, max_size=10, unique_by=lambda r: r.id).map(tuple),
    ),
    st.builds(Catalogue, TEXTS, IDS),
    st.builds(
        AddressForm,
        TEXTS,
        TEXTS,
        st.just({}) | st.fixed_dictionaries({"city": TEXTS, "in_pin_code": st.just("411001")}),
    ),
    st.builds(Link, TEXTS, LABELS, st.just("https://pay.example/w1")),
    payables.DETAILS,
    payables.PROGRESS,
    st.builds(
        Template, st.just("order_update"), st.just("en"), st.lists(st.text(), max_size=2).map(tuple),
        st.none() | payables.DETAILS | payables.PROGRESS,
        st.lists(st.builds(Button, IDS, LABELS), max_size=3).map(tuple),
    ),
)  # fmt: skip


def schema(file: str, definition: str) -> Draft202012Validator:
    known = json.loads((SCHEMAS / file).read_text())
    return Draft202012Validator({**known, "$ref": f"#/$defs/{definition}"})


ENVELOPE = schema("ours.json", "Envelope")
UNKNOWN_TO_META = {
    "address_message": schema("ours.json", "AddressMessage"),
    "cta_url": schema("ours.json", "LinkMessage"),
    "order_details": schema("ours.json", "PaymentMessage"),
    "order_status": schema("ours.json", "PaymentMessage"),
}
"""Kinds of interactive messages that Meta's own file does not know."""
TEMPLATE_PART = schema("ours.json", "TemplatePart")
META = {
    "text": schema("meta.json", "TextMessage"),
    "interactive": schema("meta.json", "InteractiveMessage"),
    "template": schema("meta.json", "TemplateMessage"),
}


def check(body: dict[str, Any]) -> None:
    """Valid by our schema of the envelope and by Meta's of the message, which does not know `recipient` yet."""
    ENVELOPE.validate(body)
    kind = body.get("interactive", {}).get("type")
    UNKNOWN_TO_META.get(kind, META[body["type"]]).validate({"to": ASHA, **_of_meta(body)})


def _of_meta(body: dict[str, Any]) -> dict[str, Any]:
    """The body without what stands beside a template's words: Meta's file does not know that."""
    if body["type"] != "template":
        return body
    known = [part for part in body["template"]["components"] if part["type"] == "body"]
    for other in body["template"]["components"][len(known) :]:
        TEMPLATE_PART.validate(other)
    return {**body, "template": {**body["template"], "components": known}}


def test_a_text_goes_to_the_number_in_full() -> None:
    body = payload(Text("hello"), wa_id=ASHA, bsuid=ASHA_ID, token="t-1")
    assert body == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": ASHA,
        "type": "text",
        "text": {"body": "hello", "preview_url": False},
        "biz_opaque_callback_data": "t-1",
    }
    check(body)


def test_who_has_no_number_is_reached_by_the_business_scoped_id() -> None:
    body = payload(Text("hello"), wa_id=None, bsuid=ASHA_ID, token="t-1")
    assert body["recipient"] == ASHA_ID
    assert "to" not in body
    check(body)


def test_a_message_to_nobody_is_not_made() -> None:
    with pytest.raises(ValueError, match="somebody"):
        payload(Text("hello"), wa_id=None, bsuid=None, token="t-1")


def test_an_answer_names_what_it_answers() -> None:
    body = payload(Text("hello"), wa_id=ASHA, bsuid=None, token="t-1", reply_to="wamid.A")
    assert body["context"] == {"message_id": "wamid.A"}
    check(body)


@pytest.mark.parametrize(
    ("message", "part"),
    [
        (
            Buttons("Sure?", (Button("o1.2.yes", "Yes"), Button("o1.2.no", "No"))),
            {
                "type": "button",
                "body": {"text": "Sure?"},
                "action": {
                    "buttons": [
                        {"type": "reply", "reply": {"id": "o1.2.yes", "title": "Yes"}},
                        {"type": "reply", "reply": {"id": "o1.2.no", "title": "No"}},
                    ]
                },
            },
        ),
        (
            Rows("Open orders", "Choose", (Row("o1", "#1001", "2 items"), Row("o2", "#1002"))),
            {
                "type": "list",
                "body": {"text": "Open orders"},
                "action": {
                    "button": "Choose",
                    "sections": [
                        {
                            "rows": [
                                {"id": "o1", "title": "#1001", "description": "2 items"},
                                {"id": "o2", "title": "#1002"},
                            ]
                        }
                    ],
                },
            },
        ),
        (
            Catalogue("Have a look", "TEA-1"),
            {
                "type": "catalog_message",
                "body": {"text": "Have a look"},
                "action": {"name": "catalog_message", "parameters": {"thumbnail_product_retailer_id": "TEA-1"}},
            },
        ),
    ],
)
def test_an_interactive_message_has_metas_form(message: Message, part: dict[str, Any]) -> None:
    body = payload(message, wa_id=ASHA, bsuid=None, token="t-1")
    assert (body["type"], body["interactive"]) == ("interactive", part)
    check(body)


def test_a_template_is_filled_in_order() -> None:
    body = payload(Template("order_update", "en", ("#1042", "on\nits way")), wa_id=ASHA, bsuid=None, token="t-1")
    words = [{"type": "text", "text": "#1042"}, {"type": "text", "text": "on · its way"}]
    assert (body["type"], body["template"]) == (
        "template",
        {
            "name": "order_update",
            "language": {"policy": "deterministic", "code": "en"},
            "components": [{"type": "body", "parameters": words}],
        },
    )
    check(body)


def test_the_generator_below_makes_every_kind_of_message() -> None:
    kinds = {Text, Buttons, Rows, Catalogue, AddressForm, Link, OrderDetails, OrderStatus, Template}
    assert set(get_args(Message)) == kinds


@given(MESSAGES, st.booleans(), st.sampled_from([None, "wamid.A"]))
def test_every_message_there_can_be_is_valid(message: Message, by_number: bool, reply_to: str | None) -> None:
    check(
        payload(message, wa_id=ASHA if by_number else None, bsuid=ASHA_ID, token="x" * 20, reply_to=reply_to),
    )


SOLD = OrderDetails(
    "₹ 231 for #1042", "Pay ₹ 231", "w1",
    (Item("Masala chai", 10000, 2, importer=Importer("Nukkad", "12 MG Road", "Pune", "MH", "411001"), origin="India"),),
    (Gateway("razorpay", "nukkad"),),
    tax=3600, shipping=2000, discount=2500, expires_at=1772442000,
    beneficiaries=(Beneficiary("Asha", "4 FC Road", "Pune", "Maharashtra", "411004"),),
)  # fmt: skip


def test_order_details_have_metas_form() -> None:
    body = payload(SOLD, wa_id=ASHA, bsuid=None, token="t-1")
    assert body["interactive"] == {
        "type": "order_details",
        "body": {"text": "₹ 231 for #1042"},
        "action": {
            "name": "review_and_pay",
            "parameters": {
                "reference_id": "w1",
                "type": "physical-goods",
                "currency": "INR",
                "total_amount": {"value": 23100, "offset": 100},
                "payment_settings": [
                    {
                        "type": "payment_gateway",
                        "payment_gateway": {"type": "razorpay", "configuration_name": "nukkad"},
                    }
                ],
                "beneficiaries": [
                    {
                        "name": "Asha", "address_line1": "4 FC Road", "city": "Pune", "state": "Maharashtra",
                        "country": "India", "postal_code": "411004",
                    }
                ],
                "order": {
                    "status": "pending",
                    "items": [
                        {
                            "name": "Masala chai", "amount": {"value": 10000, "offset": 100}, "quantity": 2,
                            "country_of_origin": "India", "importer_name": "Nukkad",
                            "importer_address": {
                                "address_line1": "12 MG Road", "city": "Pune", "zone_code": "MH",
                                "postal_code": "411001", "country_code": "IN",
                            },
                        }
                    ],
                    "subtotal": {"value": 20000, "offset": 100},
                    "tax": {"value": 3600, "offset": 100},
                    "shipping": {"value": 2000, "offset": 100},
                    "discount": {"value": 2500, "offset": 100},
                    "expiration": {"timestamp": "1772442000"},
                },
            },
        },
    }  # fmt: skip
    check(body)


def test_a_template_carries_what_its_button_pays() -> None:
    template = Template("order_payment", "en", ("Nukkad", "₹ 231"), SOLD)
    [_, button] = payload(template, wa_id=ASHA, bsuid=None, token="t-1")["template"]["components"]
    free = payload(SOLD, wa_id=ASHA, bsuid=None, token="t-1")["interactive"]["action"]["parameters"]
    assert button == {
        "type": "button", "sub_type": "order_details", "index": 0,
        "parameters": [{"type": "action", "action": {"order_details": free}}],
    }  # fmt: skip


def test_a_template_s_buttons_answer_with_their_ids_and_come_back_from_the_outbox() -> None:
    template = Template(
        "booking_reminder", "en", ("Nukkad", "#1042"), buttons=(Button("b1042.there", "I'll be there"),)
    )
    assert load(orjson.loads(orjson.dumps(dump(template)))) == template
    body = payload(template, wa_id=ASHA, bsuid=None, token="t-1")
    [_, button] = body["template"]["components"]
    assert button == {
        "type": "button", "sub_type": "quick_reply", "index": "0",
        "parameters": [{"type": "payload", "payload": "b1042.there"}],
    }  # fmt: skip
    check(body)


def test_a_result_in_brazil_says_that_it_is_paid() -> None:
    told = OrderStatus("Paid, thank you", "w1", "processing", payment="captured", payment_at=1772442000)
    body = payload(told, wa_id=ASHA, bsuid=None, token="t-1")
    assert body["interactive"]["action"]["parameters"] == {
        "reference_id": "w1",
        "order": {"status": "processing"},
        "payment": {"status": "captured", "timestamp": 1772442000},
    }
    check(body)


@given(payables.DETAILS | payables.PROGRESS)
def test_what_is_paid_in_whatsapp_keeps_metas_sums_and_comes_back_from_the_outbox(
    message: OrderDetails | OrderStatus,
) -> None:
    rules.check(payload(message, wa_id=ASHA, bsuid=None, token="t-1"), business_number="919800000001")
    assert load(orjson.loads(orjson.dumps(dump(message)))) == message
    template = Template("order_payment", "en", ("Nukkad", "news"), message)
    assert load(orjson.loads(orjson.dumps(dump(template)))) == template


@pytest.mark.parametrize("typing", [False, True])
def test_a_read_mark_has_metas_form(typing: bool) -> None:
    body = read_mark("wamid.A", typing=typing)
    assert ("typing_indicator" in body) is typing
    schema("meta.json", "MarkMessageRequestPayload").validate(body)
    schema("ours.json", "Typing").validate(body)
