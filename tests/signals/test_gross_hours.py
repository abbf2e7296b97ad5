"""Hours judged for gross changes: made-up deployments, each with one thing that happens to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from monitoring.baselines.gross_hours import (
    DRIFT,
    NULLS,
    QUALITY,
    SHIFT,
    UNSEEN,
    HourMetric,
    judged,
)
from monitoring.counting.engine.hours import HourStore, count, scale_of
from monitoring.counting.engine.tables import write_table
from monitoring.counting.totals.hours import CELLS, HourColumn, HourCounts, cell, positions
from monitoring.decisions.in_force import DEFAULT
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.signal import HOUR, Question
from monitoring.verdict import spells
from monitoring.window import DAY, Window

FIRST = date(2026, 9, 1)
BLUE = Place(endpoint="credit", deployment="blue")
#: When what happens begins.
ONSET = datetime(2026, 10, 14, 10, tzinfo=UTC)
DAYS = 50
#: Hours in which a deployment is asked: not at night.
AWAKE = range(6, 24)
CARRIERS = np.array(["AA", "B6", "DL", "UA"])

Columns = dict[str, np.ndarray]
#: Changes the columns of an hour, which are those of `hour_of`.
Change = Callable[[Columns, datetime], None]


def nothing(columns: Columns, moment: datetime) -> None:
    """An ordinary hour."""


def hour_of(moment: datetime, rows: int, random: np.random.Generator) -> Columns:
    """Return an ordinary hour: warm by day and cold by night, other weather every day, a weekend."""
    weather = np.random.default_rng(moment.toordinal()).normal(0, 6)
    warmth = 60 + weather + 10 * np.sin((moment.hour - 9) / 24 * 2 * np.pi)
    delay = 15.0 if moment.weekday() < 5 else 8.0
    return {
        "temp": warmth + random.normal(0, 2, rows),
        "distance": random.choice([200.0, 500.0, 700.0, 1000.0, 1500.0, 2500.0], rows),
        "delay": random.exponential(delay, rows),
        "pixel": random.integers(0, 17, rows).astype(float),
        "border": np.zeros(rows),
        "carrier": random.choice(CARRIERS, rows, p=[0.3, 0.2, 0.3, 0.2]).astype(object),
    }


PLAN = {
    "temp": HourColumn("numerical", scale_of(np.array([45.0, 75.0]))),
    "distance": HourColumn("numerical", scale_of(np.array([350.0, 1750.0]))),
    "delay": HourColumn("numerical", scale_of(np.array([0.0, 28.0]))),
    "pixel": HourColumn("numerical", scale_of(np.array([3.0, 13.0]))),
    "border": HourColumn("numerical", scale_of(np.zeros(3))),
    "carrier": HourColumn("categorical"),
}


def awake(moment: datetime) -> int:
    """Rows of an hour."""
    return 60 if moment.hour in AWAKE else 0


def counts_of(
    change: Change = nothing,
    *,
    days: Iterable[int] = range(DAYS),
    rows: Callable[[datetime], int] = awake,
) -> dict[date, HourCounts]:
    """Count a deployment's days from `FIRST` on, changed from `ONSET` on."""
    found = {}
    for day in days:
        is_before = FIRST + day * DAY < ONSET.date()
        counts = day_of(day, nothing if is_before else change, rows)
        if counts is not None:
            found[FIRST + day * DAY] = counts
    return found


@cache
def day_of(day: int, change: Change, rows: Callable[[datetime], int]) -> HourCounts | None:
    """Count one day; the days before the onset are the same for most tests."""
    random, start, hours = np.random.default_rng(day), Window.day(FIRST + day * DAY).start, []
    for hour in range(24):
        moment = start + hour * HOUR
        if number := rows(moment):
            columns = hour_of(moment, number, random)
            if moment >= ONSET:
                change(columns, moment)
            seconds = int(moment.timestamp()) + np.sort(random.integers(0, 3600, number))
            hours.append({"time": seconds.astype("datetime64[s]"), **columns})
    if not hours:
        return None
    whole = {n: np.concatenate([each[n] for each in hours]) for n in hours[0]}
    return count({n: arrow(v) for n, v in whole.items()}, PLAN)


def arrow(values: np.ndarray) -> pa.Array:
    return pa.array(values.tolist(), pa.string()) if values.dtype == object else pa.array(values)


@dataclass
class Here:
    """Who asks: about the days from the onset on."""

    window: Window
    thresholds: Mapping[str, float] = field(default_factory=dict)
    signal: str = "data_drift"

    @property
    def question(self) -> Question:
        return Question(
            deployed=None,  # type: ignore[arg-type]  # nothing is fetched
            place=BLUE, window=self.window, step=HOUR, taken=self.window.end,
            in_force=lambda *_: DEFAULT,
        )  # fmt: skip


