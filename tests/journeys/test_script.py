"""The grammar: every kind of line, errors that name their place, and accepting what happened."""

from datetime import datetime, timedelta

import pytest

from tests.journeys.script import (
    Act,
    Cart,
    Do,
    Fault,
    Later,
    Line,
    Message,
    MoveClock,
    Say,
    ScriptError,
    Tap,
    parse,
)

GREETING = """\
# A greeting
# S1-01 S2-17

Asha: hello
→ Asha: Namaste!
    What would you like?

    [Menu] [Talk to us]

# The menu is a list.
Asha taps Menu
→ Asha: Our teas:
    [Choose]
    {Chai} 200 g
→ Priya (template staff_alert): Asha looks
"""


def first_act(line: str) -> Act:
    return parse("a.chat", f"# A title\n{line}\n").steps[0].act


def test_a_conversation_is_steps_with_the_messages_that_answer_them() -> None:
    script = parse("greeting.chat", GREETING)
    hello, menu = script.steps
    assert script.title == "A greeting"
    assert (hello.line, hello.act) == (4, Say("Asha", "hello"))
    assert hello.expected == (Message("Asha", "Namaste!\nWhat would you like?\n\n[Menu] [Talk to us]"),)
    assert (menu.line, menu.act) == (11, Tap("Asha", "Menu"))
    assert menu.expected == (
        Message("Asha", "Our teas:\n[Choose]\n{Chai} 200 g"),
        Message("Priya", "Asha looks", "template staff_alert"),
    )
    assert script.place(menu) == "greeting.chat:11: Asha taps Menu"


@pytest.mark.parametrize(
    ("line", "act"),
    [
        ("Asha: 2 chai: now", Say("Asha", "2 chai: now")),
        ("Asha: a\n    b\n\n      c", Say("Asha", "a\nb\n\n  c")),
        ("आशा: नमस्ते", Say("आशा", "नमस्ते")),
        ("Asha taps See catalogue", Tap("Asha", "See catalogue")),
        ("Asha taps [Yes]", Tap("Asha", "Yes")),
        ("Asha sends a cart 2xCHAI", Cart("Asha", (Line(2, "CHAI"),), "")),
        (
            'Asha sends a cart 2xCHAI 12x"RED TEA" "no: sugar"',
            Cart("Asha", (Line(2, "CHAI"), Line(12, "RED TEA")), "no: sugar"),
        ),
        ("Asha sends a cart 2xCHAI@300", Cart("Asha", (Line(2, "CHAI", 300),), "")),
        ("Asha sends a voice message", Do("Asha", "sends", "voice message")),
        ("Asha sends an empty cart", Do("Asha", "sends", "empty cart")),
        ("Asha reacts with 👍", Do("Asha", "reacts", "👍")),
        ("Asha forwards: doctor", Do("Asha", "forwards", "doctor")),
        ("Ravi edits his message: two\n    lines", Do("Ravi", "edits", "two\nlines")),
        ("Asha deletes her message", Do("Asha", "deletes")),
        ("Asha changes her number to 919800000077", Do("Asha", "changes number", "919800000077")),
        ("Meera changes her id to IN.5", Do("Meera", "changes id", "IN.5")),
        ("Meta pauses staff_alert", Do("Meta", "pauses", "staff_alert")),
        ("Meta delivers everything again", Do("Meta", "delivers", "everything")),
        ("later 25h", Later(timedelta(hours=25))),
        ("later 2d 30m", Later(timedelta(days=2, minutes=30))),
        ("clock 2026-03-02 10:00", MoveClock(datetime.fromisoformat("2026-03-02 10:00"))),
        (
            "fault fail_next=1 reorder=reverse auto_read=on",
            Fault((("fail_next", 1), ("reorder", "reverse"), ("auto_read", True))),
        ),
    ],
)
def test_every_kind_of_step(line: str, act: Act) -> None:
    assert first_act(line) == act


