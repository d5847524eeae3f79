"""What the bot says when it asks for money and hears of some, in English."""

from collections.abc import Mapping

PHRASES: Mapping[str, str | Mapping[str, str]] = {
    # What customers read
    "pay.link": "💳 {label}: please pay {amount} to {store}. The button opens a secure page.",
    "pay.button": "Pay {amount}",
    "pay.button_short": "Pay now",
    "pay.transfer": (
        "🏦 {label}: please transfer {amount} to\n{account}\nwith the reference {reference}."
        " Then send a picture of the receipt here."
    ),
    "pay.short": "{label}: please pay {amount}: {means}",
    "pay.reminder": "⏰ {label} is not paid yet: {amount} is due.",
    "pay.failed": "{label}: the payment of {amount} did not go through. Nothing was taken; you can try again.",
    "pay.unavailable": "{label}: I cannot offer you a way to pay just now. {store} knows, and will come back to you.",
    # WhatsApp Pay in India
    "pay.details": "💳 {label}: please pay {amount} to {store}, here in WhatsApp.",
    "pay.details_link": "💳 {label}: please pay {amount} to {store}: {link}",
    "pay.details_hidden": (
        "💳 {label}: {amount} is to be paid to {store} in WhatsApp, and this phone cannot show it. Update WhatsApp, or tell"
        " us here and we find another way."
    ),
    "pay.details_above": (
        "💳 {label}: {amount} is still to be paid to {store}. The request stands above in this chat: tap *Review and pay*"
        " there. If you cannot find it, tell us here."
    ),
    "pay.part": "A part of order {label}",
    "progress.ended": "{label}: please do not pay {amount} any more; this request has ended.",
    "progress.is": "{label}: {status}.",
    "news.not_configured": (
        "⚠️ {head}\nI could not ask for {amount}: {method} is not set up. Missing: {missing}. Set it with"
        " *settings NAME VALUE*, then: *pay {number}*"
    ),
    "news.pay_inactive": (
        "⚠️ {head}\nI could not ask for {amount}: Meta says that the payment configuration {name} is {status}. Connect it in"
        " WhatsApp Manager, under Payments, then: *pay {number}*"
    ),
    "news.pay_standing": "💳 Meta says that the payment configuration {name} ({provider}) is {status}.",
    "news.pay_standing_bad": (
        "⚠️ Meta says that the payment configuration {name} ({provider}) is {status}: customers cannot be asked to pay"
        " in WhatsApp until you connect it in WhatsApp Manager, under Payments."
    ),
    "fault.currency": "WhatsApp Pay takes only INR",
    "fault.no_pin": "the address has no PIN code of six digits; give it with *address*",
    "choose.ask": "How would you like to pay {amount} for {label}?",
    "choose.open": "Ways to pay",
    "choose.cod": "Cash on delivery",
    "choose.cod_pickup": "Cash at pickup",
    "choose.cod_visit": "Cash when I am there",
    "choose.whatsapp_pay": "WhatsApp Pay",
    "choose.link": "Pay online",
    "choose.pix": "Pix",
    "choose.transfer": "Bank transfer",
    "choose.credit": "Use store credit",
    "choose.other": "Pay another way",
    "choose.credit_covers": "You have store credit at {store}: {credit} of it would pay everything.",
    "choose.credit_half": "You have {credit} of store credit at {store}: with it {rest} would be left to pay.",
    "choose.credit_rest": "You have {credit} of store credit at {store}: with it {rest} would be left: {method}.",
    "choose.rest": "{label}: {credit} comes from your store credit. How would you like to pay the other {rest}?",
    "choose.took_credit": "{credit} of your store credit pays for {label}.",
    "choose.done": "You chose *{method}* for {label}.",
    "choose.already": "That choice is made: {label} is paid by {method}, so I changed nothing.",
    "choose.gone": "{label} cannot be paid like that any more, so I changed nothing.",
    "choose.changed": "{label} has changed since I asked, so I changed nothing.",
    "choose.ended": "{label} is {status} already, so there is nothing to choose or to pay.",
    "pay.nothing_due": "{label} is paid: nothing is due.",
    "pay.under_way": "A payment of {amount} for {label} is on its way; you need not pay again. I write here when it has come.",
    "pay.not_now": "{store} looks at {label} first, so please pay nothing yet. You read here when it goes on.",
    "pay.coming": "{label}: the way to pay {amount} comes in a moment.",
    "pay.unknown": "I find no order {label} of yours.",
    "pay.lapsed": "{label}: the time to pay {amount} is over. To pay it all the same, write *pay*.",
    "pay.proof": "🧾 Thank you. {store} looks whether {amount} for {label} has come, and you read it here. You need not do more.",
    "pay.not_found": (
        "{label}: {store} could not find {amount} with the reference {reference}. Please check your transfer and send a"
        " picture of its receipt here."
    ),
    # Pix in Brazil
    "pay.pix": "💠 {label}: please pay {amount} to {store} by Pix.",
    "pay.pix_code": (
        "💠 {label}: please pay {amount} to {store} by Pix. Copy this code into your bank's app, under Pix, copy and paste:"
        "\n\n{code}"
    ),
    "news.pix_asked": (
        "💠 {head}\n{customer} was asked for {amount} by Pix, id {reference}. Your bank does not tell me: tap when it is there."
    ),
    "fault.pix_currency": "Pix takes only BRL",
    # What staff read
    "news.proof": (
        "🧾 {head}\n{customer} has sent a picture: {amount} by {method}, reference {reference}. Is the money on your account?"
    ),
    "news.proof_waits": "⏰ {head}\nNobody has said yet whether {amount} has come, reference {reference}. Is it on your account?",
    "news.lapsed": "⌛ {head}\n{amount} was asked for and has not come; the order goes on. To ask again: *pay {number}*",
    "proof.in": "Money is in",
    "proof.out": "Not there",
    "proof.refused": "{head}\nThe customer reads that {amount} was not found, and may send another receipt.",
    "proof.settled": "{head}\nThat is settled already: the request for {amount} stands as *{state}*, so I did nothing.",
    "news.paid": "💰 {head}\n{customer} has paid {amount} by {method}. {stands}",
    "news.pay_failed": "💳 {head}\nA payment of {amount} failed{reason}. The customer can try again.",
    "news.pay_authorized": "💳 {head}\n{amount} is authorized. *capture {number}* takes it, *void {number}* lets it go.",
    "news.not_asked": "⚠️ {head}\nI could not ask for {amount}: {reason}. To try again: *pay {number}*",
    "held.late": "the order had ended before.",
    "held.unknown": "nothing was asked for under this reference.",
    "held.double": "it had been paid already.",
    "held.overtaken": "a newer request had taken its place.",
    "held.amount": "{expected} was asked for.",
    "held.currency": "it was asked for in another currency.",
    "held.refund_failed": "it could not be given back.",
    "held.over_refunded": "as far as I know, more was given back than had come in.",
    "news.refunded": "↩️ {head}\n{amount} was given back at the provider.",
    "fault.not_connected": "the provider's keys are missing in the environment",
    "fault.keys": "the provider does not take the keys in the environment",
    "fault.amount": "the provider cannot take exactly this amount in this currency",
    "fault.no_payer": "the provider wants an email address: set *pix.email*",
    "fault.silent": "the provider did not answer",
    "fault.refused": "the provider refused it ({reason})",
}
