"""What start-up leaves behind is not looked at again by the garbage collector."""

import gc

from bot import memory


def test_what_is_alive_when_it_settles_is_no_longer_walked() -> None:
    alive = [[n] for n in range(1_000)]
    try:
        memory.settle()
        assert gc.get_freeze_count() >= len(alive)
    finally:
        gc.unfreeze()
