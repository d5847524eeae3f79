"""The environment's names are a promise: the program reads these and no others, and `.env.example` explains each."""

import re

from bot import settings
from tests.rules.tree import ROOT

PROMISED = {
    "HOST", "PORT", "PUBLIC_URL", "DATABASE_URL",
    "WHATSAPP_PHONE_NUMBER_ID", "WHATSAPP_BUSINESS_ACCOUNT_ID", "WHATSAPP_ACCESS_TOKEN", "WHATSAPP_APP_SECRET",
    "WHATSAPP_VERIFY_TOKEN", "WHATSAPP_CATALOG_ID", "WHATSAPP_API_URL", "WHATSAPP_API_VERSION",
    "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_API_URL",
    "RAZORPAY_KEY_ID", "RAZORPAY_KEY_SECRET", "RAZORPAY_WEBHOOK_SECRET", "RAZORPAY_API_URL",
    "MERCADOPAGO_ACCESS_TOKEN", "MERCADOPAGO_WEBHOOK_SECRET", "MERCADOPAGO_API_URL",
    "STORE_NAME", "STORE_COUNTRY", "STORE_CURRENCY", "STORE_TIMEZONE", "STORE_LOCALE", "STORE_SETTINGS",
    "STAFF_NUMBERS", "CATALOG_FILE", "TICK_SECONDS", "METRICS_TOKEN", "WORKER_PORT", "LOG_LEVEL", "LOG_FORMAT",
}  # fmt: skip
EXAMPLE = re.compile(r"^(?P<above>.*)\n#? ?(?P<name>[A-Z][A-Z0-9_]*)=", re.MULTILINE)


def test_the_program_reads_the_names_that_are_promised() -> None:
    assert set(settings.NAMES) == PROMISED


def test_the_example_lists_every_name_once_below_a_line_that_explains_it() -> None:
    listed = [(match["name"], match["above"]) for match in EXAMPLE.finditer((ROOT / ".env.example").read_text())]
    assert sorted(listed) == sorted((name, f"# {meaning}") for name, meaning in settings.NAMES.items())
