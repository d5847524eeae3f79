"""Public holidays: of a country, of a part of it, of the years that are asked for, and in words when there is no such code."""

import re
from datetime import date

import pytest

from flows import days_off


def test_a_countrys_holidays_have_names_and_are_those_of_the_years() -> None:
    found = days_off.days("IN", [2026, 2027])

    assert found[date(2026, 1, 26)] == found[date(2027, 1, 26)] == "Republic Day"
    assert {day.year for day in found} == {2026, 2027}
    assert date(2026, 1, 27) not in found


def test_a_part_of_a_country_has_its_own() -> None:
    corpus_christi = date(2026, 6, 4)

    assert days_off.days("DE-BY", [2026])[corpus_christi] == "Corpus Christi"
    assert corpus_christi not in days_off.days("DE", [2026])


def test_names_do_not_depend_on_the_language_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "de")

    assert days_off.days("DE-SN", [2028])[date(2028, 1, 1)] == "New Year's Day"


def test_a_year_that_nobody_has_reckoned_yet_has_the_holidays_that_are_known() -> None:
    assert days_off.days("IN", [2040])[date(2040, 8, 15)] == "Independence Day"


@pytest.mark.parametrize(
    ("text", "code"),
    [("in", "IN"), (" IN-mh ", "IN-MH"), ("de-by", "DE-BY"), ("DE-Bayern", "DE-BY"), ("DE-Augsburg", "DE-Augsburg")],
)
def test_a_code_is_understood_however_it_is_spelt(text: str, code: str) -> None:
    assert days_off.parse(text) == code
    assert days_off.days(code, [2026])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "'' is not a country's code; write it like IN"),
        ("XX", "'XX' is not a country's code; write it like IN"),
        ("India", "'India' is not a country's code; write it like IN (did you mean IN?)"),
        ("germny", "'germny' is not a country's code; write it like IN (did you mean DE?)"),
        ("IN-Maharastra", "IN has no part 'Maharastra'; write it like IN-AN (did you mean IN-MH?)"),
        ("DE-XX", "DE has no part 'XX'; write it like DE-BB"),
        ("VA-RM", "'VA-RM': holidays are the same in all of VA; write VA"),
    ],
)
def test_another_word_is_told_with_the_nearest_code(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(fault)}$"):
        days_off.parse(text)
