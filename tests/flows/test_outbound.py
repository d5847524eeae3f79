"""An outbound message moves only as the send protocol says, and then only up in what Meta reports."""

from functools import reduce
from itertools import permutations, product

import pytest

from flows.outbound import EVENTS, MOVES, RANKS, REPORTED, STATUSES, holes, move, settle, sources

META = ("sent", "failed", "delivered", "read", "played")


def test_every_status_has_an_answer_to_every_event() -> None:
    assert holes() == []
    assert set(MOVES) == set(product(STATUSES, EVENTS))


def test_reports_end_at_the_greatest_in_every_order() -> None:
    for count in range(1, 6):
        for reports in permutations(META, count):
            greatest = max((REPORTED[report] for report in reports), key=RANKS.__getitem__)
            for start in ("sending", "unknown", "accepted"):
                assert reduce(settle, reports, start) == greatest


def test_a_report_never_lowers_the_rank() -> None:
    falls = [(c, r) for c in STATUSES for r in (*META, "warning", "") if RANKS[settle(c, r)] < RANKS[c]]
    assert falls == []


def test_a_repeated_report_changes_nothing() -> None:
    assert [(c, r) for c in STATUSES for r in META if settle(settle(c, r), r) != settle(c, r)] == []


@pytest.mark.parametrize(
    ("current", "reported", "after"),
    [
        ("accepted", "played", "read"),
        ("sent", "failed", "failed"),
        ("failed", "sent", "failed"),
        ("failed", "delivered", "delivered"),
        ("delivered", "failed", "delivered"),
        ("accepted", "warning", "accepted"),
        ("queued", "sent", "sent"),
        ("expired", "delivered", "delivered"),
    ],
)
def test_what_a_report_makes_of_a_status(current: str, reported: str, after: str) -> None:
    assert settle(current, reported) == after


def reached(start: str) -> set[str]:
    found = {start}
    while True:
        more = {move(status, event) for status in found for event in EVENTS if status in sources(event)} - found
        if not more:
            return found
        found |= more


def test_the_protocol_alone_reaches_all_that_meta_does_not_report() -> None:
    assert reached("queued") == set(STATUSES) - {"sent", "delivered", "read"}


def test_what_meta_has_is_never_sent_again() -> None:
    again = {status for status in ("accepted", "sent", "failed", "delivered", "read") if "sending" in reached(status)}
    assert again == set()


def test_an_answer_that_comes_after_the_status_is_late_not_wrong() -> None:
    late = {
        move(status, event) for status in ("sent", "delivered", "read") for event in ("accepted", "lost", "returned")
    }
    assert late == {"sent", "delivered", "read"}


@pytest.mark.parametrize(("current", "event"), [("queued", "lost"), ("read", "claimed"), ("sending", "expired")])
def test_a_move_that_the_protocol_does_not_have_is_an_error(current: str, event: str) -> None:
    with pytest.raises(ValueError, match=f"an outbound message that is {current} cannot be {event}"):
        move(current, event)


def test_sources_are_the_statuses_an_event_moves() -> None:
    assert {event: sources(event) for event in ("claimed", "accepted", "resent", "expired")} == {
        "claimed": {"queued"},
        "accepted": {"queued", "sending", "unknown", "expired", "suppressed"},
        "resent": {"unknown"},
        "expired": {"queued"},
    }
