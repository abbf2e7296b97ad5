"""Every scripted incident can be seen wherever it would show in life."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sample.builder import names
from tests.conftest import NOW
from tests.sample.sample_tables import document, files, lines, one, opened, rows, time

DAY = timedelta(days=1)


@dataclass
class Scene:
    """One incident with the data: `during` and an equally long time before it, cut at now."""

    truth: dict[str, Any]
    store: Path
    tables: duckdb.DuckDBPyConnection

    @property
    def onset(self) -> datetime:
        return time(self.truth["onset"])

    @property
    def end(self) -> datetime:
        return min(time(self.truth["end"]), NOW) if self.truth["end"] else NOW

    @property
    def before(self) -> tuple[datetime, datetime]:
        return self.onset - max(self.end - self.onset, DAY), self.onset

    def log(self, what: str, where: str = "true", *, before: bool = False) -> Any:
        """Return an aggregate of the endpoint's traffic log."""
        start, end = self.before if before else (self.onset, self.end)
        return one(
            self.tables,
            f"""SELECT {what} FROM workspace.AmlOnlineEndpointTrafficLog
            WHERE EndpointName = $endpoint AND TimeGenerated >= $start AND TimeGenerated < $end
                AND ({where})""",
            endpoint=self.truth["endpoint"],
            start=start.replace(tzinfo=None),
            end=end.replace(tzinfo=None),
        )

    def table(self, name: str, what: str, where: str = "true", *, before: bool = False) -> Any:
        """Return an aggregate of a Log Analytics table or a metrics table."""
        start, end = self.before if before else (self.onset, self.end)
        database, column = (
            ("metrics", "minute") if name[0].islower() else ("workspace", "TimeGenerated")
        )
        return one(
            self.tables,
            f"SELECT {what} FROM {database}.{name} WHERE {column} >= $start AND {column} < $end AND ({where})",
            start=start.replace(tzinfo=None),
            end=end.replace(tzinfo=None),
        )

    def collected(self, collection: str, what: str, *, before: bool = False) -> Any:
        """Return an aggregate of the collected rows; `row` is the row as JSON."""
        start, end = self.before if before else (self.onset, self.end)
        lines(self.tables, self.store, self.truth["endpoint"], collection, start, end)
        return one(self.tables, f"SELECT {what} FROM collected")

    def judged(self, what: str, *, before: bool = False) -> Any:
        """Return an aggregate of the answers (`row`) joined with the outcomes (`truth`)."""
        start, end = self.before if before else (self.onset, self.end)
        endpoint = self.truth["endpoint"]
        lines(self.tables, self.store, endpoint, "model_outputs", start, end)
        folder = self.store / "storage" / "ground_truth" / endpoint
        target = {"flight-delay": "was_late", "flight-time": "air_time", "digits": "true_digit"}
        return one(
            self.tables,
            f"SELECT {what} FROM collected JOIN (SELECT correlationid AS key, "
            f"{target[endpoint]} AS truth FROM '{folder}/*.parquet') USING (key)",
        )

    @property
    def deployment_id(self) -> str:
        return names.deployment_id(self.truth["endpoint"], self.truth["deployment"])


def temperature_celsius(scene: Scene) -> None:
    mean = "avg((row->>'temp')::DOUBLE)"
    fahrenheit = scene.collected("model_inputs", mean, before=True)
    assert scene.collected("model_inputs", mean) == pytest.approx((fahrenheit - 32) / 1.8, abs=9)
    assert scene.collected("model_inputs", mean) < fahrenheit - 20
    late = "avg((row->>'late')::INT)"
    assert scene.collected("model_outputs", late) > 1.2 * scene.collected(
        "model_outputs", late, before=True
    )
    assert _console(scene) > 0


def weather_nulls(scene: Scene) -> None:
    nulls = "avg(((row->>'temp') IS NULL)::INT)"
    assert scene.collected("model_inputs", nulls) > 0.75
    assert scene.collected("model_inputs", nulls, before=True) < 0.05
    assert _console(scene) > 0


def carrier_renamed(scene: Scene) -> None:
    new, old = "avg((row->>'carrier' = 'UAL')::INT)", "avg((row->>'carrier' = 'UA')::INT)"
    assert scene.collected("model_inputs", new) > 0.1
    assert scene.collected("model_inputs", old) == 0
    assert scene.collected("model_inputs", new, before=True) == 0
    assert _console(scene) > 0


