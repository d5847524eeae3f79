"""Finding Chromium in the order promised, and a browser that opens local pages and nothing else."""

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, Error

from tests import browser as chromium_for_tests

# Stands in for Debian's package manager: notes what was asked, and "installs" a file of that name beside itself.
APT_GET = """#!/bin/sh
echo "$@" >> "${0%/*}/asked"
test "$1" = update || { : > "${0%/*}/chromium"; /bin/chmod +x "${0%/*}/chromium"; }
"""


def executable(path: Path, text: str = "") -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on its path."""
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_the_environment_names_chromium(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(path / "chromium")
    monkeypatch.setenv("CHROMIUM", "/opt/chromium")
    assert chromium_for_tests.find() == "/opt/chromium"


def test_else_the_path_has_it(path: Path) -> None:
    chromium = executable(path / "chromium")
    assert chromium_for_tests.find() == str(chromium)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs packages")
def test_else_root_installs_debians_package_and_says_so(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    executable(path / "apt-get", APT_GET)
    assert chromium_for_tests.find() == str(path / "chromium")
    assert (path / "asked").read_text() == "update\ninstall -y chromium\n"
    assert capsys.readouterr().out == "Installing Debian's chromium for the browser tests …\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs packages")
def test_a_failed_installation_says_why(path: Path) -> None:
    executable(path / "apt-get", "#!/bin/sh\necho 'no route to the mirror' >&2; exit 100\n")
    with pytest.raises(chromium_for_tests.NoChromiumError, match=r"set \$CHROMIUM(.|\n)*no route to the mirror"):
        chromium_for_tests.find()


def test_else_it_fails_and_says_what_would_help(path: Path) -> None:
    with pytest.raises(chromium_for_tests.NoChromiumError, match=r"set \$CHROMIUM to its path"):
        chromium_for_tests.find()


@pytest.mark.browser
async def test_it_opens_a_local_page_and_resolves_no_foreign_name(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("<title>Waybill</title><p>Namaste")
    page = await browser.new_page()
    await page.goto(file.as_uri())
    assert await page.title() == "Waybill"
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        await page.goto("http://graph.example/")
