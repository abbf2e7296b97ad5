"""A Log Analytics workspace with a handful of rows, and the real client on it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from monitoring.settings import Settings
from monitoring.sources.azure import Azure, Wiring
from sample import log_analytics
from sample.builder.names import LOG_ANALYTICS_GUID
from sample.credential import SampleCredential
from sample.transport import Faults, LocalAdapter, Observer, local_transport

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SCHEMA: dict[str, dict[str, str]] = json.loads(
    Path(log_analytics.__file__).with_name("azure_tables.json").read_text()
)
DUCKDB_TYPES = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "long": "BIGINT",
    "real": "DOUBLE",
    "bool": "BOOLEAN",
    "datetime": "TIMESTAMP",
    "dynamic": "JSON",
}
GROUP = "/subscriptions/S1/resourceGroups/rg/providers/Microsoft.MachineLearningServices"
CREDIT = f"{GROUP}/workspaces/w/onlineEndpoints/credit"
#: Names that mean something to KQL, and must mean nothing.
HOSTILE = (
    'quote"',
    "it's",
    "semi;colon",
    "new\nline",
    'x" or 1 == 1 //',
    'x"]); .drop table AmlOnlineEndpointTrafficLog //',
    "back\\slash",
    "back\\",
    "tab\tand\rreturn",
    "naïve-🚀",
    "",
)

Row = dict[str, Any]


def request(time: str, endpoint: str = "credit", **columns: Any) -> Row:
    """One row of the traffic log at a time of 2026-11-21."""
    return {
        "TimeGenerated": f"2026-11-21 {time}",
        "EndpointName": endpoint,
        "DeploymentName": "blue",
        "ResponseCode": 200,
        "ModelStatusCode": 200,
        "TotalDurationMs": 100,
        "ResponseDurationMs": 80,
        "_ResourceId": f"{GROUP}/workspaces/w/onlineEndpoints/{endpoint}",
        **columns,
    }


def write(store: Path, **tables: list[Row]) -> Path:
    """Write a store whose Log Analytics tables hold these rows."""
    store.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(store / "workspace.duckdb")) as con:
        for table, columns in SCHEMA.items():
            described = ", ".join(f'"{c}" {DUCKDB_TYPES[k]}' for c, k in columns.items())
            con.execute(f'CREATE TABLE "{table}" ({described})')
        con.begin()  # once, or each row waits for the disk
        for table, rows in tables.items():
            for row in rows:
                values = {c: "" for c, kind in SCHEMA[table].items() if kind == "string"} | row
                names = ", ".join(f'"{c}"' for c in values)
                marks = ", ".join("?" for _ in values)
                con.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', [*values.values()])
        con.commit()
    resources = [{"id": CREDIT, "name": "credit"}, {"id": f"{CREDIT}-2", "name": "credit-2"}]
    (store / "arm.json").write_text(json.dumps({"resources": resources}))
    return store


def connect(
    store: Path,
    *,
    now: datetime = NOW,
    row_limit: int = log_analytics.ROW_LIMIT,
    faults: Faults | None = None,
    observer: Observer | None = None,
) -> Azure:
    """Return the real clients on a store that `write` wrote."""
    settings = Settings(
        cache=store,
        now=now,
        subscription_id="S1",
        resource_group="rg",
        log_analytics_workspace_id=LOG_ANALYTICS_GUID,
    )
    routes = log_analytics.routes(store, settings.clock, row_limit=row_limit)
    adapter = LocalAdapter(routes, faults=faults, observer=observer)
    options = {"transport": local_transport(adapter)}
    wiring = Wiring(SampleCredential(), files="", options=options)
    return Azure(settings, workspace="w", wiring=wiring)
