"""What staff are answered when they give commands in chat: the list, and why something was not done."""

from datetime import timedelta

from flows import durations, policy
from flows.commands import BOOKINGS, COMMANDS, Row, Unknown, read
from flows.messages import Text
from flows.phrases import say
from flows.plain import plain
from flows.store import Store


def help_for(store: Store, role: str, argument: str = "") -> Text:
    """The commands that `role` may give, or the one that is asked about."""
    rows = [row for row in COMMANDS if policy.may(role, row.action)]
    if argument:
        asked = read(argument, [row.word for row in rows])
        if isinstance(asked, Unknown):
            return unknown(store, asked)
        asks_for_all = asked.word == BOOKINGS[0].word
        return Text(
            "\n".join(_line(store, row) for row in rows if row.word == asked.word or (asks_for_all and row in BOOKINGS))
        )
    head = say("staff.help", store.language, role=role, store=store.name)
    lines = "\n".join(_line(store, row) for row in rows if row not in BOOKINGS)
    of_bookings = " ".join(f"*{row.word}*" for row in rows if row in BOOKINGS)
    bookings = say("staff.help_bookings", store.language, words=of_bookings)
    return Text("\n\n".join([head, lines, bookings, say("staff.help_more", store.language)]))


def _line(store: Store, row: Row) -> str:
    return say("staff.help_line", store.language, usage=row.usage, help=say(row.help, store.language))


def unknown(store: Store, asked: Unknown) -> Text:
    """The word is no command; the nearest one is offered."""
    word = plain(asked.word, 30)
    if not word:
        return Text(say("staff.empty", store.language))
    if asked.nearest:
        return Text(say("staff.mistyped", store.language, word=word, nearest=asked.nearest))
    return Text(say("staff.unknown", store.language, word=word))


def late(store: Store, word: str, age: timedelta) -> Text:
    """A command too old to be obeyed."""
    return Text(say("staff.late", store.language, word=word, age=durations.about(age)))


def forwarded(store: Store, word: str) -> Text:
    """A command in words that somebody else may have written."""
    return Text(say("staff.forwarded", store.language, word=word))


def not_allowed(store: Store, row: Row, role: str) -> Text:
    """A command that is for other roles."""
    roles = ", ".join(policy.roles_for(row.action))
    return Text(say("staff.role", store.language, role=role, word=row.word, roles=roles))
