"""Cost: bill, advice, rules and a what-if on the sample; without the bill it is estimated and says so."""

from __future__ import annotations

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
    """opened("cost.py", endpoint="digits") on the sample workspace."""
    here = replace(settings, files=tmp_path)
    monkeypatch.setattr(workspace, "settings", lambda: here)
    return open_page


def table(app: AppTest, column: str) -> Any:
    return next(each.value for each in app.dataframe if column in each.value.columns)


def test_digits_is_idle_and_one_instance_is_advised(
    opened: Opened, words: Callable[[AppTest], str]
) -> None:
    app = opened("cost.py", endpoint="digits", deployment="blue")
    assert not app.exception
    said = words(app)
    tiles = {metric.label: metric.value for metric in app.metric}
    assert tiles["A day, EUR"] == "39.60"
    assert "Paid for and not needed: digits / blue" in said
    assert table(app, "Idle (Advisor)").iloc[0]["Idle (Advisor)"] == "yes"
    (advice,) = table(app, "Advice").to_dict("records")
    assert (advice["Runs"], advice["Advice"]) == (3, "1 instance")
    assert advice["Saved a month, EUR"] == "788 to 803"
    assert "has no autoscale setting" in said
    assert "None of these deployments runs on a machine with a GPU" in said


def test_the_rules_stand_beside_the_surge_and_others_can_be_tried(
    opened: Opened, words: Callable[[AppTest], str]
) -> None:
    app = opened("cost.py", endpoint="flight-delay", deployment="blue")
    assert not app.exception
    assert "2 to 4 instances" in words(app)
    (surge,) = table(app, "Late, min").to_dict("records")
    assert surge["Instances"] == "2 to 4"
    assert 8 < surge["Late, min"] < 20
    assert surge["Refused until then"] > 1_000
    before = {m.label: m.value for m in app.metric}
    app = app.slider(key="what-if-instances").set_value((12, 14)).run()
    after = {m.label: m.value for m in app.metric}
    refused = "Refused, 18 min to scale"
    assert int(before[refused].replace(",", "")) > 10_000
    assert after[refused] == "0"
    month = "Cost a month, EUR"
    assert float(after[month].replace(",", "")) > 4 * float(before[month].replace(",", ""))


def test_without_the_role_cost_is_estimated_and_says_so(
    opened: Opened, monkeypatch: pytest.MonkeyPatch, words: Callable[[AppTest], str]
) -> None:
    from monitoring.sources.azure import connect  # noqa: PLC0415 - costs a second

    def refuse(request: Request) -> Reply | None:
        if "costmanagement" not in request.path.lower():
            return None
        return Reply(403, {"error": {"code": "RBACAccessDenied", "message": "no"}})

    forbidden = connect(workspace.settings(), faults=refuse)
    monkeypatch.setattr(workspace, "azure", lambda: forbidden)
    app = opened("cost.py", endpoint="digits")
    assert not app.exception
    said = words(app)
    assert "All costs below are estimated" in said
    assert "Billing Reader" in said
    by_deployment = table(app, "Per instance-hour").to_dict("records")
    assert {row["Source"] for row in by_deployment} == {"estimated"}
    assert by_deployment[0]["A day"] == pytest.approx(72 * 0.54)


def test_a_workspace_without_metrics_or_bill_has_no_cost_and_no_green(
    workspace: Tiny, shell: Opened, words: Callable[[AppTest], str]
) -> None:
    app = shell("cost.py", endpoint="credit", deployment="blue")
    assert not app.exception
    assert "✓" not in " ".join(str(each.value) for each in app.dataframe)
    assert not [badge for badge in app.main if "green-badge" in str(getattr(badge, "value", ""))]
    assert "Energy" in [each.value for each in app.header]
