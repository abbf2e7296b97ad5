"""Bad input gets one sentence and a hint; what can be computed is computed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring.counting.engine import counting, tables
from monitoring.errors import Cancelled, InputError
from monitoring.signals.data_drift.comparison import compare_files, verdicts

ROWS = 400


def csv(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def good(path: Path, shift: float = 0.0) -> Path:
    random = np.random.default_rng(1)
    columns = {"age": random.normal(40 + shift, 9, ROWS), "city": random.choice(["a", "b"], ROWS)}
    pq.write_table(pa.table(columns), path)
    return path


def truncated(path: Path) -> Path:
    good(path)
    path.write_bytes(path.read_bytes()[:-200])
    return path


def renamed(path: Path) -> Path:
    path.write_text("age,city\n1,a\n", encoding="utf-8")
    return path


UNREADABLE: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "missing": ("x.parquet", lambda path: None, "Cannot find"),
    "empty": ("x.csv", lambda path: path.touch(), "it is empty"),
    "truncated": ("x.parquet", truncated, "not a whole Parquet file"),
    "csv named parquet": ("x.parquet", renamed, "not a whole Parquet file"),
    "unknown ending": ("x.xlsx", renamed, "'.xlsx'"),
    "header only": ("x.csv", lambda path: csv(path, "age,city\n"), "no rows"),
    "broken json": ("x.jsonl", lambda path: csv(path, '{"age": 1}\n{"age": '), "Cannot read"),
    "empty folder": ("folder", lambda path: path.mkdir(), "holds no"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_unreadable_input_is_one_sentence_with_a_hint(case: str, tmp_path: Path) -> None:
    name, make, words = UNREADABLE[case]
    make(tmp_path / name)
    with pytest.raises(InputError) as caught:
        compare_files(good(tmp_path / "reference.parquet"), tmp_path / name)
    assert words in caught.value.message
    assert name in caught.value.message
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_a_folder_of_two_formats_is_refused(tmp_path: Path) -> None:
    good(tmp_path / "a.parquet")
    csv(tmp_path / "b.csv", "age\n1\n")
    with pytest.raises(InputError, match="mixes"):
        tables.open_table(tmp_path)


def rows(table: tables.Table) -> list[dict[str, object]]:
    return [row for path in table.paths for row in pq.read_table(path).to_pylist()]


def test_the_same_rows_from_every_format(tmp_path: Path) -> None:
    records = [{"age": i / 4, "n": i, "city": "ab"[i % 2], "ok": i % 3 == 0} for i in range(60)]
    lines = "\n".join(map(json.dumps, records))
    pq.write_table(pa.Table.from_pylist(records), tmp_path / "x.parquet")
    (tmp_path / "x.jsonl").write_text(lines, encoding="utf-8")
    with gzip.open(tmp_path / "y.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(lines)
    text = "age,n,city,ok\n" + "\n".join(",".join(map(str, r.values())) for r in records)
    csv(tmp_path / "x.csv", text)
    for name in ("x.parquet", "x.jsonl", "y.jsonl.gz", "x.csv"):
        table = tables.open_table(tmp_path / name)
        assert sorted(rows(table), key=lambda r: r["n"]) == records, name


def test_a_folder_is_one_table(tmp_path: Path) -> None:
    for part in range(3):
        good(tmp_path / f"{part}.parquet")
    assert tables.open_table(tmp_path).rows == 3 * ROWS


def test_latin_1_is_read_and_said(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("town\nMünchen\nKöln\n".encode("latin-1"))
    table = tables.open_table(path)
    assert {row["town"] for row in rows(table)} == {"München", "Köln"}
    assert "Latin-1" in table.notes[0]


def test_columns_that_cannot_be_compared_are_named_and_the_rest_is_computed(tmp_path: Path) -> None:
    n = 200
    one = {"age": np.arange(n), "only_here": np.arange(n), "mixed": np.arange(n)}
    two = {"age": np.arange(n) + 150, "only_there": np.arange(n), "mixed": ["a"] * n}
    pq.write_table(pa.table(one), tmp_path / "a.parquet")
    pq.write_table(pa.table(two), tmp_path / "b.parquet")
    results = compare_files(tmp_path / "a.parquet", tmp_path / "b.parquet")
    reasons = {r.subject: r.reason for r in results if not r.metric}
    assert reasons == {
        "only_here": "only the reference has this column",
        "only_there": "only production has this column",
        "mixed": "its type is int64 in the reference and string in production",
    }
    assert verdicts(results)["age"] == "breached"


def test_repeated_column_names_are_left_out(tmp_path: Path) -> None:
    text = "age,age,city\n" + "\n".join(f"{i},{i},a" for i in range(50))
    path = csv(tmp_path / "x.csv", text)
    results = compare_files(path, path)
    left_out = {r.subject: r.reason for r in results if r.status == "error"}
    assert left_out == dict.fromkeys(["age", "age_1"], "2 columns are named 'age'")
    assert any(r.subject == "city" and r.status == "ok" for r in results)


def test_infinities_and_nans_are_counted_apart(tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=1000)
    y = x.copy()
    y[:10], y[10:30] = np.inf, np.nan
    table = tables.write_table({"x": x}, tmp_path / "a.parquet")
    other = tables.write_table({"x": y}, tmp_path / "b.parquet")
    plan = counting.features(table)
    before = counting.profile_reference(table, plan)
    after = counting.profile(other, plan, {"x": before["x"].bins})["x"]
    assert (after.rows, after.nulls, after.infinite, after.n) == (1000, 20, 10, 970)
    assert after.mean == pytest.approx(y[30:].mean())
    results = compare_files(tmp_path / "a.parquet", tmp_path / "b.parquet")
    assert all("10 infinite values left out" in result.method for result in results)


def test_one_row_and_all_null_columns(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"x": [1.0], "y": pa.array([None], pa.float64())}), tmp_path / "a.parquet"
    )
    results = compare_files(tmp_path / "a.parquet", tmp_path / "a.parquet")
    assert {r.status for r in results} <= {"not_enough_data", "error"}
    assert all(r.reason for r in results)


@pytest.mark.slow
def test_a_thousand_columns(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    columns = {f"f{i}": random.normal(size=100) for i in range(1000)}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    results = compare_files(
        tmp_path / "a.parquet", tmp_path / "a.parquet", metrics=["total_variation_distance"]
    )
    assert len(results) == 1000


def test_types_of_columns_decide_how_they_are_read(tmp_path: Path) -> None:
    columns = {
        "flag": pa.array([True, False] * 50),
        "binary": pa.array([0, 1] * 50),
        "count": pa.array(list(range(100))),
        "small": pa.array(np.arange(100) / 7, pa.float32()),
        "when": pa.array(np.arange(100) * 10**9, pa.timestamp("us", tz="UTC")),
        "day": pa.array(np.arange(100).astype("datetime64[D]")),
        "price": pa.array([Decimal(i) for i in range(100)], pa.decimal128(10, 2)),
        "list": pa.array([[1]] * 100),
    }
    table = tables.write_table(columns, tmp_path / "a.parquet")
    plan = counting.features(table)
    assert {n: f.kind for n, f in plan.items() if not f.reason} == {
        "flag": "categorical",
        "binary": "categorical",
        "count": "numerical",
        "small": "numerical",
        "when": "numerical",
        "day": "numerical",
        "price": "numerical",
    }
    assert "list" in plan["list"].reason
    profiles = counting.profile_reference(table, plan)
    assert profiles["binary"].counts_by_label() == {"0": 50, "1": 50}
    assert profiles["price"].mean == pytest.approx(49.5)
    assert profiles["when"].maximum == pytest.approx(99 * 1000)


def test_cancelling_stops_between_row_groups(tmp_path: Path) -> None:
    path = good(tmp_path / "a.parquet")
    with pytest.raises(Cancelled, match="400 of 400 rows"):
        compare_files(path, path, stop=lambda: True)


def test_progress_runs_from_0_to_1(tmp_path: Path) -> None:
    path = good(tmp_path / "a.parquet")
    shares: list[float] = []
    compare_files(path, path, progress=lambda share, text: shares.append(share))
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_profiles_of_parts_add_up_to_the_whole(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    columns = {"x": random.lognormal(0, 2, 3000), "c": random.choice(list("abc"), 3000)}
    whole = tables.write_table(columns, tmp_path / "w.parquet")
    plan = counting.features(whole)
    reference = counting.profile_reference(whole, plan)
    bins = {name: profile.bins for name, profile in reference.items()}
    parts = []
    for i, part in enumerate((slice(0, 100), slice(100, 2000), slice(2000, 3000))):
        table = tables.write_table(
            {k: v[part] for k, v in columns.items()}, tmp_path / f"{i}.parquet"
        )
        parts.append(counting.profile(table, plan, bins))
    for name in columns:
        added = parts[0][name] + parts[1][name] + parts[2][name]
        assert added.rows == 3000
        if name == "x":
            assert added.counts.tolist() == reference[name].counts.tolist()
            assert added.total == pytest.approx(reference[name].total)
        else:
            assert added.counts_by_label() == reference[name].counts_by_label()
