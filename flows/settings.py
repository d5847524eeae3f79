"""Every setting of a store: what it is called, what may be written, what it is when nobody wrote anything.

Values are kept as the text people typed, and read when they are asked for. What belongs to the machine and not to the
business stands in the environment.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any

from flows import kinds, pix, vocabulary
from flows.kinds import AMOUNT, CLOSED, HOLIDAYS, HOURS, IMPORTER, LANGUAGE, NONE, ON_OFF, SPAN, WORDS, Kind
from flows.spelling import nearest
from flows.vocabulary import Vocabulary

PAYMENT_METHODS = ("cod", "whatsapp_pay", "link", "pix", "transfer", "credit")
PROVIDERS = ("razorpay", "payu", "billdesk", "zaakpay", "upi", "link")
LINKS = ("stripe", "razorpay", "mercadopago")
DELIVERY_METHODS = ("courier", "rider", "pickup", "digital")
NOTICES = (
    "confirmed", "rejected", "payment_review", "on_hold", "released", "approved", "processing", "awaiting_invoice",
    "invoice_issued", "packed", "ready_for_pickup", "partially_shipped", "shipped", "out_for_delivery", "failed",
    "partially_delivered", "awaiting_confirmation", "delivered", "delivery_confirmed", "completed", "canceled",
    "lines_canceled", "lines_added", "came_in", "resumed", "abandoned", "expired", "returned", "booking_requested",
    "booking_scheduled", "booking_rescheduled", "booking_canceled", "booking_completed", "no_show_follow_up",
)  # fmt: skip
"""What customers can be told of: a status that an order comes to, or what happened to it on the way."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. `default` is text, as a person would write it; a vocabulary may bring another."""

    name: str
    kind: Kind
    default: str
    description: str
    built: bool = False


_NEVER = kinds.duration(zero="never")
_METHODS = kinds.choice(*DELIVERY_METHODS)
_FAR = timedelta(days=730)

