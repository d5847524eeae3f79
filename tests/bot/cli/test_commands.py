"""Every command: its help, what it does, how it fails, and what it leaves in the inbox and the audit trail."""

import argparse
from collections.abc import Iterator

import pytest

from bot.cli import parser
from models.statements import INT, TEXT
from tests.bot.cli.office import Office, Ran

COMMANDS = {
    "run", "web", "worker", "migrate", "sandbox", "doctor", "replay", "lifecycle check", "lifecycle draw",
    "catalog import", "templates push", "templates check", "staff list", "staff add", "staff remove", "store show", "store set",
    "orders list", "orders show", "orders export", "orders ledger",
}  # fmt: skip
NOT_READY = "The database is not ready: start Waybill once with `make run`, or `python -m bot migrate`.\n"
NO_STORE = "There is no store yet: start Waybill once with `make run` or `python -m bot run`.\n"
READS = ("doctor", "staff list", "store show", "replay --list")
CHANGES = ("staff add 911234567890 agent", "store set retention 90d", "replay", "staff remove 911234567890")
STAFF = (
    "919800000011      owner     Priya\n"
    "919800000012      agent     Ravi\n"
)  # fmt: skip
FEED = """\
id,title,price,quantity_to_sell_on_facebook
TEA-1,Assam,499.50 INR,7
TEA-2,Darjeeling,-1 INR,
TEA-1,Assam again,1.00 INR,
TEA-3,"Green, sencha",80 INR,
"""


def leaves(given: argparse.ArgumentParser, *path: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    groups = [action for action in given._actions if isinstance(action, argparse._SubParsersAction)]
    if not groups:
        yield " ".join(path), given
    for group in groups:
        for name, inner in group.choices.items():
            yield from leaves(inner, *path, name)


def test_these_are_the_commands() -> None:
    assert {name for name, _ in leaves(parser())} == COMMANDS


@pytest.mark.parametrize("command", ["", "catalog", "staff", "store", "templates", "lifecycle", *sorted(COMMANDS)])
def test_every_command_has_help(bare: Office, command: str) -> None:
    ran = bare(*command.split(), "--help")
    usage, _, rest = ran.out.partition("\n\n")
    assert (ran.status, ran.err) == (0, "")
    assert usage.startswith(f"usage: python -m bot {command}".rstrip())
    assert len(rest.strip().splitlines()[0]) > 10


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("", "the following arguments are required: COMMAND"),
        ("store", "the following arguments are required: COMMAND"),
        ("store set", "the following arguments are required: name, value"),
        ("replay one", "argument ids: invalid int value: 'one'"),
        ("replay --now", "unrecognized arguments: --now"),
    ],
)
def test_a_command_that_cannot_be_understood_is_refused_in_one_line(bare: Office, command: str, line: str) -> None:
    ran = bare(*command.split())
    name = "python -m bot" if command == "replay --now" else f"python -m bot {command.removesuffix('one')}".strip()
    assert ran == Ran(2, "", f"{name}: {line}. See `{name} --help`.\n")


