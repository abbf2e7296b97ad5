"""A model's outputs as columns of their own: what it answered, how sure it was, how close the call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Counts, Floats
from monitoring.counting.engine.classes import codes_of
from monitoring.counting.engine.groups import score_columns
from monitoring.counting.engine.outcomes import SUM_TOLERANCE
from monitoring.counting.engine.tables import Table, open_parquet, open_table
from monitoring.counting.engine.values import floats
from monitoring.counting.totals.outcomes import CELLS, Columns, Moments, cell_edges, score_cell
from monitoring.kept.disk import Disk, digest, state_of

if TYPE_CHECKING:
    import pyarrow as pa

PREDICTION, LABEL = "prediction", "label"
PROBABILITY, CONFIDENCE, NEAR = "probability", "confidence", "near the threshold"
#: More classes than this are not looked at one by one.
MOST_CLASSES = 20
#: A score closer than this to the threshold is a close call; so are two classes closer than this.
CLOSE = 0.1
#: Share of predictions that one threshold must explain.
LEAST_AGREEMENT = 0.99
#: Goes up whenever the outputs change; those of another version are made anew.
VERSION = 3


@dataclass(frozen=True, slots=True)
class Decision:
    """The score from which a classifier of two classes answers the positive one.

    low, high: it lies above the one and not above the other. agreement: share of predictions that
    `threshold` explains.
    """

    threshold: float
    low: float
    high: float
    agreement: float


def decision_of(
    tables: Sequence[Table], columns: Columns, classes: tuple[str, ...]
) -> Decision | None:
    """Infer the threshold from scores and predictions.

    Returns:
        None for other tasks, where only one class was predicted, and where no single threshold
        explains 99 % of the predictions.
    """
    if not score_columns(columns, classes) or len(classes) != 2:  # noqa: PLR2004 - two classes
        return None
    rows = np.zeros((2, CELLS), np.int64)
    most_negative, least_positive = -np.inf, np.inf
    for table in tables:
        scores, positive = _scored(table, columns, classes)
        for side in (0, 1):
            of = scores[positive == side]
            rows[side] += np.bincount(score_cell(of), minlength=CELLS)
        most_negative = max(most_negative, scores[positive == 0].max(initial=-np.inf))
        least_positive = min(least_positive, scores[positive == 1].min(initial=np.inf))
    if not rows.sum(axis=1).all():
        return None
    if most_negative < least_positive:
        low, high = float(most_negative), float(least_positive)
        return Decision(round_between(low, high), low, high, 1.0)
    return _best(rows)


def _best(rows: Counts) -> Decision | None:
    """Return the cell's edge that goes against the fewest predictions."""
    below = np.concatenate([np.zeros((2, 1), np.int64), np.cumsum(rows, axis=1)], axis=1)
    against = below[1, :-1] + (rows[0].sum() - below[0, :-1])
    at = int(against.argmin())
    agreement = 1 - float(against[at] / rows.sum())
    if agreement < LEAST_AGREEMENT:
        return None
    edges = cell_edges()
    low, high = float(edges[max(at - 1, 0)]), float(edges[at])
    return Decision(round_between(low, high), low, high, agreement)


def round_between(low: float, high: float) -> float:
    """Return the number with the fewest digits above `low` and not above `high`; 0.5 if it may be.

    >>> round_between(0.34961, 0.35012), round_between(0.2, 0.9)
    (0.35, 0.5)
    """
    if low < 0.5 <= high:  # noqa: PLR2004 - what nearly every classifier uses
        return 0.5
    for digits in range(1, 16):
        # Not 0.3338 for 0.3339, whose product with 10,000 is a hair less than 3,339.
        found = float(np.floor(high * 10**digits + 1e-6) / 10**digits)
        if low < found <= high:
            return found
    return high


