"""Domain classifier: can anything tell production from the reference?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Floats
from monitoring.counting.rows import Rows
from monitoring.methods.multivariate.area_under_curve import FOLDS, Curve, curve, pvalue
from monitoring.methods.multivariate.encoding import code_matrices
from monitoring.metric import Interval
from monitoring.statistics.intervals import Z

#: At most this many rows a side: more cost time and add nothing to an error of a few thousandths.
MOST_ROWS = 20_000
#: At least this many: below, the classifier has too little to learn from (Rabanser et al., 2019).
LEAST_ROWS = 300
#: The reference is all but free of repeated rows when this share is distinct.
MOSTLY_DISTINCT = 0.9
#: Tenths of each side that a halved sample alternates between.
BLOCKS = 10


@dataclass(frozen=True, eq=False)
class Separation:
    """What the classifier made of two sets of rows.

    matrix: both, the reference first, shape (n + m, features). is_production, fold, score: of each
    row; a score comes from the classifier that has not seen the row's fold. classifiers: by fold.
    """

    names: tuple[str, ...]
    matrix: Floats
    is_production: NDArray[np.bool_]
    fold: NDArray[np.int64]
    score: Floats
    classifiers: tuple[Any, ...]

    @property
    def curve(self) -> Curve:
        """The curve of the out-of-fold scores."""
        return curve(self.score[~self.is_production], self.score[self.is_production])

    @property
    def interval(self) -> Interval:
        """95 % interval of the area under it."""
        found = self.curve
        half = Z * found.error()
        return Interval(max(found.area - half, 0.0), min(found.area + half, 1.0))

    @property
    def pvalue(self) -> float:
        """How often chance alone tells them apart as well."""
        m = int(self.is_production.sum())
        return pvalue(self.curve.area, len(self.score) - m, m)


def domain_classifier(reference: Rows, production: Rows) -> Separation:
    """Learn to tell two sets of rows apart, and score each row by a classifier that has not seen it.

    Gradient-boosted trees, 5 folds, all out-of-fold scores pooled. A fold is a stretch of
    consecutive rows of each side: at random, the neighbours in time of a row would give it away (on
    the flights, an hour by its weather), and any two windows could be told apart. For rows without
    an order it is the same as folds at random. Nulls are told apart from values.

    Source:
        Lopez-Paz and Oquab (2017), arXiv 1610.06545; NannyML 0.13.1 (LightGBM with the same numbers
        of trees and leaves, folds at random).
    """
    one, two = code_matrices(reference, production)
    matrix = np.asfortranarray(np.concatenate([one, two]))
    sides = np.repeat([False, True], [reference.n, production.n])
    fold = np.concatenate([stretches(reference.n, FOLDS), stretches(production.n, FOLDS)])
    score = np.empty(len(matrix))
    classifiers = []
    with one_thread():
        for each in range(FOLDS):
            out = fold == each
            classifier = _fitted(matrix[~out], sides[~out], reference)
            score[out] = classifier.decision_function(matrix[out])
            classifiers.append(classifier)
    return Separation(reference.names, matrix, sides, fold, score, tuple(classifiers))


def one_thread() -> Any:
    """Keep OpenMP to one thread: on a busy machine its threads wait for each other."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # noqa: PLC0415

    return threadpool_limits(limits=1)


def stretches(n: int, parts: int) -> NDArray[np.int64]:
    """Return the part that each of n consecutive rows belongs to.

    >>> stretches(6, 3).tolist()
    [0, 0, 1, 1, 2, 2]
    """
    return np.arange(n) * parts // n


def drift_magnitude(reference: Rows, production: Rows, *, seed: int = 0) -> tuple[float, Interval]:
    """Matthews correlation of a classifier on the half that it has not seen, and its 95 % interval.

    0 when the two cannot be told apart, 1 when perfectly, slightly negative by chance: the *drift
    magnitude* of Azure ML's dataset monitors v1 (retired in 2025), which parted the halves at random.
    Here they alternate by tenths of the rows in order, for the reason given at `domain_classifier`.

    Source:
        azureml-datadrift 1.62.0, _datadiff.py.
    """
    one, two = code_matrices(reference, production)
    matrix = np.concatenate([one, two])
    sides = np.repeat([False, True], [reference.n, production.n])
    blocks = np.concatenate([stretches(reference.n, BLOCKS), stretches(production.n, BLOCKS)])
    seen = blocks % 2 == 0
    with one_thread():
        said = _fitted(matrix[seen], sides[seen], reference).predict(matrix[~seen])
    pairs = sides[~seen] * 2 + said.astype(bool)
    counts = np.bincount(pairs, minlength=4)
    draws = np.random.default_rng(seed).multinomial(counts.sum(), counts / counts.sum(), 1000)
    low, high = np.quantile(matthews_correlation(draws), [0.025, 0.975])
    return float(matthews_correlation(counts)), Interval(float(low), float(high))


def matthews_correlation(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return it for counts of (true, said) = (no, no), (no, yes), (yes, no), (yes, yes) in the last axis.

    >>> float(matthews_correlation(np.array([5, 0, 0, 5]))), float(matthews_correlation(np.array([4, 4, 4, 4])))
    (1.0, 0.0)
    """
    tn, fp, fn, tp = np.moveaxis(np.asarray(counts, dtype=np.float64), -1, 0)
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return np.where(product > 0, (tp * tn - fp * fn) / np.sqrt(np.maximum(product, 1e-300)), 0.0)


def without_repeats(reference: Rows, production: Rows) -> tuple[Rows, Rows, int]:
    """Count equal rows once where the reference has hardly any; also say how many were left out.

    A question that is asked again is recognised, which is no difference between the windows. Where
    the reference repeats itself too (few features, few values), frequencies are what matters.
    """
    first = reference.distinct()
    if len(first) < MOSTLY_DISTINCT * reference.n:
        return reference, production, 0
    kept = production.distinct()
    left_out = reference.n - len(first) + production.n - len(kept)
    return reference.take(first), production.take(kept), left_out


def _fitted(matrix: Floats, sides: NDArray[np.bool_], rows: Rows) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - slow to import

    known = [rows.names.index(name) for name in rows.categorical]
    classifier = HistGradientBoostingClassifier(
        max_iter=100,
        max_leaf_nodes=31,
        learning_rate=0.1,
        min_samples_leaf=20,
        categorical_features=known or None,
        early_stopping=False,
        random_state=0,
    )
    return classifier.fit(matrix, sides)
