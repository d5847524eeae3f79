"""The machine's settings, read from `.env` and the environment (which wins). Every fault is found before any is told.

What belongs to the business and not to the machine lives in the database per store (`flows/settings.py`).
"""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values
from yarl import URL

from bot import vocabularies
from flows import settings as store_settings
from flows.policy import Role
from models.address import Address, InvalidAddress

ENV_FILE = Path(".env")
API_URL = "https://graph.facebook.com"
API_VERSION = "v23.0"
"""The newest Graph version whose OpenAPI Meta has published: what we send is checked against it."""

NAMES: dict[str, str] = {
    "HOST": "where HTTP listens; 127.0.0.1, for the web process 0.0.0.0",
    "PORT": "8080",
    "PUBLIC_URL": "how the outside reaches us, for links and the webhook; http://HOST:PORT",
    "DATABASE_URL": "sqlite://var/waybill.sqlite3, or postgres://user:password@host:port/database",
    "WHATSAPP_PHONE_NUMBER_ID": "the five WhatsApp credentials: all of them, or none to play in the sandbox",
    "WHATSAPP_BUSINESS_ACCOUNT_ID": "the WhatsApp Business Account the number belongs to",
    "WHATSAPP_ACCESS_TOKEN": "a system user's token with whatsapp_business_messaging and _management",
    "WHATSAPP_APP_SECRET": "the app's secret, which signs every webhook",
    "WHATSAPP_VERIFY_TOKEN": "any words of your own, typed into Meta's webhook form too",
    "WHATSAPP_CATALOG_ID": "the Meta catalogue connected to the number",
    "WHATSAPP_API_URL": "any stand-in for the Graph API; Meta's own address",
    "WHATSAPP_API_VERSION": f"Graph API version; {API_VERSION}",
    "STRIPE_SECRET_KEY": "Stripe's secret key, for payment links; set both of Stripe's, or none",
    "STRIPE_WEBHOOK_SECRET": "the signing secret of the webhook endpoint /payments/stripe",
    "STRIPE_API_URL": "any stand-in for Stripe; its own address",
    "RAZORPAY_KEY_ID": "Razorpay's key id, for payment links; set all three of Razorpay's, or none",
    "RAZORPAY_KEY_SECRET": "the key's secret",
    "RAZORPAY_WEBHOOK_SECRET": "the secret of the webhook /payments/razorpay",
    "RAZORPAY_API_URL": "any stand-in for Razorpay; its own address",
    "MERCADOPAGO_ACCESS_TOKEN": "Mercado Pago's access token, for Pix and payment links; set both, or none",
    "MERCADOPAGO_WEBHOOK_SECRET": "the secret signature of its webhooks, for /payments/mercadopago",
    "MERCADOPAGO_API_URL": "any stand-in for Mercado Pago; its own address",
    "STORE_NAME": "the first store, used when it is created: Demo Store",
    "STORE_COUNTRY": "ISO 3166 letters: IN",
    "STORE_CURRENCY": "ISO 4217 letters: INR",
    "STORE_TIMEZONE": "IANA name: Asia/Kolkata",
    "STORE_LOCALE": "language, perhaps with a country: en",
    "STAFF_NUMBERS": "number:role[:name],…  roles owner, manager, agent, viewer",
    "CATALOG_FILE": "product feed (CSV) imported at a start that finds the catalogue empty",
    "STORE_SETTINGS": "name=value;name=value, used when the store is created; `store show` lists the names",
    "TICK_SECONDS": "how often the scheduler looks for due timers: 5",
    "METRICS_TOKEN": "bearer token for /metrics; without one it answers on loopback only",
    "WORKER_PORT": "a port for health and metrics of `worker`; none",
    "LOG_LEVEL": "debug, info, warning or error: info",
    "LOG_FORMAT": "console or json; console on a terminal",
}
"""Every name with what it means and its default: `.env.example` is this table."""

CREDENTIALS = (
    "WHATSAPP_PHONE_NUMBER_ID",
    "WHATSAPP_BUSINESS_ACCOUNT_ID",
    "WHATSAPP_ACCESS_TOKEN",
    "WHATSAPP_APP_SECRET",
    "WHATSAPP_VERIFY_TOKEN",
)

PROVIDERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "stripe": (
        "https://api.stripe.com",
        {"STRIPE_SECRET_KEY": "(sk|rk)_[!-~]+", "STRIPE_WEBHOOK_SECRET": "whsec_[!-~]+"},
    ),
    "razorpay": (
        "https://api.razorpay.com",
        {"RAZORPAY_KEY_ID": "rzp_[!-~]+", "RAZORPAY_KEY_SECRET": "[!-~]+", "RAZORPAY_WEBHOOK_SECRET": "[!-~]{8,}"},
    ),
    "mercadopago": (
        "https://api.mercadopago.com",
        {"MERCADOPAGO_ACCESS_TOKEN": "(APP_USR|TEST)-[!-~]+", "MERCADOPAGO_WEBHOOK_SECRET": "[!-~]{8,}"},
    ),
}
"""Payment providers: where they live, and which keys each needs, with their form."""


