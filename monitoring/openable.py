"""Which files may be opened by their path: what a link, a form or a database names is no proof."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from monitoring.errors import InputError, MonitoringError
from monitoring.settings import Settings

_UPLOAD = "Upload the file, or have LEEWAY_FILES set to the folder that holds it."
_VISIBLE = "Name a folder whose files are all its own and in sight."


def openable(path: str, settings: Settings) -> Path:
    """Return the file or folder of this path below `settings.files`.

    Never below the cache or a hidden folder, nor what links lead to elsewhere; a folder in which
    any of these lies is refused as a whole. Messages hold the path as given, never the server's.

    Raises:
        InputError: No folder is open to paths, or this is not a path below it.
    """
    if settings.files is None:
        raise InputError(f"Cannot open {path!r}: no folder is open to paths", hint=_UPLOAD)
    root, cache = settings.files.resolve(), settings.cache.resolve()
    try:
        found = (root / path).resolve()
        is_folder = found.is_dir()
    except (OSError, ValueError, RuntimeError) as error:  # NUL, too long, links in a circle
        raise InputError(f"Cannot open {path[:80]!r}: it is no path", hint=_UPLOAD) from error
    if not found.is_relative_to(root):
        raise InputError(
            f"Cannot open {path!r}: it lies outside of the folder that is open", hint=_UPLOAD
        )
    if (reason := _closed(found, root, cache)) or (cache.is_relative_to(found) and cache.exists()):
        raise InputError(f"Cannot open {path!r}: {reason or 'the cache lies in it'}", hint=_VISIBLE)
    for file in _below(found) if is_folder else ():
        if reason := _closed(file.resolve(), root, cache) or _hidden(file, root):
            raise InputError(
                f"Cannot open {path!r}: of {str(file.relative_to(found))!r}, {reason}",
                hint=_VISIBLE,
            )
    return found


def _closed(found: Path, root: Path, cache: Path) -> str:
    """Return why a path without links may not be opened; empty if it may."""
    if not found.is_relative_to(root):
        return "a link leads outside of the folder that is open"
    if found.is_relative_to(cache):
        return "it lies in the cache"
    return _hidden(found, root)


def _hidden(path: Path, root: Path) -> str:
    parts = path.relative_to(root).parts
    return "it is hidden" if any(part.startswith(".") for part in parts) else ""


def _below(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder that a reader of folders takes, and links to folders."""
    for parent, folders, files in os.walk(folder):
        for name in files:
            if not name.startswith((".", "_")):
                yield Path(parent, name)
        yield from (Path(parent, name) for name in folders if Path(parent, name).is_symlink())


@contextmanager
def named(names: Mapping[Path, str]) -> Iterator[None]:
    """Let errors name files as their reader does: each path, and what begins with it, by its name."""
    try:
        yield
    except MonitoringError as error:
        for path, name in names.items():
            error.message = error.message.replace(str(path), name)
            error.hint = error.hint.replace(str(path), name)
        error.args = (error.message,)
        raise
