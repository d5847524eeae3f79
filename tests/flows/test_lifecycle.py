"""A lifecycle is a complete grid: it decides, explains, finds its own gaps and draws itself. Tried on a small one."""

from dataclasses import dataclass, replace

import pytest

from flows.lifecycle import (
    AlreadySo,
    Lifecycle,
    Move,
    Outcome,
    Reason,
    Refused,
    edges,
    mermaid,
    read_grid,
)


@dataclass(frozen=True, slots=True)
class Parcel:
    weight: int = 1
    is_paid: bool = True


def _too_heavy(parcel: Parcel) -> Reason | None:
    return Reason("why.heavy", {"weight": parcel.weight}) if parcel.weight > 10 else None


def _unpaid(parcel: Parcel) -> Reason | None:
    return None if parcel.is_paid else Reason("why.unpaid")


PARCEL: Lifecycle[Parcel] = Lifecycle(
    name="parcel",
    states={"open": ("new", "sealed"), "waiting": ("waiting",), "done": ("sent", "lost")},
    starts=("new",),
    ends=frozenset({"sent", "lost"}),
    commands=("seal", "send", "wait", "go_on"),
    facts=("lose", "find"),
    by_state=read_grid(
        """
                 seal    send  wait     go_on  lose  find
        open     sealed  -     waiting  -      lost  =
        waiting  -       -     .        <      lost  =
        done     -       .     -        -      =     =
        """
    ),
    by_status=read_grid(
        """
        seal    send  wait     go_on  lose  find
        sealed  .       sent  waiting  -      lost  =
        lost    -       -     -        -      =     new
        """,
    ),
    guards={"send": (_too_heavy, _unpaid), "lose": (_unpaid,)},
)


def test_a_row_of_a_status_stands_before_that_of_its_state() -> None:
    assert [PARCEL.cell(status, "seal") for status in PARCEL.statuses] == ["sealed", ".", "-", "-", "-"]
    assert [PARCEL.cell(status, "send") for status in PARCEL.statuses] == ["-", "sent", "-", ".", "-"]


@pytest.mark.parametrize(
    ("status", "event", "parcel", "outcome"),
    [
        ("new", "seal", Parcel(), Move("sealed")),
        ("sealed", "seal", Parcel(), AlreadySo("sealed")),
        ("new", "send", Parcel(), Refused((Reason("why.not_from_here"),), is_elsewhere=True)),
        ("sealed", "send", Parcel(), Move("sent")),
        ("sealed", "send", Parcel(weight=11), Refused((Reason("why.heavy", {"weight": 11}),))),
        (
            "sealed",
            "send",
            Parcel(weight=11, is_paid=False),
            Refused((Reason("why.heavy", {"weight": 11}), Reason("why.unpaid"))),
        ),
        ("sent", "send", Parcel(weight=11), AlreadySo("sent")),
        ("sealed", "lose", Parcel(), Move("lost")),
        ("sealed", "lose", Parcel(is_paid=False), Move("sealed")),
        ("sealed", "find", Parcel(), Move("sealed")),
        ("lost", "find", Parcel(), Move("new")),
    ],
)
def test_an_event_moves_is_already_so_or_is_refused_for_every_reason(
    status: str, event: str, parcel: Parcel, outcome: Outcome
) -> None:
    assert PARCEL.decide(status, event, parcel) == outcome


def test_what_was_held_goes_back_to_where_it_was() -> None:
    assert PARCEL.decide("waiting", "go_on", Parcel(), held_from="sealed") == Move("sealed")
    assert PARCEL.decide("waiting", "go_on", Parcel()) == Move("new")
    assert PARCEL.targets("waiting", "go_on") == ("new", "sealed")


def test_an_event_that_is_not_in_the_table_is_an_error() -> None:
    with pytest.raises(KeyError):
        PARCEL.decide("new", "fly", Parcel())


def test_a_complete_grid_has_no_holes_and_no_dead_ends() -> None:
    assert (PARCEL.holes(), PARCEL.dead_ends()) == ([], [])
    assert PARCEL.reachable() == {
        "new": (),
        "sealed": ("seal",),
        "waiting": ("wait",),
        "lost": ("lose",),
        "sent": ("seal", "send"),
    }


@pytest.mark.parametrize(
    ("cell", "said", "hole"),
    [
        (("sealed", "send"), "gone", ("sealed", "send")),
        (("sealed", "lose"), "-", ("sealed", "lose")),
        (("sealed", "send"), "=", ("sealed", "send")),
    ],
)
def test_a_cell_that_leads_nowhere_refuses_a_fact_or_ignores_a_command_is_a_hole(
    cell: tuple[str, str], said: str, hole: tuple[str, str]
) -> None:
    assert replace(PARCEL, by_status={**PARCEL.by_status, cell: said}).holes() == [hole]


def test_a_cell_that_is_missing_is_a_hole() -> None:
    grid = {cell: said for cell, said in PARCEL.by_state.items() if cell != ("open", "wait")}

    assert replace(PARCEL, by_state=grid).holes() == [("new", "wait")]


def test_a_status_from_which_nothing_ends_is_a_dead_end() -> None:
    grid = {**PARCEL.by_state, ("waiting", "go_on"): "-", ("waiting", "lose"): "="}

    assert replace(PARCEL, by_state=grid).dead_ends() == ["waiting"]


def test_a_grid_with_a_cell_too_few_is_an_error() -> None:
    with pytest.raises(ValueError, match="zip"):
        read_grid("seal send\nopen sealed")


def test_moves_are_listed_and_drawn_those_between_the_same_two_on_one_arrow() -> None:
    assert edges(PARCEL)[:4] == [
        ("new", "seal", "sealed"),
        ("new", "wait", "waiting"),
        ("new", "lose", "lost"),
        ("sealed", "send", "sent"),
    ]
    twice = replace(PARCEL, by_status={**PARCEL.by_status, ("lost", "seal"): "new"})
    assert mermaid(twice, lambda status: status.title()).splitlines() == [
        "stateDiagram-v2",
        "    [*] --> new",
        "    new: New",
        "    sealed: Sealed",
        "    waiting: Waiting",
        "    sent: Sent",
        "    lost: Lost",
        "    new --> sealed: seal",
        "    new --> waiting: wait",
        "    new --> lost: lose",
        "    sealed --> sent: send",
        "    sealed --> waiting: wait",
        "    sealed --> lost: lose",
        "    waiting --> new: go_on",
        "    waiting --> sealed: go_on",
        "    waiting --> lost: lose",
        "    lost --> new: seal, find",
        "    sent --> [*]",
        "    lost --> [*]",
    ]


def test_a_fork_chooses_as_things_stand() -> None:
    forked = replace(
        PARCEL,
        by_status={**PARCEL.by_status, ("sealed", "send"): "sent|lost"},
        forks={"send": lambda parcel: "sent" if parcel.weight < 5 else "lost"},
    )

    assert forked.holes() == []
    assert forked.targets("sealed", "send") == ("sent", "lost")
    assert [forked.decide("sealed", "send", Parcel(weight, True)) for weight in (1, 9)] == [Move("sent"), Move("lost")]
    assert replace(forked, forks={}).holes() == [("sealed", "send")]


def test_what_happens_without_a_move_is_one_all_the_same() -> None:
    noted = replace(PARCEL, by_status={**PARCEL.by_status, ("sent", "wait"): "+"})

    assert noted.holes() == []
    assert noted.decide("sent", "wait", Parcel(1, True)) == Move("sent")
    assert noted.targets("sent", "wait") == ()
