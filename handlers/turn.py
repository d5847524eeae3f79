"""What a handler gets: one message being handled, who it is from, and the ways to answer."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flows import checkout, desk, limits, menu, policy, staff
from flows.appointment import Service
from flows.commands import Row
from flows.desk import ANSWER_WITHIN, Request, Target, target
from flows.effects import Say, TellStaff
from flows.flood import Patience
from flows.inbound import Cart, Message, Sender
from flows.messages import Button, Buttons, Template, Text
from flows.messages import Message as Words
from flows.news import News
from flows.order import CUSTOMER, SYSTEM, Action, Line, Order
from flows.order_table import COMMANDS
from flows.phrases import say
from flows.plain import plain
from flows.replies import Counter, no_order
from flows.settings import Settings
from flows.staff_order import Wanted
from flows.store import Store
from models import audit, catalog, choices, contacts, effects, orders, outbox, questions, visits
from models.contacts import Contact
from models.inbox import Event
from models.orders import Actor
from models.staff import Staff
from models.work import Work

NAMED = 3
"""Products that a sentence names."""
REST, SURE = "rest", "sure"
"""Open questions to staff: what a command lacks, and whether it is meant."""


@dataclass(frozen=True, slots=True)
class Turn:
    """`staff` is set when the signed sender is of the shop; `sent_at` is when the message was sent, as far as that is known."""

    work: Work
    event: Event
    message: Message
    contact: Contact
    staff: Staff | None
    sent_at: datetime
    catalog_id: str | None = None
    patience: Patience = Patience.PATIENT

    @property
    def store(self) -> Store:
        return self.work.store

    @property
    def language(self) -> str:
        return self.contact.language or self.store.language

    @property
    def is_flood(self) -> bool:
        """Whether the sender writes too fast to be answered, unless it is about an order."""
        return self.patience is not Patience.PATIENT

    @property
    def who(self) -> str:
        """The contact as staff know them."""
        return self.contact.known_as(self.store.language)

    @property
    def age(self) -> timedelta:
        """How long the message was on its way to us."""
        return self.work.now - self.sent_at

    @property
    def settings(self) -> Settings:
        return Settings(self.store.settings)

    def say(
        self,
        words: Words,
        *,
        fallback: Template | None = None,
        arrival: str = outbox.MUST_ARRIVE,
        about: Order | None = None,
    ) -> None:
        """Answer the sender; `about` is the order that a reply to it means.

        Who writes too fast is answered about orders and carts only, and hears only the latest word about each.
        """
        if self.is_flood and about is None and not isinstance(self.message.content, Cart):
            return
        outbox.say(
            self.work, self.contact.id, words,
            cause=self.event.id, fallback=fallback, arrival=arrival, order_id=about.id if about else None,
            purpose=outbox.LATEST if self.is_flood else outbox.REPLY,
        )  # fmt: skip

    def say_slower(self) -> None:
        """Tell who has just become too fast what is let go."""
        outbox.say(self.work, self.contact.id, menu.slower(self.language), cause=self.event.id)

    def tell_staff(self, news: str) -> None:
        """News for everyone of the shop who gets alerts, but for the sender, who gets the answer."""
        tell_staff(self.work, news, but=self.contact.id)

    def ask_staff(self, kind: str, request: Request, order: Order | None) -> None:
        """Remember what was asked: the next message answers it."""
        numbers = (order.number,) if order else request.numbers
        data: dict[str, Any] = {"request": replace(request, numbers=numbers).remember()}
        if order is not None:
            data |= {"status": order.status, "version": order.version}
        within = limits.CONFIRM_WITHIN if kind == desk.CANCEL else ANSWER_WITHIN
        questions.ask(
            self.work, self.contact.id, questions.STAFF,
            kind=kind, order_id=order.id if order else None, data=data, expires_at=self.work.now + within,
        )  # fmt: skip

    def record(self, action: str, outcome: str) -> None:
        """A line of the audit trail."""
        role = self.staff.role if self.staff else None
        audit.record(
            self.work, event_id=self.event.id, contact_id=self.contact.id, role=role, action=action, outcome=outcome
        )

    def unclear(self, action: str, key: str, **fields: Any) -> None:
        """Say what was not understood of a command; `key` is the phrase that does."""
        self.record(action, "unclear")
        self.say(Text(say(key, self.store.language, **fields)))

    def permits(self, row: Row) -> bool:
        """Whether a command may be given, was written by its sender, and is still meant; what is not is answered."""
        assert self.staff is not None
        if not policy.may(self.staff.role, row.action):
            outcome, answer = "refused", staff.not_allowed(self.store, row, self.staff.role)
        elif self.message.forwarded:
            outcome, answer = "forwarded", staff.forwarded(self.store, row.word)
        elif self.age > limits.COMMAND_AGE:
            outcome, answer = "late", staff.late(self.store, row.word, self.age)
        else:
            return True
        self.record(row.action, outcome)
        self.say(answer)
        return False

    @property
    def actor(self) -> Actor:
        return Actor(self.contact.id, self.event.id)

    @property
    def counter(self) -> Counter:
        """Where a member of staff is answered."""
        role = self.staff.role if self.staff else ""
        allowed = frozenset(event for event in COMMANDS if policy.may(role, event))
        return Counter(self.store, self.settings, allowed, self.work.now, visits.known(self.work))

    def answer(self, order: Order, action: str, outcome: str, words: Words) -> None:
        """Answer a command about an order, and record what came of it."""
        self.record(action, outcome)
        self.say(words, about=order)

    def ask_rest(self, row: Row, said: str, words: Words, *, about: Order | None = None) -> None:
        """Ask for what a command lacks: the next message goes on where `said`, its argument so far, ends."""
        questions.ask(
            self.work, self.contact.id, questions.STAFF, kind=REST, order_id=about.id if about else None,
            data={"word": row.word, "said": said, "token": self.event.id}, expires_at=self.work.now + ANSWER_WITHIN,
        )  # fmt: skip
        self.record(row.action, "asked")
        self.say(words, about=about)

    def ask_sure(
        self, row: Row, text: str, data: Mapping[str, Any], *, about: Order | None = None, yes: str = "till.yes"
    ) -> None:  # fmt: skip
        """Ask once before something that moves money; `data` is what it was about to do."""
        token = self.event.id
        questions.ask(
            self.work, self.contact.id, questions.STAFF, kind=SURE, order_id=about.id if about else None,
            data={**data, "word": row.word, "token": token}, expires_at=self.work.now + limits.CONFIRM_WITHIN,
        )  # fmt: skip
        do = Button(f"sure.{token}.yes", say(yes, self.store.language))
        no = Button(f"sure.{token}.no", say("till.no", self.store.language))
        self.record(row.action, "asked")
        self.say(Buttons(text, (do, no)), about=about)

    async def target(self, row: Row, argument: str) -> tuple[Order, Target] | None:
        """The order that a command names or replies to, and the rest of its argument. None: it is asked for, or unknown."""
        order, found = await self.named(argument)
        if order is not None:
            return order, found
        if found.number is None:
            self.ask_rest(row, "", Text(say("ask.number", self.store.language, word=row.word)))
        else:
            self.record(row.action, "unknown")
            self.say(no_order(found.number, self.store.language))
        return None

    async def named(self, argument: str) -> tuple[Order | None, Target]:
        """The order that a command's argument names, or else the one it replies to; and the rest of it."""
        replied = await self.replied()
        found = target(argument, is_reply=replied is not None)
        order = replied if found.number is None else await orders.find(self.work, found.number)
        if order is not None:
            await visits.of(self.work, order)  # what is offered with the answer depends on when it is
        return order, found

    async def theirs(self, number: int) -> Order | None:
        """The sender's own order with this number: another's is as unknown as none."""
        order = await orders.find(self.work, number)
        return order if order is not None and order.contact_id == self.contact.id else None

    async def replied(self) -> Order | None:
        """The order of the card or alert that this message replies to."""
        wamid = self.message.reply_to
        return await orders.order_of_message(self.work, wamid) if wamid else None

    async def customer_of(self, order: Order) -> str:
        return (await contacts.get(self.work, order.contact_id)).known_as(self.store.language)

    async def customer_called(self, name: str) -> Contact | None:
        """Whoever has this number, or gave this order."""
        if name.startswith("+"):
            return await contacts.called(self.work, "".join(c for c in name if c.isdecimal()))
        found = target(name)
        order = await orders.find(self.work, found.number) if found.number is not None else None
        return await contacts.get(self.work, order.contact_id) if order else None

    async def customer_for(self, wanted: Wanted) -> Contact | None:
        """Whom staff take an order for: somebody we know, somebody new, or nobody whom we could write to."""
        if wanted.order is not None:
            other = await orders.find(self.work, wanted.order)
            return None if other is None else await contacts.get(self.work, other.contact_id)
        if wanted.number is None:
            return contacts.create(self.work, wa_id=None, bsuid=None)
        await contacts.called(self.work, wanted.number)
        known = contacts.recognise(self.work, Sender(wa_id=wanted.number, bsuid=None))
        return contacts.named(self.work, known, f"+{wanted.number}")

    async def language_of(self, order: Order) -> str:
        """What the order's customer reads."""
        return (await contacts.get(self.work, order.contact_id)).language or self.store.language

    async def tell_customer(self, order: Order, words: str, language: str) -> None:
        """The order's customer hears of it, unless it is they who acted, or there is no chat with them."""
        if order.contact_id != self.contact.id and order.has_chat:
            fallback = checkout.fallback(order, self.store, words, language)
            said = Say(order.contact_id, Text(words), fallback, order.id)
            await effects.save(self.work, [said], self.event.id)

    async def new_booking(self, service: Service, places: int, customer: Contact) -> tuple[Order, Line]:
        """What so many places become, before it is placed; its customer may be somebody whom staff book for."""
        order = checkout.new_booking(
            service, places, order_id=self.work.ids.new(), number=await orders.take_number(self.work),
            contact_id=customer.id, store=self.store, settings=self.settings, now=self.work.now,
            credit=await choices.balance(self.work, customer.id, self.store.currency),
        )  # fmt: skip
        products, _ = await catalog.find_products(self.work, [service.sku])
        sold = products[service.sku]
        line = Line(service.sku, service.title, places, service.price, brand=sold.brand, image_link=sold.image_link)
        return order, line

    async def recover(self, order: Order) -> Order | None:
        """The order of a customer who came back to it; None when others have bought meanwhile what was in it.

        Then it has ended, and they have been told what is gone.
        """
        if order.status != "abandoned":
            return order
        lines = await orders.lines_of(self.work, order)
        would_get = await catalog.allot(self.work, lines, allow_backorder=self.settings.get("allow_backorder"))
        if not would_get.short:
            after, _ = await orders.advance(self.work, order, Action("recover", CUSTOMER), self.actor, self.settings)
            return after
        questions.close(self.work, self.contact.id, questions.CUSTOMER)
        titles = ", ".join(plain(line.title, 60) for line in would_get.short[:NAMED])
        action = Action("cancel", SYSTEM, note=say("recover.note", self.store.language), is_quiet=True)
        await orders.advance(self.work, order, action, Actor(None, self.event.id), self.settings)
        self.say(Text(say("recover.sold_out", self.language, label=order.label, list=titles)), about=order)
        return None

    async def thumbnail(self) -> str | None:
        """The retailer id that heads the catalogue message; None when there is no catalogue."""
        return await catalog.thumbnail(self.work)

    async def show_menu(self) -> None:
        front = await catalog.front(self.work)
        greeting = menu.greeting(
            self.store, self.language, has_catalogue=front.thumbnail is not None, has_services=front.has_services,
            has_orders=bool(orders.open_with(self.work, self.contact.id)),
        )  # fmt: skip
        self.say(greeting)


def tell_staff(work: Work, news: str, *, but: int | None = None) -> None:
    """The same outside a turn."""
    effects.tell_staff(work, TellStaff(News(news), but=but))
