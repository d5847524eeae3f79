"""The doors of the webhook's own tests."""

from tests.bot.web.conftest import shut, stored

__all__ = ["shut", "stored"]
