"""How often the long proofs repeat: often enough to find what they look for in CI, ten times that in `make soak`."""

import os

TIMES = 10 if os.environ.get("SOAK") == "1" else 1

CANCELS = 400 * TIMES
"""Cancelled transactions for each database. Stock tortoise hangs at the 4th on SQLite and the 45th on Postgres."""

KILLS = 100 * TIMES
"""kill -9 of the running program. About 1.7 s each and half a minute to heal: three and a half minutes in CI."""

TERMS = 10 * TIMES
"""SIGTERM of the running program. About 2 s each."""

ACKS = 100 * TIMES
"""Webhooks one after the other, each looked at for its fsync before its 200."""

BODIES = 20_000 * TIMES
"""Signed bodies of a grammar, spoiled, stored and handled. About 4 ms each."""

RACES = 1_000 * TIMES
"""Rounds of each race on Postgres. About 10 ms each, of bookings 30."""

CRASHES = 8 * TIMES
"""Crashes of the order path at any hit of any fault point, with a second one, on each database. About 1 s each."""

POISONS = 2 * TIMES
"""Places of the poison in a body of a thousand, at random, besides the first, the last and the middle. About 7 s each."""

CLUSTER_MESSAGES = 5_000 * TIMES
"""Messages to two `web` and three `worker` on one Postgres: with the statuses of their answers 10,000 events. A minute."""

RESTARTS = 6 * TIMES
"""Restarts of Postgres under load, one every ten seconds or so: a minute of load in CI, ten in the soak."""

WALKS = 12 * TIMES
"""Random days at a shop on SQLite, of up to forty acts; a third as many on Postgres. About a second each."""

TILLS = 12 * TIMES
"""Random days at a till, of up to forty acts, on SQLite. About a second each."""

TIMERS = 10_000 * TIMES
"""Timers due at the same moment, rung by four on one Postgres. A few seconds."""
