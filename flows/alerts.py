"""What staff are told unasked, in the store's language: one function a piece of news, and how pieces become one message."""

from collections.abc import Sequence
from datetime import timedelta

from flows import durations, limits
from flows.cart import Empty, Foreign, PricedCart, TooMany, Unknown
from flows.feed import Product
from flows.inbound import AccountNotice, PaymentConfiguration, TemplateUpdate
from flows.messages import BODY, Buttons, Message, Template, Text, fit
from flows.news import News
from flows.phrases import say
from flows.plain import plain
from flows.store import Store
from flows.templates import staff_alert

PART_LENGTH = 380
"""Ten pieces of news with their heading fit into one text of 4,096 characters."""

SENTENCE = 200
"""The longest reason of `flows/errors.py`, whole: its end says what to do."""

GOOD_STATUSES = frozenset({"APPROVED", "REINSTATED", "PENDING", "IN_APPEAL"})
"""Meta's words for a template that is fine or on its way: no news for staff."""


def refused_cart(
    store: Store, priced: PricedCart, *, who: str | None, note: str = "", late: timedelta | None = None
) -> str:
    """A cart came in from `who` in which nothing could be sold; `late` is how long ago it was sent, if worth knowing."""
    language = store.language
    parts = [say("alert.cart_nothing", language, who=_who(who, store))]
    match priced.refusals:
        case [Empty()]:
            parts.append(say("alert.cart_empty", language))
        case [Foreign()]:
            parts.append(say("alert.cart_foreign", language))
        case [TooMany(products)]:
            parts.append(say("alert.cart_too_many", language, count=products, most=limits.CART_LINES))
        case [_, *_]:
            names = "; ".join(_name(refusal) for refusal in priced.refusals)
            parts.append(say("alert.cart_refused", language, count=len(priced.refusals), list=plain(names, 80)))
    if late is not None:
        parts.append(say("alert.cart_late", language, age=durations.about(late)))
    if note.strip():
        parts.append(say("alert.cart_note", language, note=plain(note, 100)))
    return " ".join(parts)


def buried(store: Store, *, kind: str, who: str | None, reason: str) -> str:
    """An event was tried as often as we try, and set aside."""
    return say("alert.buried", store.language, kind=plain(kind), who=_who(who, store), reason=plain(reason, 100))


def still_buried(store: Store, *, count: int) -> str:
    """What was set aside and waits for somebody."""
    return say("alert.still_buried", store.language, count=count)


def identity_changed(store: Store, *, who: str) -> str:
    """Somebody of the shop has a new number, id or device: perhaps it is not them any more."""
    return say("alert.identity_changed", store.language, who=plain(who))


def token_refused(store: Store, *, code: int) -> str:
    """Nothing went out for want of a good token: it is read when that is over."""
    return say("alert.token", store.language, code=code)


def account_stopped(store: Store, *, code: int | None, reason: str) -> str:
    """Meta refused everything from us for a reason that only the account's owner can mend: it is read when that is over."""
    return say("alert.account", store.language, code=code or "-", reason=plain(reason, SENTENCE))


def template_changed(store: Store, update: TemplateUpdate) -> str | None:
    """None when Meta's news is good."""
    names = {"name": plain(update.name), "language": plain(update.language)}
    if update.category:
        return say("alert.template_category", store.language, **names, category=plain(update.category))
    if not update.status or update.status in GOOD_STATUSES:
        return None
    if update.status == "FLAGGED":
        return say("alert.template_flagged", store.language, **names)
    status = f"{update.status}: {plain(update.reason, 100)}" if update.reason else update.status
    return say("alert.template", store.language, **names, status=status)


def low_stock(store: Store, product: Product, *, left: int) -> str:
    """Few pieces are left to sell."""
    return say("alert.low_stock", store.language, count=left, title=plain(product.title), sku=product.retailer_id)


def account_notice(store: Store, notice: AccountNotice) -> str:
    """Anything else Meta tells about the account, its quality and limits."""
    return say("alert.notice", store.language, field=plain(notice.field), summary=plain(notice.summary, 150))


def pay_standing(store: Store, told: PaymentConfiguration) -> str:
    """How our way to be paid in the chat stands at Meta."""
    key = "news.pay_standing" if told.status.casefold() == "active" else "news.pay_standing_bad"
    fields = {"name": plain(told.name), "provider": plain(told.provider), "status": plain(told.status)}
    return say(key, store.language, **fields)


def send_failed(store: Store, *, who: str | None, reason: str) -> str:
    return say("alert.send_failed", store.language, who=_who(who, store), reason=plain(reason, SENTENCE))


def sent_otherwise(store: Store, *, who: str | None, reason: str) -> str:
    """It was said in plain words, since WhatsApp refused its form for a reason that will meet others too."""
    return say("alert.sent_otherwise", store.language, who=_who(who, store), reason=plain(reason, SENTENCE))


def send_unknown(store: Store, *, who: str | None) -> str:
    """An unknown outcome that we may not, or may no longer, try again."""
    return say("alert.send_unknown", store.language, who=_who(who, store))


def never_sent(store: Store, *, who: str | None, expired: bool) -> str:
    """Its time was over before it could go out, or there is no number and no id left to send it to."""
    return say("alert.expired" if expired else "alert.unreachable", store.language, who=_who(who, store))


def merge(parts: Sequence[News], language: str, *, more: int = 0) -> Message:
    """News as one message: up to ten pieces and the rest counted, with buttons if a single one can be answered.

    `more` is how many there are beside `parts`.
    """
    parts = _with_buttons_first(parts)
    if len(parts) == 1 and parts[0].buttons:
        return Buttons(parts[0].text, parts[0].buttons)
    shown = [fit(part.text, PART_LENGTH) for part in parts[: limits.ALERT_PARTS]]
    if len(parts) > 1:
        shown.insert(0, say("alert.header", language, count=len(parts) + more))
    if unsaid := len(parts[limits.ALERT_PARTS :]) + more:
        shown.append(say("alert.more", language, count=unsaid))
    text = "\n\n".join(shown)
    asking = [part for part in parts if part.buttons]
    if len(asking) == 1 and len(text) <= BODY:  # what the buttons are about stands first
        return Buttons(text, asking[0].buttons)
    return Text(text)


def _with_buttons_first(parts: Sequence[News]) -> list[News]:
    """A single piece that can be answered comes before what is only to be known."""
    is_single = sum(bool(part.buttons) for part in parts) == 1
    return sorted(parts, key=lambda part: not part.buttons) if is_single else list(parts)


def fallback(parts: Sequence[News], store: Store, *, more: int = 0) -> Template:
    """The same news for a closed window: the first piece that is more than a nudge, and how many there are."""
    first = next((part for part in parts if not part.is_nudge), parts[0])
    news = say("alert.short", store.language, first=fit(first.text, PART_LENGTH), count=len(parts) + more)
    return staff_alert(store, news, store.language)


def _who(name: str | None, store: Store) -> str:
    """Somebody as staff know them."""
    return plain(name or "") or say("alert.somebody", store.language)


def _name(refusal: object) -> str:
    return refusal.sku if isinstance(refusal, Unknown) else str(getattr(refusal, "title", "-"))
