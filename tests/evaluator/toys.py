"""A small workspace of files on disk, and signals that are quick and do real work on them.

credit/blue and credit/green collect one line an hour into the folders of the model data collector.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import fsspec

from monitoring.database.database import Database
from monitoring.decisions.book import Book
from monitoring.errors import SourceError
from monitoring.evaluator.publish import Publisher
from monitoring.evaluator.rounds import Evaluator
from monitoring.event import Event
from monitoring.incidents.record import Recorder
from monitoring.metric import MetricResult
from monitoring.monitor import Monitor
from monitoring.place import Place
from monitoring.results.events import Events
from monitoring.results.incidents import IncidentBook
from monitoring.results.leases import Leases, Rounds
from monitoring.results.snapshots import Snapshots
from monitoring.results.store import Results
from monitoring.settings import time_of_day
from monitoring.signal import DAY, HOUR, MINUTES_5, Findings, Grid, MetricFacts, Question, Signal
from monitoring.sources.collected import Collected
from monitoring.window import Window
from monitoring.workspace.endpoints import Deployment, Endpoint

ID = (
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/small"
)
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BACK = 3 * DAY


@dataclass
class Clock:
    """A clock that is moved by hand."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def deployment(name: str, endpoint: str = "credit", model: Any = None) -> Deployment:
    return Deployment(
        id=f"{ID}/onlineEndpoints/{endpoint}/deployments/{name}", name=name, endpoint=endpoint,
        model=model, instance_type="", instance_count=1, provisioning_state="Succeeded",
        collections={}, app_insights=False, created=None,
    )  # fmt: skip


def endpoint(name: str, deployments: tuple[str, ...]) -> Endpoint:
    return Endpoint(
        id=f"{ID}/onlineEndpoints/{name}", name=name, location="", traffic={deployments[0]: 100},
        mirror_traffic={}, provisioning_state="Succeeded", created=None,
        deployments=tuple(deployment(each, name) for each in deployments),
    )  # fmt: skip


class Step(NamedTuple):
    """One step that was evaluated. place: of its task."""

    signal: str
    place: str
    start: datetime
    length: timedelta


