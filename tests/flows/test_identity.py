"""One person by two kinds of names: every combination of what an event says and of who has which name."""

import pytest

from flows.identity import BSUID, WA_ID, Decision, Holder, decide, is_same_person

NUMBER, ID = (WA_ID, "9198"), (BSUID, "IN.1")


def has(contact: int, *, wa_id: bool = False, bsuid: bool = False) -> Holder:
    return Holder(contact, has_wa_id=wa_id, has_bsuid=bsuid)


@pytest.mark.parametrize(
    ("by_wa_id", "decision"),
    [
        (None, Decision(None, names=(NUMBER,))),
        (has(1, wa_id=True), Decision(1, names=(NUMBER,))),
        (has(1, wa_id=True, bsuid=True), Decision(1, names=(NUMBER,))),
    ],
)
def test_a_number_alone_is_whoever_has_it(by_wa_id: Holder | None, decision: Decision) -> None:
    assert decide(wa_id="9198", bsuid=None, by_wa_id=by_wa_id, by_bsuid=None) == decision


@pytest.mark.parametrize(
    ("by_bsuid", "decision"),
    [
        (None, Decision(None, names=(ID,))),
        (has(1, bsuid=True), Decision(1, names=(ID,))),
        (has(1, wa_id=True, bsuid=True), Decision(1, names=(ID,))),
    ],
)
def test_an_id_alone_is_whoever_has_it(by_bsuid: Holder | None, decision: Decision) -> None:
    assert decide(wa_id=None, bsuid="IN.1", by_wa_id=None, by_bsuid=by_bsuid) == decision


@pytest.mark.parametrize(
    ("by_wa_id", "by_bsuid", "decision", "why"),
    [
        (None, None, Decision(None), "somebody new"),
        (has(1, wa_id=True), None, Decision(1), "known by number, now with an id"),
        (None, has(1, bsuid=True), Decision(1), "known by id, now with a number"),
        (None, has(1, wa_id=True, bsuid=True), Decision(1), "known by id, with a new number"),
        (has(1, wa_id=True, bsuid=True), None, Decision(None), "a number that comes with another id changed hands"),
        (has(1, wa_id=True, bsuid=True), has(1, wa_id=True, bsuid=True), Decision(1), "known by both"),
        (has(1, wa_id=True), has(2, bsuid=True), Decision(1, join=2), "known twice: the older stays"),
        (has(2, wa_id=True), has(1, bsuid=True), Decision(1, join=2), "known twice: the older stays"),
        (has(1, wa_id=True, bsuid=True), has(2, bsuid=True), Decision(2), "the id is right, the number moves"),
        (has(1, wa_id=True), has(2, wa_id=True, bsuid=True), Decision(2), "the id is right, the number moves"),
        (has(1, wa_id=True, bsuid=True), has(2, wa_id=True, bsuid=True), Decision(2), "the id is right"),
    ],
)  # fmt: skip
def test_a_number_and_an_id(by_wa_id: Holder | None, by_bsuid: Holder | None, decision: Decision, why: str) -> None:
    decided = decide(wa_id="9198", bsuid="IN.1", by_wa_id=by_wa_id, by_bsuid=by_bsuid)

    assert decided == Decision(decision.contact, decision.join, names=(NUMBER, ID)), why


@pytest.mark.parametrize(
    ("holder", "kind", "same"),
    [
        (has(2, bsuid=True), BSUID, True),
        (has(2, wa_id=True, bsuid=True), BSUID, True),
        (has(2, wa_id=True), WA_ID, True),
        (has(2, wa_id=True, bsuid=True), WA_ID, False),
    ],
)
def test_whoever_has_the_new_name_is_the_same_person_unless_the_number_changed_hands(
    holder: Holder, kind: str, same: bool
) -> None:
    assert is_same_person(holder, kind) is same
