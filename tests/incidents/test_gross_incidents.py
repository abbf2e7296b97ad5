"""The sample's scripted incidents in the data: certain within hours, and hours cry wolf over nothing else."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from benchmarks.parts.incidents import GRACE, replayed
from monitoring.baselines.ordinary_hours import BACK_DAYS
from monitoring.incidents.breach import found
from monitoring.incidents.report import IncidentReport
from monitoring.signal import HOUR, Question
from monitoring.signals import SIGNALS
from monitoring.sources.azure import Azure
from monitoring.sources.deployed import Deployed
from monitoring.window import DAY, Window
from tests.evaluated_now import Gathered, folded, nothing_decided
from tests.photograph import NOW

#: The data incidents of the last 90 days, and how many hours may pass until they are certain.
MOST_HOURS = {
    "temperature-celsius": 4,
    "weather-nulls": 4,
    "carrier-renamed": 4,
    "distance-kilometres": 4,
    "delay-seconds": 4,
    "scanner-inverted": 6,
}
GROSS = ("data_drift", "data_quality", "prediction_drift")


@pytest.fixture(scope="module")
def truth(sample: Path) -> dict[str, Any]:
    return {each["id"]: each for each in json.loads((sample / "truth.json").read_text("utf-8"))}


@pytest.fixture(scope="module")
def report(azure: Azure) -> IncidentReport:
    """What hours alone say of 90 days."""
    deployed = Deployed(azure)
    endpoints = deployed.inventory.endpoints()
    window = Window.last(90 * DAY, until=NOW)
    results = [
        result
        for endpoint in endpoints
        for deployment in endpoint.deployments
        for name in GROSS
        for result in SIGNALS[name]
        .evaluate(
            Question(
                deployed=deployed, place=deployment.place, window=window, step=HOUR, taken=NOW,
                endpoints=endpoints, in_force=nothing_decided,
            )
        )
        .results
    ]  # fmt: skip
    return folded(Gathered(results=tuple(results)), window, NOW)


@pytest.mark.slow(seconds=60)
@pytest.mark.parametrize("name", MOST_HOURS)
def test_an_incident_in_the_data_is_certain_within_hours(
    report: IncidentReport, truth: dict[str, Any], name: str
) -> None:
    _, delay_hours, words = replayed(report, truth[name])
    assert delay_hours is not None, words
    assert 0 < delay_hours <= MOST_HOURS[name], words


@pytest.mark.slow(seconds=60)
def test_half_of_them_are_certain_within_three_hours(
    report: IncidentReport, truth: dict[str, Any]
) -> None:
    delays = [replayed(report, truth[name])[1] or 1e9 for name in MOST_HOURS]
    assert median(delays) <= 3


@pytest.mark.slow(seconds=60)
def test_hours_alarm_over_nothing_that_no_script_explains(
    report: IncidentReport, truth: dict[str, Any]
) -> None:
    """One is tolerated: the flights are real, and so are the storms."""
    unexplained = [
        breach
        for breach in found(report.results, NOW)
        if not any(explains(each, breach.place.endpoint, breach.start) for each in truth.values())
    ]
    assert len(unexplained) <= 1, unexplained


def explains(scripted: dict[str, Any], endpoint: str, moment: datetime) -> bool:
    if scripted["endpoint"] != endpoint or not scripted["features"]:
        return False
    onset = datetime.fromisoformat(scripted["onset"])
    end = datetime.fromisoformat(scripted["end"]) if scripted["end"] else NOW
    return onset - HOUR < moment < end + GRACE


@pytest.mark.slow(seconds=60)
def test_night_and_young_deployments_are_grey(report: IncidentReport) -> None:
    young = [r for r in report.results if r.place.deployment == "green"]
    assert young
    assert {r.status for r in young} == {"not_enough_data"}
    known = [r for r in report.results if r.status == "ok"]
    assert all(r.rows >= 30 and r.reference_rows >= 60 for r in known)
    assert BACK_DAYS == 56
