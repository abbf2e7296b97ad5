"""Structure of the figures: what reaches the browser, in which form, and the sentence beside it."""

import json
import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from monitoring import charts
from monitoring.charts import Chart, figure
from monitoring.charts.overlay import DRAWN_BINS

DAYS = [date(2026, 11, 1) + timedelta(days=n) for n in range(5)]
TIMES = [datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=n) for n in range(5)]
WIDTH = {"f8": 8, "f4": 4, "i8": 8, "i4": 4, "u1": 1, "i1": 1, "i2": 2, "u2": 2, "u4": 4}


def heat_map() -> Chart:
    statuses = [["ok", "breached", "no_data", "not_enough_data", "ok"], ["ok"] * 5]
    values = [[0.05, 0.4, math.nan, 0.3, 0.2], [0.0, 0.01, 0.02, 0.03, 0.04]]
    return charts.heat_map(
        ["distance", "carrier"],
        DAYS,
        values,
        statuses,
        thresholds=[0.1, 0.1],
        rows=np.full((2, 5), 100),
    )


def trend() -> Chart:
    return charts.trend(
        TIMES,
        [0.05, math.nan, 0.2, 0.3, 0.1],
        name="PSI of distance",
        rows=[100, 0, 120, 90, 80],
        low=[0.0, math.nan, 0.1, 0.2, 0.05],
        high=[0.1, math.nan, 0.3, 0.4, 0.15],
        threshold=0.15,
        noise_floor=0.02,
        statuses=["ok", "no_data", "breached", "breached", "ok"],
    )


def overlay(low: float = 0.0, high: float = 100.0, cells: int = 500) -> Chart:
    edges = np.linspace(low, high, cells + 1)
    shares = np.full(cells, 1 / cells)
    shifted = np.linspace(0, 2, cells) / np.linspace(0, 2, cells).sum()
    return charts.overlay(edges[:-1], edges[1:], shares, shifted, unit="miles")


def categories(count: int = 3) -> Chart:
    shares = np.arange(count, 0, -1) / np.arange(count, 0, -1).sum()
    return charts.overlay_categories([f"c{i}" for i in range(count)], shares, shares[::-1])


FIGURES = {"heat_map": heat_map, "trend": trend, "overlay": overlay, "categories": categories}


def arrays(node: object) -> list[dict[str, str]]:
    if isinstance(node, dict):
        if "bdata" in node:
            return [node]
        return [found for value in node.values() for found in arrays(value)]
    if isinstance(node, list):
        return [found for value in node for found in arrays(value)]
    return []


def traces(chart: Chart, **having: object) -> list[dict]:
    data = [trace.to_plotly_json() for trace in chart.figure.data]
    return [t for t in data if all(t.get(key) == value for key, value in having.items())]


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_numbers_travel_as_bytes(draw) -> None:
    figure = json.loads(draw().figure.to_json())
    for trace in figure["data"]:
        for axis in ("x", "y", "z", "customdata"):
            if axis in trace:
                assert set(trace[axis]) >= {"dtype", "bdata"}, (trace["type"], axis)
    assert "NaN" not in json.dumps(figure)
    for array in arrays(figure["data"]):
        size = len(array["bdata"]) // 4 * 3 - array["bdata"].count("=")
        assert size % WIDTH[array["dtype"]] == 0


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_texts_take_their_colour_from_the_page(draw) -> None:
    layout = draw().figure.layout.to_plotly_json()
    layout.pop("template")
    assert "font" not in json.dumps(layout, default=str)


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_summary_is_one_plain_line(draw) -> None:
    summary = draw().summary
    assert summary.endswith(".")
    assert "\n" not in summary
    assert "nan" not in summary


def test_heat_map_leaves_a_gap_without_data_and_greys_what_was_not_judged() -> None:
    blind, shade = traces(heat_map(), type="heatmap")
    assert np.isnan(shade["z"][0, 2])
    assert np.isnan(blind["z"][0, 2])
    assert np.isnan(shade["z"][0, 3])
    assert blind["z"][0, 3] == 1


