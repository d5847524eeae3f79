"""Orders at the desk: what staff command, tap and answer is done through the one gate. Every try is in the audit trail."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, time

from flows import approval, card, cart, checkout, desk, ledger, policy, replies, sections
from flows.commands import BY_WORD, WORDS, Row
from flows.desk import Request
from flows.inbound import Cart, CartLine, Tap, Words
from flows.lifecycle import AlreadySo, Move, Outcome, Reason, Refused
from flows.messages import Text
from flows.order import DEAD, STAFF, Action, Order, Part
from flows.order_table import COMMANDS, EVERY_STATUS
from flows.phrases import say
from flows.understand import Wish, wish
from handlers.turn import Turn
from models import catalog, contacts, listing, orders, payments, questions, staff, visits
from models import ledger as money
from models import returns as coming_back
from models.questions import Question

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Before every order there is."""


async def obey(turn: Turn, row: Row, argument: str) -> None:
    """Do what a command of `commands.ORDERS` asks for; `argument` is what follows its word. Who may give it was looked at."""
    questions.close(turn.work, turn.contact.id, questions.STAFF)
    if row.word == "orders":
        await _list(turn, argument)
        return
    replied = await turn.replied()
    carriers = turn.settings.get("carriers")
    request = desk.read(row.word, argument, carriers=carriers, is_reply=replied is not None)
    if isinstance(request, Reason):
        turn.record(row.action, "unclear")
        turn.say(Text(say(request.key, turn.store.language, **request.fields)), about=replied)
    elif not request.numbers and replied is not None:
        await _carry_out(turn, request, replied)
    else:
        await _find(turn, request)


async def on_answer(turn: Turn) -> bool:
    """Whether these words answer what staff were asked last. A command does not: it takes the question's place."""
    question = questions.find_open(turn.work, turn.contact.id, questions.STAFF)
    content = turn.message.content
    if turn.staff is None or question is None or question.kind not in desk.QUESTIONS or not isinstance(content, Words):
        return False
    if desk.is_drop(content.body):
        await _drop(turn, question)
        return True
    if desk.is_command(content.body, WORDS, question=question.kind):
        questions.close(turn.work, turn.contact.id, questions.STAFF)
        return False
    later = questions.find_open(turn.work, turn.contact.id, questions.CUSTOMER)
    if later is not None and later.asked_at > question.asked_at:
        return False
    request = desk.recall(question.data["request"])
    if question.kind == desk.CANCEL:
        return await _answer_cancel(turn, question, wish(content.body))
    if turn.permits(BY_WORD[request.permit]):
        await _complete(turn, question.kind, request, content.body)
    return True


async def on_tap(turn: Turn) -> bool:
    """Whether this was one of our buttons for staff. It is bound to an order's version, and trusted for nothing."""
    content = turn.message.content
    tap = card.read_action_id(content.id) if isinstance(content, Tap) else None
    if turn.staff is None or tap is None:
        return False
    number, version, event = tap
    cancels = event in (replies.CANCEL_YES, replies.CANCEL_NO)
    row = BY_WORD.get("cancel" if cancels else event)
    if row is None or (row.word not in COMMANDS and event != replies.SHOW):
        return False
    if not turn.permits(row):
        return True
    if (order := await orders.find(turn.work, number)) is None:
        _unknown(turn, row.action, number)
    elif cancels:
        await _settle_cancel(turn, order, is_meant=event == replies.CANCEL_YES)
    elif version < order.version and event in COMMANDS:
        await _try_again(turn, Request(event, (number,)), order, version)
    else:
        questions.close(turn.work, turn.contact.id, questions.STAFF)
        await _carry_out(turn, Request(event, (number,)), order)
    return True


async def _find(turn: Turn, request: Request) -> None:
    """The order or orders that are named; one that is not named is asked for."""
    if not request.numbers:
        turn.ask_staff(desk.NUMBER, request, None)
        turn.record(request.word, "asked")
        turn.say(replies.ask_number(request, turn.store.language))
    elif len(request.numbers) > 1:
        await _carry_out_each(turn, request)
    elif (order := await orders.find(turn.work, request.numbers[0])) is None:
        _unknown(turn, request.word, request.numbers[0])
    else:
        await _carry_out(turn, request, order)


async def _carry_out(turn: Turn, request: Request, order: Order) -> None:
    await visits.of(turn.work, order)  # what is offered with the answer depends on when it is
    await HOW.get(request.word, _act)(turn, request, order)


