"""An incident report without a store: every signal and source of events is asked once, now.

The product reads what its evaluator has kept; this is what that is held against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

from monitoring.decisions.in_force import DEFAULT, InForce
from monitoring.errors import MonitoringError
from monitoring.event import Event
from monitoring.incidents import folding
from monitoring.incidents.event_sources import EVENT_SOURCES
from monitoring.incidents.lane_table import ENDPOINTS
from monitoring.incidents.report import IncidentReport
from monitoring.incidents.stored import LEAST_DAYS, telling
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.signal import HOUR, Findings, Grid, Missing, Question, Signal
from monitoring.signals import SIGNALS
from monitoring.sources.deployed import Deployed
from monitoring.sources.logs import Answer
from monitoring.window import DAY, Window

#: Steps shorter than an hour are asked about so many at once.
MOST_STEPS = 2_000


@dataclass(frozen=True, eq=False)
class Gathered:
    """What one source said, or several. taken: when; the earliest of several."""

    results: tuple[MetricResult, ...] = ()
    events: tuple[Event, ...] = ()
    answers: tuple[Answer, ...] = ()
    missing: tuple[Missing, ...] = ()
    taken: datetime | None = None

    @classmethod
    def of(cls, findings: Findings, taken: datetime) -> Gathered:
        """Return what an evaluation found."""
        return cls(findings.results, findings.events, findings.answers, findings.missing, taken)

    def __add__(self, other: Gathered) -> Gathered:
        return together((self, other))


@dataclass(frozen=True, slots=True)
class Source:
    """A signal or a source of events at a place: what it is called on screen, and how it is asked."""

    name: str
    title: str
    evaluate: Callable[[Question], Findings]
    question: Question


def of_signals(question: Question) -> tuple[Source, ...]:
    """Return the signals whose breaches become incidents: of the workspace, and of each deployment.

    Args:
        question: At the workspace; each signal is asked on its own steps.
    """
    return tuple(
        source
        for signal in SIGNALS.values()
        if signal.alarms
        for place in _places(signal, question)
        for source in _on_grids(signal, replace(question, place=place))
    )


def _places(signal: Signal, question: Question) -> tuple[Place, ...]:
    if signal.scope == "workspace":
        return (question.place,)
    return tuple(each.place for each in question.deployments)


def _on_grids(signal: Signal, question: Question) -> Iterator[Source]:
    """Yield a signal on each of its grids whose steps are no finer than the question's."""
    where = f" of {question.place}" if signal.scope == "deployment" else ""
    for grid in signal.grids:
        if grid.step >= question.step:
            for own in _on_steps(grid, signal, question):
                yield Source(signal.name, f"{signal.title}{where}", signal.evaluate, own)


def _on_steps(grid: Grid, signal: Signal, question: Question) -> Iterator[Question]:
    """Yield a question on the steps of a grid; model and data are asked about a week at least.

    As many steps at once as a query of Log Analytics answers.
    """
    end = question.window.end
    if grid.step < DAY:
        whole, most = aligned(question.window, grid.step), question.window.length + DAY
        if grid.step < HOUR:
            first = max(question.window.start, question.taken - grid.back)
            whole, most = aligned(Window(first, end), grid.step), MOST_STEPS * grid.step
        for part in whole.split(most):
            yield replace(question, step=grid.step, window=part)
        return
    least = LEAST_DAYS if signal.scope == "deployment" else 3 * DAY
    window = Window(end - max(question.window.length, least), end).whole_days()
    yield replace(question, step=grid.step, window=window)


def aligned(window: Window, step: timedelta) -> Window:
    """Return the window from the step that it begins in, so that steps are the same from run to run.

    >>> from datetime import UTC
    >>> start = datetime(2026, 1, 1, 10, 40, tzinfo=UTC)
    >>> str(aligned(Window(start, start + timedelta(hours=2)), timedelta(hours=1)))
    '2026-01-01 10:00 to 2026-01-01 12:40 UTC'
    """
    midnight = Window.day(window.start.date()).start
    return Window(midnight + (window.start - midnight) // step * step, window.end)


def gather(sources: Sequence[Source]) -> Gathered:
    """Ask the sources, one after the other as the evaluator does; one that fails is in `missing`."""
    return together(map(guarded, sources))


def guarded(source: Source) -> Gathered:
    """Ask one source. What Azure did not answer is said; a mistake of ours is raised."""
    question = source.question
    try:
        known = Gathered.of(source.evaluate(question), question.taken)
    except MonitoringError as error:
        why = f"{source.title}: {error}"
        return Gathered(missing=(Missing(source.name, question.place, why),))
    partial = tuple(
        Missing(source.name, question.place, f"{source.title}: {text}".rstrip())
        for text in (
            f"the answer is not complete. {a.reason}" for a in known.answers if not a.complete
        )
    )
    if source.name in SIGNALS and SIGNALS[source.name].many:
        known = replace(known, results=tuple(telling(known.results)))
    return known + Gathered(missing=partial) if partial else known


def together(parts: Iterable[Gathered]) -> Gathered:
    """Return the parts as one."""
    kept = list(parts)
    flat = chain.from_iterable
    return Gathered(
        tuple(flat(part.results for part in kept)),
        tuple(flat(part.events for part in kept)),
        tuple(flat(part.answers for part in kept)),
        tuple(dict.fromkeys(flat(part.missing for part in kept))),
        min((part.taken for part in kept if part.taken), default=None),
    )


def of_events(question: Question) -> tuple[Source, ...]:
    """Return the sources of events of a workspace, the slowest first."""
    return tuple(
        Source(each.name, each.title, each.evaluate, question) for each in EVENT_SOURCES.values()
    )


def nothing_decided(_signal: str, _place: Place) -> InForce:
    """Return what is in force where users have decided nothing."""
    return DEFAULT


def evaluated(
    deployed: Deployed,
    window: Window,
    *,
    taken: datetime,
    step: timedelta = HOUR,
) -> IncidentReport:
    """Evaluate all signals over a window now, without a store, and fold what they say.

    Each source is asked once; one that fails is named in `missing`, and the others go on.

    Args:
        deployed: The workspace.
        window: What to report on.
        taken: Now.
        step: The finest steps that are evaluated.
    """
    question = Question(
        deployed=deployed, place=Place(), window=aligned(window, step), step=step, taken=taken,
        in_force=nothing_decided,
    )  # fmt: skip
    missing: tuple[Missing, ...] = ()
    try:
        question = replace(question, endpoints=deployed.inventory.endpoints())
    except MonitoringError as error:
        why = f"Endpoints, and with them saturation, collection, drift and quality: {error}"
        missing = (Missing(ENDPOINTS, Place(), why),)
    answers = gather((*of_signals(question), *of_events(question)))
    return folded(answers + Gathered(missing=missing), window, taken)


def folded(found: Gathered, window: Window, taken: datetime) -> IncidentReport:
    """Return the report of what was gathered."""
    results = sorted((r for r in found.results if r.window), key=_order)
    events = sorted(found.events, key=lambda e: (e.time, e.kind, e.title))
    inside = tuple(e for e in events if window.start <= e.time < window.end)
    before = tuple(e for e in events if e.time < window.start)
    return IncidentReport(
        window=window,
        taken=taken,
        results=tuple(results),
        events=inside,
        incidents=folding.fold(results, events, taken),
        earlier=before,
        missing=found.missing,
        answers=found.answers,
        measured=found.taken,
    )


def _order(result: MetricResult) -> tuple[datetime, str, str, str]:
    assert result.window is not None
    return result.window.start, result.signal, result.metric, str(result.place)
