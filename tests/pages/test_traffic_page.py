"""The page Traffic: the log's numbers, both sources, and what it says when one is gone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from places import at
from streamlit.testing.v1 import AppTest

from monitoring.overview import objectives
from monitoring.overview.objectives import step_of
from monitoring.settings import Settings
from monitoring.signals.traffic import judging as traffic
from monitoring.sources.azure import Azure
from monitoring.sources.logs import Logs
from monitoring.window import Window
from sample.builder.names import LOG_ANALYTICS_GUID
from sample.transport import Reply, Request
from ui.loaders import workspace
from ui.shell import nav
from ui.views.traffic import live_view, traffic_charts_view, traffic_view
from ui.views.traffic.traffic_view import Looked

from .conftest import open_page

Opened = Callable[..., AppTest]


@pytest.fixture
def opened(
    fresh: None, sample: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Opened:
    monkeypatch.setattr(workspace, "settings", lambda: settings)
    return lambda **query: open_page("traffic.py", **query)


def text(app: AppTest) -> str:
    return "\n".join(str(getattr(part, "value", "")) for part in app.main)


def tiles(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def figures(app: AppTest) -> list[dict[str, Any]]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def traces(app: AppTest, *names: str) -> list[dict[str, Any]]:
    """The traces of the figure that has all these names."""
    for figure in figures(app):
        found = {trace["name"]: trace for trace in figure["data"]}
        if set(names) <= set(found):
            return figure["data"]
    raise AssertionError(f"no figure has {names}")


def table(app: AppTest, column: str) -> Any:
    return next(each.value for each in app.dataframe if column in each.value.columns)


def test_the_numbers_are_those_of_the_log(opened: Opened, azure: Azure, settings: Settings) -> None:
    app = opened(endpoint="flight-time", window="30d")
    assert not app.exception
    assert "A fault in this app" not in text(app)
    window = Window.last(timedelta(days=30), until=settings.clock()).whole_days()
    step = step_of(window)
    answer = Logs(azure).ask("traffic", window, endpoints=[], step=step)
    steps = traffic.steps(answer.records(), step)[at("flight-time/blue")]
    errors = objectives.error_rate(at("flight-time/blue"), steps, window)
    p95 = objectives.latency_p95(at("flight-time/blue"), steps, window)
    # The first tile of this name is of the last 15 minutes.
    rates = [metric.value for metric in app.metric if metric.label == "Error rate"]
    assert rates[-1] == f"{errors.value:.2%}"
    assert tiles(app)["P95 latency"] == f"{p95.value:,.0f} ms"
    totals = table(app, "P99, ms").set_index("Deployment").loc["flight-time / blue"]
    assert totals["Requests"] == sum(each.requests for each in steps)
    faults = sum(each.faults for each in steps)
    assert totals["Errors, not the caller's"] == f"{faults / totals['Requests']:.2%}"


def test_every_panel_is_there_and_agrees_with_the_others(opened: Opened) -> None:
    app = opened(endpoint="flight-time", window="30d")
    answers = table(app, "To blame")
    deployments = table(app, "P99, ms")
    assert answers["Requests"].sum() == deployments["Requests"].sum()
    assert table(app, "Their own errors")["Requests"].sum() == deployments["Requests"].sum()
    failed = answers[answers["Response"].str.startswith("424")]
    assert set(failed["To blame"]) == {"model"}
    assert any("503" in said for said in failed["Model said"])
    assert {"P50 log", "P99 log", "P50 metric", "P99 metric"} <= {
        trace["name"] for trace in traces(app, "P95 log", "P95 metric")
    }
    parts = (
        table(app, "What it is").set_index("Part")["Mean, ms"].str.replace(",", "").astype(float)
    )
    assert parts.drop("Total").sum() == pytest.approx(parts["Total"], abs=0.3)
    assert "Storage Blob Data Contributor" in text(app)
    assert "100" in table(app, "Lost, %")["Lost, %"].astype(str).str.removesuffix(".0").to_list()


def test_the_worst_deployment_comes_first_and_another_can_be_picked(opened: Opened) -> None:
    app = opened(window="24h", **{"traffic-deployment": "digits / blue"})
    assert not app.exception
    assert app.selectbox(key=traffic_view.PICKED).value == "digits / blue"
    assert set(app.selectbox(key=traffic_view.PICKED).options) == {
        "flight-delay / blue",
        "flight-delay / green",
        "flight-time / blue",
        "digits / blue",
    }
    assert len(table(app, "P99, ms")) == 4


def test_a_link_to_a_deployment_that_is_gone_falls_back(opened: Opened) -> None:
    app = opened(endpoint="flight-delay", window="24h", **{"traffic-deployment": "x / y"})
    assert not app.exception
    assert app.selectbox(key=traffic_view.PICKED).value.startswith("flight-delay / ")


def test_failed_requests_are_listed_with_their_ids(opened: Opened) -> None:
    app = opened(endpoint="flight-time", window="24h", **{"traffic-notable": "failed"})
    rows = table(app, "x-request-id")
    assert len(rows)
    assert not any(response.startswith("HTTP 200") for response in rows["Response"])


def test_a_ticked_row_opens_the_x_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    gone: list[Any] = []
    monkeypatch.setattr(nav, "go", lambda *where: gone.append(where))
    state = {"rows": {"selection": {"rows": [1]}}, "none": {"selection": {"rows": []}}}
    monkeypatch.setattr(traffic_charts_view.st, "session_state", state)
    traffic_charts_view.open_ticked("rows", ["a", "b"])
    traffic_charts_view.open_ticked("none", ["a", "b"])
    assert gone == [("request.py", {"request": "b"})]
    assert (nav.PAGES / "request.py").exists()


def test_live_tiles_run_again_and_the_page_does_not(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    fragments: list[Any] = []
    real = live_view.st.fragment

    def fragment(func: Any, **options: Any) -> Any:
        fragments.append(options["run_every"])
        return real(func, **options)

    monkeypatch.setattr(live_view.st, "fragment", fragment)
    monkeypatch.setattr(
        traffic_charts_view, "show_callers", lambda *a: drawn.append("page") or None
    )
    opened(endpoint="digits", window="24h")
    app = opened(endpoint="digits", window="24h", **{live_view.KEY: "true"})
    assert fragments[-1] == live_view.EVERY_SECONDS
    assert fragments[0] is None
    assert "P95 of the newest minute" in tiles(app)
    assert len(drawn) == len(fragments)


def test_the_newest_ten_minutes_are_drawn_as_incomplete(opened: Opened) -> None:
    app = opened(endpoint="flight-delay", window="24h", deployment="blue")
    shaded = [
        shape
        for figure in figures(app)
        for shape in figure["layout"].get("shapes", [])
        if shape["type"] == "rect"
    ]
    end = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert len(shaded) >= 3
    assert {shape["x1"] for shape in shaded} == {end.timestamp() * 1000}
    assert {shape["x0"] for shape in shaded} == {(end - timedelta(minutes=10)).timestamp() * 1000}


# On a store of a few endpoints, where things are missing


def test_without_the_log_the_page_says_so_and_stands(
    workspace: Any, shell: Opened, words: Any
) -> None:
    """The tiny workspace knows no traffic log at all."""
    workspace.settings = replace(workspace.settings, log_analytics_workspace_id=LOG_ANALYTICS_GUID)
    app = shell("traffic.py", endpoint="credit")
    assert not app.exception
    said = words(app)
    assert "A fault in this app" not in said
    assert "Cannot find the table 'AmlOnlineEndpointTrafficLog'" in said
    assert "diagnostic setting" in said
    assert ":green-badge" not in said


def test_metrics_that_are_refused_leave_the_rest(workspace: Any, shell: Opened, words: Any) -> None:
    def fault(request: Request) -> Reply | None:
        if "metrics:getbatch" in request.path.lower():
            return Reply(403, {"error": {"code": "AuthorizationFailed", "message": "no"}})
        return None

    workspace.faults = fault
    app = shell("traffic.py", endpoint="credit")
    assert not app.exception
    assert "Monitoring Reader" in words(app)


# What needs no page


def looked(hours: int, step: timedelta) -> Looked:
    end = datetime(2026, 11, 21, 12, tzinfo=UTC)
    return Looked(Window(end - timedelta(hours=hours), end), step, {})


def test_steps_cover_the_window_measured_or_not() -> None:
    here = looked(24, timedelta(hours=6))
    assert [f"{time:%H}" for time in traffic_charts_view.starts(here)] == ["12", "18", "00", "06"]
    odd = Looked(
        Window(here.window.start + timedelta(minutes=5), here.window.end),
        timedelta(hours=6),
        {},
    )
    assert traffic_charts_view.starts(odd) == traffic_charts_view.starts(here)


def test_the_step_that_is_not_settled_is_incomplete() -> None:
    here = looked(24, timedelta(hours=1))
    end = here.window.end
    span = traffic_view.incomplete(here, end - timedelta(minutes=10))
    assert span == (end - timedelta(hours=1), end)
    assert traffic_view.incomplete(here, end) is None
