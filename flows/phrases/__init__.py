"""Every sentence the bot says to people, by key and language. A language is a module here: key → text with {named} fields.

A phrase with a {count} that changes its words is a table by plural category (`one`, `few`, `other` …) of that language.
"""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

Phrase = str | Mapping[str, str]

LANGUAGES = ("en",)
"""The modules of this folder, English first: it answers for a language that is missing."""


@lru_cache(maxsize=256)
def spoken(language: str) -> str:
    """The language of ours that `language` is answered in: `pt_BR` in `pt`, an unknown one in English."""
    code = language.replace("-", "_").split("_")[0].lower()
    return code if code in LANGUAGES else LANGUAGES[0]


def say(key: str, language: str, /, **fields: object) -> str:
    """The phrase `key` in `language`, its fields filled in. KeyError for a key or field that is missing."""
    ours = spoken(language)
    phrase = _phrases(ours)[key]
    text = phrase if isinstance(phrase, str) else phrase[_plural_rule(ours)(fields["count"])]
    return text.format_map(fields)


def has(key: str, language: str) -> bool:
    """Whether there is such a phrase in `language`, one of ours."""
    return key in _phrases(language)


@cache
def _phrases(language: str) -> Mapping[str, Phrase]:
    phrases: Mapping[str, Phrase] = import_module(f"{__name__}.{language}").PHRASES
    return phrases


@cache
def _plural_rule(language: str) -> Callable[[Any], str]:
    # Babel takes 30 ms to import: only a phrase that counts pays for it.
    from babel import Locale

    return Locale.parse(language).plural_form
