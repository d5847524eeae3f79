"""An order as people see it: the card with its next actions, a line in a list, the history, and the customer's timeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from flows import address as addresses
from flows import checkout, durations, labels, visits
from flows.appointment import Visit
from flows.hours import moment
from flows.messages import BODY, ROW_TITLE, TEXT, Button, Buttons, Message, Row, Rows, Text, fit
from flows.money import show
from flows.order import FORCED, Line, Order, Part, Step
from flows.order_table import next_actions
from flows.phrases import say
from flows.plain import plain
from flows.settings import Settings
from flows.store import Store

ACTIONS_AS_BUTTONS = 3
ITEMS = 4
"""Products that are named where there may be many; the rest are counted."""


class Change(Protocol):
    """A line of history, as `models/orders.py` reads it."""

    @property
    def action(self) -> str: ...
    @property
    def by(self) -> str: ...
    @property
    def who(self) -> str | None: ...
    @property
    def status_before(self) -> str | None: ...
    @property
    def status_after(self) -> str: ...
    @property
    def note(self) -> str: ...
    @property
    def tracking(self) -> str | None: ...
    @property
    def at(self) -> datetime: ...


def did(action: str, language: str) -> str:
    """What somebody did, as the history tells it."""
    if action.startswith(FORCED):
        return say("did.forced", language, did=say(f"did.{action.removeprefix(FORCED)}", language))
    return say(f"did.{action}", language)


def head(order: Order, store: Store) -> str:
    """A card's first line, for staff: `#1042 · Confirmed`."""
    return say("card.head", store.language, label=order.label, status=labels.staff(order, store))


def action_id(order: Order, event: str) -> str:
    """`o1042.7.confirm`: order, version, action. Trusted for nothing: role, version and table decide."""
    return f"o{order.number}.{order.version}.{event}"


def read_action_id(text: str) -> tuple[int, int, str] | None:
    """Number, version and action of one of our buttons; None for any other text."""
    parts = text.split(".")
    if len(parts) != 3 or not parts[0].startswith("o") or not (parts[0][1:] + parts[1]).isdecimal():
        return None
    if len(parts[0]) > 18 or len(parts[1]) > 9 or not parts[0][1:].isascii():
        return None
    return int(parts[0][1:]), int(parts[1]), parts[2]


def card(
    order: Order, lines: Sequence[Line], store: Store, settings: Settings, *, customer: str, chat: str | None,
    now: datetime, actions: Sequence[str] | None = None, details: Sequence[str] = (), visit: Visit | None = None,
) -> Message:  # fmt: skip
    """Everything about an order, with its next actions: up to three as buttons, more as a list, none as plain text."""
    language = store.language
    offered = next_actions(order, settings, now=now, visit=visit) if actions is None else list(actions)
    since, placed = durations.about(now - order.changed_at), moment(order.placed_at, store)
    who, where = _customer(order, customer, chat, language), _address(order, language)
    goods = _Section(checkout.goods(order, lines, store, language), kept=0, more="card.goods_more")
    sections = [
        _Section([head(order, store), *_state(order, store), say("card.since", language, since=since, placed=placed)]),
        buyer := _Section(who, kept=2),
        _Section(visits.section(visit, store) if visit else []),
        goods,
        _Section(checkout.prices(order, store, language)),
        way := _Section(where, kept=1, after=_tracking(order, language)),
        bill := _Section(_billing(order, language), kept=1),
        *(records := [_Section(detail.split("\n"), kept=1) for detail in details if detail]),
    ]
    give_way = [goods, buyer, way, bill, *reversed(records)]
    text = _fitted(sections, give_way, BODY if offered else TEXT, order.number, language)
    if not offered:
        return Text(text)
    if len(offered) <= ACTIONS_AS_BUTTONS:
        buttons = tuple(Button(action_id(order, event), say(f"action.{event}", language)) for event in offered)
        return Buttons(text, buttons)
    rows = tuple(
        Row(action_id(order, event), fit(say(f"action.{event}", language), ROW_TITLE), say(f"does.{event}", language))
        for event in offered
    )
    return Rows(text, say("card.actions", language), rows)


@dataclass(slots=True)
class _Section:
    """Lines of a card that belong together. From the end so many are `hidden`, never the first `kept`; `more` counts them."""

    lines: Sequence[str]
    kept: int = 0
    more: str = "cart.more"
    after: Sequence[str] = ()
    hidden: int = 0

    def text(self, number: int, language: str) -> str:
        shown = list(self.lines[: len(self.lines) - self.hidden])
        if self.hidden:
            shown.append(say(self.more, language, count=self.hidden, number=number))
        return "\n".join([*shown, *self.after])


