"""A segment's rows are those that a filter of all rows finds, for any kind of column."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring.baselines.baseline import take_baseline
from monitoring.counting.engine import classes, counting, outcomes
from monitoring.counting.engine.losses import losses
from monitoring.counting.engine.segments import filtered
from monitoring.counting.engine.tables import Table, open_table
from monitoring.counting.totals.outcomes import Columns
from monitoring.errors import InputError
from monitoring.metrics.performance import METRICS
from monitoring.segment import EVERYONE, MISSING, Condition, Segment, parse
from monitoring.signals.data_drift import comparison as data_drift

N = 3000


@pytest.fixture
def frame() -> pd.DataFrame:
    random = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "carrier": random.choice(["UA", "AA", "", None, "ü,;:"], N),
            "distance": random.integers(0, 20, N).astype(float) / 2,
            "stops": random.integers(0, 5, N),
            "late": random.choice([True, False, None], N),
            "wait": random.normal(size=N).astype("float32"),
            "prediction": random.integers(0, 2, N),
            "probability": random.random(N),
            "label": random.choice([0.0, 1.0, np.nan], N),
        }
    )
    frame.loc[random.random(N) < 0.1, "distance"] = np.nan
    frame.loc[:2, "distance"] = [np.inf, -np.inf, 5.0]
    return frame


@pytest.fixture
def table(frame: pd.DataFrame, tmp_path: Path) -> Table:
    whole = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(whole.slice(0, 1000), tmp_path / "a.parquet", row_group_size=300)
    pq.write_table(whole.slice(1000), tmp_path / "b.parquet")
    folder = open_table(tmp_path)
    return Table("rows", folder.paths, folder.columns, folder.rows)


SEGMENTS = {
    "carrier:UA": lambda f: f.carrier.eq("UA"),
    "carrier:UA,%28missing%29": lambda f: f.carrier.eq("UA") | f.carrier.isna(),
    "carrier:%00": lambda f: f.carrier.eq(""),
    "carrier:%C3%BC%2C%3B%3A": lambda f: f.carrier.eq("ü,;:"),
    "carrier:nobody": lambda f: f.carrier.eq("nobody"),
    "distance:2.5..5.0": lambda f: f.distance.ge(2.5) & f.distance.lt(5.0),
    "distance:5..": lambda f: f.distance.ge(5),
    "distance:..5": lambda f: f.distance.lt(5),
    "distance:..": lambda f: f.distance.notna(),
    "distance:%28missing%29": lambda f: f.distance.isna(),
    "distance:2,2%2E5": lambda f: f.distance.isin([2.0, 2.5]),
    "stops:1,3": lambda f: f.stops.isin([1, 3]),
    "stops:1%2E0": lambda f: f.stops.eq(1),
    "stops:2..4": lambda f: f.stops.ge(2) & f.stops.lt(4),
    "late:True": lambda f: f.late.eq(True),  # noqa: FBT003
    "late:False,%28missing%29": lambda f: ~f.late.eq(True),  # noqa: FBT003
    "wait:0..": lambda f: f.wait.ge(0),
    "carrier:UA,AA;distance:1..8;late:True": lambda f: (
        f.carrier.isin(["UA", "AA"]) & f.distance.ge(1) & f.distance.lt(8) & f.late.eq(True)  # noqa: FBT003
    ),
}


@pytest.mark.parametrize("code", SEGMENTS)
def test_the_rows_are_those_of_a_filter(
    code: str, frame: pd.DataFrame, table: Table, tmp_path: Path
) -> None:
    found = filtered(table, parse(code), tmp_path / "store")
    expected = frame[SEGMENTS[code](frame)]
    assert found.rows == len(expected)
    kept = pq.read_table(found.paths[0]).to_pandas()
    for name in frame.columns:
        pd.testing.assert_series_equal(
            kept[name].reset_index(drop=True),
            expected[name].reset_index(drop=True),
            check_dtype=False,
        )


def brute(frame: pd.DataFrame, code: str, path: Path) -> Table:
    rows = frame[SEGMENTS[code](frame)]
    pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), path)
    return open_table(path)


@pytest.mark.parametrize("code", ["carrier:UA,%28missing%29", "distance:2.5..5.0", "late:True"])
def test_drift_of_a_segment_is_drift_of_its_rows(
    code: str, frame: pd.DataFrame, table: Table, tmp_path: Path
) -> None:
    features = ["carrier", "distance", "stops", "late", "wait"]
    reference = take_baseline("all", table, features=features)
    sides = filtered(table, parse(code), tmp_path / "s"), brute(frame, code, tmp_path / "x.parquet")
    drift = [
        data_drift.robust(
            reference.profiles, counting.profile(side, reference.plan, reference.bins)
        )
        for side in sides
    ]
    assert drift[0] == drift[1]
    assert any(result.status == "breached" for result in drift[0])


@pytest.mark.parametrize("code", ["carrier:UA,%28missing%29", "distance:2.5..5.0", "late:True"])
def test_performance_of_a_segment_is_that_of_its_rows(
    code: str, frame: pd.DataFrame, table: Table, tmp_path: Path
) -> None:
    columns = Columns("binary_classification", "prediction", "label", {"1": "probability"})
    found = filtered(table, parse(code), tmp_path / "s")
    rows = frame[SEGMENTS[code](frame)].dropna(subset=["label"])
    counted = outcomes.count(found, columns, ("0", "1"))
    accuracy = float((rows.prediction == rows.label).mean())
    assert METRICS["accuracy"].measure(counted).value == pytest.approx(accuracy, abs=1e-12)
    loss = losses([found], columns, "error", ("0", "1"))
    assert np.nanmean(loss) == pytest.approx(1 - accuracy, abs=1e-12)
    assert np.isfinite(loss).sum() == len(rows)


def test_a_segment_without_rows_is_an_empty_table_that_everything_takes(
    table: Table, tmp_path: Path
) -> None:
    found = filtered(table, parse("carrier:nobody"), tmp_path)
    assert found.rows == 0
    columns = Columns("binary_classification", "prediction", "label", {"1": "probability"})
    assert outcomes.count(found, columns, ("0", "1")).predictions == 0
    assert len(losses([found], columns, "error", ("0", "1"))) == 0
    assert classes.classes_of([table, found], columns) == ("0", "1")


def test_all_rows_are_no_copy(table: Table, tmp_path: Path) -> None:
    assert filtered(table, EVERYONE, tmp_path) is table


def test_a_copy_is_made_once_and_anew_when_the_rows_change(table: Table, tmp_path: Path) -> None:
    store = tmp_path / "store"
    first = filtered(table, parse("carrier:UA"), store)
    made = first.paths[0].stat().st_ino
    assert filtered(table, parse("carrier:UA"), store).paths[0].stat().st_ino == made
    pq.write_table(pq.read_table(table.paths[0]).slice(0, 10), table.paths[0])
    again = filtered(open_table(tmp_path / "a.parquet"), parse("carrier:UA"), store)
    assert again.rows < first.rows


@pytest.mark.parametrize(
    ("segment", "words"),
    [
        ("nothing:1", "has no column 'nothing'"),
        ("carrier:1..2", "holds no numbers"),
        ("late:0..1", "holds no numbers"),
    ],
)
def test_what_cannot_be_asked_is_said(
    segment: str, words: str, table: Table, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=words):
        filtered(table, parse(segment), tmp_path)


def test_an_input_that_the_join_renamed_is_found_by_its_own_name(tmp_path: Path) -> None:
    columns = {"label": [0, 1, 0], "label_input": ["a", "b", "a"]}
    pq.write_table(pa.table(columns), tmp_path / "rows.parquet")
    found = filtered(
        open_table(tmp_path / "rows.parquet"), Segment((Condition("label", ("a",)),)), tmp_path
    )
    assert found.rows == 2


def test_null_and_text_that_looks_like_null_differ(tmp_path: Path) -> None:
    pq.write_table(pa.table({"c": [None, "None", "nan"]}), tmp_path / "rows.parquet")
    table = open_table(tmp_path / "rows.parquet")
    assert filtered(table, Segment((Condition("c", (MISSING,)),)), tmp_path).rows == 1
    assert filtered(table, Segment((Condition("c", ("None",)),)), tmp_path).rows == 1
