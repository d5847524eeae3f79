"""What staff are answered about orders: done, already so, not possible and why, what is missing. Each names its order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from flows import card, checkout, desk, durations, labels, told, undo
from flows.appointment import Visit
from flows.approval import ALLOW, REFUSE
from flows.card import ACTIONS_AS_BUTTONS
from flows.cart import PricedCart, Refusal, Short, SoldOut, Unknown
from flows.desk import PAGE, ListRequest, Request
from flows.hours import moment
from flows.lifecycle import AlreadySo, Outcome, Reason, Refused
from flows.messages import BODY, ROW_TITLE, TEXT, Button, Buttons, Message, Row, Rows, Text, fit
from flows.money import exponent, major, show
from flows.news import News
from flows.order import STAFF, Action, Line, Order, Step
from flows.order_table import EVERY_STATUS, decide, in_full, next_actions, possible, table_of
from flows.phrases import say
from flows.plain import plain
from flows.settings import Settings
from flows.store import Store

NO_VISITS: Mapping[int, Visit] = MappingProxyType({})
SHOW, CANCEL_YES, CANCEL_NO, CANCEL_TOO, GO_ON = "order", "cancel_yes", "cancel_no", "cancel_too", "go_on"
"""What our buttons and rows ask for beside the order's actions."""

_USAGE: Mapping[str, str] = {
    "ship": "ship {number} TRACKING",
    "invoice": "invoice {number} NUMBER",
    "add": "add {number} 2xSKU",
    "cancel_lines": "cancel {number} 2xSKU",
    "return": "return {number} reason",
    "paid": "paid {number} AMOUNT METHOD",
    "reschedule": "reschedule {number} WHEN",
    **{word: f"{word} {{number}} reason" for word in ("hold", "reject", "deny", "failed")},
}
"""Commands that need more than a number."""
_ASKS: Mapping[str, str] = {
    desk.TRACKING: "ask.tracking",
    desk.REASON: "ask.reason",
    desk.INVOICE: "ask.invoice",
    desk.TEXT: "ask.text",
    desk.PIECES: "desk.which_pieces",
}


@dataclass(frozen=True, slots=True)
class Counter:
    """Where and when staff are answered: the shop, its settings, and the actions that whoever asks may take.

    `visits` are the appointments of the bookings that the answer is about, by order.
    """

    store: Store
    settings: Settings
    allowed: frozenset[str]
    now: datetime
    visits: Mapping[int, Visit] = field(default_factory=dict)

    @property
    def language(self) -> str:
        return self.store.language

    def next_actions(self, order: Order) -> list[str]:
        events = next_actions(order, self.settings, now=self.now, visit=self.visits.get(order.id))
        return [event for event in events if event in self.allowed]

    def possible(self, order: Order) -> list[str]:
        return possible(order, self.settings, now=self.now, visit=self.visits.get(order.id))

    def decide(self, order: Order, action: Action) -> Outcome:
        return decide(order, action, self.settings, now=self.now, visit=self.visits.get(order.id))

    def offered(self, order: Order) -> list[str]:
        """What a card has buttons for: what comes next, or the answer that everything waits for."""
        if order.asks_cancel:
            return [CANCEL_TOO, GO_ON] if "cancel" in self.allowed else []
        if order.return_status == "requested":
            return ["approve", "reject"] if "approve" in self.allowed else []
        return self.next_actions(order)


def command(event: str, order: Order) -> str:
    """How `event` is asked for in words: `ship 1042 TRACKING`."""
    return _USAGE.get(event, f"{event} {{number}}").format(number=order.number)


def done(order: Order, request: Request, counter: Counter, *, is_own: bool, sold: Sequence[Line] = (),
         about: Sequence[str] = ()) -> Message:  # fmt: skip
    """What it is now, whether the customer hears of it, and what comes next. `is_own`: whoever acted is the customer;
    `sold` are the order's lines, if it is about pieces; `about` is what else to say of it.
    """
    language = counter.language
    lines = [card.head(order, counter.store), *about]
    if request.tracking and request.carrier:
        lines.append(say("desk.shipped_by", language, tracking=request.tracking, carrier=request.carrier))
    elif request.tracking:
        lines.append(say("desk.shipped", language, tracking=request.tracking))
    if request.parts:
        lines.append(say("desk.pieces", language, items=card.items(request.parts, sold, language)))
    if request.note:
        lines.append(say("card.note", language, note=plain(request.note, 200)))
    lines += money_after(order, request.event, counter)
    window = undo.window(request.action, counter.settings)
    if request.is_forced:
        lines.append(say("desk.forced", language))
    is_told = told.tells_customer(order, request.action, counter.settings)
    if is_told and not order.has_chat:
        lines.append(say("desk.no_chat", language))
    elif is_told and not is_own:
        key = "desk.quiet" if request.is_quiet else "desk.told_soon" if window else "desk.told"
        lines.append(say(key, language, window=durations.show(window)))
    if not counter.next_actions(order) and not order.balance_due:
        lines.append(say("desk.ended", language))
    return _with_actions(order, lines, counter, can_undo=bool(window))