def _fitted(sections: Sequence[_Section], give_way: Sequence[_Section], limit: int, number: int, language: str) -> str:
    """Every section in one text. When that is too long, one after the other gives up lines from its end."""

    def whole() -> str:
        return "\n\n".join(text for section in sections if (text := section.text(number, language)))

    for section in give_way:
        while len(whole()) > limit and section.hidden < len(section.lines) - section.kept:
            section.hidden += 1
    return fit(whole(), limit)


def _state(order: Order, store: Store) -> list[str]:
    state = labels.state(order, store)
    return [say("card.state", store.language, state=state)] if state else []


def items(parts: Sequence[Part], lines: Sequence[Line], language: str, *, most: int | None = None) -> str:
    """`2 × Masala Chai, 1 × Cup`: pieces of an order in words, as its lines stand (a database may keep them in any order)."""
    titles = {line.retailer_id: line.title for line in lines}
    places = {sku: place for place, sku in enumerate(titles)}
    sorted_parts = sorted(parts, key=lambda part: places.get(part.retailer_id, len(places)))
    named = [(part.quantity, titles.get(part.retailer_id, part.retailer_id)) for part in sorted_parts[:most]]
    text = ", ".join(say("card.item", language, quantity=count, title=plain(title, 40)) for count, title in named)
    if more := len(parts) - len(named):
        text += " " + say("card.items_more", language, count=more)
    return text


def pieces(order: Order, lines: Sequence[Line], store: Store) -> Message:
    """Every line with all that was known of it when it was sold, and what became of its pieces."""
    return Text(fit("\n\n".join([head(order, store), *(_line(order, line, store) for line in lines)]), TEXT))


def _line(order: Order, line: Line, store: Store) -> str:
    language = store.language

    def money(minor: int) -> str:
        return show(minor, order.currency, store.locale)

    named = [say("card.item", language, quantity=line.quantity, title=plain(line.title, 80))]
    called = " · ".join(plain(text, 100) for text in (line.brand, line.retailer_id) if text)
    price = say("items.price", language, each=money(line.unit_price), total=money(line.total))
    became = (
        ("shipped", line.shipped), ("backordered", line.backordered), ("returned", line.returned),
        ("canceled", line.canceled),
    )  # fmt: skip
    fate = ", ".join(say(f"items.{name}", language, count=count) for name, count in became if count)
    return "\n".join(part for part in (*named, called, price, fate, line.image_link) if part)


def announcement(
    order: Order, lines: Sequence[Line], store: Store, *, customer: str, visit: Visit | None = None
) -> str:
    """A new order in a few lines, as staff are told of it."""
    language = store.language
    sold = [Part(line.retailer_id, line.quantity) for line in lines]
    text = say(
        "news.order", language, head=head(order, store), customer=plain(customer),
        items=items(sold, lines, language, most=ITEMS),
        amount=show(order.total, order.currency, store.locale),
        payment=labels.method(order, language),
    )  # fmt: skip
    where = ", ".join(addresses.lines(order.address)) if order.address else ""
    if where:
        text += "\n" + plain(where, 200)
    if visit is not None:
        text = "\n".join([text, *visits.when_and_where(visit, store)])
    if order.customer_note:
        text += "\n" + say("card.note", language, note=plain(order.customer_note, 100))
    if order.exchange_of is not None:
        text += "\n" + say("card.exchange_of", language, old=f"#{order.exchange_of}")
    if order.needs_review:
        text += "\n" + say("card.late", language)
    return text


def _customer(order: Order, customer: str, chat: str | None, language: str) -> list[str]:
    lines = [say("card.customer", language, customer=plain(customer))]
    key = "card.chat" if chat and order.has_chat else "card.no_chat" if order.has_chat else "card.never_chat"
    lines.append(say(key, language, chat=chat))
    if order.email:
        lines.append(say("card.email", language, email=order.email))
    if order.exchange_of is not None:
        lines.append(say("card.exchange_of", language, old=f"#{order.exchange_of}"))
    if order.tags:
        lines.append(say("card.tags", language, tags=", ".join(order.tags)))
    if order.customer_note:
        lines.append(say("card.note", language, note=plain(order.customer_note, 200)))
    if order.needs_review:
        lines.append(say("card.late", language))
    return lines


