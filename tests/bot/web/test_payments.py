"""The door for payment providers: what is signed is on disk before it is answered, and a stranger leaves nothing."""

import io
from collections.abc import Mapping
from datetime import timedelta

import orjson
import pytest

from bot.web import payments
from models.inbox import Arrival
from tests.bank import KIND, SECRET, Bank
from tests.bot.web.door import Door, status

TOLD = orjson.dumps([
    {"id": "ev1", "report": {"provider": "stripe", "reference": "w1", "says": "capture", "amount": 1, "currency": "INR"}},
    {"id": "ev2", "report": {"provider": "stripe", "reference": "", "says": "capture", "amount": 1, "currency": "INR"}},
])  # fmt: skip


async def post(door: Door, raw: bytes | io.BytesIO, *, provider: str = "stripe", **headers: str) -> tuple[int, str]:
    async with door.http.post(door.url(f"/payments/{provider}"), data=raw, headers=headers) as answer:
        return answer.status, await answer.text()


@pytest.fixture
def signed() -> dict[str, str]:
    return {"Signature": SECRET}


async def test_what_a_provider_signed_is_kept_once_in_the_lane_of_its_payment(
    stored: Door, signed: dict[str, str]
) -> None:
    stored.app.providers["stripe"] = Bank()
    assert [(await post(stored, TOLD, **signed))[0] for _ in range(3)] == [200, 200, 200]
    found = await stored.rows()
    assert [(row["kind"], row["ordering_key"], row["state"]) for row in found] == [
        (KIND, "p:w1", "new"), (KIND, "unknown", "new"),
    ]  # fmt: skip


@pytest.mark.parametrize("headers", [{}, {"Signature": "other"}, {"Signature": ""}])
async def test_a_forged_webhook_is_401_and_leaves_no_row(stored: Door, headers: dict[str, str]) -> None:
    stored.app.providers["stripe"] = Bank()
    hits = stored.listen()
    code, text = await post(stored, TOLD, **headers)
    assert (code, hits) == (401, {})
    assert "webhook secret of stripe" in text
    assert await stored.rows() == []


async def test_what_is_not_as_documented_is_400(shut: Door, signed: dict[str, str]) -> None:
    shut.app.providers["stripe"] = Bank()
    assert (await post(shut, b"{", **signed))[0] == 400
    assert (await post(shut, b"[]", **signed))[0] == 200
    assert await shut.rows() == []


async def test_nobody_is_there_by_another_name_and_names_are_not_repeated(shut: Door, signed: dict[str, str]) -> None:
    code, text = await post(shut, TOLD, provider="<script>", **signed)
    assert (code, "script" in text, await shut.rows()) == (404, False, [])
    async with shut.http.get(shut.url("/payments/stripe")) as answer:
        assert answer.status == 405


async def test_what_is_too_large_is_413(shut: Door, signed: dict[str, str]) -> None:
    shut.app.providers["stripe"] = Bank()
    assert (await post(shut, io.BytesIO(b" " * (5 << 20)), **signed))[0] == 413
    assert await shut.rows() == []


async def test_a_body_that_breaks_off_is_408_or_nothing(shut: Door) -> None:
    shut.app.providers["stripe"] = Bank()
    head = b"POST /payments/stripe HTTP/1.1\r\nHost: waybill\r\nConnection: close\r\nSignature: secret\r\n"
    answer = await shut.knock(head + b"Transfer-Encoding: chunked\r\n\r\n" + b"5\r\nabcdeXX")
    assert status(answer) in (0, 400, 408)
    assert await shut.rows() == []


async def test_a_slow_body_is_408(shut: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payments, "BODY_TIME", timedelta(milliseconds=20))
    shut.app.providers["stripe"] = Bank()
    head = b"POST /payments/stripe HTTP/1.1\r\nHost: waybill\r\nConnection: close\r\nContent-Length: 100\r\n\r\n"
    assert status(await shut.knock(head + b"[")) == 408


async def test_what_cannot_be_stored_or_understood_by_a_fault_of_ours_is_503(
    shut: Door, signed: dict[str, str]
) -> None:
    class Broken(Bank):
        def arrivals(self, headers: Mapping[str, str], query: Mapping[str, str], raw: bytes) -> list[Arrival]:
            return super().arrivals(headers, query, raw and orjson.dumps([{"report": {}}]))

    shut.app.providers["stripe"] = Broken()
    assert (await post(shut, TOLD, **signed))[0] == 503
    shut.app.providers["stripe"] = Bank()
    async with shut.app.database.transaction() as connection:
        await connection.execute_query("ALTER TABLE inbox RENAME TO gone")  # type: ignore[attr-defined]
    assert (await post(shut, TOLD, **signed))[0] == 503
    async with shut.app.database.transaction() as connection:
        await connection.execute_query("ALTER TABLE gone RENAME TO inbox")  # type: ignore[attr-defined]
    assert (await post(shut, TOLD, **signed))[0] == 200
