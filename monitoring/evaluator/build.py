"""Puts an evaluator together from settings: the only place that knows all its parts."""

from __future__ import annotations

from datetime import timedelta

from monitoring.database.database import Database
from monitoring.decisions.book import Book
from monitoring.evaluator.publish import Publisher
from monitoring.evaluator.rounds import Evaluator
from monitoring.incidents.event_sources import EVENT_SOURCES
from monitoring.incidents.record import Recorder
from monitoring.monitor import Monitor
from monitoring.results.events import Events
from monitoring.results.incidents import IncidentBook
from monitoring.results.leases import Leases, Rounds, shared_slots
from monitoring.results.snapshots import Snapshots
from monitoring.results.store import Results
from monitoring.settings import Settings, time_of_day
from monitoring.signal import Signal
from monitoring.signals import SIGNALS
from monitoring.sources.azure import connect
from monitoring.sources.deployed import Deployed


def monitor(settings: Settings, database: Database | None = None) -> Monitor:
    """Return the monitor of the configured workspace, or of the sample."""
    deployed = Deployed(connect(settings))
    workspace = deployed.azure.workspace_id.lower()
    database = database or Database(settings.database)
    deployed.azure.query_budget.shared = shared_slots(database, settings.identity, time_of_day)
    return Monitor(
        deployed, settings.clock, Book(database, workspace), Results(database, workspace)
    )


def evaluator(settings: Settings, holder: str) -> Evaluator:
    """Return an evaluator of the configured workspace, or of the sample."""
    database = Database(settings.database)
    watched = monitor(settings, database)
    workspace = watched.workspace.workspace
    results, events = Results(database, workspace), Events(database, workspace)
    recorder = Recorder(results, events, IncidentBook(database, workspace))
    signals = sorted(SIGNALS.values(), key=_order)
    return Evaluator(
        monitor=watched,
        results=results,
        events=events,
        leases=Leases(database),
        rounds=Rounds(database, workspace),
        publisher=Publisher(watched, results, Snapshots(database, workspace), recorder),
        what=(*(each for each in signals if not each.slow), *EVENT_SOURCES.values()),
        slow=tuple(each for each in signals if each.slow),
        holder=holder,
        time_of_day=time_of_day,
        retention=timedelta(days=settings.retention_days),
    )


def _order(signal: Signal) -> tuple[bool, int]:
    """What one query tells of the whole workspace comes first, then the gravest."""
    return signal.scope == "deployment", signal.gravity
