"""What staff are told unasked, in the store's language: one function a piece of news, and how pieces become one message."""

from collections.abc import Sequence
from datetime import timedelta

from flows import durations, limits, quote
from flows.cart import PricedCart, Unknown
from flows.inbound import AccountNotice, TemplateUpdate
from flows.messages import Template, Text, fit
from flows.phrases import say
from flows.plain import plain
from flows.store import Store
from flows.templates import staff_alert

PART_LENGTH = 380
"""Ten pieces of news with their heading fit into one text of 4,096 characters."""

GOOD_STATUSES = frozenset({"APPROVED", "REINSTATED", "PENDING", "IN_APPEAL"})
"""Meta's words for a template that is fine or on its way: no news for staff."""


def new_cart(store: Store, priced: PricedCart, *, who: str, note: str = "", late: timedelta | None = None) -> str:
    """A cart came in from `who`; `late` is how long ago it was sent, when that is worth knowing."""
    language = store.language
    if priced.lines:
        parts = [say("alert.cart", language, who=plain(who), summary=quote.summary(priced, store, language))]
    else:
        parts = [say("alert.cart_nothing", language, who=plain(who))]
    if priced.refusals:
        names = ", ".join(_name(refusal) for refusal in priced.refusals)
        parts.append(say("alert.cart_refused", language, count=len(priced.refusals), list=plain(names, 80)))
    if late is not None:
        parts.append(say("alert.cart_late", language, age=durations.about(late)))
    if note.strip():
        parts.append(say("alert.cart_note", language, note=plain(note, 100)))
    return " ".join(parts)


def buried(store: Store, *, kind: str, who: str, reason: str) -> str:
    """An event was tried as often as we try, and set aside."""
    return say("alert.buried", store.language, kind=plain(kind), who=plain(who), reason=plain(reason, 100))


def still_buried(store: Store, *, count: int) -> str:
    """What was set aside and waits for somebody."""
    return say("alert.still_buried", store.language, count=count)


def identity_changed(store: Store, *, who: str) -> str:
    """Somebody of the shop has a new number, id or device: perhaps it is not them any more."""
    return say("alert.identity_changed", store.language, who=plain(who))


def token_refused(store: Store, *, code: int) -> str:
    return say("alert.token", store.language, code=code)


def account_stopped(store: Store, *, code: int, reason: str) -> str:
    """Meta refuses everything from us for a reason that only the account's owner can mend."""
    return say("alert.account", store.language, code=code, reason=plain(reason, 100))


def template_changed(store: Store, update: TemplateUpdate) -> str | None:
    """None when Meta's news is good."""
    names = {"name": plain(update.name), "language": plain(update.language)}
    if update.category:
        return say("alert.template_category", store.language, **names, category=plain(update.category))
    if not update.status or update.status in GOOD_STATUSES:
        return None
    return say("alert.template", store.language, **names, status=update.status, reason=plain(update.reason or "-", 100))


def account_notice(store: Store, notice: AccountNotice) -> str:
    """Anything else Meta tells about the account, its quality and limits."""
    return say("alert.notice", store.language, field=plain(notice.field), summary=plain(notice.summary, 150))


def send_failed(store: Store, *, who: str, reason: str) -> str:
    return say("alert.send_failed", store.language, who=plain(who), reason=plain(reason, 100))


def send_unknown(store: Store, *, who: str) -> str:
    """An unknown outcome that we may not, or may no longer, try again."""
    return say("alert.send_unknown", store.language, who=plain(who))


def merge(parts: Sequence[str], language: str = "en") -> Text:
    """News as one message: up to ten pieces, the rest counted."""
    shown = [fit(part, PART_LENGTH) for part in parts[: limits.ALERT_PARTS]]
    if len(parts) > 1:
        shown.insert(0, say("alert.header", language, count=len(parts)))
    if more := len(parts[limits.ALERT_PARTS :]):
        shown.append(say("alert.more", language, count=more))
    return Text("\n\n".join(shown))


def fallback(parts: Sequence[str], store: Store) -> Template:
    """The same news for a closed window: the first piece, and how many there are."""
    news = say("alert.short", store.language, first=fit(parts[0], PART_LENGTH), count=len(parts))
    return staff_alert(store, news, store.language)


def _name(refusal: object) -> str:
    return refusal.sku if isinstance(refusal, Unknown) else str(getattr(refusal, "title", "-"))
