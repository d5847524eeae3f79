"""Exchanges: pieces that come back, pieces that go out for them, and how much of the one the other pays for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flows import card, checkout, returns
from flows.cart import PricedCart
from flows.desk import Target, take_parts
from flows.money import show
from flows.order import COUNTER, STAFFED, Line, Order, Part, Step
from flows.phrases import say
from flows.plain import plain
from flows.settings import Settings
from flows.store import Store

_FOR = "for"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`back` comes back, `out` goes out for it. What is empty was not said; `fault` is what cannot be read."""

    back: tuple[Part, ...] = ()
    out: tuple[Part, ...] = ()
    reason: str = ""
    is_quiet: bool = False
    fault: str | None = None

    def remember(self) -> dict[str, Any]:
        """As plain data; `recall` is the inverse."""
        parts = {name: {part.retailer_id: part.quantity for part in getattr(self, name)} for name in ("back", "out")}
        return {**parts, "reason": self.reason, "is_quiet": self.is_quiet}


def recall(data: Mapping[str, Any]) -> Wanted:
    back, out = (tuple(Part(sku, count) for sku, count in data[name].items()) for name in ("back", "out"))
    return Wanted(back, out, data["reason"], data["is_quiet"])


def read(said: Target) -> Wanted:
    """`1xCUP for 1xTOTE the handle broke`."""
    back, rest = take_parts(said.words)
    if not back:
        return Wanted(fault=rest[0] if rest else None)
    if rest and rest[0].lower() != _FOR:
        return Wanted(back, fault=rest[0])
    while rest and rest[0].lower() == _FOR:
        rest.pop(0)
    out, rest = take_parts(rest)
    if not out:
        return Wanted(back, fault=rest[0] if rest else None)
    return Wanted(back, out, Target(None, tuple(rest), said.below).note, said.is_quiet)


@dataclass(frozen=True, slots=True)
class Sums:
    """What goes out has a `price`; `covered` of it is paid with what comes back, of whose worth `owed` is left over."""

    price: int
    covered: int
    owed: int

    @property
    def due(self) -> int:
        return self.price - self.covered


def sums(back: Sequence[Part], lines: Sequence[Line], price: int, *, most: int) -> Sums:
    """What comes back is worth no more than what is left of the money for its order, `most`."""
    worth = min(returns.worth({part.retailer_id: part.quantity for part in back}, lines), most)
    covered = min(worth, price)
    return Sums(price, covered, worth - covered)


def replacement(order: Order, old: Order) -> Order:
    """The new order as it goes out for pieces of the old one: to the same place, and nothing is left to ask."""
    return replace(
        order, channel=STAFFED if old.has_chat else COUNTER, checkout_step=Step.COMPLETE, exchange_of=old.number,
        delivery_method=old.delivery_method, payment_method=old.payment_method, address=old.address,
        address_source=old.address_source, email=old.email, billing_address=old.billing_address,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exchange:
    """What people read of an exchange. `lines` are those of the old order, `priced` is what goes out."""

    old: Order
    wanted: Wanted
    lines: Sequence[Line]
    priced: PricedCart
    sums: Sums
    store: Store

    def sure(self, customer: str) -> str:
        """The question before."""
        language = self.store.language
        asked = say(
            "exchange.sure", language, back=self._back(language), out=self._out(language), customer=plain(customer)
        )
        lines = [card.head(self.old, self.store), asked, *self._sums(language)]
        if self.wanted.reason:
            lines.append(say("till.sure_refund_reason", language, reason=plain(self.wanted.reason, 200)))
        return "\n".join(lines)

    def done(self, new: Order) -> str:
        """What became of it, for staff."""
        language = self.store.language
        did = say("exchange.done", language, back=self._back(language), out=self._out(language), old=self.old.label)
        back = say("exchange.when_back", language, number=self.old.number)
        key = "desk.no_chat" if not new.has_chat else "desk.quiet" if self.wanted.is_quiet else "desk.told"
        return "\n".join([did, *self._sums(language), back, say(key, language)])

    def for_customer(self, new: Order, lines: Sequence[Line], settings: Settings, language: str) -> str:
        """The new order, what of it is paid already, and what happens next."""
        back = self._back(language)
        head = say("exchange.for_you", language, store=self.store.name, back=back, old=self.old.label, label=new.label)
        paid = [
            say(f"exchange.you_{name}", language, amount=self._money(amount))
            for name, amount in (("paid", self.sums.covered), ("get", self.sums.owed))
            if amount
        ]
        paid.append(say("exchange.give_back", language, back=back))
        parts = [
            head, checkout.summary(new, lines, self.store, language), *checkout.waiting(lines, language), " ".join(paid),
            checkout.next_step(new, settings, self.store, language, now=new.changed_at),
        ]  # fmt: skip
        return "\n\n".join(parts)

    def short(self, new: Order, language: str) -> str:
        """The same in a line, for a customer who has not written lately."""
        return say("exchange.short", language, store=self.store.name, old=self.old.label, label=new.label)

    def _sums(self, language: str) -> list[str]:
        total, covered, due = map(self._money, (self.sums.price, self.sums.covered, self.sums.due))
        how = "none" if not self.sums.covered else "part" if self.sums.due else "all"
        said = [say(f"exchange.{how}", language, total=total, covered=covered, due=due)]
        if self.sums.owed:
            said.append(say("exchange.owed", language, owed=self._money(self.sums.owed)))
        return said

    def _money(self, minor: int) -> str:
        return show(minor, self.old.currency, self.store.locale)

    def _back(self, language: str) -> str:
        return card.items(self.wanted.back, self.lines, language, most=card.ITEMS)

    def _out(self, language: str) -> str:
        sold = checkout.lines_of(self.priced)
        return card.items(self.wanted.out, sold, language, most=card.ITEMS)