def _address(order: Order, language: str) -> list[str]:
    if order.address is not None:
        return say("card.address", language, address="\n".join(addresses.lines(order.address))).split("\n")
    if order.needs_address:
        asked = order.checkout_step == Step.ADDRESS
        return [say("card.no_address" if asked else "card.address_not_asked", language, number=order.number)]
    return []


def _billing(order: Order, language: str) -> list[str]:
    if not order.billing_address:
        return []
    return say("card.billing", language, address="\n".join(addresses.lines(order.billing_address))).split("\n")


def _tracking(order: Order, language: str) -> list[str]:
    if not order.tracking:
        return []
    key = "card.tracking_with" if order.carrier else "card.tracking"
    return [say(key, language, tracking=order.tracking, carrier=order.carrier)]


def in_a_list(order: Order, store: Store, *, customer: str, now: datetime, visit: Visit | None = None) -> str:
    """One line of a list; of a booking with its time."""
    due = order.balance_due if order.captured else 0
    amount, status = show(order.total, order.currency, store.locale), labels.staff(order, store)
    payment = labels.payment(order, store)
    if due:
        amount += ", " + say("list.due", store.language, amount=show(due, order.currency, store.locale))
    elif order.payment_status != "unpaid" and payment.lower() not in status.lower():
        amount += ", " + payment
    if visit is not None:
        status = f"{visits.in_a_list(visit, store)} · {status}"
    return say(
        "list.line", store.language, label=order.label, status=status,
        amount=amount, customer=plain(customer, 24),
        since=durations.about(max(now - order.changed_at, timedelta())),
    )  # fmt: skip


def history(order: Order, changes: Sequence[Change], store: Store) -> Message:
    """Every change: what, by whom, when, with its note and tracking number."""
    language = store.language
    lines = [head(order, store), ""]
    for change in changes:
        who = change.who or say(f"by.{change.by}", language)
        line = say(
            "history.line",
            language,
            at=moment(change.at, store),
            what=_what(order, change, store),
            who=plain(who),
        )
        if change.tracking:
            line += f" · {change.tracking}"
        if change.note:
            line += "\n    " + say("history.note", language, note=plain(change.note, 200))
        lines.append(line)
    return Text(fit("\n".join(lines), TEXT))


def _what(order: Order, change: Change, store: Store) -> str:
    """What was done, and the shop's own word for the status that it led to."""
    what = did(change.action, store.language)
    words = Settings(store.settings).vocabulary.labels_of(order)
    was, label = words.get(change.status_before or ""), words.get(change.status_after)
    if not label or label == was or label.casefold() == what.casefold():
        return what
    return say("history.status", store.language, what=what, status=label)


_MILESTONES = ("placed", "confirmed", "packed", "shipped", "out_for_delivery", "delivered", "delivery_confirmed")
"""What a customer wants to know about: the path of an order, without what only the shop sees."""


def timeline(
    order: Order, changes: Sequence[Change], store: Store, language: str, *, visit: Visit | None = None
) -> str:
    """Where an order is, for its customer: what happened when, what comes, and the tracking number; of a booking its time."""
    if visit is not None:
        head = say("timeline.head", language, label=order.label, status=labels.customer(order, language))
        return "\n".join([head, visits.line(visit, store, language)])
    is_pickup = order.delivery_method == "pickup"
    to_come = ("confirmed", "packed", "delivery_confirmed") if is_pickup else ("confirmed", "shipped", "delivered")
    reached: dict[str, datetime] = {}
    for change in changes:
        reached.setdefault(change.status_after, change.at)
    lines = [say("timeline.head", language, label=order.label, status=labels.customer(order, language))]
    for status in _MILESTONES:
        if status in reached:
            lines.append(
                say(
                    "timeline.done",
                    language,
                    status=labels.milestone(status, order, language),
                    at=moment(reached[status], store),
                )
            )
        elif order.status in _MILESTONES and status in to_come:
            later = _MILESTONES.index(status) > _MILESTONES.index(order.status)
            lines += (
                [say("timeline.to_come", language, status=labels.milestone(status, order, language))] if later else []
            )
    if order.status not in _MILESTONES:
        arrived = "timeline.done" if order.status in ("delivery_confirmed", "completed") else "timeline.ended"
        key = "timeline.stopped" if order.is_open else arrived
        lines.append(say(key, language, status=labels.customer(order, language), at=moment(order.changed_at, store)))
    if order.tracking:
        key = "notice.tracking_with" if order.carrier else "notice.tracking"
        lines.append(say(key, language, tracking=order.tracking, carrier=order.carrier))
    return "\n".join(lines)
