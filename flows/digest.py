"""The day's money in a few lines, for whoever owns the shop: what came in, went back, is still to be paid and to be decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from flows.hours import moment
from flows.money import show
from flows.phrases import say
from flows.store import Store

TIMER = "digest"
AT = time(20)
"""By the store's clock: the shop's day is over, and it is not night yet."""


@dataclass(frozen=True, slots=True)
class Came:
    """Captured by one method."""

    method: str
    count: int
    amount: int


@dataclass(frozen=True, slots=True)
class Digest:
    """Money between two moments, in minor units of the store's currency. `due` of `unpaid` orders; `waiting` for a decision."""

    since: datetime
    until: datetime
    came: Sequence[Came] = ()
    refunded: int = 0
    credited: int = 0
    unpaid: int = 0
    due: int = 0
    waiting: int = 0

    @property
    def is_empty(self) -> bool:
        """Nothing happened, and nothing waits for anybody."""
        return not (self.came or self.refunded or self.credited or self.waiting)


def day_of(now: datetime, store: Store) -> date:
    """The day whose digest what happens now belongs to; after the digest's hour it is the next."""
    local = now.astimezone(store.zone)
    return local.date() + timedelta(days=local.time() >= AT)


def ends_at(day: date, store: Store) -> datetime:
    return datetime.combine(day, AT, store.zone).astimezone(UTC)


def text(digest: Digest, store: Store) -> str:
    language = store.language

    def money(minor: int) -> str:
        return show(minor, store.currency, store.locale)

    since, until = moment(digest.since, store), moment(digest.until, store)
    lines = [say("digest.head", language, since=since, until=until)]
    total = sum(one.amount for one in digest.came)
    lines.append(say("digest.came" if digest.came else "digest.nothing", language, amount=money(total)))
    lines += [
        say(
            "digest.method", language, amount=money(one.amount), method=say(f"method.{one.method}", language),
            count=one.count,
        )
        for one in digest.came
    ]  # fmt: skip
    if digest.refunded:
        lines.append(say("digest.refunded", language, amount=money(digest.refunded)))
    if digest.credited:
        lines.append(say("digest.credited", language, amount=money(digest.credited)))
    if digest.unpaid:
        lines.append(say("digest.due", language, amount=money(digest.due), count=digest.unpaid))
    if digest.waiting:
        lines.append(say("doctor.exceptions", language, count=digest.waiting))
    return "\n".join(lines)
