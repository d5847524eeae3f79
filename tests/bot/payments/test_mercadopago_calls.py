"""Mercado Pago beside its stand-in, over real HTTP: a code or a page for each request, once, and what became of it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.payments.provider import Unavailable
from bot.sandbox.payments.counter import act
from bot.sandbox.payments.mercadopago import pix_code
from bot.sandbox.payments.pages import Page
from flows.payments import CAPTURE, CREATE, LOOK_UP, REFUND, WITHDRAW, Answer, Call
from tests.bot.payments.counter import BACK, Counter, counter
from tests.bot.sandbox.stage import START


@pytest.fixture
async def at() -> AsyncIterator[Counter]:
    async with counter("mercadopago") as opened:
        yield opened


def pix(at: Counter, reference: str = "w1", **details: Any) -> Call:
    told = {"method": "pix", "currency": "BRL", "payer": "compras@exemplo.com.br", **details}
    return at.call(CREATE, reference, **told)


async def code(at: Counter, **details: Any) -> tuple[Page, str]:
    """A code that was made, and what Mercado Pago calls its payment."""
    answer = await at.provider.perform(pix(at, **details))
    assert answer.fault == ""
    return at.pages[-1], answer.provider_id


async def ask(at: Counter, kind: str, provider_id: str, **details: Any) -> Answer:
    return await at.provider.perform(at.call(kind, currency="BRL", provider_id=provider_id, **details))


def said(answer: Answer) -> list[tuple[str, int | None, str, str | None]]:
    return [(report.says, report.amount, report.currency, report.transaction_id) for report in answer.reports]


async def test_a_request_is_a_code_that_reports_to_an_address_with_our_reference(at: Counter) -> None:
    answer = await at.provider.perform(pix(at))

    [page] = at.pages
    assert (answer.fault, answer.url, answer.expires_at) == ("", pix_code(page), START + timedelta(hours=3))
    assert (page.reference, page.amount, page.currency) == ("w1", 69800, "BRL")
    assert page.asked["notification_url"] == (
        "http://127.0.0.1:8080/payments/mercadopago?source_news=webhooks&reference=w1"
    )
    assert page.asked["payer"] == {"email": "compras@exemplo.com.br"}


async def test_the_same_request_made_again_is_the_same_code(at: Counter) -> None:
    call = pix(at)
    at.sandbox.world.set_faults({"pay_reset_next": 1})
    with pytest.raises(Unavailable):
        await at.provider.perform(call)
    again = await at.provider.perform(replace(call, attempts=2))
    [page] = at.pages
    assert again.url == pix_code(page)


@pytest.mark.parametrize(("details", "fault"), [({"payer": ""}, "no_payer"), ({"currency": "INR"}, "amount")])
async def test_what_cannot_be_asked_by_pix_is_not_tried(at: Counter, details: dict[str, str], fault: str) -> None:
    assert await at.provider.perform(pix(at, **details)) == Answer(fault=fault)
    assert at.pages == []


async def test_a_request_that_is_not_taken_says_why(at: Counter) -> None:
    answer = await at.provider.perform(pix(at, payer="nobody"))
    assert (answer.fault, at.pages) == ("payer.email must be a valid email", [])


async def test_keys_that_are_not_taken_are_a_fault_of_their_own() -> None:
    async with counter("mercadopago", wrong_key=True) as at:
        for kind in (LOOK_UP, REFUND):
            answer = await ask(at, kind, "1", transaction_id="1", refund_amount=1)
            assert answer == Answer(fault="keys")


@pytest.mark.parametrize(("wanted", "least", "most"), [(0, 30, 32), (10, 30, 32), (None, 1440, 30 * 1440)])
async def test_a_code_lives_as_long_as_mercado_pago_allows(
    at: Counter, wanted: int | None, least: int, most: int
) -> None:
    expires_at = None if wanted is None else (START + timedelta(minutes=wanted)).isoformat()
    page, _ = await code(at, expires_at=expires_at)
    assert page.expires_at is not None
    assert timedelta(minutes=least) <= page.expires_at - START <= timedelta(minutes=most)


async def test_a_code_that_is_asked_about_says_how_it_stands(at: Counter) -> None:
    page, id_ = await code(at)
    assert said(await ask(at, LOOK_UP, id_)) == []
    act(at.sandbox.world.providers, page, "pay")
    assert said(await ask(at, LOOK_UP, id_)) == [("capture", 69800, "BRL", id_)]
    assert (await ask(at, LOOK_UP, id_)).reports[0].method == "pix"


async def test_what_is_asked_about_under_another_reference_is_not_ours(at: Counter) -> None:
    page, id_ = await code(at)
    act(at.sandbox.world.providers, page, "pay")
    assert said(await at.provider.perform(at.call(LOOK_UP, "w2", currency="BRL", provider_id=id_))) == []


async def test_a_code_whose_time_is_over_says_so(at: Counter) -> None:
    _, id_ = await code(at)
    at.clock.move(timedelta(hours=4))
    assert [says for says, *_ in said(await ask(at, LOOK_UP, id_))] == ["expired"]


async def test_a_code_that_is_withdrawn_takes_no_money(at: Counter) -> None:
    page, id_ = await code(at)
    assert await ask(at, WITHDRAW, id_) == Answer()
    assert page.state == "canceled"
    assert [says for says, *_ in said(await ask(at, LOOK_UP, id_))] == ["canceled"]


async def test_money_that_came_before_a_code_was_withdrawn_is_told(at: Counter) -> None:
    page, id_ = await code(at)
    act(at.sandbox.world.providers, page, "pay")
    assert said(await ask(at, WITHDRAW, id_)) == [("capture", 69800, "BRL", id_)]


async def test_nothing_is_only_authorized(at: Counter) -> None:
    _, id_ = await code(at)
    assert (await ask(at, CAPTURE, id_)).fault


async def test_a_refund_goes_back_once(at: Counter) -> None:
    page, id_ = await code(at)
    act(at.sandbox.world.providers, page, "pay")
    call = at.call(REFUND, currency="BRL", transaction_id=id_, refund_amount=20001)
    at.sandbox.world.set_faults({"pay_reset_next": 1})
    with pytest.raises(Unavailable):
        await at.provider.perform(call)
    [report] = (await at.provider.perform(replace(call, attempts=2))).reports
    assert [(back.amount, back.state) for back in page.back] == [(20001, "done")]
    assert (report.says, report.amount, report.transaction_id) == ("settle", 20001, id_)
    [came, went] = (await ask(at, LOOK_UP, id_)).reports
    assert (came.says, went.says, went.refund, went.amount) == ("capture", "settle", report.refund, 20001)


async def test_more_than_what_is_left_is_not_given_back(at: Counter) -> None:
    page, id_ = await code(at)
    act(at.sandbox.world.providers, page, "pay")
    answer = await ask(at, REFUND, id_, transaction_id=id_, refund_amount=69801)
    assert (answer.reports, page.back) == ((), [])
    assert "more than what is left" in answer.fault


@pytest.mark.parametrize(("do", "says"), [("settle_refund", "settle"), ("fail_refund", "fail")])
async def test_a_refund_on_its_way_is_asked_about(at: Counter, do: str, says: str) -> None:
    page, id_ = await code(at)
    act(at.sandbox.world.providers, page, "pay")
    at.sandbox.world.set_faults({"pay_refunds": "pending"})
    [report] = (await ask(at, REFUND, id_, transaction_id=id_, refund_amount=69800)).reports
    assert report.says == "process"
    act(at.sandbox.world.providers, page, do)
    [*_, told] = (await ask(at, LOOK_UP, id_)).reports
    assert (told.says, told.refund, told.amount) == (says, report.refund, 69800)


async def test_a_page_is_found_by_our_reference_and_tells_of_every_attempt(at: Counter) -> None:
    answer = await at.provider.perform(at.call(CREATE, currency="BRL", method="link"))
    [page] = at.pages
    assert (answer.url, answer.provider_id) == (f"/sandbox/pay/{page.id}", page.id)
    assert set(page.asked["back_urls"].values()) == {BACK}
    act(at.sandbox.world.providers, page, "fail")
    assert [says for says, *_ in said(await ask(at, LOOK_UP, page.id))] == ["fail"]
    act(at.sandbox.world.providers, page, "pay")
    act(at.sandbox.world.providers, page, "again")
    reports = (await ask(at, LOOK_UP, page.id)).reports
    assert [(report.says, report.amount, report.method) for report in reports] == [("capture", 69800, "link")] * 2
    assert len({report.transaction_id for report in reports}) == 2
    second = reports[1].transaction_id
    [told] = said(await ask(at, LOOK_UP, page.id, transaction_id=second))
    assert told == ("capture", 69800, "BRL", second)


async def test_a_page_that_is_withdrawn_takes_no_money(at: Counter) -> None:
    await at.provider.perform(at.call(CREATE, currency="BRL", method="link"))
    [page] = at.pages
    assert await ask(at, WITHDRAW, page.id) == Answer()
    assert page.state == "canceled"
