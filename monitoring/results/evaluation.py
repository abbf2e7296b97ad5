"""One signal measured at one place over consecutive steps of its grid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.window import Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a signal measured, and by what.

    place: without a feature. window: whole steps of the grid within one UTC day. results: each one's
    window is its step. in_force: digest of what users had put in force. fingerprint: of the state of
    the input. version: of the signal's code. evaluated: when. seconds: how long it took. complete:
    False where a source did not answer with everything; missing: what it did not.

    Raises:
        ValueError: The place has a feature, or window and results are not on the grid.

    >>> from datetime import UTC
    >>> night = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 2, tzinfo=UTC))
    >>> evaluation = Evaluation(
    ...     place=Place(endpoint="credit"), signal="traffic", step=timedelta(hours=1), window=night,
    ...     results=(), in_force="a", fingerprint="b", version=1,
    ...     evaluated=datetime(2026, 1, 1, 2, 5, tzinfo=UTC), seconds=0.5)
    >>> [f"{start:%H:%M}" for start in evaluation.starts]
    ['00:00', '01:00']
    """

    place: Place
    signal: str
    step: timedelta
    window: Window
    results: tuple[MetricResult, ...]
    in_force: str
    fingerprint: str
    version: int
    evaluated: datetime
    seconds: float
    complete: bool = True
    missing: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.place.feature:
            raise ValueError(f"an evaluation is of a whole place, got {self.place}")
        day = Window.day(self.window.start.date())
        if self.window.end > day.end or any(
            distance % self.step for distance in (self.window.start - day.start, self.window.length)
        ):
            raise ValueError(f"whole steps of {self.step} within a day, got {self.window}")
        if self.window.length == self.step:
            steps = {self.window}
        else:
            steps = set(self.window.split(self.step))
        if stray := [result for result in self.results if result.window not in steps]:
            raise ValueError(f"each result is of a step of {self.window}, got {stray[0].window}")

    @property
    def starts(self) -> tuple[datetime, ...]:
        """When its steps begin."""
        return tuple(step.start for step in self.window.split(self.step))


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """By what a step was last evaluated, and when: another digest makes it due again."""

    in_force: str
    fingerprint: str
    version: int
    evaluated: datetime
    complete: bool


@dataclass(frozen=True, slots=True)
class Touch:
    """That steps of a signal were evaluated at a place, from a moment on. breached: one of them may be."""

    place: Place
    signal: str
    start: datetime
    breached: bool = True

    @classmethod
    def of(cls, evaluation: Evaluation) -> Touch:
        """Return what an evaluation touches."""
        breached = any(result.status == "breached" for result in evaluation.results)
        return cls(evaluation.place, evaluation.signal, evaluation.window.start, breached)
