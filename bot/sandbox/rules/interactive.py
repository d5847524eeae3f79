"""Interactive messages: buttons, lists, products, forms (Meta, "Interactive messages" and "Share products", read 2026)."""

import re
from typing import Any

from bot.sandbox.rules.fields import bad, distinct, link, listing, one_of, table, text
from bot.sandbox.rules.payments import check_order_details, check_order_status

BODY, HEADER, FOOTER = 1024, 60, 60
ROWS, SECTIONS, PRODUCTS = 10, 10, 30
ADDRESS_FIELDS = (
    "name", "phone_number", "in_pin_code", "house_number", "floor_number", "tower_number", "building_name",
    "address", "landmark_area", "city", "state",
)  # fmt: skip
_MEDIA_HEADERS = ("text", "image", "video", "document")


def check_interactive(value: Any, path: str) -> None:
    table(value, path, needs=("type", "action"), may=("header", "body", "footer"))
    kind = one_of(value["type"], f"{path}.type", _KINDS)
    check, headers, needs_body = _KINDS[kind]
    if "body" in value or needs_body:
        table(value, path, needs=("type", "action", "body"), may=("header", "footer"))
        body = table(value["body"], f"{path}.body", needs=("text",))
        text(body["text"], f"{path}.body.text", most=BODY)
    if "footer" in value:
        footer = table(value["footer"], f"{path}.footer", needs=("text",))
        text(footer["text"], f"{path}.footer.text", most=FOOTER)
    _header(value, path, headers)
    check(value["action"], f"{path}.action")


def _header(value: Any, path: str, allowed: tuple[str, ...]) -> None:
    here = f"{path}.header"
    if "header" not in value:
        if value["type"] == "product_list":
            raise bad(here, "a product list has a text header")
        return
    if not allowed:
        raise bad(here, f"{value['type']} has no header")
    header = table(value["header"], here, needs=("type",), may=_MEDIA_HEADERS)
    kind = one_of(header["type"], f"{here}.type", allowed)
    table(header, here, needs=("type", kind))
    if kind == "text":
        text(header["text"], f"{here}.text", most=HEADER)
    else:
        media = table(header[kind], f"{here}.{kind}", may=("id", "link", "filename"))
        if ("id" in media) == ("link" in media):
            raise bad(f"{here}.{kind}", "needs exactly one of id and link")


def _button(action: Any, path: str) -> None:
    table(action, path, needs=("buttons",))
    ids, titles = [], []
    for n, button in enumerate(listing(action["buttons"], f"{path}.buttons", most=3)):
        here = f"{path}.buttons[{n}]"
        table(button, here, needs=("type", "reply"))
        one_of(button["type"], f"{here}.type", ("reply",))
        reply = table(button["reply"], f"{here}.reply", needs=("id", "title"))
        ids.append(_id(reply["id"], f"{here}.reply.id", most=256))
        titles.append(text(reply["title"], f"{here}.reply.title", most=20))
    distinct(ids, f"{path}.buttons.reply.id")
    distinct(titles, f"{path}.buttons.reply.title")


def _list(action: Any, path: str) -> None:
    table(action, path, needs=("button", "sections"))
    text(action["button"], f"{path}.button", most=20)
    ids = []
    sections = listing(action["sections"], f"{path}.sections", most=SECTIONS)
    for n, section in enumerate(sections):
        here = f"{path}.sections[{n}]"
        _section_title(section, here, needed=len(sections) > 1, holds="rows")
        for m, row in enumerate(listing(section["rows"], f"{here}.rows", most=ROWS)):
            spot = f"{here}.rows[{m}]"
            table(row, spot, needs=("id", "title"), may=("description",))
            ids.append(_id(row["id"], f"{spot}.id", most=200))
            text(row["title"], f"{spot}.title", most=24)
            if "description" in row:
                text(row["description"], f"{spot}.description", most=72)
    distinct(ids, f"{path}.sections.rows.id")
    if len(ids) > ROWS:
        raise bad(f"{path}.sections", f"has {len(ids)} rows, at most {ROWS} are allowed in all sections together")


def _section_title(section: Any, path: str, *, needed: bool, holds: str) -> None:
    table(section, path, needs=(holds, "title") if needed else (holds,), may=("title",))
    if "title" in section:
        text(section["title"], f"{path}.title", most=24)


def _id(value: Any, path: str, *, most: int) -> str:
    if text(value, path, most=most) != value.strip():
        raise bad(path, "must not begin or end with a space")
    return str(value)


def _cta_url(action: Any, path: str) -> None:
    here = _parameters(action, path, "cta_url")
    given = table(action["parameters"], here, needs=("display_text", "url"), may=("payment_link_preview",))
    text(given["display_text"], f"{here}.display_text", most=20)
    link(given["url"], f"{here}.url")


