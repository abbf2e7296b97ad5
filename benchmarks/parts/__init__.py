"""The named parts of the benchmark, one a file.

A part has a docstring, `LIMIT_SECONDS` and `measure(*, tiny)`, which yields `(name, value)` as soon
as a value is known; the unit stands in the name. `tiny` asks for sizes that only show that it works.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from typing import Protocol, TypeAlias, cast

Value: TypeAlias = float | str
Values: TypeAlias = Iterator[tuple[str, Value]]


class Part(Protocol):
    """What a module of this package offers."""

    __doc__: str
    LIMIT_SECONDS: int

    @staticmethod
    def measure(*, tiny: bool) -> Values:
        """Yield each value under its name."""


def names() -> list[str]:
    """Return the parts by listing this package."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def part(name: str) -> Part:
    """Import one part."""
    return cast("Part", importlib.import_module(f"{__name__}.{name}"))


def say(text: str) -> None:
    """Tell whoever waits what happens now; values alone go to standard output."""
    print(text, file=sys.stderr, flush=True)
