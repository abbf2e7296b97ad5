"""Multivariate drift over days: verdicts, courses, refusals, and what a reader is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitoring.baselines.baseline import Baseline, take_baseline
from monitoring.counting.engine import tables
from monitoring.errors import NotEnoughData
from monitoring.signals.multivariate_drift import report as multivariate_drift
from monitoring.signals.multivariate_drift.report import AUC, MAGNITUDE, PCA
from monitoring.window import Window

FIRST = date(2026, 1, 1)
WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC))


def columns(n: int, seed: int, rho: float = 0.9) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    a = random.normal(size=n)
    return {
        "a": a,
        "b": rho * a + np.sqrt(1 - rho**2) * random.normal(size=n),
        "city": random.choice(["x", "y", "z"], n),
        "when": np.datetime64("2026-01-01") + np.arange(n).astype("timedelta64[s]"),
    }


def days(folder: Path, rows: int, rhos: list[float]) -> dict[date, tables.Table]:
    return {
        FIRST + timedelta(days=k): tables.write_table(
            columns(rows, 100 + k, rho), folder / f"{k}.parquet"
        )
        for k, rho in enumerate(rhos)
    }


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Baseline:
    store = tmp_path_factory.mktemp("reference") / "r.parquet"
    return take_baseline("training", tables.write_table(columns(1_500, 1), store))


@pytest.mark.slow
def test_a_broken_relation_breaches_from_its_day_on(baseline: Baseline, tmp_path: Path) -> None:
    found = multivariate_drift.run(baseline, days(tmp_path, 330, [0.9, 0.0, 0.0]), WINDOW)
    assert found.results[AUC].status == "breached"
    assert found.results[PCA].status == "breached"
    assert [each.status for each in found.history[AUC]] == ["ok", "breached", "breached"]
    assert [each.status for each in found.history[PCA]] == ["ok", "breached", "breached"]
    assert not found.is_weekly
    assert found.features == ("a", "b", "city")
    assert any("when is left out: a time" in note for note in found.notes)
    assert found.localisation is not None
    assert found.localisation.pair is not None
    assert {found.localisation.pair.one, found.localisation.pair.two} == {"a", "b"}
    for result in found.results.values():
        assert result.interval is not None
        assert result.rows == 990
        assert result.method


@pytest.mark.slow
def test_nothing_has_changed(baseline: Baseline, tmp_path: Path) -> None:
    told: list[float] = []
    noon = datetime(2026, 1, 2, 12, tzinfo=UTC)
    found = multivariate_drift.run(
        baseline,
        days(tmp_path, 320, [0.9] * 2),
        WINDOW,
        taken=noon,
        progress=lambda share, _text: told.append(share),
    )
    assert {name: each.status for name, each in found.results.items()} == {
        AUC: "ok",
        MAGNITUDE: "ok",
        PCA: "ok",
    }
    area = found.results[AUC]
    assert area.interval is not None
    assert area.interval.low < 0.5 < area.interval.high
    for history in found.history.values():
        assert [each.status for each in history] == ["ok", "not_enough_data"]
        assert history[1].reason == "it is not over"
    assert told == sorted(told)
    assert 0 <= told[0] < told[-1] <= 1


@pytest.mark.slow
def test_too_few_rows_are_grey_and_counted(baseline: Baseline, tmp_path: Path) -> None:
    found = multivariate_drift.run(baseline, days(tmp_path, 60, [0.9, 0.0]), WINDOW)
    area = found.results[AUC]
    assert (area.status, area.value) == ("not_enough_data", None)
    assert area.reason == "120 rows of production, 300 needed"
    assert found.localisation is None
    assert found.results[PCA].value is not None  # a mean needs 30


@pytest.mark.slow
def test_small_days_make_weeks(baseline: Baseline, tmp_path: Path) -> None:
    window = Window(WINDOW.start, WINDOW.start + timedelta(days=14))
    found = multivariate_drift.run(baseline, days(tmp_path, 60, [0.9] * 14), window)
    assert found.is_weekly
    assert [each.rows for each in found.history[AUC]] == [420, 420]
    assert any("a usual day has 60 different rows, 300 needed" in note for note in found.notes)
    assert len(found.history[PCA]) == 14


@pytest.mark.slow
def test_a_reference_that_varies_as_much_raises_the_bar(tmp_path: Path) -> None:
    """Each thousand rows of this reference lies elsewhere, as seasons do: so may production."""

    def season(n: int, seed: int, levels: list[float]) -> dict[str, Any]:
        random = np.random.default_rng(seed)
        level = np.repeat(levels, n // len(levels))
        return {"a": level + random.normal(size=n), "b": random.normal(size=n)}

    table = tables.write_table(season(2_000, 1, [0, 2, 4, 6]), tmp_path / "r.parquet")
    baseline = take_baseline("training", table)
    day = tables.write_table(season(900, 2, [3.0]), tmp_path / "d.parquet")
    found = multivariate_drift.run(baseline, {FIRST: day}, WINDOW)
    area = found.results[AUC]
    assert area.value is not None
    assert area.noise_floor is not None
    assert area.threshold < area.value < area.noise_floor
    assert area.status in {"ok", "not_enough_data"}
    assert "of the reference" in area.reason


def test_nothing_to_compare_is_refused(baseline: Baseline, tmp_path: Path) -> None:
    with pytest.raises(NotEnoughData, match="0 days with data"):
        multivariate_drift.run(baseline, {}, WINDOW)
    only = tables.write_table({"a": np.arange(400.0)}, tmp_path / "a.parquet")
    with pytest.raises(NotEnoughData, match="1 comparable features"):
        multivariate_drift.run(baseline, {FIRST: only}, WINDOW)