def distance_kilometres(scene: Scene) -> None:
    mean = "avg((row->>'distance')::DOUBLE)"
    ratio = scene.collected("model_inputs", mean) / scene.collected(
        "model_inputs", mean, before=True
    )
    assert ratio == pytest.approx(1.609, rel=0.04)
    error = "avg(abs((row->>'minutes')::DOUBLE - truth))"
    assert scene.judged(error) > 3 * scene.judged(error, before=True)


def delay_seconds(scene: Scene) -> None:
    spread = "median(abs((row->>'origin_delay')::DOUBLE))"
    assert scene.collected("model_inputs", spread) > 30 * scene.collected(
        "model_inputs", spread, before=True
    )
    right = "avg(((row->>'late')::INT = truth)::INT)"
    assert scene.judged(right) < scene.judged(right, before=True) - 0.1


def scanner_inverted(scene: Scene) -> None:
    corner = "avg((row->>'pixel_0')::DOUBLE)"
    assert scene.collected("model_inputs", corner, before=True) < 1
    assert scene.collected("model_inputs", corner) > 6
    right = "avg(((row->>'digit')::INT = truth)::INT)"
    assert scene.judged(right, before=True) > 0.85
    assert scene.judged(right) < 0.7


def green_fails(scene: Scene) -> None:
    failed = "avg((ResponseCode = 424 AND ModelStatusCode = 500)::INT)"
    assert scene.log(failed, "DeploymentName = 'green'") > 0.85
    assert scene.log(failed, "DeploymentName = 'blue'") < 0.01
    assert _console(scene) == scene.log(
        "count(*)", "ResponseCode = 424 AND DeploymentName = 'green'"
    )
    message = scene.truth["cause"]["message"].replace("'", "''")
    assert scene.table("AppExceptions", "count(*)", f"Message = '{message}'") > 100
    assert _metric_failures(scene, "424") > 100


def fare_search_surge(scene: Scene) -> None:
    per_hour = scene.log("count(*)") / ((scene.end - scene.onset) / timedelta(hours=1))
    assert per_hour > 5 * scene.log("count(*)", before=True) / 24
    client = f"UserAgent = '{scene.truth['cause']['client']}'"
    assert scene.log("count(*)", client) > 0.8 * scene.log("count(*)")
    assert scene.log("avg((ResponseCode = 429)::INT)") > 0.3
    assert scene.log("count(*)", "ResponseCode = 429", before=True) == 0
    assert _instances(scene, "max(CpuUtilizationPercentage)") > 95
    assert _instances(scene, "max(DeploymentCapacity)") == 4
    scaled = "CategoryValue = 'Autoscale' AND OperationNameValue LIKE '%SCALEUP%'"
    assert scene.table("AzureActivity", "count(*)", scaled) == 2
    assert _metric_failures(scene, "429") > 100


def container_crash_loop(scene: Scene) -> None:
    failed = "avg((ResponseCode = 424 AND ModelStatusCode = 503)::INT)"
    assert scene.log(failed) > 0.6
    assert scene.log(failed, before=True) < 0.01
    for event in ("BackOff", "Killing", "LivenessProbeFailed", "Started"):
        where = f"Name = '{event}' AND _ResourceId ILIKE '%/flight-time'"
        assert scene.table("AmlOnlineEndpointEventLog", "count(*)", where) > 50
    assert _console(scene) > 50
    assert _instances(scene, "count(*)", "State = 'NotReady'") > 100
    assert _instances(scene, "max(CpuMemoryUtilizationPercentage)") > 97
    assert _metric_failures(scene, "424") > 100


def slow_aircraft_registry(scene: Scene) -> None:
    assert scene.log("median(TotalDurationMs)", before=True) < 100
    assert scene.log("median(TotalDurationMs)") > 1_000
    assert scene.log("count(*)", "ResponseCode = 408") > 10
    called = f"Target = '{scene.truth['cause']['dependency']}' AND AppRoleName = 'flight-time'"
    assert scene.table("AppDependencies", "median(DurationMs)", called) > 1_000
    assert scene.table("AppDependencies", "median(DurationMs)", called, before=True) < 50
    latency = f"resource_id = '{scene.deployment_id}'"
    assert scene.table("deployment_latency", "median(RequestLatency_P50)", latency) > 1_000
    assert _console(scene) > 100


def memory_leak(scene: Scene) -> None:
    memory = "max(CpuMemoryUtilizationPercentage)"
    assert _instances(scene, memory) > 95
    assert _instances(scene, memory, before=True) < 60
    killed = "Name = 'Killing' AND Message LIKE 'OOMKilled%' AND _ResourceId ILIKE '%/flight-delay'"
    assert scene.table("AmlOnlineEndpointEventLog", "count(*)", killed) == 6
    assert scene.table("AmlOnlineEndpointEventLog", "count(*)", killed, before=True) == 0
    assert scene.log("count(*)", "ModelStatusCode = 503") > 20


