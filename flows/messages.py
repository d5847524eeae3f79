"""Message values: what we say, before it is WhatsApp's JSON. Meta's limits hold by construction.

Bodies and descriptions are cut to their limit with an ellipsis, for they may hold people's words; labels, ids and counts are
ours, so one that does not fit is a programming error and raises ValueError. Limits: Meta, "Interactive messages", read 2026.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from flows import payable
from flows.payable import Beneficiary, Item, Way

BODY, TEXT, FOOTER = 1024, 4096, 60
BUTTON_TITLE, ROW_TITLE, ROW_DESCRIPTION, SECTION_TITLE, LIST_BUTTON = 20, 24, 72, 24, 20
BUTTONS, ROWS = 3, 10
OUR_ID = 100
PARAMETER = 450
"""A template's body may hold 1,024 characters with both parameters filled in (error 132005): ours leave room for fixed words."""

Json = dict[str, Any]


def fit(text: str, limit: int) -> str:
    """`text` in at most `limit` characters, an ellipsis showing that something was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def with_question(head: str, question: str) -> str:
    """Both in one interactive message; the question is never cut."""
    return f"{fit(head, BODY - len(question) - 2)}\n\n{question}" if head else question


def parameter(text: str) -> str:
    """`text` as Meta takes it for a template parameter: no line break, no tab, no run of spaces, not empty (error 132018)."""
    return fit(re.sub(r"\s+", " ", text.replace("\n", " · ")).strip(), PARAMETER) or "-"


def _label(name: str, value: str, limit: int) -> None:
    if not value or len(value) > limit:
        raise ValueError(f"{name} must have 1 to {limit} characters: {value!r}")


@dataclass(frozen=True, slots=True)
class Text:
    body: str

    def __post_init__(self) -> None:
        if not self.body.strip():
            raise ValueError("a text says something")
        object.__setattr__(self, "body", fit(self.body, TEXT))


@dataclass(frozen=True, slots=True)
class Button:
    id: str
    title: str

    def __post_init__(self) -> None:
        _label("a button's id", self.id, OUR_ID)
        _label("a button's title", self.title, BUTTON_TITLE)


@dataclass(frozen=True, slots=True)
class Buttons:
    """A body and one to three reply buttons."""

    body: str
    buttons: tuple[Button, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "body", fit(self.body, BODY))
        if not 1 <= len(self.buttons) <= BUTTONS or len({b.title for b in self.buttons}) < len(self.buttons):
            raise ValueError(f"one to {BUTTONS} buttons with titles of their own: {self.buttons!r}")


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    title: str
    description: str = ""

    def __post_init__(self) -> None:
        _label("a row's id", self.id, OUR_ID)
        _label("a row's title", self.title, ROW_TITLE)
        object.__setattr__(self, "description", fit(self.description, ROW_DESCRIPTION))


@dataclass(frozen=True, slots=True)
class Rows:
    """A body and a list of one to ten rows behind `button`."""

    body: str
    button: str
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "body", fit(self.body, BODY))
        _label("a list's button", self.button, LIST_BUTTON)
        if not 1 <= len(self.rows) <= ROWS or len({r.id for r in self.rows}) < len(self.rows):
            raise ValueError(f"one to {ROWS} rows with ids of their own: {len(self.rows)}")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A body and the button that opens the shop's catalogue; `thumbnail` is the retailer id whose picture heads it."""

    body: str
    thumbnail: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "body", fit(self.body, BODY))


@dataclass(frozen=True, slots=True)
class AddressForm:
    """WhatsApp's form for an address in India, and the same question in `words` for an app that cannot show it.

    `values` fills the form in again after a mistake.
    """

    body: str
    words: str
    values: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "body", fit(self.body, BODY))


@dataclass(frozen=True, slots=True)
class Link:
    """A body and a button that opens `url` in the browser."""

    body: str
    button: str
    url: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "body", fit(self.body, BODY))
        _label("a link's button", self.button, BUTTON_TITLE)
        if not self.url.startswith(("https://", "http://")):
            raise ValueError(f"a link leads to a page: {self.url!r}")


