"""The vocabularies that come with the program, and how they and merchants' own files are read."""

from pathlib import Path

from flows import vocabulary
from flows.vocabulary import SHIPPED, VocabularyError

FOLDER = Path(__file__).parent
MOST = 64 * 1024
"""Bytes of a merchant's file: it is a page of words."""


def install() -> None:
    """From now on vocabularies are found."""
    vocabulary.read_with(read)


def read(name: str) -> str:
    """The text of a vocabulary: one of ours by its name, a merchant's own by its path."""
    path = FOLDER / f"{name}.toml" if name in SHIPPED else Path(name)
    try:
        if path.stat().st_size > MOST:
            raise VocabularyError((f"{name} is larger than a vocabulary can be",))
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise VocabularyError((f"{name} cannot be read: {error.strerror}",)) from None
    except UnicodeDecodeError:
        raise VocabularyError((f"{name} is not UTF-8 text",)) from None
    except ValueError:  # a character that no path can have
        raise VocabularyError((f"{name!r} is no file",)) from None
