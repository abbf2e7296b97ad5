"""P-values of sparse tables are those of many permutations, and Fisher's of two by two."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from monitoring.arrays import Counts
from monitoring.statistics.sparse_tables import sparse_pvalues

PERMUTATIONS = 20_000
ZIPF = {k: 1 / np.arange(1, k + 1) for k in (3, 5, 12, 24, 50, 102)}
CASES = {
    "a day of a large reference": (ZIPF[102], 99_726, 274),
    "30 rows, 102 categories": (ZIPF[102], 100_000, 30),
    "the reference is the smaller one": (ZIPF[24], 274, 99_726),
    "equal sizes": (ZIPF[102], 300, 300),
    "few rows": (ZIPF[12], 1000, 40),
    "three categories": (ZIPF[3], 1000, 30),
    "hardly sparse": (ZIPF[50], 5000, 5000),
    "three that are hardly ever there": (np.r_[ZIPF[24], 2e-4, 1e-4, 5e-5], 99_726, 274),
    "one that is hardly ever there": (np.array([0.6, 0.399, 1e-4]), 20_000, 500),
}


def sparse_pvalue(reference: Counts, production: Counts) -> float:
    """Return the p-value of one table."""
    return float(sparse_pvalues(reference[None], production[None])[0])


@pytest.mark.parametrize("case", CASES)
def test_pvalue_is_that_of_permutations(case: str) -> None:
    shares, n, m = CASES[case]
    random = np.random.default_rng(4)
    pooled = random.multinomial(n + m, shares / shares.sum())
    pooled = pooled[pooled > 0]
    drawn = random.multivariate_hypergeometric(pooled, m, PERMUTATIONS, method="marginals")
    expected = pooled * m / (n + m)
    statistic = ((drawn - expected) ** 2 * (1 / expected + 1 / (pooled - expected))).sum(axis=1)
    order = np.argsort(-statistic)
    for level in (0.2, 0.05, 0.01, 0.002):
        production = drawn[order[int(level * PERMUTATIONS)]]
        reached = statistic[order[int(level * PERMUTATIONS)]]
        simulated = (statistic >= reached * (1 - 1e-9)).mean()
        error = 4 * np.sqrt(simulated / PERMUTATIONS)
        found = sparse_pvalue(pooled - production, production)
        assert found == pytest.approx(simulated, rel=0.12, abs=error), level


@pytest.mark.parametrize("table", [[[9, 1], [4, 6]], [[99, 1], [40, 3]], [[3, 900], [4, 100]]])
def test_two_by_two_is_fishers_exact_test(table: list[list[int]]) -> None:
    one, two = np.array(table)
    assert sparse_pvalue(one, two) == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-9)


def test_sides_and_order_of_categories_do_not_matter() -> None:
    one, two = np.array([60, 30, 8, 1, 0]), np.array([50, 45, 2, 0, 2])
    expected = sparse_pvalue(one, two)
    assert sparse_pvalue(two, one) == pytest.approx(expected, rel=1e-9)
    assert sparse_pvalue(one[::-1], two[::-1]) == pytest.approx(expected, rel=1e-9)


def test_new_rows_are_the_less_likely_the_more_there_are() -> None:
    reference = np.array([60_000, 40_000, 0])
    found = [sparse_pvalue(reference, np.array([150, 100, new])) for new in range(1, 6)]
    assert found == sorted(found, reverse=True)
    assert 0.001 < found[0] < 0.005  # one row in 251 of 100,251
    assert found[-1] < 1e-9
