"""Some rows of a table in memory: what methods need that look at several features at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Floats, Index

NULL = -1


@dataclass(frozen=True, eq=False)
class Labels:
    """A categorical column: `codes` into `labels`, NULL where there is no value; shape (n,)."""

    codes: Index
    labels: tuple[str, ...]

    @classmethod
    def of(cls, texts: Sequence[str | None]) -> Labels:
        """Return texts as labels, in order of appearance.

        >>> Labels.of(["a", None, "b", "a"]).codes.tolist()
        [0, -1, 1, 0]
        """
        known = dict.fromkeys(text for text in texts if text is not None)
        place = {text: code for code, text in enumerate(known)}
        codes = [NULL if text is None else place[text] for text in texts]
        return cls(np.array(codes, dtype=np.int64), tuple(known))

    def recoded(self, labels: Sequence[str]) -> Index:
        """Return codes into other labels; those not among them get the code after the last.

        >>> Labels.of(["a", None, "z"]).recoded(["b", "a"]).tolist()
        [1, -1, 2]
        """
        place = {label: code for code, label in enumerate(labels)}
        table = [place.get(label, len(labels)) for label in self.labels]
        return np.array([*table, NULL], dtype=np.int64)[self.codes]

    def texts(self) -> NDArray[np.object_]:
        """Return the labels themselves, None where there is no value."""
        return np.array([*self.labels, None], dtype=object)[self.codes]


Column: TypeAlias = Floats | Labels


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of one table, in its order.

    columns: numerical ones as float64 with NaN for null, the others as Labels. total: how many rows
    the table has, of which these are drawn. keys: columns that identify a row, such as its
    correlation id; each of shape (n,).
    """

    columns: Mapping[str, Column]
    n: int
    total: int
    keys: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, columns: Mapping[str, Column]) -> Rows:
        """Return columns held in memory as rows.

        >>> Rows.of({"x": np.arange(3.0)}).n
        3
        """
        sizes = {len(_values(column)) for column in columns.values()}
        if len(sizes) != 1:
            raise ValueError(f"columns of one length, got {sorted(sizes)}")
        (n,) = sizes
        return cls(columns, n, n)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in order."""
        return tuple(self.columns)

    @property
    def categorical(self) -> tuple[str, ...]:
        """The columns that are no numbers, in order."""
        return tuple(name for name, column in self.columns.items() if isinstance(column, Labels))

    def numbers(self, name: str) -> Floats:
        """Return a numerical column."""
        column = self.columns[name]
        if isinstance(column, Labels):
            raise TypeError(f"{name!r} is categorical")
        return column

    def labels(self, name: str) -> Labels:
        """Return a categorical column."""
        column = self.columns[name]
        if not isinstance(column, Labels):
            raise TypeError(f"{name!r} is numerical")
        return column

    def take(self, index: NDArray[Any]) -> Rows:
        """Return the rows at some places, or those of a mask."""
        columns = {
            name: Labels(column.codes[index], column.labels)
            if isinstance(column, Labels)
            else column[index]
            for name, column in self.columns.items()
        }
        n = int(np.count_nonzero(index)) if index.dtype == bool else len(index)
        return Rows(columns, n, self.total, {name: key[index] for name, key in self.keys.items()})

    def spread(self, limit: int) -> Rows:
        """Return at most `limit` rows, evenly spread over the table and in its order."""
        if self.n <= limit:
            return self
        return self.take(np.arange(limit) * self.n // limit)

    def distinct(self) -> Index:
        """Return the place of the first of each set of equal rows, ascending."""
        parts = [_values(column).astype(np.float64) for column in self.columns.values()]
        table = np.ascontiguousarray(np.column_stack(parts))
        table[np.isnan(table)] = np.inf  # one bit pattern for every null
        table += 0.0  # and one for zero
        rows = table.view(np.dtype((np.void, table.dtype.itemsize * table.shape[1])))
        _, first = np.unique(rows.ravel(), return_index=True)
        return np.sort(first)


def _values(column: Column) -> NDArray[Any]:
    return column.codes if isinstance(column, Labels) else column
