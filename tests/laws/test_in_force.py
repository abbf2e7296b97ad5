"""What users put in force counts for every signal of a deployment, on pages and for the evaluator alike."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import streamlit as st

from monitoring.settings import Settings
from monitoring.signals import SIGNALS
from monitoring.window import DAY, Window
from ui.loaders import baselines, database, deployments, monitor, workspace
from ui.views.baselines.thresholds_view import defaults

PLACE = ("flight-delay", "blue")
#: An estimate is withheld where its assumptions fail, and then has no threshold to compare.
QUICK = (
    "data_drift", "data_quality", "model_performance", "outliers", "prediction_drift", "saturation",
    "traffic",
)  # fmt: skip


@pytest.fixture
def decided(
    sample: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    own = replace(settings, database_url=f"sqlite:///{tmp_path / 'leeway.sqlite'}")
    monkeypatch.setattr(workspace, "settings", lambda: own)
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


def metric_of(signal: str) -> str:
    """A metric whose threshold can be set."""
    return next(iter(defaults(signal)), "accuracy")


def put_in_force(signal: str, values: dict[str, float]) -> None:
    made = baselines.keep_thresholds(signal, "Strict", values, "")
    seen = baselines.in_force(*PLACE, signal)
    baselines.switch_thresholds(*PLACE, signal, made, seen, "")


@pytest.mark.usefixtures("decided")
def test_thresholds_of_every_signal_can_be_put_in_force() -> None:
    for name in SIGNALS:
        before = monitor.in_force(name, *PLACE)
        put_in_force(name, {metric_of(name): 0.123})
        after = monitor.in_force(name, *PLACE)
        assert after.thresholds == {metric_of(name): 0.123}
        assert after.digest != before.digest


@pytest.mark.usefixtures("decided")
@pytest.mark.parametrize("name", QUICK)
def test_a_threshold_put_in_force_is_what_results_are_judged_by(name: str) -> None:
    here = monitor.monitor()
    put_in_force(name, {metric_of(name): 0.123})
    day = Window.day((workspace.now() - timedelta(days=3)).date())
    report = here.evaluate(
        SIGNALS[name], database.place(*PLACE), Window(day.start, day.start + DAY)
    )
    metric = metric_of(name).partition(":")[0]
    held = {r.threshold for r in report.steps if r.metric == metric and not math.isnan(r.threshold)}
    assert 0.123 in held


@pytest.mark.usefixtures("decided")
@pytest.mark.parametrize("name", baselines.BASELINE_SIGNALS)
def test_a_baseline_put_in_force_is_the_one_that_is_compared_with(name: str) -> None:
    seen = baselines.in_force(*PLACE, name)
    other = next(offer for offer in seen.baselines if not offer.is_default)
    baselines.switch(*PLACE, name, other, seen, "")
    stored = monitor.in_force(name, *PLACE).baseline
    assert stored is not None
    assert stored.label == other.label
    assert deployments.baselines(*PLACE, name)[0] == other.label
