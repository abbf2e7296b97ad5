"""The estimate on screen: nothing before it is asked for, then the number, its assumptions, its days."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from monitoring.settings import Settings
from ui.loaders import monitor, workspace


@pytest.fixture
def app_test(
    sample: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[type[AppTest]]:
    monkeypatch.setattr(workspace, "settings", lambda: settings)
    monkeypatch.setattr(monitor, "folder", lambda: tmp_path / "answers")  # nobody has asked yet
    st.cache_data.clear()
    st.cache_resource.clear()
    yield AppTest
    st.cache_data.clear()
    st.cache_resource.clear()


def script(endpoint: str, first: str, end: str) -> None:
    from datetime import UTC, datetime  # noqa: PLC0415 - runs as a page of its own

    from monitoring.window import Window  # noqa: PLC0415
    from ui.loaders.monitor import Asked  # noqa: PLC0415
    from ui.views.performance import estimate_view  # noqa: PLC0415

    days = [datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (first, end)]
    asked = Asked(
        signal="estimated_performance",
        endpoint=endpoint,
        deployment="blue",
        window=Window(*days),
        more=("day",),
    )
    estimate_view.show(asked, key="here-")


def opened(app_test: type[AppTest], *asked: str) -> AppTest:
    app = app_test.from_function(script, args=asked, default_timeout=120).run()
    assert not app.exception
    assert "Press Estimate without labels" in words(app)
    (button,) = [each for each in app.button if each.label == "Estimate without labels"]
    app = button.click().run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    return "\n".join(str(getattr(part, "value", "")) for part in app.main)


def test_a_number_comes_with_its_band_reference_and_assumptions(app_test: type[AppTest]) -> None:
    app = opened(app_test, "digits", "2026-11-14", "2026-11-21")
    (number,) = [each for each in app.metric if each.label == "Accuracy, estimated"]
    assert 0.9 < float(number.value) < 0.98
    shown = words(app)
    assert "95 % band" in shown
    assert "the first 30 days of this deployment, 20 Sep 2026 to 19 Oct 2026" in shown
    assert shown.count("Holds") >= 6
    table = next(each.value for each in app.dataframe if "Metric" in each.value.columns)
    assert set(table["Metric"]) >= {"Accuracy", "AUC-ROC", "Log loss"}


def test_a_refused_number_is_withheld_and_says_why(app_test: type[AppTest]) -> None:
    app = opened(app_test, "flight-delay", "2026-06-01", "2026-06-15")
    (number,) = [each for each in app.metric if each.label == "Accuracy, estimated"]
    assert number.value == "–"
    shown = words(app)
    assert "Withheld, because an assumption fails" in shown
    assert "dewp" in shown
    table = next(each.value for each in app.dataframe if "Withheld value" in each.value.columns)
    assert "Estimated" not in table.columns or table["Estimated"].isna().all()