@pytest.mark.parametrize("silence", ["", "nothing\n", "\nnothing\n"])
def test_nothing_may_be_said_or_left_out(silence: str) -> None:
    script = parse("a.chat", f"# A title\nAsha: hello\n{silence}")
    assert script.steps[0].expected == ()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("Asha: hello", "a.chat:1: a conversation begins with `# ` and its title"),
        ("", "a.chat:1: a conversation begins with"),
        ("# A title\n", "a.chat:2: nothing happens in this conversation"),
        ("# A title\n\nAsha jumps", "a.chat:3: not a step: 'Asha jumps'; a step is one of: NAME sends a cart"),
        ("# A title\n→ Asha: hello", "a.chat:2: an answer stands right below the step that it answers"),
        ("# A title\nAsha: a\n# remark\nnothing", "a.chat:4: an answer stands right below the step"),
        ("# A title\nAsha: a\n→ Asha hello", "a.chat:3: an answer is written `→ NAME: what the phone shows`"),
        ("# A title\nAsha: a\n  b", "a.chat:3: an indented line has four spaces"),
        ("# A title\nAsha: a\nnothing\n→ Asha: b", "a.chat:2: `nothing` and a message cannot both answer a step"),
        ("# A title\nlater 3 weeks", "a.chat:2: '3' is not a duration"),
        ("# A title\nclock 2026-13-01 10:00", "a.chat:2: month must be in 1..12"),
        ("# A title\nAsha: a\nfault fail_next", "a.chat:3: a fault is written name=value, not 'fail_next'"),
        ("# A title\nAsha sends a cart CHAI", "a.chat:2: a cart is written 2xSKU"),
        ('# A title\nAsha sends a cart 1xCHAI "a" "b"', "a.chat:2: a cart is written 2xSKU"),
    ],
)  # fmt: skip
def test_an_error_names_its_file_and_line(text: str, error: str) -> None:
    with pytest.raises(ScriptError) as raised:
        parse("a.chat", text)
    assert str(raised.value).startswith(error)


def test_messages_of_two_people_may_change_places_but_not_those_of_one() -> None:
    step = parse("a.chat", "# A title\nAsha: hello\n→ Asha: one\n→ Priya: two\n→ Asha: three\n").steps[0]
    one, two, three = Message("Asha", "one"), Message("Priya", "two"), Message("Asha", "three")
    assert step.fits([two, one, three])
    assert not step.fits([three, two, one])
    assert not step.fits([one, two])
    assert not step.fits([one, two, three, three])


def test_accepting_what_was_expected_changes_nothing() -> None:
    script = parse("greeting.chat", GREETING)
    assert script.accept([step.expected for step in script.steps]) == GREETING


def test_accepting_rewrites_answers_and_leaves_steps_and_remarks() -> None:
    script = parse("greeting.chat", GREETING)
    hello = Message("Asha", "Good morning.\n\n[Menu]")
    assert script.accept([[hello], []]) == (
        "# A greeting\n# S1-01 S2-17\n\n"
        "Asha: hello\n→ Asha: Good morning.\n\n    [Menu]\n\n"
        "# The menu is a list.\nAsha taps Menu\nnothing\n"
    )


def test_accepting_fills_in_a_conversation_that_has_only_steps() -> None:
    script = parse("a.chat", "# A title\nclock 2026-03-02 10:00\nAsha: hello\n\nlater 1h\nfault fail_next=1\n")
    assert script.accept([[], [Message("Asha", "Namaste!")], [], []]) == (
        "# A title\nclock 2026-03-02 10:00\nAsha: hello\n→ Asha: Namaste!\n\nlater 1h\nnothing\nfault fail_next=1\n"
    )


def test_what_is_accepted_is_read_back_as_it_happened() -> None:
    messages = (Message("Asha", "\n  two\n\n\n    four"), Message("Priya", "", "document packing-slip.pdf"))
    accepted = parse("a.chat", "# A title\nAsha: hello").accept([messages])
    assert parse("a.chat", accepted).steps[0].expected == messages


def test_a_play_that_ended_early_is_accepted_as_far_as_it_went() -> None:
    script = parse("greeting.chat", GREETING)
    assert script.accept([[]]) == GREETING.replace(
        "→ Asha: Namaste!\n    What would you like?\n\n    [Menu] [Talk to us]", "nothing"
    )
