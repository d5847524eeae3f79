"""What staff ask of orders, read from the text of a command: a typed request, or the reason why it is none.

What comes of a request is not known here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from flows import ledger, limits
from flows.commands import DUES
from flows.lifecycle import Outcome, Reason, Refused
from flows.messages import fit
from flows.order import DERIVED, STAFF, Action, Line, Part
from flows.order_table import COMMANDS, EVERY_STATUS, ORDER
from flows.phrases import LANGUAGES, say
from flows.plain import plain
from flows.spelling import nearest, one_of
from flows.vocabulary import Vocabulary

NUMBER, TRACKING, REASON, TEXT, CANCEL, INVOICE, PIECES = (
    "number", "tracking", "reason", "text", "cancel", "invoice", "pieces",
)  # fmt: skip
"""Open questions to staff: what is missing, and whether to cancel."""

QUESTIONS = frozenset({NUMBER, TRACKING, REASON, TEXT, CANCEL, INVOICE, PIECES})

ANSWER_WITHIN = timedelta(minutes=5)
"""How long the next message answers what was asked: afterwards it is a message of its own."""

MOST = 20
"""Orders in one command: what becomes of each fits into one answer."""

PAGE = 10
"""Orders on a page: as many as a list of WhatsApp has rows."""

_SEVERAL = frozenset(
    {"confirm", "approve", "start", "pack", "out", "deliver", "complete", "noshow", "release", "archive", "unarchive"}
)
FINAL = frozenset({"cancel", "reject", "deny"})
"""What ends an order is asked about once before."""
_TEXTS = frozenset({"note", "assign", "tag", "mark", "address", "email", "bill", "chat"})
"""Commands of which everything after the number is text."""
_DIARY_WORDS = frozenset({"today", "tomorrow", "week", "mine"})
_WHOM = re.compile(r"-$|\+\d")
_ASKED = {
    "why.no_pieces": PIECES,
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
_WORDS = re.compile(r'\d{1,3}[xX]"[^"]+"|\S+')
"""Words, a SKU with spaces standing in quotes."""
_PART = re.compile(r'(\d{1,3})[xX](?:"([^"]+)"|(\S+))')
_IN_PARTS = frozenset({"ship", "cancel", "add", "return"})
"""What can be asked for single pieces."""


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
    parts: tuple[Part, ...] = ()
    is_forced: bool = False

    @property
    def permit(self) -> str:
        """The command whose permission it needs."""
        return "force" if self.is_forced else self.word

    @property
    def event(self) -> str:
        """The event of the order's table: to cancel single pieces is not to cancel the order."""
        return "cancel_lines" if self.word == "cancel" and self.parts else self.word

    @property
    def action(self) -> Action:
        return Action(
            self.event, STAFF, note=self.note, tracking=self.tracking, carrier=self.carrier, is_quiet=self.is_quiet,
            number=self.invoice, parts=self.parts, is_forced=self.is_forced,
        )  # fmt: skip

    def remember(self) -> dict[str, Any]:
        """The request as plain data, for the question that completes it; `recall` is the inverse."""
        return {**asdict(self), "numbers": list(self.numbers)}


def recall(data: Mapping[str, Any]) -> Request:
    parts = tuple(Part(**part) for part in data["parts"])
    return Request(**{**data, "numbers": tuple(data["numbers"]), "parts": parts})


def read(word: str, argument: str, *, carriers: Sequence[str] = (), is_reply: bool = False) -> Request | Reason:
    """The request that `word` (of `commands.ORDERS`) and what follows it make. A reply to a card need not name the order."""
    line, _, below = argument.replace("\r", "").partition("\n")
    words = _WORDS.findall(line)
    if word == "why":
        return _read_why(words)
    if word == "force":
        return _read_force(argument, carriers, is_reply=is_reply)
    numbers, words = _take_numbers(words, most=MOST + 1 if word in _SEVERAL else 1, sure=is_reply)
    if len(numbers) > MOST:
        return Reason("desk.too_many", {"most": MOST})
    if word in ("order", "items", "history", "resend"):
        return Request(word, numbers)
    if word in _TEXTS:
        return Request(word, numbers, _note(words, below))
    if word == "ship":
        return _read_ship(numbers, words, below, carriers)
    if word in ("hold", "reject", "failed", "cancel", "resume") and words and all(map(_SURE_NUMBER.fullmatch, words)):
        return Reason("desk.one_at_a_time", {"word": word})
    parts, words = take_parts(words) if word in _IN_PARTS else ((), words)
    is_quiet = _take_quiet(words)
    invoice = words.pop(0)[:_INVOICE] if word == "invoice" and words else None
    return Request(word, numbers, _note(words, below), is_quiet=is_quiet, invoice=invoice, parts=parts)


