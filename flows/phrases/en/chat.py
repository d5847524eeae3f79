"""What the bot says, in English. Short, warm, plain: what happened, why, and what to do now."""

from collections.abc import Mapping

PHRASES: Mapping[str, str | Mapping[str, str]] = {
    # The menu
    "menu.body": (
        "Welcome to {store}! 👋\n\n"
        "Pick what you like from our catalogue and send us the cart. I check prices and stock and answer right here."
    ),
    "menu.body_book": (
        "Welcome to {store}! 👋\n\n"
        "Pick what you like from our catalogue and send us the cart, or book a time. "
        "I check prices, stock and free times and answer right here."
    ),
    "menu.catalogue": "See catalogue",
    "menu.help": "How it works",
    "menu.orders": "Where is my order?",
    "menu.empty": (
        "Welcome to {store}! 👋\n\n"
        "Our catalogue is not here yet, so nothing can be ordered right now. Please look in again a little later.\n\n"
        "_For the shop: fill the catalogue with_ python -m bot catalog import FILE"
    ),
    "catalogue.body": "Here is what {store} has for you. Put what you like into the cart, then send the cart to this chat.",
    "help.body": (
        "This is how you order from {store}:\n\n"
        "1. Open the catalogue and put what you like into the cart.\n"
        "2. Open the cart and send it to this chat.\n"
        "3. I add it up, tell you if something is sold out, and let the shop know at once."
    ),
    # The answer to a cart
    "cart.line": "{quantity} × {title}: {total}",
    "cart.more": {"one": "… and {count} line more", "other": "… and {count} lines more"},
    "cart.unknown": "“{sku}” is not in our catalogue any more. Please look for it again in the catalogue.",
    "cart.sold_out": "{title} is sold out. Please choose something else.",
    "cart.short": {
        "one": "Only {count} piece of {title} is left. Please send a new cart with 1.",
        "other": "Only {count} pieces of {title} are left. Please send a new cart with {count} or fewer.",
    },
    "cart.quantity": "{title}: I can take 1 to {most} pieces of one product. Please change the number and send it again.",
    "cart.currency": "{title} has no price in {currency} yet, so it cannot be ordered. Please choose something else.",
    "cart.empty": "Your cart came without any product. Please fill it again and send it.",
    "cart.too_many": {
        "one": "Your cart holds {count} product, more than the {most} I can take. Please send it in smaller parts.",
        "other": "Your cart holds {count} different products, more than the {most} I can take. Please send it in smaller parts.",
    },
    "cart.service": "{title} is booked for a time: write *book*.",
    "cart.foreign": "This cart is from another shop's catalogue. Please open the catalogue of {store} and fill it again.",
    "cart.nothing": "I am sorry, nothing of this cart can be ordered just now, so no order was made.",
    "cart.summary": {"one": "{count} product for {sum}", "other": "{count} products for {sum}"},
    "cart.nothing_short": "Nothing of your cart can be ordered just now; please look into the catalogue again.",
    # What we cannot read
    "unread.audio": "I cannot listen to voice messages yet. Please write it, or choose from the catalogue.",
    "unread.image": "I cannot look at pictures yet. Please write what you are looking for, or choose from the catalogue.",
    "unread.video": "I cannot watch videos yet. Please write what you are looking for, or choose from the catalogue.",
    "unread.document": "I cannot open files yet. Please write what you need, or choose from the catalogue.",
    "unread.sticker": "Nice one! 🙂 When you would like to order, choose from the catalogue.",
    "unread.location": "Thank you for the location. There is no order it could belong to yet: start with the catalogue.",
    "unread.contacts": "I cannot do anything with a contact card. If you would like to order, choose from the catalogue.",
    "unread.form": "I could not read this form. Please start again from the catalogue.",
    "unread.edit": "I saw that you changed a message, but I go by the first version. Please send it again as a new message.",
    "unread.other": "I cannot read this kind of message. Please write it as text, or choose from the catalogue.",
    # When something is wrong with us
    "sorry.body": (
        "I am sorry, something went wrong on our side and I could not deal with your last message. "
        "The shop knows and will look after it; you need not send it again."
    ),
    # When somebody writes too fast
    "slower.body": (
        "You write faster than I can answer, so I skip some of your messages. Nothing about your orders is lost, and a cart "
        "always counts. Please wait a minute, then write again."
    ),
    # Staff: commands
    "command.help": "this list",
    "command.doctor": "is everything well? queues, windows, token, templates",
    "staff.help": "You are {role} of {store}. Write one of these, one in a message:",
    "staff.help_line": "*{usage}*: {help}",
    "staff.help_bookings": "{words}: the diary. *help bookings* explains them.",
    "staff.help_more": "A cart, or a tap on a customer's button, is taken as a customer's, also from you.",
    "staff.unknown": "I do not know “{word}”, so I did nothing. Write *help* to see what I know.",
    "staff.mistyped": "I do not know “{word}”, so I did nothing. Did you mean *{nearest}*? Write it, or *help* to see all.",
    "staff.empty": "I found no word in this message, so I did nothing. Write *help* to see what I know.",
    "staff.late": "Your “{word}” reached me {age} late, so I did nothing. If it still holds, please send it again.",
    "staff.forwarded": "“{word}” came as a forwarded message, so I did nothing. If you mean it, please write it yourself.",
    "staff.role": "Your role, {role}, may not use *{word}*, so I did nothing. Please ask: {roles}.",
    # Staff: the doctor
    "doctor.well": "✅ All is well at {store}.",
    "doctor.ill": {"one": "⚠️ {count} thing at {store} needs you:", "other": "⚠️ {count} things at {store} need you:"},
    "doctor.good": "✅ {line}",
    "doctor.bad": "⚠️ {line}",
    "doctor.stopped": "Nothing goes out: {reason}",
    "doctor.events_none": "Inbox: nothing waits.",
    "doctor.events": {
        "one": "Inbox: {count} event waits, since {age}.",
        "other": "Inbox: {count} events wait, the oldest since {age}.",
    },
    "doctor.events_stuck": {
        "one": "Inbox: {count} event waits since {age}, which is too long. Is a worker running? See its log.",
        "other": "Inbox: {count} events wait, the oldest since {age}, which is too long. Is a worker running? See its log.",
    },
    "doctor.buried": {
        "one": "{count} event could not be handled. Once the cause is gone: python -m bot replay",
        "other": "{count} events could not be handled. Once the cause is gone: python -m bot replay",
    },
    "doctor.outbox_none": "Outbox: nothing waits.",
    "doctor.outbox": {
        "one": "Outbox: {count} message is on its way.",
        "other": "Outbox: {count} messages are on their way.",
    },
    "doctor.unknown": {
        "one": "{count} message got no answer from WhatsApp; I wait for its status.",
        "other": "{count} messages got no answer from WhatsApp; I wait for their statuses.",
    },
    "doctor.held": {
        "one": "{count} message is held: the 24-hour window is closed and no template fits. It goes out when they write.",
        "other": "{count} messages are held: the 24-hour window is closed and no template fits. They go out when they write.",
    },
    "doctor.failed": {
        "one": "{count} message could not be delivered in the last day.",
        "other": "{count} messages could not be delivered in the last day.",
    },
    "doctor.token_good": "Token: WhatsApp accepts it.",
    "doctor.token_untried": "Token: not tried yet, nothing has been sent since the start.",
    "doctor.token_refused": (
        "Token: WhatsApp refuses it, so nothing goes out. Make a new one in Meta's Business settings, set "
        "WHATSAPP_ACCESS_TOKEN and start again; what waits is sent then."
    ),
    "doctor.window": "Window: open until {until}. Write to me once a day, and alerts always reach you.",
    "doctor.window_closed": "Window: {name} has not written for a day and gets one short alert only. A word to me opens it.",
    "doctor.templates_good": "Templates: all approved.",
    "doctor.template": (
        "Template {name} ({language}) is {status}, so it cannot be sent. See it with: python -m bot templates check"
    ),
    "doctor.vocabulary": "Vocabulary: {fault}. Until it is mended the standard words are used.",
    "doctor.payments_missing": "WhatsApp Pay: not set up, nobody can be asked. Missing: {missing}. Set it: *settings NAME VALUE*",
    "doctor.payments_standing": (
        "WhatsApp Pay: Meta says that the configuration {name} is {status}. Connect it in WhatsApp Manager, under Payments."
    ),
    "doctor.catalogue": {"one": "Catalogue: {count} product.", "other": "Catalogue: {count} products."},
    "doctor.catalogue_empty": "Catalogue: empty, so nobody can order. Fill it with: python -m bot catalog import FILE",
    # Staff: alerts
    "alert.cart_nothing": "🛒 A cart from {who} in which nothing could be sold.",
    "alert.cart_refused": {"one": "{count} product was refused: {list}.", "other": "{count} products were refused: {list}."},
    "alert.cart_empty": "It held no product.",
    "alert.cart_foreign": "It is from another shop's catalogue.",
    "alert.cart_too_many": {
        "one": "It holds {count} product, and {most} is the most I take.",
        "other": "It holds {count} different products, and {most} is the most I take.",
    },
    "alert.cart_late": "It was sent {age} ago and reached us only now.",
    "alert.cart_note": "Their note: “{note}”",
    "alert.buried": (
        "⚠️ I tried to handle something from {who} ({kind}) and could not: {reason}. I set it aside. Please look after them; "
        "once the cause is gone, python -m bot replay tries it again."
    ),
    "alert.still_buried": {
        "one": "⚠️ {count} event is still set aside. Once the cause is gone: python -m bot replay",
        "other": "⚠️ {count} events are still set aside. Once the cause is gone: python -m bot replay",
    },
    "alert.identity_changed": (
        "⚠️ WhatsApp says that {who} has a new number, account or phone. If they did not tell you so, take their role away: "
        "python -m bot staff remove NUMBER"
    ),
    "alert.token": (
        "⚠️ For a while WhatsApp refused our access token (error {code}). All messages were kept and go out now. If nobody "
        "has renewed the token, make a permanent one in Meta's Business settings and set WHATSAPP_ACCESS_TOKEN."
    ),
    "alert.account": "⚠️ For a while nothing went out (error {code}); it goes on now. The reason was: {reason}",
    "alert.template": "⚠️ Template {name} ({language}) is now {status}. Until it is approved it cannot be sent.",
    "alert.template_flagged": (
        "⚠️ People dislike template {name} ({language}): Meta may pause it. See why in Meta's template manager, and reword it."
    ),
    "alert.template_category": (
        "⚠️ Meta moved template {name} ({language}) to category {category}. It costs more there and may be held back; "
        "you can appeal in Meta's template manager."
    ),
    "alert.notice": "ℹ️ WhatsApp tells about our account ({field}): {summary}. Look into Meta's Business settings.",
    "alert.somebody": "somebody without a name",
    "alert.counter": "somebody at the counter",
    "alert.send_failed": "⚠️ A message to {who} could not be delivered. {reason}",
    "alert.sent_otherwise": "⚠️ A message to {who} went out in plain words only. {reason}",
    "alert.expired": "⚠️ A message to {who} was not sent: it could not go out in time. Please tell them another way.",
    "alert.unreachable": (
        "⚠️ A message to {who} was not sent: WhatsApp knows them by another number or id now. They have to write to us first."
    ),
    "alert.send_unknown": (
        "⚠️ I do not know whether a message reached {who}: WhatsApp did not answer. I did not send it again. Please ask them."
    ),
    "alert.header": {"one": "{count} piece of news:", "other": "{count} pieces of news:"},
    "alert.more": {"one": "… and {count} more. Write *doctor* to see how things stand.",
                   "other": "… and {count} more. Write *doctor* to see how things stand."},
    "alert.short": {"one": "{first}", "other": "{first} (and more, {count} in all)"},
    # Templates: what Meta approves, and what goes out when the window is closed
    "template.order_update": "News about your order at {store}: {news} Write to us here if you have a question.",
    "template.staff_alert": "News for the people of {store}: {news} Answer this message to see everything.",
    "template.booking_reminder": "A reminder of your appointment at {store}: {news}. Will you be there?",
    "template.booking_soon": (
        "Your appointment at {store} is soon: {news}. Will you be there? If you cannot come, please write it here."
    ),
    "template.order_payment": "A payment for {store}: {news} The button below shows it and takes it.",
    "template.order_progress": "News about what you paid at {store}: {news} Write to us here if you have a question.",
    "template.example_payment": "#1042: please pay ₹698.00.",
    "template.example_progress": "#1042 is on its way.",
    "template.example_visit": "#1042, Haircut · Fri 27 Nov, 15:30–16:15 · with Ravi",
    "template.example_news": "2 products for ₹698.00. The shop has it now.",
    "template.example_alert": "New cart from Asha: 2 products for ₹698.00.",
}  # fmt: skip
