"""What was measured is kept whole, once, and the newest counts."""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import event, text, update

from monitoring.database.database import Database
from monitoring.database.result_tables import EvaluationRow
from monitoring.errors import LeaseLost
from monitoring.metric import Interval, MetricResult
from monitoring.results.evaluation import Done, Evaluation
from monitoring.results.leases import Leases
from monitoring.results.store import Results
from monitoring.window import Window

from .conftest import (
    BLUE,
    DAY,
    GREEN,
    HOUR,
    MIDNIGHT,
    MINUTE,
    NOW,
    WORKSPACE,
    evaluation,
    hours,
    result,
    values,
)

WHOLE_DAY = Window(MIDNIGHT, MIDNIGHT + DAY)
LATER = NOW + HOUR


def every_field(window: Window) -> MetricResult:
    return MetricResult(
        signal="data_drift", metric="m", place=BLUE.of("income"), status="breached", threshold=1e-300,
        worse="lower", unit="€", method="µ", mode="azureml", kind="categorical", window=window,
        value=-0.0, interval=Interval(-1.5, 2.5), noise_floor=0.1, error_bound=0.2, pvalue=0.3,
        adjusted_pvalue=0.4, reference_rows=10**12, rows=0, service_verdict="ok", reason="why",
        hint="what next",
    )  # fmt: skip


def test_every_field_comes_back_to_the_bit(results: Results) -> None:
    first, second = hours(0, 2).split(HOUR)
    written = (
        every_field(first),
        result(first, None, "city", status="no_data", reason="no rows"),
        result(second, math.inf, interval=Interval(-math.inf, math.inf), signal="another"),
        result(second, 1, rows=1),
        result(second, 1.0),
    )
    results.add([evaluation(hours(0, 2), results=written, missing=("logs", "labels"))])
    (stored,) = results.evaluations(WHOLE_DAY)
    assert stored == evaluation(hours(0, 2), results=written, missing=("logs", "labels"))
    assert [repr(r) for r in stored.results] == [repr(r) for r in written]
    assert results.results(WHOLE_DAY) == written


def test_what_is_no_number_and_what_numpy_made_come_back(results: Results) -> None:
    numbers = (math.nan, np.float64(0.1), -math.inf, np.nan)
    results.add([evaluation(results=tuple(result(hours(0, 1), x, interval=None) for x in numbers))])
    assert [repr(r.value) for r in results.results(WHOLE_DAY)] == ["nan", "0.1", "-inf", "nan"]


def test_the_newest_counts_as_a_whole_even_with_fewer_results(results: Results) -> None:
    results.add([evaluation(hours(0, 4), features=("a", "b"))])
    results.add([evaluation(hours(1, 3), 0.5, ("a",), fingerprint="file-2", evaluated=LATER)])
    stored = [(r.window.start.hour, r.place.feature, r.value) for r in results.results(WHOLE_DAY)]
    assert stored == [
        (0, "a", 0.05), (0, "b", 0.05), (1, "a", 0.5), (2, "a", 0.5), (3, "a", 0.05), (3, "b", 0.05),
    ]  # fmt: skip
    assert [e.window for e in results.evaluations(WHOLE_DAY)] == [
        hours(0, 1), hours(1, 3), hours(3, 4),
    ]  # fmt: skip
    results.add([evaluation(hours(1, 2), results=(), fingerprint="file-3", evaluated=LATER)])
    assert values(results) == {0: 0.05, 2: 0.5, 3: 0.05}


def test_an_evaluation_made_earlier_does_not_replace_a_later_one(results: Results) -> None:
    results.add([evaluation(value=0.5, evaluated=LATER)])
    assert results.add([evaluation(value=0.1, fingerprint="file-0")]) == 1
    assert values(results) == {0: 0.5}


def test_an_equal_evaluation_is_stored_once(results: Results) -> None:
    both = [evaluation(), evaluation(hours(1, 2))]
    assert results.add([*both, *both]) == 2
    assert results.add([replace(each, evaluated=LATER, seconds=9) for each in both]) == 0
    assert [e.evaluated for e in results.evaluations(WHOLE_DAY)] == [NOW, NOW]
    for change in ({"in_force": "other"}, {"fingerprint": "other"}, {"version": 2}):
        assert results.add([evaluation(**change)]) == 1


def test_what_was_in_force_before_can_be_so_again(results: Results) -> None:
    for digest, value in (("default", 0.1), ("mine", 0.2), ("default", 0.1)):
        assert results.add([evaluation(value=value, in_force=digest)]) == 1
        ((_, done),) = results.done("data_drift", HOUR, WHOLE_DAY).items()
        assert done.in_force == digest
    assert values(results) == {0: 0.1}


def test_an_hour_covered_by_a_day_since_is_stored_again(results: Results) -> None:
    results.add([evaluation(hours(3, 4), 0.3)])
    results.add([evaluation(hours(0, 24), 0.2, in_force="mine")])
    assert results.add([evaluation(hours(3, 4), 0.3)]) == 1
    assert values(results)[3] == 0.3


