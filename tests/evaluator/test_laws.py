"""What makes a step due: its input, what is in force, the version of its signal; and nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn

import pytest
from sqlalchemy import text

from monitoring.decisions.stored import Author
from monitoring.decisions.threshold_sets import ThresholdSets
from monitoring.evaluator.rounds import Evaluator
from monitoring.overview.state import fleet
from monitoring.place import Place
from monitoring.signal import Question

from .toys import DAY, HOUR, ID, MINUTES_5, NOW, Bench, Step, Window

BLUE = Place(workspace=ID, endpoint="credit", deployment="blue")
MINUTE = timedelta(minutes=1)
TODAY = NOW.replace(hour=0)


def look(bench: Bench, evaluator: Evaluator) -> Counter[Step]:
    """One round a minute after the last listing; returns which steps it evaluated."""
    bench.small.fresh()
    evaluator.round()
    return bench.small.noted()


def look_at_all(bench: Bench, evaluator: Evaluator) -> Counter[Step]:
    """The same as if an hour had passed since the last look at everything."""
    evaluator._whole = None
    return look(bench, evaluator)


@pytest.fixture
def one(small: Bench) -> Evaluator:
    """An evaluator that has evaluated everything; two hours later the last hour is settled."""
    evaluator = small.evaluator()
    look(small, evaluator)
    small.clock.now += 2 * HOUR
    look_at_all(small, evaluator)
    return evaluator


def rows(bench: Bench) -> dict[str, list[tuple[object, ...]]]:
    """All that is in the database but for leases and heartbeats."""
    with bench.database.reading() as session:
        tables = [
            row[0]
            for row in session.execute(
                text("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
            )
        ]
        return {
            name: [tuple(row) for row in session.execute(text(f"SELECT * FROM {name}"))]
            for name in tables
            if name not in {"leases", "rounds"}
        }


def test_with_nothing_due_a_round_writes_its_heartbeat_alone(small: Bench, one: Evaluator) -> None:
    before, began = rows(small), one.rounds.last()
    for whole in (True, False):
        one._whole = None if whole else one._whole
        assert look(small, one) == {}
    assert rows(small) == before
    small.clock.now += MINUTE
    one.round()
    after = one.rounds.last()
    assert began is not None
    assert after is not None
    assert after.finished == began.finished + MINUTE


def test_a_late_file_makes_its_hours_and_its_day_due(small: Bench, one: Evaluator) -> None:
    hour = TODAY - 2 * DAY + 7 * HOUR
    small.small.write("blue", hour, "late")
    assert set(look_at_all(small, one)) == {
        Step("toy_inputs", "credit/blue", hour, HOUR),
        # the last rows of an hour may lie in the folder of the next one
        Step("toy_inputs", "credit/blue", hour - HOUR, HOUR),
        Step("toy_inputs", "credit/blue", TODAY - 2 * DAY, DAY),
    }


def test_late_labels_touch_what_reads_labels_and_nothing_else(small: Bench, one: Evaluator) -> None:
    day = TODAY - 2 * DAY
    small.small.label(day, "a")
    assert set(look_at_all(small, one)) == {
        Step("toy_performance", place, day, DAY) for place in ("credit/blue", "credit/green")
    }


def test_a_threshold_in_force_is_due_for_its_signal_and_place_alone(
    small: Bench, one: Evaluator
) -> None:
    sets, ana = ThresholdSets(small.database, ID.lower()), Author("Ana", "typed")
    strict = sets.create("toy_inputs", "strict", {"lines": -1.0}, author=ana, now=NOW)
    sets.switch(BLUE, "toy_inputs", strict, seen=None, author=ana, now=NOW)
    assert {step[:2] for step in look(small, one)} == {("toy_inputs", "credit/blue")}
    *_, latest = small.results.evaluations(
        everything(small), signals={"toy_inputs"}, places={BLUE}, step=HOUR
    )
    assert {(r.threshold, r.status) for r in latest.results} == {(-1.0, "breached")}
    (state,) = [each for each in fleet(small.snapshots) if each.place == BLUE]
    headline = state.of("toy_inputs")
    assert headline is not None
    assert headline.status == "breached"


def test_another_version_is_due_everywhere(small: Bench, one: Evaluator) -> None:
    small.what["toy_performance"] = replace(small.what["toy_performance"], version=2)
    newer = look(small, small.evaluator("two"))
    assert {step[:2] for step in newer} == {
        ("toy_performance", "credit/blue"),
        ("toy_performance", "credit/green"),
    }


def test_a_provisional_step_is_evaluated_again_once_it_is_settled(small: Bench) -> None:
    """Three hours of rounds: each step that is over and settled twice, never in between."""
    evaluator, counted = small.evaluator(), Counter[Step]()
    look(small, evaluator)
    for _ in range(36):
        small.clock.now += MINUTES_5
        counted += look(small, evaluator)
    assert counted[Step("toy_traffic", "workspace", NOW, HOUR)] == 2
    assert counted[Step("toy_traffic", "workspace", NOW, MINUTES_5)] == 2
    assert max(counted.values()) == 2


def test_a_file_that_grows_is_read_no_more_often_than_its_grid(small: Bench) -> None:
    evaluator, counted = small.evaluator(), Counter[Step]()
    look(small, evaluator)
    for _ in range(36):
        small.small.write("blue", small.clock.now.replace(minute=0), "more")
        small.clock.now += MINUTES_5
        counted += look(small, evaluator)
    assert 1 <= counted[Step("toy_inputs", "credit/blue", NOW, HOUR)] <= 3


def test_what_cannot_be_read_is_blind_and_due_again_and_nothing_settled_is_lost(
    small: Bench, one: Evaluator
) -> None:
    good = small.results.evaluations(everything(small))
    small.small.fault.touch()
    small.clock.now += HOUR
    assert look_at_all(small, one)
    kept = small.results.evaluations(everything(small))
    assert all(each in kept for each in good if each.window.end < NOW - HOUR)
    blind = [each for each in kept if not each.complete]
    assert {each.signal for each in blind} >= {"toy_inputs", "toy_traffic"}
    small.small.fault.unlink()
    assert look_at_all(small, one) == {}  # not at once
    small.clock.now += 30 * MINUTE  # the longer it lasts, the less often
    assert look_at_all(small, one)
    assert all(each.complete for each in small.results.evaluations(everything(small)))


@pytest.mark.parametrize("name", ["toy_inputs", "toy_activity"])
def test_a_fault_of_ours_is_blind_and_due_again_and_the_round_goes_on(
    small: Bench, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    sound = small.what[name]

    def broken(question: Question) -> NoReturn:
        raise KeyError("income")

    small.what[name] = replace(sound, evaluate=broken)
    assert {step.signal for step in look(small, small.evaluator())} == small.what.keys() - {name}
    assert "Traceback" in caplog.text
    kept = small.results.evaluations(everything(small), signals={name})
    assert kept
    for each in kept:
        assert (each.complete, each.results) == (False, ())
        assert "A fault in this product, KeyError, ended the evaluation" in each.missing[0]
    small.what[name] = sound
    assert look(small, small.evaluator()) == {}  # not at once
    small.clock.now += HOUR
    assert name in {step.signal for step in look(small, small.evaluator())}
    assert all(e.complete for e in small.results.evaluations(everything(small), signals={name}))


def everything(bench: Bench) -> Window:
    return Window(NOW - 5 * DAY, bench.clock.now)


@pytest.mark.parametrize("back", [10 * MINUTE, HOUR, 30 * HOUR, 40 * DAY], ids=str)
def test_a_clock_that_is_set_back_breaks_nothing(
    small: Bench, one: Evaluator, back: timedelta
) -> None:
    small.clock.now -= back
    look_at_all(small, one)
    assert look_at_all(small, one) == {}
    small.small.write("blue", TODAY - DAY, "late")
    small.clock.now += back + 6 * HOUR
    for _ in range(3):
        look_at_all(small, one)
    assert look_at_all(small, one) == {}
