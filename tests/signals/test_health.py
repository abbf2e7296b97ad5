"""Cells of the overview: blind is never green, and a few labels never alarm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitoring.errors import NotPermittedError, SourceError
from monitoring.performance import METRICS
from monitoring.scores import Scores
from monitoring.signals import health, model_performance, traffic
from monitoring.window import Window

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = Window(START, START + timedelta(days=1))
ACCURACY = METRICS["accuracy"]


def share(correct: int, n: int, predictions: int | None = None) -> Scores:
    return Scores(predictions or n, n, float(correct), float(correct))


@pytest.mark.parametrize(
    ("scores", "baseline", "status"),
    [
        (share(900, 1000), 0.9, "ok"),
        (share(800, 1000), 0.9, "breached"),
        (share(870, 1000), 0.9, "ok"),  # inside the allowance and its interval
        (share(5, 10), 0.9, "not_enough_data"),
        (share(0, 0, predictions=500), 0.9, "no_data"),
        (Scores(0, 0, 0.0, 0.0), 0.9, "no_data"),
        (share(900, 1000), None, "not_enough_data"),
    ],
)
def test_accuracy_is_judged_against_the_registered_models_own(scores, baseline, status) -> None:
    result = model_performance.judged(ACCURACY, "a/b", scores, baseline, DAY)
    assert result.status == status
    assert (result.status in {"ok", "breached"}) != bool(result.reason)


def test_higher_error_is_worse() -> None:
    metric = METRICS["mean_absolute_error"]
    good = metric.scores(np.arange(500.0), np.arange(500.0) + 1)
    bad = metric.scores(np.arange(500.0), np.arange(500.0) + 2)
    assert model_performance.judged(metric, "a/b", good, 1.0, DAY).status == "ok"
    assert model_performance.judged(metric, "a/b", bad, 1.0, DAY).status == "breached"


def test_scores_of_days_add_up() -> None:
    labels = np.array(["a", "b", "a", "b"])
    parts = ACCURACY.scores(labels[:2], labels[::-1][:2], unlabelled=3) + ACCURACY.scores(
        labels[2:], labels[2:]
    )
    assert parts == Scores(7, 4, 2.0, 2.0)
    assert parts.coverage == pytest.approx(4 / 7)


def steps(*faults: int, requests: int = 1000, p95: float = 200.0) -> list[traffic.Step]:
    hour = timedelta(hours=1)
    return [
        traffic.Step(Window(START + i * hour, START + (i + 1) * hour), requests, n, p95)
        for i, n in enumerate(faults)
    ]


def test_traffic_breaches_in_two_of_three_steps_and_says_since_when() -> None:
    cell = health.of_infrastructure("a/b", steps(0, 0, 100, 100), DAY)
    assert cell.status == "breached"
    assert cell.since == START + timedelta(hours=2)
    assert health.of_infrastructure("a/b", steps(0, 100, 0, 0), DAY).status == "ok"
    assert health.of_infrastructure("a/b", steps(0, 0, p95=5000.0), DAY).status == "breached"


def test_no_or_little_traffic_is_not_green() -> None:
    assert health.of_infrastructure("a/b", [], DAY).status == "no_data"
    assert health.of_infrastructure("a/b", steps(0, 0, requests=3), DAY).status == "not_enough_data"


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
