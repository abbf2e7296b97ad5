"""A change of a mean loss laid on who came, on the relation, on missing values and on features.

With L the mean loss, P the reference, Q the window, Q_in its rows that the reference covers (a share
1 - o), and w the weights that give P the features of Q_in:

    L(Q) - L(P) = (1 - o) (L(wP) - L(P))          mix: other rows came
                + (1 - o) (L(Q_in) - L(wP))       relation: like rows fared differently
                + o (L(Q_out) - L(P))             unexplained: rows without a counterpart

which is exact. Mix is laid on features in two steps. First, as Oaxaca and Blinder do: the loss in
the reference is fitted by a sum of one number a level, and a level earns that number times the
change of its share. What the sum leaves over (interactions) is laid on features by the
Aumann-Shapley value: w is a product of one factor a feature, all are raised from power 0 to 1, and
each earns what its growth adds on the way. What the levels of null earn is shown apart as missing
values. Relation is laid on features by `by_place`.

Source:
    Cai, Namkoong and Yadlowsky (2023), Diagnosing model performance under distribution shift,
    arXiv:2303.02011, for the split; Blinder (1973), doi:10.2307/144855; Aumann and Shapley (1974), Values of non-atomic games; Sundararajan
    and Najmi (2020), arXiv:1908.08474, for its use on features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from monitoring.arrays import Floats, Index
from monitoring.errors import NotEnoughData
from monitoring.methods.root_cause.levels import Encoded, Levels
from monitoring.methods.root_cause.mix import Usual, path, usual_loss
from monitoring.methods.root_cause.relation import Side, by_place, places
from monitoring.methods.root_cause.support import Support, grouped, merged, support
from monitoring.methods.root_cause.tilting import OneHot, Tilt, tilt
from monitoring.metric import Interval
from monitoring.progress import Progress
from monitoring.verdict import LEAST_ROWS

Part = Literal["mix", "missing", "relation", "unexplained"]
PARTS: tuple[Part, ...] = get_args(Part)
#: Fewer labelled rows than this on either side and nothing is laid on anything.
LEAST_LABELLED = 300
#: Rows a side that are read closely; more change the third digit.
MOST_ROWS = 20_000
REPLICATES = 200
#: Points at which the path from no weights to full weights is looked at.
NODES, REPLICATE_NODES = 24, 5


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the change in the loss's unit, with its 95 % bootstrap interval."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class FeatureShare:
    """What of the change goes with one feature.

    parts: by part. levels: what of mix and missing goes with each of its levels, the largest first.
    """

    feature: str
    parts: dict[Part, Share]
    levels: tuple[tuple[str, float], ...] = ()

    @property
    def weight(self) -> float:
        """How much it has to do with the change, in whatever direction."""
        return sum(abs(share.value) for share in self.parts.values())

    @property
    def value(self) -> float:
        """Sum of its parts."""
        return sum(share.value for share in self.parts.values())


@dataclass(frozen=True, eq=False)
class Attribution:
    """A change and what it goes with.

    change: window less reference. parts: they sum to the change. features: by weight; with `alike`,
    the part of relation that no feature's levels tell apart, they sum to the change. outside_share:
    of the window's rows, without a counterpart. effective_rows: of the reference after weighting.
    gap: the largest difference of a share that weighting leaves, and where. rows, reference_rows:
    labelled rows read; of_rows: labelled rows that there are on both sides.
    """

    change: Share
    reference_loss: float
    loss: float
    parts: dict[Part, Share]
    features: tuple[FeatureShare, ...]
    alike: Share
    outside_share: float
    effective_rows: float
    gap: tuple[float, str]
    reference_rows: int
    rows: int
    of_rows: tuple[int, int] = (0, 0)
    places: tuple[str, ...] = field(default=())


def attribute(
    reference: Encoded,
    window: Encoded,
    levels: Sequence[Levels],
    *,
    replicates: int = REPLICATES,
    seed: int = 0,
    progress: Progress | None = None,
) -> Attribution:
    """Lay the change of the mean loss on parts and features.

    Args:
        levels: Of each feature, by which both are encoded.
        replicates: Bootstrap draws behind the intervals.

    Raises:
        NotEnoughData: A side has fewer than 300 labelled rows.
    """
    if min(reference.n, window.n) < LEAST_LABELLED:
        raise NotEnoughData(
            f"Cannot lay the change on features: {reference.n:,} labelled rows in the reference "
            f"period, {window.n:,} in the window, {LEAST_LABELLED} needed in each",
            hint="Choose longer periods, or a wider segment.",
        )
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # noqa: PLC0415

    # The matrices are small: on a busy machine threads would wait for each other, 50 times longer.
    with threadpool_limits(limits=1):
        split = _Split.of(reference.spread(MOST_ROWS), window.spread(MOST_ROWS), levels)
        whole = split.estimate(None, NODES)
        drawn = _replicates(split, replicates, np.random.default_rng(seed), progress)
        return _described(split, levels, whole, drawn, (reference.n, window.n))


def _replicates(
    split: _Split, replicates: int, random: np.random.Generator, progress: Progress | None
) -> Floats:
    """Return the estimates for rows drawn with replacement on both sides, shape (replicates, ...)."""
    drawn = []
    for done in range(replicates):
        if progress and done % 10 == 0:
            progress(done / replicates, f"Interval: draw {done} of {replicates}")
        one, two = (
            np.bincount(random.integers(0, n, n), minlength=n).astype(np.float64)
            for n in (split.reference.n, split.window.n)
        )
        drawn.append(split.estimate((one, two), REPLICATE_NODES).vector())
    return np.array(drawn)


@dataclass(frozen=True, eq=False)
class _Estimate:
    """One estimate: numbers by level, feature and part.

    mix: by level, shape (length,). relation, unexplained: by feature, shape (d,). alike, losses:
    numbers. nulls: which levels are those of null, shape (length,).
    """

    mix: Floats
    relation: Floats
    alike: float
    unexplained: Floats
    reference_loss: float
    loss: float
    starts: Index
    nulls: Floats

    def by_feature(self) -> Floats:
        """Return mix, missing, relation and unexplained of each feature, shape (d, 4)."""
        begin = self.starts[:-1]
        null = np.add.reduceat(self.mix * self.nulls, begin)
        mix = np.add.reduceat(self.mix * (1 - self.nulls), begin)
        return np.column_stack([mix, null, self.relation, self.unexplained])

    def vector(self) -> Floats:
        """Return change, alike, the four parts and each feature's, flat."""
        table = self.by_feature()
        parts = table.sum(axis=0)
        parts[2] += self.alike
        change = self.loss - self.reference_loss
        return np.concatenate([[change, self.alike], parts, table.ravel()])


