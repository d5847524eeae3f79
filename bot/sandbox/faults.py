"""The switches that make the sandbox misbehave as Meta might: one table, read by the page, by control JSON and by tests."""

import random  # noqa: TID251 - a seed makes a run repeatable; nothing secret is drawn from it
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

Item = TypeVar("Item")
Json = dict[str, Any]

DOCUMENTED, OBSERVED, GUESS = "documented", "observed", "guess"
ORDERS = ("normal", "reverse", "shuffle")
STATUSES = ("normal", "before_response", "late", "never", "out_of_order")
OPAQUE = ("everywhere", "sent_only", "missing")
DUPLICATES = ("same_bytes", "rebatched", "concurrent")
REFUNDS = ("at_once", "pending", "fail")
SHAPES = ("changes", "entries", "merged")


def _switch(  # noqa: PLR0917 - one row of the table below
    default: Any, kind: str, certainty: str, label: str, say: str, choices: Sequence[str] = ()
) -> Any:
    about = {"label": label, "kind": kind, "certainty": certainty, "help": say}
    return field(default=default, metadata=about | ({"choices": list(choices)} if choices else {}))


@dataclass(slots=True)
class Faults:
    """A counter (`…_next`, `duplicate`, `bad_signature`) falls by one each time it strikes; the rest stay until changed."""

    duplicate: int = _switch(
        0, "int", DOCUMENTED, "Duplicate the next webhooks", "How many of the next webhooks arrive twice."
    )
    duplicate_how: str = _switch(
        "same_bytes",
        "choice",
        GUESS,
        "Duplicates are",
        "The same bytes again, the same update inside a new body, or both copies at the same moment.",
        DUPLICATES,
    )
    batch: int = _switch(0, "int", DOCUMENTED, "Updates in a body", "Collect up to this many updates; 0 means one.")
    batch_shape: str = _switch(
        "changes", "choice", GUESS, "A batch holds", "Many changes, many entries, or values merged into one.", SHAPES
    )
    delay_s: int = _switch(0, "int", OBSERVED, "Delay webhooks (s)", "Every new webhook waits so long.")
    reorder: str = _switch(
        "normal", "choice", DOCUMENTED, "Order of webhooks", "Meta promises none: reverse or shuffle.", ORDERS
    )
    parallel: int = _switch(1, "int", DOCUMENTED, "Webhooks at once", "How many bodies are on their way at a time.")
    statuses: str = _switch(
        "normal",
        "choice",
        OBSERVED,
        "Statuses come",
        "After the answer, before it, late, never, or read before delivered before sent.",
        STATUSES,
    )
    late_s: int = _switch(90, "int", GUESS, "Late means (s)", "How long a late status waits.")
    opaque: str = _switch(
        "everywhere",
        "choice",
        GUESS,
        "Opaque data is in",
        "Which statuses bring back biz_opaque_callback_data.",
        OPAQUE,
    )
    auto_read: bool = _switch(False, "bool", DOCUMENTED, "Read at once", "Every message is read when it arrives.")  # noqa: FBT003 - a default
    fail_next: int = _switch(0, "int", DOCUMENTED, "Refuse the next sends", "How many sends get the error code below.")
    fail_code: int = _switch(131000, "code", DOCUMENTED, "… with code", "The Graph error code of the refusal.")
    failed_next: int = _switch(
        0, "int", DOCUMENTED, "Accept, then fail", "How many sends are accepted and later get a failed status."
    )
    failed_code: int = _switch(131026, "code", DOCUMENTED, "… with code", "The error code in the failed status.")
    failed_contacts: bool = _switch(
        False,  # noqa: FBT003 - a default
        "bool",
        DOCUMENTED,
        "Failed statuses name the contact",
        "Since business-scoped user ids Meta leaves contacts out of failed statuses; before, they were there.",
    )
    hang_next: int = _switch(0, "int", OBSERVED, "Accept, then hang", "How many accepted sends never get an answer.")
    hang_s: int = _switch(30, "int", GUESS, "A hang lasts (s)", "After so long the connection is closed.")
    reset_next: int = _switch(
        0, "int", OBSERVED, "Accept, then reset", "How many accepted sends lose their connection."
    )
    reset_at: int = _switch(0, "int", GUESS, "Reset at byte", "How many bytes of the answer get through before.")
    error_next: int = _switch(0, "int", OBSERVED, "Answer 500", "How many sends get a 500 without a Graph error.")
    error_status: int = _switch(500, "code", OBSERVED, "… or rather", "Their HTTP status, 502 for instance.")
    error_accepts: bool = _switch(False, "bool", GUESS, "… yet accept", "Whether those sends were accepted.")  # noqa: FBT003 - a default
    unreadable_next: int = _switch(0, "int", GUESS, "Unreadable answers", "Accepted sends answered 200 without JSON.")
    throttle_next: int = _switch(0, "int", DOCUMENTED, "Answer 429", "How many sends get 429 with Retry-After.")
    slow_media_s: int = _switch(0, "int", OBSERVED, "Slow media (s)", "Uploads and downloads take so long.")
    bad_signature: int = _switch(0, "int", GUESS, "Bad signatures", "How many of the next webhooks are signed wrongly.")
    template_review: bool = _switch(
        False,  # noqa: FBT003 - a default
        "bool",
        DOCUMENTED,
        "Templates wait for review",
        "New templates stay PENDING until this is switched off.",
    )
    redeliver_after_week: bool = _switch(
        False,  # noqa: FBT003 - a default
        "bool",
        DOCUMENTED,
        "Deliver again after 7 days",
        "What was acknowledged comes once more a week later, as another subscriber's failure causes.",
    )
    pair_burst: int = _switch(45, "int", DOCUMENTED, "Messages in a burst to one person", "Then one per 6 s.")
    number_per_s: int = _switch(80, "int", DOCUMENTED, "Messages a second of the number", "Meta raises it to 1000.")
    pay_late_s: int = _switch(
        0, "int", DOCUMENTED, "Payment webhooks come late (s)", "Every new webhook of a payment provider waits so long."
    )
    pay_duplicate: int = _switch(
        0, "int", DOCUMENTED, "Payment webhooks come twice", "How many of the next ones are delivered twice."
    )
    pay_lost: int = _switch(
        0, "int", OBSERVED, "Payment webhooks get lost", "How many of the next ones never come: only asking helps."
    )
    pay_error_next: int = _switch(
        0, "int", DOCUMENTED, "Payment providers answer 500", "How many of the next calls, which have no effect."
    )
    pay_reset_next: int = _switch(
        0, "int", OBSERVED, "Payment providers accept, then reset", "How many calls take effect and are not answered."
    )
    pay_refunds: str = _switch(
        "at_once", "choice", DOCUMENTED, "Refunds go through", "At once, not yet, or they fail.", REFUNDS
    )
    seed: int = _switch(1, "int", GUESS, "Seed", "Makes the shuffle repeatable.")
    _dice: random.Random = field(init=False, repr=False, compare=False, default_factory=lambda: random.Random(1))  # noqa: S311 - see the import

    def take(self, counter: str) -> bool:
        """Whether the fault strikes now; its counter falls by one."""
        left = int(getattr(self, counter))
        setattr(self, counter, max(0, left - 1))
        return left > 0

    def arrange(self, items: list[Item]) -> list[Item]:
        """`items` in the order that `reorder` asks for."""
        if self.reorder == "reverse":
            return items[::-1]
        if self.reorder == "shuffle":
            return self._dice.sample(items, len(items))
        return items

    def values(self) -> Json:
        return {name: getattr(self, name) for name in _TABLE}

    def change(self, values: Mapping[str, Any]) -> None:
        """Set some switches; raises ValueError naming the first that does not exist or does not fit, and then sets none."""
        for name, value in values.items():
            _fits(name, value)
        for name, value in values.items():
            setattr(self, name, value)
        if "seed" in values:
            self._dice.seed(values["seed"])

    def reset(self) -> None:
        fresh = Faults()
        self.change(fresh.values())


def _fits(name: str, value: Any) -> None:
    about = _TABLE.get(name)
    if about is None:
        raise ValueError(f"there is no fault called {name!r}")
    if about["kind"] == "bool" and not isinstance(value, bool):
        raise ValueError(f"{name} is true or false")
    if about["kind"] in {"int", "code"} and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise ValueError(f"{name} is a whole number of 0 or more")
    if about["kind"] == "choice" and value not in about["choices"]:
        raise ValueError(f"{name} is one of {', '.join(about['choices'])}")


_TABLE: dict[str, Json] = {
    f.name: {"name": f.name, "default": f.default, **f.metadata} for f in fields(Faults) if f.metadata
}


def table() -> list[Json]:
    """Every switch with its label, kind, choices, help, and how sure we are that Meta does so."""
    return list(_TABLE.values())
