"""What is asked for and paid in the chat, as Meta's pages describe it: webhooks, look-up, refund, an order's status."""

from datetime import timedelta
from typing import Any

import orjson
import pytest

from bot.whatsapp.wire import payload
from flows.messages import OrderDetails, OrderStatus, Template
from flows.payable import Gateway, Importer, Item
from tests.bot.sandbox.keysets import unknown
from tests.bot.sandbox.stage import ASHA, CREDENTIALS, START, Stage

CHAI = Item("Masala chai", 34900, 2, origin="India", importer=Importer("Nukkad", "12 MG Road", "Pune", "MH", "411001"))
LOOK_UP = f"{CREDENTIALS.phone_number_id}/payments/nukkad/w1"
REFUND = f"{CREDENTIALS.phone_number_id}/payments_refund"


def asks(reference: str = "w1", *, expires_in: int | None = None) -> OrderDetails:
    expires_at = None if expires_in is None else int(START.timestamp()) + expires_in
    return OrderDetails("Pay", "Pay", reference, (CHAI,), (Gateway("razorpay", "nukkad"),), expires_at=expires_at)


async def send(play: Stage, message: OrderDetails | OrderStatus | Template) -> tuple[int, Any]:
    return await play.send(payload(message, wa_id=ASHA.wa_id, bsuid=None, token="t"))


@pytest.fixture
async def asked(play: Stage) -> Stage:
    """Asha has written, and was asked for ₹ 698."""
    play.sandbox.person("asha").say("Hi")
    assert (await send(play, asks()))[0] == 200
    return play


async def told(play: Stage) -> list[dict[str, Any]]:
    """What the bot hears of payments, every key of it known."""
    await play.sandbox.run_once()
    bodies = [orjson.loads(body) for body in play.bot.bodies]
    assert [odd for body in bodies for odd in unknown(body)] == []
    statuses = [s for b in bodies for e in b["entry"] for c in e["changes"] for s in c["value"].get("statuses", [])]
    return [status for status in statuses if status.get("type") == "payment"]


async def test_paying_is_told_step_by_step(asked: Stage) -> None:
    phone = asked.sandbox.person("asha")
    for how in ("wait", "fail", "pay"):
        phone.pay(how)
    said = [(s["status"], s["payment"]["transaction"]["status"]) for s in await told(asked)]
    assert said == [("pending", "pending"), ("pending", "failed"), ("captured", "success")]
    [bubble] = [b for b in phone.bubbles if "order_details" in b.shown]
    assert bubble.shown["paying"] == "paid"
    with pytest.raises(ValueError, match="no longer"):
        phone.pay()


async def test_a_phone_pays_by_control_json(asked: Stage) -> None:
    status, _ = await asked.control("POST", "messages", {"person": "asha", "type": "pay"})
    assert status == 202
    [paid] = await told(asked)
    assert paid["payment"]["amount"] == {"value": 69800, "offset": 100}
    assert (paid["payment"]["reference_id"], paid["payment"]["currency"]) == ("w1", "INR")


async def test_a_look_up_tells_all_attempts_and_errors_as_a_list(asked: Stage) -> None:
    asked.sandbox.person("asha").pay("fail")
    asked.sandbox.person("asha").pay("pay")
    status, answer = await asked.graph("GET", LOOK_UP)
    [payment] = answer["payments"]
    assert (status, payment["status"], payment["total_amount"]) == (200, "captured", {"value": 69800, "offset": 100})
    assert [attempt["status"] for attempt in payment["transactions"]] == ["failed", "success"]
    status, answer = await asked.graph("GET", LOOK_UP.replace("w1", "w2"))
    assert (status, [sorted(error) for error in answer["errors"]]) == (404, [["code", "details", "title"]])


async def test_a_refund_is_told_in_both_spellings(asked: Stage) -> None:
    asked.sandbox.person("asha").pay()
    amount = {"currency": "INR", "value": "10000", "offset": "100"}
    body = {"reference_id": "w1", "payment_config_id": "nukkad", "speed": "normal", "amount": amount}
    status, answer = await asked.graph("POST", REFUND, body)
    assert (status, answer["status"]) == (200, "completed")
    [_, after] = await told(asked)
    assert [(r["status"], r["amount"]["value"]) for r in after["payment"]["refunds"]] == [("success", 10000)]
    status, _ = await asked.graph("POST", REFUND, body | {"amount": amount | {"value": "69800"}})
    assert status == 400


async def test_a_reference_serves_one_message_in_either_form(asked: Stage) -> None:
    components = [
        {"type": "BODY", "text": "Pay {{1}} now.", "example": {"body_text": [["x"]]}},
        {"type": "BUTTONS", "buttons": [{"type": "ORDER_DETAILS", "text": "Review and Pay"}]},
    ]
    template = {"name": "order_payment", "language": "en", "category": "UTILITY", "components": components}
    asked.sandbox.templates.create(template)
    assert (await send(asked, asks()))[0] == 400
    assert (await send(asked, Template("order_payment", "en", ("x",), asks())))[0] == 400
    assert (await send(asked, Template("order_payment", "en", ("x",))))[0] == 400
    assert (await send(asked, Template("order_payment", "en", ("x",), asks("w2"))))[0] == 200
    asked.sandbox.person("asha").pay()
    assert [s["payment"]["reference_id"] for s in await told(asked)] == ["w2"]


async def test_what_ends_soon_is_refused_and_what_has_ended_is_not_paid(asked: Stage) -> None:
    assert (await send(asked, asks("w2", expires_in=299)))[0] == 400
    assert (await send(asked, asks("w3", expires_in=300)))[0] == 200
    asked.sandbox.world.clock.move(timedelta(seconds=301))
    with pytest.raises(ValueError, match="is over"):
        asked.sandbox.person("asha").pay()


async def failed(play: Stage) -> list[int]:
    """The codes of messages that were accepted and then failed."""
    await play.sandbox.run_once()
    bodies = [orjson.loads(body) for body in play.bot.bodies]
    return [
        error["code"]
        for b in bodies for e in b["entry"] for c in e["changes"] for s in c["value"].get("statuses", [])
        for error in s.get("errors", [])
    ]  # fmt: skip


async def progress(play: Stage, *statuses: str) -> list[int]:
    for status in statuses:
        assert (await send(play, OrderStatus("News", "w1", status)))[0] == 200
    return await failed(play)


async def test_an_orders_status_goes_its_way_and_shows(asked: Stage) -> None:
    asked.sandbox.person("asha").pay()
    assert await progress(asked, "processing", "shipped", "processing", "completed") == []
    [bubble] = [b for b in asked.sandbox.person("asha").bubbles if "order_details" in b.shown]
    assert (bubble.shown["paying"], bubble.shown["order_is"]) == ("paid", "completed")
    assert await progress(asked, "shipped") == [2046]


@pytest.mark.parametrize(("how", "codes"), [("pay", [2047]), ("wait", [2047]), ("fail", [])])
async def test_what_is_paid_or_being_paid_is_not_canceled(asked: Stage, how: str, codes: list[int]) -> None:
    asked.sandbox.person("asha").pay(how)
    assert await progress(asked, "canceled") == codes
    [bubble] = [b for b in asked.sandbox.person("asha").bubbles if "order_details" in b.shown]
    assert (bubble.shown["order_is"] == "canceled") is (not codes)


async def test_a_status_of_nothing_is_refused(asked: Stage) -> None:
    assert (await send(asked, OrderStatus("News", "w9", "shipped")))[0] == 200
    assert await failed(asked) == [131009]