class Small:
    """What an evaluator needs of a workspace. log: where evaluations are noted, one a line."""

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        self.folder = folder / "files"
        self.log = folder / "log"
        self.fault = folder / "fault"
        self.endpoints = (endpoint("credit", ("blue", "green")),)
        settings = SimpleNamespace(cache=folder / "cache", clock=clock)
        files = fsspec.filesystem("file"), str(self.folder)
        self.azure = SimpleNamespace(workspace_id=ID, settings=settings, files=lambda: files)
        self.inventory = SimpleNamespace(endpoints=lambda: self.endpoints)
        self.fresh()

    def fresh(self) -> None:
        """Forget listings, as if a minute had passed."""
        self.collected = Collected(self.azure)

    def model(self, deployment: Deployment) -> None:
        return None

    def labels_path(self, model: None) -> str:
        return "labels"

    def hour(self, name: str, hour: datetime, collection: str = "model_inputs") -> Path:
        where = self.folder / "modelDataCollector" / "credit" / name / collection
        return where / f"{hour:%Y/%m/%d/%H}" / "a.jsonl"

    def write(self, name: str, hour: datetime, text: str, collection: str = "model_inputs") -> None:
        file = self.hour(name, hour, collection)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as opened:
            opened.write(text + "\n")

    def fill(self, window: Window) -> Small:
        for hour in window.split(HOUR):
            for name in ("blue", "green"):
                for collection in ("model_inputs", "model_outputs"):
                    self.write(name, hour.start, f"{hour.start:%H}", collection)
        return self

    def label(self, day: datetime, text: str) -> None:
        file = self.folder / "labels" / f"{day:%Y-%m-%d}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        import pyarrow as pa  # noqa: PLC0415 - few tests have labels
        import pyarrow.parquet as pq  # noqa: PLC0415

        pq.write_table(pa.table({"correlationid": [text], "late": [1]}), file)

    def note(self, question: Question, signal: str) -> None:
        """Write down what is evaluated, in one go so that processes can do it at once."""
        bounds = question.window.start, question.window.end
        words = signal, str(question.place), *(each.isoformat() for each in bounds)
        line = " ".join([*words, str(question.step.total_seconds())])
        handle = os.open(self.log, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        os.write(handle, f"{line}\n".encode())
        os.close(handle)
        if self.fault.exists():
            raise SourceError("The workspace does not answer", hint="Wait.")

    def noted(self) -> Counter[Step]:
        """Return which steps were evaluated since the last look, and how often."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return Counter(step for line in lines for step in _steps(line))


def _steps(line: str) -> Iterator[Step]:
    signal, place, start, end, seconds = line.split()
    window = Window(datetime.fromisoformat(start), datetime.fromisoformat(end))
    for step in window.split(timedelta(seconds=float(seconds))):
        yield Step(signal, place, step.start, step.length)


def result(signal: str, place: Place, step: Window, value: float, threshold: float) -> MetricResult:
    status = "breached" if value > threshold else "ok"
    return MetricResult(
        signal=signal, metric="lines", place=place, status=status, threshold=threshold,
        window=step, value=value, rows=100,
    )  # fmt: skip


def of_files(name: str, collection: str) -> Callable[[Question], Findings]:
    """Counts the bytes of the files of each step."""

    def evaluate(question: Question) -> Findings:
        small: Any = question.deployed
        small.note(question, name)
        limit = question.in_force(name, question.place).threshold("lines", 1000)
        results = []
        for step in question.window.split(question.step):
            files = [
                small.hour(question.place.deployment, hour.start, collection)
                for hour in step.split(min(HOUR, question.step))
            ]
            size = sum(len(file.read_text()) for file in files if file.exists())
            results.append(result(name, question.place, step, size, limit))
        return Findings(tuple(results))

    return evaluate


def of_log(question: Question) -> Findings:
    """One number for each deployment and step, by one question for all."""
    small: Any = question.deployed
    small.note(question, "toy_traffic")
    time.sleep(0.002)
    places = [Place(endpoint="credit", deployment=each) for each in ("blue", "green")]
    return Findings(
        tuple(
            result("toy_traffic", place, step, step.start.hour, 1000)
            for step in question.window.split(question.step)
            for place in places
        )
    )


def of_events(question: Question) -> Findings:
    small: Any = question.deployed
    small.note(question, "toy_activity")
    steps = question.window.split(question.step)
    return Findings(
        events=tuple(
            Event(time=s.start, kind="deployment", title="changed", source="toy")
            for s in steps
            if s.start.hour == 3
        )
    )


def signal(name: str, evaluate: Callable[[Question], Findings], **fields: Any) -> Signal:
    known = {
        "name": name, "title": name, "question": "?", "respect": "data", "family": name,
        "gravity": len(name), "scope": "deployment", "compared": "its own past", "page": "/",
        "grids": (Grid(HOUR, HOUR, BACK), Grid(DAY, DAY, BACK)), "needs": frozenset(),
        "metrics": {"lines": MetricFacts(label="Lines", breach="lines", threshold=1000)},
        "suspects": {}, "lanes": (), "breach": "lines are wrong", "evaluate": evaluate,
    }  # fmt: skip
    return Signal(**{**known, **fields})


@dataclass(frozen=True)
class Source:
    """A source of events."""

    name: str = "toy_activity"
    scope: str = "workspace"
    grids: tuple[Grid, ...] = (Grid(HOUR, HOUR, BACK),)
    version: int = 1
    needs: frozenset[Any] = frozenset({"activity log"})
    evaluate: Callable[[Question], Findings] = of_events


def toys() -> dict[str, Any]:
    traffic = (Grid(MINUTES_5, 3 * MINUTES_5, DAY), Grid(HOUR, HOUR, BACK))
    inputs = frozenset({"collected inputs"})
    labels = frozenset({"predictions", "labels"})
    return {
        "toy_inputs": signal("toy_inputs", of_files("toy_inputs", "model_inputs"), needs=inputs),
        "toy_performance": signal(
            "toy_performance", of_files("toy_performance", "model_outputs"), needs=labels,
            grids=(Grid(DAY, DAY, BACK),),
        ),
        "toy_traffic": signal("toy_traffic", of_log, scope="workspace", grids=traffic),
        "toy_activity": Source(),
    }  # fmt: skip


@dataclass
class Bench:
    """A small workspace, a database and a clock, and evaluators of them."""

    url: str
    folder: Path
    clock: Clock = field(default_factory=Clock)
    what: dict[str, Any] = field(default_factory=toys)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.small = Small(self.folder, self.clock)
        self.database = Database(self.url)
        self.results = Results(self.database, ID)
        self.snapshots = Snapshots(self.database, ID.lower())

    def evaluator(self, holder: str = "one", database: Database | None = None) -> Evaluator:
        database = database or self.database
        deployed: Any = self.small
        results, events = Results(database, ID), Events(database, ID)
        monitor = Monitor(deployed, self.clock, Book(database, ID.lower()), results)
        recorder = Recorder(results, events, IncidentBook(database, ID))
        return Evaluator(
            monitor=monitor, results=results, events=events, leases=Leases(database),
            rounds=Rounds(database, ID), holder=holder, time_of_day=time_of_day,
            publisher=Publisher(monitor, results, Snapshots(database, ID), recorder),
            what=tuple(self.what.values()),
        )  # fmt: skip


@contextmanager
def bench(url: str, folder: Path, **fields: Any) -> Iterator[Bench]:
    made = Bench(url, folder, **fields)
    try:
        yield made
    finally:
        made.database.close()


__all__ = [
    "BACK",
    "DAY",
    "HOUR",
    "ID",
    "MINUTES_5",
    "NOW",
    "Bench",
    "Clock",
    "Step",
    "Window",
    "bench",
    "toys",
]