SINCE = Window(Window.day(ONSET.date()).start, Window.day(FIRST + DAYS * DAY).start)
WHOLE = Window(Window.day(FIRST).start, SINCE.end)


def results_of(
    counts: Mapping[date, HourCounts],
    metrics: tuple[HourMetric, ...] = (*DRIFT, *QUALITY),
    window: Window = SINCE,
    thresholds: Mapping[str, float] | None = None,
) -> tuple[MetricResult, ...]:
    return judged(Here(window, thresholds or {}), counts, PLAN, metrics)


def alarms(results: Iterable[MetricResult]) -> dict[tuple[str, str], datetime]:
    """Return by feature and metric when a breach was certain first."""
    series: dict[tuple[str, str], list[MetricResult]] = {}
    for result in results:
        series.setdefault((result.place.feature, result.metric), []).append(result)
    found = {key: spells(history) for key, history in series.items()}
    return {key: runs[0].fired for key, runs in found.items() if runs}


def by(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Change:
    def changed(columns: Columns, moment: datetime) -> None:
        columns[name] = change(columns[name])

    return changed


def celsius(values: np.ndarray) -> np.ndarray:
    return (values - 32) / 1.8


def half(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    """Change every other row."""
    return lambda values: np.where(np.arange(len(values)) % 2, change(values), values)


GROSS: dict[str, tuple[Change, str, HourMetric]] = {
    "seconds for minutes": (by("delay", lambda v: v * 60), "delay", SHIFT),
    "celsius for fahrenheit": (by("temp", celsius), "temp", SHIFT),
    "kilometres for miles": (by("distance", lambda v: v * 1.609), "distance", SHIFT),
    "inverted": (by("border", half(lambda v: 16 - v)), "border", SHIFT),
    "filled with a constant": (by("distance", lambda v: v * 0), "distance", SHIFT),
    "nulls": (by("temp", half(lambda v: v * np.nan)), "temp", NULLS),
    "a category renamed": (
        by("carrier", lambda v: np.where(v == "UA", "UAL", v).astype(object)), "carrier", UNSEEN,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GROSS)
def test_a_gross_change_is_certain_within_four_hours(name: str) -> None:
    change, feature, metric = GROSS[name]
    fired = alarms(results_of(counts_of(change)))
    assert fired[feature, metric.name] <= ONSET + 4 * HOUR
    assert {each for each, _ in fired} == {feature}


def test_days_and_nights_weekends_and_weather_are_no_change() -> None:
    results = results_of(counts_of(), window=WHOLE)
    assert alarms(results) == {}
    assert {r.status for r in results} == {"ok", "not_enough_data"}


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_changes_is_no_change(hours: int) -> None:
    """What people do at noon, local time, they do an hour sooner or later by UTC."""

    def shifted(columns: Columns, moment: datetime) -> None:
        columns |= hour_of(moment + hours * HOUR, 60, np.random.default_rng(moment.hour))

    assert alarms(results_of(counts_of(shifted))) == {}


def test_a_slow_change_is_left_to_the_days() -> None:
    def slow(columns: Columns, moment: datetime) -> None:
        columns["temp"] = columns["temp"] - 1.5 * ((moment - ONSET) / DAY)

    assert alarms(results_of(counts_of(slow))) == {}


def test_an_hour_of_three_rows_is_grey() -> None:
    def rows(moment: datetime) -> int:
        return 3 if moment >= ONSET else 60 if moment.hour in AWAKE else 0

    results = results_of(counts_of(GROSS["seconds for minutes"][0], rows=rows))
    few = [r for r in results if r.window and r.window.start >= ONSET]
    assert {(r.status, r.reason) for r in few} == {("not_enough_data", "3 rows, 30 needed")}
    assert len({r.window for r in few}) == len(few) > 24


def test_an_hour_without_rows_says_nothing() -> None:
    def rows(moment: datetime) -> int:
        return 60 if moment.hour in AWAKE and moment.hour != 12 else 0

    results = results_of(counts_of(rows=rows))
    hours = {r.window.start.hour for r in results if r.window}
    assert hours == {*AWAKE} - {12}


def test_missing_hours_delay_and_do_not_hide() -> None:
    def rows(moment: datetime) -> int:
        gap = ONSET + HOUR <= moment < ONSET + 3 * HOUR
        return 60 if moment.hour in AWAKE and not gap else 0

    fired = alarms(results_of(counts_of(GROSS["seconds for minutes"][0], rows=rows)))
    assert fired["delay", SHIFT.name] == ONSET + 4 * HOUR


def test_a_young_deployment_has_no_verdict() -> None:
    change, _, _ = GROSS["seconds for minutes"]
    days = range((ONSET.date() - FIRST).days - 5, DAYS)
    results = results_of(counts_of(change, days=days))
    first = [r for r in results if r.window and r.window.start < SINCE.start + 5 * DAY]
    assert {r.status for r in first} == {"not_enough_data"}
    assert any("days with hours to learn from, 14 needed" in r.reason for r in first)


def test_what_lasts_stays_in_breach_for_a_week_and_then_is_what_days_are_like() -> None:
    results = results_of(counts_of(GROSS["kilometres for miles"][0]), (SHIFT,))
    bad = [r for r in results if r.place.feature == "distance" and r.status == "breached"]
    seen = {r.window.start.date() for r in bad if r.window}
    assert {ONSET.date() + n * DAY for n in range(6)} <= seen


def test_a_breach_ends_with_two_good_hours() -> None:
    def short(columns: Columns, moment: datetime) -> None:
        if moment < ONSET + 3 * HOUR:
            columns["delay"] = columns["delay"] * 60

    results = results_of(counts_of(short), (SHIFT,))
    (spell,) = spells(r for r in results if r.place.feature == "delay")
    assert (spell.start, spell.end) == (ONSET, ONSET + 3 * HOUR)


def test_what_is_asked_does_not_change_what_is_said() -> None:
    """An hour alone, as it is evaluated once it is over, says what it says among many."""
    counts = counts_of(GROSS["celsius for fahrenheit"][0])
    whole = results_of(counts)
    for hour in range(9, 14):
        start = Window.day(ONSET.date()).start + hour * HOUR
        window = Window(start, start + HOUR)
        there = {day: each for day, each in counts.items() if day <= ONSET.date()}
        assert results_of(there, window=window) == tuple(r for r in whole if r.window == window)


def test_hours_that_are_not_over_say_nothing() -> None:
    here = Here(Window(ONSET, ONSET + 3 * HOUR / 2))
    found = judged(here, counts_of(), PLAN, DRIFT)
    assert {r.window for r in found} == {Window(ONSET, ONSET + HOUR)}


def test_a_threshold_put_in_force_holds_the_hours_and_not_the_days() -> None:
    counts = counts_of(GROSS["seconds for minutes"][0])
    own = {f"{SHIFT.key}:delay": 1e6}
    assert alarms(results_of(counts, thresholds=own)) == {}
    assert alarms(results_of(counts, thresholds={SHIFT.key: 1e6})) == {}
    assert alarms(results_of(counts, thresholds={SHIFT.name: 1e6})) != {}


def test_every_result_says_what_it_was_compared_with() -> None:
    results = results_of(counts_of())
    known = [r for r in results if r.status == "ok"]
    assert known
    assert all("whatever the baseline of the days" in r.method for r in known)
    assert all(r.reference_rows and r.rows >= 30 for r in known)


def test_cells_are_in_order_and_hold_whatever_there_is() -> None:
    scale = scale_of(np.array([45.0, 75.0]))
    values = np.concatenate([-np.logspace(9, -3, 500), np.logspace(-3, 9, 500)])
    cells = cell(values, scale)
    assert (np.diff(cells) >= 0).all()
    assert (cells.min(), cells.max()) == (0, CELLS - 1)
    middle = scale.centre + scale.unit * positions()
    assert cell(middle, scale).tolist() == list(range(CELLS))


def test_a_day_is_counted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = np.datetime64("2026-10-01T08:00") + np.arange(90) * np.timedelta64(60, "s")
    columns = {"time": times, "amount": np.arange(90.0), "sort": ["a", "b", None] * 30}
    table = write_table(columns, tmp_path / "day.parquet")
    store = HourStore(tmp_path / "kept")
    plan = store.plan(table, ("amount", "sort", "time"))
    assert [(name, each.kind) for name, each in plan.items()] == [
        ("amount", "numerical"), ("sort", "categorical"),
    ]  # fmt: skip
    (found,) = store.inputs({0: table.paths[0]}, plan).values()
    assert (found.rows[8], found.rows[9], found.rows.sum()) == (60, 30, 90)
    assert found.cells[8].sum() == 60
    assert (found.nulls["sort"][8], found.nulls["amount"][8]) == (20, 0)
    assert dict(zip(found.categorical["sort"].labels, found.categorical["sort"].counts[9], strict=True)) == {"a": 10, "b": 10}  # fmt: skip
    monkeypatch.setattr("monitoring.counting.engine.hours.count", None)
    (again,) = store.inputs({0: table.paths[0]}, plan).values()
    assert (again.cells == found.cells).all()


def test_a_column_of_another_type_is_null_and_an_identifier_is_no_category() -> None:
    times = pa.array(np.full(1200, np.datetime64("2026-10-01T08:00", "s")))
    texts = pa.array([f"id {n}" for n in range(1200)])
    plan = {"amount": HourColumn("numerical"), "id": HourColumn("categorical")}
    found = count({"time": times, "amount": texts, "id": texts}, plan)
    assert found.nulls["amount"][8] == 1200
    assert not found.categorical
