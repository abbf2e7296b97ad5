"""A report over days: the whole is the sum of its days, and a trend alarms in two of three."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from monitoring.baselines.baseline import Baseline, take_baseline
from monitoring.counting.engine import tables
from monitoring.errors import Cancelled
from monitoring.metric import MetricResult, Status
from monitoring.place import Place
from monitoring.signals.data_drift import report as drift_report
from monitoring.verdict import since
from monitoring.window import Window

FIRST = date(2026, 1, 1)
RANDOM = np.random.default_rng(11)
WASSERSTEIN = "normalized_wasserstein_distance"


def rows(n: int, shift: float = 0.0) -> dict[str, object]:
    return {
        "x": RANDOM.normal(shift, 1, n),
        "calm": RANDOM.normal(size=n),
        "city": RANDOM.choice(["a", "b"], n),
    }


@pytest.fixture
def baseline(tmp_path: Path) -> Baseline:
    return take_baseline("training", tables.write_table(rows(4000), tmp_path / "r.parquet"))


@pytest.fixture
def days(tmp_path: Path) -> dict[date, tables.Table]:
    shifts = [0.0, 0.0, 0.0, 0.0, 0.8, 0.8, 0.8]
    return {
        FIRST + timedelta(days=i): tables.write_table(rows(400, s), tmp_path / f"{i}.parquet")
        for i, s in enumerate(shifts)
    }


@pytest.fixture
def window() -> Window:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return Window(start, start + timedelta(days=7))


@pytest.mark.parametrize("mode", ["robust", "azureml"])
def test_the_whole_is_the_sum_of_the_days(baseline, days, window, mode) -> None:
    report = drift_report.run(baseline, days, window, mode=mode)
    once = drift_report.compare(baseline, tables.union(list(days.values()), "all"), mode=mode)
    by_name = {(r.subject, r.metric): r.value for r in once.results}
    assert report.results
    for result in report.results:
        assert result.value == pytest.approx(by_name[result.subject, result.metric], rel=1e-9)
        assert result.rows == 2800
    assert len(report.daily) == 7


def test_the_drifting_feature_ranks_first_since_the_day_it_began(baseline, days, window) -> None:
    report = drift_report.run(baseline, days, window)
    assert report.features()[0] == "x"
    history = report.history("x", WASSERSTEIN)
    assert [r.status for r in history] == ["ok"] * 4 + ["breached"] * 3
    assert since(history) == datetime(2026, 1, 5, tzinfo=UTC)
    assert since(report.history("calm", WASSERSTEIN)) is None


def test_stopping_keeps_the_days_that_are_done(baseline, days, window) -> None:
    asked = iter([False, False, False, True])
    report = drift_report.run(baseline, days, window, stop=lambda: next(asked))
    assert len(report.daily) == 3
    assert not report.complete
    with pytest.raises(Cancelled):
        drift_report.run(baseline, days, window, stop=lambda: True)


def test_progress_names_each_day(baseline, days, window) -> None:
    seen: list[tuple[float, str]] = []
    drift_report.run(
        baseline, days, window, progress=lambda share, text: seen.append((share, text))
    )
    assert seen[0][1] == "01 Jan 2026, day 1 of 7"
    assert [share for share, _ in seen] == sorted(share for share, _ in seen)


def test_no_days_is_blind_not_fine(baseline, window) -> None:
    report = drift_report.run(baseline, {}, window)
    assert {r.status for r in report.results} == {"no_data"}
    assert all(r.reason for r in report.results)


def history(*statuses: Status) -> list[MetricResult]:
    return [
        MetricResult(
            signal="s", metric="m", place=Place(feature="x"), status=status, threshold=1.0,
            window=Window.day(FIRST + timedelta(days=i)),
        )
        for i, status in enumerate(statuses)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("statuses", "day"),
    [
        (["ok", "breached", "breached"], 2),
        (["breached", "ok", "breached"], 1),
        (["ok", "breached", "no_data", "breached"], 2),
        (["breached", "breached", "ok", "ok"], None),
        (["ok", "ok", "breached"], None),
        (["breached", "breached", "ok", "breached"], 1),
    ],
)
def test_since_is_the_first_day_of_the_breach_that_is_open(statuses, day) -> None:
    found = since(history(*statuses))
    assert (found.day if found else None) == day


def test_files_are_split_by_day(tmp_path: Path) -> None:
    times = np.array(["2026-01-01T23:59", "2026-01-02T00:00", "2026-01-02T12:00"], "datetime64[us]")
    table = tables.write_table({"when": times, "x": [1.0, 2.0, 3.0]}, tmp_path / "x.parquet")
    days = tables.by_day(table, "when", tmp_path)
    assert {day: t.rows for day, t in days.items()} == {date(2026, 1, 1): 1, date(2026, 1, 2): 2}
