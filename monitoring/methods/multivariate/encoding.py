"""Rows as matrices: codes for trees that know categories, frequencies for methods that need numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Counts, Floats
from monitoring.counting.rows import NULL, Labels, Rows

#: Trees take up to 255 categories; beyond these the rarer ones count as one.
MOST_CODES = 250


def code_matrices(one: Rows, two: Rows) -> tuple[Floats, Floats]:
    """Return both as float64 matrices of shape (rows, features); categories as codes, null as NaN.

    The codes are shared and go by how frequent a category is in both together.
    """
    matrices = (_empty(one), _empty(two))
    for column, name in enumerate(one.names):
        if name not in one.categorical:
            for matrix, rows in zip(matrices, (one, two), strict=True):
                matrix[:, column] = rows.numbers(name)
            continue
        labels = _frequent(one.labels(name), two.labels(name))
        for matrix, rows in zip(matrices, (one, two), strict=True):
            codes = rows.labels(name).recoded(labels)
            matrix[:, column] = np.where(codes == NULL, np.nan, codes)
    return matrices


def _empty(rows: Rows) -> Floats:
    return np.empty((rows.n, len(rows.names)), dtype=np.float64, order="F")


def _frequent(one: Labels, two: Labels) -> list[str]:
    counts: dict[str, int] = {}
    for side in (one, two):
        found = label_counts(side)
        for label, count in zip(side.labels, found.tolist(), strict=True):
            counts[label] = counts.get(label, 0) + count
    return sorted(counts, key=lambda label: (-counts[label], label))[:MOST_CODES]


def label_counts(column: Labels) -> Counts:
    """Return rows per label, shape (labels,)."""
    return np.bincount(column.codes[column.codes != NULL], minlength=len(column.labels))


@dataclass(frozen=True, eq=False)
class Frequencies:
    """Numbers for every feature, learned from a reference.

    Nulls take the mean or the most frequent category of the reference; a category becomes its share
    of the reference's rows, and 0 if the reference never had it. Features without any value are
    left out.

    Source:
        NannyML 0.13.1, nannyml/drift/multivariate/data_reconstruction (SimpleImputer, CountEncoder).
    """

    means: Mapping[str, float]
    shares: Mapping[str, Mapping[str, float]]
    most_frequent: Mapping[str, str]

    @classmethod
    def learn(cls, reference: Rows) -> Frequencies:
        """Learn means and shares.

        >>> learned = Frequencies.learn(Rows.of({"c": Labels.of(["a", "a", None, "b"])}))
        >>> learned.shares["c"]  # the null counts as an "a"
        {'a': 0.75, 'b': 0.25}
        """
        means, shares, most = {}, {}, {}
        for name in reference.names:
            if name not in reference.categorical:
                values = reference.numbers(name)
                if not np.isnan(values).all():
                    means[name] = float(np.nanmean(values))
                continue
            column = reference.labels(name)
            counts = dict(zip(column.labels, label_counts(column).tolist(), strict=True))
            if not any(counts.values()):
                continue
            top = min(counts, key=lambda label: (-counts[label], label))
            counts[top] += int(np.count_nonzero(column.codes == NULL))
            most[name] = top
            shares[name] = {label: count / reference.n for label, count in counts.items()}
        return cls(means, shares, most)

    @property
    def names(self) -> tuple[str, ...]:
        """The features that it has numbers for: numerical ones first."""
        return (*self.means, *self.shares)

    def matrix(self, rows: Rows) -> Floats:
        """Return shape (rows, features), in the order of `names`."""
        columns = []
        for name, mean in self.means.items():
            values = rows.numbers(name)
            columns.append(np.where(np.isnan(values), mean, values))
        for name, shares in self.shares.items():
            column = rows.labels(name)
            table = [shares.get(label, 0.0) for label in column.labels]
            columns.append(np.array([*table, shares[self.most_frequent[name]]])[column.codes])
        return np.column_stack(columns) if columns else np.empty((rows.n, 0))
