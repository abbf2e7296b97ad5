"""Each assumption fails in words, and a number that rests on it is not given."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.counting.rows import Labels, Rows
from monitoring.counting.totals.outcomes import ScoreCells
from monitoring.methods.estimation import assumptions as a
from monitoring.methods.estimation.band import Estimate
from monitoring.methods.estimation.calibration import Labelled, calibrate
from monitoring.methods.estimation.support import Support
from monitoring.methods.estimation.tracking import still_holds, track


def test_few_rows_or_days_of_reference_fail() -> None:
    assert a.enough_reference(999, None).verdict == "failed"
    assert a.enough_reference(5000, 13).verdict == "failed"
    assert a.enough_reference(1000, 14).verdict == "passed"


def test_missing_labels_matter_only_if_those_that_came_are_others() -> None:
    assert a.complete_labels(95, 100, 2.0).verdict == "passed"
    assert a.complete_labels(4000, 10_000, 0.01).verdict == "passed"
    assert a.complete_labels(4000, 10_000, 0.5).verdict == "failed"
    assert a.complete_labels(4000, 10_000, None).verdict == "unknown"


def test_one_class_only_fails() -> None:
    assert a.every_class({"0": 5000, "1": 0}).verdict == "failed"
    assert a.every_class({"0": 5000, "1": 20}).verdict == "passed"


def test_a_score_that_orders_nothing_right_cannot_be_calibrated() -> None:
    """Labels go up and down with the score: no rising curve fits."""
    random = np.random.default_rng(0)
    score = random.random(8000)
    y = random.random(8000) < 0.5 + 0.45 * np.sin(12 * score)
    day = [ScoreCells.of(s, s > 0.5, t.astype(np.int8))
           for s, t in zip(np.array_split(score, 20), np.array_split(y, 20), strict=True)]  # fmt: skip
    check = a.calibrated(calibrate(Labelled.of(day)))
    assert check.verdict == "failed"
    assert "p = " in check.sentence


def rows(x: np.ndarray, place: list[str]) -> Rows:
    return Rows.of({"x": x[:, 0], "y": x[:, 1], "place": Labels.of(place)})


@pytest.fixture(scope="module")
def support() -> Support:
    random = np.random.default_rng(5)
    x = random.normal(size=(3000, 2))
    x[:, 1] = 0.97 * x[:, 0] + 0.24 * x[:, 1]
    return Support.learn(rows(x, ["a", "b"] * 1500))


def share(support: Support, x: np.ndarray, place: str | None = "a") -> float:
    return float(support.outside(rows(x, [place] * len(x))).mean())


def test_rows_outside_are_found_by_range_category_null_and_together(support: Support) -> None:
    random = np.random.default_rng(6)
    base = random.normal(size=300)
    like = np.column_stack([base, 0.97 * base + 0.24 * random.normal(size=300)])
    far = np.array([6.0, 0.0])
    assert share(support, like) < 0.05
    assert share(support, like + far) > 0.9
    assert share(support, like, place="new") == 1.0
    assert share(support, like, place=None) == 1.0
    assert share(support, np.column_stack([like[:, 0], np.full(300, np.nan)])) == 1.0
    turned = np.column_stack([base, -base])  # each within its range, never together
    assert share(support, turned) > 0.5
    leaving = dict(support.leaving(rows(like + far, ["a"] * 300)))
    assert leaving["x"] > 0.9
    check = a.inside_support(0.95, support.limit, support.leaving(rows(like + far, ["a"] * 300)))
    assert check.verdict == "failed"
    assert "x (" in check.sentence


def test_neighbours_of_the_same_day_do_not_count() -> None:
    """Every day has weather of its own: judged by its own rows, a new day would always be outside."""
    random = np.random.default_rng(8)
    weather = random.normal(size=(30, 6))
    x = np.repeat(weather, 40, axis=0) + 0.01 * random.normal(size=(1200, 6))
    columns = {f"w{i}": x[:, i] for i in range(6)}
    day = np.repeat(np.arange(30), 40)
    new = random.normal(size=(20, 6)).repeat(10, axis=0)
    fresh = Rows.of({f"w{i}": new[:, i] for i in range(6)})
    with_days = Support.learn(Rows.of(columns), day)
    without = Support.learn(Rows.of(columns))
    assert with_days.outside(fresh).mean() < without.outside(fresh).mean()
    assert without.outside(fresh).mean() > 0.9


def estimate(value: float) -> Estimate:
    return Estimate("accuracy", value, 0.01, 0.0, 0.0, 500)


def test_bands_that_miss_say_concept_drift_is_likely() -> None:
    good = track("accuracy", [(estimate(0.9), 0.905)] * 19 + [(estimate(0.9), 0.8)], (0, 1), None)
    assert (good.held, good.days) == (19, 20)
    assert still_holds(good, covariates_fine=True).verdict == "passed"
    bad = track("accuracy", [(estimate(0.9), 0.8)] * 10, (0, 1), (estimate(0.9), 0.8))
    check = still_holds(bad, covariates_fine=True)
    assert check.verdict == "failed"
    assert "Concept drift is likely" in check.sentence
    assert "need not be" in still_holds(bad, covariates_fine=False).sentence
    none = track("accuracy", [], (0, 1), None)
    assert still_holds(none, covariates_fine=True).verdict == "unknown"
