"""Figures of performance: what is drawn is what was given, and each says in words what it shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from monitoring.charts.performance import (
    Course,
    Line,
    calibration_curve,
    confusion_matrix,
    curves,
    performance_trend,
)

DAYS = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=i) for i in range(3)]


def names(chart) -> list[str]:
    return [trace.name for trace in chart.figure.data]


def test_a_metric_stands_above_its_labels_and_those_still_to_come() -> None:
    chart = performance_trend(
        DAYS,
        Course(values=[0.9, 0.8, np.nan], low=[0.88, 0.78, np.nan], high=[0.92, 0.82, np.nan]),
        name="Accuracy",
        labelled=[100, 90, 0],
        waiting=[0, 10, 100],
        baseline=0.91,
        threshold=0.89,
        statuses=["ok", "breached", "no_data"],
    )
    assert {"realized", "breached"} <= set(names(chart))
    bars = {trace.name: list(trace.y) for trace in chart.figure.data if trace.type == "bar"}
    assert bars == {"with label": [100, 90, 0], "label not in yet": [0, 10, 100]}
    assert {shape.y0 for shape in chart.figure.layout.shapes} == {0.91, 0.89}
    assert {a.text.split("<")[0] for a in chart.figure.layout.annotations} == {
        "baseline",
        "threshold",
    }
    assert "1 of 3 windows breached" in chart.summary
    assert "last 0.8" in chart.summary


def test_without_baseline_no_line_is_drawn() -> None:
    chart = performance_trend(
        DAYS,
        Course(values=[1.0, 1.0, 1.0]),
        name="Bias",
        labelled=[1, 1, 1],
        waiting=[0, 0, 0],
        threshold=float("nan"),
    )
    assert not chart.figure.layout.shapes
    assert "95 % interval" not in names(chart)


def test_the_text_of_every_cell_of_a_confusion_matrix_has_an_ink_of_its_own() -> None:
    figure = confusion_matrix(["no", "yes"], [[80, 5], [12, 3]]).figure
    inks = {note.text.split("<br>")[1]: note.font.color for note in figure.layout.annotations}
    assert inks["80"] == inks["12"] == "#FFFFFF"
    assert inks["5"] == inks["3"] == "#14202E"


def test_the_confusion_matrix_names_the_most_frequent_mistake() -> None:
    chart = confusion_matrix(["no", "yes"], [[80, 5], [12, 3]])
    (heat,) = chart.figure.data
    assert np.asarray(heat.z).tolist() == [[80 / 85, 5 / 85], [0.8, 0.2]]
    assert "83.0% on the diagonal" in chart.summary
    assert "yes was predicted as no (12)" in chart.summary


def test_a_label_without_rows_has_no_share() -> None:
    (heat,) = confusion_matrix(["a", "b"], [[0, 0], [1, 1]]).figure.data
    assert np.asarray(heat.z).tolist() == [[0, 0], [0.5, 0.5]]


def test_curves_tell_the_reference_from_the_window() -> None:
    chart = curves(
        [
            Line(name="this window", x=[0, 0.2, 1], y=[0, 0.8, 1]),
            Line(name="reference", x=[0, 0.1, 1], y=[0, 0.9, 1], is_reference=True),
        ],
        x_title="false positive rate",
        y_title="true positive rate",
        diagonal=True,
    )
    assert names(chart) == ["chance", "this window", "reference"]
    assert chart.figure.data[1].line.color != chart.figure.data[2].line.color
    assert "true positive rate" in chart.summary


def test_calibration_says_where_it_is_furthest_off() -> None:
    chart = calibration_curve([0.1, 0.7], [0.12, 0.5], [0.1, 0.4], [0.15, 0.6], [500, 80])
    points = next(trace for trace in chart.figure.data if trace.name == "this window")
    assert np.allclose(points.error_y.arrayminus, [0.02, 0.1])
    assert "0.70 and 50% came true" in chart.summary
    assert "No row" in calibration_curve([], [], [], [], []).summary
