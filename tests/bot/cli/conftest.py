"""An office on a migrated database, with a shop or before its first start, and an environment of its own."""

from pathlib import Path

import pytest

from bot import settings
from tests.bot.cli.office import Office


@pytest.fixture
def bare(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Office:
    """On SQLite, migrated, before the first start."""
    return _office(sqlite_url, tmp_path, monkeypatch, capsys)


@pytest.fixture
def shop(ready_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Office:
    """On either database, after the first start."""
    office = _office(ready_url, tmp_path, monkeypatch, capsys)
    office.open_shop()
    return office


def _office(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> Office:
    for name in settings.NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("DATABASE_URL", url)
    return Office(url, folder, capture)
