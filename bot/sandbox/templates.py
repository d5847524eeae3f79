"""Templates: their review, and what Meta checks when one is sent (Meta, "Message templates", read 2026)."""

import re
from typing import Any

from bot.sandbox.faults import Faults
from bot.sandbox.ledger import Ledger
from bot.sandbox.rules.errors import GraphError
from bot.sandbox.rules.fields import bad, listing, one_of, table, text

Json = dict[str, Any]
BODY = 1024
BUTTONS = ("QUICK_REPLY", "URL", "PHONE_NUMBER", "COPY_CODE", "CATALOG", "MPM", "ORDER_DETAILS", "FLOW")
CATEGORIES = ("UTILITY", "MARKETING", "AUTHENTICATION")
SLOT = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class Templates:
    """Every template by name and language; what happens to them is a line in the ledger."""

    def __init__(self, *, ledger: Ledger, faults: Faults) -> None:
        self._ledger, self._faults = ledger, faults
        self._known: dict[tuple[str, str], Json] = {}

    def __iter__(self) -> Any:
        return iter(self._known.values())

    def create(self, given: Any) -> Json:
        """A new template, approved at once unless reviews are switched on. Raises GraphError."""
        table(
            given,
            "template",
            needs=("name", "language", "category", "components"),
            may=(
                "parameter_format",
                "allow_category_change",
                "sub_category",
                "message_send_ttl_seconds",
                "display_format",
            ),
        )
        if not re.fullmatch(r"[a-z0-9_]{1,512}", text(given["name"], "name", most=512)):
            raise bad("name", "is made of small letters, digits and underscores")
        one_of(given["category"], "category", CATEGORIES)
        text(given["language"], "language", most=15)
        if (given["name"], given["language"]) in self._known:
            raise GraphError(100, "Content in this language already exists.", subcode=2388024)
        _components(given["components"])
        status = "PENDING" if self._faults.template_review else "APPROVED"
        template = {
            "id": f"8{len(list(self._ledger.of('template'))) + 1:015d}",
            "parameter_format": "POSITIONAL",
            **given,
            "status": status,
        }
        return self.keep(template)

    def keep(self, template: Json) -> Json:
        self._ledger.write("template", template=template)
        return self.restore(template)

    def restore(self, template: Json) -> Json:
        self._known[template["name"], template["language"]] = template
        return template

    def mark(self, name: str, language: str, status: str) -> Json:
        """Approve, reject, pause …; raises LookupError for one that does not exist."""
        if (name, language) not in self._known:
            raise LookupError(f"there is no template {name!r} in {language!r}")
        return self.keep(self._known[name, language] | {"status": status})

    def delete(self, name: str) -> bool:
        """Every language of it; False when there was none."""
        gone = [key for key in self._known if key[0] == name]
        self._ledger.write("template_deleted", name=name)
        self.forget(name)
        return bool(gone)

    def forget(self, name: str) -> None:
        self._known = {key: template for key, template in self._known.items() if key[0] != name}

    def render(self, given: Json) -> Json:
        """What the phone shows for `template` of a send. Raises the GraphError that Meta would."""
        name, language = given["name"], given["language"]["code"]
        template = self._known.get((name, language))
        if template is None or template["status"] in {"PENDING", "REJECTED"}:
            raise GraphError(132001, f"template name ({name}) does not exist in {language}")
        if template["status"] in {"PAUSED", "DISABLED"}:
            raise GraphError(132015 if template["status"] == "PAUSED" else 132016, f"{name} is {template['status']}")
        kinds = {part["type"].lower() for part in template["components"]} | {"button"}
        kinds |= {"order_status"} if template.get("sub_category") == "ORDER_STATUS" else set()
        if any(_is_payment(b) for part in template["components"] for b in part.get("buttons", [])) and not any(
            component.get("sub_type") == "order_details" for component in given.get("components", [])
        ):
            raise GraphError(131008, f"{name} needs what its button pays")
        for component in given.get("components", []):
            if component["type"] not in kinds:
                raise GraphError(132012, f"{name} has no {component['type']}")
        filled = [_filled(part, given.get("components", [])) for part in template["components"] if part.get("text")]
        words = "\n".join(filled)
        buttons = [
            {"id": _payload(given.get("components", []), n, button["text"]), "title": button["text"]}
            for part in template["components"]
            if part["type"] == "BUTTONS"
            for n, button in enumerate(part["buttons"])
            if button["type"] == "QUICK_REPLY"
        ]
        return {"name": name, "language": language, "text": words, "category": template["category"], "buttons": buttons}


