"""What a customer of bookings is choosing, in the ids of buttons and rows, and what their words say of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import blake2s
from typing import Any

from flows.appointment import Calendar, Service

QUESTION = "booking"
"""The open question to a customer who chooses; its data is a `Choosing`."""
OPEN_FOR = timedelta(hours=24)
"""So long words are taken for an answer to it."""
HOLD = timedelta(minutes=5)
"""How long a time that was tapped is kept for who tapped it."""
UNHOLD = "unhold"
"""The timer that gives it back; its subject is the appointment's id."""

WHICH, FIRST, WHO, DAYS, TIMES = "which", "first", "who", "days", "times"
"""What a button shows: services, the next times, people, days, the times of a day."""
AT, BOOK, OTHER, FORGET, TELL = "at", "book", "other", "forget", "tell"
"""What it does: a time is tapped, it is booked (or a booking moved there), another is wished, none, or to be told of one."""
MOVE = "move"
"""A wish of a booking's own button: `b1042.move`."""
ANY = "-"
"""In place of the code of a service: which one is what is chosen."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LONGEST = 13
"""Digits of an id, which is written shortly: a button's own may have a hundred characters."""


@dataclass(frozen=True, slots=True)
class Choosing:
    """`places` of the service with this `code`, of one calendar or (0) any.

    `moves` is the number of the booking that gets another time (0: it is a new one), `beside` that of the order for the goods
    of the same cart.
    """

    code: str
    places: int = 1
    moves: int = 0
    beside: int = 0
    calendar_id: int = 0

    def id(self, verb: str, about: str = "") -> str:
        """As a button names it."""
        return f"b.{self.code}.{self.places}.{self.moves}.{self.beside}.{short(self.calendar_id)}.{verb}.{about}"

    def of(self, calendar_id: int) -> "Choosing":
        return replace(self, calendar_id=calendar_id)

    def dump(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Tapped:
    choosing: Choosing
    verb: str
    about: str


def load(data: Mapping[str, Any]) -> Choosing:
    return Choosing(**{name: data[name] for name in Choosing.__dataclass_fields__})


def read(tapped: str) -> Tapped | None:
    """What a button of ours does; None for any other text."""
    parts = tapped.split(".")
    if len(parts) != 8 or parts[0] != "b" or not all(map(_is_number, parts[2:5])):
        return None
    places, moves, beside = map(int, parts[2:5])
    calendar_id = unshort(parts[5])
    if not places or calendar_id is None:
        return None
    return Tapped(Choosing(parts[1], places, moves, beside, calendar_id), parts[6], parts[7])


def number(text: str) -> int | None:
    """What a button is about, if it is a number."""
    return int(text) if _is_number(text) else None


def short(id_: int) -> str:
    """An id of ours in few characters; `unshort` is its inverse."""
    digits = ""
    while id_:
        id_, digit = divmod(id_, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits or "0"


def unshort(text: str) -> int | None:
    return int(text, len(_DIGITS)) if re.fullmatch(rf"[0-9a-z]{{1,{_LONGEST}}}", text) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _LONGEST


@dataclass(frozen=True, slots=True)
class Yes:
    """What a yes is about: the time, what it costs as it was said, and the appointment that is held (0: none)."""

    seconds: int
    total: int
    held_id: int = 0

    def __str__(self) -> str:
        return f"{self.seconds}-{self.total}-{short(self.held_id)}"


def read_yes(about: str) -> Yes | None:
    seconds, _, rest = about.partition("-")
    total, _, held = rest.partition("-")
    held_id = unshort(held)
    if not _is_number(seconds) or not _is_number(total) or held_id is None:
        return None
    return Yes(int(seconds), int(total), held_id)


def code(sku: str) -> str:
    """A service in an id: its own may have a hundred characters, and any of them."""
    return blake2s(sku.encode(), digest_size=4).hexdigest()


def find(services: Sequence[Service], wanted: str) -> Service | None:
    return next((service for service in services if code(service.sku) == wanted), None)


_WISH = re.compile(
    r"(?:(?:hi|hello|please|i want to|i would like to|i'd like to|can i|could i|let me|i need)[ ,]+)*"
    r"(?:book|reserve|(?:make |get |book )?(?:an? )?(?:new )?(?:appointment|booking))\b(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_MOVE = re.compile(
    r"(?:(?:please|i want to|i would like to|i'd like to|can i|could i|i need to|can we)[ ,]+)*"
    r"(?:reschedule|postpone|(?:move|change)(?= (?:it|(?:my |the )?(?:booking|appointment|time)|#?[0-9]+)\b))"
    r"(?: (?:it|(?:my |the )?(?:booking|appointment|time)))?(?: ?#?(?P<number>[0-9]{3,12}))?\b(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_OTHER = re.compile(
    r"(?:show )?(?:me )?(?:an)?(?:other|more|all)(?: (?:times?|days?|slots?))?|calendar|later", re.IGNORECASE
)
SHORT = 120
"""Characters of words that are looked at: who writes more tells people something."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Somebody wishes to book, or to move the booking `number` (or theirs, if there is but one); `rest` may say when."""

    rest: str
    is_move: bool = False
    number: int | None = None


def wish(text: str) -> Wanted | None:
    """In English. None when the words are about something else."""
    said = text.strip()
    if len(said) > SHORT:
        return None
    if found := _MOVE.fullmatch(said):
        return Wanted(found["rest"].strip(), is_move=True, number=int(found["number"]) if found["number"] else None)
    found = _WISH.fullmatch(said)
    return Wanted(found["rest"].strip()) if found else None


def asks_for_others(text: str) -> bool:
    return bool(_OTHER.fullmatch(text.strip().strip(".!?")))


def named(services: Sequence[Service], words: str) -> list[Service]:
    """Those whose title the words say, or the longest part of it that they do."""
    said = _words(words)
    shared = {service.sku: sum(map(len, _words(service.title) & said)) for service in services}
    most = max(shared.values(), default=0)
    return [service for service in services if most and shared[service.sku] == most]


def person(calendars: Sequence[Calendar], words: str) -> Calendar | None:
    """The one whose name the words say."""
    said = _words(words)
    return next((calendar for calendar in calendars if _words(calendar.name) & said), None)


def _words(text: str) -> frozenset[str]:
    """What can tell one title or name from another."""
    return frozenset(word for word in re.findall(r"\w+", text.casefold()) if len(word) > 2) - {
        "the",
        "and",
        "for",
        "with",
    }
