"""Each strange value in each field of every kind of item: its item is handled or ignored, its neighbours do not notice."""

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import payloads
from tests.bot.web.door import open_door
from tests.hostile.shapes import FIELDS, MESSAGES, STATUSES, paths, put
from tests.hostile.stage import Gate
from tests.hostile.values import VALUES

PLACE = "@@"
SAMPLE = (
    "NUL", "only NUL", "a key with NUL", "half an emoji", "no UTF-8", "half an emoji for a key", "2^63", "2^64", "1e400",
    "NaN", "100 kB", "controls", "bidi overrides", "no character", "400 levels", "-2^63 - 1", "a timestamp far away",
    "many accents", "superscript two", "the last second that counts",
)  # fmt: skip
"""What Postgres and its driver might see otherwise than SQLite."""
BODY = 500_000
"""Bytes, about; three places may stand in one item."""
Json = dict[str, Any]


def contents() -> Iterator[tuple[str, Json]]:
    """Every kind of thing Meta tells, with the name of its array or field."""
    dice = random.Random(1)
    for make in MESSAGES.values():
        context = {"id": "wamid.B", "from": "1555", "forwarded": False}
        yield "messages", payloads.text() | {"from_user_id": payloads.ASHA_ID, "context": context} | make(dice)
    for make in STATUSES.values():
        yield "statuses", make(dice)
    yield from FIELDS.items()


def places() -> Iterator[tuple[str, Json]]:
    """The same, once for each of its fields, which has PLACE for its value."""
    for name, content in contents():
        for path in paths(content):
            strange = copy.deepcopy(content)
            put(strange, path, PLACE)
            yield name, strange


def bodies(gate: Gate, value: bytes) -> Iterator[bytes]:
    """POSTs with `value` in every place, each item between two sound ones."""
    changes: list[Json] = []
    for n, (name, item) in enumerate(places()):
        if item.get("id") != PLACE and name in ("messages", "statuses"):
            item["id"] = f"wamid.{n}"
        sender = f"9178{n:08}"
        if name == "messages" and item.get("from") != PLACE:  # everybody on their own, or they would be a flood
            item |= {"from": sender}
        if name == "messages" and item.get("from_user_id") != PLACE:
            item |= {"from_user_id": f"IN.{n}"}
        sound = gate.sound(n)
        gate.expected.add(sound["id"])
        if name == "messages":
            person = payloads.contact(PLACE if n % 7 == 0 else sender, name=PLACE if n % 5 == 0 else "Asha")
            changes.append(payloads.messages(item, sound, number=gate.number, contacts=[person]))
        elif name == "statuses":
            changes.append(payloads.messages(sound, number=gate.number, statuses=[item]))
        else:
            changes += [payloads.change(name, item), payloads.messages(sound, number=gate.number)]
        if len(changes) * (len(value) + 500) > BODY:
            yield payloads.raw(*changes).replace(b'"@@"', value)
            changes = []
    yield payloads.raw(*changes).replace(b'"@@"', value)


@pytest.mark.timeout(400)
async def test_each_value_in_each_field_is_settled_and_its_neighbours_are_handled(
    sqlite_url: str, tmp_path: Path
) -> None:
    await _all(sqlite_url, tmp_path, list(VALUES))


@pytest.mark.postgres
@pytest.mark.timeout(400)
async def test_values_that_postgres_knows_otherwise_are_settled_too(postgres_url: str, tmp_path: Path) -> None:
    await _all(postgres_url, tmp_path, SAMPLE)


async def _all(url: str, files: Path, names: Any) -> None:
    async with open_door(url, files) as door:
        gate = Gate(door)
        for name in names:
            gate.clear(name)
            assert {await gate.post(raw) for raw in bodies(gate, VALUES[name])} == {200}, name
            assert await gate.faults() == [], name
