"""What providers tell by themselves: only what they signed is taken in, and only what fits makes an order paid."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.payments import razorpay, registry, stripe
from bot.sandbox.payments import razorpay as fake_razorpay
from bot.sandbox.payments import stripe as fake_stripe
from tests.bot.payments.counter import PROVIDERS
from tests.journeys.script import Line
from tests.world import START, Stage, stage

Json = dict[str, Any]


@pytest.fixture(params=PROVIDERS)
async def shop(request: pytest.FixtureRequest, sqlite_url: str, tmp_path: Path) -> AsyncIterator["Shop"]:
    rules = f"payment_methods=link;pay.links={request.param};order_flow=pay_then_confirm"
    async with stage(sqlite_url, tmp_path, STORE_SETTINGS=rules) as world, aiohttp.ClientSession() as http:
        await world.cart("Asha", [Line(2, "CHAI-250")], "")
        await world.settle()
        await world.do("Asha", "fills in", "Asha Rao, 12 MG Road, Pune, 411001")
        await world.settle()
        yield Shop(request.param, world, http)


class Shop:
    """Asha has ordered for ₹698.00, and has the link."""

    def __init__(self, name: str, world: Stage, http: aiohttp.ClientSession) -> None:
        self.name, self.world, self._http = name, world, http
        self.providers = world.sandbox.world.providers
        [self.page] = self.providers.pages

    def event(self, *, amount: Any = 69800, currency: Any = "INR", reference: Any = None, id_: str = "t-1") -> Json:
        """The provider says that it has been paid."""
        reference = self.page.reference if reference is None else reference
        if self.name == "stripe":
            money = {"amount_total": amount, "currency": currency.lower() if isinstance(currency, str) else currency}
            session = {"status": "complete", "payment_status": "paid", "payment_intent": id_, **money}
            about = {"object": {**session, "client_reference_id": reference}}
            return {"id": f"evt_{id_}", "type": "checkout.session.completed", "created": 1772425800, "data": about}
        payment = {"id": id_, "status": "captured", "amount": amount, "currency": currency, "notes": []}
        link = {"id": "plink_1", "status": "paid", "reference_id": reference}
        entities = {"payment": {"entity": payment}, "payment_link": {"entity": link}}
        return {"event": "payment_link.paid", "created_at": 1772425800, "payload": entities}

    def signed(self, raw: bytes, *, age: timedelta = timedelta(), secret: str | None = None) -> dict[str, str]:
        keys = self.providers.keys[self.name]
        if self.name == "stripe":
            secret = secret or keys["STRIPE_WEBHOOK_SECRET"]
            return {"Stripe-Signature": fake_stripe.signature(secret, raw, self.world.app.clock.now() - age)}
        return {"X-Razorpay-Signature": fake_razorpay.signature(secret or keys["RAZORPAY_WEBHOOK_SECRET"], raw)}

    async def post(self, raw: bytes, headers: dict[str, str] | None = None) -> int:
        url = f"http://127.0.0.1:{self.world.app.port}/payments/{self.name}"
        async with self._http.post(url, data=raw, headers=self.signed(raw) if headers is None else headers) as answer:
            return answer.status

    async def tell(self, event: Json) -> int:
        status = await self.post(orjson.dumps(event))
        await self.world.settle()
        return status

    async def count(self, table: str) -> int:
        [row] = await self.world.rows(f"SELECT COUNT(*) AS n FROM {table}")
        return int(row["n"])

    async def order(self) -> Json:
        [row] = await self.world.rows("SELECT status, payment_status, captured FROM orders")
        return row

    async def exceptions(self) -> list[tuple[str, int, str]]:
        found = await self.world.rows("SELECT kind, amount, currency FROM discrepancy ORDER BY id")
        return [(row["kind"], row["amount"], row["currency"]) for row in found]


async def test_what_the_provider_signed_makes_the_order_paid_once(shop: Shop) -> None:
    for _ in range(2):
        assert await shop.tell(shop.event()) == 200
    assert await shop.order() == {"status": "confirmed", "payment_status": "paid", "captured": 69800}
    assert await shop.exceptions() == []
    assert await shop.count("payment") == 1


async def test_what_the_provider_did_not_sign_leaves_no_row(shop: Shop) -> None:
    raw, before = orjson.dumps(shop.event()), await shop.count("inbox")
    [(header, value)] = shop.signed(raw).items()
    forged = [
        {}, {header: ""}, {header: value[:-1]}, {header: value + "0"}, {header: value.upper()}, {header: "é" + value},
        {"X-Hub-Signature-256": value}, shop.signed(raw + b" "), shop.signed(raw, secret="whsec_another"),
    ]  # fmt: skip
    if shop.name == "stripe":
        late, early = timedelta(minutes=5, seconds=1), -timedelta(minutes=5, seconds=1)
        forged += [shop.signed(raw, age=late), shop.signed(raw, age=early)]
        forged += [{header: value.replace("v1=", "v0=")}, {header: "t=1," + value}, {header: value.partition(",")[2]}]
    assert [await shop.post(raw, headers) for headers in forged] == [401] * len(forged)
    assert await shop.count("inbox") == before
    assert (await shop.order())["payment_status"] == "unpaid"


async def test_a_signature_is_good_for_five_minutes_and_among_others(shop: Shop) -> None:
    raw = orjson.dumps(shop.event())
    if shop.name == "stripe":
        [(header, value)] = shop.signed(raw, age=timedelta(minutes=5)).items()
        stamp, fits = value.split(",")
        assert await shop.post(raw, {header: f"{stamp},v1={'0' * 64},{fits},v0=old"}) == 200
    assert await shop.post(raw) == 200
    assert [row["n"] for row in await shop.world.rows(
        f"SELECT COUNT(*) AS n FROM inbox WHERE kind = 'payment.{shop.name}'"
    )] == [1]  # fmt: skip


@pytest.mark.parametrize("raw", [b"", b"paid", b"[]", b"null", b'{"id": 1}', b"[" * 5000, b"\xff"])
async def test_what_is_no_event_is_refused(shop: Shop, raw: bytes) -> None:
    before = await shop.count("inbox")
    assert await shop.post(raw) == 400
    assert await shop.count("inbox") == before


async def test_events_about_nothing_of_ours_are_let_pass(shop: Shop) -> None:
    before = await shop.count("inbox")
    name = "type" if shop.name == "stripe" else "event"
    assert await shop.tell({**shop.event(), name: "customer.created"}) == 200
    assert await shop.tell(shop.event(reference="")) == 200
    assert await shop.count("inbox") == before


async def test_money_under_an_unknown_reference_is_kept_as_an_exception(shop: Shop) -> None:
    assert await shop.tell(shop.event(reference="nobody-asked")) == 200
    assert await shop.exceptions() == [("unknown", 69800, "INR")]
    assert (await shop.order())["payment_status"] == "unpaid"


@pytest.mark.parametrize(
    ("amount", "kept"),
    [
        (69799, 69799), (69801, 69801), (6980000, 6980000), (10**15 - 1, 10**15 - 1), (0, 0), (-69800, 0), (10**15, 0),
        (None, 0), ("69800", 0), (69800.0, 0), (True, 0), ([69800], 0), ({"value": 69800}, 0),
    ],
)  # fmt: skip
async def test_another_amount_never_makes_an_order_paid(shop: Shop, amount: Any, kept: int) -> None:
    assert await shop.tell(shop.event(amount=amount)) == 200
    assert await shop.order() == {"status": "placed", "payment_status": "unpaid", "captured": 0}
    assert await shop.exceptions() == [("amount", kept, "INR")]


@pytest.mark.parametrize("currency", ["USD", "", None, 356, "RUPEES", "IN"])
async def test_another_currency_never_makes_an_order_paid(shop: Shop, currency: Any) -> None:
    assert await shop.tell(shop.event(currency=currency)) == 200
    assert await shop.order() == {"status": "placed", "payment_status": "unpaid", "captured": 0}
    [(kind, amount, _)] = await shop.exceptions()
    assert (kind, amount) == ("currency", 69800)


async def test_the_second_payment_of_a_page_is_an_exception(shop: Shop) -> None:
    await shop.tell(shop.event(id_="t-1"))
    await shop.tell(shop.event(id_="t-2"))
    assert await shop.order() == {"status": "confirmed", "payment_status": "paid", "captured": 69800}
    assert await shop.exceptions() == [("double", 69800, "INR")]


async def test_a_provider_in_trouble_is_called_until_it_answers(sqlite_url: str, tmp_path: Path) -> None:
    rules = "payment_methods=link;pay.links=stripe;order_flow=pay_then_confirm;auto_collect_address=off"
    async with stage(sqlite_url, tmp_path, STORE_SETTINGS=rules) as world:
        await world.fault({"pay_error_next": 2, "pay_reset_next": 1})
        await world.cart("Asha", [Line(2, "CHAI-250")], "")
        await world.settle()
        assert list(world.sandbox.world.providers.pages) == []
        for _ in range(4):
            await world.later(timedelta(seconds=15))
            await world.settle()
        assert [page.state for page in world.sandbox.world.providers.pages] == ["open"]
        [call] = await world.rows("SELECT kind, state, attempts FROM provider_call")
        assert call == {"kind": "create", "state": "done", "attempts": 4}
        assert world.app.clock.now() - START < timedelta(minutes=2)


_NAMES = st.sampled_from(
    ["id", "type", "event", "created", "created_at", "data", "object", "payload", "entity", "payment", "payment_link",
     "refund", "status", "payment_status", "payment_intent", "metadata", "notes", "reference", "reference_id",
     "client_reference_id", "amount", "amount_total", "currency", "last_payment_error", "failure_reason"]
)  # fmt: skip
_WORDS = st.sampled_from([*stripe.EVENTS, *razorpay.EVENTS, "paid", "captured", "succeeded", "w1", "", "\0", "x" * 300])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=8),
    max_leaves=30,
)


@given(said=_JSON, kind=st.sampled_from([*stripe.EVENTS, *razorpay.EVENTS]), about=st.dictionaries(_NAMES, _JSON))
def test_whatever_an_event_says_it_can_be_read(said: Any, kind: str, about: Json) -> None:
    entities = {name: {"entity": about} for name in ("payment", "payment_link", "refund")}
    for event in (said, {"type": kind, "data": {"object": about}}, {"event": kind, "payload": entities}):
        for read in registry.READERS.values():
            for report in read(orjson.dumps(event)):
                assert 0 < len(report.reference) <= 60
                assert report.amount is None or 0 < report.amount < 10**15
