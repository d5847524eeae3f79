"""A provider's answer as an event of the inbox, and back."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson

from bot.payments.provider import lane
from flows.payments import Answer, Answered, Call, Report
from models.inbox import Arrival

KIND = "answer"


def arrival(call: Call, answer: Answer) -> Arrival:
    """In the lane of the payment it is about; the same call is answered once."""
    payload = {"call": asdict(call), "answer": asdict(answer)}
    return Arrival(f"call:{call.id}", KIND, lane(str(call.details["reference"])), orjson.dumps(payload))


def read(payload: bytes) -> Answered:
    kept = orjson.loads(payload)
    told = kept["answer"]
    reports = tuple(Report(**{**report, "at": _moment(report["at"])}) for report in told.pop("reports"))
    answer = Answer(**{**told, "expires_at": _moment(told["expires_at"]), "reports": reports})
    return Answered(Call(**kept["call"]), answer)


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
