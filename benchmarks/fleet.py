"""A fleet of deployments with results in the store, as an evaluator would have left them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import insert

from monitoring.database.database import Database
from monitoring.database.result_tables import EvaluationRow, InForceRow
from monitoring.evaluator.publish import Publisher
from monitoring.incidents.record import Recorder
from monitoring.metric import Interval, MetricResult
from monitoring.monitor import Monitor
from monitoring.place import Place
from monitoring.results.codec import pack
from monitoring.results.evaluation import Evaluation, Touch
from monitoring.results.events import Events
from monitoring.results.incidents import IncidentBook
from monitoring.results.leases import Rounds
from monitoring.results.numbers import Series, add_number, add_series
from monitoring.results.snapshots import Snapshots
from monitoring.results.standing import microseconds, seconds
from monitoring.results.store import Results
from monitoring.signal import Grid, Signal
from monitoring.signals import SIGNALS
from monitoring.window import DAY, Window
from monitoring.workspace.endpoints import Deployment, Endpoint

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DEPLOYMENTS = ("blue", "green")
#: Results of a step: what a few features and metrics come to.
NUMBERS = 8
#: So many rows are sent to the database at once.
BATCH = 5_000


class Fleet:
    """Endpoints of two deployments each, in a workspace of a database."""

    def __init__(self, url: str, workspace: str, endpoints: int, signals: int = 20) -> None:
        self.database = Database(url)
        self.workspace = workspace
        self.signals = registered(signals)
        self.endpoints = tuple(_endpoint(f"endpoint-{n:02}") for n in range(endpoints))
        self.results = Results(self.database, workspace)
        self.snapshots = Snapshots(self.database, workspace)

    @property
    def places(self) -> list[Place]:
        """Every deployment."""
        return [
            replace(each.place, workspace=self.workspace)
            for endpoint in self.endpoints
            for each in endpoint.deployments
        ]

    def fill(self, days: int) -> int:
        """Add the evaluations of so many days up to now; returns how many."""
        records = list(self._records(days))
        with self.database.writing() as session:
            for n in range(0, len(records), BATCH):
                session.execute(
                    insert(EvaluationRow).returning(EvaluationRow.id), records[n : n + BATCH]
                )
        return len(records)

    def tell(self) -> None:
        """Keep the state of every deployment, as after a round."""
        deployed: Any = SimpleNamespace(azure=SimpleNamespace(workspace_id=self.workspace))
        events, book = (
            Events(self.database, self.workspace),
            IncidentBook(self.database, self.workspace),
        )
        publisher = Publisher(
            Monitor(deployed, lambda: NOW),
            self.results,
            self.snapshots,
            Recorder(self.results, events, book),
        )
        publisher.touch(
            Touch(place, signal.name, NOW - DAY, breached=False)
            for place in self.places
            for signal in self.signals
        )
        publisher.publish(self.endpoints, NOW)
        rounds = Rounds(self.database, self.workspace)
        rounds.begin("bench", NOW)
        rounds.finish("bench", NOW)

    def _records(self, days: int) -> Iterator[dict[str, Any]]:
        windows = [Window.day((NOW - n * DAY).date()) for n in range(days, 0, -1)]
        with self.database.writing() as session:
            in_force = add_number(session, InForceRow, digest="")
            numbers = {
                (place, signal.name, grid.step): add_series(
                    session, self.workspace, Series(place, signal.name, grid.step)
                )
                for place in self.places
                for signal in self.signals
                for grid in signal.grids
            }
        for signal in self.signals:
            for grid in signal.grids:
                # A payload knows neither its place nor its day, so that one serves for all.
                one = _evaluation(self.places[0], signal, grid, windows[0])
                payload = pack(one)
                for place in self.places:
                    for window in windows:
                        if window.start < NOW - grid.back:
                            continue
                        yield {
                            "series": numbers[place, signal.name, grid.step],
                            "last": seconds(window.end - grid.step),
                            "revision": 1,
                            "steps": window.length // grid.step,
                            "in_force": in_force,
                            "fingerprint": "settled",
                            "version": signal.version,
                            "evaluated": microseconds(window.end),
                            "seconds": 0.1,
                            "complete": True,
                            "payload": payload,
                        }


def registered(count: int) -> tuple[Signal, ...]:
    """Return the product's signals, and more like the first until there are enough."""
    own = list(SIGNALS.values())[:count]
    for n in range(count - len(own)):
        name = f"more_{n}"
        SIGNALS.setdefault(name, replace(own[n], name=name, gravity=1000 + n))
        own.append(SIGNALS[name])
    return tuple(own)


def _endpoint(name: str) -> Endpoint:
    return Endpoint(
        id=name, name=name, location="", traffic={"blue": 90, "green": 10}, mirror_traffic={},
        provisioning_state="Succeeded", created=None,
        deployments=tuple(_deployment(name, each) for each in DEPLOYMENTS),
    )  # fmt: skip


def _deployment(endpoint: str, name: str) -> Deployment:
    return Deployment(
        id=f"{endpoint}/{name}", name=name, endpoint=endpoint, model=None, instance_type="",
        instance_count=1, provisioning_state="Succeeded", collections={}, app_insights=False,
        created=None,
    )  # fmt: skip


def _evaluation(place: Place, signal: Signal, grid: Grid, window: Window) -> Evaluation:
    metric = signal.leading or next(iter(signal.metrics), "value")
    many = NUMBERS if grid.step >= DAY else 2
    results = tuple(
        MetricResult(
            signal=signal.name, metric=metric, place=place.of(f"feature_{n}"),
            status="breached" if n == 0 and signal.gravity % 5 == 0 else "ok",
            threshold=0.1, window=step, value=0.05 + n / 100 + step.start.hour / 1000,
            interval=Interval(0.01, 0.2), rows=1000, reference_rows=40_000, method="two samples",
        )
        for step in window.split(grid.step)
        for n in range(many)
    )  # fmt: skip
    return Evaluation(
        place=place, signal=signal.name, step=grid.step, window=window, results=results,
        in_force="", fingerprint="settled", version=signal.version, evaluated=window.end, seconds=0.1,
    )  # fmt: skip
