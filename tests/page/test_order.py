"""The page in a real browser: a newcomer orders as the customer and drives the order as the owner."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from bot import settings
from bot.app import App
from tests.world import environment

pytestmark = pytest.mark.browser


@pytest.fixture
async def page(browser: Browser, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Page]:
    """The sandbox's page of a bot that runs by itself, on an empty shop in SQLite."""
    app = App(settings.load(environment(sqlite_url)), files=tmp_path)
    await app.start()
    try:
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(f"http://127.0.0.1:{app.port}/sandbox/")
        yield page
        assert errors == []
        await page.close()
    finally:
        await app.stop()


def phone(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=f"Phone of {name}")


async def write(page: Page, name: str, words: str) -> None:
    box = phone(page, name).get_by_role("textbox", name=f"Message from {name} to the shop")
    await box.fill(words)
    await box.press("Enter")


async def order_tea(page: Page) -> None:
    """Everything a first-time customer does: the catalogue, the cart, the address."""
    asha = phone(page, "Asha Rao")
    await asha.get_by_role("button", name="Open the catalogue").click()
    await asha.get_by_role("button", name="Add Masala Chai").first.click()
    await asha.get_by_role("button", name="View cart").click()
    await asha.get_by_role("button", name="Send cart").click()
    await asha.get_by_role("button", name="Provide address").click()
    await asha.get_by_role("button", name="Fill in an example").click()
    await asha.get_by_role("button", name="Send address").click()
    await expect(asha).to_contain_text("#1001 is confirmed")


async def test_the_first_screen_explains_itself_and_an_order_goes_to_the_door(page: Page) -> None:
    asha, priya = phone(page, "Asha Rao"), phone(page, "Priya")
    await expect(page.get_by_text("open the catalogue on the left phone and send a cart")).to_be_visible()
    await write(page, "Priya", "help")
    await expect(priya).to_contain_text("You are owner of Demo Store")

    await order_tea(page)

    await expect(priya).to_contain_text("#1001 · Confirmed")
    await priya.get_by_role("button", name="Ship").click()
    await expect(priya).to_contain_text("racking number")
    await write(page, "Priya", "DTDC998877")
    await expect(asha).to_contain_text("#1001 is on its way to you.")
    await expect(asha).to_contain_text("DTDC998877")
    await write(page, "Priya", "out 1001")
    await expect(asha).to_contain_text("#1001 is out for delivery")
    await write(page, "Priya", "deliver 1001")
    await expect(asha).to_contain_text("#1001 is delivered.")


async def test_where_is_my_order_is_answered_with_its_timeline(page: Page) -> None:
    await order_tea(page)

    await write(page, "Asha Rao", "where is my order?")

    await expect(phone(page, "Asha Rao")).to_contain_text("Shipped")
    await expect(phone(page, "Asha Rao").get_by_role("button", name="Cancel order")).to_be_visible()
