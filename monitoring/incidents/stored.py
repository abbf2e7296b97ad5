"""What is kept of a window, as one report: nothing is computed but which part of it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import chain

from monitoring.incidents.lane_table import EVENTS
from monitoring.incidents.lanes import SHORT
from monitoring.incidents.report import IncidentReport
from monitoring.metric import MetricResult
from monitoring.results.evaluation import Evaluation
from monitoring.results.events import Events
from monitoring.results.incidents import IncidentBook
from monitoring.results.store import Results
from monitoring.signal import LOOK_BACK, Missing, Signal
from monitoring.signals import SIGNALS
from monitoring.window import DAY, Window

#: Data and model are judged on whole days, and labels are late: on no fewer days than this.
LEAST_DAYS = 7 * DAY
#: Results of each of these signals are drawn.
_DRAWN = {name: signal for name, signal in SIGNALS.items() if signal.alarms}
#: Sources of events whose evaluations say whether they could be read.
_SOURCES = {source for lane in EVENTS for source in lane.sources} - SIGNALS.keys()


def kept_report(
    results: Results,
    events: Events,
    book: IncidentBook,
    window: Window,
    taken: datetime,
    *,
    whole: bool = False,
) -> IncidentReport:
    """Return what is kept of a window. It only filters: no incident depends on it.

    Args:
        whole: On all grids, as it always is of a short window; else on the longest steps.

    Raises:
        SourceError: The database cannot be read.
    """
    known = list(chain.from_iterable(_parts(results, window, whole=whole)))
    happened = events.of(Window(window.start - LOOK_BACK, window.end))
    stories = book.stories(window)
    sources = results.evaluations(window, signals=_SOURCES)
    return IncidentReport(
        window=window,
        taken=taken,
        results=tuple(sorted(_results(known), key=_start)),
        events=tuple(e for e in happened if e.time in window),
        earlier=tuple(e for e in happened if e.time < window.start),
        incidents=tuple(story.incident for story in stories),
        missing=tuple(missing([*known, *sources])),
        measured=max((each.evaluated for each in known), default=None),
        ranked={story.incident.id: story.suspects for story in stories},
    )


def _parts(results: Results, window: Window, *, whole: bool) -> Iterator[Sequence[Evaluation]]:
    by_step: dict[timedelta, set[str]] = {}
    for name, signal in _DRAWN.items():
        for step in _steps(signal, window, whole=whole):
            by_step.setdefault(step, set()).add(name)
    for step, names in by_step.items():
        yield results.evaluations(_touching(window, step), signals=names, step=step)


def _steps(signal: Signal, window: Window, *, whole: bool) -> Iterable[timedelta]:
    steps = [grid.step for grid in signal.grids]
    # What is not there yet on the finest steps of a short window is drawn on longer ones.
    return steps if whole or window.length <= SHORT else (max(steps),)


def _touching(window: Window, step: timedelta) -> Window:
    """Return where steps begin that reach into a window; of days a week's, since labels are late."""
    start = window.start - step + timedelta(microseconds=1)
    return Window(min(start, window.end - LEAST_DAYS) if step >= DAY else start, window.end)


def _results(evaluations: Iterable[Evaluation]) -> Iterator[MetricResult]:
    many: dict[str, list[MetricResult]] = {}
    for each in evaluations:
        if SIGNALS[each.signal].many:
            many.setdefault(each.signal, []).extend(each.results)
        else:
            yield from each.results
    for results in many.values():
        yield from telling(results)


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


def missing(evaluations: Iterable[Evaluation]) -> Iterator[Missing]:
    """Yield what could not be read, once a signal and place: as the newest of its evaluations says."""
    last = {}
    for each in sorted(evaluations, key=lambda e: (e.window.start, e.evaluated)):
        if not each.complete:
            last[each.signal, each.place] = " ".join(each.missing)
    for (signal, place), sentence in last.items():
        yield Missing(signal, place, sentence)


def _start(result: MetricResult) -> datetime:
    assert result.window is not None  # noqa: S101 - an evaluation holds none without
    return result.window.start
