"""Every setting of a store: what it is called, what may be written, what it is when nobody wrote anything.

Values are kept as the text people typed, and read when they are asked for. What belongs to the machine and not to the
business stands in the environment.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from flows import kinds
from flows.kinds import AMOUNT, CLOSED, HOURS, LANGUAGE, NONE, ON_OFF, SPAN, WORDS, Kind
from flows.spelling import nearest

VOCABULARIES = ("standard", "socialone", "wapto", "chord", "soul", "picky")
PAYMENT_METHODS = ("cod", "whatsapp_pay", "link", "pix", "transfer", "credit")
PROVIDERS = ("razorpay", "payu", "billdesk", "zaakpay", "upi", "link")
DELIVERY_METHODS = ("courier", "rider", "pickup", "digital")


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. `default` is text, as a person would write it; `overrides` are the defaults of vocabularies."""

    name: str
    kind: Kind
    default: str
    description: str
    overrides: Mapping[str, str] = field(default_factory=dict)
    built: bool = False


def _row(name: str, kind: Kind, default: str, description: str, *, built: bool = False, **overrides: str) -> Setting:
    return Setting(name, kind, default, description, MappingProxyType(overrides), built)


_NEVER = kinds.duration(zero="never")
_METHODS = kinds.choice(*DELIVERY_METHODS)

_ROWS = (
    _row("vocabulary", kinds.choice_or_path(*VOCABULARIES), "standard", "the words for statuses, and their policies"),
    _row(
        "order_flow",
        kinds.choice("manual", "confirm_then_pay", "pay_then_confirm"),
        "confirm_then_pay",
        "whether staff, the order or the payment comes first",
        socialone="manual",
        wapto="manual",
        chord="pay_then_confirm",
        soul="pay_then_confirm",
        built=True,
    ),
    _row("auto_collect_address", ON_OFF, "on", "ask the customer for the address by itself", built=True),
    _row(
        "payment_methods", kinds.many(kinds.choice(*PAYMENT_METHODS)), "cod", "ways to pay that customers are offered"
    ),
    _row("pay.provider", kinds.optional(kinds.choice(*PROVIDERS)), NONE, "who collects payments"),
    _row("pay.configuration", kinds.optional(WORDS), NONE, "name of the payment configuration at Meta"),
    _row("pay.vpa", kinds.optional(WORDS), NONE, "UPI address that receives the money"),
    _row("pay.mcc", kinds.optional(WORDS), NONE, "merchant category code"),
    _row("pay.purpose", kinds.optional(WORDS), NONE, "purpose code of a payment"),
    _row("pay.note", kinds.optional(WORDS), NONE, "words the customer reads beside the payment"),
    _row("delivery_methods", kinds.many(_METHODS), "courier", "ways an order can reach the customer", built=True),
    _row(
        "tracking_required",
        kinds.many(_METHODS, empty=True),
        "courier",
        "delivery methods that need a tracking number",
        built=True,
    ),
    _row("carriers", kinds.many(WORDS, empty=True), NONE, "names of the carriers the shop uses", built=True),
    _row("abandon_after", _NEVER, "24h", "give up an order whose customer does not answer", built=True),
    _row("abandon_reminder", _NEVER, "12h", "remind a customer who does not answer", built=True),
    _row("expire_after", _NEVER, "72h", "end an order that was given up or not paid", built=True),
    _row(
        "undo_window", kinds.duration(zero="no undo"), "5s", "how long an action can be undone", wapto="0s", built=True
    ),
    _row("reminders", kinds.many(kinds.duration(), empty=True), "24h,2h", "how long before a booking to remind"),
    _row("quiet_hours", SPAN, "21:00-08:00", "no reminders at this time of the store's day"),
    _row("business_hours", HOURS, "always", "when the shop is open", built=True),
    _row(
        "after_hours",
        kinds.choice("accept", "hold"),
        "accept",
        "what happens to orders outside business hours; held ones go on when the shop opens",
        built=True,
    ),
    _row("closed", CLOSED, "off", "whether the shop is closed just now"),
    _row("allow_backorder", ON_OFF, "off", "sell more than there is"),
    _row("min_order", AMOUNT, "0", "smallest order that is taken"),
    _row("low_stock", kinds.number(0, 1_000_000), "5", "pieces left at which staff are told"),
    _row("invoices", ON_OFF, "off", "an invoice is a step of its own between work and parcel", soul="on", built=True),
    _row("require_approval", ON_OFF, "off", "a confirmed order waits for an approval", picky="on", built=True),
    _row("approval_limit", kinds.optional(AMOUNT), NONE, "amount from which a second person approves", built=True),
    _row("require_payment_to_start", ON_OFF, "off", "work starts only when it is paid", soul="on", built=True),
    _row(
        "require_payment_to_ship",
        kinds.choice("never", "prepaid", "always"),
        "prepaid",
        "goods leave only when paid",
        built=True,
    ),
    _row(
        "cancel_after_ship",
        kinds.choice("staff", "never", "all"),
        "staff",
        "who may cancel what has been shipped",
        picky="never",
        built=True,
    ),
    _row(
        "customer_cancel_until",
        kinds.choice("placed", "confirmed", "packed", "shipped", "never"),
        "packed",
        "how far customers may cancel themselves",
        picky="shipped",
        built=True,
    ),
    _row("resume_window", kinds.duration(), "7d", "how long a canceled order can be resumed", built=True),
    _row("return_window", kinds.duration(), "30d", "how long after delivery goods may come back"),
    _row(
        "review_payments_from",
        kinds.many(kinds.choice(*dict.fromkeys(PROVIDERS + PAYMENT_METHODS)), empty=True),
        NONE,
        "payments that staff look at before they count",
    ),
    _row(
        "require_receipt_confirmation",
        ON_OFF,
        "off",
        "a delivery counts when the customer confirms it",
        soul="on",
        built=True,
    ),
    _row("auto_complete_after", _NEVER, "7d", "complete a delivered order by itself", built=True),
    _row("auto_archive_after", _NEVER, "0", "archive an ended order by itself", built=True),
    _row("stale_after", _NEVER, "24h", "tell staff of an order that waits for the shop for so long", built=True),
    _row("booking_confirm_within", kinds.duration(), "4h", "how soon staff answer a booking"),
    _row("alerts", kinds.choice("all", "mine", "money", "digest"), "all", "what staff are told unasked"),
    _row("languages", kinds.many(LANGUAGE), "en,hi,pt,es,ar", "languages customers are answered in", built=True),
    _row("read_receipts", ON_OFF, "off", "show customers that their message was read"),
    _row("pace.number", kinds.number(0, 1000, "off"), "80", "messages a second from the store's number", built=True),
    _row("retention", kinds.duration(), "180d", "how long the words of messages are kept", built=True),
)
STORE_SETTINGS: Mapping[str, Setting] = MappingProxyType({row.name: row for row in _ROWS})


