"""Webhooks on their way: signed over the exact bytes, batched, repeated, shuffled, and tried again until somebody says 2xx."""

import hashlib
import hmac
from datetime import timedelta

import orjson
import pytest

from tests.bot.sandbox.stage import ASHA, CREDENTIALS, Stage


def ids(body: bytes) -> list[str]:
    entries = orjson.loads(body)["entry"]
    return [m["id"] for e in entries for c in e["changes"] for m in c["value"].get("messages", [])]


async def test_the_signature_fits_the_bytes_and_they_are_escaped_like_metas(play: Stage) -> None:
    play.sandbox.person("asha").say("नमस्ते 5% </b> a@b.c")
    await play.sandbox.run_once()
    [body], [headers] = play.bot.bodies, play.bot.headers
    digest = hmac.new(CREDENTIALS.app_secret.encode(), body, hashlib.sha256).hexdigest()

    assert headers["X-Hub-Signature-256"] == f"sha256={digest}"
    assert headers["Content-Type"] == "application/json"
    assert body.isascii()
    assert b"\\u0928\\u092e\\u0938\\u094d\\u0924\\u0947 5\\u0025 \\u003C\\/b> a\\u0040b.c" in body
    assert play.bot.texts() == ["नमस्ते 5% </b> a@b.c"]


async def test_nothing_goes_out_without_an_address(play: Stage) -> None:
    address, play.sandbox.webhook = play.sandbox.webhook, None
    play.sandbox.person("asha").say("Hi")
    assert await play.sandbox.run_once() is False
    play.sandbox.webhook = address
    assert await play.sandbox.run_once() is True
    assert play.bot.texts() == ["Hi"]


async def test_a_refused_webhook_comes_again_after_growing_pauses(play: Stage) -> None:
    play.bot.statuses = [503, 500, 401, 302]
    said = play.sandbox.person("asha").say("Hi")
    for pause in (1, 2, 4, 8):
        assert await play.sandbox.run_once() is False
        play.clock.move(timedelta(seconds=pause) - timedelta(milliseconds=1))
        assert await play.sandbox.run_once() is False
        play.clock.move(timedelta(milliseconds=1))
    assert await play.sandbox.run_once() is True

    assert [ids(body) for body in play.bot.bodies] == [[said]] * 5
    assert [entry["status"] for entry in play.sandbox.ledger.of("rejected")] == [503, 500, 401, 302]
    assert play.sandbox.ledger.acknowledged() == {said: 1}
    assert play.sandbox.person("asha").bubbles[0].status == "delivered"


async def test_what_failed_is_regrouped_into_one_body(play: Stage) -> None:
    play.bot.statuses = [503] * 3
    said = [play.sandbox.person("asha").say(str(n)) for n in range(3)]
    await play.sandbox.run_once()
    assert [ids(body) for body in play.bot.bodies] == [[wamid] for wamid in said]
    play.clock.move(timedelta(seconds=1))
    await play.sandbox.run_once()
    assert ids(play.bot.bodies[3]) == said
    assert len(play.bot.bodies) == 4


async def test_a_body_holds_at_most_1000_updates(play: Stage) -> None:
    play.sandbox.faults.batch = 5000
    for n in range(1001):
        play.sandbox.person("asha").say(str(n))
    await play.sandbox.run_once()
    assert [len(ids(body)) for body in play.bot.bodies] == [1000, 1]


async def test_after_seven_days_meta_gives_up(play: Stage) -> None:
    said = play.sandbox.person("asha").say("Hi")
    play.bot.statuses = [503, 503]
    await play.sandbox.run_once()
    play.clock.move(timedelta(days=7, seconds=1))
    await play.sandbox.run_once()
    play.clock.move(timedelta(days=1))
    assert await play.sandbox.run_once() is False
    assert [entry["sources"] for entry in play.sandbox.ledger.of("given_up")] == [[said]]
    assert len(play.bot.bodies) == 2


async def test_an_unreachable_bot_gets_it_later(play: Stage) -> None:
    address, play.sandbox.webhook = play.sandbox.webhook, "http://127.0.0.1:9/webhook"
    play.sandbox.person("asha").say("Hi")
    assert await play.sandbox.run_once() is False
    play.sandbox.webhook = address
    play.clock.move(timedelta(seconds=1))
    assert await play.sandbox.run_once() is True
    assert [entry["status"] for entry in play.sandbox.ledger.of("rejected")] == [0]


async def test_a_duplicate_is_the_same_bytes_again(play: Stage) -> None:
    play.sandbox.faults.duplicate = 1
    said = [play.sandbox.person("asha").say(words) for words in ("One", "Two")]
    await play.sandbox.run_once()
    assert play.bot.bodies[0] == play.bot.bodies[1]
    assert [ids(body) for body in play.bot.bodies] == [[said[0]], [said[0]], [said[1]]]
    assert play.sandbox.ledger.acknowledged() == {said[0]: 2, said[1]: 1}


