"""What a customer who books reads: services, people, days and times to choose from, and the time that is kept for them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice

from flows import calendar_link, choosing, visits
from flows.appointment import Appointment, Calendar, Service, Slot, Visit
from flows.choosing import AT, BOOK, DAYS, FIRST, FORGET, MOVE, OTHER, TELL, TIMES, WHICH, WHO, Choosing, Yes
from flows.messages import BUTTON_TITLE, BUTTONS, ROW_TITLE, ROWS, Button, Buttons, Message, Row, Rows, Text, fit
from flows.money import show
from flows.order import Order
from flows.phrases import say
from flows.plain import plain
from flows.settings import Settings
from flows.store import Store


class Offers:
    """What is said to one customer, whose phone has `number` if it is known, while they choose `choosing` of `service`."""

    def __init__(
        self,
        service: Service,
        choosing: Choosing,
        store: Store,
        settings: Settings,
        language: str,
        *,
        number: str | None,
    ) -> None:
        self._service, self._choosing, self._number = service, choosing, number
        self._store, self._settings, self._language = store, settings, language
        self.title = plain(service.title, 60)

    def first(self, slots: Sequence[Slot], head: str = "") -> Message:
        """The next free times, and how to say another."""
        if not slots:
            return Text(self._together(head, self.full()))
        if not self._choosing.moves:
            what = self._say(
                "book.about", duration=duration(self._service.duration, self._language), price=self._price()
            )
            about = self._say("book.head", title=self.title, store=self._store.name, about=what)
            clock = visits.clock(self._number, slots[0].starts_at, self._store, self._language)
            head = self._together(head, " ".join(filter(None, [about, clock])))
        return self._offer(head, self._say("book.or_write"), slots)

    def full(self) -> str:
        return self._say("book.full", title=self.title, horizon=days(self._service.horizon, self._language))

    def who(self, calendars: Sequence[Calendar], start: int = 0) -> Message:
        """With whom, anyone first."""
        names = [(0, self._say("book.anyone")), *((each.id, plain(each.name, ROW_TITLE)) for each in calendars)]
        rows = [Row(self._choosing.of(id_).id(DAYS), fit(name, ROW_TITLE)) for id_, name in names]
        more = Row(self._choosing.id(WHO, str(start + ROWS - 1)), self._say("book.more_people"))
        return Rows(
            self._say("book.who", title=self.title), self._say("book.people"), _page(rows[start:] or rows, more)
        )

    def days(self, first_slots: Sequence[Slot], now: datetime) -> Message:
        """Days that have something free; `first_slots` may be one more than fit."""
        if not first_slots:
            return Text(self.full())
        rows = [
            Row(
                self._choosing.id(TIMES, _unix(slot)),
                day_of(slot.starts_at, self._store),
                self._nearby(slot.starts_at, now),
            )
            for slot in first_slots
        ]
        more = Row(self._choosing.id(DAYS, _unix(first_slots[min(len(rows), ROWS) - 1])), self._say("book.more_days"))
        return Rows(self._say("book.day", title=self.title), self._say("book.days"), _page(rows, more))

    def times(self, slots: Sequence[Slot]) -> Message:
        """Times of one day; `slots` may be one more than fit."""
        text = self._say("book.time", title=self.title, day=day_of(slots[0].starts_at, self._store))
        rows = [Row(self._choosing.id(AT, _unix(slot)), self._clock(slot.starts_at)) for slot in slots]
        more = Row(self._choosing.id(TIMES, _unix(slots[min(len(rows), ROWS) - 1])), self._say("book.more_times"))
        return Rows(text, self._say("book.times"), _page(rows, more))

    def fitting(self, slots: Sequence[Slot]) -> Message:
        """The few times that fit what they wrote."""
        return self._offer("", self._say("book.fits", title=self.title), slots)

    def instead(self, why: str, slots: Sequence[Slot], *, day: str = "") -> Message:
        """What they wished cannot be: the nearest times. With an ISO `day` they may ask to be told when it can."""
        tell = (Button(self._choosing.id(TELL, day), self._say("book.tell")),) if day else ()
        if not slots:
            text = self._together(why, self.full())
            return Buttons(text, tell) if tell else Text(text)
        return self._offer(why, self._say("book.nearest"), slots, tell)

    def keep(self, visit: Visit, head: str, *, now: datetime) -> Message:
        """Everything about the time that is held, and whether to book it."""
        service = self._service
        who = visits.person(visit)
        price, deposit = self._total(), show(self.deposit, service.currency, self._store.locale)
        if self.deposit and self.deposit < self.total:
            price = f"{price}, {self._say('book.deposit', deposit=deposit)}"
        facts = [
            f"*{self._counted()}*",
            self._say("book.when", span=visits.span(visit, self._store)),
            self._say("book.whom", who=who) if who else "",
            self._say("book.where", where=plain(service.location, 200)) if service.location else "",
            self._say("book.price", price=price),
        ]
        until, store = moment_of(visit.free_until, self._store), self._store.name
        rules = [
            visits.clock(self._number, visit.appointment.starts_at, self._store, self._language),
            self._say("book.notice_over", store=store)
            if visit.free_until <= now
            else self._say("book.notice", until=until),
            self._say("book.asked", store=store) if self._settings.get("order_flow") == "manual" else "",
        ]
        body = self._together(head, "\n".join(filter(None, facts)), " ".join(filter(None, rules)))
        yes = self._button(BOOK, "book.confirm", str(self.yes(visit.appointment)))
        return Buttons(body, (yes, self._button(OTHER, "book.other"), self._button(FORGET, "book.forget")))

    def move(self, order: Order, visit: Visit, to: Visit) -> Message:
        """Whether the booking shall move to that time."""
        old, new = (" · ".join(filter(None, [self._when(each), self._whom(each)])) for each in (visit, to))
        sure = self._say("move.sure", label=order.label, title=self.title, old=old, new=new)
        yes = self._button(BOOK, "move.confirm", str(self.yes(to.appointment)))
        return Buttons(sure, (yes, self._button(OTHER, "book.other"), self._button(FORGET, "move.keep")))

    def yes(self, asked: Appointment) -> Yes:
        return Yes(_seconds(asked.starts_at), self.total, asked.id)

    @property
    def total(self) -> int:
        return self._service.price * self._choosing.places

    @property
    def deposit(self) -> int:
        return self._service.deposit * self._choosing.places

    def _offer(self, head: str, question: str, slots: Sequence[Slot], more: tuple[Button, ...] = ()) -> Message:
        """As many of the slots as fit beside `more` buttons. The clock may show one time twice: then the first."""
        titles = {moment_of(slot.starts_at, self._store): slot for slot in reversed(slots)}
        buttons = [
            Button(self._choosing.id(AT, _unix(slot)), fit(title, BUTTON_TITLE)) for title, slot in titles.items()
        ]
        shown = tuple(islice(reversed(buttons), BUTTONS - len(more)))
        return Buttons(self._together(head, question), (*shown, *more))

    def _button(self, verb: str, key: str, about: str = "") -> Button:
        return Button(self._choosing.id(verb, about), self._say(key))

    def _clock(self, at: datetime) -> str:
        return visits.written(at, self._store, "HH:mm")

    def _nearby(self, at: datetime, now: datetime) -> str:
        ahead = at.astimezone(self._store.zone).date() - now.astimezone(self._store.zone).date()
        key = {0: "book.today", 1: "book.tomorrow"}.get(ahead.days)
        return self._say(key) if key else ""

    def _when(self, visit: Visit) -> str:
        return visits.span(visit, self._store)

    def _whom(self, visit: Visit) -> str:
        who = visits.person(visit)
        return self._say("visit.with", who=who) if who else ""

    def _counted(self) -> str:
        places = self._choosing.places
        return self._say("card.item", quantity=places, title=self.title) if places > 1 else self.title

    def _price(self) -> str:
        """Of one place."""
        if not self._service.price:
            return self._say("book.free")
        price = show(self._service.price, self._service.currency, self._store.locale)
        return self._say("book.each", price=price) if self._service.capacity > 1 else price

    def _total(self) -> str:
        return show(self.total, self._service.currency, self._store.locale) if self.total else self._say("book.free")

    def _say(self, key: str, **fields: object) -> str:
        return say(key, self._language, **fields)

    def _together(self, *parts: str) -> str:
        return "\n\n".join(filter(None, parts))


def which(services: Sequence[Service], store: Store, language: str, *, head: str = "", start: int = 0,
          ids: Sequence[Choosing] = ()) -> Message:  # fmt: skip
    """The services to choose from; `ids` are what is chosen with each, if it is more than the service."""
    chosen = ids or [Choosing(choosing.code(service.sku)) for service in services]
    rows = [
        Row(which_one.id(FIRST), fit(plain(service.title), ROW_TITLE), _about(service, store, language))
        for service, which_one in zip(services, chosen, strict=True)
    ]
    more = Row(Choosing("-").id(WHICH, str(start + ROWS - 1)), say("book.more_services", language))
    text = head or say("book.which", language, store=store.name)
    return Rows(text, say("book.services", language), _page(rows[start:], more))


def bookings(found: Sequence[tuple[Order, Visit]], store: Store, language: str) -> Message:
    """Which of several bookings is meant to move."""
    rows = [
        Row(
            f"b{order.number}.{MOVE}",
            moment_of(visit.appointment.starts_at, store),
            f"{order.label} · {_titled(visit)}",
        )
        for order, visit in found[:ROWS]
    ]
    return Rows(say("move.which", language), say("move.choose", language), tuple(rows))


def received(order: Order, visit: Visit, store: Store, language: str) -> str:
    """The booking with its number, before it is asked how it is paid."""
    head = say("book.received", language, label=order.label, store=store.name)
    return f"{head}\n\n{visits.line(visit, store, language)}"


def booked(order: Order, visit: Visit, text: str, store: Store, language: str, *, now: datetime) -> Message:
    """`text` with what its customer may do now: what is booked goes into their calendar, and may move until the notice."""
    may_change = visit.free_until > now
    if order.status == "scheduled":
        wishes = say("book.wishes", language) if may_change else ""
        return calendar_link.button("\n\n".join(filter(None, [text, wishes])), store, order.id, language)
    ids = (("move.button", f"b{order.number}.{MOVE}"), ("cancel.button_booking", f"c{order.number}.ask"))
    return Buttons(text, tuple(Button(id_, say(key, language)) for key, id_ in ids)) if may_change else Text(text)


def too_late(order: Order, visit: Visit, store: Store, language: str) -> str:
    """Its customer cannot move or cancel it any more: whom to ask."""
    line, until = visits.line(visit, store, language), moment_of(visit.free_until, store)
    return say("move.too_late", language, label=order.label, visit=line, until=until, store=store.name)


def unclear(why: str, language: str) -> str:
    """`why` words say no time: a sentence for whoever wrote them."""
    return say("book.unclear", language, why=plain(why, 200).rstrip("."))


def moment_of(at: datetime, store: Store) -> str:
    return visits.written(at, store, "EEE d MMM, HH:mm")


def day_of(day: datetime, store: Store) -> str:
    return visits.written(day, store, "EEE d MMM")


def duration(span: timedelta, language: str) -> str:
    hours, minutes = divmod(span // timedelta(minutes=1), 60)
    parts = [(hours, "book.hours"), (minutes, "book.minutes")]
    return " ".join(say(key, language, count=count) for count, key in parts if count)


def days(span: timedelta, language: str) -> str:
    return say("book.days_ahead", language, count=span.days) if span.days else duration(span, language)


def _titled(visit: Visit) -> str:
    return plain(visit.service.title if visit.service else visit.appointment.sku)


def _about(service: Service, store: Store, language: str) -> str:
    price = show(service.price, service.currency, store.locale) if service.price else say("book.free", language)
    return say("book.about", language, duration=duration(service.duration, language), price=price)


def _page(rows: Sequence[Row], more: Row) -> tuple[Row, ...]:
    """All of them, or as many as leave room for the row that leads on."""
    return tuple(rows) if len(rows) <= ROWS else (*rows[: ROWS - 1], more)


def _unix(slot: Slot) -> str:
    return str(_seconds(slot.starts_at))


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
