"""The demo shop: its products (demo.csv, a feed in Meta's columns), the people who hold its phones, and its staff."""

import csv
from pathlib import Path

from bot.sandbox.people import Person

FEED = Path(__file__).with_name("demo.csv")
PICTURES = Path(__file__).with_name("pictures")

PEOPLE = (
    Person("asha", "Asha Rao", "919800000001", "IN.1029384756", "customer"),
    Person("rahul", "Rahul Mehta", "919800000002", "IN.1029384757", "customer"),
    # Nobody outside WhatsApp sees her number: she is known by her business-scoped id alone.
    Person("meera", "Meera", None, "IN.1029384758", "customer"),
    Person("priya", "Priya", "919800000011", "IN.1029384766", "staff"),
    Person("ravi", "Ravi", "919800000012", "IN.1029384767", "staff"),
)
"""Who can be played on the page at first, customers before staff."""

_ROLES = {"priya": "owner", "ravi": "agent"}
STAFF_NUMBERS = ",".join(
    f"{person.wa_id}:{_ROLES[person.id]}:{person.name}" for person in PEOPLE if person.id in _ROLES
)


def feed(public_url: str, currency: str = "INR") -> str:
    """The feed as a shop would hand it in; `image_link` points to the pictures that the sandbox serves at `public_url`."""
    text = FEED.read_text(encoding="utf-8").replace("{PUBLIC_URL}", public_url.rstrip("/"))
    return text.replace(" INR", f" {currency}")


def products(public_url: str, currency: str = "INR") -> list[dict[str, str]]:
    """The feed's rows, text by column."""
    return list(csv.DictReader(feed(public_url, currency).splitlines()))
