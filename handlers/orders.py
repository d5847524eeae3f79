"""The customer's side of an order: a cart becomes one, its open questions are answered, and where it is can be asked."""

from collections.abc import Sequence

from flows import address as addresses
from flows import alerts, card, cart, checkout, choice, choosing, labels, limits, menu, quote, slot_offers
from flows.address import Address, Unusable
from flows.appointment import Visit
from flows.cart import PricedCart
from flows.effects import TellStaff
from flows.inbound import Cart, Form, Location, Tap, Words
from flows.lifecycle import Move, Refused
from flows.messages import BUTTONS, Button, Buttons, Message, Text
from flows.money import show
from flows.news import News
from flows.order import CUSTOMER, Action, Line, Order, Step
from flows.order_table import decide, in_full, why_not
from flows.payments import is_configured, wants_money
from flows.phrases import say
from flows.plain import plain
from flows.understand import Wish, wish
from flows.understand import number as number_in
from flows.visits import line as visit_line
from handlers.turn import Turn
from models import catalog, choices, contacts, effects, orders, payments, questions, visits
from models.questions import Question

ADDRESS_FORM = "address_message"
SHOWN = 3
"""Orders in an answer to "where is my order"."""


async def on_cart(turn: Turn) -> Order | None:
    """What can be sold becomes an order at once; what cannot is said line by line. Returns the order, if there is one."""
    sent = turn.message.content
    assert isinstance(sent, Cart)
    products, reserved = await catalog.find_products(turn.work, {line.retailer_id for line in sent.lines})
    priced = cart.price(
        sent, products, currency=turn.store.currency, catalog_id=turn.catalog_id, reserved=reserved,
        allow_backorder=turn.settings.get("allow_backorder"),
    )  # fmt: skip
    if not priced.lines:
        turn.say(
            quote.nothing(priced, turn.store, turn.language), fallback=quote.nothing_short(turn.store, turn.language)
        )
        late = turn.age if turn.age > limits.CART_LATE else None
        turn.tell_staff(alerts.refused_cart(turn.store, priced, who=turn.who, note=sent.note, late=late))
        return None
    settings = turn.settings
    order = checkout.new_order(
        priced, order_id=turn.work.ids.new(), number=await orders.take_number(turn.work), contact_id=turn.contact.id,
        store=turn.store, settings=settings, now=turn.work.now, note=sent.note,
        needs_review=bool(settings.get("abandon_after")) and turn.age > settings.get("abandon_after"),
        credit=await choices.balance(turn.work, turn.contact.id, turn.store.currency),
    )  # fmt: skip
    lines = checkout.lines_of(priced)
    await orders.place(turn.work, order, lines, event_id=turn.event.id, settings=settings, note=order.customer_note)
    await _receive(turn, order, lines, priced)
    return order


async def on_words(turn: Turn) -> bool:
    """Whether these words were about an order: the answer to an open question, or a wish."""
    content = turn.message.content
    assert isinstance(content, Words)
    said = wish(content.body)
    if said is Wish.WHERE:
        return await _show_orders(turn, number_in(content.body))
    if said is Wish.CANCEL:
        return await _ask_cancel(turn, number_in(content.body))
    question = questions.find_open(turn.work, turn.contact.id, questions.CUSTOMER)
    if question is not None and question.order_id is not None:
        order = await orders.get(turn.work, question.order_id)
        if not order.is_open:  # it ended meanwhile: what they say is about something else
            questions.close(turn.work, turn.contact.id, questions.CUSTOMER)
        elif await _answer(turn, question, order, said, content.body):
            return True
    return _pass_on(turn, content.body)


def _pass_on(turn: Turn, words: str) -> bool:
    """What somebody with an open order writes at some length is for people: the shop reads it."""
    waiting = orders.open_with(turn.work, turn.contact.id)
    if turn.staff is not None or turn.is_flood or not waiting or len(words) <= limits.GREETING:
        return False
    order = waiting[-1]
    news = say("news.words", turn.store.language, label=order.label, customer=turn.who, words=plain(words, 300))
    effects.tell_staff(turn.work, TellStaff(News(news, (), order.id)))
    turn.say(
        Buttons(
            say("words.passed_on", turn.language, store=turn.store.name, label=order.label),
            (Button(menu.ORDERS, say("menu.orders", turn.language)),),
        ),
        about=order,
    )
    return True


