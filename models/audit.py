"""The audit trail: who asked for what and what came of it. Append-only (the database refuses more), ids only."""

from tortoise import Model, fields

from models.statements import insert
from models.work import Work


class AuditRow(Model):
    id = fields.BigIntField(primary_key=True)
    store_id = fields.BigIntField()
    event_id = fields.BigIntField(null=True)
    contact_id = fields.BigIntField(null=True)
    role = fields.CharField(max_length=10, null=True)
    action = fields.CharField(max_length=40)
    outcome = fields.CharField(max_length=40)
    at = fields.DatetimeField()

    class Meta:
        table = "audit"


_RECORD = insert(AuditRow, "store_id", "event_id", "contact_id", "role", "action", "outcome", "at")


def record(
    work: Work, *, event_id: int | None, contact_id: int | None, role: str | None, action: str, outcome: str
) -> None:
    work.append(_RECORD, (work.store.id, event_id, contact_id, role, action, outcome, work.now))
