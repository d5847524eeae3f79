"""What stands in the ids of a booking's buttons, and what customers' words mean while they choose."""

from dataclasses import replace
from datetime import timedelta

import pytest

from flows import choosing
from flows.appointment import Calendar, Service
from flows.choosing import Choosing, Tapped, Wanted, Yes
from flows.messages import OUR_ID

ID = 2**63 - 1
CUT = Service(
    "CUT", "Haircut for men", 50000, "INR", timedelta(hours=1), timedelta(), timedelta(), 1, 0, (), timedelta(),
    timedelta(days=30), timedelta(),
)  # fmt: skip
DYE, YOGA = replace(CUT, sku="DYE", title="Haircut and colour"), replace(CUT, sku="YOGA", title="Yoga, one hour")
ALL = (CUT, DYE, YOGA)


def test_a_button_is_read_as_it_was_written_and_fits_however_large_its_numbers_are() -> None:
    chosen = Choosing(choosing.code("CUT"), 999, 9_999_999, 9_999_999, ID)
    yes = Yes(253402300799, 99_999_999_999, ID)
    tapped = chosen.id(choosing.BOOK, str(yes))

    assert len(tapped) <= OUR_ID
    assert choosing.read(tapped) == Tapped(chosen, choosing.BOOK, str(yes))
    assert choosing.read_yes(str(yes)) == yes


@pytest.mark.parametrize("id_", [0, 1, 35, 36, ID])
def test_an_id_is_written_shortly(id_: int) -> None:
    assert choosing.unshort(choosing.short(id_)) == id_


@pytest.mark.parametrize(
    "text",
    ["", "b", "b1042.move", "a.x.1.0.0.0.at.1", "b.x.0.0.0.0.at.1", "b.x.-1.0.0.0.at.1", "b.x.1.0.0.Z.at.1",
     "b.x.1.0.0.0.at", "b.x.1.0.0.0.at.1.2", "b.x.١.0.0.0.at.1", f"b.x.{'9' * 14}.0.0.0.at.1", "b.x.1.0.0..at.1"],
)  # fmt: skip
def test_no_other_text_is_a_button(text: str) -> None:
    assert choosing.read(text) is None


@pytest.mark.parametrize("about", ["", "1", "1-2", "1-2-", "x-2-3", "1-x-3", "1-2-Z", "-1-2-3"])
def test_no_other_text_is_a_yes(about: str) -> None:
    assert choosing.read_yes(about) is None


def test_what_was_asked_is_remembered() -> None:
    chosen = Choosing("c0ffee", 2, 3, 4, 5)
    assert choosing.load({**chosen.dump(), "yes": "", "day": ""}) == chosen


def test_a_service_is_found_by_its_code_whatever_its_id() -> None:
    strange = replace(CUT, sku="ä.1 " * 25)
    assert choosing.find([*ALL, strange], choosing.code(strange.sku)) == strange
    assert choosing.find(ALL, "00000000") is None


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("book", Wanted("")),
        ("Book a haircut tomorrow 4", Wanted("a haircut tomorrow 4")),
        ("hi, I'd like to book an appointment", Wanted("an appointment")),
        ("appointment on saturday", Wanted("on saturday")),
        ("can I make an appointment please", Wanted("please")),
        ("new booking", Wanted("")),
        ("reschedule", Wanted("", is_move=True)),
        ("please reschedule #1042 to friday 3pm", Wanted("to friday 3pm", is_move=True, number=1042)),
        ("move my booking", Wanted("", is_move=True)),
        ("can we move it to friday", Wanted("to friday", is_move=True)),
        ("change the time", Wanted("", is_move=True)),
        ("postpone my appointment", Wanted("", is_move=True)),
        ("reschedule 4 mar", Wanted("4 mar", is_move=True)),
    ],
)
def test_a_wish_is_understood(words: str, wanted: Wanted) -> None:
    assert choosing.wish(words) == wanted


@pytest.mark.parametrize(
    "words",
    ["bookshelf", "my bookings", "where is my booking", "move to Pune", "change", "facebook", "a book", "x" * 121],
)
def test_other_words_are_no_wish(words: str) -> None:
    assert choosing.wish(words) is None


@pytest.mark.parametrize(
    ("words", "asks"), [("other", True), ("Other times!", True), ("more days", True), ("mother", False)]
)
def test_others_are_asked_for(words: str, asks: bool) -> None:
    assert choosing.asks_for_others(words) is asks


@pytest.mark.parametrize(
    ("words", "meant"),
    [("the yoga", [YOGA]), ("a haircut", [CUT, DYE]), ("haircut, colour", [DYE]), ("for one", [YOGA]), ("with me", [])],
)
def test_services_are_named_by_what_tells_them_apart(words: str, meant: list[Service]) -> None:
    assert choosing.named(ALL, words) == meant


def test_a_person_is_named() -> None:
    people = [Calendar(1, 1, "Priya"), Calendar(2, 1, "Ravi K")]
    assert choosing.person(people, "with ravi please") == people[1]
    assert choosing.person(people, "with somebody") is None
