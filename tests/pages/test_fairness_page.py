"""The page Fairness on the sample workspace."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from monitoring.settings import Settings
from ui.loaders import workspace
from ui.views.fairness import fairness_view

from .conftest import open_page

Opened = Callable[..., AppTest]


@pytest.fixture
def opened(
    fresh: None, sample: object, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Opened:
    monkeypatch.setattr(workspace, "settings", lambda: settings)
    return lambda **query: open_page("fairness.py", **query)


def text(app: AppTest) -> str:
    return "\n".join(str(getattr(part, "value", "")) for part in app.main)


def tiles(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def table(app: AppTest, column: str) -> object:
    return next(each.value for each in app.dataframe if column in each.value.columns)


def figures(app: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def test_groups_are_shown_with_value_interval_rows_and_status(opened: Opened) -> None:
    app = opened(**{"endpoint": "flight-delay", "group-flight-delay": "origin"})
    assert not app.exception
    assert "A fault in this app" not in text(app)
    shown = table(app, "Partially pooled")
    assert {"EWR", "JFK", "LGA"} <= set(shown["Group"])
    assert {"n", "Value", "Low (95 %)", "High (95 %)", "p adjusted", "Status", "Why"} <= set(shown)
    assert (
        (shown["Low (95 %)"] <= shown["Value"]) & (shown["Value"] <= shown["High (95 %)"])
    ).all()
    disparities = table(app, "Definition")
    assert "Demographic parity ratio" in set(disparities["Definition"])
    assert "no proof of discrimination" in fairness_view.NOTE
    assert fairness_view.NOTE in [each.value for each in app.info]
    groups, course = figures(app)
    assert groups["data"][0]["name"] == "allowed range"
    assert {trace["name"] for trace in course["data"] if "name" in trace} >= {"all other groups"}


def test_an_intersection_has_pooled_values_in_the_chart(opened: Opened) -> None:
    app = opened(
        **{
            "endpoint": "flight-delay",
            "group-flight-delay": "origin",
            "cross-flight-delay": "carrier",
        }
    )
    assert not app.exception
    assert any(name.startswith("EWR × ") for name in table(app, "Partially pooled")["Group"])
    assert "partially pooled" in {trace.get("name") for trace in figures(app)[0]["data"]}


def test_a_regression_and_ten_classes_have_metrics_of_their_own(opened: Opened) -> None:
    app = opened(endpoint="flight-time")
    assert not app.exception
    assert "Groups outside, mean absolute error" in tiles(app)
    assert "Mean absolute error ratio" in set(table(app, "Lowest and highest")["Definition"])
    app = opened(endpoint="digits", window="30d")
    assert not app.exception
    assert "Groups outside, accuracy" in tiles(app)
    assert app.selectbox(key="positive-digits").options == list("0123456789")


def test_a_small_group_has_no_verdict(opened: Opened) -> None:
    app = opened(**{"endpoint": "flight-delay", "window": "24h", "least-rows": "100000"})
    assert not app.exception
    shown = table(app, "Partially pooled")
    assert set(shown["Status"]) == {"◔ Not enough data"}
    assert tiles(app)["Groups outside, selection rate"] == "–"
    assert tiles(app)["Definitions not met"] == "–"
    assert "predictions, 100,000 needed" in shown["Why"].iloc[0]


def test_the_segment_is_respected(opened: Opened) -> None:
    whole = opened(**{"endpoint": "flight-delay", "group-flight-delay": "origin"})
    part = opened(
        **{
            "endpoint": "flight-delay",
            "group-flight-delay": "origin",
            "segment": "carrier:UA",
        }
    )
    assert not part.exception
    counts = [int(tiles(app)["Predictions"].replace(",", "")) for app in (whole, part)]
    assert counts[1] < counts[0] / 2
    assert "carrier is UA" in text(part).replace("\\", "")


def test_a_link_restores_every_choice(opened: Opened) -> None:
    app = opened(
        **{
            "endpoint": "flight-delay",
            "group-flight-delay": "distance",
            "fairness-binary_classification": "True positive rate",
            "positive-flight-delay": "0",
            "allowed-true_positive_rate": "0.5",
            "least-rows": "50",
        }
    )
    assert not app.exception
    assert "True positive rate by group" in [each.value for each in app.header]
    assert app.selectbox(key="positive-flight-delay").value == "0"
    assert app.number_input(key="least-rows").value == 50
    shown = table(app, "Partially pooled")
    assert set(shown["Group"]) == {
        "below 490", "490 to 892", "892 to 1376", "at least 1376",
    }  # fmt: skip
    assert "▲ Breached" not in set(shown["Status"])


def test_all_endpoints_asks_for_one(opened: Opened) -> None:
    app = opened()
    assert not app.exception
    assert app.selectbox(key="choose-endpoint").options
