"""Vocabularies: what a file may say, every fault told at once, and what a shop's words and statuses come to."""

import re
from pathlib import Path

import pytest

from flows import vocabulary
from flows.order import STATUSES
from flows.settings import Settings, SettingsError, check
from flows.vocabulary import SHIPPED, Extra, VocabularyError, find, parse

LEAST = "[status]\nplaced = true\ncanceled = true\n"
DOCS = (Path(__file__).parents[2] / "docs" / "vocabularies.md").read_text(encoding="utf-8")


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(VocabularyError) as caught:
        parse("shop", text)
    return caught.value.faults


def test_a_label_or_true_puts_a_status_to_use() -> None:
    words = parse("shop", LEAST + 'packed = "In its box"')

    assert words.statuses == {"placed": "", "canceled": "", "packed": "In its box"}
    assert [status for status in STATUSES if words.uses(status)] == ["placed", "packed", "canceled"]


def test_what_is_fetched_may_be_packed_where_nothing_else_is() -> None:
    words = parse("shop", LEAST + '[when]\nready_for_pickup = "Come and get it"')

    assert (words.uses("packed"), words.uses("packed", is_pickup=True)) == (False, True)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[status]", "shop: [status] leaves out placed, without which there is no order"),
        ("x = 1", "shop: x is no table that I know"),
        (LEAST + 'paked = "P"', "shop: status.paked is no name that I know; did you mean packed?"),
        (LEAST + "packed = 7", "shop: status.packed must be a text of at most 24 characters on one line"),
        (LEAST + "packed = false", "shop: status.packed must be a text of at most 24 characters on one line"),
        (LEAST + f'packed = "{"x" * 25}"', "shop: status.packed must be a text of at most 24 characters on one line"),
        (LEAST + 'packed = "a\\nb"', "shop: status.packed must be a text of at most 24 characters on one line"),
        (LEAST + '[when]\nrefund = "R"', "shop: when.refund is no name that I know; did you mean refunded?"),
        (LEAST + '[payment]\nsettled = "S"', "shop: payment.settled is no name that I know"),
        (
            LEAST + "[policy]\ninvoices = true",
            "shop: policy.invoices must be a text as `store set` takes it, in quotes",
        ),
        ("state = 1\n" + LEAST, "shop: state must be a table: [state]"),
        ('show = "{status}"\n' + LEAST, "shop: show must be a text with {order}, and perhaps {payment} and {shipment}"),
        ('show = "{order"\n' + LEAST, "shop: show must be a text with {order}, and perhaps {payment} and {shipment}"),
        (
            LEAST + '[extra.engraving]\nlabel = "E"',
            "shop: extra.engraving.like must name the status that it behaves like, such as processing",
        ),
        (
            LEAST + '[extra.packed]\nlike = "processing"',
            "shop: extra.packed must have a name of its own, of letters, digits and _",
        ),
        (
            LEAST + '[extra.engraving]\nlike = "processing"\nlable = "E"',
            "shop: extra.engraving knows label, like and state, not lable",
        ),
    ],
)
def test_what_is_wrong_with_a_file_is_told(text: str, fault: str) -> None:
    assert fault in faults(text)


def test_a_file_that_is_no_toml_says_where() -> None:
    [fault] = faults("[status\n")
    assert re.fullmatch(r"shop is not TOML: .*line 1.*", fault)


def test_every_fault_is_told_at_once() -> None:
    assert len(faults('[status]\npaked = true\n[when]\nrefund = "R"')) == 4


def test_a_file_that_cannot_be_read_is_told_and_the_standard_words_go_on(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_bytes(b"\xff")

    assert vocabulary.faults(f"{tmp_path}/none.toml") == (
        f"{tmp_path}/none.toml cannot be read: No such file or directory",
    )
    assert vocabulary.faults(f"{tmp_path}/shop.toml") == (f"{tmp_path}/shop.toml is not UTF-8 text",)
    assert vocabulary.faults("/\0") == (r"'/\x00' is no file",)
    assert find(f"{tmp_path}/none.toml") == find("standard")


def test_the_policies_of_a_file_are_settings_that_may_be_written(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(LEAST + '[policy]\nvocabulary = "soul"\ninvoices = "perhaps"\n"order.flow" = "manual"')

    with pytest.raises(SettingsError) as caught:
        check("vocabulary", str(file))
    assert [fault.removeprefix(f"{file}: policy.") for fault in caught.value.faults] == [
        "vocabulary: a vocabulary cannot choose another",
        "invoices: 'perhaps' is not known; write on or off",
        "there is no setting 'order.flow'; did you mean order_flow?",
    ]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_vocabulary_is_chosen_whatever_the_case_of_its_name(name: str) -> None:
    assert Settings({"vocabulary": name.upper()}).vocabulary.name == name


def test_the_example_of_the_documents_can_be_used(tmp_path: Path) -> None:
    [example] = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)
    file = tmp_path / "shop.toml"
    file.write_text(example, encoding="utf-8")

    assert check("vocabulary", str(file)) == str(file)
    words = Settings({"vocabulary": str(file)}).vocabulary
    assert words.extras == {
        "awaiting_engraving": Extra("awaiting_engraving", "Being engraved", "processing", "processing")
    }
    assert words.policies["order_flow"] == "manual"
