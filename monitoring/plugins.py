"""Finding what a package offers by listing its files: no registration, no import-order effects."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def find(package: str, attribute: str, kind: type[T]) -> dict[str, T]:
    """Return the `attribute` of every module of `package` by its name, in the order of file names.

    Raises:
        TypeError: A module has no such attribute, or one whose `name` is not the file's; a file may
            leave out the ending `_test` of a name, by which tools take it for a test.
    """
    folder = Path(str(sys.modules[package].__file__)).parent
    found = {}
    for module in sorted(info.name for info in pkgutil.iter_modules([str(folder)])):
        item = getattr(importlib.import_module(f"{package}.{module}"), attribute, None)
        name = getattr(item, "name", "")
        if not isinstance(item, kind) or name.removesuffix("_test") != module.removesuffix("_test"):
            raise TypeError(f"{package}.{module} must define {attribute} with name {module!r}")
        found[name] = item
    return found