async def _act(turn: Turn, request: Request, order: Order) -> None:
    """An action of the order's table: done, asked about, or refused with every reason."""
    lines = await orders.lines_of(turn.work, order)
    request = desk.matched(request, lines)
    outcome = await orders.judge(turn.work, order, request.action, turn.settings)
    if request.is_forced:
        request, outcome = await _insist(turn, request, order, outcome)
    if not isinstance(outcome, Move):
        await _not_done(turn, request, order, outcome)
    elif request.word in desk.FINAL:
        turn.ask_staff(desk.CANCEL, request, order)
        customer = await turn.customer_of(order)
        sure = replies.ask_cancel(order, request, turn.counter, customer=customer, sold=lines)
        turn.answer(order, request.word, "asked", sure)
    elif request.word == "approve" and await _is_for_owner(turn, order):
        _ask_owner(turn, order)
    else:
        await _do(turn, request, order)


async def _not_done(turn: Turn, request: Request, order: Order, outcome: Outcome) -> None:
    """What is missing is asked for; what is so already, or may not be, is said."""
    if (question := desk.asks(outcome)) is not None:
        turn.ask_staff(question, request, order)
        asked = replies.ask(order, question, turn.store, is_forced=request.is_forced)
        turn.answer(order, request.word, "asked", asked)
    elif isinstance(outcome, Refused):
        turn.answer(order, request.word, "refused", replies.refused(order, request.word, outcome, turn.counter))
    elif isinstance(outcome, AlreadySo):
        changes = await orders.changes_of(turn.work, order)
        turn.answer(order, request.word, "already", replies.already(order, request.word, changes, turn.counter))


async def _insist(turn: Turn, request: Request, order: Order, outcome: Outcome) -> tuple[Request, Outcome]:
    """What needs no force is done without; what does needs a reason."""
    plainly = replace(request, is_forced=False)
    judged = await orders.judge(turn.work, order, plainly.action, turn.settings)
    if isinstance(judged, Move):
        return plainly, judged
    if isinstance(outcome, Move) and not request.note:
        return request, Refused((Reason("why.reason", {"word": request.word}),))
    return request, outcome


async def _is_for_owner(turn: Turn, order: Order) -> bool:
    """Whether somebody else has to approve."""
    if not approval.is_over_limit(order, turn.settings):
        return False
    confirmed = [change for change in await orders.changes_of(turn.work, order) if change.action == "confirm"]
    has_confirmed = bool(confirmed) and confirmed[-1].contact_id == turn.contact.id
    role = turn.staff.role if turn.staff else ""
    return approval.asks_owner(order, turn.settings, role=role, has_confirmed=has_confirmed)


def _ask_owner(turn: Turn, order: Order) -> None:
    """The owners get the question with Allow and Refuse; whoever asked reads that they were asked."""
    assert turn.staff is not None
    owners = [person for person in staff.list_all(turn.work) if policy.may(person.role, approval.ALLOW)]
    order = orders.amend(turn.work, order, Action(approval.ASKED, STAFF), turn.actor)
    for owner in owners:
        turn.work.tell(owner.contact_id, replies.owner_question(order, turn.staff.name, turn.counter))
    names = ", ".join(owner.name for owner in owners)
    turn.answer(order, "approve", "asked", replies.owner_asked(order, names, turn.counter))


async def _add(turn: Turn, request: Request, order: Order) -> None:
    """More pieces, at the catalogue's price; the rest is the table's business."""
    named = {part.retailer_id: await catalog.shelf_of(turn.work, part.retailer_id) for part in request.parts}
    skus = {sku: shelf.retailer_id if shelf else sku for sku, shelf in named.items()}
    products, reserved = await catalog.find_products(turn.work, skus.values())
    wanted = tuple(CartLine(skus[part.retailer_id], part.quantity, None, None) for part in request.parts)
    priced = cart.price(
        Cart(None, "", wanted), products, currency=order.currency, reserved=reserved,
        allow_backorder=turn.settings.get("allow_backorder"),
    )  # fmt: skip
    if request.parts and priced.refusals:
        turn.answer(order, "add", "refused", replies.not_added(order, priced, turn.counter))
        return
    action = replace(request.action, parts=(), added=tuple(checkout.lines_of(priced)))
    outcome = await orders.judge(turn.work, order, action, turn.settings)
    if isinstance(outcome, Move):
        after, _ = await orders.advance(turn.work, order, action, turn.actor, turn.settings)
        parts = tuple(Part(line.retailer_id, line.quantity) for line in action.added)
        await _report(turn, replace(request, parts=parts), after)
    else:
        await _not_done(turn, request, order, outcome)