def test_only_a_breach_leaves_the_blues() -> None:
    _, shade = traces(heat_map(), type="heatmap")
    assert shade["z"][0, 1] == pytest.approx(3.0)  # 0.4 / 0.1, at the deepest shade
    assert shade["z"][0, 4] < 1  # above its threshold, yet judged ok


def test_a_lower_value_can_be_the_worse_one() -> None:
    chart = charts.heat_map(
        ["p"],
        DAYS[:2],
        [[0.01, 0.9]],
        [["breached", "ok"]],
        thresholds=[0.02],
        rows=[[9, 9]],
        worse="lower",
    )
    _, shade = traces(chart, type="heatmap")
    assert shade["z"][0].tolist() == pytest.approx([2.0, 0.02 / 0.9])


def test_every_cell_can_be_selected_and_says_its_status_in_words() -> None:
    marks = traces(heat_map(), type="scatter")
    assert sum(len(trace["x"]) for trace in marks) == 10
    assert {trace["name"] for trace in marks} == {"OK", "breached", "no data", "not enough data"}
    for trace in marks:
        assert trace["name"] in trace["hovertemplate"]
        assert trace["customdata"].shape == (len(trace["x"]), 3)
    symbols = [trace["marker"]["symbol"] for trace in marks]
    assert len(set(symbols)) == len(symbols)


def test_heat_map_summary_names_the_worst_feature() -> None:
    assert heat_map().summary == (
        "2 features on 5 days to 05 Nov 2026: 1 feature breached, "
        "most often distance on 1 day; 2 cells could not be judged."
    )


def test_heat_map_of_nothing() -> None:
    chart = charts.heat_map([], [], np.zeros((0, 0)), [], thresholds=[], rows=np.zeros((0, 0)))
    assert chart.summary == "No feature was measured."


def test_overlay_has_few_equal_bins_that_keep_the_rows() -> None:
    reference, production = traces(overlay(), type="scatter")
    assert len(reference["x"]) == DRAWN_BINS + 2
    assert np.diff(reference["x"]) == pytest.approx(np.diff(reference["x"])[0])
    for trace in (reference, production):
        assert float(trace["y"].sum()) == pytest.approx(1, abs=0.003)  # 99.8 % are drawn
        assert trace["y"][0] == trace["y"][-1] == 0


def test_logarithmic_cells_get_a_logarithmic_axis() -> None:
    edges = np.geomspace(1, 1e5, 2001)
    shares = np.full(2000, 1 / 2000)
    chart = charts.overlay(edges[:-1], edges[1:], shares, shares)
    assert chart.figure.layout.xaxis.type == "log"
    ratio = np.diff(np.log(traces(chart)[0]["x"]))
    assert ratio == pytest.approx(ratio[0])


def test_evenly_spaced_cells_stay_on_a_linear_axis() -> None:
    assert overlay(low=1, high=1e5).figure.layout.xaxis.type == "linear"


def test_cells_of_one_value_fall_into_the_bin_that_holds_them() -> None:
    hours = np.arange(24.0)
    shares = np.zeros(24)
    shares[[3, 23]] = 0.25, 0.75
    chart = charts.overlay(hours, hours, np.full(24, 1 / 24), shares)
    _, production = traces(chart)
    drawn = dict(zip(production["x"].tolist(), production["y"].tolist(), strict=True))
    assert drawn[3.0] == pytest.approx(0.25)
    assert drawn[23.0] == pytest.approx(0.75)
    assert len(drawn) == 26  # one bin an hour, and zero at both ends


def test_many_single_values_share_bins_evenly() -> None:
    minutes = np.arange(600.0)
    shares = np.full(600, 1 / 600)
    reference, _ = traces(charts.overlay(minutes, minutes, shares, shares))
    assert len(reference["x"]) <= DRAWN_BINS + 2
    assert reference["y"][2:-2] == pytest.approx(reference["y"][2], rel=1e-5)


