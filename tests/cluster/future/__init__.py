"""The schema's history and one migration that has not been written yet, of the kinds that are allowed."""

from models import migrations

__path__.extend(migrations.__path__)
