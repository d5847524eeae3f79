"""Calendars, the sessions on them, and the appointments that take their places. No two sessions of a calendar overlap."""

from tortoise import Model, fields


# Of a member of staff, or of a service that nobody in particular does. `exceptions` is ISO day → hours, or `closed`.
class CalendarRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    name = fields.CharField(max_length=100)
    sku = fields.CharField(max_length=100, null=True)
    hours = fields.TextField(default="", db_default="")
    exceptions: dict[str, str] = fields.JSONField()
    contact_id = fields.BigIntField(null=True)

    class Meta:
        table = "calendar"
        unique_together = (("store_id", "name"),)


# One that nobody has a place in is deleted; the database keeps `0 <= taken <= capacity`.
class SessionRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    calendar_id = fields.BigIntField()
    sku = fields.CharField(max_length=100)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    busy_from = fields.DatetimeField()
    busy_until = fields.DatetimeField()
    capacity = fields.BigIntField()
    taken = fields.BigIntField()

    class Meta:
        table = "session"


# `held_until` is there for as long as the places are held and belong to no order.
class AppointmentRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    contact_id = fields.BigIntField()
    sku = fields.CharField(max_length=100)
    calendar_id = fields.BigIntField()
    calendar = fields.CharField(max_length=100)
    places = fields.BigIntField()
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    session_id = fields.BigIntField(null=True)
    order_id = fields.BigIntField(null=True)
    held_until = fields.DatetimeField(null=True)
    reminded_at = fields.DatetimeField(null=True)
    coming_at = fields.DatetimeField(null=True)
    version = fields.BigIntField()

    class Meta:
        table = "appointment"


# A time at which nobody can be booked: of one calendar, or of all. What is booked already stays.
class BlockRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    calendar_id = fields.BigIntField(null=True)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    note = fields.TextField()
    contact_id = fields.BigIntField(null=True)
    removed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "block"


# Who wants to hear when something is free on a day of the store's after all.
class SlotWishRow(Model):
    id = fields.BigIntField(primary_key=True, generated=False)
    store_id = fields.BigIntField()
    contact_id = fields.BigIntField()
    sku = fields.CharField(max_length=100)
    day = fields.CharField(max_length=10)
    made_at = fields.DatetimeField()
    told_at = fields.DatetimeField(null=True)

    class Meta:
        table = "slot_wish"
