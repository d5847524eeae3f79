"""What staff do about money that is due: whether it can be asked for, reminded of, taken or let go, and what they read of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flows import payments
from flows.commands import DUES
from flows.ledger import CHECKOUT, FAILED, PENDING, PROCESSING, Payment
from flows.lifecycle import Reason
from flows.messages import Button, Text
from flows.money import parse_amount
from flows.order import DEAD, Order
from flows.payments import ASKED_FOR
from flows.phrases import say
from flows.plain import plain
from flows.settings import Settings
from flows.till import Till

PAY, REMIND, CAPTURE, VOID = DUES
CAPTURE_FAILED = "capture_failed"
_ALIASES: Mapping[str, str] = {
    "whatsapp": "whatsapp_pay", "upi": "whatsapp_pay", "wa": "whatsapp_pay", "bank": "transfer", "card": "link",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wrote after the number; `fault` is what cannot be read."""

    amount: int | None = None
    method: str | None = None
    fault: str | None = None


def read(words: Sequence[str], currency: str) -> Wanted:
    """`200 link`, `link`, `200`, or nothing: all that is due, in the usual way."""
    wanted = Wanted()
    for word in words:
        said = word.lower().strip(".,")
        method = _ALIASES.get(said, said)
        if method in ASKED_FOR and wanted.method is None:
            wanted = Wanted(wanted.amount, method)
            continue
        try:
            amount = parse_amount(word, currency)
        except ValueError:
            return Wanted(fault=word)
        if not amount or wanted.amount is not None:
            return Wanted(fault=word)
        wanted = Wanted(amount, wanted.method)
    return wanted


def method_to_ask(order: Order, settings: Settings) -> str | None:
    """How this customer is asked when nobody says: the way they chose, else the shop's first, else any that is set up."""
    likely = [order.payment_method, *settings.get("payment_methods"), *ASKED_FOR]
    return next((one for one in likely if one in ASKED_FOR and payments.is_configured(one, settings)), None)


def why_not_pay(order: Order, found: Sequence[Payment], wanted: Wanted, settings: Settings) -> Reason | None:
    """Why the customer cannot be asked for it now."""
    if (reason := _why_nothing(order, found)) is not None:
        return reason
    if wanted.method is not None and not payments.is_configured(wanted.method, settings):
        return Reason(f"unset.{wanted.method}")
    if method_to_ask(order, settings) is None:
        return Reason(f"unset.{order.payment_method}" if order.payment_method in ASKED_FOR else "dues.unset")
    if wanted.amount is not None and wanted.amount > order.balance_due:
        return Reason("dues.too_much")
    return None


def why_not_remind(order: Order, found: Sequence[Payment]) -> Reason | None:
    if (reason := _why_nothing(order, found)) is not None:
        return reason
    return None if unpaid(found) else Reason("dues.not_asked")


def _why_nothing(order: Order, found: Sequence[Payment]) -> Reason | None:
    if order.status in DEAD:
        return Reason("dues.dead")
    if not order.balance_due:
        return Reason("dues.nothing")
    if authorized(found):
        return Reason("dues.authorized")
    if coming := next((payment for payment in found if payment.state == PROCESSING), None):
        return Reason("dues.receipt_waits" if coming.waits_for_shop else "dues.on_its_way")
    return None if order.has_chat else Reason("dues.no_chat")


def why_not_capture(order: Order, found: Sequence[Payment], *, is_under_way: bool) -> Reason | None:
    """Why what is authorized cannot be taken."""
    if authorized(found) is None:
        return Reason("dues.not_authorized")
    if order.status in DEAD:
        return Reason("dues.let_go")
    return Reason("dues.under_way") if is_under_way else None


def why_not_void(found: Sequence[Payment], *, is_under_way: bool) -> Reason | None:
    """Why a request, or what is authorized, cannot be let go."""
    if payable(found) is None:
        return Reason("dues.nothing_open")
    return Reason("dues.under_way") if is_under_way else None


def unpaid(found: Sequence[Payment]) -> Payment | None:
    """The request that the customer still has to answer."""
    newest = next((payment for payment in reversed(found) if payment.reference and payment.method in ASKED_FOR), None)
    return newest if newest and newest.asked_at and newest.state in (CHECKOUT, FAILED) else None


def payable(found: Sequence[Payment]) -> Payment | None:
    """What money may still come of, by itself or by *capture*."""
    return next((payment for payment in reversed(found) if payment.is_payable), None)


def authorized(found: Sequence[Payment]) -> Payment | None:
    """Money that the customer's bank keeps for the shop."""
    return next((payment for payment in reversed(found) if payment.state == PENDING), None)


@dataclass(frozen=True, slots=True)
class Dues(Till):
    """The words of it, for staff."""

    def asked(self, asked: Payment, customer: str) -> Text:
        key = "dues.asked" if asked.asked_at else "dues.being_asked"
        method = say(f"method.{asked.method}", self.language)
        fields = {"amount": self.money(asked.amount), "method": method, "customer": plain(customer)}
        return self._lines(say(key, self.language, reference=asked.reference, **fields), self.stands())

    def reminded(self, asked: Payment, customer: str) -> Text:
        fields = {"amount": self.money(asked.amount), "customer": plain(customer)}
        return self._lines(say("dues.reminded", self.language, **fields))

    def bad_words(self, text: str) -> Text:
        example = self.example(self.order.balance_due or self.order.total)
        fields = {"text": plain(text, 30), "number": self.order.number, "example": example}
        return self._lines(say("dues.bad_words", self.language, **fields))

    def sure_capture(self, amount: int, asked: Payment, customer: str) -> str:
        key = "dues.sure_capture" if amount == asked.amount else "dues.sure_capture_part"
        fields = {"amount": self.money(amount), "all": self.money(asked.amount), "customer": plain(customer)}
        return self._said(key, **fields)

    def more_than_authorized(self, asked: Payment) -> Text:
        most = self.money(asked.amount)
        return Text(self._said("dues.more_than_authorized", most=most, number=self.order.number))

    def sure_void(self, asked: Payment, customer: str) -> str:
        key = "dues.sure_void" if asked.state == PENDING else "dues.sure_withdraw"
        return self._said(key, amount=self.money(asked.amount), customer=plain(customer))

    def captures(self, amount: int) -> Text:
        return Text(self._said("dues.captures", amount=self.money(amount)))

    def voided(self, amount: int) -> Text:
        return Text(self._said("dues.voided", amount=self.money(amount)))

    def _said(self, key: str, **fields: object) -> str:
        return "\n".join([self.head, say(key, self.language, **fields)])


def buttons(order: Order, language: str) -> tuple[Button, ...]:
    """What can be done about money that is authorized."""
    titles = ((CAPTURE, say("dues.take", language)), (VOID, say("dues.let", language)))
    return tuple(Button(f"o{order.number}.{order.version}.{word}", title) for word, title in titles)
