"""`DATABASE_URL` as people and hosting providers write it: understood, or refused in words that never quote it."""

import ssl
from pathlib import Path

import pytest

from models.address import FORM, POSTGRES_SESSION, SSL_MODES, UNKNOWN, Address, InvalidAddress
from models.database import UNAVAILABLE, Database
from tests.models.units import rows

SETTINGS = ", ".join(f"current_setting('{name}') AS {name}" for name in POSTGRES_SESSION)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://u:p@db/shop", {"host": "db", "port": 5432, "user": "u", "password": "p", "database": "shop"}),
        ("postgresql://u@db:6543/shop", {"host": "db", "port": 6543, "user": "u", "password": None}),
        ("postgres://u%40x:p%2Fa%40s%3As@db/a%20b", {"user": "u@x", "password": "p/a@s:s", "database": "a b"}),
        ("postgres://u:p@ss@[::1]/shop", {"host": "::1", "password": "p@ss"}),
        ("postgres://u:p@db/shop?sslmode=require", {"ssl": "require"}),
        ("postgres://u:p@db/shop", {"ssl": "prefer", "timeout": 5.0, "command_timeout": 35.0}),
        ("postgres://u:p@db/shop?connect_timeout=10", {"timeout": 10.0}),
        ("postgres://u:p@db/shop?channel_binding=prefer&sslmode=disable", {"ssl": "disable"}),
        ("postgres://u:p@/shop?host=/var/run/postgresql", {"host": "/var/run/postgresql"}),
    ],
)
def test_an_address_is_understood(url: str, expected: dict[str, object]) -> None:
    session = Address(url).session()
    assert {name: session[name] for name in expected} == expected
    assert session["server_settings"] == POSTGRES_SESSION


def test_verified_means_by_name_and_against_the_systems_authorities() -> None:
    full, authority = (
        Address(f"postgres://u:p@db/shop?sslmode=verify-{how}").session()["ssl"] for how in ("full", "ca")
    )
    assert (full.verify_mode, full.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert (authority.verify_mode, authority.check_hostname) == (ssl.CERT_REQUIRED, False)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", FORM),
        ("sqlite:file", FORM),
        ("sqlite://", FORM),
        ("mysql://u:secret@db/shop", FORM),
        ("postgres://", FORM),
        ("postgres:///shop", FORM),
        ("postgres://u:sec/ret@db/shop", FORM),
        ("postgres://u:secret@db:port/shop", FORM),
        ("postgres://u:secret@db/shop#part", FORM),
        ("postgres://u:secret@one,two/shop", FORM),
        ("postgres://u:sec?ret@db/shop", FORM),
        ("postgres://u:sec?ret=@db/shop", FORM),
        ("postgres://u:secret@db/shop?pgbouncer=true", UNKNOWN),
        (
            "postgres://u:secret@db/shop?sslmode=secret",
            f"has an sslmode that does not exist; there are {', '.join(SSL_MODES)}",
        ),
        ("postgres://u:secret@db/shop?sslrootcert=/ca.pem", "has an sslrootcert, which only sslmode=verify-ca"),
        (
            "postgres://u:secret@db/shop?sslmode=verify-full&sslrootcert=/secret.pem",
            "has an sslrootcert that cannot be",
        ),
        (
            "postgres://u:secret@db/shop?channel_binding=require",
            "asks for channel_binding, which this driver does not have",
        ),
        ("postgres://u:secret@db/shop?connect_timeout=secret", "has a connect_timeout that is no number from 1 to 999"),
    ],
)
def test_what_cannot_be_honoured_is_refused_in_words(url: str, words: str) -> None:
    with pytest.raises(InvalidAddress) as caught:
        Address(url)
    assert str(caught.value).startswith(words)
    assert "secret" not in str(caught.value)
    assert "ret" not in str(caught.value).replace("secret", "").split()


def test_a_file_of_ones_own_authorities_is_read(tmp_path: Path) -> None:
    authorities = tmp_path / "ca.pem"
    authorities.write_text(_some_certificate())
    session = Address(f"postgres://u:p@db/shop?sslmode=verify-full&sslrootcert={authorities}").session()
    assert len(session["ssl"].get_ca_certs()) == 1


def _some_certificate() -> str:
    """Any authority that Python itself trusts."""
    trusted = ssl.create_default_context().get_ca_certs(binary_form=True)
    return ssl.DER_cert_to_PEM_cert(trusted[0])


@pytest.mark.postgres
async def test_every_session_has_its_limits_and_its_name(postgres_url: str) -> None:
    database = Database(Address(f"{postgres_url}?sslmode=prefer&application_name=shop"))
    await database.open()
    try:
        assert await rows(database, f"SELECT {SETTINGS}") == [{**POSTGRES_SESSION, "application_name": "shop"}]
    finally:
        await database.close()


@pytest.mark.postgres
async def test_a_server_without_tls_is_refused_when_it_is_required(postgres_url: str) -> None:
    database = Database(Address(f"{postgres_url}?sslmode=require"))
    with pytest.raises(UNAVAILABLE):
        await database.open()
    await database.close()
