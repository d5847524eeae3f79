"""What a message that is paid in WhatsApp is made of: items, beneficiaries, and the ways to pay, in India and in Brazil.

Meta refuses the whole message for one field that is too long, so whoever makes these values cuts what people wrote; a value
that does not fit raises ValueError. Limits: Meta, "Payments API" for India and for Brazil, read 2026.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

NAME, WORDS = 60, 120
REFERENCE = {"INR": 35, "BRL": 60}
"""Characters of a reference id; its currency says in which country a message is paid."""
ITEMS, PICTURED = 999, 10
PROGRESS = ("pending", "processing", "shipped", "completed", "canceled")
"""What an order that was asked for in WhatsApp can be said to be. Meta spells *partially shipped* in two ways: never sent."""
GATEWAYS = {"razorpay": "notes", "payu": "udf1", "billdesk": "additional_info1", "zaakpay": "extra1"}
"""Gateways in India, and in which of its own fields each keeps words of ours."""
UPI_KEYS = {"pa", "pn", "mc", "purpose", "tr"}
"""All that Meta takes in the query of a UPI link: the amount comes from the message."""
KEY_TYPES = ("CPF", "CNPJ", "EMAIL", "PHONE", "EVP")


def check(name: str, value: str, limit: int) -> None:
    if not value.strip() or len(value) > limit:
        raise ValueError(f"{name} has 1 to {limit} characters: {value!r}")


def check_reference(reference: str, currency: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", reference) or len(reference) > REFERENCE[currency]:
        raise ValueError(f"a reference has up to {REFERENCE[currency]} letters and digits: {reference!r}")


@dataclass(frozen=True, slots=True)
class Importer:
    """Who brings goods to India. `zone` is the state's code, `country` a code of two letters."""

    name: str
    line1: str
    city: str
    zone: str
    postal_code: str
    line2: str = ""
    country: str = "IN"

    def __post_init__(self) -> None:
        for name in ("name", "line1", "city", "zone", "postal_code", "country"):
            check(f"an importer's {name}", getattr(self, name), 100)


@dataclass(frozen=True, slots=True)
class Item:
    """So many pieces at `amount` minor units each, or at `sale_amount`. `image` is a link."""

    name: str
    amount: int
    quantity: int = 1
    retailer_id: str = ""
    image: str = ""
    sale_amount: int | None = None
    origin: str = ""
    importer: Importer | None = None

    def __post_init__(self) -> None:
        check("an item's name", self.name, NAME)
        if self.quantity < 1 or self.amount < 0 or not 0 <= (self.sale_amount or 0) <= self.amount:
            raise ValueError(f"an item is some pieces at a price: {self!r}")

    @property
    def total(self) -> int:
        return self.quantity * (self.amount if self.sale_amount is None else self.sale_amount)


@dataclass(frozen=True, slots=True)
class Beneficiary:
    """Who receives goods that are sent within India."""

    name: str
    line1: str
    city: str
    state: str
    postal_code: str
    line2: str = ""
    country: str = "India"

    def __post_init__(self) -> None:
        check("a beneficiary's name", self.name, 200)
        for name in ("line1", "city", "state"):
            check(f"a beneficiary's {name}", getattr(self, name), 100)
        if len(self.line2) > 100 or not re.fullmatch(r"[1-9][0-9]{5}", self.postal_code):
            raise ValueError(f"a beneficiary lives at a PIN code of six digits: {self!r}")


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway in the chat itself, whose results Meta tells. `note` is kept at the gateway beside the payment."""

    gateway: str
    configuration: str
    note: str = ""
    type: str = field(default="payment_gateway", init=False)

    def __post_init__(self) -> None:
        check("a payment configuration", self.configuration, NAME)
        if self.gateway not in GATEWAYS or len(self.note) > WORDS:
            raise ValueError(f"a gateway that Meta knows, and a short note: {self!r}")


@dataclass(frozen=True, slots=True)
class UpiLink:
    """An app for UPI opens; nobody tells us what became of it."""

    link: str
    type: str = field(default="upi_intent_link", init=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.link)
        keys = [key for key, _ in parse_qsl(parts.query, strict_parsing=True)]
        if (parts.scheme, parts.netloc) != ("upi", "pay") or not {"pa", "pn", "tr"} <= set(keys) <= UPI_KEYS:
            raise ValueError(f"a UPI link has {', '.join(sorted(UPI_KEYS))} and nothing else: {self.link!r}")


@dataclass(frozen=True, slots=True)
class PaymentLink:
    """A page of a provider's, whose domain Meta has enabled for the shop."""

    uri: str
    type: str = field(default="payment_link", init=False)

    def __post_init__(self) -> None:
        if not self.uri.startswith(("https://", "http://")):
            raise ValueError(f"a payment link leads to a page: {self.uri!r}")


@dataclass(frozen=True, slots=True)
class PixCode:
    """Pix, copied and pasted: `code` is the whole of it, `key` the shop's own."""

    code: str
    merchant_name: str
    key: str
    key_type: str
    type: str = field(default="pix_dynamic_code", init=False)

    def __post_init__(self) -> None:
        check("who receives a Pix payment", self.merchant_name, NAME)
        if not self.code or not self.key or self.key_type not in KEY_TYPES:
            raise ValueError(f"a Pix code has a key of one of {', '.join(KEY_TYPES)}: {self!r}")


Way = Gateway | UpiLink | PaymentLink | PixCode
"""A way to pay, as Meta names it in `payment_settings`."""
WAYS: dict[str, tuple[type[Way], ...]] = {"INR": (Gateway, UpiLink, PaymentLink), "BRL": (PixCode, PaymentLink)}
_BY_TYPE: dict[str, type[Way]] = {
    "payment_gateway": Gateway, "upi_intent_link": UpiLink, "payment_link": PaymentLink, "pix_dynamic_code": PixCode,
}  # fmt: skip


def load_item(kept: dict[str, object]) -> Item:
    """An item that was kept as plain data."""
    importer = kept["importer"]
    return Item(**{**kept, "importer": Importer(**importer) if isinstance(importer, dict) else None})  # type: ignore[arg-type]


def load_way(kept: dict[str, str]) -> Way:
    return _BY_TYPE[kept["type"]](**{name: value for name, value in kept.items() if name != "type"})
