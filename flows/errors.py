"""Meta's error codes and what each means for us, as data: one table for refused sends and for `failed` statuses.

Codes and meanings: Meta, "Error codes", "Payments API", "Business-scoped user IDs", read 2026. The consequence is ours.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum


class Consequence(Enum):
    RETRY_SOON = "retry_soon"
    """A hiccup: try again after each of `delays`, then it is final."""
    BACK_OFF = "back_off"
    """Too fast: wait, for as long as it takes. Nothing is wrong with the message."""
    WAIT = "wait"
    """Meta wants less from us for hours."""
    USE_TEMPLATE = "use_template"
    """The 24-hour window is closed: the same words as a template."""
    OTHER_FORM = "other_form"
    """This person's app cannot show it: say it in another form; final if there is none."""
    PAUSE = "pause"
    """Nothing can be sent until somebody mends it: everything waits, one message tries again after each of `delays`."""
    FINAL = "final"
    """This message will never arrive."""


class Scope(Enum):
    """What must wait, or is refused."""

    MESSAGE = "message"
    CONTACT = "contact"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`sentence` tells staff what happened, why and what to do; `alert` says that they should hear it now."""

    consequence: Consequence
    scope: Scope
    sentence: str
    delays: tuple[timedelta, ...] = ()
    alert: bool = False
    ambiguous: bool = False
    """The message may have been accepted all the same: to be settled as an unknown outcome, not sent again at once."""

    def delay(self, attempt: int) -> timedelta | None:
        """How long to wait after the `attempt`-th refusal (from 1); None when it is not to be tried again as it is."""
        if attempt <= len(self.delays):
            return self.delays[attempt - 1]
        return None if self.consequence is Consequence.RETRY_SOON or not self.delays else self.delays[-1]


Codes = tuple[int | range, ...]
TOKEN_CODES = (0, 102, 190)
"""Only a new token helps."""


def _seconds(*seconds: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=each) for each in seconds)


def _minutes(*minutes: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(minutes=each) for each in minutes)


_HICCUP = _seconds(1, 2, 4, 8, 16)
_MENDED = _minutes(1, 2, 5, 10)
"""Somebody has to act, and does not tell us when it is done."""


def _soon(sentence: str, delays: tuple[timedelta, ...] = _HICCUP) -> Verdict:
    return Verdict(Consequence.RETRY_SOON, Scope.MESSAGE, sentence, delays)


def _back_off(scope: Scope, sentence: str, delays: tuple[timedelta, ...]) -> Verdict:
    return Verdict(Consequence.BACK_OFF, scope, sentence, delays)


def _wait(scope: Scope, sentence: str, delays: tuple[timedelta, ...], *, alert: bool = False) -> Verdict:
    return Verdict(Consequence.WAIT, scope, sentence, delays, alert)


def _pause(sentence: str) -> Verdict:
    return Verdict(Consequence.PAUSE, Scope.NUMBER, sentence, _MENDED, alert=True)


def _final(sentence: str, scope: Scope = Scope.MESSAGE) -> Verdict:
    return Verdict(Consequence.FINAL, scope, sentence)


def _fault(sentence: str, scope: Scope = Scope.MESSAGE) -> Verdict:
    """Final, and somebody must mend it before the next one like it."""
    return Verdict(Consequence.FINAL, scope, sentence, alert=True)


def _other_form(sentence: str, *, alert: bool = False) -> Verdict:
    return Verdict(Consequence.OTHER_FORM, Scope.MESSAGE, sentence, alert=alert)


_NO_REASON = "WhatsApp failed without saying why. If it goes on, look at metastatus.com and then at what we send."

_TABLE: tuple[tuple[Codes, Verdict], ...] = (
    # The token, the app and the account
    (
        TOKEN_CODES,
        _pause(
            "WhatsApp no longer accepts our access token. Nothing is lost, messages wait. "
            "Make a new permanent token and set WHATSAPP_ACCESS_TOKEN."
        ),
    ),
    (
        (3, 10, range(200, 300), 131005),
        _pause(
            "Our token may not do this. Nothing is lost, messages wait. "
            "Give its system user the permissions whatsapp_business_messaging and whatsapp_business_management."
        ),
    ),
    (
        (33,),
        _pause(
            "WhatsApp does not know our phone number id, or our token may not use it. Nothing is lost, messages wait. "
            "Check WHATSAPP_PHONE_NUMBER_ID and who the number belongs to."
        ),
    ),
    (
        (368, 131031),
        _pause(
            "WhatsApp has blocked or locked our business account for breaking a policy. Nothing is lost, messages wait. "
            "Open Business Support Home and ask for a review."
        ),
    ),
    (
        (131037,),
        _pause(
            "Our number has no approved display name. Nothing is lost, messages wait. "
            "Set one in WhatsApp Manager and have it approved."
        ),
    ),
    (
        (131042,),
        _pause(
            "WhatsApp cannot charge our account. Nothing is lost, messages wait. "
            "Put the payment method right in Meta's billing settings."
        ),
    ),
    (
        (131045, range(133000, 133004), range(133005, 133017)),
        _pause(
            "Our phone number is not registered with the Cloud API. Nothing is lost, messages wait. "
            "Register it again in WhatsApp Manager; after too many tries Meta asks for 72 hours of patience."
        ),
    ),
    # Hiccups
    ((1,), replace(_soon(_NO_REASON, _seconds(1, 2)), ambiguous=True)),
    ((131000,), replace(_soon(_NO_REASON), ambiguous=True)),
    (
        (2, 131016, 133004),
        _back_off(
            Scope.NUMBER,
            "WhatsApp is down or overloaded for a while. Messages wait and go out by themselves.",
            (*_HICCUP, *_seconds(30, 60)),
        ),
    ),
    (
        (131052, 131053),
        _soon("WhatsApp could not fetch or store the file. Check its kind and size if it happens again.", _seconds(1)),
    ),
    # Too fast
    (
        (4, range(80000, 80015)),
        _back_off(
            Scope.NUMBER,
            "We have called WhatsApp more often than our account may in an hour. It goes on by itself.",
            _minutes(1, 5, 15, 60),
        ),
    ),
    (
        (130429,),
        _back_off(
            Scope.NUMBER,
            "We sent faster than our number may. It goes on by itself.",
            _seconds(1, 2, 4, 8, 16, 32, 60),
        ),
    ),
    (
        (131056,),
        _back_off(
            Scope.CONTACT,
            "We sent this person too much in a short time. The rest follows by itself.",
            _seconds(1, 4, 16, 64, 256),  # Meta asks for 4^n seconds
        ),
    ),
    (
        (131057,),
        _back_off(
            Scope.NUMBER, "WhatsApp is moving our number to a faster place. It goes on by itself.", _minutes(1, 2, 5)
        ),
    ),
    (
        (131048,),
        _wait(
            Scope.NUMBER,
            "WhatsApp limits our number because people blocked or reported it. Messages wait. "
            "Send only what customers expect, and look at the number's quality in WhatsApp Manager.",
            _minutes(15, 60, 240),
            alert=True,
        ),
    ),
    (
        (131064,),
        _wait(
            Scope.NUMBER,
            "WhatsApp limits our account because templates were filed in the wrong category. Messages wait. "
            "Put the categories right in WhatsApp Manager.",
            _minutes(60, 240),
            alert=True,
        ),
    ),
    (
        (131049,),
        _wait(
            Scope.CONTACT,
            "WhatsApp holds back messages to this person for a day, to keep them from getting too many. "
            "What is urgent should reach them another way.",
            (timedelta(hours=24),),
        ),
    ),
    # This person
    (
        (131047,),
        Verdict(
            Consequence.USE_TEMPLATE,
            Scope.CONTACT,
            "This person last wrote more than 24 hours ago, so only an approved template reaches them. "
            "It is sent as one; ask them to write to us for anything else.",
        ),
    ),
    (
        (131026,),
        _final(
            "WhatsApp cannot deliver to this person: no WhatsApp on this number, an old app, terms not accepted, "
            "or they blocked us. Reach them another way.",
            Scope.CONTACT,
        ),
    ),
    (
        (131021,),
        _fault("We tried to write to our own number. Take it off the contacts and the staff.", Scope.CONTACT),
    ),
    (
        (131030,),
        _fault(
            "Our number is Meta's test number, which writes only to people on its list. "
            "Add this person in the app's API setup, or use a real number.",
            Scope.CONTACT,
        ),
    ),
    (
        (130497,),
        _fault(
            "WhatsApp does not let our business write to people in this person's country. Reach them another way.",
            Scope.CONTACT,
        ),
    ),
    (
        (130472, 131050),
        _final(
            "This person gets no marketing messages from us, by their own wish or in one of WhatsApp's experiments. "
            "Order messages still arrive.",
            Scope.CONTACT,
        ),
    ),
    (
        (137000,),
        _fault(
            "This person's WhatsApp has moved to a new device since we last checked who they are. "
            "Make sure that you still talk to the same person.",
            Scope.CONTACT,
        ),
    ),
    (
        (131062,),
        _other_form("This kind of message needs the person's phone number and we only have their WhatsApp id."),
    ),
    ((1026, 2040, 131051), _other_form("This person's app, or the Cloud API, cannot show this kind of message.")),
    # What we sent
    (
        (100, 131008, 131055),
        _fault(
            "WhatsApp did not understand a message of ours. That is a fault in the program or in a setting: "
            "report it with the details beside this message."
        ),
    ),
    (
        (131009,),
        _other_form(
            "WhatsApp refused a value in a message, often a product that is not in the connected catalogue. "
            "Check that the catalogue is connected and the product approved.",
            alert=True,
        ),
    ),
    # Templates
    (
        (132001,),
        _fault(
            "A template is missing or not yet approved in this language. "
            "Run `templates push`, then `templates check` when Meta has looked at it."
        ),
    ),
    (
        (132000, 132005, 132012, 132018),
        _fault(
            "The words filled into a template do not fit it. "
            "Run `templates check`: the template at Meta and ours have probably drifted apart."
        ),
    ),
    ((132007,), _fault("A template breaks one of WhatsApp's policies. Reword it and run `templates push`.")),
    (
        (132015,),
        _wait(
            Scope.MESSAGE,
            "Meta has paused a template because people disliked it. It comes back after 3 to 6 hours; "
            "see in WhatsApp Manager why.",
            (timedelta(hours=3), timedelta(hours=6)),
            alert=True,
        ),
    ),
    (
        (132016,),
        _fault(
            "Meta has switched a template off for good because people disliked it. "
            "Write another in WhatsApp Manager, or reword it and run `templates push`."
        ),
    ),
    (
        (131063,),
        _fault("WhatsApp takes marketing templates no longer this way. File the template as utility, or do without."),
    ),
    # Forms, payments, marketing and names
    (
        (132068, 132069),
        _other_form("Meta has blocked or slowed down a form of ours; the questions are asked in words.", alert=True),
    ),
    ((range(139000, 139005),), _fault("Meta could not use a form of ours. Look at its health in WhatsApp Manager.")),
    (
        (134011,),
        _fault("We have not accepted Meta's terms for payments. Accept them in WhatsApp Manager under Payments."),
    ),
    (
        (2046, 2047),
        _other_form(
            "WhatsApp would not change what it shows of an order: it is paid, being paid or closed there. "
            "Our own record is the right one."
        ),
    ),
    ((range(134100, 134103), 135000), _final("WhatsApp could not take this message and does not say more.")),
    ((range(147001, 147006),), _fault("WhatsApp refused the username of our business. Choose another one.")),
)

_BY_CODE = {
    code: verdict
    for codes, verdict in _TABLE
    for each in codes
    for code in (each if isinstance(each, range) else (each,))
}

_REFUSED = _fault("WhatsApp refused a message for a reason we do not know. Look at the details beside it.")
_FAILED = _final("WhatsApp did not deliver a message for a reason we do not know. Look at the details beside it.")
_FORBIDDEN = _pause(
    "WhatsApp does not let us in. Nothing is lost, messages wait. Check WHATSAPP_ACCESS_TOKEN and its permissions."
)
_ELSEWHERE = _pause(
    "What answers is not WhatsApp's API, or not this version of it. Nothing is lost, messages wait. "
    "Check WHATSAPP_API_URL, WHATSAPP_API_VERSION and WHATSAPP_PHONE_NUMBER_ID."
)
_SLOWER = _back_off(Scope.NUMBER, "WhatsApp asks us to slow down. It goes on by itself.", _minutes(1, 5, 15))
_BROKEN = replace(_soon("WhatsApp answered with an error of its own. It is tried again by itself."), ambiguous=True)


def classify(code: int | None, http_status: int) -> Verdict:
    """What follows from a refusal with `http_status`, or from a `failed` status (`http_status` 200, for it was taken)."""
    known = _BY_CODE.get(code) if code is not None else None
    if known is not None:
        return replace(known, ambiguous=False) if known.ambiguous and http_status < 500 else known
    if not 200 <= http_status < 500:
        return _BROKEN
    if http_status in (408, 425, 429):
        return _SLOWER
    if http_status in (401, 403):
        return _FORBIDDEN
    if http_status == 404 or 300 <= http_status < 400:
        return _ELSEWHERE
    return _REFUSED if http_status >= 400 else _FAILED
