"""How an order is paid: the ways that its customer may choose from, and the question. Decided by a button's id."""

from collections.abc import Sequence
from dataclasses import dataclass

from flows import payments
from flows.messages import BUTTONS, Button, Buttons, Message, Row, Rows, with_question
from flows.money import show
from flows.order import ON_ITS_WAY, Order, Step
from flows.phrases import say
from flows.settings import Settings
from flows.store import Store

CREDIT, CASH = "credit", "cod"
PAY, OTHER = "pay", "other"
"""What a customer taps besides a way: the request once more, and another way than the one that stands."""
_ONLY_IN = {"whatsapp_pay": ("IN", "INR"), "pix": ("BR", "BRL")}
"""Methods that WhatsApp or the banks have in one country, for its money."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to pay: by `method`, after `credit` minor units of the customer's store credit.

    Store credit that does not cover everything is a way of its own only as the first half of an answer: then the rest
    `is_open`.
    """

    method: str
    credit: int = 0
    is_open: bool = False

    @property
    def word(self) -> str:
        """As it stands in a button's id."""
        return f"{CREDIT}+{self.method}" if self.credit and self.method != CREDIT else self.method


def ways(order: Order, store: Store, settings: Settings, *, balance: int = 0) -> tuple[Way, ...]:
    """What the customer may choose from, in the store's order. `balance` is their store credit.

    Store credit pays first, as far as it goes; with one other method the rest goes by that.
    """
    if not (due := order.balance_due):
        return ()
    wanted = settings.get("payment_methods")
    others = [method for method in wanted if method != CREDIT and _is_possible(method, order, store, settings)]
    found = []
    for method in wanted:
        if method in others:
            found.append(Way(method))
        elif method == CREDIT and balance >= due:
            found.append(Way(CREDIT, due))
        elif method == CREDIT and balance > 0 and others:
            found.append(Way(others[0], balance) if len(others) == 1 else Way(CREDIT, balance, is_open=True))
    return tuple(found)


def after_credit(chosen: Way, offered: Sequence[Way]) -> tuple[Way, ...]:
    """The ways for what store credit leaves."""
    return tuple(Way(way.method, chosen.credit) for way in offered if not way.credit)


def may_pay(order: Order) -> bool:
    """Whether there is something to be paid, and nobody of the shop looks at it first."""
    return bool(order.balance_due) and order.status not in ("on_hold", "payment_review")


def may_change(order: Order) -> bool:
    """Whether the customer may still pay it another way: not once it is on its way."""
    return may_pay(order) and order.is_open and order.status not in ON_ITS_WAY and order.checkout_step == Step.COMPLETE


def _is_possible(method: str, order: Order, store: Store, settings: Settings) -> bool:
    if method == CASH:
        return order.delivery_method != "digital"
    if _ONLY_IN.get(method, (store.country, order.currency)) != (store.country, order.currency):
        return False
    return payments.is_configured(method, settings)


def method_of(offered: Sequence[Way], settings: Settings) -> str:
    """The method that stands until somebody chooses: the first that is possible, or else the store's first."""
    methods = [way.method for way in offered if not way.credit] or [way.method for way in offered]
    first: str = (methods or settings.get("payment_methods"))[0]
    return first


def step(offered: Sequence[Way]) -> Step:
    """One method is not asked about. Somebody's store credit is never taken unasked."""
    return Step.PAYMENT if len(offered) > 1 or any(way.credit for way in offered) else Step.COMPLETE


def find(offered: Sequence[Way], word: str) -> Way | None:
    """The way that a button's id names, as far as it is still offered."""
    halves = [way for one in offered if one.is_open for way in after_credit(one, offered)]
    return next((way for way in (*offered, *halves) if way.word == word), None)


def said(offered: Sequence[Way], text: str, order: Order, language: str) -> Way | None:
    """The way that somebody wrote out instead of tapping it."""
    words = text.strip().strip(".!").lower()
    return next((way for way in offered if words in (title(way, order, language).lower(), way.word)), None)


def title(way: Way, order: Order, language: str) -> str:
    """On its button. Cash is paid where the goods are handed over, or where the booking is."""
    if way.credit:
        return say("choose.credit", language)
    is_there = way.method == CASH and order.delivery_method in ("pickup", "visit")
    name = f"{CASH}_{order.delivery_method}" if is_there else way.method
    return say(f"choose.{name}", language)


def ask(order: Order, offered: Sequence[Way], head: str, *, store: Store, language: str, kind: str = "p") -> Message:
    """The review of the order in `head`, with the ways to pay it.

    `kind` is how the ids begin: `p` for the first choice, `w` for another one.
    """
    question = say("choose.ask", language, label=order.label, amount=_money(order.balance_due, order, store))
    if (own := next((way for way in offered if way.credit), None)) is not None:
        rest = order.balance_due - own.credit
        key = "choose.credit_covers" if not rest else "choose.credit_half" if own.is_open else "choose.credit_rest"
        fields = {"credit": _money(own.credit, order, store), "rest": _money(rest, order, store), "store": store.name}
        told = say(key, language, **fields, method=title(Way(own.method), order, language))
        question = f"{told}\n{question}"
    ids = [f"{_begin(order, kind)}.{way.word}" for way in offered]
    return _offer(with_question(head, question), ids, [title(way, order, language) for way in offered], language)


def ask_rest(
    order: Order, chosen: Way, offered: Sequence[Way], *, store: Store, language: str, kind: str = "p"
) -> Message:
    """Store credit pays a part: the ways for what it leaves. Nothing is taken before one is chosen."""
    halves = after_credit(chosen, offered)
    credit, rest = _money(chosen.credit, order, store), _money(order.balance_due - chosen.credit, order, store)
    text = say("choose.rest", language, label=order.label, credit=credit, rest=rest)
    ids = [f"{_begin(order, kind)}.{way.word}" for way in halves]
    return _offer(text, ids, [title(Way(way.method), order, language) for way in halves], language)


def _begin(order: Order, kind: str) -> str:
    """`p1042`; of another choice, which is about the order as it is now, `w1042.7`."""
    return f"p{order.number}" if kind == "p" else f"{kind}{order.number}.{order.version}"


def _offer(text: str, ids: Sequence[str], titles: Sequence[str], language: str) -> Message:
    if len(ids) <= BUTTONS:
        return Buttons(text, tuple(Button(*each) for each in zip(ids, titles, strict=True)))
    return Rows(text, say("choose.open", language), tuple(Row(*each) for each in zip(ids, titles, strict=True)))


def _money(minor: int, order: Order, store: Store) -> str:
    return show(minor, order.currency, store.locale)
