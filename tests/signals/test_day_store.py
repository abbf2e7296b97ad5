"""A day is counted once, whatever is asked of it afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitoring.baselines.baseline import Baseline, take_baseline
from monitoring.counting.engine import counting, tables
from monitoring.counting.profile import Profile
from monitoring.metric import MetricResult
from monitoring.signals.data_drift import comparison as data_drift
from monitoring.signals.data_drift import report as drift_report
from monitoring.signals.data_drift.day_store import DayStore
from monitoring.window import Window

FIRST = date(2026, 1, 1)
RANDOM = np.random.default_rng(13)

Tables = dict[date, tables.Table]


def rows(shift: float = 0.0, n: int = 400) -> dict[str, Any]:
    return {"x": RANDOM.normal(shift, 1, n), "city": RANDOM.choice(["a", "b"], n)}


def day(at: int) -> date:
    return FIRST + timedelta(days=at)


@pytest.fixture
def baseline(tmp_path: Path) -> Baseline:
    return take_baseline("b", tables.write_table(rows(n=4000), tmp_path / "reference.parquet"))


@pytest.fixture
def days(tmp_path: Path) -> Tables:
    return {
        day(at): tables.write_table(rows(at / 10), tmp_path / f"{at}.parquet") for at in range(8)
    }


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of tables whose rows were read, for profiles or in any other way."""
    seen: list[str] = []
    count = counting._count_file

    def counted(path: Path, *rest: Any) -> int:
        seen.append(path.stem)
        return count(path, *rest)

    monkeypatch.setattr(counting, "_count_file", counted)
    return seen


def part(days: Tables, first: int, last: int) -> Tables:
    return {day(at): days[day(at)] for at in range(first, last)}


def run(baseline: Baseline, days: Tables, store: DayStore | None, **options: Any) -> Any:
    start = datetime.combine(min(days), datetime.min.time(), UTC)
    window = Window(start, start + (max(days) - min(days)) + timedelta(days=1))
    return drift_report.run(baseline, days, window, store=store, **options)


def records(report: drift_report.DriftReport) -> list[dict[str, object]]:
    daily = [result for at in sorted(report.daily) for result in report.daily[at]]
    return [result.as_record() for result in (*report.results, *daily)]


@pytest.mark.parametrize("folder", ["s", None], ids=["on disk", "in memory"])
def test_no_rows_are_read_again_for_another_window_metric_or_threshold(
    folder: str | None, baseline: Baseline, days: Tables, tmp_path: Path, reads: list[str]
) -> None:
    store = DayStore(tmp_path / folder if folder else None)
    run(baseline, days, store)
    assert reads == [str(at) for at in range(8)]
    run(baseline, part(days, 2, 5), store)
    run(baseline, days, store, metrics=["hellinger_distance"])
    run(baseline, part(days, 0, 1), store, thresholds={"hellinger_distance": 0.01})
    assert len(reads) == 8


def test_what_is_stored_serves_another_process(
    baseline: Baseline, days: Tables, tmp_path: Path, reads: list[str]
) -> None:
    before = run(baseline, days, DayStore(tmp_path / "s"))
    again = take_baseline("b", tables.open_table(tmp_path / "reference.parquet"))
    reads.clear()
    after = run(again, days, DayStore(tmp_path / "s"))
    assert reads == []
    assert records(before) == records(after)


def test_a_day_that_is_appended_is_the_only_one_read(
    baseline: Baseline, days: Tables, tmp_path: Path, reads: list[str]
) -> None:
    store = DayStore(tmp_path / "s")
    run(baseline, part(days, 0, 7), store)
    reads.clear()
    run(baseline, days, store)
    assert reads == ["7"]


@pytest.mark.parametrize(
    "order",
    [[(0, 8)], [(0, 3), (0, 8)], [(4, 8), (0, 8)], [(2, 3), (6, 7), (0, 8)], [(0, 8), (3, 5), (0, 8)]],
    ids=str,
)  # fmt: skip
def test_the_order_of_questions_does_not_matter(
    order: list[tuple[int, int]], baseline: Baseline, days: Tables, tmp_path: Path
) -> None:
    store = DayStore(tmp_path / "s")
    for asked in order:
        report = run(baseline, part(days, *asked), store)
        assert records(report) == records(run(baseline, part(days, *asked), None))


