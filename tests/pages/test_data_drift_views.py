"""Data drift beyond single features, on the sample workspace: together, outliers, what the model relies on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from monitoring.methods.multivariate import domain_classifier, localisation
from monitoring.settings import Settings
from monitoring.signals.feature_attribution_drift import report as feature_attribution_drift
from monitoring.signals.multivariate_drift import report as multivariate_drift
from monitoring.sources import models
from monitoring.sources.azure import Azure
from monitoring.workspace.registered_model import RegisteredModel
from ui.loaders import workspace

from .conftest import open_page

VIEWS = ("All features together", "Outliers", "What the model relies on")


@pytest.fixture
def connected(
    fresh: None,
    azure: Azure,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert azure.workspace_client  # imported before a page waits for it
    # The same steps on fewer rows: sizes are for tests/signals.
    monkeypatch.setattr(domain_classifier, "MOST_ROWS", 2_000)
    monkeypatch.setattr(multivariate_drift, "PERIOD_ROWS", 400)
    monkeypatch.setattr(multivariate_drift, "PARTS", 2)
    monkeypatch.setattr(localisation, "MOST_ROWS", 600)
    monkeypatch.setattr(feature_attribution_drift, "DAY_ROWS", 120)
    monkeypatch.setattr(workspace, "settings", lambda: replace(settings, files=tmp_path))


def run(view: str, **query: str) -> AppTest:
    app = open_page("data_drift.py", view=view, **query)
    assert not app.exception
    assert "There is no answer yet for" in text(app)
    (button,) = [each for each in app.button if each.label == "Run"]
    app = button.click().run(timeout=240)
    assert not app.exception
    assert "A fault in this app" not in text(app)
    return app


def text(app: AppTest) -> str:
    return "\n".join(str(getattr(part, "value", "")) for part in app.main)


def tiles(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


@pytest.mark.usefixtures("connected")
def test_all_features_together() -> None:
    app = run(VIEWS[0], endpoint="flight-delay", window="24h")
    shown = tiles(app)
    assert 0.5 < float(shown["Domain classifier AUC"]) <= 1
    assert float(shown["PCA reconstruction error"]) > 0
    assert "Most is told by temp" in text(app)  # the weather feed sends Celsius since five days
    assert "noise floor" in text(app)
    assert "rows that repeat another are counted once" in text(app)
    figures = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    assert figures[0]["data"][0]["type"] == "bar"
    assert len(figures) == 3


@pytest.mark.usefixtures("connected")
def test_outliers_with_their_rows_by_either_order() -> None:
    app = run(VIEWS[1], endpoint="flight-delay", window="24h")
    assert float(tiles(app)["Rows outside the training range"].rstrip("%")) > 10
    (rows,) = [each.value for each in app.dataframe if "Correlation id" in each.value.columns]
    assert rows["Score"].is_monotonic_decreasing
    assert {"temp", "carrier", "Outside the training range"} <= set(rows.columns)
    app.segmented_control(key="order").set_value("By range").run()
    (rows,) = [each.value for each in app.dataframe if "Correlation id" in each.value.columns]
    assert rows["Outside the training range"].str.contains("temp").any()
    assert any(b.proto.label == "Download CSV" for b in app.get("download_button"))


@pytest.mark.usefixtures("connected")
def test_what_the_model_relies_on() -> None:
    app = run(VIEWS[2], endpoint="flight-delay", window="24h")
    shown = tiles(app)
    assert 0.8 < float(shown["NDCG"]) <= 1
    (ranks,) = [each.value for each in app.dataframe if "Rank, production" in each.value.columns]
    assert ranks["Feature"][0] == "origin_delay"
    assert app.selectbox(key="attribution-baseline").value.startswith("Training data")
    assert len(ranks) == 19
    assert "no labels, no surrogate" in text(app)


@pytest.mark.usefixtures("connected")
@pytest.mark.parametrize("view", VIEWS)
def test_64_pixels_work_too(view: str) -> None:
    app = run(view, endpoint="digits", window="24h")
    assert all(value != "–" for value in tiles(app).values())


@pytest.mark.usefixtures("connected")
def test_a_model_that_may_not_be_opened_is_grey_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed = RegisteredModel(
        "flight-delay:1", None, "it is stored as a pickle (model.pkl)", "Use skops.", {"temp": 2.0}
    )
    monkeypatch.setattr(models.Models, "load", lambda self, model: closed)
    app = run(VIEWS[2], endpoint="flight-delay", window="24h")
    assert "Not judged" in text(app)
    assert "it is stored as a pickle (model.pkl)" in text(app)
    assert "NDCG" not in tiles(app)
    (noted,) = [each.value for each in app.dataframe if "Importance" in each.value.columns]
    assert noted["Feature"].tolist() == ["temp"]


@pytest.mark.usefixtures("connected")
def test_the_view_is_in_the_link_and_features_stay_the_first() -> None:
    app = open_page("data_drift.py", endpoint="flight-delay")
    assert app.segmented_control(key="view").value == "Features"
    assert app.segmented_control(key="mode").value == "robust"
    app = open_page("data_drift.py", endpoint="flight-delay", view="Outliers")
    assert app.segmented_control(key="view").value == "Outliers"