def _read_ship(numbers: tuple[int, ...], words: list[str], below: str, carriers: Sequence[str]) -> Request | Reason:
    parts, words = take_parts(words)
    is_quiet = _take_quiet(words)
    tracking, carrier, words = _take_tracking(words, carriers, _TRACKING)
    return Request("ship", numbers, _note(words, below), tracking, carrier, is_quiet, parts=parts)


def _read_force(argument: str, carriers: Sequence[str], *, is_reply: bool) -> Request | Reason:
    """The action that a manager insists on. What follows from records cannot be insisted on."""
    first, _, rest = argument.strip().partition(" ")
    word = first.lower()
    if word in DERIVED or word in ("refunded", "paid"):
        return Reason("desk.derived", {"word": word})
    if not word:
        return Reason("desk.force_what")
    if word == "add":
        return Reason("desk.needs_no_force", {"word": word})
    if word not in COMMANDS:
        hint = nearest(word, COMMANDS) or "ship"
        return Reason("desk.no_force", {"word": plain(first, 30), "nearest": hint})
    request = read(word, rest, carriers=carriers, is_reply=is_reply)
    return request if isinstance(request, Reason) else replace(request, numbers=request.numbers[:1], is_forced=True)


def _read_why(words: Sequence[str]) -> Request | Reason:
    numbers = [int(number[1]) for word in words if (number := _NUMBER.fullmatch(word))]
    said = [word.lower().strip(_STOPS) for word in words if not _NUMBER.fullmatch(word)]
    known = (*COMMANDS, *DUES)
    about = next((word for word in said if word in known), None)
    if said and about is None:
        hint = nearest(said[0], known) or COMMANDS[0]
        return Reason("desk.no_action", {"word": plain(said[0], 30), "list": one_of(known), "nearest": hint})
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


def take_parts(words: Sequence[str]) -> tuple[tuple[Part, ...], list[str]]:
    """The pieces that words begin with, `2xSKU`, each product once, and the rest."""
    counted: dict[str, int] = {}
    rest = list(words)
    while rest and (part := _PART.fullmatch(rest[0])) and int(part[1]):
        sku = part[2] or part[3]
        counted[sku] = counted.get(sku, 0) + int(part[1])
        rest.pop(0)
    return tuple(Part(sku, count) for sku, count in counted.items()), rest


def written(parts: Iterable[Part]) -> str:
    """Pieces as a command writes them."""
    return " ".join(
        f'{part.quantity}x"{part.retailer_id}"' if " " in part.retailer_id else f"{part.quantity}x{part.retailer_id}"
        for part in parts
    )


def matched(request: Request, lines: Sequence[Line]) -> Request:
    """The request with its pieces called as the order calls them: case does not matter."""
    names = {line.retailer_id.casefold(): line.retailer_id for line in lines}
    parts = tuple(
        replace(part, retailer_id=names.get(part.retailer_id.casefold(), part.retailer_id)) for part in request.parts
    )
    return replace(request, parts=parts)


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
    if word in ("new", "book") and _WHOM.match(rest[0]):
        return True
    if word == "bookings":
        return all(each.lower() in _DIARY_WORDS for each in rest)
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
    if question == PIECES:
        parts, rest = take_parts(_WORDS.findall(text))
        return replace(request, parts=parts, note=_note(rest, "") or request.note) if parts else None
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
    """A page of orders, the newest first unless `is_ascending`; `by_payment` the last paid first. Without `statuses` all are
    meant; `money` is a word of `ledger.LISTED`.
    """

    statuses: tuple[str, ...] = ()
    is_today: bool = False
    is_ascending: bool = False
    page: int = 1
    is_mine: bool = False
    money: str | None = None
    by_payment: bool = False
    is_archived: bool = False

    def text(self) -> str:
        """How this is asked for."""
        flags = {"mine": self.is_mine, "archived": self.is_archived, "today": self.is_today}
        words = [word for word, is_meant in flags.items() if is_meant]
        by = ["sort", "paid"] if self.by_payment else ["sort", "date"] if self.is_ascending else []
        order = [*by, *(["asc"] if self.is_ascending else [])]
        page = [str(self.page)] if self.page > 1 else []
        money = [self.money] if self.money else []
        return " ".join(["orders", *self.statuses, *money, *words, *order, *page])


