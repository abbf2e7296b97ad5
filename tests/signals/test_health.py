"""Cells of the overview: blind is never green, and a few labels never alarm."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from places import at

from monitoring.baselines.baseline import take_baseline
from monitoring.counting.engine import outcomes as counting
from monitoring.counting.engine.tables import write_table
from monitoring.counting.totals.outcomes import ClassOutcomes, Columns, NumberOutcomes, coverage
from monitoring.errors import NotPermittedError, SourceError
from monitoring.metrics.performance import METRICS
from monitoring.overview import health
from monitoring.place import WORKSPACE
from monitoring.signals.data_drift import report as drift_report
from monitoring.signals.data_drift.report import DriftReport
from monitoring.signals.model_performance import report as model_performance
from monitoring.signals.traffic import judging as traffic
from monitoring.window import Window

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = Window(START, START + timedelta(days=1))
MORNING = Window(START, START + timedelta(hours=4))
ACCURACY = METRICS["accuracy"]


def share(correct: int, n: int, predictions: int | None = None) -> ClassOutcomes:
    waiting = (predictions or n) - n
    return ClassOutcomes(
        classes=("no", "yes"),
        confusion=np.array([[correct, n - correct], [0, 0], [waiting, 0]]),
    )


def number(error: float) -> NumberOutcomes:
    sums, products = np.zeros(8), np.zeros((8, 8))
    sums[1], products[1, 1] = 500 * error, 500 * error**2
    return NumberOutcomes(predictions=500, labelled=500, sums=sums, products=products)


@pytest.mark.parametrize(
    ("outcomes", "baseline", "status"),
    [
        (share(900, 1000), 0.9, "ok"),
        (share(800, 1000), 0.9, "breached"),
        (share(870, 1000), 0.9, "ok"),  # inside the allowance and its interval
        (share(5, 10), 0.9, "not_enough_data"),
        (share(0, 0, predictions=500), 0.9, "no_data"),
        (share(0, 0), 0.9, "no_data"),
        (share(900, 1000), None, "not_enough_data"),
    ],
)
def test_accuracy_is_judged_against_the_registered_models_own(outcomes, baseline, status) -> None:
    result = model_performance.judged(ACCURACY, WORKSPACE, outcomes, baseline, DAY)
    assert result.status == status
    assert result.reason or result.status in {"ok", "breached"}


def test_higher_error_is_worse() -> None:
    metric = METRICS["mean_absolute_error"]
    good, bad = number(1.0), number(2.0)
    assert model_performance.judged(metric, WORKSPACE, good, 1.0, DAY).status == "ok"
    assert model_performance.judged(metric, WORKSPACE, bad, 1.0, DAY).status == "breached"


def test_outcomes_of_days_add_up(tmp_path: Path) -> None:
    columns = Columns("binary_classification", "p", "y", {"b": "s"})
    one = {"p": ["a", "b", "b"], "y": ["a", "a", None], "s": [0.1, 0.7, 0.9]}
    two = {"p": ["a", "b"], "y": ["b", "b"], "s": [0.4, 0.6]}
    both = {name: one[name] + two[name] for name in one}
    tables = [
        write_table(rows, tmp_path / f"{n}.parquet") for n, rows in enumerate((one, two, both))
    ]
    first, second, whole = (counting.count(each, columns, ("a", "b")) for each in tables)
    merged = first + second
    assert isinstance(merged, ClassOutcomes)
    assert isinstance(whole, ClassOutcomes)
    assert merged.confusion.tolist() == whole.confusion.tolist() == [[1, 1], [1, 1], [0, 1]]
    assert merged.scores["b"].keys.tolist() == whole.scores["b"].keys.tolist()
    assert merged.scores["b"].counts.tolist() == whole.scores["b"].counts.tolist()
    assert merged.log_loss.total == pytest.approx(whole.log_loss.total)
    assert coverage(merged) == pytest.approx(4 / 5)


def steps(*faults: int, requests: int = 1000, p95: float = 200.0) -> list[traffic.Step]:
    hour = timedelta(hours=1)
    return [
        traffic.Step(Window(START + i * hour, START + (i + 1) * hour), requests, n, p95)
        for i, n in enumerate(faults)
    ]


def test_traffic_breaches_in_two_of_three_steps_and_says_since_when() -> None:
    cell = health.of_infrastructure(at("a/b"), steps(0, 0, 100, 100), MORNING)
    assert cell.status == "breached"
    assert cell.since == START + timedelta(hours=2)
    assert health.of_infrastructure(at("a/b"), steps(0, 100, 0, 0), MORNING).status == "ok"
    assert (
        health.of_infrastructure(at("a/b"), steps(0, 0, p95=5000.0), MORNING).status == "breached"
    )


def test_no_or_little_traffic_is_not_green() -> None:
    assert health.of_infrastructure(at("a/b"), [], MORNING).status == "no_data"
    assert (
        health.of_infrastructure(at("a/b"), steps(0, 0, requests=3), MORNING).status
        == "not_enough_data"
    )


def test_silence_is_stale_and_not_green() -> None:
    day_later = Window(START, START + timedelta(hours=4 + 13))
    cell = health.of_infrastructure(at("a/b"), steps(0, 0, 0, 0), day_later)
    assert cell.status == "stale"
    assert "No request since 01 Jan 04:00 UTC" in cell.hint


def drifted(days: int, rows: int, *, later: int = 0) -> DriftReport:
    random = np.random.default_rng(3)
    with tempfile.TemporaryDirectory() as folder:
        reference = {"x": random.normal(size=2000)}
        baseline = take_baseline("b", write_table(reference, Path(folder) / "r.parquet"))
        tables = {
            START.date() + timedelta(days=i): write_table(
                {"x": random.normal(2, 1, rows)}, Path(folder) / f"{i}.parquet"
            )
            for i in range(days)
        }
        window = Window(START, START + timedelta(days=days + later))
        return drift_report.run(baseline, tables, window)


def test_days_too_small_to_judge_leave_the_whole_windows_verdict() -> None:
    cell = health.of_data(drifted(days=7, rows=20))
    assert (cell.status, cell.value) == ("breached", "1 of 1")


def test_a_collector_that_fell_silent_is_stale() -> None:
    assert health.of_data(drifted(days=4, rows=200)).status == "breached"
    cell = health.of_data(drifted(days=4, rows=200, later=4))
    assert cell.status == "stale"
    assert "Nothing was collected since 04 Jan" in cell.hint


def test_errors_of_the_caller_are_not_held_against_the_deployment() -> None:
    record = {
        "Endpoint": "a", "Deployment": "b", "TimeGenerated": START, "Requests": 100, "Errors": 50,
        "ClientErrors": 50, "P95Ms": 10.0,
    }  # fmt: skip
    ((step,),) = traffic.steps([record], timedelta(hours=1)).values()
    assert step.faults == 0


def test_what_cannot_be_measured_says_why() -> None:
    assert health.blind(NotPermittedError("Refused", hint="Ask")).status == "not_permitted"
    cell = health.blind(SourceError("Down", hint="Wait"))
    assert (cell.status, cell.measure, cell.hint) == ("no_data", "Down", "Wait")


def test_open_problems_come_first() -> None:
    good, bad, blind_ = (health.Health(s, "") for s in ("ok", "breached", "no_data"))
    rows = [
        health.DeploymentHealth("a", "blue", 100, "m:1", good, good, good),
        health.DeploymentHealth("b", "blue", 100, "m:1", good, blind_, good),
        health.DeploymentHealth("c", "blue", 100, "m:1", bad, good, good),
        health.DeploymentHealth("d", "blue", 100, "m:1", bad, bad, good),
    ]
    assert [row.endpoint for row in health.ranked(rows)] == ["d", "c", "b", "a"]


@pytest.mark.parametrize(("faults", "status"), [(0, "not_enough_data"), (500, "breached")])
def test_a_log_that_left_rows_out_proves_nothing_good(faults: int, status: str) -> None:
    hour = timedelta(hours=1)
    steps = [
        traffic.Step(Window(START + n * hour, START + (n + 1) * hour), 1000, faults, 50.0)
        for n in range(4)
    ]
    whole = health.of_infrastructure(at("a/b"), steps, MORNING)
    part = health.of_infrastructure(at("a/b"), steps, MORNING, left_out="too many rows")
    assert whole.status == ("ok" if faults == 0 else "breached")
    assert (part.status, part.hint) == (status, "too many rows")
