"""The program's commands: `python -m bot COMMAND --help` tells each. A failure is one clear line and a status that is not 0."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from bot.cli import lifecycle, office, orders, running
from bot.cli.output import Failure


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line instead of the usage: what is wrong, and where to look."""
        self.exit(2, f"{self.prog}: {message}. See `{self.prog} --help`.\n")


def parser() -> argparse.ArgumentParser:
    top = _Parser(prog="python -m bot", description="Waybill, the order desk that lives inside WhatsApp.")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    running.add(commands)
    office.add(commands)
    orders.add(commands)
    lifecycle.add(commands)
    return top


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit status."""
    given = parser().parse_args(arguments)
    try:
        return int(given.run(given) or 0)
    except Failure as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    except BrokenPipeError:
        # Whoever read our output has heard enough; without this Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
