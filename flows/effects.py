"""What a decision wants to happen, as values. An effect is not run: `models/effects.py` makes rows of it."""

from dataclasses import dataclass
from datetime import datetime

from flows.messages import Message, Template
from flows.news import News


@dataclass(frozen=True, slots=True)
class Say:
    """Words for a contact; `fallback` goes out when their window is closed. `order_id` is what a reply to it is about.

    They wait until `due_at`, for as long as what they tell can be taken back.
    """

    contact_id: int
    message: Message
    fallback: Template | None = None
    order_id: int | None = None
    arrival: str = "must_arrive"
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TellStaff:
    """News for everyone of the shop who gets alerts, but for whoever caused it and gets the answer; or `only` for one.

    `to` is the one whom it is for; all get it when they are of the shop no more.
    """

    news: News
    but: int | None = None
    only: int | None = None
    to: int | None = None


@dataclass(frozen=True, slots=True)
class StartTimer:
    kind: str
    subject: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Ring:
    """A timer's ring without the wait: an event of its own, handled after what caused it."""

    kind: str
    subject: str


@dataclass(frozen=True, slots=True)
class StopTimer:
    """Every ring of these kinds that is set, but for those at `but`."""

    kinds: tuple[str, ...]
    subject: str
    but: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class MoveStock:
    """Pieces promised (`reserved`) and on the shelf (`on_hand`) change by so many; the database refuses less than none.

    Without a `location` the pieces of all places together are meant; with one, only the record of that place. `is_sold`
    pieces were asked for just now: staff hear when few are left.
    """

    retailer_id: str
    reserved: int
    on_hand: int = 0
    location: str = ""
    is_sold: bool = False


@dataclass(frozen=True, slots=True)
class FreeSlot:
    """The places of a booking's appointment are given back."""

    order_id: int


Effect = Say | TellStaff | StartTimer | Ring | StopTimer | MoveStock | FreeSlot