def _scored(
    table: Table, columns: Columns, classes: tuple[str, ...]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return valid scores of the positive class and whether it was predicted."""
    (name,) = score_columns(columns, classes).values()
    rows = _read(table, [columns.prediction, name])
    place = {each: code for code, each in enumerate(classes)}
    predicted = codes_of(rows.column(columns.prediction), place, none=-2)
    scores = floats(rows.column(name))
    kept = (predicted >= 0) & (scores >= 0) & (scores <= 1)
    return scores[kept], (predicted == 1)[kept]


def outputs(
    table: Table,
    columns: Columns,
    classes: tuple[str, ...],
    decision: Decision | None,
    store: Path,
) -> Table:
    """Return the outputs of each row as a table: what profiles of outputs are counted from.

    Columns: `prediction` and, where it is known, `label`; of a classifier with scores also
    `probability` (two classes), `confidence` (that of the most probable class), `near the threshold`
    (within 0.1 of it; of more classes: the two most probable within 0.1 of each other), and the score
    apart for each predicted and each true class.

    Args:
        classes: Of a classifier; empty for a regression.
        decision: The threshold, where there is one.
        store: Folder that keeps the outputs until the files of `table` change.

    Raises:
        InputError: The files cannot be read.
    """
    threshold = decision.threshold if decision else None
    question = digest([str(path) for path in table.paths], columns, classes, threshold)
    path, _ = Disk(store / "outputs", version=VERSION).path(
        f"{question}.parquet",
        state_of(table.paths),
        lambda draft: _write(_derived(table, columns, classes, threshold), draft),
    )
    opened = open_table(path)
    return Table(table.name, opened.paths, opened.columns, opened.rows)


def _write(arrays: Mapping[str, pa.Array], target: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415 - 0.1 s that a start-up need not pay
    import pyarrow.parquet as pq  # noqa: PLC0415 - same

    pq.write_table(pa.table(dict(arrays)), target)


def _read(table: Table, names: Sequence[str]) -> pa.RecordBatch:
    import pyarrow as pa  # noqa: PLC0415

    whole = pa.concat_tables(
        [open_parquet(path).read(columns=list(names), use_threads=False) for path in table.paths],
        promote_options="permissive",
    ).combine_chunks()
    arrays = [whole[name].combine_chunks() for name in names]
    return pa.RecordBatch.from_arrays(arrays, list(names))


def _derived(
    table: Table, columns: Columns, classes: tuple[str, ...], threshold: float | None
) -> dict[str, pa.Array]:
    scored = score_columns(columns, classes)
    sources = {PREDICTION: columns.prediction, LABEL: columns.label}
    own = {name: column for name, column in sources.items() if column in table.columns}
    if not set(scored.values()).issubset(table.columns):
        scored = {}
    rows = _read(table, list(dict.fromkeys([*own.values(), *scored.values()])))
    if columns.task == "regression":
        return {name: _numbers(floats(rows.column(column))) for name, column in own.items()}
    codes = {name: _codes(rows, column, classes) for name, column in own.items()}
    found = {name: _texts(each, classes) for name, each in codes.items()}
    if not scored:
        return found
    scores = [floats(rows.column(name)) for name in scored.values()]
    return found | _of_scores(scores, codes, classes, threshold)


def _texts(codes: NDArray[np.int64], classes: tuple[str, ...]) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415

    indices = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(classes))).cast(pa.string())


def _of_scores(
    scores: Sequence[Floats],
    codes: Mapping[str, NDArray[np.int64]],
    classes: tuple[str, ...],
    threshold: float | None,
) -> dict[str, pa.Array]:
    import pyarrow as pa  # noqa: PLC0415

    matrix = _valid(np.column_stack(scores))
    two = matrix.shape[1] == 1
    if two:
        score = matrix[:, 0]
        confidence = np.maximum(score, 1 - score)
        near = np.abs(score - threshold) < CLOSE if threshold is not None else None
    else:
        ranked = np.partition(matrix, -2, axis=1)[:, -2:]
        score = confidence = ranked[:, 1]
        near = ranked[:, 1] - ranked[:, 0] < CLOSE
    found = {PROBABILITY: _numbers(score)} if two else {}
    found[CONFIDENCE] = _numbers(confidence)
    if near is not None:
        found[NEAR] = pa.array(near, mask=np.isnan(score))
    if len(classes) <= MOST_CLASSES:
        what = PROBABILITY if two else CONFIDENCE
        for name, code in codes.items():
            for at, each in enumerate(classes):
                found[split_name(what, name, each)] = _numbers(np.where(code == at, score, np.nan))
    return found


def split_name(what: str, by: str, name: str) -> str:
    """Return the name of a score taken apart by predicted or true class.

    >>> split_name("probability", "label", "1"), split_name("confidence", "prediction", "7")
    ('probability, label 1', 'confidence, predicted 7')
    """
    return f"{what}, {'predicted' if by == PREDICTION else by} {name}"


def _valid(matrix: Floats) -> Floats:
    """Return probabilities, NaN in rows that cannot be such."""
    good = np.asarray(((matrix >= 0) & (matrix <= 1)).all(axis=1))
    if matrix.shape[1] > 1:
        good &= np.abs(matrix.sum(axis=1) - 1) <= SUM_TOLERANCE
    return np.where(good[:, None], matrix, np.nan)


def _numbers(values: Floats) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415

    return pa.array(values, mask=np.isnan(values))


@dataclass(frozen=True, slots=True)
class OutputCounts:
    """Outputs of a day or a window, as counts and sums that add up.

    predicted, labels: rows by class; empty for a regression. near: close calls; of: rows that a close
    call is told of. confidence: by predicted class. prediction, label: of a regression.
    """

    rows: int
    predicted: Mapping[str, int] = field(default_factory=dict)
    labels: Mapping[str, int] = field(default_factory=dict)
    near: Mapping[str, int] = field(default_factory=dict)
    near_of: Mapping[str, int] = field(default_factory=dict)
    confidence: Mapping[str, Moments] = field(default_factory=dict)
    prediction: Moments = field(default_factory=Moments)
    label: Moments = field(default_factory=Moments)

    def __add__(self, other: OutputCounts) -> OutputCounts:
        return OutputCounts(
            self.rows + other.rows,
            _sum(self.predicted, other.predicted),
            _sum(self.labels, other.labels),
            _sum(self.near, other.near),
            _sum(self.near_of, other.near_of),
            {
                name: self.confidence.get(name, Moments()) + other.confidence.get(name, Moments())
                for name in dict.fromkeys([*self.confidence, *other.confidence])
            },
            self.prediction + other.prediction,
            self.label + other.label,
        )


def _sum(one: Mapping[str, int], two: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + two.get(name, 0) for name in dict.fromkeys([*one, *two])}


def counts_of(table: Table, columns: Columns, classes: tuple[str, ...]) -> OutputCounts:
    """Count a table of outputs, as `outputs` makes it."""
    wanted = [n for n in (PREDICTION, LABEL, CONFIDENCE, NEAR) if n in table.columns]
    rows = _read(table, wanted)
    if columns.task == "regression":
        prediction, label = (_moments(rows, name) for name in (PREDICTION, LABEL))
        return OutputCounts(rows.num_rows, prediction=prediction, label=label)
    predicted, labels = (_codes(rows, name, classes) for name in (PREDICTION, LABEL))
    near, sure = (_floats_or_nan(rows, name) for name in (NEAR, CONFIDENCE))
    return OutputCounts(
        rows.num_rows,
        _by_class(predicted, classes),
        _by_class(labels, classes),
        _by_class(np.where(near == 1, predicted, -1), classes),
        _by_class(np.where(np.isnan(near), -1, predicted), classes),
        {
            name: Moments.of(sure[(predicted == at) & ~np.isnan(sure)])
            for at, name in enumerate(classes)
        },
    )


def _codes(rows: pa.RecordBatch, name: str, classes: tuple[str, ...]) -> NDArray[np.int64]:
    """Return the class of each row, -1 where there is none."""
    if name not in rows.schema.names:
        return np.full(rows.num_rows, -1)
    place = {each: code for code, each in enumerate(classes)}
    return codes_of(rows.column(name), place, none=-1)


def _floats_or_nan(rows: pa.RecordBatch, name: str) -> Floats:
    is_there = name in rows.schema.names
    return floats(rows.column(name)) if is_there else np.full(rows.num_rows, np.nan)


def _by_class(codes: Any, classes: tuple[str, ...]) -> dict[str, int]:
    counts = np.bincount(codes[codes >= 0], minlength=len(classes))
    return dict(zip(classes, counts.tolist(), strict=True))


def _moments(rows: pa.RecordBatch, name: str) -> Moments:
    if name not in rows.schema.names:
        return Moments()
    values = floats(rows.column(name))
    return Moments.of(values[np.isfinite(values)])
