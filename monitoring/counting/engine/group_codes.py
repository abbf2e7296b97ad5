"""The group of each row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from monitoring.arrays import Index
from monitoring.counting.engine.columns import kind_of
from monitoring.counting.engine.values import floats, places
from monitoring.counting.totals.groups import Cut, Grouping
from monitoring.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa


def group_codes(batch: pa.RecordBatch, grouping: Grouping) -> Index:
    """Return the group of each row as its place in `grouping.groups`, shape (n,)."""
    first, *others = grouping.cuts
    codes = _cut_codes(batch.column(first.feature), first)
    for cut in others:
        codes = codes * len(cut.labels) + _cut_codes(batch.column(cut.feature), cut)
    return codes


def _cut_codes(column: pa.Array, cut: Cut) -> Index:
    last = len(cut.labels) - 1
    if cut.edges:
        if kind_of(str(column.type)) not in {"number", "time", "flag"}:
            raise InputError(
                f"Cannot cut {cut.feature!r} at {cut.edges}: it holds no numbers but {column.type}",
                hint="Choose another feature.",
            )
        values = floats(column)
        codes = np.searchsorted(np.array(cut.edges), values, side="right")
        return np.where(np.isnan(values), last, codes)
    return _text_codes(column, {value: code for code, value in enumerate(cut.values)}, last)


def _text_codes(column: pa.Array, place: Mapping[str, int], none: int) -> Index:
    """Return the code of each value, `none` for null and the one before it for others."""
    import pyarrow as pa  # noqa: PLC0415

    if pa.types.is_null(column.type):
        return np.full(len(column), none, np.int64)
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    table = [place.get(str(value), none - 1) for value in column.dictionary.to_pylist()]
    known = np.array([*table, none], dtype=np.int64)
    # "clip" spares the check of bounds, which the places keep by themselves.
    found: Index = known.take(places(column), mode="clip")
    return found
