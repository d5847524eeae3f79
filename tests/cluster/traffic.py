"""Customers who talk through two doors, each one message after the other; and what must be true of it in the end."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from bot import tasks
from bot.clock import Clock
from bot.sandbox.demo import PEOPLE, products
from models import invariants
from models.database import Database
from tests import payloads
from tests.cluster.meta import Meta, Taken
from tests.models.units import rows

TWICE = 0.1
"""Part of the bodies that Meta sends to both doors at the same moment."""
CARTS = 0.2
EACH = 25
"""Messages of one customer: their answers go out at once, for the pair's bucket holds 40."""
SKUS = [row["id"] for row in products("") if row["kind"] != "service"]
"""Goods alone: a cart with a service has two answers, and here each has one."""
STAFF = [person.wa_id for person in PEOPLE if person.role == "staff" and person.wa_id]
"""They write first, or nothing could be said to them."""


class Crowd:
    """Customers talk side by side until there were so many messages; `sent` are the wamids in each one's order.

    With a pause after each message no more comes in than workers that are killed and stopped can handle.
    """

    def __init__(self, meta: Meta, dice: random.Random, *, at_once: int = 40, pause_s: float = 0) -> None:
        self._meta, self._dice, self._at_once, self._pause_s = meta, dice, at_once, pause_s
        self.sent: dict[str, list[str]] = defaultdict(list)
        self._people = 0
        self.stopping = False

    @property
    def count(self) -> int:
        return sum(map(len, self.sent.values()))

    async def talk(self, messages: int) -> None:
        """So many, or until `stopping`."""
        for person in STAFF:
            await self._say(person, "help", f"wamid.{person}")
        left = iter(range(messages // EACH))
        talkers = [tasks.spawn(self._talk(left), name="talker") for _ in range(self._at_once)]
        try:
            await asyncio.gather(*talkers)
        finally:
            for talker in talkers:
                await tasks.stop(talker)

    async def _talk(self, left: Iterator[int]) -> None:
        for _ in left:
            self._people += 1
            person = f"9170{self._people:08}"
            for n in range(EACH):
                if self.stopping:
                    return
                wamid = f"wamid.{person}.{n}"
                await self._say(person, "" if self._dice.random() < CARTS else f"please {n}", wamid)
                await asyncio.sleep(self._pause_s)

    async def _say(self, person: str, words: str, wamid: str) -> None:
        """Without words: a cart."""
        lines = [payloads.line(sku, 1) for sku in self._dice.sample(SKUS, 3)]
        said = payloads.text(words, wamid=wamid) if words else payloads.cart(*lines, wamid=wamid)
        said |= {"from": person, "timestamp": str(int(Clock().now().timestamp()))}
        told = payloads.messages(said, contacts=[payloads.contact(person, name=person)])
        await self._meta.tell(told, copies=2 if self._dice.random() < TWICE else 1)
        self.sent[person].append(wamid)


EVENTS = "SELECT i.id, i.kind, i.state, i.ordering_key, i.settled_at FROM inbox i ORDER BY i.id"
ANSWERS = (
    "SELECT o.token, o.contact_id, o.cause_id, o.state, i.ordering_key FROM outbox o JOIN inbox i ON i.id = o.cause_id"
    " WHERE o.purpose = 'reply' ORDER BY o.id"
)
RESERVED = (
    "SELECT p.retailer_id FROM product p LEFT JOIN (SELECT l.retailer_id, SUM(l.quantity) AS n FROM order_line l JOIN orders o"
    " ON o.id = l.order_id GROUP BY l.retailer_id) AS s ON s.retailer_id = p.retailer_id WHERE p.reserved <> COALESCE(s.n, 0)"
)


async def broken(database: Database, crowd: Crowd, taken: list[Taken]) -> list[str]:
    """Everything that is not as it must be, once all has come to rest."""
    wrong = []
    events = [row for row in await rows(database, EVENTS) if row["kind"] == "message"]
    if len(events) != crowd.count:
        wrong.append(f"{crowd.count} messages were acknowledged, {len(events)} are in the inbox")
    if undone := [row["id"] for row in events if row["state"] != "done"]:
        wrong.append(f"events {undone[:9]} were not handled")
    lanes = defaultdict(list)
    for row in events:
        lanes[row["ordering_key"]].append(row["settled_at"])
    wrong += [f"{key} was handled out of order" for key, at in lanes.items() if any(a > b for a, b in pairwise(at))]
    answers = await rows(database, ANSWERS)
    causes = [row["cause_id"] for row in answers]
    wrong += [f"{len(causes) - len(set(causes))} events were answered twice"] if len(causes) != len(set(causes)) else []
    if silent := {row["id"] for row in events} - set(causes):
        wrong.append(f"events {sorted(silent)[:9]} were not answered")
    by_token = {row["token"]: row for row in answers}
    heard = defaultdict(list)
    for message in taken:
        if message.token in by_token:
            answer = by_token[message.token]
            heard[answer["contact_id"]].append(answer["cause_id"])
    for contact, causes in heard.items():
        if len(causes) != len(set(causes)):
            wrong.append(f"{contact} heard something twice")
        elif causes != sorted(causes):
            wrong.append(f"{contact} heard things out of order")
    if sum(map(len, heard.values())) != len(events):
        wrong.append(f"Meta took {sum(map(len, heard.values()))} answers to {len(events)} messages")
    wrong += [f"stock of {row['retailer_id']} is wrong" for row in await rows(database, RESERVED)]
    async with database.transaction() as connection:
        found = await invariants.violations(connection, now=Clock().now(), settled=True)
    return wrong + [str(violation) for violation in found]