@dataclass(frozen=True, slots=True)
class OrderDetails:
    """What is to be paid, and with what, in WhatsApp itself. Amounts are minor units; sums follow from the items.

    `words` say the same for an app that cannot show it. `reference` serves one message for ever. `expires_at` is Unix
    seconds, at least 300 ahead when it is sent. `is_quick` goes straight to paying, without the list of items.
    """

    body: str
    words: str
    reference: str
    items: tuple[Item, ...]
    ways: tuple[Way, ...]
    currency: str = "INR"
    is_digital: bool = False
    tax: int = 0
    tax_words: str = ""
    shipping: int = 0
    discount: int = 0
    beneficiaries: tuple[Beneficiary, ...] = ()
    catalog_id: str = ""
    expires_at: int | None = None
    is_quick: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "body", fit(self.body, BODY))
        if not self.body.strip() or not self.words.strip():
            raise ValueError("who is asked for money is told what for")
        payable.check_reference(self.reference, self.currency)
        if min(self.tax, self.shipping, self.discount) < 0 or self.total <= 0 or len(self.tax_words) > payable.NAME:
            raise ValueError(f"a sum to be paid, of parts that are none of them negative: {self!r}")
        if not 1 <= len(self.items) <= payable.ITEMS or not self.ways or len(self.beneficiaries) > 1:
            raise ValueError(f"items, at least one way to pay, and at most one beneficiary: {self!r}")
        if not all(isinstance(way, payable.WAYS[self.currency]) for way in self.ways):
            raise ValueError(f"nobody pays {self.currency} so: {self.ways!r}")
        self._check_items()

    def _check_items(self) -> None:
        pictured = [item for item in self.items if item.image]
        if pictured and (self.catalog_id or len(self.items) > payable.PICTURED or any(i.retailer_id for i in pictured)):
            raise ValueError("pictures of our own are for at most ten items, and for none of a catalogue")
        if self.currency == "BRL" and not all(item.retailer_id for item in self.items):
            raise ValueError("in Brazil every item has a retailer id")
        if self.currency == "INR" and not self.catalog_id and not all(i.origin and i.importer for i in self.items):
            raise ValueError("in India an item of no catalogue says where it comes from, and who brought it")

    @property
    def subtotal(self) -> int:
        return sum(item.total for item in self.items)

    @property
    def total(self) -> int:
        return self.subtotal + self.tax + self.shipping - self.discount


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """What has become of an order that was asked for by `OrderDetails`, in words and on the customer's own page of it.

    `payment` ("captured", "failed", "pending", with its moment in Unix seconds) is for Brazil, where Meta cannot see it.
    """

    body: str
    reference: str
    status: str
    description: str = ""
    payment: str = ""
    payment_at: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "body", fit(self.body, BODY))
        object.__setattr__(self, "description", fit(self.description, payable.WORDS))
        payable.check_reference(self.reference, "BRL")
        if not self.body.strip() or self.status not in payable.PROGRESS:
            raise ValueError(f"an order is one of {', '.join(payable.PROGRESS)}, and words say so: {self!r}")
        if self.payment not in ("", "pending", "captured", "failed") or bool(self.payment) != bool(self.payment_at):
            raise ValueError(f"a payment is pending, captured or failed since some moment: {self!r}")


@dataclass(frozen=True, slots=True)
class Template:
    """An approved template with its text parameters, in order. `about` is what its button pays, or its order's status;
    `buttons` are those that it was approved with, in order, with the ids they answer with.
    """

    name: str
    language: str
    parameters: tuple[str, ...]
    about: OrderDetails | OrderStatus | None = None
    buttons: tuple[Button, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", tuple(parameter(p) for p in self.parameters))


Message = Text | Buttons | Rows | Catalogue | AddressForm | Link | OrderDetails | OrderStatus | Template


def joined(first: Text | Buttons, second: Text | Buttons) -> Text | Buttons:
    """Two messages as one. The buttons of either stay; with buttons in both nobody could tell which is about what."""
    body = f"{first.body}\n\n{second.body}"
    buttons = [each.buttons for each in (first, second) if isinstance(each, Buttons)]
    return Buttons(body, buttons[0]) if len(buttons) == 1 else Text(body)


_KINDS: dict[str, type[Message]] = {
    "text": Text, "buttons": Buttons, "rows": Rows, "catalogue": Catalogue, "address_form": AddressForm, "link": Link,
    "order_details": OrderDetails, "order_status": OrderStatus, "template": Template,
}  # fmt: skip
_NAMES = {kind: name for name, kind in _KINDS.items()}
_PARTS = {kind: tuple(part.name for part in fields(kind)) for kind in _NAMES}


def dump(message: Message) -> Json:
    """`message` as plain data for the outbox; `load` is its inverse."""
    kept = asdict(message) if isinstance(message, Buttons | Rows | OrderDetails) else _shallow(message)
    if isinstance(message, Template):
        kept["about"] = message.about and dump(message.about)
        kept["buttons"] = [asdict(button) for button in message.buttons]
    return {"kind": _NAMES[type(message)], **kept}


def _shallow(message: Message) -> Json:
    """The same where no value lies within another: `asdict` copies every one, and that is a tenth of what a cart costs."""
    return {name: getattr(message, name) for name in _PARTS[type(message)]}


def load(data: Json) -> Message:
    kept = {name: value for name, value in data.items() if name != "kind"}
    match data["kind"]:
        case "buttons":
            kept["buttons"] = tuple(Button(**b) for b in kept["buttons"])
        case "rows":
            kept["rows"] = tuple(Row(**r) for r in kept["rows"])
        case "template":
            kept["parameters"] = tuple(kept["parameters"])
            kept["about"] = load(about) if (about := kept.get("about")) else None
            kept["buttons"] = tuple(Button(**b) for b in kept.get("buttons", ()))
        case "order_details":
            kept["items"] = tuple(payable.load_item(item) for item in kept["items"])
            kept["ways"] = tuple(payable.load_way(way) for way in kept["ways"])
            kept["beneficiaries"] = tuple(Beneficiary(**person) for person in kept["beneficiaries"])
    return _KINDS[data["kind"]](**kept)


def in_words(message: Message) -> Text | None:
    """`message` for an app that shows no buttons, lists, catalogues or payments; None when it has no other form."""
    match message:
        case Buttons(body, buttons):
            return Text("\n".join([body, "", *(f"• {button.title}" for button in buttons)]))
        case Rows(body, _, rows):
            return Text("\n".join([body, "", *(f"• {row.title}" for row in rows)]))
        case Catalogue(body):
            return Text(body)
        case AddressForm(words=words) | OrderDetails(words=words):
            return Text(words)
        case OrderStatus(body):
            return Text(body)
        case Link(body, _, url):
            return Text(f"{body}\n\n{url}")
        case Text() | Template():
            return None
