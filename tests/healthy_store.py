"""One deployment with nothing wrong, small enough to run every page on many times.

What is judged on it is green, so that a test can see what turns grey when a source goes blind.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import tiny_logs
import tiny_store
from tiny_store import BLUE, ENDPOINT, ENDPOINTS, GROUP, NOW, WORKSPACE

from monitoring.settings import Settings
from monitoring.sources.azure import Azure, local_wiring
from sample.builder.names import LOG_ANALYTICS_GUID
from sample.transport import Faults, Observer

FIRST = datetime(2026, 11, 6, tzinfo=UTC)
ROWS_A_DAY = 120
DEPLOYMENTS = f"{ENDPOINTS}/deployments"
#: (namespace, table, keys, metrics): each a row an hour, of one deployment.
METRICS = (
    (ENDPOINTS, "endpoint_requests", {"deployment": "blue", "statusCode": "200", "statusCodeClass": "2xx", "modelStatusCode": "200"},
     {"RequestsPerMinute": 6.0}),
    (ENDPOINTS, "endpoint_latency", {"deployment": "blue"},
     {"RequestLatency": 90.0, "RequestLatency_P50": 80.0, "RequestLatency_P90": 95.0, "RequestLatency_P95": 100.0, "RequestLatency_P99": 120.0}),
    (ENDPOINTS, "endpoint_collection", {"deployment": "blue", "type": "model_inputs", "reason": ""},
     {"DataCollectionEventsPerMinute": 6.0, "DataCollectionErrorsPerMinute": 0.0}),
    (DEPLOYMENTS, "deployment_requests", {"envoy_response_code": "200"}, {"RequestsPerMinute": 6.0}),
    (DEPLOYMENTS, "deployment_latency", {}, {"RequestLatency_P50": 80.0, "RequestLatency_P95": 100.0}),
    (DEPLOYMENTS, "deployment_instances", {"instanceId": "i-1", "disk": "d", "State": "Ready"},
     {"CpuUtilizationPercentage": 40.0, "CpuMemoryUtilizationPercentage": 50.0, "DiskUtilization": 30.0, "DeploymentCapacity": 1.0}),
    ("Microsoft.MachineLearningServices/workspaces", "workspace_quota",
     {"Scenario": "", "ClusterName": "cpu", "VmFamilyName": "standardDSv3Family", "VmPriority": "dedicated"},
     {"Quota Utilization Percentage": 20.0, "Active Nodes": 1.0, "Idle Nodes": 0.0, "Total Nodes": 1.0, "Unusable Nodes": 0.0}),
)  # fmt: skip


def write(store: Path) -> Path:
    """Write the store and return its folder."""
    tiny_logs.write(store)
    _write_logs(store / "workspace.duckdb")
    _write_metrics(store / "metrics.duckdb")
    kept = [r for r in tiny_store.resources() if _is_kept(r["id"])]
    for resource in kept:
        _mend(resource["id"], resource["properties"])
    (store / "arm.json").write_text(json.dumps({"resources": kept}))
    (store / "activity.json").write_text(json.dumps(tiny_store.events()[:3]))
    _write_storage(store / "storage", random.Random(2013))  # noqa: S311 - a test's rows
    return store


def _is_kept(arm_id: str) -> bool:
    below = arm_id.removeprefix(WORKSPACE).split("/")
    match below:
        case ["", "onlineEndpoints", name, *rest]:
            return name == "credit" and (not rest or ("green" not in rest and "future" not in rest))
        case ["", "models", "credit", "versions", version]:
            return version in {"6", "7"}
    return "registries" not in arm_id and "paused" not in arm_id


def _mend(arm_id: str, properties: dict[str, Any]) -> None:
    """Take away what is wrong on purpose with the tiny store, and say how good the model was."""
    if "/models/credit/versions/" in arm_id:
        properties["tags"]["accuracy"] = "0.75"
    elif "/diagnosticSettings/" in arm_id:
        names = ("Traffic", "Console", "Event")
        logs = [{"category": f"AmlOnlineEndpoint{n}Log", "enabled": True} for n in names]
        properties["logs"] = logs
    elif arm_id == BLUE:
        inputs = properties["dataCollector"]["collections"]["model_inputs"]
        properties["dataCollector"]["collections"]["model_outputs"] = inputs


def _write_logs(path: Path) -> None:
    columns = {
        "TimeGenerated": "t",
        "EndpointName": "'credit'",
        "DeploymentName": "'blue'",
        "ResponseCode": "200",
        "ModelStatusCode": "200",
        "TotalDurationMs": "80 + n % 20",
        "ResponseDurationMs": "10",
        "XRequestId": "'r-' || n",
        "_ResourceId": f"'{ENDPOINT.lower()}'",
    }
    with duckdb.connect(str(path)) as con:
        con.execute(
            f"INSERT INTO AmlOnlineEndpointTrafficLog ({', '.join(columns)}) "
            f"SELECT {', '.join(columns.values())} FROM (SELECT row_number() OVER () AS n, t FROM "
            f"range(TIMESTAMP '{FIRST:%Y-%m-%d}', TIMESTAMP '{NOW:%Y-%m-%d %H:%M}', INTERVAL 1 MINUTE) r(t))"
        )
        con.execute(
            "INSERT INTO AmlOnlineEndpointConsoleLog (TimeGenerated, DeploymentName, Message, _ResourceId) "
            f"VALUES (TIMESTAMP '2026-11-21 11:30', 'blue', 'GET /score 200', '{ENDPOINT.upper()}')"
        )


def _write_metrics(path: Path) -> None:
    with duckdb.connect(str(path)) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(
            "CREATE TABLE catalog(namespace VARCHAR, metric VARCHAR, table_name VARCHAR,"
            " unit VARCHAR, aggregations VARCHAR, dimensions VARCHAR)"
        )
        for namespace, table, keys, metrics in METRICS:
            resource = {ENDPOINTS: ENDPOINT, DEPLOYMENTS: BLUE}.get(namespace, WORKSPACE)
            shown = ", ".join(
                [f"'{text}' AS \"{key}\"" for key, text in keys.items()]
                + [f'{value} AS "{name}"' for name, value in metrics.items()]
            )
            con.execute(
                f"CREATE TABLE {table} AS SELECT '{resource}' AS resource_id, minute, {shown} FROM "
                f"range(TIMESTAMP '{FIRST:%Y-%m-%d}', TIMESTAMP '{NOW:%Y-%m-%d %H:%M}', INTERVAL 5 MINUTE) r(minute)"
            )
            for name in metrics:
                row = (namespace, name, table, "Count", "Average,Minimum,Maximum,Total,Count")
                con.execute("INSERT INTO catalog VALUES (?, ?, ?, ?, ?, ?)", [*row, ",".join(keys)])


def _write_storage(root: Path, chance: random.Random) -> None:
    """Collected inputs and outputs, training data and labels, all of one distribution."""
    days = [FIRST + timedelta(days=n) for n in range((NOW - FIRST).days)]
    for day in days:
        rows = [_row(chance) for _ in range(ROWS_A_DAY)]
        times = [day + timedelta(minutes=12 * n) for n in range(ROWS_A_DAY)]
        keys = [f"{day:%m%d}-{n}" for n in range(ROWS_A_DAY)]
        outputs = [{"prediction": int(p > 0.5), "probability": p} for *_, p in rows]
        inputs = [{"amount": amount, "kind": kind} for amount, kind, _ in rows]
        for collection, data in (("model_inputs", inputs), ("model_outputs", outputs)):
            for hour in range(24):
                _write_lines(root, collection, day, hour, zip(times, keys, data, strict=True))
        late = [(key, int(chance.random() < p)) for key, (*_, p) in zip(keys, rows, strict=True)]
        labels = ", ".join(f"('{key}_0', {label})" for key, label in late)
        _copy(
            root / f"ground_truth/credit/{day:%Y-%m-%d}.parquet",
            "SELECT *, TIMESTAMP '2026-11-21' AS known FROM "
            f"(VALUES {labels}) v(correlationid, late)",
        )
    trained = [(*_row(chance),) for _ in range(2000)]
    values = ", ".join(f"({a}, '{k}', {int(chance.random() < p)})" for a, k, p in trained)
    _copy(
        root / "training/credit/1/data.parquet",
        f"SELECT * FROM (VALUES {values}) v(amount, kind, late)",
    )


def _row(chance: random.Random) -> tuple[float, str, float]:
    """An amount, a kind and the probability that it ends late."""
    amount = round(chance.uniform(0, 100), 2)
    return amount, chance.choice("abc"), round(0.02 + 0.96 * amount / 100, 4)


def _write_lines(root: Path, collection: str, day: datetime, hour: int, events: Any) -> None:
    path = root / f"modelDataCollector/credit/blue/{collection}/{day:%Y/%m/%d}/{hour:02}/a.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(
        "".join(
            json.dumps({"id": key, "time": time.isoformat(), "correlationid": key, "data": [row]})
            + "\n"
            for time, key, row in events
            if time.hour == hour
        )
    )


def _copy(path: Path, query: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")


@dataclass
class Healthy:
    """Connections to a store; each has a query budget of its own."""

    store: Path
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        self.settings = Settings(
            cache=self.store.parent / "cache",
            now=NOW,
            subscription_id=tiny_store.SUBSCRIPTION,
            resource_group=GROUP.rpartition("/")[2],
            log_analytics_workspace_id=LOG_ANALYTICS_GUID,
            database_url=f"sqlite:///{self.store.parent}/leeway.sqlite",
        )

    def connect(
        self,
        *,
        faults: Faults | None = None,
        observer: Observer | None = None,
    ) -> Azure:
        """Return the real clients on the store."""
        tiny_store.import_azure_ml()
        wiring = local_wiring(self.store, self.settings, faults=faults, observer=observer)
        return Azure(self.settings, workspace="tiny", wiring=wiring)
