"""What the doctor learns of the number's settings, asked through pywa over real HTTP: why orders do not appear (S2-41)."""

from pathlib import Path

import aiohttp
from aiohttp import web

from bot.clock import Clock
from bot.sandbox import demo
from bot.sandbox.credentials import Credentials
from bot.sandbox.server import Sandbox
from bot.settings import WhatsApp
from bot.whatsapp.account import complaints


async def test_a_hidden_catalogue_and_a_closed_door_are_complained_of(tmp_path: Path) -> None:
    credentials = Credentials.load(tmp_path / "sandbox.json")
    sandbox = Sandbox(credentials=credentials, clock=Clock(), people=demo.PEOPLE, products=[], webhook=None)
    outer = web.Application()
    outer.add_subapp("/sandbox", sandbox.app())
    runner = web.AppRunner(outer)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    here = f"http://127.0.0.1:{runner.addresses[0][1]}/sandbox/graph"
    whatsapp = WhatsApp(
        credentials.phone_number_id, credentials.business_account_id, credentials.access_token,
        credentials.app_secret, credentials.verify_token, api_url=here,
    )  # fmt: skip
    try:
        assert await complaints(whatsapp) == []
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {credentials.access_token}"}) as http:
            address = f"{here}/v23.0/{credentials.phone_number_id}/whatsapp_commerce_settings"
            await http.post(address, params={"is_catalog_visible": "false", "is_cart_enabled": "true"})

        [hidden] = await complaints(whatsapp)

        assert hidden.startswith("The catalogue is hidden from customers.")
    finally:
        await runner.cleanup()
        await sandbox.stop()
    [unreachable] = await complaints(whatsapp)
    assert unreachable.startswith("Meta could not be asked how the number is set up")
