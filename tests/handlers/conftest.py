"""A fresh, migrated database with one store, once of each kind."""

from tests.models.conftest import database

__all__ = ["database"]
