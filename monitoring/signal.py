"""A monitoring question as one record: all that any screen, incident or command needs to know of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
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
    from monitoring.sources.metrics import PlatformMetrics
    from monitoring.sources.query import Value
    from monitoring.workspace.endpoints import Deployment, Endpoint

#: Which column of the overview a signal belongs to.
Respect = Literal["model", "data", "infrastructure"]
#: What one evaluation covers: one deployment, or all of a workspace by one query.
Scope = Literal["deployment", "workspace"]
#: What its results are about: thresholds are put in force there.
Level = Literal["deployment", "endpoint", "workspace"]
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
#: Log Analytics and Azure Monitor keep so much: nothing older can be evaluated.
LOGS_KEPT, METRICS_KEPT = 31 * DAY, 90 * DAY
#: What is new or unusual is told from at least so much before the window.
LOOK_BACK = 7 * DAY


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
    place. taken: now; steps that are not over get no verdict.
    """

    deployed: Deployed
    place: Place
    window: Window
    step: timedelta
    taken: datetime
    endpoints: tuple[Endpoint, ...] = ()
    in_force: Callable[[str, Place], InForce]
    progress: Progress | None = None

    @property
    def wide(self) -> Window:
        """The window and what came just before it."""
        return Window(self.window.start - LOOK_BACK, self.window.end)

    @property
    def deployments(self) -> tuple[Deployment, ...]:
        """Every deployment of the workspace."""
        return tuple(each for endpoint in self.endpoints for each in endpoint.deployments)

    @property
    def deployment(self) -> Deployment:
        """The deployment that the place is.

        Raises:
            SourceError: The workspace has no such deployment.
        """
        from monitoring.errors import SourceError  # noqa: PLC0415 - a name, not a cost

        own = self.place.endpoint, self.place.deployment
        for each in self.deployments:
            if (each.place.endpoint, each.place.deployment) == own:
                return each
        raise SourceError(
            f"The workspace has no deployment {str(self.place)!r}",
            hint="Choose one that Azure ML lists.",
        )

    @cached_property
    def metrics(self) -> PlatformMetrics:
        """The platform metrics."""
        from monitoring.sources.metrics import PlatformMetrics  # noqa: PLC0415 - numpy

        return PlatformMetrics(self.deployed.azure)

    def ask(self, name: str, window: Window, **values: Value) -> Answer:
        """Run one of the product's queries."""
        from monitoring.sources.logs import Logs  # noqa: PLC0415 - Azure's SDK

        return Logs(self.deployed.azure).ask(name, window, **values)


@dataclass(frozen=True, slots=True)
class Missing:
    """What could not be read. source: name of a signal or of a source of events. sentence: and why."""

    source: str
    place: Place
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What one evaluation found, and what could not be read."""

    results: tuple[MetricResult, ...] = ()
    events: tuple[Event, ...] = ()
    answers: tuple[Answer, ...] = ()
    missing: tuple[Missing, ...] = ()

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
    which one breached step is enough. lasting: it lasts until it is changed, seen or not. gradual: it
    fills up slowly, so that what is behind a breach lies before it. many: it has hundreds of series,
    of which lists leave out those that were always well. alarms: its breaches become incidents; those
    of others are looked at beside a signal that says the same with fewer false alarms. grids: the finest first. needs: what it
    cannot be evaluated without. compared: with what. page: where it is looked into. metrics: facts by metric. leading: the metric
    that stands for it where none is in breach; empty for the worst. suspects: how likely each kind
    of change is behind it, 0 to 1. upstream: metrics that lie before it, so that their turn is not the
    same symptom. lanes: of the timeline. level: what its results are about.
    slow: it takes so long that the others must not wait for it.
    version: goes up when the meaning of its
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
    upstream: tuple[str, ...] = ()
    lanes: tuple[LaneFacts, ...] = field(repr=False)
    breach: str
    evaluate: Callable[[Question], Findings] = field(repr=False)
    felt: bool = False
    state: bool = False
    certain: bool = False
    lasting: bool = False
    gradual: bool = False
    many: bool = False
    alarms: bool = True
    estimated: bool = False
    level: Level = "deployment"
    slow: bool = False
    version: int = 1

    def label(self, metric: str) -> str:
        """Return what a metric is called on screen."""
        facts = self.metrics.get(metric)
        return facts.label if facts else metric[:1].upper() + metric[1:].replace("_", " ")

    def breach_of(self, metric: str) -> str:
        """Return what is wrong when a metric breaches, for a title."""
        facts = self.metrics.get(metric)
        return facts.breach if facts and facts.breach else self.breach


class Loaded(Mapping[str, MetricFacts]):
    """Facts of metrics whose files take long to import: read when the first of them is asked for.

    >>> facts = Loaded(lambda: {"accuracy": MetricFacts(label="Accuracy", breach="the model errs")})
    >>> facts["accuracy"].label, len(facts)
    ('Accuracy', 1)
    """

    def __init__(self, load: Callable[[], Mapping[str, MetricFacts]]) -> None:
        self._load = load

    @cached_property
    def _facts(self) -> Mapping[str, MetricFacts]:
        return self._load()

    def __getitem__(self, metric: str) -> MetricFacts:
        return self._facts[metric]

    def __iter__(self) -> Iterator[str]:
        return iter(self._facts)

    def __len__(self) -> int:
        return len(self._facts)
