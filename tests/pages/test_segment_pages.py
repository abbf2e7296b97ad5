"""The segment in the sidebar: read, shown, kept, changed, refused; and the pages that obey it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from monitoring.settings import Settings
from ui.loaders import segments, workspace
from ui.shell import scope

from .conftest import open_page

Opened = Callable[..., AppTest]
ASKED = {"endpoint": "flight-delay", "deployment": "blue"}


@pytest.fixture
def opened(
    fresh: None, sample: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Opened:
    """opened("performance.py", endpoint="flight-delay") on the sample workspace."""
    here = replace(settings, files=tmp_path)
    monkeypatch.setattr(workspace, "settings", lambda: here)
    return open_page


def buttons(app: AppTest) -> dict[str, object]:
    return {button.label: button for button in app.button}


def text(app: AppTest) -> str:
    return "\n".join(str(getattr(part, "value", "")) for part in [*app.main, *app.sidebar])


def predictions(app: AppTest) -> int:
    said = text(app).replace("\\", "")
    return int(said.split("segment: ")[1].split(" (")[1].split(" rows")[0].replace(",", ""))


def test_every_page_is_cut_down_to_the_segment_and_says_so(opened: Opened) -> None:
    app = opened("performance.py", segment="carrier:UA", **ASKED)
    assert not app.exception
    from_rows = predictions(app)
    drift = opened("data_drift.py", segment="carrier:UA", **ASKED)
    buttons(drift)["Run"].click().run(timeout=120)
    assert not drift.exception
    tiles = {metric.label: metric.value for metric in drift.metric}
    asked_for = predictions(drift)  # inputs, those of requests that failed in the model included
    assert int(tiles["Production rows"].replace(",", "")) == asked_for
    assert from_rows <= asked_for <= 1.05 * from_rows
    quality = opened("data_quality.py", segment="carrier:UA", **ASKED)
    buttons(quality)["Run"].click().run(timeout=120)
    assert predictions(quality) == asked_for


def test_conditions_are_buttons_that_take_them_away(opened: Opened) -> None:
    app = opened("data_drift.py", segment="carrier:UA;distance:500..", **ASKED)
    assert "segment: carrier is UA and distance is at least 500" in text(app).replace("\\", "")
    buttons(app)["distance is at least 500"].click().run()
    assert app.text_input(key="segment").value == "carrier:UA"
    assert "segment: carrier is UA" in text(app).replace("\\", "")
    assert "Clear" not in buttons(app)
    buttons(app)["carrier is UA"].click().run()
    assert app.text_input(key="segment").value == ""
    assert "segment\\: " not in text(app)


def test_another_endpoint_clears_it(opened: Opened) -> None:
    app = opened("data_drift.py", segment="carrier:UA", **ASKED)
    app.selectbox(key="endpoint").select("flight-time").run()
    assert app.text_input(key="segment").value == ""
    assert not app.exception


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("carrier", "Cannot read the segment 'carrier'"),
        ("x:5..1", "Cannot read the segment"),
        ("colour:red", "'colour' is no input of the model"),
    ],
)
def test_a_broken_one_is_one_sentence_and_all_rows(opened: Opened, code: str, words: str) -> None:
    app = opened("data_drift.py", segment=code, **ASKED)
    assert not app.exception
    assert text(app).count(words) == 1
    assert "segment\\: " not in text(app)
    assert not app.session_state["_scope"].segment
    buttons(app)["Clear"].click().run()
    assert words not in text(app)


def test_a_segment_without_rows_is_a_state_not_a_fault(opened: Opened) -> None:
    app = opened("performance.py", segment="carrier:nobody", **ASKED)
    assert not app.exception
    assert "A fault in this app" not in text(app)
    assert "No prediction was collected" in text(app)
    drift = opened("data_drift.py", segment="carrier:nobody", **ASKED)
    buttons(drift)["Run"].click().run(timeout=120)
    assert not drift.exception
    assert "A fault in this app" not in text(drift)
    assert "segment" in text(drift)


def test_the_builder_offers_what_the_baseline_holds(opened: Opened) -> None:
    opened("your_own_files.py")  # connects
    window = scope.Scope("flights", "flight-delay", "blue", "7d").window_at(workspace.now())
    carrier = segments.choice("flight-delay", "blue", "carrier", window)
    assert not carrier.is_number
    assert carrier.values[0][1] > carrier.values[-1][1] > 0
    assert sum(n for _, n in carrier.values) == carrier.rows
    temp = segments.choice("flight-delay", "blue", "temp", window)
    ends = dict(temp.quantiles)
    assert temp.is_number
    assert sorted(ends.values()) == [ends[share] for share in sorted(ends)]


def test_comparing_ranks_segments_and_lays_the_change_on_features(opened: Opened) -> None:
    app = opened("performance.py", window="7d", **ASKED)
    buttons(app)["Compare"].click().run(timeout=180)
    assert not app.exception
    said = text(app)
    assert "Error rate" in said
    assert "coincides with" in said
    assert "nothing here proves a cause" in said
    table = next(each.value for each in app.dataframe if "Impact (points)" in each.value.columns)
    assert {"Segment", "Status", "Low (95 %)", "n before", "n now", "p adjusted"} <= set(table)
    parts = next(each.value for each in app.dataframe if next(iter(each.value)) == "Part")
    assert parts["Change"].iloc[:-1].sum() == pytest.approx(parts["Change"].iloc[-1], abs=0.01)
    first = table["Segment"].iloc[0]
    buttons(app)["Look at this segment"].click().run(timeout=120)
    assert first.split(" and ")[0] in " ".join(buttons(app)).replace("\\", "")


def test_the_state_in_words(opened: Opened) -> None:
    app = opened("performance.py", window="7d", **ASKED)
    buttons(app)["Diagnose"].click().run(timeout=180)
    assert not app.exception
    said = text(app)
    assert "The data have faults: look there first" in said
    assert "temp: out of bounds rate" in said
    assert "below its threshold" in said