def undone(changes: Sequence[tuple[Order, card.Change]], counter: Counter) -> Message:
    """What was taken back, and how these orders stand again."""
    lines = []
    for order, change in changes:
        did = card.did(change.action, counter.language)
        lines += [card.head(order, counter.store), say("undo.done", counter.language, did=did)]
    return _with_actions(changes[0][0], lines, counter) if len(changes) == 1 else Text(fit("\n".join(lines), TEXT))


def not_undone(order: Order | None, counter: Counter) -> Message:
    """It is too late, or there was nothing."""
    window: timedelta = counter.settings.get("undo_window")
    key = "undo.off" if not window else "undo.late" if order else "undo.nothing"
    text = say(key, counter.language, window=durations.show(window))
    if order is None:
        return Text(text)
    return _with_actions(order, [card.head(order, counter.store), text], counter)


def made(order: Order, lines: Sequence[Line], counter: Counter) -> Message:
    """An order that staff took, and what its customer hears of it."""
    language = counter.language
    items = ", ".join(
        say("card.item", language, quantity=line.quantity, title=plain(line.title, 40)) for line in lines[:10]
    )
    amount = show(order.total, order.currency, counter.store.locale)
    if not order.has_chat:
        key = "new.without_chat" if order.needs_address else "new.without_chat_fetched"
    else:
        asked = {Step.ADDRESS: "new.asked", Step.PAYMENT: "new.asked_payment"}
        key = asked.get(Step(order.checkout_step), "new.told")
    customer = say(key, language, number=order.number)
    waiting = checkout.waiting(lines, language)
    return _with_actions(order, [card.head(order, counter.store), items, amount, *waiting, customer], counter)


def unclear(order: Order, key: str, counter: Counter, **fields: object) -> Message:
    """A sentence about an order, below its status."""
    text = say(key, counter.language, number=order.number, label=order.label, **fields)
    return Text("\n".join([card.head(order, counter.store), text]))


def kept_so(order: Order, text: str, counter: Counter, *, action: str | None) -> Message:
    """What staff keep of it now; `action` can be taken back."""
    window = undo.window(Action(action, STAFF), counter.settings) if action else None
    return _with_actions(order, [card.head(order, counter.store), text], counter, can_undo=bool(window))


def owner_question(order: Order, who: str, counter: Counter) -> News:
    """An approval above somebody's limit, for the owner to decide."""
    language = counter.language
    amount = show(order.total, order.currency, counter.store.locale)
    text = say(
        "approval.question", language,
        head=card.head(order, counter.store), who=plain(who), amount=amount, number=order.number,
    )  # fmt: skip
    buttons = tuple(
        Button(card.action_id(order, event), say(f"approval.{event}", language)) for event in (ALLOW, REFUSE)
    )
    return News(text, buttons, order.id)


def owner_asked(order: Order, owners: str, counter: Counter) -> Message:
    limit = show(
        int(counter.settings.get("approval_limit").scaleb(exponent(order.currency))), order.currency,
        counter.store.locale,
    )  # fmt: skip
    return unclear(order, "approval.asked", counter, owners=owners, limit=limit)


def owner_decided(order: Order, *, is_allowed: bool, counter: Counter) -> Message:
    if is_allowed:
        window = undo.window(Action("approve", STAFF), counter.settings)
        return _with_actions(order, [card.head(order, counter.store)], counter, can_undo=bool(window))
    return unclear(order, "approval.refused_it", counter)


def not_owner(order: Order, counter: Counter) -> Message:
    return unclear(order, "approval.not_owner", counter)


