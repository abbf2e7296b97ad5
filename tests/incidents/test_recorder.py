"""Incidents keep their identity while more becomes known of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import kept_results
import pytest
from judged import DAY, HOUR, START, event, steps

from monitoring.database.database import Database
from monitoring.event import Event
from monitoring.incidents.folding import fold
from monitoring.incidents.identity import recognise
from monitoring.incidents.record import Recorder
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.results.evaluation import Touch
from monitoring.results.events import Events
from monitoring.results.incidents import IncidentBook
from monitoring.results.store import Results
from monitoring.window import Window

WORKSPACE = "/subscriptions/0/resourcegroups/ml/workspaces/w"
BLUE = Place(workspace=WORKSPACE, endpoint="credit", deployment="blue")
NOW = START + 5 * DAY
MINUTES_5 = timedelta(minutes=5)


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    database = Database(f"sqlite:///{tmp_path / 'leeway.sqlite'}")
    return Recorder(
        Results(database, WORKSPACE),
        Events(database, WORKSPACE),
        IncidentBook(database, WORKSPACE),
    )


def keep(recorder: Recorder, results: Iterable[MetricResult], fingerprint: str = "1") -> None:
    kept_results.keep(recorder.results, results, WORKSPACE, evaluated=NOW, fingerprint=fingerprint)


def record(recorder: Recorder, now: object = NOW) -> int:
    return recorder.record([Touch(BLUE, "traffic", START, breached=True)], now)


def ids(recorder: Recorder) -> list[str]:
    return [each.id for each in recorder.book.list(Window(START - DAY, NOW))]


def test_nothing_new_adds_no_revision(recorder: Recorder) -> None:
    keep(recorder, steps("obbbbo"))
    assert record(recorder) == 1
    assert record(recorder) == 0


def test_late_steps_that_move_the_beginning_keep_the_id(recorder: Recorder) -> None:
    keep(recorder, steps("obbb", start=START + 2 * DAY))
    record(recorder)
    (before,) = ids(recorder)
    keep(recorder, steps("b" * 24, start=START + DAY))
    record(recorder)
    assert ids(recorder) == [before]
    story = recorder.book.get(before)
    assert story.revision.revision == 2
    assert story.incident.began == START + DAY


def test_two_that_turn_out_to_be_one_keep_the_older_id_and_the_other_says_so(
    recorder: Recorder,
) -> None:
    keep(recorder, steps("bbbo") + steps("obbb", start=START + 3 * DAY))
    record(recorder)
    newer, older = ids(recorder)
    keep(recorder, steps("b" * 24, start=START + DAY) + steps("b" * 24, start=START + 2 * DAY))
    record(recorder)
    assert ids(recorder) == [older]
    gone = recorder.book.get(newer)
    assert gone.revision.withdrawn
    assert gone.word == f"It turned out to be part of the incident {older}."


def test_what_late_data_show_to_be_none_is_withdrawn_with_a_word(recorder: Recorder) -> None:
    keep(recorder, steps("obbo"))
    record(recorder)
    (before,) = ids(recorder)
    keep(recorder, steps("oooo"), fingerprint="2")
    assert record(recorder) == 1
    assert ids(recorder) == []
    assert "came late" in recorder.book.get(before).word


def test_folding_less_tells_the_same_story(recorder: Recorder) -> None:
    """One after the other, each begun while the one before lasted: no cut may fall into one."""
    days = [
        *steps("bbbbbboooooooo", metric="a", step=DAY),
        *steps("oooobbbbbbbooo", metric="b", step=DAY),
        *steps("ooooooooobbbbb", metric="c", step=DAY),
    ]
    keep(recorder, days)
    now = START + 14 * DAY
    assert recorder.record([Touch(BLUE, "traffic", START)], now) == 3
    assert recorder.record([Touch(BLUE, "traffic", now - DAY)], now) == 0


def test_one_that_falls_apart_leaves_its_id_to_the_older_part() -> None:
    (whole,) = fold(steps("b" * 60), [], NOW)
    parts = fold(steps("bbb" + "o" * 54 + "bbb"), [], NOW)
    assert len(parts) == 2
    named = recognise(parts, [whole], NOW).incidents
    assert [each.id == whole.id for each in sorted(named, key=lambda i: i.began)] == [True, False]
    assert len({each.id for each in named}) == 2


def test_what_is_affected_is_a_share_of_the_whole_endpoint(recorder: Recorder) -> None:
    other = steps("oooo", subject="credit/green", rows=900)
    keep(recorder, [*steps("bbbb", rows=100, value=0.5), *other])
    record(recorder)
    (incident,) = recorder.book.list(Window(START, NOW))
    assert incident.affected_share == pytest.approx(0.05)


def test_signals_that_only_look_make_no_incident(recorder: Recorder) -> None:
    keep(recorder, steps("bbbb", signal="outliers", metric="outlier_share"))
    assert record(recorder) == 0


def test_a_cause_inside_the_coarse_step_stands_before_the_beginning(recorder: Recorder) -> None:
    hours = steps("o" * 15 + "bbb")
    fine = steps("o" * 9 + "bbb", start=START + 15 * HOUR, step=MINUTES_5)
    keep(recorder, [*hours, *fine])
    deployed = replace(event(0), time=START + 15 * HOUR + 42 * timedelta(minutes=1))
    recorder.events.add([deployed])
    record(recorder)
    (story,) = recorder.book.stories(Window(START, NOW))
    assert len(story.incident.breaches) == 1
    assert f"{story.incident.began:%H:%M}" == "15:45"
    assert f"{story.incident.fired:%H:%M}" == "15:55"
    first = story.suspects[0]
    assert first.event == deployed
    assert first.time < story.incident.began


@pytest.mark.parametrize("minutes", [42, 47])
def test_a_change_in_the_first_breached_step_is_as_near_as_one_before_it(minutes: int) -> None:
    from monitoring.incidents import suspects  # noqa: PLC0415

    results = steps("o" * 9 + "bbb", start=START + 15 * HOUR, step=MINUTES_5)
    (incident,) = fold(results, [], NOW)
    change: Event = replace(event(0), time=START + 15 * HOUR + minutes * timedelta(minutes=1))
    (first,) = suspects.rank(incident, [change], results)
    assert first.proximity == pytest.approx(1.0, abs=0.02)
