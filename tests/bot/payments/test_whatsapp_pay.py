"""WhatsApp Pay against the sandbox: what is looked up counts, what is given back goes once, what is withdrawn is asked about."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.payments.provider import Unavailable
from flows.payments import CREATE, LOOK_UP, REFUND, Answer, Call
from tests.journeys.script import Line
from tests.world import Stage, world

SET = (
    "payment_methods=whatsapp_pay;pay.provider=razorpay;pay.configuration=nukkad;order_flow=pay_then_confirm;"
    "pay.importer=Demo Store, 12 MG Road, Pune, MH, 411001;delivery_methods=pickup"
)


@pytest.fixture
async def shop(ready_url: str, tmp_path: Path) -> AsyncIterator[Stage]:
    """A customer has ordered for ₹ 698 and was asked to pay."""
    async with world(ready_url, tmp_path, STORE_SETTINGS=SET) as stage:
        await stage.cart("Asha", [Line(2, "CHAI-250")], "")
        await stage.settle()
        yield stage


async def payment(shop: Stage) -> dict[str, Any]:
    [row] = await shop.rows("SELECT * FROM payment")
    return row


async def perform(shop: Stage, kind: str, *, attempts: int = 1, **details: Any) -> Answer:
    row = await payment(shop)
    told = {
        "reference": row["reference"], "amount": row["amount"], "currency": row["currency"],
        "provider_id": row["provider_id"], **details,
    }  # fmt: skip
    provider = shop.app.providers["whatsapp"]
    return await provider.perform(Call(1, 1, "whatsapp", kind, row["id"], None, told, attempts=attempts))


async def test_a_look_up_tells_every_state_of_a_payment(shop: Stage) -> None:
    assert await perform(shop, LOOK_UP) == Answer()
    said = []
    for how in ("wait", "fail", ""):
        await shop.do("Asha", "pays", how)
        [report] = (await perform(shop, LOOK_UP)).reports
        said.append((report.says, report.amount, report.currency, report.is_sure, report.reason))
    assert said == [
        ("process", 69800, "INR", True, ""),
        ("fail", 69800, "INR", True, "payment_failed"),
        ("capture", 69800, "INR", True, ""),
    ]


async def test_what_meta_does_not_know_is_refused_in_its_own_words(shop: Stage) -> None:
    answer = await perform(shop, LOOK_UP, provider_id="another")
    assert answer.reports == ()
    assert "does not exist" in answer.fault
    assert (await perform(shop, CREATE)).fault == "not_offered"


async def test_nobody_there_is_tried_again(shop: Stage) -> None:
    shop.app.client.api_url = "http://127.0.0.1:9/graph"
    with pytest.raises(Unavailable):
        await perform(shop, LOOK_UP)


async def test_a_refund_goes_through_metas_call_once(shop: Stage) -> None:
    await shop.do("Asha", "pays", "")
    since = shop.app.clock.now().isoformat()
    first = await perform(shop, REFUND, refund_amount=10000, refund_at=since)
    again = await perform(shop, REFUND, attempts=2, refund_amount=10000, refund_at=since)
    assert [(r.says, r.amount) for r in first.reports] == [("settle", 10000)]
    assert again == first
    answer = await perform(shop, LOOK_UP)
    assert [report.says for report in answer.reports] == ["capture", "settle"]
    sent = [e["body"] for e in shop.sandbox.ledger.of("request") if e["path"].endswith("/payments_refund")]
    row = await payment(shop)
    assert sent == [
        {
            "reference_id": row["reference"], "speed": "normal", "payment_config_id": "nukkad",
            "amount": {"currency": "INR", "value": "10000", "offset": "100"},
        }
    ]  # fmt: skip


@pytest.mark.parametrize(("how", "says"), [("pending", []), ("fail", ["fail"])])
async def test_a_refund_that_takes_time_or_fails_says_so(shop: Stage, how: str, says: list[str]) -> None:
    await shop.do("Asha", "pays", "")
    await shop.fault({"pay_refunds": how})
    answer = await perform(shop, REFUND, refund_amount=10000, refund_at=shop.app.clock.now().isoformat())
    assert [report.says for report in answer.reports] == says


async def test_more_than_was_paid_is_not_given_back(shop: Stage) -> None:
    await shop.do("Asha", "pays", "")
    answer = await perform(shop, REFUND, refund_amount=69801, refund_at=shop.app.clock.now().isoformat())
    assert "more than was paid" in answer.fault


async def test_a_hint_is_looked_up_before_it_counts(shop: Stage) -> None:
    await shop.do("Asha", "pays", "")
    await shop.settle()
    row = await payment(shop)
    assert (row["state"], row["is_held"]) == ("completed", False)
    assert _looked_up(shop) == 1


async def test_a_capture_that_only_a_webhook_tells_counts_for_nothing(shop: Stage) -> None:
    """Meta's look-up says that the customer is still paying, whatever the webhook said."""
    await shop.do("Asha", "pays", "wait")
    await shop.settle()
    [update] = [e for e in shop.sandbox.ledger.of("queued") if e["sources"][0].startswith("payment:")]
    told = update["value"]
    told["statuses"][0]["status"] = told["statuses"][0]["payment"]["transaction"]["status"] = "captured"
    shop.sandbox.delivery.put(told, ["payment:forged"])
    await shop.settle()
    assert (await payment(shop))["state"] == "processing"
    assert _looked_up(shop) == 1


async def test_what_is_being_paid_while_it_is_withdrawn_is_asked_about(shop: Stage) -> None:
    """Meta answers the withdrawal with 2047; the order stays as it is, and the customer reads plain words."""
    await shop.say("Priya", "hello")
    await shop.do("Asha", "pays", "wait")
    await shop.settle()
    await shop.say("Priya", "cancel 1001 sold out")
    await shop.settle()
    shop.new("Asha")
    await shop.tap("Priya", "Yes, cancel it")
    await shop.settle()
    assert _looked_up(shop) == 1
    assert [(told.kind, "please do not pay" in told.body) for told in shop.new("Asha")] == [("", False), ("", True)]
    assert [row["status"] for row in await shop.rows("SELECT status FROM orders")] == ["canceled"]


def _looked_up(shop: Stage) -> int:
    return sum("/payments/" in e["path"] and e["method"] == "GET" for e in shop.sandbox.ledger.of("request"))
