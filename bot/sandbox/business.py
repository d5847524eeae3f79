"""The rest of the fake Graph API: media, templates, catalogue, commerce settings and the nodes themselves."""

import asyncio
from datetime import timedelta
from typing import Any

from aiohttp import BodyPartReader, web

from bot.sandbox.graph import VERSION, Sends, guarded, read_json
from bot.sandbox.media import UPLOADED, check_upload
from bot.sandbox.reply import reply
from bot.sandbox.rules.errors import GraphError
from bot.sandbox.world import World

Json = dict[str, Any]
PAGE = 25
TEMPLATES_MOST = 250
"""What an unverified business may have; documented."""


class Business:
    def __init__(self, world: World, public_url: str) -> None:
        self._world, self._public_url = world, public_url

    async def upload(self, request: web.Request) -> web.Response:
        self._is(request, self._world.credentials.phone_number_id)
        await self._slowly()
        fields, data, filename, mime_type = await _multipart(request)
        if fields.get("messaging_product") != "whatsapp":
            raise GraphError(100, "The parameter messaging_product is required.")
        mime_type = fields.get("type", mime_type).partition(";")[0]
        check_upload(data, mime_type)
        now = self._world.clock.now()
        kept = self._world.media.keep(data, mime_type=mime_type, filename=filename, now=now, life=UPLOADED)
        return reply({"id": kept.id})

    async def node(self, request: web.Request) -> web.Response:
        """A number, an account, a catalogue or a medium, by its id."""
        credentials = self._world.credentials
        node = request.match_info["node"]
        if node == credentials.phone_number_id:
            return reply(self._number())
        if node == credentials.business_account_id:
            return reply({"id": node, "name": credentials.verified_name, "currency": "INR", "timezone_id": "71"})
        if node == credentials.catalog_id:
            return reply({"id": node, "name": credentials.verified_name, "product_count": len(self._world.catalogue)})
        kept = self._world.media.get(node, self._world.clock.now())
        url = f"{self._base(request)}/{request.match_info['version']}/{node}/download"
        about = {"mime_type": kept.mime_type, "sha256": kept.sha256, "file_size": kept.size, "id": kept.id}
        return reply({"messaging_product": "whatsapp", "url": url, **about})

    async def download(self, request: web.Request) -> web.Response:
        await self._slowly()
        kept = self._world.media.get(request.match_info["node"], self._world.clock.now())
        return web.Response(body=self._world.media.read(kept.id), content_type=kept.mime_type)

    async def numbers(self, request: web.Request) -> web.Response:
        self._is(request, self._world.credentials.business_account_id)
        return reply({"data": [self._number()]})

    async def templates(self, request: web.Request) -> web.Response:
        self._is(request, self._world.credentials.business_account_id)
        name, status = request.query.get("name"), request.query.get("status")
        found = [t for t in self._world.templates if name in {None, t["name"]} and status in {None, t["status"]}]
        return _page(request, found)

    async def create_template(self, request: web.Request) -> web.Response:
        self._is(request, self._world.credentials.business_account_id)
        template = self._world.templates.create(await read_json(request))
        if template["status"] == "APPROVED":
            self._world.announce(template)
        return reply({name: template[name] for name in ("id", "status", "category")})

    async def delete_template(self, request: web.Request) -> web.Response:
        self._is(request, self._world.credentials.business_account_id)
        if not self._world.templates.delete(request.query.get("name", "")):
            raise GraphError(100, "Message template not found", subcode=2593002)
        return reply({"success": True})

    async def products(self, request: web.Request) -> web.Response:
        self._is(request, self._world.credentials.catalog_id)
        wanted = {name.partition("{")[0] for name in request.query.get("fields", "id,retailer_id,name").split(",")}
        nodes = [product.node() for product in self._world.catalogue.values()]
        return _page(request, [{k: v for k, v in node.items() if k in wanted | {"id"}} for node in nodes])

    async def commerce(self, request: web.Request) -> web.Response:
        self._is(request, self._world.credentials.phone_number_id)
        return reply({"data": [{**self._world.commerce, "id": self._world.credentials.phone_number_id[::-1]}]})

    async def set_commerce(self, request: web.Request) -> web.Response:
        self._is(request, self._world.credentials.phone_number_id)
        given = await read_json(request) if request.can_read_body else {}
        settings = {}
        for name in self._world.commerce:
            if (value := request.query.get(name, given.get(name))) is not None:
                settings[name] = str(value).lower() == "true"
        self._world.ledger.write("commerce", settings=settings)
        self._world.commerce |= settings
        return reply({"success": True})

    async def look_up(self, request: web.Request) -> web.Response:
        self._is(request, self._world.credentials.phone_number_id)
        asked = request.match_info
        return reply(self._world.in_chat.look_up(asked["configuration"], asked["reference"]))

    async def refund(self, request: web.Request) -> web.Response:
        """Told by webhook as well; what is on its way is there an hour later (a guess: Meta says up to seven days)."""
        self._is(request, self._world.credentials.phone_number_id)
        answer, asked = self._world.in_chat.refund(await read_json(request))
        if answer["status"] == "pending":
            self._world.in_chat.settle_refunds(asked)
            self._world.tell_payment(asked, after=timedelta(hours=1))
        else:
            self._world.tell_payment(asked)
        return reply(answer)

    async def unknown(self, request: web.Request) -> web.Response:
        kind = "get" if request.method == "GET" else "post"
        raise GraphError(
            100, f"Unsupported {kind} request: {request.path.rpartition('/')[2]!r} is not known here", subcode=33
        )

    def _number(self) -> Json:
        credentials = self._world.credentials
        return {
            "id": credentials.phone_number_id,
            "display_phone_number": f"+{credentials.display_phone_number}",
            "verified_name": credentials.verified_name,
            "quality_rating": "GREEN",
            "code_verification_status": "VERIFIED",
            "name_status": "APPROVED",
            "platform_type": "CLOUD_API",
            "throughput": {"level": "STANDARD"},
        }

    def _base(self, request: web.Request) -> str:
        prefix = request.path.partition("/graph/")[0]
        origin = self._public_url or f"{request.scheme}://{request.host}"
        return f"{origin}{prefix}/graph"

    def _is(self, request: web.Request, expected: str) -> None:
        node = request.match_info["node"]
        if node != expected:
            raise GraphError(100, f"Unsupported request. Object with ID '{node}' does not exist.", subcode=33)

    async def _slowly(self) -> None:
        await asyncio.sleep(self._world.faults.slow_media_s)


