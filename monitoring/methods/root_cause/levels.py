"""Features cut into levels that both sides of a comparison share, each a condition of a segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Floats, Index
from monitoring.counting.rows import Labels, Rows
from monitoring.segment import MISSING, Condition

#: Quantile bins of a numerical feature where there are rows enough, and rows that each should hold.
MOST_BINS, LEAST_BINS, ROWS_A_BIN = 10, 4, 100
#: Further cuts near the ends, where what moves far piles up; for this many rows and more.
TAILS, TAIL_ROWS = (0.02, 0.05, 0.95, 0.98), 2000
#: So many times more values not seen before than time brings, and they are set apart.
UNSEEN_RATIO = 5.0
#: A number with so few distinct values is cut at each of them.
FEW_VALUES = 12
#: Categories of the reference kept apart, and of those that only the window has.
TOP_CATEGORIES, NEW_CATEGORIES = 30, 10


@dataclass(frozen=True, eq=False)
class Levels:
    """How one feature is cut.

    cuts: of a numerical feature, ascending: its least value in the reference, the quantiles between,
    and the first number above its greatest; empty for categories. categories: of a categorical one, or
    the values of a number with few; those that only the window has come last. After the bins below,
    between and above the cuts (or after categories and all others) comes the level of null. known: the
    reference's values, where the window has many others: they have a level before that of null.
    """

    feature: str
    cuts: Floats = field(default_factory=lambda: np.empty(0))
    categories: tuple[str, ...] = ()
    is_number: bool = False
    known: Floats | None = None

    @property
    def size(self) -> int:
        """How many levels there are, that of null included."""
        unseen = 0 if self.known is None else 1
        return (len(self.categories) if self.categories else len(self.cuts)) + 2 + unseen

    @property
    def missing(self) -> int:
        """The level of null."""
        return self.size - 1

    @cached_property
    def conditions(self) -> tuple[Condition | None, ...]:
        """What a row of each level meets; None for the mixed level of rare categories."""
        null = Condition(self.feature, (MISSING,))
        if self.categories:
            known = [Condition(self.feature, (each,)) for each in self.categories]
            return (*known, None, null)
        if not self.is_number:
            return (None, null)
        ends = [-np.inf, *self.cuts.tolist(), np.inf]
        bins = [Condition(self.feature, (), low, high) for low, high in pairwise(ends)]
        return (*bins, *(() if self.known is None else (None,)), null)

    def label(self, level: int) -> str:
        """Return a level in words."""
        condition = self.conditions[level]
        if condition is None:
            return f"{self.feature} is {'never so before' if self.is_number else 'rare'}"
        return str(condition)

    def code(self, rows: Rows) -> Index:
        """Return the level of each row, shape (n,)."""
        column = rows.columns[self.feature]
        if isinstance(column, Labels):
            codes = column.recoded(self.categories)
            return np.where(codes < 0, self.missing, codes)
        null = np.isnan(column)
        if self.categories:
            values = np.array([float(each) for each in self.categories])
            order = np.argsort(values)
            place = np.minimum(np.searchsorted(values[order], column), len(values) - 1)
            codes = np.where(_is_among(column, values[order]), order[place], len(values))
        else:
            codes = np.searchsorted(self.cuts, column, side="right")
            if self.known is not None:
                codes = np.where(_is_among(column, self.known), codes, self.missing - 1)
        return np.where(null, self.missing, codes)


def levels_of(reference: Rows, window: Rows, *, close: bool = False) -> tuple[Levels, ...]:
    """Cut every feature that both sides have, by the reference's values.

    Args:
        reference: Fixes the cuts.
        window: Adds the categories that only it has.
        close: Whether to look closely at numbers: cut more finely near their ends, and set apart
            values between the reference's own, as a change of unit brings.

    >>> one = Rows.of({"x": np.arange(40.0), "c": Labels.of(["a", "b"] * 20)})
    >>> two = Rows.of({"x": np.array([-1.0, np.nan]), "c": Labels.of(["a", "z"])})
    >>> x, c = levels_of(one, two)
    >>> x.cuts.tolist(), x.code(two).tolist()
    ([0.0, 10.0, 20.0, 30.0, 39.00000000000001], [0, 6])
    >>> c.categories, c.code(two).tolist()
    (('a', 'b', 'z'), [0, 2])
    """
    return tuple(
        _categorical(name, reference, window)
        if isinstance(reference.columns[name], Labels)
        else _numerical(name, reference.numbers(name), window.numbers(name), close=close)
        for name in reference.names
        if name in window.columns
        and isinstance(reference.columns[name], Labels) == isinstance(window.columns[name], Labels)
    )


def _categorical(name: str, reference: Rows, window: Rows) -> Levels:
    known, seen = _frequent(reference.labels(name)), _frequent(window.labels(name))
    top = known[:TOP_CATEGORIES]
    new = [each for each in seen if each not in set(known)][:NEW_CATEGORIES]
    return Levels(name, categories=(*top, *new))


def _frequent(labels: Labels) -> list[str]:
    counts = np.bincount(labels.codes[labels.codes >= 0], minlength=len(labels.labels))
    ranked = sorted(range(len(labels.labels)), key=lambda i: (-counts[i], labels.labels[i]))
    return [labels.labels[i] for i in ranked if counts[i]]


def _numerical(name: str, reference: Floats, window: Floats, *, close: bool) -> Levels:
    known = reference[~np.isnan(reference)]
    distinct = np.unique(known)
    if len(distinct) <= FEW_VALUES:
        new = np.setdiff1d(np.unique(window[~np.isnan(window)]), distinct)
        if len(new) <= NEW_CATEGORIES:
            both = (*distinct.tolist(), *new.tolist())
            return Levels(name, categories=tuple(map(_text, both)), is_number=True)
    if not len(distinct):
        return Levels(name, is_number=True)
    bins = int(np.clip(len(known) // ROWS_A_BIN, LEAST_BINS, MOST_BINS))
    at = np.arange(1, bins) / bins
    if close and len(known) >= TAIL_ROWS:
        at = np.sort(np.append(at, TAILS))
    inner = np.quantile(known, at, method="inverted_cdf")
    # The first value after each quantile: a bin begins with a value that was seen.
    after = np.minimum(np.searchsorted(distinct, inner, side="right"), len(distinct) - 1)
    ends = [distinct[0], *distinct[after], np.nextafter(distinct[-1], np.inf)]
    cuts = np.unique(np.array(ends))
    unseen = distinct if close and _are_unseen(known, window) else None
    return Levels(name, cuts=cuts, is_number=True, known=unseen)


def _are_unseen(reference: Floats, window: Floats) -> bool:
    """Whether the window has far more values that the reference never had than time alone brings.

    What time brings is the share of such values in the later half of the reference against its
    earlier half: weather, say, has new values each day, a distance has not.
    """
    half = len(reference) // 2
    early, late = np.unique(reference[:half]), reference[half:]
    rows = window[~np.isnan(window)]
    if not len(early) or not len(rows):
        return False
    usual = (float((~_is_among(late, early)).sum()) + 3) / len(late)
    return bool((~_is_among(rows, np.unique(reference))).mean() > UNSEEN_RATIO * usual)


def _is_among(values: Floats, known: Floats) -> NDArray[np.bool_]:
    place = np.minimum(np.searchsorted(known, values), len(known) - 1)
    found: NDArray[np.bool_] = known[place] == values
    return found


def _text(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(value)


@dataclass(frozen=True, eq=False)
class Encoded:
    """Labelled rows of one side: the level of each feature, shape (n, d), and the loss, shape (n,)."""

    codes: Index
    loss: Floats

    @property
    def n(self) -> int:
        """How many rows."""
        return len(self.loss)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> Encoded:
        """Return the rows at some places, or those of a mask."""
        return Encoded(np.asfortranarray(self.codes[index]), self.loss[index])

    def spread(self, limit: int) -> Encoded:
        """Return at most `limit` rows, evenly spread."""
        return self if self.n <= limit else self.take(np.arange(limit) * self.n // limit)


def encode(rows: Rows, loss: Floats, levels: Sequence[Levels]) -> Encoded:
    """Return the rows that have a loss; NaN is a row without a label."""
    known = ~np.isnan(loss)
    codes = np.empty((int(known.sum()), len(levels)), dtype=np.int64, order="F")
    for at, each in enumerate(levels):
        codes[:, at] = each.code(rows)[known]
    return Encoded(codes, loss[known])
