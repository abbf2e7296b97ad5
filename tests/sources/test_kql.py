"""Every .kql file, proven twice: by Microsoft's analyzer and by what the sample workspace answers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import tiny_logs
from analyzer import Analyzer
from tiny_logs import HOSTILE, NOW, SCHEMA

from monitoring.errors import SourceError
from monitoring.sources.azure import Azure
from monitoring.sources.logs import Logs, UnknownTableError
from monitoring.sources.query import FOLDER, Query, literal, load
from monitoring.window import Window

NAMES = sorted(path.stem for path in FOLDER.glob("*.kql"))
WEEK = Window.last(timedelta(days=7), until=NOW)
MONTH = Window.last(timedelta(days=30), until=NOW)
#: Deprecated since 2022: a workspace does not have it, so that nobody builds on it.
ABSENT = "AmlComputeClusterNodeEvent"
#: One value for each kind of parameter; an endpoint is chosen where the file asks for some.
VALUES: dict[str, Any] = {
    "dynamic": ["flight-delay"],
    "timespan": timedelta(hours=1),
    "string": "flight-delay",
    "int": 10,
    "real": 0.5,
    "bool": True,
    "datetime": datetime(2026, 11, 20, tzinfo=UTC),
}


#: What must fit for there to be an answer: a request of the sample workspace.
NAMED: dict[str, Any] = {"id": "667c95b3-d5a9-4f02-a3d5-df0ea696eb03", "deployment": "blue"}


@pytest.fixture(scope="session")
def analyzer() -> Analyzer:
    return Analyzer(SCHEMA)


def values(query: Query) -> dict[str, Any]:
    return {name: NAMED.get(name, VALUES[kind]) for name, kind in query.parameters.items()}


@pytest.mark.slow(seconds=0.2)  # together; the analyzer starts once
@pytest.mark.parametrize("name", NAMES)
def test_microsofts_analyzer_finds_nothing_wrong(analyzer: Analyzer, name: str) -> None:
    query = load(name)
    assert analyzer.check(query.text).problems == ()
    assert analyzer.check(query.bind(values(query))).problems == ()


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_has_the_columns_that_the_analyzer_predicts(
    analyzer: Analyzer, azure: Azure, name: str
) -> None:
    query = load(name)
    answer = Logs(azure).ask(name, WEEK, **values(query))
    assert answer.complete
    assert answer.columns == analyzer.check(answer.query).columns


@pytest.mark.parametrize("name", NAMES)
def test_the_sample_workspace_has_something_to_answer(azure: Azure, name: str) -> None:
    assert Logs(azure).ask(name, MONTH, **values(load(name))).rows


@pytest.mark.slow(seconds=0.2)  # together; the analyzer starts once
@pytest.mark.parametrize("name", NAMES)
def test_a_file_says_what_it_answers_and_which_columns(analyzer: Analyzer, name: str) -> None:
    text = load(name).text
    comment = re.match(r"(?://.*\n)+", text)
    assert comment
    undescribed = [
        column
        for column, _ in analyzer.check(text).columns
        if not re.search(rf"\b{column}\b", comment[0])
    ]
    assert undescribed == []


@pytest.mark.parametrize("name", NAMES)
def test_the_portal_and_this_product_run_the_same_text(name: str) -> None:
    query = load(name)
    sent = query.bind(values(query)).splitlines()
    differing = [
        ours for ours, theirs in zip(sent, query.text.splitlines(), strict=True) if ours != theirs
    ]
    assert [line.split()[1] for line in differing] == list(query.parameters)


@pytest.mark.parametrize("name", NAMES)
def test_no_file_says_when(name: str) -> None:
    """The window does; `ago()` in a file would bound it a second time."""
    assert not re.search(r"\b(ago|now)\(", load(name).text)


# Would the proofs notice?


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("TotalDurationMs", "TotalDuration"),
        ("ResponseCode < 400", "responsecode < 400"),
        ("AmlOnlineEndpointTrafficLog", "AmlOnlineEndpointTraffic"),
        ("countif(", "countwhere("),
        ("| summarize", "| sumarize"),
    ],
)
def test_both_proofs_catch_a_slip(
    analyzer: Analyzer, azure: Azure, right: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = load("traffic")
    assert right in query.text
    broken = Query.parse("traffic", query.text.replace(right, wrong))
    assert analyzer.check(broken.text).problems
    monkeypatch.setattr("monitoring.sources.logs.load", lambda _: broken)
    with pytest.raises(SourceError):
        Logs(azure).ask("traffic", WEEK, **values(query))


@pytest.mark.slow
def test_the_analyzer_sees_a_type_that_the_sample_does_not(analyzer: Analyzer) -> None:
    assert analyzer.check("Usage | where Quantity > 'a'").problems
    assert analyzer.check("AppRequests | summarize count() by Properties.model").problems


def test_a_table_that_the_workspace_does_not_know(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = load("traffic").text.replace("AmlOnlineEndpointTrafficLog", ABSENT)
    monkeypatch.setattr("monitoring.sources.logs.load", lambda _: Query.parse("traffic", text))
    with pytest.raises(UnknownTableError, match=f"'{ABSENT}'"):
        Logs(azure).ask("traffic", WEEK, **values(load("traffic")))


# Binding


@pytest.mark.parametrize("name", [*HOSTILE, "\x7f", "\u2028", "\x00", "*/", "```", "${x}", "]]>"])
def test_azure_reads_a_hostile_value_as_one_literal(analyzer: Analyzer, name: str) -> None:
    analysis = analyzer.check(f"print v = {literal(name)}, w = {literal([name, name])}")
    assert analysis.problems == ()
    assert analysis.columns == (("v", "string"), ("w", "dynamic"))


def test_azure_reads_a_query_the_same_with_hostile_values(analyzer: Analyzer) -> None:
    query = load("container_events")
    bound = query.bind({"endpoints": HOSTILE, "step": timedelta(hours=1)})
    assert analyzer.check(bound) == analyzer.check(query.text)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("x", "string"),
        (5, "long"),
        (-5, "long"),
        (0.5, "real"),
        (1e-7, "real"),
        (1e300, "real"),
        (True, "bool"),
        (timedelta(days=400, milliseconds=1), "timespan"),
        (datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC), "datetime"),
        (["a"], "dynamic"),
        ([], "dynamic"),
    ],
)
def test_a_literal_has_the_type_of_its_value(
    analyzer: Analyzer, azure: Azure, value: Any, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"print v = {literal(value)}"
    assert analyzer.check(text).problems == ()
    assert analyzer.check(text).columns == (("v", kind),)
    monkeypatch.setattr("monitoring.sources.logs.load", lambda _: Query.parse("print", text))
    assert Logs(azure).ask("print", WEEK).rows == ((value,),)


@pytest.mark.parametrize(
    "line",
    [
        'let a = "x";',
        r'let a = "x\"y";',
        "let a = 5;",
        "let a = -5;",
        "let a = 0.5;",
        "let a = true;",
        "let a = 5m;",
        "let a = datetime(2026-01-01);",
        'let a = dynamic(["x", "y"]);',
    ],
)
def test_a_parameter_is_a_let_with_a_literal(analyzer: Analyzer, line: str) -> None:
    text = f"// What.\n{line}\nlet b = toscalar(Usage | count);\nlet c = 5;\nprint a, b, c"
    assert list(Query.parse("x", text).parameters) == ["a"]
    assert analyzer.check(text).problems == ()


def test_the_sample_workspace_declares_the_tables_that_the_analyzer_knows(azure: Azure) -> None:
    client, guid = azure.logs_client, azure.log_analytics_workspace_id
    for table, columns in SCHEMA.items():
        if table == ABSENT:
            continue
        found = client.query_workspace(guid, f"{table} | take 0", timespan=None).tables[0]
        assert dict(zip(found.columns, found.columns_types, strict=True)) == columns, table


@pytest.mark.slow
def test_the_tiny_workspace_is_proven_too(analyzer: Analyzer, tmp_path: Any) -> None:
    """What has no rows has columns and types all the same."""
    empty = Logs(tiny_logs.connect(tiny_logs.write(tmp_path)))
    for name in NAMES:
        answer = empty.ask(name, WEEK, **values(load(name)))
        assert (answer.rows, answer.columns) == ((), analyzer.check(answer.query).columns), name
