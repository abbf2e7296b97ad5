"""Feature attribution drift: what the registered model relies on, over days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from monitoring.baselines.baseline import Baseline, take_baseline
from monitoring.counting.engine import tables
from monitoring.errors import NotEnoughData, SchemaMismatch, SourceError
from monitoring.signals.feature_attribution_drift import report as signal
from monitoring.signals.feature_attribution_drift.report import NDCG, OVERLAP, SPEARMAN
from monitoring.window import Window
from monitoring.workspace.registered_model import RegisteredModel

FIRST = date(2026, 1, 1)
WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 4, tzinfo=UTC))
WEIGHTS = {"p": 8.0, "q": 4.0, "r": 2.0, "s": 1.0, "t": 0.5, "u": 0.25}


def columns(n: int, seed: int, scales: dict[str, float] | None = None) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    found = {name: random.normal(0, (scales or {}).get(name, 1.0), n) for name in WEIGHTS}
    return {**found, "target": sum(WEIGHTS[name] * found[name] for name in WEIGHTS)}


@pytest.fixture
def model() -> RegisteredModel:
    frame = pd.DataFrame(columns(500, 3))
    fitted = LinearRegression().fit(frame[list(WEIGHTS)], frame["target"])
    return RegisteredModel("prices:1", fitted)


@pytest.fixture
def baseline(tmp_path: Path) -> Baseline:
    table = tables.write_table(columns(1_500, 1), tmp_path / "r.parquet")
    return take_baseline("training", table, features=list(WEIGHTS))


def days(folder: Path, scales: list[dict[str, float] | None], rows: int = 400) -> Any:
    return {
        FIRST + timedelta(days=k): tables.write_table(
            columns(rows, 20 + k, each), folder / f"{k}.parquet"
        )
        for k, each in enumerate(scales)
    }


def test_the_same_world_keeps_the_ranking(
    model: RegisteredModel, baseline: Baseline, tmp_path: Path
) -> None:
    found = signal.run(model, baseline, days(tmp_path, [None, None]), WINDOW)
    assert {each.status for each in found.results.values()} == {"ok"}
    assert found.results[NDCG].value == pytest.approx(1.0)
    assert [each.feature for each in found.ranks] == list(WEIGHTS)
    assert all(change.change == 0 for change in found.ranks)
    # Importances are the coefficients: the mean |a (x - x')| of a normal x is 2 a / sqrt(pi).
    expected = [2 * weight / np.sqrt(np.pi) for weight in WEIGHTS.values()]
    assert found.reference.means == pytest.approx(expected, rel=0.08)


def test_another_ranking_breaches_and_says_who_rose(
    model: RegisteredModel, baseline: Baseline, tmp_path: Path
) -> None:
    other = {"p": 0.02, "q": 0.05, "u": 100.0, "t": 30.0}
    found = signal.run(model, baseline, days(tmp_path, [None, other, other]), WINDOW)
    assert [each.status for each in found.history] == ["ok", "breached", "breached"]
    only = signal.run(model, baseline, days(tmp_path, [other]), WINDOW)
    assert only.results[NDCG].status == "breached"
    assert only.results[SPEARMAN].status == "breached"
    assert only.results[OVERLAP].value == 0.8
    changes = {each.feature: each.change for each in only.ranks}
    assert changes["u"] == 5
    assert changes["p"] < 0
    for result in only.results.values():
        assert result.worse == "lower"
        assert result.interval is not None
        assert result.interval.low <= (result.value or 0) <= result.interval.high
        assert "own answer" in result.method


def test_a_model_that_was_not_opened_is_not_replaced_by_a_surrogate(
    baseline: Baseline, tmp_path: Path
) -> None:
    closed = RegisteredModel("prices:1", None, "it is stored as a pickle", "Store it with skops.")
    with pytest.raises(SourceError, match="stored as a pickle") as raised:
        signal.run(closed, baseline, days(tmp_path, [None]), WINDOW)
    assert raised.value.hint == "Store it with skops."


def test_few_rows_are_refused_or_grey(
    model: RegisteredModel, baseline: Baseline, tmp_path: Path
) -> None:
    with pytest.raises(NotEnoughData, match="40 of production, 100 needed"):
        signal.run(model, baseline, days(tmp_path, [None], rows=40), WINDOW)
    found = signal.run(model, baseline, days(tmp_path, [None] * 3, rows=40), WINDOW)
    assert {each.status for each in found.history} == {"not_enough_data"}
    assert found.history[0].reason == "40 rows, 100 needed"
    with pytest.raises(NotEnoughData):
        signal.run(model, baseline, {}, WINDOW)


def test_a_column_that_was_not_collected_is_named(
    model: RegisteredModel, baseline: Baseline, tmp_path: Path
) -> None:
    some = {name: values for name, values in columns(400, 5).items() if name != "q"}
    table = tables.write_table(some, tmp_path / "d.parquet")
    with pytest.raises(SchemaMismatch, match="lack q"):
        signal.run(model, baseline, {FIRST: table}, WINDOW)
