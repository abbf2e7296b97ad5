"""Charts of what tells windows apart and of importances: one bar or dot per feature, and a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from monitoring import charts

NAMES = ["<b>temp</b>", "carrier", "x" * 60]


def test_bars_of_telling_features_add_up_and_never_go_below_zero() -> None:
    own, relation = np.array([0.3, 0.1, -0.02]), np.array([0.1, -0.05, 0.01])
    total = own + relation
    chart = charts.telling(NAMES, own, relation, low=total - 0.02, high=total + 0.03)
    first, second, dots = chart.figure.data
    assert list(first.x) == [0.3, 0.1, 0.0]
    assert list(second.x) == [0.1, 0.0, 0.01]
    assert list(dots.x) == pytest.approx(total)
    assert list(dots.error_x.array) == pytest.approx([0.03] * 3)
    assert list(dots.error_x.arrayminus) == pytest.approx([0.02] * 3)
    ticks = chart.figure.layout.yaxis.ticktext
    assert ticks[0] == "&lt;b&gt;temp&lt;/b&gt;"
    assert len(ticks[2]) < 60
    assert "carrier 0.050" in chart.summary


def test_importances_show_both_sides_apart() -> None:
    ends = ([3.0, 2.0, 1.0], [2.5, 1.5, 0.5], [3.5, 2.5, 1.5])
    other = ([1.0, 2.1, 1.0], [0.9, 2.0, 0.9], [1.2, 2.2, 1.1])
    chart = charts.importances(NAMES, ends, other, unit="minutes")
    reference, production = chart.figure.data
    assert (reference.name, production.name) == ("reference", "production")
    assert list(reference.y) != list(production.y)
    assert list(production.error_x.array) == pytest.approx([0.2, 0.1, 0.1])
    assert "<b>temp</b>, from 3 for the reference to 1 for production" in chart.summary


def test_nothing_to_draw_is_said() -> None:
    assert charts.telling([], [], [], low=[], high=[]).summary == "No feature was looked at."
    nothing = charts.importances([], ([], [], []), ([], [], []), unit="")
    assert nothing.summary == "No feature was looked at."