@dataclass(frozen=True, eq=False)
class _Split:
    """Both sides, the window's covered rows, and the weights; what a bootstrap draw starts from."""

    reference: Encoded
    window: Encoded
    rows: OneHot
    inside: OneHot
    found: Support
    tilt: Tilt
    chosen: tuple[int, ...]
    nulls: Floats
    usual: Usual

    @classmethod
    def of(cls, reference: Encoded, window: Encoded, levels: Sequence[Levels]) -> _Split:
        sizes = tuple(each.size for each in levels)
        rows, all_ = OneHot(reference.codes, sizes), OneHot(window.codes, sizes)
        found = support(rows, all_)
        inside = OneHot(np.asfortranarray(window.codes[~found.outside]), sizes)
        nulls = np.zeros(rows.length)
        nulls[[rows.starts[j] + each.missing for j, each in enumerate(levels)]] = 1.0
        m = max(len(inside.codes), 1)
        covered = len(inside.codes) >= LEAST_ROWS
        shares = inside.sums() / m if covered else rows.sums() / reference.n
        weights = tilt(rows, shares, min(reference.n, m))
        usual = usual_loss(rows, reference.loss)
        chosen: tuple[int, ...] = ()
        if covered:
            left = reference.loss - rows.score(usual.by_level)
            fared = window.loss[~found.outside] - inside.score(usual.by_level)
            chosen = places(Side(rows, left, weights.weights), Side(inside, fared, np.ones(m)))
        return cls(reference, window, rows, inside, found, weights, chosen, nulls, usual)

    def estimate(self, counts: tuple[Floats, Floats] | None, nodes: int) -> _Estimate:
        """Return the estimate for all rows once, or for rows drawn so many times."""
        one, two = counts or (np.ones(self.reference.n), np.ones(self.window.n))
        inside = ~self.found.outside
        m, m_in = float(two.sum()), float(two[inside].sum())
        reference_loss = float(one @ self.reference.loss) / float(one.sum())
        mix, relation, alike = np.zeros(self.rows.length), np.zeros(len(self.rows.sizes)), 0.0
        if m_in and len(self.inside.codes) >= LEAST_ROWS:
            mix, parts, alike = self._covered(one, two[inside], nodes, is_draw=counts is not None)
            relation[list(parts)] = list(parts.values())
        share = m_in / m
        lost = two * (self.window.loss - reference_loss) / m
        return _Estimate(
            mix=mix * share,
            relation=relation * share,
            alike=alike * share,
            unexplained=lost @ self.found.blame,
            reference_loss=reference_loss,
            loss=float(two @ self.window.loss) / m,
            starts=self.rows.starts,
            nulls=self.nulls,
        )

    def _covered(
        self, one: Floats, two: Floats, nodes: int, *, is_draw: bool
    ) -> tuple[Floats, dict[int, float], float]:
        """Return mix by level, relation by feature and its rest, for the rows of the window inside.

        What the levels predict is taken out of the loss on both sides and handed to mix as it is;
        weights are then asked for the remainder only, so that an error in them counts little.
        """
        usual, factors = self.usual, self.tilt.factors
        shares = self.inside.sums(two) / two.sum()
        if is_draw:
            usual = usual.drawn(self.rows, self.reference.loss, one)
            weights = one * self.tilt.weights
            factors = self.tilt.moved(self.rows.sums(weights) / weights.sum(), shares)
        left = self.reference.loss - self.rows.score(usual.by_level)
        mix, weights = path(self.rows, left, factors, one, nodes)
        mix += (shares - self.rows.sums(one) / one.sum()) * usual.by_level
        fared = self.window.loss[~self.found.outside] - self.inside.score(usual.by_level)
        sides = Side(self.rows, left, weights), Side(self.inside, fared, two)
        return mix, *by_place(*sides, self.chosen)

    def gap(self) -> tuple[float, int, int]:
        """Return the largest difference that weighting leaves in the shares of groups of two features."""
        groups = merged(self.rows)
        one, two = grouped(self.rows, groups), grouped(self.inside, groups)
        n, m = self.tilt.weights.sum(), max(len(self.inside.codes), 1)
        worst = (0.0, 0, 0)
        for i in range(len(one.sizes)):
            for j in range(i + 1, len(one.sizes)):
                left = one.pair(i, j, self.tilt.weights) / n - two.pair(i, j) / m
                worst = max(worst, (float(np.abs(left).sum()) / 2, i, j))
        return worst


