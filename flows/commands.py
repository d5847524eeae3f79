"""What staff type, read as commands: a word from the table and the rest of the message. What a command does is not known here."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flows import limits
from flows.spelling import nearest


@dataclass(frozen=True, slots=True)
class Row:
    """A command of the table. `usage` is how it is written, `help` the phrase that explains it, `action` its row in `policy`."""

    word: str
    usage: str
    help: str
    action: str


ORDERS = (
    Row(
        "orders",
        "orders [status] [paid|unpaid] [mine] [today] [archived] [sort date|paid] [asc|desc] [page]",
        "command.orders",
        "orders",
    ),
    Row("board", "board", "command.board", "board"),
    Row("find", "find text", "command.find", "find"),
    Row("new", "new NUMBER 2xSKU 1xSKU [note]", "command.new", "new"),
    Row("order", "order 1042", "command.order", "order"),
    Row("items", "items 1042", "command.items", "items"),
    Row("history", "history 1042", "command.history", "history"),
    Row("why", "why 1042 ship", "command.why", "why"),
    Row("confirm", "confirm 1042 [1043 …] [note]", "command.confirm", "confirm"),
    Row("approve", "approve 1042 [1043 …] [note]", "command.approve", "approve"),
    Row("reject", "reject 1042 reason", "command.reject", "reject"),
    Row("accept", "accept 1042", "command.accept", "accept"),
    Row("deny", "deny 1042 reason", "command.deny", "deny"),
    Row("start", "start 1042 [1043 …] [note]", "command.start", "start"),
    Row("invoice", "invoice 1042 NUMBER", "command.invoice", "invoice"),
    Row("pack", "pack 1042 [1043 …] [note]", "command.pack", "pack"),
    Row("ship", "ship 1042 [2xSKU …] [TRACKING] [carrier] [note]", "command.ship", "ship"),
    Row("add", "add 1042 2xSKU", "command.add", "add"),
    Row("out", "out 1042 [1043 …] [note]", "command.out", "out"),
    Row("deliver", "deliver 1042 [1043 …] [note]", "command.deliver", "deliver"),
    Row("failed", "failed 1042 reason", "command.failed", "failed"),
    Row("complete", "complete 1042 [1043 …] [note]", "command.complete", "complete"),
    Row("noshow", "noshow 1042 [1043 …] [note]", "command.noshow", "noshow"),
    Row("reschedule", "reschedule 1042 WHEN", "command.reschedule", "reschedule"),
    Row("hold", "hold 1042 reason", "command.hold", "hold"),
    Row("release", "release 1042 [1043 …] [note]", "command.release", "release"),
    Row("cancel", "cancel 1042 [2xSKU …] [reason]", "command.cancel", "cancel"),
    Row("resume", "resume 1042", "command.resume", "resume"),
    Row("archive", "archive 1042 [1043 …]", "command.archive", "archive"),
    Row("unarchive", "unarchive 1042 [1043 …]", "command.unarchive", "unarchive"),
    Row("note", "note 1042 text", "command.note", "note"),
    Row("assign", "assign 1042 NAME", "command.assign", "assign"),
    Row("tag", "tag 1042 word", "command.tag", "tag"),
    Row("mark", "mark 1042 STATUS", "command.mark", "mark"),
    Row("address", "address 1042 TEXT", "command.address", "address"),
    Row("email", "email 1042 ADDRESS", "command.email", "email"),
    Row("bill", "bill 1042 TEXT", "command.bill", "bill"),
    Row("chat", "chat 1042 text", "command.chat", "chat"),
    Row("resend", "resend 1042", "command.resend", "resend"),
    Row("force", "force ship 1042 … reason", "command.force", "force"),
)
"""The commands about orders: actions of the order's table under their own names, and ways to look at it."""

DUES = ("pay", "remind", "capture", "void")
"""Commands about money that is asked for; *why* explains them like the actions of the order's table."""
MONEY = (
    Row("pay", "pay 1042 [amount] [method]", "command.pay", "pay"),
    Row("remind", "remind 1042", "command.remind", "remind"),
    Row("capture", "capture 1042 [amount]", "command.capture", "capture"),
    Row("void", "void 1042", "command.void", "void"),
    Row("paid", "paid 1042 amount method [reference]", "command.paid", "paid"),
    Row("refund", "refund 1042 [amount] [reason]", "command.refund", "refund"),
    Row("exceptions", "exceptions [page]", "command.exceptions", "exceptions"),
    Row("digest", "digest", "command.digest", "digest"),
    Row("credit", "credit NUMBER amount", "command.credit", "credit"),
)
GOODS = (
    Row("return", "return 1042 [2xSKU …] reason", "command.return", "return"),
    Row("received", "received 1042 [restock|damaged|lost|wrong]", "command.received", "received"),
    Row("exchange", "exchange 1042 1xSKU for 1xSKU reason", "command.exchange", "exchange"),
    Row("stock", "stock SKU [+5|-2|=10] [@PLACE]", "command.stock", "stock"),
)
BOOKINGS = (
    Row("bookings", "bookings [today|tomorrow|week] [mine]", "command.bookings", "bookings"),
    Row("book", "book NUMBER SERVICE WHEN [NAME] [note]", "command.book", "book"),
    Row("block", "block [WHEN] [NAME] [note]", "command.block", "block"),
    Row("unblock", "unblock N", "command.unblock", "block"),
    Row("hours", "hours [NAME] [mon-fri 10:00-18:00|DAY closed|DAY 09:00-12:00|-]", "command.hours", "hours"),
)
"""Commands about the diary; *help bookings* explains them."""
COMMANDS = (
    *ORDERS,
    *MONEY,
    *GOODS,
    *BOOKINGS,
    Row("help", "help [command]", "command.help", "help"),
    Row("doctor", "doctor", "command.doctor", "doctor"),
    Row("undo", "undo", "command.undo", "undo"),
    Row("settings", "settings [name [value]]", "command.settings", "settings"),
    Row("staff", "staff [add NUMBER ROLE NAME | remove NUMBER]", "command.staff", "staff"),
)
BY_WORD: Mapping[str, Row] = {row.word: row for row in COMMANDS}
WORDS = tuple(BY_WORD)
ORDER = "order"
_NUMBER = re.compile(r"\d{1,9}")


@dataclass(frozen=True, slots=True)
class Command:
    """`argument` is what follows the word, line breaks kept: text after one is a note."""

    word: str
    argument: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The first word of a message that is no command, and the command it was probably meant to be."""

    word: str
    nearest: str | None


def read(text: str, commands: Iterable[str] = WORDS) -> Command | Unknown:
    """The command that `text` gives: case does not matter, a `/` or `#` before the first word neither, nor a full stop after it.

    An order's number alone asks for its card.
    """
    words = tuple(commands)
    first, *rest = text[: limits.COMMAND_LENGTH].split(maxsplit=1) or [""]
    word = first.lower().lstrip("/#").rstrip(".,:!?")
    if word in words:
        return Command(word, rest[0].strip() if rest else "")
    if not rest and ORDER in words and _NUMBER.fullmatch(word):
        return Command(ORDER, word)
    # Two letters are near to every short word: a "hi" is no mistyped *ship*.
    return Unknown(word, nearest(word, words) if len(word) > 2 else None)
