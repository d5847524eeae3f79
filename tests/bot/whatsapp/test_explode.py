"""What the door makes of any body: every item once, none lost, nothing raised."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.whatsapp.parse import NotJson, explode, read
from models.inbox import Arrival
from tests import payloads
from tests.payloads import ACCOUNT, ASHA, ASHA_ID, NUMBER, RAVI, RAVI_ID, change, contact, messages, status, text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


def cut(raw: bytes) -> list[Arrival]:
    return explode(raw, phone_number_id=NUMBER)


def only(raw: bytes) -> Arrival:
    (item,) = cut(raw)
    return item


def kept(item: Arrival) -> Any:
    return json.loads(item.payload)


def keys(raw: bytes) -> list[tuple[str, str, str]]:
    return [(item.kind, item.source_id, item.ordering_key) for item in cut(raw)]


def test_one_message_becomes_one_item() -> None:
    asha = contact(ASHA, ASHA_ID)
    item = only(payloads.raw(messages(text(), contacts=[asha])))
    assert item.source_id == "m:wamid.A"
    assert item.kind == "message"
    assert item.ordering_key == f"c:{ASHA}"
    assert kept(item) == {"field": "messages", "entry": ACCOUNT, "number": NUMBER, "contact": asha, "item": text()}


def test_everything_in_a_mixed_body_is_kept() -> None:
    body = payloads.envelope(
        {
            "id": ACCOUNT,
            "changes": [
                messages(
                    text(wamid="wamid.1"),
                    text(wamid="wamid.2", sender=RAVI),
                    text(wamid="wamid.3"),
                    contacts=[contact(RAVI, name="Ravi"), contact(ASHA, name="Asha")],
                ),
                payloads.statuses(status("sent"), status("read")),
            ],
        },
        {"id": ACCOUNT, "time": 1767225600, "changes": [change("account_alerts", {"alert_type": "LIMIT"})]},
    )
    assert keys(body)[:5] == [
        ("message", "m:wamid.1", f"c:{ASHA}"),
        ("message", "m:wamid.2", f"c:{RAVI}"),
        ("message", "m:wamid.3", f"c:{ASHA}"),
        ("status", "s:wamid.B:sent", "status"),
        ("status", "s:wamid.B:read", "status"),
    ]
    kind, source_id, lane = keys(body)[5]
    assert (kind, lane) == ("account", "account")
    assert source_id.startswith(f"x:{ACCOUNT}:account_alerts:1767225600:")
    assert len(keys(body)) == 6
    names = [kept(item)["contact"]["profile"]["name"] for item in cut(body)[:3]]
    assert names == ["Asha", "Ravi", "Asha"]


def test_a_contact_is_paired_by_either_id_and_never_by_its_place() -> None:
    people = [contact(None, RAVI_ID, "Ravi"), contact(ASHA, None, "Asha")]
    by_id = text(wamid="wamid.1", sender=None, from_user_id=RAVI_ID)
    stranger = text(wamid="wamid.2", sender="919000000009")
    first, second, third = cut(payloads.raw(messages(text(), by_id, stranger, contacts=people)))
    assert kept(first)["contact"] == people[1]
    assert kept(second)["contact"] == people[0]
    assert "contact" not in kept(third)


def test_a_lone_contact_speaks_for_a_lone_message_that_names_nobody() -> None:
    asha = contact(None, ASHA_ID)
    alone = only(payloads.raw(messages(text(sender=None), contacts=[asha])))
    assert (alone.ordering_key, kept(alone)["contact"]) == (f"c:{ASHA_ID}", asha)
    pair = [text(wamid="wamid.1", sender=None), text(wamid="wamid.2", sender=None)]
    assert [item.ordering_key for item in cut(payloads.raw(messages(*pair, contacts=[asha])))] == ["unknown"] * 2


def test_a_business_scoped_id_comes_before_a_number() -> None:
    assert only(payloads.raw(messages(text(from_user_id=ASHA_ID)))).ordering_key == f"c:{ASHA_ID}"
    assert only(payloads.raw(messages(text(sender=None, from_user_id=ASHA_ID)))).ordering_key == f"c:{ASHA_ID}"


@pytest.mark.parametrize(
    ("system", "sender", "lane"),
    [
        ({"type": "user_changed_number", "wa_id": RAVI}, ASHA, ASHA),
        ({"type": "user_changed_user_id", "previous_user_id": ASHA_ID, "user_id": RAVI_ID}, None, ASHA_ID),
        ({"type": "user_changed_user_id", "previous_user_id": ASHA_ID, "user_id": RAVI_ID}, ASHA, ASHA_ID),
        ({"type": "user_changed_user_id", "user_id": RAVI_ID}, None, RAVI_ID),
    ],
)
def test_news_about_an_identity_queue_behind_the_old_one(system: dict[str, str], sender: str | None, lane: str) -> None:
    told = payloads.message("system", system, sender=sender)
    assert only(payloads.raw(messages(told))).ordering_key == f"c:{lane}"


def test_a_message_without_an_id_is_known_by_what_it_says() -> None:
    nameless = {"from": ASHA, "timestamp": "1", "type": "text", "text": {"body": "x"}}
    turned = dict(reversed(nameless.items()))
    first, again, other = (
        only(payloads.raw(messages(each))).source_id for each in (nameless, turned, {**nameless, "timestamp": "2"})
    )
    assert first == again != other
    assert first.startswith("m:#")


def test_the_same_message_in_other_bytes_and_company_has_the_same_key() -> None:
    alone = only(payloads.raw(messages(text())))
    first, _ = cut(payloads.raw(messages(text(), text(wamid="wamid.2"), contacts=[contact()])))
    assert alone.source_id == first.source_id


def test_statuses_are_told_apart_by_message_word_and_participant() -> None:
    told = [status("sent"), status("delivered"), status("delivered", wamid="wamid.C"), {"status": "read"}]
    item_keys = keys(payloads.raw(payloads.statuses(*told)))
    assert [key for _, key, _ in item_keys[:3]] == ["s:wamid.B:sent", "s:wamid.B:delivered", "s:wamid.C:delivered"]
    assert item_keys[3][1].startswith("s:#")
    assert {lane for _, _, lane in item_keys} == {"status"}


def test_a_failed_status_without_contacts_is_kept() -> None:
    assert keys(payloads.raw(payloads.statuses(payloads.failed(131026)))) == [("status", "s:wamid.B:failed", "status")]


def test_every_step_of_a_payment_has_a_key_and_all_share_a_lane() -> None:
    steps = [
        payloads.payment_status("O-1042.1", "pending"),
        payloads.payment_status("O-1042.1"),
        payloads.payment_status("O-1042.1", refunds=[{"id": "r1", "status": "success"}]),
        payloads.payment_status("O-1042.1", transaction="txn-2"),
    ]
    found = keys(payloads.raw(payloads.statuses(*steps, *steps)))
    assert {(kind, lane) for kind, _, lane in found} == {("payment", "p:O-1042.1")}
    assert [key for _, key, _ in found[:4]] == [key for _, key, _ in found[4:]]
    assert len({key for _, key, _ in found}) == 4


def test_errors_without_a_message_are_items() -> None:
    told = {"code": 131000, "title": "Something went wrong"}
    item = only(payloads.raw(messages(errors=[told])))
    assert (item.kind, item.ordering_key, kept(item)["item"]) == ("errors", "account", told)
    assert [kind for kind, _, _ in keys(payloads.raw(messages(text(), errors=[told])))] == ["message", "errors"]


def test_what_is_never_answered_is_kept_with_its_reason() -> None:
    group = text(wamid="wamid.G", group_id="group-1")
    own = text(wamid="wamid.O", sender=payloads.DISPLAY)
    seen = status("read", recipient_type="group", recipient_participant_id=ASHA)
    ringing = status("RINGING", wamid="wacid.1", type="call")
    body = payloads.raw(
        messages(group, own),
        messages(statuses=[seen, ringing]),
        messages(message_echoes=[text()], groups=[{"type": "group_create"}], calls=[{"id": "wacid.1"}]),
        change("smb_message_echoes", {"message_echoes": [text()]}),
        change("calls", {"calls": [{"id": "wacid.1"}]}),
        change("group_lifecycle_update", {"groups": [{"type": "group_create"}]}),
        messages(text(), statuses=[status("sent")], number="700000000000009"),
        change("calls", {"metadata": {"phone_number_id": "700000000000009"}, "calls": [{"id": "wacid.1"}]}),
    )
    found = keys(body)
    assert [kind.removeprefix("ignored.") for kind, _, _ in found] == [
        *("group", "echo"),
        *("group", "call"),
        *("echo", "group", "call"),
        *("echo", "call", "group"),
        *("foreign_number", "foreign_number", "foreign_number"),
    ]
    assert {lane for _, _, lane in found} == {"ignored"}
    assert found[2][1] == f"s:wamid.B:read:{ASHA}"
    assert kept(cut(body)[10])["number"] == "700000000000009"


def test_fields_of_the_account_are_kept_whole() -> None:
    body = payloads.raw(
        change("message_template_status_update", {"event": "APPROVED"}),
        change("template_category_update", {"new_category": "MARKETING"}),
        change("phone_number_quality_update", {"event": "DOWNGRADE"}),
        change("user_preferences", {"user_preferences": [{"wa_id": ASHA, "value": "stop"}]}),
        change("history", {"messages": [text()]}),
        change("Höhe!", {"x": 1}),
        messages(surprises=[1, 2]),
        messages(),
        time=7,
    )
    assert [kind for kind, _, _ in keys(body)] == [
        *("template", "template", "account"),
        *("field.user_preferences", "field.history", "field.other", "field.surprises", "field.messages"),
    ]
    assert {lane for _, _, lane in keys(body)} == {"account"}
    assert kept(cut(body)[6])["item"] == {"surprises": [1, 2]}


def test_no_kind_is_longer_than_its_column() -> None:
    """Postgres refuses what is, and with it the whole body, for ever."""
    body = payloads.raw(*(change("x" * length, {"a": 1}) for length in (34, 35, 64)))
    assert [kind for kind, _, _ in keys(body)] == [f"field.{'x' * 34}", "field.other", "field.other"]
    assert kept(cut(body)[1])["field"] == "x" * 35


def test_a_notice_told_again_is_the_same_and_later_another() -> None:
    def told(time: int) -> str:
        return only(payloads.raw(change("account_update", {"event": "X"}), time=time)).source_id

    assert told(1) == told(1) != told(2)


@pytest.mark.parametrize("old", [{}, {"field": None}])
def test_a_change_without_a_field_holds_messages(old: dict[str, None]) -> None:
    told = {**old, "value": messages(text())["value"]}
    assert keys(payloads.raw(told)) == [("message", "m:wamid.A", f"c:{ASHA}")]


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b'"x"', b"0", b'{"object":"page","entry":[]}', b" \n1 "])
def test_json_that_is_no_envelope_is_kept_whole(body: bytes) -> None:
    assert cut(body) == [Arrival(f"u:{hashlib.sha256(body).hexdigest()}", "unknown", "unknown", body)]


@pytest.mark.parametrize("entries", [{}, [], [{"id": "1", "changes": []}]])
def test_an_envelope_with_nothing_in_it_is_kept_whole(entries: object) -> None:
    body = json.dumps({"object": "whatsapp_business_account", "entry": entries}).encode()
    assert only(body).payload == body


def test_a_strange_part_costs_its_neighbours_nothing() -> None:
    body = payloads.envelope(
        7,
        {"changes": {}},
        {"id": ACCOUNT, "changes": [3, {"field": "messages", "value": []}, messages(text(), 5, None)]},
        {"id": ACCOUNT, "changes": [messages(statuses=[[], status("sent")])]},
    )
    assert [kind for kind, _, _ in keys(body)] == [
        *("unknown", "unknown", "unknown", "unknown"),
        *("message", "unknown", "unknown"),
        *("unknown", "status"),
    ]
    assert len({key for _, key, _ in keys(body)}) == 9


@pytest.mark.parametrize("body", [b"", b"{", b"not json", b"\xff\xfe{}", b'{"a":1,}', b"{} {}", b'"\x01"'])
def test_only_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(NotJson):
        cut(body)


@pytest.mark.parametrize("broken", ['"\\ud83d"', "NaN", "-Infinity", "1e400", "9" * 5000, '"\\u0000"', '"\udcff"'])
def test_one_value_that_cannot_be_stored_costs_the_batch_nothing(broken: str) -> None:
    good = [text(wamid=f"wamid.{n}") for n in range(3)]
    body = payloads.raw(messages(*good)).replace(b'"hello"', broken.encode("utf-8", "surrogateescape"), 1)
    items = cut(body)
    assert [item.source_id for item in items] == ["m:wamid.0", "m:wamid.1", "m:wamid.2"]
    assert kept(items[1])["item"] == good[1]
    assert "hello" not in json.dumps(kept(items[0]))


@pytest.mark.parametrize("depth", [200, 300, 600])
def test_a_deep_message_costs_its_neighbours_nothing(depth: int) -> None:
    deep = b"[" * depth + b"]" * depth
    body = payloads.raw(messages(text(wamid="wamid.1"), text(), text(wamid="wamid.2")))
    body = body.replace(b'{"body": "hello"}', deep, 2)
    assert [item.source_id for item in cut(body)] == ["m:wamid.1", "m:wamid.A", "m:wamid.2"]


@pytest.mark.parametrize("depth", [1_100, 100_000])
def test_what_is_too_deep_to_look_into_is_kept_whole(depth: int) -> None:
    body = payloads.raw(messages(text())).replace(b'"hello"', b"[" * depth + b"]" * depth)
    assert only(body) == Arrival(f"u:{hashlib.sha256(body).hexdigest()}", "unknown", "unknown", body)


@pytest.mark.parametrize("identity", ["x" * 5000, "a\0b", "अशा", "a\nb", "\ud83d"])
def test_keys_can_be_stored_whatever_the_ids_are(identity: str) -> None:
    told = text(wamid=identity, sender=identity)
    item = only(payloads.raw(messages(told, statuses=[])))
    for key in (item.source_id, item.ordering_key):
        assert len(key) <= 150
        assert key.isascii()
        assert key.isprintable()
    assert item.source_id != only(payloads.raw(messages(text(wamid=identity + "'")))).source_id


def test_a_thousand_messages_become_a_thousand_items() -> None:
    people = [contact(f"91900{n:07}", name=f"Person {n}") for n in range(1000)]
    told = [text(wamid=f"wamid.{n}", sender=f"91900{n:07}") for n in reversed(range(1000))]
    items = cut(payloads.raw(messages(*told, contacts=people)))
    assert [item.source_id for item in items] == [f"m:wamid.{n}" for n in reversed(range(1000))]
    assert all(kept(item)["contact"]["wa_id"] == kept(item)["item"]["from"] for item in items)


@given(st.binary())
def test_no_bytes_make_it_raise_anything_else(body: bytes) -> None:
    try:
        items = cut(body)
    except NotJson:
        return
    assert items


@given(st.lists(JSON, max_size=3), st.sampled_from(["messages", "statuses", "errors", "calls", "x"]), JSON, JSON)
def test_no_json_in_any_place_makes_it_or_the_reader_raise(
    items: list[Any], name: str, contacts: Any, metadata: Any
) -> None:
    value = {"metadata": metadata, "contacts": contacts, name: items}
    body = payloads.envelope({"id": metadata, "time": contacts, "changes": [change("messages", value), contacts]})
    for item in cut(body):
        assert len(item.source_id) <= 150
        assert len(item.ordering_key) <= 150
        read(item.kind, item.payload)


@given(JSON)
def test_any_json_at_all_is_kept(value: Any) -> None:
    assert cut(json.dumps(value).encode())
