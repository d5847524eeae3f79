"""The rest of the Graph API: media, templates, catalogue, commerce settings, the nodes."""

import io
from typing import Any

import aiohttp
import pytest

from bot.sandbox.faults import Faults
from bot.sandbox.ledger import Ledger
from bot.sandbox.rules.errors import GraphError
from bot.sandbox.rules.messages import check
from bot.sandbox.templates import Templates
from tests.bot.sandbox.stage import ASHA, CREDENTIALS, TEMPLATE, Stage, StillClock, code
from tests.bot.sandbox.test_rules import spoiled

ACCOUNT, NUMBER, CATALOG = CREDENTIALS.business_account_id, CREDENTIALS.phone_number_id, CREDENTIALS.catalog_id
PNG, JPEG, PDF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"%PDF-1.4"
MIB = 1024 * 1024


async def upload(play: Stage, data: bytes, mime_type: str, product: str = "whatsapp") -> tuple[int, Any]:
    form = aiohttp.FormData({"messaging_product": product, "type": mime_type})
    form.add_field("file", io.BytesIO(data), filename="file", content_type=mime_type)
    url = play.server.make_url(f"/sandbox/graph/v25.0/{NUMBER}/media")
    async with play.http.post(url, data=form, headers={"Authorization": "Bearer sandbox-token"}) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize(
    ("head", "size", "mime_type"),
    [(PNG, 8, "image/png"), (JPEG, 5 * MIB, "image/jpeg"), (PDF, 6 * MIB, "application/pdf"), (b"hi", 2, "text/plain")],
)
async def test_media_within_the_limits_are_kept(play: Stage, head: bytes, size: int, mime_type: str) -> None:
    status, kept = await upload(play, head.ljust(size), mime_type)
    assert (status, list(kept)) == (200, ["id"])
    assert (await play.graph("GET", kept["id"]))[1]["file_size"] == size


@pytest.mark.parametrize(
    ("head", "size", "mime_type", "expected"),
    [
        (JPEG, 5 * MIB + 1, "image/jpeg", 131053),
        (b"", 0, "text/plain", 131053),
        (b"GIF89a", 6, "image/gif", 100),
        (b"<svg/>", 6, "image/svg+xml", 100),
        (b"<html>", 6, "application/pdf", 131053),
        (PNG, 8, "image/jpeg", 131053),
    ],
)
async def test_other_media_are_refused(play: Stage, head: bytes, size: int, mime_type: str, expected: int) -> None:
    assert code(await upload(play, head.ljust(size), mime_type)) == (400, expected)


async def test_an_upload_names_its_product(play: Stage) -> None:
    assert code(await upload(play, PNG, "image/png", product="messenger")) == (400, 100)


async def test_a_document_is_sent_by_its_id_and_seen_on_the_phone(play: Stage) -> None:
    play.sandbox.person("asha").say("Hi")
    _, kept = await upload(play, PDF, "application/pdf")
    document = {"id": kept["id"], "filename": "invoice.pdf", "caption": "#1001"}

    assert (await play.send({"to": ASHA.wa_id, "type": "document", "document": document}))[0] == 200
    [bubble] = play.sandbox.person("asha").new()
    assert bubble.shown == {
        "body": "#1001",
        "document": {"filename": "invoice.pdf", "url": f"control/media/{kept['id']}"},
    }
    async with play.http.get(play.server.make_url(f"/sandbox/{bubble.shown['document']['url']}")) as answer:
        assert await answer.read() == PDF
    assert code(await play.send({"to": ASHA.wa_id, "type": "image", "image": {"id": kept["id"]}})) == (400, 131053)
    assert code(await play.send({"to": ASHA.wa_id, "type": "image", "image": {"id": "1"}})) == (400, 131052)


async def test_a_template_is_approved_at_once_listed_and_deleted(play: Stage) -> None:
    status, made = await play.graph("POST", f"{ACCOUNT}/message_templates", TEMPLATE)
    await play.sandbox.run_once()

    assert (status, made["status"], made["category"]) == (200, "APPROVED", "UTILITY")
    assert play.bot.values() == [
        {
            "event": "APPROVED",
            "message_template_id": int(made["id"]),
            "message_template_name": "order_update",
            "message_template_language": "en",
            "reason": "NONE",
            "message_template_category": "UTILITY",
        }
    ]
    _, listed = await play.graph("GET", f"{ACCOUNT}/message_templates?fields=name,status&limit=10")
    assert [(t["name"], t["language"], t["status"]) for t in listed["data"]] == [("order_update", "en", "APPROVED")]
    assert code(await play.graph("POST", f"{ACCOUNT}/message_templates", TEMPLATE)) == (400, 100)
    assert await play.graph("DELETE", f"{ACCOUNT}/message_templates?name=order_update") == (200, {"success": True})
    assert code(await play.graph("DELETE", f"{ACCOUNT}/message_templates?name=order_update")) == (400, 100)


