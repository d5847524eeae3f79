"""Lifecycles as data: which status follows which event, as a complete grid in two levels.

A state answers for all its statuses, unless a status has a row of its own. Every cell of the grid says one of three things:
a status to go to, "already so" or "not from here"; `holes()` lists cells that say nothing. The same grid decides, offers
the next actions, explains why not, and is drawn.

A grid is written as text, one row a state or status, one column an event:

    .          already so: nothing happens, and that is fine
    -          not possible from here (a command is refused, with a reason)
    =          a fact that changes nothing here
    +          it happens, and the status stays
    packed     go to that status
    a|b        a fork: the lifecycle's `forks` choose between the two, as things stand
    <          go back to where the order was held from
"""

from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Generic, TypeVar

ALREADY, NOT_FROM_HERE, STAYS, HAPPENS, BACK = ".", "-", "=", "+", "<"

Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something may not happen: a phrase's key and its fields. `remedy` is a command or a phrase's key that would help."""

    key: str
    fields: Mapping[str, object] = field(default_factory=dict)


Guard = Callable[[Subject], Reason | None]
"""Looks at the case at hand; None lets it pass."""
Fork = Callable[[Subject], str]
"""Chooses one of the statuses that a fork's cell names."""
Grid = Mapping[tuple[str, str], str]
"""What is said of (a status or state, an event)."""


@dataclass(frozen=True, slots=True)
class Move:
    """The event happens: the status afterwards (perhaps the same, for a fact)."""

    status: str


