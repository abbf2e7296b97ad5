"""The figures of a change: bars that add up, intervals, colours of fixed meaning, a sentence."""

import numpy as np
import pytest

from monitoring.charts import contributions, waterfall
from monitoring.charts.figure import PRODUCTION, REFERENCE, THRESHOLD
from monitoring.charts.waterfall import BETTER, Step

STEPS = (
    Step("Other rows came", -0.02, -0.03, -0.01),
    Step("Like rows fared differently", 0.05, 0.04, 0.07),
    Step("Without a counterpart", 0.01, 0.0, 0.02, is_known=False),
)
TOTAL = Step("Change", 0.04, 0.02, 0.06)


def test_each_bar_begins_where_the_last_one_ended() -> None:
    bars, lines = waterfall(STEPS, TOTAL, unit="change of error rate").figure.data
    ends = np.array(bars.base) + np.array(bars.y)
    assert np.array(bars.base[1:3]) == pytest.approx(ends[:2])
    assert ends[2] == pytest.approx(ends[3]) == pytest.approx(0.04)
    assert bars.base[0] == bars.base[3] == 0
    assert len(lines.x) == len(lines.y) == 6


def test_colours_say_better_worse_and_unknown() -> None:
    bars = waterfall(STEPS, TOTAL, unit="x").figure.data[0]
    assert list(bars.marker.color) == [BETTER, THRESHOLD, REFERENCE, PRODUCTION]
    assert list(bars.marker.pattern.shape) == ["", "", "/", ""]
    upside_down = waterfall(STEPS, TOTAL, unit="x", worse="lower").figure.data[0]
    assert list(upside_down.marker.color[:2]) == [THRESHOLD, BETTER]


def test_intervals_are_drawn_at_the_ends() -> None:
    errors = waterfall(STEPS, TOTAL, unit="x", is_share=True).figure.data[0].error_y
    assert np.array(errors.array) == pytest.approx([1, 2, 1, 2])
    assert np.array(errors.arrayminus) == pytest.approx([1, 1, 1, 2])


def test_the_sentence_holds_the_numbers() -> None:
    summary = waterfall(STEPS, TOTAL, unit="Change of error rate", is_share=True).summary
    assert "+4.00 points = Other rows came -2.00 points" in summary


def test_features_are_bars_of_their_parts() -> None:
    rows = [("temp", STEPS[:2]), ("<b>dewp</b>", STEPS[2:])]
    parts = ["Other rows came", "Missing values", *(step.name for step in STEPS[1:])]
    chart = contributions(rows, parts, unit="x", is_share=True)
    assert [trace.name for trace in chart.figure.data] == [step.name for step in STEPS]
    assert list(chart.figure.data[0].x) == [-2.0, 0.0]
    assert chart.figure.layout.yaxis.ticktext[1] == "&lt;b&gt;dewp&lt;/b&gt;"
    assert chart.summary.startswith("temp goes with the largest part of the change, +3.00 points")
    # A part has its colour whether or not the others are there.
    alone = contributions(rows[1:], parts, unit="x").figure.data[0]
    assert alone.marker.color == chart.figure.data[2].marker.color


def test_nothing_to_draw_is_said() -> None:
    assert contributions([], [], unit="x").summary == "No feature has a part in it."
