"""What the phones show: every message in both directions with its ticks, as plain data for the page and for tests."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Json = dict[str, Any]
Side = Literal["bot", "person"]
RANK = {"sent": 1, "delivered": 2, "read": 3}


@dataclass(slots=True)
class Bubble:
    """One message on a phone. `shown` holds what the page draws: body, buttons, rows, cart, location …"""

    wamid: str
    sender: Side
    at: datetime
    type: str
    shown: Json = field(default_factory=dict)
    reply_to: str | None = None
    status: str | None = None
    error: Json | None = None

    @property
    def direction(self) -> Literal["in", "out"]:
        """As the bot sees it: what a person wrote comes in."""
        return "out" if self.sender == "bot" else "in"

    @property
    def body(self) -> str:
        return str(self.shown.get("body", ""))

    @property
    def buttons(self) -> list[Json]:
        return list(self.shown.get("buttons", []))

    @property
    def rows(self) -> list[Json]:
        """All rows of a list, over all its sections."""
        return [row for section in self.shown.get("rows", {}).get("sections", []) for row in section["rows"]]

    def json(self) -> Json:
        out = {"wamid": self.wamid, "from": self.sender, "at": self.at.isoformat(), "type": self.type, **self.shown}
        extra = {"reply_to": self.reply_to, "error": self.error}
        return out | {name: value for name, value in extra.items() if value} | {"status": self.status}

    @classmethod
    def load(cls, data: Json) -> "Bubble":
        """The inverse of `json`."""
        own = {"wamid", "from", "at", "type", "reply_to", "error", "status"}
        return cls(
            wamid=data["wamid"],
            sender=data["from"],
            at=datetime.fromisoformat(data["at"]),
            type=data["type"],
            shown={name: value for name, value in data.items() if name not in own},
            reply_to=data.get("reply_to"),
            status=data.get("status"),
            error=data.get("error"),
        )


class Conversations:
    """Every phone's bubbles in order, and when each person last wrote, which is what opens the 24-hour window."""

    def __init__(self) -> None:
        self._bubbles: dict[str, list[Bubble]] = {}
        self._owners: dict[str, str] = {}
        self._wrote: dict[str, datetime] = {}

    def of(self, person: str) -> list[Bubble]:
        return self._bubbles.get(person, [])

    def add(self, person: str, bubble: Bubble) -> None:
        """A new message, or a new look of one that was edited or taken back."""
        bubbles = self._bubbles.setdefault(person, [])
        if bubble.wamid in self._owners:
            bubbles[next(n for n, old in enumerate(bubbles) if old.wamid == bubble.wamid)] = bubble
        else:
            bubbles.append(bubble)
            self._owners[bubble.wamid] = person

    def find(self, wamid: str) -> tuple[str, Bubble] | None:
        """Whose phone, and the bubble."""
        owner = self._owners.get(wamid)
        if owner is None:
            return None
        return owner, next(b for b in reversed(self._bubbles[owner]) if b.wamid == wamid)

    def wrote(self, person: str, at: datetime) -> None:
        self._wrote[person] = at

    def wrote_at(self, person: str) -> datetime | None:
        return self._wrote.get(person)

    def raise_status(self, wamid: str, status: str, error: Json | None) -> Bubble | None:
        """The bubble with its new ticks, or None when nothing changed: ticks only move forward."""
        found = self.find(wamid)
        if found is None:
            return None
        bubble = found[1]
        if status != "failed" and RANK.get(status, 0) <= RANK.get(bubble.status or "", 0):
            return None
        bubble.status, bubble.error = status, error
        return bubble

    def unread(self, person: str) -> Iterator[Bubble]:
        """The bot's messages on that phone which the person has not seen yet."""
        return (b for b in self.of(person) if b.sender == "bot" and b.status in {"sent", "delivered"})


def shown(body: Json) -> Json:
    """What a phone draws for a message that the bot sends."""
    kind = body.get("type", "text")
    content = body[kind]
    match kind:
        case "text":
            return {"body": content["body"]}
        case "interactive":
            return _interactive(content)
        case "document":
            return {"body": content.get("caption", ""), "document": _file(content)}
        case "image":
            return {"body": content.get("caption", ""), "image": _file(content)["url"]}
        case "location":
            return {"location": content}
        case "reaction":
            return {"reaction": content["emoji"], "to": content["message_id"]}
        case "contacts":
            return {"contacts": content}
        case "template":
            return {}
        case _:
            return {"file": _file(content)}


def _file(content: Json) -> Json:
    url = content.get("link") or f"control/media/{content['id']}"
    return {"filename": content.get("filename", "document"), "url": url}


def _interactive(content: Json) -> Json:
    out: Json = {"kind": content["type"]}
    if "body" in content:
        out["body"] = content["body"]["text"]
    if "footer" in content:
        out["footer"] = content["footer"]["text"]
    header = content.get("header", {"type": "none"})
    if header["type"] == "text":
        out["header"] = header["text"]
    elif header["type"] == "image":
        out["image"] = _file(header["image"])["url"]
    elif header["type"] == "document":
        out["document"] = _file(header["document"])
    return out | _action(content["type"], content["action"])


def _action(kind: str, action: Json) -> Json:
    given = action.get("parameters", {})
    match kind:
        case "button":
            return {"buttons": [button["reply"] for button in action["buttons"]]}
        case "list":
            sections = [{"title": s.get("title", ""), "rows": s["rows"]} for s in action["sections"]]
            return {"rows": {"button": action["button"], "sections": sections}}
        case "cta_url":
            return {"url": given["url"], "url_title": given["display_text"]}
        case "catalog_message":
            return {"catalog": {"thumbnail": given.get("thumbnail_product_retailer_id", "")}}
        case "product":
            return {"products": [action["product_retailer_id"]]}
        case "product_list":
            return {"products": [i["product_retailer_id"] for s in action["sections"] for i in s["product_items"]]}
        case "address_message":
            return {"address": given}
        case "order_details":
            return {"order_details": given}
        case "order_status":
            return {"order_status": given}
        case "flow":
            return {"flow": {"cta": given["flow_cta"]}}
        case _:
            return {"asks": kind}
