"""Vocabularies: the words of a shop for where its orders stand, the statuses it uses, and the policies that go with them.

A vocabulary is a TOML file; `docs/vocabularies.md` tells its form. Labels are for staff: customers read the phrases of their
language. What a vocabulary leaves out is said in the standard words.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any

from flows.messages import fit
from flows.order import BOOKING_STATUSES, DERIVED, STATES, STATUSES, Order
from flows.spelling import nearest

STANDARD = "standard"
SHIPPED = (STANDARD, "socialone", "wapto", "chord", "soul", "picky")
"""The vocabularies that come with the program."""

PAYMENTS = (
    "unpaid", "pending", "partially_paid", "paid", "overpaid", "partially_refunded", "refunded", "failed", "voided",
)  # fmt: skip
SHIPMENTS = (
    "pending", "ready", "backordered", "partially_shipped", "shipped", "partially_delivered", "delivered", "canceled",
)  # fmt: skip
STEPS = ("address", "delivery", "payment", "review")
REVIEW, FETCH, REFUNDED, PARTLY_REFUNDED, ARCHIVED = (
    "needs_review", "ready_for_pickup", "refunded", "partly_refunded", "archived",
)  # fmt: skip
OCCASIONS = (REVIEW, FETCH, REFUNDED, PARTLY_REFUNDED, ARCHIVED)
"""What gives a status another label: a placed order to be looked at, a packed one to be fetched, one whose money went back."""
PARTS = ("order", "payment", "shipment")
"""What `show` may be made of."""
_LABEL, _NAME = 24, 32


class VocabularyError(ValueError):
    """All that is wrong with a vocabulary, a sentence each."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Extra:
    """A merchant's own status: it behaves like the status `like`, and stands in the same state or in one of its own words."""

    name: str
    label: str
    like: str
    state: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`statuses` are those in use, with the shop's label or "" for the standard one; the other tables hold labels too.
    `bookings` are labels of a booking's statuses, which are all in use; what is left out is called as of an order.

    `show` puts the words for order, payment and shipment together; `states` are given where staff see the state as well,
    `own_states` where a status has one of its own. `policies` are defaults of settings by name.
    """

    name: str
    title: str
    statuses: Mapping[str, str]
    show: str = "{order}"
    occasions: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    own_states: Mapping[str, str] = field(default_factory=dict)
    payments: Mapping[str, str] = field(default_factory=dict)
    shipments: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, str] = field(default_factory=dict)
    policies: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)
    extras: Mapping[str, Extra] = field(default_factory=dict)
    bookings: Mapping[str, str] = field(default_factory=dict)

    def labels_of(self, order: Order) -> Mapping[str, str]:
        """The shop's own labels of the statuses of this kind of order."""
        return {**self.statuses, **self.bookings} if order.is_booking else self.statuses

    def uses(self, status: str, *, is_pickup: bool = False) -> bool:
        """Whether a command may lead there. What follows from records has no command, and is always possible."""
        return status in self.statuses or (status == "packed" and is_pickup and FETCH in self.occasions)


_read: Callable[[str], str] | None = None
_known: dict[str, Vocabulary] = {}


def read_with(read: Callable[[str], str]) -> None:
    """How the text of a vocabulary is had, by its name or path; VocabularyError says why it cannot be."""
    global _read  # noqa: PLW0603 - the shell hands it in once, at its start
    _read = read


def find(name: str) -> Vocabulary:
    """The vocabulary, read when it is first needed: `check` has looked it through before anybody could choose it.

    One that has become unreadable since is the standard one; `faults` says so to the doctor.
    """
    if name not in _known:
        try:
            _known[name] = parse(name, _text(name))
        except VocabularyError:
            if name == STANDARD:
                raise
            return find(STANDARD)
    return _known[name]


def faults(name: str) -> tuple[str, ...]:
    """What is wrong with a vocabulary's names, a sentence each; none when it can be used."""
    try:
        _known[name] = parse(name, _text(name))
    except VocabularyError as error:
        return error.faults
    return ()


def _text(name: str) -> str:
    assert _read is not None, "vocabulary.read_with was not called"
    return _read(name)


