"""An incident as it was known: at the moment it is frozen, and at the moments before."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from monitoring.incident import Incident, Suspect
from monitoring.incidents import lanes
from monitoring.incidents.lane import Lane
from monitoring.incidents.thinning import within
from monitoring.metric import MetricResult, Worse
from monitoring.place import Place
from monitoring.window import Window

if TYPE_CHECKING:
    from monitoring.incidents.report import IncidentReport
    from monitoring.sources.logs import Answer

#: What is shown before and after an incident: its own length, but no less and no more than this.
LEAST_CONTEXT, MOST_CONTEXT = timedelta(hours=6), timedelta(days=4)
#: What is usual is told from so much before.
LOOK_BACK = timedelta(days=8)
#: Moments that can be replayed; ranking the suspects of each anew takes a fraction of a second.
MOST_MOMENTS = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A threshold that was in force."""

    signal: str
    metric: str
    place: Place
    threshold: float
    worse: Worse
    unit: str = ""
    method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A query as it was asked, and how its answer was. fetched: UTC. missing: what it lacked."""

    name: str
    text: str
    fetched: datetime
    seconds: float
    rows: int
    missing: str = ""

    @classmethod
    def of(cls, answer: Answer) -> Asked:
        """Return what is kept of an answer."""
        return cls(
            name=answer.name, text=answer.query, fetched=answer.fetched, seconds=answer.seconds,
            rows=len(answer.rows), missing=answer.reason,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLines:
    """Rows of a log around the incident, as text. cut: what was left out, empty if nothing."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    cut: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What was known at a time: the incident as it stood, None before it was certain."""

    time: datetime
    incident: Incident | None
    suspects: tuple[Suspect, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Frozen:
    """One incident with all that its panels show; needs neither Azure nor the logs to be shown again.

    window: of the lanes. frozen: when, UTC. product: version that froze it. incidents: others of the
    window. moments: in time order, the last one as it was when it was frozen. missing: sources that
    could not be read. thinned: what was left out to keep the file small.
    """

    incident: Incident
    window: Window
    frozen: datetime
    product: str
    workspace: str
    lanes: tuple[Lane, ...]
    incidents: tuple[Incident, ...]
    moments: tuple[Moment, ...]
    thresholds: tuple[Threshold, ...]
    queries: tuple[Asked, ...] = ()
    logs: tuple[LogLines, ...] = ()
    missing: tuple[str, ...] = ()
    thinned: str = ""

    def at(self, time: datetime) -> Moment:
        """Return what was known at a time: the latest moment that is not later."""
        known = [moment for moment in self.moments if moment.time <= time]
        return known[-1] if known else Moment(time=time, incident=None, suspects=())


def product_version() -> str:
    """Return this product's version."""
    try:
        project = (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
    except OSError:
        return "unknown"
    return str(tomllib.loads(project)["project"]["version"])


def around(incident: Incident, whole: Window) -> Window:
    """Return the window in which an incident is looked at, within what was measured."""
    end = min(incident.resolved or whole.end, whole.end)
    context = min(max(end - incident.began, LEAST_CONTEXT), MOST_CONTEXT)
    start = max(whole.start, incident.began - context)
    end = min(whole.end, end + context / 4)
    return Window(start, end) if start < end else whole


def freeze(
    report: IncidentReport,
    incident: Incident,
    *,
    frozen: datetime,
    workspace: str,
    window: Window | None = None,
    logs: Iterable[LogLines] = (),
) -> Frozen:
    """Return an incident with what was known of it at each moment until now.

    Args:
        window: Of the lanes; by default the incident with some time around it.
        logs: Lines to be kept with it, since the log will not keep them.
    """
    shown = window or around(incident, report.window)
    own = lanes.of(report, incident.endpoint or None, incident.deployment or None)
    here = tuple(_around(report.results, incident, shown))
    others = (i for i in report.incidents if i.place.concerns(incident.endpoint))
    return Frozen(
        incident=incident,
        window=shown,
        frozen=frozen,
        product=product_version(),
        workspace=workspace,
        lanes=tuple(within(lane, shown.start, shown.end) for lane in own),
        incidents=tuple(each for each in others if _touches(each, shown)),
        moments=tuple(_moments(replace(report, results=here), incident, shown, frozen)),
        thresholds=_thresholds(here, shown),
        queries=tuple(map(Asked.of, report.answers)),
        logs=tuple(logs),
        missing=tuple(map(str, report.missing)),
    )


def _around(
    results: Iterable[MetricResult], incident: Incident, shown: Window
) -> Iterator[MetricResult]:
    since = min(incident.began, shown.start) - LOOK_BACK
    for each in results:
        if each.window and each.window.start >= since and each.place.concerns(incident.endpoint):
            yield each


def _touches(incident: Incident, window: Window) -> bool:
    return incident.began < window.end and (incident.resolved or window.end) > window.start


def _thresholds(results: Iterable[MetricResult], window: Window) -> tuple[Threshold, ...]:
    """Return each threshold once, as it was in the last step of the window."""
    found = {
        (r.signal, r.metric, r.place): Threshold(
            signal=r.signal, metric=r.metric, place=r.place, threshold=r.threshold,
            worse=r.worse, unit=r.unit, method=r.method,
        )
        for r in results
        if r.window and r.window.start < window.end
    }  # fmt: skip
    return tuple(found[key] for key in sorted(found))


def _moments(
    report: IncidentReport, incident: Incident, window: Window, frozen: datetime
) -> Iterator[Moment]:
    first = incident.began - min(timedelta(hours=2), incident.began - window.start)
    last = max(window.end, first + timedelta(minutes=1))
    for time in _times(report, Window(first, last)):
        then = report.as_of(time)
        mine = next((each for each in then.incidents if each.id == incident.id), None)
        yield Moment(time=time, incident=mine, suspects=then.suspects(mine) if mine else ())
    yield Moment(time=frozen, incident=incident, suspects=report.suspects(incident))


def _times(report: IncidentReport, window: Window) -> list[datetime]:
    """Return when something became known, thinned evenly."""
    known = {r.window.end for r in report.results if r.window and r.window.end in window}
    known |= {event.time for event in report.events if event.time in window}
    ordered = sorted(known)
    if len(ordered) <= MOST_MOMENTS:
        return ordered
    kept = np.linspace(0, len(ordered) - 1, MOST_MOMENTS).round().astype(int)
    return [ordered[place] for place in kept.tolist()]
