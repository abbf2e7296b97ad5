"""A day's rows counted by hour, in one pass, kept until its files change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from monitoring.arrays import Counts, Flags, Floats, Index
from monitoring.counting.engine import counting
from monitoring.counting.engine.columns import kind_of, numbers, valid
from monitoring.counting.engine.tables import Table, open_parquet
from monitoring.counting.engine.values import floats
from monitoring.counting.totals.hours import (
    CELLS,
    HOURS,
    HourColumn,
    HourCounts,
    Labelled,
    Scale,
    cell,
)
from monitoring.counting.totals.outcomes import Columns
from monitoring.kept.disk import Disk, digest, state_of

if TYPE_CHECKING:
    import pyarrow as pa

TIME = "time"
#: The outputs of a model, as the days call them.
PREDICTION, PROBABILITY = "prediction", "probability"
#: A score is counted on the even cells.
OF_SCORES = HourColumn("numerical", Scale(0.5, 0.125))
#: More labels than this on a day: an identifier or free text, and no category.
MOST_LABELS = 1_000
#: Goes up whenever the counts change; those of another version are made anew.
VERSION = 1
_SECONDS_AN_HOUR = 3600

T = TypeVar("T")
#: Hours of the rows and a column of a table.
Columned = Mapping[str, "pa.Array"]


class HourStore:
    """Counts below a folder; without a folder every day is counted each time."""

    def __init__(self, folder: Path | None) -> None:
        self._disk = Disk(folder, version=VERSION)

    def plan(self, table: Table, names: tuple[str, ...]) -> dict[str, HourColumn]:
        """Return how columns are counted, by the rows of a reference that fixes the cells.

        Raises:
            InputError: The table cannot be read.
        """
        question = "plan", [str(path) for path in table.paths], names
        return dict(
            self._disk.get(question, state_of(table.paths), lambda: _plan(table, list(names)))
        )

    def inputs(
        self, paths: Mapping[T, Path], plan: Mapping[str, HourColumn]
    ) -> dict[T, HourCounts]:
        """Return the counts of each day's collected inputs.

        Raises:
            InputError: A file cannot be read.
        """
        names = [name for name in plan if name != TIME]
        return self._kept(paths, plan, lambda path: _columns(path, names))

    def outputs(
        self, paths: Mapping[T, Path], columns: Columns, plan: Mapping[str, HourColumn]
    ) -> dict[T, HourCounts]:
        """Return the counts of each day's collected outputs.

        Raises:
            InputError: A file cannot be read.
        """
        return self._kept(paths, plan, lambda path: _outputs(path, columns), columns)

    def _kept(
        self,
        paths: Mapping[T, Path],
        plan: Mapping[str, HourColumn],
        read: Callable[[Path], Columned],
        *key: object,
    ) -> dict[T, HourCounts]:
        asked = digest(sorted(plan.items()), *key)

        def kept(path: Path) -> HourCounts:
            found: HourCounts = self._disk.get(
                (asked, str(path)), state_of([path]), lambda: count(read(path), plan)
            )
            return found

        return {day: kept(path) for day, path in paths.items()}


def _plan(table: Table, names: list[str]) -> dict[str, HourColumn]:
    found: dict[str, HourColumn] = {}
    wanted = [name for name in names if kind_of(table.columns.get(name, "")) not in {None, "time"}]
    for name, feature in counting.features(table, wanted).items():
        if feature.reason:
            continue
        if feature.kind == "categorical":
            found[name] = HourColumn("categorical")
        else:
            found[name] = HourColumn("numerical", scale_of(_values(table, name)))
    return found


def _values(table: Table, name: str) -> Floats:
    chunks = [
        numbers(chunk)
        for path in table.paths
        for chunk in open_parquet(path).read(columns=[name], use_threads=False).column(0).chunks
    ]
    values = np.concatenate(chunks) if chunks else np.zeros(0)
    return values[np.isfinite(values)]


def scale_of(values: Floats) -> Scale:
    """Return the scale of finite values: their mean and standard deviation, 1 for a constant.

    >>> scale_of(np.array([1.0, 3.0])), scale_of(np.zeros(3))
    (Scale(centre=2.0, unit=1.0), Scale(centre=0.0, unit=1.0))
    """
    if not len(values):
        return Scale()
    return Scale(float(values.mean()), float(values.std()) or 1.0)


def _columns(path: Path, names: list[str]) -> dict[str, pa.Array]:
    file = open_parquet(path)
    there = set(file.schema_arrow.names)
    wanted = [name for name in (TIME, *names) if name in there]
    whole = file.read(columns=wanted, use_threads=False)
    return {name: whole[name].combine_chunks() for name in wanted}


def _outputs(path: Path, columns: Columns) -> dict[str, pa.Array]:
    """Return prediction and, of two classes, score of each row, under the names that the days have."""
    import pyarrow as pa  # noqa: PLC0415 - 0.1 s that a start-up need not pay

    score = columns.probabilities if columns.task == "binary_classification" else {}
    read = _columns(path, [columns.prediction, *score.values()])
    found = {TIME: read[TIME]} if TIME in read else {}
    if columns.prediction in read:
        answers = read[columns.prediction]
        found[PREDICTION] = answers if columns.task == "regression" else answers.cast(pa.string())
    for name in score.values():
        if name in read:
            found[PROBABILITY] = read[name]
    return found


def count(columns: Columned, plan: Mapping[str, HourColumn]) -> HourCounts:
    """Count columns by the hour of their rows' times.

    Args:
        columns: One of them the times; without any, no row has an hour.
        plan: How each is counted; a column of another type is all null.
    """
    times = columns.get(TIME)
    hour = np.zeros(0, np.int64)
    if times is not None and times.null_count:
        columns = {name: column.filter(times.is_valid()) for name, column in columns.items()}
        times = columns[TIME]
    if times is not None:
        hour = (floats(times) // _SECONDS_AN_HOUR).astype(np.int64) % HOURS
    numerical = [
        name
        for name, column in plan.items()
        if column.kind == "numerical" and name in columns and len(hour)
    ]
    cells = np.zeros((HOURS, len(numerical), CELLS), np.int64)
    nulls: dict[str, Counts] = {}
    categorical: dict[str, Labelled] = {}
    for name, column in plan.items():
        if name not in columns or not len(hour):
            continue
        if column.kind == "numerical":
            values = _numbers(columns[name])
            known = np.isfinite(values)
            at = hour[known] * CELLS + cell(values[known], column.scale)
            counted = np.bincount(at, minlength=HOURS * CELLS).reshape(HOURS, CELLS)
            cells[:, numerical.index(name)] = counted
        else:
            found, known = _labelled(columns[name], hour)
            if found is None:
                continue
            categorical[name] = found
        nulls[name] = _small(np.bincount(hour[~known], minlength=HOURS))
    rows = _small(np.bincount(hour, minlength=HOURS))
    return HourCounts(rows, tuple(numerical), _small(cells), categorical, nulls)


def _numbers(column: pa.Array) -> Floats:
    """Return numbers, NaN for what is none."""
    kind = kind_of(str(column.type))
    if kind in {"number", "flag"}:
        return floats(column)
    return np.full(len(column), np.nan)


def _labelled(column: pa.Array, hour: Index) -> tuple[Labelled | None, Flags]:
    import pyarrow as pa  # noqa: PLC0415

    if not pa.types.is_string(column.type):
        column = column.cast(pa.string())
    coded = column.dictionary_encode()
    labels = coded.dictionary.to_pylist()
    rows = valid(coded.indices)
    known = np.ones(len(column), bool) if rows is None else rows
    if len(labels) > MOST_LABELS:
        return None, known
    kind = np.dtype(coded.indices.type.to_pandas_dtype())
    codes = np.frombuffer(coded.indices.buffers()[1], kind)
    codes = codes[coded.indices.offset : coded.indices.offset + len(column)]
    at = hour[known] * len(labels) + codes[known]
    counts = np.bincount(at, minlength=HOURS * len(labels)).reshape(HOURS, len(labels))
    return Labelled(tuple(labels), _small(counts)), known


def _small(numbers_: Counts) -> Counts:
    """Return whole numbers from 0 in the fewest bytes that hold them."""
    return numbers_.astype(np.min_scalar_type(numbers_.max(initial=0)))
