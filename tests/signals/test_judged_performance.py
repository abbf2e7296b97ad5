"""What is held against a deployment: a few labels never alarm, nor do the caller's mistakes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from monitoring.counting.engine import outcomes as counting
from monitoring.counting.engine.tables import write_table
from monitoring.counting.totals.outcomes import (
    ClassOutcomes,
    Columns,
    NumberOutcomes,
    Outcomes,
    coverage,
)
from monitoring.metric import MetricResult
from monitoring.metrics.performance import METRICS
from monitoring.metrics.performance_metric import PerformanceMetric
from monitoring.place import WORKSPACE
from monitoring.signals.model_performance.performance_verdict import Judge
from monitoring.signals.traffic import judging as traffic
from monitoring.window import Window

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = Window(START, START + timedelta(days=1))
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


def judged(metric: PerformanceMetric, outcomes: Outcomes, baseline: float | None) -> MetricResult:
    baselines = {} if baseline is None else {metric.name: baseline}
    return Judge("regression", WORKSPACE, baselines, {}).result(metric, outcomes, DAY)


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
    result = judged(ACCURACY, outcomes, baseline)
    assert result.status == status
    assert result.reason or result.status in {"ok", "breached"}


def test_higher_error_is_worse() -> None:
    metric = METRICS["mean_absolute_error"]
    good, bad = number(1.0), number(2.0)
    assert judged(metric, good, 1.0).status == "ok"
    assert judged(metric, bad, 1.0).status == "breached"


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


def test_errors_of_the_caller_are_not_held_against_the_deployment() -> None:
    record = {
        "Endpoint": "a", "Deployment": "b", "TimeGenerated": START, "Requests": 100, "Errors": 50,
        "ClientErrors": 50, "P95Ms": 10.0,
    }  # fmt: skip
    ((step,),) = traffic.steps([record], timedelta(hours=1)).values()
    assert step.faults == 0
