"""The fake Graph API over real HTTP: sends, media, templates, catalogue, number; Meta's answers and Meta's refusals."""

import asyncio
import hmac
import socket
import struct
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import orjson
from aiohttp import web

from bot.sandbox.people import Person
from bot.sandbox.reply import reply
from bot.sandbox.rules import messages as rules
from bot.sandbox.rules.errors import GraphError
from bot.sandbox.webhooks import Update
from bot.sandbox.world import World, paid_here

Json = dict[str, Any]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]

ABOUT = web.RequestKey("about", dict)
"""Who asked for what: for the line of the ledger that tells what became of it."""
VERSION = r"{version:v[0-9]+\.[0-9]+}"
UNREADABLE = "<!DOCTYPE html><title>Facebook | Error</title>"
LOOK_S = 0.05
_LINGER = struct.pack("ii", 1, 0)
"""Closing a socket with this set makes the other side see a reset, not an end."""


def guarded(world: World, answer: Answer) -> Answer:
    """Check the token, write the request down, and turn a GraphError into Meta's answer."""

    async def inner(request: web.Request) -> web.StreamResponse:
        about = await _write_down(request, world)
        try:
            _authorise(request, world.credentials.access_token)
            return await answer(request)
        except GraphError as error:
            world.ledger.write("refused", **about, code=error.code, details=error.details)
            headers = {"WWW-Authenticate": f'OAuth "Facebook Platform" "invalid_token" "{error.title}"'}
            return reply(error.body(), status=error.status, headers=headers if error.status == 401 else None)

    return inner


def _authorise(request: web.Request, token: str) -> None:
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), f"Bearer {token}".encode()):
        raise GraphError(190, "The access token could not be decrypted")


async def _write_down(request: web.Request, world: World) -> Json:
    """The request in the ledger, whatever becomes of it."""
    path = request.path.partition("/graph/")[2]
    body: Any = None
    if request.content_type == "application/json":
        raw = await request.read()
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            body = raw.decode("utf-8", "replace")
    entry = world.ledger.write("request", method=request.method, path=path, query=request.query_string, body=body)
    send = body if isinstance(body, dict) else {}
    names = {"token": "biz_opaque_callback_data", "to": "to", "recipient": "recipient"}
    about: Json = {"request": entry["n"], "path": path, **{ours: send.get(theirs) for ours, theirs in names.items()}}
    request[ABOUT] = about
    return about


async def read_json(request: web.Request) -> Any:
    try:
        return orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        raise GraphError(100, "The request body is not JSON.") from None


