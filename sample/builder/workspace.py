"""Builds the sample workspace once a day and seed, and keeps it."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sample.builder.plan import COMPLETE, VERSION, Plan

if TYPE_CHECKING:
    from pathlib import Path

#: Builds that are kept; each takes a gigabyte.
KEPT = 3

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
def _lock(path: Path, mode: int = fcntl.LOCK_EX) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, mode)
        yield


def _forget_old(root: Path, newest: Path) -> None:
    """Delete all but the last builds, this one among them, and what broken ones have left."""
    builds = [marker.parent for marker in root.glob(f"*/{COMPLETE}") if marker.parent != newest]
    builds.sort(key=lambda folder: (folder / COMPLETE).stat().st_mtime, reverse=True)
    for old in builds[KEPT - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
    for partial in root.glob(".*.partial"):
        lock = root / f"{partial.stem.removeprefix('.')}.lock"
        with suppress(BlockingIOError), _lock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(partial, ignore_errors=True)
