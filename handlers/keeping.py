"""What staff keep of an order beside its status: who has it, its tags, its addresses; and words to its customer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from flows import address as addresses
from flows import card, checkout, desk, keeping, labels, replies
from flows.choice import Way
from flows.desk import Request
from flows.hours import moment
from flows.messages import Text
from flows.order import STAFF, Action, Order, Step
from flows.phrases import say
from flows.plain import plain
from flows.window import closes_at, is_open
from handlers.turn import Turn
from models import choices, contacts, orders, outbox, questions, staff


async def assign(turn: Turn, request: Request, order: Order) -> None:
    """To a name, to `me`, or to nobody (`-`)."""
    if not request.note:
        _ask(turn, request, order)
        return
    assert turn.staff is not None
    people = {person.name: person for person in staff.list_all(turn.work)}
    found = keeping.find_person(request.note, list(people), me=turn.staff.name)
    if found is None:
        names = ", ".join(people)
        turn.answer(
            order,
            "assign",
            "unclear",
            replies.unclear(order, "assign.who", turn.counter, names=names, text=request.note),
        )
        return
    person = people.get(found)
    after = replace(order, assignee_id=person.contact_id if person else None)
    who = person.name if person else say("assign.nobody", turn.store.language)
    after = await _amend(turn, after, Action("assign", STAFF, note=who))
    turn.answer(
        after,
        "assign",
        "done",
        replies.kept_so(after, say("assign.done", turn.store.language, who=who), turn.counter, action="assign"),
    )
    if person is not None and person.contact_id != turn.contact.id:
        turn.work.tell(person.contact_id, keeping.assigned(after, turn.staff.name, turn.counter))


async def tag(turn: Turn, request: Request, order: Order) -> None:
    """A word to find it by; once more, or with a minus, takes it off."""
    if not request.note:
        _ask(turn, request, order)
        return
    tags = keeping.tagged(order.tags, request.note)
    after = await _amend(turn, replace(order, tags=tags), Action("tag", STAFF, note=request.note))
    told = say("tag.done", turn.store.language, tags=", ".join(tags) or say("tag.none", turn.store.language))
    turn.answer(after, "tag", "done", replies.kept_so(after, told, turn.counter, action="tag"))


async def mark(turn: Turn, request: Request, order: Order) -> None:
    """A status of the merchant's own within the one that the order has; `-` takes it off."""
    if not request.note:
        _ask(turn, request, order)
        return
    known = keeping.marks(order, turn.settings)
    is_off = request.note in keeping.NOBODY
    name = None if is_off else keeping.find_mark(request.note, known)
    if name is None and not (is_off and order.mark):
        key = "mark.which" if known else "mark.unused"
        names = ", ".join(known.values())
        turn.answer(order, "mark", "unclear", replies.unclear(order, key, turn.counter, names=names, text=request.note))
        return
    note = known[name] if name else say("mark.none", turn.store.language)
    after = await _amend(turn, replace(order, mark=name), Action("mark", STAFF, note=note))
    told = say("mark.done" if name else "mark.off", turn.store.language)
    turn.answer(after, "mark", "done", replies.kept_so(after, told, turn.counter, action="mark"))


async def address(turn: Turn, request: Request, order: Order) -> None:
    """Where it goes, as the customer said it elsewhere: the open question to them is answered with it."""
    if not request.note:
        _ask(turn, request, order)
        return
    given = addresses.from_text(request.note)
    if given is None or not order.needs_address or order.fulfillment_status not in ("unfulfilled", "backordered"):
        key = "address.staff_too_short" if given is None else "address.not_now"
        turn.answer(order, "address", "refused", replies.unclear(order, key, turn.counter))
        return
    was_asked = order.checkout_step == Step.ADDRESS
    offered = await choices.ways(turn.work, order)
    after = await _amend(turn, checkout.with_address(order, given, addresses.STAFF, offered), Action("address", STAFF))
    if was_asked:
        await questions.fetch(turn.work, order.contact_id)
        questions.close(turn.work, order.contact_id, questions.CUSTOMER)
    if was_asked and after.checkout_step == Step.PAYMENT:
        await _ask_payment(turn, after, offered)
    elif was_asked:
        after = await orders.submit(turn.work, after, turn.event.id, turn.settings, by=turn.contact.id)
    where = ", ".join(addresses.lines(given))
    told = say("address.staff_done", turn.store.language, address=where)
    turn.answer(
        after,
        "address",
        "done",
        replies.kept_so(after, told, turn.counter, action=None if was_asked else "address"),
    )


