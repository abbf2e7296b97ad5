"""What is due: the steps that nothing is kept of, or whose input has changed since."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol

from monitoring.place import Place
from monitoring.signal import Findings, Grid, Need, Question, Scope
from monitoring.window import DAY, Window

HOUR = timedelta(hours=1)
#: Newest first: everything is evaluated this far back before anything further back.
RUNGS = (7 * DAY, 30 * DAY, 90 * DAY)
#: What could not be read is asked for again after so long, and less and less often from then on.
RETRY = timedelta(minutes=5)
#: Input that goes on changing makes a step due again no more often.
AGAIN = HOUR
#: Steps evaluated together at most: a query of more would be cut off by Log Analytics.
MOST_STEPS = 2_500
#: Fingerprints of input that has no files of its own: final once its data had time to arrive.
PROVISIONAL, SETTLED = "provisional", "settled"


class Evaluated(Protocol):
    """What has a grid: a signal, or a source of events."""

    @property
    def name(self) -> str:
        """What its evaluations are kept under."""

    @property
    def scope(self) -> Scope:
        """What one evaluation covers."""

    @property
    def grids(self) -> tuple[Grid, ...]:
        """Its steps, the finest first."""

    @property
    def version(self) -> int:
        """Goes up when the meaning of its numbers changes."""

    @property
    def needs(self) -> frozenset[Need]:
        """What it cannot be evaluated without."""

    @property
    def evaluate(self) -> Callable[[Question], Findings]:
        """Judges every step of a question."""


@dataclass(frozen=True, slots=True)
class States:
    """What the input of steps rests on. by_start: digests of files, by the start of a unit of time.

    known: False where the files cannot be listed.
    """

    by_start: Mapping[datetime, str]
    unit: timedelta = DAY
    known: bool = True

    def of(self, start: datetime) -> str:
        """Return the state of the input of the step that begins then.

        >>> from datetime import UTC
        >>> States({datetime(2026, 1, 1, tzinfo=UTC): "two"}).of(datetime(2026, 1, 1, 7, tzinfo=UTC))
        'two'
        """
        midnight = Window.day(start.date()).start
        return self.by_start.get(start - (start - midnight) % self.unit, "")


@dataclass(frozen=True, slots=True)
class Rule:
    """All that a kept step depends on besides the time: each makes it due again when it changes.

    states: of the step's own files; None where its input has none.
    """

    version: int
    in_force: str
    states: States | None = None

    def fingerprint(self, step: Window, settle: timedelta, now: datetime) -> str:
        """Return the state of the input of a step, as it is kept beside its results."""
        if self.states is not None:
            return self.states.of(step.start)
        return SETTLED if now >= step.end + settle else PROVISIONAL


class Done(Protocol):
    """What is kept of a step."""

    @property
    def version(self) -> int:
        """Of the signal that judged it."""

    @property
    def in_force(self) -> str:
        """Digest of what it was held to."""

    @property
    def fingerprint(self) -> str:
        """State of its input."""

    @property
    def evaluated(self) -> datetime:
        """When."""

    @property
    def complete(self) -> bool:
        """Whether everything could be read."""


def is_due(done: Done | None, rule: Rule, step: Window, settle: timedelta, now: datetime) -> bool:
    """Whether a step has to be evaluated.

    >>> from types import SimpleNamespace as S
    >>> from datetime import UTC
    >>> day = Window.day(datetime(2026, 1, 1, tzinfo=UTC).date())
    >>> one, two = (Rule(1, "", States({day.start: files})) for files in ("one file", "two files"))
    >>> kept = S(version=1, in_force="", fingerprint="one file", evaluated=day.end, complete=True)
    >>> later = day.end + AGAIN
    >>> is_due(None, one, day, DAY, later), is_due(kept, one, day, DAY, later)
    (True, False)
    >>> is_due(kept, two, day, timedelta(), later), is_due(kept, two, day, DAY, later)
    (True, False)
    """
    if done is None or (done.version, done.in_force) != (rule.version, rule.in_force):
        return True
    waited = abs(now - done.evaluated)  # a clock may have been set back
    if not done.complete:
        return waited >= min(max(RETRY, (done.evaluated - step.end) / 8), AGAIN)
    if rule.states is None:
        return done.fingerprint != SETTLED and now >= step.end + settle
    if not rule.states.known or done.fingerprint == rule.states.of(step.start):
        return False
    settled = step.end + settle
    if now < settled:
        return waited >= step.length
    return done.evaluated < settled or waited >= min(step.length, AGAIN)


@dataclass(frozen=True, slots=True)
class Task:
    """Consecutive steps of one signal at one place that are due, to be evaluated together."""

    what: Evaluated
    place: Place
    grid: Grid
    window: Window

    @property
    def key(self) -> str:
        """What its lease is held on: the same in every process, whatever steps each finds due.

        One that begins its next round finds fewer of them than one that is still at its first.
        """
        return f"{self.what.name}|{self.place}|{int(self.grid.step.total_seconds())}"


def steps_of(grid: Grid, now: datetime, rung: timedelta, beyond: timedelta) -> tuple[Window, ...]:
    """Return the steps of a rung that are over, in time order.

    Args:
        rung: How far back the rung reaches.
        beyond: How far back the rung before it reached.
    """
    back = min(rung, grid.back)
    first = Window.day((now - back).date()).start
    last = now if beyond == timedelta() else Window.day((now - beyond).date()).start
    if back <= beyond or first >= last:
        return ()
    whole = grid.aligned(Window(first, last))
    return whole.split(grid.step) if whole else ()


def runs(steps: Iterable[Window]) -> Iterator[Window]:
    """Yield the windows that consecutive steps fill, each of `MOST_STEPS` at most, newest first.

    >>> from datetime import UTC
    >>> day = Window.day(datetime(2026, 1, 1, tzinfo=UTC).date())
    >>> hours = day.split(timedelta(hours=1))
    >>> [str(run) for run in runs([*hours[:2], hours[5]])]
    ['2026-01-01 05:00 to 2026-01-01 06:00 UTC', '2026-01-01 00:00 to 2026-01-01 02:00 UTC']
    """
    ordered = sorted(steps)
    cuts = [0]
    for at, (before, after) in enumerate(pairwise(ordered), start=1):
        if before.end != after.start or at - cuts[-1] >= MOST_STEPS:
            cuts.append(at)
    for first, last in reversed([*pairwise([*cuts, len(ordered)])]):
        if first < last:
            yield Window(ordered[first].start, ordered[last - 1].end)