async def test_under_review_a_template_cannot_be_sent_until_the_review_ends(play: Stage) -> None:
    play.sandbox.person("asha").say("Hi")
    await play.control("POST", "faults", {"template_review": True})
    _, made = await play.graph("POST", f"{ACCOUNT}/message_templates", TEMPLATE)
    assert made["status"] == "PENDING"
    assert code(await send_template(play, "#1001", "shipped")) == (404, 132001)
    await play.control("POST", "faults", {"template_review": False})
    assert (await send_template(play, "#1001", "shipped"))[0] == 200
    await play.sandbox.run_once()
    assert [value["event"] for value in play.bot.values() if "event" in value] == ["APPROVED"]


async def send_template(play: Stage, *words: str, name: str = "order_update", language: str = "en") -> tuple[int, Any]:
    parameters = [{"type": "text", "text": word} for word in words]
    template = {
        "name": name,
        "language": {"code": language},
        "components": [{"type": "body", "parameters": parameters}],
    }
    return await play.send({"to": ASHA.wa_id, "type": "template", "template": template})


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("#1001",), (400, 132000)),
        (("#1001", "shipped", "now"), (400, 132000)),
        (("#1001", "line\nbreak"), (400, 132018)),
        (("#1001", "tab\there"), (400, 132018)),
        (("#1001", "five     spaces"), (400, 132018)),
        (("#1001", " "), (400, 131008)),
        (("#1001", "x" * 1011), (400, 132005)),
    ],
)
async def test_parameters_are_counted_and_looked_at(
    play: Stage, words: tuple[str, ...], expected: tuple[int, int]
) -> None:
    play.sandbox.templates.create(TEMPLATE)
    assert code(await send_template(play, *words)) == expected
    assert (await send_template(play, "#1001", "four    spaces"))[0] == 200
    assert (await send_template(play, "#1001", "x" * 1010))[0] == 200


async def test_parameters_go_by_position_or_by_name(play: Stage) -> None:
    example = {"body_text": [["x"]]}
    for name, text in (("by_position", "Now {{2}}, then {{1}}."), ("by_name", "Now {{late}}, then {{early}}.")):
        play.sandbox.templates.create(
            TEMPLATE | {"name": name, "components": [{"type": "BODY", "text": text, "example": example}]}
        )
    await send_template(play, "a", "b", name="by_position")
    assert play.sandbox.person("asha").new()[0].body == "Now b, then a."
    assert code(await send_template(play, "a", "b", name="by_name")) == (400, 132012)
    named = [{"type": "text", "parameter_name": name, "text": word} for name, word in (("early", "a"), ("late", "b"))]
    template = {"name": "by_name", "language": {"code": "en"}, "components": [{"type": "body", "parameters": named}]}
    await play.send({"to": ASHA.wa_id, "type": "template", "template": template})
    assert play.sandbox.person("asha").new()[0].body == "Now b, then a."


async def test_unknown_paused_and_disabled_templates_are_refused(play: Stage) -> None:
    play.sandbox.templates.create(TEMPLATE)
    assert code(await send_template(play, "a", "b", language="hi")) == (404, 132001)
    assert code(await send_template(play, "a", "b", name="other")) == (404, 132001)
    for status, expected in (("PAUSED", 132015), ("DISABLED", 132016)):
        play.sandbox.templates.mark("order_update", "en", status)
        assert code(await send_template(play, "a", "b")) == (400, expected)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Order Update"},
        {"category": "NEWS"},
        {"components": []},
        {"components": [{"type": "FOOTER", "text": "x"}]},
        {"components": [{"type": "BODY", "text": "x" * 1025}]},
        {"components": [{"type": "BODY", "text": "Order {{1}} is here"}]},
        {"components": [{"type": "BODY", "text": "{{1}} is here", "example": {"body_text": [["x"]]}}]},
        {"components": [{"type": "BODY", "text": "It is {{1}}", "example": {"body_text": [["x"]]}}]},
        {"colour": "green"},
    ],
)
async def test_bad_templates_are_refused(play: Stage, change: dict[str, Any]) -> None:
    status, answer = await play.graph("POST", f"{ACCOUNT}/message_templates", TEMPLATE | change)
    assert (status, answer["error"]["code"] in {100, 131009, 131008}) == (400, True)
    assert list(play.sandbox.templates) == []


