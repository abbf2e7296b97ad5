"""Segments ranked by how much of a change they hold: against a filter of all rows, and under chance."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring.counting.engine.segments import filtered
from monitoring.counting.engine.tables import Table, open_table
from monitoring.counting.totals.outcomes import Columns
from monitoring.errors import NotEnoughData
from monitoring.explain.segments import LEAST_ROWS, SegmentReport, rank
from monitoring.explain.sides import sides
from monitoring.segment import parse

COLUMNS = Columns(
    "binary_classification", "prediction", "label", {"1": "probability"},
    features=("carrier", "distance", "flag", "hour"),
)  # fmt: skip


def frame(seed: int, worse: str = "", n: int = 6000) -> pd.DataFrame:
    """Rows with one error in ten; `worse` is a query whose rows have one in two and a half."""
    random = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "carrier": random.choice(
                ["UA", "AA", "B6", "DL", None], n, p=[0.4, 0.3, 0.2, 0.05, 0.05]
            ),
            "distance": np.where(random.random(n) < 0.05, np.nan, random.exponential(size=n)),
            "flag": random.random(n) < 0.3,
            "hour": random.integers(5, 23, n),
            "label": random.integers(0, 2, n).astype(float),
            "probability": random.random(n),
        }
    )
    wrong = random.random(n) < (np.where(rows.eval(worse), 0.4, 0.1) if worse else 0.1)
    rows["prediction"] = np.where(wrong, 1 - rows.label, rows.label).astype(int)
    rows.loc[random.random(n) < 0.2, "label"] = np.nan
    return rows


def days(rows: pd.DataFrame, folder: Path, name: str) -> dict[date, Table]:
    """Two days, so that rows of several files are counted together."""
    found = {}
    for day, part in enumerate(np.array_split(np.arange(len(rows)), 2), start=1):
        path = folder / f"{name}{day}.parquet"
        pq.write_table(pa.Table.from_pandas(rows.iloc[part], preserve_index=False), path)
        found[date(2026, 1, day)] = open_table(path)
    return found


def report(
    one: pd.DataFrame, two: pd.DataFrame, folder: Path, metric: str = "accuracy"
) -> SegmentReport:
    read = sides(days(one, folder, "one"), days(two, folder, "two"), COLUMNS, metric)
    return rank(read)


def test_every_number_is_that_of_a_filter(tmp_path: Path) -> None:
    one, two = frame(1), frame(2, "carrier == 'UA'")
    found = report(one, two, tmp_path)
    assert len(found.changes) > 30
    tables = [
        next(iter(days(rows, tmp_path, f"x{i}").values())) for i, rows in enumerate((one, two))
    ]
    labelled = [rows.dropna(subset=["label"]) for rows in (one, two)]
    for change in found.changes:
        kept = []
        for table, rows in zip(tables, (one, two), strict=True):
            whole = Table("x", (*table.paths, table.paths[0].with_name(table.paths[0].name.replace("1.", "2."))), table.columns, len(rows))  # fmt: skip
            cut = filtered(whole, change.segment, tmp_path / "store")
            kept.append(pq.read_table(cut.paths[0]).to_pandas().dropna(subset=["label"]))
        assert change.result.reference_rows == len(kept[0]), str(change.segment)
        assert change.result.rows == len(kept[1]), str(change.segment)
        losses = [
            float((rows.prediction != rows.label).mean()) if len(rows) else None for rows in kept
        ]
        assert change.loss == pytest.approx(losses[1])
        assert change.reference_loss == (None if losses[0] is None else pytest.approx(losses[0]))
        share = len(kept[1]) / len(labelled[1])
        assert change.share == pytest.approx(share)
        if change.change is not None:
            assert change.result.value == pytest.approx(share * (losses[1] - losses[0]))


def test_levels_of_one_feature_hold_the_whole_change_but_for_mix(tmp_path: Path) -> None:
    found = report(frame(1), frame(2, "carrier == 'UA'"), tmp_path)
    carriers = [c for c in found.changes if c.segment.features == ("carrier",)]
    assert sum(c.share for c in carriers) == pytest.approx(1, abs=0.02)
    held = sum(c.result.value for c in carriers)
    assert held == pytest.approx(found.whole.change, abs=0.01)


def test_the_segment_that_got_worse_stands_out_first(tmp_path: Path) -> None:
    found = report(frame(1), frame(2, "carrier == 'B6'"), tmp_path)
    assert str(found.standing_out[0].segment) == "carrier is B6"
    assert {c.segment.features[0] for c in found.standing_out if len(c.segment.features) == 1} == {
        "carrier"
    }


def test_a_pair_is_found_where_neither_of_the_two_explains_it(tmp_path: Path) -> None:
    found = report(frame(1, n=20_000), frame(2, "carrier == 'AA' and flag", n=20_000), tmp_path)
    pairs = [str(c.segment) for c in found.standing_out if len(c.segment.features) == 2]
    assert "carrier is AA and flag is True" in pairs
    assert str(found.standing_out[0].segment) in {"carrier is AA", "flag is True", pairs[0]}


def test_when_all_get_worse_alike_no_segment_stands_out(tmp_path: Path) -> None:
    found = report(frame(1), frame(2, "hour > 0"), tmp_path)
    assert found.whole.result.status == "breached"
    assert len(found.standing_out) <= 1


def test_without_a_change_hardly_ever_does_one_stand_out(tmp_path: Path) -> None:
    alarms = [len(report(frame(s), frame(s + 100), tmp_path).standing_out) for s in range(20)]
    assert sum(alarm > 0 for alarm in alarms) <= 3


def test_small_segments_get_no_verdict(tmp_path: Path) -> None:
    two = frame(2)
    two.loc[two.index[:35], "carrier"] = "ZZ"
    two.loc[two.index[:35], "label"] = two.loc[two.index[:35], "prediction"].astype(float)
    found = report(frame(1), two, tmp_path)
    (new,) = [c for c in found.changes if str(c.segment) == "carrier is ZZ"]
    assert new.result.status == "not_enough_data"
    assert new.result.value is None
    assert f"{LEAST_ROWS} needed" in new.result.reason
    assert min(c.result.rows for c in found.changes) >= LEAST_ROWS


def test_segments_can_be_linked(tmp_path: Path) -> None:
    for change in report(frame(1), frame(2, "flag"), tmp_path).changes:
        assert parse(change.segment.code) == change.segment


@pytest.mark.parametrize("metric", ["log_loss", "brier_score", "recall", "precision", "f1_score"])
def test_other_metrics_have_their_loss(metric: str, tmp_path: Path) -> None:
    from sklearn import metrics  # noqa: PLC0415

    two = frame(2, "flag")
    found = report(frame(1), two, tmp_path, metric)
    rows = two.dropna(subset=["label"])
    label, scores, predicted = rows.label, rows.probability, rows.prediction
    expected = {
        "log_loss": lambda: metrics.log_loss(label, scores),
        "brier_score": lambda: metrics.brier_score_loss(label, scores),
        "recall": lambda: 1 - metrics.recall_score(label, predicted),
        "precision": lambda: 1 - metrics.precision_score(label, predicted),
        "f1_score": lambda: 1 - metrics.accuracy_score(label, predicted),
    }[metric]()
    assert found.whole.loss == pytest.approx(expected, abs=1e-9)
    assert bool(found.note) == (metric == "f1_score")


def test_a_side_without_rows_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotEnoughData, match="Nothing was predicted in the reference period"):
        sides({}, days(frame(1), tmp_path, "x"), COLUMNS, "accuracy")
    few = frame(1, n=20)
    with pytest.raises(NotEnoughData, match="30 needed"):
        report(few, frame(2), tmp_path)


def test_regression_by_absolute_error(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    columns = Columns("regression", "prediction", "label", features=("c",))
    made = []
    for worse in (0.0, 3.0):
        c = random.choice(["a", "b"], 2000)
        label = random.normal(size=2000)
        error = random.normal(size=2000) * (1 + worse * (c == "b"))
        made.append(pd.DataFrame({"c": c, "label": label, "prediction": label + error}))
    read = sides(
        days(made[0], tmp_path, "one"),
        days(made[1], tmp_path, "two"),
        columns,
        "mean_absolute_error",
    )
    found = rank(read)
    assert str(found.standing_out[0].segment) == "c is b"
    b = [(rows.prediction - rows.label).abs()[rows.c == "b"].mean() for rows in made]
    assert found.standing_out[0].change == pytest.approx(b[1] - b[0])


def test_a_small_segment_out_of_proportion_comes_before_the_large_ones_it_lies_in(
    tmp_path: Path,
) -> None:
    found = report(frame(1, n=20_000), frame(2, "carrier == 'DL'", n=20_000), tmp_path)
    whole = found.whole.change
    assert whole is not None
    assert str(found.standing_out[0].segment) == "carrier is DL"
    beyond = [c.share * (c.change - whole) for c in found.standing_out if c.change is not None]
    assert beyond == sorted(beyond, reverse=True)
