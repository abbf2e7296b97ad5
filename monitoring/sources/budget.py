"""What one identity may ask of a service at once, and what the service is spared.

Log Analytics counts its limits by the identity that asks: five queries at a time, the rest queued
and, after three minutes, refused with HTTP 429. The whole app is one identity, so that all its
sessions share one budget.
Source: learn.microsoft.com/azure/azure-monitor/service-limits, "User query throttling"; what follows
from it here is told in docs/query_budget.md.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar, cast

from monitoring.errors import SourceError
from monitoring.kept.memory import Places

T = TypeVar("T")

log = logging.getLogger("leeway")

#: Takes a slot of those that several processes share: returns what frees it, None while all are taken.
Shared = Callable[[], Callable[[], None] | None]

#: Log Analytics runs five queries at a time for one identity.
CONCURRENT_QUERIES = 5
#: Seconds that a question waits for its turn, behind others.
SLOT_TIMEOUT = 120.0
#: Seconds between two looks for a shared slot, on average: it takes a write to the database.
LOOK_SECONDS = 0.1
#: Seconds for which slots that cannot be shared are not looked for again.
ALONE_SECONDS = 20.0
#: Seconds of back-off that a reader in front of the screen waits through; more is theirs to decide.
PATIENCE = 10.0
#: Seconds that a Retry-After may close the door for. Then one question finds out how it stands.
LONGEST_BACK_OFF = 600.0
#: Seconds before each further attempt while the service is busy and does not say for how long. The
#: SDK repeats no POST on a bare 429, 502 or 529.
PAUSES = (0.5, 1.0, 2.0, 4.0)
#: Refusals that mean the identity, and not this one question: they close the door for all.
THROTTLED = frozenset({429, 503, 529})
#: What is kept at most.
ANSWERS_KEPT = 300
BYTES_KEPT = 64 * 1024**2


class BusyError(SourceError):
    """The service cannot take the question now.

    status: the HTTP status it refused with. retry_after: seconds it asks to be left alone for,
    None where it does not say.
    """

    def __init__(
        self, message: str, *, hint: str, status: int, retry_after: float | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.retry_after = retry_after


class Keep(NamedTuple):
    """How long an answer stands for its question, and what it weighs."""

    seconds: float
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What a budget is doing, and what it has done since the start.

    in_flight: requests that the service is answering, or that have a turn here and wait for one among
    all processes. waiting: questions that wait for their turn.
    sent: requests, further attempts included. joined: questions that waited for an equal one.
    cached: questions answered by a kept answer. refused: requests that found the service busy.
    failed: questions that ended in an error. waited_seconds: by all questions, for their turn and
    for a busy service. closed_seconds: how long the service has still to be left alone. kept,
    kept_bytes: answers that stand ready.
    """

    slots: int
    in_flight: int
    waiting: int
    sent: int
    joined: int
    cached: int
    refused: int
    failed: int
    waited_seconds: float
    closed_seconds: float
    kept: int
    kept_bytes: int


@dataclass
class _Counts:
    in_flight: int = 0
    waiting: int = 0
    sent: int = 0
    joined: int = 0
    cached: int = 0
    refused: int = 0
    failed: int = 0
    waited_seconds: float = 0.0


class _Kept(NamedTuple):
    answer: Any
    until: float