def test_an_incomplete_one_gives_way_to_what_else_came_in(results: Results) -> None:
    blind = evaluation(results=(), complete=False, missing=("logs",))
    assert results.add([blind]) == 1
    assert results.add([replace(blind, evaluated=LATER)]) == 0
    (done,) = results.done("data_drift", HOUR, WHOLE_DAY).values()
    assert (done.complete, done.evaluated) == (
        False,
        LATER,
    )  # so that it is not tried at once again
    partial = evaluation(complete=False, missing=("labels",), evaluated=LATER)
    assert results.add([partial]) == 1
    assert results.add([evaluation(evaluated=LATER)]) == 1
    assert [e.complete for e in results.evaluations(WHOLE_DAY)] == [True]


def test_results_are_chosen_by_signal_place_and_step(results: Results) -> None:
    five = Window(MIDNIGHT, MIDNIGHT + 5 * MINUTE)
    results.add(
        [
            evaluation(),
            evaluation(place=GREEN, value=0.2),
            evaluation(signal="data_quality", value=0.3),
            evaluation(five, 0.4, signal="traffic", step=5 * MINUTE),
        ]
    )
    assert len(results.results(WHOLE_DAY)) == 4
    assert values(results, places=[GREEN.of("income")]) == {0: 0.2}
    assert values(results, signals=["data_quality"]) == {0: 0.3}
    assert values(results, step=5 * MINUTE) == {0: 0.4}
    assert values(results, places=[], signals=["data_drift"]) == {}


def test_a_step_belongs_to_the_window_in_which_it_begins(results: Results) -> None:
    results.add(
        [evaluation(hours(0, 24)), evaluation(Window(MIDNIGHT + DAY, MIDNIGHT + DAY + HOUR))]
    )
    half_past = Window(MIDNIGHT + 22.5 * HOUR, MIDNIGHT + 24.5 * HOUR)
    assert [r.window.start.hour for r in results.results(half_past)] == [23, 0]
    assert [r.window.start.hour for r in results.results(hours(22, 24))] == [22, 23]


def test_workspaces_of_one_database_do_not_see_each_other(database: Database) -> None:
    here, there = Results(database, WORKSPACE), Results(database, WORKSPACE + "-2")
    here.add([evaluation()])
    there.add([evaluation(place=replace(BLUE, workspace=WORKSPACE + "-2"), value=0.9)])
    assert (values(here), values(there)) == ({0: 0.05}, {0: 0.9})
    assert there.prune(NOW) == 1
    assert values(here) == {0: 0.05}


def test_what_is_done_says_by_what(results: Results) -> None:
    results.add([evaluation(hours(0, 2)), evaluation(place=GREEN, in_force="mine", version=3)])
    mark = Done(in_force="default", fingerprint="file-1", version=1, evaluated=NOW, complete=True)
    done = results.done("data_drift", HOUR, WHOLE_DAY)
    assert done == {
        (BLUE, MIDNIGHT): mark,
        (BLUE, MIDNIGHT + HOUR): mark,
        (GREEN, MIDNIGHT): replace(mark, in_force="mine", version=3),
    }
    assert list(results.done("data_drift", HOUR, hours(1, 5), BLUE)) == [(BLUE, MIDNIGHT + HOUR)]
    assert results.done("data_drift", DAY, WHOLE_DAY) == {}


@pytest.mark.parametrize("damage", ["cut", "empty", "bit", "format", "garbage"])
def test_what_cannot_be_read_counts_as_not_done(
    results: Results, database: Database, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    results.add([evaluation(hours(0, 1), 0.1), evaluation(hours(1, 2), 0.2)])
    with database.writing() as session:
        payload = session.execute(text("SELECT payload FROM evaluations WHERE id = 2")).scalar()
        payload = bytes(payload)
        broken = {
            "cut": payload[: len(payload) // 2],
            "empty": b"",
            "bit": bytes([*payload[:-3], payload[-3] ^ 4, *payload[-2:]]),
            "format": b"\xff" + payload[1:],
            "garbage": b"garbage",
        }[damage]
        session.execute(update(EvaluationRow).where(EvaluationRow.id == 2).values(payload=broken))
    with caplog.at_level(logging.WARNING):
        assert values(results) == {0: 0.1}
    assert "cannot be read" in caplog.text
    assert list(results.done("data_drift", HOUR, WHOLE_DAY)) == [(BLUE, MIDNIGHT)]
    elsewhere = Results(database, results._workspace)  # as another process knows it
    assert list(elsewhere.done("data_drift", HOUR, WHOLE_DAY)) == [(BLUE, MIDNIGHT)]
    assert results.add([evaluation(hours(1, 2), 0.2)]) == 1  # so it is evaluated once more
    assert values(results) == {0: 0.1, 1: 0.2}


def test_nothing_is_written_without_the_lease(results: Results, database: Database) -> None:
    leases = Leases(database)
    lost = leases.take("drift of blue", "one", NOW, MINUTE)
    held = leases.take("drift of blue", "two", NOW + MINUTE, MINUTE)
    with pytest.raises(LeaseLost, match="no longer with 'one'"):
        results.add([evaluation()], lost)
    assert results.results(WHOLE_DAY) == ()
    assert results.add([evaluation()], held) == 1


def test_old_evaluations_are_removed_and_nothing_else(results: Results) -> None:
    results.add([evaluation(hours(n, n + 1), n / 10) for n in range(4)])
    results.add([evaluation(WHOLE_DAY, 0.9, signal="data_quality", step=DAY)])
    assert results.prune(MIDNIGHT + 2 * HOUR) == 2
    assert values(results, signals=["data_drift"]) == {2: 0.2, 3: 0.3}
    assert results.prune(NOW) == 3
    assert results.evaluations(WHOLE_DAY) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"place": BLUE.of("income")},
        {"window": hours(23, 25), "results": ()},
        {"window": Window(MIDNIGHT, MIDNIGHT + HOUR / 2), "results": ()},
        {"window": Window(MIDNIGHT + HOUR / 2, MIDNIGHT + 1.5 * HOUR), "results": ()},
        {"results": (result(hours(5, 6)),)},
        {"results": (result(None),)},
    ],
)
def test_evaluations_lie_on_the_grid(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="got"):
        evaluation(**change)