def core_quota(scene: Scene) -> None:
    used = 'max("Quota Utilization Percentage")'
    assert scene.table("workspace_quota", used) == 100
    assert scene.table("workspace_quota", used, before=True) < 100
    refused = f"ClusterErrorCodes = '{scene.truth['cause']['message']}'"
    assert scene.table("AmlComputeClusterEvent", "count(*)", refused) > 0
    assert scene.table("AmlComputeClusterEvent", "count(*)", refused, before=True) == 0
    assert scene.table("AmlComputeJobEvent", "count(*)", "EventType = 'JobFailed'") == 1
    assert scene.table("AmlRunStatusChangedEvent", "count(*)", "Status = 'Failed'") == 1
    assert scene.table("workspace_runs", 'sum("Failed Runs")') == 1


def monitor_deleted(scene: Scene) -> None:
    monitor = scene.truth["cause"]["message"]
    resources = document(scene.store, "arm.json")["resources"]
    assert not [r for r in resources if r["id"].endswith(f"/schedules/{monitor}")]
    assert [r for r in resources if r["id"].endswith("/schedules/flight-time-drift")]
    run = f"RunId LIKE '{monitor.replace('-', '_')}_%'"
    assert scene.table("AmlRunStatusChangedEvent", "count(*)", run) == 0
    earlier = scene.table("AmlRunStatusChangedEvent", "count(*)", run, before=True)
    assert earlier > 0


def storage_role_removed(scene: Scene) -> None:
    assert scene.log("count(*)", "ResponseCode = 200") > 1_000
    hour = timedelta(hours=1)
    window = (scene.onset + hour, scene.end - hour)
    assert files(scene.store, "flight-time", "model_inputs", *window) == []
    assert files(scene.store, "flight-delay", "model_inputs", *window) != []
    labels = scene.store / f"storage/ground_truth/flight-time/{scene.onset:%Y-%m-%d}.parquet"
    assert one(scene.tables, f"SELECT count(*) FROM '{labels}'") > 700
    reason = "reason = 'AuthorizationPermissionMismatch'"
    lost = scene.table("endpoint_collection", "sum(DataCollectionErrorsPerMinute)", reason)
    assert lost > 500
    assert scene.table("endpoint_collection", "count(*)", reason, before=True) == 0
    assert _console(scene) > 100
    back = [e for e in _operations(scene) if e.endswith("roleAssignments/write")]
    assert back


def digits_idle(scene: Scene) -> None:
    assert _instances(scene, "max(DeploymentCapacity)") == 3
    assert _instances(scene, "max(DeploymentCapacity)", before=True) == 1
    assert _instances(scene, "avg(CpuUtilizationPercentage)") < 2
    cost = f"SELECT avg(cost) FROM '{scene.store}/costs.parquet' WHERE endpoint = 'digits' AND day {{}}"
    after = one(scene.tables, cost.format(f"> '{scene.onset:%Y-%m-%d}'"))
    earlier = one(
        scene.tables,
        cost.format(
            f"BETWEEN '{scene.onset - 10 * DAY:%Y-%m-%d}' AND '{scene.onset - DAY:%Y-%m-%d}'"
        ),
    )
    assert after == pytest.approx(3 * earlier)


def digits_console_unlogged(scene: Scene) -> None:
    here = f"_ResourceId ILIKE '{names.endpoint_id('digits')}'"
    assert scene.table("AmlOnlineEndpointConsoleLog", "count(*)", here) == 0
    assert scene.table("AmlOnlineEndpointEventLog", "count(*)", here) > 0
    assert scene.log("count(*)") > 5_000
    settings = {
        r["id"]: {log["category"] for log in r["properties"]["logs"]}
        for r in document(scene.store, "arm.json")["resources"]
        if r["type"].endswith("diagnosticSettings")
    }
    with_console = [i for i, logs in settings.items() if scene.truth["cause"]["message"] in logs]
    assert len(with_console) == 2
    assert not [i for i in with_console if "/digits/" in i]


def keys_regenerated(scene: Scene) -> None:
    client = f"UserAgent = '{scene.truth['cause']['client']}'"
    assert scene.log("avg((ResponseCode = 401)::INT)", client) == 1
    assert scene.log("count(*)", f"ResponseCode = 401 AND NOT {client}") == 0
    assert scene.log("count(*)", "ResponseCode = 401", before=True) == 0
    assert _metric_failures(scene, "401") > 20


