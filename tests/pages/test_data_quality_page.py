"""The page Data quality on the sample workspace: what it shows, in both modes, and how it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from monitoring.metrics.quality_metric import TABLE
from monitoring.settings import Settings
from ui.loaders import workspace

from .conftest import open_page

Opened = Callable[..., AppTest]
PAGE = "data_quality.py"


@pytest.fixture
def opened(
    fresh: None, sample: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Opened:
    here = replace(settings, files=tmp_path)
    monkeypatch.setattr(workspace, "settings", lambda: here)
    return open_page


def run(app: AppTest) -> AppTest:
    (button,) = [each for each in app.button if each.label == "Run"]
    return button.click().run(timeout=120)


def text(app: AppTest) -> str:
    return "\n".join(str(getattr(part, "value", "")) for part in app.main)


def table(app: AppTest, column: str) -> pd.DataFrame:
    return next(each.value for each in app.dataframe if column in each.value.columns)


def test_a_month_of_rows(opened: Opened) -> None:
    app = opened(PAGE, endpoint="flight-delay", deployment="blue", window="30d")
    assert "There is no answer yet for" in text(app)
    app = run(app)
    assert not app.exception
    tiles = {each.label: each.value for each in app.metric}
    assert set(tiles) == {"Open now", "Breached on any day", "Not judged", "Rows checked"}
    assert int(tiles["Rows checked"].replace(",", "")) > 20_000
    categories = table(app, "Category")
    renamed = categories[categories["Feature"] == "carrier"]
    assert set(zip(renamed["Category"], renamed["Change"], strict=True)) == {
        ("UA", "vanished"),
        ("UAL", "new"),
    }
    faults = table(app, "Fault")
    assert {"unfinished last line", "payload file not readable"} <= set(faults["Fault"])
    assert "Pass the context of collect" in text(app)  # a fix stands beside each fault
    numbers = table(app, "metric")
    assert {"null_value_rate", "schema_changes", "silent_hours_rate"} <= set(numbers["metric"])
    assert TABLE in set(numbers["feature"])
    downloads = {each.label for each in app.get("download_button")}
    assert {"CSV, whole window", "JSON, by day"} <= {d for d in downloads if d}


def test_a_link_opens_its_feature_and_metric(opened: Opened) -> None:
    app = opened(
        PAGE,
        endpoint="flight-delay",
        deployment="blue",
        window="30d",
        feature="carrier",
        **{"check-robust": "New category rate"},
    )
    app.run(timeout=120)
    assert not app.exception
    (picked,) = [each for each in app.selectbox if each.label == "Feature"]
    assert picked.value == "carrier"
    headings = [each.value for each in app.header]
    assert "New category rate over time" in headings


def test_as_azure_ml_shows_its_verdict_beside_ours(opened: Opened) -> None:
    app = opened(PAGE, endpoint="flight-time", deployment="blue", mode="As Azure ML")
    app = run(app)
    assert not app.exception
    (metric,) = [each for each in app.selectbox if each.label == "Metric"]
    assert len(metric.options) == 3
    numbers = table(app, "service_verdict")
    assert set(numbers["mode"]) == {"azureml"}
    rows = numbers[numbers["metric"] == "row_count"]
    assert list(rows["status"]) == ["ok"]
    assert list(rows["service_verdict"]) == ["ok"]  # fewer rows than the reference's


def test_a_threshold_changes_the_verdict_only(opened: Opened) -> None:
    app = opened(PAGE, endpoint="flight-delay", deployment="blue", window="30d", feature="temp")
    app.run(timeout=120)
    before = table(app, "metric").set_index(["feature", "metric"])
    (limit,) = app.number_input
    app = run(limit.set_value(0.9).run())
    after = table(app, "metric").set_index(["feature", "metric"])
    key = ("temp", "null_value_rate")
    assert after.loc[key, "value"] == before.loc[key, "value"]
    assert after.loc[key, "threshold"] > before.loc[key, "threshold"]


def test_a_container_that_may_not_be_read_is_said_in_words(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    from monitoring.errors import NotPermittedError  # noqa: PLC0415
    from monitoring.sources.collected import Collected  # noqa: PLC0415

    def refuse(*_: object, **__: object) -> None:
        raise NotPermittedError(
            "The identity may not read the container", hint="Ask for Storage Blob Data Reader."
        )

    # A window that is not run by itself: nothing of it has been answered before.
    app = opened(PAGE, endpoint="flight-delay", deployment="blue", window="30d")
    monkeypatch.setattr(Collected, "days", refuse)
    app = run(app)
    assert not app.exception
    assert "Storage Blob Data Reader" in text(app)


def test_without_an_endpoint_it_asks_for_one(opened: Opened) -> None:
    app = opened(PAGE)
    assert [each.label for each in app.selectbox if each.key == "choose-endpoint"]
    assert not app.exception
