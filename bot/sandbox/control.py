"""The page and the JSON by which people and tests play the phones. No password: only this machine may ask."""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from bot.sandbox import faults
from bot.sandbox.events import News
from bot.sandbox.payments.counter import Counter
from bot.sandbox.people import Person
from bot.sandbox.phone import Phone
from bot.sandbox.reply import reply
from bot.sandbox.rules.errors import GraphError
from bot.sandbox.world import World, person_json

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HERE = Path(__file__).parent
PAGE, PICTURES = HERE / "page", HERE / "pictures"
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@web.middleware
async def only_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse other machines, other host names (DNS rebinding) and forms of other sites; add the strict headers."""
    if not _is_graph(request):
        host = request.host.rpartition(":")[0].strip("[]") if ":" in request.host else request.host
        if request.remote not in LOOPBACK or host not in LOOPBACK:
            raise web.HTTPForbidden(text="The sandbox answers only to this machine.\n")
        if request.method in {"POST", "DELETE"} and request.headers.get("Sec-Fetch-Site", "same-origin") not in {
            "same-origin",
            "none",
        }:
            raise web.HTTPForbidden(text="The sandbox does not take orders from other sites.\n")
    return await handler(request)


def _is_graph(request: web.Request) -> bool:
    """By the route, not by the path: a part of a path may be anything."""
    resource = request.match_info.route.resource
    return resource is not None and "/graph/" in resource.canonical


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    if not _is_graph(request):
        response.headers.update(HEADERS)


PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkaPhfDwAEAQH/7yMK/gAAAABJRU5ErkJggg=="
)
"""A picture of one point, for a person who sends a photo without choosing one."""
LEAFLET = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"
"""The smallest thing that calls itself a PDF."""


class Control:
    def __init__(self, world: World) -> None:
        self._world = world

    async def index(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGE / "index.html")

    async def state(self, _: web.Request) -> web.Response:
        world = self._world
        windows = {p.id: world.window(p) for p in world.people}
        return reply(
            {
                "clock": world.time(),
                "number": {
                    "display": f"+{world.credentials.display_phone_number}",
                    "name": world.credentials.verified_name,
                },
                "people": [person_json(person) for person in world.people],
                "catalogue": [product.json() for product in world.catalogue.values()],
                "conversations": {p.id: [b.json() for b in world.conversations.of(p.id)] for p in world.people},
                "faults": world.faults.values(),
                "fault_table": faults.table(),
                "window": {name: ends and ends.isoformat() for name, ends in windows.items()},
            }
        )

    async def say(self, request: web.Request) -> web.Response:
        said = await _object(request)
        person = self._world.people.get(_text(said, "person"))
        wamid = _act(Phone(self._world, person.id), said)
        return reply({"wamid": wamid}, status=202)

    async def add_person(self, request: web.Request) -> web.Response:
        given = await _object(request)
        name, role = _text(given, "name"), given.get("role", "customer")
        if role not in {"customer", "staff"}:
            raise ValueError("role is customer or staff")
        person = Person(
            id=self._world.people.new_id(name),
            name=name,
            wa_id=given.get("wa_id"),
            bsuid=given.get("bsuid"),
            role=role,
        )
        self._world.introduce(person)
        return reply(person_json(person), status=201)

    async def change_person(self, request: web.Request) -> web.Response:
        given = await _object(request)
        person = self._world.people.get(request.match_info["person"])
        wamid = self._world.change(person, wa_id=given.get("wa_id"), bsuid=given.get("bsuid"))
        return reply({"wamid": wamid}, status=202)

    async def look(self, request: web.Request) -> web.Response:
        given = await _object(request)
        return reply({"read": self._world.look(self._world.people.get(_text(given, "person")))})

    async def clock(self, request: web.Request) -> web.Response:
        given = await _object(request)
        self._world.clock.move(timedelta(seconds=_number(given, "advance_s")))
        return reply(self._world.time())

    async def set_faults(self, request: web.Request) -> web.Response:
        self._world.set_faults(await _object(request))
        return reply(self._world.faults.values())

    async def clear_faults(self, _: web.Request) -> web.Response:
        self._world.faults.reset()
        self._world.set_faults({"template_review": False})
        return reply(self._world.faults.values())

    async def redeliver(self, request: web.Request) -> web.Response:
        given = await _object(request)
        return reply({"queued": self._world.delivery.again(given.get("wamid"))}, status=202)

    async def ledger(self, _: web.Request) -> web.Response:
        lines = b"".join(orjson.dumps(entry) + b"\n" for entry in self._world.ledger.entries)
        return web.Response(body=lines, content_type="application/x-ndjson")

    async def post_webhook(self, request: web.Request) -> web.Response:
        """A body of your own, signed and posted to the bot as it is; answers with the bot's HTTP status."""
        if self._world.delivery.address is None:
            raise ValueError("no webhook address is set")
        return reply({"status": await self._world.delivery.post_raw(await request.read())})

    async def medium(self, request: web.Request) -> web.Response:
        kept = self._world.media.get(request.match_info["id"], self._world.clock.now())
        return web.Response(body=self._world.media.read(kept.id), content_type=kept.mime_type)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: one JSON object each, a comment when nothing happens."""
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        with self._world.events.listen() as news:
            await stream.prepare(request)
            said: bytes | None = b": open\n\n"
            while said is not None:
                try:
                    await stream.write(said)
                except ConnectionError:  # the page was closed
                    break
                said = await self._next(news)
        return stream

    async def _next(self, news: News) -> bytes | None:
        """The next thing to say to a page; None at the end."""
        try:
            event = await asyncio.wait_for(news.get(), self._world.events.quiet_s)
        except TimeoutError:
            return b": quiet\n\n"
        return None if event is None else b"data: " + orjson.dumps(event) + b"\n\n"


def add_control(app: web.Application, world: World) -> None:
    control, counter = Control(world), Counter(world.providers)
    app.add_routes([*world.providers.routes(), *counter.routes()])
    for method, path, answer in (
        ("GET", "/", control.index),
        ("GET", "/control/state", control.state),
        ("POST", "/control/messages", control.say),
        ("POST", "/control/people", control.add_person),
        ("POST", "/control/people/{person}/change", control.change_person),
        ("POST", "/control/look", control.look),
        ("POST", "/control/clock", control.clock),
        ("POST", "/control/faults", control.set_faults),
        ("DELETE", "/control/faults", control.clear_faults),
        ("POST", "/control/redeliver", control.redeliver),
        ("GET", "/control/payments", counter.state),
        ("POST", "/control/payments/{id}", counter.do),
        ("GET", "/control/ledger", control.ledger),
        ("POST", "/control/webhooks", control.post_webhook),
        ("GET", "/control/media/{id}", control.medium),
        ("GET", "/control/events", control.events),
    ):
        app.router.add_route(method, path, _plainly(answer))
    for prefix, folder in (("/static", PAGE), ("/pictures", PICTURES)):
        if folder.is_dir():
            app.router.add_static(prefix, folder)


def _plainly(answer: Handler) -> Handler:
    """What cannot be done is said in a sentence: 404 for what is not there, 400 for the rest."""

    async def inner(request: web.Request) -> web.StreamResponse:
        try:
            return await answer(request)
        except LookupError as error:
            return reply({"error": str(error.args[0])}, status=404)
        except (ValueError, GraphError) as error:
            return reply({"error": str(error)}, status=400)

    return inner


def _act(phone: Phone, said: Json) -> str:
    """What the person does with the phone."""
    reply_to = said.get("reply_to")
    match said.get("type"):
        case "text":
            return phone.say(_text(said, "text"), reply_to, forwarded=said.get("forwarded") is True)
        case "tap":
            return phone.tap(_text(said, "id" if said.get("id") else "title"), reply_to=reply_to)
        case "cart":
            return phone.cart([_line(line) for line in _list(said, "lines")], str(said.get("note", "")))
        case "location":
            place = said.get("values") or said
            words = {"name": str(place.get("name", "")), "address": str(place.get("address", ""))}
            return phone.location(_number(place, "latitude"), _number(place, "longitude"), **words, reply_to=reply_to)
        case "image" | "document" as kind:
            data, mime_type, filename = _file(kind, said)
            return phone.media(kind, data, mime_type=mime_type, filename=filename, caption=str(said.get("text", "")))
        case "reaction":
            return phone.react(_text(said, "reply_to"), str(said.get("text", "")))
        case "edit":
            return phone.edit(_text(said, "reply_to"), _text(said, "text"))
        case "revoke":
            return phone.revoke(_text(said, "reply_to"))
        case "contacts":
            own = [{"name": phone.person.name, "phone": "+" + phone.person.wa_id if phone.person.wa_id else ""}]
            cards = _list(said, "contacts") if "contacts" in said else own
            return phone.contacts([(_text(card, "name"), str(card.get("phone", ""))) for card in cards], reply_to)
        case "address":
            return phone.address(said.get("values") or {}, reply_to=reply_to, saved=said.get("id"))
        case "pay":
            return phone.pay(str(said.get("text") or "pay"), reply_to=reply_to)
        case kind:
            raise ValueError(f"a phone cannot send {kind!r}")


async def _object(request: web.Request) -> Json:
    try:
        given = orjson.loads(await request.read() or b"{}")
    except orjson.JSONDecodeError:
        raise ValueError("the body is not JSON") from None
    if not isinstance(given, dict):
        raise ValueError("the body is not an object")  # noqa: TRY004 - answered as 400 with the others
    return given


def _text(given: Json, name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is missing")
    return value


def _number(given: Json, name: str) -> float:
    value = given.get(name)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ValueError(f"{name} is a number")  # noqa: TRY004 - answered as 400 with the others
    return value


def _list(given: Json, name: str) -> list[Json]:
    value = given.get(name)
    if not isinstance(value, list) or not value or not all(isinstance(entry, dict) for entry in value):
        raise ValueError(f"{name} is a list of objects")
    return value


def _line(line: Json) -> tuple[Any, ...]:
    price = () if line.get("price") is None else (line["price"],)
    return (_text(line, "id"), line.get("quantity", 1), *price)


def _file(kind: str, said: Json) -> tuple[bytes, str, str]:
    """The file in base64 with its type and name; without one, a sample."""
    if "data" not in said:
        return (PIXEL, "image/png", "") if kind == "image" else (LEAFLET, "application/pdf", "document.pdf")
    try:
        data = base64.b64decode(_text(said, "data"), validate=True)
    except binascii.Error:
        raise ValueError("data is not base64") from None
    return data, _text(said, "mime_type"), str(said.get("filename", ""))
