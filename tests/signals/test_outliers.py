"""Outliers over days: shares by brute force, verdicts against the reference's own, the rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitoring.baselines.baseline import Baseline, take_baseline
from monitoring.counting.engine import tables
from monitoring.errors import NotEnoughData
from monitoring.signals.outliers import report as outliers
from monitoring.signals.outliers.report import FOREST, RANGE
from monitoring.statistics.rates import Share
from monitoring.window import Window

FIRST = date(2026, 1, 1)
WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 4, tzinfo=UTC))


def columns(n: int, seed: int, odd: int = 0) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    x, y = random.normal(size=n).clip(-3, 3), random.normal(size=n).clip(-3, 3)
    city = random.choice(["a", "b"], n).astype(object)
    x[:odd] = 9.0
    city[: odd // 2] = "new"
    return {
        "correlationid": np.array([f"{seed}-{k}" for k in range(n)]),
        "time": np.full(n, np.datetime64("2026-01-01T10:00:00", "us")),
        "x": x,
        "y": y,
        "city": city.astype(str),
    }


@pytest.fixture
def baseline(tmp_path: Path) -> Baseline:
    table = tables.write_table(columns(4_000, 1), tmp_path / "r.parquet")
    return take_baseline("training", table, features=["x", "y", "city"])


@pytest.fixture
def days(tmp_path: Path) -> dict[date, tables.Table]:
    return {
        FIRST + timedelta(days=k): tables.write_table(
            columns(500, 10 + k, odd), tmp_path / f"{k}.parquet"
        )
        for k, odd in enumerate((0, 0, 40))
    }


def test_shares_are_exact_and_only_the_bad_day_breaches(
    baseline: Baseline, days: dict[date, tables.Table]
) -> None:
    found = outliers.run(baseline, days, WINDOW)
    whole = found.results[RANGE]
    assert whole.value == 40 / 1_500
    assert whole.interval == Share(40, 1_500).interval
    assert whole.status == "breached"
    assert [each.status for each in found.history[RANGE]] == ["ok", "ok", "breached"]
    assert found.history[RANGE][2].value == 40 / 500
    assert found.history[FOREST][2].status == "breached"
    assert found.history[FOREST][0].status == "ok"
    assert [(each.feature, each.rows) for each in found.outside] == [("x", 40), ("city", 20)]


def test_the_rows_say_which_feature_and_how_far(
    baseline: Baseline, days: dict[date, tables.Table]
) -> None:
    found = outliers.run(baseline, days, WINDOW)
    assert len(found.by_range) == 40
    first, last = found.by_range[0], found.by_range[-1]
    assert len(first.outside) == 2
    assert first.outside[0] == "city 'new' is new"
    assert first.outside[1].startswith("x 9 is above 3 by 6")
    assert len(last.outside) == 1
    assert first.key.startswith("12-")
    assert first.time == datetime(2026, 1, 1, 10)  # noqa: DTZ001 - as collected, UTC
    assert first.inputs["x"] == 9.0
    assert first.unusual == "x"
    scores = [row.score for row in found.by_score]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > found.cut
    assert {row.key for row in found.by_score} & {row.key for row in found.by_range}


def test_like_rows_are_no_outliers(baseline: Baseline, tmp_path: Path) -> None:
    table = tables.write_table(columns(3_000, 77), tmp_path / "d.parquet")
    found = outliers.run(baseline, {FIRST: table}, WINDOW)
    assert {name: each.status for name, each in found.results.items()} == {
        RANGE: "ok",
        FOREST: "ok",
    }
    assert found.outside == ()
    assert found.results[FOREST].value == pytest.approx(0.01, abs=0.008)


def test_few_rows_are_grey(baseline: Baseline, tmp_path: Path) -> None:
    table = tables.write_table(columns(20, 5, odd=10), tmp_path / "d.parquet")
    found = outliers.run(baseline, {FIRST: table}, WINDOW)
    assert {each.status for each in found.results.values()} == {"not_enough_data"}
    assert found.results[RANGE].reason == "20 rows, 30 needed"
    assert len(found.by_range) == 10  # the rows are there all the same


def test_a_threshold_is_taken(baseline: Baseline, days: dict[date, tables.Table]) -> None:
    found = outliers.run(baseline, days, WINDOW, thresholds={RANGE: 0.5})
    assert found.results[RANGE].status == "ok"


def test_nothing_to_look_at_is_refused(baseline: Baseline) -> None:
    with pytest.raises(NotEnoughData, match="0 days with data"):
        outliers.run(baseline, {}, WINDOW)
