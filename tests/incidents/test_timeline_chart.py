"""The timeline's figure: few points, honest gaps, one axis, and words for those who cannot see it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from synthetic_incidents import HOUR, NOW, report, result

from monitoring.charts.timeline import timeline
from monitoring.charts.timeline_rows import Zone
from monitoring.event import Event
from monitoring.incidents import lanes
from monitoring.place import Place
from monitoring.signal import Missing
from monitoring.window import Window

FOUR = (("credit", "blue"), ("credit", "green"), ("loan", "blue"), ("digits", "blue"))


def x_ms(time) -> float:
    return time.timestamp() * 1000


@pytest.mark.slow
@pytest.mark.parametrize(("days", "deployments"), [(30, FOUR), (30, FOUR[:1]), (90, FOUR)])
def test_a_long_timeline_has_five_thousand_points_at_most(days: int, deployments: tuple) -> None:
    whole = report(days, deployments)
    drawn = lanes.of(whole)
    figure = timeline(drawn, whole.window, incidents=whole.incidents).figure
    assert len({lane.name for lane in drawn}) >= 12
    assert sum(len(trace.x) for trace in figure.data) <= 5_000


def test_every_lane_has_a_row_of_its_own_and_all_share_one_axis_of_time() -> None:
    whole = report()
    drawn = lanes.of(whole)
    figure = timeline(drawn, whole.window, incidents=whole.incidents).figure.to_plotly_json()
    layout = figure["layout"]
    axes = [value for name, value in layout.items() if name.startswith("yaxis") and name != "yaxis"]
    assert len(axes) == len({lane.name for lane in drawn})
    ends = sorted(tuple(axis["domain"]) for axis in axes)
    assert all(low[1] < high[0] for low, high in itertools.pairwise(ends))
    assert {trace.get("xaxis", "x") for trace in figure["data"]} == {"x", "x2"}
    assert layout["xaxis2"]["matches"] == "x"
    written = " ".join(text["text"] for text in layout["annotations"])
    assert all(lane.label in written for lane in drawn)


def test_a_gap_is_no_line_and_the_step_before_it_is_held_to_its_end() -> None:
    start = NOW - 4 * HOUR
    results = [
        result("traffic", "latency_p95", "a/b", start + n * HOUR, HOUR, value)
        for n, value in enumerate((200.0, None, 400.0))
    ]
    figure = timeline(lanes.lanes(results, ()), Window(start, NOW)).figure
    line = next(t for t in figure.data if t.hovertemplate and "Latency" in t.hovertemplate)
    assert not line.connectgaps
    assert list(line.x) == [x_ms(start + n * HOUR) for n in (0, 1, 1, 2, 3)]
    assert list(line.y) == [200.0, 200.0, None, 400.0, 400.0]


def test_breached_steps_have_a_mark_of_their_own_shape() -> None:
    whole = report()
    figure = timeline(lanes.of(whole), whole.window).figure
    marks = [t for t in figure.data if t.mode == "markers" and t.marker.symbol == "diamond"]
    assert marks
    breached = {x_ms(r.window.start) for r in whole.results if r.status == "breached"}
    assert {float(x) for trace in marks for x in trace.x} <= breached


def test_near_events_of_a_kind_are_one_mark_and_none_is_lost() -> None:
    start = NOW - timedelta(days=7)
    events = [
        Event(time=start + n * timedelta(minutes=1), kind="console", title=f"line {n}", source="s")
        for n in range(3_000)
    ]
    figure = timeline(lanes.lanes((), events), Window(start, NOW)).figure
    (row,) = [t for t in figure.data if t.mode == "markers"]
    assert len(row.x) <= 150
    assert "and " in row.text[0]
    assert "more" in row.text[0]


def test_names_from_outside_are_drawn_and_not_obeyed() -> None:
    event = Event(time=NOW - HOUR, kind="alert", title="<img src=x> <b>bold</b>", source="s")
    figure = timeline(lanes.lanes((), [event]), Window(NOW - 2 * HOUR, NOW)).figure
    (row,) = [t for t in figure.data if t.mode == "markers"]
    assert "&lt;img src=x&gt;" in row.text[0]
    assert "<img" not in row.text[0]


def test_another_zone_moves_everything_by_one_distance_and_says_so() -> None:
    whole = report()
    drawn = lanes.of(whole)
    here = timeline(drawn, whole.window, incidents=whole.incidents).figure
    zone = Zone("Asia/Kolkata, UTC+05:30", timedelta(hours=5, minutes=30))
    there = timeline(drawn, whole.window, incidents=whole.incidents, zone=zone).figure
    for one, other in zip(here.data, there.data, strict=True):
        assert np.asarray(other.x) - np.asarray(one.x) == pytest.approx(5.5 * 3_600_000)
    for one, other in zip(here.layout.shapes, there.layout.shapes, strict=True):
        moved = 5.5 * 3_600_000 if one.xref == "x" else 0
        assert other.x0 - one.x0 == pytest.approx(moved)
    assert there.layout.xaxis.title.text == "Times are Asia/Kolkata, UTC+05:30"


def test_the_browser_is_told_of_other_numbers_by_another_revision() -> None:
    start = NOW - 4 * HOUR

    def figure(value: float) -> dict[str, Any]:
        results = [result("traffic", "latency_p95", "a/b", start, HOUR, value)]
        return timeline(lanes.lanes(results, ()), Window(start, NOW)).figure.to_plotly_json()

    one, same, other = figure(200.0), figure(200.0), figure(201.0)
    assert one["layout"]["datarevision"] == same["layout"]["datarevision"]
    assert one["layout"]["datarevision"] != other["layout"]["datarevision"]
    assert not any(isinstance(t[c], np.ndarray) for t in one["data"] for c in "xy")
    assert "template" not in one["layout"]


def test_an_open_incident_lasts_until_the_moment_that_is_replayed() -> None:
    whole = report()
    incident = whole.incidents[0]
    moment = incident.began + HOUR
    figure = timeline(
        lanes.of(whole),
        whole.window,
        incidents=[replace(incident, resolved=None)],
        chosen=incident.id,
        now=moment,
    ).figure
    (shade,) = [s for s in figure.layout.shapes if s.type == "rect"]
    assert (shade.x0, shade.x1) == (x_ms(incident.began), x_ms(moment))


def test_the_summary_says_what_is_wrong_and_what_is_missing() -> None:
    whole = report(
        missing=(
            Missing(
                "activity log", Place(), "Activity log: refused. Hint: Ask for the role Reader."
            ),
        )
    )
    said = timeline(lanes.of(whole), whole.window, incidents=whole.incidents).summary
    assert "incident" in said
    assert "in breach at some time" in said
    assert "something is missing in Deployments and traffic split" in said


def test_nothing_at_all_can_be_drawn() -> None:
    said = timeline(lanes.lanes((), ()), Window(NOW - HOUR, NOW)).summary
    assert "no incident" in said
    assert timeline((), Window(NOW - HOUR, NOW)).figure.layout.height > 0
