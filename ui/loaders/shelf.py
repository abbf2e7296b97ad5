"""The shelf: results that are computed once, behind a progress bar, and shared by all sessions.

Streamlit's caches replay what is drawn inside them, so that a cached function cannot move a bar
outside. This one can, and shows the same bar to every session that waits for the same answer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

log = logging.getLogger("leeway")

T = TypeVar("T")
Progress = Callable[[float, str], None]

#: How often a session that waits for another's answer moves its bar.
LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Taken(Generic[T]):
    """A result, when it was computed and how long that took."""

    value: T
    fetched: datetime
    seconds: float


class _Turn:
    """Whose turn it is to compute one answer, and what has been said of it so far."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._told: tuple[float, str] | None = None

    def wait(self, progress: Progress | None) -> None:
        """Wait for the turn, and say meanwhile how far the other session has come."""
        while not self.lock.acquire(timeout=-1 if progress is None else LOOK_SECONDS):
            if progress is not None and self._told is not None:
                progress(*self._told)

    def telling(self, progress: Progress | None) -> Progress:
        """Return the callback by which the one that computes tells all others too."""
        self._told = None

        def tell(share: float, text: str) -> None:
            self._told = share, text
            if progress is not None:
                progress(share, text)

        return tell


class Shelf:
    """Results by what was asked. Equal questions wait for the first one's answer; the oldest make room.

    >>> from datetime import UTC
    >>> shelf = Shelf(places=5, now=lambda: datetime(2026, 1, 8, tzinfo=UTC))
    >>> shelf.get("two", lambda tell: 2), shelf.get("two", lambda tell: 3)
    (2, 2)
    """

    def __init__(self, places: int, now: Callable[[], datetime]) -> None:
        self._places = places
        self._now = now
        self._found: OrderedDict[Hashable, Taken[Any]] = OrderedDict()
        self._turns: dict[Hashable, _Turn] = {}
        self._renewing: set[Hashable] = set()
        self._background = threading.Lock()
        self._guard = threading.Lock()

    def get(
        self,
        key: Hashable,
        compute: Callable[[Progress], T],
        *,
        fresh: timedelta | None = None,
        stale: timedelta | None = None,
        progress: Progress | None = None,
    ) -> T:
        """Return what `taken` returns, without when and how long."""
        return self.taken(key, compute, fresh=fresh, stale=stale, progress=progress).value

    def taken(
        self,
        key: Hashable,
        compute: Callable[[Progress], T],
        *,
        fresh: timedelta | None = None,
        stale: timedelta | None = None,
        progress: Progress | None = None,
    ) -> Taken[T]:
        """Return the kept result if it is younger than `fresh`, else compute it.

        Args:
            key: What is asked; equal keys have equal answers.
            compute: Gets the callback to report its progress to.
            fresh: How old a kept result may be; None for any age.
            stale: How old it may be to be served while it is renewed in the background.
            progress: Called with a share from 0 to 1 and a text, also while another session computes.
        """
        if stale is not None and (old := self._kept(key, stale)):
            if not self._kept(key, fresh):
                self._renew(key, compute, fresh)
            return old
        with self._guard:
            turn = self._turns.setdefault(key, _Turn())
        turn.wait(progress)
        try:
            if kept := self._kept(key, fresh):
                return kept
            began = time.perf_counter()
            value = compute(turn.telling(progress))
            made = Taken(value, self._now(), time.perf_counter() - began)
            self._keep(key, made)
            return made
        finally:
            turn.lock.release()

    def _kept(self, key: Hashable, young: timedelta | None) -> Taken[Any] | None:
        kept = self._found.get(key)
        return kept if kept and (young is None or self._now() - kept.fetched < young) else None

    def _renew(
        self, key: Hashable, compute: Callable[[Progress], T], fresh: timedelta | None
    ) -> None:
        with self._guard:
            if key in self._renewing:
                return
            self._renewing.add(key)

        def renew() -> None:
            try:
                with self._background:  # one at a time, so that pages stay quick meanwhile
                    self.taken(key, compute, fresh=fresh)
            except Exception:  # whoever asks once the old result is too old is told why
                log.warning("could not renew %s", key, exc_info=True)
            finally:
                with self._guard:
                    self._renewing.discard(key)

        threading.Thread(target=renew, name="renew", daemon=True).start()

    def _keep(self, key: Hashable, made: Taken[Any]) -> None:
        with self._guard:
            self._found[key] = made
            self._found.move_to_end(key)
            while len(self._found) > self._places:
                oldest, _ = self._found.popitem(last=False)
                self._turns.pop(oldest, None)
