"""Message statuses, many at once: each row's greatest report counts, and a failure has its consequence."""

from collections.abc import Sequence

from flows import alerts, limits, messages, outbound
from flows.errors import Consequence, classify
from flows.inbound import StatusReport
from flows.messages import OrderStatus
from handlers.turn import tell_staff
from models import contacts, inbox, outbox, payments
from models.inbox import Event
from models.outbox import Outbound
from models.work import Work

PAYING = 2047
"""Meta's code for an order that is not canceled on the customer's page since it is paid, or just being paid."""
TAKEN = 200
"""The HTTP status of a send whose failure is told by a status: it was accepted first."""


async def on_reports(work: Work, reports: Sequence[tuple[Event, StatusReport]]) -> list[tuple[Event, str]]:
    """Settle these, in whatever order they came; what became of each event."""
    rows = await outbox.find_reported(
        work.connection,
        [status.token for _, status in reports if status.token],
        [status.wamid for _, status in reports],
    )
    by_name = {name: row for row in rows for name in (row.token, row.wamid) if name}
    told: dict[int, list[StatusReport]] = {}
    outcomes = []
    for event, status in reports:
        row = by_name.get(status.token or "") or by_name.get(status.wamid)
        if row is not None:
            told.setdefault(row.id, []).append(status)
            outcomes.append((event, inbox.finish(work, event)))
        elif work.now - event.received_at < limits.ORPHAN_PATIENCE:
            later = inbox.postpone(work, event, attempts=event.attempts, delay=limits.ORPHAN_DELAY)
            outcomes.append((event, later))
        else:
            outcomes.append((event, inbox.ignore(work, event, "not a message of ours")))
    for row in rows:
        if row.id in told:
            await _settle(work, row, told[row.id])
    return outcomes


async def _settle(work: Work, row: Outbound, reports: Sequence[StatusReport]) -> None:
    state = row.state
    failure: StatusReport | None = None
    for status in reports:
        after = outbound.settle(state, status.status)
        if after == "failed" != state:
            failure = status
        state = after
    if state == row.state:
        return
    lost = failure if state == "failed" else None
    code = lost.error_code if lost else None
    outbox.report(work, row, state=state, wamid=row.wamid or reports[0].wamid, error_code=code)
    if lost is not None:
        await _on_failure(work, row, code)


async def _on_failure(work: Work, row: Outbound, code: int | None) -> None:
    """Accepted first and failed afterwards: say it in a form that helps, else staff must know."""
    verdict = classify(code, TAKEN)
    if code == PAYING and isinstance(row.message, OrderStatus):
        await payments.look_up_by(work, row.message.reference, row.cause_id)
    if verdict.consequence is Consequence.USE_TEMPLATE and not row.closed:
        outbox.say_again(work, row, row.message, closed=True)
    elif verdict.consequence is Consequence.OTHER_FORM and (instead := messages.in_words(row.message)) is not None:
        outbox.say_again(work, row, instead)
    elif row.is_missed:
        contact = await contacts.get(work, row.contact_id)
        news = alerts.send_failed(work.store, who=contact.name, reason=verdict.sentence)
        tell_staff(work, news, but=row.contact_id)