async def on_tap(turn: Turn) -> bool:
    """Whether this was one of our buttons about this customer's own order; another's is as unknown as none."""
    content = turn.message.content
    assert isinstance(content, Tap)
    if content.id == menu.ORDERS:
        return await _show_orders(turn, None)
    tapped = checkout.read_tap(content.id)
    if tapped is None or tapped[0] not in ("a", "c"):
        return False
    kind, number, choice = tapped
    if (order := await turn.theirs(number)) is None:
        return False
    if kind == "c":
        return await _tap_cancel(turn, order, choice)
    question = questions.find_open(turn.work, turn.contact.id, questions.CUSTOMER)
    is_asked = question is not None and question.order_id == order.id and order.is_open
    if question is None or not is_asked or order.checkout_step != Step.ADDRESS:
        await _show_order(turn, order)
        return True
    return await _answer(turn, question, order, Wish.YES if choice == checkout.YES else Wish.NO, "")


async def on_form(turn: Turn) -> bool:
    """Whether this was the address form for an order that waits for one."""
    content = turn.message.content
    assert isinstance(content, Form)
    order = await _waiting(turn)
    if content.name != ADDRESS_FORM or order is None:
        return False
    given = addresses.from_form(content.values or {})
    if isinstance(given, Unusable):
        missing = ", ".join(say(key, turn.language) for key in given.faults.values())
        text = say("address.incomplete", turn.language, label=order.label, list=missing)
        turn.say(checkout.ask_address_again(text, given.values, has_form=_has_form(turn)), about=order)
        return True
    await _take_address(turn, order, given, addresses.FORM)
    return True


async def on_place(turn: Turn) -> bool:
    """Whether this place is where an order goes; it is read back, for a map is easily touched."""
    content = turn.message.content
    assert isinstance(content, Location)
    order = await _waiting(turn)
    if order is None:
        return False
    _read_back(turn, order, addresses.from_place(content), addresses.PLACE)
    return True


async def _receive(turn: Turn, order: Order, lines: Sequence[Line], priced: PricedCart) -> None:
    saved = turn.contact.address if order.checkout_step == Step.ADDRESS else None
    order = await orders.arrived(turn.work, order, lines, turn.event.id, turn.settings)
    answer = checkout.received(
        order, lines, priced, store=turn.store, settings=turn.settings,
        language=turn.language, saved=saved, has_form=_has_form(turn),
        offered=await choices.ways(turn.work, order) if order.checkout_step == Step.PAYMENT else (),
    )  # fmt: skip
    turn.say(
        answer,
        about=order,
        fallback=checkout.fallback(order, turn.store, quote.summary(priced, turn.store, turn.language), turn.language),
    )
    if order.checkout_step == Step.ADDRESS:
        _ask(turn, order, saved)


def _ask(turn: Turn, order: Order, saved: Address | None) -> None:
    kind = checkout.CONFIRM_ADDRESS if saved else checkout.ADDRESS
    data = {"address": dict(saved), "source": addresses.SAVED} if saved else {}
    questions.ask(turn.work, turn.contact.id, questions.CUSTOMER, kind=kind, order_id=order.id, data=data)


async def _answer(turn: Turn, question: Question, order: Order, said: Wish | None, text: str) -> bool:
    """The answer to an open question about `order`."""
    if question.kind == checkout.CANCEL:
        return await _tap_cancel(turn, order, checkout.YES if said is Wish.YES else checkout.KEEP) if said else False
    if order.checkout_step != Step.ADDRESS:
        return False
    if question.kind == checkout.CONFIRM_ADDRESS and said is Wish.YES:
        await _take_address(turn, order, question.data["address"], question.data["source"])
        return True
    if said is Wish.NO:
        _ask(turn, order, None)
        turn.say(
            checkout.ask_address(order, order.label, language=turn.language, saved=None, has_form=_has_form(turn)),
            about=order,
        )
        return True
    if (given := addresses.from_text(text)) is None:
        turn.say(Text(f"{order.label}: {say('address.too_short', turn.language)}"), about=order)
        return True
    _read_back(turn, order, given, addresses.TEXT)
    return True


