"""Listing, pushing and comparing templates over real HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.whatsapp.client import Client, GraphError
from bot.whatsapp.templates import TemplateState, differences, listing, push
from flows.store import Store
from flows.templates import Definition, definitions

WABA = "800000000000001"
NAME = "order_update"
EXAMPLES = ("Tea House", "#1042 is on its way")
ENGLISH = Definition(NAME, "en", "UTILITY", "About {{1}}: {{2}} so far.", EXAMPLES)
GERMAN = Definition(NAME, "de", "UTILITY", "Zu {{1}}: {{2}} bisher.", EXAMPLES)
WANTED = (ENGLISH, GERMAN)


class Account:
    """Meta's template edges with a page of one, as far as they are used."""

    def __init__(self) -> None:
        self.templates: list[dict[str, Any]] = []
        self.posted: list[tuple[str, dict[str, Any]]] = []

    def has(self, language: str, body: str, *, status: str = "APPROVED", category: str = "UTILITY") -> None:
        buttons = {"type": "BUTTONS", "buttons": [{"type": "ORDER_DETAILS", "text": "Pay"}]}
        template = {
            "id": f"t{len(self.templates)}",
            "name": NAME,
            "language": language,
            "status": status,
            "category": category,
            "components": [{"type": "BODY", "text": body}, buttons, None],
            "rejected_reason": "SCAM" if status == "REJECTED" else "NONE",
        }
        self.templates.append(template)

    async def list(self, request: web.Request) -> web.Response:
        at = int(request.query.get("after", "0"))
        paging = {"cursors": {"after": str(at + 1)}, **({"next": "x"} if at + 1 < len(self.templates) else {})}
        return web.json_response({"data": self.templates[at : at + 1], "paging": paging})

    async def post(self, request: web.Request) -> web.Response:
        self.posted.append((request.path.removeprefix("/v24.0/"), await request.json()))
        return web.json_response({"id": "new", "status": "PENDING", "category": "UTILITY"})


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.fixture
async def client(account: Account) -> AsyncIterator[Client]:
    app = web.Application()
    app.router.add_get(f"/v24.0/{WABA}/message_templates", account.list)
    app.router.add_post("/v24.0/{path:.+}", account.post)
    async with TestServer(app, host="127.0.0.1") as server:
        client = Client(api_url=str(server.make_url("")), version="v24.0", phone_number_id="1", token="secret")
        await client.start()
        yield client
        await client.stop()


async def test_every_page_is_listed(account: Account, client: Client) -> None:
    account.has("en", "one")
    account.has("de", "two", status="REJECTED", category="MARKETING")
    account.templates.append({"components": "?"})
    assert await listing(client, WABA) == [
        TemplateState("t0", NAME, "en", "APPROVED", "UTILITY", "one"),
        TemplateState("t1", NAME, "de", "REJECTED", "MARKETING", "two", "SCAM"),
        TemplateState("", "", "", "UNKNOWN", "UNKNOWN", ""),
    ]


async def test_what_is_missing_is_created(account: Account, client: Client) -> None:
    assert await push(client, WABA, WANTED) == [
        "order_update (en): created, pending",
        "order_update (de): created, pending",
    ]
    path, body = account.posted[0]
    assert path == f"{WABA}/message_templates"
    assert body == {
        "name": NAME,
        "language": "en",
        "category": "UTILITY",
        "components": [
            {
                "type": "BODY",
                "text": "About {{1}}: {{2}} so far.",
                "example": {"body_text": [["Tea House", "#1042 is on its way"]]},
            }
        ],
    }
    assert len(account.posted) == 2


async def test_what_is_paid_by_its_button_is_created_with_it(account: Account, client: Client) -> None:
    shop = Store(1, "Tea House", "IN", "INR", "Asia/Kolkata", "en_IN", {"payment_methods": "whatsapp_pay"}, b"")
    await push(client, WABA, definitions(shop))
    posted = {body["name"]: body for _, body in account.posted if body["language"] == "en"}
    assert list(posted)[4:] == ["order_payment", "order_progress"]
    assert posted["order_payment"]["components"][1:] == [
        {"type": "BUTTONS", "buttons": [{"type": "ORDER_DETAILS", "text": "Review and Pay"}]}
    ]
    assert posted["order_progress"]["sub_category"] == "ORDER_STATUS"
    assert "sub_category" not in posted["order_payment"]


async def test_a_reminder_is_created_with_the_buttons_that_answer_it(account: Account, client: Client) -> None:
    shop = Store(1, "Tea House", "IN", "INR", "Asia/Kolkata", "en_IN", {}, b"")
    await push(client, WABA, definitions(shop))
    posted = {body["name"]: body["components"][1:] for _, body in account.posted if body["language"] == "en"}
    replies = [{"type": "QUICK_REPLY", "text": text} for text in ("I'll be there", "Reschedule", "Cancel booking")]
    assert posted == {
        "order_update": [], "staff_alert": [],
        "booking_reminder": [{"type": "BUTTONS", "buttons": replies}],
        "booking_soon": [{"type": "BUTTONS", "buttons": replies[:1]}],
    }  # fmt: skip


async def test_what_differs_is_reworded_unless_it_is_under_review(account: Account, client: Client) -> None:
    account.has("en", "Old words {{1}} {{2}}.", status="REJECTED")
    account.has("de", "Alte Worte {{1}} {{2}}.", status="PENDING")
    assert await push(client, WABA, WANTED) == [
        "order_update (en): reworded, under review again",
        "order_update (de): differs, but cannot be reworded while pending",
    ]
    ((path, body),) = account.posted
    assert (path, body["components"][0]["text"]) == ("t0", "About {{1}}: {{2}} so far.")


async def test_a_second_push_does_nothing(account: Account, client: Client) -> None:
    account.has("en", ENGLISH.body)
    account.has("de", GERMAN.body)
    assert await push(client, WABA, WANTED) == [
        "order_update (en): unchanged, approved",
        "order_update (de): unchanged, approved",
    ]
    assert account.posted == []
    assert differences(await listing(client, WABA), WANTED) == []


async def test_an_account_that_cannot_be_read_is_said(client: Client) -> None:
    with pytest.raises(GraphError):
        await push(client, "other", WANTED)


def test_each_difference_is_a_sentence() -> None:
    german = TemplateState("t1", NAME, "de", "REJECTED", "MARKETING", "Anders", "SCAM")
    assert differences([german], WANTED) == [
        "order_update (en) is not at Meta: run `templates push`",
        "order_update (de) is rejected: SCAM",
        "order_update (de) is filed as marketing, not utility",
        "order_update (de) says something else at Meta: run `templates push`",
    ]
