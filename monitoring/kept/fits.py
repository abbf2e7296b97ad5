"""What was learned from files, as long as they stay the same: learning takes longer than a month's use."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import TypeVar

from monitoring.kept.disk import state_of
from monitoring.kept.memory import Memory
from monitoring.settings import time_of_day

T = TypeVar("T")

#: A fit of each kind for each deployment of a small workspace; each holds some megabytes.
MOST = 32

_FITS = Memory(MOST, time_of_day)


def fitted(how: Hashable, files: Iterable[Path], fit: Callable[[], T]) -> T:
    """Return what was learned from files, and learn it where they have changed since.

    Args:
        how: Everything that the fit depends on besides what is in the files.
        files: What it is learned from.
        fit: Learns it.
    """
    return _FITS.get((how, state_of(files)), lambda _progress: fit())
