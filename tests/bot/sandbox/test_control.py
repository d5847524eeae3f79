"""The page's side: JSON in, bubbles and live events out, for this machine only."""

from typing import Any

import orjson
import pytest

from tests.bot.sandbox.stage import ASHA, START, Json, Stage, stage

FORM = {
    "type": "address_message",
    "body": {"text": "Where to?"},
    "action": {"name": "address_message", "parameters": {"country": "IN"}},
}


async def test_state_holds_all_that_the_page_draws(play: Stage) -> None:
    play.sandbox.person("asha").say("Hi")
    status, state = await play.control("GET", "state")

    assert status == 200
    assert state["clock"] == {"now": START.isoformat(), "offset_s": 0.0}
    assert state["number"] == {"display": "+910000000100", "name": "Demo Store"}
    assert state["people"][0] == {
        "id": "asha",
        "name": "Asha",
        "wa_id": "919800000001",
        "bsuid": "IN.1001",
        "role": "customer",
    }
    assert state["catalogue"][1] == {
        "id": "CUP",
        "title": "Cup",
        "description": "",
        "price": 99.5,
        "currency": "INR",
        "price_text": "₹99.50",
        "image": "",
        "brand": "",
        "availability": "in stock",
        "duration": "",
    }
    assert state["conversations"]["asha"] == [play.sandbox.person("asha").bubbles[0].json()]
    assert state["window"] == {"asha": "2026-03-02T09:00:00+00:00", "rahul": None, "meera": None}
    assert set(state["faults"]) == {row["name"] for row in state["fault_table"]}


async def test_every_kind_of_message_can_be_sent_from_the_page(play: Stage) -> None:
    first = play.sandbox.person("asha").say("Hi")
    await play.send({"to": ASHA.wa_id, "type": "interactive", "interactive": FORM})
    said: list[Json] = [
        {"type": "text", "text": "Hello", "reply_to": first},
        {"type": "text", "text": "Look", "forwarded": True},
        {"type": "cart", "lines": [{"id": "TEA", "quantity": 2}], "note": "Quick"},
        {"type": "location", "values": {"latitude": 12.5, "longitude": 77, "name": "Shop"}},
        {"type": "image"},
        {"type": "document", "data": "JVBERg==", "mime_type": "application/pdf", "filename": "a.pdf"},
        {"type": "reaction", "text": "👍", "reply_to": first},
        {"type": "edit", "text": "Hey", "reply_to": first},
        {"type": "revoke", "reply_to": first},
        {"type": "contacts"},
        {"type": "address", "values": {"name": "Asha"}},
    ]
    answers = [await play.control("POST", "messages", {"person": "asha", **message}) for message in said]
    await play.sandbox.run_once()
    arrived = [message for value in play.bot.values() for message in value.get("messages", [])]

    assert [status for status, _ in answers] == [202] * len(said)
    assert [m["id"] for m in arrived[1:]] == [answer["wamid"] for _, answer in answers]
    assert [m["type"] for m in arrived[1:]] == [
        "text", "text", "order", "location", "image", "document", "reaction", "edit", "revoke", "contacts", "interactive",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "status", "words"),
    [
        ({"person": "nobody", "type": "text", "text": "x"}, 404, "nobody here is called 'nobody'"),
        ({"type": "text", "text": "x"}, 400, "person is missing"),
        ({"person": "asha", "type": "text"}, 400, "text is missing"),
        ({"person": "asha", "type": "poll"}, 400, "'poll'"),
        ({"person": "asha", "type": "tap", "id": "x"}, 404, "'x'"),
        ({"person": "asha", "type": "cart", "lines": []}, 400, "lines"),
        ({"person": "asha", "type": "location", "latitude": "x"}, 400, "latitude"),
        ({"person": "asha", "type": "image", "data": "?", "mime_type": "image/png"}, 400, "base64"),
        ({"person": "asha", "type": "address", "values": {}}, 404, "address"),
        ([], 400, "object"),
    ],
)
async def test_what_a_phone_cannot_do_is_said_in_words(play: Stage, message: Any, status: int, words: str) -> None:
    answer = await play.control("POST", "messages", message)
    assert answer[0] == status
    assert words in answer[1]["error"]
    assert play.sandbox.person("asha").bubbles == []


async def test_people_are_added_and_change_their_number(play: Stage) -> None:
    status, added = await play.control("POST", "people", {"name": "Ben Ö", "wa_id": "919800000009", "role": "staff"})
    assert (status, added["id"], added["role"]) == (201, "ben-ö", "staff")
    assert (await play.control("POST", "people", {"name": "Ben Ö", "bsuid": "IN.9"}))[1]["id"] == "ben-ö-2"
    for wrong in ({"name": "X"}, {"name": "X", "wa_id": "+91"}, {"name": "X", "wa_id": ASHA.wa_id}, {"wa_id": "1"}):
        assert (await play.control("POST", "people", wrong))[0] == 400
    assert (await play.control("POST", "people/ben-ö/change", {"wa_id": "919800000010"}))[0] == 202
    assert (await play.control("POST", "people/ben-ö/change", {}))[0] == 400
    await play.sandbox.run_once()
    assert play.bot.values()[0]["messages"][0]["system"]["wa_id"] == "919800000010"


