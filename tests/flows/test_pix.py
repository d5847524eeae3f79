"""Pix keys as people write them, and codes that a bank can read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.pix import ANY_CITY, ANY_NAME, CITY, NAME, Key, plain_name, read_key, static_code
from flows.settings import Settings, SettingsError, check

KEYS = [
    ("529.982.247-25", Key("CPF", "52998224725")),
    ("52998224725", Key("CPF", "52998224725")),
    ("11.222.333/0001-81", Key("CNPJ", "11222333000181")),
    ("12.abc.345/01de-35", Key("CNPJ", "12ABC34501DE35")),
    ("Loja@Exemplo.com.br", Key("EMAIL", "loja@exemplo.com.br")),
    ("+55 (11) 98765-4321", Key("PHONE", "+5511987654321")),
    ("+55 11 3765-4321", Key("PHONE", "+551137654321")),
    ("123E4567-e12b-12d1-a456-426655440000", Key("EVP", "123e4567-e12b-12d1-a456-426655440000")),
]
NO_KEYS = [
    ("529.982.247-26", "check digits of the CPF"),
    ("111.111.111-11", "check digits of the CPF"),
    ("11987654321", "a phone is written with +55"),
    ("11.222.333/0001-82", "check digits of the CNPJ"),
    ("12.ABC.345/01DE-36", "check digits of the CNPJ"),
    ("loja@", "no email address"),
    ("loja exemplo@x.com", "no email address"),
    ("a" * 70 + "@x.com.br", "no email address"),
    ("+1 212 555 0100", "no Brazilian phone"),
    ("+55 01 98765-4321", "no Brazilian phone"),
    ("123e4567-e12b-12d1-a456", "no Pix key"),
    ("minha chave", "no Pix key"),
]


@pytest.mark.parametrize(("text", "key"), KEYS)
def test_a_key_is_known_by_its_form(text: str, key: Key) -> None:
    assert read_key(text) == key


@pytest.mark.parametrize(("text", "why"), NO_KEYS)
def test_what_is_no_key_is_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(SettingsError) as refused:
        check("pix.key", text)
    [fault] = refused.value.faults
    assert fault.startswith("pix.key: ")
    assert why in fault


@given(st.text(max_size=100))
def test_any_text_is_a_key_or_refused(text: str) -> None:
    try:
        key = read_key(text)
    except ValueError:
        return
    assert read_key(key.value) == key


def test_names_lose_their_accents_and_have_a_longest_form() -> None:
    settings = Settings({"pix.name": "São João & Cia", "pix.city": "Florianópolis"})
    assert (settings.get("pix.name"), settings.get("pix.city")) == ("Sao Joao & Cia", "Florianopolis")
    for name, text in (("pix.name", "x" * 26), ("pix.city", "São José dos Campos"), ("pix.name", "😀")):
        with pytest.raises(SettingsError):
            check(name, text)


def test_a_code_is_that_of_the_central_banks_manual() -> None:
    """Its example of a fixed code without an amount, checksum and all."""
    code = static_code("123e4567-e12b-12d1-a456-426655440000", name="Fulano de Tal", city="BRASILIA")
    assert code == (
        "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000"
        "5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D"
    )


def test_what_a_code_cannot_hold_is_a_mistake_of_ours() -> None:
    for txid in ("x" * 26, "a-b", "é", "***"):
        with pytest.raises(ValueError, match="txid"):
            static_code("k@x.br", name="A", city="B", txid=txid)


def fields(code: str) -> dict[str, str]:
    """A code's fields, read the way a bank reads them."""
    found = {}
    while code:
        size = int(code[2:4])
        found[code[:2]], code = code[4 : 4 + size], code[4 + size :]
        assert len(found) <= 20
    return found


def checksum(text: str) -> str:
    """CRC-16/CCITT-FALSE, bit by bit."""
    crc = 0xFFFF
    for byte in text.encode("ascii"):
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return f"{crc:04X}"


@given(
    key=st.sampled_from([key.value for _, key in KEYS]),
    name=st.text(max_size=60),
    city=st.text(max_size=60),
    amount=st.integers(1, 10**12),
    txid=st.text("abcXYZ019", max_size=25),
)
def test_a_bank_reads_back_what_was_meant(key: str, name: str, city: str, amount: int, txid: str) -> None:
    code = static_code(key, name=name, city=city, amount=amount, txid=txid)

    read = fields(code)
    assert read.pop("63") == checksum(code[:-4])
    assert fields(read.pop("26")) == {"00": "br.gov.bcb.pix", "01": key}
    assert fields(read.pop("62")) == {"05": txid or "***"}
    assert read.pop("59") == (plain_name(name)[:NAME].strip() or ANY_NAME)
    assert read.pop("60") == (plain_name(city)[:CITY].strip() or ANY_CITY)
    whole, cents = read.pop("54").split(".")
    assert (int(whole) * 100 + int(cents), len(cents)) == (amount, 2)
    assert read == {"00": "01", "52": "0000", "53": "986", "58": "BR"}