async def _ask_payment(turn: Turn, order: Order, offered: Sequence[Way]) -> None:
    """The address is no question any more; the customer is asked the next one."""
    language, lines = await turn.language_of(order), await orders.lines_of(turn.work, order)
    short = say("timeline.payment", language, label=order.label)
    outbox.say(
        turn.work, order.contact_id, checkout.review(order, lines, offered, store=turn.store, language=language),
        cause=turn.event.id, order_id=order.id, purpose=outbox.NOTICE,
        fallback=checkout.fallback(order, turn.store, short, language),
    )  # fmt: skip


async def email(turn: Turn, request: Request, order: Order) -> None:
    """Where the customer gets mail about this order; `-` takes it off. The history does not repeat it."""
    if not request.note:
        _ask(turn, request, order)
        return
    is_off = request.note in keeping.NOBODY
    given = None if is_off else keeping.read_email(request.note)
    if given is None and not is_off:
        refused = replies.unclear(order, "email.bad", turn.counter, text=plain(request.note, 60))
        turn.answer(order, "email", "unclear", refused)
        return
    after = await _amend(turn, replace(order, email=given), Action("email", STAFF))
    told = say("email.done" if given else "email.none", turn.store.language, email=given)
    turn.answer(after, "email", "done", replies.kept_so(after, told, turn.counter, action="email"))


async def bill(turn: Turn, request: Request, order: Order) -> None:
    """Who the bill is for and where it goes, if not to the delivery address; `-` takes it off."""
    if not request.note:
        _ask(turn, request, order)
        return
    is_off = request.note in keeping.NOBODY
    given = None if is_off else addresses.from_text(request.note)
    if given is None and not is_off:
        turn.answer(order, "bill", "unclear", replies.unclear(order, "bill.too_short", turn.counter))
        return
    after = await _amend(turn, replace(order, billing_address=given), Action("bill", STAFF))
    where = ", ".join(addresses.lines(given)) if given else ""
    told = say("bill.done" if given else "bill.none", turn.store.language, address=where)
    turn.answer(after, "bill", "done", replies.kept_so(after, told, turn.counter, action="bill"))


async def resend(turn: Turn, _request: Request, order: Order) -> None:
    """Where the order stands, told to its customer once more."""
    if not order.has_chat:
        turn.answer(order, "resend", "refused", replies.unclear(order, "chat.none", turn.counter))
        return
    customer = await contacts.get(turn.work, order.contact_id)
    language = customer.language or turn.store.language
    words = card.timeline(order, await orders.changes_of(turn.work, order), turn.store, language)
    head = say("card.head", language, label=order.label, status=labels.customer(order, language))
    outbox.say(
        turn.work, order.contact_id, Text(words), cause=turn.event.id, order_id=order.id, purpose=outbox.NOTICE,
        fallback=checkout.fallback(order, turn.store, head, language),
    )  # fmt: skip
    turn.answer(order, "resend", "done", replies.unclear(order, "resend.done", turn.counter))


async def chat(turn: Turn, request: Request, order: Order) -> None:
    """Words of the shop for the customer, while WhatsApp lets us write freely."""
    if not request.note:
        _ask(turn, request, order)
        return
    customer = await contacts.get(turn.work, order.contact_id)
    if not order.has_chat or not is_open(customer.last_inbound_at, turn.work.now):
        heard = customer.last_inbound_at
        key = "chat.none" if not order.has_chat else "chat.closed" if heard else "chat.never"
        until = moment(closes_at(heard), turn.store) if heard else ""
        turn.answer(order, "chat", "refused", replies.unclear(order, key, turn.counter, until=until))
        return
    language = customer.language or turn.store.language
    outbox.say(
        turn.work, order.contact_id, keeping.relayed(order, request.note, turn.store, language),
        cause=turn.event.id, order_id=order.id, purpose=outbox.NOTICE,
    )  # fmt: skip
    turn.answer(order, "chat", "done", replies.unclear(order, "chat.done", turn.counter))


HOW: Mapping[str, Callable[[Turn, Request, Order], Awaitable[None]]] = {
    "assign": assign, "tag": tag, "mark": mark, "address": address, "email": email, "bill": bill, "resend": resend, "chat": chat,
}  # fmt: skip


def _ask(turn: Turn, request: Request, order: Order) -> None:
    turn.ask_staff(desk.TEXT, request, order)
    turn.answer(order, request.word, "asked", replies.unclear(order, f"ask.{request.word}", turn.counter))


async def _amend(turn: Turn, after: Order, action: Action) -> Order:
    return await orders.amend_for_now(turn.work, after, action, turn.actor, turn.settings)
