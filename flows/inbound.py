"""What a person or Meta told us, as values: read field by field from WhatsApp's JSON by `bot/whatsapp/parse.py`.

Every field is text from outside and trusted for nothing; what could not be read is None, never an error.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a signed event says it is from. `wa_id` (digits) or `bsuid` (`CC.` and letters or digits) may be missing, never both."""

    wa_id: str | None
    bsuid: str | None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A text message; `product` is the retailer id when it asks about one."""

    body: str
    product: str | None = None


@dataclass(frozen=True, slots=True)
class CartLine:
    """One line as the customer's phone sent it. `price` is in major units and only shows drift: our catalogue prices."""

    retailer_id: str
    quantity: int | None
    price: Decimal | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Cart:
    catalog_id: str | None
    note: str
    lines: tuple[CartLine, ...]


@dataclass(frozen=True, slots=True)
class Tap:
    """A reply button, a list row or a template's quick reply: decided by `id`, never by `title`."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Location:
    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """The answer to an address form or a flow; `name` says which. `values` is None when the phone sent no readable JSON object."""

    name: str
    values: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class Media:
    """image, video, audio, document or sticker, by Meta's media id."""

    kind: str
    id: str | None
    caption: str | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """`emoji` is None when a reaction was taken back."""

    emoji: str | None


@dataclass(frozen=True, slots=True)
class Revision:
    """The sender edited or deleted the message `original` (a wamid)."""

    kind: str
    original: str | None


@dataclass(frozen=True, slots=True)
class IdentityChange:
    """A `system` message: the person has a new `wa_id` or `bsuid` (None: unchanged); `previous_bsuid` is the old id if told."""

    kind: str
    wa_id: str | None
    bsuid: str | None
    previous_bsuid: str | None


@dataclass(frozen=True, slots=True)
class Other:
    """A kind we do not read (contacts, unsupported, call permission, anything new): kept, and answered with what we can do."""

    kind: str


Content = Words | Cart | Tap | Location | Form | Media | Reaction | Revision | IdentityChange | Other


@dataclass(frozen=True, slots=True)
class Message:
    """One inbound message. `sent_at` is Meta's timestamp (None when unreadable); `reply_to` the wamid it answers."""

    wamid: str | None
    sender: Sender
    sent_at: datetime | None
    content: Content
    forwarded: bool = False
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What became of a message we sent. `token` is our own, echoed by Meta; `error_code` comes with `failed`."""

    wamid: str
    status: str
    token: str | None
    at: datetime | None
    error_code: int | None = None
    error_title: str | None = None


@dataclass(frozen=True, slots=True)
class TemplateUpdate:
    """Meta changed a template of ours: `status` is its event word (APPROVED, PAUSED …), `category` the new one if it moved."""

    name: str
    language: str
    status: str | None
    category: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentConfiguration:
    """How a payment configuration stands at Meta: "Active", "Needs Connecting" or "Needs Testing"."""

    name: str
    provider: str
    status: str


@dataclass(frozen=True, slots=True)
class AccountNotice:
    """Any other field Meta tells about the account (`account_alerts`, `phone_number_quality_update` …), as one line for staff."""

    field: str
    summary: str
