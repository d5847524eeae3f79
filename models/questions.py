"""What somebody was asked last and has not answered: one open question to a contact as a customer, one as staff."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tortoise import Model, fields

from models.statements import INT, TEXT, Query, select
from models.work import Table, Work

CUSTOMER, STAFF = "customer", "staff"


# `kind` is null when nothing is open. `data` is the question's own.
class QuestionRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    contact_id = fields.BigIntField()
    side = fields.CharField(max_length=10)
    kind = fields.CharField(max_length=32, null=True)
    order_id = fields.BigIntField(null=True)
    data: dict[str, Any] = fields.JSONField()
    asked_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    version = fields.BigIntField()

    class Meta:
        table = "question"
        unique_together = (("contact_id", "side"),)


@dataclass(frozen=True, slots=True)
class Question:
    id: int
    contact_id: int
    side: str
    kind: str | None
    order_id: int | None
    data: dict[str, Any]
    asked_at: datetime
    expires_at: datetime | None
    version: int = 1

    @property
    def place(self) -> tuple[int, str]:
        return self.contact_id, self.side


QUESTIONS = Table(QuestionRow, Question, key="place")
_OF = select(
    QuestionRow,
    "WHERE t.contact_id IN (SELECT contact_id FROM identity WHERE store_id = :store_id AND active AND value IN :names)",
    store_id=INT,
    names=TEXT,
)
_OF_CONTACT = select(QuestionRow, "WHERE t.contact_id = :contact_id", contact_id=INT)


def load(names: Collection[str], store_id: int) -> Query:
    """The query for what everybody who has one of these names was asked last."""
    return _OF(store_id=store_id, names=sorted(names))


def loaded(work: Work, rows: Sequence[dict[str, Any]]) -> None:
    work.loaded(QUESTIONS, [Question(**row) for row in rows])


async def fetch(work: Work, contact_id: int) -> None:
    """What this contact was asked last, when the batch did not load it because somebody else wrote."""
    [rows] = await work.load_late(_OF_CONTACT(contact_id=contact_id))
    loaded(work, rows)


def find_open(work: Work, contact_id: int, side: str) -> Question | None:
    """What is open with this contact, unless it has expired."""
    question = work.find(QUESTIONS, (contact_id, side))
    if question is None or question.kind is None or (question.expires_at and question.expires_at <= work.now):
        return None
    return question


def ask(
    work: Work,
    contact_id: int,
    side: str,
    *,
    kind: str,
    order_id: int | None = None,
    data: dict[str, Any] | None = None,
    expires_at: datetime | None = None,
) -> None:
    """Remember what was asked; it takes the place of what was open before."""
    known = work.find(QUESTIONS, (contact_id, side))
    asked = Question(
        known.id if known else work.ids.new(), contact_id, side, kind, order_id, data or {}, work.now, expires_at,
        known.version + 1 if known else 1,
    )  # fmt: skip
    if known:
        work.replace(QUESTIONS, asked)
    else:
        work.add(QUESTIONS, asked)


def close(work: Work, contact_id: int, side: str) -> None:
    """Nothing is open any more."""
    known = work.find(QUESTIONS, (contact_id, side))
    if known is not None and known.kind is not None:
        work.replace(QUESTIONS, replace(known, kind=None, order_id=None, data={}, version=known.version + 1))