@dataclass(eq=False)
class QueryBudget:
    """Asks for one identity: few at a time, equal questions once, and not while it is refused.

    Args:
        clock: Seconds that only grow.
        shared: Slots of the identity over all its processes; None where this is the only one.

    >>> budget = QueryBudget()
    >>> [budget.answer("a?", "a", lambda: "a!", keep=lambda a: Keep(60, len(a))) for _ in range(3)]
    ['a!', 'a!', 'a!']
    >>> budget.usage().sent, budget.usage().cached
    (1, 2)
    """

    slots: int = CONCURRENT_QUERIES
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    shared: Shared | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition, repr=False)
    _asked: dict[Hashable, Future[Any]] = field(default_factory=dict, repr=False)
    _answers: Places[_Kept] = field(
        default_factory=lambda: Places(ANSWERS_KEPT, BYTES_KEPT), repr=False
    )
    _counts: _Counts = field(default_factory=_Counts, repr=False)
    _closed_until: float = float("-inf")
    _closed_by: int = 0
    _alone_until: float = float("-inf")

    def answer(
        self,
        question: Hashable,
        name: str,
        send: Callable[[], T],
        *,
        keep: Callable[[T], Keep] = lambda _: Keep(0, 0),
    ) -> T:
        """Return the answer that is kept, that an equal question is waiting for, or a new one.

        Args:
            question: What makes two questions equal.
            name: What to call it in an error.
            send: Asks the service. A BusyError makes it wait and ask again, as far as a reader
                would wait.
            keep: How long the answer stands for the question.

        Raises:
            BusyError: The service is busy, or has to be left alone for longer than a reader waits.
            SourceError: No turn came, or what `send` raised.
        """
        with self._changed:
            kept = self._answers.get(question)
            if kept and self.clock() < kept.until:
                self._counts.cached += 1
                return cast("T", kept.answer)
            running = self._asked.get(question)
            future = running or self._asked.setdefault(question, Future())
            self._counts.joined += bool(running)
        if not running:
            self._run(question, name, send, keep, future)
        return cast("T", future.result())

    def usage(self) -> Usage:
        """Return what is going on."""
        with self._changed:
            return Usage(
                slots=self.slots,
                closed_seconds=max(0.0, self._closed_until - self.clock()),
                kept=len(self._answers),
                kept_bytes=self._answers.size_bytes,
                **vars(self._counts),
            )

    def _run(
        self,
        question: Hashable,
        name: str,
        send: Callable[[], T],
        keep: Callable[[T], Keep],
        future: Future[T],
    ) -> None:
        try:
            answer = self._attempts(name, send)
            kept = keep(answer)
        except BaseException as error:  # noqa: BLE001 - raised again by result(), in every thread
            with self._changed:
                self._counts.failed += 1
                del self._asked[question]
            future.set_exception(error)
            return
        with self._changed:  # in one step, or an equal question would find neither and be sent
            if kept.seconds > 0:
                until = self.clock() + kept.seconds
                self._answers.put(question, _Kept(answer, until), kept.size_bytes)
            del self._asked[question]
        future.set_result(answer)

    def _attempts(self, name: str, send: Callable[[], T]) -> T:
        patience = PATIENCE
        for pause in (*PAUSES, None):
            with self._slot(name):
                try:
                    return send()
                except BusyError as busy:
                    seconds = self._refused(busy, pause or 0.0)
                    if pause is None or seconds > patience:
                        raise
            patience -= seconds
            with self._counted_wait():
                self.pause(seconds)
        raise AssertionError  # the last attempt returns or raises

    def _refused(self, busy: BusyError, pause: float) -> float:
        """Return the seconds to wait; where all are meant, nobody asks before they are over."""
        seconds = max(busy.retry_after or 0.0, pause)
        with self._changed:
            self._counts.refused += 1
            if busy.status in THROTTLED:
                until = self.clock() + min(seconds, LONGEST_BACK_OFF)
                self._closed_until = max(self._closed_until, until)
                self._closed_by = busy.status
        return seconds

    @contextmanager
    def _slot(self, name: str) -> Iterator[None]:
        deadline = self.clock() + SLOT_TIMEOUT
        with self._changed:
            with self._counted_wait():
                self._wait_for_turn(name, deadline)
            self._counts.in_flight += 1
        free = None
        try:
            free = self._shared_slot(name, deadline)
            with self._changed:
                self._counts.sent += 1
            yield
        finally:
            with self._changed:
                self._counts.in_flight -= 1
                self._changed.notify_all()
            if free is not None:
                self._unless_alone(free)

    def _shared_slot(self, name: str, deadline: float) -> Callable[[], None] | None:
        """Return what frees a slot among all processes; None where they do not share any now."""
        with self._counted_wait():
            while self.shared is not None and self.clock() >= self._alone_until:
                if free := self._unless_alone(self.shared):
                    return free
                if self.clock() >= deadline:
                    raise self._no_turn(name)
                self.pause(LOOK_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - not a secret
        return None

    def _unless_alone(self, ask: Callable[[], T]) -> T | None:
        """Ask for what is shared; for a while this process keeps to its own slots if that fails."""
        try:
            return ask()
        except SourceError as error:
            if self._alone_until == float("-inf"):
                log.warning("Queries are counted in this process alone: %s", error)
            self._alone_until = self.clock() + ALONE_SECONDS
            return None

    def _wait_for_turn(self, name: str, deadline: float) -> None:
        while True:
            closed, left = self._closed_until - self.clock(), deadline - self.clock()
            if closed > PATIENCE:
                raise self._closed(name, closed)
            if closed <= 0 and self._counts.in_flight < self.slots:
                return
            if left <= 0:
                raise self._no_turn(name)
            self._changed.wait(min(closed, left) if closed > 0 else left)

    def _no_turn(self, name: str) -> SourceError:
        return SourceError(
            f"Cannot ask {name!r}: {self.slots} other queries have been running for "
            f"{SLOT_TIMEOUT:g} s",
            hint="Try again in a minute, or choose a shorter window.",
        )

    def _closed(self, name: str, seconds: float) -> BusyError:
        return BusyError(
            f"Cannot ask {name!r}: Azure has asked this app to wait (HTTP {self._closed_by})",
            hint=f"Try again in {seconds:.0f} s.",
            status=self._closed_by,
            retry_after=seconds,
        )

    @contextmanager
    def _counted_wait(self) -> Iterator[None]:
        with self._changed:
            began = self.clock()
            self._counts.waiting += 1
        try:
            yield
        finally:
            with self._changed:
                self._counts.waiting -= 1
                self._counts.waited_seconds += self.clock() - began
