"""What we send, against Meta's own schema."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bot.whatsapp.wire import payload, read_mark
from flows.messages import AddressForm, Button, Buttons, Catalogue, Link, Message, Row, Rows, Template, Text
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
    st.builds(Link, TEXTS, LABELS, st.just("https://pay.example.com/p/1")),
    st.builds(
        AddressForm,
        TEXTS,
        TEXTS,
        st.just({}) | st.fixed_dictionaries({"city": TEXTS, "in_pin_code": st.just("411001")}),
    ),
    st.builds(Template, st.just("order_update"), st.just("en"), st.lists(st.text(), max_size=2).map(tuple)),
)


def schema(file: str, definition: str) -> Draft202012Validator:
    known = json.loads((SCHEMAS / file).read_text())
    return Draft202012Validator({**known, "$ref": f"#/$defs/{definition}"})


ENVELOPE = schema("ours.json", "Envelope")
NEWER = {
    "address_message": schema("ours.json", "AddressMessage"),
    "cta_url": schema("ours.json", "LinkMessage"),
}
"""What Meta's file does not know."""
META = {
    "text": schema("meta.json", "TextMessage"),
    "interactive": schema("meta.json", "InteractiveMessage"),
    "template": schema("meta.json", "TemplateMessage"),
}


def check(body: dict[str, Any]) -> None:
    """Valid by our schema of the envelope and by Meta's of the message, which does not know `recipient` yet."""
    ENVELOPE.validate(body)
    newer = NEWER.get(body.get("interactive", {}).get("type"))
    (newer or META[body["type"]]).validate({"to": ASHA, **body})


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
        (
            Link("#1001: please pay", "Pay now", "https://pay.example.com/p/1"),
            {
                "type": "cta_url",
                "body": {"text": "#1001: please pay"},
                "action": {
                    "name": "cta_url",
                    "parameters": {"display_text": "Pay now", "url": "https://pay.example.com/p/1"},
                },
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
    assert set(get_args(Message)) == {Text, Buttons, Rows, Catalogue, AddressForm, Link, Template}


@given(MESSAGES, st.booleans(), st.sampled_from([None, "wamid.A"]))
def test_every_message_there_can_be_is_valid(message: Message, by_number: bool, reply_to: str | None) -> None:
    check(
        payload(message, wa_id=ASHA if by_number else None, bsuid=ASHA_ID, token="x" * 20, reply_to=reply_to),
    )


@pytest.mark.parametrize("typing", [False, True])
def test_a_read_mark_has_metas_form(typing: bool) -> None:
    body = read_mark("wamid.A", typing=typing)
    assert ("typing_indicator" in body) is typing
    schema("meta.json", "MarkMessageRequestPayload").validate(body)
    schema("ours.json", "Typing").validate(body)
