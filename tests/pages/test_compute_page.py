"""Compute: machines, instances against demand, clusters and jobs; what is not there is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from tiny_store import Tiny

from monitoring.settings import Settings
from sample.transport import Reply, Request
from ui.loaders import workspace

from .conftest import open_page

Opened = Callable[..., AppTest]


@pytest.fixture
def opened(
    fresh: None, sample: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Opened:
    """opened("compute.py", endpoint="digits") on the sample workspace."""
    here = replace(settings, files=tmp_path)
    monkeypatch.setattr(workspace, "settings", lambda: here)
    return open_page


def table(app: AppTest, column: str) -> Any:
    return next(each.value for each in app.dataframe if column in each.value.columns)


def test_machines_clusters_and_jobs_of_the_sample(
    opened: Opened, words: Callable[[AppTest], str]
) -> None:
    app = opened("compute.py", window="30d")
    assert not app.exception
    machines = table(app, "Machine").set_index("Deployment")
    assert len(machines) == 4
    assert machines.loc["flight-delay / blue", "Memory, highest %"] > 90
    assert machines.loc["digits / blue", "Steps in breach"] == 0
    assert "No GPU" in words(app)
    tiles = {metric.label: metric.value for metric in app.metric}
    assert tiles["Quota used, highest"] == "100 %"
    assert tiles["Jobs failed"] == "1"
    assert tiles["Longest wait"] == "19 h 45 min"
    assert table(app, "Submitted (UTC)").iloc[0]["Job"] == "sweep_flight_delay_v3"
    # The deployment with most breaches is looked at first: four instances, gaps where two were not.
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert len({trace["name"] for trace in figure["data"]}) == 4
    assert "ClusterCoreQuotaReached" in words(app)
    failed = app.segmented_control(key="jobs-shown").set_value("Failed").run()
    assert "ClusterCoreQuotaReached" in table(failed, "Error").iloc[0]["Error"]


def test_without_clusters_jobs_and_metrics_each_panel_says_so(
    workspace: Tiny, shell: Opened, words: Callable[[AppTest], str]
) -> None:
    app = shell("compute.py", endpoint="credit", deployment="blue")
    assert not app.exception
    said = words(app)
    assert "No cluster" in said
    assert "✓" not in " ".join(str(each.value) for each in app.dataframe)


def test_metrics_that_may_not_be_read_leave_the_jobs_standing(
    workspace: Tiny, shell: Opened, words: Callable[[AppTest], str]
) -> None:
    def refuse(request: Request) -> Reply | None:
        if "metrics.monitor" not in request.host:
            return None
        return Reply(403, {"error": {"code": "AuthorizationFailed", "message": "no"}})

    workspace.faults = refuse
    app = shell("compute.py", endpoint="credit", deployment="blue")
    assert not app.exception
    assert "Monitoring Reader on the subscription" in words(app)
    assert "Jobs" in [each.value for each in app.header]
    assert not app.dataframe
