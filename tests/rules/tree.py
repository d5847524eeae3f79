"""The repository as the rules see it: parsed modules, and the text of every file that is or would be committed."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = ("bot", "handlers", "models", "flows")


@cache
def modules(*packages: str) -> dict[str, ast.Module]:
    """Path relative to the root → parsed module, for all modules of these packages."""
    paths = sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in paths}


@cache
def texts() -> dict[str, str]:
    """Path → text of every tracked or new file that is not ignored and is text."""
    listing = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return {name: text for name in names if name and (text := _text(ROOT / name)) is not None}


def _text(path: Path) -> str | None:
    try:
        return path.read_text()
    except (FileNotFoundError, UnicodeDecodeError):
        return None  # deleted and not yet committed; a picture


def dotted(node: ast.expr) -> str:
    """`a.b.c` of names and attributes, `()` standing for a call on the way; empty for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            return f"{dotted(value)}.{attr}".removeprefix(".")
        case ast.Call(func=func):
            return f"{dotted(func)}()"
        case _:
            return ""


def calls(node: ast.AST) -> Iterator[ast.Call]:
    return (found for found in ast.walk(node) if isinstance(found, ast.Call))
