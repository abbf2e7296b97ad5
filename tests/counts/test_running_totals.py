"""A window out of running totals is the merge of its days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from monitoring.baselines.baseline import Baseline, take_baseline
from monitoring.counting.engine import counting, tables
from monitoring.counting.profile import Profile, merge
from monitoring.counting.totals import running_totals
from monitoring.counting.totals.running_totals import RunningTotals
from monitoring.signals.data_drift.findings import Reference

FIRST = date(2026, 1, 1)
DAYS = 70  # more than the arrays begin with, twice
WINDOWS = [(0, DAYS), (0, 1), (DAYS - 1, DAYS), (10, 40), (31, 33), (5, 6), (63, 66)]
RANDOM = np.random.default_rng(8)


def rows(day: int, n: int = 60) -> dict[str, Any]:
    columns = {
        "normal": RANDOM.normal(day / 50, 1, n),
        "heavy": RANDOM.standard_t(1, n) * 1e9,
        "whole": RANDOM.poisson(4, n) * (1.0 if day != 12 else 1.1),
        "holes": np.where(RANDOM.random(n) < 0.5, np.nan, RANDOM.normal(size=n)),
        "city": RANDOM.choice([f"c{i}" for i in range(1 + day)], n),
        "late": RANDOM.normal(size=n),
    }
    return columns if day >= 20 else {k: v for k, v in columns.items() if k != "late"}


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Baseline:
    folder = tmp_path_factory.mktemp("reference")
    return take_baseline("b", tables.write_table(rows(30, 3000), folder / "r.parquet"))


@pytest.fixture(scope="module")
def days(baseline: Baseline, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Profile]]:
    folder = tmp_path_factory.mktemp("days")
    return [
        counting.profile(
            tables.write_table(rows(day), folder / f"{day}.parquet"), baseline.plan, baseline.bins
        )
        for day in range(DAYS)
    ]


@pytest.fixture(scope="module")
def totals(baseline: Baseline, days: list[dict[str, Profile]]) -> RunningTotals:
    found = RunningTotals(Reference(baseline.profiles).layouts)
    for at, profiles in enumerate(days):
        found.append(FIRST + timedelta(days=at), profiles)
    return found


def merged(days: list[dict[str, Profile]]) -> dict[str, Profile]:
    names = dict.fromkeys(name for day in days for name in day)
    return {name: merge(day[name] for day in days if name in day) for name in names}


@pytest.mark.parametrize("window", WINDOWS)
def test_profiles_are_the_merged_days(
    window: tuple[int, int], days: list[dict[str, Profile]], totals: RunningTotals
) -> None:
    expected = merged(days[slice(*window)])
    found = totals.profiles(*window)
    assert set(found) == set(expected)
    for name, profile in found.items():
        twin = expected[name]
        if profile.kind == "numerical":
            assert profile.counts.tolist() == twin.counts.tolist()
        else:
            assert profile.counts_by_label() == twin.counts_by_label()
        for field in ("bins", "rows", "nulls", "infinite", "minimum", "maximum", "on_lattice"):
            assert getattr(profile, field) == getattr(twin, field), (name, field)
        assert profile.total == pytest.approx(twin.total, rel=1e-12)
        assert profile.squares == pytest.approx(twin.squares, rel=1e-12)


@pytest.mark.parametrize("window", WINDOWS)
def test_stacks_are_the_stacked_merge(
    window: tuple[int, int],
    baseline: Baseline,
    days: list[dict[str, Profile]],
    totals: RunningTotals,
) -> None:
    expected = merged(days[slice(*window)])
    reference = Reference(baseline.profiles)
    found = reference.findings(totals.window(*window))
    other = reference.findings_of(expected)
    assert [each.feature for each in found] == list(baseline.profiles)
    for one, two in zip(found, other, strict=True):
        assert (one.failure, one.rows, one.reference_rows) == (
            two.failure, two.rows, two.reference_rows,
        )  # fmt: skip
        assert one.pvalue == two.pvalue
        assert one.numbers == two.numbers


def test_totals_beyond_four_bytes_are_exact(
    baseline: Baseline, days: list[dict[str, Profile]], monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = RunningTotals(Reference(baseline.profiles).layouts)
    monkeypatch.setattr(running_totals, "MOST_IN_FOUR_BYTES", 200)
    for at, profiles in enumerate(days[:10]):
        narrow.append(FIRST + timedelta(days=at), profiles)
    (stack, *_) = narrow.window(0, 10)
    assert stack.upto.dtype == np.int64
    assert narrow.profiles(0, 10)["normal"].counts.sum() == 600


def test_days_come_in_order(baseline: Baseline, days: list[dict[str, Profile]]) -> None:
    found = RunningTotals(Reference(baseline.profiles).layouts)
    found.append(FIRST, days[0])
    with pytest.raises(ValueError, match="in order"):
        found.append(FIRST, days[0])


def test_a_window_that_was_taken_is_not_changed_by_a_day_that_follows(
    baseline: Baseline, days: list[dict[str, Profile]]
) -> None:
    found = RunningTotals(Reference(baseline.profiles).layouts)
    for at, profiles in enumerate(days[:32]):
        found.append(FIRST + timedelta(days=at), profiles)
    before = [stack.upto.copy() for stack in found.window(3, 9)]
    profiles = found.profiles(3, 9)
    found.append(FIRST + timedelta(days=32), days[32])  # the arrays grow here
    for one, other in zip(before, found.window(3, 9), strict=True):
        assert (one == other.upto).all()
    assert profiles["normal"].rows == 360
