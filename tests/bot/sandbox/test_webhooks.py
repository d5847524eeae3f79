"""What people do, as Meta would report it: bodies with Meta's own keys and nothing else."""

from datetime import timedelta
from itertools import product

import orjson
import pytest

from tests.bot.sandbox.keysets import unknown
from tests.bot.sandbox.stage import ASHA, CREDENTIALS, MEERA, RAHUL, TEMPLATE, Json, Stage, wamid

BUTTONS = {
    "type": "button",
    "body": {"text": "Ready?"},
    "action": {"buttons": [{"type": "reply", "reply": {"id": "o1001.1.confirm", "title": "Confirm"}}]},
}
ROWS = {
    "type": "list",
    "body": {"text": "What?"},
    "action": {
        "button": "Open",
        "sections": [
            {"rows": [{"id": "m.hours", "title": "Hours"}, {"id": "m.tea", "title": "Tea", "description": "Hot"}]}
        ],
    },
}
ADDRESS = {
    "type": "address_message",
    "body": {"text": "Where to?"},
    "action": {"name": "address_message", "parameters": {"country": "IN"}},
}


async def offer(play: Stage, interactive: Json) -> str:
    return wamid(await play.send({"to": ASHA.wa_id, "type": "interactive", "interactive": interactive}))


async def last_message(play: Stage) -> Json:
    """What the bot was told last, without who and when."""
    await play.sandbox.run_once()
    message = next(m for value in reversed(play.bot.values()) for m in value.get("messages", []))
    return {name: message[name] for name in message if name not in {"from", "from_user_id", "id", "timestamp"}}


async def test_a_text_is_told_with_its_sender_and_time(play: Stage) -> None:
    said = play.sandbox.person("asha").say("Hi")
    await play.sandbox.run_once()

    assert orjson.loads(play.bot.bodies[0]) == {
        "object": "whatsapp_business_account",
        "entry": [
            {
                "id": CREDENTIALS.business_account_id,
                "changes": [
                    {
                        "field": "messages",
                        "value": {
                            "messaging_product": "whatsapp",
                            "metadata": {
                                "display_phone_number": CREDENTIALS.display_phone_number,
                                "phone_number_id": CREDENTIALS.phone_number_id,
                            },
                            "contacts": [{"profile": {"name": "Asha"}, "wa_id": "919800000001", "user_id": "IN.1001"}],
                            "messages": [
                                {
                                    "from": "919800000001",
                                    "from_user_id": "IN.1001",
                                    "id": said,
                                    "timestamp": "1772355600",
                                    "type": "text",
                                    "text": {"body": "Hi"},
                                }
                            ],
                        },
                    }
                ],
            }
        ],
    }


async def test_a_wamid_is_new_each_time(play: Stage) -> None:
    assert len({play.sandbox.person("asha").say("Hi") for _ in range(50)}) == 50


async def test_text_may_quote_or_be_forwarded_or_ask_about_a_product(play: Stage) -> None:
    asha = play.sandbox.person("asha")
    first = asha.say("Hi")
    asha.say("Again", first)
    assert (await last_message(play))["context"] == {"from": CREDENTIALS.display_phone_number, "id": first}
    asha.say("Look", forwarded=True)
    assert (await last_message(play))["context"] == {"forwarded": True}
    asha.ask_about("TEA", "Is it hot?")
    assert (await last_message(play))["context"]["referred_product"] == {
        "catalog_id": CREDENTIALS.catalog_id,
        "product_retailer_id": "TEA",
    }


async def test_a_tap_answers_by_the_id_and_quotes_its_message(play: Stage) -> None:
    asha = play.sandbox.person("asha")
    asha.say("Hi")
    asked, listed = await offer(play, BUTTONS), await offer(play, ROWS)

    asha.tap("Confirm")
    assert await last_message(play) == {
        "context": {"from": CREDENTIALS.display_phone_number, "id": asked},
        "type": "interactive",
        "interactive": {"type": "button_reply", "button_reply": {"id": "o1001.1.confirm", "title": "Confirm"}},
    }
    asha.tap("m.tea")
    assert await last_message(play) == {
        "context": {"from": CREDENTIALS.display_phone_number, "id": listed},
        "type": "interactive",
        "interactive": {"type": "list_reply", "list_reply": {"id": "m.tea", "title": "Tea", "description": "Hot"}},
    }


async def test_a_tap_finds_the_newest_offer_or_the_one_on_a_given_message(play: Stage) -> None:
    asha = play.sandbox.person("asha")
    asha.say("Hi")
    older, newer = await offer(play, BUTTONS), await offer(play, BUTTONS)

    asha.tap("o1001.1.confirm")
    assert (await last_message(play))["context"]["id"] == newer
    asha.tap("o1001.1.confirm", older)
    assert (await last_message(play))["context"]["id"] == older
    with pytest.raises(LookupError, match="'Cancel'"):
        asha.tap("Cancel")
    with pytest.raises(LookupError):
        play.sandbox.person("rahul").tap("Confirm")


