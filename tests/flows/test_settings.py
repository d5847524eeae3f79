"""Every setting of the contract is known, checked when it is written, and told about all at once."""

from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import days_off
from flows.hours import ALWAYS, Closed, Opening, Span
from flows.payable import Importer
from flows.settings import STORE_SETTINGS, Settings, SettingsError, Shown, check, parse
from flows.vocabulary import SHIPPED

H = timedelta(hours=1)
DEFAULTS: dict[str, Any] = {
    "vocabulary": "standard",
    "order_flow": "confirm_then_pay",
    "auto_collect_address": True,
    "payment_methods": ("cod",),
    "pay.provider": None,
    "pay.configuration": None,
    "pay.vpa": None,
    "pay.mcc": None,
    "pay.purpose": None,
    "pay.note": None,
    "pay.standing": None,
    "pay.origin": "India",
    "pay.importer": None,
    "delivery_methods": ("courier",),
    "tracking_required": ("courier",),
    "carriers": (),
    "abandon_after": 24 * H,
    "abandon_reminder": 12 * H,
    "expire_after": 72 * H,
    "undo_window": timedelta(seconds=5),
    "reminders": (24 * H, 2 * H),
    "quiet_hours": Span(21 * H, 32 * H),
    "business_hours": ALWAYS,
    "after_hours": "accept",
    "closed": None,
    "allow_backorder": False,
    "min_order": Decimal(0),
    "low_stock": 5,
    "invoices": False,
    "require_approval": False,
    "approval_limit": None,
    "require_payment_to_start": False,
    "require_payment_to_ship": "prepaid",
    "cancel_after_ship": "staff",
    "customer_cancel_until": "packed",
    "resume_window": 7 * 24 * H,
    "return_window": 30 * 24 * H,
    "review_payments_from": (),
    "pay.links": None,
    "pay.capture": "at_once",
    "pix.key": None,
    "pix.name": None,
    "pix.city": None,
    "pix.provider": None,
    "pix.email": None,
    "transfer.account": None,
    "deposit": 0,
    "payment_reminders": (2 * H, 24 * H),
    "refund_limit": None,
    "money_digest": True,
    "require_receipt_confirmation": False,
    "auto_complete_after": 7 * 24 * H,
    "auto_archive_after": timedelta(),
    "stale_after": 24 * H,
    "booking_confirm_within": 4 * H,
    "booking_lead": H,
    "booking_horizon": 60 * 24 * H,
    "booking_notice": 12 * H,
    "booking_step": H / 4,
    "booking_location": None,
    "holidays": None,
    "notify.off": ("approved", "processing", "awaiting_invoice", "invoice_issued", "packed", "completed"),
    "notify.arrival": False,
    "notify.changes": False,
    "feedback": True,
    "alerts": "all",
    "languages": ("en", "hi", "pt", "es", "ar"),
    "read_receipts": False,
    "pace.number": 80,
    "retention": 180 * 24 * H,
}


@pytest.fixture(scope="module", autouse=True)
def _countries() -> None:
    """Loading them takes longer than hypothesis allows one of its examples."""
    days_off.days(days_off.parse("IN"), [2026])
    with suppress(ValueError):
        days_off.parse("India")


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        parse(text)
    return caught.value.faults


def test_the_table_is_the_contracts_with_its_defaults() -> None:
    settings = Settings({})

    assert {name: settings.get(name) for name in STORE_SETTINGS} == DEFAULTS


@pytest.mark.parametrize(
    ("vocabulary", "other"),
    [
        ("standard", {}),
        ("socialone", {"order_flow": "manual"}),
        (
            "wapto",
            {"order_flow": "manual", "undo_window": timedelta(), "notify.off": (), "notify.arrival": True},
        ),
        ("chord", {"order_flow": "pay_then_confirm"}),
        (
            "soul",
            {
                "order_flow": "pay_then_confirm",
                "invoices": True,
                "require_payment_to_start": True,
                "require_receipt_confirmation": True,
            },
        ),
        (
            "picky",
            {
                "require_approval": True,
                "cancel_after_ship": "never",
                "notify.arrival": True,
                "notify.changes": True,
            },
        ),
        ("/shop/gone.toml", {}),
    ],
)
def test_a_vocabulary_brings_its_defaults(vocabulary: str, other: dict[str, Any]) -> None:
    settings = Settings({"vocabulary": vocabulary})

    changed = {name: settings.get(name) for name in STORE_SETTINGS if settings.get(name) != DEFAULTS[name]}
    assert changed == other | ({} if vocabulary == "standard" else {"vocabulary": vocabulary})


