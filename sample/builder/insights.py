"""Application Insights and the workspace's own housekeeping tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from sample.builder import names
from sample.builder.database import UNKNOWN_TABLES, fill, fill_rows, schemas

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from sample.builder.incidents import Incident
    from sample.builder.plan import Plan

#: One request in so many is kept; `ItemCount` says so. digits has Application Insights off.
SAMPLED_ONE_IN = {"flight-delay": 20, "flight-time": 10}

_COMMON = """
    'score' AS OperationName, replace(id, '-', '') AS OperationId, '{endpoint}' AS AppRoleName,
    deployment AS AppRoleInstance, 'PC' AS ClientType, 'py3.11.9:otel1.45.1:ext1.0.0b58' AS SDKVersion,
    '{app}' AS _ResourceId
"""
_QUERIES = {
    "AppRequests": """
        SELECT time AS TimeGenerated, substr(replace(id, '-', ''), 1, 16) AS Id, 'POST /score' AS Name,
            'http://127.0.0.1:5001/score' AS Url, model_status = 200 AS Success,
            model_status::VARCHAR AS ResultCode, greatest(total_ms - 4, 1)::DOUBLE AS DurationMs,
            to_json({{'x-request-id': id}}) AS Properties, {one_in} AS ItemCount, {common}
        FROM kept WHERE model_status > 0 ORDER BY time""",
    "AppTraces": """
        SELECT time AS TimeGenerated, 'computed from ' || {features} || ' features' AS Message,
            1 AS SeverityLevel, to_json({{'x-request-id': id, 'deployment': deployment}}) AS Properties,
            {one_in} AS ItemCount, substr(replace(id, '-', ''), 1, 16) AS ParentId, {common}
        FROM kept WHERE computed ORDER BY time""",
    "AppDependencies": """
        SELECT time AS TimeGenerated, substr(md5(id), 1, 16) AS Id, target AS Target,
            'HTTP' AS DependencyType, 'GET ' || path AS Name, 'https://' || target || path AS Data,
            '200' AS ResultCode, true AS Success,
            CASE WHEN target LIKE 'aircraft%' AND {slow} THEN greatest(total_ms - 50, 20)
                ELSE 6 + hash(id) % 20 END::DOUBLE AS DurationMs,
            to_json({{'x-request-id': id}}) AS Properties, {one_in} AS ItemCount,
            substr(replace(id, '-', ''), 1, 16) AS ParentId, {common}
        FROM kept, (VALUES ('aircraft-registry.airline.example', '/planes'),
            ('weather.airline.example', '/observations')) AS called(target, path)
        WHERE computed OR {slow} ORDER BY time, target""",
    "AppExceptions": """
        SELECT time AS TimeGenerated, 'ValueError at score.run' AS ProblemId, 'Platform' AS HandledAt,
            CASE WHEN deployment = 'green' THEN 'ValueError' ELSE 'ConnectionResetError' END AS ExceptionType,
            CASE WHEN deployment = 'green' THEN '{green}'
                ELSE '[Errno 104] Connection reset by peer' END AS Message,
            'score' AS Assembly, 'run' AS Method, 3 AS SeverityLevel, 1 AS ItemCount,
            to_json({{'x-request-id': id}}) AS Properties, {common}
        FROM failed ORDER BY time""",
}
_FEATURES = {"flight-delay": 19, "flight-time": 12}


def write(
    connection: duckdb.DuckDBPyConnection,
    requests: Mapping[str, pd.DataFrame],
    plan: Plan,
    incidents: Mapping[str, Incident],
) -> None:
    """Write the App tables of the last 31 days; exceptions are never sampled away."""
    start = plan.logs_start.replace(tzinfo=None)
    slow = incidents["slow-aircraft-registry"]
    for endpoint, one_in in SAMPLED_ONE_IN.items():
        frame = requests[endpoint]
        connection.register("request", frame[frame["time"] >= start])
        connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE failed AS SELECT * EXCLUDE (deployment),
                deployment::VARCHAR AS deployment, request_id('{endpoint}', number) AS id
            FROM request WHERE number % {one_in} = 0 OR model_status = 500;
            CREATE OR REPLACE TEMP TABLE kept AS FROM failed WHERE number % {one_in} = 0;
            DELETE FROM failed WHERE model_status <> 500;
        """)
        connection.unregister("request")
        common = _COMMON.format(endpoint=endpoint, app=names.APP_INSIGHTS_ID.lower())
        during = f"time >= '{slow.onset:%Y-%m-%d %H:%M}' AND time < '{slow.end:%Y-%m-%d %H:%M}'"
        for table, query in _QUERIES.items():
            text = query.format(
                one_in=one_in,
                common=common,
                features=_FEATURES[endpoint],
                slow=f"({during})" if endpoint == "flight-time" else "false",
                green=incidents["green-fails"].cause["message"],
            )
            fill(connection, table, text)


