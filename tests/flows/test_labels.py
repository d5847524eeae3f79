"""What an order is called: by its status, its money and its pieces, in every vocabulary and for its customer."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from flows import card, labels, vocabulary
from flows.order import STATUSES, Order, Step
from flows.phrases import say
from flows.settings import Settings
from flows.vocabulary import PAYMENTS, SHIPMENTS, SHIPPED
from tests.flows.test_replies import NOW, PLACED, STORE


def label(order: Order, words: str, **settings: str) -> str:
    return labels.staff(order, replace(STORE, settings={"vocabulary": words, **settings}))


def order(status: str, **changes: object) -> Order:
    return replace(PLACED, status=status, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("standard", {"placed": "Placed", "packed": "Packed", "canceled": "Canceled", "on_hold": "On hold"}),
        ("socialone", {"placed": "Pending", "canceled": "Cancelled", "packed": "Packed"}),
        ("wapto", {"placed": "Received", "out_for_delivery": "Out for Delivery"}),
        (
            "soul",
            {
                "placed": "Pending", "confirmed": "Processing", "packed": "Awaiting_Shipping", "invoice_issued": "Invoice_Issued",
                "shipped": "Delivered_to_Carrier", "completed": "Complete", "delivered": "Delivered",
            },
        ),
        ("picky", {"abandoned": "Abandoned", "packed": "Processed", "returned": "Returned", "processing": "Being prepared"}),
    ],
)  # fmt: skip
def test_each_vocabulary_has_its_own_words_and_the_standard_ones_for_the_rest(
    words: str, expected: Mapping[str, str]
) -> None:
    assert {status: label(order(status), words) for status in expected} == expected


@pytest.mark.parametrize(
    ("words", "status", "payment", "expected"),
    [
        ("standard", "canceled", "refunded", "Refunded"),
        ("standard", "canceled", "partially_refunded", "Canceled, partly refunded"),
        ("standard", "completed", "partially_refunded", "Completed, partly refunded"),
        ("standard", "delivered", "refunded", "Delivered, refunded"),
        ("standard", "packed", "refunded", "Packed, refunded"),
        ("socialone", "delivered", "refunded", "Refunded"),
        ("socialone", "confirmed", "refunded", "Confirmed, refunded"),
        ("soul", "canceled", "refunded", "Refunded"),
        ("soul", "completed", "partially_refunded", "Partially_Refunded"),
        ("soul", "canceled", "voided", "Canceled"),
    ],
)
def test_money_that_went_back_shows_in_the_label(words: str, status: str, payment: str, expected: str) -> None:
    assert label(order(status, payment_status=payment), words) == expected


def test_customers_read_plain_phrases_whatever_the_vocabulary() -> None:
    refunded = order("canceled", payment_status="refunded")

    assert labels.customer(refunded, "en") == "Refunded"
    assert labels.customer(order("packed", delivery_method="pickup"), "en") == "Ready for pickup"
    assert labels.customer(order("packed"), "en") == "Packed"


def test_wapto_has_one_word_for_what_arrived_and_another_for_what_somebody_looks_at_first() -> None:
    assert [label(order("placed", needs_review=late), "wapto") for late in (False, True)] == ["Received", "Pending"]
    assert label(order("confirmed", needs_review=True), "wapto") == "Confirmed"


@pytest.mark.parametrize(
    ("words", "expected"),
    [("wapto", "Ready for Pickup"), ("picky", "Processed"), ("chord", "Balance_due · Ready · Ready for pickup")],
)
def test_what_is_packed_to_be_fetched_is_called_so(words: str, expected: str) -> None:
    assert label(order("packed", delivery_method="pickup"), words) == expected


def test_what_is_archived_says_so() -> None:
    assert label(order("delivered", archived_at=NOW), "picky") == "Archived"
    assert label(order("delivered", archived_at=NOW), "soul") == "Delivered, archived"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "confirmed", "payment_status": "paid", "captured": 69800}, "Paid · Ready · Complete"),
        ({"checkout_step": Step.ADDRESS}, "Balance_due · Pending · Address"),
        ({"status": "confirmed"}, "Balance_due · Ready · Complete"),
        ({"status": "confirmed", "payment_method": "transfer"}, "Balance_due · Pending · Complete"),
        (
            {"status": "confirmed", "payment_method": "transfer", "fulfillment_status": "backordered"},
            "Balance_due · Pending · Complete",
        ),
        (
            {"status": "confirmed", "payment_status": "paid", "captured": 69800, "fulfillment_status": "backordered"},
            "Paid · Backorder · Complete",
        ),
        (
            {
                "status": "partially_shipped",
                "payment_status": "overpaid",
                "captured": 70000,
                "fulfillment_status": "partially_shipped",
            },
            "Credit_owed · Partial · Complete",
        ),
        (
            {"status": "shipped", "payment_status": "failed", "fulfillment_status": "shipped"},
            "Failed · Shipped · Complete",
        ),
        (
            {"status": "canceled", "payment_status": "voided", "fulfillment_status": "canceled"},
            "Void · Canceled · Canceled",
        ),
        (
            {
                "status": "canceled",
                "payment_status": "refunded",
                "captured": 9,
                "refunded": 9,
                "fulfillment_status": "canceled",
            },
            "Void · Canceled · Canceled",
        ),
        (
            {
                "status": "canceled",
                "payment_status": "partially_refunded",
                "captured": 9,
                "refunded": 5,
                "fulfillment_status": "canceled",
            },
            "Credit_owed · Canceled · Canceled",
        ),
    ],
)
def test_chord_has_a_word_each_for_payment_shipment_and_order(changes: dict[str, object], expected: str) -> None:
    assert label(replace(PLACED, **changes), "chord") == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "payment", "state"),
    [
        ("placed", "unpaid", "New"),
        ("confirmed", "paid", "Processing"),
        ("awaiting_invoice", "paid", "Awaiting_Invoice"),
        ("invoice_issued", "paid", "Processing"),
        ("packed", "paid", "Awaiting_Shipping"),
        ("shipped", "paid", "Processing"),
        ("awaiting_confirmation", "paid", "Awaiting_Confirmation"),
        ("delivery_confirmed", "paid", "Complete"),
        ("completed", "paid", "Complete"),
        ("canceled", "refunded", "Canceled"),
        ("completed", "partially_refunded", "Canceled"),
        ("on_hold", "paid", "On hold"),
    ],
)
def test_soul_tells_the_state_beside_the_status(status: str, payment: str, state: str) -> None:
    store = replace(STORE, settings={"vocabulary": "soul"})

    assert labels.state(order(status, payment_status=payment), store) == state
    assert labels.state(order(status), STORE) is None


def test_a_merchants_own_status_is_shown_as_long_as_the_order_is_where_it_belongs(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(
        '[status]\nplaced = true\ncanceled = true\nprocessing = "At work"\n[state]\nprocessing = "Open"\n'
        '[extra.engraving]\nlabel = "Being engraved"\nlike = "processing"\n'
        '[extra.waiting]\nlabel = "Waits for wood"\nlike = "processing"\nstate = "Wood"'
    )
    store = replace(STORE, settings={"vocabulary": str(file)})

    engraved, waiting = (order("processing", mark=mark) for mark in ("engraving", "waiting"))
    assert [labels.staff(each, store) for each in (engraved, waiting)] == ["Being engraved", "Waits for wood"]
    assert [labels.state(each, store) for each in (engraved, waiting)] == ["Open", "Wood"]
    assert labels.status("engraving", store) == "Being engraved"
    assert labels.staff(order("shipped", mark="engraving"), store) == "Shipped"
    assert labels.staff(order("processing", mark="gone"), store) == "At work"


@pytest.mark.parametrize("name", SHIPPED)
def test_every_order_has_a_label_of_one_line_that_fits_into_a_head(name: str) -> None:
    store = replace(STORE, settings={"vocabulary": name})
    for status in STATUSES:
        for payment in PAYMENTS:
            for method in ("courier", "pickup"):
                each = order(status, payment_status=payment, delivery_method=method)
                head = card.head(each, store)
                assert head.startswith("#1042 · ")
                assert "\n" not in head
                assert labels.customer(each, "en")


def test_every_payment_and_shipment_word_is_there_for_vocabularies_that_do_not_bring_it() -> None:
    assert [say(f"money.{name}", "en") for name in PAYMENTS]
    assert [say(f"shipment.{name}", "en") for name in SHIPMENTS]
    assert {labels.shipment(order("shipped", fulfillment_status=name), Settings({}), "en") for name in SHIPMENTS}
    assert vocabulary.find("standard").show == "{order}"