async def test_a_concurrent_duplicate_comes_at_the_same_moment(play: Stage) -> None:
    play.sandbox.faults.change({"duplicate": 1, "duplicate_how": "concurrent"})
    said = play.sandbox.person("asha").say("Hi")
    await play.sandbox.run_once()
    assert [ids(body) for body in play.bot.bodies] == [[said], [said]]
    assert play.sandbox.ledger.acknowledged() == {said: 2}


async def test_a_rebatched_duplicate_has_other_bytes_and_company(play: Stage) -> None:
    first = play.sandbox.person("asha").say("One")
    await play.sandbox.run_once()
    play.sandbox.faults.change({"duplicate": 1, "duplicate_how": "rebatched"})
    second = play.sandbox.person("asha").say("Two")
    await play.sandbox.run_once()
    assert [ids(body) for body in play.bot.bodies] == [[first], [second], [first, second]]
    assert [len(orjson.loads(body)["entry"]) for body in play.bot.bodies] == [1, 1, 2]


@pytest.mark.parametrize(
    ("shape", "entries", "changes", "lists"), [("changes", 1, 3, 3), ("entries", 3, 3, 3), ("merged", 1, 2, 3)]
)
async def test_a_batch_is_spread_in_three_ways(play: Stage, shape: str, entries: int, changes: int, lists: int) -> None:
    play.sandbox.faults.change({"batch": 3, "batch_shape": shape})
    play.sandbox.person("asha").say("One")
    play.sandbox.person("rahul").say("Two")
    await play.text(ASHA)
    await play.sandbox.run_once()
    body = orjson.loads(play.bot.bodies[0])
    values = [change["value"] for entry in body["entry"] for change in entry["changes"]]

    assert (len(body["entry"]), len(values)) == (entries, changes)
    assert sum(len(v.get("messages", [])) + len(v.get("statuses", [])) for v in values) == lists
    if shape == "merged":
        assert [m["from"] for m in values[0]["messages"]] == ["919800000001", "919800000002"]
        assert [c["wa_id"] for c in values[0]["contacts"]] == ["919800000002", "919800000001"]


async def test_order_may_be_reversed_or_shuffled_the_same_way_for_the_same_seed(play: Stage) -> None:
    def say() -> list[str]:
        return [play.sandbox.person("asha").say(str(n)) for n in range(8)]

    async def arrived() -> list[str]:
        play.bot.bodies.clear()
        say()
        await play.sandbox.run_once()
        return play.bot.texts()

    play.sandbox.faults.reorder = "reverse"
    assert await arrived() == list("76543210")
    play.sandbox.faults.change({"reorder": "shuffle", "seed": 7})
    first = await arrived()
    other = await arrived()
    play.sandbox.faults.change({"seed": 7})
    assert (await arrived(), sorted(first), first == other) == (first, list("01234567"), False)


async def test_a_delayed_webhook_waits_on_the_sandboxs_clock(play: Stage) -> None:
    play.sandbox.faults.delay_s = 60
    play.sandbox.person("asha").say("Hi")
    assert await play.sandbox.run_once() is False
    play.clock.move(timedelta(seconds=60))
    assert await play.sandbox.run_once() is True
    assert play.bot.values()[0]["messages"][0]["timestamp"] == "1772355600"


async def test_a_badly_signed_webhook_is_followed_by_a_good_one(play: Stage) -> None:
    play.sandbox.faults.bad_signature = 1
    play.bot.statuses = [401]
    play.sandbox.person("asha").say("Hi")
    await play.sandbox.run_once()
    play.clock.move(timedelta(seconds=1))
    await play.sandbox.run_once()
    wrong, right = (headers["X-Hub-Signature-256"] for headers in play.bot.headers)
    assert wrong != right
    assert play.bot.bodies[0] == play.bot.bodies[1]


async def test_anything_acknowledged_can_be_delivered_again(play: Stage) -> None:
    said = [play.sandbox.person("asha").say(words) for words in ("One", "Two")]
    await play.sandbox.run_once()
    assert play.sandbox.redeliver(said[1]) == 1
    await play.sandbox.run_once()
    assert play.sandbox.redeliver() == 2
    await play.sandbox.run_once()
    assert play.bot.texts() == ["One", "Two", "Two", "One", "Two"]
    assert play.sandbox.ledger.acknowledged() == {said[0]: 2, said[1]: 3}


async def test_everything_may_come_once_more_after_a_week(play: Stage) -> None:
    play.sandbox.faults.redeliver_after_week = True
    play.sandbox.person("asha").say("Hi")
    await play.sandbox.run_once()
    play.clock.move(timedelta(days=7))
    assert (await play.sandbox.run_once(), await play.sandbox.run_once()) == (True, False)
    play.clock.move(timedelta(days=8))
    assert await play.sandbox.run_once() is False
    assert play.bot.texts() == ["Hi", "Hi"]


async def test_started_it_delivers_by_itself(play: Stage) -> None:
    with play.sandbox.world.events.listen() as news:
        await play.sandbox.start()
        said = play.sandbox.person("asha").say("Hi")
        told = [await news.get(), await news.get()]
    assert told[1] == {"kind": "status", "person": "asha", "wamid": said, "status": "delivered"}
    assert play.bot.texts() == ["Hi"]
