"""English: what stands in a customer's own calendar."""

from collections.abc import Mapping

PHRASES: Mapping[str, str | Mapping[str, str]] = {
    "calendar.button": "Add to calendar",
    "calendar.order": "Booking {number} at {shop}.",
    "calendar.person": "With {person}.",
    "calendar.places": {"one": "For {count} person.", "other": "For {count} people."},
    "calendar.waits": "{shop} has still to confirm it.",
    "calendar.ended": "It does not take place.",
}