def money_after(order: Order, event: str, counter: Counter) -> list[str]:
    """What a change of its pieces, or its end, means for an order's money."""

    def money(minor: int) -> str:
        return show(minor, order.currency, counter.store.locale)

    parts = []
    if event in ("add", "cancel_lines"):
        parts.append(say("desk.total_now", counter.language, total=money(order.total)))
        if order.captured and order.balance_due:
            parts.append(say("desk.due_now", counter.language, due=money(order.balance_due)))
    is_over = (event == "deliver" and not order.is_open) or (event == "complete" and order.is_booking)
    if is_over and order.balance_due:
        example, due = str(major(order.balance_due, order.currency)), money(order.balance_due)
        parts.append(say("desk.cash_due", counter.language, due=due, number=order.number, example=example))
    if event in ("add", "cancel_lines", "cancel", "reject", "deny") and order.credit_owed:
        example = str(major(order.credit_owed, order.currency))
        owed = money(order.credit_owed)
        parts.append(say("desk.owed", counter.language, owed=owed, number=order.number, example=example))
    return [" ".join(parts)] if parts else []


def noted(order: Order, note: str, counter: Counter) -> Message:
    lines = [card.head(order, counter.store), say("desk.noted", counter.language, note=plain(note, 300))]
    return Text("\n".join(lines))


def refused(order: Order, event: str, outcome: Refused, counter: Counter) -> Message:
    """Every reason with its remedy, and the actions that are possible."""
    language = counter.language
    lines = [card.head(order, counter.store), say("desk.refused", language, word=event)]
    lines += [say("desk.reason", language, reason=explain(reason, order, counter)) for reason in outcome.reasons]
    return _with_actions(order, lines, counter)


def already(order: Order, event: str, changes: Sequence[card.Change], counter: Counter) -> Message:
    """It is so already: since when, and by whom, as far as the history tells."""
    return _with_actions(order, [card.head(order, counter.store), _since(order, event, changes, counter)], counter)


def meanwhile(order: Order, event: str, change: card.Change, counter: Counter) -> Message:
    """A tap on an old card: `change` has happened since."""
    fields = _who_and_when(change, counter)
    lines = [card.head(order, counter.store), say("desk.meanwhile", counter.language, word=event, **fields)]
    return _with_actions(order, lines, counter)


def explain(reason: Reason, order: Order, counter: Counter) -> str:
    """A reason in words, with a command that would help."""
    works = counter.possible(order)
    key, fields = reason.key, dict(reason.fields)
    fields |= {name: moment(at, counter.store) for name, at in fields.items() if isinstance(at, datetime)}
    if key == "why.not_from_here" and not order.is_open:
        key = "why.ended_but" if set(works) - {"archive", "unarchive"} else "why.ended"
    elif key == "why.not_used":
        fields = {"label": labels.status(str(fields["unused"]), counter.store)}
    return say(
        key, counter.language, number=order.number, status=labels.staff(order, counter.store),
        possible=_commands(works, order), **fields,
    )  # fmt: skip


def why(order: Order, about: str | None, changes: Sequence[card.Change], counter: Counter) -> Message:
    """Why `about` is not possible now; without it, why what could come next is not."""
    head = card.head(order, counter.store)
    if about is not None:
        return _with_actions(order, [head, *_why(order, about, changes, counter)], counter)
    lines = [] if order.is_open else [explain(Reason("why.not_from_here"), order, counter)]
    table = table_of(order)
    for event in (*table.likely, *table.later):
        outcome = counter.decide(order, in_full(event))
        if isinstance(outcome, Refused) and not outcome.is_elsewhere and not _is_put_away(outcome):
            reason = " ".join(explain(reason, order, counter) for reason in outcome.reasons)
            lines.append(say("why.line", counter.language, word=event, reason=reason))
    works = _commands(counter.possible(order), order)
    return Text("\n".join([head, *(lines or [say("why.all_possible", counter.language, possible=works)])]))


def _is_put_away(outcome: Refused) -> bool:
    """Whether the order only is in the archive, or is not: the command for the other way is among what is possible."""
    return any(reason.key in ("why.archived", "why.not_archived") for reason in outcome.reasons)


def _why(order: Order, event: str, changes: Sequence[card.Change], counter: Counter) -> list[str]:
    language = counter.language
    outcome = counter.decide(order, replace(Request(event).action, details=in_full(event).details))
    if isinstance(outcome, AlreadySo):
        return [_since(order, event, changes, counter)]
    if isinstance(outcome, Refused):
        reasons = [say("desk.reason", language, reason=explain(reason, order, counter)) for reason in outcome.reasons]
        return [say("desk.refused", language, word=event), *reasons]
    return [say("why.possible", language, word=event, command=command(event, order))]


