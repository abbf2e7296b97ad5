"""The local Log Analytics, seen through the SDK's client: wire format, bounds, refusals, walls."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import requests
import tiny_logs
from azure.core.exceptions import HttpResponseError
from azure.monitor.query import (
    LogsBatchQuery,
    LogsQueryClient,
    LogsQueryPartialResult,
    LogsQueryStatus,
)
from tiny_logs import CREDIT, NOW, request

from monitoring.sources.azure import Azure
from sample import kql, log_analytics
from sample.builder.names import LOG_ANALYTICS_GUID as GUID
from sample.credential import SampleCredential
from sample.transport import LocalAdapter, Reply, Request, local_transport

TRAFFIC = "AmlOnlineEndpointTrafficLog"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    upper = "/SUBSCRIPTIONS/s1" + CREDIT.removeprefix("/subscriptions/S1").upper()
    return tiny_logs.write(
        tmp_path_factory.mktemp("store"),
        AmlOnlineEndpointTrafficLog=[
            request("10:00:00"),
            request("10:30:00.123456", TotalDurationMs=None),
            request("11:00:00", ResponseCode=500),
            request("11:30:00", "credit-2"),
            request("11:55:00"),
            request("11:55:01"),  # not ingested yet
            request("12:30:00"),  # has not happened yet
        ],
        AmlOnlineEndpointConsoleLog=[
            {"TimeGenerated": "2026-11-21 11:00", "Message": "one", "_ResourceId": upper},
            {"TimeGenerated": "2026-11-21 11:00", "Message": "two", "_ResourceId": f"{upper}-2"},
        ],
        AppRequests=[
            {
                "TimeGenerated": "2026-11-21 11:00",
                "Success": True,
                "DurationMs": 1.5,
                "ItemCount": 3,
                "Properties": '{"model":"credit","tags":[1,2]}',
            }
        ],
        Usage=[{"TimeGenerated": "2026-11-21 11:00", "TotalBatches": 5_000_000_000}],
    )


@pytest.fixture(scope="module")
def azure(store: Path) -> Azure:
    return tiny_logs.connect(store)


@pytest.fixture(scope="module")
def client(azure: Azure) -> LogsQueryClient:
    return azure.logs_client


def rows(client: LogsQueryClient, query: str, timespan: Any = None) -> list[list[Any]]:
    result = client.query_workspace(GUID, query, timespan=timespan)
    assert result.status == LogsQueryStatus.SUCCESS
    return [list(row) for row in result.tables[0].rows]


def count(client: LogsQueryClient, timespan: Any) -> int:
    return rows(client, f"{TRAFFIC} | count", timespan)[0][0]


def post(store: Path, body: Any, **headers: str) -> Any:
    """Ask without the SDK, which cannot say everything that the service understands."""
    session = requests.Session()
    session.mount("https://", LocalAdapter(log_analytics.routes(store, lambda: NOW)))
    token = SampleCredential().get_token("https://api.loganalytics.io/.default").token
    return session.post(
        f"https://api.loganalytics.io/v1/workspaces/{GUID}/query",
        data=body if isinstance(body, str) else json.dumps(body),
        headers={"Authorization": f"Bearer {token}"} | headers,
    )


# The wire


def test_each_type_has_the_form_it_has_on_azure(store: Path) -> None:
    query = """
        print s = "a", n = int(1), l = 5000000000, r = 1.5, b = true, none = int(null),
            t = datetime(2026-01-02T03:04:05.123456), d = 1d + 2h + 3s + 4ms, back = -5m,
            g = guid(74be27de-1e4e-49d9-b579-fe0b331d3642), o = dynamic({"a": [1, "x"]}),
            nan = real(nan), up = real(+inf), down = real(-inf), empty = tostring(int(null))
    """
    table = post(store, {"query": query}).json()["tables"][0]
    assert table["name"] == "PrimaryResult"
    kinds = {column["name"]: column["type"] for column in table["columns"]}
    values = dict(zip(kinds, table["rows"][0], strict=True))
    assert {name: (kinds[name], values[name]) for name in kinds} == {
        "s": ("string", "a"),
        "n": ("int", 1),
        "l": ("long", 5_000_000_000),
        "r": ("real", 1.5),
        "b": ("bool", True),
        "none": ("int", None),
        "t": ("datetime", "2026-01-02T03:04:05.1234560Z"),
        "d": ("timespan", "1.02:00:03.0040000"),
        "back": ("timespan", "-00:05:00"),
        "g": ("guid", "74be27de-1e4e-49d9-b579-fe0b331d3642"),
        "o": ("dynamic", '{"a":[1,"x"]}'),
        "nan": ("real", "NaN"),
        "up": ("real", "Infinity"),
        "down": ("real", "-Infinity"),
        "empty": ("string", ""),
    }


def test_a_time_before_the_year_1000_has_its_zeros(store: Path) -> None:
    answer = post(store, {"query": "print datetime(0001-01-01), datetime(0999-12-31)"}).json()
    assert answer["tables"][0]["rows"] == [
        ["0001-01-01T00:00:00.0000000Z", "0999-12-31T00:00:00.0000000Z"]
    ]


def test_a_table_keeps_its_types(client: LogsQueryClient) -> None:
    result = client.query_workspace(GUID, "AppRequests", timespan=None)
    kinds = dict(zip(result.tables[0].columns, result.tables[0].columns_types, strict=True))
    assert kinds == tiny_logs.SCHEMA["AppRequests"]
    assert json.loads(result.tables[0].rows[0]["Properties"])["tags"] == [1, 2]


def test_a_string_is_never_null(client: LogsQueryClient) -> None:
    left = f"{TRAFFIC} | take 1 | project EndpointName"
    joined = f"{left} | join kind=leftouter (Usage | project EndpointName = DataType, Plan) on EndpointName"
    assert rows(client, joined) == [["credit", "", ""]]


def test_statistics_and_visualization_come_when_they_are_asked_for(client: LogsQueryClient) -> None:
    query = f"{TRAFFIC} | summarize count() by bin(TimeGenerated, 1h) | render timechart"
    plain = client.query_workspace(GUID, query, timespan=HOUR)
    full = client.query_workspace(
        GUID, query, timespan=HOUR, include_statistics=True, include_visualization=True
    )
    assert (plain.statistics, plain.visualization) == (None, None)
    assert full.statistics["query"]["executionTime"] > 0
    assert full.visualization["visualization"] == "timechart"


def test_more_rows_than_the_limit_are_a_partial_result_of_status_200(store: Path) -> None:
    client = tiny_logs.connect(store, row_limit=3).logs_client
    partial = client.query_workspace(GUID, TRAFFIC, timespan=None)
    assert isinstance(partial, LogsQueryPartialResult)
    assert len(partial.partial_data[0].rows) == 3
    assert partial.partial_error.code == "PartialError"
    innermost = partial.partial_error.details[0]["innererror"]["message"]
    assert "3 records" in innermost
    assert "E_QUERY_RESULT_SET_TOO_LARGE" in innermost
    exactly = client.query_workspace(GUID, f"{TRAFFIC} | take 3", timespan=None)
    assert exactly.status == LogsQueryStatus.SUCCESS


def test_a_batch_answers_each_query_with_its_own_status(client: LogsQueryClient) -> None:
    asked = [(GUID, f"{TRAFFIC} | count"), (GUID, "Nowhere"), ("other", TRAFFIC)]
    one, two, three = client.query_batch(
        [LogsBatchQuery(guid, query, timespan=2 * HOUR) for guid, query in asked]
    )
    assert list(one.tables[0].rows[0]) == [5]
    assert (two.status, two.code) == (LogsQueryStatus.FAILURE, "BadArgumentError")
    assert "Nowhere" in two.message
    assert three.code == "PathNotFoundError"


# What a query sees


def test_rows_arrive_late_and_never_from_the_future(client: LogsQueryClient) -> None:
    newest = rows(client, f"{TRAFFIC} | summarize max(TimeGenerated)")[0][0]
    assert newest == NOW - kql.INGESTION_DELAY


@pytest.mark.parametrize(
    ("timespan", "expected"),
    [
        (None, 5),
        (HOUR, 3),
        (2 * HOUR, 5),
        ((datetime(2026, 11, 21, 10, tzinfo=UTC), HOUR), 3),
        ((datetime(2026, 11, 21, 10, tzinfo=UTC), datetime(2026, 11, 21, 11, tzinfo=UTC)), 3),
        ((datetime(2026, 11, 21, 10, 0, 0, 1, UTC), datetime(2026, 11, 21, 11, tzinfo=UTC)), 2),
        ((datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 2, tzinfo=UTC)), 0),
    ],
)
def test_the_timespan_bounds_a_query(client: LogsQueryClient, timespan: Any, expected: int) -> None:
    assert count(client, timespan) == expected


@pytest.mark.parametrize(
    ("timespan", "expected"),
    [
        ("P1D", 5),
        ("PT1H", 3),
        ("PT60M", 3),
        ("P0DT3600.0S", 3),
        ("P1W", 5),
        ("2026-11-21T10:00:00Z/PT1H", 3),
        ("PT1H/2026-11-21T11:00:00Z", 3),
        ("2026-11-21T10:00:00/2026-11-21T11:00:00", 3),
        ("2026-11-21T11:00:00+01:00/2026-11-21T10:59:59.9999999Z", 2),
        (None, 5),
    ],
)
def test_each_form_of_timespan_is_read(store: Path, timespan: str | None, expected: int) -> None:
    answer = post(store, {"query": f"{TRAFFIC} | count", "timespan": timespan})
    assert answer.json()["tables"][0]["rows"] == [[expected]]


@pytest.mark.parametrize("timespan", ["yesterday", "P", "PT", "1h", "PT1H/", "/PT1H", "P1X", ""])
def test_a_malformed_timespan_is_refused(store: Path, timespan: str) -> None:
    answer = post(store, {"query": TRAFFIC, "timespan": timespan})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BadArgumentError"
    assert f"'{timespan}'" in answer.json()["error"]["message"]


def test_the_timespan_and_the_query_bound_each_other(client: LogsQueryClient) -> None:
    asked = f"{TRAFFIC} | where TimeGenerated <= datetime(2026-11-21T11:00) | count"
    assert rows(client, asked, HOUR) == [[1]]


def test_now_is_the_clocks(client: LogsQueryClient) -> None:
    assert rows(client, "print now(), ago(1h)") == [[NOW, NOW - HOUR]]


def test_a_resource_sees_its_own_rows_in_any_case(client: LogsQueryClient) -> None:
    query = "AmlOnlineEndpointConsoleLog | project Message"
    found = client.query_resource(CREDIT, query, timespan=None)
    assert [list(row) for row in found.tables[0].rows] == [["one"]]
    workspace = client.query_resource(CREDIT.rpartition("/online")[0], query, timespan=None)
    assert len(workspace.tables[0].rows) == 2


def test_a_table_without_resources_is_empty_for_a_resource(client: LogsQueryClient) -> None:
    assert rows(client, "Usage | count") == [[1]]
    found = client.query_resource(CREDIT, "Usage | count", timespan=None)
    assert list(found.tables[0].rows[0]) == [0]


# Refusals


def refusal(client: LogsQueryClient, query: str, **options: Any) -> dict[str, Any]:
    with pytest.raises(HttpResponseError) as caught:
        client.query_workspace(options.pop("guid", GUID), query, timespan=None, **options)
    assert caught.value.response is not None
    body = caught.value.response.json()["error"]
    return body | {"status": caught.value.status_code}


@pytest.mark.parametrize(
    ("query", "kind", "code", "named"),
    [
        (f"{TRAFFIC} | where", "SyntaxError", "SYN0002", "[1,"),
        (f"{TRAFFIC} | whree x == 1", "SyntaxError", "SYN0002", "'|'"),
        (".show tables", "SyntaxError", "SYN0002", "'.'"),
        ("// harmless\n.drop table Usage", "SyntaxError", "SYN0002", "[2,0]"),
        (".create table T (x: int)", "SyntaxError", "SYN0002", "'.'"),
        (".set-or-append Usage <| Usage", "SyntaxError", "SYN0002", "'.'"),
        ("Nowhere | take 1", "SemanticError", "SEM0100", "'Nowhere'"),
        (f"{TRAFFIC.lower()} | take 1", "SemanticError", "SEM0100", f"'{TRAFFIC.lower()}'"),
        (f"{TRAFFIC} | where Nothing == 1", "SemanticError", "SEM0100", "'Nothing'"),
        (f"{TRAFFIC} | where endpointname == ''", "SemanticError", "SEM0100", "'endpointname'"),
        (f"{TRAFFIC} | project-away nothing", "SemanticError", "SEM0100", "'nothing'"),
        (f"{TRAFFIC} | extend a = 1, b = a", "SemanticError", "SEM0100", "'a'"),
        (f"{TRAFFIC} | summarize n = count() | project N", "SemanticError", "SEM0100", "'N'"),
        (f"{TRAFFIC} | join Usage on datatype", "SemanticError", "SEM0100", "'datatype'"),
        (f"{TRAFFIC} | where X in ((Usage | project DataType))", "SemanticError", "SEM0100", "'X'"),
        ("Usage | where DataType in ((Gone | project A))", "SemanticError", "SEM0100", "'Gone'"),
        (
            "let t = Usage | project A = Plan; t | project Plan",
            "SemanticError",
            "SEM0100",
            "'Plan'",
        ),
        ("union Usage, Gone", "SemanticError", "SEM0100", "'Gone'"),
        ("union isfuzzy=true Gone, Gone2", "SemanticError", "SEM0100", "'Gone'"),
        (f"{TRAFFIC} | where nofunction(Path) == 1", "SemanticError", "SEM0260", "'nofunction'"),
        ("Usage | summarize nofunction(Plan)", "SemanticError", "SEM0260", "'nofunction'"),
        ("database('workspace').Usage", "SemanticError", "SEM0100", "'workspace.Usage'"),
        ("cluster('c').database('d').Usage", "SemanticError", "SEM0100", "'c.d.Usage'"),
        ("['pg_class']", "SemanticError", "SEM0100", "'pg_class'"),
        ("duckdb_settings", "SemanticError", "SEM0100", "'duckdb_settings'"),
    ],
)
def test_what_azure_refuses_is_refused_with_its_codes(
    client: LogsQueryClient, query: str, kind: str, code: str, named: str
) -> None:
    body = refusal(client, query)
    assert (body["status"], body["code"]) == (400, "BadArgumentError")
    assert body["innererror"]["code"] == kind
    assert body["innererror"]["innererror"]["code"] == code
    assert named in body["innererror"]["innererror"]["message"]


@pytest.mark.parametrize(
    "query",
    [
        "Usage | summarize make_set(DataType, 5)",
        "Usage | summarize make_list(DataType, 5)",
        "print h'secret'",
        'print h@"secret"',
        "print 'a\\u0041'",
        'print dynamic(["\\u0041"])',
        "union App* | count",
        "externaldata (a: string) ['https://example.com/a.csv']",
        "Usage | evaluate bag_unpack(Plan)",
        "evaluate sql_request('a', 'b')",
        "Usage | sample-distinct 5 of Plan",
        "print datetime(9999-12-31) + 1000d",
        "print datetime(2026-01-01) - 800000d",
        "Usage | extend n = 1, N = 2",
    ],
)
def test_what_only_the_sample_workspace_refuses_says_so(
    client: LogsQueryClient, query: str
) -> None:
    innermost = refusal(client, query)["innererror"]["innererror"]
    assert innermost["code"] == kql.UNSUPPORTED
    assert "sample workspace" in innermost["message"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("""'a\\\\u0041\\n'""", "a\\u0041\n"),
        ("""@'a\\u0041'""", "a\\u0041"),
        ('''@"h'x' ""quoted"""''', "h'x' \"quoted\""),
        ("""'x' // h'hidden' in a comment \\u0041""", "x"),
        ("""strcat("oh", 'h')""", "ohh"),
        ('"h"', "h"),
    ],
)
def test_strings_are_read_as_kusto_reads_them(
    client: LogsQueryClient, text: str, value: str
) -> None:
    assert rows(client, f"print v = {text}") == [[value]]


def test_fuzzy_union_leaves_out_what_is_missing(client: LogsQueryClient) -> None:
    for query in ("union isfuzzy=true Gone, Usage", "union isfuzzy=true Usage, (Gone | take 1)"):
        assert rows(client, f"{query} | count") == [[1]]


def test_an_unknown_workspace_is_an_unknown_path(client: LogsQueryClient) -> None:
    for guid in ("20130000-0000-0000-0000-000000000009", "log-flights"):
        body = refusal(client, TRAFFIC, guid=guid)
        assert (body["status"], body["code"]) == (404, "PathNotFoundError")


def test_an_unknown_resource_is_not_found(client: LogsQueryClient) -> None:
    with pytest.raises(HttpResponseError) as caught:
        client.query_resource(f"{CREDIT}-3", TRAFFIC, timespan=None)
    assert caught.value.status_code == 404
    assert caught.value.response is not None
    assert caught.value.response.json()["error"]["code"] == "ResourceNotFoundError"


def test_another_workspace_cannot_be_joined_in(client: LogsQueryClient) -> None:
    body = refusal(client, TRAFFIC, additional_workspaces=["other"])
    assert (body["status"], body["code"]) == (400, "FailedToResolveResource")


def test_a_token_for_another_service_is_refused(store: Path) -> None:
    routes = log_analytics.routes(store, lambda: NOW)
    client = LogsQueryClient(
        SampleCredential(),
        audience="https://management.azure.com",
        transport=local_transport(LocalAdapter(routes)),
    )
    body = refusal(client, TRAFFIC)
    assert (body["status"], body["code"]) == (403, "InvalidAuthenticationTokenAudience")


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("", 401),
        ("Basic abc", 401),
        ("Bearer ", 401),
        ("Bearer abc", 403),
        ("Bearer a." + base64.b64encode(b"[]").decode() + ".c", 403),
    ],
)
def test_a_bad_token_is_refused(store: Path, header: str, status: int) -> None:
    assert post(store, {"query": TRAFFIC}, Authorization=header).status_code == status


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"query": ""}', '{"query": 5}'])
def test_a_body_without_a_query_is_refused(store: Path, body: str) -> None:
    answer = post(store, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadArgumentError")


def test_a_query_that_takes_too_long_is_interrupted(store: Path) -> None:
    tables = kql.Tables(store / "workspace.duckdb")
    endless = "range a from 1 to 1000000 step 1 | extend k = 1 | join kind=inner (range b from 1 to 1000000 step 1 | extend k = 1) on k | summarize sum(a * b)"
    with pytest.raises(kql.QueryTimeoutError):
        tables.ask(endless, kql.Scope(until=NOW), rows=10, seconds=0.1)


@pytest.mark.parametrize(
    "query",
    [
        "range x from 1 to 10000000 step 1 | summarize make_list(x)",
        "range x from 1 to 9000000 step 1 | extend y = tostring(x) | sort by y desc | take 1",
    ],
)
def test_the_slot_is_given_back_at_the_limit(store: Path, query: str) -> None:
    tables = kql.Tables(store / "workspace.duckdb")
    start = time.perf_counter()
    with pytest.raises(kql.QueryTimeoutError):
        tables.ask(query, kql.Scope(until=NOW), rows=10, seconds=0.05)
    assert time.perf_counter() - start < 5


def test_a_query_that_needs_too_much_memory_says_so(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kql, "MEMORY_LIMIT", "50MB")
    tables = kql.Tables(store / "workspace.duckdb")
    query = "range x from 1 to 9000000 step 1 | summarize count() by x | count"
    with pytest.raises(kql.KqlRefusedError, match="more memory than the 50MB"):
        tables.ask(query, kql.Scope(until=NOW), rows=10, seconds=60)


def test_a_query_that_fails_is_run_once(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(kql, "rewritten", lambda sql: asked.append(sql) or "SELECT error('late')")
    tables = kql.Tables(store / "workspace.duckdb")
    with pytest.raises(kql.KqlRefusedError, match="late"):
        tables.ask("print 1", kql.Scope(until=NOW), rows=10, seconds=60)
    assert len(asked) == 1


# Walls


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files that DuckDB would read, in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    (tmp_path / "x.json").write_text('{"a": 1}\n')
    duckdb.sql("SELECT 1 AS a").write_parquet(str(tmp_path / "x.parquet"))
    return tmp_path


@pytest.mark.parametrize(
    "query",
    [
        "['/etc/passwd'] | take 1",
        "['x.csv']",
        '["x.csv"]',
        "['x.json']",
        "['x.parquet'] | count",
        "['*.csv']",
        "['https://example.com/x.csv']",
        "['s3://bucket/x.parquet']",
        "let t = ['x.csv']; t",
        "Usage | union ['x.csv']",
        "Usage | join (['x.csv']) on $left.Plan == $right.a",
        "Usage | where Plan in ((['x.csv'] | project a))",
        "print toscalar(['x.csv'] | count)",
        "union isfuzzy=true ['x.csv'], Gone",
        "external_table('x.csv')",
        "table('x.csv')",
        "read_csv('x.csv')",
        "print read_text('/etc/passwd')",
    ],
)
def test_no_query_reads_a_file(client: LogsQueryClient, files: Path, query: str) -> None:
    assert refusal(client, query)["status"] == 400


def test_no_query_reads_a_python_variable(client: LogsQueryClient) -> None:
    secret = pd.DataFrame({"a": ["secret"]})
    Usage = pd.DataFrame({"DataType": ["secret"]})  # noqa: N806, F841 - named like the table
    assert len(secret) == 1
    assert refusal(client, "secret")["innererror"]["innererror"]["code"] == "SEM0100"
    assert rows(client, "Usage | where DataType == 'secret' | count") == [[0]]


def test_the_connection_is_locked_below_kql_as_well(store: Path, files: Path) -> None:
    secret = pd.DataFrame({"a": ["secret"]})
    assert len(secret) == 1
    with kql.Tables(store / "workspace.duckdb")._cursor(60) as cursor:
        for sql in (
            "SELECT * FROM 'x.csv'",
            "SELECT * FROM read_csv('/etc/passwd')",
            "SELECT * FROM secret",
            "ATTACH 'other.duckdb'",
            "COPY (SELECT 1) TO 'out.csv'",
            "INSTALL httpfs",
            "SET enable_external_access = true",
            "SET python_enable_replacements = true",
            "DELETE FROM workspace.main.Usage",
            "DROP TABLE workspace.main.Usage",
        ):
            with pytest.raises(duckdb.Error):
                cursor.execute(sql)


def test_text_that_looks_like_sql_stays_text(client: LogsQueryClient) -> None:
    for text in ("' OR 1=1 --", '" OR 1=1 --', "'); DROP TABLE x; --", "$kqlnow", "{0}"):
        found = rows(client, f"print v = {json.dumps(text)}, t = now()")
        assert found == [[text, NOW]]
        assert rows(client, f"{TRAFFIC} | where EndpointName == {json.dumps(text)}") == []


def test_threads_do_not_see_each_others_windows(client: LogsQueryClient) -> None:
    spans = {HOUR: 3, 2 * HOUR: 5, timedelta(minutes=20): 1, timedelta(minutes=45): 2}
    asked = [span for span in spans for _ in range(20)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda span: count(client, span), asked))
    assert found == [spans[span] for span in asked]


# The transport


def test_an_address_that_nobody_answers_is_a_404(azure: Azure) -> None:
    with pytest.raises(HttpResponseError) as caught:
        list(azure.monitor_client.activity_logs.list(filter="x"))
    assert caught.value.status_code == 404
    assert "api.loganalytics.io" not in caught.value.message
    assert "management.azure.com" in caught.value.message


def test_faults_come_before_the_routes_and_everything_is_observed(store: Path) -> None:
    seen: list[tuple[str, int]] = []

    def observe(request: Request, reply: Reply) -> None:
        seen.append((request.path, reply.status))

    def fail(request: Request) -> Reply | None:
        return (
            Reply(403, {"error": {"code": "No", "message": "no"}})
            if "bad" in request.path
            else None
        )

    client = tiny_logs.connect(store, faults=fail, observer=observe).logs_client
    assert refusal(client, TRAFFIC, guid="bad")["code"] == "No"
    assert count(client, None) == 5
    assert seen == [("/v1/workspaces/bad/query", 403), (f"/v1/workspaces/{GUID}/query", 200)]