async def test_a_button_of_a_template_answers_with_its_payload(play: Stage) -> None:
    buttons = {
        "type": "BUTTONS",
        "buttons": [{"type": "QUICK_REPLY", "text": "Stop"}, {"type": "QUICK_REPLY", "text": "Go"}],
    }
    play.sandbox.templates.create(TEMPLATE | {"components": [{"type": "BODY", "text": "Well?"}, buttons]})
    payload = {
        "type": "button",
        "sub_type": "quick_reply",
        "index": "1",
        "parameters": [{"type": "payload", "payload": "go!"}],
    }
    template = {"name": "order_update", "language": {"code": "en"}, "components": [payload]}
    sent = wamid(await play.send({"to": ASHA.wa_id, "type": "template", "template": template}))

    play.sandbox.person("asha").tap("Go")
    assert await last_message(play) == {
        "context": {"from": CREDENTIALS.display_phone_number, "id": sent},
        "type": "button",
        "button": {"payload": "go!", "text": "Go"},
    }


async def test_a_cart_carries_the_prices_that_the_phone_believes(play: Stage) -> None:
    asha = play.sandbox.person("asha")
    asha.cart([("TEA", 2), ("CUP", 1), ("GONE", 1, 5)], note="Quick!")

    assert (await last_message(play))["order"] == {
        "catalog_id": CREDENTIALS.catalog_id,
        "text": "Quick!",
        "product_items": [
            {"product_retailer_id": "TEA", "quantity": 2, "item_price": 349, "currency": "INR"},
            {"product_retailer_id": "CUP", "quantity": 1, "item_price": 99.5, "currency": "INR"},
            {"product_retailer_id": "GONE", "quantity": 1, "item_price": 5, "currency": "INR"},
        ],
    }
    assert asha.bubbles[-1].shown["cart"] == {
        "lines": [
            {"id": "TEA", "title": "Tea", "quantity": 2, "price_text": "₹349"},
            {"id": "CUP", "title": "Cup", "quantity": 1, "price_text": "₹99.5"},
            {"id": "GONE", "title": "GONE", "quantity": 1, "price_text": "₹5"},
        ],
        "total_text": "₹802.5",
    }


async def test_an_edit_and_a_revocation_name_the_original_and_change_the_phone(play: Stage) -> None:
    asha = play.sandbox.person("asha")
    first = asha.say("Hi")
    asha.edit(first, "Hello")
    assert (await last_message(play))["edit"] == {
        "original_message_id": first,
        "message": {"type": "text", "text": {"body": "Hello"}},
    }
    assert [(b.body, b.shown.get("edited")) for b in asha.bubbles] == [("Hello", True)]
    asha.revoke(first)
    assert (await last_message(play))["revoke"] == {"original_message_id": first}
    assert [b.shown for b in asha.bubbles] == [{"revoked": True}]
    with pytest.raises(LookupError):
        play.sandbox.person("rahul").revoke(first)


async def test_an_address_answers_the_form_that_the_phone_shows(play: Stage) -> None:
    asha = play.sandbox.person("asha")
    asha.say("Hi")
    with pytest.raises(LookupError):
        asha.address({"name": "Asha"})
    form = await offer(play, ADDRESS)
    asha.address({"name": "Asha", "in_pin_code": "560001"})
    message = await last_message(play)
    reply = message["interactive"]["nfm_reply"]

    assert message["context"]["id"] == form
    assert reply["name"] == "address_message"
    assert orjson.loads(reply["response_json"]) == {"values": {"name": "Asha", "in_pin_code": "560001"}}


async def test_a_new_number_is_told_and_the_old_one_reaches_nobody(play: Stage) -> None:
    play.sandbox.person("rahul").say("Hi")
    play.sandbox.person("rahul").change(wa_id="919800000099")
    message = await last_message(play)

    assert message["system"] == {
        "body": "User Rahul changed from 919800000002 to 919800000099",
        "wa_id": "919800000099",
        "type": "user_changed_number",
    }
    assert "contacts" not in play.bot.values()[-1]
    assert (await play.text(RAHUL))[1]["error"]["code"] == 131026
    assert (await play.send({"to": "919800000099", "type": "text", "text": {"body": "x"}}))[0] == 200


async def test_a_new_bsuid_is_told_with_the_old_one(play: Stage) -> None:
    play.sandbox.person("meera").change(bsuid="IN.2003")
    assert (await last_message(play))["system"] == {
        "type": "user_changed_user_id",
        "previous_user_id": "IN.1003",
        "user_id": "IN.2003",
    }
    play.sandbox.person("asha").change(wa_id="919800000098", bsuid="IN.2001")
    assert (await last_message(play))["system"] == {
        "type": "user_changed_number",
        "previous_user_id": "IN.1001",
        "user_id": "IN.2001",
        "wa_id": "919800000098",
    }
    with pytest.raises(ValueError, match="rahul already has"):
        play.sandbox.person("asha").change(wa_id=RAHUL.wa_id)


