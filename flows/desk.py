"""What staff ask of orders, read from the text of a command: a typed request, or the reason why it is none.

What comes of a request is not known here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from flows import limits
from flows.lifecycle import Outcome, Reason, Refused
from flows.messages import fit
from flows.order import STAFF, Action
from flows.order_table import COMMANDS, DERIVED, ORDER
from flows.phrases import LANGUAGES, say
from flows.plain import plain
from flows.spelling import nearest, one_of

NUMBER, TRACKING, REASON, TEXT, CANCEL, INVOICE = "number", "tracking", "reason", "text", "cancel", "invoice"
"""Open questions to staff: what is missing, and whether to cancel."""

ANSWER_WITHIN = timedelta(minutes=5)
"""How long the next message answers what was asked: afterwards it is a message of its own."""

MOST = 20
"""Orders in one command: what becomes of each fits into one answer."""

PAGE = 10
"""Orders on a page: as many as a list of WhatsApp has rows."""

_SEVERAL = frozenset(
    {"confirm", "approve", "start", "pack", "out", "deliver", "complete", "release", "archive", "unarchive"}
)
FINAL = frozenset({"cancel", "reject", "deny"})
"""What ends an order is asked about once before."""
_TEXTS = frozenset({"note", "assign", "tag", "address", "chat"})
"""Commands of which everything after the number is text."""
_ASKED = {
    "why.tracking": TRACKING, "why.reason": REASON, "why.recall_reason": REASON, "why.invoice_number": INVOICE,
}  # fmt: skip
"""Reasons that are no refusal but a question, and the question."""

_STOPS = ".,;:!?"
_NUMBER = re.compile(rf"#?(\d{{1,9}})[{_STOPS}]?")
# Orders count from 1001: a shorter number without a # may be somebody's "2 boxes".
_SURE_NUMBER = re.compile(rf"(?:#\d{{1,9}}|\d{{4,9}})[{_STOPS}]?")
# A word without a digit is no tracking number but the beginning of a note.
_TRACKING = re.compile(r"(?=\S*\d)[\w./-]{4,60}")
_TRACKING_ASKED = re.compile(r"(?=\S*\d)[\w./-]{1,60}")
_INVOICE = 40
"""Characters of an invoice's number that are kept."""
_LINE = re.compile(r"\d{1,2}x\S+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for. Without `numbers` they did not say of which order; `about` is the action that `why` means."""

    word: str
    numbers: tuple[int, ...] = ()
    note: str = ""
    tracking: str | None = None
    carrier: str | None = None
    is_quiet: bool = False
    about: str | None = None
    invoice: str | None = None
    is_forced: bool = False

    @property
    def permit(self) -> str:
        """The command whose permission it needs."""
        return "force" if self.is_forced else self.word

    @property
    def action(self) -> Action:
        return Action(
            self.word, STAFF, note=self.note, tracking=self.tracking, carrier=self.carrier, is_quiet=self.is_quiet,
            number=self.invoice, is_forced=self.is_forced,
        )  # fmt: skip

    def remember(self) -> dict[str, Any]:
        """The request as plain data, for the question that completes it; `recall` is the inverse."""
        return {**asdict(self), "numbers": list(self.numbers)}


def recall(data: Mapping[str, Any]) -> Request:
    return Request(**{**data, "numbers": tuple(data["numbers"])})


def read(word: str, argument: str, *, carriers: Sequence[str] = (), is_reply: bool = False) -> Request | Reason:
    """The request that `word` (of `commands.ORDERS`) and what follows it make. A reply to a card need not name the order."""
    line, _, below = argument.replace("\r", "").partition("\n")
    words = line.split()
    if word == "why":
        return _read_why(words)
    if word == "force":
        return _read_force(argument, carriers, is_reply=is_reply)
    numbers, words = _take_numbers(words, most=MOST + 1 if word in _SEVERAL else 1, sure=is_reply)
    if len(numbers) > MOST:
        return Reason("desk.too_many", {"most": MOST})
    if word in ("order", "history", "resend"):
        return Request(word, numbers)
    if word in _TEXTS:
        return Request(word, numbers, _note(words, below))
    if word == "ship":
        return _read_ship(numbers, words, below, carriers)
    if word in ("hold", "reject", "failed", "cancel", "resume") and words and all(map(_SURE_NUMBER.fullmatch, words)):
        return Reason("desk.one_at_a_time", {"word": word})
    if word == "cancel" and words and _LINE.fullmatch(words[0]):
        return Reason("desk.whole_only", {"word": word})
    is_quiet = _take_quiet(words)
    invoice = words.pop(0)[:_INVOICE] if word == "invoice" and words else None
    return Request(word, numbers, _note(words, below), is_quiet=is_quiet, invoice=invoice)


def _read_ship(numbers: tuple[int, ...], words: list[str], below: str, carriers: Sequence[str]) -> Request | Reason:
    if words and _LINE.fullmatch(words[0]):
        return Reason("desk.whole_only", {"word": "ship"})
    is_quiet = _take_quiet(words)
    tracking, carrier, words = _take_tracking(words, carriers, _TRACKING)
    return Request("ship", numbers, _note(words, below), tracking, carrier, is_quiet)


def _read_force(argument: str, carriers: Sequence[str], *, is_reply: bool) -> Request | Reason:
    """The action that a manager insists on. What follows from records cannot be insisted on."""
    first, _, rest = argument.strip().partition(" ")
    word = first.lower()
    if word in DERIVED or word in ("refunded", "paid"):
        return Reason("desk.derived", {"word": word})
    if word not in COMMANDS:
        hint = nearest(word, COMMANDS) or "ship"
        return Reason("desk.no_force", {"word": plain(first, 30), "nearest": hint})
    request = read(word, rest, carriers=carriers, is_reply=is_reply)
    return request if isinstance(request, Reason) else replace(request, numbers=request.numbers[:1], is_forced=True)


def _read_why(words: Sequence[str]) -> Request | Reason:
    numbers = [int(number[1]) for word in words if (number := _NUMBER.fullmatch(word))]
    said = [word.lower().strip(_STOPS) for word in words if not _NUMBER.fullmatch(word)]
    about = next((word for word in said if word in COMMANDS), None)
    if said and about is None:
        hint = nearest(said[0], COMMANDS) or COMMANDS[0]
        return Reason("desk.no_action", {"word": plain(said[0], 30), "list": one_of(COMMANDS), "nearest": hint})
    return Request("why", tuple(numbers[:1]), about=about)


def _take_numbers(words: Sequence[str], *, most: int, sure: bool) -> tuple[tuple[int, ...], list[str]]:
    """The order numbers at the beginning, each once, and the rest; with `sure` a short number is not taken for one."""
    numbers: list[int] = []
    for word in words[:most]:
        pattern = _SURE_NUMBER if numbers or sure else _NUMBER
        if not pattern.fullmatch(word):
            break
        numbers.append(int(word.strip("#" + _STOPS)))
    return tuple(dict.fromkeys(numbers)), list(words[len(numbers) :])


def _take_quiet(words: list[str]) -> bool:
    is_quiet = bool(words) and words[-1].lower() == "quiet"
    if is_quiet:
        words.pop()
    return is_quiet


def _take_tracking(
    words: Sequence[str], carriers: Sequence[str], pattern: re.Pattern[str]
) -> tuple[str | None, str | None, list[str]]:
    """Tracking number, carrier as the store writes it, and the rest."""
    tracking = None
    rest = list(words)
    if rest and pattern.fullmatch(first := rest[0].rstrip(_STOPS)):
        tracking, rest = first, rest[1:]
    for carrier in sorted(carriers, key=len, reverse=True):
        name = carrier.casefold().split()
        if [word.casefold() for word in rest[: len(name)]] == name:
            return tracking, carrier, rest[len(name) :]
    return tracking, None, rest


def _note(words: Iterable[str], below: str) -> str:
    """What is left of the line, and everything below it."""
    return fit("\n".join(part for part in (" ".join(words), below.strip()) if part), limits.COMMAND_LENGTH)


def is_command(text: str, words: Iterable[str], *, question: str) -> bool:
    """Whether `text` is no answer to `question` but a command of its own (`words` are all command words).

    "out of stock" is a reason and "out 1043" is not: a command's word stands alone, or something that belongs to it follows.
    """
    first, *rest = text.split() or [""]
    word = first.lower().lstrip("/#").rstrip(_STOPS)
    if not rest and _NUMBER.fullmatch(first):
        return question != NUMBER and (question != TRACKING or first.startswith("#"))
    if word not in words:
        return False
    if first.startswith("/") or not rest or _SURE_NUMBER.fullmatch(rest[0]):
        return True
    if word == "orders":
        return isinstance(read_list(" ".join(rest), LANGUAGES[0]), ListRequest)
    return word == "help" and len(rest) == 1


def is_drop(text: str) -> bool:
    """Whether an answer takes the question back."""
    return text.strip().lower().lstrip("/").rstrip(_STOPS) == "cancel"


def complete(request: Request, question: str, text: str, *, carriers: Sequence[str] = ()) -> Request | None:
    """The request with what `text` answers to `question`; None when it does not answer it."""
    words = text.split()
    if question == NUMBER:
        numbers, rest = _take_numbers(words, most=MOST if request.word in _SEVERAL else 1, sure=False)
        return replace(request, numbers=numbers) if numbers and not rest else None
    if question == TRACKING:
        line, _, below = text.strip().partition("\n")
        tracking, carrier, rest = _take_tracking(line.split(), carriers, _TRACKING_ASKED)
        if tracking is None:
            return None
        note = _note(rest, below) or request.note
        return replace(request, tracking=tracking, carrier=carrier or request.carrier, note=note)
    if question == INVOICE:
        return replace(request, invoice=words[0][:_INVOICE], note=_note(words[1:], "")) if words else None
    return replace(request, note=_note([], text)) if words else None


def asks(outcome: Outcome) -> str | None:
    """The question that stands between this outcome and a move, when nothing else does."""
    if not isinstance(outcome, Refused):
        return None
    questions = {_ASKED.get(reason.key) for reason in outcome.reasons}
    return questions.pop() if len(questions) == 1 else None


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A page of orders, the newest first unless `is_ascending`. Without `statuses` all are meant.

    `is_paid` None: whatever is paid. `by_paid`: in the order in which they were paid.
    """

    statuses: tuple[str, ...] = ()
    is_today: bool = False
    is_ascending: bool = False
    page: int = 1
    is_paid: bool | None = None
    is_mine: bool = False
    is_archived: bool = False
    by_paid: bool = False

    def text(self) -> str:
        """How this is asked for."""
        paid = [] if self.is_paid is None else ["paid"] if self.is_paid else ["unpaid"]
        flags = {"mine": self.is_mine, "today": self.is_today, "archived": self.is_archived, "sort paid": self.by_paid}
        said = [word for word, is_said in flags.items() if is_said]
        way = ["asc"] if self.is_ascending else []
        page = [str(self.page)] if self.page > 1 else []
        return " ".join(["orders", *self.statuses, *paid, *said, *way, *page])


def read_list(argument: str, language: str) -> ListRequest | Reason:
    """What follows `orders`. Statuses are known by their names and by the labels that `language` shows for them."""
    words = argument.lower().replace(",", " ").split()
    names = _names_of_statuses(language)
    request = ListRequest()
    while words:
        taken, request = _take_list_word(words, names, request)
        if not taken:
            return Reason("desk.not_understood", _list_help(words[0], names, language))
        words = words[taken:]
    return request


def _take_list_word(words: Sequence[str], names: Mapping[str, str], request: ListRequest) -> tuple[int, ListRequest]:
    """How many words were understood, and the request with them."""
    match words:
        case ["today", *_]:
            return 1, replace(request, is_today=True)
        case ["sort", ("date" | "paid") as by, *_]:
            return 2, replace(request, by_paid=by == "paid")
        case [("paid" | "unpaid") as paid, *_]:
            return 1, replace(request, is_paid=paid == "paid")
        case ["mine", *_]:
            return 1, replace(request, is_mine=True)
        case ["archived", *_]:
            return 1, replace(request, is_archived=True)
        case [("asc" | "desc") as way, *_]:
            return 1, replace(request, is_ascending=way == "asc")
        case [page, *_] if page.isdecimal() and len(page) <= 4 and int(page):
            return 1, replace(request, page=int(page))
    for length in range(min(len(words), max(name.count(" ") for name in names) + 1), 0, -1):
        status = names.get(" ".join(words[:length]).replace("_", " "))
        if status is not None:
            return length, replace(request, statuses=tuple(dict.fromkeys([*request.statuses, status])))
    return 0, request


def _names_of_statuses(language: str) -> dict[str, str]:
    """What people may write, in lower case, for each status."""

    def written() -> Iterator[tuple[str, str]]:
        for status in ORDER.statuses:
            yield status.replace("_", " "), status
            for spoken in (LANGUAGES[0], language):
                yield say(f"status.{status}", spoken).lower(), status

    return dict(written())


_LIST_WORDS = ("today", "mine", "paid", "unpaid", "archived", "sort", "asc", "desc")


def _list_help(word: str, names: Mapping[str, str], language: str) -> dict[str, object]:
    close = nearest(word, [*names, *_LIST_WORDS])
    hint = " " + say("desk.did_you_mean", language, nearest=close) if close else ""
    labels = ", ".join(say(f"status.{status}", language) for status in ORDER.statuses)
    return {"word": plain(word, 30), "hint": hint, "statuses": labels}
