"""A person's phone as tests and the page hold it: what can be said with it, and what it shows."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import orjson

from bot.sandbox.bubbles import Bubble
from bot.sandbox.catalogue import money, plain
from bot.sandbox.media import RECEIVED
from bot.sandbox.payments.whatsapp import FAIL, PAY, WAIT
from bot.sandbox.people import Person
from bot.sandbox.world import World

Json = dict[str, Any]


class Phone:
    """Every verb queues one webhook and returns its wamid. Raises LookupError for what the phone does not show."""

    def __init__(self, world: World, person: str) -> None:
        self._world, self._id = world, person
        self._seen = 0
        world.people.get(person)

    @property
    def person(self) -> Person:
        return self._world.people.get(self._id)

    @property
    def bubbles(self) -> list[Bubble]:
        return list(self._world.conversations.of(self._id))

    def new(self) -> list[Bubble]:
        """What the bot wrote since the last call and reached this phone."""
        fresh = self.bubbles[self._seen :]
        self._seen += len(fresh)
        return [bubble for bubble in fresh if bubble.sender == "bot" and bubble.status != "failed"]

    def say(self, text: str, reply_to: str | None = None, *, forwarded: bool = False) -> str:
        context: Json = self._quote(reply_to) if reply_to else {"context": {"forwarded": True}} if forwarded else {}
        return self._send({**context, "type": "text", "text": {"body": text}}, {"body": text}, reply_to=reply_to)

    def ask_about(self, sku: str, text: str) -> str:
        """A question sent from a product's page."""
        product = {"catalog_id": self._world.credentials.catalog_id, "product_retailer_id": sku}
        context = self._quote("wamid.product_inquiry")["context"] | {"referred_product": product}
        return self._send({"context": context, "type": "text", "text": {"body": text}}, {"body": text})

    def tap(self, choice: str, reply_to: str | None = None) -> str:
        """Tap the newest button or row with that id or title, or the one on the message `reply_to`."""
        offers = [b for b in reversed(self.bubbles) if b.sender == "bot" and reply_to in {None, b.wamid}]
        for bubble in offers:
            for button in bubble.buttons:
                if choice in {button["id"], button["title"]}:
                    return self._tapped(bubble, button)
            for row in bubble.rows:
                if choice in {row["id"], row["title"]}:
                    return self._reply(bubble.wamid, "list_reply", row)
        raise LookupError(f"no button or row on {self._id}'s phone is called {choice!r}")

    def forge_tap(self, id: str, title: str, *, reply_to: str = "wamid.forged") -> str:  # noqa: A002 - Meta's word
        """A button reply that no message offered, as a modified client may send it."""
        return self._reply(reply_to, "button_reply", {"id": id, "title": title})

    def cart(self, lines: Sequence[tuple[Any, ...]], note: str = "", *, catalog_id: str | None = None) -> str:
        """Send a cart of (sku, quantity) or (sku, quantity, price); the price is what this phone believes."""
        items = [self._line(*line) for line in lines]
        order = {"catalog_id": catalog_id or self._world.credentials.catalog_id, "text": note, "product_items": items}
        total = sum(Decimal(str(i["item_price"])) * i["quantity"] for i in items if isinstance(i["quantity"], int))
        drawn = [
            {
                "id": item["product_retailer_id"],
                "title": self._title(item["product_retailer_id"]),
                "quantity": item["quantity"],
                "price_text": money(Decimal(str(item["item_price"])), item["currency"]),
            }
            for item in items
        ]
        cart = {"lines": drawn, "total_text": money(Decimal(total), items[0]["currency"]) if items else ""}
        return self._send({"type": "order", "order": order}, {"cart": cart, "body": note})

    def location(
        self, latitude: float, longitude: float, *, name: str = "", address: str = "", reply_to: str | None = None
    ) -> str:
        place: Json = {"latitude": latitude, "longitude": longitude}
        place |= {key: value for key, value in (("name", name), ("address", address)) if value}
        content = {**(self._quote(reply_to) if reply_to else {}), "type": "location", "location": place}
        return self._send(content, {"location": place}, reply_to=reply_to)

    def media(self, kind: str, data: bytes, *, mime_type: str, filename: str = "", caption: str = "") -> str:
        """An image or a document; any type and size, since people send what they like."""
        world = self._world
        kept = world.media.keep(data, mime_type=mime_type, filename=filename, now=world.clock.now(), life=RECEIVED)
        file: Json = {"mime_type": mime_type, "sha256": kept.sha256_base64, "id": kept.id}
        file |= {"caption": caption} if caption else {}
        file |= {"filename": filename} if kind == "document" else {}
        url = f"control/media/{kept.id}"
        drawn: Json = {"image": url} if kind == "image" else {"document": {"filename": filename, "url": url}}
        return self._send({"type": kind, kind: file}, drawn | {"body": caption})

    def react(self, wamid: str, emoji: str) -> str:
        """An empty `emoji` takes the reaction back."""
        self._visible(wamid)
        content = {"type": "reaction", "reaction": {"message_id": wamid, "emoji": emoji}}
        return self._send(content, {"reaction": emoji, "to": wamid})

    def edit(self, wamid: str, text: str) -> str:
        edited = {"original_message_id": wamid, "message": {"type": "text", "text": {"body": text}}}
        drawn = {"body": text, "edited": True}
        return self._world.redraw(self.person, {"type": "edit", "edit": edited}, wamid, drawn)

    def revoke(self, wamid: str) -> str:
        content = {"type": "revoke", "revoke": {"original_message_id": wamid}}
        return self._world.redraw(self.person, content, wamid, {"revoked": True})

    def contacts(self, cards: Sequence[tuple[str, str]], reply_to: str | None = None) -> str:
        """Share cards of (name, phone); a card without a phone is possible too."""
        sent = [_card(name, phone) for name, phone in cards]
        content = {**(self._quote(reply_to) if reply_to else {}), "type": "contacts", "contacts": sent}
        return self._send(content, {"contacts": sent}, reply_to=reply_to)

    def address(self, values: Json, *, reply_to: str | None = None, saved: str | None = None) -> str:
        """Fill in the newest address form, or the one that `reply_to` names; `saved` is the id of an address it offered."""
        answer = {"values": values} if saved is None else {"saved_address_id": saved, "values": values}
        form = reply_to or self._newest("address")
        reply = {
            "name": "address_message",
            "body": "Address",
            "response_json": orjson.dumps(answer).decode(),
        }
        content = {**self._quote(form), "type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": reply}}
        return self._send(content, {"address": values}, reply_to=form)

    def pay(self, how: str = PAY, *, reply_to: str | None = None, amount: int | None = None, currency: str = "") -> str:
        """Pay what the newest message asks for, or the one `reply_to`; let it fail, or leave it under way."""
        if how not in (PAY, FAIL, WAIT):
            raise ValueError(f"people {PAY}, {FAIL} or {WAIT}, not {how!r}")
        wamid = reply_to or self._newest("order_details")
        asked = self._world.in_chat.of_message(wamid)
        if asked is None or asked.person != self._id:
            raise LookupError("that message asks for no money")
        return self._world.pay(asked, how, amount=amount, currency=currency)

    def unsupported(self) -> str:
        """Something that the platform does not pass on, a poll for example."""
        error = {
            "code": 131051,
            "title": "Message type unknown",
            "message": "Message type unknown",
            "error_data": {"details": "Message type is currently not supported."},
        }
        return self._send({"type": "unsupported", "errors": [error]}, {"body": ""})

    def change(self, *, wa_id: str | None = None, bsuid: str | None = None) -> str:
        """A new number or BSUID; the bot hears of it by a system message."""
        return self._world.change(self.person, wa_id=wa_id, bsuid=bsuid)

    def look(self) -> int:
        """Read everything; returns how many messages were unread."""
        return self._world.look(self.person)

    def _send(self, content: Json, bubble: Json, *, reply_to: str | None = None) -> str:
        return self._world.receive(self.person, content, bubble, reply_to=reply_to)

    def _quote(self, wamid: str) -> Json:
        return {"context": {"from": self._world.credentials.display_phone_number, "id": wamid}}

    def _tapped(self, bubble: Bubble, button: Json) -> str:
        if bubble.type != "template":
            return self._reply(bubble.wamid, "button_reply", button)
        content = {"type": "button", "button": {"payload": button["id"], "text": button["title"]}}
        return self._send(
            self._quote(bubble.wamid) | content,
            {"body": button["title"], "tapped": button["id"]},
            reply_to=bubble.wamid,
        )

    def _reply(self, wamid: str, kind: str, choice: Json) -> str:
        names = ("id", "title", "description") if kind == "list_reply" else ("id", "title")
        chosen = {name: choice[name] for name in names if name in choice}
        content = {**self._quote(wamid), "type": "interactive", "interactive": {"type": kind, kind: chosen}}
        return self._send(content, {"body": choice["title"], "tapped": choice["id"]}, reply_to=wamid)

    def _line(self, sku: str, quantity: Any, price: Any = None) -> Json:
        product = self._world.catalogue.get(sku)
        currency = product.currency if product else next((p.currency for p in self._world.catalogue.values()), "INR")
        known = plain(product.price) if product else 1
        return {
            "product_retailer_id": sku,
            "quantity": quantity,
            "item_price": known if price is None else price,
            "currency": currency,
        }

    def _title(self, sku: str) -> str:
        product = self._world.catalogue.get(sku)
        return product.title if product else sku

    def _visible(self, wamid: str) -> None:
        if all(bubble.wamid != wamid for bubble in self.bubbles):
            raise LookupError(f"{self._id}'s phone does not show that message")

    def _newest(self, what: str) -> str:
        for bubble in reversed(self.bubbles):
            if bubble.sender == "bot" and what in bubble.shown:
                return bubble.wamid
        raise LookupError(f"{self._id}'s phone shows no {what} form")


def _card(name: str, phone: str) -> Json:
    card: Json = {"name": {"first_name": name, "formatted_name": name}}
    return card | ({"phones": [{"phone": phone}]} if phone else {})
