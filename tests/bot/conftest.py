"""Logging that ends with the test."""

import logging
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from bot import logs


@pytest.fixture(autouse=True)
def logged() -> Iterator[StringIO]:
    """Where it is logged to, as in production; what a test makes of logging ends with the test."""
    root = logging.getLogger()
    handlers, level, raises = list(root.handlers), root.level, logging.raiseExceptions
    stream = StringIO()
    logs.configure(level="info", style="json", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.raiseExceptions = raises
    for name in logs.OURS:
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()
