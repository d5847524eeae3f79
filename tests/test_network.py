"""The guard itself: other machines are out of reach, this one is not, and a swallowed attempt is still seen."""

import socket
from contextlib import suppress

import pytest

from tests import network


def test_a_foreign_name_is_not_even_resolved() -> None:
    with pytest.raises(network.OutsideError, match=r"may not reach graph\.example"):
        socket.getaddrinfo("graph.example", 443)
    assert network.attempts.pop() == "socket.getaddrinfo graph.example"


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "192.0.2.7"), (socket.AF_INET6, "2001:db8::7")])
def test_a_foreign_address_is_not_connected_to(family: socket.AddressFamily, address: str) -> None:
    with socket.socket(family) as probe, pytest.raises(network.OutsideError):
        probe.connect((address, 443))
    assert network.attempts.pop() == f"socket.connect {address}"


def test_a_datagram_leaves_for_nowhere_else() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as probe, pytest.raises(network.OutsideError):
        probe.sendto(b"?", ("192.0.2.7", 53))
    assert network.attempts.pop() == "socket.sendto 192.0.2.7"


def test_this_machine_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
    assert network.attempts == []


def test_an_attempt_is_kept_even_when_its_error_is_swallowed() -> None:
    with suppress(Exception):
        socket.getaddrinfo("graph.example", 443)
    assert network.attempts.pop() == "socket.getaddrinfo graph.example"
