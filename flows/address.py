"""A postal address as people give it: by WhatsApp's form, by a text, or by a shared place. Kept as its parts, shown as lines."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flows.inbound import Location
from flows.plain import plain

FORM, TEXT, PLACE, SAVED, STAFF = "form", "text", "place", "saved", "staff"
"""Where an address came from. Only what the form gave needs no reading back."""

Address = Mapping[str, str]

_FORM_FIELDS = {
    "name": 100, "phone_number": 20, "house_number": 60, "floor_number": 30, "tower_number": 30, "building_name": 80,
    "address": 200, "landmark_area": 100, "city": 60, "state": 60, "in_pin_code": 6,
}  # fmt: skip
"""Meta's keys of the address form for India, and how much of each we keep."""
_NEEDED = ("name", "address", "city", "in_pin_code")
_PIN = re.compile(r"[1-9][0-9]{5}")
_SHORTEST = 12
"""`12, MG Road` is the shortest text that a courier could find, and it needs a town."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """What is missing or wrong, as phrase keys by field; `values` is what was right, to fill the form with again."""

    faults: Mapping[str, str]
    values: Mapping[str, str]


def from_form(values: Mapping[str, object]) -> Address | Unusable:
    """The answer of WhatsApp's address form. Nothing in it is trusted: keys, types and lengths are checked."""
    given = values.get("values") if isinstance(values.get("values"), Mapping) else values
    assert isinstance(given, Mapping)
    parts = {
        name: text
        for name, limit in _FORM_FIELDS.items()
        if isinstance(value := given.get(name), str | int) and (text := plain(str(value), limit))
    }
    if "address" not in parts and (parts.get("house_number") or parts.get("building_name")):
        parts["address"] = parts.get("landmark_area") or parts.get("building_name") or parts["house_number"]
    faults = {name: f"address.missing_{name}" for name in _NEEDED if name not in parts}
    if (pin := parts.get("in_pin_code")) and not _PIN.fullmatch(pin):
        faults["in_pin_code"] = "address.bad_in_pin_code"
    good = {name: text for name, text in parts.items() if name not in faults}
    return Unusable(faults, good) if faults else parts


def from_text(text: str) -> Address | None:
    """An address in somebody's own words, line by line; None when it is too short to be one."""
    lines = [line for line in (plain(line, 200) for line in text.splitlines()) if line]
    said = "\n".join(lines)[:600]
    return {"text": said} if len(said) >= _SHORTEST and re.search(r"[^\W\d_]{2}", said) else None


def from_place(place: Location) -> Address:
    """A shared place: its name and address if the phone told them, and always the point on the map."""
    parts = {"name": plain(place.name or "", 100), "address": plain(place.address or "", 200)}
    parts["point"] = f"{place.latitude:.6f},{place.longitude:.6f}"
    return {name: text for name, text in parts.items() if text}


def lines(address: Address) -> list[str]:
    """The address as it is written on a parcel."""
    if "text" in address:
        return address["text"].splitlines()
    inner = ", ".join(
        address[part] for part in ("house_number", "floor_number", "tower_number", "building_name") if part in address
    )
    town = " ".join(address[part] for part in ("city", "in_pin_code") if part in address)
    every = [
        address.get("name"), inner, address.get("address"), address.get("landmark_area"), town, address.get("state"),
        f"Phone {address['phone_number']}" if "phone_number" in address else None,
        f"https://maps.google.com/?q={address['point']}" if "point" in address else None,
    ]  # fmt: skip
    seen: list[str] = []
    for line in every:
        if line and line not in seen:
            seen.append(line)
    return seen
