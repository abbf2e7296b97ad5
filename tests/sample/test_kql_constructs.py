"""Constructs of KQL as people write them: run with the right result, or refused by name as the sample's limit."""

from __future__ import annotations

# ruff: noqa: DTZ001 - DuckDB's times are UTC, and say nothing of it
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
import tiny_logs
from tiny_logs import NOW

from sample import kql

SCOPE = kql.Scope(until=NOW)
HOUR = timedelta(hours=1)

#: Rows of Usage: DataType a, b, a, b...; Quantity 0 to 7; at 10:00, 11:01, 10:02, 11:03...
RUN: list[tuple[str, list[tuple[Any, ...]]]] = [
    ("let X = Usage | distinct DataType; X | count", [(2,)]),
    ("let X = materialize(Usage | take 5); X | count", [(5,)]),
    ("let Usage = Usage | take 5; Usage | count", [(5,)]),
    ("let X = Usage | where DataType == 'a'; let Y = X | where Quantity > 2; Y | count", [(2,)]),
    ("let X = Usage | project Q = Quantity; X | summarize max(Q)", [(7.0,)]),
    ("let X = range x from 1 to 5 step 1; X | summarize sum(x)", [(15,)]),
    ("let X = datatable(a: long) [1, 2]; X | summarize sum(a)", [(3,)]),
    ("let X = Usage | distinct DataType; Usage | where DataType in (X) | count", [(8,)]),
    ("let X = Usage | take 1; X | union X | count", [(2,)]),
    ("let m = toscalar(Usage | summarize max(Quantity)); print m", [(7.0,)]),
    ("let n = 3; Usage | take n | count", [(3,)]),
    ("let n = 2; Usage | top n by Quantity desc | summarize min(Quantity)", [(6.0,)]),
    ("let f = (x: int) { x + 1 }; print f(2)", [(3,)]),
    ("Usage | summarize percentiles(Quantity, 50, 95) by DataType | sort by DataType asc", [("a", 2.0, 6.0), ("b", 3.0, 7.0)]),
    ("Usage | summarize (p, q) = percentiles(Quantity, 5, 95) | project q, p", [(7.0, 0.0)]),
    ("Usage | summarize percentiles(Quantity, 50, 95) | project percentile_Quantity_95", [(7.0,)]),
    ("Usage | project-keep Quantity, DataT* | top 1 by Quantity asc", [("a", 0.0)]),
    ("Usage | project-keep Quantity | summarize sum(Quantity)", [(28.0,)]),
    ("Usage | project Quantity, DataType | project-reorder D* | top 1 by Quantity asc", [("a", 0.0)]),
    ("Usage | project Quantity, DataType | project-away D* | top 1 by Quantity desc", [(7.0,)]),
    ("Usage | project Quantity, DataType | project-rename Q = Quantity | top 1 by Q desc", [(7.0, "b")]),
    ("Usage | project DataType | distinct * | sort by DataType asc", [("a",), ("b",)]),
    ("Usage | where notempty(DataType) | count", [(8,)]),
    ("Usage | where isempty(DataType) | count", [(0,)]),
    ("Usage | as T | count", [(8,)]),
    ("Usage | serialize | count", [(8,)]),
    ("Usage | sample 2 | count", [(2,)]),
    ("Usage | summarize max(column_ifexists('Gone', 5))", [(5,)]),
    ("Usage | extend v = column_ifexists('Gone', 5) | summarize max(v)", [(5,)]),
    ("Usage | extend v = column_ifexists('Quantity', 5) | summarize max(v)", [(7.0,)]),
    ("Usage | where DataType == 'notempty(' | count", [(0,)]),
    ("Usage | count", [(8,)]),
    ("Usage | where Quantity between (2 .. 4) | count", [(3,)]),
    ("Usage | where DataType =~ 'A' | count", [(4,)]),
    ("Usage | where DataType in ('a', 'c') | count", [(4,)]),
    ("Usage | where DataType !in ('a') | count", [(4,)]),
    ("Usage | where DataType in~ ('A') | count", [(4,)]),
    ("Usage | where Plan contains 'RO' | count", [(8,)]),
    ("Usage | where Plan has 'pro' | count", [(8,)]),
    ("Usage | where Plan startswith 'p' and Plan endswith 'o' | count", [(8,)]),
    ("Usage | where Plan matches regex '^p.o$' | count", [(8,)]),
    ("Usage | where not(Quantity > 3) | count", [(4,)]),
    ("Usage | where TimeGenerated > ago(90m) | count", [(4,)]),
    ("Usage | summarize count() by bin(TimeGenerated, 1h) | sort by TimeGenerated asc", [(datetime(2026, 11, 21, 10), 4), (datetime(2026, 11, 21, 11), 4)]),
    ("Usage | summarize n = count() by DataType | sort by DataType desc", [("b", 4), ("a", 4)]),
    ("Usage | summarize dcount(DataType)", [(2,)]),
    ("Usage | summarize countif(Quantity > 5)", [(2,)]),
    ("Usage | summarize sumif(Quantity, DataType == 'a')", [(12.0,)]),
    ("Usage | summarize avg(Quantity), min(Quantity), max(Quantity)", [(3.5, 0.0, 7.0)]),
    ("Usage | summarize arg_max(Quantity, DataType)", [(7.0, "b")]),
    ("Usage | summarize arg_min(Quantity, DataType)", [(0.0, "a")]),
    ("Usage | summarize percentile(Quantity, 50)", [(3.0,)]),
    ("Usage | top 1 by Quantity desc | project Quantity", [(7.0,)]),
    ("Usage | sort by Quantity asc | take 1 | project Quantity", [(0.0,)]),
    ("Usage | order by Quantity desc | limit 1 | project Quantity", [(7.0,)]),
    ("Usage | join kind=inner (Usage | where Quantity == 0 | project DataType) on DataType | count", [(4,)]),
    ("Usage | join kind=leftanti (Usage | where Quantity == 0 | project DataType) on DataType | count", [(4,)]),
    ("Usage | join kind=leftouter (Usage | where Quantity == 0 | project DataType) on DataType | count", [(8,)]),
    ("Usage | lookup (datatable(DataType: string, w: long) ['a', 1]) on DataType | summarize sum(w)", [(4,)]),
    ("union Usage, Usage | count", [(16,)]),
    ("union isfuzzy=true Usage, Gone | count", [(8,)]),
    ("print iff(1 > 2, 'x', 'y')", [("y",)]),
    ("print case(1 > 2, 'x', 2 > 1, 'z', 'y')", [("z",)]),
    ("print coalesce(int(null), 2)", [(2,)]),
    ("print strcat('a', 1)", [("a1",)]),
    ("print strlen('abc')", [(3,)]),
    ("print toupper('a'), tolower('B')", [("A", "b")]),
    ("print substring('hello', 1, 2)", [("el",)]),
    ("print split('a,b', ',')[1]", [('"b"',)]),
    ("print replace_string('aa', 'a', 'b')", [("bb",)]),
    ("print extract('([0-9]+)', 1, 'a12')", [("12",)]),
    ("print trim(' ', ' a ')", [("a",)]),
    ("print indexof('abc', 'c')", [(2,)]),
    ("print strlen(strrep('ab', 5))", [(10,)]),
    ("print strlen(strrep('ab', 5000))", [(2048,)]),
    ("print round(1.256, 2)", [(1.26,)]),
    ("print floor(1.5, 1)", [(1.0,)]),
    ("print abs(-2), sqrt(4.0)", [(2, 2.0)]),
    ("print toint('5'), tolong('6'), todouble('1.5')", [(5, 6, 1.5)]),
    ("print tobool('true')", [(True,)]),
    ("print startofday(datetime(2026-01-02 03:04))", [(datetime(2026, 1, 2),)]),
    ("print startofmonth(datetime(2026-01-12))", [(datetime(2026, 1, 1),)]),
    ("print datetime(2026-01-02) - datetime(2026-01-01)", [(timedelta(days=1),)]),
    ("print todatetime('2026-01-01')", [(datetime(2026, 1, 1),)]),
    ("print datetime(0001-01-01)", [(datetime(1, 1, 1),)]),
    ("print dayofweek(datetime(2026-01-04))", [(timedelta(0),)]),
    ("print totimespan('01:00:00')", [(HOUR,)]),
    ("print array_length(dynamic([1, 2]))", [(2,)]),
    ("print strcat_array(dynamic([1, 2]), '-')", [("1-2",)]),
    ("print tostring(parse_json('{\"a\": 1}').a)", [("1",)]),
    ("print x = dynamic([1, 2]) | mv-expand x to typeof(long) | summarize sum(x)", [(3,)]),
    ("print s = 'k=5' | parse s with 'k=' v: long | project v", [(5,)]),
    ("range x from 10 to 1 step -3 | summarize count()", [(4,)]),
    ("range t from ago(3h) to now() step 1h | count", [(4,)]),
    ("range x from 1 to toscalar(range y from 1 to 9 step 1 | count) step 1 | count", [(9,)]),
    ("range x from 1 to 1000000 step 1 | count", [(1_000_000,)]),
]  # fmt: skip

