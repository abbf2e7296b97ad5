"""Prediction drift on simulated answers and on the incidents of the sample workspace."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from monitoring.counting.engine.tables import Table, write_table
from monitoring.counting.totals.outcomes import Columns
from monitoring.decisions.baseline_rule import BaselineRule
from monitoring.errors import NotEnoughData
from monitoring.settings import Settings
from monitoring.signals.prediction_drift import report as prediction_drift
from monitoring.signals.prediction_drift.report import EARLIER, SIGNAL, PredictionReport, Reference
from monitoring.sources.azure import Azure
from monitoring.sources.deployed import Deployed, PredictedDays
from monitoring.window import DAY, Window

BINARY = Columns("binary_classification", "prediction", "label", {"1": "p"})
BEFORE = BaselineRule("period_before")
FIRST = date(2026, 3, 2)


def window(days: int) -> Window:
    start = Window.day(FIRST).start
    return Window(start, start + days * DAY)


def answers(
    folder: Path, day: date, *, shift: float = 0.0, truth: float = 0.0, n: int = 800
) -> Table:
    """Rows of one day: scores moved by `shift`, labels that follow scores moved by `truth`."""
    random = np.random.default_rng([7, day.toordinal()])
    score = np.clip(random.beta(2, 5, n) + shift, 0, 1)
    chance = np.clip(score - shift + truth, 0, 1)
    label = pa.array((random.random(n) < chance).astype(np.int64), mask=random.random(n) < 0.3)
    columns = {"p": score, "prediction": (score >= 0.5).astype(np.int64), "label": label}
    return write_table(columns, folder / f"{day}.parquet")


@pytest.fixture
def compared(tmp_path: Path) -> Callable[..., PredictionReport]:
    """compared(shift=0.1, since=4) -> seven days of which those from the fourth are shifted."""

    def run(since: int = 0, rule: BaselineRule = BEFORE, **change: float) -> PredictionReport:
        days = {
            FIRST + i * DAY: answers(tmp_path, FIRST + i * DAY, **(change if i >= since else {}))
            for i in range(7)
        }
        before = {day: answers(tmp_path, day) for day in rule.needed(window(7)) if day < FIRST}
        return prediction_drift.run(
            PredictedDays(days, BINARY),
            Reference("before", rule, before, BINARY),
            window(7),
            tmp_path / "store",
        )

    return run


def test_unchanged_answers_have_not_moved(compared) -> None:
    for rule in (BEFORE, EARLIER):
        report = compared(rule=rule)
        assert report.moved() == {}
        assert {r.status for r in report.deciding().values()} == {"ok"}


def test_answers_that_moved_are_found_since_the_day_they_did(compared) -> None:
    report = compared(shift=0.25, since=4)
    moved = report.moved()
    assert {"prediction", "probability"} <= set(moved)
    assert min(moved["probability"]) == FIRST + 4 * DAY
    assert "label" not in moved
    assert all(r.signal == SIGNAL for r in report.drift.results)
    assert all(r.signal == SIGNAL for day in report.drift.daily.values() for r in day)


def test_labels_that_moved_are_told_from_answers_that_did(compared) -> None:
    report = compared(truth=0.3)
    assert set(report.moved()) == {"label"}


def test_every_result_says_what_it_rests_on(compared) -> None:
    for result in compared(shift=0.1).drift.results:
        assert result.method or result.reason
        assert result.threshold > 0
        if result.value is not None:
            assert result.rows
            assert result.interval


def test_the_mix_of_each_day_is_that_of_its_rows(compared) -> None:
    report = compared()
    assert len(report.daily) == 7
    assert report.whole.rows == 5600
    assert sum(report.whole.predicted.values()) == 5600
    assert report.before.rows == 5600
    assert report.decision.threshold == 0.5


def test_labels_can_be_compared_with_training_data_that_has_no_answers(tmp_path: Path) -> None:
    training = write_table(
        {"late": np.random.default_rng(3).integers(0, 2, 4000), "x": np.zeros(4000)},
        tmp_path / "training.parquet",
    )
    reference = Reference(
        "training data", None, {date.min: training}, Columns("binary_classification", "", "late")
    )
    days = PredictedDays({FIRST: answers(tmp_path, FIRST)}, BINARY)
    report = prediction_drift.run(days, reference, window(1), tmp_path / "store")
    assert set(report.deciding()) == {"label"}
    assert report.deciding()["label"].status == "breached"  # half of the training labels are 1
    assert report.daily[FIRST].rows == 800


def test_nothing_to_compare_is_said_not_shown_as_fine(tmp_path: Path) -> None:
    one = PredictedDays({FIRST: answers(tmp_path, FIRST)}, BINARY)
    with pytest.raises(NotEnoughData, match="Nothing to compare"):
        prediction_drift.run(
            one, Reference("before", BEFORE, {}, BINARY), window(1), tmp_path / "s"
        )
    with pytest.raises(NotEnoughData, match="No prediction"):
        prediction_drift.run(
            PredictedDays({}, BINARY),
            Reference("before", BEFORE, dict(one.tables), BINARY),
            window(1),
            tmp_path / "s",
        )
    late = {FIRST + 30 * DAY: one.tables[FIRST]}
    with pytest.raises(NotEnoughData, match="no day of 'before'"):
        prediction_drift.run(
            one, Reference("before", BEFORE, late, BINARY), window(1), tmp_path / "s"
        )


def test_a_day_without_probabilities_still_has_its_answers(tmp_path: Path) -> None:
    columns = replace(BINARY, probabilities={})
    days = {FIRST: answers(tmp_path, FIRST)}
    before = {FIRST - DAY: answers(tmp_path, FIRST - DAY)}
    report = prediction_drift.run(
        PredictedDays(days, columns),
        Reference("before", BEFORE, before, columns),
        window(1),
        tmp_path / "store",
    )
    assert set(report.outputs) == {"prediction", "label"}
    assert report.decision is None


@pytest.fixture(scope="session")
def measured(azure: Azure, settings: Settings) -> Callable[..., PredictionReport]:
    """measured("digits", window) -> its outputs against the same weekdays before, or another rule."""
    deployed = Deployed(azure)

    def measure(endpoint: str, span: Window, rule: BaselineRule = EARLIER) -> PredictionReport:
        found = next(e for e in deployed.inventory.endpoints() if e.name == endpoint)
        deployment = next(d for d in found.deployments if d.name == "blue")
        model = deployed.model(deployment)
        needed = rule.needed(span)
        before = deployed.rows(
            deployment, model, Window(Window.day(needed[0]).start, Window.day(needed[-1]).end)
        )
        tables = {day: before.tables[day] for day in needed if day in before.tables}
        return prediction_drift.run(
            deployed.rows(deployment, model, span),
            Reference(str(rule), rule, tables, before.columns),
            span,
            settings.cache,
            taken=settings.now,
        )

    return measure


def incidents(sample: Path) -> dict[str, dict]:
    truth = json.loads((sample / "truth.json").read_text())
    return {each["id"]: each for each in truth if "prediction_drift" in each["signals"]}


def test_the_truth_file_has_the_incidents_that_are_looked_for(sample: Path) -> None:
    assert set(incidents(sample)) == {
        "delay-seconds", "distance-kilometres", "scanner-inverted", "temperature-celsius",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("delay-seconds", "probability"),
        ("distance-kilometres", "prediction"),
        ("scanner-inverted", "confidence"),
    ],
)
def test_an_incident_that_moves_answers_is_found_on_its_days(
    name: str, output: str, sample: Path, measured: Callable[..., PredictionReport]
) -> None:
    incident = incidents(sample)[name]
    begin, end = (datetime.fromisoformat(incident[key]).date() for key in ("onset", "end"))
    span = Window(Window.day(begin - 3 * DAY).start, Window.day(end + DAY).end)
    report = measured(incident["endpoint"], span)
    days = report.moved()[output]
    # The first and the last day are affected in part.
    inside = [begin + i * DAY for i in range((end - begin).days + 1)]
    assert set(days) <= set(inside)
    assert set(inside[1:-1]) <= set(days)
    assert "label" not in report.moved()


def test_an_incident_inside_the_weather_is_seen_against_the_period_before(
    sample: Path, measured: Callable[..., PredictionReport]
) -> None:
    """Flights are late in waves, which hide a change of this size from the same weekdays before.

    Against the days right before it the answers moved, on the days it lasted; so did the labels, and
    the report says so.
    """
    incident = incidents(sample)["temperature-celsius"]
    onset = datetime.fromisoformat(incident["onset"]).date()
    report = measured("flight-delay", Window(Window.day(onset + DAY).start, NOW), BEFORE)
    assert min(report.moved()["prediction"]) == onset + DAY
    assert "label" in report.moved()


NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_a_quiet_week_is_quiet(measured: Callable[..., PredictionReport]) -> None:
    for endpoint in ("flight-time", "digits"):
        end = datetime(2026, 10, 25, tzinfo=UTC)
        assert measured(endpoint, Window(end - timedelta(days=7), end)).moved().keys() <= {"label"}
