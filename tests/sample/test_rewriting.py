"""The cheaper SQL answers what the translator's own does, to the last value."""

from __future__ import annotations

from datetime import timedelta

import duckdb
import numpy as np
import pytest
import tiny_logs
from tiny_logs import NOW, request

from monitoring.sources.query import load
from sample import kql
from sample.rewriting import rewritten

SCOPE = kql.Scope(until=NOW)
TRAFFIC = load("traffic").bind({"endpoints": [], "step": timedelta(minutes=1)})
#: Query -> words that show that its SQL was rewritten.
QUERIES = {
    TRAFFIC: ("time_bucket", "[1]", "[4]"),
    "AmlOnlineEndpointTrafficLog | summarize percentile(TotalDurationMs, 99.9), "
    "percentile(TotalDurationMs, 50), percentile(ResponseDurationMs, 50) by EndpointName": ("[2]",),
    "AmlOnlineEndpointTrafficLog | summarize percentile(TotalDurationMs, 50)": ("quantile_disc",),
    "AmlOnlineEndpointTrafficLog | summarize count() by bin(TimeGenerated, 1d)": ("time_bucket",),
    "AmlOnlineEndpointTrafficLog | summarize count() by bin(TimeGenerated, 1s)": ("time_bucket",),
    "AmlOnlineEndpointTrafficLog | extend x = todouble(XRequestId), y = todouble(TimeGenerated), "
    "z = todouble(TotalDurationMs) | summarize sum(x), max(y), sum(z)": ("typeof",),
    "AmlOnlineEndpointTrafficLog | extend s = 'quantile_disc(\"a\", CAST(50 AS BIGINT) / 100.0)'"
    " | summarize by s": ("CAST(50 AS BIGINT) / 100.0)'",),
    "AmlOnlineEndpointTrafficLog | where false | summarize percentile(TotalDurationMs, 5), "
    "percentile(TotalDurationMs, 9)": ("[2]",),
    "AmlOnlineEndpointTrafficLog | summarize count() by bin(TotalDurationMs, 7)": (),
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> kql.Tables:
    random = np.random.default_rng(7)
    rows = [
        request(
            f"11:{random.integers(0, 54):02}:{random.integers(0, 60):02}.{random.integers(0, 999):03}",
            endpoint=str(random.choice(["credit", "Credit", "it's"])),
            TotalDurationMs=None if random.random() < 0.05 else int(random.integers(0, 300)),
            XRequestId=str(random.choice(["12.5", "x", ""])),
            ResponseCode=int(random.choice([200, 401, 404, 408, 424, 429, 500])),
        )
        for _ in range(120)
    ]
    store = tiny_logs.write(tmp_path_factory.mktemp("rewriting"), AmlOnlineEndpointTrafficLog=rows)
    return kql.Tables(store / "workspace.duckdb")


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_both_texts_give_the_same_answer(
    tables: kql.Tables, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql = str(kql.translated(query, tables.schema, NOW)[1])
    for words in QUERIES[query]:
        assert words in rewritten(sql)
    found = tables.ask(query, SCOPE, rows=1000, seconds=60)
    monkeypatch.setattr(kql, "rewritten", lambda text: text)
    plain = tables.ask(query, SCOPE, rows=1000, seconds=60)
    assert found.columns == plain.columns
    assert sorted(found.rows, key=repr) == sorted(plain.rows, key=repr)


def test_texts_and_names_are_never_touched() -> None:
    sql = """SELECT 'to_timestamp(floor(epoch("T")', "quantile_disc(""a"", 1 / 100.0)" FROM x"""
    assert rewritten(sql) == sql
    assert rewritten("SELECT '\x01' FROM x") == "SELECT '\x01' FROM x"


def test_a_filter_or_another_time_zone_stays_as_it_is() -> None:
    filtered = (
        'SELECT quantile_disc("a", 5 / 100.0) FILTER (WHERE b), quantile_disc("a", 6 / 100.0)'
    )
    assert rewritten(filtered) == filtered
    other = (
        "to_timestamp(floor(epoch(\"T\") / epoch(INTERVAL '1m')) * epoch(INTERVAL '1m')) "
        "AT TIME ZONE 'CET'"
    )
    assert rewritten(other) == other


def test_what_duckdb_does_not_take_is_asked_as_translated(
    tables: kql.Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kql, "rewritten", lambda text: "SELECT nonsense FROM nowhere")
    (row,) = tables.ask("AmlOnlineEndpointTrafficLog | count", SCOPE, rows=5, seconds=60).rows
    assert row == (120,)


def test_a_kept_translation_still_tells_the_time(tables: kql.Tables) -> None:
    later = kql.Scope(until=NOW + timedelta(hours=1))
    for scope in (SCOPE, later):
        (row,) = tables.ask("print t = now()", scope, rows=1, seconds=60).rows
        assert row[0] == scope.until.replace(tzinfo=None)
    # An answer depends on the scope, also where the text does not.
    early = kql.Scope(until=NOW - timedelta(days=1))
    count = "AmlOnlineEndpointTrafficLog | count"
    found = [tables.ask(count, s, rows=1, seconds=60).rows[0][0] for s in (SCOPE, early, SCOPE)]
    assert found == [120, 0, 120]


def test_it_is_cheaper_by_plan_and_not_only_by_text() -> None:
    """DuckDB sees one pass over the values where the translator asks for four."""
    sql = 'SELECT quantile_disc("a", 50 / 100.0), quantile_disc("a", 95 / 100.0) FROM t'
    with duckdb.connect(":memory:") as connection:
        connection.execute('CREATE TABLE t AS SELECT range AS "a" FROM range(10)')
        plans = [
            connection.execute(f"EXPLAIN {text}").fetchall()[0][1] for text in (sql, rewritten(sql))
        ]
    assert [plan.count("quantile_disc(#") for plan in plans] == [2, 1]
