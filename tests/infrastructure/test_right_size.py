"""Advice on size: what is measured, and that advice keeps the objective, on loads that are made up."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.capacity import right_size, what_if
from monitoring.capacity.load import EDGES_MS, percentile
from monitoring.capacity.what_if import Limits, Objective
from monitoring.errors import NotEnoughData

sys.path.insert(0, str(Path(__file__).parent))
import loads

DAY = 1440


def steady(rpm: float, minutes: int = 2 * DAY, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).poisson(rpm, minutes).astype(float)


def case_of(
    counts: np.ndarray, mean_ms: float, running: int, per_rpm: float = 1.0
) -> right_size.Case:
    capacity, cpu = loads.machines(counts, running, per_rpm=per_rpm)
    return right_size.case(loads.load(counts, mean_ms), capacity, cpu, limits=Limits())


def test_what_a_request_takes_is_measured() -> None:
    # A day that swings between 10 and 50 a minute on two machines, 80 ms each, 1 % CPU per rpm.
    swing = np.random.default_rng(1).poisson(30 + 20 * np.sin(np.arange(DAY) / 200)).astype(float)
    found = case_of(swing, 80.0, 2).service
    assert found.cpu_per_rpm == pytest.approx(1.0, rel=0.05)
    assert found.idle_percent == pytest.approx(5.0, abs=0.5)
    assert found.most_rpm == pytest.approx(95.0, rel=0.06)
    assert found.mean_ms * (1 + found.slowing * 0.25) == pytest.approx(80.0, rel=0.2)
    assert found.variability == pytest.approx(1.0, abs=0.25)  # exponential


def test_without_a_cpu_that_follows_no_more_is_promised_than_was_had() -> None:
    counts = steady(20.0)
    capacity, cpu = loads.machines(counts, 1, per_rpm=0.0)
    found = right_size.case(loads.load(counts, 50.0), capacity, cpu, limits=Limits())
    assert found.service.cpu_per_rpm is None
    assert found.service.utilization(np.array([found.service.measured_rpm])) == pytest.approx(1.0)


def test_too_few_answers_are_no_measurement() -> None:
    counts = np.zeros(DAY)
    counts[:20] = 1
    capacity, cpu = loads.machines(counts, 1)
    with pytest.raises(NotEnoughData, match="20 answers, 30 are needed"):
        right_size.case(loads.load(counts, 50.0), capacity, cpu, limits=Limits())


def test_a_percentile_is_found_between_the_counts() -> None:
    random = np.random.default_rng(0)
    took = random.lognormal(4.5, 0.7, 50_000)
    within = (took[:, None] <= np.array(EDGES_MS)).sum(axis=0).astype(float)
    for share in (0.5, 0.95, 0.99):
        assert percentile(within, 50_000, share) == pytest.approx(
            np.quantile(took, share), rel=0.06
        )
    assert np.isnan(percentile(np.zeros(len(EDGES_MS)), 0, 0.95))


def test_a_machine_that_has_nothing_to_do_is_given_back() -> None:
    advice = right_size.advise(case_of(steady(3.0), 50.0, 3))
    assert advice.best is not None
    assert (advice.running_now, advice.best.instances) == (3, 1.0)
    assert advice.saving_per_month(0.5) == pytest.approx(2 * 0.5 * 730)


def test_too_small_a_size_is_enlarged_and_costs_more() -> None:
    # 150 a minute at 1 % CPU each fill one machine one and a half times over; two carry it.
    counts = steady(20.0, DAY)
    counts[600:900] = 150.0
    advice = right_size.advise(case_of(counts, 50.0, 1))
    assert advice.best is not None
    assert advice.best.instances >= 2
    assert advice.now.hours_broken >= 5
    assert (advice.saving_per_month(1.0) or 0) < 0


def test_the_limit_of_pending_requests_is_kept() -> None:
    # One slot an instance and 2 s each: 20 a minute are 0.67 Erlang, so one slot refuses some of
    # them (at most two under way), and four instances hardly any.
    found = case_of(steady(20.0, 600), 2_000.0, 1, per_rpm=0.1)
    few, many = (what_if.outcome(found.came[0], found.service, k, found.limits) for k in (1, 4))
    assert few.refused.sum() > 0.1 * few.requests.sum()
    assert many.refused.sum() < 0.01 * many.requests.sum()


def test_hours_with_few_requests_break_nothing() -> None:
    outcome = what_if.Outcome(
        hours=np.array([0, 1], dtype="datetime64[s]"),
        p95_ms=np.array([np.nan, 900.0]),
        requests=np.array([5.0, 100.0]),
        refused=np.array([5.0, 0.0]),
        late=np.zeros(2),
        overall_p95_ms=900.0,
    )
    assert outcome.broken(Objective()).tolist() == [False, False]
    assert outcome.broken(Objective(), margin=0.2).tolist() == [False, True]


@pytest.mark.slow
@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    rpm=st.floats(1, 40),
    peak=st.floats(1, 6),
    mean_ms=st.floats(20, 600),
    running=st.integers(1, 4),
    per_rpm=st.floats(0.2, 3),
    seed=st.integers(0, 50),
)
def test_advice_never_breaks_the_objective_on_replayed_load(
    rpm: float, peak: float, mean_ms: float, running: int, per_rpm: float, seed: int
) -> None:
    minutes = np.arange(480)
    course = rpm * (1 + (peak - 1) * (np.abs(minutes - 240) < 60))
    counts = np.random.default_rng(seed).poisson(course).astype(float)
    found = case_of(counts, mean_ms, running, per_rpm)
    advice = right_size.advise(found)
    if advice.best is None:
        return
    assert advice.best.hours_broken == 0
    if advice.best.rules is None:
        size = int(advice.best.instances)
        assert right_size.keeps(found, size)
        # On draws that the advice has not seen, and without the margin that it was given.
        unseen = what_if.arrivals(found.load, seed=99)
        replayed = what_if.outcome(unseen, found.service, size, found.limits)
        slow = replayed.p95_ms[~np.isnan(replayed.p95_ms)] > found.objective.p95_ms
        assert not slow.any()
        assert replayed.refused.sum() <= 0.01 * replayed.requests.sum()
        if size > 1:
            assert not right_size.keeps(found, size - 1)  # and it is no larger than it must be


def test_a_load_too_large_is_replayed_in_its_busiest_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(what_if, "MOST_REQUESTS", 5_000)
    counts = steady(20.0, DAY)
    counts[700:760] = 70.0
    came = what_if.arrivals(loads.load(counts, 50.0))
    assert len(came.at_ms) <= 5_000
    assert came.hours_left_out > 0
    assert came.load.requests.max() == 70.0
