"""The error table answers for every code that Meta may name."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import errors
from flows.errors import Consequence, Scope, Verdict, classify

SOON, BACK_OFF, WAIT = Consequence.RETRY_SOON, Consequence.BACK_OFF, Consequence.WAIT
TEMPLATE, OTHER, PAUSE, FINAL = Consequence.USE_TEMPLATE, Consequence.OTHER_FORM, Consequence.PAUSE, Consequence.FINAL


@pytest.mark.parametrize(
    ("codes", "consequence", "scope"),
    [
        ([0, 3, 10, 33, 102, 190, 200, 299, 368, 131005, 131031, 131037], PAUSE, Scope.NUMBER),
        ([131042, 131045, 133000, 133003, 133005, 133010, 133016], PAUSE, Scope.NUMBER),
        ([1, 131000, 131052, 131053], SOON, Scope.MESSAGE),
        ([2, 4, 80000, 80007, 80014, 130429, 131016, 131057, 133004], BACK_OFF, Scope.NUMBER),
        ([131056], BACK_OFF, Scope.CONTACT),
        ([131048, 131064], WAIT, Scope.NUMBER),
        ([131049], WAIT, Scope.CONTACT),
        ([132015], WAIT, Scope.MESSAGE),
        ([131047], TEMPLATE, Scope.CONTACT),
        ([1026, 2040, 2046, 2047, 131009, 131051, 131062, 132068, 132069], OTHER, Scope.MESSAGE),
        ([131021, 131026, 131030, 130472, 130497, 131050, 137000], FINAL, Scope.CONTACT),
        ([100, 131008, 131055, 131063, 132000, 132001, 132005, 132007], FINAL, Scope.MESSAGE),
        ([132012, 132016, 132018, 134011, 134100, 134102, 135000], FINAL, Scope.MESSAGE),
        ([139000, 139004, 147001, 147005], FINAL, Scope.MESSAGE),
    ],
)
def test_every_code_meta_documents_has_its_consequence(
    codes: list[int], consequence: Consequence, scope: Scope
) -> None:
    for code in codes:
        verdict = classify(code, 400)
        assert (code, verdict.consequence, verdict.scope) == (code, consequence, scope)
        assert classify(code, 200) == verdict, "the same in a failed status"


def test_no_code_is_in_two_rows() -> None:
    codes = [
        code for row, _ in errors._TABLE for each in row for code in (each if isinstance(each, range) else (each,))
    ]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("status", "consequence"),
    [
        *((200, FINAL), (400, FINAL), (422, FINAL), (500, SOON), (502, SOON), (503, SOON), (599, SOON)),
        *((302, PAUSE), (401, PAUSE), (403, PAUSE), (404, PAUSE), (408, BACK_OFF), (429, BACK_OFF)),
    ],
)
@pytest.mark.parametrize("code", [None, 999999, -1])
def test_an_unknown_code_is_judged_by_the_http_status(code: int | None, status: int, consequence: Consequence) -> None:
    assert classify(code, status).consequence is consequence


@pytest.mark.parametrize(
    ("code", "status", "ambiguous"),
    [
        *((None, 500, True), (None, 502, True), (999999, 500, True), (1, 500, True), (131000, 500, True)),
        *((1, 400, False), (131000, 200, False), (2, 503, False), (131016, 503, False), (190, 500, False)),
        *((131056, 500, False), (None, 400, False), (None, 429, False), (None, 302, False)),
    ],
)
def test_only_a_server_error_that_names_no_reason_leaves_open_what_happened(
    code: int | None, status: int, ambiguous: bool
) -> None:
    assert classify(code, status).ambiguous is ambiguous


def test_a_hiccup_is_tried_again_a_few_times_and_a_limit_for_ever() -> None:
    hiccup, pair = classify(131000, 400), classify(131056, 400)
    assert [hiccup.delay(n) for n in range(1, 7)] == [*(timedelta(seconds=s) for s in (1, 2, 4, 8, 16)), None]
    assert [pair.delay(n) for n in (1, 2, 3, 99)] == [timedelta(seconds=s) for s in (1, 4, 16, 256)]
    assert classify(131026, 400).delay(1) is None


@given(st.none() | st.integers(), st.integers())
def test_every_pair_of_numbers_has_a_verdict_with_words(code: int | None, status: int) -> None:
    verdict = classify(code, status)
    assert verdict.sentence.endswith(".")
    assert (verdict.delay(1) is not None) is (verdict.consequence in (SOON, BACK_OFF, WAIT, PAUSE))
    assert verdict.alert or verdict.consequence is not PAUSE


def test_verdicts_say_different_things() -> None:
    sentences = [verdict.sentence for _, verdict in errors._TABLE]
    assert len(set(sentences)) == len(sentences) - 1, "1 and 131000 differ only in patience"
    assert all(isinstance(verdict, Verdict) and verdict.sentence.count(".") >= 1 for _, verdict in errors._TABLE)
