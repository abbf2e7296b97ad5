"""The page of baselines and thresholds on the sample workspace: what it keeps and where it shows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from monitoring.settings import Settings
from ui.loaders import workspace

from .conftest import open_page

Opened = Callable[..., AppTest]
PAGE = "baselines.py"
BLUE = {"endpoint": "flight-delay", "deployment": "blue"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "leeway.sqlite"


@pytest.fixture
def opened(
    fresh: None,
    sample: Path,
    settings: Settings,
    tmp_path: Path,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Opened:
    """opened("baselines.py", endpoint="flight-delay") on the sample workspace and an empty database."""
    here = replace(settings, files=tmp_path, database_url=f"sqlite:///{file}")
    monkeypatch.setattr(workspace, "settings", lambda: here)
    return open_page


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [each for each in app.button if each.label == label]
    return button.click().run(timeout=120)


def text(app: AppTest) -> str:
    return "\n".join(str(getattr(part, "value", "")) for part in app.main)


def table(app: AppTest, column: str) -> object:
    return next(each.value for each in app.dataframe if column in each.value.columns)


def metrics(app: AppTest) -> dict[str, str]:
    return {m.label: m.value.replace("\\", "") for m in app.metric}  # as a reader sees it


def keep(app: AppTest, name: str, weeks: int, note: str = "") -> AppTest:
    app.text_input(key="author").set_value("Ana").run()
    app.number_input(key="new-weeks-8").set_value(weeks)
    app.text_input(key="new-name").set_value(name)
    app.text_input(key="new-note").set_value(note)
    return press(app, "Keep baseline")


def test_before_anybody_chose_the_products_own_are_in_force(opened: Opened) -> None:
    app = opened(PAGE, **BLUE)
    assert not app.exception
    assert metrics(app)["Baseline in force"] == "Same weekdays of the 8 weeks before"
    assert metrics(app)["Thresholds in force"] == "The product's own thresholds"
    assert "nobody has chosen another" in text(app)
    assert "Nobody has changed anything yet" in text(app)
    assert list(table(app, "What it is")["In force"]) == ["✓", "", "", ""]


def test_a_baseline_is_kept_switched_and_shown_wherever_one_is_chosen(
    opened: Opened, file: Path
) -> None:
    app = keep(opened(PAGE, **BLUE), "Quiet weeks", 5, "no holidays")
    assert not app.exception
    assert "Kept: Quiet weeks" in text(app).replace("\\", "")
    assert "Quiet weeks" in set(table(app, "What it is")["Name"])
    app.selectbox(key="candidate").select("Quiet weeks")
    app.text_input(key="switch-note").set_value("fewer false alarms").run()
    app = press(app, "Switch")
    assert not app.exception
    assert metrics(app)["Baseline in force"] == "Quiet weeks"
    history = table(app, "Known from")
    assert list(history["Did"]) == ["switched baseline", "created baseline"]
    assert set(history["Who"]) == {"Ana"}
    assert set(history["Known from"]) == {"typed"}
    assert history["Before"][0] == "Same weekdays of the 8 weeks before"
    assert history["Why"][0] == "fewer false alarms"
    # The select box of the drift page has it first, and of other deployments not at all.
    assert opened("data_drift.py", **BLUE).selectbox(key="baseline").options[0] == "Quiet weeks"
    green = opened("data_drift.py", endpoint="flight-delay", deployment="green")
    assert "Quiet weeks" not in green.selectbox(key="baseline").options
    quality = opened("data_quality.py", **BLUE).selectbox(key="baseline").options
    assert quality[0].startswith("Training data")
    assert "Quiet weeks" in quality


def test_the_drift_page_judges_against_a_kept_baseline(opened: Opened) -> None:
    keep(opened(PAGE, **BLUE), "Five weeks", 5)
    app = opened("data_drift.py", **BLUE, window="7d", baseline="Five weeks", feature="temp")
    assert not app.exception
    assert "Five weeks, 35 days to 13 Nov 2026" in text(app)
    assert "counts as different only if it differs more than these do" in text(app)
    breached, _, features = metrics(app)["Features that breached"].partition(" of ")
    assert 1 <= int(breached) < 5  # the incident that is open now, and not the season
    assert features == "19"


def test_the_same_name_again_is_its_next_version(opened: Opened) -> None:
    keep(opened(PAGE, **BLUE), "Mine", 5)
    app = keep(opened(PAGE, **BLUE), "Mine", 6)
    assert {"Mine", "Mine, version 1"} <= set(table(app, "What it is")["Name"])
    app = keep(opened(PAGE, **BLUE), "Mine", 6)
    assert "exactly that already" in text(app)


@pytest.mark.parametrize("name", ["", "The period before", "training data flight-delay-training:1"])
def test_names_that_cannot_be_used_are_one_sentence(opened: Opened, name: str) -> None:
    app = keep(opened(PAGE, **BLUE), name, 5)
    assert not app.exception
    assert "name" in text(app)
    assert "A fault in this app" not in text(app)
    assert "Nobody has changed anything yet" in text(app)


def test_a_training_version_is_put_in_force_and_the_default_again(opened: Opened) -> None:
    app = opened(PAGE, **BLUE)
    app.selectbox(key="candidate").select("Training data flight-delay-training:2").run()
    app = press(app, "Switch")
    assert metrics(app)["Baseline in force"] == "Training data flight-delay-training:2"
    app = opened(PAGE, **BLUE)
    app.selectbox(key="candidate").select("Same weekdays of the 8 weeks before").run()
    app = press(app, "Switch")
    assert metrics(app)["Baseline in force"] == "Same weekdays of the 8 weeks before"
    assert next(iter(table(app, "Known from")["What"])) == "Same weekdays of the 8 weeks before"


def test_a_back_test_says_what_would_vanish_and_what_would_appear(opened: Opened) -> None:
    app = opened(PAGE, **BLUE, span="30d", compared="Training data flight-delay-training:1")
    assert app.selectbox(key="compared").value == "Training data flight-delay-training:1"
    app = press(app, "Run")
    assert not app.exception
    said = text(app).replace("\\", "")
    assert "past breaches would vanish" in said
    tiles = metrics(app)
    assert tiles["Outside known incidents"] == "–"  # nobody has told the product of any
    (chart,) = app.get("plotly_chart")
    traces = [trace["name"] for trace in json.loads(chart.proto.spec)["data"]]
    assert traces == ["in force", "if switched"]
    assert {"vanishes", "appears", "stays"} >= set(table(app, "If switched")["If switched"])
    assert "features differ" in "".join(each.label for each in app.expander)


def test_thresholds_are_kept_switched_and_used(opened: Opened) -> None:
    app = opened(PAGE, **BLUE)
    app.text_input(key="set-name-data_drift-The product's own thresholds").set_value("As it is")
    app = press(app, "Keep set")
    assert not app.exception
    assert "It is in force once you switch to it" in text(app).replace("\\", "")
    app.selectbox(key="limits").select("As it is").run()
    app = press(app, "Switch")
    assert metrics(app)["Thresholds in force"] == "As it is"
    kept = table(app, "Thresholds")["Thresholds"][0]
    assert "normalized_wasserstein_distance:numerical 0.2" in kept
    assert "jensen_shannon_distance:categorical 0.05" in kept
    assert "switched thresholds" in set(table(app, "Known from")["Did"])


def test_a_benchmark_is_what_the_model_is_held_to(opened: Opened) -> None:
    app = opened(PAGE, **BLUE, signal="Realized performance")
    assert not app.exception
    app.selectbox(key="benchmark-metric").select("accuracy")
    app.number_input(key="benchmark-value").set_value(0.6)
    app.text_input(key="benchmark-note").set_value("agreed with the owner")
    app = press(app, "Set")
    assert not app.exception
    known = table(app, "Set here").set_index("Metric")
    assert known.loc["Accuracy", "Set here"] == "0.6"
    assert known.loc["Accuracy", "Registered"] == "0.8075"
    performance = opened("performance.py", **BLUE, window="7d", metric="Accuracy")
    assert not performance.exception
    assert metrics(performance)["Benchmark"].startswith("0.6")
    assert "accuracy as set on the page" in text(performance)
    app = press(opened(PAGE, **BLUE, signal="Realized performance"), "Withdraw")
    assert "withdrawn benchmark" in set(table(app, "Known from")["Did"])


def newer(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def damaged(file: Path) -> None:
    file.write_bytes(b"no database" * 500)


@pytest.mark.parametrize(
    ("spoil", "words"), [(newer, "newer version of this product"), (damaged, "is damaged")]
)
def test_without_the_database_the_pages_stand_on_the_defaults(
    opened: Opened,
    file: Path,
    spoil: Callable[[Path], None],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ui.loaders import database  # noqa: PLC0415

    keep(opened(PAGE, **BLUE), "Mine", 5)
    database.database().close()
    for beside in file.parent.glob("*.sqlite-*"):
        beside.unlink()
    spoil(file)
    database._database.clear()
    app = opened(PAGE, **BLUE)
    assert not app.exception
    assert words in text(app)
    assert "The product's own baselines and thresholds are in force" in text(app)
    assert "A fault in this app" not in text(app)
    drift = opened("data_drift.py", **BLUE)
    assert not drift.exception
    assert drift.selectbox(key="baseline").options[0] == "Same weekdays of the 8 weeks before"
    overview = opened("overview.py", endpoint="digits", window="7d")
    assert not overview.exception
    assert words in text(overview)
