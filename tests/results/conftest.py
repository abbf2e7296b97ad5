"""A database of each kind, and evaluations to put into it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from monitoring.database.database import Database
from monitoring.metric import Interval, MetricResult
from monitoring.place import Place
from monitoring.results.evaluation import Evaluation
from monitoring.results.store import Results
from monitoring.window import Window
from tests.postgres import url

__all__ = ["url"]  # a fixture

WORKSPACE = (
    "/subscriptions/0000/resourcegroups/ml/providers"
    "/microsoft.machinelearningservices/workspaces/flights"
)
BLUE = Place(workspace=WORKSPACE, endpoint="flight-delay", deployment="blue")
GREEN = Place(workspace=WORKSPACE, endpoint="flight-delay", deployment="green")
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    yield opened
    opened.close()


@pytest.fixture
def results(database: Database) -> Results:
    return Results(database, WORKSPACE)


def hours(first: int, last: int) -> Window:
    return Window(MIDNIGHT + first * HOUR, MIDNIGHT + last * HOUR)


def result(
    window: Window | None, value: float | None = 0.05, feature: str = "", **fields
) -> MetricResult:
    known = {
        "signal": "data_drift",
        "metric": "hellinger_distance",
        "status": "ok",
        "threshold": 0.1,
        "unit": "distance",
        "method": "two samples",
        "interval": None if value is None else Interval(value / 2, value * 2),
        "rows": 1_000,
        "reference_rows": 40_000,
    }
    known |= {"place": BLUE.of(feature)}
    return MetricResult(**{**known, "window": window, "value": value, **fields})


def evaluation(
    window: Window | None = None, value: float = 0.05, features: tuple[str, ...] = ("",), **fields
) -> Evaluation:
    """An evaluation of each hour of a window, each result with the same value."""
    window = window or hours(0, 1)
    step, place = fields.get("step", HOUR), fields.get("place", BLUE)
    known = {
        "place": place,
        "signal": "data_drift",
        "step": step,
        "window": window,
        "results": tuple(
            result(each, value, place=place.of(feature))
            for each in window.split(step)
            for feature in features
        ),
        "in_force": "default",
        "fingerprint": "file-1",
        "version": 1,
        "evaluated": NOW,
        "seconds": 0.25,
    }
    return Evaluation(**{**known, **fields})


def values(results: Results, window: Window | None = None, **choice) -> dict[int, float | None]:
    """What counts for each hour of a day."""
    day = window or Window(MIDNIGHT, MIDNIGHT + DAY)
    return {r.window.start.hour: r.value for r in results.results(day, **choice)}