def add_graph(app: web.Application, world: World, sends: Sends, public_url: str) -> None:
    """The routes under /graph. Versions are not checked: any `vN.M` is served alike."""
    business = Business(world, public_url)
    node = f"/graph/{VERSION}/{{node}}"
    for method, path, answer in (
        ("POST", f"{node}/messages", sends.post),
        ("POST", f"{node}/media", business.upload),
        ("GET", f"{node}/download", business.download),
        ("GET", f"{node}/phone_numbers", business.numbers),
        ("GET", f"{node}/message_templates", business.templates),
        ("POST", f"{node}/message_templates", business.create_template),
        ("DELETE", f"{node}/message_templates", business.delete_template),
        ("GET", f"{node}/products", business.products),
        ("GET", f"{node}/whatsapp_commerce_settings", business.commerce),
        ("POST", f"{node}/whatsapp_commerce_settings", business.set_commerce),
        ("GET", f"{node}/payments/{{configuration}}/{{reference}}", business.look_up),
        ("POST", f"{node}/payments_refund", business.refund),
        ("GET", node, business.node),
        ("*", "/graph/{path:.*}", business.unknown),
    ):
        app.router.add_route(method, path, guarded(world, answer))


def _page(request: web.Request, found: list[Json]) -> web.Response:
    """A page by cursor, which is the place of the last entry; the last page has no `next` (documented)."""
    try:
        limit, start = int(request.query.get("limit", PAGE)), int(request.query.get("after", 0))
    except ValueError:
        raise GraphError(100, "limit and after: not a number") from None
    end = start + max(1, limit)
    cursors = {"before": str(start), "after": str(min(end, len(found)))}
    paging: Json = {"cursors": cursors}
    if end < len(found):
        paging["next"] = str(request.url.update_query(after=str(end)))
    answer: Json = {"data": found[start:end], "paging": paging}
    if asked := request.query.get("summary"):
        known = {
            "total_count": len(found),
            "message_template_count": len(found),
            "message_template_limit": TEMPLATES_MOST,
        }
        wanted = ["total_count"] if asked == "true" else asked.split(",")
        answer["summary"] = {name: known.get(name, True) for name in wanted}
    return reply(answer)


async def _multipart(request: web.Request) -> tuple[dict[str, str], bytes, str, str]:
    """Plain fields, and the file with its name and type."""
    if request.content_type != "multipart/form-data":
        raise GraphError(100, "An upload is multipart/form-data.")
    fields: dict[str, str] = {}
    data, filename, mime_type = b"", "", ""
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise GraphError(100, "An upload has no nested parts.")
        if part.name == "file":
            data = bytes(await part.read())
            filename, mime_type = part.filename or "", part.headers.get("Content-Type", "")
        else:
            fields[part.name or ""] = await part.text()
    return fields, data, filename, mime_type
