"""The templates we ask Meta to approve, in every language we speak: what goes out when a window is closed.

Each has two text parameters, the store's name and the news, and stands in a sentence: Meta refuses a body that begins or
ends with a parameter.
"""

from dataclasses import dataclass, replace

from flows.messages import Button, OrderDetails, OrderStatus, Template
from flows.phrases import LANGUAGES, say, spoken
from flows.settings import Settings
from flows.store import Store

ORDER_UPDATE, STAFF_ALERT = "order_update", "staff_alert"
ORDER_PAYMENT, ORDER_PROGRESS = "order_payment", "order_progress"
"""What is paid by the template's own button, and what becomes of such an order: only for stores that use it."""
BOOKING_REMINDER, BOOKING_SOON = "booking_reminder", "booking_soon"
"""An appointment while its customer can move and cancel it, and when it is too late for that: each with its buttons."""
PAID_IN_CHAT = ("whatsapp_pay", "pix")
UTILITY = "UTILITY"


@dataclass(frozen=True, slots=True)
class Definition:
    """A template as Meta is asked for it: `{{1}}` and `{{2}}` in the body, an example for each.

    `button` is what the button of an ORDER_DETAILS template says, `replies` what the buttons say that answer by themselves;
    `sub_category` another kind of its own.
    """

    name: str
    language: str
    category: str
    body: str
    examples: tuple[str, str]
    button: str = ""
    sub_category: str = ""
    replies: tuple[str, ...] = ()


def definitions(store: Store) -> tuple[Definition, ...]:
    """Ours, and those that the shop's vocabulary names: of the same form, so that each status may have words of its own."""
    own = dict.fromkeys(Settings(store.settings).vocabulary.templates.values())
    return tuple(
        each
        for language in LANGUAGES
        for definition in _define(store, language)
        for each in (definition, *(replace(definition, name=name) for name in own if definition.name == ORDER_UPDATE))
    )


def _define(store: Store, language: str) -> tuple[Definition, ...]:
    blanks = {"store": "{{1}}", "news": "{{2}}"}
    order = say("template.order_update", language, **blanks)
    alert = say("template.staff_alert", language, **blanks)
    reminder, soon = (say(f"template.{name}", language, **blanks) for name in (BOOKING_REMINDER, BOOKING_SOON))
    visit = (store.name, say("template.example_visit", language))
    there, *changes = (say(key, language) for key in ("remind.there", "remind.move", "remind.cancel"))
    always = (
        Definition(ORDER_UPDATE, language, UTILITY, order, (store.name, say("template.example_news", language))),
        Definition(STAFF_ALERT, language, UTILITY, alert, (store.name, say("template.example_alert", language))),
        Definition(BOOKING_REMINDER, language, UTILITY, reminder, visit, replies=(there, *changes)),
        Definition(BOOKING_SOON, language, UTILITY, soon, visit, replies=(there,)),
    )
    if not set(PAID_IN_CHAT) & set(Settings(store.settings).get("payment_methods")):
        return always
    payment, asked = say("template.order_payment", language, **blanks), say("template.example_payment", language)
    progress, told = say("template.order_progress", language, **blanks), say("template.example_progress", language)
    return (
        *always,
        Definition(ORDER_PAYMENT, language, UTILITY, payment, (store.name, asked), button=REVIEW_AND_PAY),
        Definition(ORDER_PROGRESS, language, UTILITY, progress, (store.name, told), sub_category="ORDER_STATUS"),
    )


REVIEW_AND_PAY = "Review and Pay"
"""Meta writes the button's text itself, in the language of the phone; this is the one that it is created with."""


def order_update(store: Store, news: str, language: str, *, name: str | None = None) -> Template:
    """`news` for a customer whose window is closed."""
    return Template(name or ORDER_UPDATE, spoken(language), (store.name, news))


def staff_alert(store: Store, news: str, language: str) -> Template:
    """`news` for somebody of the shop who has not written for a day."""
    return Template(STAFF_ALERT, spoken(language), (store.name, news))


def booking_reminder(store: Store, news: str, buttons: tuple[Button, ...], language: str) -> Template:
    """An appointment, for a customer whose window is closed; one button says that only *I'll be there* is left."""
    name = BOOKING_SOON if len(buttons) == 1 else BOOKING_REMINDER
    return Template(name, spoken(language), (store.name, news), buttons=buttons)


def order_payment(store: Store, news: str, details: OrderDetails, language: str) -> Template:
    """What is to be paid, for a customer whose window is closed."""
    return Template(ORDER_PAYMENT, spoken(language), (store.name, news), details)


def order_progress(store: Store, news: str, told: OrderStatus, language: str) -> Template:
    """What became of it, likewise."""
    return Template(ORDER_PROGRESS, spoken(language), (store.name, news), told)
