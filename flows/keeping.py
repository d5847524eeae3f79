"""What staff keep of an order, read from what they write: a name, tags, and words for the customer."""

import re
from collections.abc import Mapping, Sequence

from flows import card
from flows.messages import Button, Text, fit
from flows.news import News
from flows.order import Order
from flows.order_table import next_actions
from flows.phrases import say
from flows.plain import plain
from flows.replies import Counter
from flows.settings import Settings
from flows.spelling import nearest
from flows.store import Store

NOBODY = ("-", "nobody", "none")
EMAIL = 254
"""Characters of the longest address that mail can have."""
# What mail servers take in every script, and not all that the standard knows: nobody dictates a quoted local part.
_ATOM = r"[^\s@<>()\[\],;:\\\".]+"
_LABEL = r"(?!-)[^\s@<>()\[\],;:\\\"._]{1,63}(?<!-)"
_EMAIL = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@((?:{_LABEL}\.)+(?=\D\D){_LABEL})")
TAGS = 10
"""Tags of an order: more are no help in finding it."""


def find_person(text: str, names: Sequence[str], *, me: str) -> str | None:
    """Whose name it is, whole or its beginning; "" for nobody, None when it is not clear."""
    said = plain(text, 60).lower()
    if said in NOBODY:
        return ""
    if said in ("me", "myself"):
        return me
    found = [name for name in names if name.lower() == said] or [n for n in names if n.lower().startswith(said)]
    if len(found) == 1:
        return found[0]
    close = nearest(said, [name.lower() for name in names]) if not found else None
    return next((name for name in names if name.lower() == close), None)


def tagged(tags: Sequence[str], text: str) -> tuple[str, ...]:
    """The tags with the words of `text`; one that is there already, or has a minus before it, is taken off."""
    kept = list(tags)
    for word in plain(text, 200).lower().replace(",", " ").split():
        name = word.strip("#-")[:30]
        if name in kept:
            kept.remove(name)
        elif name and not word.startswith("-"):
            kept.append(name)
    return tuple(kept[-TAGS:])


def marks(order: Order, settings: Settings) -> dict[str, str]:
    """The merchant's own statuses that an order may have as it stands, with their labels."""
    return {name: extra.label for name, extra in settings.vocabulary.extras.items() if extra.like == order.status}


def find_mark(text: str, known: Mapping[str, str]) -> str | None:
    """The name of the own status that is meant, by its name or its label."""
    said = text.strip().lower().replace(" ", "_")
    labels = {label.lower().replace(" ", "_"): name for name, label in known.items()}
    return said if said in known else labels.get(said)


def read_email(text: str) -> str | None:
    """The email address that `text` is, as it is written to; None for anything else."""
    said = text.strip().removeprefix("mailto:").strip("<>").rstrip(".,;")
    found = _EMAIL.fullmatch(said)
    return f"{found[1]}@{found[2].lower()}" if found and said.isprintable() and len(said) <= EMAIL else None


def assigned(order: Order, by: str, counter: Counter) -> News:
    """For whom an order is now."""
    text = say("news.assigned", counter.language, head=card.head(order, counter.store), who=plain(by))
    visit = counter.visits.get(order.id)
    buttons = tuple(
        Button(card.action_id(order, event), say(f"action.{event}", counter.language))
        for event in next_actions(order, counter.settings, now=counter.now, visit=visit)[: card.ACTIONS_AS_BUTTONS]
    )
    return News(text, buttons, order.id)


def relayed(order: Order, words: str, store: Store, language: str) -> Text:
    """The shop's own words to the customer."""
    return Text(fit(say("chat.relayed", language, store=store.name, label=order.label, words=words), 1024))