def _parameters(action: Any, path: str, name: str) -> str:
    table(action, path, needs=("name", "parameters"))
    one_of(action["name"], f"{path}.name", (name,))
    return f"{path}.parameters"


def _named(name: str) -> Any:
    def check(action: Any, path: str) -> None:
        table(action, path, needs=("name",))
        one_of(action["name"], f"{path}.name", (name,))

    return check


def _catalog(action: Any, path: str) -> None:
    table(action, path, needs=("name",), may=("parameters",))
    one_of(action["name"], f"{path}.name", ("catalog_message",))
    given = table(action.get("parameters", {}), f"{path}.parameters", may=("thumbnail_product_retailer_id",))
    if "thumbnail_product_retailer_id" in given:
        text(given["thumbnail_product_retailer_id"], f"{path}.parameters.thumbnail_product_retailer_id", most=100)


def _product(action: Any, path: str) -> None:
    table(action, path, needs=("catalog_id", "product_retailer_id"))
    text(action["product_retailer_id"], f"{path}.product_retailer_id", most=100)


def _product_list(action: Any, path: str) -> None:
    table(action, path, needs=("catalog_id", "sections"))
    skus = []
    sections = listing(action["sections"], f"{path}.sections", most=SECTIONS)
    for n, section in enumerate(sections):
        here = f"{path}.sections[{n}]"
        _section_title(section, here, needed=len(sections) > 1, holds="product_items")
        for m, item in enumerate(listing(section["product_items"], f"{here}.product_items", most=PRODUCTS)):
            table(item, f"{here}.product_items[{m}]", needs=("product_retailer_id",))
            skus.append(text(item["product_retailer_id"], f"{here}.product_items[{m}].product_retailer_id", most=100))
    if len(skus) > PRODUCTS:
        raise bad(f"{path}.sections", f"has {len(skus)} products, at most {PRODUCTS} are allowed")


def _address(action: Any, path: str) -> None:
    here = _parameters(action, path, "address_message")
    given = table(
        action["parameters"], here, needs=("country",), may=("values", "saved_addresses", "validation_errors")
    )
    one_of(given["country"], f"{here}.country", ("IN",))
    _address_values(given.get("values", {}), f"{here}.values")
    _address_values(given.get("validation_errors", {}), f"{here}.validation_errors")
    for n, saved in enumerate(listing(given.get("saved_addresses", []), f"{here}.saved_addresses", least=0, most=10)):
        table(saved, f"{here}.saved_addresses[{n}]", needs=("id", "value"))
        _address_values(saved["value"], f"{here}.saved_addresses[{n}].value")


def _address_values(values: Any, path: str) -> None:
    table(values, path, may=ADDRESS_FIELDS)
    for name, value in values.items():
        text(value, f"{path}.{name}", most=512)
    if path.endswith("values") and not re.fullmatch(r"[0-9]{6}|", values.get("in_pin_code", "")):
        raise bad(f"{path}.in_pin_code", "is six digits")


def _flow(action: Any, path: str) -> None:
    here = _parameters(action, path, "flow")
    given = table(
        action["parameters"],
        here,
        needs=("flow_message_version", "flow_cta"),
        may=("flow_id", "flow_name", "flow_token", "mode", "flow_action", "flow_action_payload"),
    )
    one_of(given["flow_message_version"], f"{here}.flow_message_version", ("3",))
    text(given["flow_cta"], f"{here}.flow_cta", most=30)
    if ("flow_id" in given) == ("flow_name" in given):
        raise bad(here, "needs exactly one of flow_id and flow_name")
    one_of(given.get("mode", "published"), f"{here}.mode", ("draft", "published"))
    one_of(given.get("flow_action", "navigate"), f"{here}.flow_action", ("navigate", "data_exchange"))


_KINDS: dict[str, tuple[Any, tuple[str, ...], bool]] = {
    "button": (_button, _MEDIA_HEADERS, True),
    "list": (_list, ("text",), True),
    "cta_url": (_cta_url, _MEDIA_HEADERS, True),
    "catalog_message": (_catalog, (), True),
    "product": (_product, (), False),
    "product_list": (_product_list, ("text",), True),
    "location_request_message": (_named("send_location"), (), True),
    "request_contact_info": (_named("request_contact_info"), (), True),
    "address_message": (_address, ("text",), True),
    "order_details": (check_order_details, ("image",), True),
    "order_status": (check_order_status, (), True),
    "flow": (_flow, _MEDIA_HEADERS, True),
}
"""Type → check of its action, header types allowed, whether a body is needed. A list's body is cut at 1,024: the stricter
of two limits that Meta states."""