@pytest.mark.parametrize("command", [*READS, *CHANGES, "run", "migrate"])
def test_wrong_settings_are_listed(bare: Office, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")
    monkeypatch.setenv("STORE_COUNTRY", "India")
    assert bare(*command.split()) == Ran(
        1,
        "",
        "Waybill cannot start with these settings (.env or environment):\n"
        "  PORT: must be a whole number from 0 to 65535\n"
        "  STORE_COUNTRY: must be two capital letters like IN\n",
    )


@pytest.mark.parametrize("command", [*READS, *CHANGES])
def test_without_a_database_nothing_is_made(bare: Office, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite://elsewhere/waybill.sqlite3")
    assert bare(*command.split()) == Ran(1, "", NOT_READY)
    assert not (bare.folder / "elsewhere").exists()


@pytest.mark.parametrize("command", [*READS, *CHANGES])
def test_an_empty_database_is_not_ready(bare: Office, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare.folder / "empty.sqlite3").touch()
    monkeypatch.setenv("DATABASE_URL", "sqlite://empty.sqlite3")
    assert bare(*command.split()) == Ran(1, "", NOT_READY)


@pytest.mark.parametrize("command", [*READS, *CHANGES])
def test_before_the_first_start_there_is_no_store(bare: Office, command: str) -> None:
    assert bare(*command.split()) == Ran(1, "", NO_STORE)
    assert (bare.count("inbox"), bare.count("audit")) == (0, 0)


@pytest.mark.parametrize("command", ["doctor", "migrate"])
def test_a_server_that_is_not_there_is_said_in_one_line(
    bare: Office, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://waybill:saffron@127.0.0.1:1/waybill")
    ran = bare(command)
    assert (ran.status, ran.out, ran.err.count("\n"), "saffron" in ran.err) == (1, "", 1, False)
    assert ran.err.startswith("The database does not answer (")
    assert ran.err.endswith(" Check DATABASE_URL.\n")


def test_migrate_says_what_it_did(bare: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite://new/waybill.sqlite3")
    first, second = bare("migrate"), bare("migrate")
    assert (first.status, first.err, first.out.startswith("Applied 0001_spine")) == (0, "", True)
    assert second == Ran(0, "The database is up to date.\n", "")


@pytest.mark.parametrize("role", ["web", "worker"])
def test_on_sqlite_web_and_worker_refuse(bare: Office, role: str) -> None:
    sentence = f"`{role}` needs Postgres: on SQLite the bot is one process, `python -m bot run`. Set DATABASE_URL.\n"
    assert bare(role) == Ran(1, "", sentence)


def test_run_for_others_to_reach_names_what_is_missing(bare: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")
    ran = bare("run")
    assert (ran.status, ran.out) == (1, "")
    assert [line.split(":")[0].strip() for line in ran.err.splitlines()[1:]] == [
        "WHATSAPP_PHONE_NUMBER_ID",
        "WHATSAPP_BUSINESS_ACCOUNT_ID",
        "WHATSAPP_ACCESS_TOKEN",
        "WHATSAPP_APP_SECRET",
        "WHATSAPP_VERIFY_TOKEN",
    ]


def test_staff_come_and_go(shop: Office) -> None:
    assert shop("staff", "list") == Ran(0, STAFF, "")
    assert shop("staff", "add", "+91 (123) 456-7890", "manager", "Meena") == Ran(0, "Meena is manager now.\n", "")
    assert shop("staff", "add", "911234567890", "viewer") == Ran(0, "Meena is viewer now.\n", "")
    assert shop("staff", "list").out == f"{STAFF}911234567890      viewer    Meena\n"
    gone = (
        "Meena is no longer of the staff. Take the number out of STAFF_NUMBERS too, or the next start brings it back.\n"
    )
    assert shop("staff", "remove", "911234567890") == Ran(0, gone, "")
    assert shop("staff", "list") == Ran(0, STAFF, "")
    assert shop.desk() == [("done", "desk", "desk")] * 3
    assert shop.trail() == [
        ("desk", "staff add", "manager"),
        ("desk", "staff add", "viewer"),
        ("desk", "staff remove", "done"),
    ]


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("remove 911234567890", "Nobody of the staff has this number. `staff list` shows them.\n"),
        ("remove priya", "Write the number with its country code, like 911234567890.\n"),
        ("add 12 agent", "Write the number with its country code, like 911234567890.\n"),
    ],
)
def test_staff_that_cannot_be_changed_leave_nothing_behind(shop: Office, command: str, line: str) -> None:
    assert shop("staff", *command.split()) == Ran(1, "", line)
    assert (shop.desk(), shop.trail()) == ([], [])


def test_a_role_that_does_not_exist_is_refused(bare: Office) -> None:
    ran = bare("staff", "add", "911234567890", "boss")
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)


def test_settings_are_shown_and_set(shop: Office) -> None:
    before = shop("store", "show").out
    assert "retention = 180d\n    how long the words of messages are kept; " in before
    assert "min_order = 0 (not built yet: changes nothing)\n" in before
    changed = "retention is 90d now.\n"
    assert shop("store", "set", "retention", "90d") == Ran(0, changed, "")
    assert shop("store", "show").out == before.replace("retention = 180d\n", "retention = 90d (set)\n")
    assert (shop.desk(), shop.trail()) == ([("done", "desk", "desk")], [("desk", "store set", "retention")])


@pytest.mark.parametrize(("name", "value"), [("retention", "for ever"), ("retensions", "90d"), ("", "")])
def test_a_setting_that_does_not_fit_is_refused(shop: Office, name: str, value: str) -> None:
    ran = shop("store", "set", name, value)
    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert (shop.desk(), shop.trail()) == ([], [])


def test_a_feed_is_imported_and_its_faults_are_listed(shop: Office) -> None:
    (shop.folder / "feed.csv").write_text(FEED, encoding="utf-8")
    for _ in range(2):
        ran = shop("catalog", "import", "feed.csv")
        assert (ran.status, ran.err) == (0, "")
        assert [line.split(":")[0] for line in ran.out.splitlines()[:-1]] == ["line 3, price", "line 4, id"]
        assert ran.out.splitlines()[-1] == "2 products were imported; 2 faults were found."
    found = shop.rows(
        "SELECT retailer_id, title, price, on_hand FROM product WHERE retailer_id LIKE 'TEA-_' ORDER BY 1",
        retailer_id=TEXT, title=TEXT, price=INT, on_hand=INT,
    )  # fmt: skip
    assert found == [("TEA-1", "Assam", 49950, 7), ("TEA-3", "Green, sencha", 8000, None)]
    assert shop.trail() == [("desk", "catalog import", "done")] * 2


def test_a_feed_may_count_fewer_than_are_promised_already(shop: Office) -> None:
    (shop.folder / "feed.csv").write_text(FEED, encoding="utf-8")
    assert shop("catalog", "import", "feed.csv").status == 0
    shop.change("UPDATE product SET reserved = 5 WHERE retailer_id = 'TEA-1'")
    (shop.folder / "feed.csv").write_text(FEED.replace("INR,7", "INR,2"), encoding="utf-8")
    assert shop("catalog", "import", "feed.csv").status == 0
    counted = shop.rows("SELECT on_hand, reserved FROM product WHERE retailer_id = 'TEA-1'", on_hand=INT, reserved=INT)
    assert counted == [(5, 5)]


@pytest.mark.parametrize(
    ("content", "out", "line"),
    [
        (None, "", "feed.csv cannot be read: No such file or directory.\n"),
        ("id,title,price\n".encode("utf-16"), "", "feed.csv is not UTF-8 text. Save it as CSV in UTF-8.\n"),
        (b"", "line 1", "No product was imported"),
        (b"sku,name\nTEA-1,Assam\n", "line 1, id", "No product was imported"),
        (b"id,title,price\nTEA-1,Assam,free\n", "line 2, price", "No product was imported"),
    ],
)
def test_a_feed_without_products_is_a_failure(shop: Office, content: bytes | None, out: str, line: str) -> None:
    products = shop.count("product")
    if content is not None:
        (shop.folder / "feed.csv").write_bytes(content)
    ran = shop("catalog", "import", "feed.csv")
    assert (ran.status, ran.out.startswith(out), ran.err.startswith(line), ran.err.count("\n")) == (1, True, True, 1)
    assert (shop.count("product"), shop.desk(), shop.trail()) == (products, [], [])


def test_the_doctor_tells_how_things_stand(shop: Office) -> None:
    ran = shop("doctor")
    assert (ran.status, ran.err, shop.desk()) == (0, "", [])
    assert "Demo Store" in ran.out.splitlines()[0]


def test_dead_letters_are_listed_and_replayed(shop: Office) -> None:
    assert shop("replay", "--list") == shop("replay") == Ran(0, "There are no dead letters.\n", "")
    shop.bury(250)
    ids = [row[0] for row in shop.rows("SELECT id FROM inbox ORDER BY id", id=INT)]
    listed = shop("replay", "--list")
    assert (listed.status, listed.err) == (0, "")
    assert listed.out.splitlines()[0] == f"{ids[0]:<10}message     2026-03-02 04:30  ValueError"
    assert listed.out.splitlines()[100:] == ["250 dead letters, of which the oldest 100 are shown."]
    one = "1 dead letter waits for another try; a running Waybill takes them within seconds.\n"
    assert shop("replay", str(ids[3]), str(ids[3])) == Ran(0, one, "")
    wrong = "Not every one of these ids is a dead letter; nothing was done. `replay --list` shows them.\n"
    assert shop("replay", str(ids[3]), str(ids[4])) == Ran(1, "", wrong)
    many = "249 dead letters wait for another try; a running Waybill takes them within seconds.\n"
    assert shop("replay") == Ran(0, many, "")
    assert shop("replay", str(ids[0])) == Ran(1, "", wrong)
    states = shop.rows("SELECT state, COUNT(*) FROM inbox GROUP BY 1 ORDER BY 1", state=TEXT, count=INT)
    assert states == [("done", 2), ("new", 250)]
    assert shop.trail() == [("desk", "replay", "1"), ("desk", "replay", "249")]
