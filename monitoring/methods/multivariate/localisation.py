"""Which features, or which pair of them, tell two windows apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Floats
from monitoring.methods.multivariate.area_under_curve import FOLDS, Curve, curve
from monitoring.methods.multivariate.domain_classifier import Separation, one_thread
from monitoring.metric import Interval
from monitoring.statistics.intervals import Z

#: Rows whose scores are looked at again with a feature shuffled.
MOST_ROWS = 4_000
#: Pairs are sought among the features whose relation to the others matters most.
MOST_IN_PAIRS = 6
#: A part of the area that is worth naming.
LEAST_EFFECT = 0.02


@dataclass(frozen=True, slots=True)
class Telling:
    """How much area the classifier loses without one feature.

    lost: when its values are shuffled over both windows: everything it says. relation: when they are
    shuffled within each window: its own distribution stays, only its relation to the others is
    broken. own: the rest, which its own distribution says.
    """

    feature: str
    lost: float
    interval: Interval
    relation: float
    relation_interval: Interval

    @property
    def own(self) -> float:
        """What its own distribution says."""
        return self.lost - self.relation


@dataclass(frozen=True, slots=True)
class Pair:
    """Two features whose relation has changed.

    kept: how much more of the area they keep when shuffled together than alone. is_relation_only:
    whether their own distributions say next to nothing.
    """

    one: str
    two: str
    kept: float
    is_relation_only: bool


@dataclass(frozen=True, slots=True)
class Localisation:
    """Features by how much they tell, most first, and the pair whose relation tells most."""

    features: tuple[Telling, ...]
    pair: Pair | None
    rows: int


def localise(separation: Separation, *, seed: int = 0) -> Localisation:
    """Return which features tell the two sides apart: permutation importance, out of fold.

    No classifier is trained again. Each row is scored by the classifier that has not seen it, with
    the values of a feature taken from other rows of its fold.

    Source:
        Breiman (2001), doi:10.1023/A:1010933404324; the split into own distribution and relation
        follows from where the values are shuffled.
    """
    sight = _Sight.of(separation, np.random.default_rng(seed))
    found = []
    for column, name in enumerate(separation.names):
        lost, error = sight.base.lost(sight.curve([column], within=False))
        relation, its_error = sight.base.lost(sight.curve([column], within=True))
        found.append(
            Telling(name, lost, _interval(lost, error), relation, _interval(relation, its_error))
        )
    pair = _pair(sight, found, separation.names)
    found.sort(key=lambda telling: (-telling.lost, telling.feature))
    return Localisation(tuple(found), pair, len(sight.rows))


@dataclass(frozen=True, eq=False)
class _Sight:
    """Some rows of each fold, and two orders to shuffle them by."""

    separation: Separation
    rows: NDArray[np.int64]
    anywhere: NDArray[np.int64]
    within_side: NDArray[np.int64]
    base: Curve

    @classmethod
    def of(cls, separation: Separation, random: np.random.Generator) -> _Sight:
        keep = np.sort(_some(separation, random))
        fold = separation.fold[keep]
        side = separation.is_production[keep]
        anywhere = _shuffled(fold, random)
        within = _shuffled(fold * 2 + side, random)
        base = _curve(separation.score[keep], side)
        return cls(separation, keep, keep[anywhere], keep[within], base)

    def curve(self, columns: Sequence[int], *, within: bool) -> Curve:
        """Return the curve with these columns taken, together, from other rows."""
        separation = self.separation
        matrix = separation.matrix[self.rows]
        source = self.within_side if within else self.anywhere
        matrix[:, columns] = separation.matrix[source][:, columns]
        fold = separation.fold[self.rows]
        score = np.empty(len(matrix))
        with one_thread():
            for each in range(FOLDS):
                here = fold == each
                score[here] = separation.classifiers[each].decision_function(matrix[here])
        return _curve(score, separation.is_production[self.rows])


def _some(separation: Separation, random: np.random.Generator) -> NDArray[np.int64]:
    """Return places of at most MOST_ROWS rows, as many of either side where both have enough."""
    sides = [np.flatnonzero(separation.is_production == side) for side in (False, True)]
    smaller = min(len(side) for side in sides)
    most = max(MOST_ROWS // 2, MOST_ROWS - smaller)
    return np.concatenate([random.permutation(side)[:most] for side in sides])


def _shuffled(group: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """Return an order that moves rows within their group only."""
    ordered = np.argsort(group, kind="stable")
    mixed = np.lexsort((random.random(len(group)), group))
    places = np.empty(len(group), dtype=np.int64)
    places[ordered] = mixed
    return places


def _curve(score: Floats, is_production: NDArray[np.bool_]) -> Curve:
    return curve(score[~is_production], score[is_production])


def _interval(value: float, error: float) -> Interval:
    return Interval(value - Z * error, value + Z * error)


def _pair(sight: _Sight, found: Sequence[Telling], names: Sequence[str]) -> Pair | None:
    """Return the pair that keeps most of the area when it is shuffled together."""
    candidates = [
        telling
        for telling in found
        if telling.relation > LEAST_EFFECT and telling.relation_interval.low > 0
    ]
    candidates.sort(key=lambda telling: -telling.relation)
    best: tuple[float, Telling, Telling] | None = None
    for one, two in combinations(candidates[:MOST_IN_PAIRS], 2):
        places = [names.index(one.feature), names.index(two.feature)]
        lost, _ = sight.base.lost(sight.curve(places, within=True))
        kept = min(one.relation, two.relation) - lost
        if kept > LEAST_EFFECT and (best is None or kept > best[0]):
            best = kept, one, two
    if best is None:
        return None
    kept, one, two = best
    alone = all(each.own < max(LEAST_EFFECT, each.relation / 4) for each in (one, two))
    return Pair(one.feature, two.feature, kept, alone)
