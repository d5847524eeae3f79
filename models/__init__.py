"""PERSISTENCE: the only importer of tortoise. Each file: its …Row classes, then the verbs on them."""

from tortoise import models as orm


def _no_comments(cls: type[orm.Model]) -> dict[str, str]:  # noqa: ARG001 - as tortoise calls it
    return {}


# For each row class tortoise reads and parses its whole file, in search of `#:` comments to give to the columns: a quarter of
# a start. There are none. (The name is private: tortoise is pinned exactly.)
assert callable(orm._get_comments)
orm._get_comments = _no_comments
