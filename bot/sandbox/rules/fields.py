"""Reading one JSON object strictly: required and optional fields, nothing unknown, lengths counted in characters."""

from collections.abc import Collection
from typing import Any

from bot.sandbox.rules.errors import GraphError

Json = dict[str, Any]


def bad(path: str, why: str) -> GraphError:
    return GraphError(131009, f"{path}: {why}")


def missing(path: str) -> GraphError:
    return GraphError(131008, f"The parameter {path} is required.")


def table(value: Any, path: str, *, needs: Collection[str] = (), may: Collection[str] = ()) -> Json:
    """`value` as an object that has every field in `needs`, perhaps those in `may`, and no other."""
    if not isinstance(value, dict):
        raise bad(path, "must be an object")
    for name in needs:
        if value.get(name) is None:
            raise missing(f"{path}.{name}")
    if unknown := set(value) - set(needs) - set(may):
        raise GraphError(100, f'Unexpected key "{min(unknown)}" on param "{path}"')
    return value


def text(value: Any, path: str, *, most: int, least: int = 1) -> str:
    if not isinstance(value, str):
        raise bad(path, "must be a string")
    if len(value.strip()) < least:
        raise bad(path, "must not be empty")
    if len(value) > most:
        raise bad(path, f"has {len(value)} characters, at most {most} are allowed")
    return value


def whole(value: Any, path: str, *, least: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise bad(path, f"must be a whole number of {least} or more")
    return value


def one_of(value: Any, path: str, choices: Collection[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise bad(path, f"must be one of {', '.join(sorted(choices))}")
    return value


def listing(value: Any, path: str, *, least: int = 1, most: int) -> list[Any]:
    if not isinstance(value, list):
        raise bad(path, "must be a list")
    if not least <= len(value) <= most:
        raise bad(path, f"has {len(value)} entries, {least} to {most} are allowed")
    return value


def distinct(values: list[str], path: str) -> None:
    if len(set(values)) < len(values):
        raise bad(path, "must be unique")


def link(value: Any, path: str) -> str:
    if not text(value, path, most=2000).startswith(("http://", "https://")):
        raise bad(path, "must be a web address")
    return str(value)
