"""What a provider is called for happens once, however often it is called, and what it answers is understood."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.payments.provider import Unavailable
from bot.sandbox.payments.counter import act
from flows.payments import CAPTURE, CREATE, LOOK_UP, REFUND, WITHDRAW, Answer
from tests.bot.payments.counter import BACK, PROVIDERS, Counter, counter
from tests.bot.sandbox.stage import START


@pytest.fixture(params=PROVIDERS)
async def at(request: pytest.FixtureRequest) -> AsyncIterator[Counter]:
    async with counter(request.param) as opened:
        yield opened


def said(answer: Answer) -> list[tuple[str, int | None, str, str | None]]:
    return [(report.says, report.amount, report.currency, report.transaction_id) for report in answer.reports]


async def test_a_request_is_a_page_to_pay_on(at: Counter) -> None:
    answer = await at.provider.perform(at.call(CREATE))
    [page] = at.pages
    assert (answer.fault, answer.provider_id, answer.url) == ("", page.id, f"/sandbox/pay/{page.id}")
    assert answer.expires_at == page.expires_at == START + timedelta(hours=3)
    assert (page.reference, page.amount, page.currency, page.description) == ("w1", 69800, "INR", "Demo Store #1001")
    assert (page.back_url, page.is_held) == (BACK, False)


@pytest.mark.parametrize("fault", ["pay_reset_next", ""])
async def test_the_same_request_made_again_is_the_same_page(at: Counter, fault: str) -> None:
    """The answer to the first was lost, or the program died before it was written down."""
    call = at.call(CREATE)
    if fault:
        at.sandbox.world.set_faults({fault: 1})
        with pytest.raises(Unavailable):
            await at.provider.perform(call)
    else:
        await at.provider.perform(call)
    at.clock.move(timedelta(minutes=29))
    again = await at.provider.perform(replace(call, attempts=2))
    [page] = at.pages
    assert (again.provider_id, again.fault) == (page.id, "")


async def test_a_provider_in_trouble_is_asked_again(at: Counter) -> None:
    at.sandbox.world.set_faults({"pay_error_next": 1})
    with pytest.raises(Unavailable, match="HTTP 500"):
        await at.provider.perform(at.call(CREATE))
    assert at.pages == []
    await at.create()


@pytest.mark.parametrize("name", PROVIDERS)
async def test_keys_that_are_not_taken_are_a_fault_of_their_own(name: str) -> None:
    async with counter(name, wrong_key=True) as at:
        for kind in (CREATE, LOOK_UP, REFUND, CAPTURE):
            answer = await at.provider.perform(at.call(kind, provider_id="x", transaction_id="y", refund_amount=1))
            assert answer == Answer(fault="keys")
        assert at.pages == []


async def test_a_request_that_the_provider_does_not_take_says_why(at: Counter) -> None:
    answer = await at.provider.perform(at.call(CREATE, amount=0))
    assert answer.fault in ("Invalid positive integer", "The amount must be at least INR 1.00")
    assert at.pages == []


@pytest.mark.parametrize(("wanted", "least", "most"), [(0, 15, 65), (10, 15, 65), (None, 1400, 60 * 24 * 190)])
async def test_a_page_lives_as_long_as_its_provider_allows(
    at: Counter, wanted: int | None, least: int, most: int
) -> None:
    expires_at = None if wanted is None else (START + timedelta(minutes=wanted)).isoformat()
    page = await at.create(expires_at=expires_at)
    assert page.expires_at is not None
    assert timedelta(minutes=least) <= page.expires_at - START <= timedelta(minutes=most)


async def test_a_page_that_is_asked_about_says_how_it_stands(at: Counter) -> None:
    page = await at.create()
    assert said(await at.perform(LOOK_UP, page)) == []
    act(at.sandbox.world.providers, page, "fail")
    assert {says for says, *_ in said(await at.perform(LOOK_UP, page))} <= {"fail"}
    act(at.sandbox.world.providers, page, "pay")
    paid = page.paid[-1].id
    assert said(await at.perform(LOOK_UP, page))[-1] == ("capture", 69800, "INR", paid)


async def test_a_page_whose_time_is_over_says_so(at: Counter) -> None:
    page = await at.create()
    at.clock.move(timedelta(hours=4))
    assert [says for says, *_ in said(await at.perform(LOOK_UP, page))] == ["expired"]


async def test_a_page_that_is_withdrawn_takes_no_money(at: Counter) -> None:
    page = await at.create()
    assert await at.perform(WITHDRAW, page) == Answer()
    assert page.state in ("expired", "canceled")
    with pytest.raises(ValueError, match="nothing can be paid"):
        act(at.sandbox.world.providers, page, "pay")


async def test_money_that_came_before_the_page_was_withdrawn_is_told(at: Counter) -> None:
    page = await at.create()
    act(at.sandbox.world.providers, page, "pay")
    answer = await at.perform(WITHDRAW, page, transaction_id=None)
    assert said(answer) == [("capture", 69800, "INR", page.paid[0].id)]


async def test_money_that_is_held_is_taken_once(at: Counter) -> None:
    page = await at.create(capture="by_staff")
    act(at.sandbox.world.providers, page, "pay")
    assert [says for says, *_ in said(await at.perform(LOOK_UP, page))] == ["authorize"]
    taken = [("capture", 69800, "INR", page.paid[0].id)]
    assert said(await at.perform(CAPTURE, page)) == taken
    assert said(await at.perform(CAPTURE, page)) == taken
    assert page.taken == 69800


async def test_held_money_is_let_go_with_the_request() -> None:
    async with counter("stripe") as at:
        page = await at.create(capture="by_staff")
        act(at.sandbox.world.providers, page, "pay")
        assert await at.perform(WITHDRAW, page) == Answer()
        assert [paid.state for paid in page.paid] == ["released"]
        answer = await at.perform(CAPTURE, page)
        assert (answer.reports, bool(answer.fault)) == ((), True)


async def test_a_refund_goes_back_once(at: Counter) -> None:
    page = await at.create()
    act(at.sandbox.world.providers, page, "pay")
    call = at.call(REFUND, transaction_id=page.paid[0].id, refund_amount=20000)
    at.sandbox.world.set_faults({"pay_reset_next": 1})
    with pytest.raises(Unavailable):
        await at.provider.perform(call)
    answer = await at.provider.perform(replace(call, attempts=2))
    assert [(back.amount, back.state) for back in page.back] == [(20000, "done")]
    [report] = answer.reports
    assert (report.says, report.amount, report.refund) == ("settle", 20000, page.back[0].id)


async def test_more_than_what_is_left_is_not_given_back(at: Counter) -> None:
    page = await at.create()
    act(at.sandbox.world.providers, page, "pay")
    answer = await at.perform(REFUND, page, refund_amount=69801)
    assert (answer.reports, page.back) == ((), [])
    assert "more than what is left" in answer.fault


@pytest.mark.parametrize(("do", "says"), [("settle_refund", "settle"), ("fail_refund", "fail")])
async def test_a_refund_on_its_way_is_asked_about(at: Counter, do: str, says: str) -> None:
    page = await at.create()
    act(at.sandbox.world.providers, page, "pay")
    at.sandbox.world.set_faults({"pay_refunds": "pending"})
    [report] = (await at.perform(REFUND, page, refund_amount=69800)).reports
    assert (report.says, report.refund) == ("process", page.back[0].id)
    act(at.sandbox.world.providers, page, do)
    [*_, report] = (await at.perform(LOOK_UP, page)).reports
    assert (report.says, report.refund, report.amount) == (says, page.back[0].id, 69800)


@pytest.mark.parametrize(("currency", "minor", "theirs"), [("JPY", 698, 698), ("UGX", 698, 69800), ("MGA", 69800, 698)])
async def test_stripe_counts_some_currencies_otherwise(currency: str, minor: int, theirs: int) -> None:
    async with counter("stripe") as at:
        page = await at.create(currency=currency, amount=minor)
        assert page.amount == theirs
        act(at.sandbox.world.providers, page, "pay")
        assert said(await at.perform(LOOK_UP, page)) == [("capture", minor, currency, page.paid[0].id)]
        refused = await at.provider.perform(at.call(CREATE, "w2", currency="MGA", amount=150))
        assert (refused.fault, len(at.pages)) == ("amount", 1)
