"""What a page has measured is shown again: after a reload, from a link, and beside other choices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from monitoring.settings import Settings
from ui.loaders import workspace

from .conftest import open_page

Opened = Callable[..., AppTest]
HERE = {"endpoint": "flight-delay", "deployment": "blue"}
OTHER = "Below is the answer for"


@pytest.fixture
def opened(
    fresh: None, sample: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Opened:
    """opened("data_quality.py", minutes=5): five minutes later, by another process."""

    def open_later(page: str, minutes: int = 0, **query: str) -> AppTest:
        now = settings.clock() + timedelta(minutes=minutes)
        here = replace(settings, files=tmp_path, now=now)
        monkeypatch.setattr(workspace, "settings", lambda: here)
        st.cache_resource.clear()
        return open_page(page, **query)

    return open_later


def text(app: AppTest) -> str:
    return "\n".join(str(getattr(part, "value", "")) for part in app.main).replace("\\", "")


def tiles(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_a_question_asked_by_hand_is_answered_again_from_its_link(opened: Opened) -> None:
    link = {"mode": "As Azure ML"}
    app = opened("data_quality.py", **HERE, **link)
    assert not app.exception
    assert "There is no answer yet" in text(app)
    (button,) = [each for each in app.button if each.label == "Run"]
    shown = tiles(button.click().run(timeout=240))
    assert shown["Rows checked"] != "0"
    later = opened("data_quality.py", minutes=10, **HERE, **link)
    assert not later.exception
    assert tiles(later) == shown
    assert "measured 10 min ago" in text(later)
    assert OTHER not in text(later)


def test_other_choices_leave_the_last_answer_and_say_what_it_is_for(opened: Opened) -> None:
    app = opened("data_quality.py", **HERE)
    shown = tiles(app)  # as it is in force, without a press
    assert shown["Rows checked"] != "0"
    app.segmented_control(key="mode").set_value("azureml").run(timeout=240)
    assert not app.exception
    assert tiles(app) == shown
    assert f"{OTHER} 14 Nov to 21 Nov 2026. Press Run for 14 Nov to 21 Nov 2026, as" in text(app)
    assert "as Azure ML" in text(app)
