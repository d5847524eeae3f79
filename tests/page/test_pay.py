"""Paying in the chat, on the page, in a real browser."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from bot import settings
from bot.app import App
from tests.page.test_order import phone
from tests.world import environment

pytestmark = pytest.mark.browser

SET = (
    "payment_methods=whatsapp_pay;pay.provider=razorpay;pay.configuration=nukkad;order_flow=pay_then_confirm;"
    "pay.importer=Demo Store, 12 MG Road, Pune, MH, 411001;delivery_methods=pickup"
)


async def test_what_is_asked_for_in_the_chat_is_reviewed_and_paid_there(
    browser: Browser, sqlite_url: str, tmp_path: Path
) -> None:
    app = App(settings.load(environment(sqlite_url, STORE_SETTINGS=SET)), files=tmp_path)
    await app.start()
    try:
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(f"http://127.0.0.1:{app.port}/sandbox/")
        asha = phone(page, "Asha Rao")
        await asha.get_by_role("button", name="Open the catalogue").click()
        await asha.get_by_role("button", name="Add Masala Chai").first.click()
        await asha.get_by_role("button", name="View cart").click()
        await asha.get_by_role("button", name="Send cart").click()
        await expect(asha).to_contain_text("To be paid")
        await asha.get_by_role("button", name="Review and pay").click()
        await expect(asha.get_by_role("dialog", name="Review and pay")).to_contain_text("Total")
        await asha.get_by_role("button", name="Let it fail").click()
        await expect(asha).to_contain_text("Payment failed; it can be tried again")
        await asha.get_by_role("button", name="Review and pay").click()
        await asha.get_by_role("button", name="Pay ₹").click()
        await expect(asha).to_contain_text("#1001 is confirmed")
        await expect(asha.get_by_role("button", name="Review and pay")).to_have_count(0)
        assert errors == []
        await page.close()
    finally:
        await app.stop()
