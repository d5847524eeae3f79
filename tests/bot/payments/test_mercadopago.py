"""What Mercado Pago tells: signed hints by webhook, and payments when it is asked."""

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import Clock
from bot.payments import mercadopago
from bot.payments.mercadopago import MercadoPago, _of_payments
from bot.payments.provider import Forged, Unreadable
from bot.settings import Account
from flows.payments import CANCELED, CAPTURED, CHANGED, EXPIRED, PROCESSED, REFUSED, Report

SECRET = "a secret of theirs"
KEYS = {"MERCADOPAGO_ACCESS_TOKEN": "TEST-1", "MERCADOPAGO_WEBHOOK_SECRET": SECRET}
BODY = orjson.dumps({"id": 112233, "type": "payment", "action": "payment.updated", "data": {"id": "1234567890"}})
QUERY = {"source_news": "webhooks", "reference": "w1abc", "data.id": "1234567890", "type": "payment"}
SAID = Report("mercadopago", "w1abc", CHANGED, transaction_id="1234567890", is_sure=False)


@pytest.fixture
def provider() -> MercadoPago:
    return MercadoPago(
        Account("mercadopago", "http://127.0.0.1:1", KEYS),
        clock=Clock(),
        return_url="https://shop.example/payments/return",
    )


def signed(manifest: str, *, ts: str = "1716651000", request_id: str = "r-1", secret: str = SECRET) -> dict[str, str]:
    v1 = hmac.digest(secret.encode(), manifest.encode(), sha256).hex()
    return {"x-signature": f"ts={ts},v1={v1}", **({"x-request-id": request_id} if request_id else {})}


MANIFEST = "id:1234567890;request-id:r-1;ts:1716651000;"


def test_a_notification_is_a_hint_about_our_reference(provider: MercadoPago) -> None:
    [arrival] = provider.arrivals(signed(MANIFEST), QUERY, BODY)

    assert (arrival.source_id, arrival.ordering_key) == ("mercadopago:1234567890:1716651000:r-1", "p:w1abc")
    assert mercadopago.read(arrival.payload) == [SAID]


def test_what_is_missing_is_not_signed(provider: MercadoPago) -> None:
    """Mercado Pago leaves parts out of what it signs that a notification does not have."""
    assert provider.arrivals(signed("id:1234567890;ts:1716651000;", request_id=""), QUERY, BODY)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-signature": "ts=1716651000"},
        {"x-signature": "v1=" + "0" * 64},
        signed(MANIFEST, secret="another"),
        signed(MANIFEST, request_id="r-2"),
        signed(MANIFEST, ts="1716651001"),
        signed("id:999;request-id:r-1;ts:1716651000;"),
        {"x-signature": signed(MANIFEST)["x-signature"].replace("v1=", f"v1={0:064},v1="), "x-request-id": "r-1"},
    ],
)
def test_what_they_did_not_sign_is_forged(provider: MercadoPago, headers: dict[str, str]) -> None:
    with pytest.raises(Forged):
        provider.arrivals(headers, QUERY, BODY)


def test_signed_nonsense_is_unreadable(provider: MercadoPago) -> None:
    with pytest.raises(Unreadable):
        provider.arrivals(signed(MANIFEST), QUERY, b"no json")


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ({**QUERY, "reference": ""}, BODY),
        ({name: value for name, value in QUERY.items() if name != "reference"}, BODY),
        (QUERY, orjson.dumps({"type": "plan"})),
        (QUERY, b"[]"),
    ],
)
def test_what_is_about_nothing_of_ours_leaves_no_event(
    provider: MercadoPago, query: dict[str, str], body: bytes
) -> None:
    assert provider.arrivals(signed(MANIFEST), query, body) == []


@given(
    st.binary() | st.from_type(type(None)).map(orjson.dumps) | st.dictionaries(st.text(), st.text()).map(orjson.dumps)
)
def test_what_was_taken_in_is_read_without_a_fault(payload: bytes) -> None:
    try:
        orjson.loads(payload)
    except orjson.JSONDecodeError:
        return
    assert isinstance(mercadopago.read(payload), list)


def payment(status: str, **other: Any) -> dict[str, Any]:
    return {
        "id": 1234567890, "status": status, "status_detail": "accredited", "currency_id": "BRL",
        "transaction_amount": 58.9, "payment_method_id": "pix", "external_reference": "w1abc",
        "date_approved": "2026-05-25T13:01:02.000-03:00", "refunds": [], **other,
    }  # fmt: skip


def report(says: str, **other: Any) -> Report:
    told: dict[str, Any] = {
        "amount": 5890, "currency": "BRL", "transaction_id": "1234567890", "method": "pix",
        "at": datetime(2026, 5, 25, 16, 1, 2, tzinfo=UTC), **other,
    }  # fmt: skip
    return Report("mercadopago", "w1abc", says, **told)


CASES: list[tuple[list[dict[str, Any]], list[Report]]] = [
    ([], []),
    ([payment("approved")], [report(CAPTURED)]),
    ([payment("pending")], []),
    ([payment("pending", payment_method_id="bolbradesco")], [report(PROCESSED, method="link")]),
    ([payment("in_process", payment_method_id="visa")], [report(PROCESSED, method="link")]),
    ([payment("cancelled", status_detail="expired", date_approved=None)], [report(EXPIRED, at=None)]),
    ([payment("cancelled", status_detail="by_collector")], [report(CANCELED)]),
    ([payment("rejected", status_detail="cc_rejected")], [report(REFUSED, reason="cc_rejected")]),
    ([payment("rejected"), payment("in_process")], [report(PROCESSED)]),
    ([payment("rejected"), payment("approved"), payment("cancelled")], [report(CAPTURED)]),
    ([payment("approved"), payment("approved", id=2)], [report(CAPTURED), report(CAPTURED, transaction_id="2")]),
    ([payment("approved", transaction_amount=58.901)], [report(CAPTURED, amount=None)]),
    ([payment("approved", transaction_amount="much", date_approved="soon")], [report(CAPTURED, amount=None, at=None)]),
    ([payment("approved", transaction_amount=0.1 + 0.2)], [report(CAPTURED, amount=None)]),
    ([payment("something new")], []),
]


@pytest.mark.parametrize(("payments", "reports"), CASES)
def test_payments_are_reported(payments: list[dict[str, Any]], reports: list[Report]) -> None:
    assert _of_payments(payments) == reports


def test_what_went_back_is_reported_beside_what_came() -> None:
    """Money that was back before we heard of it never counted."""
    refunds = [
        {"id": 7, "payment_id": 1234567890, "amount": 10, "status": "approved"},
        {"id": 8, "payment_id": 1234567890, "amount": 5.5, "status": "rejected"},
        {"id": 9, "payment_id": 1234567890, "amount": 1, "status": "in_process"},
        {"amount": 1},
    ]
    back = [
        report(says, amount=amount, refund=id_, method="", at=None)
        for says, amount, id_ in (("settle", 1000, "7"), ("fail", 550, "8"), (PROCESSED, 100, "9"))
    ]
    assert _of_payments([payment("approved", refunds=refunds)]) == [report(CAPTURED), *back]
    assert _of_payments([payment("refunded", refunds=refunds)]) == back


@given(st.integers(1, 10**14 - 1))
def test_an_amount_comes_back_as_it_went(amount: int) -> None:
    sent = orjson.loads(orjson.dumps(mercadopago._decimal(amount, "BRL")))
    assert mercadopago._minor(sent, "BRL") == amount