async def _do(turn: Turn, request: Request, order: Order) -> None:
    after, outcome = await orders.advance(turn.work, order, request.action, turn.actor, turn.settings)
    assert isinstance(outcome, Move)
    if after.status in DEAD:
        await payments.withdraw(turn.work, after, turn.actor)
    await _report(turn, request, after)


async def _report(turn: Turn, request: Request, after: Order) -> None:
    is_own = after.contact_id == turn.contact.id
    sold = await orders.lines_of(turn.work, after)
    turn.answer(after, request.word, "done", replies.done(after, request, turn.counter, is_own=is_own, sold=sold))


async def _carry_out_each(turn: Turn, request: Request) -> None:
    """Several orders, one answer."""
    counter = turn.counter
    lines = []
    moved: list[Order] = []
    for number in request.numbers:
        if (order := await orders.find(turn.work, number)) is None:
            turn.record(request.word, "unknown")
            lines.append(say("desk.line_unknown", turn.store.language, label=f"#{number}"))
            continue
        if request.word == "approve" and order.status == "confirmed" and await _is_for_owner(turn, order):
            turn.record(request.word, "refused")
            lines.append(replies.line(order, Refused((Reason("why.owner"),)), counter))
            continue
        after, outcome = await orders.advance(turn.work, order, request.action, turn.actor, turn.settings)
        turn.record(request.word, _OUTCOMES[type(outcome)])
        lines.append(replies.line(after, outcome, counter))
        moved += [after] if isinstance(outcome, Move) else []
    turn.say(replies.several(lines, moved, request, counter))


_OUTCOMES: dict[type, str] = {Move: "done", AlreadySo: "already", Refused: "refused"}


async def _try_again(turn: Turn, request: Request, order: Order, version: int) -> None:
    """The order has changed since `version` was shown: do it if it is possible and means the same, else say what happened."""
    outcome = await orders.judge(turn.work, order, request.action, turn.settings)
    since = (await orders.changes_of(turn.work, order))[version:]
    is_possible = isinstance(outcome, Move) or desk.asks(outcome) is not None
    # A release that was offered for one hold does not mean the next one.
    is_same = request.word != "release" or all(change.action != "hold" for change in since)
    moves = [change for change in since if change.status_before != change.status_after]
    questions.close(turn.work, turn.contact.id, questions.STAFF)
    if isinstance(outcome, AlreadySo) or (is_possible and is_same) or not moves:
        await _carry_out(turn, request, order)
    else:
        turn.answer(order, request.word, "stale", replies.meanwhile(order, request.word, moves[-1], turn.counter))


async def _answer_cancel(turn: Turn, question: Question, said: Wish | None) -> bool:
    """A word instead of a tap; anything but yes and no is no answer."""
    if said not in (Wish.YES, Wish.NO, Wish.CANCEL) or question.order_id is None:
        return False
    if turn.permits(BY_WORD["cancel"]):
        order = await orders.get(turn.work, question.order_id)
        await _settle_cancel(turn, order, is_meant=said is not Wish.NO)
    return True


async def _settle_cancel(turn: Turn, order: Order, *, is_meant: bool) -> None:
    """The second word on a cancel. What was asked about another status is not what is answered now."""
    question = questions.find_open(turn.work, turn.contact.id, questions.STAFF)
    if question is None or (question.kind, question.order_id) != (desk.CANCEL, order.id):
        turn.answer(order, "cancel", "stale", replies.closed(order, turn.store.language))
        return
    questions.close(turn.work, turn.contact.id, questions.STAFF)
    request = desk.recall(question.data["request"])
    if not is_meant:
        turn.answer(order, request.word, "kept", replies.kept(order, turn.store.language))
    elif request.word != "cancel" and not turn.permits(BY_WORD[request.permit]):
        return
    elif order.status == question.data["status"] and isinstance(
        await orders.judge(turn.work, order, request.action, turn.settings), Move
    ):
        await _do(turn, request, order)
    else:
        await _try_again(turn, request, order, question.data["version"])


async def _complete(turn: Turn, question: str, request: Request, text: str) -> None:
    """The answer to what was missing."""
    questions.close(turn.work, turn.contact.id, questions.STAFF)
    completed = desk.complete(request, question, text, carriers=turn.settings.get("carriers"))
    if completed is not None:
        await _find(turn, completed)
    elif question == desk.NUMBER:
        turn.record(request.word, "unclear")
        turn.say(replies.no_number(request, text, turn.store.language))
    elif (order := await orders.find(turn.work, request.numbers[0])) is not None:
        turn.ask_staff(question, request, order)
        turn.answer(order, request.word, "unclear", replies.ask_again(order, question, text, turn.store))


