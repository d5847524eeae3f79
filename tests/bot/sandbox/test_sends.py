"""Sending: the 24-hour window, the pace, who can be reached, and what comes back."""

from datetime import timedelta

import pytest

from tests.bot.sandbox.stage import ASHA, CREDENTIALS, MEERA, RAHUL, TEMPLATE, Stage, code, wamid

TEMPLATE_SEND = {
    "name": "order_update",
    "language": {"code": "en"},
    "components": [
        {"type": "body", "parameters": [{"type": "text", "text": "#1001"}, {"type": "text", "text": "shipped"}]}
    ],
}


async def test_a_send_is_answered_shown_and_reported(play: Stage) -> None:
    asha = play.sandbox.person("asha")
    asha.say("Hi")
    answer = await play.text(ASHA, "Hello", biz_opaque_callback_data="o1.7.1")

    assert answer == (
        200,
        {
            "messaging_product": "whatsapp",
            "contacts": [{"input": "919800000001", "wa_id": "919800000001", "user_id": "IN.1001"}],
            "messages": [{"id": wamid(answer)}],
        },
    )
    assert [(b.direction, b.body, b.status) for b in asha.bubbles] == [
        ("in", "Hi", "sent"),
        ("out", "Hello", "delivered"),
    ]
    assert await play.sandbox.run_once() is True
    assert play.bot.statuses_seen() == [
        {
            "id": wamid(answer),
            "status": state,
            "timestamp": "1772355600",
            "recipient_id": "919800000001",
            "recipient_user_id": "IN.1001",
            "biz_opaque_callback_data": "o1.7.1",
            "pricing": {
                "billable": False,
                "pricing_model": "PMP",
                "type": "free_customer_service",
                "category": "service",
            },
        }
        for state in ("sent", "delivered")
    ]
    assert await play.sandbox.run_once() is False


async def test_up_to_version_23_statuses_carry_their_conversation(play: Stage) -> None:
    play.sandbox.person("asha").say("Hi")
    await play.send({"to": ASHA.wa_id, "type": "text", "text": {"body": "x"}}, version="v23.0")
    await play.sandbox.run_once()
    sent, delivered = (status["conversation"] for status in play.bot.statuses_seen())

    assert sent == delivered | {"expiration_timestamp": "1772442000"}
    assert delivered["origin"] == {"type": "service"}


async def test_new_shows_what_reached_the_phone_since_the_last_look(play: Stage) -> None:
    asha = play.sandbox.person("asha")
    asha.say("Hi")
    await play.text(ASHA, "One")
    assert [b.body for b in asha.new()] == ["One"]
    play.sandbox.faults.failed_next = 1
    await play.text(ASHA, "Lost")
    await play.text(ASHA, "Two")
    assert [b.body for b in asha.new()] == ["Two"]
    assert asha.new() == []


async def test_the_window_is_closed_at_first_opens_with_a_message_and_closes_after_24_hours(play: Stage) -> None:
    assert code(await play.text(ASHA)) == (400, 131047)
    play.sandbox.person("asha").say("Hi")
    assert (await play.text(ASHA))[0] == 200
    assert code(await play.text(RAHUL)) == (400, 131047)
    play.clock.move(timedelta(hours=24) - timedelta(seconds=1))
    assert (await play.text(ASHA))[0] == 200
    play.clock.move(timedelta(seconds=1))
    assert code(await play.text(ASHA)) == (400, 131047)
    play.sandbox.person("asha").react(play.sandbox.person("asha").bubbles[0].wamid, "👍")
    assert (await play.text(ASHA))[0] == 200


async def test_templates_go_out_with_the_window_closed_and_are_priced(play: Stage) -> None:
    play.sandbox.templates.create(TEMPLATE)
    answer = await play.send({"to": RAHUL.wa_id, "type": "template", "template": TEMPLATE_SEND})
    await play.sandbox.run_once()
    [bubble] = play.sandbox.person("rahul").new()

    assert answer[0] == 200
    assert (bubble.type, bubble.body) == ("template", "Order #1001: shipped.")
    assert [status["pricing"]["category"] for status in play.bot.statuses_seen()] == ["utility", "utility"]
    assert play.sandbox.ledger.accepted()[0]["window_open"] is False


