"""How an order is paid, as its customer or the shop decides: the ways there are, and the one that was chosen."""

from dataclasses import replace

from flows import choice
from flows.choice import Way
from flows.order import Action, Order, Step
from flows.settings import Settings
from models import ledger, orders
from models.orders import Actor
from models.work import Work

CHOOSE = "choose"


async def balance(work: Work, contact_id: int, currency: str) -> int:
    """The store credit that a customer may pay with here, in minor units."""
    if choice.CREDIT not in Settings(work.store.settings).get("payment_methods"):
        return 0
    account = await ledger.credit_of(work, contact_id, currency)
    return account.balance if account else 0


async def ways(work: Work, order: Order) -> tuple[Way, ...]:
    """What the customer may choose from now."""
    has = await balance(work, order.contact_id, order.currency)
    return choice.ways(order, work.store, Settings(work.store.settings), balance=has)


async def choose(work: Work, order: Order, way: Way, actor: Actor, *, by: str) -> Order:
    """The order with its method; store credit is taken now, once for all. NotSoMuch when it has gone meanwhile.

    Nothing is asked for yet: what follows is for `orders.submit` or `payments.ask`.
    """
    settings = Settings(work.store.settings)
    if way.credit:
        order = await ledger.record(
            work, order, method=choice.CREDIT, amount=way.credit, reference="", actor=actor, settings=settings, by=by
        )
    after = replace(order, payment_method=way.method, checkout_step=Step.COMPLETE)
    return orders.amend(work, after, Action(CHOOSE, by, note=way.word), actor)
