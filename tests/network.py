"""No test reaches anything but this machine: every name resolved and every address connected to is looked at.

It holds for this process; programs that tests start are told where to connect. An attempt raises where it happens and is
kept: the test fails even if the code under test takes the error for weather and tries again later.
"""

import ipaddress
import socket
import sys
from typing import Any
from urllib.parse import urlsplit

attempts: list[str] = []
"""What was tried; whoever reads it empties it."""


class OutsideError(Exception):
    """A test tried to reach another machine."""


def allow_only_loopback(also: str = "") -> None:
    """From now on, for the life of the process. `also` is the URL of a server that may be reached too."""
    friends = _addresses(urlsplit(also).hostname)

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.getaddrinfo":
            host = arguments[0]
        elif event in {"socket.connect", "socket.sendto"} and isinstance(arguments[1], tuple):
            host = arguments[1][0]
        else:
            return
        name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
        if name not in friends and not _is_here(name):
            attempts.append(f"{event} {name}")
            raise OutsideError(f"a test may not reach {name} ({event})")

    sys.addaudithook(look)


def _addresses(host: str | None) -> set[str]:
    return {host, *(str(info[4][0]) for info in socket.getaddrinfo(host, None))} if host else set()


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
