"""How was it? One question when an order has arrived, answered by a tap, and what is said to the answer."""

from datetime import timedelta

from flows import checkout
from flows.messages import Button, Buttons, Text
from flows.order import Order
from flows.phrases import say

GREAT, FINE, BAD = "great", "fine", "bad"
ANSWERS = (GREAT, FINE, BAD)
_PREFIX = "f"
QUESTION = "feedback"
"""The open question to a customer: what went wrong?"""
WITHIN = timedelta(days=1)
"""How long their next words answer it."""


def ask(order: Order, text: str, language: str) -> Buttons:
    """The question under `text`, the news that it has arrived; a button's id names the order: `f1042.great`."""
    buttons = tuple(Button(f"{_PREFIX}{order.number}.{each}", say(f"feedback.{each}", language)) for each in ANSWERS)
    return Buttons(f"{text}\n\n{say('feedback.ask', language)}", buttons)


def read(tapped: str) -> tuple[int, str] | None:
    """Number and answer of one of our buttons; None for any other."""
    read = checkout.read_tap(tapped)
    return read[1:] if read is not None and read[0] == _PREFIX and read[2] in ANSWERS else None


def thanks(order: Order, answer: str, language: str) -> Text:
    key = "feedback.sorry" if answer == BAD else "feedback.thanks"
    return Text(say(key, language, label=order.label))
