"""What a customer may choose from, and how much store credit pays of it."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import pytest

from flows import choice
from flows.choice import Way
from flows.order import Step
from flows.payments import amount_to_ask, due_first
from flows.settings import Settings
from flows.store import Store
from tests.flows.test_replies import NOW, PLACED, STORE

CONFIGURED = {
    "pay.links": "stripe", "pix.key": "chave@loja.example", "transfer.account": "HDFC 5010", "pay.provider": "upi",
    "pay.vpa": "shop@upi", "pay.importer": "Nukkad Stores, 12 MG Road, Pune, MH, 411001",
}  # fmt: skip
ALL = "cod,whatsapp_pay,link,pix,transfer,credit"
INDIA = replace(STORE, country="IN", currency="INR")
BRAZIL = replace(STORE, country="BR", currency="BRL")


def words(
    methods: str,
    store: Store = INDIA,
    *,
    currency: str = "INR",
    delivery: str = "courier",
    others: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    order = replace(PLACED, currency=currency, delivery_method=delivery)
    settings = Settings({**CONFIGURED, "payment_methods": methods, **others})
    return [way.word for way in choice.ways(order, store, settings)]


def test_whatsapp_pay_is_of_india_and_pix_of_brazil() -> None:
    assert words(ALL) == ["cod", "whatsapp_pay", "link", "transfer"]
    assert words(ALL, BRAZIL, currency="BRL") == ["cod", "link", "pix", "transfer"]
    assert words(ALL, BRAZIL, currency="USD") == ["cod", "link", "transfer"]


def test_what_is_not_configured_is_not_offered() -> None:
    assert words(ALL, others={"pay.links": "none", "transfer.account": "none"}) == ["cod", "whatsapp_pay"]


def test_what_is_never_handed_over_is_not_paid_at_the_door() -> None:
    assert words("cod,link", delivery="digital") == ["link"]


def test_nothing_due_leaves_nothing_to_choose() -> None:
    settings = Settings({"payment_methods": "cod,transfer", "transfer.account": "HDFC"})
    assert choice.ways(replace(PLACED, captured=PLACED.total), INDIA, settings, balance=100) == ()


@pytest.mark.parametrize(
    ("methods", "balance", "expected"),
    [
        ("link,credit", 0, [Way("link")]),
        ("link,credit", 2000, [Way("link"), Way("link", 2000)]),
        ("credit,link,transfer", 2000, [Way("credit", 2000, is_open=True), Way("link"), Way("transfer")]),
        ("link,credit", 4000, [Way("link"), Way("credit", 4000)]),
        ("link,credit", 9000, [Way("link"), Way("credit", 4000)]),
        ("credit", 2000, []),
        ("credit", 4000, [Way("credit", 4000)]),
    ],
)
def test_store_credit_pays_first_as_far_as_it_goes(methods: str, balance: int, expected: list[Way]) -> None:
    order = replace(PLACED, total=4000, subtotal=4000)
    settings = Settings({**CONFIGURED, "payment_methods": methods})
    assert list(choice.ways(order, INDIA, settings, balance=balance)) == expected


def test_one_method_is_not_asked_about_and_credit_never_taken_unasked() -> None:
    assert choice.step([Way("link")]) == Step.COMPLETE
    assert choice.step([]) == Step.COMPLETE
    assert choice.step([Way("link"), Way("cod")]) == Step.PAYMENT
    assert choice.step([Way("credit", 4000)]) == Step.PAYMENT


def test_every_button_is_found_by_its_word_and_no_other_is() -> None:
    offered = (Way("credit", 2000, is_open=True), Way("link"), Way("transfer"))
    assert choice.find(offered, "credit+transfer") == Way("transfer", 2000)
    assert [choice.find(offered, way.word) for way in offered] == list(offered)
    assert choice.find(offered, "cod") is None
    assert choice.find(offered, "credit+cod") is None


@pytest.mark.parametrize(("percent", "first"), [("0", 9999), ("33", 3300), ("50", 5000), ("100", 9999)])
def test_a_deposit_is_rounded_up_and_the_rest_is_exact(percent: str, first: int) -> None:
    order, settings = replace(PLACED, total=9999, subtotal=9999), Settings({"deposit": percent})
    assert due_first(order, settings) == amount_to_ask(order, settings) == first

    paid = replace(order, captured=first)
    assert due_first(paid, settings) == 0
    assert amount_to_ask(replace(paid, packed_at=NOW), settings) == paid.balance_due == 9999 - first
