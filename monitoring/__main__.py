"""The command line: `python -m monitoring drift`, `python -m monitoring sample`.

Exit code 0 without a breach, 2 with one, 3 where nothing could be judged, 1 on an error.
"""

from __future__ import annotations

import os

# The engine counts column by column on its own; a thread pool under numpy only costs start-up.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence

from monitoring import commands
from monitoring.commands import FAILED, OK
from monitoring.commands.output import clear
from monitoring.errors import MonitoringError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except MonitoringError as error:
        clear()
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:  # the reader, head for one, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        clear()
        print("error: Stopped. Nothing was written.", file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m monitoring", description=__doc__)
    known = parser.add_subparsers(required=True, metavar="command")
    for found in pkgutil.iter_modules(commands.__path__):
        module = importlib.import_module(f"{commands.__name__}.{found.name}")
        if hasattr(module, "add"):
            module.add(known)
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        """Exit with 1: 2 means a breach."""
        self.print_usage(sys.stderr)
        print(f"error: {message}", file=sys.stderr)
        raise SystemExit(FAILED)


if __name__ == "__main__":
    raise SystemExit(main())
