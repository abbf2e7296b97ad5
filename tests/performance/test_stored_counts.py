"""Counts are kept: read back they are the same, and what changed is counted again."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from monitoring.counting.engine import outcomes as counting
from monitoring.counting.engine.counted import Counted
from monitoring.counting.engine.tables import Table, write_table
from monitoring.counting.totals.outcomes import ClassOutcomes, Columns, Outcomes, total
from monitoring.metrics.performance import METRICS

FIRST = date(2026, 1, 1)
COLUMNS = {
    "binary_classification": Columns("binary_classification", "p", "y", {"": "s0"}),
    "multiclass_classification": Columns(
        "multiclass_classification", "p", "y", {str(c): f"s{c}" for c in range(4)}
    ),
    "regression": Columns("regression", "p", "y"),
}


def rows(task: str, n: int, seed: int = 1) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    if task == "regression":
        y = random.normal(10, 3, n)
        return {"y": y, "p": y + random.normal(size=n)}
    k = 2 if task == "binary_classification" else 4
    scores = random.dirichlet(np.ones(k), n)
    y = np.minimum((scores.cumsum(axis=1) < random.random((n, 1))).sum(axis=1), k - 1)
    if k == 2:
        return {"y": y, "p": scores.argmax(axis=1), "s0": scores[:, 1]}
    return {"y": y, "p": scores.argmax(axis=1), **{f"s{c}": scores[:, c] for c in range(k)}}


@pytest.fixture(params=list(COLUMNS))
def task(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def days(task: str, tmp_path: Path) -> dict[date, Table]:
    return {
        FIRST + timedelta(days=i): write_table(rows(task, 400, i), tmp_path / f"{i}.parquet")
        for i in range(4)
    }


def values(outcomes: Outcomes, task: Any) -> dict[str, tuple[float, float]]:
    found = {n: m.measure(outcomes) for n, m in METRICS.items() if task in m.tasks}
    return {name: (each.value, each.error) for name, each in found.items()}


def test_counts_read_back_are_the_same(task: str, days: dict[date, Table], tmp_path: Path) -> None:
    columns, store = COLUMNS[task], Counted(tmp_path / "store")
    fresh = store.days(days, columns)
    kept = store.days(days, columns)
    for day in days:
        assert values(kept[day], task) == values(fresh[day], task)
        assert kept[day].faults == fresh[day].faults
        assert kept[day].delays.tolist() == fresh[day].delays.tolist()


def test_any_window_is_a_sum_of_days(task: str, days: dict[date, Table], tmp_path: Path) -> None:
    columns = COLUMNS[task]
    found = Counted(tmp_path / "store").days(days, columns)
    every = {name: [] for name in rows(task, 1)}
    for table in list(days.values())[1:3]:
        for name, column in _columns(table).items():
            every[name].extend(column)
    once = counting.count(write_table(every, tmp_path / "all.parquet"), columns)
    merged = total([found[FIRST + timedelta(days=i)] for i in (1, 2)])
    for name, (value, error) in values(merged, task).items():
        assert (value, error) == pytest.approx(values(once, task)[name], rel=1e-9), name


def _columns(table: Table) -> dict[str, list[Any]]:
    import pyarrow.parquet as pq  # noqa: PLC0415

    return pq.read_table(table.paths[0]).to_pydict()


def test_only_what_changed_is_counted_again(
    task: str, days: dict[date, Table], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns, store = COLUMNS[task], Counted(tmp_path / "store")
    store.days(days, columns)
    read: list[str] = []
    really = counting.count

    def count(table: Table, *rest: Any) -> Outcomes:
        read.append(table.paths[0].stem)
        return really(table, *rest)

    monkeypatch.setattr(counting, "count", count)
    store.days(days, columns)
    assert read == []
    late = days[FIRST + timedelta(days=2)]
    before = late.paths[0].stat()
    write_table(rows(task, 401, 9), late.paths[0])
    os.utime(late.paths[0], ns=(before.st_atime_ns, before.st_mtime_ns))
    days[FIRST + timedelta(days=4)] = write_table(rows(task, 10, 5), tmp_path / "4.parquet")
    store.days(days, columns)
    assert read == ["2", "4"]


def test_a_new_class_gives_all_days_the_same_classes(tmp_path: Path) -> None:
    columns = Columns("multiclass_classification", "p", "y")
    days = {
        FIRST: write_table({"y": ["a", "b"], "p": ["a", "a"]}, tmp_path / "0.parquet"),
    }
    store = Counted(tmp_path / "store")
    (first,) = store.days(days, columns).values()
    assert isinstance(first, ClassOutcomes)
    assert first.classes == ("a", "b")
    days[FIRST + timedelta(days=1)] = write_table(
        {"y": ["a", "c"], "p": ["a", "a"]}, tmp_path / "1.parquet"
    )
    both = store.days(days, columns)
    assert {each.classes for each in both.values() if isinstance(each, ClassOutcomes)} == {
        ("a", "b", "c")
    }
    assert total(both.values()).labelled == 4


def test_a_damaged_file_is_counted_again(
    task: str, days: dict[date, Table], tmp_path: Path
) -> None:
    store = Counted(tmp_path / "store")
    fresh = store.days(days, COLUMNS[task])
    for file in (tmp_path / "store").rglob("*.kept"):
        file.write_bytes(file.read_bytes()[:100])
    again = store.days(days, COLUMNS[task])
    for day in days:
        assert values(again[day], task) == values(fresh[day], task)