def parse(name: str, text: str) -> Vocabulary:
    """The vocabulary that `text` (TOML) describes. VocabularyError lists everything that is wrong with it."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise VocabularyError((f"{name} is not TOML: {error}",)) from None
    reader = _Reader(data)
    found = reader.vocabulary(name)
    if reader.faults:
        raise VocabularyError(tuple(f"{name}: {fault}" for fault in reader.faults))
    return found


class _Reader:
    """Reads a file's tables and gathers faults."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self.faults: list[str] = []

    def vocabulary(self, name: str) -> Vocabulary:
        tables = {
            "status",
            "booking",
            "when",
            "state",
            "state_of",
            "payment",
            "shipment",
            "step",
            "policy",
            "templates",
            "extra",
        }
        for unknown in [key for key in self._data if key not in {"title", "show", *tables}]:
            self._unknown(unknown, "table", [*sorted(tables), "title", "show"])
        found = Vocabulary(
            name=name,
            title=self._text(
                "title", self._data.get("title", fit(name.rsplit("/", 1)[-1].removesuffix(".toml"), _LABEL))
            ),
            statuses=self._statuses(),
            show=self._show(),
            occasions=self._labels("when", OCCASIONS),
            states=self._labels("state", tuple(STATES)),
            own_states=self._labels("state_of", STATUSES),
            payments=self._labels("payment", PAYMENTS),
            shipments=self._labels("shipment", SHIPMENTS),
            steps=self._labels("step", STEPS),
            policies=self._policies(),
            templates=self._labels("templates", tuple(dict.fromkeys(STATUSES + BOOKING_STATUSES)), limit=512),
            extras=dict(self._extras()),
            bookings=self._labels("booking", BOOKING_STATUSES),
        )
        for status in ("placed", "canceled"):
            if status not in found.statuses:
                self.faults.append(f"[status] leaves out {status}, without which there is no order")
        return found

    def _table(self, key: str) -> Mapping[str, Any]:
        table = self._data.get(key, {})
        if isinstance(table, dict):
            return table
        self.faults.append(f"{key} must be a table: [{key}]")
        return {}

    def _statuses(self) -> dict[str, str]:
        """A label, or `true` for the standard one."""
        given = {name: "" if label is True else label for name, label in self._table("status").items()}
        return self._checked("status", given, [name for name in STATUSES if name not in DERIVED or name in given])

    def _labels(self, key: str, names: tuple[str, ...], limit: int = _LABEL) -> dict[str, str]:
        return self._checked(key, self._table(key), names, limit)

    def _checked(
        self, key: str, given: Mapping[str, Any], names: list[str] | tuple[str, ...], limit: int = _LABEL
    ) -> dict[str, str]:
        for name in given:
            if name not in names:
                self._unknown(f"{key}.{name}", "name", names)
        return {name: self._text(f"{key}.{name}", given[name], limit) for name in names if name in given}

    def _text(self, place: str, value: Any, limit: int = _LABEL) -> str:
        if not isinstance(value, str) or len(value) > limit or not (value.isprintable() or not value):
            self.faults.append(f"{place} must be a text of at most {limit} characters on one line")
            return ""
        return value

    def _show(self) -> str:
        show = self._data.get("show", "{order}")
        try:
            named = {name for _, name, _, _ in Formatter().parse(show) if name is not None}
        except (ValueError, TypeError):
            named = set()
        if "order" not in named or named - set(PARTS) or len(show) > 60:
            self.faults.append("show must be a text with {order}, and perhaps {payment} and {shipment}")
            return "{order}"
        return str(show)

    def _policies(self) -> dict[str, str]:
        given = self._table("policy")
        for name in [name for name, value in given.items() if not isinstance(value, str)]:
            self.faults.append(f"policy.{name} must be a text as `store set` takes it, in quotes")
        return {name: value for name, value in given.items() if isinstance(value, str)}

    def _extras(self) -> Iterator[tuple[str, Extra]]:
        for name, given in self._table("extra").items():
            row = given if isinstance(given, dict) else {}
            like, state = row.get("like"), row.get("state")
            if like not in STATUSES or like in DERIVED:
                self.faults.append(f"extra.{name}.like must name the status that it behaves like, such as processing")
                continue
            if name in STATUSES or len(name) > _NAME or not name.isidentifier():
                self.faults.append(f"extra.{name} must have a name of its own, of letters, digits and _")
            if extra := set(row) - {"label", "like", "state"}:
                self.faults.append(f"extra.{name} knows label, like and state, not {', '.join(sorted(extra))}")
            home = next(each for each, statuses in STATES.items() if like in statuses)
            label = self._text(f"extra.{name}.label", row.get("label", name))
            yield (
                name,
                Extra(name, label, like, self._text(f"extra.{name}.state", state if state is not None else home)),
            )

    def _unknown(self, name: str, kind: str, names: list[str] | tuple[str, ...]) -> None:
        hint = nearest(name.rsplit(".", 1)[-1], names)
        self.faults.append(f"{name} is no {kind} that I know{f'; did you mean {hint}?' if hint else ''}")