@dataclass(frozen=True, slots=True)
class AlreadySo:
    status: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Every reason against it, the first the most important. `is_elsewhere`: not from the status it is in at all."""

    reasons: tuple[Reason, ...]
    is_elsewhere: bool = False


Outcome = Move | AlreadySo | Refused


@dataclass(frozen=True)
class Lifecycle(Generic[Subject]):
    """`states` maps each state to its statuses; `facts` are events that report and may never be refused.

    `guards` stand before an event; `starts` are the statuses a new row may begin in. A row of `by_status` overrules the
    one that `by_state` has for its state.
    """

    name: str
    states: Mapping[str, tuple[str, ...]]
    starts: tuple[str, ...]
    ends: frozenset[str]
    commands: tuple[str, ...]
    facts: tuple[str, ...]
    by_state: Grid
    by_status: Grid = field(default_factory=dict)
    guards: Mapping[str, tuple[Guard[Subject], ...]] = field(default_factory=dict)
    forks: Mapping[str, Fork[Subject]] = field(default_factory=dict)

    @cached_property
    def statuses(self) -> tuple[str, ...]:
        return tuple(self._states)

    @property
    def events(self) -> tuple[str, ...]:
        return (*self.commands, *self.facts)

    @cached_property
    def _states(self) -> Mapping[str, str]:
        return {status: state for state, statuses in self.states.items() for status in statuses}

    def state_of(self, status: str) -> str:
        return self._states[status]

    def cell(self, status: str, event: str) -> str | None:
        """What the grid says; None is a hole."""
        return self.by_status.get((status, event)) or self.by_state.get((self.state_of(status), event))

    def holes(self) -> list[tuple[str, str]]:
        """Cells that say nothing, name no status, or refuse a fact."""
        return [
            (status, event)
            for status in self.statuses
            for event in self.events
            if not self._says_something(self.cell(status, event), event)
        ]

    def _says_something(self, said: str | None, event: str) -> bool:
        if (
            said is None
            or (event in self.facts and said == NOT_FROM_HERE)
            or (event in self.commands and said == STAYS)
        ):
            return False
        ways = said.split("|")
        if len(ways) > 1:
            return event in self.forks and set(ways) <= set(self.statuses)
        return said in {ALREADY, NOT_FROM_HERE, STAYS, HAPPENS, BACK, *self.statuses}

    def decide(self, status: str, event: str, subject: Subject, *, held_from: str | None = None) -> Outcome:
        """What becomes of `event` now. KeyError for an event that is not in the table."""
        said = self.cell(status, event)
        if said is None:
            raise KeyError((self.name, status, event))
        if said == ALREADY:
            return AlreadySo(status)
        if said == NOT_FROM_HERE:
            return Refused((Reason("why.not_from_here"),), is_elsewhere=True)
        reasons = tuple(reason for guard in self.guards.get(event, ()) if (reason := guard(subject)) is not None)
        if reasons and event in self.commands:
            return Refused(reasons)
        if reasons or said in (STAYS, HAPPENS):
            return Move(status)
        if said == BACK:
            return Move(held_from or self.starts[0])
        if "|" in said:
            chosen = self.forks[event](subject)
            assert chosen in said.split("|")
            return Move(chosen)
        return Move(said)

    def targets(self, status: str, event: str) -> tuple[str, ...]:
        """Every status that `event` may lead to from `status`, guards aside."""
        said = self.cell(status, event)
        if said is None:
            return ()
        if said == BACK:
            return tuple(s for s in self.statuses if self.cell(s, _hold(self)) == status)
        return tuple(way for way in said.split("|") if way in self.statuses)

    def reachable(self) -> dict[str, tuple[str, ...]]:
        """Every status that can be reached, with the shortest chain of events that leads there."""
        found: dict[str, tuple[str, ...]] = dict.fromkeys(self.starts, ())
        queue = deque(self.starts)
        while queue:
            status = queue.popleft()
            for event in self.events:
                for target in self.targets(status, event):
                    if target not in found:
                        found[target] = (*found[status], event)
                        queue.append(target)
        return found

    def dead_ends(self) -> list[str]:
        """Statuses that are no end and from which no end can be reached."""
        ending = set(self.ends)
        while True:
            more = {
                status
                for status in self.statuses
                if status not in ending
                and any(target in ending for event in self.events for target in self.targets(status, event))
            }
            if not more:
                return [status for status in self.statuses if status not in ending]
            ending |= more


def _hold(lifecycle: Lifecycle[Subject]) -> str:
    """The event whose effect `<` undoes: the one that leads to where `<` stands."""
    every = [(status, event) for status in lifecycle.statuses for event in lifecycle.events]
    held = next(status for status, event in every if lifecycle.cell(status, event) == BACK)
    return next(event for status, event in every if lifecycle.cell(status, event) == held)


def read_grid(*texts: str) -> dict[tuple[str, str], str]:
    """Grids as text: the first line names the events, every other line a state or status and its cells."""
    grid: dict[tuple[str, str], str] = {}
    for text in texts:
        header, *rows = (line.split() for line in text.strip().splitlines())
        for name, *cells in rows:
            grid |= {(name, event): cell for event, cell in zip(header, cells, strict=True)}
    return grid


def edges(lifecycle: Lifecycle[Subject]) -> list[tuple[str, str, str]]:
    """(from, event, to) for every move of the grid."""
    return [
        (status, event, target)
        for status in lifecycle.statuses
        for event in lifecycle.events
        for target in lifecycle.targets(status, event)
        if target != status
    ]


def within(
    lifecycle: Lifecycle[Subject], uses: Callable[[str], bool], *, derived: Collection[str] = ()
) -> Lifecycle[Subject]:
    """What is left of a lifecycle where commands lead only to statuses that `uses` holds for: those that can be reached.

    A `derived` status may come of a command, but is never what the command is for.
    """

    def cell(status: str, event: str) -> str:
        said = lifecycle.cell(status, event) or NOT_FROM_HERE
        if event in lifecycle.facts or said in (ALREADY, NOT_FROM_HERE, STAYS, HAPPENS, BACK):
            return said
        ways = said.split("|")
        kept = [way for way in ways if uses(way) or way in derived] if any(map(uses, ways)) else []
        return "|".join(kept) or NOT_FROM_HERE

    grid = {(status, event): cell(status, event) for status in lifecycle.statuses for event in lifecycle.events}
    left = replace(lifecycle, by_state={}, by_status=grid)
    reached = left.reachable()
    states = {
        state: kept
        for state, statuses in lifecycle.states.items()
        if (kept := tuple(status for status in statuses if status in reached))
    }
    grid = {(status, event): said for (status, event), said in grid.items() if status in reached}
    starts = tuple(status for status in lifecycle.starts if status in reached)
    return replace(left, states=states, starts=starts, ends=lifecycle.ends & set(reached), by_status=grid)


def mermaid(lifecycle: Lifecycle[Subject], labels: Callable[[str], str] = str) -> str:
    """The lifecycle as a Mermaid state diagram: moves between the same two statuses share an arrow."""
    lines = ["stateDiagram-v2", *(f"    [*] --> {status}" for status in lifecycle.starts)]
    lines += [f"    {status}: {labels(status)}" for status in lifecycle.statuses if labels(status) != status]
    joined: dict[tuple[str, str], list[str]] = {}
    for source, event, target in edges(lifecycle):
        joined.setdefault((source, target), []).append(event)
    lines += [f"    {source} --> {target}: {', '.join(events)}" for (source, target), events in joined.items()]
    lines += [f"    {status} --> [*]" for status in lifecycle.statuses if status in lifecycle.ends]
    return "\n".join(lines) + "\n"
