"""The page Predictions on the sample workspace."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from monitoring.settings import Settings
from ui.loaders import workspace

from .conftest import open_page

Opened = Callable[..., AppTest]


@pytest.fixture
def opened(
    fresh: None, sample: object, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Opened:
    monkeypatch.setattr(workspace, "settings", lambda: settings)
    return lambda **query: open_page("predictions.py", **query)


def text(app: AppTest) -> str:
    return "\n".join(str(getattr(part, "value", "")) for part in app.main)


def tiles(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def figures(app: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def table(app: AppTest, column: str) -> object:
    """The table with this column that is not one of single days."""
    tables = [each.value for each in app.dataframe]
    return next(each for each in tables if column in each.columns and "Day" not in each.columns)


def test_two_classes(opened: Opened) -> None:
    app = opened(endpoint="flight-delay", window="7d", output="confidence")
    assert not app.exception
    assert "A fault in this app" not in text(app)
    assert {"Outputs that moved", "Mean confidence", "Close calls", "Labels"} <= set(tiles(app))
    assert "Threshold 0.5, inferred from the stored answers" in text(app)
    assert app.selectbox(key="output").value == "confidence"
    mix, close, sure, overlay, trend = figures(app)
    assert [trace["name"] for trace in mix["data"]] == ["0", "1"]
    assert {trace["name"] for trace in overlay["data"]} == {"reference", "production"}
    assert close["data"]
    assert sure["data"]
    assert trend["data"]
    classes = table(app, "Share now")
    assert list(classes["Class"]) == ["0", "1"]
    everything = table(app, "Noise floor")
    assert {"prediction", "label", "probability, label 0"} <= set(everything["Output"])


def test_labels_that_differ_without_a_verdict_are_not_said_to_stand_still(opened: Opened) -> None:
    app = opened(endpoint="flight-delay", window="30d")
    assert not app.exception
    shares = table(app, "Share of labels").set_index("Class")
    now, before = (float(shares.loc["1", column].rstrip("%")) for column in
                   ("Share of labels", "of labels before"))  # fmt: skip
    assert now > before + 10
    assert "The labels that have arrived did not" not in text(app)
    assert "world itself" in text(app)


def test_ten_classes(opened: Opened) -> None:
    app = opened(endpoint="digits", window="7d")
    assert not app.exception
    assert "two most probable classes within 0.1" in text(app)
    assert len(figures(app)[0]["data"]) == 10


def test_a_regression(opened: Opened) -> None:
    app = opened(endpoint="flight-time", period="October 2026")
    assert not app.exception
    assert {"Mean answer", "Mean label"} <= set(tiles(app))
    # A week in kilometres is not lost in the month.
    assert tiles(app)["Outputs that moved"] == "1 of 1"
    assert "of 31 days, 11 Oct to 17 Oct" in text(app)
    assert "did not: look at the inputs" in text(app)


def test_training_data_has_labels_only(opened: Opened) -> None:
    app = opened(endpoint="flight-delay", window="7d")
    offered = app.selectbox(key="outputs-baseline")
    assert offered.options[0].startswith("Same weekdays")
    training = next(name for name in offered.options if name.startswith("Training data"))
    offered.select(training).run()
    assert not app.exception
    assert set(table(app, "Noise floor")["Output"]) == {"label"}
    assert "cannot be said: nothing could be judged" in text(app)


def test_the_segment_is_respected(opened: Opened) -> None:
    app = opened(endpoint="flight-delay", window="7d", segment="carrier:UA")
    assert not app.exception
    assert "carrier is UA" in text(app).replace("\\", "")
    whole = opened(endpoint="flight-delay", window="7d")
    rows = [int(table(each, "Share now")["Predicted, n"].sum()) for each in (app, whole)]
    assert rows[0] < rows[1] / 2


def test_all_endpoints_asks_for_one(opened: Opened) -> None:
    app = opened()
    assert not app.exception
    assert app.selectbox(key="choose-endpoint").options