class SettingsError(ValueError):
    """What is wrong with the settings, one line a fault; never a value, which may be a secret."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class WhatsApp:
    """Credentials and the address of the Graph API."""

    phone_number_id: str
    business_account_id: str
    access_token: str = field(repr=False)
    app_secret: str = field(repr=False)
    verify_token: str = field(repr=False)
    api_url: str = API_URL
    api_version: str = API_VERSION
    catalog_id: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """A payment provider, where it is called, and our keys by their names in the environment."""

    name: str
    api_url: str
    keys: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class StaffNumber:
    wa_id: str
    role: str
    name: str | None


@dataclass(frozen=True, slots=True)
class FirstStore:
    """The store as it is created; later it is the database's."""

    name: str
    country: str
    currency: str
    timezone: str
    locale: str
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings. `whatsapp` is None when no credentials are given: the sandbox."""

    host: str
    port: int
    public_url: str
    address: Address = field(repr=False)
    whatsapp: WhatsApp | None
    store: FirstStore
    staff: tuple[StaffNumber, ...]
    catalog_file: Path | None
    tick: timedelta
    metrics_token: str | None = field(repr=False)
    worker_port: int | None
    log_level: str
    log_format: str | None
    payments: tuple[Account, ...] = ()

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be read in a log."""
        known = self.whatsapp
        ours = (known.access_token, known.app_secret, known.verify_token) if known else ()
        keys = (key for account in self.payments for key in account.keys.values())
        return tuple(filter(None, (*ours, *keys, self.metrics_token)))

    def here(self, port: int) -> str:
        """The address of `port` as this machine calls it; an IPv6 host stands in brackets."""
        return origin(self.host, port)


