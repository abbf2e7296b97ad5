"""Fairness of the sample's deployments: the numbers are those of the rows, whatever is asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring.counting.totals.groups import Cut, Grouping
from monitoring.errors import InputError, NotEnoughData
from monitoring.segment import Condition, Segment
from monitoring.signals.fairness import group_counts
from monitoring.signals.fairness import report as fairness
from monitoring.sources.azure import Azure
from monitoring.sources.deployed import Deployed, PredictedDays
from monitoring.window import Window

WEEK = Window(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 15, tzinfo=UTC))
ORIGINS = Grouping((Cut("origin", values=("EWR", "JFK", "LGA")),))
CROSSED = Grouping((*ORIGINS.cuts, Cut("distance", edges=(500.0, 1000.0))))


@pytest.fixture(scope="session")
def predicted(azure: Azure) -> Callable[..., PredictedDays]:
    deployed = Deployed(azure)

    def rows(endpoint: str, **options: object) -> PredictedDays:
        found = next(e for e in deployed.inventory.endpoints() if e.name == endpoint)
        deployment = next(d for d in found.deployments if d.name == "blue")
        return deployed.rows(deployment, deployed.model(deployment), WEEK, **options)

    return rows


def table_of(days: PredictedDays) -> pa.Table:
    return pa.concat_tables(pq.read_table(t.paths[0]) for t in days.tables.values())


def test_rates_of_a_group_are_those_of_its_rows(predicted) -> None:
    days = predicted("flight-delay")
    report = fairness.judge(group_counts.count_each(days, [ORIGINS])[0], WEEK)
    rows = table_of(days).to_pydict()
    origin, said = np.array(rows["origin"]), np.array(rows["prediction"])
    label = np.array([np.nan if v is None else v for v in rows["label"]])
    score = np.array(rows["probability"])
    for each in report.groups["selection_rate"]:
        of = origin == each.group[0]
        assert each.result.value == pytest.approx(said[of].mean())
        assert each.others == pytest.approx(said[~of].mean())
    for each in report.groups["calibration_gap"]:
        of = (origin == each.group[0]) & ~np.isnan(label)
        assert each.result.value == pytest.approx((score - label)[of].mean())
    for each in report.groups["true_positive_rate"]:
        of = (origin == each.group[0]) & (label == 1)
        assert each.result.value == pytest.approx(said[of].mean())
        assert each.result.rows == of.sum()


def test_errors_of_a_regression_are_those_of_its_rows(predicted) -> None:
    days = predicted("flight-time")
    report = fairness.judge(group_counts.count_each(days, [ORIGINS])[0], WEEK)
    rows = table_of(days).to_pydict()
    origin = np.array(rows["origin"])
    label = np.array([np.nan if v is None else v for v in rows["label"]])
    e = np.array(rows["prediction"]) - label
    assert set(report.groups) == {
        "bias", "mean_absolute_error", "weighted_absolute_percentage_error",
    }  # fmt: skip
    for place, group in enumerate(g.group[0] for g in report.groups["bias"]):
        of = (origin == group) & ~np.isnan(label)
        values = {name: part[place].result.value for name, part in report.groups.items()}
        assert values["bias"] == pytest.approx(e[of].mean())
        assert values["mean_absolute_error"] == pytest.approx(np.abs(e[of]).mean())
        wape = np.abs(e[of]).sum() / np.abs(label[of]).sum()
        assert values["weighted_absolute_percentage_error"] == pytest.approx(wape)
    assert {d.result.metric for d in report.disparities} == {
        "bias_difference", "mean_absolute_error_ratio",
    }  # fmt: skip
    assert report.conflict is None


def test_intersections_add_up_to_their_groups(predicted) -> None:
    days = predicted("flight-delay")
    one = fairness.judge(group_counts.count_each(days, [ORIGINS])[0], WEEK)
    two = fairness.judge(group_counts.count_each(days, [CROSSED])[0], WEEK)
    for (origin,), counts in one.counts.items():
        parts = [c for group, c in two.counts.items() if group[0] == origin]
        assert sum(part.predictions for part in parts) == counts.predictions
        assert sum(part.true_positives for part in parts) == counts.true_positives
    names = {r.subject for r in two.results}
    assert "origin EWR, distance 500 to 1000" in names


def test_a_segment_is_all_that_is_counted(predicted) -> None:
    segment = Segment((Condition("carrier", ("UA",)),))
    whole = table_of(predicted("flight-delay")).to_pydict()
    kept = [o for o, c in zip(whole["origin"], whole["carrier"], strict=True) if c == "UA"]
    report = fairness.judge(
        group_counts.count_each(predicted("flight-delay", segment=segment), [ORIGINS])[0], WEEK
    )
    assert {g[0]: c.predictions for g, c in report.counts.items()} == {
        name: kept.count(name) for name in ("EWR", "JFK", "LGA")
    }


def test_any_of_ten_classes_can_be_the_positive_one(predicted) -> None:
    days = predicted("digits")
    grouping = Grouping((Cut("pixel_20", edges=(4.0, 12.0)),))
    counted = group_counts.count_each(days, [grouping])[0]
    rows = table_of(days).to_pydict()
    said = np.array([str(value) for value in rows["prediction"]])
    group = np.searchsorted([4.0, 12.0], np.array(rows["pixel_20"]), side="right")
    for digit in ("3", "9"):
        report = fairness.judge(counted, WEEK, fairness.Rule(positive=digit))
        for place, each in enumerate(report.groups["selection_rate"]):
            assert each.result.value == pytest.approx((said[group == place] == digit).mean())
        accuracy = [each.result.value for each in report.groups["accuracy"]]
    assert accuracy == [
        each.result.value for each in fairness.judge(counted, WEEK).groups["accuracy"]
    ]
    with pytest.raises(InputError, match="no class 'x'"):
        fairness.judge(counted, WEEK, fairness.Rule(positive="x"))


def test_stored_days_give_the_same_report(predicted, tmp_path: Path) -> None:
    days = predicted("flight-delay")
    plain = fairness.judge(group_counts.count_each(days, [ORIGINS])[0], WEEK)
    for _ in range(2):
        kept = fairness.judge(group_counts.count_each(days, [ORIGINS], tmp_path)[0], WEEK)
        assert [r.as_record() for r in kept.results] == [r.as_record() for r in plain.results]


def test_a_window_without_predictions_is_said(predicted) -> None:
    counted = group_counts.count_each(predicted("flight-delay"), [ORIGINS])[0]
    with pytest.raises(NotEnoughData, match="No prediction was collected"):
        fairness.judge(counted, Window.day(datetime(2025, 1, 1, tzinfo=UTC).date()))


def test_a_limit_of_ones_own_decides(predicted) -> None:
    counted = group_counts.count_each(predicted("flight-delay"), [ORIGINS])[0]
    strict = fairness.Rule(
        limits=(("selection_rate", 0.001), ("demographic_parity_difference", 0.9))
    )
    report = fairness.judge(counted, WEEK, strict)
    rates = [each.result for each in report.groups["selection_rate"]]
    assert any(r.status == "breached" for r in rates)
    assert all(
        abs(r.threshold - each.others) == pytest.approx(0.001)
        for r, each in zip(rates, report.groups["selection_rate"], strict=True)
    )
    (parity,) = [
        d.result for d in report.disparities if d.result.metric == "demographic_parity_difference"
    ]
    assert (parity.threshold, parity.status) == (0.9, "ok")
