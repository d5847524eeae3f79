"""A customer who pays: taps that come twice, and requests that could not be made."""

from pathlib import Path

from flows.payments import Answer, Call
from tests.journeys.script import Line
from tests.world import Stage, world

SHOP = (
    "payment_methods=link,transfer,credit;pay.links=stripe;transfer.account=HDFC 5010;auto_collect_address=off;"
    "delivery_methods=pickup;order_flow=pay_then_confirm"
)
PAYMENTS = "SELECT method, amount, state FROM payment ORDER BY id"


class Refusing:
    """A provider that takes no request."""

    name = "stripe"

    async def perform(self, call: Call) -> Answer:
        return Answer(fault="not_today") if call.kind == "create" else Answer()


async def ordered(stage: Stage) -> None:
    await stage.cart("Asha", [Line(1, "TOWEL-BLOCK")], "")
    await stage.settle()


async def test_a_request_that_could_not_be_made_is_tried_again_under_another_reference(
    ready_url: str, tmp_path: Path
) -> None:
    """S3-36"""
    async with world(ready_url, tmp_path, STORE_SETTINGS=SHOP) as stage:
        working = stage.app.providers["stripe"]
        stage.app.providers["stripe"] = Refusing()  # type: ignore[assignment]
        await ordered(stage)
        await stage.tap("Asha", "Pay online")
        await stage.settle()
        assert await stage.rows("SELECT state FROM payment") == [{"state": "invalid"}]

        stage.app.providers["stripe"] = working
        await stage.say("Asha", "pay")
        await stage.settle()

        rows = await stage.rows("SELECT state, reference FROM payment ORDER BY id")
        assert [row["state"] for row in rows] == ["invalid", "checkout"]
        assert len({row["reference"] for row in rows}) == 2


async def test_store_credit_is_taken_once_however_often_it_is_tapped(ready_url: str, tmp_path: Path) -> None:
    async with world(ready_url, tmp_path, STORE_SETTINGS=SHOP) as stage:
        await ordered(stage)
        await stage.say("Priya", "credit 1001 100")
        await stage.settle()
        await stage.say("Priya", "yes")
        await stage.settle()
        await stage.say("Asha", "pay")
        await stage.settle()
        await stage.tap("Asha", "Use store credit")
        await stage.settle()
        await stage.tap("Asha", "Pay online")
        await stage.tap("Asha", "Pay online")
        await stage.tap("Asha", "Bank transfer")
        await stage.settle()

        assert await stage.rows("SELECT balance FROM credit_account") == [{"balance": 0}]
        assert await stage.rows(PAYMENTS) == [
            {"method": "credit", "amount": 10000, "state": "completed"},
            {"method": "link", "amount": 19900, "state": "checkout"},
        ]
