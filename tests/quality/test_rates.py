"""Rates against scipy, against books, and by their laws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from monitoring.statistics.rates import Share, all_among, design_effect, increase, increase_pvalue

shares = st.integers(1, 400).flatmap(
    lambda rows: st.integers(0, rows).map(lambda hits: Share(hits, rows))
)


@given(shares)
def test_wilson_is_scipys(share: Share) -> None:
    found, expected = share.interval, stats.binomtest(int(share.hits), int(share.rows)).proportion_ci(
        method="wilson"
    )  # fmt: skip
    assert found.low == pytest.approx(expected.low, abs=1e-6)
    assert found.high == pytest.approx(expected.high, abs=1e-6)


@pytest.mark.parametrize(
    ("one", "two", "low", "high"),
    [  # Newcombe (1998), table II, method 10
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_increase_is_newcombes(one, two, low: float, high: float) -> None:
    found = increase(Share(*one), Share(*two))
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@given(shares, shares)
def test_an_increase_turned_round_is_a_decrease(one: Share, two: Share) -> None:
    there, back = increase(one, two), increase(two, one)
    assert there.low == pytest.approx(-back.high, abs=1e-12)
    assert there.low <= one.rate - two.rate + 1e-12


@given(shares, shares)
def test_small_samples_take_fishers_exact_test(one: Share, two: Share) -> None:
    pooled = (one.hits + two.hits) / (one.rows + two.rows)
    if not one.hits or min(one.rows, two.rows) * min(pooled, 1 - pooled) >= 5:
        return
    table = [[one.hits, one.rows - one.hits], [two.hits, two.rows - two.hits]]
    expected = stats.fisher_exact(table, alternative="greater").pvalue
    assert increase_pvalue(one, two) == pytest.approx(expected, rel=1e-8, abs=1e-12)


def test_large_samples_take_the_normal_limit() -> None:
    one, two = Share(130, 1000), Share(1000, 10_000)
    pooled = 1130 / 11_000
    z = (0.13 - 0.1) / math.sqrt(pooled * (1 - pooled) * (1 / 1000 + 1 / 10_000))
    assert increase_pvalue(one, two) == pytest.approx(stats.norm.sf(z), rel=1e-9)


def test_without_an_increase_the_test_keeps_its_level() -> None:
    random = np.random.default_rng(3)
    one, two = random.binomial(900, 0.05, 4000), random.binomial(20_000, 0.05, 4000)
    pvalues = [
        increase_pvalue(Share(int(a), 900), Share(int(b), 20_000))
        for a, b in zip(one, two, strict=True)
    ]
    assert 0.035 < np.mean(np.array(pvalues) < 0.05) < 0.065


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_all_among_is_the_hypergeometric_tail(count: int, rest: int, drawn: int) -> None:
    total = count + rest
    if drawn > total:
        return
    expected = stats.hypergeom.pmf(drawn, total, count, drawn) if total else 1.0
    assert all_among(count, total, drawn) == pytest.approx(expected, rel=1e-8, abs=1e-12)


def test_rows_that_hang_together_count_for_less() -> None:
    random = np.random.default_rng(5)
    loose = [Share(int(h), 500) for h in random.binomial(500, 0.2, 400)]
    whole_days = [Share(500 * int(d), 500) for d in random.random(400) < 0.2]
    assert design_effect(loose) == pytest.approx(1.0, abs=0.25)
    assert design_effect(whole_days) == pytest.approx(500, rel=0.05)
    assert design_effect([Share(1, 9)]) == 1.0
    assert design_effect([Share(0, 9), Share(0, 9)]) == 1.0


def test_days_as_clusters_hold_the_level_where_single_rows_do_not() -> None:
    """Thirty days, each with its own rate: rows taken one by one alarm far too often."""
    random = np.random.default_rng(8)
    naive = clustered = 0
    for _ in range(300):
        rates = random.beta(0.5, 4.5, 60)
        days = [Share(int(h), 500) for h in random.binomial(500, rates)]
        here, there = days[:30], days[30:]
        one, two = sum(here, Share(0, 0)), sum(there, Share(0, 0))
        effect = design_effect(here)
        naive += increase(one, two).low > 0
        clustered += increase(one.over(effect), two.over(effect)).low > 0
    assert naive / 300 > 0.3
    assert clustered / 300 < 0.06
