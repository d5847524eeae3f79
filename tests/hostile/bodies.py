"""Bodies made by a grammar and then spoiled: real shapes with types swapped, fields gone, nested, doubled, spliced."""

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests import payloads
from tests.hostile.shapes import FIELDS, MESSAGES, STAFF, STATUSES, Json
from tests.hostile.values import VALUES

SMALL = {name: value for name, value in VALUES.items() if len(value) < 20_000}
PEOPLE = 300
KEYS = (
    "id", "from", "from_user_id", "from_parent_user_id", "type", "timestamp", "context", "text", "order", "interactive",
    "contacts", "messages", "statuses", "errors", "group_id", "recipient_id", "status", "system", "value", "changes",
    "field", "metadata", "phone_number_id", "biz_opaque_callback_data", "something_new", "", "__proto__", "\u0000",
)  # fmt: skip
FUTURE = ("messages", "statuses", "calls", "groups", "user_preferences", "message_echoes", "things", "Ä", "x" * 60, "")


@dataclass
class Grammar:
    """Bodies without end; the same `seed` tells the same. `number` is the phone number id that is ours."""

    seed: str
    number: str
    _count: int = 0
    _places: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def body(self, *sound: Json) -> tuple[bytes, bool]:
        """One POST, and whether the items `sound` in it are as they were (what is around all items may be spoiled too)."""
        self._places = []
        entries = [self._entry() for _ in range(self._dice.choice((1, 1, 1, 2, 3)))]
        changes: list[Any] = [payloads.messages(item, number=self.number) for item in sound]
        at = self._dice.randint(0, len(entries))
        entries.insert(at, {"id": payloads.ACCOUNT, "changes": changes})
        body: Any = {"object": "whatsapp_business_account", "entry": entries}
        roll = self._dice.random()
        if roll < 0.05:
            body = self._spoilt(body, self._dice.randint(1, 3))
        raw = json.dumps(body, ensure_ascii=self._dice.random() < 0.7).encode("utf-8", "surrogatepass")
        for n, value in enumerate(self._places):
            raw = raw.replace(b'"@%d@"' % n, value, 1)
        if roll > 0.96:
            return self._torn(raw), False
        return raw, roll >= 0.05

    def _entry(self) -> Any:
        changes = [self._change() for _ in range(self._dice.choice((1, 1, 2)))]
        entry = {"id": payloads.ACCOUNT, "time": 1767225600 + self._count, "changes": changes}
        return self._spoilt(entry, self._dice.choice((0, 0, 0, 1)))

    def _change(self) -> Any:
        kind = self._dice.random()
        if kind < 0.15:
            name = self._dice.choice(list(FIELDS))
            return self._spoilt(payloads.change(name, copy.deepcopy(FIELDS[name])), self._dice.randint(0, 3))
        items = [self._item(kind > 0.4) for _ in range(self._dice.choice((1, 1, 2, 4)))]
        array = "messages" if kind > 0.4 else "statuses"
        people = [payloads.contact(item.get("from"), item.get("from_user_id"), "Asha") for item in items]
        if self._dice.random() < 0.2:
            array = self._dice.choice(FUTURE)
        change = payloads.messages(number=self.number, contacts=people, **{array: items})
        return self._spoilt(change, self._dice.choice((0, 0, 1, 2)))

    def _item(self, is_message: bool) -> Json:
        self._count += 1
        table = MESSAGES if is_message else STATUSES
        item = table[self._dice.choice(list(table))](self._dice)
        if is_message:
            item = {**self._sender(), "id": f"wamid.{self.seed}.{self._count}", "timestamp": payloads.AT, **item}
        spoilt: Json = self._spoilt(item, self._dice.choice((0, 1, 1, 2, 5)))
        return spoilt

    def _sender(self) -> Json:
        if self._dice.random() < 0.1:
            return {"from": self._dice.choice(STAFF)}
        n = self._dice.randrange(PEOPLE)
        names = {"from": f"9177{n:08}", "from_user_id": f"IN.{n:012}"}
        return dict(self._dice.sample(list(names.items()), self._dice.choice((1, 1, 2, 0))))

    def _spoilt(self, value: Any, times: int) -> Any:
        for _ in range(times):
            holders = list(_holders(value))
            if not holders:
                return value
            self._spoil(self._dice.choice(holders))
        return value

    def _spoil(self, holder: Any) -> None:
        """One thing about an object or a list."""
        dice = self._dice
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            return
        key = dice.choice(keys)
        match dice.randrange(9):
            case 0:
                del holder[key]
            case 1 | 2 | 3:
                holder[key] = self._value()
            case 4:
                holder[key] = dice.choice([[holder[key]], {"value": holder[key]}, [[holder[key]], None]])
            case 5:
                other = dice.choice(keys)
                holder[key], holder[other] = holder[other], holder[key]
            case 6 if isinstance(holder, dict):
                holder[dice.choice(KEYS)] = self._value() if dice.random() < 0.7 else holder.pop(key)
            case 7 if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case _ if isinstance(holder[key], list):
                holder[key] = {str(n): part for n, part in enumerate(holder[key])}
            case _:
                holder[key] = str(holder[key])[:50]

    def _value(self) -> str:
        """A place where one of the strange values will be written as it is."""
        self._places.append(SMALL[self._dice.choice(list(SMALL))])
        return f"@{len(self._places) - 1}@"

    def _torn(self, raw: bytes) -> bytes:
        """The bytes themselves damaged."""
        torn = bytearray(raw)
        for _ in range(self._dice.randint(1, 4)):
            at = self._dice.randrange(len(torn))
            match self._dice.randrange(4):
                case 0:
                    torn[at] = self._dice.randrange(256)
                case 1:
                    del torn[at : at + self._dice.randint(1, 30)]
                case 2:
                    torn[at:at] = self._dice.choice(list(SMALL.values()))[:50]
                case _:
                    torn[at:at] = torn[at : at + self._dice.randint(1, 60)]
        return bytes(torn)


def _holders(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for child in value.values() if isinstance(value, dict) else value:
            yield from _holders(child)
