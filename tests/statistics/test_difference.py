"""Differences of two sides: against brute force, the bootstrap, and what they must keep to."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring.counting.totals.outcomes import PARTS, ClassOutcomes, NumberOutcomes
from monitoring.errors import NotEnoughData
from monitoring.metric import Interval
from monitoring.metrics.performance.accuracy import accuracy
from monitoring.metrics.performance.mean_absolute_error import mean_absolute_error
from monitoring.statistics import difference
from monitoring.statistics.difference import Difference
from monitoring.statistics.intervals import wilson
from monitoring.statistics.performance import Performance


def share(right: int, n: int) -> Performance:
    confusion = np.array([[right, n - right], [0, 0], [0, 0]])
    return accuracy(ClassOutcomes(classes=("a", "b"), confusion=confusion))


def errors(absolute: np.ndarray) -> Performance:
    n = len(absolute)
    sums, products = np.zeros(len(PARTS)), np.zeros((len(PARTS), len(PARTS)))
    sums[1], products[1, 1] = absolute.sum(), np.square(absolute).sum()
    known = NumberOutcomes(predictions=n, labelled=n, sums=sums, products=products)
    return mean_absolute_error(known)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [  # Newcombe (1998), table II, method 10
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
    ],
)
def test_shares_have_newcombes_interval(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    found = difference.between(share(*first), share(*second)).interval
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


def test_the_interval_of_shares_keeps_its_promise_with_few_rows_and_rare_errors() -> None:
    random = np.random.default_rng(1)
    p, q, n, m = 0.97, 0.95, 900, 110
    right = zip(random.binomial(n, p, 2000), random.binomial(m, q, 2000), strict=True)
    intervals = [difference.between(share(a, n), share(b, m)).interval for a, b in right]
    held = np.mean([each.low <= q - p <= each.high for each in intervals])
    assert 0.935 <= held <= 0.975


def test_the_interval_of_means_is_that_of_the_bootstrap() -> None:
    random = np.random.default_rng(2)
    one, two = random.gamma(2.0, 3.0, 900), random.gamma(2.0, 3.5, 300)
    found = difference.between(errors(one), errors(two))
    drawn = random.choice(two, (4000, len(two))).mean(axis=1) - random.choice(
        one, (4000, len(one))
    ).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert found.value == pytest.approx(two.mean() - one.mean())
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high), abs=0.08)


def test_turning_the_sides_round_turns_the_difference_round() -> None:
    there = difference.between(share(80, 100), share(45, 60))
    back = difference.between(share(45, 60), share(80, 100))
    assert back.value == pytest.approx(-there.value)
    assert (back.interval.low, back.interval.high) == pytest.approx(
        (-there.interval.high, -there.interval.low)
    )


def test_the_same_rows_tell_what_different_rows_cannot() -> None:
    random = np.random.default_rng(3)
    hard = random.random(400) < 0.3  # what is hard for one is hard for the other
    one = hard.astype(float)
    two = np.where(random.random(400) < 0.05, 1.0, one)
    paired = difference.on_the_same_rows(one, two)
    apart = difference.between(share(int(400 - one.sum()), 400), share(int(400 - two.sum()), 400))
    assert paired.is_certain
    assert not apart.is_certain
    drawn = random.integers(0, 400, (4000, 400))
    bounds = np.quantile((two - one)[drawn].mean(axis=1), [0.025, 0.975])
    assert (paired.interval.low, paired.interval.high) == pytest.approx(tuple(bounds), abs=0.012)


def test_a_hundred_rows_without_a_difference_are_not_certain() -> None:
    losses = np.r_[np.ones(20), np.zeros(80)]
    found = difference.on_the_same_rows(losses, losses)
    assert found.value == 0.0
    assert found.interval.low < 0.0 < found.interval.high


def test_a_burst_on_one_day_widens_the_interval_of_a_rate() -> None:
    requests = np.full(10, 1000.0)
    spread, burst = np.full(10, 10.0), np.r_[100.0, np.zeros(9)]
    calm = np.full(10, 1.0)
    least = difference.between(
        Performance(0.001, 0.0, wilson(0.001, 10_000), 10_000),
        Performance(0.01, 0.0, wilson(0.01, 10_000), 10_000),
    ).interval
    even = difference.of_ratios((calm, requests), (spread, requests), least)
    uneven = difference.of_ratios((calm, requests), (burst, requests), least)
    assert even.value == pytest.approx(uneven.value)
    assert even.is_certain  # as if requests were independent
    assert not uneven.is_certain  # one bad day is one day


def test_a_rate_over_days_is_the_jackknife() -> None:
    random = np.random.default_rng(4)
    n = random.integers(500, 900, (2, 8)).astype(float)
    k = random.binomial(n.astype(int), 0.1).astype(float)
    found = difference.of_ratios((k[0], n[0]), (k[1], n[1]), Interval(np.inf, -np.inf))
    kept = [np.arange(8) != day for day in range(8)]
    without = np.array(
        [k[1, d].sum() / n[1, d].sum() - k[0, d].sum() / n[0, d].sum() for d in kept]
    )
    error = np.sqrt(7 / 8 * np.square(without - without.mean()).sum())
    assert found.interval.high - found.value == pytest.approx(difference.student(7) * error)


def test_few_days_have_no_interval() -> None:
    with pytest.raises(NotEnoughData, match="4 days in common, 5 needed"):
        difference.of_days(np.ones(4))


def test_like_rows_are_compared_where_one_side_got_harder_ones() -> None:
    random = np.random.default_rng(5)
    covered, plain = 0, 0
    for _ in range(200):
        sides = []
        for hard_share, n, better in ((0.2, 1500, 0.0), (0.5, 300, -0.03)):
            hard = (random.random(n) < hard_share).astype(np.int64)
            risk = 0.1 + 0.3 * hard + better
            codes = np.column_stack([hard, random.integers(0, 6, n)])
            sides.append((codes, (random.random(n) < risk).astype(float)))
        found = difference.adjusted(sides[0], sides[1], [2, 6])
        covered += found.interval.low <= -0.03 <= found.interval.high
        plain += sides[1][1].mean() - sides[0][1].mean() > 0
    assert plain > 190  # as they came, the better one looks worse
    assert covered >= 180


def test_adjusting_is_what_least_squares_with_hc3_gives() -> None:
    random = np.random.default_rng(6)
    codes = random.integers(0, 3, (60, 2))
    side = np.repeat([0.0, 1.0], 30)
    loss = random.normal(size=60) + codes[:, 0] + 0.5 * side
    found = difference.adjusted((codes[:30], loss[:30]), (codes[30:], loss[30:]), [3, 3])
    dummies = [codes[:, at] == level for at in (0, 1) for level in (1, 2)]
    x = np.column_stack([np.ones(60), side, *dummies]).astype(float)
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ loss
    lever = np.einsum("ij,jk,ik->i", x, inverse, x)
    meat = (x * np.square((loss - x @ beta) / (1 - lever))[:, None]).T @ x
    error = np.sqrt((inverse @ meat @ inverse)[1, 1])
    assert found.value == pytest.approx(beta[1])
    assert found.error == pytest.approx(error)


def test_sides_without_a_bucket_in_common_cannot_be_compared() -> None:
    one, two = np.zeros((20, 1), np.int64), np.ones((20, 1), np.int64)
    with pytest.raises(NotEnoughData, match="No bucket"):
        difference.adjusted((one, np.ones(20)), (two, np.ones(20)), [2])


def test_as_many_labels_as_are_said_to_be_needed_tell_in_four_of_five_tries() -> None:
    random = np.random.default_rng(7)
    p, q, n, m = 0.80, 0.83, 2000, 500
    seen = difference.between(share(int(p * n), n), share(int(q * m), m))
    times = difference.times_as_many(seen)
    n, m = int(n * times), int(m * times)
    drawn = zip(random.binomial(n, p, 1000), random.binomial(m, q, 1000), strict=True)
    told = np.mean([difference.between(share(a, n), share(b, m)).is_certain for a, b in drawn])
    assert told == pytest.approx(0.8, abs=0.04)


def test_no_difference_needs_endless_labels() -> None:
    assert difference.times_as_many(Difference(0.0, Interval(-1, 1), (9, 9))) == np.inf
