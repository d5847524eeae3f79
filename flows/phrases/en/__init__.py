"""English: short, warm, plain. What happened, why, and what to do now."""

from collections.abc import Mapping

from flows.phrases.en import chat, desk, office, orders

PHRASES: Mapping[str, str | Mapping[str, str]] = {**chat.PHRASES, **orders.PHRASES, **desk.PHRASES, **office.PHRASES}
