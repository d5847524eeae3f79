"""Many people who write, tap and send carts at once, and Meta repeating some of it: about twenty events a second."""

import asyncio
import random

from bot.sandbox.demo import PEOPLE, products
from tests.kill.processes import Meta

PAUSE_S = 0.05
REPEATED = 0.1
UNHEARD = 0.03
"""Part of the sends that Meta takes, but whose answer is lost on the way or makes no sense."""
CROWD = 8
"""Customers who talk at the same time. Others take their place, or they would run into the pair rate."""
EACH = 24
"""Messages of one customer: their answers go out at once."""
SKUS = [row["id"] for row in products("") if row["kind"] != "service"]
"""Goods alone: a cart with a service has two answers, and here each has one."""


class Traffic:
    """`run` until it is cancelled; the same `random` gives the same talk."""

    def __init__(self, meta: Meta, dice: random.Random) -> None:
        self._meta, self._dice = meta, dice
        self._crowd: list[str] = []
        self._left: dict[str, int] = {}
        self._people = 0
        self.events = 0
        self.unheard = 0
        """Sends whose answer was to be lost."""

    async def run(self) -> None:
        for person in PEOPLE:
            if person.role == "staff":
                await self._meta.control("messages", person=person.id, type="text", text="help")
        while True:
            await self._event()
            await asyncio.sleep(self._dice.expovariate(1 / PAUSE_S))

    async def _event(self) -> None:
        chance = self._dice.random()
        if chance < REPEATED:
            how = self._dice.choice(("same_bytes", "rebatched", "concurrent"))
            await self._meta.control("faults", duplicate=1, duplicate_how=how)
        if chance > 1 - UNHEARD:
            self.unheard += 1
            await self._meta.control("faults", **self._dice.choice(({"reset_next": 1}, {"unreadable_next": 1})))
        person = await self._somebody()
        match self._dice.choice(("words", "cart", "tap")):
            case "cart":
                skus = self._dice.sample(SKUS, self._dice.randint(1, 4))
                lines = [{"id": sku, "quantity": self._dice.randint(1, 3)} for sku in skus]
                await self._meta.control("messages", person=person, type="cart", lines=lines)
            case "tap" if await self._tap(person, self._dice.choice(("menu.catalogue", "menu.help"))):
                pass
            case _:
                await self._meta.control("messages", person=person, type="text", text=f"hello {self.events}")
        self.events += 1

    async def _tap(self, person: str, button: str) -> bool:
        """False when there is nothing to tap yet."""
        return await self._meta.control("messages", person=person, type="tap", id=button) == 202

    async def _somebody(self) -> str:
        while len(self._crowd) < CROWD:
            self._crowd.append(await self._introduce())
        person = self._dice.choice(self._crowd)
        self._left[person] -= 1
        if not self._left[person]:
            self._crowd.remove(person)
        return person

    async def _introduce(self) -> str:
        """A new customer; every fourth is known by a business-scoped id alone."""
        self._people += 1
        name = f"customer {self._people}"
        names = {"bsuid": f"IN.7{self._people:09}"}
        if self._people % 4:
            names["wa_id"] = f"9170{self._people:08}"
        assert await self._meta.control("people", name=name, **names) == 201
        person = name.replace(" ", "-")
        self._left[person] = EACH
        return person