_ROWS = (
    Setting(
        "vocabulary",
        kinds.choice_or_path(*vocabulary.SHIPPED),
        vocabulary.STANDARD,
        "the words for statuses, the statuses in use and other defaults",
        built=True,
    ),
    Setting(
        "order_flow",
        kinds.choice("manual", "confirm_then_pay", "pay_then_confirm"),
        "confirm_then_pay",
        "whether staff, the order or the payment comes first",
        built=True,
    ),
    Setting("auto_collect_address", ON_OFF, "on", "ask the customer for the address by itself", built=True),
    Setting(
        "payment_methods",
        kinds.many(kinds.choice(*PAYMENT_METHODS)),
        "cod",
        "ways to pay that the customer may choose from; one alone is not asked about",
        built=True,
    ),
    Setting("pay.provider", kinds.optional(kinds.choice(*PROVIDERS)), NONE, "who collects WhatsApp Pay", built=True),
    Setting("pay.configuration", kinds.optional(WORDS), NONE, "name of the payment configuration at Meta", built=True),
    Setting(
        "pay.standing",
        kinds.optional(WORDS),
        NONE,
        "how Meta says that a configuration stands; kept by itself",
        built=True,
    ),
    Setting("pay.vpa", kinds.optional(WORDS), NONE, "UPI address that receives the money", built=True),
    Setting("pay.mcc", kinds.optional(WORDS), NONE, "merchant category code", built=True),
    Setting("pay.purpose", kinds.optional(WORDS), NONE, "purpose code of a payment", built=True),
    Setting("pay.note", kinds.optional(WORDS), NONE, "words the customer reads beside the payment", built=True),
    Setting("pay.origin", WORDS, "India", "the country that the goods come from", built=True),
    Setting("pay.importer", kinds.optional(IMPORTER), NONE, "who answers for the goods in India", built=True),
    Setting(
        "pay.links", kinds.optional(kinds.choice(*LINKS)), NONE, "who makes the pages behind payment links", built=True
    ),
    Setting(
        "pay.capture", kinds.choice("at_once", "by_staff"), "at_once", "when authorized money is taken", built=True
    ),
    Setting("pix.key", kinds.optional(pix.KEY_KIND), NONE, "Pix key that receives the money", built=True),
    Setting(
        "pix.name", kinds.optional(pix.NAME_KIND), NONE, "who receives Pix payments, if it is not the store", built=True
    ),
    Setting("pix.city", kinds.optional(pix.CITY_KIND), NONE, "city of who receives Pix payments", built=True),
    Setting(
        "pix.provider",
        kinds.optional(kinds.choice("mercadopago")),
        NONE,
        "who makes Pix codes and reports by itself",
        built=True,
    ),
    Setting(
        "pix.email",
        kinds.optional(pix.EMAIL_KIND),
        NONE,
        "address of the shop's that its provider of Pix gets as the payer's",
        built=True,
    ),
    Setting("transfer.account", kinds.optional(WORDS), NONE, "the account that bank transfers go to", built=True),
    Setting(
        "deposit", kinds.number(0, 100, "all at once"), "0", "percent of an order that is asked for first", built=True
    ),
    Setting(
        "payment_reminders",
        kinds.many(kinds.duration(), empty=True),
        "2h,24h",
        "how long after a request for money the customer is reminded",
        built=True,
    ),
    Setting("refund_limit", kinds.optional(AMOUNT), NONE, "amount from which the owner allows a refund", built=True),
    Setting("money_digest", ON_OFF, "on", "owners read at eight in the evening what came in and went back", built=True),
    Setting("delivery_methods", kinds.many(_METHODS), "courier", "ways an order can reach the customer", built=True),
    Setting(
        "tracking_required",
        kinds.many(_METHODS, empty=True),
        "courier",
        "delivery methods that need a tracking number",
        built=True,
    ),
    Setting("carriers", kinds.many(WORDS, empty=True), NONE, "names of the carriers the shop uses", built=True),
    Setting("abandon_after", _NEVER, "24h", "give up an order whose customer does not answer", built=True),
    Setting("abandon_reminder", _NEVER, "12h", "remind a customer who does not answer", built=True),
    Setting("expire_after", _NEVER, "72h", "end an order that was given up or not paid", built=True),
    Setting("undo_window", kinds.duration(zero="no undo"), "5s", "how long an action can be undone", built=True),
    Setting("reminders", kinds.many(kinds.duration(), empty=True), "24h,2h", "how long before a booking to remind"),
    Setting("quiet_hours", SPAN, "21:00-08:00", "no reminders at this time of the store's day"),
    Setting("business_hours", HOURS, "always", "when the shop is open", built=True),
    Setting(
        "after_hours",
        kinds.choice("accept", "hold"),
        "accept",
        "what happens to orders outside business hours; held ones go on when the shop opens",
        built=True,
    ),
    Setting("closed", CLOSED, "off", "whether the shop is closed just now"),
    Setting("allow_backorder", ON_OFF, "off", "sell more than there is", built=True),
    Setting("min_order", AMOUNT, "0", "smallest order that is taken"),
    Setting("low_stock", kinds.number(0, 1_000_000), "5", "pieces left at which staff are told", built=True),
    Setting("invoices", ON_OFF, "off", "an invoice is a step of its own between work and parcel", built=True),
    Setting("require_approval", ON_OFF, "off", "a confirmed order waits for an approval", built=True),
    Setting("approval_limit", kinds.optional(AMOUNT), NONE, "amount from which a second person approves", built=True),
    Setting("require_payment_to_start", ON_OFF, "off", "work starts only when it is paid", built=True),
    Setting(
        "require_payment_to_ship",
        kinds.choice("never", "prepaid", "always"),
        "prepaid",
        "goods leave only when paid",
        built=True,
    ),
    Setting(
        "cancel_after_ship",
        kinds.choice("staff", "never", "all"),
        "staff",
        "who may cancel what has been shipped",
        built=True,
    ),
    Setting(
        "customer_cancel_until",
        kinds.choice("placed", "confirmed", "packed", "shipped", "never"),
        "packed",
        "how far customers may cancel themselves",
        built=True,
    ),
    Setting("resume_window", kinds.duration(), "7d", "how long a canceled order can be resumed", built=True),
    Setting("return_window", kinds.duration(), "30d", "how long after delivery goods may come back", built=True),
    Setting(
        "review_payments_from",
        kinds.many(kinds.choice(*dict.fromkeys(PROVIDERS + LINKS + PAYMENT_METHODS)), empty=True),
        NONE,
        "payments that staff look at before the order goes on",
        built=True,
    ),
    Setting(
        "require_receipt_confirmation",
        ON_OFF,
        "off",
        "a delivery counts when the customer confirms it",
        built=True,
    ),
    Setting("auto_complete_after", _NEVER, "7d", "complete a delivered order by itself", built=True),
    Setting("auto_archive_after", _NEVER, "0", "archive an ended order by itself", built=True),
    Setting("stale_after", _NEVER, "24h", "tell staff of an order that waits for the shop for so long", built=True),
    Setting("booking_confirm_within", kinds.duration(), "4h", "how soon staff answer a booking"),
    Setting(
        "booking_lead",
        kinds.duration(zero="at once", most=_FAR),
        "1h",
        "how long before its start a time can still be booked",
        built=True,
    ),
    Setting(
        "booking_horizon",
        kinds.duration(least=timedelta(hours=1), most=_FAR),
        "60d",
        "how far ahead a time can be booked",
        built=True,
    ),
    Setting(
        "booking_notice",
        kinds.duration(zero="until it starts", most=_FAR),
        "12h",
        "how long before its start customers may still move or cancel a booking",
        built=True,
    ),
    Setting(
        "booking_step",
        kinds.duration(least=timedelta(minutes=5), most=timedelta(days=1)),
        "15m",
        "how far apart the times are that are offered",
        built=True,
    ),
    Setting("booking_location", kinds.optional(WORDS), NONE, "where bookings take place", built=True),
    Setting(
        "holidays", kinds.optional(HOLIDAYS), NONE, "whose public holidays the shop keeps; nobody is booked", built=True
    ),
    Setting(
        "notify.off",
        kinds.many(kinds.choice(*NOTICES), empty=True),
        "approved,processing,awaiting_invoice,invoice_issued,packed,completed",
        "what customers are not told of",
        built=True,
    ),
    Setting("notify.arrival", ON_OFF, "off", "staff hear of a cart at once, not when it is complete", built=True),
    Setting("notify.changes", ON_OFF, "off", "staff hear of every change of a status", built=True),
    Setting("feedback", ON_OFF, "on", "ask customers how it was when it has arrived", built=True),
    Setting("alerts", kinds.choice("all", "mine", "money", "digest"), "all", "what staff are told unasked"),
    Setting("languages", kinds.many(LANGUAGE), "en,hi,pt,es,ar", "languages customers are answered in", built=True),
    Setting("read_receipts", ON_OFF, "off", "show customers that their message was read"),
    Setting("pace.number", kinds.number(0, 1000, "off"), "80", "messages a second from the store's number", built=True),
    Setting("retention", kinds.duration(), "180d", "how long the words of messages are kept", built=True),
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


@lru_cache(maxsize=1024)
def _read(name: str, text: str) -> Any:
    """Every turn asks for dozens of settings, and the texts hardly ever change. What is read cannot be changed."""
    return STORE_SETTINGS[name].kind.read(text)


class Settings:
    """A store's settings: what was written, else the default of its vocabulary, else the default."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def get(self, name: str) -> Any:
        """The value of the setting, typed by its kind. KeyError for a name that is not in the table."""
        return _read(name, self.text(name))

    def text(self, name: str) -> str:
        """The value as a person would write it."""
        row = STORE_SETTINGS[name]
        return self._values[name] if name in self._values else self.vocabulary.policies.get(name, row.default)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return vocabulary.find(_read("vocabulary", self._values.get("vocabulary", vocabulary.STANDARD)))

    def show(self) -> Iterator[Shown]:
        for row in _ROWS:
            is_default = row.name not in self._values
            yield Shown(row.name, self.text(row.name), is_default, row.kind.accepts, row.description, row.built)


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
        read = row.kind.read(value)
    except ValueError as why:
        return [f"{name}: {why}"]
    return _faults_of_vocabulary(read) if name == "vocabulary" else []


def _faults_of_vocabulary(name: str) -> list[str]:
    """What is wrong with the file, and with the defaults that it brings."""
    if found := vocabulary.faults(name):
        return list(found)
    policies = vocabulary.find(name).policies
    own = [f"{name}: policy.vocabulary: a vocabulary cannot choose another"] if "vocabulary" in policies else []
    return own + [
        f"{name}: policy.{fault}"
        for each, value in policies.items()
        if each != "vocabulary"
        for fault in _faults(each, value)
    ]
