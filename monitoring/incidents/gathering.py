"""Asks every source once, and lets none of them stop the others."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from monitoring.errors import MonitoringError
from monitoring.place import WORKSPACE, Place
from monitoring.sources.activity import Activity
from monitoring.sources.logs import Logs
from monitoring.sources.metrics import PlatformMetrics
from monitoring.window import Window

if TYPE_CHECKING:
    from monitoring.decisions.stored import Decisions
    from monitoring.event import Event
    from monitoring.metric import MetricResult
    from monitoring.sources.deployed import Deployed
    from monitoring.sources.logs import Answer
    from monitoring.sources.query import Value
    from monitoring.workspace.endpoints import Endpoint

Progress = Callable[[float, str], None]

#: What is new or unusual is told from at least so much before the window.
LOOK_BACK = timedelta(days=7)
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Missing:
    """A source that could not be read, or only in part. text: why, in one sentence. place: whose it is."""

    text: str
    place: Place = WORKSPACE

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, eq=False)
class Gathered:
    """What one source said, or several. taken: when; the earliest of several."""

    results: tuple[MetricResult, ...] = ()
    events: tuple[Event, ...] = ()
    answers: tuple[Answer, ...] = ()
    missing: tuple[Missing, ...] = ()
    taken: datetime | None = None

    def __add__(self, other: Gathered) -> Gathered:
        return together((self, other))


@dataclass(frozen=True, eq=False)
class Asked:
    """What is asked of every source.

    window: aligned to steps. step: of what is measured in minutes. endpoints: with deployments;
    none if the workspace does not say. decided: by endpoint and deployment, what users have put in
    force.
    """

    deployed: Deployed
    window: Window
    step: timedelta
    taken: datetime
    endpoints: tuple[Endpoint, ...] = ()
    decided: Mapping[tuple[str, str], Decisions] = field(default_factory=dict)

    @cached_property
    def metrics(self) -> PlatformMetrics:
        """Return the platform metrics."""
        return PlatformMetrics(self.deployed.azure)

    @cached_property
    def activity(self) -> Activity:
        """Return the activity log."""
        return Activity(self.deployed.azure)

    @property
    def wide(self) -> Window:
        """The window and what came just before it."""
        return Window(self.window.start - LOOK_BACK, self.window.end)

    @property
    def names(self) -> tuple[str, ...]:
        """Endpoints by name, lower case."""
        return tuple(endpoint.name.lower() for endpoint in self.endpoints)

    def ask(self, name: str, window: Window, **values: Value) -> Answer:
        """Run one of the product's queries."""
        return Logs(self.deployed.azure).ask(name, window, **values)

    def decisions(self, endpoint: str, deployment: str) -> Decisions:
        """Return what users have put in force at a place."""
        from monitoring.decisions.stored import UNDECIDED  # noqa: PLC0415 - a name, not a cost

        return self.decided.get((endpoint, deployment), UNDECIDED)


@dataclass(frozen=True, slots=True)
class Source:
    """One source: what it is called on screen, and how it is asked.

    depends: all that its answer depends on besides the time, where that is known: such an answer may
    be kept for a while. None where it is asked anew each time. place: whose it is.
    """

    name: str
    gather: Callable[[Asked], Gathered]
    depends: Hashable = None
    place: Place = WORKSPACE


#: Returns what was kept of a source for a key, else computes and keeps it.
Keep = Callable[[Hashable, Callable[[], Gathered]], Gathered]


def step_of(window: Window) -> timedelta:
    """Return the steps of what is measured in minutes: fine enough for the shortest trouble.

    >>> from datetime import UTC
    >>> step_of(Window.last(timedelta(days=30), until=datetime(2026, 1, 31, tzinfo=UTC)))
    datetime.timedelta(seconds=3600)
    """
    if window.length <= timedelta(days=2):
        return timedelta(minutes=15)
    return timedelta(hours=1)


def aligned(window: Window, step: timedelta) -> Window:
    """Return the window from the step that it begins in, so that steps are the same from run to run.

    >>> from datetime import UTC
    >>> start = datetime(2026, 1, 1, 10, 40, tzinfo=UTC)
    >>> str(aligned(Window(start, start + timedelta(hours=2)), timedelta(hours=1)))
    '2026-01-01 10:00 to 2026-01-01 12:40 UTC'
    """
    midnight = Window.day(window.start.date()).start
    return Window(midnight + (window.start - midnight) // step * step, window.end)


def gather(
    asked: Asked,
    sources: Sequence[Source],
    progress: Progress | None = None,
    keep: Keep | None = None,
) -> Gathered:
    """Ask the sources, some at once; one that fails is named in `missing`, and is not kept."""
    found: list[Gathered] = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for done, (source, each) in enumerate(
            zip(sources, pool.map(lambda s: guarded(s, asked, keep), sources), strict=True)
        ):
            if progress:
                progress(done / len(sources), source.name)
            found.append(each)
    return together(found)


def guarded(source: Source, asked: Asked, keep: Keep | None = None) -> Gathered:
    """Ask one source. What Azure did not answer is said; a mistake of ours is raised."""

    def ask() -> Gathered:
        return replace(source.gather(asked), taken=asked.taken)

    try:
        may_keep = keep is not None and source.depends is not None
        found = keep((source.name, source.depends), ask) if keep and may_keep else ask()
    except MonitoringError as error:
        return Gathered(missing=(Missing(f"{source.name}: {error}", source.place),))
    partial = tuple(
        Missing(
            f"{source.name}: the answer is not complete. {answer.reason}".rstrip(), source.place
        )
        for answer in found.answers
        if not answer.complete
    )
    return found + Gathered(missing=partial) if partial else found


def together(parts: Iterable[Gathered]) -> Gathered:
    """Return the parts as one."""
    kept = list(parts)
    return Gathered(
        tuple(result for part in kept for result in part.results),
        tuple(event for part in kept for event in part.events),
        tuple(answer for part in kept for answer in part.answers),
        tuple(dict.fromkeys(each for part in kept for each in part.missing)),
        min((part.taken for part in kept if part.taken), default=None),
    )