def test_what_was_written_beats_the_vocabulary() -> None:
    assert Settings({"vocabulary": "picky", "require_approval": "off"}).get("require_approval") is False


def test_every_default_is_a_value_that_may_be_written() -> None:
    assert [check(row.name, row.default) for row in STORE_SETTINGS.values()] == [
        row.default for row in STORE_SETTINGS.values()
    ]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_vocabulary_that_comes_with_the_program_can_be_chosen(name: str) -> None:
    assert check("vocabulary", name) == name


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("order_flow", "Manual", "manual"),
        ("read_receipts", "ON", True),
        ("payment_methods", "cod , whatsapp_pay,cod", ("cod", "whatsapp_pay")),
        ("carriers", "Blue Dart, Delhivery", ("Blue Dart", "Delhivery")),
        ("carriers", "", ()),
        ("reminders", "none", ()),
        ("abandon_after", "0", timedelta()),
        ("approval_limit", "499.50", Decimal("499.50")),
        ("pay.provider", "razorpay", "razorpay"),
        (
            "pay.importer",
            "Nukkad, 12 MG Road, Camp, Pune, MH, 411001",
            Importer("Nukkad", "12 MG Road, Camp", "Pune", "MH", "411001"),
        ),
        ("pay.note", "Thank you, dear", "Thank you, dear"),
        ("closed", "on", Closed(None)),
        ("closed", "until 2026-12-26", Closed(date(2026, 12, 26))),
        ("booking_lead", "0", timedelta()),
        ("holidays", "in", "IN"),
        ("holidays", "DE-Bayern", "DE-BY"),
        ("quiet_hours", "9:30-24:00", Span(H * 9.5, H * 24)),
        ("languages", "pt-BR,en", ("pt_BR", "en")),
        ("pace.number", "0", 0),
        (
            "business_hours",
            "sat 10:00-14:00, mon-tue 09:00-18:00",
            (
                Opening(0, Span(9 * H, 18 * H)),
                Opening(1, Span(9 * H, 18 * H)),
                Opening(5, Span(10 * H, 14 * H)),
            ),
        ),
        (
            "business_hours",
            "Sun-Mon 18:00-02:00",
            (Opening(0, Span(18 * H, 26 * H)), Opening(6, Span(18 * H, 26 * H))),
        ),
    ],
)
def test_values_are_read_by_their_kind(name: str, text: str, value: object) -> None:
    assert Settings(parse(f"{name}={text}")).get(name) == value


@pytest.mark.parametrize(
    ("pair", "fault"),
    [
        (
            "cancel_after_ship=nevr",
            "cancel_after_ship: 'nevr' is not known; write staff, never or all (did you mean never?)",
        ),
        ("ordr_flow=manual", "there is no setting 'ordr_flow'; did you mean order_flow?"),
        ("zzz=1", "there is no setting 'zzz'; store show lists them all"),
        ("manual", "'manual' sets nothing; write name=value, with ; between two settings"),
        ("=on", "there is no setting ''; store show lists them all"),
        ("read_receipts=yes", "read_receipts: 'yes' is not known; write on or off"),
        ("retention=0", "retention: '0' is no time at all; write a duration above 0"),
        (
            "retention=long",
            "retention: 'long' is not a duration; write a number and s, m, h or d, like 90s, 30m, 24h or 2d",
        ),
        (
            "payment_methods=",
            "payment_methods: '' leaves one out; write a list parted by commas of cod, whatsapp_pay, link, pix, transfer or credit",
        ),
        (
            "reminders=24h,,2h",
            "reminders: '24h,,2h' leaves one out; write a list parted by commas of a duration like 90s, 30m, 24h or 2d",
        ),
        ("min_order=5,50", "min_order: '5,50' is not an amount; write digits and a point, like 499.50"),
        ("low_stock=-1", "low_stock: '-1' is not a whole number from 0 to 1000000"),
        ("pace.number=5000", "pace.number: '5000' is not a whole number from 0 to 1000"),
        (
            "closed=tomorrow",
            "closed: 'tomorrow' is not known; write off, on, or until and a day, like until 2026-12-26",
        ),
        ("closed=until 2026-13-01", "closed: '2026-13-01' is not a day; write it like until 2026-12-26"),
        ("booking_step=1m", "booking_step: '1m' is too short; write a duration from 5m to 1d"),
        ("booking_horizon=3000d", "booking_horizon: '3000d' is too long; write a duration from 1h to 730d"),
        ("holidays=India", "holidays: 'India' is not a country's code; write it like IN (did you mean IN?)"),
        ("quiet_hours=21-8", "quiet_hours: '21-8' is not a span of the day; write it like 09:00-18:00"),
        ("quiet_hours=09:00-09:00", "quiet_hours: '09:00-09:00' is not a span of the day; write it like 09:00-18:00"),
        ("quiet_hours=24:00-08:00", "quiet_hours: '24:00-08:00' is not a span of the day; write it like 09:00-18:00"),
        (
            "business_hours=daily 9-5",
            "business_hours: 'daily 9-5' names no day and hours; write it like mon-fri 09:00-18:00, sat 10:00-14:00, or always",
        ),
        ("languages=english", "languages: 'english' is not a language; write its code, like en or hi"),
        (
            "pay.importer=Nukkad, Pune",
            "pay.importer: 'Nukkad, Pune' is no address; write name, street, town, state code and PIN code, parted by commas",
        ),
        ("carriers=" + "x" * 201, f"carriers: '{'x' * 201}' is not a name; write 1 to 200 characters on one line"),
    ],
)  # fmt: skip
def test_a_bad_pair_is_told_in_words(pair: str, fault: str) -> None:
    assert faults(pair) == (fault,)


