"""Results in memory, shared by all sessions: one computation a question, one bar for all who wait."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

from monitoring.progress import Progress

T = TypeVar("T")

#: How often a session that waits for another's result moves its bar.
LOOK_SECONDS = 0.2
#: A value that would take more than this share of all bytes is not worth the others' places.
MOST_SHARE = 0.25


class Places(Generic[T]):
    """Values by key, bounded in number and weight; the one unused for longest makes room.

    Not locked: its owner has a lock for more than this.

    >>> places = Places[str](2)
    >>> for key in ("a", "b", "a", "c"):
    ...     places.put(key, key.upper()) if places.get(key) is None else None
    >>> list(places), places.get("b"), places.size_bytes
    (['a', 'c'], None, 0)
    """

    def __init__(self, most: int, most_bytes: int | None = None) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._values: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._values)

    def get(self, key: Hashable) -> T | None:
        """Return a value and count that as use; None if there is none."""
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key][0]

    def put(self, key: Hashable, value: T, size_bytes: int = 0) -> None:
        """Set a value, unless it is too heavy to be kept."""
        self.discard(key)
        if self._most_bytes is not None and size_bytes > MOST_SHARE * self._most_bytes:
            return
        self._values[key] = value, size_bytes
        self.size_bytes += size_bytes
        while len(self._values) > self._most or self.size_bytes > (self._most_bytes or size_bytes):
            self.discard(next(iter(self._values)))

    def discard(self, key: Hashable) -> None:
        """Forget a value, if there is one."""
        _, size_bytes = self._values.pop(key, (None, 0))
        self.size_bytes -= size_bytes


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """A result, when it was computed, how long that took, and the state of what it was made from."""

    value: T
    fetched: datetime
    seconds: float
    state: str = ""


class _Turn:
    """Whose turn it is to compute one result, and how far that has come."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._step: tuple[float, str] | None = None

    def wait(self, progress: Progress | None) -> None:
        """Wait for the turn, and show meanwhile how far the other session has come."""
        while not self.lock.acquire(timeout=-1 if progress is None else LOOK_SECONDS):
            if progress is not None and self._step is not None:
                progress(*self._step)

    def shared(self, progress: Progress | None) -> Progress:
        """Return the callback by which the one that computes moves the bars of all others too."""
        self._step = None

        def step(share: float, text: str) -> None:
            self._step = share, text
            if progress is not None:
                progress(share, text)

        return step


class Memory:
    """Results by question. Equal questions wait for the first one's result.

    >>> from datetime import UTC
    >>> memory = Memory(places=5, now=lambda: datetime(2026, 1, 8, tzinfo=UTC))
    >>> memory.get("two", lambda progress: 2), memory.get("two", lambda progress: 3)
    (2, 2)
    """

    def __init__(self, places: int, now: Callable[[], datetime]) -> None:
        self._now = now
        self._entries: Places[Entry[Any]] = Places(places)
        self._turns: WeakValueDictionary[Hashable, _Turn] = WeakValueDictionary()
        self._guard = threading.Lock()

    def last(self, key: Hashable) -> Entry[Any] | None:
        """Return the last result, of any age; None if there is none."""
        return self._younger(key, None)

    def put(self, key: Hashable, entry: Entry[Any]) -> None:
        """Set a result that was computed elsewhere, unless there is one."""
        with self._guard:
            if self._entries.get(key) is None:
                self._entries.put(key, entry)

    def get(
        self,
        key: Hashable,
        compute: Callable[[Progress], T],
        *,
        fresh: timedelta | None = None,
        progress: Progress | None = None,
    ) -> T:
        """Return the value of `entry`."""
        return self.entry(key, compute, fresh=fresh, progress=progress).value

    def entry(
        self,
        key: Hashable,
        compute: Callable[[Progress], T],
        *,
        fresh: timedelta | None = None,
        progress: Progress | None = None,
        state: str = "",
        keep: Callable[[Entry[T]], None] | None = None,
    ) -> Entry[T]:
        """Return the result in memory if it is younger than `fresh`, else compute it.

        Args:
            key: The question; equal keys have equal results.
            fresh: How old a result in memory may be; None for any age.
            progress: Called with a share from 0 to 1 and a text, also while another session computes.
        """
        with self._guard:
            turn = self._turns.setdefault(key, _Turn())
        turn.wait(progress)
        try:
            if known := self._younger(key, fresh):
                return known
            start = time.perf_counter()
            value = compute(turn.shared(progress))
            entry = Entry(value, self._now(), time.perf_counter() - start, state)
            with self._guard:
                self._entries.put(key, entry)
            if keep is not None:
                keep(entry)
            return entry
        finally:
            turn.lock.release()

    def _younger(self, key: Hashable, age: timedelta | None) -> Entry[Any] | None:
        with self._guard:
            entry = self._entries.get(key)
        return entry if entry and (age is None or self._now() - entry.fetched < age) else None