def _read_back(turn: Turn, order: Order, given: Address, source: str) -> None:
    questions.ask(
        turn.work, turn.contact.id, questions.CUSTOMER, kind=checkout.CONFIRM_ADDRESS, order_id=order.id,
        data={"address": dict(given), "source": source},
    )  # fmt: skip
    turn.say(checkout.read_back(order, given, turn.language), about=order)


async def _take_address(turn: Turn, order: Order, given: Address, source: str) -> None:
    """The next step, how it is paid, or the order is complete: it may confirm itself, and staff hear of it."""
    if (back := await turn.recover(order)) is None:
        return
    offered = await choices.ways(turn.work, back)
    after = checkout.with_address(back, given, source, offered)
    order = orders.amend(turn.work, after, Action("address", CUSTOMER), turn.actor)
    contacts.keep_address(turn.work, turn.contact, given)
    questions.close(turn.work, turn.contact.id, questions.CUSTOMER)
    if order.checkout_step == Step.PAYMENT:
        lines = await orders.lines_of(turn.work, order)
        answer = checkout.review(order, lines, offered, store=turn.store, language=turn.language)
    else:
        order = await orders.submit(turn.work, order, turn.event.id, turn.settings)
        answer = checkout.completed(
            order, settings=turn.settings, store=turn.store, language=turn.language, now=turn.work.now
        )
    turn.say(answer, about=order)
    await _ask_for_next(turn, order, given)


async def _ask_for_next(turn: Turn, done: Order, given: Address) -> None:
    """Somebody who sent two carts is asked about the other one now, with the same address in hand."""
    order = await _waiting(turn)
    if order is not None and order.id != done.id:
        _ask(turn, order, given)
        turn.say(
            checkout.ask_address(order, order.label, language=turn.language, saved=given, has_form=False), about=order
        )


async def _waiting(turn: Turn) -> Order | None:
    """The order that waits for this customer's address: the one we asked about last, else the newest."""
    question = questions.find_open(turn.work, turn.contact.id, questions.CUSTOMER)
    if question is not None and question.order_id is not None:
        order = await orders.get(turn.work, question.order_id)
        if order.is_open and order.checkout_step == Step.ADDRESS:
            return order
    waiting = [o for o in orders.open_with(turn.work, turn.contact.id) if o.checkout_step == Step.ADDRESS]
    return waiting[-1] if waiting else None


async def _show_orders(turn: Turn, number: int | None) -> bool:
    """Where somebody's orders are: the one they name, those that are open, else the last one."""
    if number is not None and (named := await turn.theirs(number)) is not None:
        await _show_order(turn, named)
        return True
    found = await orders.last_of(turn.work, turn.contact.id)
    chosen = [order for order in found if order.is_open][:SHOWN] or found[:1]
    if chosen and number is not None:
        turn.say(Text(say("timeline.unknown", turn.language, label=f"#{number}")))
    elif not chosen:
        turn.say(
            menu.to_catalogue(
                say("timeline.none", turn.language), turn.language, has_catalogue=await turn.thumbnail() is not None
            )
        )
    for order in chosen[: limits.REPLIES - 1] if number is not None else chosen:
        await _show_order(turn, order)
    return True


async def _show_order(turn: Turn, order: Order) -> None:
    changes = await orders.changes_of(turn.work, order)
    visit = await visits.of(turn.work, order)
    text = card.timeline(order, changes, turn.store, turn.language, visit=visit)
    if order.checkout_step != Step.COMPLETE and order.is_open:
        text += "\n\n" + say(f"timeline.{order.checkout_step}", turn.language, label=order.label)
    turn.say(_with_wishes(turn, order, text, visit), about=order)


def _with_wishes(turn: Turn, order: Order, text: str, visit: Visit | None) -> Message:
    """The timeline with what its customer may do."""
    is_asked = wants_money(order, turn.settings) and is_configured(order.payment_method, turn.settings)
    pays = choice.may_pay(order) and (order.checkout_step == Step.PAYMENT or is_asked)
    pay = [Button(f"p{order.number}.{choice.PAY}", say("pay.button_short", turn.language))] if pays else []
    wishes = (
        ("reschedule", f"b{order.number}.{choosing.MOVE}", "move.button"),
        ("cancel", f"c{order.number}.ask", "cancel.button_booking" if order.is_booking else "cancel.button"),
        ("receipt", f"r{order.number}.{checkout.HAVE}", "action.receipt"),
        ("return", f"r{order.number}.{checkout.SEND_BACK}", "return.button"),
    )
    buttons = tuple(
        Button(id_, say(key, turn.language))
        for event, id_, key in wishes
        if isinstance(decide(order, in_full(event, CUSTOMER), turn.settings, now=turn.work.now, visit=visit), Move)
    )
    shown = (*pay, *buttons)[:BUTTONS]
    return Buttons(text, shown) if shown else Text(text)


