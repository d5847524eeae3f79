"""What Meta hears after a commit: the same bytes each time, for who stays; else aiohttp's own answer, which says what follows."""

from tests import payloads
from tests.bot.web.door import Door

BODY = payloads.raw(payloads.messages(payloads.text()))


def request(door: Door, version: bytes, *headers: bytes) -> bytes:
    signature = b"X-Hub-Signature-256: " + door.sign(BODY).encode()
    lines = [b"POST /webhook HTTP/" + version, b"Host: waybill", signature, b"Content-Length: %d" % len(BODY), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + BODY


def names(head: bytes) -> list[bytes]:
    return sorted(line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:])


async def test_who_stays_hears_a_whole_answer_to_each_request_in_turn(shut: Door) -> None:
    told = await shut.knock(request(shut, b"1.1"), request(shut, b"1.1"), request(shut, b"1.1", b"Connection: close"))
    *answers, rest = told.split(b"\r\n\r\n")
    assert rest == b""
    assert [answer.split(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 200 OK"] * 3
    assert names(answers[0]) == names(answers[1]) == [b"content-length", b"date", b"server"]
    assert names(answers[2]) == [b"connection", b"content-length", b"date", b"server"]
    assert await shut.count() == 1


async def test_an_old_client_that_stays_is_told_so(shut: Door) -> None:
    told = await shut.knock(request(shut, b"1.0", b"Connection: keep-alive"), request(shut, b"1.0"))
    first, second, rest = told.split(b"\r\n\r\n")
    assert (b"Connection: keep-alive" in first, b"keep-alive" in second, rest) == (True, False, b"")