def origin(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load(environment: Mapping[str, str] | None = None, *, default_host: str = "127.0.0.1") -> Settings:
    """Read and check everything; raises `SettingsError` with every fault at once."""
    vocabularies.install()
    if environment is None:
        environment = _read_file(ENV_FILE) | dict(os.environ)
    return _Reader(environment).settings(default_host)


def _read_file(path: Path) -> dict[str, str]:
    """As written: a `$` in a secret is no reference, and a byte order mark no part of the first name."""
    try:
        found = dotenv_values(path, interpolate=False, encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: cannot be read as UTF-8 text ({type(error).__name__})"]) from None
    return {name: value for name, value in found.items() if value is not None}


class _Reader:
    """Reads names one by one and gathers faults."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._values = {name: environment.get(name, "").strip() for name in NAMES}
        self.faults: list[str] = []

    def settings(self, default_host: str) -> Settings:
        host = self._text("HOST", default_host)
        port = self._int("PORT", 8080, 0, 65535)
        settings = Settings(
            host=host,
            port=port,
            public_url=self._url("PUBLIC_URL", origin(host, port)),
            address=self._address(),
            whatsapp=self._whatsapp(),
            store=self._store(),
            staff=self._staff(),
            catalog_file=self._file("CATALOG_FILE"),
            tick=timedelta(seconds=self._float("TICK_SECONDS", 5, 0.1, 3600)),
            metrics_token=self._values["METRICS_TOKEN"] or None,
            worker_port=self._int("WORKER_PORT", 0, 0, 65535) or None,
            log_level=self._choice("LOG_LEVEL", "info", ("debug", "info", "warning", "error")),
            log_format=self._choice("LOG_FORMAT", "", ("", "console", "json")) or None,
            payments=self._payments(),
        )
        if self.faults:
            raise SettingsError(self.faults)
        return settings

    def _text(self, name: str, default: str) -> str:
        return self._values[name] or default

    def _fault(self, name: str, sentence: str) -> None:
        self.faults.append(f"{name}: {sentence}")

    def _int(self, name: str, default: int, least: int, most: int) -> int:
        return int(self._float(name, default, least, most, kind="a whole number"))

    def _float(self, name: str, default: float, least: float, most: float, *, kind: str = "a number") -> float:
        text = self._values[name]
        pattern = r"[0-9]{1,9}" if kind == "a whole number" else r"[0-9]{1,9}(\.[0-9]{1,6})?"
        if not text:
            return default
        if not re.fullmatch(pattern, text) or not least <= float(text) <= most:
            self._fault(name, f"must be {kind} from {least} to {most}")
            return default
        return float(text)

    def _choice(self, name: str, default: str, words: tuple[str, ...]) -> str:
        text = self._values[name].lower() or default
        if text not in words:
            self._fault(name, f"must be one of {', '.join(w for w in words if w)}")
        return text

    def _matching(self, name: str, default: str, pattern: str, meaning: str) -> str:
        text = self._text(name, default)
        if not re.fullmatch(pattern, text):
            self._fault(name, f"must be {meaning}")
        return text

    def _url(self, name: str, default: str) -> str:
        text = self._matching(name, default, r"https?://[^\s/]+(/\S*)?", "an http or https address").rstrip("/")
        try:
            URL(text)
        except ValueError:  # what it says may quote a secret
            self._fault(name, "must be an address with a host and a port that can be")
        return text

    def _address(self) -> Address:
        try:
            return Address(self._text("DATABASE_URL", "sqlite://var/waybill.sqlite3"))
        except InvalidAddress as error:
            self._fault("DATABASE_URL", str(error))
            return Address("sqlite://var/waybill.sqlite3")

    def _file(self, name: str) -> Path | None:
        if not (text := self._values[name]):
            return None
        if not (path := Path(text)).is_file():
            self._fault(name, "there is no such file")
        return path

    def _whatsapp(self) -> WhatsApp | None:
        missing = [name for name in CREDENTIALS if not self._values[name]]
        api_url = self._url("WHATSAPP_API_URL", API_URL)
        version = self._matching(
            "WHATSAPP_API_VERSION", API_VERSION, r"v[0-9]{1,3}\.[0-9]{1,2}", "a version like v23.0"
        )
        if len(missing) == len(CREDENTIALS):
            return None
        for name in missing:
            self._fault(name, "is missing; set all five WhatsApp credentials, or none to use the sandbox")
        for name in CREDENTIALS[:2]:
            if (text := self._values[name]) and not re.fullmatch(r"[0-9A-Za-z_-]{1,64}", text):
                self._fault(name, "must be an id of letters and digits, as Meta shows it")
        if (token := self._values["WHATSAPP_ACCESS_TOKEN"]) and not re.fullmatch(r"[ -~]+", token):
            self._fault("WHATSAPP_ACCESS_TOKEN", "must be as Meta shows it, on one line of plain letters")
        if (secret := self._values["WHATSAPP_APP_SECRET"]) and len(secret) < 16:
            self._fault("WHATSAPP_APP_SECRET", "is too short to be an app secret (Meta's has 32 characters)")
        phone_number_id, account, token, secret, verify = (self._values[name] for name in CREDENTIALS)
        catalog_id = self._values["WHATSAPP_CATALOG_ID"] or None
        return WhatsApp(phone_number_id, account, token, secret, verify, api_url, version, catalog_id)

    def _payments(self) -> tuple[Account, ...]:
        """Every provider whose keys are given. Live ones have nothing to do with a sandbox."""
        is_sandbox = not any(self._values[name] for name in CREDENTIALS)
        accounts = []
        for provider, (address, forms) in PROVIDERS.items():
            url = self._url(f"{provider.upper()}_API_URL", address)
            if not any(self._values[name] for name in forms):
                continue
            for name, form in forms.items():
                if not (text := self._values[name]):
                    self._fault(name, f"is missing; set {', '.join(forms)} together, or none of them")
                elif not re.fullmatch(form, text):
                    self._fault(name, f"is not what {provider.capitalize()} calls so; copy it again")
                elif is_sandbox and re.match("(sk|rk|rzp)_live_|APP_USR-", text):
                    self._fault(
                        name, "is a live key, and without WhatsApp credentials this is a sandbox: take a test key"
                    )
            accounts.append(Account(provider, url, {name: self._values[name] for name in forms}))
        return tuple(accounts)

    def _store(self) -> FirstStore:
        timezone = self._text("STORE_TIMEZONE", "Asia/Kolkata")
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self._fault("STORE_TIMEZONE", "must be an IANA name like Asia/Kolkata")
        return FirstStore(
            name=self._text("STORE_NAME", "Demo Store")[:200],
            country=self._matching("STORE_COUNTRY", "IN", "[A-Z]{2}", "two capital letters like IN"),
            currency=self._matching("STORE_CURRENCY", "INR", "[A-Z]{3}", "three capital letters like INR"),
            timezone=timezone,
            locale=self._matching(
                "STORE_LOCALE", "en", r"[a-z]{2,3}([-_][A-Za-z]{2,4})?", "a language like en or pt_BR"
            ),
            settings=self._store_settings(),
        )

    def _store_settings(self) -> Mapping[str, str]:
        try:
            return store_settings.parse(self._values["STORE_SETTINGS"])
        except store_settings.SettingsError as error:
            self.faults += [f"STORE_SETTINGS: {fault}" for fault in error.faults]
            return {}

    def _staff(self) -> tuple[StaffNumber, ...]:
        staff: list[StaffNumber] = []
        for entry in filter(None, (part.strip() for part in self._values["STAFF_NUMBERS"].split(","))):
            number, role, name = ([*(part.strip() for part in entry.split(":", 2)), "", ""])[:3]
            digits = re.sub(r"[\s+()-]", "", number)
            if not re.fullmatch(r"[0-9]{6,15}", digits):
                self._fault(
                    "STAFF_NUMBERS", f"entry {len(staff) + 1} needs a number with country code, like 911234567890"
                )
            elif role not in set(Role):
                self._fault("STAFF_NUMBERS", f"entry {len(staff) + 1} needs a role: {', '.join(Role)}")
            elif digits in {person.wa_id for person in staff}:
                self._fault("STAFF_NUMBERS", f"entry {len(staff) + 1} has a number that stands there already")
            staff.append(StaffNumber(digits, role, name[:100] or None))
        return tuple(staff)
