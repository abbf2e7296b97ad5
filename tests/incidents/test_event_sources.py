"""Events from each source: what is one, what is none, and what it is called."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from judged import DAY, HOUR, START

from monitoring.incidents.changes import of_activity
from monitoring.incidents.console import of_console
from monitoring.incidents.containers import of_containers
from monitoring.incidents.dependencies import of_dependencies
from monitoring.signals.clients.judging import judged, of_clients
from monitoring.signals.configuration.judging import data_collector, log_categories, monitors
from monitoring.sources.activity import ActivityEvent
from monitoring.window import Window
from monitoring.workspace.diagnostic_settings import DiagnosticSetting
from monitoring.workspace.endpoints import Collection, Deployment, Endpoint
from monitoring.workspace.monitors import MonitorSchedule

ML = "microsoft.machinelearningservices/workspaces"
ENDPOINT = f"/subscriptions/s/resourcegroups/g/providers/{ML}/w/onlineendpoints/credit"
BLUE = f"{ENDPOINT}/deployments/blue"


def change(hours: float, name: str, resource: str = BLUE, **fields: Any) -> ActivityEvent:
    given = {
        "operation": name,
        "status": "succeeded",
        "caller": "ann",
        "correlation_id": f"c{hours:g}",
        "level": "",
        "description": "",
    }
    time = START + hours * HOUR
    return ActivityEvent(
        time=time, operation_name=name, resource_id=resource, **{**given, **fields}
    )


def test_the_stages_of_a_change_are_one_event() -> None:
    name = f"{ML}/onlineendpoints/deployments/write"
    stages = [
        change(1, name, status="started", correlation_id="x"),
        change(1.2, name, correlation_id="x", description="model credit:2"),
    ]
    (event,) = of_activity(stages[::-1])
    assert (event.time, event.end) == (START + HOUR, START + 1.2 * HOUR)
    assert event.title == "ann wrote the deployment credit/blue: model credit:2"
    assert (event.kind, str(event.place), event.status) == (
        "deployment",
        "credit/blue",
        "succeeded",
    )


@pytest.mark.parametrize(
    ("name", "resource", "kind"),
    [
        (f"{ML}/onlineendpoints/write", ENDPOINT, "traffic_split"),
        (f"{ML}/onlineendpoints/regeneratekeys/action", ENDPOINT, "configuration"),
        (f"{ML}/models/versions/write", "/x/models/credit/versions/2", "model"),
        (f"{ML}/schedules/delete", "/x/schedules/drift", "configuration"),
        ("microsoft.authorization/roleassignments/delete", "/x/y/roleassignments/1", "role"),
        ("microsoft.insights/autoscalesettings/scaleup/action", BLUE, "scaling"),
        ("microsoft.insights/diagnosticsettings/write", ENDPOINT, "configuration"),
        ("microsoft.storage/storageaccounts/write", "/x/storageaccounts/st", "configuration"),
        (f"{ML}/jobs/cancel/action", "/x/jobs/sweep", "job"),
    ],
)
def test_operations_are_told_apart(name: str, resource: str, kind: str) -> None:
    (event,) = of_activity([change(1, name, resource)])
    assert event.kind == kind
    assert event.alike == name


@pytest.mark.parametrize("name", ["listkeys/action", "read", "onlineendpoints/listkeys/action"])
def test_who_only_looks_changes_nothing(name: str) -> None:
    assert of_activity([change(1, f"{ML}/{name}")]) == ()


def test_a_refused_change_says_so() -> None:
    (event,) = of_activity([change(1, f"{ML}/computes/write", "/x/computes/cpu", status="failed")])
    assert event.title == "ann tried in vain to change the compute cpu"
    assert event.alike.endswith("failed")


def killed(
    hours: float, message: str = "OOMKilled: limit", events: int = 1, **row: Any
) -> dict[str, Any]:
    at = START + hours * HOUR
    return {
        "Endpoint": "credit", "Deployment": "blue", "TimeGenerated": at, "Event": "Killing",
        "IsTrouble": True, "Events": events, "Last": at + HOUR / 2, "Message": message, **row,
    }  # fmt: skip


def test_trouble_close_in_time_is_one_burst() -> None:
    found = of_containers([killed(1, events=3), killed(2), killed(3), killed(20)], HOUR)
    assert [(e.count, (e.time - START) // HOUR) for e in found] == [(5, 1), (1, 20)]
    assert found[0].title == "OOMKilled of credit/blue: OOMKilled: limit"
    assert found[0].detail == "5 times"


def test_a_start_is_no_trouble_and_a_plain_stop_is_not_out_of_memory() -> None:
    found = of_containers([killed(1, IsTrouble=False), killed(2, "Stopping container")], HOUR)
    assert [e.title for e in found] == ["Killing of credit/blue: Stopping container"]


def line(hours: float, signature: str, lines: int = 1, **row: Any) -> dict[str, Any]:
    at = START + hours * HOUR
    return {
        "Endpoint": "credit", "Deployment": "blue", "Container": "c", "Signature": signature,
        "TimeGenerated": at, "Lines": lines, "Instances": 1, "First": at, "Message": signature, **row,
    }  # fmt: skip


def test_a_kind_of_line_is_new_once_and_more_telling_the_longer_the_log() -> None:
    usual = [line(n, "INFO computed") for n in range(0, 300, 5)]
    early, late = line(10, "INFO early"), line(240, "INFO late")
    found = of_console([*usual, early, late, line(250, "INFO late")])
    assert [e.title.partition(": ")[2] for e in found] == ["INFO early", "INFO late"]
    assert found[0].weight < found[1].weight < 0.7


def test_what_another_deployment_said_before_is_not_new() -> None:
    found = of_console([line(0, "INFO a"), line(100, "INFO a", Deployment="green")])
    assert found == ()


def test_trouble_said_far_more_often_is_told_once() -> None:
    usual = [line(n, "ERROR reset", 2) for n in range(100)]
    surge = [line(n, "ERROR reset", 40) for n in range(100, 104)]
    (only,) = of_console([*usual, *surge])
    assert "far more often" in only.title
    assert only.time == START + 100 * HOUR


def asked(hours: float, client: str, requests: int, errors: int = 0) -> dict[str, Any]:
    at = START + hours * HOUR
    return {
        "Endpoint": "credit", "Client": client, "TimeGenerated": at, "Requests": requests,
        "ClientErrors": errors, "Throttled": 0,
    }  # fmt: skip


USUAL = [asked(n, "app/1", 200) for n in range(100)]


def test_a_new_caller_and_a_surge_are_told_once() -> None:
    flood = [asked(n, "bot/1", 900) for n in range(60, 63)]
    more = [asked(100, "app/1", 1000)]
    found = of_clients([*USUAL, *flood, *more])
    assert [(e.title, (e.time - START) // HOUR) for e in found] == [
        ("The caller bot/1 asks for the first time at credit", 60),
        ("The caller app/1 asks much more than before at credit", 100),
    ]


def test_ordinary_days_have_no_caller_to_name() -> None:
    waves = [asked(n, "app/1", 100 + 80 * (n % 24 > 8)) for n in range(240)]
    assert of_clients([*waves, asked(50, "curl", 3)]) == ()


def test_a_caller_that_is_shut_out_is_told_and_judged() -> None:
    partner = [asked(n, "desk/3", 50, 40 if n >= 60 else 0) for n in range(64)]
    records = [*USUAL[:64], *partner]
    (event,) = of_clients(records)
    assert event.title == "The caller desk/3 is refused (HTTP 4xx) at credit"
    assert event.time == START + 60 * HOUR
    results = {r.window.start: r for r in judged(records, HOUR) if r.window}
    assert results[START + 59 * HOUR].status == "ok"
    refused = results[START + 60 * HOUR]
    assert (refused.status, refused.value, refused.rows, refused.reason) == (
        "breached",
        0.8,
        50,
        "desk/3",
    )
    # Over all callers it would be 40 of 250, and nobody would look.


def test_too_few_requests_are_not_judged() -> None:
    (result,) = judged([asked(0, "desk/3", 10, 10)], HOUR)
    assert result.status == "not_enough_data"


def called(hours: float, p95: float, failures: int = 0) -> dict[str, Any]:
    at = START + hours * HOUR
    return {
        "Endpoint": "credit", "Target": "bureau.example", "TimeGenerated": at, "Calls": 50,
        "Failures": failures, "P95Ms": p95,
    }  # fmt: skip


def test_a_dependency_is_told_when_it_turns_slow_or_fails() -> None:
    usual = [called(n, 40) for n in range(50)]
    slow = [called(n, 900) for n in range(50, 53)]
    failing = [called(n, 40, 30) for n in range(90, 92)]
    found = of_dependencies([*usual, *slow, *[called(n, 45) for n in range(53, 90)], *failing])
    assert [e.title for e in found] == [
        "bureau.example answers slowly when credit calls it",
        "bureau.example fails when credit calls it",
    ]


WINDOW = Window(START, START + 10 * DAY)


def endpoint(**collections: bool) -> tuple[Endpoint, Deployment]:
    kept = {name: Collection(on) for name, on in collections.items()}
    blue = Deployment(
        BLUE, "blue", "credit", None, "", 1, "Succeeded", kept, app_insights=True, created=None
    )
    return Endpoint(ENDPOINT, "credit", "", {}, {}, "Succeeded", None, {}, (blue,)), blue


def test_a_log_that_goes_nowhere_breaches_from_the_change_on() -> None:
    here, _ = endpoint()
    setting = DiagnosticSetting("logs", "workspace", frozenset({"AmlOnlineEndpointTrafficLog"}))
    resource = f"{ENDPOINT}/providers/microsoft.insights/diagnosticsettings/logs"
    log = [change(30, "microsoft.insights/diagnosticsettings/write", resource)]
    results = log_categories(here, [setting], log, WINDOW)
    assert {r.status for r in results} == {"breached"}
    assert results[0].window == Window(START + 30 * HOUR, START + 31 * HOUR)
    assert results[-1].window is not None
    assert results[-1].window.end == WINDOW.end
    assert results[0].reason == "AmlOnlineEndpointConsoleLog, AmlOnlineEndpointEventLog"
    whole = DiagnosticSetting("logs", "workspace", frozenset({"allLogs"}))
    assert {r.status for r in log_categories(here, [whole], log, WINDOW)} == {"ok"}


def test_a_collector_that_is_off_is_a_state() -> None:
    _, blue = endpoint(model_inputs=True, model_outputs=False)
    results = data_collector(blue, [], WINDOW)
    assert {(r.status, r.reason) for r in results} == {("breached", "model_outputs")}


def test_a_deleted_monitor_is_gone_until_it_is_made_again() -> None:
    deleted = change(20, f"{ML}/schedules/delete", "/x/schedules/credit-drift")
    results = monitors([], ["credit", "digits"], [deleted], WINDOW)
    assert (results[0].subject, results[0].status) == ("credit", "breached")
    again = change(40, f"{ML}/schedules/write", "/x/schedules/credit-drift")
    assert monitors([], ["credit"], [deleted, again], WINDOW) == []
    off = MonitorSchedule(
        "m", enabled=False, endpoint="credit", deployment="blue", task="", signals=()
    )
    assert monitors([off], ["credit"], [], WINDOW)[0].reason == "m is switched off"


def test_a_state_before_the_window_keeps_its_beginning() -> None:
    deleted = change(-300, f"{ML}/schedules/delete", "/x/schedules/credit-drift")
    results = monitors([], ["credit"], [deleted], WINDOW)
    first, second = (r.window for r in results[:2])
    assert first is not None
    assert second is not None
    assert first.start == START - 300 * HOUR
    assert second.start == WINDOW.start
    assert first.length <= timedelta(hours=1)
