"""Chromium for the browser tests: found or installed, started without anything that would call home."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
NOT_FOUND = (
    "The browser tests need Chromium: set $CHROMIUM to its path, or put `chromium` on the path, "
    "or run them as root on Debian, where they install it."
)


class NoChromiumError(Exception):
    """No Chromium can be had here; says what would help."""


def find() -> str:
    """The path of Chromium; as root, Debian's package is installed when there is none. Prints when it does."""
    if found := os.environ.get("CHROMIUM") or shutil.which("chromium"):
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Debian's chromium for the browser tests …", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", "chromium"]):
            done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
            if done.returncode:
                raise NoChromiumError(f"{NOT_FOUND}\n`{' '.join(command)}` said: {done.stderr.strip()}")
        if found := shutil.which("chromium"):
            return found
    raise NoChromiumError(NOT_FOUND)


@asynccontextmanager
async def chromium(path: str) -> AsyncIterator[Browser]:
    """A fresh headless browser that resolves no name but localhost."""
    sandbox = os.geteuid() != 0  # Chromium refuses to run as root with its own sandbox on
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path, headless=True, args=list(FLAGS), chromium_sandbox=sandbox
        )
        try:
            yield browser
        finally:
            await browser.close()
