"""Where events are read that no signal tells of: what was changed, killed, said and fired."""

from __future__ import annotations

from collections.abc import Callable

from monitoring.incidents import alerts, changes, console, containers, dependencies
from monitoring.incidents.gathering import Source
from monitoring.signal import Findings, Question
from monitoring.sources.activity import RETENTION, Activity
from monitoring.sources.alerts import Alerts
from monitoring.window import Window


def of_events(question: Question) -> tuple[Source, ...]:
    """Return the sources of events of a workspace, the slowest first."""
    return tuple(
        Source(name, title, evaluate, question) for name, (title, evaluate) in SOURCES.items()
    )


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


#: By name -> what it is called on screen, and how it is asked.
SOURCES: dict[str, tuple[str, Callable[[Question], Findings]]] = {
    "console": ("Console log", _console),
    "containers": ("Container event log", _containers),
    "activity log": ("Activity log", _activity),
    "dependencies": ("Dependencies, Application Insights", _dependencies),
    "alerts": ("Azure Monitor alerts", _alerts),
}
