"""Stored profiles come back as they were, and only those whose source is as it was."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitoring.baselines.baseline import Baseline, take_baseline
from monitoring.counting.engine import counting, profile_store, tables
from monitoring.counting.engine.profile_store import ProfileStore, key_of
from monitoring.counting.profile import Profile

FIELDS = (
    "feature", "bins", "labels", "rows", "nulls", "infinite", "minimum", "maximum", "total",
    "squares", "on_lattice",
)  # fmt: skip
RANDOM = np.random.default_rng(5)


def columns(n: int = 500) -> dict[str, Any]:
    return {
        "normal": RANDOM.normal(size=n),
        "heavy": RANDOM.standard_t(1, n) * 1e12,
        "whole": RANDOM.poisson(4, n),
        "ties": np.where(RANDOM.random(n) < 0.9, 0.1234567, RANDOM.normal(size=n)),
        "holes": np.where(RANDOM.random(n) < 0.5, np.nan, RANDOM.normal(size=n)),
        "endless": np.where(RANDOM.random(n) < 0.1, -np.inf, RANDOM.normal(size=n)),
        "city": RANDOM.choice(["a", "b", "ümläut", ""], n),
        "flag": RANDOM.random(n) < 0.5,
        "nothing": np.full(n, np.nan),
    }


@pytest.fixture
def baseline(tmp_path: Path) -> Baseline:
    return take_baseline("b", tables.write_table(columns(2000), tmp_path / "reference.parquet"))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of tables whose rows were read."""
    seen: list[str] = []
    count = counting.profile

    def counted(table: tables.Table, *rest: Any, **options: Any) -> dict[str, Profile]:
        seen.append(Path(table.name).name)
        return count(table, *rest, **options)

    monkeypatch.setattr(counting, "profile", counted)
    return seen


def fetch(store: ProfileStore, baseline: Baseline, path: Path) -> dict[str, Profile]:
    return store.profiles(tables.open_table(path), baseline.plan, baseline.bins)


def same(one: dict[str, Profile], other: dict[str, Profile]) -> bool:
    assert list(one) == list(other)
    for name, profile in one.items():
        twin = other[name]
        assert twin.counts.dtype == profile.counts.dtype
        assert twin.counts.tolist() == profile.counts.tolist(), name
        for field in FIELDS:
            assert getattr(twin, field) == getattr(profile, field), (name, field)
    return True


def test_what_was_stored_comes_back_to_the_last_bit(
    baseline: Baseline, tmp_path: Path, reads: list[str]
) -> None:
    tables.write_table(columns(), tmp_path / "day.parquet")
    first = fetch(ProfileStore(tmp_path / "s"), baseline, tmp_path / "day.parquet")
    again = fetch(ProfileStore(tmp_path / "s"), baseline, tmp_path / "day.parquet")
    assert reads == ["day.parquet"]
    assert same(first, again)


VALUES = st.one_of(
    st.none(), st.floats(allow_nan=True, allow_infinity=True), st.integers(-30, 30).map(float)
)


@pytest.mark.slow
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    numbers=st.lists(VALUES, min_size=1, max_size=40),
    day=st.lists(VALUES, min_size=1, max_size=40),
    texts=st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1, max_size=40),
)
def test_any_values_make_the_round_trip(
    numbers: list[float | None], day: list[float | None], texts: list[str | None], tmp_path: Path
) -> None:
    def table(values: list[float | None], name: str) -> tables.Table:
        size = max(len(values), len(texts))
        x = [*values, *[None] * (size - len(values))]
        return tables.write_table(
            {"x": np.array([math.nan if v is None else v for v in x]),
             "t": [*texts, *[None] * (size - len(texts))]},
            tmp_path / name,
        )  # fmt: skip

    with np.errstate(all="ignore"):
        reference = take_baseline("b", table(numbers, "reference.parquet"))
        store = ProfileStore(tmp_path / "any")
        there = table(day, "day.parquet")
        counted = store.profiles(there, reference.plan, reference.bins)
        stored = store.profiles(there, reference.plan, reference.bins)
    assert same(counted, stored)


