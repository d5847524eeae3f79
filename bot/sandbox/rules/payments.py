"""order_details and order_status: fields, lengths and sums (Meta, "Payments API" for India and Brazil, read 2026)."""

import re
from typing import Any

from bot.sandbox.rules.fields import Json, bad, listing, missing, one_of, table, text, whole

ORDER_STATUSES = (
    "pending", "processing", "partially-shipped", "partially_shipped", "shipped", "completed", "canceled",
)  # fmt: skip
"""Meta spells the partial one in two ways; both are taken (a guess)."""
REFERENCE = {"INR": 35, "BRL": 60}
SETTINGS = (
    "payment_gateway", "upi_intent_link", "payment_link", "pix_dynamic_code", "boleto", "offsite_card_pay",
)  # fmt: skip
IMPORTER = ("country_of_origin", "importer_name", "importer_address")


def check_order_details(action: Any, path: str) -> None:
    table(action, path, needs=("name", "parameters"))
    one_of(action["name"], f"{path}.name", ("review_and_pay",))
    here = f"{path}.parameters"
    given = table(
        action["parameters"],
        here,
        needs=("reference_id", "type", "currency", "total_amount", "order"),
        may=("payment_settings", "payment_type", "payment_configuration", "beneficiaries"),
    )
    currency = one_of(given["currency"], f"{here}.currency", REFERENCE)
    _reference(given["reference_id"], f"{here}.reference_id", most=REFERENCE[currency])
    one_of(given["type"], f"{here}.type", ("physical-goods", "digital-goods"))
    _settings(given, here)
    _beneficiaries(given.get("beneficiaries", []), f"{here}.beneficiaries")
    _order(given["order"], f"{here}.order", retailer_ids=currency == "BRL")
    _sums(given, here)


def check_order_status(action: Any, path: str) -> None:
    table(action, path, needs=("name", "parameters"))
    one_of(action["name"], f"{path}.name", ("review_order",))
    here = f"{path}.parameters"
    given = table(action["parameters"], here, needs=("reference_id", "order"), may=("payment",))
    _reference(given["reference_id"], f"{here}.reference_id", most=max(REFERENCE.values()))
    order = table(given["order"], f"{here}.order", needs=("status",), may=("description",))
    one_of(order["status"], f"{here}.order.status", ORDER_STATUSES)
    if "description" in order:
        text(order["description"], f"{here}.order.description", most=120)
    if "payment" in given:
        payment = table(given["payment"], f"{here}.payment", needs=("status", "timestamp"))
        one_of(payment["status"], f"{here}.payment.status", ("pending", "captured", "failed"))


def _reference(value: Any, path: str, *, most: int) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", text(value, path, most=most)):
        raise bad(path, "is made of letters, digits, underscores, points and hyphens")


def _settings(given: Json, path: str) -> None:
    if "payment_configuration" in given:  # the older form, still in Meta's own OpenAPI
        return
    if "payment_settings" not in given:
        raise missing(f"{path}.payment_settings")
    for n, setting in enumerate(listing(given["payment_settings"], f"{path}.payment_settings", most=len(SETTINGS))):
        here = f"{path}.payment_settings[{n}]"
        kind = one_of(table(setting, here, needs=("type",), may=SETTINGS)["type"], f"{here}.type", SETTINGS)
        table(setting, here, needs=("type", kind))


def _beneficiaries(value: Any, path: str) -> None:
    for n, person in enumerate(listing(value, path, least=0, most=1)):
        here = f"{path}[{n}]"
        needs = ("name", "address_line1", "city", "state", "country", "postal_code")
        table(person, here, needs=needs, may=("address_line2",))
        text(person["name"], f"{here}.name", most=200)
        text(person["address_line1"], f"{here}.address_line1", most=100)
        if not re.fullmatch(r"[0-9]{6}", str(person["postal_code"])):
            raise bad(f"{here}.postal_code", "is six digits")


def _order(value: Any, path: str, *, retailer_ids: bool) -> None:
    needs = ("status", "items", "subtotal", "tax")
    order = table(value, path, needs=needs, may=("type", "catalog_id", "expiration", "shipping", "discount"))
    one_of(order["status"], f"{path}.status", ("pending",))
    one_of(order.get("type", "quick_pay"), f"{path}.type", ("quick_pay",))
    if "expiration" in order:
        expiration = table(order["expiration"], f"{path}.expiration", needs=("timestamp",), may=("description",))
        if not re.fullmatch(r"[0-9]{10}", str(expiration["timestamp"])):
            raise bad(f"{path}.expiration.timestamp", "is Unix seconds, as a string")
        text(expiration.get("description", "-"), f"{path}.expiration.description", most=120)
    for n, item in enumerate(listing(order["items"], f"{path}.items", most=999)):
        _item(item, f"{path}.items[{n}]", retailer_id=retailer_ids, imported="catalog_id" not in order)
    pictured = [item for item in order["items"] if "image" in item]
    if pictured and ("catalog_id" in order or len(order["items"]) > 10 or any("retailer_id" in i for i in pictured)):
        raise bad(f"{path}.items.image", "only without catalog_id and retailer_id, and then for at most ten items")
    for name in ("tax", "shipping", "discount"):
        amount = table(
            order.get(name, {}), f"{path}.{name}", may=("value", "offset", "description", "discount_program_name")
        )
        for words in ("description", "discount_program_name"):
            text(amount.get(words, "-"), f"{path}.{name}.{words}", most=60)


def _item(item: Any, path: str, *, retailer_id: bool, imported: bool) -> None:
    needs = ("name", "amount", "quantity", "retailer_id") if retailer_id else ("name", "amount", "quantity")
    table(item, path, needs=needs, may=("retailer_id", "image", "sale_amount", *IMPORTER))
    text(item["name"], f"{path}.name", most=60)
    whole(item["quantity"], f"{path}.quantity", least=1)
    if imported and not retailer_id:
        table(item, path, needs=(*needs, *IMPORTER), may=("retailer_id", "image", "sale_amount"))


def _sums(given: Json, path: str) -> None:
    order = given["order"]
    here = f"{path}.order"
    lines = sum(
        item["quantity"] * _minor(item.get("sale_amount", item["amount"]), f"{here}.items[{n}].amount")
        for n, item in enumerate(order["items"])
    )
    subtotal = _minor(order["subtotal"], f"{here}.subtotal")
    if subtotal != lines:
        raise bad(f"{here}.subtotal", f"is {subtotal}, the items sum to {lines}")
    tax, shipping, discount = (
        _minor(order.get(name, {"value": 0, "offset": 100}), f"{here}.{name}")
        for name in ("tax", "shipping", "discount")
    )
    total = _minor(given["total_amount"], f"{path}.total_amount")
    if total != subtotal + tax + shipping - discount:
        raise bad(f"{path}.total_amount", f"is {total}, the parts sum to {subtotal + tax + shipping - discount}")


def _minor(amount: Any, path: str) -> int:
    table(amount, path, needs=("value", "offset"), may=("description", "discount_program_name"))
    if amount["offset"] != 100:
        raise bad(f"{path}.offset", "is always 100")
    return whole(amount["value"], f"{path}.value")
