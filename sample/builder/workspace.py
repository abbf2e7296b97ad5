"""Builds the sample workspace once a day and seed, and keeps it."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sample.builder.plan import COMPLETE, VERSION, Plan

if TYPE_CHECKING:
    from pathlib import Path

SECONDS_KEPT = 3 * 86_400

Progress = Callable[[float, str], None]


def build(cache: Path, now: datetime, seed: int, progress: Progress) -> Path:
    """Return the folder of the sample workspace for this day, built first if need be.

    Args:
        cache: Where to keep it.
        now: The time; only its UTC day matters, and the data reach to the end of the next.
        seed: Of everything that is simulated.
        progress: Called with the share done and what is being done.
    """
    plan = Plan(now.astimezone(UTC).date(), seed)
    root = cache / "sample"
    folder = root / f"v{VERSION}-{seed}-{plan.today:%Y-%m-%d}"
    if (folder / COMPLETE).exists():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    from sample.builder.contents import write  # noqa: PLC0415 - seconds, only to build

    with _lock(root / f"{folder.name}.lock"):
        if not (folder / COMPLETE).exists():  # another process may have built it meanwhile
            partial = root / f".{folder.name}.partial"
            for leftover in (partial, folder):
                shutil.rmtree(leftover, ignore_errors=True)
            partial.mkdir()
            write(partial, plan, progress)
            partial.rename(folder)
            _forget_old(root, folder)
    return folder


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _forget_old(root: Path, newest: Path) -> None:
    """Delete the workspaces of other days and seeds that were built days before this one."""
    for marker in root.glob(f"*/{COMPLETE}"):
        age = (newest / COMPLETE).stat().st_mtime - marker.stat().st_mtime
        if marker.parent != newest and age > SECONDS_KEPT:
            shutil.rmtree(marker.parent, ignore_errors=True)
