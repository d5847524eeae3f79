"""Asking for money in words: what the customer gets to pay with, by method, and what is said when it has worked or not."""

from collections.abc import Sequence
from dataclasses import dataclass

from flows import card, order_details, pix_details
from flows.choice import PAY
from flows.ledger import Payment
from flows.messages import BUTTON_TITLE, Button, Buttons, Link, Message, OrderDetails, Template, Text, in_words
from flows.money import show
from flows.news import News
from flows.order import Line, Order
from flows.payments import lacks, standing
from flows.phrases import has, say
from flows.plain import plain
from flows.settings import Settings
from flows.store import Store
from flows.templates import PAID_IN_CHAT, order_payment, order_update
from flows.till import Till

IN, OUT = "in", "out"
"""Whether the money of a request is on the shop's account: `m1042.PAYMENT.in`."""


def read_answer(tapped: str) -> tuple[int, int, str] | None:
    """Number, payment and answer of the button under a receipt; None for any other text."""
    number, _, rest = tapped[1:].partition(".")
    payment, _, answer = rest.partition(".")
    digits = number + payment
    is_id = digits.isascii() and digits.isdecimal() and 0 < len(number) <= 12 and 0 < len(payment) <= 18
    is_ours = tapped[:1] == "m" and is_id
    return (int(number), int(payment), answer) if is_ours and answer in (IN, OUT) else None


