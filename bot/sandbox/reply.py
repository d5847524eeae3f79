"""JSON as every API of the sandbox answers it."""

from typing import Any

import orjson
from aiohttp import web


def reply(data: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=orjson.dumps(data), status=status, content_type="application/json", headers=headers)
