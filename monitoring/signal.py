"""A monitoring question as one record: all that any screen, incident or command needs to know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from monitoring.metric import MetricResult, Worse
from monitoring.place import Place
from monitoring.window import DAY, Window

if TYPE_CHECKING:
    from monitoring.decisions.in_force import InForce
    from monitoring.event import Event
    from monitoring.progress import Progress
    from monitoring.sources.deployed import Deployed
    from monitoring.sources.logs import Answer
    from monitoring.workspace.endpoints import Endpoint

#: Which column of the overview a signal belongs to.
Respect = Literal["model", "data", "infrastructure"]
#: What one evaluation covers: one deployment, or all of a workspace by one query.
Scope = Literal["deployment", "workspace"]
#: What a signal cannot be evaluated without.
Need = Literal[
    "collected inputs", "predictions", "labels", "training data", "traffic log", "console log",
    "platform metrics", "job logs", "activity log", "costs", "resource manager",
]  # fmt: skip
#: What its results are compared with.
Compared = Literal[
    "training data", "ordinary days", "expected values", "objectives", "its own past"
]
#: What a lane of the timeline reads from the results of a step: their value, the requests per minute
#: behind them, how far the worst of them lies beyond its threshold, or how many are in breach.
Reads = Literal["value", "requests", "worst", "breached"]

HOUR = timedelta(hours=1)
MINUTES_5 = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Grid:
    """Steps on which a signal is evaluated, aligned to UTC midnight.

    settle: how long after the end of a step its data may still arrive; until then it is provisional.
    back: how far back steps are evaluated.
    """

    step: timedelta
    settle: timedelta
    back: timedelta = 90 * DAY

    def aligned(self, window: Window) -> Window | None:
        """Return the whole steps that lie in a window; None if there is none.

        >>> from datetime import UTC
        >>> start = datetime(2026, 1, 1, 10, 40, tzinfo=UTC)
        >>> str(Grid(HOUR, HOUR).aligned(Window(start, start + timedelta(hours=3))))
        '2026-01-01 11:00 to 2026-01-01 13:00 UTC'
        """
        midnight = Window.day(window.start.date()).start
        start = midnight - (midnight - window.start) // self.step * self.step
        end = start + (window.end - start) // self.step * self.step
        return Window(start, end) if start < end else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFacts:
    """What a metric is called and held to. breach: what is wrong when it breaches, for a title.

    threshold: the product's own; None where it depends on the model, the feature or the baseline.
    """

    label: str
    breach: str
    unit: str = ""
    worse: Worse = "higher"
    threshold: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneFacts:
    """One lane of the timeline. metric: empty where all of the signal's are meant.

    order: where it stands among all lanes. quiet: drawn only with a breach, where another lane shows
    the same when all is well. always: drawn even without a value, to say why.
    """

    name: str
    label: str
    group: str
    order: int
    metric: str = ""
    reads: Reads = "value"
    unit: str = ""
    always: bool = True
    quiet: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """What a signal is asked: a place, a window of whole steps, and what is in force there.

    place: a deployment, or the workspace. endpoints: with their deployments. in_force: by signal and
    place. taken: now.
    """

    deployed: Deployed
    place: Place
    window: Window
    step: timedelta
    taken: datetime
    endpoints: tuple[Endpoint, ...] = ()
    in_force: Callable[[str, Place], InForce]
    progress: Progress | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What one evaluation found. missing: what could not be read, and why, in one sentence each."""

    results: tuple[MetricResult, ...] = ()
    events: tuple[Event, ...] = ()
    answers: tuple[Answer, ...] = ()
    missing: tuple[str, ...] = ()

    def __add__(self, other: Findings) -> Findings:
        return Findings(
            self.results + other.results,
            self.events + other.events,
            self.answers + other.answers,
            tuple(dict.fromkeys(self.missing + other.missing)),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Signal:
    """One monitoring question.

    name: as in `MetricResult.signal`. title: for people. question: what it answers, one sentence.
    respect: its column of the overview. family: signals of one family that breach together tell one
    story. gravity: how much it means to the people served, 0 the most; no two signals share one.
    felt: callers feel it. state: it costs money or sight, and hurts nobody yet. certain: a fact, of
    which one breached step is enough. lasting: it lasts until it is changed, seen or not. grids: the finest first. needs: what it cannot be evaluated without.
    compared: with what. page: where it is looked into. metrics: facts by metric. leading: the metric
    that stands for it where none is in breach; empty for the worst. suspects: how likely each kind
    of change is behind it, 0 to 1. lanes: of the timeline. version: goes up when the meaning of its
    numbers changes, and makes what is kept due again. evaluate: judges every step of a question.
    """

    name: str
    title: str
    question: str
    respect: Respect
    family: str
    gravity: int
    scope: Scope
    grids: tuple[Grid, ...]
    needs: frozenset[Need]
    compared: Compared
    page: str
    metrics: Mapping[str, MetricFacts] = field(repr=False)
    leading: str = ""
    suspects: Mapping[str, float] = field(repr=False)
    lanes: tuple[LaneFacts, ...] = field(repr=False)
    breach: str
    evaluate: Callable[[Question], Findings] = field(repr=False)
    felt: bool = False
    state: bool = False
    certain: bool = False
    lasting: bool = False
    estimated: bool = False
    version: int = 1

    def label(self, metric: str) -> str:
        """Return what a metric is called on screen."""
        facts = self.metrics.get(metric)
        return facts.label if facts else metric[:1].upper() + metric[1:].replace("_", " ")

    def breach_of(self, metric: str) -> str:
        """Return what is wrong when a metric breaches, for a title."""
        facts = self.metrics.get(metric)
        return facts.breach if facts and facts.breach else self.breach
