"""Which segments explain a change: each level of each feature, and pairs of the telling ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Floats
from monitoring.errors import NotEnoughData
from monitoring.explain.sides import Sides
from monitoring.methods.root_cause.levels import Levels
from monitoring.methods.root_cause.loss import Loss
from monitoring.methods.root_cause.tilting import OneHot
from monitoring.metric import Interval, MetricResult, Status
from monitoring.place import Place
from monitoring.segment import EVERYONE, Segment
from monitoring.statistics.chance import benjamini_hochberg
from monitoring.statistics.intervals import Z
from monitoring.verdict import FALSE_DISCOVERY_RATE, LEAST_ROWS, draft, judge, too_few
from monitoring.window import Window

SIGNAL = "segments"
#: Fewer labelled rows than this on either side and a segment gets no verdict.
#: Features whose pairs are asked too: those with the clearest levels.
PAIRED_FEATURES = 4
METHOD = (
    "share of the window's rows times change of the mean loss; p-value: its change against that of "
    "all other rows, adjusted for all segments asked"
)


@dataclass(frozen=True, slots=True)
class SegmentChange:
    """How a segment changed. `result` judges its impact: share times change.

    share, reference_share: of labelled rows. change: of the mean loss in the segment; None where a
    side has no row in it.
    """

    segment: Segment
    result: MetricResult
    share: float
    reference_share: float
    loss: float | None
    reference_loss: float | None
    change: float | None


@dataclass(frozen=True, slots=True)
class SegmentReport:
    """Segments by how much of a change they hold, those that stand out first."""

    loss: Loss
    note: str
    whole: SegmentChange
    changes: tuple[SegmentChange, ...]
    tested: int
    reference: Window | None = None
    window: Window | None = None

    @property
    def standing_out(self) -> tuple[SegmentChange, ...]:
        """Those that got worse, and more so than all other rows."""
        return tuple(each for each in self.changes if each.result.status == "breached")


def rank(
    both: Sides, *, reference: Window | None = None, window: Window | None = None
) -> SegmentReport:
    """Rank the levels of every feature, and pairs of the telling features, by what is out of proportion.

    A segment stands out when it got worse, its interval lies above 0, and its change is unlike that of
    all other rows (adjusted for all segments asked). It ranks by share times change less what its share
    of the whole change would be: otherwise the largest segment would always win.

    Raises:
        NotEnoughData: A side has fewer than 30 labelled rows.
    """
    if min(both.reference.n, both.window.n) < LEAST_ROWS:
        raise NotEnoughData(
            f"Cannot rank segments: {both.reference.n:,} labelled rows in the reference period, "
            f"{both.window.n:,} in the window, {LEAST_ROWS} needed in each",
            hint="Choose longer periods, or a wider segment.",
        )
    counted = _Counted.of(both)
    cells = counted.single()
    found = [*cells.labelled(both.levels), *counted.pairs(cells, both.levels)]
    tests = [each for each in found if each.pvalue is not None]
    adjusted = benjamini_hochberg([each.pvalue or 0.0 for each in tests])
    verdicts = {id(each): p for each, p in zip(tests, adjusted, strict=True)}
    changes = [
        each.judged(both.loss, counted.whole, verdicts.get(id(each)), window) for each in found
    ]
    whole = _Cell(EVERYONE, counted.whole, None).judged(both.loss, counted.whole, None, window)
    changes.sort(key=partial(_order, whole.change or 0.0))
    return SegmentReport(both.loss, both.note, whole, tuple(changes), len(tests), reference, window)


def _order(of_all: float, change: SegmentChange) -> tuple[int, float, str]:
    group = {"breached": 0, "ok": 1}.get(change.result.status, 2)
    beyond = 0.0 if change.change is None else change.share * (change.change - of_all)
    return group, -abs(beyond), change.result.subject


@dataclass(frozen=True, eq=False)
class _Sums:
    """Rows, sum of losses and of their squares on both sides; numbers or arrays of one shape."""

    n: Floats
    total: Floats
    squares: Floats

    def __sub__(self, other: _Sums) -> _Sums:
        return _Sums(self.n - other.n, self.total - other.total, self.squares - other.squares)

    def at(self, index: object) -> _Sums:
        """Return some of them; the first axis is the side."""
        where = (slice(None), *index) if isinstance(index, tuple) else (slice(None), index)
        return _Sums(self.n[where], self.total[where], self.squares[where])

    def means(self) -> Floats:
        """Return the mean loss on both sides, 0 without rows."""
        return self.total / np.maximum(self.n, 1)

    def change(self) -> Floats:
        """Return window less reference."""
        means: Floats = self.means()[1] - self.means()[0]
        return means

    def variance(self, usual: Floats) -> Floats:
        """Return the variance of the change.

        Args:
            usual: Variance of the loss over all rows, by side. Two rows of it join each segment, so
                that ten rows without an error are not taken for certain.
        """
        n = np.maximum(self.n, 1)
        shape = (2, *(1,) * (self.n.ndim - 1))
        own = np.maximum(self.squares - np.square(self.total) / n, 0.0)
        each = (own + 2 * usual.reshape(shape)) / (n + 2) / n
        summed: Floats = each.sum(axis=0)
        return summed


@dataclass(frozen=True, eq=False)
class _Cell:
    """A segment with its sums, shape (2,), and how surely it changed unlike the rest."""

    segment: Segment
    sums: _Sums
    pvalue: float | None
    excess: float = 0.0
    variance: float = 0.0

    def judged(
        self, loss: Loss, whole: _Sums, adjusted: float | None, window: Window | None
    ) -> SegmentChange:
        rows = self.sums.n.astype(int)
        reference_share, share = (float(v) for v in self.sums.n / np.maximum(whole.n, 1))
        means = self.sums.means()
        seen = self.sums.n > 0
        measured = draft(
            signal=SIGNAL,
            metric=loss.name,
            place=Place(feature=str(self.segment)),
            threshold=0.0,
            unit=f"part of the change of {loss.label.lower()}",
            method=METHOD,
            window=window,
            rows=int(rows[1]),
            reference_rows=int(rows[0]),
            pvalue=self.pvalue,
            adjusted_pvalue=adjusted,
        )
        change = float(means[1] - means[0]) if seen.all() else None
        if change is not None:
            usual = whole.squares / np.maximum(whole.n, 1) - np.square(whole.means())
            reach = Z * math.sqrt(float(self.sums.variance(usual)))
            interval = Interval(share * (change - reach), share * (change + reach))
            measured = replace(measured, value=share * change, interval=interval)
        few = too_few(int(rows.min()), LEAST_ROWS, "labelled rows")
        alike = (
            "it changed no more than the rest" if adjusted is not None and self.excess <= 0 else ""
        )
        blind: tuple[Status, str] | None = ("not_enough_data", few) if change is None else None
        result = judge(measured, by="interval", blind=blind, few=few, chance=alike)
        return SegmentChange(
            self.segment,
            result,
            share,
            reference_share,
            float(means[1]) if seen[1] else None,
            float(means[0]) if seen[0] else None,
            change,
        )


@dataclass(frozen=True, eq=False)
class _Cells:
    """Sums of all levels of all features, shape (2, length), and the test of each."""

    rows: OneHot
    sums: _Sums
    pvalues: Floats
    excess: Floats
    enough: NDArray[np.bool_]

    def labelled(self, levels: Sequence[Levels]) -> list[_Cell]:
        """Return those that can be asked for as a segment and hold rows of the window."""
        found = []
        for j, each in enumerate(levels):
            for code, condition in enumerate(each.conditions):
                at = int(self.rows.starts[j]) + code
                if condition is None or self.sums.n[1, at] < LEAST_ROWS:
                    continue
                pvalue = float(self.pvalues[at]) if self.enough[at] else None
                excess = float(self.excess[at])
                found.append(_Cell(Segment((condition,)), self.sums.at(at), pvalue, excess))
        return found


@dataclass(frozen=True, eq=False)
class _Counted:
    """Both sides by level."""

    reference: OneHot
    window: OneHot
    losses: tuple[Floats, Floats]
    whole: _Sums

    @classmethod
    def of(cls, both: Sides) -> _Counted:
        sizes = tuple(each.size for each in both.levels)
        encoded = both.reference, both.window
        loss = both.reference.loss, both.window.loss
        whole = _Sums(
            np.array([float(each.n) for each in encoded]),
            np.array([each.sum() for each in loss]),
            np.array([np.square(each).sum() for each in loss]),
        )
        return cls(OneHot(encoded[0].codes, sizes), OneHot(encoded[1].codes, sizes), loss, whole)

    def single(self) -> _Cells:
        """Count every level: one pass of `bincount` per feature and side."""
        both = (self.reference, self.losses[0]), (self.window, self.losses[1])
        sums = _Sums(
            np.array([each.sums() for each, _ in both]),
            np.array([each.sums(loss) for each, loss in both]),
            np.array([each.sums(np.square(loss)) for each, loss in both]),
        )
        return _Cells(self.window, sums, *self._tested(sums))

    def _tested(self, sums: _Sums) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Return p-value, excess over the rest's change, and whether rows suffice, by cell."""
        shape = (2, *(1,) * (sums.n.ndim - 1))
        whole = self.whole
        all_ = _Sums(
            whole.n.reshape(shape), whole.total.reshape(shape), whole.squares.reshape(shape)
        )
        pvalues, excess = _unlike(sums, all_ - sums, self.usual)
        return pvalues, excess, sums.n.min(axis=0) >= LEAST_ROWS

    @property
    def usual(self) -> Floats:
        """Variance of the loss by side."""
        usual: Floats = self.whole.squares / self.whole.n - np.square(self.whole.means())
        return usual

    def pairs(self, cells: _Cells, levels: Sequence[Levels]) -> list[_Cell]:
        """Return pairs of levels that changed unlike the rest of either of the two."""
        clear = np.where(cells.enough, cells.pvalues, 1.0)
        best = [float(clear[cells.rows.of(j)].min()) for j in range(len(levels))]
        chosen = sorted(np.argsort(best, kind="stable")[:PAIRED_FEATURES].tolist())
        found = []
        for i, j in combinations(chosen, 2):
            found += self._pair(cells, levels, i, j)
        return found

    def _pair(self, cells: _Cells, levels: Sequence[Levels], i: int, j: int) -> list[_Cell]:
        both = (self.reference, self.losses[0]), (self.window, self.losses[1])
        sums = _Sums(
            np.array([each.pair(i, j) for each, _ in both]),
            np.array([each.pair(i, j, loss) for each, loss in both]),
            np.array([each.pair(i, j, np.square(loss)) for each, loss in both]),
        )
        pvalues, excess, enough = self._tested(sums)
        of_i, of_j = cells.sums.at(cells.rows.of(i)), cells.sums.at(cells.rows.of(j))
        for parent in (_expanded(of_i, 2), _expanded(of_j, 1)):
            rest = parent - sums
            unlike, more = _unlike(sums, rest, self.usual)
            enough &= (rest.n.min(axis=0) >= LEAST_ROWS) & (unlike < FALSE_DISCOVERY_RATE)
            enough &= np.sign(more) == np.sign(excess)
        found = []
        for a, b in np.argwhere(enough).tolist():
            one, two = levels[i].conditions[a], levels[j].conditions[b]
            if one is not None and two is not None:
                segment = Segment((one, two))
                cell = _Cell(segment, sums.at((a, b)), float(pvalues[a, b]), float(excess[a, b]))
                found.append(cell)
        return found


def _expanded(sums: _Sums, axis: int) -> _Sums:
    return _Sums(*(np.expand_dims(each, axis) for each in (sums.n, sums.total, sums.squares)))


def _unlike(one: _Sums, other: _Sums, usual: Floats) -> tuple[Floats, Floats]:
    """Return the two-sided p-value that two groups of rows changed alike, and by how much more one did."""
    from scipy.special import erfc  # noqa: PLC0415 - 0.1 s that a start-up need not pay

    excess = one.change() - other.change()
    error = np.sqrt(one.variance(usual) + other.variance(usual))
    z = np.divide(np.abs(excess), error, out=np.zeros_like(excess), where=error > 0)
    pvalues: Floats = erfc(z / math.sqrt(2))
    return pvalues, excess
