"""Incidents, the timeline, what changed before, and frozen incidents."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import streamlit as st

from monitoring.charts import Chart
from monitoring.charts.timeline import timeline as draw
from monitoring.errors import MonitoringError
from monitoring.incident import Incident, Suspect
from monitoring.incidents import brushed, bundle, frozen
from monitoring.incidents import lanes as of_report
from monitoring.incidents.frozen import Frozen, LogLines
from monitoring.incidents.lane import Lane
from monitoring.incidents.report import IncidentReport
from monitoring.incidents.stored import kept_report
from monitoring.incidents.thinning import as_of
from monitoring.results.events import Events
from monitoring.results.incidents import IncidentBook, StoredIncident
from monitoring.results.leases import Round, Rounds
from monitoring.results.store import Results
from monitoring.window import Window
from ui.loaders import database, requests, workspace

T = TypeVar("T")

#: Reports of several windows; drawn figures and lanes are kept beside them.
FRESH = timedelta(minutes=30)
#: What was open so long before a brushed window is looked at with it.
BEFORE = timedelta(days=8)
#: Logs whose lines around an incident are frozen with it: the log keeps them for a month or three.
KEPT_LOGS = {
    "container_events": requests.container_events,
    "console_errors": requests.console_errors,
}
MOST_LINES = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The incidents of a window as they are kept, open ones first, by severity and then the newest.

    round: the evaluator's last. fault: why they could not be read again since.
    """

    window: Window
    taken: datetime
    stories: tuple[StoredIncident, ...] = ()
    round: Round | None = None
    fault: MonitoringError | None = None

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """The stories without their suspects."""
        return tuple(story.incident for story in self.stories)


@dataclass(frozen=True, slots=True)
class Mark:
    """What has been kept so far: another one says that there is more."""

    round: Round | None
    revisions: int


def mark() -> Mark:
    """Return what has been kept so far."""
    here = database.place().workspace
    return Mark(Rounds(database.database(), here).last(), _book().count())


def _book() -> IncidentBook:
    return IncidentBook(database.database(), database.place().workspace)


def listed(window: Window) -> Listed:
    """Return the incidents of a window; where the store does not answer, what it last said.

    Raises:
        SourceError: It has not answered before either.
    """
    try:
        now = mark()
        stories = workspace.memory().get(
            ("stories", now, window), lambda _say: _book().stories(window), fresh=FRESH
        )
    except MonitoringError as error:
        before = next(iter(_last()), None)
        if before is None:
            raise
        return replace(before, fault=error)
    found = Listed(window=window, taken=workspace.now(), stories=stories, round=now.round)
    _last()[:] = [found]
    return found


@st.cache_resource(show_spinner=False)
def _last() -> list[Listed]:
    return []


def story(incident: str) -> StoredIncident:
    """Return one incident with all that is known of it, whatever window it lies in."""
    return _book().get(incident)


def report(window: Window, *, whole: bool = False) -> IncidentReport:
    """Return what is kept of a window. Nothing is measured for it.

    Args:
        window: What to report on.
        whole: On all grids of each signal.
    """
    kept, here = database.database(), database.place().workspace
    return workspace.memory().get(
        ("incidents", mark(), window, whole),
        lambda _say: kept_report(
            Results(kept, here),
            Events(kept, here),
            _book(),
            window,
            workspace.now(),
            whole=whole,
        ),
        fresh=FRESH,
    )


def _kept(what: str, source: object, rest: tuple[Hashable, ...], compute: Callable[[], T]) -> T:
    """Return what was computed from a source, once; it is known by its id, so it is kept as well."""
    _, found = workspace.memory().get(
        (what, id(source), *rest), lambda _say: (source, compute()), fresh=FRESH
    )
    return found


def lanes(found: IncidentReport, endpoint: str | None, deployment: str | None) -> tuple[Lane, ...]:
    """Return the lanes of a report for all endpoints, one, or one of its deployments."""
    rest = endpoint, deployment
    return _kept("lanes", found, rest, lambda: of_report.of(found, endpoint, deployment))


def timeline(drawn: tuple[Lane, ...], window: Window, **shown: Any) -> Chart:
    """Return the timeline's figure; that of the same lanes, not only equal ones, is drawn once."""
    incidents = tuple((each.id, each.resolved) for each in shown["incidents"])
    rest = window, tuple({**shown, "incidents": incidents}.items())
    return _kept("timeline", drawn, rest, lambda: draw(drawn, window, **shown))


def suspects(found: Listed, incident: Incident) -> tuple[Suspect, ...]:
    """Return what coincided with the start of an incident when it was last recorded.

    Raises:
        InputError: The incident is not kept.
    """
    own = (each.suspects for each in found.stories if each.incident.id == incident.id)
    known = next(own, None)
    return story(incident.id).suspects if known is None else known


def around(window: Window, endpoint: str | None, deployment: str | None) -> tuple[Suspect, ...]:
    """Return what changed just before a window and in it, the most telling first."""
    found = report(Window(window.start - BEFORE, window.end))
    rest = window, endpoint, deployment
    return _kept("around", found, rest, lambda: brushed.around(found, window, endpoint, deployment))


def surroundings(incident: Incident) -> Window:
    """Return the window in which an incident is looked at, with some time before and after it."""
    whole = Window(incident.began - frozen.MOST_CONTEXT, workspace.now())
    return frozen.around(incident, whole)


def freeze(incident: Incident, name: str) -> bytes:
    """Return an incident as a file that needs neither Azure nor its logs."""
    window = surroundings(incident)
    found = report(Window(window.start - BEFORE, workspace.now()), whole=True)
    made = frozen.freeze(
        found, incident, frozen=workspace.now(), workspace=name, window=window,
        logs=_log_lines(incident, window),
    )  # fmt: skip
    return bundle.write(made)


def _log_lines(incident: Incident, window: Window) -> Iterator[LogLines]:
    """Yield the logs around an incident; one that cannot be read says so in its place."""
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
    digest = hashlib.sha256(content).hexdigest()
    return workspace.memory().get(("frozen", digest), lambda _say: bundle.open_(content))


def lanes_then(frozen: Frozen, time: datetime) -> tuple[Lane, ...]:
    """Return the lanes of a frozen incident as they were known at a time."""
    return _kept(
        "lanes-then", frozen, (time,), lambda: tuple(as_of(lane, time) for lane in frozen.lanes)
    )
