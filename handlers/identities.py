"""WhatsApp's own news about a person: a new number, a new id, a new device."""

from flows import alerts
from flows.inbound import IdentityChange
from handlers.turn import Turn
from models import contacts


async def on_identity_change(turn: Turn) -> None:
    """The person keeps everything under the new names; nobody is answered, for nobody asked."""
    change = turn.message.content
    assert isinstance(change, IdentityChange)
    contacts.change_identity(turn.work, turn.message.sender, change)
    turn.record("identity_change", change.kind[:40])
    if turn.staff is not None:
        turn.tell_staff(alerts.identity_changed(turn.store, who=turn.staff.name))
