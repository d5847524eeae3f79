"""A payment provider in memory, and its own record of what it took and gave back: the judge of ours."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count

import orjson

from bot.payments.provider import Forged, Unavailable, Unreadable, lane
from flows.payments import CAPTURED, CREATE, LOOK_UP, REFUND, WITHDRAW, Answer, Call, Report
from models.inbox import Arrival

NAME = "stripe"
SECRET = "secret"
KIND = f"payment.{NAME}"


@dataclass
class Page:
    """A request to pay: who has it pays what it says, as long as it is open, and some pay other sums."""

    reference: str
    amount: int
    currency: str
    is_open: bool = True
    last: Report | None = None


@dataclass
class Back:
    """Money given back of one transaction; what failed is here again."""

    id: str
    transaction: str
    amount: int
    has_failed: bool = False


@dataclass
class Bank:
    """`trouble` is what becomes of the next calls: "silent" (nothing is done), "lost" (done, and nobody hears of it),
    "refused", "broken" (an adapter's bug).
    """

    name: str = NAME
    pages: dict[str, Page] = field(default_factory=dict)
    taken: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    backs: dict[str, Back] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    answers: dict[int, Answer] = field(default_factory=dict)
    trouble: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        return

    async def perform(self, call: Call) -> Answer:
        self.calls.append(call)
        trouble = self.trouble.pop(0) if self.trouble else ""
        if trouble == "silent":
            raise Unavailable
        if trouble == "broken":
            raise KeyError("id")
        if trouble == "refused" and call.kind in (CREATE, REFUND):
            return self.answers.setdefault(call.id, Answer(fault="refused"))
        if call.id not in self.answers or call.kind == LOOK_UP:
            self.answers[call.id] = self._answer(call)
        if trouble == "lost":
            raise Unavailable
        return self.answers[call.id]

    def _answer(self, call: Call) -> Answer:
        reference, amount = str(call.details["reference"]), int(call.details["amount"] or 0)
        match call.kind:
            case "create":
                self.pages[reference] = Page(reference, amount, str(call.details["currency"]))
                return Answer(url=f"https://pay.example/{reference}", provider_id=f"page_{reference}")
            case "withdraw":
                self.pages[reference].is_open = False
            case "look_up":
                page = self.pages.get(reference)
                return Answer(reports=(page.last,) if page is not None and page.last is not None else ())
            case "refund":
                transaction, back = str(call.details["transaction_id"]), int(call.details["refund_amount"] or 0)
                if back > self.left(transaction):
                    return Answer(fault="too_much")
                return Answer(reports=(self.give_back(transaction, back),))
        assert call.kind in (WITHDRAW, "capture")
        return Answer()

    def take(self, reference: str, *, amount: int | None = None, currency: str | None = None) -> Report:
        """Somebody pays."""
        page = self.pages.get(reference) or Page(reference, amount or 1, currency or "INR")
        transaction = f"tx{next(self.numbers)}"
        paid = page.amount if amount is None else amount, currency or page.currency
        self.taken[transaction] = (reference, *paid)
        page.last = Report(self.name, reference, CAPTURED, *paid, transaction, "link")
        return page.last

    def tell(self, reference: str, says: str) -> Report:
        """Whatever else becomes of an attempt to pay."""
        page = self.pages[reference]
        said = Report(self.name, reference, says, page.amount, page.currency, f"tx{next(self.numbers)}", "link")
        if page.last is None or page.last.says != CAPTURED:
            page.last = said
        return said

    def left(self, transaction: str) -> int:
        gone = sum(b.amount for b in self.backs.values() if b.transaction == transaction and not b.has_failed)
        return self.taken[transaction][1] - gone

    def give_back(self, transaction: str, amount: int) -> Report:
        back = Back(f"re{next(self.numbers)}", transaction, amount)
        self.backs[back.id] = back
        return self._of_refund(back, "settle")

    def fail(self, refund: str) -> Report:
        """The money is here again."""
        self.backs[refund].has_failed = True
        return self._of_refund(self.backs[refund], "fail")

    def _of_refund(self, back: Back, says: str) -> Report:
        reference, _, currency = self.taken[back.transaction]
        return Report(self.name, reference, says, back.amount, currency, back.transaction, refund=back.id)

    @property
    def has(self) -> int:
        """What it took and did not give back."""
        gone = sum(back.amount for back in self.backs.values() if not back.has_failed)
        return sum(amount for _, amount, _ in self.taken.values()) - gone

    def arrivals(self, headers: Mapping[str, str], query: Mapping[str, str], raw: bytes) -> list[Arrival]:
        if SECRET not in (headers.get("Signature"), query.get("signature")):
            raise Forged
        try:
            told = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise Unreadable from error
        return [arrival(report, f"{said['id']}") for said in told if (report := _report(said["report"]))]


def arrival(report: Report, source: str) -> Arrival:
    """A report as the door would keep it."""
    return Arrival(f"{NAME}:{source}", KIND, lane(report.reference), orjson.dumps({"report": report}))


def read(payload: bytes) -> list[Report]:
    return [_report(orjson.loads(payload)["report"])]


def _report(told: dict[str, object]) -> Report:
    return replace(Report(**told), at=None)  # type: ignore[arg-type]
