"""THE SHELL: everything that waits, or knows the clock, the network, randomness or the environment."""

import sys

# structlog loads rich, a tenth of a second, for tracebacks that print local variables, which no log of ours may do. So it is
# told that there is none; whoever draws a progress bar imports it later.
if "rich" not in sys.modules:
    sys.modules["rich"] = None  # type: ignore[assignment]
    import structlog  # noqa: F401 - imported for what it does not import

    del sys.modules["rich"]
