"""English: short, warm, plain. What happened, why, and what to do now."""

from collections.abc import Mapping

from flows.phrases import en_desk as desk
from flows.phrases.en import chat, orders

PHRASES: Mapping[str, str | Mapping[str, str]] = {**chat.PHRASES, **orders.PHRASES, **desk.PHRASES}
