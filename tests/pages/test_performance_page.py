"""The Performance page on the sample workspace: its numbers are those of the labels that arrived."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring.sources.deployed import Deployed
from monitoring.window import Window

from .test_measured_pages import Opened, opened, text

__all__ = ["opened"]
pytestmark = pytest.mark.usefixtures("sample")


def rows_of(azure, settings, endpoint: str) -> pa.Table:
    """The joined rows of the last week, read without the product's counting."""
    deployed = Deployed(azure)
    (found,) = [e for e in deployed.inventory.endpoints() if e.name == endpoint]
    deployment = next(d for d in found.deployments if d.name == "blue")
    window = Window.last(timedelta(days=7), until=settings.clock()).whole_days()
    days = deployed.rows(deployment, deployed.model(deployment), window).tables
    names = ["prediction", "label"]
    return pa.concat_tables(
        pq.read_table(path, columns=names) for table in days.values() for path in table.paths
    )


def metric(app, label: str) -> str:
    return next(each.value for each in app.metric if each.label == label)


def test_accuracy_and_coverage_are_those_of_the_joined_rows(
    opened: Opened, azure, settings
) -> None:
    app = opened("performance.py", endpoint="flight-delay", window="7d")
    assert not app.exception
    rows = rows_of(azure, settings, "flight-delay").to_pandas()
    known = rows.dropna(subset=["label"])
    assert metric(app, "Accuracy") == f"{(known.prediction == known.label).mean():.4g}"
    assert metric(app, "Label coverage") == f"{len(known) / len(rows):.1%}"
    assert f"n = {len(known):,}" in text(app)
    tables = [t.value for t in app.dataframe if "Metric" in t.value.columns]
    table = max(tables, key=lambda each: each["Metric"].nunique())
    assert {"Accuracy", "Brier score", "Log loss", "Recall"} <= set(table["Metric"])
    assert table["n"].max() == len(known)
    without = table["Threshold"] == "–"
    assert without.any()
    assert set(table["Status"][without]) == {"– No threshold"}


def test_a_regression_shows_errors_and_residuals_in_the_labels_unit(
    opened: Opened, azure, settings
) -> None:
    app = opened("performance.py", endpoint="flight-time", window="7d")
    assert not app.exception
    rows = rows_of(azure, settings, "flight-time").to_pandas().dropna()
    expected = (rows.prediction - rows.label).abs().mean()
    assert metric(app, "Mean absolute error") == f"{expected:.4g}"
    assert "Residuals" in [header.value for header in app.header]
    assert "Confusion matrix" not in [header.value for header in app.header]


def test_ten_classes_have_a_matrix_and_curves_of_the_class_chosen(opened: Opened) -> None:
    app = opened("performance.py", endpoint="digits", window="7d", **{"class": "7"})
    assert not app.exception
    headers = [header.value for header in app.header]
    assert {"Confusion matrix", "ROC curve", "Calibration"} <= set(headers)
    (chosen,) = [box for box in app.selectbox if box.label == "Curves of class"]
    assert chosen.value == "7"
    assert len(chosen.options) == 10


def test_the_metric_in_the_url_is_in_focus_and_a_wrong_one_is_not(opened: Opened) -> None:
    app = opened("performance.py", endpoint="flight-delay", window="7d", metric="Brier score")
    assert "Brier score over time" in [header.value for header in app.header]
    app = opened("performance.py", endpoint="flight-delay", window="7d", metric="no such metric")
    assert not app.exception
    assert "Accuracy over time" in [header.value for header in app.header]


def test_without_an_endpoint_the_page_asks_for_one(opened: Opened) -> None:
    app = opened("performance.py")
    assert not app.exception
    assert not app.metric
    assert "Which one?" in next(box.label for box in app.selectbox if box.key == "choose-endpoint")


def test_a_segment_narrows_the_rows_down(opened: Opened, tmp_path: Path) -> None:
    whole = opened("performance.py", endpoint="flight-delay", window="7d")
    part = opened("performance.py", endpoint="flight-delay", window="7d", segment="carrier:B6")
    assert not part.exception
    assert "carrier is B6" in text(part)
    assert metric(part, "Accuracy") != metric(whole, "Accuracy")
