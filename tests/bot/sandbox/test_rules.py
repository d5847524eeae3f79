"""What the sandbox takes from the bot and what it refuses, limit by limit."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.sandbox.rules.errors import CODES, GraphError
from bot.sandbox.rules.messages import check, check_read

Json = dict[str, Any]
INDIAN, AMERICAN = "910000000100", "15550000100"


def message(kind: str, content: Any, **more: Any) -> Json:
    return {"messaging_product": "whatsapp", "to": "919800000001", "type": kind, kind: content, **more}


def interactive(kind: str, action: Any, **more: Any) -> Json:
    return message("interactive", {"type": kind, "body": {"text": "Choose"}, "action": action, **more})


def button(name: str = "a", title: str = "Yes") -> Json:
    return {"type": "reply", "reply": {"id": name, "title": title}}


def buttons(*which: Json, **more: Any) -> Json:
    return interactive("button", {"buttons": list(which)}, **more)


def row(n: int = 1, **more: Any) -> Json:
    return {"id": f"r{n}", "title": f"Row {n}", **more}


def rows(*which: Json, button: str = "Open", **more: Any) -> Json:
    return interactive("list", {"button": button, "sections": [{"rows": list(which)}]}, **more)


def sections(*which: Json) -> Json:
    return interactive("list", {"button": "Open", "sections": list(which)})


def products(n: int, **more: Any) -> Json:
    items = [{"product_retailer_id": f"P{i}"} for i in range(n)]
    header = {"header": {"type": "text", "text": "Ours"}}
    return interactive(
        "product_list", {"catalog_id": "3", "sections": [{"title": "All", "product_items": items}]}, **header, **more
    )


def cta(**parameters: Any) -> Json:
    return interactive(
        "cta_url", {"name": "cta_url", "parameters": {"display_text": "Open", "url": "https://a.example/"} | parameters}
    )


def address(**parameters: Any) -> Json:
    return interactive("address_message", {"name": "address_message", "parameters": {"country": "IN"} | parameters})


def flow(**parameters: Any) -> Json:
    given = {"flow_message_version": "3", "flow_id": "1", "flow_cta": "Book"} | parameters
    return interactive("flow", {"name": "flow", "parameters": given})


def minor(value: int) -> Json:
    return {"value": value, "offset": 100}


ITEM = {"retailer_id": "TEA", "name": "Tea", "amount": minor(20000), "sale_amount": minor(10000), "quantity": 2}
ORDER = {
    "status": "pending",
    "catalog_id": "3",
    "items": [ITEM],
    "subtotal": minor(20000),
    "tax": minor(1000),
    "shipping": minor(500),
    "discount": minor(1500),
}
DETAILS = {
    "reference_id": "1042.1",
    "type": "physical-goods",
    "currency": "INR",
    "total_amount": minor(20000),
    "payment_settings": [{"type": "payment_link", "payment_link": {"uri": "https://pay.example/1"}}],
    "order": ORDER,
}


def details(order: Json | None = None, **more: Any) -> Json:
    given = DETAILS | more | {"order": ORDER | (order or {})}
    return interactive("order_details", {"name": "review_and_pay", "parameters": given})


def status(given: str, **order: Any) -> Json:
    parameters = {"reference_id": "1042.1", "order": {"status": given} | order}
    return interactive("order_status", {"name": "review_order", "parameters": parameters})


def template(**more: Any) -> Json:
    return message("template", {"name": "order_update", "language": {"code": "en"}} | more)


GOOD = {
    "text of 4096": message("text", {"body": "x" * 4096, "preview_url": True}),
    "recipient_type": message("text", {"body": "x"}, recipient_type="individual"),
    "opaque of 512": message("text", {"body": "x"}, biz_opaque_callback_data="o" * 512),
    "context": message("text", {"body": "x"}, context={"message_id": "wamid.1"}),
    "bsuid": {"messaging_product": "whatsapp", "recipient": "IN.13a9Xz", "type": "text", "text": {"body": "x"}},
    "parent bsuid": message("text", {"body": "x"}, recipient="US.ENT.118"),
    "three buttons": buttons(button("a", "A"), button("b", "B"), button("c" * 256, "C" * 20)),
    "body of 1024": buttons(button(), body={"text": "x" * 1024}, footer={"text": "f" * 60}),
    "text header of 60": buttons(button(), header={"type": "text", "text": "h" * 60}),
    "image header": buttons(button(), header={"type": "image", "image": {"link": "https://a.example/1.png"}}),
    "ten rows": rows(*(row(n) for n in range(10)), button="b" * 20),
    "longest row": rows({"id": "i" * 200, "title": "t" * 24, "description": "d" * 72}),
    "two sections": sections({"title": "One", "rows": [row(1)]}, {"title": "Two", "rows": [row(2)]}),
    "cta": cta(display_text="d" * 20),
    "catalogue": interactive("catalog_message", {"name": "catalog_message"}),
    "thumbnail": interactive(
        "catalog_message", {"name": "catalog_message", "parameters": {"thumbnail_product_retailer_id": "TEA"}}
    ),
    "product": message("interactive", {"type": "product", "action": {"catalog_id": "3", "product_retailer_id": "TEA"}}),
    "thirty products": products(30),
    "location request": interactive("location_request_message", {"name": "send_location"}),
    "contact request": interactive("request_contact_info", {"name": "request_contact_info"}),
    "address": address(values={"name": "Asha", "in_pin_code": "560001"}, validation_errors={"in_pin_code": "Not ours"}),
    "flow": flow(flow_cta="c" * 30),
    "order details": details(),
    "order details, older form": interactive(
        "order_details",
        {
            "name": "review_and_pay",
            "parameters": {k: v for k, v in DETAILS.items() if k != "payment_settings"}
            | {"payment_type": "upi", "payment_configuration": "shop"},
        },
    ),
    "order status": status("shipped", description="d" * 120),
    "template": template(components=[{"type": "body", "parameters": [{"type": "text", "text": "x"}]}]),
    "image by id": message("image", {"id": "7", "caption": "c" * 1024}),
    "document by link": message("document", {"link": "https://a.example/1.pdf", "filename": "1.pdf"}),
    "location": message("location", {"latitude": 12.9, "longitude": 77.6, "name": "Shop", "address": "1 Road"}),
    "contacts": message("contacts", [{"name": {"formatted_name": "A B", "first_name": "A"}}] * 5),
    "reaction": message("reaction", {"message_id": "wamid.1", "emoji": "👍"}),
    "reaction removed": message("reaction", {"message_id": "wamid.1", "emoji": ""}),
}

NO, BAD, ODD = 131008, 131009, 100
REFUSED = {
    "not an object": ([], ODD, "JSON object"),
    "unknown type": (message("poll", {}), ODD, "type"),
    "unknown field": (message("text", {"body": "x"}, priority=1), ODD, '"priority"'),
    "two types": (message("text", {"body": "x"}, image={"id": "7"}), ODD, '"image"'),
    "no content": ({"messaging_product": "whatsapp", "to": "919800000001", "type": "text"}, NO, "message.text"),
    "no product": ({"to": "919800000001", "type": "text", "text": {"body": "x"}}, NO, "messaging_product"),
    "no recipient": ({"messaging_product": "whatsapp", "type": "text", "text": {"body": "x"}}, NO, "to"),
    "plus sign": (message("text", {"body": "x"}, to="+919800000001"), BAD, "to:"),
    "number as a number": (message("text", {"body": "x"}, to=919800000001), BAD, "to:"),
    "broken bsuid": (message("text", {"body": "x"}, recipient="1001"), BAD, "recipient:"),
    "group": (message("text", {"body": "x"}, recipient_type="group"), BAD, "recipient_type"),
    "empty text": (message("text", {"body": " \n"}), BAD, "text.body"),
    "text of 4097": (message("text", {"body": "x" * 4097}), BAD, "4097"),
    "opaque of 513": (message("text", {"body": "x"}, biz_opaque_callback_data="o" * 513), BAD, "513"),
    "context with more": (message("text", {"body": "x"}, context={"message_id": "w", "from": "1"}), ODD, '"from"'),
    "no body": (message("interactive", {"type": "button", "action": {"buttons": [button()]}}), NO, "interactive.body"),
    "body of 1025": (buttons(button(), body={"text": "x" * 1025}), BAD, "1025"),
    "footer of 61": (buttons(button(), footer={"text": "f" * 61}), BAD, "61"),
    "header of 61": (buttons(button(), header={"type": "text", "text": "h" * 61}), BAD, "61"),
    "no buttons": (buttons(), BAD, "buttons"),
    "four buttons": (buttons(*(button(str(n), str(n)) for n in range(4))), BAD, "4 entries"),
    "title of 21": (buttons(button(title="t" * 21)), BAD, "21"),
    "id of 257": (buttons(button("i" * 257)), BAD, "257"),
    "id with a space": (buttons(button("a ")), BAD, "space"),
    "same ids": (buttons(button("a", "A"), button("a", "B")), BAD, "unique"),
    "same titles": (buttons(button("a", "A"), button("b", "A")), BAD, "unique"),
    "url button among replies": (buttons({"type": "url", "reply": {"id": "a", "title": "A"}}), BAD, "type"),
    "no rows": (rows(), BAD, "rows"),
    "eleven rows": (
        sections({"title": "A", "rows": [row(n) for n in range(6)]}, {"title": "B", "rows": [row(n) for n in range(6, 11)]}),
        BAD,
        "11 rows",
    ),
    "same row ids": (rows(row(1), row(1)), BAD, "unique"),
    "row title of 25": (rows(row(1, title="t" * 25)), BAD, "25"),
    "row description of 73": (rows(row(1, description="d" * 73)), BAD, "73"),
    "empty row description": (rows(row(1, description="")), BAD, "description"),
    "list button of 21": (rows(row(), button="b" * 21), BAD, "21"),
    "list with an image": (rows(row(), header={"type": "image", "image": {"id": "7"}}), BAD, "header"),
    "sections without titles": (sections({"rows": [row(1)]}, {"rows": [row(2)]}), NO, "title"),
    "section title of 25": (sections({"title": "t" * 25, "rows": [row(1)]}), BAD, "25"),
    "cta text of 21": (cta(display_text="d" * 21), BAD, "21"),
    "cta to nowhere": (cta(url="javascript:1"), BAD, "web address"),
    "catalogue with a header": (
        interactive("catalog_message", {"name": "catalog_message"}, header={"type": "text", "text": "x"}),
        BAD,
        "no header",
    ),
    "products without a header": (
        interactive("product_list", {"catalog_id": "3", "sections": [{"product_items": [{"product_retailer_id": "P"}]}]}),
        BAD,
        "header",
    ),
    "thirty-one products": (products(31), BAD, "31"),
    "address elsewhere": (address(country="SG"), BAD, "country"),
    "address field": (address(values={"zip": "1"}), ODD, '"zip"'),
    "pin of five": (address(values={"in_pin_code": "56000"}), BAD, "six digits"),
    "flow named twice": (flow(flow_name="book"), BAD, "exactly one"),
    "flow cta of 31": (flow(flow_cta="c" * 31), BAD, "31"),
    "order: sum of lines": (details({"subtotal": minor(19999)}), BAD, "sum to 20000"),
    "order: total": (details(total_amount=minor(20001)), BAD, "20001"),
    "order: offset": (details(total_amount={"value": 20000, "offset": 1000}), BAD, "offset"),
    "order: float": (details(total_amount={"value": 200.0, "offset": 100}), BAD, "whole number"),
    "order: no tax": (details({"tax": None}), NO, "tax"),
    "order: reference of 36": (details(reference_id="r" * 36), BAD, "36"),
    "order: reference sign": (details(reference_id="#1042"), BAD, "letters"),
    "order: item name of 61": (details({"items": [ITEM | {"name": "n" * 61}]}), BAD, "61"),
    "order: no origin": (
        interactive(
            "order_details",
            {"name": "review_and_pay", "parameters": DETAILS | {"order": {k: v for k, v in ORDER.items() if k != "catalog_id"}}},
        ),
        NO,
        "country_of_origin",
    ),
    "order: picture beside a catalogue": (details({"items": [ITEM | {"image": {"link": "https://a.example"}}]}), BAD, "image"),
    "order: currency": (details(currency="USD"), BAD, "currency"),
    "order: already shipped": (details({"status": "shipped"}), BAD, "status"),
    "order: how to pay": (details(payment_settings=[]), BAD, "payment_settings"),
    "order status spelled with two l": (status("cancelled"), BAD, "status"),
    "order status of 121": (status("shipped", description="d" * 121), BAD, "121"),
    "template name": (template(name="Order-Update"), BAD, "small letters"),
    "template without language": (message("template", {"name": "order_update"}), NO, "language"),
    "media twice": (message("image", {"id": "7", "link": "https://a.example"}), BAD, "exactly one"),
    "no media": (message("document", {"filename": "1.pdf"}), BAD, "exactly one"),
    "caption of 1025": (message("image", {"id": "7", "caption": "c" * 1025}), BAD, "1025"),
    "caption of a sound": (message("audio", {"id": "7", "caption": "c"}), ODD, '"caption"'),
    "off the globe": (message("location", {"latitude": 91, "longitude": 0}), BAD, "latitude"),
    "six contacts": (message("contacts", [{"name": {"formatted_name": "A", "first_name": "A"}}] * 6), BAD, "6 entries"),
    "nameless contact": (message("contacts", [{"name": {"formatted_name": "A"}}]), NO, "first_name"),
}  # fmt: skip


@pytest.mark.parametrize("body", GOOD.values(), ids=GOOD)
def test_accepts_what_meta_accepts(body: Json) -> None:
    assert check(body, business_number=INDIAN) == body.get("type")


@pytest.mark.parametrize(("body", "code", "words"), REFUSED.values(), ids=REFUSED)
def test_refuses_what_breaks_a_limit_and_says_which(body: Any, code: int, words: str) -> None:
    with pytest.raises(GraphError) as refused:
        check(body, business_number=INDIAN)

    assert refused.value.code == code
    assert words in refused.value.details


def test_address_messages_are_for_india_on_both_sides() -> None:
    foreign = address() | {"to": "15550000001"}
    for body, number in ((address(), AMERICAN), (foreign, INDIAN)):
        with pytest.raises(GraphError, match="Indian numbers"):
            check(body, business_number=number)


def test_read_marks_name_a_message_and_may_show_typing() -> None:
    read = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1"}

    assert check_read(read) == check_read(read | {"typing_indicator": {"type": "text"}}) == "wamid.1"
    for broken in (read | {"status": "played"}, read | {"typing_indicator": {"type": "audio"}}, read | {"to": "1"}):
        with pytest.raises(GraphError):
            check_read(broken)


def test_an_error_reads_like_graphs() -> None:
    body = GraphError(131047, "Too late.").body()["error"]
    trace = body.pop("fbtrace_id")

    assert body == {
        "message": "(#131047) Re-engagement message",
        "type": "OAuthException",
        "code": 131047,
        "error_data": {"messaging_product": "whatsapp", "details": "Too late."},
    }
    assert trace.startswith("A")
    assert {status for status, _ in CODES.values()} == {400, 401, 403, 404, 429, 500, 503}


def test_receiver_incapable_comes_without_a_message() -> None:
    assert set(GraphError(1026).as_status()) == {"code", "title", "href"}
    assert set(GraphError(131026).as_status()) == {"code", "title", "message", "error_data", "href"}


def spoiled(node: Any) -> Iterator[Any]:
    """`node` with each part of it replaced, in turn, by things that do not belong there."""
    yield from (None, [], {}, [1], -1, 1.5, True, "", "x")
    if isinstance(node, dict):
        for name, value in node.items():
            for odd in spoiled(value):
                yield node | {name: odd}
    if isinstance(node, list):
        for n, value in enumerate(node[:2]):
            for odd in spoiled(value):
                yield [*node[:n], odd, *node[n + 1 :]]


@pytest.mark.parametrize("body", GOOD.values(), ids=GOOD)
def test_however_odd_a_body_is_it_is_taken_or_refused_in_graphs_words(body: Json) -> None:
    outcomes = {"taken": 0, "refused": 0}
    for odd in spoiled(body):
        try:
            check(odd, business_number=INDIAN)
            outcomes["taken"] += 1
        except GraphError:
            outcomes["refused"] += 1
    assert outcomes["refused"] > outcomes["taken"]
