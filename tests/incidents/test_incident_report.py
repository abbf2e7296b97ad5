"""The report on the sample workspace: some scripted incidents, replay, and sources that fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from judged import DAY, HOUR, START, event, steps

from benchmarks.parts.incidents import replayed
from monitoring.incidents.report import IncidentReport
from monitoring.place import Place
from monitoring.signal import Findings, Question
from monitoring.signals import SIGNALS
from monitoring.sources.azure import Azure, connect
from monitoring.sources.deployed import Deployed
from monitoring.window import Window
from sample.transport import Reply, Request
from tests.evaluated_now import (
    Gathered,
    Source,
    aligned,
    folded,
    gather,
    guarded,
    nothing_decided,
    of_events,
    of_signals,
)

if TYPE_CHECKING:
    from pathlib import Path

    from monitoring.settings import Settings
    from monitoring.workspace.endpoints import Endpoint

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
#: Of the service and its configuration: seconds, not minutes. The benchmark replays all.
SCRIPTED = (
    "green-fails",
    "memory-leak",
    "storage-role-removed",
    "slow-aircraft-registry",
    "core-quota",
    "fare-search-surge",
    "container-crash-loop",
    "monitor-deleted",
    "keys-regenerated",
    "digits-idle",
)


def question_of(azure: Azure, length: timedelta, endpoints: tuple[Endpoint, ...]) -> Question:
    window = Window.last(length, until=NOW)
    return Question(
        deployed=Deployed(azure), place=Place(), window=aligned(window, HOUR), step=HOUR, taken=NOW,
        endpoints=endpoints, in_force=nothing_decided,
    )  # fmt: skip


def of_service(question: Question) -> tuple[Source, ...]:
    """All sources but the days of model and data, which take minutes."""
    signals = (s for s in of_signals(question) if SIGNALS[s.name].scope == "workspace")
    return (*signals, *of_events(question))


@pytest.fixture(scope="module")
def endpoints(azure: Azure) -> tuple[Endpoint, ...]:
    return Deployed(azure).inventory.endpoints()


@pytest.fixture(scope="module")
def report(azure: Azure, endpoints: tuple[Endpoint, ...]) -> IncidentReport:
    question = question_of(azure, 60 * DAY, endpoints)
    return folded(gather(of_service(question)), question.window, NOW)


@pytest.fixture(scope="module")
def truth(sample: Path) -> dict[str, Any]:
    return {each["id"]: each for each in json.loads((sample / "truth.json").read_text())}


@pytest.mark.parametrize("name", SCRIPTED)
def test_the_true_cause_is_among_the_first_three_at_detection(
    report: IncidentReport, truth: dict[str, Any], name: str
) -> None:
    rank, delay_hours, words = replayed(report, truth[name])
    assert isinstance(rank, float), words
    assert rank <= 3, words
    assert delay_hours is not None
    assert delay_hours > 0


def test_all_sources_answered_and_each_log_has_a_footer(report: IncidentReport) -> None:
    assert report.missing == ()
    assert {answer.name for answer in report.answers} >= {"traffic", "clients", "console_kinds"}


def test_the_past_does_not_know_the_future(report: IncidentReport) -> None:
    moment = NOW - 6 * DAY
    then = report.as_of(moment)
    assert all(r.window and r.window.end <= moment for r in then.results)
    assert all(e.time <= moment and (e.end is None or e.end <= moment) for e in then.events)
    assert all(each.fired <= moment for each in then.incidents)
    assert then.as_of(moment).incidents == then.incidents
    assert report.as_of(NOW).incidents == report.incidents


def test_ids_find_their_incidents_in_another_window(
    report: IncidentReport, azure: Azure, endpoints: tuple[Endpoint, ...]
) -> None:
    question = question_of(azure, DAY, endpoints)
    short = folded(gather(of_service(question)), question.window, NOW)
    worst = next(each for each in short.incidents if each.severity == "critical")
    assert worst.title.startswith("flight-time/blue: requests fail")
    again = report.incident(worst.id)
    assert again is not None
    assert again.place == worst.place


Breaks = Callable[[Request], bool]


def query(name: str) -> Breaks:
    return lambda request: request.path.endswith("/query") and name in request.body.decode()


BROKEN: dict[str, Breaks] = {
    "traffic": query("P99Ms"),
    "clients": query("Throttled"),
    "console": query("Signature"),
    "containers": query("AmlOnlineEndpointEventLog"),
    "jobs": query("AmlComputeJobEvent"),
    "dependencies": query("AppDependencies"),
    "activity log": lambda request: "/eventtypes/management" in request.path.lower(),
    "alerts": lambda request: "alertsmanagement" in request.path.lower(),
    "configuration": lambda request: "diagnosticsettings" in request.path.lower(),
    "saturation": lambda request: "cpuutilization" in request.query.get("metricnames", "").lower(),
    "collection": lambda request: "datacollection" in request.query.get("metricnames", "").lower(),
}


@pytest.mark.parametrize("half", [0, 1])
def test_sources_that_fail_are_named_and_the_others_go_on(
    settings: Settings, endpoints: tuple[Endpoint, ...], half: int
) -> None:
    refusal = Reply(403, {"error": {"code": "InsufficientAccessError", "message": "no access"}})
    broken = [*BROKEN][half::2]
    azure = connect(
        settings, faults=lambda r: refusal if any(BROKEN[name](r) for name in broken) else None
    )
    found = gather(of_service(question_of(azure, DAY / 2, endpoints)))
    named = {each.source for each in found.missing} & BROKEN.keys()
    # Where changes cannot be read, configuration says that it does not know since when.
    known_since = {"activity log"} & {*broken} and {"configuration"}
    assert named == {*broken, *known_since}
    assert found.results
    assert found.events


@pytest.mark.slow(seconds=20)
def test_estimates_are_the_pages_own_and_a_young_deployment_says_why_it_has_none(
    azure: Azure, endpoints: tuple[Endpoint, ...]
) -> None:
    question = question_of(azure, 7 * DAY, endpoints)
    chosen = [source for source in of_signals(question) if source.name == "estimated_performance"]
    found = gather(chosen)
    assert len(chosen) == 4
    assert not found.missing
    by_place = {
        place: [r for r in found.results if str(r.place) == place]
        for place in {str(r.place) for r in found.results}
    }
    assert {len(by_place[place]) for place in by_place if "green" not in place} == {8}
    digits = by_place["digits/blue"]
    assert all(r.interval.low < r.value < r.interval.high for r in digits if r.status == "ok")
    assert sum(r.status == "ok" for r in digits) == 7  # today is not over
    young = by_place["flight-delay/green"]
    assert {each.status for each in young} == {"not_enough_data"}
    assert all("10 days before" in each.reason for each in young)


def test_a_mistake_of_ours_is_raised_and_not_called_missing(azure: Azure) -> None:
    def wrong(_: Question) -> Findings:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        guarded(Source("x", "X", wrong, question_of(azure, DAY, ())))


def test_a_partial_answer_is_named(azure: Azure) -> None:
    question = question_of(azure, DAY / 2, ())
    whole = question.ask("traffic_totals", question.window, endpoints=[])
    answer = replace(whole, complete=False, reason="R.")
    found = guarded(Source("traffic", "Traffic", lambda _: Findings(answers=(answer,)), question))
    assert list(map(str, found.missing)) == ["Traffic: the answer is not complete. R."]


def test_events_before_the_window_are_kept_apart() -> None:
    window = Window(START + DAY, START + 2 * DAY)
    gathered = Gathered(tuple(steps("obb", start=window.start)), (event(1), event(30)))
    report = folded(gathered, window, window.end)
    assert [e.time for e in report.earlier] == [START + DAY / 24]
    assert [e.time for e in report.events] == [START + 30 * DAY / 24]
    assert len(report.incidents) == 1