def _is_payment(button: Json) -> bool:
    return bool(button["type"] == "ORDER_DETAILS")


def _components(components: Any) -> None:
    kinds = [
        table(
            part,
            "components",
            needs=("type",),
            may=("text", "format", "example", "buttons", "add_security_recommendation"),
        )["type"]
        for part in listing(components, "components", most=4)
    ]
    if "BODY" not in kinds:
        raise bad("components", "a template has a BODY")
    for part in components:
        one_of(part["type"], "components.type", ("HEADER", "BODY", "FOOTER", "BUTTONS"))
        if part["type"] != "BUTTONS" and part.get("format", "TEXT") == "TEXT":
            words = text(part.get("text"), f"{part['type']}.text", most=BODY if part["type"] == "BODY" else 60)
            _slots(part, words)
        for button in listing(part.get("buttons", []), "buttons", least=0, most=10):
            table(button, "buttons", needs=("type", "text"), may=("url", "phone_number", "example"))
            one_of(button["type"], "buttons.type", BUTTONS)
            text(button["text"], "buttons.text", most=25)


def _slots(part: Json, words: str) -> None:
    """Meta wants an example for each slot, and no slot at either end of the text."""
    slots = SLOT.findall(words)
    if not slots:
        return
    if part["type"] == "BODY" and (words.startswith("{{") or words.rstrip().endswith("}}")):
        raise GraphError(100, "Leading or trailing params are not allowed.", subcode=2388299)
    if not part.get("example"):
        raise GraphError(100, f"{part['type']} has variables and needs an example.", subcode=2388043)


def _filled(part: Json, components: list[Json]) -> str:
    """The text of one component with its parameters in place: `{{1}}` by position, `{{name}}` by name."""
    kind: str = part["type"].lower()
    slots = set(SLOT.findall(part["text"]))
    sent: Json = next((c for c in components if c["type"] == kind), {})
    values = [_parameter(parameter, kind) for parameter in sent.get("parameters", [])]
    if len(values) != len(slots):
        raise GraphError(132000, f"{kind}: {len(values)} parameters sent, {len(slots)} expected")
    if all(slot.isdecimal() for slot in slots):
        names = sorted(slots, key=int)
    else:
        names = [parameter.get("parameter_name") for parameter in sent["parameters"]]
    if set(names) != slots:
        raise GraphError(132012, f"{kind}: the parameters are named {', '.join(sorted(slots))}")
    filled = dict(zip(names, values, strict=True))
    words = SLOT.sub(lambda slot: filled[slot[1]], part["text"])
    if len(words) > (BODY if kind == "body" else 60):
        raise GraphError(132005, f"{kind}: {len(words)} characters with its parameters")
    return words


def _parameter(parameter: Any, kind: str) -> str:
    table(parameter, f"{kind}.parameters", needs=("type",), may=("text", "parameter_name", "currency", "date_time"))
    words = parameter.get("text")
    if parameter["type"] != "text" or not isinstance(words, str):
        raise GraphError(132012, f"{kind}: this parameter must be text")
    if not isinstance(parameter.get("parameter_name", ""), str):
        raise GraphError(132012, f"{kind}: parameter_name is a word")
    if not words.strip():
        raise GraphError(131008, f"{kind}: a parameter is empty")
    if re.search(r"[\n\r\t]| {5,}", words):
        raise GraphError(132018, "Param text cannot have new-line/tab characters or more than 4 consecutive spaces")
    return words


def _payload(components: list[Json], index: int, fallback: str) -> str:
    for component in components:
        if component["type"] == "button" and str(component["index"]) == str(index):
            return str(next((p["payload"] for p in component.get("parameters", []) if "payload" in p), fallback))
    return fallback
