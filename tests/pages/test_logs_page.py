"""The page Logs: what it sends, what it refuses, and how it says where a query fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from monitoring import charts
from monitoring.errors import MonitoringError
from monitoring.settings import Settings
from monitoring.sources.logs import Answer
from monitoring.sources.query import FOLDER
from monitoring.window import Window
from sample.builder.names import LOG_ANALYTICS_GUID
from sample.transport import Request
from ui.loaders import log_tables, workspace
from ui.shell import nav
from ui.views.logs import logs_view

from .conftest import open_page

Opened = Callable[..., AppTest]
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def opened(
    fresh: None, sample: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Opened:
    monkeypatch.setattr(workspace, "settings", lambda: settings)
    rows = tuple(row for row in nav.TABLE if row.file == "logs.py")
    monkeypatch.setattr(nav, "TABLE", rows)
    return lambda **query: open_page("logs.py", **query)


def run(app: AppTest, query: str) -> AppTest:
    app.text_area(key=logs_view.QUERY).set_value(query).run()
    return app.button(key="logs-run").click().run()


def said(app: AppTest) -> str:
    return "\n".join(str(getattr(part, "value", "")) for part in app.main)


def result(app: AppTest) -> Any:
    return next(each.value for each in app.dataframe if "Column" not in each.value.columns)


def test_the_product_s_queries_are_offered_with_what_they_answer(opened: Opened) -> None:
    app = opened(window="24h")
    assert not app.exception
    names = sorted(path.stem for path in FOLDER.glob("*.kql"))
    assert [
        option.partition(":")[0] for option in app.selectbox(key=logs_view.START).options
    ] == names
    assert all(start.about and start.text.startswith("//") for start in log_tables.starts())
    app.selectbox(key=logs_view.START).select("traffic_totals").run()
    text = (FOLDER / "traffic_totals.kql").read_text()
    assert app.text_area(key=logs_view.QUERY).value == text
    app.button(key="logs-run").click().run()
    assert {"Endpoint", "P95Ms"} <= set(result(app).columns)
    assert len(result(app)) == 4


def test_a_result_is_a_table_and_a_chart(opened: Opened) -> None:
    app = opened(window="24h")
    run(
        app,
        "AmlOnlineEndpointTrafficLog | summarize Requests = count() by EndpointName, "
        "bin(TimeGenerated, 1h) | order by TimeGenerated asc",
    )
    assert not app.exception
    (figure,) = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    assert {line["name"] for line in figure["data"]} == {"flight-delay", "flight-time", "digits"}
    assert result(app)["Requests"].sum() > 1000
    app.selectbox(key="logs-by").select("(none)").run()
    (figure,) = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    assert [line["name"] for line in figure["data"]] == ["Requests"]


def test_rows_beyond_the_limit_are_cut_and_the_page_says_so(opened: Opened) -> None:
    app = opened(window="24h")
    app.selectbox(key=logs_view.ROWS).select(100).run()
    run(app, "AmlOnlineEndpointTrafficLog | project TimeGenerated, ResponseCode")
    assert len(result(app)) == 100
    assert "Only the first 100 rows" in said(app)
    assert "incomplete" in said(app)


def test_the_window_bounds_a_query_that_names_no_time(opened: Opened) -> None:
    app = opened(window="24h")
    run(app, "AmlOnlineEndpointTrafficLog | summarize First = min(TimeGenerated)")
    assert result(app)["First"][0] >= datetime(2026, 11, 20, 12)  # noqa: DTZ001 - shown without a zone


def test_an_error_is_marked_in_the_query(opened: Opened) -> None:
    app = opened(window="24h")
    run(app, "AmlOnlineEndpointTrafficLog\n| where ResponseCod == 200")
    assert not app.exception
    assert "ResponseCod" in said(app)
    assert app.code[-1].value.splitlines()[2].index("^") == len("2 | | where ")


def test_an_unknown_table_is_marked_and_explained(opened: Opened) -> None:
    app = opened(window="24h")
    run(app, "AmlComputeClusterNodeEvent\n| take 1")
    assert "Cannot find the table 'AmlComputeClusterNodeEvent'" in said(app)
    assert "^ here" in app.code[-1].value


def test_columns_of_a_table_and_a_query_to_begin_with(opened: Opened) -> None:
    app = opened(window="24h")
    columns = next(each.value for each in app.dataframe if "Column" in each.value.columns)
    assert dict(zip(columns["Column"], columns["Type"], strict=True))["ResponseCode"] == "int"
    app.selectbox(key=logs_view.TABLE).select("AmlOnlineEndpointEventLog").run()
    app.button(key="logs-query-table").click().run()
    assert app.text_area(key=logs_view.QUERY).value == "AmlOnlineEndpointEventLog\n| take 100"


# On a store of one log: what leaves the app


@pytest.fixture
def tiny(workspace: Any) -> Any:
    workspace.settings = replace(workspace.settings, log_analytics_workspace_id=LOG_ANALYTICS_GUID)
    return workspace


def sent(tiny: Any) -> list[str]:
    bodies = [json.loads(r.body) for r in tiny.requests if r.path.endswith("/query")]
    return [body["query"] for body in bodies]


@pytest.mark.parametrize(
    "query",
    [
        ".drop table Usage",
        "  // harmless\n.set-or-append X <| Usage",
        "Usage; .drop table Usage",
        "",
        " ; \n// nothing",
    ],
)
def test_what_is_no_query_is_refused_in_words_and_never_sent(
    tiny: Any, shell: Opened, words: Any, query: str
) -> None:
    app = shell("logs.py")
    run(app, query)
    assert not app.exception
    assert not [text for text in sent(tiny) if "drop" in text or "append" in text]
    assert ("can only read" if "." in query else "There is no query") in words(app)


def test_a_dot_in_a_string_or_a_comment_is_no_command() -> None:
    assert not logs_view.refusal('Usage | where DataType == "; .drop"')
    assert not logs_view.refusal("Usage // ; .drop\n| take 5")
    assert not logs_view.refusal("Usage | extend a = 1 | where a > .5")


def test_nothing_is_sent_before_run_is_pressed(tiny: Any, shell: Opened) -> None:
    shell("logs.py", kql="AmlOnlineEndpointConsoleLog | count")
    assert not [text for text in sent(tiny) if "| count" in text]


def test_a_link_brings_the_query_and_a_long_one_stays_out_of_it(tiny: Any, shell: Opened) -> None:
    app = shell("logs.py", kql="AmlOnlineEndpointConsoleLog | count")
    assert app.text_area(key=logs_view.QUERY).value == "AmlOnlineEndpointConsoleLog | count"
    long = "AmlOnlineEndpointConsoleLog\n" + "| where DeploymentName != 'x'\n" * 80 + "| count"
    assert len(long) > logs_view.LONGEST_IN_URL
    run(app, long)
    assert not app.exception
    assert app.text_area(key=logs_view.QUERY).value == long
    assert app.query_params.get(logs_view.QUERY, [""]) != [long]
    assert any("| count" in text for text in sent(tiny))


def test_without_usage_the_known_tables_are_offered(tiny: Any, shell: Opened, words: Any) -> None:
    """The tiny workspace has a console log and nothing else."""
    app = shell("logs.py")
    assert not app.exception
    assert len(app.selectbox(key=logs_view.TABLE).options) == len(log_tables.KNOWN)
    assert "is not known" in words(app)


def test_every_request_of_the_page_is_a_query(tiny: Any, shell: Opened) -> None:
    run(shell("logs.py"), "AmlOnlineEndpointConsoleLog | count")
    asked: list[Request] = [r for r in tiny.requests if "loganalytics" in r.host]
    assert asked
    assert all(request.path.endswith("/query") for request in asked)


# What needs no page


class PlacedError(MonitoringError):
    line, column = 2, 9


def test_a_mark_stands_below_the_column() -> None:
    text = "A\n| where bb == 1\n| take 5\n| count\n| x"
    shown = logs_view.marked(text, 2, 9).splitlines()
    assert shown[1] == "2 | | where bb == 1"
    assert shown[2].index("^") == shown[1].index("bb")
    assert len(shown) == 5
    assert logs_view.place(PlacedError("no"), text) == (2, 9)
    assert logs_view.place(MonitoringError("no"), text) == (None, None)


def answer(columns: list[tuple[str, str]], rows: list[tuple[Any, ...]]) -> Answer:
    window = Window(NOW - timedelta(days=1), NOW)
    return Answer("w", "", window, tuple(columns), tuple(rows), True, "", NOW, 0.1)  # noqa: FBT003 - as in the class


def test_lines_of_a_chart_are_groups_and_gaps_stay_gaps() -> None:
    hour = timedelta(hours=1)
    at = [NOW + n * hour for n in (0, 1, 2, 3, 4, 8, 9, 10, 11)]
    found = answer(
        [("T", "datetime"), ("E", "string"), ("N", "long")],
        [(time, "a", 1) for time in at] + [(None, "a", 1), (NOW, "b", None)],
    )
    lines = logs_view.over_time(found, ["T", "E", "N"], "T", "N", "E")
    assert list(lines) == ["a", "b"]
    assert lines["b"][1] == [None]
    figure = charts.log_answer(lines, unit="N").figure
    assert np.isnan(figure.data[0].y).sum() == 1
    assert len(figure.data[0].y) == len(at) + 1


def test_two_columns_of_one_name_are_told_apart() -> None:
    found = answer([("A", "long"), ("A", "long"), ("B", "long")], [(1, 2, 3)])
    assert logs_view._unique(found) == ["A", "A (2)", "B"]
