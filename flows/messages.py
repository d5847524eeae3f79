"""Message values: what we say, before it is WhatsApp's JSON. Meta's limits hold by construction.

Bodies and descriptions are cut to their limit with an ellipsis, for they may hold people's words; labels, ids and counts are
ours, so one that does not fit is a programming error and raises ValueError. Limits: Meta, "Interactive messages", read 2026.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

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
class Template:
    """An approved template with its text parameters, in order."""

    name: str
    language: str
    parameters: tuple[str, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", tuple(parameter(p) for p in self.parameters))


Message = Text | Buttons | Rows | Catalogue | AddressForm | Link | Template


def joined(first: Text | Buttons, second: Text | Buttons) -> Text | Buttons:
    """Two messages as one. The buttons of either stay; with buttons in both nobody could tell which is about what."""
    body = f"{first.body}\n\n{second.body}"
    buttons = [each.buttons for each in (first, second) if isinstance(each, Buttons)]
    return Buttons(body, buttons[0]) if len(buttons) == 1 else Text(body)


_KINDS: dict[str, type[Message]] = {
    "text": Text, "buttons": Buttons, "rows": Rows, "catalogue": Catalogue, "address_form": AddressForm, "link": Link,
    "template": Template,
}  # fmt: skip
_NAMES = {kind: name for name, kind in _KINDS.items()}


def dump(message: Message) -> Json:
    """`message` as plain data for the outbox; `load` is its inverse."""
    kept = asdict(message) if isinstance(message, Buttons | Rows) else _shallow(message)
    return {"kind": _NAMES[type(message)], **kept}


def _shallow(message: Message) -> Json:
    """The same where no value lies within another: `asdict` copies every one, and that is a tenth of what a cart costs."""
    return {each.name: getattr(message, each.name) for each in fields(message)}


def load(data: Json) -> Message:
    kept = {name: value for name, value in data.items() if name != "kind"}
    match data["kind"]:
        case "buttons":
            kept["buttons"] = tuple(Button(**b) for b in kept["buttons"])
        case "rows":
            kept["rows"] = tuple(Row(**r) for r in kept["rows"])
        case "template":
            kept["parameters"] = tuple(kept["parameters"])
    return _KINDS[data["kind"]](**kept)


def in_words(message: Message) -> Text | None:
    """`message` for an app that shows no buttons, lists or catalogues; None when it has no other form."""
    match message:
        case Buttons(body, buttons):
            return Text("\n".join([body, "", *(f"• {button.title}" for button in buttons)]))
        case Rows(body, _, rows):
            return Text("\n".join([body, "", *(f"• {row.title}" for row in rows)]))
        case Catalogue(body):
            return Text(body)
        case AddressForm(words=words):
            return Text(words)
        case Link(body, _, url):
            return Text(f"{body}\n\n{url}")
        case Text() | Template():
            return None
