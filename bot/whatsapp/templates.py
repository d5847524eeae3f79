"""Our templates at Meta: whether it has them as we define them, and putting them there.

Through plain Graph calls: pywa's typed listing fails on a button it does not know.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.whatsapp.client import Client
from bot.whatsapp.fields import array, mapping, text
from flows.templates import Definition

_FIELDS = "id,name,language,status,category,components,rejected_reason"
_PAGE = "100"
_PAGES = 100
"""More than an account may own (6,000 templates); a paging that runs in circles ends here."""
_EDITABLE = {"APPROVED", "REJECTED", "PAUSED"}
"""Meta takes no edit of a template under review."""


@dataclass(frozen=True, slots=True)
class TemplateState:
    """A template as Meta has it; `status` and `category` in Meta's words (APPROVED, UTILITY …)."""

    id: str
    name: str
    language: str
    status: str
    category: str
    body: str
    reason: str | None = None


async def listing(client: Client, waba: str) -> list[TemplateState]:
    """Every template of the account, also those that are not ours. GraphError when Meta does not answer."""
    states: list[TemplateState] = []
    params = {"fields": _FIELDS, "limit": _PAGE}
    for _ in range(_PAGES):
        page = mapping(await client.call("GET", f"{waba}/message_templates", params=params))
        states += [_state(mapping(each)) for each in array(page.get("data"))]
        paging = mapping(page.get("paging"))
        after = mapping(paging.get("cursors")).get("after")
        if not paging.get("next") or not isinstance(after, str):
            break
        params = {**params, "after": after}
    return states


def differences(states: Iterable[TemplateState], wanted: Iterable[Definition]) -> list[str]:
    """What keeps `wanted` from being sent as it is defined, one sentence each; empty when all is well."""
    known = {(state.name, state.language): state for state in states}
    found: list[str] = []
    for template in wanted:
        state = known.get((template.name, template.language))
        title = _title(template)
        if state is None:
            found.append(f"{title} is not at Meta: run `templates push`")
            continue
        if state.status != "APPROVED":
            found.append(f"{title} is {state.status.lower()}" + (f": {state.reason}" if state.reason else ""))
        if state.category != template.category:
            found.append(f"{title} is filed as {state.category.lower()}, not {template.category.lower()}")
        if state.body != template.body:
            found.append(f"{title} says something else at Meta: run `templates push`")
    return found


async def push(client: Client, waba: str, wanted: Iterable[Definition]) -> list[str]:
    """Create what is missing and reword what differs; a line for each, saying what was done. Twice changes nothing."""
    known = {(state.name, state.language): state for state in await listing(client, waba)}
    return [await _put(client, waba, each, known.get((each.name, each.language))) for each in wanted]


async def _put(client: Client, waba: str, template: Definition, state: TemplateState | None) -> str:
    title = _title(template)
    body: dict[str, Any] = {"type": "BODY", "text": template.body, "example": {"body_text": [list(template.examples)]}}
    buttons = [{"type": "ORDER_DETAILS", "text": template.button}] if template.button else []
    buttons += [{"type": "QUICK_REPLY", "text": reply} for reply in template.replies]
    components = [body, *([{"type": "BUTTONS", "buttons": buttons}] if buttons else [])]
    if state is None:
        new = {"name": template.name, "language": template.language, "category": template.category}
        if template.sub_category:
            new["sub_category"] = template.sub_category
        answer = mapping(await client.call("POST", f"{waba}/message_templates", json={**new, "components": components}))
        return f"{title}: created, {(text(answer.get('status'), 30) or 'PENDING').lower()}"
    if state.body == template.body:
        return f"{title}: unchanged, {state.status.lower()}"
    if state.status not in _EDITABLE:
        return f"{title}: differs, but cannot be reworded while {state.status.lower()}"
    await client.call("POST", state.id, json={"components": components})
    return f"{title}: reworded, under review again"


def _title(template: Definition) -> str:
    return f"{template.name} ({template.language})"


def _state(template: dict[str, Any]) -> TemplateState:
    components = [mapping(each) for each in array(template.get("components"))]
    body = next((each.get("text") for each in components if each.get("type") == "BODY"), None)
    reason = text(template.get("rejected_reason"), 300)
    return TemplateState(
        id=text(template.get("id"), 64) or "",
        name=text(template.get("name"), 512) or "",
        language=text(template.get("language"), 20) or "",
        status=text(template.get("status"), 30) or "UNKNOWN",
        category=text(template.get("category"), 30) or "UNKNOWN",
        body=text(body, 1024) or "",
        reason=None if reason == "NONE" else reason,
    )
