"""The statuses that a shop uses: a command to any other is refused, what happens by itself is not."""

from dataclasses import replace
from pathlib import Path

import pytest

from flows.lifecycle import AlreadySo, Move, Outcome, Reason, Refused
from flows.order import STAFF, TIMER, Action
from flows.order_table import COMPLETE, decide, moved, next_actions, open_until
from flows.settings import Settings
from flows.vocabulary import SHIPPED
from tests.flows.test_replies import NOW, PLACED

READY = replace(PLACED, address={"name": "Asha"}, address_source="form")


def outcome(
    event: str, status: str, words: str, *, delivery: str = "courier", by: str = STAFF, **settings: str
) -> Outcome:
    order = replace(READY, status=status, delivery_method=delivery, held_from="confirmed", packed_at=NOW)
    action = Action(event, by, note="-", tracking="T1", number="7")
    return decide(order, action, Settings({"vocabulary": words, **settings}))


@pytest.mark.parametrize(
    ("event", "status", "words", "unused"),
    [
        ("pack", "confirmed", "socialone", "packed"),
        ("pack", "placed", "socialone", "packed"),
        ("hold", "confirmed", "soul", "on_hold"),
        ("approve", "confirmed", "wapto", "approved"),
        ("start", "confirmed", "picky", "processing"),
        ("pack", "confirmed", "chord", "packed"),
        ("complete", "delivered", "socialone", "completed"),
        ("out", "shipped", "soul", "out_for_delivery"),
    ],
)
def test_a_command_to_a_status_that_is_not_used_is_refused(event: str, status: str, words: str, unused: str) -> None:
    assert outcome(event, status, words) == Refused((Reason("why.not_used", {"unused": unused}),), is_elsewhere=True)


@pytest.mark.parametrize(
    ("event", "status", "words", "after"),
    [
        ("ship", "confirmed", "socialone", "shipped"),
        ("release", "on_hold", "soul", "confirmed"),  # an order already there goes on
        ("deliver", "shipped", "soul", "awaiting_confirmation"),
        ("failed", "out_for_delivery", "soul", "shipped"),
        ("pack", "confirmed", "soul", "packed"),
    ],
)
def test_any_other_command_does_what_it_does(event: str, status: str, words: str, after: str) -> None:
    assert outcome(event, status, words) == Move(after)


def test_of_a_fork_one_way_in_use_is_enough() -> None:
    assert outcome("deliver", "shipped", "soul", require_receipt_confirmation="off") == Move("delivered")


def test_what_is_so_already_is_no_matter_of_use() -> None:
    assert outcome("pack", "packed", "socialone") == AlreadySo("packed")


def test_an_invoiced_order_is_packed_once() -> None:
    assert outcome("pack", "invoice_issued", "soul") == AlreadySo("invoice_issued")


def test_what_is_fetched_is_packed_where_that_has_a_word() -> None:
    assert isinstance(outcome("pack", "confirmed", "wapto"), Refused)
    assert outcome("pack", "confirmed", "wapto", delivery="pickup") == Move("packed")
    assert "ship" not in next_actions(replace(READY, status="confirmed", delivery_method="pickup"), Settings({}))


@pytest.mark.parametrize("words", SHIPPED)
def test_the_clock_may_always_do_its_work(words: str) -> None:
    waiting = replace(PLACED, checkout_step="address")

    assert decide(waiting, Action("abandon", TIMER), Settings({"vocabulary": words})) == Move("abandoned")


@pytest.mark.parametrize(
    ("words", "completes"), [("standard", True), ("soul", True), ("socialone", False), ("picky", False)]
)
def test_an_order_completes_by_itself_only_where_that_is_a_status(words: str, completes: bool) -> None:
    delivered = replace(READY, status="delivered")

    kinds = [kind for kind, _ in open_until(delivered, Settings({"vocabulary": words}))]
    assert (COMPLETE in kinds) is completes


@pytest.mark.parametrize("words", SHIPPED)
@pytest.mark.parametrize("status", ["placed", "confirmed", "packed", "shipped", "delivered"])
def test_nothing_is_offered_that_would_be_refused(words: str, status: str) -> None:
    settings = Settings({"vocabulary": words})
    order = replace(READY, status=status)

    for event in next_actions(order, settings):
        assert isinstance(decide(order, Action(event, STAFF, note="-", tracking="-", number="-"), settings), Move)


def test_a_label_for_what_follows_from_records_puts_no_command_to_use(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text('[status]\nplaced = true\nconfirmed = true\ncanceled = true\npartially_shipped = "In parts"')

    assert outcome("ship", "confirmed", str(file)) == Refused(
        (Reason("why.not_used", {"unused": "shipped"}),), is_elsewhere=True
    )


def test_a_merchants_own_status_ends_with_the_next_move() -> None:
    marked = replace(READY, status="processing", mark="engraving")

    assert moved(marked, Action("note", STAFF), Move("processing"), NOW).mark == "engraving"
    assert moved(marked, Action("ship", STAFF, tracking="T1"), Move("shipped"), NOW).mark is None
