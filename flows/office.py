"""The owner's desk: who is of the shop and how it is set up, read from what an owner writes and answered in words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flows.lifecycle import Reason
from flows.messages import TEXT, Button, Buttons, Message, Text, fit
from flows.phrases import say
from flows.plain import plain
from flows.policy import Role
from flows.settings import STORE_SETTINGS, Settings, SettingsError, check, parse
from flows.spelling import nearest, one_of
from flows.store import Store

ROLE = "role"
"""The open question whether somebody's role changes."""
YES, NO = "s.yes", "s.no"
_NUMBER = re.compile(r"\+?[0-9][0-9 ()-]{4,20}[0-9]")


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the shop, for a list."""

    name: str
    role: str
    number: str


@dataclass(frozen=True, slots=True)
class RoleChange:
    """Somebody is to get `role`, or to lose theirs (None)."""

    number: str
    role: str | None
    name: str = ""


def read_settings(argument: str) -> dict[str, str] | str | None:
    """The values that are to be set, the one name that is asked about, or None for all. SettingsError tells every fault."""
    text = argument.strip()
    if "=" in text:
        return parse(text)
    name, _, value = text.partition(" ")
    name = name.lower()
    if not name:
        return None
    if not value.strip():
        if name not in STORE_SETTINGS:
            check(name, "")
        return name
    return {name: check(name, value)}


def all_settings(settings: Settings, store: Store) -> Message:
    """Every setting with its value; what was set by somebody is bold."""
    lines = [say("settings.head", store.language, store=store.name), ""]
    for row in settings.show():
        key = "settings.line" if row.is_default else "settings.line_set"
        unbuilt = "" if row.built else " " + say("settings.unbuilt", store.language)
        lines.append(say(key, store.language, name=row.name, value=row.value) + unbuilt)
    return Text(fit("\n".join([*lines, "", say("settings.how", store.language)]), TEXT))


def one_setting(name: str, settings: Settings, store: Store) -> Message:
    row = next(row for row in settings.show() if row.name == name)
    key = "settings.one" if row.built else "settings.one_unbuilt"
    return Text(say(key, store.language, name=name, value=row.value, description=row.description, accepts=row.accepts))


def changed_settings(before: Settings, after: Settings, names: Sequence[str], store: Store) -> Message:
    """What they are now, and how to go back."""
    lines = [say("settings.changed", store.language, name=name, value=after.text(name)) for name in names]
    lines += [say("settings.unbuilt_now", store.language) for name in names if not STORE_SETTINGS[name].built][:1]
    lines += [say("settings.back", store.language, name=name, value=before.text(name)) for name in names]
    return Text("\n".join(lines))


def wrong_settings(error: SettingsError, store: Store) -> Message:
    """Every fault at once; nothing was changed."""
    faults = "\n".join(f"• {fault}" for fault in error.faults)
    return Text(fit(say("settings.wrong", store.language, faults=faults), TEXT))


def read_staff(argument: str) -> RoleChange | Reason | None:
    """`list` or nothing (None), `add NUMBER ROLE NAME`, `remove NUMBER`."""
    verb, _, rest = argument.strip().partition(" ")
    match verb.lower():
        case "" | "list":
            return None
        case "add" | "remove" as verb:
            number, words = _take_number(rest)
            if number is None:
                return Reason("office.no_number", {"usage": _USAGE[verb]})
            if verb == "remove":
                return RoleChange(number, None)
            role = words[0].lower() if words else ""
            if role not in list(Role):
                return Reason("office.no_role", {"role": plain(role, 20), "roles": one_of(tuple(Role))})
            return RoleChange(number, role, plain(" ".join(words[1:]), 60))
    hint = nearest(verb.lower(), ("add", "remove", "list")) or "list"
    return Reason("office.staff", {"word": plain(verb, 20), "nearest": hint})


_USAGE: Mapping[str, str] = {"add": "staff add 919800000014 agent Meena", "remove": "staff remove 919800000014"}


def _take_number(text: str) -> tuple[str | None, list[str]]:
    """The digits at the beginning, written as people write numbers, and the words after them."""
    found = _NUMBER.match(text.strip())
    digits = re.sub(r"\D", "", found[0]) if found else ""
    if found is None or not 6 <= len(digits) <= 15:
        return None, []
    return digits, text.strip()[found.end() :].split()


def members(found: Sequence[Member], store: Store) -> Message:
    lines = [say("office.member", store.language, name=m.name, role=m.role, number=m.number) for m in found]
    return Text("\n".join([say("office.members", store.language, store=store.name), *lines]))


def ask_role(change: RoleChange, known: Member | None, store: Store) -> Message:
    """Who may do what is asked about once."""
    who = plain(change.name) or (known.name if known else f"+{change.number}")
    key = "office.ask_remove" if change.role is None else "office.ask_change" if known else "office.ask_add"
    text = say(key, store.language, who=who, number=change.number, role=change.role, was=known.role if known else "")
    return Buttons(
        text,
        (Button(YES, say("office.yes", store.language)), Button(NO, say("office.no", store.language))),
    )
