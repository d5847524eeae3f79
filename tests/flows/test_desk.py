"""What staff type about orders becomes a request, a question or a word why not; never an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import desk
from flows.commands import ORDERS, WORDS
from flows.desk import ListRequest, Request
from flows.lifecycle import AlreadySo, Move, Outcome, Reason, Refused
from flows.order_table import COMMANDS, ORDER
from flows.phrases import say

ABOUT_ORDERS = {row.word for row in ORDERS}
CARRIERS = ("BlueDart", "Blue Dart Express", "DTDC")
NUMBERS = st.integers(min_value=1, max_value=999_999_999)


def read(text: str, *, is_reply: bool = False) -> Request | Reason:
    word, _, argument = text.partition(" ")
    return desk.read(word, argument, carriers=CARRIERS, is_reply=is_reply)


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("order 1042", Request("order", (1042,))),
        ("order #1042.", Request("order", (1042,))),
        ("history 1042 please", Request("history", (1042,))),
        ("order", Request("order")),
        ("order please", Request("order")),
        ("confirm 1042 #1043 1044, gift wrap", Request("confirm", (1042, 1043, 1044), "gift wrap")),
        ("confirm 1042 1042", Request("confirm", (1042,))),
        ("pack 1042 2 boxes", Request("pack", (1042,), "2 boxes")),
        ("pack 5", Request("pack", (5,))),
        ("pack 1042 quiet", Request("pack", (1042,), is_quiet=True)),
        ("pack 1042 Quiet", Request("pack", (1042,), is_quiet=True)),
        ("pack 1042 be quiet please", Request("pack", (1042,), "be quiet please")),
        ("pack 1042 with care quiet", Request("pack", (1042,), "with care", is_quiet=True)),
        ("pack 1042\n2 boxes\nquiet", Request("pack", (1042,), "2 boxes\nquiet")),
        ("pack 1042 quiet\r\nfor Asha", Request("pack", (1042,), "for Asha", is_quiet=True)),
        ("hold 1042 out of paper", Request("hold", (1042,), "out of paper")),
        ("hold 1042", Request("hold", (1042,))),
        ("hold 1042 100 pieces missing", Request("hold", (1042,), "100 pieces missing")),
        ("release 1042 1043", Request("release", (1042, 1043))),
        ("cancel 1042", Request("cancel", (1042,))),
        ("cancel 1042 sold out quiet", Request("cancel", (1042,), "sold out", is_quiet=True)),
        ("note 1042 call first quiet", Request("note", (1042,), "call first quiet")),
        ("note 1042\ncall first", Request("note", (1042,), "call first")),
        ("ship 1042", Request("ship", (1042,))),
        ("ship 1042 AB12", Request("ship", (1042,), tracking="AB12")),
        ("ship 1042 12345678", Request("ship", (1042,), tracking="12345678")),
        ("ship 1042 AB12, bluedart", Request("ship", (1042,), tracking="AB12", carrier="BlueDart")),
        (
            "ship 1042 AB12 BLUE dart express by noon quiet",
            Request("ship", (1042,), "by noon", "AB12", "Blue Dart Express", is_quiet=True),
        ),
        ("ship 1042 AB12 Blue Dart", Request("ship", (1042,), "Blue Dart", "AB12")),
        ("ship 1042 dtdc", Request("ship", (1042,), carrier="DTDC")),
        ("ship 1042 left at the desk", Request("ship", (1042,), "left at the desk")),
        ("ship 1042 2nd floor", Request("ship", (1042,), "2nd floor")),
        ("ship 1042 AB12\nDTDC", Request("ship", (1042,), "DTDC", "AB12")),
        ("why 1042 ship", Request("why", (1042,), about="ship")),
        ("why ship #1042?", Request("why", (1042,), about="ship")),
        ("why ship 1042", Request("why", (1042,), about="ship")),
        ("why can I not Ship 1042", Request("why", (1042,), about="ship")),
        ("why 1042", Request("why", (1042,))),
    ],
)
def test_a_command_and_its_argument_are_a_request(text: str, request_: Request) -> None:
    assert read(text) == request_


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("hold 100 pieces missing", Request("hold", (), "100 pieces missing")),
        ("pack 1043", Request("pack", (1043,))),
        ("pack #5", Request("pack", (5,))),
        ("ship AB12 DTDC", Request("ship", (), tracking="AB12", carrier="DTDC")),
        ("confirm", Request("confirm")),
        ("note call first", Request("note", (), "call first")),
    ],
)
def test_a_reply_to_a_card_need_not_name_the_order(text: str, request_: Request) -> None:
    assert read(text, is_reply=True) == request_


@pytest.mark.parametrize(
    ("text", "event", "parts", "note"),
    [
        ("ship 1042 2xCHAI 1xCUP AB12", "ship", {"CHAI": 2, "CUP": 1}, ""),
        ("ship 1042 1xCHAI 2XCHAI", "ship", {"CHAI": 3}, ""),
        ('cancel 1042 12x"MANGO PICKLE" out of jars', "cancel_lines", {"MANGO PICKLE": 12}, "out of jars"),
        ("cancel 1042 out of 2xCHAI", "cancel", {}, "out of 2xCHAI"),
        ("cancel 1042 0xCHAI", "cancel", {}, "0xCHAI"),
        ("add 1042 1xCUP quiet", "add", {"CUP": 1}, ""),
        ("hold 1042 2xCHAI", "hold", {}, "2xCHAI"),
    ],
)
def test_pieces_stand_before_everything_else(text: str, event: str, parts: dict[str, int], note: str) -> None:
    request = read(text)

    assert isinstance(request, Request)
    assert (request.event, {part.retailer_id: part.quantity for part in request.parts}, request.note) == (
        event, parts, note,
    )  # fmt: skip
    assert desk.recall(request.remember()) == request


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("cancel 1042 1043", "desk.one_at_a_time"),
        ("hold 1042 #1043", "desk.one_at_a_time"),
        ("why 1042 fly", "desk.no_action"),
        ("pack " + " ".join(str(n) for n in range(1001, 1022)), "desk.too_many"),
    ],
)
def test_what_cannot_be_done_in_one_command_is_said(text: str, key: str) -> None:
    unclear = read(text)

    assert isinstance(unclear, Reason)
    assert unclear.key == key
    assert say(key, "en", **unclear.fields)


def test_twenty_orders_fit_into_one_command() -> None:
    numbers = tuple(range(1001, 1021))

    assert read("pack " + " ".join(map(str, numbers))) == Request("pack", numbers)


@given(st.sampled_from(sorted(ABOUT_ORDERS)), st.text(max_size=200), st.booleans())
def test_every_text_is_a_request_or_a_reason_that_can_be_said(word: str, argument: str, is_reply: bool) -> None:
    read = desk.read(word, argument, carriers=CARRIERS, is_reply=is_reply)

    if isinstance(read, Reason):
        assert say(read.key, "en", **read.fields)
    else:
        assert read.word == word
        assert desk.recall(read.remember()) == read


@given(
    st.sampled_from(sorted(ABOUT_ORDERS - {"orders", "why", "force"})),
    NUMBERS,
    st.sampled_from(["{}", "#{}", " {}", "{},", "#{}.", "{}:"]),
)
def test_the_number_that_is_read_is_the_number_that_was_written(word: str, number: int, written: str) -> None:
    request = desk.read(word, written.format(number))

    assert isinstance(request, Request)
    assert request.numbers == (number,)


@given(st.lists(st.integers(min_value=1001, max_value=999_999_999), min_size=1, max_size=desk.MOST, unique=True))
def test_all_numbers_are_read_in_their_order(numbers: list[int]) -> None:
    request = desk.read("confirm", " ".join(map(str, numbers)) + " thank you")

    assert request == Request("confirm", tuple(numbers), "thank you")


@given(st.text(max_size=200), st.sampled_from([desk.NUMBER, desk.TRACKING, desk.REASON, desk.TEXT]))
def test_every_answer_is_read_without_an_error(text: str, question: str) -> None:
    completed = desk.complete(Request("ship", (1042,)), question, text, carriers=CARRIERS)

    assert completed is None or completed.word == "ship"
    assert desk.is_command(text, WORDS, question=question) in (True, False)


@pytest.mark.parametrize(
    ("question", "text", "completed"),
    [
        (desk.NUMBER, "#1042", Request("hold", (1042,), "paper")),
        (desk.NUMBER, "5", Request("hold", (5,), "paper")),
        (desk.NUMBER, "the last one", None),
        (desk.NUMBER, "1042 1043", None),
        (desk.NUMBER, "", None),
        (desk.TRACKING, "7", Request("hold", (), "paper", tracking="7")),
        (desk.TRACKING, "AB12 dtdc by noon", Request("hold", (), "by noon", "AB12", "DTDC")),
        (desk.TRACKING, "AB12\nby noon", Request("hold", (), "by noon", "AB12")),
        (desk.TRACKING, "not yet", None),
        (desk.REASON, " out of  paper\nsorry ", Request("hold", (), "out of  paper\nsorry")),
        (desk.REASON, " \n", None),
        (desk.TEXT, "1042", Request("hold", (), "1042")),
    ],
)
def test_an_answer_completes_the_request(question: str, text: str, completed: Request | None) -> None:
    assert desk.complete(Request("hold", (), "paper"), question, text, carriers=CARRIERS) == completed


def test_an_answer_may_name_several_orders_where_a_command_may() -> None:
    assert desk.complete(Request("pack"), desk.NUMBER, "1042 #1043") == Request("pack", (1042, 1043))


@pytest.mark.parametrize(
    ("question", "text", "is_command"),
    [
        (desk.REASON, "out of stock", False),
        (desk.REASON, "order the wrong size", False),
        (desk.REASON, "orders came in too late", False),
        (desk.REASON, "pack 5 more first", False),
        (desk.REASON, "help is on its way", False),
        (desk.REASON, "", False),
        (desk.REASON, "out 1043", True),
        (desk.REASON, "pack #5", True),
        (desk.REASON, "/out of stock", True),
        (desk.REASON, "orders", True),
        (desk.REASON, "orders packed today", True),
        (desk.REASON, "Help ship", True),
        (desk.REASON, "doctor", True),
        (desk.REASON, "1043", True),
        (desk.TRACKING, "1043", False),
        (desk.TRACKING, "#1043", True),
        (desk.NUMBER, "#1043", False),
        (desk.NUMBER, "1043", False),
        (desk.NUMBER, "pack 1043", True),
    ],
)
def test_a_command_is_told_from_an_answer(question: str, text: str, is_command: bool) -> None:
    assert desk.is_command(text, WORDS, question=question) is is_command


@pytest.mark.parametrize(("text", "drops"), [("cancel", True), ("/Cancel.", True), ("cancel 1042", False), ("", False)])
def test_the_word_cancel_alone_takes_a_question_back(text: str, drops: bool) -> None:
    assert desk.is_drop(text) is drops


@pytest.mark.parametrize(
    ("argument", "request_"),
    [
        ("", ListRequest()),
        ("2", ListRequest(page=2)),
        ("packed", ListRequest(("packed",))),
        ("Being prepared", ListRequest(("processing",))),
        ("out for delivery 3", ListRequest(("out_for_delivery",), page=3)),
        ("on_hold, packed packed", ListRequest(("on_hold", "packed"))),
        ("placed today sort date asc 2", ListRequest(("placed",), is_today=True, is_ascending=True, page=2)),
        ("asc desc", ListRequest()),
    ],
)
def test_a_list_is_asked_for_by_status_day_order_and_page(argument: str, request_: ListRequest) -> None:
    assert desk.read_list(argument, "en") == request_


@pytest.mark.parametrize("status", ORDER.statuses)
def test_every_status_is_known_by_its_name_and_by_its_label(status: str) -> None:
    assert [desk.read_list(text, "en") for text in (status, say(f"status.{status}", "en"))] == [
        ListRequest((status,)),
        ListRequest((status,)),
    ]


def test_words_that_mean_nothing_in_a_list_are_answered_with_those_that_do() -> None:
    unclear = desk.read_list("packd today", "en")

    assert isinstance(unclear, Reason)
    assert say(unclear.key, "en", **unclear.fields).startswith(
        "I do not know “packd” after *orders*. Did you mean “packed”? I understand a status (Cart, Waiting for you, "
    )
    assert desk.read_list("mine unpaid", "en") == ListRequest(money="unpaid", is_mine=True)
    assert isinstance(desk.read_list("0", "en"), Reason)
    assert desk.read_list("archived sort paid", "en") == ListRequest(is_archived=True, by_payment=True)
    assert isinstance(desk.read_list("sort money", "en"), Reason)


@given(
    st.builds(
        ListRequest,
        st.lists(st.sampled_from(ORDER.statuses), unique=True).map(tuple),
        is_today=st.booleans(),
        is_ascending=st.booleans(),
        page=st.integers(min_value=1, max_value=9999),
        money=st.sampled_from([None, "paid", "unpaid"]),
        by_payment=st.booleans(),
        is_archived=st.booleans(),
    )
)
def test_the_text_of_a_list_request_asks_for_it(request: ListRequest) -> None:
    assert desk.read_list(request.text().removeprefix("orders"), "en") == request


@given(st.text(max_size=200))
def test_every_text_is_a_list_request_or_a_reason(text: str) -> None:
    assert isinstance(desk.read_list(text, "en"), ListRequest | Reason)


@pytest.mark.parametrize(
    ("outcome", "question"),
    [
        (Refused((Reason("why.tracking"),)), desk.TRACKING),
        (Refused((Reason("why.reason"),)), desk.REASON),
        (Refused((Reason("why.address"), Reason("why.tracking"))), None),
        (Refused((Reason("why.not_from_here"),), is_elsewhere=True), None),
        (Move("packed"), None),
        (AlreadySo("packed"), None),
    ],
)
def test_only_what_an_answer_can_mend_is_asked_for(outcome: Outcome, question: str | None) -> None:
    assert desk.asks(outcome) == question


def test_every_action_of_the_table_is_a_command() -> None:
    # Said in another way: as `cancel` with lines, or by the customer.
    assert set(COMMANDS) - ABOUT_ORDERS == {"cancel_lines", "receipt", "return"}
