"""Where events are read that no signal tells of: what was changed, killed, said and fired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from monitoring.incidents import alerts, changes, console, containers, dependencies
from monitoring.signal import HOUR, LOGS_KEPT, Findings, Grid, Need, Question, Scope
from monitoring.sources.activity import RETENTION, Activity
from monitoring.sources.alerts import Alerts
from monitoring.window import Window

QUARTER_HOUR = timedelta(minutes=15)


def _console(question: Question) -> Findings:
    answer = question.ask("console_kinds", question.wide, endpoints=[], step=question.step)
    return Findings(events=console.of_console(answer.records()), answers=(answer,))


def _containers(question: Question) -> Findings:
    answer = question.ask("container_events", question.wide, endpoints=[], step=question.step)
    events = containers.of_containers(answer.records(), question.step)
    return Findings(events=events, answers=(answer,))


def _dependencies(question: Question) -> Findings:
    answer = question.ask("dependencies", question.wide, endpoints=[], step=question.step)
    return Findings(events=dependencies.of_dependencies(answer.records()), answers=(answer,))


def _activity(question: Question) -> Findings:
    kept = Window(question.taken - RETENTION, question.taken)
    log = Activity(question.deployed.azure).events(kept)
    return Findings(events=changes.of_activity(log))


def _alerts(question: Question) -> Findings:
    return Findings(events=alerts.of_alerts(Alerts(question.deployed.azure).fired(question.wide)))


@dataclass(frozen=True, kw_only=True, eq=False)
class EventSource:
    """One source of events. name: what its evaluations are kept under. title: for people."""

    name: str
    title: str
    needs: frozenset[Need]
    evaluate: Callable[[Question], Findings]
    back: timedelta = LOGS_KEPT
    version: int = 1

    @property
    def scope(self) -> Scope:
        """One answer is of the whole workspace."""
        return "workspace"

    @property
    def grids(self) -> tuple[Grid, ...]:
        """An event is news for minutes; what comes late is read again once."""
        return (Grid(QUARTER_HOUR, settle=HOUR, back=self.back),)


#: In the order in which they are asked, the slowest first.
EVENT_SOURCES: dict[str, EventSource] = {
    each.name: each
    for each in (
        EventSource(
            name="console", title="Console log", needs=frozenset({"console log"}),
            evaluate=_console,
        ),
        EventSource(
            name="containers", title="Container event log", needs=frozenset({"console log"}),
            evaluate=_containers,
        ),
        EventSource(
            name="activity log", title="Activity log", needs=frozenset({"activity log"}),
            evaluate=_activity, back=RETENTION,
        ),
        EventSource(
            name="dependencies", title="Dependencies, Application Insights",
            needs=frozenset({"traffic log"}), evaluate=_dependencies,
        ),
        EventSource(
            name="alerts", title="Azure Monitor alerts", needs=frozenset({"resource manager"}),
            evaluate=_alerts,
        ),
    )
}  # fmt: skip
