"""The answer to `doctor`: how things stand, what is wrong first, each with its remedy."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from flows import durations, limits, payments, vocabulary
from flows.messages import Text
from flows.phrases import say
from flows.plain import plain
from flows.settings import Settings
from flows.store import Store


class Token(StrEnum):
    """What the last call to Meta said of our access token."""

    GOOD = "doctor.token_good"
    UNTRIED = "doctor.token_untried"
    REFUSED = "doctor.token_refused"


@dataclass(frozen=True, slots=True)
class Health:
    """How things stand. `failed` counts the last day; `templates` are those not approved, as (name, language, Meta's word).

    `stopped` says why nothing goes out, if it is not the token. `window_until` is the window of the person who asks (None in
    the terminal), `away` the names of staff whose window is closed.
    """

    events: int
    oldest_event: timedelta
    buried: int
    messages: int
    unknown: int
    held: int
    failed: int
    token: Token
    products: int
    exceptions: int = 0
    stopped: str = ""
    window_until: datetime | None = None
    away: tuple[str, ...] = ()
    templates: tuple[tuple[str, str, str], ...] = ()


def report(health: Health, store: Store) -> Text:
    ill, well = list(_ill(health, store)), list(_well(health, store))
    head = say("doctor.ill", store.language, count=len(ill), store=store.name) if ill else None
    return Text(
        "\n".join(
            [
                head or say("doctor.well", store.language, store=store.name),
                *(say("doctor.bad", store.language, line=line) for line in ill),
                *(say("doctor.good", store.language, line=line) for line in well),
            ]
        )
    )


def _ill(health: Health, store: Store) -> Iterator[str]:
    language = store.language
    if health.token is Token.REFUSED:
        yield say(health.token, language)
    if health.stopped:
        yield say("doctor.stopped", language, reason=plain(health.stopped, 200))
    if health.oldest_event > limits.EVENT_STUCK:
        yield say("doctor.events_stuck", language, count=health.events, age=durations.about(health.oldest_event))
    if health.buried:
        yield say("doctor.buried", language, count=health.buried)
    if health.unknown:
        yield say("doctor.unknown", language, count=health.unknown)
    if health.held:
        yield say("doctor.held", language, count=health.held)
    if health.exceptions:
        yield say("doctor.exceptions", language, count=health.exceptions)
    if health.failed:
        yield say("doctor.failed", language, count=health.failed)
    for name, code, status in health.templates:
        yield say("doctor.template", language, name=name, language=code, status=status)
    for fault in vocabulary.faults(Settings(store.settings).get("vocabulary")):
        yield say("doctor.vocabulary", language, fault=plain(fault, 200))
    yield from _payments(store)
    for name in health.away:
        yield say("doctor.window_closed", language, name=plain(name))
    if not health.products:
        yield say("doctor.catalogue_empty", language)


def _payments(store: Store) -> Iterator[str]:
    """Customers cannot be asked to pay in the chat, though the shop says that they can."""
    settings, language = Settings(store.settings), store.language
    if "whatsapp_pay" not in settings.get("payment_methods"):
        return
    if missing := payments.lacks("whatsapp_pay", settings):
        yield say("doctor.payments_missing", language, missing=", ".join(missing))
    elif status := payments.standing(settings):
        name = plain(settings.get("pay.configuration"))
        yield say("doctor.payments_standing", language, name=name, status=plain(status))


def _well(health: Health, store: Store) -> Iterator[str]:
    language = store.language
    if not health.events:
        yield say("doctor.events_none", language)
    elif health.oldest_event <= limits.EVENT_STUCK:
        yield say("doctor.events", language, count=health.events, age=durations.about(health.oldest_event))
    yield (
        say("doctor.outbox", language, count=health.messages)
        if health.messages
        else say("doctor.outbox_none", language)
    )
    if health.token is not Token.REFUSED:
        yield say(health.token, language)
    if not health.templates:
        yield say("doctor.templates_good", language)
    if health.products:
        yield say("doctor.catalogue", language, count=health.products)
    if health.window_until is not None:
        yield say("doctor.window", language, until=_moment(health.window_until, store))


def _moment(moment: datetime, store: Store) -> str:
    """Day and time by the store's clock, as its locale writes them."""
    from babel.dates import format_datetime

    locale = store.locale.replace("-", "_")
    return format_datetime(moment, "EEE HH:mm", tzinfo=store.zone, locale=locale)
