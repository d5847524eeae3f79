"""Every sentence exists in every language with the same fields, is used somewhere, and renders."""

import ast
import re
import string
from importlib import import_module
from pathlib import Path

import pytest
from babel import Locale

from flows import phrases
from flows.phrases import LANGUAGES, say, spoken
from flows.phrases.en import PHRASES

ROOT = Path(phrases.__file__).parents[2]
FOLDER = Path(phrases.__file__).parent


def texts(phrase: phrases.Phrase) -> list[str]:
    return [phrase] if isinstance(phrase, str) else list(phrase.values())


def fields(phrase: phrases.Phrase) -> set[str]:
    """The union over plural forms: a form for exactly one may leave the count out."""
    return {name for text in texts(phrase) for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def strings_in_code() -> set[str]:
    """Every string literal of the program outside the phrases themselves."""
    files = [path for room in ("flows", "handlers", "models", "bot") for path in (ROOT / room).rglob("*.py")]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files if FOLDER not in path.parents]
    constants = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


def families_in_code() -> set[str]:
    """`action.` of `say(f"action.{event}", …)`: keys that a value of the rules completes."""
    files = [path for room in ("flows", "handlers", "models", "bot") for path in (ROOT / room).rglob("*.py")]
    strings = (
        n
        for path in files
        for n in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(n, ast.JoinedStr)
    )
    firsts = [string.values[0] for string in strings if len(string.values) == 2]
    return {
        str(first.value)
        for first in firsts
        if isinstance(first, ast.Constant) and re.fullmatch(r"[a-z]+\.[a-z_]*", str(first.value))
    }


def said_in_code() -> set[str]:
    """The keys that `say` is called with as a literal; the terminal has a `say` of its own, for whole sentences."""
    files = [path for room in ("flows", "handlers", "models", "bot") for path in (ROOT / room).rglob("*.py")]
    calls = (
        n for path in files for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Call)
    )
    firsts = [call.args[0] for call in calls if isinstance(call.func, ast.Name) and call.func.id == "say" and call.args]
    keys = {first.value for first in firsts if isinstance(first, ast.Constant) and isinstance(first.value, str)}
    return {key for key in keys if re.fullmatch(r"[a-z_]+\.[a-z_.]+", key)}


def test_every_language_is_a_module_and_every_module_a_language() -> None:
    assert set(LANGUAGES) == {path.parent.name for path in FOLDER.glob("*/__init__.py")}
    assert LANGUAGES[0] == "en"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_the_same_with_the_same_fields(language: str) -> None:
    said = phrases._phrases(language)

    assert {key: fields(phrase) for key, phrase in said.items()} == {
        key: fields(phrase) for key, phrase in PHRASES.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_plurals_have_every_form_of_their_language_and_a_count(language: str) -> None:
    forms = {*Locale.parse(language).plural_form.tags, "other"}
    tables = {key: phrase for key, phrase in phrases._phrases(language).items() if not isinstance(phrase, str)}

    assert {key: set(table) for key, table in tables.items()} == dict.fromkeys(tables, forms)
    assert [key for key, table in tables.items() if "count" not in fields(table)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_renders_with_plain_fields_only(language: str) -> None:
    for key, phrase in phrases._phrases(language).items():
        names = fields(phrase)
        assert all(name.isidentifier() for name in names), key
        for count in range(12):
            rendered = say(key, language, **{**dict.fromkeys(names, "7"), "count": count})
            assert rendered.strip() == rendered != "", key
            assert "{" not in rendered, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_phrase_stands_in_two_modules(language: str) -> None:
    names = [path.stem for path in (FOLDER / language).glob("*.py") if path.stem != "__init__"]
    modules = [import_module(f"flows.phrases.{language}.{name}").PHRASES for name in names]

    assert sum(map(len, modules)) == len(phrases._phrases(language))


def test_no_phrase_is_left_over_and_none_is_missing() -> None:
    families = families_in_code()
    assert {key for key in set(PHRASES) - strings_in_code() if not key.startswith(tuple(families))} == set()
    assert said_in_code() - set(PHRASES) == set()


def test_a_count_chooses_the_form() -> None:
    assert [say("cart.more", "en", count=count) for count in (1, 2)] == ["… and 1 line more", "… and 2 lines more"]


@pytest.mark.parametrize(
    ("language", "ours"),
    [("en", "en"), ("en_IN", "en"), ("EN-gb", "en"), ("tlh", "en"), ("", "en"), ("__init__", "en")],
)
def test_a_language_that_we_do_not_speak_is_answered_in_english(language: str, ours: str) -> None:
    assert spoken(language) == ours
    assert say("menu.help", language) == "How it works"


@pytest.mark.parametrize(("key", "fields"), [("menu.nope", {}), ("menu.body", {}), ("cart.more", {})])
def test_a_missing_key_or_field_is_an_error(key: str, fields: dict[str, str]) -> None:
    with pytest.raises(KeyError):
        say(key, "en", **fields)


def test_words_of_people_are_never_taken_for_fields() -> None:
    assert say("cart.unknown", "en", sku="{store.salt}").startswith("“{store.salt}” is not in our catalogue")
