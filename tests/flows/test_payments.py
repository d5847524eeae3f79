"""The rules of money that is asked for: what counts, what is asked, who collects it, and the table of a payment, cell by cell."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from flows import ledger, payments
from flows.ledger import FAILED, OPEN, PAYMENT, REFUND, Payment, Refund
from flows.lifecycle import AlreadySo, Move
from flows.order import DEAD, STATUSES, Order, Step
from flows.payments import (
    AMOUNT,
    AUTHORIZED,
    CAPTURED,
    CURRENCY,
    DOUBLE,
    LATE,
    OVERTAKEN,
    PROCESSED,
    REFUSED,
    Report,
    amount_to_ask,
    held_for,
    is_configured,
    lapses_at,
    moved,
    provider_of,
    wants_money,
)
from flows.settings import Settings, parse

NOW = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
ORDER = Order(
    id=1, store_id=1, contact_id=7, number=1042, kind="product", status="confirmed", checkout_step=Step.COMPLETE,
    payment_method="link", delivery_method="pickup", currency="INR", subtotal=4000, discount=0, tax=0, shipping=0,
    total=4000, placed_at=NOW, changed_at=NOW,
)  # fmt: skip
ASKED = Payment(1, 1, 1, "link", 4000, "INR", "checkout", NOW, "stripe", "w1", asked_at=NOW)
CAME = Report("stripe", "w1", CAPTURED, 4000, "INR", "tx1")


def asked(**changes: Any) -> Payment:
    return replace(ASKED, **changes)


def newer(**changes: Any) -> Payment:
    return asked(**{"id": 2, "reference": "w2", **changes})


IMPORTER = ";pay.importer=Nukkad Stores, 12 MG Road, Pune, MH, 411001"


@pytest.mark.parametrize(
    ("report", "payment", "order", "others", "kind"),
    [
        ({}, ASKED, {}, (), None),
        ({}, asked(state="completed"), {}, (), DOUBLE),
        ({"currency": "USD"}, ASKED, {}, (), CURRENCY),
        ({"currency": "inr"}, ASKED, {}, (), CURRENCY),
        ({"currency": ""}, ASKED, {}, (), CURRENCY),
        ({"amount": 3999}, ASKED, {}, (), AMOUNT),
        ({"amount": 4001}, ASKED, {}, (), AMOUNT),
        ({"amount": None}, ASKED, {}, (), AMOUNT),
        ({"amount": 1, "currency": "USD"}, ASKED, {}, (), CURRENCY),
        *(({}, asked(state=state), {"status": status}, (), LATE) for status in DEAD for state in ("checkout", "void")),
        ({}, asked(state="void"), {}, (), None),
        ({}, asked(state="failed"), {}, (), None),
        *(({}, asked(state="void"), {}, (newer(state=state),), OVERTAKEN) for state in (*OPEN, "completed")),
        *(({}, asked(state="void"), {}, (newer(state=state),), None) for state in ("failed", "invalid", "void")),
        ({}, asked(state="void"), {}, (newer(id=0),), None),
        ({}, asked(state="void"), {}, (newer(reference="", state="completed"),), None),
        ({}, asked(state="checkout"), {}, (newer(state="completed"),), None),
        ({}, ASKED, {"captured": 1}, (), DOUBLE),
        ({}, ASKED, {"captured": 1, "refunded": 1}, (), None),
        ({}, ASKED, {"captured": 4000}, (), DOUBLE),
        ({}, ASKED, {"total": 3999}, (), DOUBLE),
        ({}, ASKED, {"total": 4001}, (), None),
    ],
)  # fmt: skip
def test_what_comes_counts_only_when_it_is_what_is_owed(
    report: dict[str, Any], payment: Payment, order: dict[str, Any], others: tuple[Payment, ...], kind: str | None
) -> None:
    assert held_for(replace(CAME, **report), payment, replace(ORDER, **order), others) == kind


FACTS = {"process": "processing", "authorize": "pending", "capture": "completed", "fail": "failed",
         "invalidate": "invalid", "void": "void"}  # fmt: skip
IGNORED = {
    ("pending", "process"),
    *(("completed", event) for event in FACTS if event != "capture"),
    *((state, event) for state in ("invalid", "void") for event in FACTS if event not in ("capture", "void", "invalidate")),
    ("invalid", "void"), ("void", "invalidate"),
}  # fmt: skip
"""What is told too late, or again. Only that money came is never too late."""


@pytest.mark.parametrize(("state", "event"), list(product(PAYMENT.statuses, FACTS)))
def test_every_state_of_a_payment_says_what_every_event_makes_of_it(state: str, event: str) -> None:
    outcome = PAYMENT.decide(state, event, None)
    if FACTS[event] == state:
        assert outcome in (AlreadySo(state), Move(state))
        assert moved(asked(state=state), event) is None
    elif (state, event) in IGNORED:
        assert outcome == Move(state)
        assert moved(asked(state=state), event) is None
    else:
        assert outcome == Move(FACTS[event])
        assert moved(asked(state=state), event) == FACTS[event]


def test_the_tables_of_money_are_complete_and_money_that_came_stays() -> None:
    assert PAYMENT.holes() == REFUND.holes() == []
    assert PAYMENT.dead_ends() == REFUND.dead_ends() == []
    assert set(PAYMENT.facts) == set(FACTS)
    assert {PAYMENT.targets("completed", event) for event in PAYMENT.events} == {()}
    assert [PAYMENT.targets(state, "capture") for state in PAYMENT.statuses if state != "completed"] == [
        ("completed",)
    ] * 6
    assert {(state, event): REFUND.targets(state, event) for state in REFUND.statuses for event in REFUND.events} == {
        ("pending", "settle"): ("settled",), ("pending", "fail"): ("failed",), ("settled", "settle"): (),
        ("settled", "fail"): ("failed",), ("failed", "settle"): ("settled",), ("failed", "fail"): (),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("state", "known", "event", "told", "after"),
    [
        ("pending", "tx2", REFUSED, "tx1", None),
        ("processing", "tx2", REFUSED, "tx1", None),
        ("pending", "tx2", REFUSED, "tx2", "failed"),
        ("pending", "tx2", REFUSED, None, "failed"),
        ("pending", None, REFUSED, "tx1", "failed"),
        ("checkout", "tx2", REFUSED, "tx1", "failed"),
        ("failed", "tx1", PROCESSED, "tx1", None),
        ("failed", "tx1", AUTHORIZED, "tx1", None),
        ("failed", "tx1", PROCESSED, "tx2", "processing"),
        ("failed", "tx1", AUTHORIZED, "tx2", "pending"),
        ("failed", None, PROCESSED, None, "processing"),
        ("failed", "tx1", CAPTURED, "tx1", "completed"),
    ],
)
def test_of_several_attempts_the_last_one_matters(
    state: str, known: str | None, event: str, told: str | None, after: str | None
) -> None:
    assert moved(asked(state=state, transaction_id=known), event, told) == after


@pytest.mark.parametrize(
    ("percent", "order", "amount"),
    [
        (0, {}, 4000),
        (30, {}, 1200),
        (33, {"total": 1001}, 331),
        (1, {"total": 1}, 1),
        (100, {}, 4000),
        (30, {"captured": 1000}, 200),
        (30, {"captured": 1200}, 0),
        (30, {"captured": 1200, "packed_at": NOW}, 2800),
        (30, {"captured": 4000}, 0),
        (50, {"captured": 100, "refunded": 100}, 2000),
    ],
)
def test_first_the_deposit_is_asked_for_and_then_what_is_left(percent: int, order: dict[str, Any], amount: int) -> None:
    assert amount_to_ask(replace(ORDER, **order), Settings({"deposit": str(percent)})) == amount


WAITING = {"placed": {"pay_then_confirm"}} | {
    status: set[str]() for status in (*DEAD, "on_hold", "abandoned", "payment_review", "delivered", "delivery_confirmed",
                                      "completed", "returned")
}  # fmt: skip


@pytest.mark.parametrize("flow", ["manual", "confirm_then_pay", "pay_then_confirm"])
@pytest.mark.parametrize("status", STATUSES)
def test_money_is_asked_for_by_itself_only_of_orders_that_go_on(flow: str, status: str) -> None:
    flows = WAITING.get(status, {"confirm_then_pay", "pay_then_confirm"})
    assert wants_money(replace(ORDER, status=status), Settings({"order_flow": flow})) is (flow in flows)


@pytest.mark.parametrize(
    ("changes", "wants"),
    [
        ({}, True),
        *(({"payment_method": method}, True) for method in ("whatsapp_pay", "pix", "transfer")),
        *(({"payment_method": method}, False) for method in ("cod", "credit")),
        ({"captured": 4000}, False),
        ({"captured": 3999}, True),
        ({"channel": "counter"}, False),
        *(({"checkout_step": step}, False) for step in ("address", "delivery", "payment", "review")),
    ],
)
def test_who_pays_otherwise_or_has_paid_or_still_answers_is_not_asked(changes: dict[str, Any], wants: bool) -> None:
    assert wants_money(replace(ORDER, **changes), Settings({})) is wants


@pytest.mark.parametrize(
    ("method", "text", "provider", "configured"),
    [
        ("link", "", "", False),
        ("link", "pay.links=stripe", "stripe", True),
        ("pix", "", "", False),
        ("pix", "pix.key=chave@loja.example", "", True),
        ("pix", "pix.provider=mercadopago;pix.key=chave@loja.example", "mercadopago", False),
        ("pix", "pix.provider=mercadopago;pix.key=chave@loja.example;pix.email=loja@loja.example", "mercadopago", True),
        ("transfer", "", "", False),
        ("transfer", "transfer.account=IBAN 1", "", True),
        ("cod", "", "", True),
        ("credit", "", "", True),
        ("whatsapp_pay", "", "", False),
        ("whatsapp_pay", "pay.provider=link", "", False),
        ("whatsapp_pay", f"pay.provider=link;pay.links=razorpay{IMPORTER}", "razorpay", True),
        ("whatsapp_pay", "pay.provider=upi", "", False),
        ("whatsapp_pay", f"pay.provider=upi;pay.vpa=shop@bank{IMPORTER}", "", True),
        *(("whatsapp_pay", f"pay.provider={name}", "whatsapp", False) for name in ("razorpay", "payu", "billdesk", "zaakpay")),
        *(("whatsapp_pay", f"pay.provider={name};pay.configuration=c{IMPORTER}", "whatsapp", True)
          for name in ("razorpay", "payu", "billdesk", "zaakpay")),
    ],
)  # fmt: skip
def test_the_store_says_who_collects_and_what_a_method_needs(
    method: str, text: str, provider: str, configured: bool
) -> None:
    settings = Settings(parse(text))
    assert (provider_of(method, settings), is_configured(method, settings)) == (provider, configured)


def test_a_request_lapses_when_its_order_would_expire() -> None:
    assert lapses_at(NOW, Settings({})) == NOW + timedelta(hours=72)
    assert lapses_at(NOW, Settings({"expire_after": "90m"})) == NOW + timedelta(minutes=90)
    assert lapses_at(NOW, Settings({"expire_after": "0"})) is None


GIVEN = ((1, 300, "settled"), (1, 200, "pending"), (1, 9, "failed"), (2, 50, "settled"))
"""Of which payment, how much, and whether it went."""


def test_held_money_is_no_money_of_the_order_and_neither_is_what_went_back_of_it() -> None:
    counted, held = asked(state="completed", amount=1000), newer(state="completed", is_held=True)
    refunds = [
        Refund(n, 1, 1, payment, amount, state, "", False, NOW)
        for n, (payment, amount, state) in enumerate(GIVEN)
    ]  # fmt: skip
    after = ledger.settled(ORDER, [counted, held], refunds)
    assert (after.captured, after.refunded, after.payment_status) == (1000, 500, "partially_refunded")
    assert ledger.settled(ORDER, [held], refunds).payment_status == "unpaid"
    assert (counted.left, held.left, newer().left) == (1000, 4000, 0)


@pytest.mark.parametrize(
    ("changes", "request_"),
    [
        ({"asked_at": None}, "created"),
        ({}, "sent"),
        ({"state": "processing"}, "pending"),
        ({"state": "pending"}, "pending"),
        ({"state": "completed"}, "captured"),
        ({"state": FAILED}, "failed"),
        ({"state": "invalid"}, "failed"),
        ({"state": "void", "ended": "expired"}, "expired"),
        ({"state": "void", "ended": "canceled"}, "canceled"),
        ({"state": "void"}, "canceled"),
    ],
)
def test_a_request_is_called_what_people_call_it(changes: dict[str, Any], request_: str) -> None:
    assert asked(**changes).request == request_


def test_what_could_still_be_paid_is_open_or_has_failed_once() -> None:
    assert [s for s in PAYMENT.statuses if asked(state=s).is_payable] == ["checkout", "processing", "pending", "failed"]
    assert [s for s in PAYMENT.statuses if asked(state=s).is_open] == list(OPEN)
    assert [s for s in PAYMENT.statuses if asked(state=s).is_on_its_way] == ["processing", "pending"]
    assert set(payments.ASKED_FOR) == {"whatsapp_pay", "link", "pix", "transfer"}