async def test_media_are_told_by_an_id_that_downloads(play: Stage) -> None:
    play.sandbox.person("asha").media(
        "document", b"%PDF-1", mime_type="application/pdf", filename="a.pdf", caption="See"
    )
    document = (await last_message(play))["document"]
    status, about = await play.graph("GET", document["id"])
    headers = {"Authorization": f"Bearer {CREDENTIALS.access_token}"}
    async with play.http.get(about["url"], headers=headers) as answer:
        assert (status, await answer.read(), answer.content_type) == (200, b"%PDF-1", "application/pdf")
    assert (document["filename"], document["caption"], about["file_size"]) == ("a.pdf", "See", 6)
    async with play.http.get(about["url"]) as answer:
        assert answer.status == 401
    play.clock.move(timedelta(days=7))
    assert (await play.graph("GET", document["id"]))[0] == 400


async def test_every_key_set_that_the_sandbox_emits_has_a_source(play: Stage) -> None:
    for name in ("asha", "rahul", "meera"):
        await everything(play, name)
    for statuses, opaque in product(("normal", "out_of_order"), ("everywhere", "missing")):
        play.sandbox.faults.change({"statuses": statuses, "opaque": opaque, "failed_next": 2, "auto_read": True})
        for version, person in product(("v23.0", "v25.0"), (ASHA, MEERA)):
            to = {"to": person.wa_id} if person.wa_id else {"recipient": person.bsuid}
            body = {**to, "type": "text", "text": {"body": "x"}, "biz_opaque_callback_data": "o"}
            assert (await play.send(body, version=version))[0] == 200
    play.sandbox.faults.change({"failed_next": 2, "failed_code": 1026, "failed_contacts": True})
    await play.text(ASHA)
    await play.text(MEERA)
    play.sandbox.templates.create(TEMPLATE)
    play.sandbox.world.review()
    await play.graph("POST", f"{CREDENTIALS.business_account_id}/message_templates", TEMPLATE | {"language": "hi"})
    play.sandbox.person("rahul").change(wa_id="919800000099")
    play.sandbox.person("meera").change(bsuid="IN.2003")
    play.sandbox.person("asha").change(wa_id="919800000098", bsuid="IN.2001")
    for shape in ("changes", "entries", "merged"):
        play.sandbox.faults.change({"batch": 100, "batch_shape": shape, "duplicate": 1, "duplicate_how": "rebatched"})
        await play.sandbox.run_once()
        play.sandbox.redeliver()
    await play.sandbox.run_once()

    bodies = [orjson.loads(body) for body in play.bot.bodies]
    assert len(bodies) > 9
    assert sorted({odd for body in bodies for odd in unknown(body)}) == []


async def everything(play: Stage, person: str) -> None:
    """All that one phone can send."""
    phone = play.sandbox.person(person)
    first = phone.say("Hi")
    phone.say("Again", first)
    phone.say("Look", forwarded=True)
    phone.ask_about("TEA", "Hot?")
    who = {"to": phone.person.wa_id} if phone.person.wa_id else {"recipient": phone.person.bsuid}
    for interactive in (BUTTONS, ROWS, ADDRESS):
        await play.send({**who, "type": "interactive", "interactive": interactive})
    for choice in ("Confirm", "m.hours", "m.tea"):
        phone.tap(choice)
    phone.address({"name": "x"})
    phone.address({"name": "x"}, saved="home")
    phone.forge_tap("o1.1.cancel", "Cancel")
    phone.cart([("TEA", 1)])
    phone.location(1.5, 2.5)
    phone.location(1.5, 2.5, name="Shop", address="1 Road", reply_to=first)
    phone.media("image", b"\xff\xd8\xff", mime_type="image/jpeg")
    phone.media("image", b"\xff\xd8\xff", mime_type="image/jpeg", caption="See")
    phone.media("document", b"%PDF", mime_type="application/pdf", filename="a.pdf")
    phone.media("document", b"%PDF", mime_type="application/pdf", filename="a.pdf", caption="See")
    phone.react(first, "👍")
    phone.react(first, "")
    phone.contacts([("A B", "+1"), ("C D", "")])
    phone.edit(first, "Hello")
    phone.revoke(first)
    phone.unsupported()


def test_the_table_knows_a_strange_key_when_it_sees_one() -> None:
    body = {
        "object": "x",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": {"statuses": [], "odd": 1}}]}],
    }
    assert unknown(body) == [("value:messages", "odd statuses")]