async def test_looking_reads(play: Stage) -> None:
    play.sandbox.person("asha").say("Hi")
    await play.text(ASHA)
    assert await play.control("POST", "look", {"person": "asha"}) == (200, {"read": 1})
    assert await play.control("POST", "look", {"person": "asha"}) == (200, {"read": 0})


async def test_the_clock_moves_forward_only(play: Stage) -> None:
    assert await play.control("POST", "clock", {"advance_s": 90000}) == (
        200,
        {"now": "2026-03-02T10:00:00+00:00", "offset_s": 90000.0},
    )
    for wrong in (-1, "1", None, True):
        assert (await play.control("POST", "clock", {"advance_s": wrong}))[0] == 400


async def test_faults_are_set_and_cleared(play: Stage) -> None:
    status, values = await play.control("POST", "faults", {"duplicate": 2, "statuses": "never"})
    assert (status, values["duplicate"], values["statuses"]) == (200, 2, "never")
    assert (await play.control("POST", "faults", {"statuses": "odd"}))[0] == 400
    _, cleared = await play.control("DELETE", "faults")
    assert (cleared["duplicate"], cleared["statuses"]) == (0, "normal")


async def test_the_ledger_is_read_as_lines(play: Stage) -> None:
    said = play.sandbox.person("asha").say("Hi")
    await play.sandbox.run_once()
    async with play.http.get(play.server.make_url("/sandbox/control/ledger")) as answer:
        lines = [orjson.loads(line) for line in (await answer.read()).splitlines()]
    assert [line["kind"] for line in lines] == ["wrote", "bubble", "queued", "acknowledged", "tick"]
    assert lines[3]["sources"] == [said]


async def test_redelivery_and_import(play: Stage) -> None:
    said = play.sandbox.person("asha").say("Hi")
    await play.sandbox.run_once()
    assert await play.control("POST", "redeliver", {"wamid": said}) == (202, {"queued": 1})
    play.bot.statuses = [418]
    url = play.server.make_url("/sandbox/control/webhooks")
    async with play.http.post(url, data=b'{"any": "body"}') as answer:
        assert await answer.json() == {"status": 418}
    assert play.bot.bodies[-1] == b'{"any": "body"}'
    assert play.bot.headers[-1]["X-Hub-Signature-256"].startswith("sha256=")


async def test_events_are_live_and_end_when_the_sandbox_stops() -> None:
    async with stage() as play, play.http.get(play.server.make_url("/sandbox/control/events")) as stream:
        assert stream.content_type == "text/event-stream"
        assert await stream.content.readuntil(b"\n\n") == b": open\n\n"
        said = play.sandbox.person("asha").say("Hi")
        await play.control("POST", "look", {"person": "asha"})
        await play.control("POST", "faults", {"batch": 2})
        await play.control("POST", "clock", {"advance_s": 1})
        events = [orjson.loads((await stream.content.readuntil(b"\n\n"))[6:]) for _ in range(3)]
        await play.sandbox.stop()
        assert await stream.content.read() == b""

    bubble = play.sandbox.person("asha").bubbles[0].json()
    assert [event["kind"] for event in events] == ["bubble", "faults", "clock"]
    assert events[0] == {"kind": "bubble", "person": "asha", "bubble": bubble}
    assert bubble["wamid"] == said
    assert (events[1]["faults"]["batch"], events[2]["offset_s"]) == (2, 1.0)


async def test_silence_is_filled_with_comments(play: Stage) -> None:
    play.sandbox.world.events.quiet_s = 0.01
    async with play.http.get(play.server.make_url("/sandbox/control/events")) as stream:
        assert await stream.content.readexactly(17) == b": open\n\n: quiet\n\n"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "127.0.0.1:8080"}, 200),
        ({"Host": "localhost"}, 200),
        ({"Host": "[::1]:8080"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example:80"}, 403),
    ],
)
async def test_only_this_machine_under_its_own_name_is_answered(
    play: Stage, headers: dict[str, str], status: int
) -> None:
    async with play.http.get(play.server.make_url("/sandbox/control/state"), headers=headers) as answer:
        assert answer.status == status


async def test_a_path_that_only_looks_like_the_graph_api_is_guarded_too(play: Stage) -> None:
    for path in ("control/people/graph/change", "graph/../control/state", "nothing/graph/here"):
        url = play.server.make_url(f"/sandbox/{path}")
        async with play.http.post(url, data=b"{}", headers={"Host": "evil.example"}) as answer:
            assert answer.status in {403, 405}


@pytest.mark.parametrize(
    ("site", "status"), [("same-origin", 200), ("none", 200), ("cross-site", 403), ("same-site", 403)]
)
async def test_other_sites_give_no_orders(play: Stage, site: str, status: int) -> None:
    url = play.server.make_url("/sandbox/control/look")
    async with play.http.post(url, data=b'{"person":"asha"}', headers={"Sec-Fetch-Site": site}) as answer:
        assert answer.status == status


async def test_the_page_and_its_parts_are_served_with_strict_headers(play: Stage) -> None:
    for path, kind in (("", "html"), ("static/app.js", "javascript"), ("pictures/chai.png", "png")):
        async with play.http.get(play.server.make_url(f"/sandbox/{path}")) as answer:
            assert (answer.status, answer.content_type.partition("/")[2]) == (200, kind)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
