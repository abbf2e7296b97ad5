"""Asks every signal and source of events once, and lets none of them stop the others."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from monitoring.errors import MonitoringError
from monitoring.signal import Findings, Missing, Question, Signal
from monitoring.signals import SIGNALS
from monitoring.window import DAY, Window

if TYPE_CHECKING:
    from monitoring.event import Event
    from monitoring.metric import MetricResult
    from monitoring.progress import Progress
    from monitoring.sources.logs import Answer
    from monitoring.workspace.endpoints import Deployment

#: Data and model are judged on whole days, and labels are late: on no fewer days than this.
LEAST_DAYS = 7 * DAY
#: A window that ended this long ago at most ends now: pages round the time down.
NOW_SPAN = timedelta(minutes=15)
_AT_ONCE = 4


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
    """A signal or a source of events at a place: what it is called on screen, and how it is asked.

    depends: all that its answer depends on besides the time, where that is known: such an answer may
    be kept for a while. None where it is asked anew each time.
    """

    name: str
    title: str
    evaluate: Callable[[Question], Findings]
    question: Question
    depends: Hashable = None


#: Returns what was kept of a source for a key, else computes and keeps it.
Keep = Callable[[Hashable, Callable[[], Gathered]], Gathered]


def of_signals(question: Question) -> tuple[Source, ...]:
    """Return the signals whose breaches become incidents: of the workspace, and of each deployment.

    Args:
        question: At the workspace; each signal is asked on its own steps.
    """
    alarming = [signal for signal in SIGNALS.values() if signal.alarms]
    whole = [s for s in alarming if s.scope == "workspace"]
    return (
        *(Source(s.name, s.title, s.evaluate, on_steps_of(s, question)) for s in whole),
        *(
            of_deployment(s, on_steps_of(s, question), each)
            for each in question.deployments
            for s in alarming
            if s.scope == "deployment"
        ),
    )


def on_steps_of(signal: Signal, question: Question) -> Question:
    """Return a question on steps that a signal has: never finer than its finest, else as asked."""
    step = max(question.step, signal.grids[0].step)
    if step < DAY:
        return replace(question, step=step, window=aligned(question.window, step))
    length = max(question.window.length, LEAST_DAYS) if signal.scope == "deployment" else None
    start = question.window.end - (length or max(question.window.length, 3 * DAY))
    return replace(question, step=DAY, window=Window(start, question.window.end).whole_days())


def of_deployment(signal: Signal, question: Question, deployment: Deployment) -> Source:
    """Return a signal of a deployment; its days may be kept between two lists of incidents."""
    here = replace(question, place=deployment.place)
    held = question.in_force(signal.name, deployment.place).digest
    depends = deployment.id, deployment.model, *_period(here), held
    title = f"{signal.title} of {deployment.endpoint}/{deployment.name}"
    return Source(signal.name, title, signal.evaluate, here, depends)


def _period(question: Question) -> tuple[tuple[date, ...], datetime | None]:
    """Return what two windows have to share to have the same days: the days, and a past end.

    A window that ends now goes on with its last day; how old a kept answer may be bounds the lag.
    """
    end = question.window.end
    return question.window.days(), None if question.taken - end < NOW_SPAN else end


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
    sources: Sequence[Source], progress: Progress | None = None, keep: Keep | None = None
) -> Gathered:
    """Ask the sources, some at once; one that fails is named in `missing`, and is not kept."""
    parts: list[Gathered] = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for done, (source, each) in enumerate(
            zip(sources, pool.map(lambda s: guarded(s, keep), sources), strict=True)
        ):
            if progress:
                progress(done / len(sources), source.title)
            parts.append(each)
    return together(parts)


def guarded(source: Source, keep: Keep | None = None) -> Gathered:
    """Ask one source. What Azure did not answer is said; a mistake of ours is raised."""
    question = source.question

    def ask() -> Gathered:
        return Gathered.of(source.evaluate(question), question.taken)

    try:
        key = source.title, source.depends
        known = keep(key, ask) if keep and source.depends is not None else ask()
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


def telling(results: Iterable[MetricResult]) -> Iterator[MetricResult]:
    """Yield the results of each series that breached, on all steps.

    Some hundreds of series that were always well would say nothing more on a timeline; one of them
    is kept as a witness, so that a lane without trouble is not blind.
    """
    known = list(results)
    bad = {(r.place, r.metric) for r in known if r.status == "breached"}
    witness = next(((r.place, r.metric) for r in known if r.status == "ok"), None)
    for result in known:
        if (result.place, result.metric) in {*bad, witness}:
            yield result


def together(parts: Iterable[Gathered]) -> Gathered:
    """Return the parts as one."""
    kept = list(parts)
    return Gathered(
        tuple(result for part in kept for result in part.results),
        tuple(event for part in kept for event in part.events),
        tuple(answer for part in kept for answer in part.answers),
        tuple(dict.fromkeys(text for part in kept for text in part.missing)),
        min((part.taken for part in kept if part.taken), default=None),
    )
