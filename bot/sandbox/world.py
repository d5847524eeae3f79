"""Everything the sandbox knows and does, whoever asks: the bot by the Graph API, people by the page, tests by Python."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.clock import Clock
from bot.sandbox import webhooks
from bot.sandbox.bubbles import Bubble, Conversations, shown
from bot.sandbox.catalogue import Product
from bot.sandbox.credentials import Credentials
from bot.sandbox.delivery import Delivery
from bot.sandbox.events import Events
from bot.sandbox.faults import Faults
from bot.sandbox.ledger import Ledger
from bot.sandbox.media import Media
from bot.sandbox.pace import Pace
from bot.sandbox.payments import whatsapp
from bot.sandbox.payments.providers import Providers
from bot.sandbox.payments.whatsapp import PAY, Asked, InChat
from bot.sandbox.people import People, Person, changed
from bot.sandbox.rules.errors import GraphError
from bot.sandbox.templates import Templates
from bot.sandbox.webhooks import Update

Json = dict[str, Any]
WINDOW = timedelta(hours=24)
AT_ONCE = timedelta()


class World:
    """State is what the ledger tells: every verb writes its line first, and a start replays them all."""

    def __init__(
        self,
        *,
        credentials: Credentials,
        clock: Clock,
        people: Sequence[Person],
        products: Sequence[Mapping[str, str]],
        ledger: Path | None,
    ) -> None:
        self.credentials, self.clock = credentials, clock
        self.people = People(people)
        self.catalogue = {row["id"]: Product.read(row) for row in products}
        self.faults = Faults()
        self.ledger = Ledger(ledger, clock)
        self.templates = Templates(ledger=self.ledger, faults=self.faults)
        self.media = Media(ledger=self.ledger, folder=ledger and ledger.with_suffix(".media"))
        self.conversations = Conversations()
        self.events = Events()
        self.pace = Pace(self.faults)
        self.commerce: Json = {"is_cart_enabled": True, "is_catalog_visible": True}
        self.delivery = Delivery(
            credentials=credentials, clock=clock, faults=self.faults, ledger=self.ledger, acknowledged=self._reached
        )
        self.providers = Providers(credentials=credentials, clock=clock, ledger=self.ledger, faults=self.faults)
        self._sent: dict[str, Json] = {}
        self.in_chat = InChat(clock=clock, ledger=self.ledger, faults=self.faults)
        self._replay()
        clock.listeners.append(self.moved)

    def close(self) -> None:
        """Idempotent. Open pages end, the ledger is closed, the clock is let go."""
        self.events.close()
        self.ledger.close()
        if self.moved in self.clock.listeners:
            self.clock.listeners.remove(self.moved)

    def receive(self, person: Person, content: Json, bubble: Json, *, reply_to: str | None = None) -> str:
        """The person sends `content` (Meta's object with its type): a webhook, a bubble, an open window. The wamid."""
        now = self.clock.now()
        wamid = webhooks.wamid(person.wa_id or person.bsuid or person.id)
        value = webhooks.message(self.credentials, person, id=wamid, at=now, content=content)
        self._wrote(self.ledger.write("wrote", person=person.id, wamid=wamid))
        self.show(person.id, Bubble(wamid, "person", now, content["type"], bubble, reply_to=reply_to, status="sent"))
        self.delivery.put(value, [wamid])
        return wamid

    def redraw(self, person: Person, content: Json, original: str, bubble: Json) -> str:
        """An edit or a revocation: a message of its own to the bot, a new look of `original` on the phone."""
        now = self.clock.now()
        wamid = webhooks.wamid(person.wa_id or person.bsuid or person.id)
        found = self.conversations.find(original)
        if found is None or found[0] != person.id or found[1].sender != "person":
            raise LookupError("people edit and take back only what they wrote themselves")
        value = webhooks.message(self.credentials, person, id=wamid, at=now, content=content)
        self._wrote(self.ledger.write("wrote", person=person.id, wamid=wamid))
        self.show(person.id, replace(found[1], shown=bubble))
        self.delivery.put(value, [wamid])
        return wamid

    def change(self, person: Person, *, wa_id: str | None = None, bsuid: str | None = None) -> str:
        """A new number or BSUID, told to the bot by a system message; the wamid."""
        new = changed(person, wa_id=wa_id, bsuid=bsuid)
        if new == person:
            raise ValueError("nothing changes")
        now = self.clock.now()
        wamid = webhooks.wamid(person.wa_id or person.bsuid or person.id)
        value = webhooks.system(self.credentials, person, new, id=wamid, at=now)
        self.introduce(new)
        self.show(person.id, Bubble(wamid, "person", now, "system", {"body": "Number or user id changed"}))
        self.delivery.put(value, [wamid])
        return wamid

    def introduce(self, person: Person) -> None:
        self.people.put(person)
        names = {"id": person.id, "name": person.name, "wa_id": person.wa_id, "bsuid": person.bsuid}
        self.ledger.write("person", person=names | {"role": person.role})
        self.events.tell("people", people=[person_json(p) for p in self.people])

    def look(self, person: Person) -> int:
        """The person reads what the bot wrote: blue ticks, and a `read` status for each message."""
        seen = list(self.conversations.unread(person.id))
        for bubble in seen:
            self._tick(bubble.wamid, "read")
            self._report(person, bubble.wamid, ("read",))
        return len(seen)

    def window(self, person: Person) -> datetime | None:
        """When the 24-hour window closes; None when it is closed."""
        wrote_at = self.conversations.wrote_at(person.id)
        if wrote_at is None or wrote_at + WINDOW <= self.clock.now():
            return None
        return wrote_at + WINDOW

    def accept(
        self, person: Person, body: Json, *, kind: str, template: Json | None, v24: bool
    ) -> tuple[str, list[Update]]:
        """Take a send that passed every check: the wamid, and the status webhooks that were queued for it."""
        now = self.clock.now()
        wamid = webhooks.wamid(person.wa_id or person.bsuid or person.id)
        entry = self.ledger.write(
            "accepted",
            token=body.get("biz_opaque_callback_data"),
            to=body.get("to"),
            recipient=body.get("recipient"),
            person=person.id,
            wamid=wamid,
            type=kind,
            window_open=self.window(person) is not None,
            template=template and template["category"].lower(),
            v24=v24,
        )
        self._keep(entry)
        drawn = shown(body)
        if template is not None:
            drawn = {"template": template, "body": template["text"], "buttons": template["buttons"]}
        if "products" in drawn:  # unknown ones fall off the list silently: documented
            drawn["products"] = [sku for sku in drawn["products"] if sku in self.catalogue]
        reply_to = body.get("context", {}).get("message_id")
        asks, tells = paid_here(body, "order_details"), paid_here(body, "order_status")
        if asks is not None:
            drawn |= _payable(self.in_chat.ask(person.id, wamid, asks), asks)
        refused = self.in_chat.progress(tells) if tells is not None else None
        if tells is not None:
            drawn["order_status"] = tells
        self.show(person.id, Bubble(wamid, "bot", now, kind, drawn, reply_to=reply_to, status="sent"))
        if refused is not None:
            return wamid, self._fail(person, wamid, refused)
        if tells is not None:
            self._redraw(self.in_chat.get(tells["reference_id"]))
        if self.faults.take("failed_next"):
            return wamid, self._fail(person, wamid)
        self._tick(wamid, "delivered")
        states = ["sent", "delivered"]
        if self.faults.auto_read:
            self._tick(wamid, "read")
            states.append("read")
        return wamid, self._report(person, wamid, states)

    def mark_read(self, wamid: str, *, typing: bool) -> None:
        """The bot has read a person's message. Raises GraphError when there is no such message."""
        found = self.conversations.find(wamid)
        if found is None or found[1].sender != "person":
            raise GraphError(131009, "message_id: there is no such message")
        self._tick(wamid, "read")
        if typing:
            self.events.tell("typing", person=found[0])

    def moved(self) -> None:
        """The day jumped forward, whoever moved the clock: keep it, show it, and send what is due now."""
        self.credentials.keep_offset(self.clock.offset)
        self.events.tell("clock", **self.time())
        self.delivery.wake()
        self.providers.hooks.wake()

    def time(self) -> Json:
        return {"now": self.clock.now().isoformat(), "offset_s": self.clock.offset.total_seconds()}

    def set_faults(self, values: Mapping[str, Any]) -> None:
        """Raises ValueError naming a switch that does not exist or does not fit."""
        self.faults.change(values)
        if values.get("template_review") is False:
            self.review()
        self.events.tell("faults", faults=self.faults.values())
        self.delivery.wake()
        self.providers.hooks.wake()

    def review(self) -> None:
        """Meta looks at the waiting templates and approves them."""
        for template in list(self.templates):
            if template["status"] == "PENDING":
                self.announce(self.templates.mark(template["name"], template["language"], "APPROVED"))

    def announce(self, template: Json) -> None:
        """Tell the bot how a template stands now."""
        at = int(self.clock.now().timestamp())
        value = webhooks.template_status(template, template["status"])
        source = f"template:{template['name']}:{template['language']}:{template['status']}:{at}"
        self.delivery.put(value, [source], field="message_template_status_update", at=at)

    def configure_payments(self, name: str, provider: str, status: str) -> None:
        """Tell the bot how a payment configuration stands now: "Active", "Needs Connecting" or "Needs Testing"."""
        now = self.clock.now()
        at = int(now.timestamp())
        value = {
            "configuration_name": name, "provider_name": provider, "provider_mid": "sandbox", "status": status,
            "created_timestamp": at, "updated_timestamp": at,
        }  # fmt: skip
        self.delivery.put(value, [f"payments:{name}:{status}:{at}"], field="payment_configuration_update", at=at)

    def show(self, person: str, bubble: Bubble) -> None:
        self.ledger.write("bubble", person=person, bubble=bubble.json())
        self.conversations.add(person, bubble)
        self.events.tell("bubble", person=person, bubble=bubble.json())

    def _tick(self, wamid: str, status: str, error: Json | None = None) -> None:
        found = self.conversations.find(wamid)
        if found is None or self.conversations.raise_status(wamid, status, error) is None:
            return
        self.ledger.write("tick", wamid=wamid, status=status, error=error)
        self.events.tell("status", person=found[0], wamid=wamid, status=status, **({"error": error} if error else {}))

    def pay(self, asked: Asked, how: str, *, amount: int | None = None, currency: str = "") -> str:
        """A person pays what a message asks for, or does not; of a gateway's payment the bot hears. An id of what happened."""
        if how == PAY:
            self._pay_code(asked, amount, currency)
        self.in_chat.act(asked, how, amount=amount, currency=currency)
        return self.tell_payment(asked)

    def _pay_code(self, asked: Asked, amount: int | None, currency: str) -> None:
        """A bank pays a Pix code: of one that a provider has made, that provider tells the bot."""
        found = self.conversations.find(asked.wamid)
        ways = found[1].shown.get("order_details", {}).get("payment_settings", []) if found else []
        for way in ways:
            page = self.providers.page_at(way.get("pix_dynamic_code", {}).get("code", ""))
            if page is not None:
                self.providers.pages.pay(page, amount=amount, currency=currency)

    def tell_payment(self, asked: Asked, after: timedelta = AT_ONCE) -> str:
        """The payment as it stands: on the phone, and by webhook where Meta knows of it."""
        self._redraw(asked)
        id_ = webhooks.wamid(asked.person)
        if asked.way == "payment_gateway":
            person = self.people.get(asked.person)
            told = whatsapp.status(
                asked, self.in_chat.payment(asked), id_=id_, recipient=person.wa_id, at=self.clock.now()
            )
            value = webhooks.envelope(self.credentials, contacts=[webhooks.contact(person)], statuses=[told])
            self.delivery.put(value, [f"payment:{id_}"], after=after)
        return id_

    def _redraw(self, asked: Asked) -> None:
        """The message that asked shows how it stands."""
        found = self.conversations.find(asked.wamid)
        if found is not None:
            stands = {"paying": asked.state, "order_is": asked.order}
            self.show(asked.person, replace(found[1], shown=found[1].shown | stands))

    def _fail(self, person: Person, wamid: str, error: GraphError | None = None) -> list[Update]:
        error = error or GraphError(self.faults.failed_code)
        self._tick(wamid, "failed", {"code": error.code, "title": error.title})
        return self._report(person, wamid, ("failed",), error=error.as_status())

    def _report(self, person: Person, wamid: str, states: Sequence[str], error: Json | None = None) -> list[Update]:
        """Queue status webhooks, as the faults have them."""
        how = self.faults.statuses
        if how == "never":
            return []
        sent = self._sent[wamid]
        after = timedelta(seconds=self.faults.late_s) if how == "late" else AT_ONCE
        updates = []
        for state in reversed(states) if how == "out_of_order" else states:
            told = self.faults.opaque == "everywhere" or (self.faults.opaque == "sent_only" and state == "sent")
            value = webhooks.status(
                self.credentials,
                person,
                id=wamid,
                state=state,
                at=self.clock.now(),
                window_ends=self.window(person),
                template=sent["template"],
                opaque=sent["token"] if told else None,
                error=error,
                contacts=error is None or self.faults.failed_contacts,
                conversation=not sent["v24"],
            )
            updates.append(self.delivery.put(value, [f"{wamid}:{state}"], after=after))
        return updates

    def _reached(self, updates: Sequence[Update]) -> None:
        """Two ticks on the phone for what the bot acknowledged."""
        for update in updates:
            for message in update.value.get("messages", []):
                self._tick(message["id"], "delivered")

    def _keep(self, entry: Json) -> None:
        self._sent[entry["wamid"]] = entry

    def _wrote(self, entry: Json) -> None:
        self.conversations.wrote(entry["person"], datetime.fromisoformat(entry["at"]))

    def _replay(self) -> None:
        for entry in list(self.ledger.entries):
            match entry["kind"]:
                case "queued" | "acknowledged" | "given_up":
                    self.delivery.restore(entry)
                case "bubble":
                    self.conversations.add(entry["person"], Bubble.load(entry["bubble"]))
                case "tick":
                    self.conversations.raise_status(entry["wamid"], entry["status"], entry["error"])
                case "wrote":
                    self._wrote(entry)
                case "accepted":
                    self._keep(entry)
                case "asked":
                    self.in_chat.restore(entry)
                case "person":
                    self.people.put(Person(**entry["person"]))
                case "template":
                    self.templates.restore(entry["template"])
                case "template_deleted":
                    self.templates.forget(entry["name"])
                case "page" | "hook" | "hook_settled":
                    self.providers.restore(entry)
                case "media":
                    self.media.restore(entry)
                case "commerce":
                    self.commerce |= entry["settings"]


def paid_here(body: Json, kind: str) -> Json | None:
    """The parameters of an order_details or order_status message, in its free form or in a template's."""
    interactive, template = body.get("interactive", {}), body.get("template", {})
    if interactive.get("type") == kind:
        parameters: Json = interactive["action"]["parameters"]
        return parameters
    for component in template.get("components", []):
        for parameter in component.get("parameters", []):
            if (told := parameter.get("action", parameter).get(kind)) is not None:
                found: Json = told
                return found
    return None


def _payable(asked: Asked, details: Json) -> Json:
    """What a phone draws of it: the items, the sums, and how it stands."""
    [way, *_] = details.get("payment_settings") or [{}]
    link = way.get("payment_link", {}).get("uri")
    return {"order_details": details, "paying": asked.state} | ({"url": link, "url_title": "Pay now"} if link else {})


def person_json(person: Person) -> Json:
    return {
        "id": person.id, "name": person.name, "wa_id": person.wa_id, "bsuid": person.bsuid, "role": person.role,
    }  # fmt: skip