def several(lines: Sequence[str], moved: Sequence[Order], request: Request, counter: Counter) -> Message:
    """What became of each of several orders; the button takes all of it back."""
    text = "\n".join(lines)
    if not moved or not undo.window(request.action, counter.settings):
        return Text(text)
    button = Button(card.action_id(moved[0], undo.UNDO), say("action.undo", counter.language))
    return Buttons(fit(text, BODY), (button,))


def not_added(order: Order, priced: PricedCart, counter: Counter, *, key: str = "desk.not_added") -> Text:
    """Why pieces could not be added, or given in exchange: none is, for half of a wish may be no help."""
    language = counter.language
    lines = [card.head(order, counter.store), say(key, language)]
    return Text("\n".join([*lines, *(_not_added(refusal, language) for refusal in priced.refusals)]))


def _not_added(refusal: Refusal, language: str) -> str:
    match refusal:
        case Unknown(sku):
            text = say("add.unknown", language, sku=plain(sku, 40))
        case SoldOut(title) | Short(title):
            text = say("add.short", language, title=plain(title, 60))
        case _:
            text = say("add.bad", language, title=plain(str(getattr(refusal, "title", "-")), 60))
    return say("desk.reason", language, reason=text)


def line(order: Order, outcome: object, counter: Counter) -> str:
    """One of several orders in one answer."""
    fields = {"label": order.label, "status": labels.staff(order, counter.store)}
    if isinstance(outcome, Refused):
        reason = " ".join(explain(reason, order, counter) for reason in outcome.reasons)
        return say("desk.line_refused", counter.language, reason=reason, **fields)
    key = "desk.line_already" if isinstance(outcome, AlreadySo) else "desk.line_done"
    return say(key, counter.language, **fields)


def no_order(number: int, language: str) -> Text:
    return Text(say("desk.no_order", language, label=f"#{number}"))


def ask_number(request: Request, language: str) -> Text:
    return Text(say("ask.number", language, word=request.word))


def ask(order: Order, question: str, store: Store, *, is_forced: bool = False) -> Text:
    """What is missing for an action; the next message answers."""
    key = "ask.force_reason" if is_forced and question == desk.REASON else _ASKS[question]
    return Text("\n".join([card.head(order, store), say(key, store.language)]))


def ask_again(order: Order, question: str, text: str, store: Store) -> Text:
    """`text` did not answer the question, which stands."""
    sorry = say("desk.no_tracking", store.language, text=plain(text, 40))
    return Text("\n".join([card.head(order, store), sorry, say(_ASKS[question], store.language)]))


def no_number(request: Request, text: str, language: str) -> Text:
    """`text` did not say which order is meant."""
    return Text(say("desk.no_number", language, text=plain(text, 40), word=request.word))


def ask_cancel(
    order: Order, request: Request, counter: Counter, *, customer: str, sold: Sequence[Line] = ()
) -> Message:
    """What ends an order cannot be undone, so it is asked about once."""
    language = counter.language
    word = request.word if request.word in desk.FINAL else "cancel"
    quiet = "_quiet" if request.is_quiet or not order.has_chat else ""
    key = f"ask.{word}{quiet}"
    amount = show(order.total, order.currency, counter.store.locale)
    question = say(key, language, customer=plain(customer), amount=amount)
    if request.parts:
        going = {part.retailer_id: part.quantity for part in request.parts}
        less = sum(line.unit_price * going.get(line.retailer_id, 0) for line in sold)
        total = order.total - less + max(0, order.discount - (order.subtotal - less))
        question = say(
            f"ask.cancel_lines{quiet}", language, customer=plain(customer),
            items=card.items(request.parts, sold, language), total=show(total, order.currency, counter.store.locale),
        )  # fmt: skip
    lines = [card.head(order, counter.store), question]
    if request.note:
        lines.append(say("ask.cancel_reason", language, reason=plain(request.note, 200)))
    yes = Button(card.action_id(order, CANCEL_YES), say(f"final.{word}", language))
    no = Button(card.action_id(order, CANCEL_NO), say("cancel.keep", language))
    return Buttons("\n".join(lines), (yes, no))


def kept(order: Order, language: str) -> Text:
    return Text(say("cancel.kept", language, label=order.label))


def closed(order: Order, language: str) -> Text:
    """A button of a question that is answered, too old, or was never put to whoever tapped."""
    return Text(say("ask.closed", language, label=order.label, number=order.number))


