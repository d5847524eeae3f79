"""What the payment providers know: pages to pay on, the money that came by each, and what went back. Amounts are minor units."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.clock import Clock
from bot.sandbox.faults import Faults
from bot.sandbox.ledger import Ledger

Json = dict[str, Any]
OPEN, PAID, EXPIRED, CANCELED = "open", "paid", "expired", "canceled"
"""How a page stands; `paid` is one that has been used, even if its money is only held."""
HELD, TAKEN, FAILED, RELEASED = "held", "taken", "failed", "released"
"""How money stands."""
PREFIXES = {"stripe": ("cs", "pi", "re"), "razorpay": ("plink", "pay", "rfnd"), "mercadopago": ("pref", "pay", "rfnd")}
"""How providers call a page, a payment, a refund."""


@dataclass(frozen=True, slots=True)
class Paid:
    """Money that somebody gave, or tried to."""

    id: str
    amount: int
    currency: str
    state: str
    at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Back:
    """A refund: `pending`, `done` or `failed`. `key` is the idempotency key it was asked with."""

    id: str
    paid: str
    amount: int
    state: str
    at: datetime
    key: str = ""


@dataclass(slots=True)
class Page:
    """`asked` is the provider's own request, word for word; `key` its idempotency key."""

    id: str
    provider: str
    reference: str
    amount: int
    currency: str
    description: str
    created_at: datetime
    expires_at: datetime | None
    back_url: str
    asked: Json
    is_held: bool = False
    key: str = ""
    state: str = OPEN
    paid: list[Paid] = field(default_factory=list)
    back: list[Back] = field(default_factory=list)

    def json(self) -> Json:
        return asdict(self)

    @classmethod
    def load(cls, data: Json) -> "Page":
        """The inverse of `json`, as the ledger keeps it."""
        paid = [Paid(**{**one, "at": _moment(one["at"])}) for one in data["paid"]]
        back = [Back(**{**one, "at": _moment(one["at"])}) for one in data["back"]]
        times = {name: _moment(data[name]) for name in ("created_at", "expires_at")}
        return cls(**{**data, **times, "paid": paid, "back": back})

    @property
    def taken(self) -> int:
        return sum(one.amount for one in self.paid if one.state == TAKEN)

    def left(self, paid: Paid) -> int:
        """What of a payment could still go back."""
        gone = sum(back.amount for back in self.back if back.paid == paid.id and back.state != "failed")
        return paid.amount - gone if paid.state == TAKEN else 0


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that a provider tells by itself: `what` is paid, held, taken, failed, released, expired, canceled, refund."""

    page: Page
    what: str
    at: datetime
    paid: Paid | None = None
    back: Back | None = None


class CannotPay(ValueError):
    """In words, for whoever holds the phone or calls the API."""


class Pages:
    """Every change is a line of the ledger first, and then told."""

    def __init__(self, *, clock: Clock, ledger: Ledger, faults: Faults, tell: Callable[[Happened], None]) -> None:
        self._clock, self._ledger, self._faults, self._tell = clock, ledger, faults, tell
        self._pages: dict[str, Page] = {}

    def __iter__(self) -> Iterator[Page]:
        return iter(self._pages.values())

    def restore(self, data: Json) -> None:
        self._pages[data["id"]] = Page.load(data)

    def get(self, id_: str) -> Page:
        """LookupError when there is none."""
        self.look()
        if id_ not in self._pages:
            raise LookupError(f"there is no page {id_!r} to pay on")
        return self._pages[id_]

    def made_with(self, provider: str, key: str) -> Page | None:
        return next((page for page in self if key and (page.provider, page.key) == (provider, key)), None)

    def of_reference(self, provider: str, reference: str) -> list[Page]:
        return [page for page in self if (page.provider, page.reference) == (provider, reference)]

    def of_paid(self, id_: str) -> tuple[Page, Paid]:
        """The payment of that id and its page; LookupError when there is none."""
        for page in self:
            for paid in page.paid:
                if paid.id == id_:
                    return page, paid
        raise LookupError(f"there is no payment {id_!r}")

    def make(self, provider: str, reference: str, **about: Any) -> Page:
        id_ = f"{PREFIXES[provider][0]}_{reference}"
        same = len(self.of_reference(provider, reference))
        page = Page(
            f"{id_}_{same + 1}" if same else id_, provider, reference, created_at=self._clock.now(), **about
        )  # fmt: skip
        self._pages[page.id] = page
        self._keep(page)
        return page

    def pay(self, page: Page, *, amount: int | None = None, currency: str = "", again: bool = False) -> Paid:
        """Somebody pays: what is asked for, if they can help it. `again` is the same page on two devices."""
        self.look()
        if page.state != OPEN and not (again and page.state == PAID):
            raise CannotPay(f"this page is {page.state}: nothing can be paid on it any more")
        state = HELD if page.is_held else TAKEN
        paid = self._add(page, state, amount if amount is not None else page.amount, currency or page.currency)
        page.state = PAID
        self._changed(page, "held" if page.is_held else "paid", paid)
        return paid

    def fail(self, page: Page, reason: str = "Your card was declined.") -> Paid:
        """A payment that does not go through leaves the page as it is: the customer may try again."""
        self.look()
        if page.state != OPEN:
            raise CannotPay(f"this page is {page.state}: nothing can be paid on it any more")
        paid = self._add(page, FAILED, page.amount, page.currency, reason)
        self._changed(page, "failed", paid)
        return paid

    def take(self, page: Page, paid: Paid) -> Paid:
        return self._settle(page, paid, TAKEN, "taken")

    def release(self, page: Page, paid: Paid) -> Paid:
        return self._settle(page, paid, RELEASED, "released")

    def end(self, page: Page, state: str) -> None:
        page.state = state
        self._changed(page, state)

    def give_back(self, page: Page, paid: Paid, amount: int, key: str) -> Back:
        """CannotPay when it is more than there is. The same key is the same refund."""
        if (known := next((back for back in page.back if key and back.key == key), None)) is not None:
            return known
        if not 0 < amount <= page.left(paid):
            raise CannotPay(f"the refund of {amount} is more than what is left ({page.left(paid)})")
        state = {"at_once": "done"}.get(self._faults.pay_refunds, "pending")
        id_ = f"{PREFIXES[page.provider][2]}_{page.reference}_{len(page.back) + 1}"
        back = Back(id_, paid.id, amount, state, self._clock.now(), key)
        page.back.append(back)
        self._changed(page, "refund", paid, back)
        if self._faults.pay_refunds == "fail":
            self.settle_refund(page, back, "failed")
        return back

    def settle_refund(self, page: Page, back: Back, state: str) -> None:
        """What was on its way arrives, or does not."""
        after = replace(back, state=state)
        page.back[page.back.index(back)] = after
        _, paid = self.of_paid(back.paid)
        self._changed(page, "refund", paid, after)

    def look(self) -> None:
        """Pages whose time is over are so from now on."""
        now = self._clock.now()
        for page in list(self):
            if page.state == OPEN and page.expires_at is not None and page.expires_at <= now:
                self.end(page, EXPIRED)

    def next_end(self) -> datetime | None:
        return min((page.expires_at for page in self if page.state == OPEN and page.expires_at), default=None)

    def _add(self, page: Page, state: str, amount: int, currency: str, reason: str = "") -> Paid:
        id_ = f"{PREFIXES[page.provider][1]}_{page.reference}_{len(page.paid) + 1}"
        paid = Paid(id_, amount, currency, state, self._clock.now(), reason)
        page.paid.append(paid)
        return paid

    def _settle(self, page: Page, paid: Paid, state: str, what: str) -> Paid:
        if paid.state != HELD:
            raise CannotPay(f"the payment is {paid.state}")
        after = replace(paid, state=state)
        page.paid[page.paid.index(paid)] = after
        self._changed(page, what, after)
        return after

    def _changed(self, page: Page, what: str, paid: Paid | None = None, back: Back | None = None) -> None:
        self._keep(page)
        self._tell(Happened(page, what, self._clock.now(), paid, back))

    def _keep(self, page: Page) -> None:
        self._ledger.write("page", page=orjson_ready(page.json()))


def orjson_ready(data: Mapping[str, Any]) -> Json:
    """With moments as text: what a line of the ledger holds in memory is what a restart reads."""

    def plain(value: Any) -> Any:
        match value:
            case datetime():
                return value.isoformat()
            case dict():
                return {key: plain(item) for key, item in value.items()}
            case list():
                return [plain(item) for item in value]
        return value

    return {key: plain(value) for key, value in data.items()}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