def test_days_that_are_missing_from_the_window_are_left_out(
    baseline: Baseline, days: Tables, tmp_path: Path
) -> None:
    store = DayStore(tmp_path / "s")
    run(baseline, days, store)
    holed = {at: table for at, table in days.items() if at != day(4)}
    found, alone = run(baseline, holed, store), run(baseline, holed, None)
    assert records(found) == records(alone)
    assert found.production["x"].rows == 7 * 400


def test_a_changed_day_is_counted_again_and_judged_again(
    baseline: Baseline, days: Tables, tmp_path: Path, reads: list[str]
) -> None:
    store = DayStore(tmp_path / "s")
    run(baseline, days, store)
    days[day(3)] = tables.write_table(rows(5.0), tmp_path / "3.parquet")
    reads.clear()
    found = run(baseline, days, store)
    assert reads == ["3"]
    assert records(found) == records(run(baseline, days, None))
    assert {r.status for r in found.daily[day(3)] if r.subject == "x"} == {"breached"}


def test_a_segment_of_the_same_days_is_kept_apart(
    baseline: Baseline, days: Tables, tmp_path: Path, reads: list[str]
) -> None:
    store = DayStore(tmp_path / "s")
    segment = {
        at: tables.write_table(rows(n=50), tmp_path / f"segment-{at}.parquet") for at in days
    }
    for _ in range(2):
        assert run(baseline, days, store).production["x"].rows == 8 * 400
        assert run(baseline, segment, store).production["x"].rows == 8 * 50
    assert len(reads) == 16


def test_stopping_keeps_what_was_counted(
    baseline: Baseline, days: Tables, tmp_path: Path, reads: list[str]
) -> None:
    store = DayStore(tmp_path / "s")
    asked = iter([False, False, False, True])
    report = run(baseline, days, store, stop=lambda: next(asked))
    assert not report.complete
    run(baseline, days, store)
    assert len(reads) == 8


def test_the_day_that_is_not_over_gets_no_verdict_until_it_is(
    baseline: Baseline, days: Tables, tmp_path: Path
) -> None:
    store = DayStore(tmp_path / "s")
    noon = datetime(2026, 1, 8, 12, tzinfo=UTC)
    today = run(baseline, days, store, taken=noon).daily[day(7)]
    assert {r.status for r in today} == {"not_enough_data"}
    over = run(baseline, days, store, taken=noon + timedelta(days=1)).daily[day(7)]
    assert "breached" in {r.status for r in over}


class Latest:
    """A reference that moves: every window is compared with the first of its days."""

    def __init__(self, baseline: Baseline, days: Tables) -> None:
        self._days = {
            at: counting.profile(t, baseline.plan, baseline.bins) for at, t in days.items()
        }

    def reference(self, window: Window) -> dict[str, Profile]:
        return self._days[window.days()[0]]

    def settled(self, results: Sequence[MetricResult], window: Window) -> tuple[MetricResult, ...]:
        return tuple(replace(result, hint=str(window)) for result in results)


def test_a_reference_that_moves_is_asked_for_each_window(
    baseline: Baseline, days: Tables, tmp_path: Path
) -> None:
    moving = replace(baseline, moving=Latest(baseline, days))
    store = DayStore(tmp_path / "s")
    for first in (0, 3):
        report = run(moving, part(days, first, 8), store)
        assert report.window
        assert {result.hint for result in report.results} == {str(report.window)}
        expected = data_drift.robust(moving.at(report.window), report.production)
        assert [r.value for r in report.results] == [r.value for r in expected]
        for results in report.daily.values():  # each day is its own reference here
            assert max(r.value for r in results) == pytest.approx(0.0, abs=1e-9)