class SettingsError(ValueError):
    """All that is wrong with what somebody wrote, a sentence each."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Shown:
    """A line of `store show`: the text in force, and whether it is the default."""

    name: str
    value: str
    is_default: bool
    accepts: str
    description: str
    built: bool


class Settings:
    """A store's settings: what was written, else the default of its vocabulary, else the default."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def get(self, name: str) -> Any:
        """The value of the setting, typed by its kind. KeyError for a name that is not in the table."""
        return STORE_SETTINGS[name].kind.read(self.text(name))

    def text(self, name: str) -> str:
        """The value as a person would write it."""
        return self._values.get(name, self._default(STORE_SETTINGS[name]))

    def show(self) -> Iterator[Shown]:
        for row in _ROWS:
            is_default = row.name not in self._values
            yield Shown(row.name, self.text(row.name), is_default, row.kind.accepts, row.description, row.built)

    def _default(self, row: Setting) -> str:
        vocabulary = self._values.get("vocabulary", "standard").lower()
        return row.overrides.get(vocabulary, row.default)


def parse(text: str) -> dict[str, str]:
    """`name=value;name=value` as names and texts, checked. SettingsError lists everything that is wrong at once."""
    values: dict[str, str] = {}
    faults: list[str] = []
    for pair in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals:
            faults.append(f"{pair!r} sets nothing; write name=value, with ; between two settings")
        elif name in values:
            faults.append(f"{name} is set twice; keep one")
        else:
            values[name] = value
            faults += _faults(name, value)
    if faults:
        raise SettingsError(tuple(faults))
    return values


def check(name: str, value: str) -> str:
    """`value` as it is stored for the setting `name`. SettingsError says what is wrong."""
    if faults := _faults(name, value.strip()):
        raise SettingsError(tuple(faults))
    return value.strip()


def _faults(name: str, value: str) -> list[str]:
    row = STORE_SETTINGS.get(name)
    if row is None:
        hint = nearest(name, STORE_SETTINGS)
        return [f"there is no setting {name!r}; {f'did you mean {hint}?' if hint else 'store show lists them all'}"]
    try:
        row.kind.read(value)
    except ValueError as why:
        return [f"{name}: {why}"]
    return []
