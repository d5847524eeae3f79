"""The diary survives: a sandbox started again knows the conversations, the windows, and what is still to be delivered."""

from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from bot.sandbox.credentials import Credentials
from bot.sandbox.ledger import Ledger
from bot.sandbox.people import Person
from tests.bot.sandbox.stage import ASHA, CREDENTIALS, START, TEMPLATE, StillClock, code, stage, wamid


async def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.jsonl"
    async with stage(path) as first:
        asha = first.sandbox.person("asha")
        said = asha.say("Hi")
        await first.sandbox.run_once()
        sent = wamid(await first.text(ASHA, "Hello", biz_opaque_callback_data="o1"))
        first.sandbox.templates.create(TEMPLATE)
        kept = asha.media("image", b"\xff\xd8\xff", mime_type="image/jpeg")
        first.sandbox.world.introduce(Person("new", "New", "919800000005"))
        await first.graph("POST", f"{CREDENTIALS.phone_number_id}/whatsapp_commerce_settings?is_cart_enabled=false")
        before = [b.json() for b in asha.bubbles]
        image = asha.bubbles[-1].shown["image"].rpartition("/")[2]

    async with stage(path) as second:
        asha = second.sandbox.person("asha")
        assert [b.json() for b in asha.bubbles] == before
        assert [entry["token"] for entry in second.sandbox.ledger.accepted()] == ["o1"]
        assert second.sandbox.ledger.acknowledged() == {said: 1}
        assert second.sandbox.world.media.read(image) == b"\xff\xd8\xff"
        assert [t["name"] for t in second.sandbox.templates] == ["order_update"]
        assert second.sandbox.person("new").person.wa_id == "919800000005"
        assert second.sandbox.world.commerce == {"is_cart_enabled": False, "is_catalog_visible": True}
        assert (await second.text(ASHA, "Still open"))[0] == 200
        await second.sandbox.run_once()
        assert second.bot.states()[:2] == ["sent", "delivered"]
        assert [m["id"] for v in second.bot.values() for m in v.get("messages", [])] == [kept]
        assert set(second.sandbox.ledger.acknowledged().values()) == {1}
        assert f"{sent}:delivered" in second.sandbox.ledger.acknowledged()

    async with stage(path) as third:
        assert await third.sandbox.run_once() is False
        third.clock.move(timedelta(hours=25))
        assert code(await third.text(ASHA)) == (400, 131047)


def test_half_a_line_left_by_a_kill_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    first = Ledger(path, StillClock())
    first.write("wrote", person="asha")
    first.close()
    with path.open("ab") as file:
        file.write(b'{"n":2,"kind":"wr')
    second = Ledger(path, StillClock())
    second.write("wrote", person="rahul")
    second.close()

    assert [orjson.loads(line) for line in path.read_bytes().splitlines()] == [
        {"n": 1, "at": START.isoformat(), "kind": "wrote", "person": "asha"},
        {"n": 2, "at": START.isoformat(), "kind": "wrote", "person": "rahul"},
    ]


def test_a_line_is_in_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path, StillClock())
    ledger.write("wrote", person="asha")
    assert Ledger.read(path, StillClock()).entries == ledger.entries != []
    ledger.close()


def test_credentials_are_made_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    path = tmp_path / "var" / "sandbox.json"
    made = Credentials.load(path)

    assert Credentials.load(path) == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert (len(made.app_secret), int(made.app_secret, 16) > 0) == (32, True)
    assert made.display_phone_number.isdecimal()
    assert Credentials.load(tmp_path / "other.json").access_token != made.access_token


def test_the_clock_goes_on_where_it_was_moved_to(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.json"
    made = Credentials.load(path)
    made.keep_offset(timedelta(hours=25))

    assert Credentials.load(path).offset == timedelta(hours=25)
    assert Credentials.load(path).access_token == made.access_token


async def test_whoever_moves_the_clock_moves_the_sandbox(tmp_path: Path) -> None:
    credentials = Credentials.load(tmp_path / "sandbox.json")
    async with stage(credentials=credentials) as play:
        play.sandbox.faults.delay_s = 3600
        play.sandbox.person("asha").say("Hi")
        await play.sandbox.start()
        with play.sandbox.world.events.listen() as news:
            play.clock.move(timedelta(hours=1))
            told = [await news.get(), await news.get()]
    assert [event and event["kind"] for event in told] == ["clock", "status"]
    assert play.bot.texts() == ["Hi"]
    assert Credentials.load(tmp_path / "sandbox.json").offset == timedelta(hours=1)
    assert play.clock.listeners == []


def test_a_real_token_is_refused() -> None:
    with pytest.raises(ValueError, match="real access token"):
        Credentials(
            phone_number_id="1",
            business_account_id="2",
            catalog_id="3",
            access_token="EAAG...",
            app_secret="s",
            verify_token="v",
        )