def listing(
    request: ListRequest, orders: Sequence[Order], count: int, store: Store, *, customers: Mapping[int, str], now: datetime,
    visits: Mapping[int, Visit] = NO_VISITS,
) -> Message:  # fmt: skip
    """A page of orders, each to be opened by a tap. `customers` are names by contact, `visits` appointments by order."""
    pages = -(-count // PAGE)
    language = store.language
    if not orders:
        last = replace(request, page=max(pages, 1))
        key = "list.no_page" if pages else "list.empty" if request == ListRequest(page=request.page) else "list.none"
        return Text(say(key, language, pages=pages, command=last.text()))
    lines = [say("list.head", language, count=count, page=request.page, pages=pages), ""]
    lines += _lines(orders, store, customers, now, visits)
    if request.page < pages:
        following = replace(request, page=request.page + 1)
        lines[1:1] = [say("list.next", language, command=following.text())]
    rows = tuple(_row(order, store, customers[order.contact_id]) for order in orders)
    return Rows(fit("\n".join(lines), BODY), say("list.open", language), rows)


def _lines(
    orders: Sequence[Order], store: Store, customers: Mapping[int, str], now: datetime, visits: Mapping[int, Visit]
) -> list[str]:
    return [
        card.in_a_list(order, store, customer=customers[order.contact_id], now=now, visit=visits.get(order.id))
        for order in orders
    ]


def found(
    words: str, orders: Sequence[Order], store: Store, *, customers: Mapping[int, str], now: datetime,
    visits: Mapping[int, Visit] = NO_VISITS,
) -> Message:  # fmt: skip
    """What `words` fit, each to be opened by a tap."""
    if not orders:
        return Text(say("find.nothing", store.language, words=plain(words, 60)))
    lines = [say("find.head", store.language, count=len(orders), words=plain(words, 60)), ""]
    lines += _lines(orders, store, customers, now, visits)
    rows = tuple(_row(order, store, customers[order.contact_id]) for order in orders)
    return Rows(fit("\n".join(lines), BODY), say("list.open", store.language), rows)


def board(standings: Mapping[str, tuple[int, datetime]], store: Store, now: datetime) -> Message:
    """How many orders stand where, and for how long the first of them has."""
    language = store.language
    if not standings:
        return Text(say("board.empty", language))
    total = sum(count for count, _ in standings.values())
    lines = [say("board.head", language, count=total, store=store.name)]
    for status in EVERY_STATUS:
        if status in standings:
            count, since = standings[status]
            fields = {"status": labels.status(status, store), "count": count, "since": durations.about(now - since)}
            lines.append(say("board.line", language, **fields))
    lines.append(say("board.how", language, status=next(s for s in EVERY_STATUS if s in standings)))
    return Text("\n".join(lines))


def _row(order: Order, store: Store, customer: str) -> Row:
    amount = show(order.total, order.currency, store.locale)
    description = say("list.row", store.language, amount=amount, customer=plain(customer, 40))
    return Row(card.action_id(order, SHOW), fit(card.head(order, store), ROW_TITLE), description)


def _with_actions(order: Order, lines: Sequence[str], counter: Counter, *, can_undo: bool = False) -> Message:
    """The likeliest of what comes next as buttons, and *Undo* while that is possible."""
    text = "\n".join(lines)
    offered = counter.next_actions(order)[: ACTIONS_AS_BUTTONS - can_undo]
    if can_undo:
        offered.append(undo.UNDO)
    if not offered:
        return Text(fit(text, TEXT))
    titles = [(event, say(f"action.{event}", counter.language)) for event in offered]
    return Buttons(fit(text, BODY), tuple(Button(card.action_id(order, event), title) for event, title in titles))


def _commands(events: Sequence[str], order: Order) -> str:
    return ", ".join(f"*{command(event, order)}*" for event in events)


def _since(order: Order, event: str, changes: Sequence[card.Change], counter: Counter) -> str:
    """By whom and when it became so: by this very action, else by what took the order past it."""
    lifecycle = table_of(order).lifecycle
    targets = {target for status in lifecycle.statuses for target in lifecycle.targets(status, event)}
    becoming = [change for change in changes if change.status_after != change.status_before]
    did = [change for change in becoming if change.status_after in targets]
    further = [change for change in becoming if change.status_after == order.status]
    if did:
        return say("desk.already", counter.language, **_who_and_when(did[-1], counter))
    if further:
        return say("desk.further", counter.language, **_who_and_when(further[-1], counter))
    return say("desk.already_so", counter.language)


def _who_and_when(change: card.Change, counter: Counter) -> dict[str, object]:
    language = counter.language
    return {
        "did": card.did(change.action, language),
        "who": plain(change.who or say(f"by.{change.by}", language)),
        "at": moment(change.at, counter.store),
    }
