"""What staff are answered: every reason has words and a way out, and the longest of everything fits into a message."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from inspect import getsource
from typing import Any

import pytest

from flows import lifecycle, order, replies
from flows.commands import ORDERS, Row
from flows.desk import ListRequest, Request
from flows.lifecycle import Move, Reason
from flows.messages import BODY, TEXT, Buttons, Message, Rows, Text
from flows.order import Action, Order, Step
from flows.order_table import COMMANDS, ORDER, decide
from flows.phrases import say
from flows.replies import Counter
from flows.settings import Settings
from flows.store import Store

NOW = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
STORE = Store(1, "Nukkad", "IN", "INR", "Asia/Kolkata", "en", {}, b"salt")
COUNTER = Counter(STORE, Settings({}), frozenset(COMMANDS), NOW)
PLACED = Order(
    id=1, store_id=1, contact_id=7, number=1042, kind="product", status="placed", checkout_step=Step.COMPLETE,
    payment_method="cod", delivery_method="courier", currency="INR", subtotal=69800, discount=0, tax=0, shipping=0,
    total=69800, placed_at=NOW, changed_at=NOW,
)  # fmt: skip
LONG = "W" * 5000
REASONS = sorted(set(re.findall(r'"(why\.\w+)"', getsource(lifecycle) + getsource(order))))


@pytest.mark.parametrize("key", REASONS)
def test_every_reason_has_words_and_a_command_that_helps(key: str) -> None:
    text = replies.explain(Reason(key), PLACED, COUNTER)

    commands = re.findall(r"\*(\w+) 1042[^*]*\*", text)
    assert commands
    assert set(commands) <= {row.word for row in ORDERS}


STANDS: tuple[dict[str, Any], ...] = (
    {}, {"captured": 69800}, {"captured": 69800, "refunded": 69800}, {"captured": 80000}, {"archived_at": NOW},
    {"captured": 69800, "return_status": "requested"}, {"captured": 69800, "return_status": "received"},
)  # fmt: skip


@pytest.mark.parametrize("later", [timedelta(), timedelta(days=4000)], ids=["at once", "after all windows"])
@pytest.mark.parametrize("stand", STANDS, ids=str)
@pytest.mark.parametrize("status", sorted(ORDER.ends))
def test_of_an_order_that_has_ended_all_is_named_that_still_works(
    status: str, stand: dict[str, Any], later: timedelta
) -> None:
    ended = replace(PLACED, status=status, **stand)
    now = NOW + later
    works = {
        event
        for event in COMMANDS
        if isinstance(decide(ended, Action(event, "staff", note="-"), COUNTER.settings, now=now), Move)
    }
    text = replies.explain(Reason("why.not_from_here"), ended, replace(COUNTER, now=now))

    named = set(re.findall(r"\*(\w+) 1042", text.partition("Still possible: ")[2]))
    assert works <= named
    assert named
    assert named - works <= {"paid", "refund", "approve", "reject", "received"}
    assert ("nothing changes it" in text) == (named <= {"archive", "unarchive"})


def test_an_order_whose_money_is_all_back_waits_for_a_word_and_has_not_ended() -> None:
    asked = replace(PLACED, status="confirmed", captured=69800, refunded=69800, asks_cancel=True)

    why = replies.why(asked, None, (), COUNTER)

    assert isinstance(why, Text)
    assert "All its money went back" in why.body
    assert "ended" not in why.body
    assert "*cancel 1042*, *release 1042*" in replies.explain(Reason("why.not_from_here"), asked, COUNTER)


@pytest.mark.parametrize("row", ORDERS, ids=lambda row: row.word)
def test_every_command_is_explained_in_a_line(row: Row) -> None:
    assert 1 <= len(say(row.help, "en")) <= 72


def every_answer(status: str) -> list[Message]:
    longest = replace(PLACED, number=999_999_999, status=status, total=10**13)
    request = Request("ship", (longest.number,), LONG, "9" * 60, "W" * 60)
    return [
        replies.done(longest, request, COUNTER, is_own=False),
        replies.noted(longest, LONG, COUNTER),
        replies.ask_cancel(longest, request, COUNTER, customer=LONG),
        replies.why(longest, None, (), COUNTER),
        *(replies.why(longest, event, (), COUNTER) for event in COMMANDS),
        replies.ask_again(longest, "tracking", LONG, COUNTER.store),
        replies.no_number(request, LONG, "en"),
        replies.listing(ListRequest(), [longest], 10**6, STORE, customers={7: LONG}, now=NOW),
    ]


@pytest.mark.parametrize("status", ORDER.statuses)
def test_the_longest_answer_is_not_cut(status: str) -> None:
    for answer in every_answer(status):
        assert isinstance(answer, Text | Buttons | Rows)
        assert len(answer.body) < (TEXT if isinstance(answer, Text) else BODY)
        assert not answer.body.endswith("…")


def test_a_page_of_ten_fits_and_names_the_next_first() -> None:
    orders = [replace(PLACED, id=n, number=999_999_990 + n, status="out_for_delivery", total=10**13) for n in range(10)]
    page = replies.listing(ListRequest(("packed",)), orders, 31, STORE, customers={7: LONG}, now=NOW)

    assert isinstance(page, Rows)
    assert page.body.split("\n")[:2] == ["*31 orders*, page 1 of 4", "Next page: *orders packed 2*"]
    assert page.body.count("\n#") == 10
    assert [row.id for row in page.rows] == [f"o{order.number}.1.order" for order in orders]


def test_whoever_may_do_nothing_is_offered_nothing() -> None:
    counter = replace(COUNTER, settings=Settings({"undo_window": "0s"}), allowed=frozenset())

    assert isinstance(replies.done(PLACED, Request("start", (1042,)), counter, is_own=False), Text)
