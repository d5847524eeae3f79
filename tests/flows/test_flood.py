"""Thirty messages at once are heard, then one in six seconds; who goes on is told, and not each time."""

from datetime import UTC, datetime, timedelta

from flows import limits
from flows.flood import Patience, weigh

START = datetime(2026, 3, 2, tzinfo=UTC)


def found(*moments: float) -> list[Patience]:
    until, answers = None, []
    for seconds in moments:
        patience, until = weigh(until, START + timedelta(seconds=seconds))
        answers.append(patience)
    return answers


def test_a_burst_is_heard_and_the_first_too_many_is_told() -> None:
    heard = found(*[0.0] * 200)
    assert heard == [Patience.PATIENT] * limits.CHATTER + [Patience.LOST] + [Patience.GONE] * (199 - limits.CHATTER)


def test_who_writes_as_fast_as_can_be_answered_is_heard_for_ever() -> None:
    pace = limits.PAIR_INTERVAL.total_seconds()
    assert set(found(*(n * pace for n in range(1000)))) == {Patience.PATIENT}


def test_who_goes_on_is_told_once_a_minute_and_never_heard() -> None:
    later = found(*[0.0] * limits.CHATTER, *(n / 10 for n in range(6000)))[limits.CHATTER :]
    assert 8 <= later.count(Patience.LOST) <= 11
    assert Patience.PATIENT not in later


def test_who_pauses_is_heard_again() -> None:
    wait = (limits.CHATTER_PAUSE + limits.PAIR_INTERVAL).total_seconds()
    assert found(*[0.0] * (limits.CHATTER + 5), wait)[-1] is Patience.PATIENT