def _described(
    split: _Split,
    levels: Sequence[Levels],
    whole: _Estimate,
    drawn: Floats,
    of_rows: tuple[int, int],
) -> Attribution:
    values = whole.vector()
    low, high = values, values
    if len(drawn):
        low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    shares = [Share(float(v), Interval(float(a), float(b))) for v, a, b in zip(values, low, high, strict=True)]  # fmt: skip
    features = []
    for j, each in enumerate(levels):
        begin = 2 + len(PARTS) * (j + 1)
        own = dict(zip(PARTS, shares[begin : begin + len(PARTS)], strict=True))
        features.append(FeatureShare(each.feature, own, _levels(each, whole.mix[split.rows.of(j)])))
    features.sort(key=lambda each: (-each.weight, each.feature))
    gap, i, j = split.gap()
    names = dict.fromkeys(levels[k].feature for k in (i, j) if levels)
    return Attribution(
        change=shares[0],
        reference_loss=whole.reference_loss,
        loss=whole.loss,
        parts=dict(zip(PARTS, shares[2 : 2 + len(PARTS)], strict=True)),
        features=tuple(features),
        alike=shares[1],
        outside_share=split.found.share,
        effective_rows=split.tilt.effective_rows,
        gap=(gap, " and ".join(names)),
        reference_rows=split.reference.n,
        rows=split.window.n,
        of_rows=of_rows,
        places=tuple(levels[j].feature for j in split.chosen),
    )


def _levels(levels: Levels, values: Floats) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-np.abs(values), kind="stable")
    return tuple((levels.label(int(at)), float(values[at])) for at in order[:3] if values[at])
