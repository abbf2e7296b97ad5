"""Results on disk, each until the files change that it was made of.

A file is written beside its place and renamed, so that a reader sees a whole one; it carries a
checksum over every byte, so that a damaged one, or one that is not ours, counts as none. Several
processes may share a folder. Where nothing can be written the product computes without keeping, and
`fault` says so.
"""

from __future__ import annotations

import atexit
import hashlib
import logging
import os
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from monitoring.errors import InputError
from monitoring.kept import records

log = logging.getLogger("leeway")

T = TypeVar("T")

#: Goes up when the files below mean something else; those of another format are made anew.
FORMAT = 1
#: Of one kind below one folder; beyond, what was unused for longest goes. Seen to every so many writes.
MOST_FILES = 20_000
ROOM_EVERY = 256
#: What was not used for so long before the newest file goes, too; drafts of a killed process sooner.
MOST_AGE_SECONDS, DRAFT_AGE_SECONDS = 60 * 86_400, 86_400
VALUE, SEAL, DRAFT = ".kept", ".seal", ".part"
ORIGIN = "origin.txt"
#: The kinds that are kept, now or by an older version: a folder each, below the cache.
KINDS = (
    "answers", "collected", "converted", "groups", "outcomes", "outputs", "profiles", "quality",
    "segments", "training_versions",
)  # fmt: skip
_DIGEST_BYTES = 32

#: (path, bytes, nanoseconds of the last change, inode) of each file.
State = tuple[tuple[str, int, int, int], ...]

_turns: WeakValueDictionary[Path, Any] = WeakValueDictionary()
_guard = threading.Lock()
_writes: Counter[Path] = Counter()
_faults: dict[Path, OSError] = {}


def state_of(paths: Iterable[Path | str]) -> State:
    """Return what changes when files do.

    Raises:
        OSError: A file is gone.
    """
    states = []
    for path in map(str, paths):
        stat = os.stat(path)  # noqa: PTH116 - half the time of Path.stat, for hundreds of days
        states.append((path, stat.st_size, stat.st_mtime_ns, stat.st_ino))
    return tuple(states)


