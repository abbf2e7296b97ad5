"""The pages on the sample workspace: what they measure, what they keep, how they fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from monitoring.settings import Settings
from ui.loaders import uploads, workspace

from .conftest import open_page

Opened = Callable[..., AppTest]


@pytest.fixture
def opened(
    fresh: None, sample: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Opened:
    """opened("data_drift.py", endpoint="flight-delay") on the sample workspace."""
    here = replace(settings, files=tmp_path)
    monkeypatch.setattr(workspace, "settings", lambda: here)
    return open_page


def run(app: AppTest) -> AppTest:
    (button,) = [each for each in app.button if each.label == "Run"]
    return button.click().run(timeout=120)


def text(app: AppTest) -> str:
    return "\n".join(str(getattr(part, "value", "")) for part in app.main)


def table(app: AppTest, column: str) -> object:
    return next(each.value for each in app.dataframe if column in each.value.columns)


def test_drift_of_a_chosen_month(opened: Opened) -> None:
    app = opened("data_drift.py", endpoint="flight-delay", period="October 2026")
    assert "There is no answer yet for 01 Oct to 31 Oct 2026. Press Run." in text(app)
    app = run(app)
    assert not app.exception
    tiles = {metric.label: metric.value for metric in app.metric}
    assert tiles["Features that breached"].endswith("of 19")
    assert int(tiles["Production rows"].replace(",", "")) > 20_000
    assert "2026-10-01 00:00 to 2026-11-01 00:00 UTC" in text(app)
    figures = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    heat, overlay, trend = figures
    assert heat["data"][1]["type"] == "heatmap"
    assert {trace.get("name") for trace in overlay["data"]} == {"reference", "production"}
    assert trend["data"]
    results = table(app, "p adjusted")
    assert {"Value", "Low (95 %)", "High (95 %)", "Threshold", "n production"} <= set(results)
    downloads = {button.proto.label for button in app.get("download_button")}
    assert {
        f"{kind}, {part}" for kind in ("CSV", "JSON") for part in ("whole window", "by day")
    } <= downloads


def test_another_feature_is_shown_without_a_new_run(opened: Opened) -> None:
    app = run(opened("data_drift.py", endpoint="flight-delay", window="7d"))
    app.selectbox(key="feature").select("carrier").run()
    assert not app.exception
    figure = json.loads(app.get("plotly_chart")[1].proto.spec)
    assert figure["data"][0]["type"] == "bar"


def test_a_click_on_the_map_chooses_the_feature(opened: Opened) -> None:
    app = run(opened("data_drift.py", endpoint="flight-delay", window="7d"))
    second = app.selectbox(key="feature").options[1]
    app.session_state["flight-delay-blue-heat"] = {
        "selection": {"points": [{"x": 0, "y": 1}], "point_indices": [1], "box": [], "lasso": []}
    }
    app.run()
    assert app.selectbox(key="feature").value == second


def test_a_link_with_a_feature_restores_the_result(opened: Opened) -> None:
    app = opened("data_drift.py", endpoint="flight-time", window="7d", feature="distance")
    assert not app.exception
    assert app.selectbox(key="feature").value == "distance"


def test_azure_mls_mode_shows_its_verdict_beside_ours(opened: Opened) -> None:
    app = opened("data_drift.py", endpoint="flight-delay", window="7d")
    app.segmented_control(key="mode").set_value("azureml").run()
    app = run(app)
    assert not app.exception
    results = table(app, "Azure ML would say")
    assert "Kolmogorov-Smirnov statistic" in set(results["Metric"]) or len(results) >= 3


def write(path: Path, shift: float) -> None:
    random = np.random.default_rng(1)
    columns = {"x": random.normal(shift, 1, 500), "c": random.choice(["a", "b"], 500)}
    pq.write_table(pa.table(columns), path)


def test_two_files_by_path(opened: Opened, tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", 0.0)
    write(tmp_path / "b.parquet", 1.0)
    app = opened("your_own_files.py")
    app.text_input(key="own-reference-path").set_value("a.parquet").run()
    app.text_input(key="own-production-path").set_value("b.parquet").run()
    app = run(app)
    assert not app.exception
    assert {m.label: m.value for m in app.metric}["Features that breached"] == "1 of 2"
    # A broken file says so in words, and what was computed before stays.
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    app = run(app)
    assert not app.exception
    assert "not a whole Parquet file" in text(app)
    assert {m.label: m.value for m in app.metric}["Features that breached"] == "1 of 2"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.parquet", None, "Cannot find the production"),
        ("empty.csv", b"", "it is empty"),
        ("header.csv", b"x,c\n", "no rows"),
        ("cut.jsonl", b'{"x": 1}\n{"x": ', "Cannot read the production"),
        ("other.xlsx", b"PK", "'.xlsx'"),
        ("one.csv", b"x,c\n1.5,a\n", "1 rows, 30 needed"),
        ("types.csv", b"x,c\n" + b"a,1\n" * 40, "its type is"),
    ],
)
def test_bad_files_are_one_sentence_on_the_page(
    opened: Opened, tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    write(tmp_path / "a.parquet", 0.0)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    app = opened("your_own_files.py")
    app.text_input(key="own-reference-path").set_value("a.parquet").run()
    app.text_input(key="own-production-path").set_value(name).run()
    app = run(app)
    assert not app.exception
    assert "A fault in this app" not in text(app)
    shown = text(app) + "".join(str(table.value.to_csv()) for table in app.dataframe)
    assert words in shown


def test_files_outside_the_folder_are_not_opened(opened: Opened) -> None:
    app = opened("your_own_files.py")
    app.text_input(key="own-reference-path").set_value("/etc/passwd").run()
    assert not app.exception
    assert "lies outside" in text(app)


def test_a_link_opens_nothing_where_no_folder_is_open(
    opened: Opened, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "settings", lambda: replace(settings, files=None))
    names = {"own-reference-path": "tests/data", "own-production-path": ".cache/uploads"}
    app = opened("your_own_files.py", **names, feature="x")
    assert not app.exception
    assert "no folder is open to paths" in text(app)
    assert not [each for each in app.text_input if each.key.endswith("-path")]


def upload(app: AppTest, role: str, name: str, content: bytes) -> AppTest:
    return app.file_uploader(key=f"own-{role}-upload").set_value((name, content, "text/csv")).run()


def test_an_upload_is_named_as_its_reader_does_and_gone_with_its_session(
    opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "c"
    monkeypatch.setattr(uploads, "_folder", lambda: home)
    rows = b"t,x\n" + b"".join(b"2026-01-0%d,%d\n" % (1 + n % 2, n) for n in range(80))
    app = opened("your_own_files.py")
    upload(app, "reference", "mine[1].csv", rows)
    upload(app, "production", "other.csv", rows)
    app.text_input(key="own-time").set_value("t").run()
    app = run(app)
    assert not app.exception
    assert {m.label: m.value for m in app.metric}["Features that breached"] == "0 of 1"
    (own,) = [each for each in home.iterdir() if each.is_dir()]
    assert own.stat().st_mode & 0o077 == 0
    upload(app, "production", "bad.csv", b"x\n")
    app = run(app)
    shown = text(app)
    assert "'bad.csv'" in shown
    assert "no rows" in shown
    assert str(tmp_path) not in shown
    st.cache_resource.clear()  # as when the session ends
    assert not list(home.iterdir())
