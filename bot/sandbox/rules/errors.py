"""Graph errors: Meta's codes with their HTTP status, type and title ("Error codes", read 2026)."""

from typing import Any

from bot.clock import Ids

OAUTH = "OAuthException"

CODES: dict[int, tuple[int, str]] = {
    1: (400, "An unknown error has occurred."),
    2: (503, "An unexpected error has occurred. Please retry your request later."),
    3: (500, "Application does not have the capability to make this API call."),
    4: (400, "Application request limit reached"),
    10: (403, "Application does not have permission for this action"),
    33: (400, "Unsupported request: the object does not exist or cannot be loaded"),
    100: (400, "Invalid parameter"),
    190: (401, "Invalid OAuth access token - Cannot parse access token"),
    368: (403, "Temporarily blocked for policies violations"),
    80007: (400, "Rate limit issues"),
    130429: (429, "Rate limit hit"),
    130472: (400, "User's number is part of an experiment"),
    131000: (500, "Something went wrong"),
    131005: (403, "Access denied"),
    131008: (400, "Required parameter is missing"),
    131009: (400, "Parameter value is not valid"),
    131016: (503, "Service unavailable"),
    131021: (400, "Recipient cannot be sender"),
    131026: (400, "Message undeliverable"),
    131031: (403, "Business Account locked"),
    131042: (400, "Business eligibility payment issue"),
    131045: (500, "Incorrect certificate"),
    131047: (400, "Re-engagement message"),
    131048: (400, "Spam rate limit hit"),
    131049: (400, "This message was not delivered to maintain healthy ecosystem engagement."),
    131050: (400, "Unable to deliver the message: the recipient stopped marketing messages"),
    131051: (400, "Message type unknown"),
    131052: (400, "Media download error"),
    131053: (400, "Media upload error"),
    131056: (400, "(Business Account, Consumer Account) pair rate limit hit"),
    131057: (500, "Account in maintenance mode"),
    131062: (400, "Business-scoped user id recipients are not supported for this message"),
    132000: (400, "Number of parameters does not match the expected number of params"),
    132001: (404, "Template name does not exist in the translation"),
    132005: (400, "Translated text too long"),
    132007: (400, "Template format character policy violated"),
    132012: (400, "Template parameter format does not match"),
    132015: (400, "Template is paused"),
    132016: (400, "Template is disabled"),
    132018: (400, "There was an issue with the parameters in your template"),
    1026: (400, "Receiver Incapable"),
    2040: (400, "Receiver cannot show this message"),
    2046: (400, "Illegal order status transition"),
    2047: (400, "Order cannot be canceled"),
}
"""Code → HTTP status and title. Documented; the status of 1026, 2040, 2046 and 2047 is a guess, for they come by webhook."""


class GraphError(Exception):
    """A refusal in Graph's own words. `details` says what to change."""

    def __init__(self, code: int, details: str = "", *, status: int | None = None, subcode: int | None = None) -> None:
        known_status, self.title = CODES.get(code, (400, "Unknown error"))
        super().__init__(f"(#{code}) {self.title}: {details}")
        self.code, self.details, self.subcode = code, details, subcode
        self.status = status or known_status

    def body(self) -> dict[str, Any]:
        """Graph's error body; `fbtrace_id` names one refusal, as Meta's support asks for it."""
        prefix = "" if self.code in {1, 2, 190} else f"(#{self.code}) "
        error: dict[str, Any] = {"message": prefix + self.title, "type": OAUTH, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        return {"error": error | {"fbtrace_id": "A" + Ids.token()}}

    def as_status(self) -> dict[str, Any]:
        """The same error as a failed status carries it. Receiver Incapable (1026) comes without a message: documented."""
        href = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"
        if self.code == 1026:
            return {"code": self.code, "title": self.title, "href": href}
        details = self.details or self.title
        return {
            "code": self.code,
            "title": self.title,
            "message": self.title,
            "error_data": {"details": details},
            "href": href,
        }
