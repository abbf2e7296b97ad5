"""PCA reconstruction error: how far rows lie from the plane that the reference lies in."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from monitoring.arrays import Floats
from monitoring.counting.rows import Rows
from monitoring.methods.multivariate.encoding import Frequencies
from monitoring.metric import Interval
from monitoring.statistics.intervals import Z

#: NannyML's default: as many components as hold this share of the reference's variance.
VARIANCE_KEPT = 0.65
#: NannyML's default number of chunks of the reference that the threshold comes from.
CHUNKS = 10
STANDARD_DEVIATIONS = 3.0


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """Principal components of a reference.

    components: shape (components, features). mean, scale: of each feature, in numbers of
    `frequencies`. errors: of the reference's own rows, in its order.
    """

    frequencies: Frequencies
    mean: Floats
    scale: Floats
    components: Floats
    errors: Floats

    @classmethod
    def learn(cls, reference: Rows) -> Reconstruction:
        """Learn from a reference: impute, count-encode, standardise, keep 65 % of the variance.

        Only the eigenvectors' span matters, so the result is the same on every machine to within
        rounding; nothing is drawn at random.

        Source:
            NannyML 0.13.1, nannyml/drift/multivariate/data_reconstruction/calculator.py.
        """
        frequencies = Frequencies.learn(reference)
        matrix = frequencies.matrix(reference)
        mean, spread = matrix.mean(axis=0), matrix.std(axis=0)
        scale = np.where(spread > 0, spread, 1.0)
        scaled = (matrix - mean) / scale
        values, vectors = np.linalg.eigh(scaled.T @ scaled)
        values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
        shares = np.cumsum(values) / max(values.sum(), 1e-300)
        kept = min(int(np.searchsorted(shares, VARIANCE_KEPT, side="right")) + 1, len(values))
        components = vectors[:, :kept].T
        return cls(frequencies, mean, scale, components, _errors(scaled, components))

    def of(self, rows: Rows) -> Floats:
        """Return the reconstruction error of each row, in standard deviations; shape (rows,)."""
        scaled = (self.frequencies.matrix(rows) - self.mean) / self.scale
        return _errors(scaled, self.components)

    def limits(self, chunks: int = CHUNKS) -> Interval:
        """Return mean +- 3 standard deviations of the mean error over chunks of the reference.

        The chunks are consecutive rows, so that a reference in order of time shows its own season.
        """
        means = np.array([chunk.mean() for chunk in np.array_split(self.errors, chunks)])
        half = STANDARD_DEVIATIONS * float(means.std())
        return Interval(max(float(means.mean()) - half, 0.0), float(means.mean()) + half)

    def noise(self, rows: int) -> float:
        """Return how far the mean error of that many rows strays by chance, 95 %."""
        variance = float(self.errors.var(ddof=1)) if len(self.errors) > 1 else 0.0
        return Z * math.sqrt(variance * (1 / len(self.errors) + 1 / rows))


def mean_interval(errors: Floats) -> Interval:
    """Return the 95 % interval of a mean error.

    >>> mean_interval(np.array([1.0, 1.0, 1.0]))
    Interval(low=1.0, high=1.0)
    """
    half = Z * float(errors.std(ddof=1)) / math.sqrt(len(errors)) if len(errors) > 1 else 0
    return Interval(max(float(errors.mean()) - half, 0.0), float(errors.mean()) + half)


def _errors(scaled: Floats, components: Floats) -> Floats:
    rest: Floats = scaled - (scaled @ components.T) @ components
    lengths: Floats = np.linalg.norm(rest, axis=1)
    return lengths
