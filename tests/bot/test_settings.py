"""The machine's settings: defaults, `.env` below the environment, every fault at once and never a value in it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from bot import app, settings
from bot.settings import CREDENTIALS, Account, FirstStore, Settings, SettingsError, StaffNumber, WhatsApp, load
from models.address import Address

SECRET = "canary-5f4dcc3b5aa765d61d8327deb882cf99"
GIVEN = {
    "WHATSAPP_PHONE_NUMBER_ID": "700000000000001",
    "WHATSAPP_BUSINESS_ACCOUNT_ID": "800000000000001",
    "WHATSAPP_ACCESS_TOKEN": "EAAcanary",
    "WHATSAPP_APP_SECRET": SECRET,
    "WHATSAPP_VERIFY_TOKEN": "verify",
}

GO_TOGETHER = {*CREDENTIALS, *(name for _, forms in settings.PROVIDERS.values() for name in forms)}
"""One alone is answered by what is missing beside it."""
STRIPE = {"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"}
RAZORPAY = {"RAZORPAY_KEY_ID": "rzp_test_1", "RAZORPAY_KEY_SECRET": "secret", "RAZORPAY_WEBHOOK_SECRET": "12345678"}


def faults(**environment: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(environment)
    return list(caught.value.faults)


def names(**environment: str) -> list[str]:
    return [fault.partition(":")[0] for fault in faults(**environment)]


def test_nothing_given_is_the_sandbox_with_every_default() -> None:
    assert load({}) == Settings(
        host="127.0.0.1",
        port=8080,
        public_url="http://127.0.0.1:8080",
        address=Address("sqlite://var/waybill.sqlite3"),
        whatsapp=None,
        store=FirstStore("Demo Store", "IN", "INR", "Asia/Kolkata", "en", {}),
        staff=(),
        catalog_file=None,
        tick=timedelta(seconds=5),
        metrics_token=None,
        worker_port=None,
        log_level="info",
        log_format=None,
    )


def test_everything_given_is_taken(tmp_path: Path) -> None:
    feed = tmp_path / "feed.csv"
    feed.write_text("id,title,price\n")
    given = GIVEN | {
        "HOST": "0.0.0.0",
        "PORT": "80",
        "PUBLIC_URL": "https://shop.example/",
        "DATABASE_URL": "postgres://user:password@db:5432/waybill",
        "WHATSAPP_CATALOG_ID": "600000000000001",
        "WHATSAPP_API_URL": "http://127.0.0.1:9/graph/",
        "WHATSAPP_API_VERSION": "v24.0",
        "STORE_NAME": "Chai & Co",
        "STORE_COUNTRY": "BR",
        "STORE_CURRENCY": "BRL",
        "STORE_TIMEZONE": "America/Sao_Paulo",
        "STORE_LOCALE": "pt_BR",
        "STORE_SETTINGS": "retention=90d; languages=pt,en",
        "STAFF_NUMBERS": "911234567890:owner:Priya, +91 98765-43210:agent",
        "CATALOG_FILE": str(feed),
        "TICK_SECONDS": "0.5",
        "METRICS_TOKEN": "metrics",
        "WORKER_PORT": "9000",
        "LOG_LEVEL": "WARNING",
        "LOG_FORMAT": "json",
    }
    found = load({name: f" {value} " for name, value in given.items()})
    assert found == Settings(
        host="0.0.0.0",
        port=80,
        public_url="https://shop.example",
        address=Address("postgres://user:password@db:5432/waybill"),
        whatsapp=WhatsApp(
            "700000000000001", "800000000000001", "EAAcanary", SECRET, "verify",
            "http://127.0.0.1:9/graph", "v24.0", "600000000000001",
        ),
        store=FirstStore(
            "Chai & Co", "BR", "BRL", "America/Sao_Paulo", "pt_BR", {"retention": "90d", "languages": "pt,en"}
        ),
        staff=(StaffNumber("911234567890", "owner", "Priya"), StaffNumber("919876543210", "agent", None)),
        catalog_file=feed,
        tick=timedelta(seconds=0.5),
        metrics_token="metrics",
        worker_port=9000,
        log_level="warning",
        log_format="json",
    )  # fmt: skip
    assert found.secrets == ("EAAcanary", SECRET, "verify", "metrics")
    assert not any(secret in repr(found) for secret in ("EAAcanary", SECRET, "metrics", "password"))


def test_every_fault_is_told_at_once() -> None:
    wrong = {
        "PORT": "eighty",
        "PUBLIC_URL": "shop.example",
        "DATABASE_URL": "mysql://host/db",
        "WHATSAPP_ACCESS_TOKEN": "EAAx",
        "WHATSAPP_APP_SECRET": "short",
        "WHATSAPP_API_URL": "ftp://graph",
        "WHATSAPP_API_VERSION": "23",
        "STORE_COUNTRY": "India",
        "STORE_CURRENCY": "Rs",
        "STORE_TIMEZONE": "India/Delhi",
        "STORE_LOCALE": "English",
        "STORE_SETTINGS": "retention=for ever;colour=blue",
        "STAFF_NUMBERS": "priya:owner, 919876543210:boss, 919876543211:agent, +919876543211:owner",
        "CATALOG_FILE": "nowhere.csv",
        "TICK_SECONDS": "0",
        "WORKER_PORT": "70000",
        "LOG_LEVEL": "loud",
        "LOG_FORMAT": "xml",
    }
    assert sorted(names(**wrong)) == sorted(
        [
            *(set(wrong) - {"WHATSAPP_ACCESS_TOKEN"}),
            "WHATSAPP_PHONE_NUMBER_ID",
            "WHATSAPP_BUSINESS_ACCOUNT_ID",
            "WHATSAPP_VERIFY_TOKEN",
            "STORE_SETTINGS",
            "STAFF_NUMBERS",
            "STAFF_NUMBERS",
        ]
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WHATSAPP_API_URL", "https://graph.example:99999"),
        ("WHATSAPP_API_URL", "https://[::1"),
        ("WHATSAPP_ACCESS_TOKEN", "EAAx\r\nHost: elsewhere"),
        ("WHATSAPP_ACCESS_TOKEN", "EAAé"),
    ],
)
def test_what_would_break_every_request_is_found_at_the_start(name: str, value: str) -> None:
    assert names(**GIVEN | {name: value}) == [name]


@pytest.mark.parametrize("name", sorted(set(settings.NAMES) - {"HOST", "STORE_NAME", "STORE_SETTINGS"}))
def test_no_value_is_told_for_it_may_be_a_secret(name: str) -> None:
    values = [f"postgres://user:{SECRET}/x@host:port/db", f"postgres://u:{SECRET}@[::1/db", SECRET, f"{SECRET}\0", "²"]
    for value in values:
        try:
            load({name: value})
        except SettingsError as error:
            told = str(error)
            assert (SECRET in told, told.startswith(name) or name in GO_TOGETHER) == (False, True)


def test_a_provider_has_all_of_its_keys_or_none() -> None:
    found = load(STRIPE | RAZORPAY | {"STRIPE_API_URL": "http://127.0.0.1:9/stripe/"})
    assert found.payments == (
        Account("stripe", "http://127.0.0.1:9/stripe", STRIPE),
        Account("razorpay", "https://api.razorpay.com", RAZORPAY),
    )
    assert {*STRIPE.values(), *RAZORPAY.values()} <= set(found.secrets)
    assert not {*STRIPE.values(), *RAZORPAY.values()} & set(re.findall(r"[^'\"]+", repr(found)))
    for given in (STRIPE, RAZORPAY):
        for missing in given:
            rest = {name: value for name, value in given.items() if name != missing}
            assert faults(**rest) == [f"{missing}: is missing; set {', '.join(given)} together, or none of them"]


def test_keys_of_another_kind_and_live_ones_in_the_sandbox_are_named() -> None:
    assert names(**STRIPE | {"STRIPE_SECRET_KEY": "pk_test_1"}) == ["STRIPE_SECRET_KEY"]
    assert names(**STRIPE | {"STRIPE_WEBHOOK_SECRET": "sk_test_1"}) == ["STRIPE_WEBHOOK_SECRET"]
    assert names(**STRIPE | {"STRIPE_SECRET_KEY": "sk_live_1"}) == ["STRIPE_SECRET_KEY"]
    assert names(**RAZORPAY | {"RAZORPAY_KEY_ID": "rzp_live_1"}) == ["RAZORPAY_KEY_ID"]
    assert [account.name for account in load(GIVEN | STRIPE | {"STRIPE_SECRET_KEY": "sk_live_1"}).payments] == [
        "stripe"
    ]


@pytest.mark.parametrize("missing", CREDENTIALS)
def test_one_missing_credential_is_named(missing: str) -> None:
    given = {name: value for name, value in GIVEN.items() if name != missing}
    assert faults(**given) == [f"{missing}: is missing; set all five WhatsApp credentials, or none to use the sandbox"]


@pytest.mark.parametrize(
    ("text", "staff"),
    [
        ("", ()),
        (" , ", ()),
        ("911234567890:owner", (StaffNumber("911234567890", "owner", None),)),
        ("+91 (123) 456-7890:viewer:", (StaffNumber("911234567890", "viewer", None),)),
        ("911234567890:manager:Priya: the boss", (StaffNumber("911234567890", "manager", "Priya: the boss"),)),
        (f"911234567890:agent:{'x' * 200}", (StaffNumber("911234567890", "agent", "x" * 100),)),
    ],
)
def test_staff_numbers_are_read(text: str, staff: tuple[StaffNumber, ...]) -> None:
    assert load({"STAFF_NUMBERS": text}).staff == staff


@pytest.mark.parametrize(
    "text", ["911234567890", "911234567890:", "911234567890:Owner", "12345:owner", "٩١١٢٣٤٥٦٧٨٩:owner"]
)
def test_staff_without_number_or_role_are_refused(text: str) -> None:
    assert names(STAFF_NUMBERS=text) == ["STAFF_NUMBERS"]


def test_the_file_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    text = (
        "# a shop\nexport PORT=1\nSTORE_NAME='Chai & Co'\nMETRICS_TOKEN=a${PORT}$b#c\nHOST=\nLOG_LEVEL=debug # loud\n"
    )
    (tmp_path / ".env").write_text(f"\ufeff{text}")
    monkeypatch.setenv("PORT", "2")
    found = load()
    told = (found.port, found.store.name, found.metrics_token, found.host, found.log_level)
    assert told == (2, "Chai & Co", "a${PORT}$b#c", "127.0.0.1", "debug")


def test_without_a_file_there_are_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    assert load() == load({})


def test_a_file_that_is_no_text_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes("PORT=1\n".encode("utf-16"))
    with pytest.raises(SettingsError, match=r"^\.env: cannot be read as UTF-8 text \(UnicodeDecodeError\)$"):
        load()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_on_this_machine_alone_no_credentials_are_needed(host: str) -> None:
    assert app.App(load({"HOST": host})).settings.is_loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "shop.example", "127.0.0.1.example"])
def test_for_others_to_reach_every_missing_credential_is_named(host: str) -> None:
    with pytest.raises(SettingsError) as caught:
        app.App(load({"HOST": host}))
    assert [fault.partition(":")[0] for fault in caught.value.faults] == list(CREDENTIALS)


@pytest.mark.parametrize("role", ["web", "worker"])
def test_web_and_worker_refuse_sqlite_with_that_sentence(role: str) -> None:
    with pytest.raises(app.CannotStart) as caught:
        app.App(load(GIVEN), role=role)
    sentence = f"`{role}` needs Postgres: on SQLite the bot is one process, `python -m bot run`. Set DATABASE_URL."
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("host", "url"), [("127.0.0.1", "http://127.0.0.1:80"), ("::1", "http://[::1]:80"), ("shop", "http://shop:80")]
)
def test_the_address_of_an_ipv6_host_has_brackets(host: str, url: str) -> None:
    found = load({"HOST": host, "PORT": "80"})
    assert (found.here(80), found.public_url) == (url, url)