def test_all_faults_are_told_at_once() -> None:
    assert faults("order_flow=x; ;alerts=all;alerts=mine;nope;min_order=a") == (
        "order_flow: 'x' is not known; write manual, confirm_then_pay or pay_then_confirm",
        "alerts is set twice; keep one",
        "'nope' sets nothing; write name=value, with ; between two settings",
        "min_order: 'a' is not an amount; write digits and a point, like 499.50",
    )


def test_pairs_are_kept_as_text_without_the_spaces_around() -> None:
    assert parse(" order_flow = manual ;; abandon_after= 30m;pay.note=a=b ;") == {
        "order_flow": "manual",
        "abandon_after": "30m",
        "pay.note": "a=b",
    }


def test_nothing_written_sets_nothing() -> None:
    assert parse("") == {}


def test_one_setting_is_checked_as_it_is_stored() -> None:
    assert check("undo_window", " 10s ") == "10s"
    with pytest.raises(SettingsError, match="undo_window: 'soon' is not a duration"):
        check("undo_window", "soon")


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    for name in STORE_SETTINGS:
        try:
            value = check(name, text)
        except SettingsError as wrong:
            assert len(wrong.faults) == 1
        else:
            Settings({name: value}).get(name)


def test_every_setting_is_shown_with_what_it_accepts_and_whether_it_works_yet() -> None:
    shown = {row.name: row for row in Settings({"pace.number": "20"}).show()}

    assert list(shown) == list(STORE_SETTINGS)
    assert shown["pace.number"] == Shown(
        "pace.number",
        "20",
        False,
        "a whole number from 0 to 1000, 0 = off",
        "messages a second from the store's number",
        True,
    )
    assert shown["retention"].is_default
    assert {row.name for row in shown.values() if row.built} == {
        "languages", "pace.number", "retention", "order_flow", "auto_collect_address", "payment_methods", "delivery_methods",
        "tracking_required", "carriers", "abandon_after", "abandon_reminder", "expire_after", "cancel_after_ship",
        "customer_cancel_until", "invoices", "require_approval", "require_payment_to_start", "require_payment_to_ship",
        "resume_window", "undo_window", "business_hours", "after_hours", "stale_after", "approval_limit",
        "require_receipt_confirmation", "auto_complete_after", "auto_archive_after", "vocabulary",
        "notify.off", "notify.arrival", "notify.changes", "feedback", "allow_backorder", "low_stock", "return_window",
        "pay.provider", "pay.configuration", "pay.standing", "pay.vpa", "pay.mcc", "pay.purpose", "pay.note", "pay.origin",
        "pay.importer", "pay.links", "transfer.account", "pay.capture", "deposit", "review_payments_from", "payment_reminders",
        "pix.key", "pix.name", "pix.city", "pix.provider", "pix.email",
        "refund_limit", "money_digest",
        "booking_lead", "booking_horizon", "booking_notice", "booking_step", "booking_location", "holidays",
    }  # fmt: skip
    assert [row.name for row in shown.values() if not row.description or not row.accepts] == []