@dataclass(frozen=True, slots=True)
class Asking:
    """One request to pay, and whose words it is put in."""

    order: Order
    asked: Payment
    store: Store
    settings: Settings
    language: str
    lines: Sequence[Line] = ()
    customer: str = ""

    @property
    def amount(self) -> str:
        return self.money(self.asked.amount)

    def money(self, minor: int) -> str:
        return show(minor, self.asked.currency, self.store.locale)

    def message(self) -> Message:
        """What it can be paid with."""
        if self.asked.method == "transfer":
            account = self.settings.get("transfer.account") or ""
            return Text(self._say("pay.transfer", account=account, reference=self.asked.reference))
        if self.asked.method == "whatsapp_pay":
            return self._details()
        if self.asked.method == "pix":
            return self._pix()
        title = say("pay.button", self.language, amount=self.amount)
        if len(title) > BUTTON_TITLE:
            title = say("pay.button_short", self.language)
        return Link(self._say("pay.link"), title, self.asked.url)

    def _details(self) -> OrderDetails:
        """Paid in the chat."""
        link = self._upi or self.asked.url
        note = self.settings.get("pay.note")
        return order_details.details(
            self.order, self.asked, self.lines, self.store, self.settings,
            body="\n".join(filter(None, (self._say("pay.details"), note))),
            words=self._say("pay.details_link", link=link) if link else self._say("pay.details_hidden"),
            part=self._say("pay.part"), customer=self.customer,
        )  # fmt: skip

    @property
    def _upi(self) -> str:
        """What opens the customer's own UPI app, where money comes to the shop's address and not through a gateway."""
        if self.settings.get("pay.provider") != "upi":
            return ""
        return order_details.upi_link(self.asked, self.store, self.settings)

    def _pix(self) -> OrderDetails:
        """Copied in the chat, paid in the customer's bank."""
        code = pix_details.code(self.asked, self.store, self.settings)
        return pix_details.details(
            self.order, self.asked, self.lines, self.store, self.settings,
            body=self._say("pay.pix"), words=self._say("pay.pix_code", code=code), part=self._say("pay.part"),
        )  # fmt: skip

    def again(self) -> Message:
        """The same once more. A message that is paid in the chat cannot come twice: its code comes in words, or where it is."""
        if self.asked.method == "pix":
            return in_words(self._pix()) or self.message()
        if self.asked.method == "whatsapp_pay":
            return (in_words(self._details()) if self._upi else None) or Text(self._say("pay.details_above"))
        return self.message()

    def news_not_possible(self) -> str:
        """Why nobody can be asked in this way, and what to do, for staff; empty when it is possible."""
        language, method = self.store.language, self.asked.method
        if missing := lacks(method, self.settings):
            named = say(f"method.{method}", language)
            return self._staff("news.not_configured", method=named, missing=", ".join(missing))
        if method != "whatsapp_pay":
            fault = pix_details.fault(self.asked) if method == "pix" else ""
            return self.news_not_asked(fault) if fault else ""
        if status := standing(self.settings):
            name = plain(self.settings.get("pay.configuration"))
            return self._staff("news.pay_inactive", name=name, status=plain(status))
        fault = order_details.fault(self.order, self.asked)
        return self.news_not_asked(fault) if fault else ""

    def short(self) -> Template:
        """The same for a closed window, in one line."""
        if self.asked.method == "whatsapp_pay":
            return order_payment(self.store, self._say("pay.details"), self._details(), self.language)
        if self.asked.method == "pix":
            return order_payment(self.store, self._say("pay.pix"), self._pix(), self.language)
        means = self.asked.url or self.settings.get("transfer.account") or ""
        return order_update(self.store, self._say("pay.short", means=means), self.language)

    def reminder(self) -> Message:
        text = self._say("pay.reminder")
        if self.asked.method == "pix":
            return Text(f"{text}\n\n{pix_details.code(self.asked, self.store, self.settings)}")
        if not self.asked.url:
            return Text(text)
        return Link(text, say("pay.button_short", self.language), self.asked.url)

    def reminder_short(self) -> Template:
        """For a closed window. What is paid in the chat is there already, and its reference serves no second message."""
        if self.asked.method not in PAID_IN_CHAT:
            return self.short()
        return order_update(self.store, self._say("pay.reminder"), self.language)

    def failed(self) -> str:
        return self._say("pay.failed")

    def held(self) -> str:
        return self._say("notice.held")

    def unavailable(self) -> str:
        return self._say("pay.unavailable")

    def lapsed(self) -> Buttons:
        return Buttons(self._say("pay.lapsed"), (self._again(),))

    def under_way(self) -> str:
        if self.asked.proof:
            return self._say("pay.proof")
        return self._say("pay.under_way")

    def coming(self) -> str:
        return self._say("pay.coming")

    def not_found(self) -> str:
        return self._say("pay.not_found", reference=self.asked.reference)

    def _again(self) -> Button:
        return Button(f"p{self.order.number}.{PAY}", say("pay.button_short", self.language))

    # What staff read of it

    def news_asked(self, customer: str) -> News:
        """Nobody reports this money: whoever finds it on the account does, by one tap."""
        text = self._staff("news.pix_asked", customer=plain(customer), reference=self.asked.reference)
        return News(text, (self._answer(IN),), self.order.id)

    def news_proof(self, customer: str, *, is_again: bool = False) -> News:
        """The customer says that it is paid: is it? One tap answers."""
        text = self._staff(
            "news.proof_waits" if is_again else "news.proof", customer=plain(customer), reference=self.asked.reference,
            method=say(f"method.{self.asked.method}", self.store.language),
        )  # fmt: skip
        return News(text, (self._answer(IN), self._answer(OUT)), self.order.id)

    def _answer(self, answer: str) -> Button:
        return Button(f"m{self.order.number}.{self.asked.id}.{answer}", say(f"proof.{answer}", self.store.language))

    def refused(self) -> Text:
        return Text(self._staff("proof.refused"))

    def settled_already(self) -> Text:
        state = say(f"paystate.{self.asked.state}", self.store.language)
        return Text(self._staff("proof.settled", state=state))

    def news_lapsed(self) -> str:
        return self._staff("news.lapsed")

    def news_paid(self, customer: str) -> str:
        method = say(f"method.{self.asked.method}", self.store.language)
        stands = Till(self.order, self.store).stands()
        news = self._staff("news.paid", customer=plain(customer), method=method, stands=stands)
        is_looked_at = self.order.status == "payment_review"
        return "\n".join([news, *([say("news.look_at", self.store.language)] if is_looked_at else [])])

    def verdicts(self) -> tuple[Button, ...]:
        """Whether money that somebody looks at is accepted or denied."""
        if self.order.status != "payment_review":
            return ()
        language = self.store.language
        titles = (("accept", say("action.accept", language)), ("deny", say("action.deny", language)))
        return tuple(Button(card.action_id(self.order, word), title) for word, title in titles)

    def news_failed(self, reason: str) -> str:
        return self._staff("news.pay_failed", reason=f" ({plain(reason.replace('_', ' '), 100)})" if reason else "")

    def news_authorized(self) -> str:
        return self._staff("news.pay_authorized")

    def news_not_asked(self, fault: str) -> str:
        return self._staff("news.not_asked", reason=fault_text(fault, self.store.language))

    def news_not_captured(self, fault: str) -> str:
        return self._staff("news.not_captured", reason=fault_text(fault, self.store.language))

    def news_refunded(self, amount: int) -> str:
        head = card.head(self.order, self.store)
        return say("news.refunded", self.store.language, head=head, amount=self.money(amount))

    def _say(self, key: str, **fields: object) -> str:
        told = {"label": self.order.label, "amount": self.amount, "store": self.store.name, **fields}
        return say(key, self.language, **told)

    def _staff(self, key: str, **fields: object) -> str:
        head = card.head(self.order, self.store)
        return say(key, self.store.language, head=head, amount=self.amount, number=self.order.number, **fields)


def fault_text(fault: str, language: str) -> str:
    """Why a provider did not do what it was called for, for staff."""
    key = f"fault.{fault}"
    return say(key if has(key, "en") else "fault.refused", language, reason=plain(fault, 100))