async def test_one_person_gets_a_burst_of_45_then_one_message_in_6_seconds(play: Stage) -> None:
    for person in ("asha", "rahul"):
        play.sandbox.person(person).say("Hi")
    play.sandbox.faults.number_per_s = 1000

    assert [(await play.text(ASHA))[0] for _ in range(45)] == [200] * 45
    assert code(await play.text(ASHA)) == (400, 131056)
    assert (await play.text(RAHUL))[0] == 200
    play.clock.move(timedelta(seconds=5))
    assert code(await play.text(ASHA)) == (400, 131056)
    play.clock.move(timedelta(seconds=1))
    assert (await play.text(ASHA))[0] == 200
    assert code(await play.text(ASHA)) == (400, 131056)


async def test_a_number_sends_80_messages_a_second(play: Stage) -> None:
    people = ("asha", "rahul")
    for person in people:
        play.sandbox.person(person).say("Hi")

    sent = [await play.text(ASHA if n % 2 else RAHUL) for n in range(80)]
    assert [status for status, _ in sent] == [200] * 80
    assert code(await play.text(RAHUL)) == (429, 130429)
    play.clock.move(timedelta(milliseconds=20))
    assert (await play.text(RAHUL))[0] == 200


async def test_a_person_without_a_number_is_reached_by_bsuid_only(play: Stage) -> None:
    play.sandbox.person("meera").say("Hi")
    answer = await play.text(MEERA, "Hello")
    await play.sandbox.run_once()

    assert answer[1]["contacts"] == [{"input": "IN.1003", "user_id": "IN.1003"}]
    [first, *_] = play.bot.values()
    assert first["contacts"] == [{"profile": {"name": "Meera"}, "user_id": "IN.1003"}]
    assert "from" not in first["messages"][0]
    assert first["messages"][0]["from_user_id"] == "IN.1003"
    assert {("recipient_id" in s, s["recipient_user_id"]) for s in play.bot.statuses_seen()} == {(False, "IN.1003")}


async def test_with_both_ids_the_number_wins(play: Stage) -> None:
    play.sandbox.person("asha").say("Hi")
    assert code(
        await play.send({"to": "919899999999", "recipient": "IN.1001", "type": "text", "text": {"body": "x"}})
    ) == (
        400,
        131026,
    )


async def test_nobody_and_oneself_cannot_be_reached(play: Stage) -> None:
    text = {"type": "text", "text": {"body": "x"}}
    assert code(await play.send({"to": "919899999999", **text})) == (400, 131026)
    assert code(await play.send({"to": CREDENTIALS.display_phone_number, **text})) == (400, 131021)


async def test_a_wrong_token_and_a_wrong_number_are_refused(play: Stage) -> None:
    url = play.server.make_url(f"/sandbox/graph/v25.0/{CREDENTIALS.phone_number_id}/messages")
    for token in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"bearer {CREDENTIALS.access_token}"}):
        async with play.http.post(url, json={}, headers=token) as answer:
            assert (answer.status, (await answer.json())["error"]["code"]) == (401, 190)
    assert code(await play.graph("POST", "1/messages", {})) == (400, 100)
    assert [entry["code"] for entry in play.sandbox.ledger.refused()] == [190, 190, 190, 100]


async def test_a_reply_quotes_a_message_of_the_same_conversation(play: Stage) -> None:
    asked = play.sandbox.person("asha").say("Hi")
    play.sandbox.person("rahul").say("Hi")
    await play.text(ASHA, "Yes?", context={"message_id": asked})

    assert play.sandbox.person("asha").new()[0].reply_to == asked
    for quoted in ("wamid.unknown", play.sandbox.person("rahul").bubbles[0].wamid):
        assert code(await play.text(ASHA, context={"message_id": quoted})) == (400, 131009)