def write_usage(connection: duckdb.DuckDBPyConnection) -> None:
    """Write Usage: megabytes an hour of each table that has rows. Run this last."""
    parts = [
        f"""SELECT '{table}' AS DataType, date_trunc('hour', TimeGenerated) AS StartTime,
            sum(coalesce(_BilledSize, 0)) / 1e6 AS Quantity FROM workspace."{table}" GROUP BY 2"""
        for table in schemas()
        if table not in {"Usage", *UNKNOWN_TABLES}
    ]
    query = f"""
        SELECT DataType, StartTime, StartTime + INTERVAL 1 HOUR AS EndTime,
            StartTime + INTERVAL 1 HOUR AS TimeGenerated, Quantity, 'MBytes' AS QuantityUnit,
            'LogManagement' AS Solution, true AS IsBillable, 60 AS BatchesWithinSla,
            0 AS BatchesOutsideSla, 0 AS BatchesCapped, 60 AS TotalBatches,
            4.2 AS AvgLatencyInSeconds, '{names.LOG_ANALYTICS_ID.lower()}' AS ResourceUri
        FROM ({" UNION ALL ".join(parts)}) ORDER BY StartTime, DataType"""
    fill(connection, "Usage", query)


def write_queries(connection: duckdb.DuckDBPyConnection, plan: Plan) -> None:
    """Write LAQueryLogs: what two people and a dashboard asked in the last weeks."""
    random = plan.random("queries")
    texts = (
        "AmlOnlineEndpointTrafficLog | summarize count() by bin(TimeGenerated, 5m), ResponseCode",
        "AmlOnlineEndpointConsoleLog | where Message has 'ERROR' | take 100",
        "AzureActivity | where CategoryValue =~ 'Administrative' | take 50",
    )
    rows = []
    for day in range(-30, 2):
        for _ in range(int(random.integers(6, 14))):
            at = plan.midnight + timedelta(days=day, minutes=int(random.integers(7 * 60, 18 * 60)))
            text = int(random.integers(len(texts)))
            rows.append(
                {
                    "TimeGenerated": at,
                    "CorrelationId": f"{int(random.integers(16**12)):012x}",
                    "AADEmail": (names.ANA, names.BEN)[text % 2],
                    "QueryText": texts[text],
                    "RequestClientApp": "AppAnalytics",
                    "RequestTarget": names.LOG_ANALYTICS_ID,
                    "ResponseCode": 200,
                    "ResponseRowCount": int(random.integers(1, 900)),
                    "ResponseDurationMs": round(float(random.lognormal(6.3, 0.6)), 1),
                    "StatsCPUTimeMs": round(float(random.lognormal(5.1, 0.7)), 1),
                    "StatsWorkspaceCount": 1,
                    "StatsRegionCount": 1,
                    "IsBillableQuery": False,
                    "ScannedGB": 0.0,
                    "WorkspaceRegion": names.REGION,
                    "_ResourceId": names.LOG_ANALYTICS_ID.lower(),
                }
            )
    fill_rows(connection, "LAQueryLogs", rows)
