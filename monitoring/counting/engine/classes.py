"""Which classes a model has, and which of them each value of a column is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Codes
from monitoring.counting.engine.tables import Table, open_parquet
from monitoring.counting.engine.values import places, plain
from monitoring.counting.totals.outcomes import Columns
from monitoring.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa


_WHOLE = re.compile(r"([+-]?\d+)\.0+")
_FLAGS = {"true": "1", "false": "0"}
#: Whole numbers that span less than this are looked up in a table, not hashed.
_SPAN = 4096


def class_text(value: object) -> str:
    """Return the name of a class: 1, 1.0, True and their texts are ways that logs write one label.

    >>> [class_text(value) for value in (1, 1.0, True, "1", "1.0", "true", "late")]
    ['1', '1', '1', '1', '1', '1', 'late']
    """
    if isinstance(value, bool | float) and float(value).is_integer():
        return str(int(value))
    text = str(value)
    if whole := _WHOLE.fullmatch(text):
        return whole[1]
    return _FLAGS.get(text.lower(), text)


@dataclass(frozen=True, slots=True)
class Seen:
    """The classes found among the predictions and among the labels of a table."""

    predicted: frozenset[str]
    labels: frozenset[str]


def seen_in(table: Table, columns: Columns) -> Seen:
    """Return the classes that a table holds.

    Raises:
        InputError: It lacks a column, or cannot be read.
    """
    check(table, columns)
    has_label = columns.label is not None and columns.label in table.columns
    labels = _found(table, columns.label or "") if has_label else frozenset()
    return Seen(_found(table, columns.prediction), labels)


def classes_of(
    tables: Sequence[Table], columns: Columns, seen: Sequence[Seen] | None = None
) -> tuple[str, ...]:
    """Return the classes of a classifier, in order; of two, the positive one is last.

    They are those found among predictions, labels and probabilities, as scikit-learn and Azure ML take
    them: a label that the model does not know is a class that it is wrong about. Of a task of two
    classes the two that it predicts are the last, and what else the labels hold comes before them.

    Args:
        seen: What `seen_in` finds in each table, if it is known.

    Raises:
        InputError: A table lacks a column, or cannot be read.
    """
    if columns.task == "regression":
        return ()
    if seen is None:
        seen = [seen_in(table, columns) for table in tables]
    predicted = frozenset[str]().union(*(each.predicted for each in seen))
    labels = frozenset[str]().union(*(each.labels for each in seen))
    if columns.task == "binary_classification":
        return _two(predicted, labels, tables, columns)
    named = set(columns.probabilities) - {""}
    return tuple(sorted(predicted | labels | named, key=_order))


def _two(
    predicted: frozenset[str], labels: frozenset[str], tables: Sequence[Table], columns: Columns
) -> tuple[str, ...]:
    positive = _positive(columns)
    said = [positive] if positive else []
    every = found = predicted | labels | set(said)
    if len(found) > 2 >= len(predicted):  # noqa: PLR2004 - a binary task has two
        first = [*sorted(predicted, key=_order), *said]
        found = frozenset(list(dict.fromkeys([*first, *_by_frequency(tables, columns)]))[:2])
    if len(found) == 1 and found < {"0", "1"}:
        found = frozenset({"0", "1"})
    ordered = sorted(found, key=_order)
    if positive in ordered:
        ordered.append(ordered.pop(ordered.index(positive)))
    return (*sorted(every - found, key=_order), *ordered)


def _by_frequency(tables: Iterable[Table], columns: Columns) -> list[str]:
    """Return the classes of labels, of predictions where there are none, the most frequent first."""
    often = Counter[str]()
    for table in tables:
        name = columns.label or ""
        often.update(_counted(table, name if name in table.columns else columns.prediction))
    return [name for name, _ in sorted(often.items(), key=lambda item: (-item[1], item[0]))]


def _positive(columns: Columns) -> str:
    """Return the class that the probability is of; empty where it is not said."""
    names = sorted((name for name in columns.probabilities if name), key=_order)
    return class_text(names[-1]) if names else ""


def codes_of(column: pa.Array, place: Mapping[str, int], *, none: int) -> Codes:
    """Return the class of each value, `none` for null and NaN and -1 for what is no class."""
    import pyarrow as pa  # noqa: PLC0415 - 0.1 s that a start-up need not pay

    if pa.types.is_null(column.type):
        return np.full(len(column), none, dtype=np.int64)
    if pa.types.is_integer(column.type) and len(column) and not column.null_count:
        values = plain(column)
        low, high = int(values.min()), int(values.max())
        if high - low < _SPAN:
            return _codes_of_integers(values, place, low, high)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    texts = column.dictionary.to_pylist()
    known = np.array([*(_code(text, place, none) for text in texts), none], dtype=np.int64)
    return np.asarray(known[places(column)])


def _codes_of_integers(
    values: NDArray[Any], place: Mapping[str, int], low: int, high: int
) -> Codes:
    """Look the few integers that occur up by where they lie between the least and the greatest."""
    known = np.array([place.get(str(name), -1) for name in range(low, high + 1)], dtype=np.int64)
    if low:
        return np.asarray(known[values.astype(np.int64) - low])
    if (known == np.arange(high + 1)).all():
        return values.astype(np.int64, copy=False)
    return np.asarray(known[values])


def _code(value: object, place: Mapping[str, int], none: int) -> int:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return none
    return place.get(class_text(value), -1)


def check(table: Table, columns: Columns) -> None:
    """Make sure that a table has the columns; one without the label has no labels.

    Raises:
        InputError: It lacks one.
    """
    wanted = columns.prediction, columns.delay_seconds, columns.time
    for name in (*wanted, *columns.probabilities.values()):
        if name and name not in table.columns:
            raise InputError(
                f"Cannot use {table.name!r}: it has no column {name!r}",
                hint=f"It has {', '.join(list(table.columns)[:20])}.",
            )


def _found(table: Table, name: str) -> frozenset[str]:
    found: set[str] = set()
    for path in table.paths:
        file = open_parquet(path)
        known = _from_statistics(file, name)
        if known is None:
            column = file.read(columns=[name], use_threads=False)[name].combine_chunks()
            known = column.unique().to_pylist()
        found |= {class_text(value) for value in known if _is_value(value)}
    return frozenset(found)


def _from_statistics(file: Any, name: str) -> list[object] | None:
    """Return the values of a column of whole numbers or flags, if the file's statistics tell all.

    They do where each row group has but one value, or two adjacent ones: least and greatest.
    """
    places = [i for i, column in enumerate(file.schema) if column.path == name]
    if not places:
        return None
    found: list[object] = []
    for group in range(file.metadata.num_row_groups):
        seen = file.metadata.row_group(group).column(places[0]).statistics
        if seen is None or not seen.has_min_max:
            return None
        if not isinstance(seen.min, int) or not 0 <= seen.max - seen.min <= 1:
            return None
        found += [seen.min, seen.max]
    return found


def _counted(table: Table, name: str) -> Counter[str]:
    found = Counter[str]()
    for path in table.paths:
        column = open_parquet(path).read(columns=[name], use_threads=False)[name]
        for entry in column.value_counts().to_pylist():
            if _is_value(entry["values"]):
                found[class_text(entry["values"])] += entry["counts"]
    return found


def _is_value(value: object) -> bool:
    return value is not None and value == value  # noqa: PLR0124 - NaN is no class


def _order(name: str) -> tuple[bool, float, str]:
    try:
        return False, float(name), name
    except ValueError:
        return True, 0.0, name