async def _ask_cancel(turn: Turn, number: int | None) -> bool:
    if number is None:
        found = await orders.last_of(turn.work, turn.contact.id)
        chosen = next((order for order in found if order.is_open), None)
    else:
        chosen = await turn.theirs(number)
    if chosen is None:
        return await _show_orders(turn, number)
    return await _tap_cancel(turn, chosen, "ask")


async def _tap_cancel(turn: Turn, order: Order, choice: str) -> bool:
    """Asks once; a second tap does it, if it is still possible then."""
    question = questions.find_open(turn.work, turn.contact.id, questions.CUSTOMER)
    is_asked = question is not None and (question.kind, question.order_id) == (checkout.CANCEL, order.id)
    if choice == checkout.KEEP:
        turn.say(await _take_up_again(turn, order, is_asked=is_asked), about=order)
    elif not order.is_open or not await _may_cancel(turn, order):
        turn.say(Text(await _too_late(turn, order)), about=order)
    elif choice == checkout.YES and is_asked:
        questions.close(turn.work, turn.contact.id, questions.CUSTOMER)
        after, outcome = await orders.advance(turn.work, order, Action("cancel", CUSTOMER), turn.actor, turn.settings)
        assert not isinstance(outcome, Refused)
        await payments.withdraw(turn.work, after, turn.actor)
        turn.say(Text(await _canceled(turn, after)), about=order)
    else:
        questions.ask(
            turn.work, turn.contact.id, questions.CUSTOMER, kind=checkout.CANCEL, order_id=order.id,
            expires_at=turn.work.now + limits.CONFIRM_WITHIN,
        )  # fmt: skip
        turn.say(checkout.ask_cancel(order, turn.language), about=order)
    return True


async def _may_cancel(turn: Turn, order: Order) -> bool:
    visit = await visits.of(turn.work, order)
    return not why_not(order, "cancel", turn.settings, by=CUSTOMER, now=turn.work.now, visit=visit)


async def _too_late(turn: Turn, order: Order) -> str:
    if order.is_open and (visit := await visits.of(turn.work, order)) is not None:
        return slot_offers.too_late(order, visit, turn.store, turn.language)
    key = "cancel.too_late" if order.is_open else "cancel.ended"
    status = labels.milestone(order.held_from or order.status, order, turn.language).lower()
    return say(key, turn.language, label=order.label, status=status)


async def _canceled(turn: Turn, order: Order) -> str:
    owed = show(order.credit_owed, order.currency, turn.store.locale)
    if (visit := await visits.of(turn.work, order)) is not None:
        line = visit_line(visit, turn.store, turn.language)
        key = "cancel.owed_booking" if order.credit_owed else "cancel.done_booking"
        return say(key, turn.language, label=order.label, owed=owed, store=turn.store.name, visit=line)
    key = "cancel.done_owed" if order.credit_owed else "cancel.done"
    return say(key, turn.language, label=order.label, owed=owed, store=turn.store.name)


async def _take_up_again(turn: Turn, order: Order, *, is_asked: bool) -> Message:
    """It stays; and the question that canceling interrupted is asked again."""
    kept = say("cancel.kept", turn.language, label=order.label)
    if is_asked and order.checkout_step == Step.ADDRESS and order.is_open:
        saved = turn.contact.address
        _ask(turn, order, saved)
        return checkout.ask_address(order, kept, language=turn.language, saved=saved, has_form=_has_form(turn))
    if is_asked:
        questions.close(turn.work, turn.contact.id, questions.CUSTOMER)
    if is_asked and order.checkout_step == Step.PAYMENT and order.is_open:
        offered = await choices.ways(turn.work, order)
        return choice.ask(order, offered, kept, store=turn.store, language=turn.language)
    return Text(kept)


def _has_form(turn: Turn) -> bool:
    """WhatsApp's address form works between Indian numbers only."""
    return turn.store.country == "IN" and (turn.message.sender.wa_id or "").startswith("91")