def test_an_outlier_does_not_flatten_the_picture_and_is_mentioned() -> None:
    edges = np.array([*np.linspace(0, 10, 101), 1e9])
    shares = np.append(np.full(100, 0.00999), 0.001)
    chart = charts.overlay(edges[:-1], edges[1:], shares, shares)
    assert traces(chart)[0]["x"].max() < 11
    assert "0.1% of rows lie outside" in chart.summary


def test_a_constant_feature_can_be_drawn() -> None:
    chart = charts.overlay([5.0], [5.0], [1.0], [1.0])
    assert traces(chart)[0]["y"].max() == pytest.approx(1.0)


def test_a_feature_without_rows_can_be_drawn() -> None:
    chart = charts.overlay([0.0, 1.0], [1.0, 2.0], [0.0, 0.0], [0.0, 0.0])
    assert traces(chart)[0]["y"].max() == 0


def test_rare_categories_are_one_bar_and_new_ones_are_seen() -> None:
    reference, production = np.full(50, 1 / 49), np.zeros(50)
    reference[49], production[49] = 0.0, 1.0
    chart = charts.overlay_categories([f"c{i}" for i in range(50)], reference, production)
    bars = traces(chart, type="bar")
    assert chart.figure.layout.yaxis.ticktext[0] == "c49"
    assert chart.figure.layout.yaxis.ticktext[-1] == "30 others"
    assert sum(bars[0]["x"]) == pytest.approx(1)
    assert chart.summary.startswith("The widest gap is c49: 0.0% of reference rows, 100.0%")


def test_names_of_features_are_shown_literally_and_short() -> None:
    evil = "<a href='http://evil.example'>x</a>" * 3
    chart = charts.overlay_categories([evil], [1.0], [1.0])
    text = chart.figure.layout.yaxis.ticktext[0]
    assert "<" not in text
    assert text.startswith("&lt;a href")


def test_trend_has_value_band_threshold_floor_and_volume() -> None:
    chart = trend()
    layout = chart.figure.to_dict()["layout"]
    assert [trace.get("name") for trace in traces(chart)] == [
        None,
        "95 % interval",
        "PSI of distance",
        "breached",
        "noise floor",
        "rows",
    ]
    assert traces(chart, name="rows")[0]["yaxis"] == "y2"
    assert layout["shapes"][0]["y0"] == 0.15
    assert layout["yaxis"]["domain"][0] > layout["yaxis2"]["domain"][1]
    assert traces(chart, name="breached")[0]["y"].tolist() == [0.2, 0.3]


def test_trend_summary() -> None:
    assert trend().summary == (
        "PSI of distance from 01 Nov to 05 Nov 2026: last 0.1, highest 0.3 on 04 Nov; "
        "breached 2 of 5 times at threshold 0.15; 1 times without a value."
    )


def test_times_are_utc_epoch_milliseconds() -> None:
    assert traces(trend(), name="rows")[0]["x"][0] == 1793491200000.0  # 2026-11-01T00:00Z
    with pytest.raises(ValueError, match="UTC"):
        charts.trend([datetime(2026, 11, 1)], [1.0], name="x", rows=[1])  # noqa: DTZ001 - the point


def test_sparkline_keeps_spikes() -> None:
    values = np.zeros(1000)
    values[337] = 99
    thin = charts.sparkline(values, points=40)
    assert len(thin) <= 40
    assert max(v for v in thin if v is not None) == 99


@pytest.mark.parametrize(
    "colour", [figure.REFERENCE, figure.PRODUCTION, figure.THRESHOLD, figure.BREACHED]
)
@pytest.mark.parametrize("page", ["#FFFFFF", "#10161E"])
def test_fixed_colours_stand_out_from_both_pages(colour: str, page: str) -> None:
    assert contrast(colour, page) >= 3


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
