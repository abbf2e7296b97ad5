"""The lanes of the timeline: what is drawn, what is missing, and that thinning hides nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import at
from synthetic_incidents import HOUR, NOW, report, result

from monitoring.event import Event
from monitoring.incidents import lanes
from monitoring.incidents.lane import Lane
from monitoring.incidents.thinning import as_of, thinned, within
from monitoring.place import Place
from monitoring.signal import Missing
from monitoring.window import Window

START = NOW - timedelta(days=2)


def lane_of(values: list[float], statuses: list[str] | None = None, worse: str = "higher") -> Lane:
    hours = np.datetime64(START.replace(tzinfo=None), "s") + 3600 * np.arange(len(values))
    return Lane(
        name="x", label="X", group="traffic", place=at("a/b"), times=hours, values=np.array(values),
        statuses=tuple(statuses or ()), worse=worse, notes=tuple(str(n) for n in range(len(values))),
    )  # fmt: skip


def named(found: tuple[Lane, ...], name: str) -> list[Lane]:
    return [lane for lane in found if lane.name == name]


VALUES = st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), min_size=1, max_size=400)


@given(VALUES, st.integers(4, 90))
def test_thinning_keeps_least_and_greatest_and_every_point_is_one_of_the_lane(
    values: list[float], points: int
) -> None:
    whole = lane_of(values)
    thin = thinned(whole, points)
    assert len(thin.times) <= max(points, 4)
    assert np.all(np.diff(thin.times.astype(np.int64)) > 0)
    for time, value, note in zip(thin.times, thin.values, thin.notes, strict=True):
        place = int(note)
        assert time == whole.times[place]
        assert np.array_equal(value, whole.values[place], equal_nan=True)
    if not np.isnan(values).all():
        assert np.nanmin(thin.values) == np.nanmin(values)
        assert np.nanmax(thin.values) == np.nanmax(values)


@given(VALUES, st.integers(8, 90))
def test_each_stretch_keeps_its_own_spikes_and_gaps(values: list[float], points: int) -> None:
    whole = lane_of(values)
    if len(values) <= points:
        assert thinned(whole, points) is whole
        return
    kept = {int(note) for note in thinned(whole, points).notes}
    holds = []
    for per_stretch in (2, 3, 4):  # whichever number of stretches was taken
        stretches = np.array_split(np.arange(len(values)), points // per_stretch)
        holds.append(all(_keeps(whole.values[s], s, kept) for s in stretches))
    assert any(holds)


def _keeps(values: np.ndarray, places: np.ndarray, kept: set[int]) -> bool:
    mine = [place for place in places.tolist() if place in kept]
    gap = np.isnan(values).any()
    if gap and not any(np.isnan(values[place - places[0]]) for place in mine):
        return False
    known = values[~np.isnan(values)]
    drawn = [values[place - places[0]] for place in mine]
    return not len(known) or {known.min(), known.max()} <= set(drawn)


@pytest.mark.parametrize("worse", ["higher", "lower"])
def test_a_breached_step_survives_although_it_is_no_extreme(worse: str) -> None:
    values = [float(n % 50) for n in range(500)]
    statuses = ["ok"] * 500
    statuses[225] = "breached"
    thin = thinned(lane_of(values, statuses, worse), 40)
    assert "225" in thin.notes
    assert thin.statuses[thin.notes.index("225")] == "breached"


def test_a_lane_takes_four_points_at_least() -> None:
    with pytest.raises(ValueError, match="4 points"):
        thinned(lane_of([1.0] * 9), 3)


def test_missing_steps_and_steps_without_a_value_are_gaps() -> None:
    hours = [START + n * HOUR for n in (0, 1, 4)]
    results = [result("traffic", "error_rate", "a/b", at, HOUR, 0.001) for at in hours]
    results.append(result("traffic", "error_rate", "a/b", START + 5 * HOUR, HOUR, None))
    (lane,) = named(lanes.lanes(results, ()), "error_rate")
    assert np.isnan(lane.values).tolist() == [False, False, True, False, True]
    assert str(lane.times[2]) == str(np.datetime64((START + 2 * HOUR).replace(tzinfo=None), "s"))
    assert len(lane.statuses) == len(lane.values) == len(lane.notes)


def test_traffic_is_requests_by_the_minute_and_a_blind_step_is_no_zero() -> None:
    one = result("traffic", "error_rate", "a/b", START, HOUR, 0.0, rows=120)
    other = result("traffic", "error_rate", "a/b", START + HOUR, HOUR, None, rows=0)
    (lane,) = named(lanes.lanes([one, other], ()), "requests")
    assert lane.values[0] == 2.0
    assert np.isnan(lane.values[1])
    assert lane.threshold is None


def test_a_signal_is_drawn_by_its_worst_feature_as_a_multiple_of_its_threshold() -> None:
    day = timedelta(days=1)
    results = [
        result("data_drift", "distance", "a/b/temp", START, day, 0.3, threshold=0.1),
        result("data_drift", "distance", "a/b/wind", START, day, 0.09, threshold=0.1),
        result("data_drift", "distance", "a/b/temp", START + day, day, 0.05, threshold=0.1),
    ]
    (lane,) = named(lanes.lanes(results, ()), "data_drift")
    assert lane.values.tolist() == pytest.approx([3.0, 0.5])
    assert lane.statuses == ("breached", "ok")
    assert lane.threshold == 1.0
    assert lane.notes[0].startswith("temp: distance 0.3")


def test_a_breach_over_a_threshold_of_zero_is_drawn_at_the_end_of_the_scale() -> None:
    day = timedelta(days=1)
    one = result("data_quality", "constant_column", "a/b/x", START, day, 1.0, threshold=0.0)
    (lane,) = named(lanes.lanes([one], ()), "data_quality")
    assert lane.values.tolist() == [lanes.LARGEST_MULTIPLE]


def test_each_lane_says_what_is_missing_instead_of_vanishing() -> None:
    missing = (
        Missing("traffic", Place(), "Traffic: this identity has no access. Hint: Ask for a role."),
        Missing("data_drift", Place(endpoint="a", deployment="b"), "Nothing to compare with."),
    )
    found = lanes.lanes((), (), missing)
    assert {lane.name for lane in found} >= {
        "requests", "error_rate", "latency_p95", "ready_instances_share", "deployments",
        "configuration", "collected_share", "cpu_utilization", "memory_utilization",
        "disk_utilization", "data_drift", "data_quality", "model_performance",
        "estimated_performance", "jobs", "containers", "alerts",
    }  # fmt: skip
    assert "no access" in named(found, "requests")[0].missing
    assert "Nothing to compare with" in named(found, "data_drift")[0].missing
    assert named(found, "data_quality")[0].missing == "nothing was measured in this window"


def test_only_estimates_are_marked_as_such() -> None:
    found = lanes.of(report())
    assert {lane.name.partition(":")[0] for lane in found if lane.estimated} == {
        "estimated_performance"
    }


def test_a_quiet_lane_is_drawn_for_a_breach_only() -> None:
    calm = result("demand", "requests_share", "a", START, HOUR, 0.9)
    assert not named(lanes.lanes([calm], ()), "requests_share")
    silent = replace(calm, status="breached", value=0.0)
    (lane,) = named(lanes.lanes([calm, silent], ()), "requests_share")
    assert lane.statuses


def test_metrics_in_other_units_get_lanes_of_their_own() -> None:
    results = [
        result("model_performance", "accuracy", "a/b", START, HOUR, 0.8),
        result("model_performance", "mean_absolute_error", "c/d", START, HOUR, 7.0),
    ]
    names = [lane.name for lane in lanes.lanes(results, ()) if lane.times.size]
    assert names == ["model_performance:accuracy", "model_performance:mean_absolute_error"]


def test_what_is_not_listed_gets_a_lane_too() -> None:
    (lane,) = named(
        lanes.lanes([result("jobs", "new_metric", "workspace", START, HOUR, 2.0)], ()), "new_metric"
    )
    assert lane.values.tolist() == [2.0]


def test_every_event_is_on_one_lane() -> None:
    every = report().events
    drawn = [event for lane in lanes.lanes((), every) for event in lane.events]
    assert sorted(map(id, drawn)) == sorted(map(id, every))


def test_a_scope_has_its_own_lanes_and_what_is_shared() -> None:
    whole = report(2, (("a", "blue"), ("a", "green"), ("b", "blue")))
    found = lanes.of(whole, "A", "blue")
    assert {lane.subject for lane in found} == {"", "a/blue"}
    shared = Event(time=NOW - HOUR, kind="role", title="t", source="s")
    other = replace(shared, endpoint="b")
    events = [
        e for lane in lanes.of(replace(whole, events=(shared, other)), "a") for e in lane.events
    ]
    assert events == [shared]


def test_a_lane_as_of_a_moment_holds_only_steps_that_were_over() -> None:
    lane = lane_of([1.0, 2.0, 3.0])
    assert as_of(lane, START + 2 * HOUR).values.tolist() == [1.0, 2.0]
    assert as_of(lane, START + 2 * HOUR - timedelta(seconds=1)).values.tolist() == [1.0]


def test_a_window_keeps_the_steps_that_it_touches() -> None:
    lane = lane_of([1.0, 2.0, 3.0, 4.0])
    part = Window(START + 1.5 * HOUR, START + 2.5 * HOUR)
    assert within(lane, part.start, part.end).values.tolist() == [2.0, 3.0]
