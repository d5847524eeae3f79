"""What an order is called as it stands: for staff in the shop's words, for its customer in plain phrases.

Money has its own axis, and pieces theirs; people read one label.
"""

from collections.abc import Mapping

from flows import order_rules as rules
from flows.order import DEAD, ENDED, STAFF, STATES, Action, Order, Step
from flows.order_rules import Case
from flows.order_table import table_of
from flows.phrases import say
from flows.settings import Settings
from flows.store import Store
from flows.vocabulary import ARCHIVED, FETCH, PARTLY_REFUNDED, REFUNDED, REVIEW, Extra, Vocabulary

_MONEY_BACK = {"refunded": REFUNDED, "partially_refunded": PARTLY_REFUNDED}


def staff(order: Order, store: Store) -> str:
    """As the shop's vocabulary says it: `Packed`, `Awaiting_Shipping`, `Paid · Ready · Complete`."""
    settings = Settings(store.settings)
    words = settings.vocabulary
    if words.show == "{order}":
        return _order(order, words, store.language)
    if order.is_booking:  # nothing of it is shipped
        return f"{payment(order, store)} · {_order(order, words, store.language)}"
    parts = {"payment": payment(order, store), "shipment": shipment(order, settings, store.language)}
    return words.show.format(order=_order(order, words, store.language), **parts)


def customer(order: Order, language: str) -> str:
    """As the customer reads it."""
    return _with_money(order, say(f"status.{_name(order)}", language), language, {})


def milestone(status: str, order: Order, language: str) -> str:
    """A status that `order` has been or may come to, for its customer."""
    return say(f"status.{_name(order, status)}", language)


def status(name: str, store: Store) -> str:
    """A status by itself, for staff: in a history, or in a list of what there is."""
    return of_status(name, Settings(store.settings).vocabulary, store.language)


def of_status(name: str, words: Vocabulary, language: str) -> str:
    extra = words.extras.get(name)
    own = words.statuses.get(name) or words.bookings.get(name)
    return extra.label if extra else own or say(f"status.{name}", language)


def state(order: Order, store: Store) -> str | None:
    """The broad state, for staff, where the vocabulary tells it beside the status."""
    words = Settings(store.settings).vocabulary
    extra = _extra(order, words)
    if not words.states:
        return None
    if _own_word_for_money(order, words.occasions):
        home = "canceled"
    elif extra is not None:
        home = extra.state
    elif own := words.own_states.get(order.status):
        return own
    else:
        home = table_of(order).lifecycle.state_of(order.status)
    return words.states.get(home) or (say(f"state.{home}", store.language) if home in STATES else home)


def payment(order: Order, store: Store) -> str:
    """The payment status, for staff. Where a vocabulary has no word for money that went back, what is owed now tells."""
    words, name = Settings(store.settings).vocabulary.payments, order.payment_status
    if words and name not in words:
        owed = "overpaid" if order.credit_owed else "unpaid" if order.balance_due else "paid" if order.net else "voided"
        name = owed if owed in words else name
    return words.get(name) or say(f"money.{name}", store.language)


def method(order: Order, language: str) -> str:
    """How it is to be paid, once that is known."""
    if order.checkout_step == Step.PAYMENT:
        return say("payment.open", language)
    method = "cod_visit" if order.is_booking and order.payment_method == "cod" else order.payment_method
    return say(f"payment.{method}", language)


def shipment(order: Order, settings: Settings, language: str) -> str:
    """How far the goods are. Those that have not left are ready when all is there, and paid where it must be."""
    name = order.fulfillment_status
    if name in ("unfulfilled", "backordered"):
        case = Case(order, Action("ship", STAFF), settings, order.changed_at)
        waits = order.checkout_step != Step.COMPLETE or rules.is_paid_to_ship(case) is not None
        name = "pending" if waits else "backordered" if name == "backordered" else "ready"
    return settings.vocabulary.shipments.get(name) or say(f"shipment.{name}", language)


def _order(order: Order, words: Vocabulary, language: str) -> str:
    if order.archived_at is not None and ARCHIVED in words.occasions:
        return words.occasions[ARCHIVED]
    name = _name(order)
    if (extra := _extra(order, words)) is not None:
        label = extra.label
    elif order.status in ("cart", "placed") and order.checkout_step in words.steps:
        label = words.steps[order.checkout_step]
    elif order.status == "placed" and order.needs_review and REVIEW in words.occasions:
        label = words.occasions[REVIEW]
    elif name == FETCH:
        label = words.occasions.get(FETCH) or words.statuses.get("packed") or say(f"status.{FETCH}", language)
    else:
        label = words.labels_of(order).get(name) or say(f"status.{name}", language)
    if "{payment}" not in words.show:
        label = _with_money(order, label, language, words.occasions)
    return label if order.archived_at is None else say("label.archived", language, status=label)


def _name(order: Order, status: str | None = None) -> str:
    """What is packed to be fetched is called otherwise."""
    name = status or order.status
    return FETCH if name == "packed" and order.delivery_method == "pickup" else name


def _extra(order: Order, words: Vocabulary) -> Extra | None:
    """The merchant's own status, as long as the order is where it belongs."""
    extra = words.extras.get(order.mark or "")
    return extra if extra is not None and extra.like == order.status else None


def _with_money(order: Order, label: str, language: str, words: Mapping[str, str]) -> str:
    occasion = _MONEY_BACK.get(order.payment_status)
    if occasion is None:
        return label
    if own := _own_word_for_money(order, words):
        return own
    if occasion == REFUNDED and order.status in DEAD:
        return say("label.refunded", language)
    return say(f"label.and_{occasion}", language, status=label)


def _own_word_for_money(order: Order, words: Mapping[str, str]) -> str | None:
    """A vocabulary's own word for an order that has ended, and its money, or some of it, went back."""
    return words.get(_MONEY_BACK.get(order.payment_status, "")) if order.status in ENDED else None
