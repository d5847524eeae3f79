"""`make bench`: every module in turn, printed as tables of figures and written to var/bench.json.

`python -m benchmarks NAME…` runs only those; what the report holds of the others stays.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import orjson
import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks.frame import Figure

MODULES = ("ingestion", "carts", "sends", "growth", "bookings", "workers", "footprint")
REPORT = Path("var/bench.json")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(MODULES)}; all without")
    names = parser.parse_args(arguments).names or MODULES
    if unknown := set(names) - set(MODULES):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(MODULES)}")
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {1})
    console = Console() if sys.stdout.isatty() else Console(width=120)
    report = orjson.loads(REPORT.read_bytes()) if REPORT.exists() else {}
    reached = True
    for name in names:
        module = import_module(f"benchmarks.{name}")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            figures: list[Figure] = runner.run(module.measure(lambda text: console.print(f"  {text}", style="dim")))
        console.print(table(module.TITLE, figures))
        report[name] = {figure.name: figure.as_json() for figure in figures}
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2))
        reached &= all(figure.reached for figure in figures)
    console.print(f"Written to {REPORT}.")
    return 0 if reached else 1


def table(title: str, figures: Sequence[Figure]) -> Table:
    """The median of the rounds, beside the smallest and the largest of them."""
    made = Table(title=title)
    for column in ("", "median (min–max)", "must · stretch", ""):
        made.add_column(column, justify="left" if not column else "right")
    for figure in figures:
        wanted = [f"{bound:g}" for bound in (figure.must, figure.stretch) if bound is not None]
        sign = "≤" if figure.at_most else "≥"
        made.add_row(
            figure.name,
            f"{figure.median:,.4g} ({min(figure.values):,.4g}–{max(figure.values):,.4g}) {figure.unit}".rstrip(),
            f"{sign} {' · '.join(wanted)} {'✓' if figure.reached else '✗'}" if wanted else "reported",
            figure.beside,
        )
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
