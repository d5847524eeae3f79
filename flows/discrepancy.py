"""Money that fits nothing, as the shop decides about it: what can be done, and what staff read.

The order itself is moved by none of it but *Reopen*.
"""

import re
from collections.abc import Mapping, Sequence

from flows import card
from flows.hours import moment
from flows.lifecycle import Move
from flows.messages import BODY, ROW_TITLE, Button, Buttons, Message, Row, Rows, Text, fit
from flows.money import show
from flows.news import News
from flows.order import DEAD, STAFF, Action, Order
from flows.order_table import decide
from flows.payments import OVER_REFUNDED, REFUND_FAILED, Discrepancy
from flows.phrases import say
from flows.plain import plain
from flows.settings import Settings
from flows.store import Store

REFUND, REOPEN, CREDIT, COUNT, KNOWN, AGAIN, BY_HAND, SHOW = (
    "refund", "reopen", "credit", "count", "known", "again", "by_hand", "show",
)  # fmt: skip
"""What the shop can decide. `known`: it is seen to elsewhere. A refund that failed is tried `again`, or was made `by_hand`."""
PERMITS: Mapping[str, str] = {
    REFUND: "refund", REOPEN: "resume", CREDIT: "credit", COUNT: "refund", KNOWN: "refund", AGAIN: "refund", BY_HAND: "refund",
}  # fmt: skip
"""The command whose permission a decision needs."""
ASKED_ABOUT = (REFUND, CREDIT, AGAIN, BY_HAND)
"""What moves money is asked about once before."""
PROVIDERS: Mapping[str, str] = {
    "stripe": "Stripe", "razorpay": "Razorpay", "mercadopago": "Mercado Pago", "whatsapp": "WhatsApp Pay",
}  # fmt: skip
PAGE = 10
_MOST = 3
_TAP = re.compile(r"x([0-9]{1,19})\.([a-z_]{1,10})")


def read_tap(text: str) -> tuple[int, str] | None:
    """Id and decision of one of our buttons. Trusted for nothing: role, what fits now and who was first decide."""
    found = _TAP.fullmatch(text)
    return (int(found[1]), found[2]) if found else None


def choices(found: Discrepancy, order: Order | None, store: Store) -> list[str]:
    """What can be decided about it as its order stands now."""
    is_ours = found.currency == store.currency
    if found.kind == REFUND_FAILED:
        return [AGAIN, BY_HAND, *([CREDIT] if order and is_ours else [])]
    if found.kind == OVER_REFUNDED:
        return [KNOWN]
    fitting = [REFUND, *_counting(found, order, store), *([CREDIT] if is_ours else [])] if found.payment_id else []
    return fitting if len(fitting) == _MOST else [*fitting, KNOWN]


def _counting(found: Discrepancy, order: Order | None, store: Store) -> list[str]:
    if order is None or found.currency != order.currency:
        return []
    if order.status in DEAD:
        outcome = decide(order, Action("resume", STAFF), Settings(store.settings))
        return [REOPEN] if isinstance(outcome, Move) else []
    return [COUNT] if order.balance_due else []


def about(found: Discrepancy, order: Order | None, store: Store, *, reason: str = "") -> str:
    """What came, when, and why it counts for nothing."""
    language = store.language
    expected = _money(found.expected, found, store) if found.expected else ""
    why = say(f"held.{found.kind}", language, expected=expected)
    amount, at = _money(found.amount, found, store), moment(found.opened_at, store)
    key = {REFUND_FAILED: "exceptions.refund", OVER_REFUNDED: "exceptions.twice"}.get(found.kind, "exceptions.came")
    said = say(key, language, amount=amount, provider=_provider(found), at=at, why=why)
    head = card.head(order, store) if order else say("exceptions.no_order", language)
    lines = [f"⚠️ {head}", said]
    if reason:
        lines.append(say("exceptions.reason", language, reason=plain(reason, 100)))
    if found.reference:
        lines.append(say("till.reference", language, reference=plain(found.reference, 60)))
    return "\n".join(lines)


def shown(found: Discrepancy, order: Order | None, store: Store) -> Message:
    """With what can be decided as buttons."""
    return Buttons(about(found, order, store), buttons(found, order, store))


def news(found: Discrepancy, order: Order | None, store: Store, *, reason: str = "", who: str = "") -> News:
    """The same unasked; `who` asks the owner to decide."""
    text = about(found, order, store, reason=reason)
    if who:
        text += "\n" + say("exceptions.asks", store.language, who=plain(who))
    return News(text, buttons(found, order, store), order.id if order else None)


def buttons(found: Discrepancy, order: Order | None, store: Store) -> tuple[Button, ...]:
    return tuple(
        Button(f"x{found.id}.{one}", say(f"decide.{one}", store.language)) for one in choices(found, order, store)
    )


def listing(
    found: Sequence[Discrepancy], orders: Mapping[int, Order], store: Store, *, page: int, count: int
) -> Message:  # fmt: skip
    """All that is open, the oldest first, each to be opened by a tap; a single one is shown at once."""
    language = store.language
    if not found:
        return Text(say("exceptions.none", language))
    if count == 1:
        return shown(found[0], orders.get(found[0].order_id or 0), store)
    pages = -(-count // PAGE)
    lines = [say("exceptions.head", language, count=count, page=page, pages=pages)]
    if page < pages:
        lines.append(say("exceptions.next", language, page=page + 1))
    rows = []
    for one in found:
        order = orders.get(one.order_id or 0)
        label = order.label if order else plain(one.reference, 12) or "-"
        amount, kind = _money(one.amount, one, store), say(f"kind.{one.kind}", language)
        at = moment(one.opened_at, store)
        lines.append(say("exceptions.line", language, label=label, amount=amount, kind=kind, at=at))
        rows.append(Row(f"x{one.id}.{SHOW}", fit(f"{label} · {amount}", ROW_TITLE), f"{kind}, {at}"))
    return Rows(fit("\n".join(lines), BODY), say("list.open", language), tuple(rows))


def decided(found: Discrepancy, who: str, store: Store) -> Text:
    """It is settled: by whom, when and how."""
    assert found.settled_at is not None
    outcome = say(f"outcome.{found.outcome}", store.language)
    at, amount = moment(found.settled_at, store), _money(found.amount, found, store)
    return Text(say("exceptions.decided", store.language, amount=amount, outcome=outcome, who=plain(who), at=at))


def told(found: Discrepancy, who: str, order: Order | None, store: Store) -> News:
    """What the others hear when somebody has decided."""
    head = f"{card.head(order, store)}\n" if order else ""
    outcome, amount = say(f"outcome.{found.outcome}", store.language), _money(found.amount, found, store)
    text = head + say("exceptions.settled", store.language, amount=amount, outcome=outcome, who=plain(who))
    return News(text, (), order.id if order else None)


def sure(found: Discrepancy, choice: str, order: Order | None, store: Store, *, customer: str) -> str:
    """The question before money moves."""
    amount = _money(found.amount, found, store)
    said = say(f"sure.{choice}", store.language, amount=amount, customer=plain(customer), provider=_provider(found))
    return "\n".join([card.head(order, store), said]) if order else said


def _money(minor: int, found: Discrepancy, store: Store) -> str:
    return show(minor, found.currency or store.currency, store.locale)


def _provider(found: Discrepancy) -> str:
    """Its name, as it writes it itself."""
    return PROVIDERS.get(found.provider, found.provider or "-")