def disk_full(scene: Scene) -> None:
    assert _instances(scene, "max(DiskUtilization)") > 95
    assert _instances(scene, "max(DiskUtilization)", before=True) < 40
    assert _metric_failures(scene, "424") > 50


SEEN: dict[str, Callable[[Scene], None]] = {
    check.__name__.replace("_", "-"): check
    for check in (
        temperature_celsius,
        weather_nulls,
        carrier_renamed,
        distance_kilometres,
        delay_seconds,
        scanner_inverted,
        green_fails,
        fare_search_surge,
        container_crash_loop,
        slow_aircraft_registry,
        memory_leak,
        core_quota,
        monitor_deleted,
        storage_role_removed,
        digits_idle,
        digits_console_unlogged,
        keys_regenerated,
        disk_full,
    )
}


def _console(scene: Scene) -> int:
    """Return how many console lines of the endpoint tell the cause."""
    message = scene.truth["cause"]["message"].replace("'", "''")
    endpoint = scene.truth["endpoint"]
    said = f"contains(Message, '{_said.get(scene.truth['id'], message)}')"
    return int(
        scene.table(
            "AmlOnlineEndpointConsoleLog",
            "count(*)",
            f"{said} AND _ResourceId ILIKE '%/onlineEndpoints/{endpoint}'",
        )
    )


_said = {"temperature-celsius": "temperatures in degrees Celsius"}


def _instances(scene: Scene, what: str, where: str = "true", *, before: bool = False) -> Any:
    here = f"resource_id = '{scene.deployment_id}' AND {where}"
    return scene.table("deployment_instances", what, here, before=before)


def _metric_failures(scene: Scene, status: str) -> float:
    where = f"statusCode = '{status}' AND resource_id ILIKE '%/{scene.truth['endpoint']}'"
    return float(scene.table("endpoint_requests", "sum(RequestsPerMinute)", where))


def _operations(scene: Scene) -> list[str]:
    """Return the operations in the activity log around the onset and until the end."""
    return [
        each["operationName"]["value"]
        for each in document(scene.store, "activity.json")
        if scene.onset - timedelta(hours=1) <= time(each["eventTimestamp"][:19] + "Z") <= scene.end
    ]


@pytest.fixture(scope="module")
def tables(sample: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with opened(sample) as connection:
        yield connection


def test_every_incident_of_the_truth_has_its_check(sample: Path) -> None:
    truth = document(sample, "truth.json")
    assert {each["id"] for each in truth} == SEEN.keys()
    assert len(truth) >= 12


@pytest.mark.parametrize("incident", SEEN)
def test_incident_is_visible(
    sample: Path, tables: duckdb.DuckDBPyConnection, incident: str
) -> None:
    (truth,) = [each for each in document(sample, "truth.json") if each["id"] == incident]
    scene = Scene(truth, sample, tables)
    SEEN[incident](scene)
    if operation := truth["cause"].get("operation"):
        assert operation in _operations(scene)


def test_incidents_lie_in_the_last_90_days_and_most_in_the_last_30(sample: Path) -> None:
    ages = [(NOW - time(each["onset"])) / DAY for each in document(sample, "truth.json")]
    assert all(0 < age < 90 for age in ages)
    assert sum(age < 31 for age in ages) > len(ages) / 2


def test_now_shows_an_open_data_incident_a_closed_outage_and_an_idle_deployment(
    sample: Path,
) -> None:
    truth = document(sample, "truth.json")
    ongoing = {each["kind"]: each for each in truth if each["end"] is None}
    assert ongoing["feature_unit_changed"]["endpoint"] == "flight-delay"
    assert "idle_deployment" in ongoing
    ended = [NOW - time(each["end"]) for each in truth if each["kind"] == "crash_loop"]
    assert timedelta(0) < ended[0] < DAY


def test_labels_do_not_know_of_upstream_faults(
    sample: Path, tables: duckdb.DuckDBPyConnection
) -> None:
    (truth,) = [e for e in document(sample, "truth.json") if e["id"] == "temperature-celsius"]
    scene = Scene(truth, sample, tables)
    late = scene.judged("avg(truth)")
    folder = sample / "storage/ground_truth/flight-delay"
    (usual,) = rows(tables, f"SELECT avg(was_late) FROM '{folder}/*.parquet'")[0]
    assert late == pytest.approx(usual, abs=0.15)
