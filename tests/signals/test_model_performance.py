"""A report of realized performance: its parts add up, and no verdict comes from a first trickle."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import at

from monitoring.counting.engine import outcomes as counting
from monitoring.counting.engine.tables import write_table
from monitoring.counting.totals.outcomes import ClassOutcomes, Columns, NumberOutcomes, Outcomes
from monitoring.metric import STATUSES
from monitoring.metrics.performance import METRICS
from monitoring.settings import Settings
from monitoring.signals.model_performance import realized as realized_performance
from monitoring.signals.model_performance import report as model_performance
from monitoring.signals.model_performance.report import PerformanceReport, report
from monitoring.sources.azure import Azure
from monitoring.sources.deployed import Deployed
from monitoring.window import Window

FIRST = date(2026, 1, 1)  # a Thursday
COLUMNS = Columns("binary_classification", "p", "y", {"": "s"})


def day(random: np.random.Generator, n: int, *, right: float = 0.9, known: float = 1.0) -> Outcomes:
    y = random.integers(0, 2, n)
    predicted = np.where(random.random(n) < right, y, 1 - y)
    state = np.where(random.random(n) < known, y, 2)
    confusion = np.bincount(state * 2 + predicted, minlength=6).reshape(3, 2)
    return ClassOutcomes(classes=("0", "1"), confusion=confusion)


def days(*settings: dict[str, float], n: int = 500) -> dict[date, Outcomes]:
    random = np.random.default_rng(3)
    return {
        FIRST + timedelta(days=i): day(random, n, **setting) for i, setting in enumerate(settings)
    }


def measured(found: dict[date, Outcomes], **options: Any) -> PerformanceReport:
    options = {"baselines": {"accuracy": 0.9}, **options}
    return report(found, task="binary_classification", place=at("a/b"), **options)


def test_the_whole_is_the_sum_of_its_steps() -> None:
    found = measured(days(*[{}] * 9))
    assert found.outcomes is not None
    assert found.outcomes.labelled == sum(step.outcomes.labelled for step in found.steps) == 4500
    assert found.headline.value == pytest.approx(
        np.mean([result.value for result in found.history("accuracy")])
    )
    assert set(found.results) == {
        name for name, metric in METRICS.items() if "binary_classification" in metric.tasks
    }
    assert found.window == Window(
        datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 10, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    ("period", "starts"),
    [
        ("day", [date(2026, 1, d) for d in range(1, 32)] + [date(2026, 2, d) for d in (1, 2)]),
        ("week", [FIRST, *(date(2026, 1, d) for d in (5, 12, 19, 26)), date(2026, 2, 2)]),
        ("month", [FIRST, date(2026, 2, 1)]),
    ],
)
def test_steps_are_calendar_days_weeks_and_months(period: Any, starts: list[date]) -> None:
    found = measured(days(*[{}] * 33), period=period)
    assert [step.window.start.date() for step in found.steps] == starts
    assert found.steps[-1].window.end == datetime(2026, 2, 3, tzinfo=UTC)
    assert sum(step.outcomes.labelled for step in found.steps) == 33 * 500
    ends = [step.window.end for step in found.steps[:-1]]
    assert ends == [step.window.start for step in found.steps[1:]]


def test_a_fall_is_breached_since_the_day_it_began() -> None:
    found = measured(days(*[{}] * 6, *[{"right": 0.7}] * 3))
    statuses = [result.status for result in found.history("accuracy")]
    assert statuses == ["ok"] * 6 + ["breached"] * 3
    assert found.since("accuracy") == datetime(2026, 1, 7, tzinfo=UTC)
    assert found.since("recall") is None  # without a baseline there is no verdict


def test_a_first_trickle_of_labels_gets_no_verdict() -> None:
    """Whatever comes first, even if it were all wrong."""
    found = measured(days(*[{}] * 6, {"known": 0.3, "right": 0.1}))
    last = found.history("accuracy")[-1]
    assert last.status == "not_enough_data"
    assert "of its labels have arrived" in last.reason
    assert last.value is not None
    assert found.headline.status in {"ok", "breached"}


def test_labels_of_a_sample_are_usual_where_all_days_have_them() -> None:
    found = measured(days(*[{"known": 0.4}] * 8))
    assert {result.status for result in found.history("accuracy")} == {"ok"}


def test_the_day_that_is_not_over_gets_no_verdict() -> None:
    found = measured(days(*[{}] * 3), taken=datetime(2026, 1, 3, 12, tzinfo=UTC))
    assert [r.status for r in found.history("accuracy")] == ["ok", "ok", "not_enough_data"]
    assert found.steps[-1].withheld == "it is not over"


def test_few_labels_no_labels_and_no_predictions() -> None:
    few = measured(days({}, n=90)).headline
    none = measured(days({"known": 0.0})).headline
    nothing = measured({}).headline
    assert [r.status for r in (few, none, nothing)] == ["not_enough_data", "no_data", "no_data"]
    assert (few.value is not None, none.value, nothing.value) == (True, None, None)
    assert all(result.reason for result in (few, none, nothing))
    assert set(STATUSES) > {few.status, none.status}


def test_a_threshold_stands_instead_of_baseline_and_allowance() -> None:
    found = days(*[{"right": 0.9}] * 4)
    assert measured(found, thresholds={"accuracy": 0.95}).headline.status == "breached"
    assert measured(found, thresholds={"accuracy": 0.5}).headline.status == "ok"
    assert measured(found, baselines={}, thresholds={"accuracy": 0.95}).headline.threshold == 0.95
    assert measured(found, baselines={}).headline.reason.startswith("there is no baseline")


def numbers(folder: Path, offset: float) -> dict[date, Outcomes]:
    random = np.random.default_rng(1)
    y = random.normal(50, 10, 2000)
    table = write_table(
        {"y": y, "p": y + offset + random.normal(0, 2, 2000)}, folder / f"{offset}.parquet"
    )
    return {FIRST: counting.count(table, Columns("regression", "p", "y"))}


@pytest.mark.parametrize(
    ("offset", "status", "worse"),
    [(1.0, "breached", "higher"), (-1.0, "breached", "lower"), (0.05, "ok", None)],
)
def test_a_bias_is_bad_on_both_sides(
    offset: float, status: str, worse: str | None, tmp_path: Path
) -> None:
    found = report(
        numbers(tmp_path, offset),
        task="regression",
        place=at("a/b"),
        baselines={"mean_absolute_error": 1.6},
    ).results["bias"]
    assert found.status == status
    assert worse is None or (found.worse, np.sign(found.threshold)) == (worse, np.sign(offset))
    assert abs(found.threshold) == pytest.approx(0.16)


def test_a_bias_has_no_limit_where_the_error_has_no_baseline(tmp_path: Path) -> None:
    rows = numbers(tmp_path, 1.0)
    options: Any = {"task": "regression", "place": at("a/b")}
    assert report(rows, **options).results["bias"].status == "not_enough_data"
    by_hand = report(rows, thresholds={"bias": 0.5}, **options).results["bias"]
    assert (by_hand.status, by_hand.threshold) == ("breached", 0.5)


def test_residuals_are_kept_for_the_page(tmp_path: Path) -> None:
    outcomes = report(numbers(tmp_path, 1.0), task="regression", place=at("a/b")).outcomes
    assert isinstance(outcomes, NumberOutcomes)
    assert outcomes.residuals is not None
    assert outcomes.residuals.mean == pytest.approx(1.0, abs=0.2)


def test_classes_and_averages_are_shown_without_a_verdict() -> None:
    found = measured(days(*[{}] * 3))
    each = found.by_class("recall")
    assert set(each) == {"0", "1"}
    assert {result.status for result in each.values()} == {"not_enough_data"}
    assert found.results["recall"].value == pytest.approx(
        np.mean([result.value for result in each.values()])
    )
    weighted = found.weighted("recall")
    assert weighted is not None
    assert weighted.value == pytest.approx(found.headline.value)
    assert found.by_class("log_loss") == {}
    assert found.weighted("accuracy") is None


@pytest.mark.parametrize(
    ("tags", "task", "found"),
    [
        ({"AUC_weighted": 0.8}, "binary_classification", {"auc_weighted": 0.8}),
        ({"average_precision_score_weighted": 0.8}, "binary_classification", {}),
        (
            {"average_precision_score_weighted": 0.8},
            "multiclass_classification",
            {"average_precision": 0.8},
        ),
        ({"r2_score": 0.9, "accuracy": 0.8}, "regression", {"r2_score": 0.9}),
        ({"precision_score_macro": 0.7, "f1_score_macro": 0.6}, "binary_classification",
         {"precision": 0.7, "f1_score": 0.6}),
    ],
)  # fmt: skip
def test_baselines_are_the_tags_of_the_registered_model(
    tags: dict[str, float], task: Any, found: dict[str, float]
) -> None:
    assert model_performance.baselines_of(tags, task) == found


def test_faults_name_what_is_missing() -> None:
    found = measured(days({"known": 0.5}), faults={"predictions without inputs": 3, "nothing": 0})
    assert found.coverage is not None
    waiting = round(500 * (1 - found.coverage))
    assert found.faults == {
        "predictions without inputs": 3,
        "predictions without a label yet": waiting,
    }


@pytest.fixture(scope="module")
def sampled(
    azure: Azure, settings: Settings, tmp_path_factory: Any
) -> dict[str, PerformanceReport]:
    deployed = Deployed(azure)
    now = settings.clock()
    window = Window.last(timedelta(days=40), until=now).whole_days()
    store = tmp_path_factory.mktemp("store")
    found = {}
    for endpoint in deployed.inventory.endpoints():
        for deployment in endpoint.deployments:
            model = deployed.model(deployment)
            rows = deployed.rows(deployment, model, window)
            found[f"{endpoint.name}/{deployment.name}"] = realized_performance.of_deployment(
                model, rows, place=deployment.place, window=window, store=store, taken=now
            )
    return found


def test_every_model_of_the_sample_is_measured(sampled: dict[str, PerformanceReport]) -> None:
    assert len(sampled) >= 4
    for name, found in sampled.items():
        assert found.baselines, name
        assert found.headline.value is not None, name
        assert found.outcomes is not None
        assert found.outcomes.delays.sum() == found.outcomes.labelled, name
        for metric, result in found.results.items():
            assert result.value is not None, (name, metric, result.reason)
            assert (result.status in {"ok", "breached"}) == (metric in found.baselines) or (
                metric == "bias"
            )


def test_the_fall_of_flight_delay_is_found(sampled: dict[str, PerformanceReport]) -> None:
    found = sampled["flight-delay/blue"]
    assert found.headline.status == "breached"
    assert found.since("accuracy") is not None
    assert [s.withheld for s in found.steps if s.window.end > (found.taken or s.window.end)] == [
        "it is not over"
    ]
