"""What start-up leaves behind is not looked at again by the garbage collector, and no thread waits long for its turn."""

import gc
import sys

import pytest

from bot import interpreter

CPYTHON_S = 0.005
"""CPython's own switch interval."""


def test_what_is_alive_when_it_settles_is_no_longer_walked() -> None:
    alive = [[n] for n in range(1_000)]
    usual = sys.getswitchinterval()
    sys.setswitchinterval(CPYTHON_S)  # another test may have started the program in this process
    try:
        interpreter.settle()
        assert gc.get_freeze_count() >= len(alive)
        assert sys.getswitchinterval() == pytest.approx(interpreter.TURN_S)
        assert interpreter.TURN_S < CPYTHON_S
    finally:
        gc.unfreeze()
        sys.setswitchinterval(usual)


def test_what_is_made_by_imports_is_never_walked() -> None:
    try:
        with interpreter.importing():
            assert not gc.isenabled()
            alive = [[n] for n in range(1_000)]
        assert gc.isenabled()
        assert gc.get_freeze_count() >= len(alive)
    finally:
        gc.unfreeze()
