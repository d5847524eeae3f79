"""Bodies that break parsers and columns, signed like any other: 400 when it is no JSON, else every item has its row."""

import json
import random
from collections.abc import Callable

import pytest

from tests import payloads
from tests.bot.web.door import Door

BLANK = '"@@"'
"""Stands in a body where a strange value will be written as it is."""

NOT_JSON = [
    b"", b" ", b"{", b"}", b"]", b'{"object":', b"{'object': 1}", b'{"a":1,}', b"[1,]", b"[1 2]", b"nul", b"tru", b"hello",
    b'"open', b'"\x01"', b'"\\x41"', b"\xff\xfe", b"\xe9", b'{"a":1}{"a":2}', b"01", b"1.", b"<xml/>", b"a=1&b=2",
    b"\x00", b'{"a":\x00}', b"\x1f\x8b\x08",
]  # fmt: skip
JSON_OF_ANOTHER_KIND = [
    b"{}", b"[]", b"null", b"true", b"0", b'""', b'"text"', b"[[]]", b'{"object":"page","entry":[]}', b'{"object":null}',
    b'{"object":"whatsapp_business_account"}', b'{"object":"whatsapp_business_account","entry":{}}',
    b'{"object":"whatsapp_business_account","entry":[]}', b'{"object":"whatsapp_business_account","entry":[{"changes":[]}]}',
    b'{"object":["whatsapp_business_account"]}',
]  # fmt: skip
STRANGE = {
    "NaN": b"NaN",
    "infinity": b"-Infinity",
    "1e400": b"1e400",
    "5,000 digits": b"1" * 5000,
    "2^63": b"9223372036854775808",
    "2^64": b"18446744073709551616",
    "-2^63 - 1": b"-9223372036854775809",
    "a float as long as a page": b"0." + b"3" * 5000,
    "raw lone surrogate": b'"\xed\xa0\xbd"',
    "escaped lone surrogate": b'"\\ud83d"',
    "surrogates in the wrong order": b'"\\udc00\\ud83d"',
    "escaped NUL": b'"a\\u0000b"',
    "superscript two": '"²"'.encode(),
    "a timestamp far away": b'"99999999999999999"',
    "a timestamp before all time": b"-99999999999999999",
    "true": b"true",
    "null": b"null",
    "a list": b"[[],{}]",
    "an object": b'{"":{"":{}}}',
    "the same key twice": b'{"a":1,"a":2}',
    "a long text": b'"' + b"x" * 100_000 + b'"',
    "right to left": '"\u202e\u2066\u200b\ufeff"'.encode(),
    "SQL": b'"\'); DROP TABLE inbox; --"',
}
FIELDS: dict[str, Callable[[], payloads.Json]] = {
    "id": lambda: payloads.text() | {"id": "@@"},
    "from": lambda: payloads.text() | {"from": "@@"},
    "from_user_id": lambda: payloads.text(from_user_id="@@"),
    "timestamp": lambda: payloads.text() | {"timestamp": "@@"},
    "type": lambda: payloads.text() | {"type": "@@"},
    "text": lambda: payloads.text() | {"text": "@@"},
    "body": lambda: payloads.text("@@"),
    "context": lambda: payloads.text(context="@@"),
    "quantity": lambda: payloads.cart(payloads.line(quantity="@@")),
    "price": lambda: payloads.cart(payloads.line(price="@@")),
    "something new": lambda: payloads.text(something_new={"a": ["@@"]}),
}


def deep(levels: int, opening: bytes, closing: bytes) -> bytes:
    return opening * levels + b"1" + closing * levels


@pytest.mark.parametrize("raw", NOT_JSON, ids=repr)
async def test_what_is_no_json_is_refused_and_not_kept(shut: Door, raw: bytes) -> None:
    hits = shut.listen()
    assert (await shut.post(raw), dict(hits)) == (400, {})


async def test_json_of_another_kind_is_kept_whole_as_one_unknown_event(stored: Door) -> None:
    assert [await stored.post(raw) for raw in JSON_OF_ANOTHER_KIND] == [200] * len(JSON_OF_ANOTHER_KIND)
    rows = await stored.rows()
    assert [(row["kind"], row["payload"]) for row in rows] == [("unknown", raw) for raw in JSON_OF_ANOTHER_KIND]


@pytest.mark.parametrize("levels", [10, 100, 1_000, 10_000, 100_000])
async def test_no_depth_is_too_much(stored: Door, levels: int) -> None:
    text = json.loads(stored.body(payloads.text()))
    text["entry"][0]["changes"][0]["value"]["messages"][0]["deep"] = "@@"
    bodies = [
        deep(levels, b"[", b"]"),
        deep(levels, b'{"a":', b"}"),
        json.dumps(text).encode().replace(BLANK.encode(), deep(levels, b'[{"a":', b"}]")),
    ]
    assert [await stored.post(raw) for raw in bodies] == [200, 200, 200]
    kept = [(row["kind"], row["payload"]) for row in await stored.rows()]
    assert kept[:2] == [("unknown", raw) for raw in bodies[:2]]
    assert kept[2][0] == ("message" if levels <= 100 else "unknown")


async def test_a_strange_value_anywhere_costs_neither_its_item_nor_its_neighbours(stored: Door) -> None:
    ids: list[str] = []
    for field, make in FIELDS.items():
        for value in STRANGE.values():
            before, strange, after = payloads.text(), make(), payloads.text()
            for n, item in enumerate([before, after] if field == "id" else [before, strange, after]):
                item["id"] = f"wamid.{len(ids)}.{n}"
                ids.append(item["id"])
            raw = stored.body(before, strange, after).replace(BLANK.encode(), value)
            assert await stored.post(raw) == 200, (field, value[:40])
    kept = [json.loads(row["payload"])["item"]["id"] for row in await stored.rows() if row["kind"] == "message"]
    assert [told for told in kept if told in ids] == ids


async def test_damaged_bodies_are_refused_or_kept_and_the_door_stands(shut: Door) -> None:
    dice = random.Random(20260302)
    whole = shut.body(
        payloads.text("नमस्ते 🙏"),
        payloads.cart(payloads.line()),
        contacts=[payloads.contact()],
        statuses=[payloads.status("read")],
    )
    answers = []
    for _ in range(600):
        raw = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(raw))
            match dice.randrange(4):
                case 0:
                    raw[at] = dice.randrange(256)
                case 1:
                    del raw[at : at + dice.randint(1, 30)]
                case 2:
                    raw[at:at] = dice.choice(list(STRANGE.values()))[:50]
                case _:
                    raw[at:at] = raw[at : at + dice.randint(1, 60)]
        stored = await shut.count()
        answer = await shut.post(bytes(raw))
        answers.append(answer)
        assert answer in {200, 400}
        if answer == 400:
            assert await shut.count() == stored
    assert {200, 400} == set(answers)
    assert await shut.post(whole) == 200