def sha256_of(path: Path) -> str:
    """Return the checksum of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(*parts: object) -> str:
    """Return a name for what is written as these parts: texts, numbers, tuples, dataclasses of them.

    >>> digest("a", 1) == digest("a", 1), digest("a", 1) == digest("a1"), len(digest())
    (True, False, 24)
    """
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def fault() -> InputError | None:
    """Return why results are not kept, in one sentence; None while they are."""
    with _guard:
        folder, error = next(iter(_faults.items()), (None, None))
    if folder is None or error is None:
        return None
    return InputError(
        f"Cannot keep results in {str(folder)!r}: {error.strerror or error}",
        hint="Free space there, or set LEEWAY_CACHE to a folder that this app may write to. "
        "Until then everything is computed each time.",
    )


@dataclass(frozen=True, slots=True)
class _Seal:
    """What stands beside a file that others read by its path."""

    sha256: str
    notes: Any


class Disk:
    """Results of one kind below a folder; without a folder nothing outlives the process.

    Args:
        version: Goes up whenever the meaning of a result changes.

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     squares = Disk(Path(folder), version=1)
    ...     [squares.get(3, state, lambda: result) for state, result in (("a", 9), ("a", 8), ("b", 7))]
    [9, 9, 7]
    """

    def __init__(self, folder: Path | None, *, version: int, most_files: int = MOST_FILES) -> None:
        self.folder = folder
        self._version = version
        self._most_files = most_files

    def get(self, key: object, state: object, make: Callable[[], T]) -> T:
        """Return the result of this key and state; made, unless it is here.

        Args:
            key: The question, for `digest`.
            state: Of what the result is made from, for `digest`; another one replaces it.
            make: Computes it: any value that `records` takes, but None.
        """
        if self.folder is None:
            return make()
        with _turn(self._file(key)):
            value: T | None = self.read(key, state)
            if value is None:
                value = make()
                self.write(key, state, value)
            return value

    def read(self, key: object, state: object) -> Any:
        """Return the result of this key and state; None if it is not here, or damaged."""
        if self.folder is None:
            return None
        file = self._file(key)
        value = _value(file, self._question(key), state)
        if value is not None:
            _touch(file)
        return value

    def write(self, key: object, state: object, value: object) -> None:
        """Keep a result, in place of the one of another state; a disk that is full keeps none."""
        if self.folder is None:
            return
        file = self._file(key)
        try:
            self._make_room(self.folder)
            _write_value(file, self._question(key), state, value)
        except OSError as error:
            _note(self.folder, error)
        else:
            _note(self.folder, None)

    def path(
        self,
        name: str,
        state: object,
        write: Callable[[Path], T],
        *,
        holds: Callable[[T], bool] = lambda _: True,
    ) -> tuple[Path, T]:
        """Return a file that others read by its path, and notes on it; written, unless it is here.

        On a disk that takes nothing it is written to a temporary folder of this process.

        Args:
            write: Writes the file and returns notes on it, for `records`.
            holds: Whether a file with these notes still does.

        Raises:
            OSError: Nothing can be written anywhere, or what `write` raised.
        """
        home = self.folder or _spare()
        question = self._question(name)
        with _turn(home / name):
            for folder in _homes(home):
                seal: _Seal | None = _value(_seal_of(folder / name), question, state)
                if seal and holds(seal.notes) and _is_whole(folder / name, seal.sha256):
                    _touch(_seal_of(folder / name))
                    return folder / name, seal.notes
            try:
                return self._written(home, name, state, write)
            except OSError as error:
                result = self._written(_elsewhere(home), name, state, write)
                _note(home, error)
                return result

    def _written(
        self, folder: Path, name: str, state: object, write: Callable[[Path], T]
    ) -> tuple[Path, T]:
        self._make_room(folder)
        target = folder / name
        with _draft(target) as draft:
            notes = write(draft)
            seal = _Seal(sha256_of(draft), notes)
            _put(draft, target)
        _write_value(_seal_of(target), self._question(name), state, seal)
        _note(folder, None)
        return target, notes

    def _question(self, key: object) -> str:
        return digest(FORMAT, self._version, key)

    def _file(self, key: object) -> Path:
        return Path(self.folder or "") / f"{self._question(key)}{VALUE}"

    def _make_room(self, folder: Path) -> None:
        """Remove now and then what was unused for longest, or for long."""
        with _guard:
            _writes[folder] += 1
            is_time = _writes[folder] % ROOM_EVERY == 1
        if is_time:
            for file in _surplus(folder, self._most_files):
                _remove(file)


@contextmanager
def _turn(target: Path) -> Iterator[None]:
    """Let one thread at a time make a file; another process that does is a waste, no harm."""
    with _guard:
        lock = _turns.setdefault(target, threading.Lock())
    with lock:
        yield


def _value(file: Path, question: str, state: object) -> Any:
    try:
        content = file.read_bytes()
        body = memoryview(content)[_DIGEST_BYTES:]
        if hashlib.sha256(body).digest() != content[:_DIGEST_BYTES]:
            return None
        known_question, known_state, value = records.loads(bytes(body))
    except (OSError, ValueError):
        return None
    return value if (known_question, known_state) == (question, digest(state)) else None


def _write_value(file: Path, question: str, state: object, value: object) -> None:
    body = records.dumps((question, digest(state), value))
    with _draft(file) as draft:
        draft.write_bytes(hashlib.sha256(body).digest() + body)
        _put(draft, file)


@contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """Yield a path beside the target that no other thread or process writes to."""
    target.parent.mkdir(parents=True, exist_ok=True)
    writer = f"{os.getpid()}-{threading.get_ident()}"
    draft = target.with_name(f".{target.name}.{writer}{DRAFT}")
    try:
        draft.write_bytes(b"\0")  # a disk that takes nothing says so before the work is done
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _put(draft: Path, target: Path) -> None:
    if target.is_dir():  # not ours, and in the way
        shutil.rmtree(target)
    draft.replace(target)


def _seal_of(target: Path) -> Path:
    return target.with_name(f".{target.name}{SEAL}")


def _is_whole(path: Path, sha256: str) -> bool:
    try:
        (state,) = state_of([path])
        return _sha256_at(*state) == sha256
    except OSError:
        return False


@lru_cache(maxsize=MOST_FILES)
def _sha256_at(path: str, _size: int, _changed: int, _inode: int) -> str:
    """Return the checksum of a file in one state: read once by each process."""
    return sha256_of(Path(path))


def _touch(file: Path) -> None:
    """Note that it was used."""
    with suppress(OSError):  # a folder that may only be read
        os.utime(file)


def _surplus(folder: Path, most: int) -> list[Path]:
    """Return what has to go, of the files that keep something."""
    with suppress(OSError):  # another process makes room, too
        files = [path for path in folder.rglob("*") if path.suffix in {VALUE, SEAL, DRAFT}]
        ages = sorted(((path.stat().st_mtime, path) for path in files), reverse=True)
        newest = ages[0][0] if ages else 0.0
        return [
            path
            for place, (used, path) in enumerate(ages)
            if place >= most or newest - used > _most_age(path)
        ]
    return []


def _most_age(path: Path) -> int:
    return DRAFT_AGE_SECONDS if path.suffix == DRAFT else MOST_AGE_SECONDS


def _remove(file: Path) -> None:
    """Remove a file that keeps something; with a seal goes what it stands beside."""
    with suppress(OSError):
        if file.suffix == SEAL:
            file.with_name(file.name.removeprefix(".").removesuffix(SEAL)).unlink(missing_ok=True)
        file.unlink(missing_ok=True)


def _note(folder: Path, error: OSError | None) -> None:
    """Remember whether the last write below a folder succeeded, and log the first that did not."""
    with _guard:
        is_new = error is not None and folder not in _faults
        if error is None:
            _faults.pop(folder, None)
        else:
            _faults[folder] = error
    if is_new:
        log.warning("%s", fault())


@cache
def _spare() -> Path:
    """Return a folder that goes with this process."""
    folder = tempfile.mkdtemp(prefix="leeway-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _elsewhere(home: Path) -> Path:
    """Return the temporary folder for what cannot be written to a folder."""
    return _spare() / digest(str(home.absolute()))


def _homes(home: Path) -> list[Path]:
    """Return where a file may lie."""
    return [home, _elsewhere(home)] if home in _faults else [home]


def forget_gone(parent: Path, folder: Path, origin: Path) -> None:
    """Note what local folder a folder of results was made from, and remove those whose is gone."""
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        note = folder / ORIGIN
        with _draft(note) as draft:
            draft.write_text(str(origin), encoding="utf-8")
            _put(draft, note)
    for each in parent.glob(f"*/{ORIGIN}"):
        if not _is_there(each):
            shutil.rmtree(each.parent, ignore_errors=True)


def _is_there(note: Path) -> bool:
    try:
        return Path(note.read_text(encoding="utf-8")).exists()
    except (OSError, ValueError):  # damaged: made anew by who needs it
        return False


def remove_foreign(cache: Path) -> None:
    """Remove what lies below a cache and no version of today reads: older ones kept without seals.

    A folder in which nothing is kept is left alone, since it may be somebody else's. So is what
    changed in the day before the newest: a file stands without its seal for a moment.
    """
    for kind in KINDS:
        with suppress(OSError):  # another process is at it, too
            files = {p: p.stat().st_mtime for p in (cache / kind).rglob("*") if p.is_file()}
            own = {whole for path in files for whole in _kept_by(path)} & files.keys()
            newest = max((files[path] for path in own), default=0.0)
            for file, changed in files.items():
                if file not in own and newest - changed > DRAFT_AGE_SECONDS:
                    _remove_with_folders(file, cache / kind)


def _kept_by(path: Path) -> Iterable[Path]:
    """Return the files that are ours because this one is."""
    if path.suffix == SEAL:
        return path, path.with_name(path.name.removeprefix(".").removesuffix(SEAL))
    return (path,) if path.suffix in {VALUE, DRAFT} or path.name == ORIGIN else ()


def _remove_with_folders(file: Path, home: Path) -> None:
    """Remove a file and the folders that are empty without it."""
    file.unlink(missing_ok=True)
    for folder in file.parents:
        if folder == home or any(folder.iterdir()):
            return
        folder.rmdir()
