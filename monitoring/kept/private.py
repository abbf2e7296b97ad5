"""A folder of one session: gone when the session is, or found and removed after its process died."""

from __future__ import annotations

import fcntl
import re
import secrets
import shutil
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path
from typing import IO

from monitoring.errors import InputError

#: Of a file's name; file systems take 255 bytes, and a draft's name is longer.
LONGEST_NAME = 100
LOCK, DRAFT = ".lock", ".part"


class PrivateFolder:
    """A folder below `parent` that nobody else is given; elsewhere if that takes nothing.

    Raises:
        InputError: Nothing can be written anywhere.
    """

    def __init__(self, parent: Path) -> None:
        try:
            self.path, held = _made(parent.resolve())
        except OSError:
            try:
                self.path, held = _made(Path(tempfile.mkdtemp(prefix="leeway-")).resolve())
            except OSError as error:
                raise _no_room("files", error) from error
        #: Removes it; also called when the last reference goes, and at the end of the process.
        self.remove = weakref.finalize(self, _remove, self.path, held)

    def keep(self, role: str, name: str, content: bytes | memoryview) -> Path:
        """Write a file, in place of the last one of its role, and return where it is.

        Raises:
            InputError: It cannot be written whole.
        """
        folder, draft = self.path / role, self.path / f"{role}{DRAFT}"
        try:
            _write_whole(draft, content)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            return draft.replace(folder / plain_name(name))
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise _no_room(name, error) from error


def plain_name(name: str) -> str:
    r"""Return a name that is one on any file system and no pattern; its suffixes stay.

    >>> plain_name("../data[1]*.csv"), plain_name(".x\0.csv"), len(plain_name("a" * 300 + ".csv.gz"))
    ('data_1__.csv', '_x_.csv', 100)
    """
    last = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r"[^\w .()-]", "_", re.sub(r"^\.", "_", last))
    end = "".join(Path(plain).suffixes[-2:])[-20:]
    short = plain[: LONGEST_NAME - len(end)] + end if len(plain) > LONGEST_NAME else plain
    return short if len(short.encode()) <= 2 * LONGEST_NAME else f"file{end}"


def remove_abandoned(parent: Path) -> None:
    """Remove the folders below `parent` whose process is gone, and what lies there without a lock."""
    with suppress(OSError):
        for each in sorted(parent.iterdir()):
            if each.suffix == LOCK:
                _remove_if_free(each)
            elif each.is_dir() and not _lock_of(each).exists():
                shutil.rmtree(each, ignore_errors=True)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}{LOCK}")


def _made(parent: Path) -> tuple[Path, IO[str]]:
    """Make a folder, and the lock that says that its process lives."""
    parent.mkdir(parents=True, exist_ok=True)
    while True:
        folder = parent / secrets.token_hex(16)
        held = _lock_of(folder).open("w")
        with suppress(OSError):  # a share without locks: then nobody takes it for abandoned either
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _lock_of(folder).exists():  # nobody cleaned up before it was locked
            folder.mkdir(mode=0o700)
            return folder, held
        held.close()


def _write_whole(file: Path, content: bytes | memoryview) -> None:
    file.write_bytes(content)
    written = file.stat().st_size
    if written != len(content):
        raise OSError(f"only {written:,} of {len(content):,} bytes were written")


def _remove_if_free(lock: Path) -> None:
    with suppress(OSError), lock.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
        lock.unlink(missing_ok=True)


def _remove(folder: Path, held: IO[str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _lock_of(folder).unlink(missing_ok=True)
    held.close()


def _no_room(what: str, error: OSError) -> InputError:
    return InputError(
        f"Cannot keep {what!r} on the server: {error.strerror or error}",
        hint="Free space there, or set LEEWAY_CACHE to a folder that this app may write to.",
    )
