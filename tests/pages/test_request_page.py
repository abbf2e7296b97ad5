"""Request X-ray and the drill-down to it, on the sample workspace and on one without logs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from monitoring.settings import Settings
from sample.transport import Reply, Request
from ui.loaders import workspace

from .conftest import open_page

Opened = Callable[..., AppTest]


@pytest.fixture
def opened(
    fresh: None, sample: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Opened:
    monkeypatch.setattr(workspace, "settings", lambda: settings)
    return lambda **query: open_page("request.py", **query)


@pytest.fixture(scope="module")
def failed_id(sample: Path) -> str:
    """A request that failed in the model while temperatures came in Celsius."""
    with duckdb.connect(str(sample / "workspace.duckdb"), read_only=True) as connection:
        (found,) = connection.execute(
            """SELECT XRequestId FROM AmlOnlineEndpointTrafficLog
            WHERE EndpointName = 'flight-delay' AND DeploymentName = 'blue' AND ModelStatusCode = 500
                AND UserAgent NOT LIKE 'fare%' AND TimeGenerated < '2026-11-21 02:00'
            ORDER BY TimeGenerated DESC LIMIT 1"""
        ).fetchall()[0]
    return str(found)


def text(app: AppTest) -> str:
    return "\n".join(str(getattr(part, "value", "")) for part in app.main)


def figures(app: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def table(app: AppTest, column: str) -> object:
    return next(each.value for each in app.dataframe if column in each.value.columns)


def test_a_pasted_id_shows_time_error_line_and_the_features_that_stand_out(
    opened: Opened, failed_id: str
) -> None:
    app = opened()
    app.text_input(key="request").set_value(f"  {failed_id.upper()} ").run(timeout=60)
    assert not app.exception
    tiles = {metric.label: metric.value for metric in app.metric}
    assert (tiles["Response"], tiles["Who has to act"]) == ("424", "The model")
    (bars,) = figures(app)[0]["data"]
    assert sum(float(each.removesuffix(" ms").replace(",", "")) for each in bars["text"]) == float(
        tiles["Time in all"].removesuffix(" ms").replace(",", "")
    )
    assert any(failed_id in block.value for block in app.code)
    assert "The other side closed a connection" in text(app)
    features = table(app, "In the baseline")
    assert len(features) == 19
    assert features["Feature"][0] in {"temp", "dewp"}
    assert features["Stands out"][0] in {"▲ Out of range", "◔ Rare"}
    assert "Failed in the model." in text(app)
    lines = table(app, "Known issue")
    assert list(lines[lines[""] == "●"]["Message"].str.contains(failed_id)) == [True]


def test_from_a_link_back_to_all_to_a_dot(opened: Opened, failed_id: str) -> None:
    app = opened(request=failed_id, endpoint="flight-delay", window="24h")
    assert not app.exception
    assert table(app, "In the baseline") is not None
    app.button(key="another").click().run(timeout=60)
    assert not app.exception
    assert app.text_input(key="request").value == ""
    listed = table(app, "x-request-id")
    assert set(listed["Deployment"]) <= {"flight-delay / blue", "flight-delay / green"}
    (chart,) = figures(app)
    picked = chart["data"][0]["customdata"][0]
    points = [{"customdata": picked}]
    app.session_state["request-dots-1"] = {
        "selection": {"points": points, "point_indices": [0], "box": [], "lasso": []}
    }
    app.run(timeout=60)
    assert not app.exception
    assert app.text_input(key="request").value == picked
    assert any(metric.label == "Time in all" for metric in app.metric)


def test_slow_and_failed_requests_to_pick_from(opened: Opened) -> None:
    app = opened(window="24h")
    (chart,) = figures(app)
    assert [trace["name"] for trace in chart["data"]] == ["failed"]
    assert set(table(app, "Response")["Response"]) >= {"HTTP 424 (model 503)"}
    app.segmented_control(key="request-kind").set_value("all").run(timeout=60)
    assert not app.exception
    (chart,) = figures(app)
    assert [trace["name"] for trace in chart["data"]] == ["slowest answered", "failed"]
    assert len(chart["data"][0]["customdata"]) > 50


LEADS_NOWHERE = {
    "11111111-2222-3333-4444-555555555555": "not ours",
    "x" * 150: "it is no id",
    '" or 1 == 1 //': "not ours",
}


def test_an_id_that_leads_nowhere_is_one_sentence(opened: Opened) -> None:
    app = opened(request="?")
    for asked, words in LEADS_NOWHERE.items():
        app.text_input(key="request").set_value(asked).run(timeout=60)
        assert not app.exception
        assert "A fault in this app" not in text(app)
        assert words in text(app)


def test_without_logs_the_page_says_so(shell: Callable[..., AppTest]) -> None:
    for query in ({}, {"request": "abc"}):
        app = shell("request.py", **query)
        assert not app.exception
        assert "Cannot find the Log Analytics workspace" in text(app)
        assert not app.metric


def test_a_refused_log_leaves_no_number_standing(
    opened: Opened, failed_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened()  # connects
    from monitoring.sources.azure import connect  # noqa: PLC0415

    def refuse(request: Request) -> Reply | None:
        if "api.loganalytics.io" not in request.host:
            return None
        return Reply(403, {"error": {"code": "InsufficientAccessError", "message": "no"}})

    forbidden = connect(workspace.azure().settings, faults=refuse)
    monkeypatch.setattr(workspace, "azure", lambda: forbidden)
    for query in ({"request": failed_id}, {}):
        app = opened(**query)
        assert not app.exception
        assert "Log Analytics Reader" in text(app)
        assert not app.metric


# From an incident to a request


def drill(endpoint: str, deployment: str, start: str, hours: int) -> None:
    from datetime import datetime, timedelta  # noqa: PLC0415 - AppTest runs this text alone

    from monitoring.window import Window  # noqa: PLC0415
    from ui.views.incidents import drill_view  # noqa: PLC0415

    begin = datetime.fromisoformat(start)
    drill_view.show(endpoint, deployment, Window(begin, begin + timedelta(hours=hours)))


def drilled(*asked: object) -> AppTest:
    return AppTest.from_function(drill, default_timeout=60, args=asked).run()


def test_a_crash_loop_is_recognised_down_to_its_requests_and_a_blind_log_is_not_called_quiet(
    opened: Opened,
) -> None:
    app = drilled("flight-time", "blue", "2026-11-20T16:00+00:00", 6)
    assert not app.exception
    said = text(app)
    for known in (
        "The container crashes again and again",
        "it used more memory than its limit",
        "A worker of the web server was killed",
        "424 with model status 502 to 504",
    ):
        assert known in said, known
    assert [heading.value for heading in app.header] == [
        "Container events",
        "Errors in the console",
        "Console around a moment",
        "Failed requests",
    ]
    assert "SIGKILL" in "".join(table(app, "Last such line")["Last such line"])
    assert [button.label for button in app.button if button.label == "Open"]
    app = drilled("digits", "blue", "2026-11-20T08:00+00:00", 4)
    assert not app.exception
    assert "No diagnostic setting of digits sends AmlOnlineEndpointConsoleLog" in text(app)
    assert "No line speaks of an error" not in text(app)
    assert "Nothing happened to its containers." in text(app)