def test_a_changed_file_is_counted_again_and_replaces_the_stored_one(
    baseline: Baseline, tmp_path: Path, reads: list[str]
) -> None:
    path, store = tmp_path / "day.parquet", ProfileStore(tmp_path / "s")
    tables.write_table(columns(), path)
    before = fetch(store, baseline, path)
    tables.write_table(columns(), path)  # as many bytes or nearly, other values
    after = fetch(store, baseline, path)
    assert reads == ["day.parquet"] * 2
    assert before["normal"].total != after["normal"].total
    assert same(after, fetch(store, baseline, path))
    assert len(reads) == 2
    assert len(list((tmp_path / "s").rglob("*.kept"))) == 1


def test_a_touched_file_is_counted_again(
    baseline: Baseline, tmp_path: Path, reads: list[str]
) -> None:
    path, store = tmp_path / "day.parquet", ProfileStore(tmp_path / "s")
    tables.write_table(columns(), path)
    fetch(store, baseline, path)
    os.utime(path, ns=(1, 1))
    fetch(store, baseline, path)
    assert len(reads) == 2


def stored_file(folder: Path) -> Path:
    (found,) = folder.rglob("*.kept")
    return found


def test_another_format_is_counted_again(
    baseline: Baseline, tmp_path: Path, reads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "day.parquet"
    tables.write_table(columns(), path)
    key = key_of(baseline.bins)
    for version in (1, 2, 2):
        monkeypatch.setattr(profile_store, "VERSION", version)
        ProfileStore(tmp_path / "s").profiles(
            tables.open_table(path), baseline.plan, baseline.bins, key
        )
    assert len(reads) == 2


def test_other_bins_and_other_files_are_kept_apart(baseline: Baseline, tmp_path: Path) -> None:
    other = take_baseline("o", tables.write_table(columns(300), tmp_path / "other.parquet"))
    assert key_of(other.bins) != key_of(baseline.bins)
    again = take_baseline("b", tables.open_table(tmp_path / "reference.parquet"))
    assert key_of(again.bins) == key_of(baseline.bins)
    store = ProfileStore(tmp_path / "s")
    for name in ("day", "segment"):
        tables.write_table(columns(100), tmp_path / f"{name}.parquet")
        for each in (baseline, other):
            fetch(store, each, tmp_path / f"{name}.parquet")
    assert len(list((tmp_path / "s").rglob("*.kept"))) == 4


def test_many_threads_write_one_whole_file(baseline: Baseline, tmp_path: Path) -> None:
    tables.write_table(columns(), tmp_path / "day.parquet")
    stores = [ProfileStore(tmp_path / "s") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda s: fetch(s, baseline, tmp_path / "day.parquet"), stores))
    assert all(same(found[0], each) for each in found)
    assert stored_file(tmp_path / "s").stat().st_size
    assert not list((tmp_path / "s").rglob("*.part"))


def test_without_a_folder_nothing_is_written(
    baseline: Baseline, tmp_path: Path, reads: list[str]
) -> None:
    path = tmp_path / "day.parquet"
    tables.write_table(columns(), path)
    store = ProfileStore(None)
    assert same(fetch(store, baseline, path), fetch(store, baseline, path))
    assert len(reads) == 2


def test_a_disk_that_takes_nothing_costs_time_only(
    baseline: Baseline, tmp_path: Path, reads: list[str]
) -> None:
    path = tmp_path / "day.parquet"
    tables.write_table(columns(), path)
    (tmp_path / "s").touch()  # a file where the folder should be
    store = ProfileStore(tmp_path / "s")
    assert same(fetch(store, baseline, path), fetch(store, baseline, path))
    assert len(reads) == 2
