"""The sender's judgement: in which form a message goes out, why not, and what follows from each outcome."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.settling import Answer, Judgement, form, judge, unsent
from bot.whatsapp.client import Accepted, NotSent, Outcome, Refused, Unknown
from flows import limits
from flows.messages import Button, Buttons, Message, Template, Text
from models.outbox import ALERT, EPHEMERAL, MUST_ARRIVE, NOTICE, ONCE, Outbound
from models.sending import Recipient, Unsent

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
WORDS = Text("Here is the whole answer")
SHORT = Template("order_update", "en", ("Nukkad", "an answer"))
ROW = Outbound(
    id=1, contact_id=1, cause_id=1, order_id=None, purpose=NOTICE, arrival=MUST_ARRIVE, message=WORDS, fallback=SHORT,
    state="queued", closed=False, token="t", attempts=0, refusals=0, resends=0, attempted_at=None, created_at=NOW, expires_at=None,
    wamid=None,
)  # fmt: skip
OPEN = Recipient(
    id=1, last_inbound_at=NOW, paced_until=None, backoffs=0, wa_id="9198", bsuid=None, alerted_at=None, nudged_at=None
)  # fmt: skip
CLOSED = replace(OPEN, last_inbound_at=NOW - limits.WINDOW)
STRANGER = replace(OPEN, last_inbound_at=None)


@pytest.mark.parametrize(
    ("ago", "goes"),
    [
        (timedelta(), WORDS),
        (timedelta(hours=23, minutes=54, seconds=59), WORDS),
        (timedelta(hours=23, minutes=55), SHORT),
        (timedelta(hours=24), SHORT),
        (timedelta(days=300), SHORT),
        (-timedelta(seconds=60), WORDS),
    ],
)
def test_the_window_is_looked_at_when_it_is_sent(ago: timedelta, goes: Message) -> None:
    recipient = replace(OPEN, last_inbound_at=NOW - ago)

    assert unsent(ROW, recipient, NOW, {}) is None
    assert form(ROW, recipient, NOW) == goes


@pytest.mark.parametrize("recipient", [CLOSED, STRANGER])
@pytest.mark.parametrize(
    ("row", "states", "why"),
    [
        (ROW, {}, None),
        (ROW, {("order_update", "en"): "APPROVED"}, None),
        (ROW, {("order_update", "en"): "PAUSED"}, Unsent(held="template")),
        (ROW, {("order_update", "hi"): "PAUSED", ("staff_alert", "en"): "PAUSED"}, None),
        (replace(ROW, fallback=None), {}, Unsent(held="window")),
        (replace(ROW, fallback=None), {("order_update", "en"): "PAUSED"}, Unsent(held="window")),
    ],
)
def test_a_closed_window_needs_a_template_that_is_approved(
    recipient: Recipient, row: Outbound, states: dict[tuple[str, str], str], why: Unsent | None
) -> None:
    assert unsent(row, recipient, NOW, states) == why


def test_an_open_window_needs_no_template() -> None:
    assert unsent(replace(ROW, fallback=None), OPEN, NOW, {("order_update", "en"): "REJECTED"}) is None


@pytest.mark.parametrize(
    ("alerted_at", "last_inbound_at", "why"),
    [
        (None, None, None),
        (None, NOW - timedelta(days=2), None),
        (NOW - timedelta(days=3), NOW - timedelta(days=2), None),
        (NOW - timedelta(hours=40), NOW - timedelta(days=2), None),
        (NOW - timedelta(hours=20), NOW - timedelta(days=2), Unsent(held="window")),
        (NOW - timedelta(days=30), None, Unsent(held="window")),
        (NOW - timedelta(minutes=1), NOW - timedelta(hours=1), None),
    ],
)
def test_a_closed_window_gets_one_alert(
    alerted_at: datetime | None, last_inbound_at: datetime | None, why: Unsent | None
) -> None:
    recipient = replace(OPEN, alerted_at=alerted_at, nudged_at=alerted_at, last_inbound_at=last_inbound_at)
    nudge = replace(ROW, purpose=ALERT, arrival=EPHEMERAL)

    assert unsent(replace(ROW, purpose=ALERT), recipient, NOW, {}) == why
    assert unsent(nudge, recipient, NOW, {}) == why
    assert unsent(replace(ROW, purpose=ALERT), replace(recipient, alerted_at=None), NOW, {}) is None, "a nudge went out"
    assert unsent(ROW, recipient, NOW, {}) is None, "what is no alert goes every time"


@pytest.mark.parametrize(
    ("row", "recipient", "why"),
    [
        (replace(ROW, expires_at=NOW), OPEN, Unsent(ended="expired")),
        (replace(ROW, expires_at=NOW + timedelta(seconds=1)), OPEN, None),
        (ROW, replace(OPEN, wa_id=None), Unsent(ended="suppressed")),
        (ROW, replace(OPEN, wa_id=None, bsuid="IN.1"), None),
    ],
)
def test_some_are_not_sent_at_all(row: Outbound, recipient: Recipient, why: Unsent | None) -> None:
    assert unsent(row, recipient, NOW, {}) == why


@pytest.mark.parametrize(("wrote", "goes"), [(-timedelta(seconds=1), SHORT), (timedelta(seconds=1), WORDS)])
def test_what_meta_says_of_the_window_counts_until_they_have_written_again(wrote: timedelta, goes: Message) -> None:
    row, recipient = replace(ROW, closed=True), replace(OPEN, last_inbound_at=NOW + wrote)

    assert form(row, recipient, NOW + timedelta(minutes=1)) == goes


def judged(outcome: Outcome, row: Outbound = ROW, sent_as: Message = WORDS, *, backoffs: int = 0) -> Judgement:
    return judge(Answer(row, replace(OPEN, backoffs=backoffs), sent_as, outcome), NOW)


def refused(code: int | None, http_status: int = 400) -> Refused:
    return Refused(code, http_status, "-", "-")


def test_meta_took_it() -> None:
    settled = judged(Accepted("w", None, None)).settlement
    assert (settled.event, settled.wamid, settled.due_at) == ("accepted", "w", NOW)


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 1), (1, 2), (5, 32), (6, 60), (1000, 60)])
def test_what_never_left_goes_back_and_waits_longer_each_time(attempts: int, seconds: int) -> None:
    settled = judged(NotSent("the connection was refused"), replace(ROW, attempts=attempts)).settlement
    assert (settled.event, settled.due_at) == ("returned", NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(("sent_as", "seconds"), [(WORDS, 20), (SHORT, 60)])
def test_a_silence_is_waited_out_longer_for_a_template(sent_as: Message, seconds: int) -> None:
    settled = judged(Unknown("TimeoutError"), sent_as=sent_as).settlement
    assert (settled.event, settled.due_at) == ("lost", NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("row", "held"), [(ROW, None), (replace(ROW, fallback=None), "window"), (replace(ROW, closed=True), "window")]
)
def test_for_a_closed_window_it_goes_as_a_template_or_waits(row: Outbound, held: str | None) -> None:
    settled = judged(refused(131047), row).settlement
    assert (settled.event, settled.closes, settled.held, settled.due_at) == ("returned", True, held, NOW)


@pytest.mark.parametrize(
    ("code", "learnt"),
    [
        (132000, None), (132001, "MISSING"), (132005, None), (132007, None), (132012, None), (132015, "PAUSED"),
        (132016, "DISABLED"), (132018, None),
    ],
)  # fmt: skip
def test_a_refused_template_waits_for_the_person_to_write(code: int, learnt: str | None) -> None:
    judgement = judged(refused(code), sent_as=SHORT)

    assert (judgement.settlement.event, judgement.settlement.held) == ("returned", "template")
    assert judgement.template == (("order_update", "en", learnt) if learnt else None)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (refused(190, 401), 190), (refused(0, 401), 0), (refused(None, 401), 0), (refused(None, 403), 0),
        (refused(131031, 403), 131031), (refused(130429, 429), 130429), (refused(None, 429), None),
        (refused(None, 404), None), (refused(33), 33), (refused(131016, 503), 131016),
    ],
)  # fmt: skip
def test_some_refusals_stop_the_number_and_leave_the_message_waiting(outcome: Refused, code: int | None) -> None:
    judgement = judged(outcome)
    assert (judgement.stops_number, judgement.is_lost) == (True, False)
    assert (judgement.settlement.event, judgement.settlement.due_at) == ("returned", NOW)
    assert judgement.settlement.error_code == code


def test_whoever_had_too_much_is_calm_again_once_meta_takes_a_message() -> None:
    taken = Accepted("wamid.1", None, None)
    assert [judged(taken, backoffs=n).settlement.calms for n in (0, 1, 3)] == [False, True, True]


@pytest.mark.parametrize(("backoffs", "seconds"), [(0, 1), (1, 4), (2, 16), (3, 64), (4, 256), (50, 256)])
def test_too_much_for_one_person_waits_longer_each_time_and_for_ever(backoffs: int, seconds: int) -> None:
    judgement = judged(refused(131056), backoffs=backoffs)
    assert judgement.settlement.back_off_until == NOW + timedelta(seconds=seconds)
    assert (judgement.settlement.event, judgement.stops_number) == ("returned", False)


@pytest.mark.parametrize(("refusals", "event"), [(0, "returned"), (4, "returned"), (5, "refused")])
def test_a_hiccup_is_tried_again_for_a_while(refusals: int, event: str) -> None:
    settlement = judged(refused(131000, 400), replace(ROW, attempts=9, refusals=refusals)).settlement
    assert (settlement.event, settlement.counts) == (event, event == "returned")


@pytest.mark.parametrize(
    ("purpose", "arrival", "is_lost"),
    [
        (NOTICE, MUST_ARRIVE, True), (NOTICE, ONCE, True), (NOTICE, EPHEMERAL, False),
        (ALERT, MUST_ARRIVE, False),
    ],
)  # fmt: skip
def test_staff_hear_of_what_will_never_arrive(purpose: str, arrival: str, is_lost: bool) -> None:
    judgement = judged(refused(131026), replace(ROW, purpose=purpose, arrival=arrival))
    assert (judgement.settlement.event, judgement.is_lost) == ("refused", is_lost)


def test_what_an_app_cannot_show_is_said_in_words() -> None:
    buttons = Buttons("Which?", (Button("a", "This"),))
    judgement = judged(refused(131051), sent_as=buttons)

    assert (judgement.settlement.event, judgement.instead) == ("refused", Text("Which?\n\n• This"))
    assert not judgement.is_lost
    assert judged(refused(131051)).is_lost, "plain words have no other form"
