"""What hours say and what days say of one signal, deployment and feature is one story on every screen."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from monitoring.incident import Incident
from monitoring.incidents.folding import fold
from monitoring.metric import MetricResult, Status
from monitoring.place import Place
from monitoring.report import Headline, headline
from monitoring.signal import HOUR, Signal
from monitoring.signals import SIGNALS
from monitoring.verdict import JUDGED
from monitoring.window import DAY, Window
from tests.incidents.judged import START, steps

BLUE = Place(endpoint="credit", deployment="blue")
#: Signals that judge both.
BOTH = [each for each in SIGNALS.values() if [grid.step for grid in each.grids] == [HOUR, DAY]]
LENGTH = 6 * DAY
NOW = START + LENGTH


def history(signal: Signal, letters: str, step: object, feature: str = "age") -> list[MetricResult]:
    metric = next(iter(signal.metrics))
    found = steps(letters, signal=signal.name, metric=metric, step=step, start=START)  # type: ignore[arg-type]
    return [replace(each, place=BLUE.of(feature)) for each in found]


def both(signal: Signal, hours: str, days: str) -> list[MetricResult]:
    return history(signal, hours, HOUR) + history(signal, days, DAY)


def said(signal: Signal, results: Sequence[MetricResult]) -> Headline:
    return headline(signal, BLUE, results, Window(START, NOW), NOW)


def opened(incidents: Sequence[Incident]) -> datetime | None:
    """Since when something is in breach, as the incidents tell it."""
    lasting = [b.start for each in incidents for b in each.breaches if b.end is None]
    return min(lasting, default=None)


def test_inputs_and_answers_are_judged_by_hours_and_days() -> None:
    assert {each.name for each in BOTH} == {"data_drift", "data_quality", "prediction_drift"}


@pytest.mark.parametrize("signal", BOTH, ids=lambda each: each.name)
def test_hours_and_days_are_one_incident_that_began_with_the_hour(signal: Signal) -> None:
    results = both(signal, "o" * 15 + "b" * 30, "bbbbbb")
    (incident,) = fold(results, [], NOW)
    assert incident.began == START + 15 * HOUR
    assert incident.fired == START + 17 * HOUR
    (breach,) = incident.breaches
    assert breach.step_seconds == 3600
    assert said(signal, results).since == incident.began


def test_days_that_go_on_where_hours_ended_are_the_same_breach() -> None:
    signal = SIGNALS["data_drift"]
    results = both(signal, "o" * 39 + "b" * 9 + "o" * 12, "oobbbb")
    (incident,) = fold(results, [], NOW)
    assert incident.began == START + 39 * HOUR
    assert said(signal, results).since == incident.began


def test_hours_that_end_within_their_day_are_in_the_incident_of_its_days() -> None:
    signal = SIGNALS["data_drift"]
    results = both(signal, "o" * 15 + "bbb" + "o" * 40, "obbbbb")
    (incident,) = fold(results, [], NOW)
    assert incident.began == START + 15 * HOUR
    assert said(signal, results).since == opened([incident])


@pytest.mark.parametrize("seed", range(40))
def test_since_is_the_same_in_the_headline_and_in_the_incidents(seed: int) -> None:
    pick = random.Random(seed)  # noqa: S311 - a test
    signal = BOTH[seed % len(BOTH)]
    hours = "".join(pick.choices("ob.", (6, 3, 2), k=6 * 24))
    days = "".join(pick.choices("ob.", (4, 4, 1), k=6))
    results = both(signal, hours, days)
    assert said(signal, results).since == opened(fold(results, [], NOW))


def test_a_gross_hour_is_a_breach_since_that_hour() -> None:
    signal = SIGNALS["data_quality"]
    found = said(signal, both(signal, "o" * 140 + "bbbb", "oooooo"))
    assert (found.status, found.since) == ("breached", START + 140 * HOUR)


QUIET: dict[str, str] = {
    "well": "o" * 144,
    "grey": "f" * 144,
    "none": "",
    "over": "bbb" + "o" * 141,
}


@pytest.mark.parametrize("hours", QUIET)
@pytest.mark.parametrize("days", ["oooooo", "ooobbb", "ffffff", "oo...."])
def test_hours_without_a_gross_one_leave_the_headline_to_the_days(hours: str, days: str) -> None:
    signal = SIGNALS["data_drift"]
    alone, with_hours = (
        said(signal, history(signal, days, DAY)),
        said(signal, both(signal, QUIET[hours], days)),
    )
    if any(letter in "ob" for letter in days):
        assert with_hours.status == alone.status
        assert with_hours.leading == alone.leading
        assert with_hours.as_of == alone.as_of
    assert with_hours.trend == alone.trend
    assert with_hours.since == alone.since


def test_a_young_deployment_shows_what_its_hours_say_of_it() -> None:
    signal = SIGNALS["data_drift"]
    found = said(signal, both(signal, "f" * 100 + "o" * 44, "ffffff"))
    statuses: set[Status] = {found.status}
    assert statuses <= JUDGED
    assert said(signal, both(signal, "f" * 144, "ffffff")).status == "not_enough_data"


def test_a_season_is_one_story_and_a_gross_hour_in_it_another() -> None:
    """Feature after feature moves by days, each while another does."""
    signal = SIGNALS["data_drift"]
    season = [
        *history(signal, "bbbbbboooooooooo", DAY, "temp"),
        *history(signal, "oooobbbbbboooooo", DAY, "dewp"),
        *history(signal, "oooooooobbbbbboo", DAY, "humid"),
    ]
    now = START + 16 * DAY
    (whole,) = fold(season, [], now)
    assert len(whole.breaches) == 3
    gross = [
        *history(signal, "o" * 204 + "b" * 36, HOUR, "distance"),
        *history(signal, "oooooooobbbboooo", DAY, "distance"),
    ]
    incidents = fold(season + gross, [], now)
    assert sorted(len(each.breaches) for each in incidents) in ([1, 3], [2, 2])
    (other,) = [each for each in incidents if each.began == START + 204 * HOUR]
    assert "distance" in {b.place.feature for b in other.breaches}


def test_a_failing_service_has_no_season() -> None:
    one = steps("bbbbbboooooooo", metric="a", step=DAY)
    two = steps("oooobbbbbbbooo", metric="b", step=DAY)
    assert len(fold(one + two, [], NOW)) == 2
