"""What Meta says of our number and its shop window, through pywa: for the doctor in the terminal, never on a message's way."""

from bot.settings import WhatsApp

TIMEOUT_S, CONNECT_S = 10.0, 3.0


async def complaints(whatsapp: WhatsApp) -> list[str]:
    """What is wrong with the number's settings at Meta, a sentence each with its remedy; empty when all is well."""
    import httpx
    from pywa_async.client import WhatsApp as Api
    from pywa_async.errors import WhatsAppError

    async with httpx.AsyncClient(timeout=httpx.Timeout(TIMEOUT_S, connect=CONNECT_S)) as session:
        # One session an object: pywa writes its address and our token into the session it is given.
        api = Api(
            phone_id=whatsapp.phone_number_id, token=whatsapp.access_token, session=session, server=None,
            waba_id=whatsapp.business_account_id, api_version=float(whatsapp.api_version.removeprefix("v")),
        )  # fmt: skip
        session.base_url = f"{whatsapp.api_url.rstrip('/')}/{whatsapp.api_version}"
        try:
            shop, number = await api.get_commerce_settings(), await api.get_business_phone_number()
        except WhatsAppError as error:
            return [f"Meta would not say how the number is set up (error {error.code}). Check the token."]
        except httpx.HTTPError as error:
            return [f"Meta could not be asked how the number is set up ({type(error).__name__}). Try again later."]
    found = []
    if not shop.is_catalog_visible:
        found.append(
            "The catalogue is hidden from customers. Make it visible in WhatsApp Manager, Account tools, Catalogue."
        )
    if not shop.is_cart_enabled:
        found.append(
            "The cart is switched off, so nobody can order. Switch it on in WhatsApp Manager, Account tools, Catalogue."
        )
    if number.quality_rating in ("YELLOW", "RED"):
        found.append(f"The number's quality is {number.quality_rating.lower()}: people block or report it. Send less.")
    if number.name_status not in (None, "APPROVED", "AVAILABLE_WITHOUT_REVIEW"):
        found.append("The number's display name is not approved. See WhatsApp Manager, Phone numbers.")
    return found
