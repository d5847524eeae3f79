"""The sender's judgement, pure: in which form a row goes out, or why not now, and what follows from each outcome.

The protocol is `docs/life-of-a-message.md`; what follows from an error code is `flows/errors.py`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.whatsapp.client import Accepted, NotSent, Outcome, Refused, Unknown
from flows import limits, messages
from flows.errors import Consequence, Scope, Verdict, classify
from flows.messages import Message, Template
from flows.window import closes_at
from models.outbox import ALERT, EPHEMERAL, TEMPLATE, WINDOW, Outbound
from models.sending import Recipient, Settlement, Unsent, is_free
from models.templates import APPROVED, States

NOT_SENT_DELAYS = tuple(timedelta(seconds=s) for s in (1, 2, 4, 8, 16, 32, 60))
"""Nothing reached Meta: tried again as often as it takes."""
TEMPLATE_CODES = frozenset({132000, 132001, 132005, 132007, 132012, 132015, 132016, 132018})
"""Refusals of the template and not of the message: it waits until the person writes."""
TEMPLATE_STATES = {132001: "MISSING", 132015: "PAUSED", 132016: "DISABLED"}
"""What such a refusal says of the template itself: until Meta tells otherwise it is not tried again."""
NOT_LET_IN = (401, 403)
"""HTTP says of the token, in front of Graph, what Graph says by code 0."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One attempt that ended: what was sent to whom, and how."""

    row: Outbound
    recipient: Recipient
    form: Message
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Judgement:
    """`instead` is the same in a form that this person's app can show; `stops_number` makes everything wait.

    `template` is what was learnt of one: its name, its language and how it stands.
    """

    settlement: Settlement
    verdict: Verdict | None = None
    instead: Message | None = None
    stops_number: bool = False
    template: tuple[str, str, str] | None = None

    @property
    def is_lost(self) -> bool:
        """Whether staff must know that it will not arrive."""
        return self.settlement.event == "refused" and self.instead is None and self.settlement.row.is_missed


def unsent(row: Outbound, recipient: Recipient, now: datetime, states: States) -> Unsent | None:
    """Why `row` does not go out now. A template Meta never spoke of is tried: a stand-in may know nothing of templates."""
    if row.expires_at is not None and row.expires_at <= now:
        return Unsent(ended="expired")
    if recipient.wa_id is None and recipient.bsuid is None:
        return Unsent(ended="suppressed")
    if is_free(row, recipient, now):
        return None
    is_own_attempt = row.state == "unknown"  # the alert that counts as sent may be this one
    if row.fallback is None or (row.purpose == ALERT and not is_own_attempt and _has_been_alerted(row, recipient)):
        return Unsent(held=WINDOW)
    state = states.get((row.fallback.name, row.fallback.language), APPROVED)
    return None if state == APPROVED else Unsent(held=TEMPLATE)


def form(row: Outbound, recipient: Recipient, now: datetime) -> Message:
    """The free form while the window is open, else the template; `unsent` has said that there is one."""
    if is_free(row, recipient, now):
        return row.message
    assert row.fallback is not None
    return row.fallback


def _has_been_alerted(row: Outbound, recipient: Recipient) -> bool:
    """Whether an alert went out since the window closed, as a template then: the next ones wait until they write.

    A nudge waits for any alert, and no alert for a nudge.
    """
    last_at = recipient.nudged_at if row.arrival == EPHEMERAL else recipient.alerted_at
    if last_at is None:
        return False
    return recipient.last_inbound_at is None or last_at >= closes_at(recipient.last_inbound_at)


def judge(answer: Answer, now: datetime) -> Judgement:
    row = answer.row
    match answer.outcome:
        case Accepted(wamid=wamid):
            return Judgement(Settlement(row, "accepted", now, wamid=wamid, calms=answer.recipient.backoffs > 0))
        case NotSent():
            delay = NOT_SENT_DELAYS[min(row.attempts, len(NOT_SENT_DELAYS) - 1)]
            return Judgement(Settlement(row, "returned", now + delay))
        case Unknown():
            return Judgement(Settlement(row, "lost", now + _patience(answer.form)))
        case Refused(code=code, http_status=http_status):
            verdict = classify(code, http_status)
            return _judge_refusal(answer, verdict, 0 if code is None and http_status in NOT_LET_IN else code, now)


def _patience(form: Message) -> timedelta:
    """How long the status of a send with an unknown outcome may take."""
    return limits.AMBIGUOUS_TEMPLATE_WAIT if isinstance(form, Template) else limits.AMBIGUOUS_WAIT


def _judge_refusal(answer: Answer, verdict: Verdict, code: int | None, now: datetime) -> Judgement:
    row = answer.row

    def back(
        due_at: datetime = now, *, held: str | None = None, closes: bool = False, counts: bool = False
    ) -> Settlement:
        return Settlement(row, "returned", due_at, error_code=code, held=held, closes=closes, counts=counts)

    if verdict.ambiguous:
        return Judgement(Settlement(row, "lost", now + _patience(answer.form), error_code=code), verdict)
    if isinstance(answer.form, Template) and code in TEMPLATE_CODES:
        state = TEMPLATE_STATES.get(code)
        learnt = (answer.form.name, answer.form.language, state) if state else None
        return Judgement(back(held=TEMPLATE), verdict, template=learnt)
    if verdict.consequence is Consequence.USE_TEMPLATE:
        held = None if row.fallback is not None and not row.closed else WINDOW
        return Judgement(back(held=held, closes=True), verdict)
    refused = Settlement(row, "refused", now, error_code=code)
    if verdict.consequence is Consequence.OTHER_FORM:
        return Judgement(refused, verdict, instead=messages.in_words(answer.form))
    if verdict.scope is Scope.NUMBER:
        return Judgement(back(), verdict, stops_number=True)
    tries = answer.recipient.backoffs + 1 if verdict.scope is Scope.CONTACT else row.refusals + 1
    delay = verdict.delay(tries)
    if delay is None:
        return Judgement(refused, verdict)
    if verdict.scope is Scope.CONTACT:
        waiting = Settlement(row, "returned", now, error_code=code, back_off_until=now + delay)
        return Judgement(waiting, verdict)
    return Judgement(back(now + delay, counts=True), verdict)
