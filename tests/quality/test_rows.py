"""What only the rows tell: repeats, ids, hours; counted once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from monitoring.counting.engine import quality, tables
from monitoring.counting.engine.quality import Unmatched, row_facts, unmatched

RANDOM = np.random.default_rng(29)


def test_repeats_are_those_that_pandas_finds(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    n = 5000
    columns = {
        "i": RANDOM.integers(-3, 4, n),
        "f": RANDOM.choice([0.0, -0.0, 1.5, np.nan], n),
        "t": pa.array(RANDOM.choice(["a", "b", None], n).tolist(), pa.string()),
        "b": RANDOM.choice([True, False], n),
    }
    table = tables.write_table(columns, tmp_path / "t.parquet")
    frame = pd.read_parquet(tmp_path / "t.parquet")
    assert row_facts(table, list(columns)).duplicate_rows == int(frame.duplicated().sum())
    assert row_facts(table, ["i"]).duplicate_rows == int(frame.duplicated(["i"]).sum())
    assert row_facts(table, []).duplicate_rows == 0


def test_columns_that_swap_values_are_other_rows(tmp_path: Path) -> None:
    table = tables.write_table({"a": [1.0, 2.0], "b": [2.0, 1.0]}, tmp_path / "t.parquet")
    assert row_facts(table, ["a", "b"]).duplicate_rows == 0


def collected(path: Path, ids: list[str], hours: list[int] | None = None) -> tables.Table:
    times = [datetime(2026, 1, 1, hour) for hour in hours or [0] * len(ids)]  # noqa: DTZ001
    columns = {
        "correlationid": ids,
        "_index": [int(name.rpartition("_")[2]) for name in ids],
        "time": pa.array(times, pa.timestamp("us")),
        "x": RANDOM.normal(size=len(ids)),
    }
    return tables.write_table(columns, path)


def test_ids_lines_and_hours(tmp_path: Path) -> None:
    table = collected(tmp_path / "t.parquet", ["a_0", "a_1", "b_0", "a_1"], [0, 0, 5, 23])
    facts = row_facts(table, ["x"])
    assert (facts.duplicate_ids, facts.merged_rows, facts.duplicate_rows) == (1, 2, 0)
    assert facts.by_hour == (2, 0, 0, 0, 0, 1, *[0] * 17, 1)
    assert sum(facts.by_hour) == facts.rows


def test_facts_are_counted_once_and_again_when_the_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    table = collected(tmp_path / "t.parquet", ["a_0", "b_0"])
    first = row_facts(table, ["x"], store=store)
    (kept,) = store.glob("*.kept")
    with monkeypatch.context() as patch:
        patch.setattr(quality, "_counted", lambda *_: pytest.fail("counted again"))
        assert row_facts(table, ["x"], store=store) == first
    kept.write_text("{", encoding="utf-8")  # cut off while it was written
    assert row_facts(table, ["x"], store=store) == first
    changed = collected(tmp_path / "t.parquet", ["a_0", "a_0", "c_0"])
    assert row_facts(changed, ["x"], store=store).duplicate_ids == 1


def test_inputs_and_predictions_that_do_not_match(tmp_path: Path) -> None:
    inputs = collected(tmp_path / "i.parquet", ["a_0", "b_0", "c_0", "late_0"])
    outputs = collected(tmp_path / "o.parquet", ["a_0", "b_0", "x_0"])
    tomorrow = collected(tmp_path / "n.parquet", ["late_0"])
    assert unmatched(inputs, outputs) == Unmatched(4, 2, 3, 1)
    near = unmatched(inputs, outputs, near_outputs=[tomorrow], store=tmp_path / "s")
    assert near == Unmatched(4, 1, 3, 1)
    assert unmatched(inputs, outputs, near_outputs=[tomorrow], store=tmp_path / "s") == near
    assert unmatched(inputs, None) == Unmatched(4, 4, 0, 0)
