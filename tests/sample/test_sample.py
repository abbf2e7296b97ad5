"""The sample workspace: its tables are Azure's, its parts fit together, and it is reproducible."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from sample.builder.contents import write
from sample.builder.database import TYPES, UNKNOWN_TABLES
from sample.builder.incidents import script
from sample.builder.plan import Plan
from tests.conftest import NOW, ROOT
from tests.sample.sample_tables import document, files, lines, one, opened, rows, time

TABLES = json.loads((ROOT / "tests/data/azure_tables.json").read_text())
MIDNIGHT = NOW.replace(hour=0)
WEEK = (MIDNIGHT - timedelta(days=7), MIDNIGHT)
FLIGHT_ENDPOINTS = ("flight-delay", "flight-time")


@pytest.fixture
def tables(sample: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with opened(sample) as connection:
        yield connection


def test_log_analytics_tables_are_those_of_azure(tables: duckdb.DuckDBPyConnection) -> None:
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows(
        tables,
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = 'workspace' ORDER BY table_name, column_index",
    ):
        found.setdefault(table, {})[column] = kind
    expected = {
        table: {column: TYPES[kind] for column, kind in columns.items()}
        for table, columns in TABLES.items()
        if table not in UNKNOWN_TABLES
    }
    assert found.keys() == expected.keys()
    for table, columns in expected.items():
        assert list(found[table].items()) == list(columns.items()), table


@pytest.mark.parametrize("table", sorted(TABLES.keys() - UNKNOWN_TABLES))
def test_text_is_never_null_and_times_lie_in_retention(
    tables: duckdb.DuckDBPyConnection, table: str
) -> None:
    text = [name for name, kind in TABLES[table].items() if kind == "string"]
    nulls = " OR ".join(f'"{name}" IS NULL' for name in text)
    assert one(tables, f'SELECT count(*) FROM workspace."{table}" WHERE {nulls}') == 0
    days = 90 if table in {"AzureActivity", "Usage"} else 31
    start, end = MIDNIGHT - timedelta(days=days), MIDNIGHT + timedelta(days=2)
    outside = one(
        tables,
        f'SELECT count(*) FROM workspace."{table}" WHERE NOT TimeGenerated BETWEEN $s AND $e',
        s=start.replace(tzinfo=None),
        e=end.replace(tzinfo=None),
    )
    assert outside == 0


@pytest.mark.parametrize(
    "table",
    [
        "AmlOnlineEndpointTrafficLog",
        "AmlOnlineEndpointConsoleLog",
        "AmlOnlineEndpointEventLog",
        "AmlComputeClusterEvent",
        "AmlComputeJobEvent",
        "AmlComputeCpuGpuUtilization",
        "AmlRunStatusChangedEvent",
        "AmlModelsEvent",
        "AmlRegistryReadEventsLog",
        "AmlRegistryWriteEventsLog",
        "AzureActivity",
        "AppRequests",
        "AppTraces",
        "AppExceptions",
        "AppDependencies",
        "Usage",
        "LAQueryLogs",
    ],
)
def test_tables_that_the_product_reads_have_rows_yesterday_or_last_week(
    tables: duckdb.DuckDBPyConnection, table: str
) -> None:
    query = f'SELECT count(*) FROM workspace."{table}" WHERE TimeGenerated < $now'
    assert one(tables, query, now=NOW.replace(tzinfo=None)) > 0


@pytest.mark.parametrize("endpoint", ["flight-delay", "flight-time", "digits"])
def test_collected_rows_join_the_traffic_log_and_the_outcomes(
    tables: duckdb.DuckDBPyConnection, sample: Path, endpoint: str
) -> None:
    lines(tables, sample, endpoint, "model_outputs", *WEEK)
    tables.execute("CREATE TEMP TABLE answered AS FROM collected")
    lines(tables, sample, endpoint, "model_inputs", *WEEK)
    strays = "SELECT count(*) FROM answered {} JOIN collected USING (key) WHERE {} IS NULL"
    assert (
        one(tables, strays.format("LEFT", "collected.key")) <= 1
    )  # one row lies in a file of its own
    failed = one(
        tables,
        """SELECT count(*) FROM collected LEFT JOIN answered USING (key)
        JOIN workspace.AmlOnlineEndpointTrafficLog ON key = XRequestId || '_0'
        WHERE answered.key IS NULL AND ResponseCode = 424 AND ModelStatusCode = 500""",
    )
    assert one(tables, strays.format("RIGHT", "answered.key")) == failed
    if endpoint in FLIGHT_ENDPOINTS:
        assert 0 < failed < 0.02 * one(tables, "SELECT count(*) FROM answered")
    missing = one(
        tables,
        """SELECT count(*) FROM line LEFT JOIN workspace.AmlOnlineEndpointTrafficLog AS log
        ON XRequestId = correlationid AND EndpointName = $endpoint
            AND (ResponseCode = 200 OR ModelStatusCode = 500)
            AND ends_with(source, '/' || DeploymentName)
            AND abs(date_diff('second', log.TimeGenerated, line.time)) <= 1
        WHERE XRequestId IS NULL""",
        endpoint=endpoint,
    )
    assert missing == 0
    truth = sample / "storage" / "ground_truth" / endpoint
    days = [str(truth / f"{WEEK[0] + timedelta(days=n):%Y-%m-%d}.parquet") for n in range(7)]
    labels = one(tables, f"SELECT count(*) FROM read_parquet({days!r})")
    joined = one(
        tables,
        f"SELECT count(*) FROM answered JOIN read_parquet({days!r}) ON key = correlationid "
        "AND known > time",
    )
    assert 0 < joined == labels
    if endpoint in FLIGHT_ENDPOINTS:
        assert labels > 0.9 * one(tables, "SELECT count(*) FROM answered")


def test_a_request_that_failed_in_the_model_left_its_inputs_and_its_error(
    tables: duckdb.DuckDBPyConnection, sample: Path
) -> None:
    lines(tables, sample, "flight-delay", "model_inputs", *WEEK)
    week = {"start": WEEK[0].replace(tzinfo=None), "end": WEEK[1].replace(tzinfo=None)}
    failed, collected, said = rows(
        tables,
        """WITH failed AS (
            SELECT XRequestId AS id, UserAgent LIKE 'fare-search%' AS is_made_up
            FROM workspace.AmlOnlineEndpointTrafficLog
            WHERE EndpointName = 'flight-delay' AND ResponseCode = 424 AND ModelStatusCode = 500
                AND TimeGenerated >= $start AND TimeGenerated < $end)
        SELECT count(*), count(*) FILTER (is_made_up OR id || '_0' IN (SELECT key FROM collected)),
            count(*) FILTER (id IN (
                SELECT Message[20:55] FROM workspace.AmlOnlineEndpointConsoleLog
                WHERE starts_with(Message, 'ERROR x-request-id=')))
        FROM failed""",
        **week,
    )[0]
    assert failed == collected == said > 20


def test_about_one_line_in_a_hundred_holds_several_rows(
    tables: duckdb.DuckDBPyConnection, sample: Path
) -> None:
    lines(tables, sample, "flight-delay", "model_outputs", *WEEK)
    share = one(tables, "SELECT avg((json_array_length(data) > 1)::INT) FROM line")
    assert 0.004 < share < 0.02


def test_lines_come_in_every_shape_that_azure_writes(
    tables: duckdb.DuckDBPyConnection, sample: Path
) -> None:
    start, end = MIDNIGHT - timedelta(days=11), NOW
    lines(tables, sample, "flight-delay", "model_inputs", start, end)
    kinds = {row[0] for row in rows(tables, "SELECT DISTINCT json_type(data) FROM line")}
    assert kinds >= {"ARRAY", "OBJECT", "VARCHAR"}
    text = [
        Path(path).read_bytes()
        for path in files(sample, "flight-delay", "model_inputs", start, end)
    ]
    assert any(not each.endswith(b"\n") for each in text), "no line is cut off"
    references = re.findall(rb'"data":null,"dataref":"([^"]+)"', b"".join(text))
    paths = [reference.decode().partition("/modelDataCollector/")[2] for reference in references]
    raw = [sample / "storage/modelDataCollector" / path for path in paths]
    assert sorted(path.exists() for path in raw) == [False, True]  # one was deleted since
    (row,) = json.loads(next(path for path in raw if path.exists()).read_text())
    assert row.keys() >= {"carrier", "temp"}


def test_a_line_is_the_cloud_event_that_azure_writes(sample: Path) -> None:
    path = files(sample, "digits", "model_inputs", MIDNIGHT - timedelta(days=1), MIDNIGHT)[0]
    event = json.loads(Path(path).read_text().splitlines()[0])
    assert list(event) == [
        "specversion",
        "id",
        "source",
        "type",
        "datacontenttype",
        "time",
        "data",
        "correlationid",
        "xrequestid",
        "modelversion",
        "collectdatatype",
        "agent",
        "contentrange",
    ]
    assert event["type"] == "azureml.inference.model_inputs"
    assert event["correlationid"] == event["xrequestid"]
    length = len(json.dumps(event["data"], separators=(",", ":")))
    assert event["contentrange"] == f"bytes 0-{length - 1}/{length}"
    assert set(event["data"][0]) == {f"pixel_{n}" for n in range(64)}


def test_each_flight_is_collected_once(tables: duckdb.DuckDBPyConnection, sample: Path) -> None:
    lines(tables, sample, "flight-delay", "model_inputs", *WEEK)
    answered = one(tables, "SELECT count(*) FROM collected")
    asked = one(
        tables,
        """SELECT count(*) FROM workspace.AmlOnlineEndpointTrafficLog
        WHERE EndpointName = 'flight-delay' AND UserAgent NOT LIKE 'fare-search%'
            AND TimeGenerated >= $start AND TimeGenerated < $end""",
        start=WEEK[0].replace(tzinfo=None),
        end=WEEK[1].replace(tzinfo=None),
    )
    assert 10 < asked / answered < 15
    assert 5_500 < answered < 8_000


def test_metrics_count_the_requests_of_the_log(tables: duckdb.DuckDBPyConnection) -> None:
    differing = one(
        tables,
        """WITH log AS (
            SELECT lower(_ResourceId) AS id, date_trunc('minute', TimeGenerated) AS minute,
                DeploymentName AS deployment, ResponseCode::VARCHAR AS status, count(*) AS n
            FROM workspace.AmlOnlineEndpointTrafficLog GROUP BY ALL
        ), metric AS (
            SELECT lower(resource_id) AS id, minute, deployment, statusCode AS status,
                sum(RequestsPerMinute) AS n
            FROM metrics.endpoint_requests WHERE minute >= $start GROUP BY ALL
        )
        SELECT count(*) FROM log FULL JOIN metric USING (id, minute, deployment, status)
        WHERE log.n IS DISTINCT FROM metric.n""",
        start=(MIDNIGHT - timedelta(days=31)).replace(tzinfo=None),
    )
    assert differing == 0


def test_metrics_measure_the_latency_of_the_log(tables: duckdb.DuckDBPyConnection) -> None:
    worst = one(
        tables,
        """WITH log AS (
            SELECT lower(_ResourceId) AS id, date_trunc('minute', TimeGenerated) AS minute,
                DeploymentName AS deployment, quantile_cont(TotalDurationMs, 0.95) AS p95
            FROM workspace.AmlOnlineEndpointTrafficLog WHERE TimeGenerated >= $start GROUP BY ALL
        )
        SELECT max(abs(p95 - RequestLatency_P95)) FROM log JOIN metrics.endpoint_latency AS metric
        ON lower(metric.resource_id) = id AND metric.minute = log.minute
            AND metric.deployment = log.deployment""",
        start=(MIDNIGHT - timedelta(days=2)).replace(tzinfo=None),
    )
    assert worst < 0.01


@pytest.mark.parametrize("table", ["endpoint_requests", "deployment_instances", "workspace_quota"])
def test_metrics_reach_back_93_days(tables: duckdb.DuckDBPyConnection, table: str) -> None:
    first = one(tables, f"SELECT min(minute) FROM metrics.{table}").replace(tzinfo=UTC)
    last = one(tables, f"SELECT max(minute) FROM metrics.{table}").replace(tzinfo=UTC)
    assert timedelta(0) <= first - (MIDNIGHT - timedelta(days=93)) < timedelta(hours=2)
    assert timedelta(0) < MIDNIGHT + timedelta(days=2) - last < timedelta(hours=2)


def test_the_catalog_names_columns_that_exist(tables: duckdb.DuckDBPyConnection) -> None:
    columns = {
        (table, column)
        for table, column in rows(
            tables,
            "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'metrics'",
        )
    }
    for table, metric, dimensions in rows(
        tables, "SELECT table_name, metric, dimensions FROM metrics.catalog"
    ):
        for column in (metric, *filter(None, dimensions.split(","))):
            assert (table, column) in columns


def test_labels_arrive_late(tables: duckdb.DuckDBPyConnection, sample: Path) -> None:
    path = sample / "storage/ground_truth/flight-delay/2026-11-18.parquet"
    table = pq.read_table(path)
    assert table.column_names == ["correlationid", "was_late", "known"]
    within_a_day, late = rows(
        tables,
        f"SELECT avg((known < '2026-11-20')::INT), avg((known > '2026-11-20')::INT) FROM '{path}'",
    )[0]
    assert within_a_day > 0.9
    assert late > 0


def test_every_named_asset_exists(sample: Path) -> None:
    resources = document(sample, "arm.json")["resources"]
    found = {resource["id"]: resource for resource in resources}
    assert len(found) == len(resources)
    versions = [r for r in resources if r["type"].endswith("models/versions")]
    assert len(versions) == 8  # four in the workspace, the same four in the registry
    for version in versions:
        for tag in ("training_data", "ground_truth"):
            name, number = version["properties"]["tags"][tag].removeprefix("azureml:").split(":")
            (asset,) = [i for i in found if i.endswith(f"/data/{name}/versions/{number}")]
            path = found[asset]["properties"]["dataUri"].partition("/paths/")[2]
            assert (sample / "storage" / path).exists()
    for deployment in (r for r in resources if r["type"].endswith("/deployments")):
        assert deployment["properties"]["model"] in found
        for collection in deployment["properties"]["dataCollector"]["collections"].values():
            path = found[collection["dataId"]]["properties"]["dataUri"].partition("/paths/")[2]
            assert (sample / "storage" / path).is_dir()


def test_the_activity_log_is_told_twice_alike(
    tables: duckdb.DuckDBPyConnection, sample: Path
) -> None:
    rest = [
        (each["eventDataId"], time(each["eventTimestamp"][:19] + "Z").replace(tzinfo=None))
        for each in document(sample, "activity.json")
    ]
    told = rows(tables, "SELECT EventDataId, TimeGenerated FROM workspace.AzureActivity")
    assert sorted(rest) == sorted(told)


def test_only_tests_and_benchmarks_read_the_truth() -> None:
    product = [ROOT / "app.py", *ROOT.glob("monitoring/**/*.py"), *ROOT.glob("ui/**/*.py")]
    product += ROOT.glob("pages/**/*.py")
    writer = ROOT / "sample/builder"
    naming = [p for p in product if "truth.json" in p.read_text() and writer not in p.parents]
    assert naming == []


def content(store: Path) -> dict[str, str]:
    """Return a digest of every file; of a database, of every table."""
    digests = {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in store.rglob("*")
        # A skops file numbers objects by where they lay in memory: its bytes differ, its model does not.
        if path.is_file()
        and path.suffix not in {".duckdb", ".skops"}
        and path.name != "complete.json"
    }
    with opened(store) as connection:
        for database, table in rows(
            connection,
            "SELECT database_name, table_name FROM duckdb_tables() "
            "WHERE database_name IN ('workspace', 'metrics')",
        ):
            query = (
                f"SELECT count(*) || ' ' || bit_xor(hash(t::VARCHAR)) FROM {database}.\"{table}\" t"
            )
            digests[table] = str(one(connection, query))
    return digests


@pytest.mark.slow(seconds=20)
def test_seed_and_day_decide_everything(tmp_path: Path) -> None:
    plans = {
        "first": Plan(date(2026, 11, 21), seed=7, share=0.01),
        "again": Plan(date(2026, 11, 21), seed=7, share=0.01),
    }
    contents = {}
    for name, plan in plans.items():
        (tmp_path / name).mkdir()
        write(tmp_path / name, plan, lambda share, text: None)
        contents[name] = content(tmp_path / name)
    assert contents["first"] == contents["again"]


def test_another_seed_moves_the_incidents_and_keeps_their_order() -> None:
    one_seed, other = (script(Plan(date(2026, 11, 21), seed=seed)) for seed in (7, 8))
    assert {i.id: i.onset for i in one_seed.values()} != {i.id: i.onset for i in other.values()}
    apart = [abs(one_seed[name].onset - other[name].onset) for name in one_seed]
    assert max(apart) <= timedelta(minutes=50)


@pytest.mark.parametrize("today", [date(2026, 11, 21), date(2027, 2, 28), date(2028, 2, 29)])
def test_flights_keep_their_weekday_and_reach_tomorrow(today: date) -> None:
    plan = Plan(today, seed=1)
    last = date(2013, 12, 31) + plan.shift
    assert plan.shift.days % 7 == 0
    assert today + timedelta(days=1) <= last < today + timedelta(days=8)
    assert plan.end == datetime(today.year, today.month, today.day, tzinfo=UTC) + timedelta(days=2)
