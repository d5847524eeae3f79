"""What start-up leaves behind is not looked at again by the garbage collector, and no thread waits long for its turn."""

import gc
import sys

import pytest

from bot import interpreter


def test_what_is_alive_when_it_settles_is_no_longer_walked() -> None:
    alive = [[n] for n in range(1_000)]
    usual = sys.getswitchinterval()
    try:
        interpreter.settle()
        assert gc.get_freeze_count() >= len(alive)
        assert sys.getswitchinterval() == pytest.approx(interpreter.TURN_S)
        assert usual > interpreter.TURN_S
    finally:
        gc.unfreeze()
        sys.setswitchinterval(usual)
