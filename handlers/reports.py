"""Message statuses, many at once: each row's greatest report counts, and a failure has its consequence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flows import alerts, outbound
from flows.errors import Consequence, Verdict
from flows.inbound import StatusReport
from handlers.turn import tell_staff
from models import contacts, inbox, outbox
from models.inbox import Event
from models.outbox import MUST_ARRIVE, Outbound
from models.work import Work

PATIENCE = timedelta(minutes=2)
"""A status can overtake our own note of what it reports on. After this nobody will claim it: it is from another sender."""
LATER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Report:
    """A status event, read. `verdict` says what follows from a failure."""

    event: Event
    status: StatusReport
    verdict: Verdict | None


async def on_reports(work: Work, reports: Sequence[Report]) -> None:
    tokens = [r.status.token for r in reports if r.status.token]
    rows = await outbox.find_reported(work.connection, tokens, [r.status.wamid for r in reports])
    by_name = {name: row for row in rows for name in (row.token, row.wamid) if name}
    told: dict[int, list[Report]] = {}
    for report in reports:
        row = by_name.get(report.status.token or "") or by_name.get(report.status.wamid)
        if row is not None:
            told.setdefault(row.id, []).append(report)
            inbox.finish(work, report.event)
        elif work.now - report.event.received_at < PATIENCE:
            inbox.postpone(work, report.event, attempts=report.event.attempts, delay=LATER)
        else:
            inbox.ignore(work, report.event, "not a message of ours")
    for row in rows:
        if row.id in told:
            await _settle(work, row, told[row.id])


async def _settle(work: Work, row: Outbound, reports: Sequence[Report]) -> None:
    state = row.state
    failure = None
    for report in reports:
        after = outbound.settle(state, report.status.status)
        if after == "failed" != state:
            failure = report
        state = after
    if state == row.state:
        return
    lost = failure if state == "failed" else None
    code = lost.status.error_code if lost else None
    outbox.report(work, row, state=state, wamid=row.wamid or reports[0].status.wamid, error_code=code)
    if lost is not None:
        await _on_failure(work, row, lost.verdict)


async def _on_failure(work: Work, row: Outbound, verdict: Verdict | None) -> None:
    """Accepted first and failed afterwards: say it as a template where that helps, else tell staff what must arrive."""
    if verdict is not None and verdict.consequence is Consequence.USE_TEMPLATE and not row.closed:
        outbox.say(
            work, row.contact_id, row.message,
            cause=row.cause_id, fallback=row.fallback, purpose=row.purpose, arrival=row.arrival, closed=True,
        )  # fmt: skip
    elif row.arrival == MUST_ARRIVE:
        contact = await contacts.get(work, row.contact_id)
        reason = verdict.sentence if verdict else "WhatsApp gave no reason"
        tell_staff(
            work, alerts.send_failed(work.store, who=contact.name or "somebody", reason=reason), but=row.contact_id
        )
