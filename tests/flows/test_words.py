"""What customers and staff read, whole: the menu, the answer to a cart, what we cannot read, alerts, the doctor."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from flows import alerts, doctor, errors, limits, menu, quote, staff, templates
from flows.cart import (
    BadQuantity,
    Empty,
    Foreign,
    OtherCurrency,
    PricedCart,
    PricedLine,
    Refusal,
    Service,
    Short,
    SoldOut,
    TooMany,
    Unknown,
)
from flows.commands import BY_WORD
from flows.commands import Unknown as UnknownWord
from flows.feed import Product
from flows.inbound import (
    AccountNotice,
    Form,
    IdentityChange,
    Location,
    Media,
    Other,
    Reaction,
    Revision,
    TemplateUpdate,
)
from flows.messages import BODY, PARAMETER, TEXT, AddressForm, Button, Buttons, Catalogue, Template, Text, dump, load
from flows.news import News
from flows.phrases import LANGUAGES, say
from flows.policy import Role
from flows.settings import Settings
from flows.store import Store

STORE = Store(1, "Nukkad", "IN", "INR", "Asia/Kolkata", "en_IN", {}, b"salt")
CHAI = Product(retailer_id="CHAI", title="Masala Chai", price=34900, currency="INR")
DIYA = Product(retailer_id="DIYA", title="Brass Diya", price=109900, currency="INR")
LONG = "अ" * 200
SEE_CATALOGUE = Button("menu.catalogue", "See catalogue")


def body(message: object) -> str:
    assert isinstance(message, Text | Buttons)
    return message.body


def cart(*lines: PricedLine, refusals: tuple[Refusal, ...] = ()) -> PricedCart:
    return PricedCart("INR", lines, refusals)


def news(*texts: str) -> list[News]:
    return [News(text) for text in texts]


def test_a_stranger_is_greeted_with_two_ways_on() -> None:
    assert menu.greeting(STORE, "en", has_catalogue=True) == Buttons(
        "Welcome to Nukkad! 👋\n\n"
        "Pick what you like from our catalogue and send us the cart. I check prices and stock and answer right here.",
        (SEE_CATALOGUE, Button("menu.help", "How it works")),
    )


def test_without_a_catalogue_the_menu_says_how_to_connect_one() -> None:
    greeting = menu.greeting(STORE, "en", has_catalogue=False)

    assert isinstance(greeting, Text)
    assert "python -m bot catalog import FILE" in greeting.body
    assert menu.catalogue(STORE, "en", thumbnail=None) == greeting


def test_the_catalogue_is_headed_by_a_picture() -> None:
    assert menu.catalogue(STORE, "en", thumbnail="CHAI") == Catalogue(
        "Here is what Nukkad has for you. Put what you like into the cart, then send the cart to this chat.", "CHAI"
    )


def test_how_it_works_leads_back_to_the_catalogue_if_there_is_one() -> None:
    with_one, without = (menu.how_it_works(STORE, "en", has_catalogue=has) for has in (True, False))

    assert isinstance(with_one, Buttons)
    assert with_one.buttons == (SEE_CATALOGUE,)
    assert without == Text(with_one.body)


@pytest.mark.parametrize(
    ("content", "begins"),
    [
        (Media("audio", "1"), "I cannot listen to voice messages yet."),
        (Media("image", "1", "this one?"), "I cannot look at pictures yet."),
        (Media("video", None), "I cannot watch videos yet."),
        (Media("document", "1"), "I cannot open files yet."),
        (Media("sticker", "1"), "Nice one!"),
        (Location(1.0, 2.0), "Thank you for the location."),
        (Form("address_message", None), "I could not read this form."),
        (Revision("edit", "wamid.1"), "I saw that you changed a message"),
        (Other("contacts"), "I cannot do anything with a contact card."),
        (Other("unsupported"), "I cannot read this kind of message."),
        (Other("hologram"), "I cannot read this kind of message."),
    ],
)
def test_what_we_cannot_read_is_answered_with_what_we_can_do(content: menu.Unread, begins: str) -> None:
    answer = menu.unread(content, "en", has_catalogue=True)

    assert isinstance(answer, Buttons)
    assert answer.body.startswith(begins)
    assert answer.buttons == (SEE_CATALOGUE,)


@pytest.mark.parametrize(
    "content",
    [
        Reaction("👍"),
        Reaction(None),
        Revision("revoke", "wamid.1"),
        IdentityChange("user_changed_number", "1", None, None),
    ],
)
def test_where_an_answer_would_disturb_there_is_none(content: menu.Unread) -> None:
    assert menu.unread(content, "en", has_catalogue=True) is None


def test_when_something_is_wrong_with_us_the_customer_is_told() -> None:
    assert menu.sorry("en") == Text(
        "I am sorry, something went wrong on our side and I could not deal with your last message. "
        "The shop knows and will look after it; you need not send it again."
    )


def test_a_cart_of_which_nothing_can_be_sold_leads_back_to_the_catalogue() -> None:
    priced = cart(refusals=(Short("Brass Diya", 1),))

    assert quote.nothing(priced, STORE, "en") == Buttons(
        "I am sorry, nothing of this cart can be ordered just now, so no order was made.\n\n"
        "Only 1 piece of Brass Diya is left. Please send a new cart with 1.",
        (SEE_CATALOGUE,),
    )
    assert quote.nothing_short(STORE, "en").parameters == (
        "Nukkad",
        "Nothing of your cart can be ordered just now; please look into the catalogue again.",
    )


@pytest.mark.parametrize(
    ("refusal", "text"),
    [
        (Short("Diya", 2), "Only 2 pieces of Diya are left. Please send a new cart with 2 or fewer."),
        (BadQuantity("Diya", 100), "Diya: I can take 1 to 99 pieces of one product. Please change the number and send it again."),
        (Service("Fitting"), "Fitting is booked for a time: write *book*."),
        (OtherCurrency("Diya", "USD"), "Diya has no price in INR yet, so it cannot be ordered. Please choose something else."),
        (Empty(), "Your cart came without any product. Please fill it again and send it."),
        (
            TooMany(101),
            "Your cart holds 101 different products, more than the 100 I can take. Please send it in smaller parts.",
        ),
        (
            Foreign("9"),
            "This cart is from another shop's catalogue. Please open the catalogue of Nukkad and fill it again.",
        ),
        (Unknown("a\nSum: ₹0"), "“a Sum: ₹0” is not in our catalogue any more. Please look for it again in the catalogue."),
    ],
)  # fmt: skip
def test_a_refusal_says_why_and_what_to_do(refusal: Refusal, text: str) -> None:
    assert quote.refusal_text(refusal, STORE, "en") == text


def test_the_longest_refusal_ends_with_how_many_more() -> None:
    answer = quote.nothing(cart(refusals=tuple(SoldOut(LONG) for _ in range(100))), STORE, "en")

    assert isinstance(answer, Buttons)
    assert len(answer.body) <= BODY
    assert answer.body.endswith(" lines more")


def test_staff_are_told_of_a_cart_in_which_nothing_could_be_sold() -> None:
    priced = cart(refusals=(Unknown("NOPE"), SoldOut("Incense"), Empty()))

    assert alerts.refused_cart(STORE, priced, who="Asha\nRao", note=" gift\nwrap ", late=timedelta(hours=30)) == (
        "🛒 A cart from Asha Rao in which nothing could be sold. 3 products were refused: NOPE; Incense; -. "
        "It was sent 1d ago and reached us only now. Their note: “gift wrap”"
    )


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (Empty(), "It held no product."),
        (Foreign("999"), "It is from another shop's catalogue."),
        (TooMany(101), "It holds 101 different products, and 100 is the most I take."),
    ],
)
def test_staff_are_told_why_nothing_of_a_cart_could_be_taken(refusal: Refusal, reason: str) -> None:
    told = alerts.refused_cart(STORE, cart(refusals=(refusal,)), who=None)

    assert told == f"🛒 A cart from somebody without a name in which nothing could be sold. {reason}"


def test_every_reason_of_a_refused_message_fits_into_its_alert() -> None:
    sentences = {verdict.sentence for _, verdict in errors._TABLE}

    assert [sentence for sentence in sentences if len(sentence) > alerts.SENTENCE] == []


@pytest.mark.parametrize(
    ("update", "text"),
    [
        (TemplateUpdate("order_update", "en", "APPROVED"), None),
        (TemplateUpdate("order_update", "en", None), None),
        (
            TemplateUpdate("order_update", "en", "PAUSED", reason="quality\nlow"),
            "⚠️ Template order_update (en) is now PAUSED: quality low. Until it is approved it cannot be sent.",
        ),
        (
            TemplateUpdate("order_update", "en", "REJECTED"),
            "⚠️ Template order_update (en) is now REJECTED. Until it is approved it cannot be sent.",
        ),
        (
            TemplateUpdate("order_update", "en", "FLAGGED"),
            (
                "⚠️ People dislike template order_update (en): Meta may pause it. See why in Meta's template manager, "
                "and reword it."
            ),
        ),
        (
            TemplateUpdate("order_update", "en", None, category="MARKETING"),
            (
                "⚠️ Meta moved template order_update (en) to category MARKETING. It costs more there and may be held back; "
                "you can appeal in Meta's template manager."
            ),
        ),
    ],
)
def test_a_template_is_news_when_it_is_in_trouble(update: TemplateUpdate, text: str | None) -> None:
    assert alerts.template_changed(STORE, update) == text


def every_alert(long: str) -> list[str]:
    priced = cart(refusals=tuple(Unknown(long) for _ in range(30)))
    update = TemplateUpdate(long, long, "REJECTED", reason=long)
    return [
        alerts.refused_cart(STORE, priced, who=long, note=long, late=timedelta(days=3)),
        alerts.buried(STORE, kind=long, who=long, reason=long),
        alerts.still_buried(STORE, count=10**6),
        alerts.identity_changed(STORE, who=long),
        alerts.token_refused(STORE, code=190),
        alerts.account_stopped(STORE, code=131031, reason=long),
        alerts.template_changed(STORE, update) or "",
        alerts.template_changed(STORE, replace(update, category=long)) or "",
        alerts.account_notice(STORE, AccountNotice(long, long)),
        alerts.send_failed(STORE, who=long, reason=long),
        alerts.send_unknown(STORE, who=long),
        alerts.sent_otherwise(STORE, who=long, reason=long),
        alerts.never_sent(STORE, who=long, expired=True),
        alerts.never_sent(STORE, who=long, expired=False),
    ]


def test_no_piece_of_news_is_longer_than_its_part() -> None:
    assert [part for part in every_alert(LONG) if not 1 <= len(part) <= alerts.PART_LENGTH] == []


def test_one_piece_of_news_stands_alone_and_several_are_counted() -> None:
    assert alerts.merge(news("A"), "en") == Text("A")
    assert alerts.merge(news("A", "B"), "en") == Text("2 pieces of news:\n\nA\n\nB")


def test_news_that_comes_alone_brings_its_buttons() -> None:
    confirm = Button("o1042.1.confirm", "Confirm")

    assert alerts.merge([News("#1042", (confirm,), 7)], "en") == Buttons("#1042", (confirm,))
    both = alerts.merge([News("B"), News("#1042", (confirm,), 7)], "en")
    assert both == Buttons("2 pieces of news:\n\n#1042\n\nB", (confirm,))
    several = [News("#1042", (confirm,), 7), News("#1043", (confirm,), 8)]
    assert alerts.merge(several, "en") == Text("2 pieces of news:\n\n#1042\n\n#1043")


def test_after_ten_pieces_the_rest_are_counted() -> None:
    merged = alerts.merge(news(*(f"part {n}" for n in range(24))), "en")

    assert body(merged).split("\n\n") == [
        "24 pieces of news:",
        *(f"part {n}" for n in range(10)),
        "… and 14 more. Write *doctor* to see how things stand.",
    ]


def test_the_longest_news_fits_into_one_message() -> None:
    merged = alerts.merge(news(*["x" * 1000] * 500), "en")

    assert len(body(merged)) <= TEXT
    assert body(merged).endswith("Write *doctor* to see how things stand.")


def test_a_closed_window_gets_the_first_piece_and_the_count() -> None:
    assert alerts.fallback(news("A", "B", "C"), STORE) == Template(
        "staff_alert", "en", ("Nukkad", "A (and more, 3 in all)")
    )
    assert alerts.fallback(news("A"), STORE) == Template("staff_alert", "en", ("Nukkad", "A"))


def test_templates_are_defined_as_meta_takes_them() -> None:
    definitions = templates.definitions(STORE)

    assert [(d.name, d.language, d.category) for d in definitions] == [
        ("order_update", "en", "UTILITY"),
        ("staff_alert", "en", "UTILITY"),
        ("booking_reminder", "en", "UTILITY"),
        ("booking_soon", "en", "UTILITY"),
    ]
    for d in definitions:
        assert d.body.count("{{") == d.body.count("}}") == 2
        assert d.body.index("{{1}}") < d.body.index("{{2}}")
        assert not d.body.startswith("{{")
        assert not d.body.endswith("}}")
        assert len(d.body) + 2 * PARAMETER <= BODY
        assert [len(example) > 0 for example in d.examples] == [True, True]


def test_help_lists_what_a_role_may_do() -> None:
    assert staff.help_for(STORE, "viewer") == Text(
        "You are viewer of Nukkad. Write one of these, one in a message:\n\n"
        "*orders [status] [paid|unpaid] [mine] [today] [archived] [sort date|paid] [asc|desc] [page]*: "
        "the orders, ten to a page; all, or those in a status\n"
        "*board*: how many orders stand where, and for how long\n"
        "*find text*: orders by a name, a phone number, a product or a tracking number\n"
        "*order 1042*: one order with its next actions; just *1042* does the same\n"
        "*items 1042*: its lines with brand, SKU, prices, picture, and how many were sent\n"
        "*history 1042*: what happened to an order: who, what, when\n"
        "*why 1042 ship*: why an action is not possible now\n"
        "*help [command]*: this list\n"
        "*doctor*: is everything well? queues, windows, token, templates\n\n"
        "*bookings*: the diary. *help bookings* explains them.\n\n"
        "A cart, or a tap on a customer's button, is taken as a customer's, also from you."
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", Role)
def test_help_is_never_cut(role: Role, language: str) -> None:
    store = replace(STORE, locale=language, name="N" * 60)
    whole = staff.help_for(store, role).body
    assert len(whole) < TEXT
    assert whole.endswith(say("staff.help_more", language))


def test_help_explains_one_command() -> None:
    assert staff.help_for(STORE, "agent", "Doctor") == Text(
        "*doctor*: is everything well? queues, windows, token, templates"
    )
    assert staff.help_for(STORE, "agent", "docter") == Text(
        "I do not know “docter”, so I did nothing. Did you mean *doctor*? Write it, or *help* to see all."
    )


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (staff.unknown(STORE, UnknownWord("namaste", None)),
         "I do not know “namaste”, so I did nothing. Write *help* to see what I know."),
        (staff.unknown(STORE, UnknownWord("", None)),
         "I found no word in this message, so I did nothing. Write *help* to see what I know."),
        (staff.late(STORE, "doctor", timedelta(minutes=95)),
         "Your “doctor” reached me 1h late, so I did nothing. If it still holds, please send it again."),
        (staff.forwarded(STORE, "doctor"),
         "“doctor” came as a forwarded message, so I did nothing. If you mean it, please write it yourself."),
        (staff.not_allowed(STORE, BY_WORD["doctor"], "guest"),
         "Your role, guest, may not use *doctor*, so I did nothing. Please ask: owner, manager, agent, viewer."),
    ],
)  # fmt: skip
def test_staff_are_told_why_nothing_was_done(answer: Text, text: str) -> None:
    assert answer == Text(text)


WELL = doctor.Health(
    events=0,
    oldest_event=timedelta(),
    buried=0,
    messages=0,
    unknown=0,
    held=0,
    failed=0,
    token=doctor.Token.GOOD,
    products=10,
    window_until=datetime(2026, 3, 2, 11, 55, tzinfo=UTC),
)


def test_the_doctor_says_that_all_is_well() -> None:
    assert doctor.report(WELL, STORE) == Text(
        "✅ All is well at Nukkad.\n"
        "✅ Inbox: nothing waits.\n"
        "✅ Outbox: nothing waits.\n"
        "✅ Token: WhatsApp accepts it.\n"
        "✅ Templates: all approved.\n"
        "✅ Catalogue: 10 products.\n"
        "✅ Window: open until Mon 17:25. Write to me once a day, and alerts always reach you."
    )


def test_the_doctor_says_what_is_wrong_first_each_with_its_remedy() -> None:
    ill = doctor.Health(
        events=3,
        oldest_event=timedelta(minutes=4),
        buried=1,
        messages=2,
        unknown=1,
        held=2,
        failed=1,
        token=doctor.Token.REFUSED,
        products=0,
        away=("Ravi",),
        templates=(("staff_alert", "en", "PAUSED"),),
    )

    assert doctor.report(ill, STORE) == Text(
        "⚠️ 9 things at Nukkad need you:\n"
        "⚠️ Token: WhatsApp refuses it, so nothing goes out. Make a new one in Meta's Business settings, set "
        "WHATSAPP_ACCESS_TOKEN and start again; what waits is sent then.\n"
        "⚠️ Inbox: 3 events wait, the oldest since 4m, which is too long. Is a worker running? See its log.\n"
        "⚠️ 1 event could not be handled. Once the cause is gone: python -m bot replay\n"
        "⚠️ 1 message got no answer from WhatsApp; I wait for its status.\n"
        "⚠️ 2 messages are held: the 24-hour window is closed and no template fits. They go out when they write.\n"
        "⚠️ 1 message could not be delivered in the last day.\n"
        "⚠️ Template staff_alert (en) is PAUSED, so it cannot be sent. See it with: python -m bot templates check\n"
        "⚠️ Window: Ravi has not written for a day and gets one short alert only. A word to me opens it.\n"
        "⚠️ Catalogue: empty, so nobody can order. Fill it with: python -m bot catalog import FILE\n"
        "✅ Outbox: 2 messages are on their way."
    )


def test_the_doctor_says_why_nothing_goes_out() -> None:
    stopped = replace(WELL, stopped="WhatsApp cannot charge our account.")

    assert "⚠️ Nothing goes out: WhatsApp cannot charge our account." in body(doctor.report(stopped, STORE)).split("\n")


def test_waiting_a_moment_is_no_illness() -> None:
    busy = replace(WELL, events=1, oldest_event=limits.EVENT_STUCK, token=doctor.Token.UNTRIED, messages=1)

    assert "✅ Inbox: 1 event waits, since 1m." in body(doctor.report(busy, STORE))
    assert body(doctor.report(busy, STORE)).startswith("✅ All is well")


def test_every_message_survives_the_outbox() -> None:
    said = [
        menu.greeting(STORE, "en", has_catalogue=True),
        menu.catalogue(STORE, "en", thumbnail="CHAI"),
        menu.unread(Media("audio", None), "en", has_catalogue=True) or menu.sorry("en"),
        AddressForm("Where to?", "Write where to", {"city": "Pune"}),
        alerts.fallback(news("A"), STORE),
    ]

    assert [load(dump(message)) for message in said] == said


def test_the_languages_of_a_new_store_include_one_we_speak() -> None:
    assert set(LANGUAGES) <= set(Settings({}).get("languages"))


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({}, "⚠️ WhatsApp Pay: not set up, nobody can be asked. Missing: pay.provider, pay.importer."),
        (
            {"pay.standing": "nukkad: Needs Testing"},
            "⚠️ WhatsApp Pay: Meta says that the configuration nukkad is Needs Testing. Connect it",
        ),
        ({"pay.standing": "nukkad: Active"}, None),
    ],
)
def test_the_doctor_says_when_nobody_can_pay_in_the_chat(settings: dict[str, str], line: str | None) -> None:
    complete = {
        "pay.provider": "razorpay", "pay.configuration": "nukkad",
        "pay.importer": "Nukkad, 12 MG Road, Pune, MH, 411001",
    }  # fmt: skip
    shop = replace(STORE, settings={"payment_methods": "whatsapp_pay", **(complete if settings else {}), **settings})
    told = [each for each in body(doctor.report(WELL, shop)).split("\n") if "WhatsApp Pay" in each]
    assert [each[: len(line or "")] for each in told] == ([line] if line else [])


def test_the_doctor_says_when_the_shops_own_words_cannot_be_read() -> None:
    broken = replace(STORE, settings={"vocabulary": "/shop/gone.toml"})

    assert body(doctor.report(WELL, broken)).split("\n")[1] == (
        "⚠️ Vocabulary: /shop/gone.toml cannot be read: No such file or directory. Until it is mended the standard words are used."
    )
