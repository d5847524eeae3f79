"""The schema's history, run by tortoise's own runner inside one transaction. Rules: docs/decisions/0003-migrations.md."""