async def _drop(turn: Turn, question: Question) -> None:
    questions.close(turn.work, turn.contact.id, questions.STAFF)
    turn.record(question.data["request"]["word"], "dropped")
    order = None if question.order_id is None else await orders.get(turn.work, question.order_id)
    if order is not None and question.kind == desk.CANCEL:
        turn.say(replies.kept(order, turn.store.language), about=order)
    else:
        label = f"{order.label}: " if order else ""
        turn.say(Text(label + say("ask.dropped", turn.store.language)), about=order)


async def _show(turn: Turn, _request: Request, order: Order) -> None:
    """The card, with the actions that whoever asks may take."""
    number = await contacts.number_of(turn.work, order.contact_id)
    lines = await orders.lines_of(turn.work, order)
    paid, refunds = await money.money_of(turn.work, order)
    credit = await money.credit_of(turn.work, order.contact_id, order.currency)
    details = [
        sections.money(order, paid, refunds, turn.store, credit=credit.balance if credit else 0),
        sections.parcels(order, lines, await orders.shipments_of(turn.work, order), turn.settings, turn.store),
        sections.returns(lines, await coming_back.returns_of(turn.work, order), turn.store),
    ]
    visit = await visits.of(turn.work, order)
    shown = card.card(
        order, lines, turn.store, turn.settings,
        customer=await turn.customer_of(order), chat=f"https://wa.me/{number}" if number.isdecimal() else None,
        now=turn.work.now, actions=turn.counter.offered(order), details=details, visit=visit,
    )  # fmt: skip
    turn.answer(order, "order", "done", shown)


async def _items(turn: Turn, _request: Request, order: Order) -> None:
    lines = await orders.lines_of(turn.work, order)
    turn.answer(order, "items", "done", card.pieces(order, lines, turn.store))


async def _history(turn: Turn, _request: Request, order: Order) -> None:
    changes = await orders.changes_of(turn.work, order)
    turn.answer(order, "history", "done", card.history(order, changes, turn.store))


async def on_why(turn: Turn, request: Request, order: Order) -> None:
    changes = await orders.changes_of(turn.work, order)
    turn.answer(order, "why", "done", replies.why(order, request.about, changes, turn.counter))


async def _note(turn: Turn, request: Request, order: Order) -> None:
    if not request.note:
        turn.ask_staff(desk.TEXT, request, order)
        turn.answer(order, "note", "asked", replies.ask(order, desk.TEXT, turn.store))
        return
    order = orders.amend(turn.work, order, Action("note", STAFF, note=request.note), turn.actor)
    turn.answer(order, "note", "done", replies.noted(order, request.note, turn.counter))


HOW: dict[str, Callable[[Turn, Request, Order], Awaitable[None]]] = {
    "order": _show, "items": _items, "history": _history, "note": _note, "add": _add,
}  # fmt: skip
"""What is no action of the order's table; `routes` adds what staff keep of an order."""


async def _list(turn: Turn, argument: str) -> None:
    request = desk.read_list(argument, turn.store.language, turn.settings.vocabulary)
    if isinstance(request, Reason):
        turn.unclear("orders", request.key, **request.fields)
        return
    today = datetime.combine(turn.work.now.astimezone(turn.store.zone), time(), turn.store.zone)
    page = await listing.page(
        turn.work, statuses=request.statuses or EVERY_STATUS, since=today.astimezone(UTC) if request.is_today else _BEGINNING,
        assignee=turn.contact.id if request.is_mine else None,
        money=ledger.LISTED.get(request.money or "", ledger.STATUSES), is_archived=request.is_archived,
        by_payment=request.by_payment, ascending=request.is_ascending, number=request.page, size=desk.PAGE,
    )  # fmt: skip
    customers = {order.contact_id: await turn.customer_of(order) for order in page.orders}
    turn.record("orders", "done")
    booked = await visits.of_all(turn.work, page.orders)
    shown = replies.listing(
        request, page.orders, page.count, turn.store, customers=customers, now=turn.work.now, visits=booked
    )
    turn.say(shown)


def _unknown(turn: Turn, action: str, number: int) -> None:
    turn.record(action, "unknown")
    turn.say(replies.no_order(number, turn.store.language))
