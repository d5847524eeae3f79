"""What staff type is a command by its first word; who may give it is in the table."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.commands import COMMANDS, WORDS, Command, Unknown, read
from flows.policy import POLICY, Role, may, roles_for

LATER = ("ship", "orders", "help", "hold")


@pytest.mark.parametrize("text", ["help", "Help", "/help", " HELP ", "help.", "help?", "/Help\n"])
def test_case_slash_and_stop_do_not_matter(text: str) -> None:
    assert read(text) == Command("help", "")


@pytest.mark.parametrize("text", ["1042", "#1042", " /1042. "])
def test_the_number_of_an_order_alone_asks_for_its_card(text: str) -> None:
    assert read(text) == Command("order", "1042")
    assert read(text, ["help"]) == Unknown("1042", None)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("ship 1042 AB12 leave at door", Command("ship", "1042 AB12 leave at door")),
        ("ship #1042  AB12", Command("ship", "#1042  AB12")),
        ("hold 1042\nout of gold paper\ncall me", Command("hold", "1042\nout of gold paper\ncall me")),
    ],
)
def test_the_rest_of_the_message_is_the_argument(text: str, command: Command) -> None:
    assert read(text, LATER) == command


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("hlep", Unknown("hlep", "help")),
        ("docter please", Unknown("docter", "doctor")),
        ("#1042 please", Unknown("1042", None)),
        ("1234567890", Unknown("1234567890", None)),
        ("namaste", Unknown("namaste", None)),
        ("hi", Unknown("hi", None)),
        ("", Unknown("", None)),
        (" \n", Unknown("", None)),
        ("//", Unknown("", None)),
    ],
)
def test_another_word_is_unknown_and_the_nearest_is_offered(text: str, unknown: Unknown) -> None:
    assert read(text) == unknown


@given(st.text(max_size=600))
def test_every_text_is_a_command_or_unknown(text: str) -> None:
    answer = read(text)

    assert isinstance(answer, Unknown) or answer.word in WORDS


def test_only_the_first_512_characters_are_looked_at() -> None:
    assert read("help " + "x" * 10_000) == Command("help", "x" * 507)


def test_every_command_has_a_row_in_the_policy_and_every_role_has_an_answer() -> None:
    assert {row.action for row in COMMANDS} - set(POLICY) == set()
    assert [word for word in POLICY if not roles_for(word)] == []


def test_who_may_do_what() -> None:
    reading = {"help", "doctor", "orders", "board", "find", "order", "items", "history", "why", "bookings"}
    acting = {
        "confirm", "approve", "reject", "start", "invoice", "pack", "ship", "out", "deliver", "failed", "complete", "hold",
        "release", "cancel", "archive", "unarchive", "note", "alerts", "undo", "add", "paid", "return", "received", "stock",
        "assign", "tag", "mark", "address", "email", "bill", "resend", "chat", "new", "book", "block", "noshow", "reschedule",
        "pay", "remind", "exceptions",
    }  # fmt: skip
    deciding = {
        "accept",
        "deny",
        "resume",
        "force",
        "refund",
        "credit",
        "exchange",
        "capture",
        "void",
        "digest",
        "hours",
    }
    assert {action: roles_for(action) for action in POLICY} == {
        **dict.fromkeys(reading, ("owner", "manager", "agent", "viewer")),
        **dict.fromkeys(acting, ("owner", "manager", "agent")),
        **dict.fromkeys(deciding, ("owner", "manager")),
        **dict.fromkeys(("settings", "staff", "allow"), ("owner",)),
    }


@pytest.mark.parametrize(
    ("role", "action"), [*product(["", "customer", "OWNER", "root"], POLICY), *product(Role, ["", "erase", "HELP"])]
)
def test_what_has_no_row_is_denied(role: str, action: str) -> None:
    assert not may(role, action)
