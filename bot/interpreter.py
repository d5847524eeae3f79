"""What the garbage collector need not look at."""

import gc


def settle() -> None:
    """Called when everything has started: modules, rows and routes live as long as the program.

    Left among the rest they would be walked again and again, in pauses that a webhook's answer waits for.
    """
    gc.collect()
    gc.freeze()
