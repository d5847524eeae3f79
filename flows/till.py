"""Money at the desk: what staff write down as paid, give back or credit, and what they and the customer read of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flows import card
from flows.ledger import METHODS, Payment
from flows.messages import Button, Buttons, Message, Text
from flows.money import major, parse_amount, show
from flows.order import Order
from flows.phrases import say
from flows.plain import plain
from flows.replies import CANCEL_TOO, GO_ON
from flows.spelling import one_of
from flows.store import Store

_ALIASES: Mapping[str, str] = {
    "cod": "cash",
    "bank": "transfer",
    "store": "credit",
    "storecredit": "credit",
    "store_credit": "credit",
}
_TO_CREDIT = (("to", "credit"), ("as", "credit"), ("credit",))
REFERENCE = 60


@dataclass(frozen=True, slots=True)
class Given:
    """Money as somebody wrote it. Without `amount` or `method` it is not said yet; `fault` is what cannot be read."""

    amount: int | None = None
    method: str | None = None
    rest: str = ""
    to_credit: bool = False
    fault: str | None = None


def read_paid(words: Sequence[str], currency: str) -> Given:
    """`20 cash REFERENCE`."""
    if not words:
        return Given()
    try:
        amount = parse_amount(words[0], currency)
    except ValueError:
        return Given(fault=words[0])
    if not amount:
        return Given(fault=words[0])
    rest = list(words[1:])
    if not rest:
        return Given(amount)
    said = rest.pop(0).lower().strip(".,")
    method = _ALIASES.get(said, said)
    if method == "credit" and rest and rest[0].lower() == "credit":
        rest.pop(0)
    return Given(amount, method if method in METHODS else None, " ".join(rest)[:REFERENCE])


def read_refund(words: Sequence[str], currency: str) -> Given:
    """`20 the jar broke`, `to credit`, or nothing at all: everything."""
    rest, amount = list(words), None
    if rest and any(c.isdigit() for c in rest[0][:2]):
        try:
            amount = parse_amount(rest[0], currency)
        except ValueError:
            return Given(fault=rest[0])
        if not amount:
            return Given(fault=rest[0])
        rest.pop(0)
    for form in _TO_CREDIT:
        if tuple(word.lower() for word in rest[: len(form)]) == form:
            return Given(amount, rest=" ".join(rest[len(form) :]), to_credit=True)
    return Given(amount, rest=" ".join(rest))


class Way(NamedTuple):
    """Money that goes back: of a payment by `method`, as store credit, or through its provider, who has it still."""

    method: str
    amount: int
    is_credit: bool = False
    is_under_way: bool = False


def ways(parts: Sequence[tuple[Payment, int, bool]]) -> list[Way]:
    """From (payment, part, whether as credit)."""
    return [
        Way(payment.method, part, as_credit, bool(payment.provider) and not as_credit)
        for payment, part, as_credit in parts
    ]


@dataclass(frozen=True, slots=True)
class Till:
    """Amounts of one order in the shop's words."""

    order: Order
    store: Store

    @property
    def language(self) -> str:
        return self.store.language

    def money(self, minor: int) -> str:
        return show(minor, self.order.currency, self.store.locale)

    def example(self, minor: int) -> str:
        """An amount as it is typed."""
        return str(major(minor, self.order.currency))

    @property
    def head(self) -> str:
        return card.head(self.order, self.store)

    def ask_amount(self) -> Text:
        example = self.example(self.order.balance_due or self.order.total)
        due = self.money(self.order.balance_due)
        return self._lines(say("till.ask_amount", self.language, due=due, example=example))

    def ask_method(self) -> Text:
        return self._lines(say("till.ask_method", self.language, methods=one_of(METHODS)))

    def bad_amount(self, text: str) -> Text:
        example = self.example(self.order.total)
        return self._lines(say("till.bad_amount", self.language, text=plain(text, 30), example=example))

    def paid(self, given: Given) -> Text:
        assert given.amount is not None
        method = say(f"method.{given.method}", self.language)
        lines = [say("till.paid", self.language, amount=self.money(given.amount), method=method)]
        if given.rest:
            lines.append(say("till.reference", self.language, reference=plain(given.rest, REFERENCE)))
        return self._lines(*lines, self.stands())

    def stands(self) -> str:
        """What has been paid, and who owes whom."""
        order = self.order
        fields = {"paid": self.money(order.net), "total": self.money(order.payable), "number": order.number}
        if order.credit_owed:
            owed, example = self.money(order.credit_owed), self.example(order.credit_owed)
            return say("till.stands_over", self.language, owed=owed, example=example, **fields)
        if order.balance_due:
            return say("till.stands_due", self.language, due=self.money(order.balance_due), **fields)
        return say("till.stands_paid", self.language, **fields)

    def nothing_left(self) -> Text:
        order = self.order
        paid, refunded = self.money(order.captured), self.money(order.refunded)
        return self._lines(say("till.nothing_left", self.language, paid=paid, refunded=refunded))

    def too_much(self, most: int) -> Text:
        fields = {"most": self.money(most), "number": self.order.number, "example": self.example(most)}
        return self._lines(say("till.too_much", self.language, **fields))

    def no_credit(self, customer: str, *, balance: int, amount: int) -> Text:
        balances = {"balance": self.money(balance), "amount": self.money(amount)}
        return self._lines(say("till.no_credit", self.language, customer=plain(customer), **balances))

    def ways(self, ways: Sequence[Way]) -> str:
        """`₹20.00 by cash, ₹20.00 as store credit`."""
        return ", ".join(
            say(
                "till.way_credit" if way.is_credit else "till.way", self.language, amount=self.money(way.amount),
                method=say(f"method.{way.method}", self.language),
            )
            for way in ways
        )  # fmt: skip

    def sure(self, amount: int, ways: Sequence[Way], reason: str, customer: str, *, limit: str = "") -> str:
        """The question before a refund."""
        asked = {"amount": self.money(amount), "customer": plain(customer), "ways": self.ways(ways)}
        lines = [self.head, say("till.sure_refund", self.language, **asked)]
        if 0 < self.order.credit_owed < amount:
            owed, example = self.money(self.order.credit_owed), self.example(self.order.credit_owed)
            number = self.order.number
            lines.append(say("till.sure_owed", self.language, owed=owed, number=number, example=example))
        if reason:
            lines.append(say("till.sure_refund_reason", self.language, reason=plain(reason, 200)))
        if limit:
            lines.append(say("till.over_limit", self.language, limit=limit))
        return "\n".join(lines)

    def refunded(self, ways: Sequence[Way]) -> Message:
        """What went back; and when nothing is left of the money and nothing has gone out, the next question."""
        lines = [self.head]
        for key, some in (("till.refunded", _at_once(ways)), ("till.sent_back", [w for w in ways if w.is_under_way])):
            if amount := sum(way.amount for way in some):
                lines.append(say(key, self.language, amount=self.money(amount), ways=self.ways(some)))
        if not self.order.asks_cancel:
            return Text("\n".join([*lines, self.stands()]))
        lines.append(say("till.cancel_too", self.language))
        buttons = (CANCEL_TOO, GO_ON)
        return Buttons(
            "\n".join(lines),
            tuple(Button(card.action_id(self.order, one), say(f"action.{one}", self.language)) for one in buttons),
        )

    def counted(self, amount: int) -> Text:
        """Held money that counts now."""
        return self._lines(say("till.counted", self.language, amount=self.money(amount)), self.stands())

    def goes_on(self) -> Text:
        return self._lines(say("till.goes_on", self.language, due=self.money(self.order.balance_due)))

    def meanwhile(self) -> Text:
        return self._lines(say("till.meanwhile", self.language, number=self.order.number))

    def notice_paid(self, amount: int, language: str) -> str:
        fields = {"amount": self.money(amount), "label": self.order.label}
        if self.order.balance_due:
            return say("notice.paid_part", language, due=self.money(self.order.balance_due), **fields)
        return say("notice.paid", language, **fields)

    def notices_refunded(self, ways: Sequence[Way], language: str) -> str:
        back = sum(way.amount for way in _at_once(ways) if not way.is_credit)
        under_way = sum(way.amount for way in ways if way.is_under_way)
        credit = sum(way.amount for way in ways if way.is_credit)
        keys = (("notice.refunded", back), ("notice.sent_back", under_way), ("notice.refunded_credit", credit))
        return " ".join(
            say(key, language, amount=self.money(amount), label=self.order.label) for key, amount in keys if amount
        )

    def _lines(self, *lines: str) -> Text:
        return Text("\n".join([self.head, *lines]))


def _at_once(ways: Sequence[Way]) -> list[Way]:
    return [way for way in ways if not way.is_under_way]