class Sends:
    """`POST /{phone_number_id}/messages`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.stopping = asyncio.Event()

    async def post(self, request: web.Request) -> web.StreamResponse:
        world = self._world
        if request.match_info["node"] != world.credentials.phone_number_id:
            node = request.match_info["node"]
            raise GraphError(100, f"Unsupported post request. Object with ID '{node}' does not exist.", subcode=33)
        body = await read_json(request)
        if isinstance(body, dict) and "status" in body:
            return self._read(body)
        kind = rules.check(body, business_number=world.credentials.display_phone_number)
        person = self._recipient(body)
        if refusal := self._refusal(request[ABOUT]):
            return refusal
        template = self._allowed(person, body, kind)
        wamid, updates = world.accept(person, body, kind=kind, template=template, v24=_v24(request))
        await self._hurry(updates)
        return await self._answer(request, accepted(body, person, wamid))

    def _read(self, body: Json) -> web.Response:
        self._world.mark_read(rules.check_read(body), typing="typing_indicator" in body)
        return reply({"success": True})

    def _recipient(self, body: Json) -> Person:
        to = body.get("to")
        if to == self._world.credentials.display_phone_number:
            raise GraphError(131021, "The recipient is the sender.")
        person = self._world.people.find(wa_id=to, bsuid=body.get("recipient"))
        if person is None:
            raise GraphError(131026, "Message undeliverable: nobody on WhatsApp has this number or id.")
        return person

    def _refusal(self, about: Json) -> web.Response | None:
        """The faults that strike before anything is accepted."""
        faults = self._world.faults
        if faults.take("throttle_next"):
            self._world.ledger.write("refused", **about, code=130429, details="fault")
            return reply(GraphError(130429, "Too many messages.").body(), status=429, headers={"Retry-After": "1"})
        if faults.take("fail_next"):
            raise GraphError(faults.fail_code, "As the fault panel asks.")
        if not faults.error_accepts and faults.take("error_next"):
            self._world.ledger.write("refused", **about, code=faults.error_status, details="fault")
            return web.Response(status=faults.error_status, text=UNREADABLE, content_type="text/html")
        return None

    def _allowed(self, person: Person, body: Json, kind: str) -> Json | None:
        """What depends on the moment; the rendered template if it is one."""
        world, now = self._world, self._world.clock.now()
        template = world.templates.render(body["template"]) if kind == "template" else None
        if template is None and world.window(person) is None:
            raise GraphError(131047, "More than 24 hours have passed since the recipient last replied.")
        quoted = body.get("context", {}).get("message_id")
        if quoted is not None and (world.conversations.find(quoted) or ("",))[0] != person.id:
            raise GraphError(131009, "context.message_id: no such message in this conversation")
        if kind in rules.MEDIA and "id" in body[kind]:
            world.media.check_send(kind, body[kind]["id"], now)
        if kind == "interactive":
            self._products(body["interactive"], now)
        if (details := paid_here(body, "order_details")) is not None:
            self._payment(details, now)
        world.pace.spend(person.id, now)
        return template

    def _products(self, interactive: Json, now: datetime) -> None:
        """Catalogue messages name our catalogue and at least one product in it; unknown ones fall off the list silently."""
        world, action = self._world, interactive["action"]
        header = interactive.get("header", {})
        for kind in ("image", "document", "video"):
            if "id" in header.get(kind, {}):
                world.media.check_send(kind, header[kind]["id"], now)
        if interactive["type"] in {"product", "product_list"}:
            if action["catalog_id"] != world.credentials.catalog_id:
                raise GraphError(131009, "action.catalog_id: this catalogue is not connected to the account")
            items = [i for s in action.get("sections", []) for i in s["product_items"]] or [action]
            if not any(item["product_retailer_id"] in world.catalogue for item in items):
                raise GraphError(131009, "No product found for the given retailer ids")
        thumbnail = action.get("parameters", {}).get("thumbnail_product_retailer_id")
        if thumbnail is not None and thumbnail not in world.catalogue:
            raise GraphError(131009, "thumbnail_product_retailer_id: no such product in the catalogue")

    def _payment(self, details: Json, now: datetime) -> None:
        """A reference id serves one message (documented); an order ends at least 300 s from now."""
        if details["reference_id"] in self._world.in_chat:
            raise GraphError(131009, f"reference_id {details['reference_id']!r} was used before")
        expiration = details["order"].get("expiration")
        if expiration and int(expiration["timestamp"]) < now.timestamp() + 300:
            raise GraphError(131009, "order.expiration.timestamp: must be at least 300 seconds in the future")

    async def _hurry(self, updates: list[Update]) -> None:
        """Statuses that overtake the answer: a body each, before the sender knows its wamid."""
        if self._world.faults.statuses != "before_response" or not self._world.delivery.address:
            return
        self._world.delivery.take(updates)
        for update in updates:
            await self._world.delivery.send([update])

    async def _answer(self, request: web.Request, data: Json) -> web.StreamResponse:
        """The answer to an accepted send, unless a fault eats it."""
        faults = self._world.faults
        if faults.take("hang_next"):
            await self._hang(request, faults.hang_s)
            return _cut(request)
        if faults.take("reset_next"):
            raw = orjson.dumps(data)
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
            return _cut(request, (head.encode() + raw)[: faults.reset_at])
        if faults.error_accepts and faults.take("error_next"):
            return web.Response(status=faults.error_status, text=UNREADABLE, content_type="text/html")
        if faults.take("unreadable_next"):
            return web.Response(text=UNREADABLE, content_type="text/html")
        return reply(data)

    async def _hang(self, request: web.Request, most_s: int) -> None:
        """Until the other side gives up, the sandbox stops, or the time is over."""
        for _ in range(int(most_s / LOOK_S)):
            if request.transport is None or request.transport.is_closing() or self.stopping.is_set():
                return
            await asyncio.sleep(LOOK_S)


def accepted(body: Json, person: Person, wamid: str) -> Json:
    """Both ids of a contact are optional (documented)."""
    ids = {"wa_id": person.wa_id, "user_id": person.bsuid}
    contact = {"input": body.get("to") or body["recipient"]} | {name: id for name, id in ids.items() if id}  # noqa: A001 - Meta's word
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": wamid}]}


def _v24(request: web.Request) -> bool:
    return int(request.match_info["version"][1:].partition(".")[0]) >= 24


def _cut(request: web.Request, first: bytes = b"") -> web.StreamResponse:
    """Lose the connection after `first`; with nothing sent the other side sees a reset."""
    transport = request.transport
    if transport is not None:
        wire = transport.get_extra_info("socket")
        if first:
            transport.write(first)
        elif wire is not None:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        transport.abort()
    return web.Response()
