"""The robust verdict: quiet on chance, loud on change, silent on too little."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitoring.signals.data_drift.comparison import compare_files, compare_values, verdicts
from monitoring.verdict import confirmed

CASES = Path(__file__).parent.parent / "data" / "verdicts"
DRAWS: dict[str, Any] = {
    "normal": lambda r, n: r.normal(size=n),
    "lognormal": lambda r, n: r.lognormal(0, 1, n),
    "t3": lambda r, n: r.standard_t(3, n),
    "category": lambda r, n: r.choice(list("abcde"), n, p=[0.4, 0.25, 0.2, 0.1, 0.05]),
}
SIZES = [(100, 100), (1000, 100), (1000, 1000), (10_000, 200), (10_000, 10_000)]


@pytest.mark.slow
def test_chance_alarms_on_at_most_one_feature_in_twenty() -> None:
    alarms = total = 0
    for repeat in range(20):
        for n, m in SIZES:
            random = np.random.default_rng([repeat, n, m])
            for draw in DRAWS.values():
                results = compare_values({"x": draw(random, n)}, {"x": draw(random, m)})
                alarms += verdicts(results)["x"] == "breached"
                total += 1
    assert total == 400
    assert alarms / total <= 0.05


@pytest.mark.parametrize("name", ["normal", "lognormal", "t3"])
def test_half_a_standard_deviation_alarms(name: str) -> None:
    found = []
    for repeat in range(20):
        random = np.random.default_rng([1, repeat])
        x, y = DRAWS[name](random, 2000), DRAWS[name](random, 2000)
        found.append(verdicts(compare_values({"x": x}, {"x": y + x.std() / 2}))["x"])
    assert found.count("breached") >= 19


@pytest.mark.parametrize("after", [[0.5, 0.25, 0.1, 0.1, 0.05], [0.5, 0.225, 0.175, 0.075, 0.025]])
def test_ten_points_of_a_category_alarm(after: list[float]) -> None:
    found = []
    for repeat in range(20):
        random = np.random.default_rng([2, repeat])
        x = DRAWS["category"](random, 2000)
        y = random.choice(list("abcde"), 2000, p=after)
        found.append(verdicts(compare_values({"x": x}, {"x": y}))["x"])
    assert found.count("breached") >= 19


def test_too_few_rows_give_no_verdict() -> None:
    results = compare_values({"x": np.arange(500.0)}, {"x": np.arange(10.0) + 900})
    assert {result.status for result in results} == {"not_enough_data"}
    assert all("10 rows, 30 needed" in result.reason for result in results)
    assert all(result.value is not None for result in results)


def test_nulls_of_one_feature_leave_the_others_alone() -> None:
    random = np.random.default_rng(5)
    x, y = random.normal(size=1000), random.normal(size=1000)
    empty = np.full(1000, np.nan)
    alone = compare_values({"x": x}, {"x": y})
    beside = compare_values({"x": x, "z": x}, {"x": y, "z": empty})
    assert [r.value for r in alone] == [r.value for r in beside if r.subject == "x"]
    assert {r.status for r in beside if r.subject == "z"} == {"not_enough_data"}
    service = compare_values({"x": x, "z": x}, {"x": y, "z": empty}, mode="azureml")
    assert all(r.value is None for r in service)  # the service deletes every row


def test_service_verdict_of_nan_is_reported_apart_from_ours() -> None:
    one_category = {"x": ["a"] * 50}
    results = compare_values(one_category, one_category, mode="azureml")
    (chi,) = [r for r in results if r.metric == "pearsons_chi_squared_test"]
    assert chi.status == "error"
    assert chi.value is None
    assert chi.service_verdict == "ok"


def test_many_rows_make_the_service_fail_but_not_us() -> None:
    x = np.random.default_rng(1).normal(size=10_000)
    service = compare_values({"x": x}, {"x": x + 1}, mode="azureml")
    (ks,) = [r for r in service if r.metric == "two_sample_kolmogorov_smirnov_test"]
    assert ks.value is None
    assert "10,000" in ks.reason
    ours = compare_values({"x": x}, {"x": x + 1})
    assert verdicts(ours) == {"x": "breached"}


def test_new_categories_are_named() -> None:
    results = compare_values({"x": ["a", "b"] * 500}, {"x": ["a", "c"] * 500})
    assert verdicts(results) == {"x": "breached"}


def test_identifiers_are_refused_in_words() -> None:
    ids = [f"id-{i}" for i in range(12_000)]
    results = compare_values({"x": ids}, {"x": ids})
    assert {r.status for r in results} == {"not_enough_data"}
    assert all(r.reason.startswith("identifier") for r in results)


def test_a_column_of_values_that_occur_once_is_an_identifier_not_a_drift() -> None:
    ids = {"x": [f"id-{i}" for i in range(900)]}
    results = compare_values(ids, {"x": [f"id-{i}" for i in range(900, 1800)]})
    assert {r.status for r in results} == {"not_enough_data"}
    assert {r.reason for r in results} == {"identifier: 100% of its values occur only once"}


def test_values_too_rare_to_compare_get_no_verdict() -> None:
    random = np.random.default_rng(3)
    one, two = ({"x": random.integers(0, 1000, 200).astype(str)} for _ in range(2))
    results = compare_values(one, two)
    assert {r.status for r in results} == {"not_enough_data"}
    assert all("is frequent enough" in r.reason for r in results)


def test_a_column_that_becomes_an_identifier_has_drifted() -> None:
    ids = {"x": [f"id-{i}" for i in range(900)]}
    assert verdicts(compare_values({"x": list("abc") * 300}, ids)) == {"x": "breached"}


def shares_of(values: int, *, zipf: bool) -> np.ndarray[Any, np.dtype[np.float64]]:
    shares = 1 / np.arange(1, values + 1) if zipf else np.ones(values)
    return shares / shares.sum()


@pytest.mark.parametrize("rows", [60, 200, 1000])
@pytest.mark.parametrize("values", [50, 150, 1000])
@pytest.mark.parametrize("zipf", [True, False])
def test_many_values_without_drift_do_not_alarm(rows: int, values: int, *, zipf: bool) -> None:
    random = np.random.default_rng([rows, values])
    shares = shares_of(values, zipf=zipf)
    alarms = 0
    for _ in range(8):
        one, two = (
            {f"x{i}": random.choice(values, rows, p=shares).astype(str) for i in range(10)}
            for _ in range(2)
        )
        found = {r.subject for r in compare_values(one, two) if r.status == "breached"}
        alarms += len(found)
    assert alarms / 80 <= 0.05


@pytest.mark.parametrize("to", ["0", "new"])
@pytest.mark.parametrize("values", [50, 150, 1000, 5000])
@pytest.mark.parametrize("zipf", [True, False])
def test_ten_points_moved_to_one_of_many_values_alarm(values: int, to: str, *, zipf: bool) -> None:
    random = np.random.default_rng(values)
    one, two = (
        random.choice(values, 2000, p=shares_of(values, zipf=zipf)).astype(str) for _ in range(2)
    )
    two[random.choice(np.flatnonzero(two != to), 200, replace=False)] = to
    assert verdicts(compare_values({"x": one}, {"x": two})) == {"x": "breached"}


def test_a_random_split_of_many_values_is_no_drift() -> None:
    results = compare_files(*(CASES / f"many_values_{side}.csv" for side in ("one", "two")))
    assert {r.status for r in results} == {"ok"}


def test_confirmation_needs_two_of_three() -> None:
    assert not confirmed(["ok", "breached"])
    assert confirmed(["breached", "no_data", "breached"])