def read_list(argument: str, language: str, vocabulary: Vocabulary | None = None) -> ListRequest | Reason:
    """What follows `orders`. Statuses are known by their names, and by the labels that `language` and the shop have for them."""
    words = argument.lower().replace(",", " ").split()
    names = _names_of_statuses(language, vocabulary)
    request = ListRequest()
    while words:
        taken, request = _take_list_word(words, names, request)
        if not taken:
            return Reason("desk.not_understood", _list_help(words[0], names, language, vocabulary))
        words = words[taken:]
    return request


@dataclass(frozen=True, slots=True)
class Target:
    """What a command with arguments of its own is about: an order's number, if it names one, and the rest."""

    number: int | None
    words: tuple[str, ...]
    below: str = ""
    is_quiet: bool = False

    @property
    def note(self) -> str:
        return _note(self.words, self.below)


def target(argument: str, *, is_reply: bool = False) -> Target:
    line, _, below = argument.replace("\r", "").partition("\n")
    numbers, words = _take_numbers(_WORDS.findall(line), most=1, sure=is_reply)
    is_quiet = _take_quiet(words)
    return Target(numbers[0] if numbers else None, tuple(words), below, is_quiet)


def _take_list_word(
    words: Sequence[str], names: Mapping[str, tuple[str, ...]], request: ListRequest
) -> tuple[int, ListRequest]:
    """How many words were understood, and the request with them."""
    match words:
        case ["today", *_]:
            return 1, replace(request, is_today=True)
        case [money, *_] if money in ledger.LISTED:
            return 1, replace(request, money=money)
        case ["mine", *_]:
            return 1, replace(request, is_mine=True)
        case ["archived", *_]:
            return 1, replace(request, is_archived=True)
        case ["sort", ("date" | "paid") as by, *_]:
            return 2, replace(request, by_payment=by == "paid")
        case [("asc" | "desc") as way, *_]:
            return 1, replace(request, is_ascending=way == "asc")
        case [page, *_] if page.isdecimal() and len(page) <= 4 and int(page):
            return 1, replace(request, page=int(page))
    for length in range(min(len(words), max(name.count(" ") for name in names) + 1), 0, -1):
        statuses = names.get(" ".join(words[:length]).replace("_", " "))
        if statuses is not None:
            return length, replace(request, statuses=tuple(dict.fromkeys([*request.statuses, *statuses])))
    return 0, request


def _names_of_statuses(language: str, vocabulary: Vocabulary | None) -> dict[str, tuple[str, ...]]:
    """What people may write, in lower case, for each status; a shop's label may stand for several."""
    names: dict[str, tuple[str, ...]] = {}
    for status in EVERY_STATUS:
        names[status.replace("_", " ")] = (status,)
        for spoken in (LANGUAGES[0], language):
            names[say(f"status.{status}", spoken).lower()] = (status,)
    own: dict[str, tuple[str, ...]] = {}
    labels = [*vocabulary.statuses.items(), *vocabulary.bookings.items()] if vocabulary else []
    for status, label in labels:
        if label:
            written = label.lower().replace("_", " ")
            own[written] = tuple(dict.fromkeys([*own.get(written, ()), status]))
    return names | own


_LIST_WORDS = ("today", "mine", *ledger.LISTED, "archived", "sort", "asc", "desc")


def _list_help(
    word: str, names: Mapping[str, tuple[str, ...]], language: str, vocabulary: Vocabulary | None
) -> dict[str, object]:
    close = nearest(word, [*names, *_LIST_WORDS])
    hint = " " + say("desk.did_you_mean", language, nearest=close) if close else ""
    known = vocabulary.statuses if vocabulary else dict.fromkeys(ORDER.statuses, "")
    labels = dict.fromkeys(known[status] or say(f"status.{status}", language) for status in known)
    return {"word": plain(word, 30), "hint": hint, "statuses": ", ".join(labels)}
