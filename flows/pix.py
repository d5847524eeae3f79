"""Pix, Brazil's transfers between accounts: the keys that receive money, and the code that a payer copies into their bank.

Facts: Banco Central do Brasil, "Manual de Padrões para Iniciação do Pix" and "Manual do BR Code" (EMV merchant-presented
codes); the CNPJ with letters is the Receita Federal's of July 2026.
"""

import re
import unicodedata
from binascii import crc_hqx
from collections.abc import Sequence
from dataclasses import dataclass

from flows.kinds import Kind
from flows.money import major

CPF, CNPJ, EMAIL, PHONE, EVP = "CPF", "CNPJ", "EMAIL", "PHONE", "EVP"
"""Types of keys, as Meta names them: a person, a company, an address, a phone, and a random one that the bank made."""
BRL = "BRL"
NAME, CITY, TXID, ADDRESS = 25, 15, 25, 77
"""The longest name, city, id of a payment in a code with a fixed key, and email as a key."""
NO_TXID, ANY_NAME, ANY_CITY = "***", "LOJA", "BRASIL"
"""What stands where nothing is known: a code has to have all three."""

_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
_PHONE = re.compile(r"\+55[1-9][0-9](9?[0-9]{8})")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Key:
    """A key as banks keep it, and its type."""

    type: str
    value: str


def read_key(text: str) -> Key:
    """A key as people write it, with dots and dashes or without. ValueError says in words what is wrong."""
    if "@" in text:
        return Key(EMAIL, _read_email(text))
    if _UUID.fullmatch(text.lower()):
        return Key(EVP, text.lower())
    bare = re.sub(r"[\s().\-/]", "", text).upper()
    if bare.startswith("+"):
        if not _PHONE.fullmatch(bare):
            raise ValueError(f"{text!r} is no Brazilian phone; write it like +5511987654321")
        return Key(PHONE, bare)
    if re.fullmatch(r"[0-9]{11}", bare):
        if not _has_check_digits(bare, (range(10, 1, -1), range(11, 1, -1))):
            raise ValueError(f"the check digits of the CPF {text!r} are wrong; a phone is written with +55")
        return Key(CPF, bare)
    if re.fullmatch(r"[0-9A-Z]{12}[0-9]{2}", bare):
        if not _has_check_digits(bare, (_CNPJ_WEIGHTS[1:], _CNPJ_WEIGHTS)):
            raise ValueError(f"the check digits of the CNPJ {text!r} are wrong")
        return Key(CNPJ, bare)
    raise ValueError(f"{text!r} is no Pix key; write {_KEYS}")


def _read_email(text: str) -> str:
    address = text.lower()
    if len(address) > ADDRESS or not _EMAIL.fullmatch(address):
        raise ValueError(f"{text!r} is no email address of at most {ADDRESS} characters")
    return address


_KEYS = "a CPF, a CNPJ, an email address, a phone like +5511987654321 or a random key"
_CNPJ_WEIGHTS = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)


def _has_check_digits(text: str, weights: Sequence[Sequence[int]]) -> bool:
    """Whether the last two digits fit what stands before them; one digit all over fits, and is nobody's."""
    for weighted in weights:
        total = sum(weight * (ord(char) - ord("0")) for weight, char in zip(weighted, text, strict=False))
        expected = 0 if total % 11 < 2 else 11 - total % 11
        if int(text[len(weighted)]) != expected:
            return False
    return len(set(text)) > 1


def plain_name(text: str) -> str:
    """`text` without accents and signs, as banks take names: `São João & Cia` is `Sao Joao & Cia`."""
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(re.sub(r"[^A-Za-z0-9 &'()*+,./:-]", " ", bare).split())


def _name(limit: int) -> Kind:
    def read(text: str) -> str:
        name = plain_name(text)
        if not 1 <= len(name) <= limit:
            raise ValueError(f"{text!r} has to have 1 to {limit} characters, without accents")
        return name

    return Kind(f"1 to {limit} letters, digits and signs", read)


EMAIL_KIND = Kind("an email address", _read_email)
KEY_KIND, NAME_KIND, CITY_KIND = Kind(_KEYS, read_key), _name(NAME), _name(CITY)


def static_code(key: str, *, name: str, city: str, amount: int | None = None, txid: str = "") -> str:
    """What a payer copies into their bank to send `amount` (in centavos; None lets them enter it) to `key`.

    Nobody tells us when it has been paid; `txid`, letters and digits, is what the shop finds on its account.
    """
    if not re.fullmatch(rf"[A-Za-z0-9]{{0,{TXID}}}", txid):
        raise ValueError(f"a txid has at most {TXID} letters and digits: {txid!r}")
    account = _field("00", "br.gov.bcb.pix") + _field("01", key)
    fields = [
        _field("00", "01"),
        _field("26", account),
        _field("52", "0000"),
        _field("53", "986"),
        _field("54", str(major(amount, BRL))) if amount else "",
        _field("58", "BR"),
        _field("59", plain_name(name)[:NAME].strip() or ANY_NAME),
        _field("60", plain_name(city)[:CITY].strip() or ANY_CITY),
        _field("62", _field("05", txid or NO_TXID)),
        "6304",
    ]
    code = "".join(fields)
    return f"{code}{crc_hqx(code.encode('ascii'), 0xFFFF):04X}"


def _field(tag: str, value: str) -> str:
    if not 1 <= len(value) <= 99:
        raise ValueError(f"a field of a code has 1 to 99 characters: {tag} {value!r}")
    return f"{tag}{len(value):02}{value}"