async def test_the_catalogue_is_read_page_by_page(play: Stage) -> None:
    path, found = f"{CATALOG}/products?fields=id,retailer_id,price&limit=2&summary=true", []
    status, page = await play.graph("GET", path)
    found += page["data"]
    _, last = await play.graph("GET", f"{path}&after={page['paging']['cursors']['after']}")
    found += last["data"]

    assert (status, page["summary"], "next" in page["paging"], "next" in last["paging"]) == (
        200,
        {"total_count": 3},
        True,
        False,
    )
    assert [(p["retailer_id"], p["price"]) for p in found] == [
        ("TEA", "₹349.00"),
        ("CUP", "₹99.50"),
        ("POT", "₹1,299.00"),
    ]
    assert {tuple(sorted(p)) for p in found} == {("id", "price", "retailer_id")}
    assert code(await play.graph("GET", f"{path}&after=x")) == (400, 100)


async def test_commerce_settings_are_read_and_set(play: Stage) -> None:
    path = f"{NUMBER}/whatsapp_commerce_settings"
    assert await play.graph("POST", f"{path}?is_cart_enabled=false") == (200, {"success": True})
    _, settings = await play.graph("GET", path)
    assert (settings["data"][0]["is_cart_enabled"], settings["data"][0]["is_catalog_visible"]) == (False, True)


async def test_the_number_the_account_and_the_catalogue_have_nodes(play: Stage) -> None:
    _, number = await play.graph("GET", f"{NUMBER}?fields=id,display_phone_number")
    _, account = await play.graph("GET", ACCOUNT)
    _, catalog = await play.graph("GET", CATALOG)
    _, numbers = await play.graph("GET", f"{ACCOUNT}/phone_numbers")

    assert (number["id"], number["display_phone_number"]) == (NUMBER, "+910000000100")
    assert (account["id"], catalog["product_count"], numbers["data"]) == (ACCOUNT, 3, [number])
    assert code(await play.graph("GET", "1")) == (400, 100)
    assert code(await play.graph("GET", f"{ACCOUNT}/products")) == (400, 100)
    assert code(await play.graph("POST", f"{NUMBER}/nonsense", {})) == (400, 100)


def test_however_odd_a_template_is_it_is_taken_or_refused_in_graphs_words() -> None:
    buttons = {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Go"}]}
    good = TEMPLATE | {"components": [*TEMPLATE["components"], buttons]}
    outcomes = {"taken": 0, "refused": 0}
    for odd in spoiled(good):
        try:
            Templates(ledger=Ledger(None, StillClock()), faults=Faults()).create(odd)
            outcomes["taken"] += 1
        except GraphError:
            outcomes["refused"] += 1
    assert outcomes["refused"] > outcomes["taken"]


def test_however_odd_a_template_is_sent_it_is_rendered_or_refused_in_graphs_words() -> None:
    templates = Templates(ledger=Ledger(None, StillClock()), faults=Faults())
    buttons = {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Go"}]}
    templates.create(TEMPLATE | {"components": [*TEMPLATE["components"], buttons]})
    body = {"type": "body", "parameters": [{"type": "text", "text": "#1"}, {"type": "text", "text": "x"}]}
    button = {
        "type": "button",
        "sub_type": "quick_reply",
        "index": "0",
        "parameters": [{"type": "payload", "payload": "g"}],
    }
    good = {"name": "order_update", "language": {"code": "en"}, "components": [body, button]}
    outcomes = {"taken": 0, "refused": 0}
    for odd in spoiled(good):
        try:
            message = {"messaging_product": "whatsapp", "to": ASHA.wa_id, "type": "template", "template": odd}
            check(message, business_number=CREDENTIALS.display_phone_number)
            templates.render(odd)
            outcomes["taken"] += 1
        except GraphError:
            outcomes["refused"] += 1
    assert outcomes["refused"] > outcomes["taken"]
