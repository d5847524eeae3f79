"""Every switch of the fault panel does what its line says."""

from datetime import timedelta

import aiohttp
import pytest

from bot.sandbox.faults import Faults, table
from tests.bot.sandbox.stage import ASHA, CREDENTIALS, Stage, code, wamid


@pytest.fixture
async def ready(play: Stage) -> Stage:
    """The window to Asha is open."""
    play.sandbox.person("asha").say("Hi")
    await play.sandbox.run_once()
    return play


def test_every_switch_is_described_and_labelled() -> None:
    rows = table()
    assert {row["name"] for row in rows} == set(Faults().values())
    assert {row["certainty"] for row in rows} == {"documented", "observed", "guess"}
    assert {row["kind"] for row in rows} == {"bool", "int", "choice", "code"}
    assert all(row["label"] and row["help"].endswith(".") for row in rows)
    assert {row["name"]: row["default"] for row in rows} == Faults().values()
    assert [row["name"] for row in rows if row["kind"] == "choice" and row["default"] not in row["choices"]] == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"nonsense": 1}, "no fault called 'nonsense'"),
        ({"batch": -1}, "whole number"),
        ({"batch": True}, "whole number"),
        ({"auto_read": 1}, "true or false"),
        ({"statuses": "sometimes"}, "one of normal"),
        ({"duplicate": 3, "fail_code": "131000"}, "whole number"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_set(values: dict[str, object], words: str) -> None:
    faults = Faults()
    with pytest.raises(ValueError, match=words):
        faults.change(values)
    assert faults == Faults()


async def test_the_next_sends_fail_with_a_code(ready: Stage) -> None:
    ready.sandbox.faults.change({"fail_next": 2, "fail_code": 131049})
    assert [code(await ready.text(ASHA)) for _ in range(2)] == [(400, 131049)] * 2
    assert (await ready.text(ASHA))[0] == 200
    assert len(ready.sandbox.ledger.refused()) == 2


async def test_an_invalid_send_uses_up_no_fault(ready: Stage) -> None:
    ready.sandbox.faults.change({"fail_next": 1})
    assert code(await ready.text(ASHA, "")) == (400, 131009)
    assert code(await ready.text(ASHA)) == (500, 131000)


async def test_throttling_answers_429_with_a_pause(ready: Stage) -> None:
    ready.sandbox.faults.throttle_next = 1
    url = ready.server.make_url(f"/sandbox/graph/v25.0/{CREDENTIALS.phone_number_id}/messages")
    body = {"messaging_product": "whatsapp", "to": ASHA.wa_id, "type": "text", "text": {"body": "x"}}
    async with ready.http.post(url, json=body, headers={"Authorization": "Bearer sandbox-token"}) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
        assert (await answer.json())["error"]["code"] == 130429


@pytest.mark.parametrize("contacts", [False, True])
async def test_an_accepted_send_fails_later(ready: Stage, *, contacts: bool) -> None:
    ready.sandbox.faults.change({"failed_next": 1, "failed_code": 131047, "failed_contacts": contacts})
    sent = wamid(await ready.text(ASHA, biz_opaque_callback_data="o1"))
    await ready.sandbox.run_once()
    [status] = ready.bot.statuses_seen()
    [bubble] = [b for b in ready.sandbox.person("asha").bubbles if b.wamid == sent]

    assert (status["status"], status["errors"][0]["code"], status["biz_opaque_callback_data"]) == (
        "failed",
        131047,
        "o1",
    )
    assert ("contacts" in ready.bot.values()[-1]) is contacts
    assert (bubble.status, bubble.error) == ("failed", {"code": 131047, "title": "Re-engagement message"})
    assert ready.sandbox.person("asha").new() == []


@pytest.mark.parametrize(
    ("how", "at_once", "later"),
    [
        ("normal", ["sent", "delivered"], []),
        ("late", [], ["sent", "delivered"]),
        ("never", [], []),
        ("out_of_order", ["delivered", "sent"], []),
    ],
)
async def test_statuses_come_in_time_late_never_or_out_of_order(
    ready: Stage, how: str, at_once: list[str], later: list[str]
) -> None:
    ready.sandbox.faults.change({"statuses": how, "late_s": 90})
    await ready.text(ASHA)
    await ready.sandbox.run_once()
    assert ready.bot.states() == at_once
    ready.clock.move(timedelta(seconds=90))
    await ready.sandbox.run_once()
    assert ready.bot.states() == at_once + later


async def test_statuses_may_overtake_the_answer(ready: Stage) -> None:
    ready.sandbox.faults.statuses = "before_response"
    sent = wamid(await ready.text(ASHA))
    assert [(s["id"], s["status"]) for s in ready.bot.statuses_seen()] == [(sent, "sent"), (sent, "delivered")]
    assert await ready.sandbox.run_once() is False


async def test_a_status_that_overtakes_and_is_refused_comes_again(ready: Stage) -> None:
    ready.sandbox.faults.statuses = "before_response"
    ready.bot.statuses = [503]
    await ready.text(ASHA)
    assert ready.bot.states() == ["sent", "delivered"]
    ready.clock.move(timedelta(seconds=1))
    await ready.sandbox.run_once()
    assert ready.bot.states() == ["sent", "delivered", "sent"]


@pytest.mark.parametrize(
    ("opaque", "expected"),
    [("everywhere", ["o1", "o1"]), ("sent_only", ["o1", None]), ("missing", [None, None])],
)
async def test_opaque_data_may_be_missing(ready: Stage, opaque: str, expected: list[str | None]) -> None:
    ready.sandbox.faults.opaque = opaque
    await ready.text(ASHA, biz_opaque_callback_data="o1")
    await ready.sandbox.run_once()
    assert [status.get("biz_opaque_callback_data") for status in ready.bot.statuses_seen()] == expected


async def test_messages_may_be_read_as_they_arrive(ready: Stage) -> None:
    ready.sandbox.faults.auto_read = True
    await ready.text(ASHA)
    await ready.sandbox.run_once()
    assert ready.bot.states() == ["sent", "delivered", "read"]
    assert ready.sandbox.person("asha").new()[0].status == "read"


async def test_a_hanging_answer_ends_when_the_other_side_gives_up_yet_the_send_was_accepted(ready: Stage) -> None:
    ready.sandbox.faults.hang_next = 1
    url = ready.server.make_url(f"/sandbox/graph/v25.0/{CREDENTIALS.phone_number_id}/messages")
    body = {"messaging_product": "whatsapp", "to": ASHA.wa_id, "type": "text", "text": {"body": "x"}}
    with pytest.raises(TimeoutError):
        await ready.http.post(
            url,
            json=body,
            headers={"Authorization": "Bearer sandbox-token"},
            timeout=aiohttp.ClientTimeout(total=0.2),
        )
    await ready.sandbox.run_once()
    assert ready.bot.states() == ["sent", "delivered"]


@pytest.mark.parametrize("at", [0, 1, 60, 130])
async def test_an_answer_may_be_cut_at_any_byte_yet_the_send_was_accepted(ready: Stage, at: int) -> None:
    ready.sandbox.faults.change({"reset_next": 1, "reset_at": at})
    with pytest.raises(aiohttp.ClientError):
        await ready.text(ASHA, "Cut", biz_opaque_callback_data="o1")
    assert [entry["token"] for entry in ready.sandbox.ledger.accepted()] == ["o1"]
    assert [b.body for b in ready.sandbox.person("asha").new()] == ["Cut"]
    assert (await ready.text(ASHA))[0] == 200


@pytest.mark.parametrize(("accepts", "sent"), [(False, 0), (True, 1)])
async def test_a_500_may_or_may_not_have_accepted(ready: Stage, *, accepts: bool, sent: int) -> None:
    ready.sandbox.faults.change({"error_next": 1, "error_accepts": accepts})
    url = ready.server.make_url(f"/sandbox/graph/v25.0/{CREDENTIALS.phone_number_id}/messages")
    body = {"messaging_product": "whatsapp", "to": ASHA.wa_id, "type": "text", "text": {"body": "x"}}
    async with ready.http.post(url, json=body, headers={"Authorization": "Bearer sandbox-token"}) as answer:
        assert (answer.status, answer.content_type) == (500, "text/html")
    assert len(ready.sandbox.ledger.accepted()) == sent
    assert len(ready.sandbox.ledger.refused()) == 1 - sent


async def test_a_200_may_be_unreadable(ready: Stage) -> None:
    ready.sandbox.faults.unreadable_next = 1
    url = ready.server.make_url(f"/sandbox/graph/v25.0/{CREDENTIALS.phone_number_id}/messages")
    body = {"messaging_product": "whatsapp", "to": ASHA.wa_id, "type": "text", "text": {"body": "x"}}
    async with ready.http.post(url, json=body, headers={"Authorization": "Bearer sandbox-token"}) as answer:
        assert (answer.status, (await answer.read())[:15]) == (200, b"<!DOCTYPE html>")
    assert len(ready.sandbox.ledger.accepted()) == 1
