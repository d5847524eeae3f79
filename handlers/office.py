"""What owners do in chat: settings, and who is of the shop. Every try is in the audit trail, by names of things only."""

from flows import desk, limits, office
from flows.commands import BY_WORD, WORDS, Row
from flows.inbound import Tap, Words
from flows.lifecycle import Reason
from flows.messages import Text
from flows.office import Member, RoleChange
from flows.phrases import say
from flows.policy import Role
from flows.settings import Settings, SettingsError
from flows.understand import Wish, wish
from handlers.turn import Turn
from models import contacts, questions, staff, stores


async def on_settings(turn: Turn, row: Row, argument: str) -> None:
    before = turn.settings
    try:
        asked = office.read_settings(argument)
    except SettingsError as error:
        turn.record(row.action, "unclear")
        turn.say(office.wrong_settings(error, turn.store))
        return
    if isinstance(asked, dict):
        await stores.configure(turn.work, asked)
        for name in asked:
            turn.record(row.action, name[:40])
        turn.say(office.changed_settings(before, Settings(turn.store.settings), list(asked), turn.store))
        return
    turn.record(row.action, "read")
    turn.say(office.one_setting(asked, before, turn.store) if asked else office.all_settings(before, turn.store))


async def on_staff(turn: Turn, row: Row, argument: str) -> None:
    """The list at once; a change when it has been confirmed."""
    asked = office.read_staff(argument)
    if isinstance(asked, Reason):
        turn.unclear(row.action, asked.key, **asked.fields)
        return
    if asked is None:
        turn.record(row.action, "read")
        turn.say(office.members([await _member(turn, person) for person in staff.list_all(turn.work)], turn.store))
        return
    known = await staff.named(turn.work, asked.number)
    if known is None and asked.role is None:
        turn.record(row.action, "unknown")
        turn.say(Text(say("office.nobody", turn.store.language, number=asked.number)))
        return
    if known is not None and _is_last_owner(turn, known, asked):
        return
    data = {"number": asked.number, "role": asked.role, "name": asked.name}
    questions.ask(
        turn.work, turn.contact.id, questions.STAFF,
        kind=office.ROLE, data=data, expires_at=turn.work.now + limits.CONFIRM_WITHIN,
    )  # fmt: skip
    turn.record(row.action, "asked")
    turn.say(office.ask_role(asked, await _member(turn, known) if known else None, turn.store))


async def on_answer(turn: Turn) -> bool:
    """Whether these words answer whether a role changes; any others drop that question."""
    question = questions.find_open(turn.work, turn.contact.id, questions.STAFF)
    content = turn.message.content
    if turn.staff is None or question is None or question.kind != office.ROLE or not isinstance(content, Words):
        return False
    said = wish(content.body)
    if desk.is_drop(content.body) or said in (Wish.YES, Wish.NO):
        await _settle(turn, is_meant=said is Wish.YES)
        return True
    if desk.is_command(content.body, WORDS, question=office.ROLE):
        questions.close(turn.work, turn.contact.id, questions.STAFF)
        return False
    await _settle(turn, is_meant=False)
    return True


async def on_tap(turn: Turn) -> bool:
    content = turn.message.content
    if turn.staff is None or not isinstance(content, Tap) or content.id not in (office.YES, office.NO):
        return False
    await _settle(turn, is_meant=content.id == office.YES)
    return True


async def _settle(turn: Turn, *, is_meant: bool) -> None:
    if not turn.permits(BY_WORD["staff"]):
        return
    question = questions.find_open(turn.work, turn.contact.id, questions.STAFF)
    if question is None or question.kind != office.ROLE:
        turn.record("staff", "stale")
        turn.say(Text(say("office.closed", turn.store.language)))
        return
    questions.close(turn.work, turn.contact.id, questions.STAFF)
    change = RoleChange(**question.data)
    known = await staff.named(turn.work, change.number)
    if not is_meant:
        turn.record("staff", "dropped")
        turn.say(Text(say("office.dropped", turn.store.language)))
    elif known is not None and _is_last_owner(turn, known, change):
        return
    elif change.role is not None:
        person = await staff.appoint(turn.work, wa_id=change.number, role=change.role, name=change.name or None)
        turn.record("staff add", change.role)
        turn.say(Text(say("office.added", turn.store.language, who=person.name, role=person.role)))
    elif await staff.dismiss(turn.work, wa_id=change.number) is None:
        turn.record("staff", "unknown")
        turn.say(Text(say("office.nobody", turn.store.language, number=change.number)))
    else:
        assert known is not None
        turn.record("staff remove", "done")
        turn.say(Text(say("office.removed", turn.store.language, who=known.name)))


def _is_last_owner(turn: Turn, known: staff.Staff, change: RoleChange) -> bool:
    """Whether nobody would be left who may change anything; that is refused."""
    owners = [person for person in staff.list_all(turn.work) if person.role == Role.OWNER]
    if change.role == Role.OWNER or [person.id for person in owners] != [known.id]:
        return False
    turn.record("staff", "refused")
    turn.say(Text(say("office.last_owner", turn.store.language, who=known.name)))
    return True


async def _member(turn: Turn, person: staff.Staff) -> Member:
    return Member(person.name, person.role, await contacts.number_of(turn.work, person.contact_id))