async def test_reading_turns_the_persons_ticks_blue(play: Stage) -> None:
    asha = play.sandbox.person("asha")
    said = asha.say("Hi")
    read = {"status": "read", "message_id": said}

    assert await play.send(read | {"typing_indicator": {"type": "text"}}) == (200, {"success": True})
    assert asha.bubbles[0].status == "read"
    assert code(await play.send(read | {"message_id": "wamid.unknown"})) == (400, 131009)
    assert play.sandbox.ledger.accepted() == []


async def test_a_person_who_looks_reads_what_is_there_once(play: Stage) -> None:
    asha = play.sandbox.person("asha")
    asha.say("Hi")
    await play.text(ASHA, biz_opaque_callback_data="o1")

    assert (asha.look(), asha.look()) == (1, 0)
    await play.sandbox.run_once()
    assert play.bot.states() == ["sent", "delivered", "read"]
    assert asha.new()[0].status == "read"


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ({"type": "product", "action": {"catalog_id": "1", "product_retailer_id": "TEA"}}, 131009),
        ({"type": "product", "action": {"catalog_id": CREDENTIALS.catalog_id, "product_retailer_id": "NO"}}, 131009),
        (
            {
                "type": "catalog_message",
                "body": {"text": "Ours"},
                "action": {"name": "catalog_message", "parameters": {"thumbnail_product_retailer_id": "NO"}},
            },
            131009,
        ),
    ],
)
async def test_products_must_be_in_the_catalogue(play: Stage, action: object, expected: int) -> None:
    play.sandbox.person("asha").say("Hi")
    assert code(await play.send({"to": ASHA.wa_id, "type": "interactive", "interactive": action})) == (400, expected)


async def test_unknown_products_fall_off_a_list_unless_all_are(play: Stage) -> None:
    play.sandbox.person("asha").say("Hi")

    def listed(*skus: str) -> dict[str, object]:
        items = [{"product_retailer_id": sku} for sku in skus]
        return {
            "to": ASHA.wa_id,
            "type": "interactive",
            "interactive": {
                "type": "product_list",
                "header": {"type": "text", "text": "Ours"},
                "body": {"text": "All"},
                "action": {"catalog_id": CREDENTIALS.catalog_id, "sections": [{"title": "A", "product_items": items}]},
            },
        }

    assert (await play.send(listed("NO", "TEA")))[0] == 200
    assert play.sandbox.person("asha").new()[0].shown["products"] == ["TEA"]
    assert code(await play.send(listed("NO"))) == (400, 131009)


async def test_a_reference_id_serves_one_payment_request(play: Stage) -> None:
    play.sandbox.person("asha").say("Hi")

    def details(reference: str, **order: object) -> dict[str, object]:
        money = {"value": 34900, "offset": 100}
        parameters = {
            "reference_id": reference,
            "type": "digital-goods",
            "currency": "INR",
            "total_amount": money,
            "payment_settings": [{"type": "payment_link", "payment_link": {"uri": "https://pay.example"}}],
            "order": {
                "status": "pending",
                "catalog_id": CREDENTIALS.catalog_id,
                "items": [{"name": "Tea", "amount": money, "quantity": 1}],
                "subtotal": money,
                "tax": {"value": 0, "offset": 100},
                **order,
            },
        }
        action = {"name": "review_and_pay", "parameters": parameters}
        interactive = {"type": "order_details", "body": {"text": "Pay"}, "action": action}
        return {"to": ASHA.wa_id, "type": "interactive", "interactive": interactive}

    assert (await play.send(details("1001.1")))[0] == 200
    assert code(await play.send(details("1001.1"))) == (400, 131009)
    assert code(await play.send(details("1001.2", expiration={"timestamp": "1772355899"}))) == (400, 131009)
    assert (await play.send(details("1001.2", expiration={"timestamp": "1772355900"})))[0] == 200


async def test_a_body_that_is_not_json_is_refused(play: Stage) -> None:
    url = play.server.make_url(f"/sandbox/graph/v25.0/{CREDENTIALS.phone_number_id}/messages")
    headers = {"Authorization": f"Bearer {CREDENTIALS.access_token}", "Content-Type": "application/json"}
    async with play.http.post(url, data=b"{", headers=headers) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (400, 100)
