"""A fresh, migrated database with one store, once of each kind."""

from tests.models.conftest import database, migrated_database, migrated_file, postgres_url, ready_url, sqlite_url

__all__ = ["database", "migrated_database", "migrated_file", "postgres_url", "ready_url", "sqlite_url"]
