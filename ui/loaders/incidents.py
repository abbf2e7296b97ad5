"""Incidents, the timeline, what changed before, and frozen incidents."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from monitoring.errors import MonitoringError
from monitoring.kept.memory import Memory
from ui.loaders import deployments, fleet, requests, workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from monitoring.charts import Chart
    from monitoring.charts.figure import Theme
    from monitoring.charts.timeline_rows import Zone
    from monitoring.incident import Incident, Suspect
    from monitoring.incidents.frozen import Frozen, LogLines
    from monitoring.incidents.gathering import Gathered
    from monitoring.incidents.lane import Lane
    from monitoring.incidents.report import IncidentReport
    from monitoring.window import Window
    from ui.loaders.workspace import Progress

T = TypeVar("T")

FRESH = timedelta(minutes=5)
#: Of model and data: as on their own pages, then renewed behind the reader's back for some hours.
SOURCE_FRESH, SOURCE_STALE = timedelta(minutes=15), timedelta(hours=3)
#: Five a deployment and window.
MOST_SOURCES = 300
#: Logs whose lines around an incident are frozen with it: the log keeps them for a month or three.
KEPT_LOGS = {
    "container_events": requests.container_events,
    "console_errors": requests.console_errors,
}
MOST_LINES = 2_000


def report(window: Window, progress: Progress) -> IncidentReport:
    """Return everything that was judged and happened in a window, folded into incidents.

    Raises:
        SourceError: The workspace did not answer at all.
    """
    from monitoring.incidents.report import run  # noqa: PLC0415 - knows every signal: seconds

    decided = fleet.in_force()
    found = workspace.memory().get(
        ("incidents", window, tuple(decided.items())),
        lambda say: run(
            deployments.deployed(),
            window,
            taken=workspace.now(),
            decided=decided,
            progress=say,
            keep=_keep_source,
        ),
        fresh=FRESH,
        progress=progress,
    )
    _latest()[0:] = [found]
    return found


def _keep_source(key: Hashable, compute: Callable[[], Gathered]) -> Gathered:
    """Keep the days of a model or its data; they take most of the time and change little in an hour."""
    return _sources().get(key, lambda _say: compute(), fresh=SOURCE_FRESH, stale=SOURCE_STALE)


@st.cache_resource(show_spinner=False)
def _sources() -> Memory:
    return Memory(places=MOST_SOURCES, now=workspace.now)


@st.cache_resource(show_spinner=False)
def _latest() -> list[IncidentReport]:
    return []


def latest() -> IncidentReport | None:
    """Return the report that was made last, of whatever window; None before there is one.

    Making one takes up to a minute, which a page that only points at it must not cost.
    """
    return next(iter(_latest()), None)


def _kept(what: str, source: object, rest: tuple[Hashable, ...], compute: Callable[[], T]) -> T:
    """Return what was computed from a source, once; it is known by its id, so it is kept as well."""
    _, found = workspace.memory().get(
        (what, id(source), *rest), lambda _say: (source, compute()), fresh=FRESH
    )
    return found


def lanes(found: IncidentReport, endpoint: str | None, deployment: str | None) -> tuple[Lane, ...]:
    """Return the lanes of a report for all endpoints, one, or one of its deployments."""
    from monitoring.incidents import lanes as of_report  # noqa: PLC0415 - numpy

    rest = endpoint, deployment
    return _kept("lanes", found, rest, lambda: of_report.of(found, endpoint, deployment))


def timeline(
    drawn: tuple[Lane, ...],
    window: Window,
    incidents: tuple[Incident, ...],
    *,
    chosen: str,
    brushed: Window | None,
    now: datetime | None,
    zone: Zone,
    theme: Theme,
) -> Chart:
    """Return the timeline's figure; that of the same lanes, not only equal ones, is drawn once."""
    from monitoring.charts.timeline import timeline as draw  # noqa: PLC0415 - plotly: half a second

    rest = window, tuple((i.id, i.resolved) for i in incidents), chosen, brushed, now, zone, theme
    return _kept(
        "timeline",
        drawn,
        rest,
        lambda: draw(
            drawn,
            window,
            incidents=incidents,
            chosen=chosen,
            brushed=brushed,
            now=now,
            zone=zone,
            theme=theme,
        ),
    )


def suspects(found: IncidentReport, incident: Incident) -> tuple[Suspect, ...]:
    """Return what coincides with the start of an incident, the most telling first."""
    return _kept("suspects", found, (incident.id,), lambda: found.suspects(incident))


def around(
    found: IncidentReport, window: Window, endpoint: str | None, deployment: str | None
) -> tuple[Suspect, ...]:
    """Return what changed just before a window and in it, the most telling first."""
    from monitoring.incidents import brushed  # noqa: PLC0415 - numpy

    rest = window, endpoint, deployment
    return _kept("around", found, rest, lambda: brushed.around(found, window, endpoint, deployment))


def context(incident: Incident, whole: Window) -> Window:
    """Return the window in which an incident is looked at, with some time before it."""
    from monitoring.incidents.frozen import around as of_incident  # noqa: PLC0415 - numpy

    return of_incident(incident, whole)


def freeze(found: IncidentReport, incident: Incident, name: str) -> bytes:
    """Return an incident as a file that needs neither Azure nor its logs.

    Raises:
        InputError: It is too large.
    """
    from monitoring.incidents import bundle, frozen  # noqa: PLC0415 - numpy

    window = frozen.around(incident, found.window)
    made = frozen.freeze(
        found, incident, frozen=workspace.now(), workspace=name, logs=_log_lines(incident, window)
    )
    return bundle.write(made)


def _log_lines(incident: Incident, window: Window) -> Iterator[LogLines]:
    """Yield the logs around an incident; one that cannot be read says so in its place."""
    from monitoring.incidents.frozen import LogLines  # noqa: PLC0415 - numpy

    if not incident.endpoint:
        return
    for name, ask in KEPT_LOGS.items():
        try:
            answer, _ = ask(incident.endpoint, incident.deployment, window)
        except MonitoringError as error:
            yield LogLines(name=name, columns=(), rows=(), cut=str(error))
            continue
        rows = tuple(tuple(_text(value) for value in row) for row in answer.rows[:MOST_LINES])
        left_out = len(answer.rows) - len(rows)
        cut = f"{left_out:,} more lines" if left_out else answer.reason
        yield LogLines(
            name=name, columns=tuple(column for column, _ in answer.columns), rows=rows, cut=cut
        )


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return "" if value is None else str(value)


def opened(content: bytes) -> Frozen:
    """Return the incident in a file, read once. Nothing of it comes from anywhere else.

    Raises:
        InputError: It is no frozen incident, or damaged.
    """
    from monitoring.incidents import bundle  # noqa: PLC0415 - numpy

    digest = hashlib.sha256(content).hexdigest()
    return workspace.memory().get(("frozen", digest), lambda _say: bundle.open_(content))


def lanes_then(frozen: Frozen, time: datetime) -> tuple[Lane, ...]:
    """Return the lanes of a frozen incident as they were known at a time."""
    from monitoring.incidents.thinning import as_of  # noqa: PLC0415 - numpy

    return _kept(
        "lanes-then", frozen, (time,), lambda: tuple(as_of(lane, time) for lane in frozen.lanes)
    )
