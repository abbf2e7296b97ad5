"""Laws that every drift metric keeps, whatever it computes; a new metric is tested by being there."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from monitoring.arrays import Kind
from monitoring.counting.engine import counting, tables
from monitoring.counting.totals.comparison import Comparison
from monitoring.counting.totals.comparisons import Comparisons
from monitoring.errors import NotEnoughData
from monitoring.metrics.drift import HEADLINE, METRICS
from monitoring.metrics.drift.normalized_wasserstein_distance import wasserstein_distance
from monitoring.metrics.drift_metric import Metric
from monitoring.metrics.noise import kolmogorov_smirnov_pvalues
from monitoring.signals.data_drift.findings import Reference
from monitoring.statistics.chance import benjamini_hochberg, contingencies

RANDOM = np.random.default_rng(3)
SHAPES = {
    "normal": lambda n: RANDOM.normal(0, 1, n),
    "lognormal": lambda n: RANDOM.lognormal(0, 2, n),
    "cauchy": lambda n: RANDOM.standard_t(1, n),
    "uniform": lambda n: RANDOM.uniform(0, 1, n),
    "large": lambda n: RANDOM.normal(1e12, 1e3, n),
    "tiny": lambda n: RANDOM.normal(0, 1e-9, n),
    "integers": lambda n: RANDOM.poisson(4, n).astype(float),
    "tenths": lambda n: np.round(RANDOM.normal(50, 10, n), 1),
    "zeros": lambda n: np.where(RANDOM.random(n) < 0.9, 0.0, RANDOM.exponential(1, n)),
    "ties": lambda n: np.where(RANDOM.random(n) < 0.999, 7.123456, RANDOM.normal(size=n)),
    "bimodal": lambda n: np.where(
        RANDOM.random(n) < 0.5, RANDOM.normal(-9, 1, n), RANDOM.normal(9, 1, n)
    ),
}
CASES = [(m, k) for m in METRICS.values() for k in sorted(m.kinds)]
IDS = [f"{m.name}-{k}" for m, k in CASES]


def compared(one: Any, two: Any, folder: Path, kind: Kind | None = None) -> Comparisons:
    a = tables.write_table({"x": one}, folder / "a.parquet")
    b = tables.write_table({"x": two}, folder / "b.parquet")
    plan = counting.features(a, kinds={"x": kind} if kind else None)
    before = counting.profile_reference(a, plan)
    after = counting.profile(b, plan, {"x": before["x"].bins})
    return Comparisons.of(before["x"], after["x"])


def values(kind: Kind, n: int, shift: float = 0.0) -> Any:
    if kind == "numerical":
        return RANDOM.normal(shift, 1, n)
    share = np.array([0.4, 0.3, 0.2, 0.1]) + shift * np.array([-0.3, 0.1, 0.1, 0.1])
    return RANDOM.choice(list("abcd"), n, p=share)


@pytest.mark.parametrize(("metric", "kind"), CASES, ids=IDS)
def test_identical_samples_have_no_distance(metric: Metric, kind: Kind, tmp_path: Path) -> None:
    x = values(kind, 500)
    found = metric.measure(compared(x, x, tmp_path))
    assert found.value == pytest.approx(0.0, abs=1e-7)
    assert found.value <= found.noise_floor


@pytest.mark.parametrize(("metric", "kind"), CASES, ids=IDS)
def test_value_and_interval_stay_in_bounds(metric: Metric, kind: Kind, tmp_path: Path) -> None:
    for shift in (0.0, 0.2, 1.0, 1.3):
        found = metric.measure(compared(values(kind, 300), values(kind, 200, shift), tmp_path))
        low, high = metric.bounds
        assert low <= found.low[0] <= found.value[0] <= found.high[0] <= high
        assert math.isfinite(found.noise_floor[0])


@pytest.mark.parametrize(("metric", "kind"), CASES, ids=IDS)
def test_order_of_rows_does_not_matter(metric: Metric, kind: Kind, tmp_path: Path) -> None:
    x, y = values(kind, 400), values(kind, 300, 0.5)
    one = metric.measure(compared(x, y, tmp_path))
    other = metric.measure(compared(x, y[::-1].copy(), tmp_path))
    assert one.value == pytest.approx(other.value, rel=1e-12)


@pytest.mark.parametrize(("metric", "kind"), CASES, ids=IDS)
def test_a_larger_change_is_a_larger_distance(metric: Metric, kind: Kind, tmp_path: Path) -> None:
    x = values(kind, 4000)
    small, large = (
        metric.measure(compared(x, values(kind, 4000, s), tmp_path)) for s in (0.3, 1.0)
    )
    assert small.value < large.value
    assert large.value > large.noise_floor


@pytest.mark.parametrize(("metric", "kind"), CASES, ids=IDS)
def test_interval_holds_the_value_of_a_large_sample(
    metric: Metric, kind: Kind, tmp_path: Path
) -> None:
    truth = metric.measure(
        compared(values(kind, 60_000), values(kind, 60_000, 0.5), tmp_path)
    ).value
    held = 0
    for _ in range(20):
        found = metric.measure(compared(values(kind, 1500), values(kind, 1500, 0.5), tmp_path))
        held += bool(found.low <= truth <= found.high)
    assert held >= 15  # 19 expected; binning of a small reference moves the truth a little


def test_every_kind_has_a_headline() -> None:
    for kind, name in HEADLINE.items():
        assert kind in METRICS[name].kinds


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("sizes", [(200, 300), (20_000, 15_000)], ids=["small", "large"])
def test_certified_bounds_hold_against_scipy_on_raw_values(
    shape: str, sizes: tuple[int, int], tmp_path: Path
) -> None:
    draw = SHAPES[shape]
    x, y = draw(sizes[0]), draw(sizes[1])
    y = y + 1 if shape in {"integers", "tenths"} else y * 1.1
    comparison = compared(x, y, tmp_path)
    exact = stats.ks_2samp(x, y).statistic
    found = METRICS["two_sample_kolmogorov_smirnov_test"].measure(comparison)
    assert found.value - 1e-12 <= exact <= found.value + found.error_bound + 1e-12
    assert found.error_bound < 0.06
    distance, bound = wasserstein_distance(comparison)
    scale = abs(x).max() + abs(y).max()
    assert abs(distance - stats.wasserstein_distance(x, y)) <= bound + 1e-9 * scale
    assert comparison.reference.std == pytest.approx(x.std(ddof=1), rel=1e-6)


def test_values_off_the_lattice_widen_the_bound_and_stay_inside(tmp_path: Path) -> None:
    x, y = RANDOM.poisson(4, 5000) * 1.0, RANDOM.poisson(4, 5000) * 1.1
    found = METRICS["two_sample_kolmogorov_smirnov_test"].measure(compared(x, y, tmp_path))
    exact = stats.ks_2samp(x, y).statistic
    assert found.value <= exact <= found.value + found.error_bound


def test_frequent_values_do_not_widen_the_bound(tmp_path: Path) -> None:
    x = np.where(RANDOM.random(50_000) < 0.999, 7.123456, RANDOM.normal(size=50_000))
    y = np.where(RANDOM.random(50_000) < 0.999, 7.123456, RANDOM.normal(size=50_000))
    found = METRICS["two_sample_kolmogorov_smirnov_test"].measure(compared(x, y, tmp_path))
    assert found.error_bound < 1e-3


def test_jensen_shannon_is_scipys_on_the_same_bins(tmp_path: Path) -> None:
    comparison = compared(values("numerical", 900), values("numerical", 700, 0.4), tmp_path)
    histogram = comparison.histogram
    expected = jensenshannon(histogram.reference[0], histogram.production[0], base=2)
    assert METRICS["jensen_shannon_distance"].measure(comparison).value == pytest.approx(expected)


@pytest.mark.parametrize("sizes", [(400, 300), (12_000, 15_000)])
def test_kolmogorov_smirnov_pvalue_is_scipys(sizes: tuple[int, int], tmp_path: Path) -> None:
    x, y = RANDOM.normal(size=sizes[0]), RANDOM.normal(0.02, 1, sizes[1])
    comparison = compared(x, y, tmp_path)
    statistic = METRICS["two_sample_kolmogorov_smirnov_test"].measure(comparison).value
    expected = stats.ks_2samp(x, y).pvalue
    bound = METRICS["two_sample_kolmogorov_smirnov_test"].measure(comparison).error_bound
    slack = 5e-4 + 4 * bound * math.sqrt(sizes[0] * sizes[1] / sum(sizes))
    found = kolmogorov_smirnov_pvalues(statistic, comparison)
    assert found == pytest.approx(expected, abs=slack[0])


def test_contingency_is_scipys() -> None:
    one, two = np.array([50, 40, 30]), np.array([30, 60, 20])
    expected = stats.chi2_contingency([one, two], correction=False)
    (statistic,), (pvalue,) = contingencies(one[None], two[None])
    assert (statistic, pvalue) == pytest.approx((expected.statistic, expected.pvalue))


def test_contingency_of_rare_categories_is_not_too_sure() -> None:
    _, (pvalue,) = contingencies(np.array([[99, 0]]), np.array([[99, 1]]))
    assert pvalue > 0.9  # a single new row is no news; Azure ML's test says p = 0


def test_benjamini_hochberg_is_scipys() -> None:
    p = RANDOM.random(50) ** 3
    assert benjamini_hochberg(p.tolist()) == pytest.approx(stats.false_discovery_control(p))


def test_many_features_at_once_give_what_each_gives_alone(tmp_path: Path) -> None:
    one = {name: draw(700) for name, draw in SHAPES.items()}
    two = {name: draw(500) * 1.05 for name, draw in SHAPES.items()}
    for labels in (2, 4, 60, 300):
        one[f"c{labels}"] = [f"l{x}" for x in RANDOM.zipf(1.5, 700) % labels]
        two[f"c{labels}"] = [f"l{x}" for x in RANDOM.zipf(1.5, 500) % (labels + 2)]
    a, b = (
        tables.write_table(one, tmp_path / "a.parquet"),
        tables.write_table(two, tmp_path / "b.parquet"),
    )
    plan = counting.features(a)
    before = counting.profile_reference(a, plan)
    after = counting.profile(b, plan, {name: profile.bins for name, profile in before.items()})
    together = Reference(before).findings_of(after)
    assert [each.feature for each in together] == list(one)
    for each in together:
        name = each.feature
        (alone,) = Reference({name: before[name]}).findings_of({name: after[name]})
        assert each.pvalue == pytest.approx(alone.pvalue, rel=1e-12)
        assert list(each.numbers) == list(alone.numbers)
        for metric, number in each.numbers.items():
            other = alone.numbers[metric]
            assert number.value == pytest.approx(other.value, rel=1e-9, abs=1e-15), (name, metric)
            assert (number.noise_floor, number.error_bound) == pytest.approx(
                (other.noise_floor, other.error_bound), rel=1e-9, abs=1e-15
            )
            assert (number.interval.low, number.interval.high) == pytest.approx(
                (other.interval.low, other.interval.high), rel=1e-9, abs=1e-15
            )


def test_a_metric_that_is_undefined_for_one_feature_is_there_for_the_others(tmp_path: Path) -> None:
    nan = math.nan
    one = {"x": values("numerical", 100), "single": [1.5] + [nan] * 99}
    two = {"x": values("numerical", 100), "single": values("numerical", 100)}
    a, b = (
        tables.write_table(one, tmp_path / "a.parquet"),
        tables.write_table(two, tmp_path / "b.parquet"),
    )
    plan = counting.features(a, kinds=dict.fromkeys(one, "numerical"))
    before = counting.profile_reference(a, plan)
    after = counting.profile(b, plan, {name: profile.bins for name, profile in before.items()})
    x, single = Reference(before).findings_of(after)
    wasserstein = HEADLINE["numerical"]
    assert x.numbers[wasserstein].value > 0
    assert "its reference has 1 row" in single.numbers[wasserstein].message
    arrays = Comparison(before["single"], after["single"]).arrays
    assert isinstance(METRICS[wasserstein].measure(arrays).undefined[0], NotEnoughData)


def test_histogram_of_one_feature_has_a_label_for_each_bin(tmp_path: Path) -> None:
    x, y = values("numerical", 800), values("numerical", 800, 3.0)
    a, b = (tables.write_table({"x": v}, tmp_path / f"{i}.parquet") for i, v in enumerate((x, y)))
    plan = counting.features(a)
    before = counting.profile_reference(a, plan)["x"]
    after = counting.profile(b, plan, {"x": before.bins})["x"]
    reference, production, labels = Comparison(before, after).histogram
    assert len(reference) == len(production) == len(labels) == 11  # nothing lies below
    assert labels[-1] == f"above {x.max():.4g}"
    assert reference[:10] == pytest.approx(80, abs=2)
    assert reference.sum() == 800
    assert production[-1] == (y > x.max()).sum()
    ends = [float(label.rpartition(" to ")[2]) for label in labels[:-1]]
    for count, low, high in zip(production[1:-1], ends, ends[1:], strict=False):
        assert count == pytest.approx(((y > low) & (y <= high)).sum(), abs=8)


def test_tables_at_once_give_what_each_gives_alone() -> None:
    one = np.array([[50, 40, 30, 0], [5, 0, 2, 0], [9, 0, 0, 0], [900, 800, 3, 1]])
    two = np.array([[30, 60, 20, 0], [4, 3, 1, 9], [7, 0, 0, 0], [300, 250, 0, 0]])
    statistics, pvalues = contingencies(one, two)
    for at in range(len(one)):
        kept = one[at] + two[at] > 0
        alone = contingencies(one[at][None, kept], two[at][None, kept])
        assert alone == (statistics[at], pvalues[at])
    assert (statistics[2], pvalues[2]) == (0.0, 1.0)  # one category cannot change
