"""The page that compares versions, on the sample workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from monitoring.kept.memory import Memory
from monitoring.settings import Settings
from sample.transport import Reply, Request
from ui.loaders import workspace

from .conftest import open_page

Opened = Callable[..., AppTest]


@pytest.fixture
def opened(
    fresh: None, sample: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Opened:
    """opened(endpoint="flight-delay") -> the page on the sample workspace."""
    monkeypatch.setattr(workspace, "settings", lambda: settings)
    return open_versions


def open_versions(**query: str) -> AppTest:
    return open_page("compare_versions.py", **query)


def text(app: AppTest) -> str:
    return "\n".join(str(getattr(part, "value", "")) for part in app.main)


def column(app: AppTest, name: str) -> object:
    return next(each.value for each in app.dataframe if name in each.value.columns)


def test_blue_and_green_side_by_side(opened: Opened) -> None:
    app = opened(endpoint="flight-delay", window="7d")
    assert not app.exception
    said = text(app)
    assert "A fault in this app" not in said
    assert app.selectbox(key="first").value == "blue"  # it has the most traffic
    assert app.selectbox(key="second").value == "green"
    assert "Cannot tell yet" in said
    assert "which holds 0" in said
    assert "more labels of green are needed" in said
    assert "They answered different requests" in said
    assert "Set: blue 90 %, green 10 %. No traffic is mirrored" in said
    assert "The two answered no request in common" in said
    assert "No input differs" in said
    measures = column(app, "Measure")
    assert {"blue", "green", "Difference", "95 %"} <= set(measures.columns)
    registry = column(app, "Differs")
    assert {"flight-delay:1", "flight-delay:2"} <= set(registry.columns)
    assert "5 of 20 columns differ (temp" in said
    assert len(app.get("plotly_chart")) == 6
    assert all(chart.proto.alt for chart in app.get("plotly_chart") if hasattr(chart.proto, "alt"))


def test_another_metric_and_the_other_way_round_are_in_the_link(opened: Opened) -> None:
    app = opened(
        endpoint="flight-delay", window="7d", first="green", second="blue", metric="Log loss"
    )
    assert not app.exception
    assert app.selectbox(key="first").value == "green"
    assert app.selectbox(key="second").value == "blue"
    assert "Log loss of blue is" in text(app)


def test_the_segment_and_the_month_are_kept(opened: Opened) -> None:
    app = opened(endpoint="flight-delay", segment="carrier:UA", period="November 2026")
    assert not app.exception
    said = text(app)
    assert "segment: carrier is UA" in said.replace("\\", "")
    assert "the segment does not apply" in said.replace("\\", "")
    labels = next(m for m in app.metric if m.label.startswith("Days in common"))
    assert int(labels.value) >= 15


def test_one_deployment_says_what_to_do_and_still_shows_the_registry(opened: Opened) -> None:
    app = opened(endpoint="digits")
    assert not app.exception
    said = text(app)
    assert "One deployment" in said
    assert "digits has the deployment blue (digits:1) only" in said
    assert "--mirror-traffic" in said
    registry = column(app, "Differs")
    assert {"digits:1", "digits:1 in airline-models"} <= set(registry.columns)
    assert "One version" in said


def test_model_versions_without_deployments(opened: Opened) -> None:
    app = opened(endpoint="flight-delay", what="Model versions")
    assert not app.exception
    assert app.selectbox(key="model-first").value == "flight-delay:1"
    assert app.selectbox(key="model-second").value == "flight-delay:2"
    assert "Verdict" not in {heading.value for heading in app.header}
    app.selectbox(key="column").select("carrier").run()
    assert not app.exception


def test_a_log_that_may_not_be_read_leaves_the_verdict_standing(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    from monitoring.sources.azure import connect  # noqa: PLC0415

    opened(endpoint="digits")  # connects

    def refuse(request: Request) -> Reply | None:
        if "api.loganalytics.io" not in request.host:
            return None
        return Reply(403, {"error": {"code": "InsufficientAccessError", "message": "no"}})

    forbidden = connect(workspace.azure().settings, faults=refuse)
    monkeypatch.setattr(workspace, "azure", lambda: forbidden)
    monkeypatch.setattr(workspace, "memory", lambda: Memory(places=5, now=workspace.now))
    app = opened(endpoint="flight-delay", window="7d")
    assert not app.exception
    assert "Log Analytics Reader" in text(app)
    assert "Accuracy of green is" in text(app)


def test_without_an_endpoint_it_asks_for_one(opened: Opened) -> None:
    app = opened()
    assert not app.exception
    assert "choose-endpoint" in {box.key for box in app.selectbox}