def test_a_day_of_many_deployments_is_small(results: Results, database: Database) -> None:
    """80 deployments: three signals every five minutes, two of 30 features an hour, ten a day."""
    features = tuple(f"feature_{n}" for n in range(30))
    random = np.random.default_rng(0)

    def measured(
        window: Window, step: timedelta, names: tuple[str, ...], each: int, signal: str
    ) -> Evaluation:
        noisy = tuple(
            result(
                window, random.random(), name, signal=signal, metric=f"metric_{n}",
                interval=Interval(random.random(), random.random()), pvalue=random.random(),
                noise_floor=random.random(), rows=int(random.integers(10_000)),
            )
            for name in names
            for n in range(each)
        )  # fmt: skip
        mark = {"in_force": "f" * 32, "fingerprint": random.bytes(16).hex()}
        return evaluation(window, results=noisy, step=step, signal=signal, **mark)

    def growth(step: timedelta, names: tuple[str, ...], each: int) -> float:
        """Bytes of the database for an evaluation, indexes included."""
        before, count = occupied(database), 0
        for n in range(4):
            windows = WHOLE_DAY.split(step)
            signal = f"{step.total_seconds():.0f} {n}"
            count += results.add([measured(w, step, names, each, signal) for w in windows])
        return (occupied(database) - before) / count

    growth(timedelta(minutes=10), ("",), 1)  # so that the tables have their first pages
    sizes = growth(5 * MINUTE, ("",), 2), growth(HOUR, features, 1)
    daily = 5 * sizes[1]  # up to five metrics of 30 features
    megabytes = 80 * (288 * 3 * sizes[0] + 24 * 2 * sizes[1] + 10 * daily) / 1e6
    assert megabytes < 50, sizes


def occupied(database: Database) -> int:
    with database.reading() as session:
        if session.get_bind().dialect.name == "postgresql":
            return int(
                session.execute(text("SELECT pg_total_relation_size('evaluations')")).scalar()
            )
        pages = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        return int(session.execute(text(pages)).scalar())


MANY = [
    replace(BLUE, endpoint=f"endpoint-{n}", deployment=name)
    for n in range(4)
    for name in ("blue", "green")
]


@pytest.fixture
def quarter(results: Results) -> Results:
    """Eight deployments, five signals, 30 days."""
    for n in range(30):
        day = Window(MIDNIGHT - n * DAY, MIDNIGHT - (n - 1) * DAY)
        signals = [evaluation(day, n, step=DAY, signal=f"signal-{s}") for s in range(5)]
        results.add(replace(each, place=place) for each in signals for place in MANY)
    return results


def test_months_of_many_deployments(quarter: Results) -> None:
    latest = quarter.evaluations(WHOLE_DAY)
    assert {(e.place, e.signal) for e in latest} == {
        (place, f"signal-{s}") for place in MANY for s in range(5)
    }
    week = Window(MIDNIGHT - 6 * DAY, MIDNIGHT + DAY)
    assert [r.value for r in quarter.results(week, places=MANY[:1], signals=["signal-3"])] == [
        6, 5, 4, 3, 2, 1, 0,
    ]  # fmt: skip
    assert len(quarter.done("signal-1", DAY, week)) == 8 * 7
    assert quarter.prune(MIDNIGHT) == 8 * 5 * 29


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_no_question_reads_all_evaluations(quarter: Results, database: Database) -> None:
    plans: list[str] = []

    @event.listens_for(database._engine, "before_cursor_execute")
    def explain(connection, cursor, statement, parameters, context, many) -> None:
        if "evaluations" in statement and not many:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[-1] for row in cursor.fetchall())

    quarter.results(WHOLE_DAY, places=MANY[:2])
    quarter.done("signal-1", DAY, WHOLE_DAY, MANY[0])
    quarter.add([evaluation(WHOLE_DAY, step=DAY, signal="signal-1", place=MANY[0], version=2)])
    quarter.prune(MIDNIGHT - 20 * DAY)
    assert any("SEARCH evaluations" in step for step in plans)
    assert [step for step in plans if "SCAN evaluations" in step] == []
