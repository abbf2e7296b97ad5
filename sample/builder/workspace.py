"""Builds the sample workspace once a day and seed, and keeps it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from monitoring.errors import InputError
from monitoring.kept.disk import State, sha256_of, state_of
from sample.builder.plan import COMPLETE, VERSION, Plan

#: Written last: without it, or where it says otherwise than the folder, the folder is built again.
MANIFEST = "files.json"
#: Builds that are kept; each takes a gigabyte.
KEPT = 3

Progress = Callable[[float, str], None]


def build(cache: Path, now: datetime, seed: int, progress: Progress) -> Path:
    """Return the folder of the sample workspace for this day, built first if it is not there, or damaged.

    Args:
        cache: Where to keep it.
        now: The time; only its UTC day matters, and the data reach to the end of the next.
        seed: Of everything that is simulated.
        progress: Called with the share done and what is being done.

    Raises:
        InputError: It cannot be written.
    """
    plan = Plan(now.astimezone(UTC).date(), seed)
    root = cache / "sample"
    folder = root / f"v{VERSION}-{seed}-{plan.today:%Y-%m-%d}"
    if _is_whole(folder):
        return folder
    try:
        _build(root, folder, plan, progress)
    except OSError as error:
        raise InputError(
            f"Cannot write the sample workspace to {str(root)!r}: {error.strerror or error}",
            hint="It takes 1 GB. Free it, or set LEEWAY_CACHE to a folder that has it.",
        ) from error
    return folder


def _build(root: Path, folder: Path, plan: Plan, progress: Progress) -> None:
    root.mkdir(parents=True, exist_ok=True)
    from sample.builder.contents import write  # noqa: PLC0415 - seconds, only to build

    with _lock(root / f"{folder.name}.lock"):
        if not _is_whole(folder):  # another process may have built it meanwhile
            partial = root / f".{folder.name}.partial"
            for leftover in (partial, folder):
                shutil.rmtree(leftover, ignore_errors=True)
            partial.mkdir()
            write(partial, plan, progress)
            (partial / MANIFEST).write_text(json.dumps(_content(partial)), encoding="utf-8")
            partial.rename(folder)
            _forget_old(root, folder)


def _is_whole(folder: Path) -> bool:
    """Whether a folder is as it was built."""
    try:
        return _is_whole_in(folder, state_of(_files(folder)))
    except (OSError, ValueError):
        return False


@lru_cache(maxsize=4)
def _is_whole_in(folder: Path, _state: State) -> bool:
    """Look at a folder whose databases are in one state: once in each process, it takes half a second."""
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return manifest == _content(folder)


def _content(folder: Path) -> dict[str, Any]:
    """Return a checksum of each file, and how many and how large those of the storage are."""
    return {
        "files": {path.name: sha256_of(path) for path in _files(folder) if path.name != MANIFEST},
        "storage": list(_size(folder / "storage")),
    }


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def _size(folder: Path) -> tuple[int, int]:
    """Return the number of files below a folder, and their bytes."""
    files = size_bytes = 0
    for entry in os.scandir(folder):
        below = _size(Path(entry.path)) if entry.is_dir() else (1, entry.stat().st_size)
        files, size_bytes = files + below[0], size_bytes + below[1]
    return files, size_bytes


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
