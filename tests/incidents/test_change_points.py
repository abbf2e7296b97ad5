"""The change-point score, by hand and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from monitoring.incidents.change_point import LEAST_NOISE, change_point, seasonless


def test_the_probability_by_hand() -> None:
    values = np.array([0.0, 2, 0, 2, 0, 10, 12, 10, 12, 10])
    found = change_point(values)
    assert found is not None
    # One level: mean 5.8, squares 616 - 10 * 5.8^2. Two: 4.8 on either side. Noise 0.02 * 12.
    floor = 10 * (LEAST_NOISE * 12) ** 2
    one, two = 616 - 336.4 + floor, 4.8 + 4.8 + floor
    gain = 10 * math.log(one / two) - 2 * math.log(10)
    assert found.index == 5
    assert found.probability == pytest.approx(1 / (1 + math.exp(-gain / 2)))
    assert found.effect == pytest.approx((10.8 - 0.8) / math.sqrt(two / 10))


def test_noise_is_seldom_taken_for_a_change() -> None:
    random = np.random.default_rng(1)
    found = [change_point(random.normal(size=60)) for _ in range(200)]
    assert sum(each is not None and each.probability > 0.95 for each in found) <= 10


def test_a_change_of_two_standard_deviations_is_seen_where_it_is() -> None:
    random = np.random.default_rng(2)
    hits = 0
    for _ in range(100):
        values = random.normal(size=60)
        values[40:] += 2
        found = change_point(values)
        hits += found is not None and found.probability > 0.95 and abs(found.index - 40) <= 2
    assert hits >= 90


@pytest.mark.parametrize(("scale", "shift"), [(1e-6, 0.0), (1e6, -5.0), (3.0, 1e3)])
def test_units_do_not_matter(scale: float, shift: float) -> None:
    values = np.random.default_rng(3).normal(size=40) + np.repeat([0, 4], 20)
    one, other = change_point(values), change_point(values * scale + shift)
    assert one is not None
    assert other is not None
    assert other.index == one.index
    assert other.probability == pytest.approx(one.probability)


def test_a_slope_turns_where_it_begins_to_fill_up() -> None:
    values = np.concatenate([np.full(80, 30.0), 30 + 0.5 * np.arange(70)])
    values += np.random.default_rng(4).normal(0, 0.3, 150)
    line, level = change_point(values, "line"), change_point(values)
    assert line is not None
    assert level is not None
    assert abs(line.index - 80) <= 4
    assert abs(level.index - 80) > 15  # levels are split in the midst of the slope


def test_gaps_are_left_out_and_places_still_count_them() -> None:
    values = np.array([1.0, 1, 1, 1, np.nan, np.nan, 1, 5, 5, 5, 5, 5])
    found = change_point(values)
    assert found is not None
    assert found.index == 7


def test_too_short_a_course_says_nothing() -> None:
    assert change_point(np.array([1.0, 1, 1, 9, 9, 9, 9])) is None
    assert change_point(np.full(30, np.nan)) is None


def test_the_hours_of_a_day_are_no_change() -> None:
    day = 100 + 80 * np.sin(np.arange(24) / 24 * 2 * np.pi)
    values = np.tile(day, 8) + np.random.default_rng(5).normal(0, 2, 192)
    raw, plain = change_point(values), change_point(seasonless(values, 24))
    assert raw is not None
    assert plain is not None
    assert plain.probability < 0.5
    values[180:] += 60
    surged = change_point(seasonless(values, 24))
    assert surged is not None
    assert (surged.index, surged.probability > 0.99) == (180, True)