#: Refused, and the words that name what is refused.
REFUSED = {
    "Usage | extend n = row_number()": "row_number()",
    "Usage | serialize n = row_number()": "serialize",
    "Usage | extend p = prev(Quantity)": "prev()",
    "Usage | extend p = next(Quantity)": "next()",
    "Usage | extend c = row_cumsum(Quantity)": "row_cumsum()",
    "Usage | make-series count() on TimeGenerated step 1h": "make-series",
    "Usage | top-nested 2 of DataType by count()": "top-nested",
    "Usage | extend d = todecimal(Quantity)": "todecimal()",
    "print format_timespan(1h, 'h')": "format_timespan()",
    "Usage | evaluate bag_unpack(Plan)": "evaluate",
    "Usage | summarize make_set(DataType, 5)": "make_set() with a limit",
    "Usage | summarize make_list(DataType, 5)": "make_list() with a limit",
    "Usage | summarize avg(1h)": "INTERVAL",
    "union App* | count": "wildcard",
    "search 'a'": "search",
    "print ingestion_time()": "ingestion_time()",
    "print series_sum(dynamic([1]))": "series_sum()",
    "print series_exp(dynamic([1]))": "series_exp()",
    "Usage | where bin_at(Quantity, 2, 1) > 0": "bin_at()",
    "Usage | join kind=inner (Usage | distinct *) on DataType": "distinct *",
    "range t from datetime(2000-01-01) to datetime(9000-01-01) step 1ms | count": "10,000,000 rows",
    "range x from 1 to 100000000 step 1 | summarize make_list(x)": "10,000,000 rows",
    "range x from 1 to 1000000000 step 1 | sort by x desc | take 1": "10,000,000 rows",
    "print strrep(strrep('ab', 1000), 1000)": "strrep() within strrep()",
    "print a = strrep('ab', 1000) | extend b = strrep(a, 1000)": "1,048,576 characters",
    "print x = 99999999d * 1000": "Overflow",
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> kql.Tables:
    rows = [
        {
            "TimeGenerated": f"2026-11-21 1{n % 2}:0{n}",
            "DataType": "ab"[n % 2],
            "Quantity": float(n),
            "Plan": "pro",
        }
        for n in range(8)
    ]
    store = tiny_logs.write(tmp_path_factory.mktemp("constructs"), Usage=rows)
    return kql.Tables(store / "workspace.duckdb")


@pytest.mark.parametrize(("query", "expected"), RUN, ids=[query for query, _ in RUN])
def test_runs_with_the_right_result(
    tables: kql.Tables, query: str, expected: list[tuple[Any, ...]]
) -> None:
    assert tables.ask(query, SCOPE, rows=100, seconds=60).rows == expected


@pytest.mark.parametrize("query", REFUSED)
def test_is_refused_by_name_as_the_samples_limit(tables: kql.Tables, query: str) -> None:
    start = time.perf_counter()
    with pytest.raises(kql.KqlRefusedError) as caught:
        tables.ask(query, SCOPE, rows=100, seconds=60)
    assert caught.value.code == kql.UNSUPPORTED
    assert REFUSED[query] in caught.value.message
    assert time.perf_counter() - start < 5


def test_microsofts_operations_performance_has_kustos_columns(tables: kql.Tables) -> None:
    query = """
        AppRequests
        | summarize RequestsCount=sum(ItemCount), AverageDuration=avg(DurationMs),
            percentiles(DurationMs, 50, 95, 99) by OperationName, _ResourceId
        | order by RequestsCount desc
    """
    found = tables.ask(query, SCOPE, rows=10, seconds=60)
    assert [name for name, _ in found.columns] == [
        "OperationName",
        "_ResourceId",
        "RequestsCount",
        "AverageDuration",
        "percentile_DurationMs_50",
        "percentile_DurationMs_95",
        "percentile_DurationMs_99",
    ]


def test_the_list_is_long_enough() -> None:
    assert len(RUN) >= 80
    assert len(RUN) + len(REFUSED) >= 100
