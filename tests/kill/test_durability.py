"""The 200 comes after the disk: seen from outside, in the system calls of the running program.

SIGKILL leaves the page cache alone, so only this tells whether an acknowledged event would outlive a power cut.
"""

import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox import webhooks
from bot.sandbox.credentials import Credentials
from bot.sandbox.demo import PEOPLE
from tests import budget
from tests.kill.scene import scene

STRACE = shutil.which("strace")
MAY_TRACE = STRACE is not None and subprocess.run([STRACE, "-o", "/dev/null", "true"], check=False).returncode == 0
CALLS = "pwrite64,write,writev,sendto,sendmsg,fdatasync,fsync"

pytestmark = [
    pytest.mark.kill,
    pytest.mark.skipif(not MAY_TRACE, reason="needs strace, and the right to trace a process"),
]

MARK = re.compile(r"wamid\.ack(\d{6})")
WRITTEN = re.compile(r"(?P<thread>\d+) +(?:pwrite64|write)\((?P<file>\d+), ")
SYNC = re.compile(r"(?P<thread>\d+) +(?:fdatasync|fsync)\((?P<file>\d+)")
SYNCED = re.compile(r"(?P<thread>\d+) +(?:<\.\.\. )?(?:fdatasync|fsync)\b.* = 0$")
ANSWERED = re.compile(r'\d+ +(?:write|writev|sendto|sendmsg)\(.*"HTTP/1\.1 200 OK')


@pytest.mark.timeout(120 + budget.ACKS)
async def test_every_200_comes_after_the_fsync_of_its_own_event(tmp_path: Path) -> None:
    trace = tmp_path / "trace.txt"
    strace = (str(STRACE), "-D", "-f", "-qq", "-s", "8192", "-e", f"trace={CALLS}", "-o", str(trace))
    async with scene(tmp_path, 0, through=strace) as world, aiohttp.ClientSession() as http:
        await world.bot.start()
        assert await world.bot.is_ready(), world.bot.said
        for number in range(budget.ACKS):
            raw, headers = _message(world.meta.credentials, number)
            async with http.post(world.bot.webhook, data=raw, headers=headers) as answer:
                assert answer.status == 200
        await world.bot.kill()
    with trace.open(errors="replace") as lines:
        assert list(on_disk(lines)) == list(range(budget.ACKS))


def on_disk(lines: Iterable[str]) -> Iterator[int]:
    """For each 200 to a webhook, in order: the newest event that was written and then synced before it."""
    seen, newest, file, durable = set[int](), -1, "", -1
    syncing: dict[str, str] = {}
    for line in lines:
        if (written := WRITTEN.match(line)) and (fresh := {int(n) for n in MARK.findall(line)} - seen):
            seen |= fresh
            newest, file = max(fresh), written["file"]
        if sync := SYNC.match(line):
            syncing[sync["thread"]] = sync["file"]
        if (synced := SYNCED.match(line)) and syncing.pop(synced["thread"], "") == file:
            durable = newest
        if seen and ANSWERED.match(line):
            yield durable


def _message(credentials: Credentials, number: int) -> tuple[bytes, dict[str, str]]:
    content = {"type": "text", "text": {"body": "hello"}}
    at = datetime.now(UTC)
    value = webhooks.message(credentials, PEOPLE[0], id=f"wamid.ack{number:06}", at=at, content=content)
    update = webhooks.Update(number, "messages", value, (), queued_at=at, due_at=at)
    raw = webhooks.encode(webhooks.body(credentials.business_account_id, [update]))
    return raw, {"X-Hub-Signature-256": webhooks.signature(credentials.app_secret, raw)}


TRACED = """
101 pwrite64(9, "..wamid.ack000000..", 4096, 4096) = 4096
101 fdatasync(9 <unfinished ...>
100 write(3, "a line of the log", 17) = 17
101 <... fdatasync resumed>)         = 0
100 write(14, "HTTP/1.1 200 OK\\r\\n..", 90) = 90
101 pwrite64(9, "..wamid.ack000000..wamid.ack000001..", 4096, 8192) = 4096
101 fdatasync(8)                     = 0
100 write(14, "HTTP/1.1 200 OK\\r\\n..", 90) = 90
101 fdatasync(9 <unfinished ...>
100 sendto(14, "HTTP/1.1 200 OK\\r\\n..", 90, 0, NULL, 0) = 90
101 <... fdatasync resumed>)         = 0
"""


def test_an_answer_before_the_end_of_its_own_fsync_is_noticed() -> None:
    assert list(on_disk(TRACED.splitlines())) == [0, 0, 0]
