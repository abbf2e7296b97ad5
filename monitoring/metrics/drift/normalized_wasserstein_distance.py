"""Normalized Wasserstein distance."""

from __future__ import annotations

import numpy as np

from monitoring.arrays import Floats
from monitoring.azureml.sample import Sample
from monitoring.counting.totals.comparisons import Comparisons
from monitoring.errors import MonitoringError, NotEnoughData
from monitoring.metrics.drift_metric import Measurement, Metric
from monitoring.statistics.chance import widened

#: The service's floor of the standard deviation, absolute, whatever the unit.
AZUREML_FLOOR = 0.001
#: 95 % point over mean of the integral of |B(F)|, B a Brownian bridge: 1.4 for uniform to 1.7 for
#: heavy tails in simulation; the larger, so that noise rarely passes for an effect.
NOISE_RATIO = 1.7


def wasserstein_distance(comparisons: Comparisons) -> tuple[Floats, Floats]:
    """Return the area between the two distribution functions, in the feature's unit, and its bound.

    Both are taken as straight inside a cell, and constant between cells that hold one value. The
    second number bounds the error: a cell's width times the shares that it hides.

    Returns:
        Arrays of shape (features,).

    Source:
        Ramdas, Garcia and Cuturi (2017), doi:10.3390/e19020047; same as
        scipy.stats.wasserstein_distance up to the bound.
    """
    cells, distance = comparisons.cells, comparisons.distance
    area = _dot(distance[:, 1:-1], cells.lever) - _crossed(comparisons)
    one, other = comparisons.reference.shares, comparisons.production.shares
    return area, _dot(one, cells.width) + _dot(other, cells.width)


def _dot(one: Floats, other: Floats) -> Floats:
    """Sum of products over the last axis, without a third array."""
    summed: Floats = np.einsum("...i,...i->...", one, other)
    return summed


def _crossed(comparisons: Comparisons) -> Floats:
    """Return what cells in which the two functions cross count too much, shape (features,).

    Between gaps a and b at the ends of a cell of width w, |the straight line| has the area
    w (|a| + |b|) / 2, less w |a b| / (|a| + |b|) if it crosses 0.
    """
    is_below, distance = comparisons.gap < 0, comparisons.distance
    changes = is_below[:, 1:] != is_below[:, :-1]
    row, at = np.divmod(np.flatnonzero(changes), changes.shape[1])
    start, end = distance[row, at], distance[row, at + 1]
    excess = start * end / (start + end) * comparisons.cells.width[row, at]
    return np.asarray(np.bincount(row, excess, minlength=len(changes)), np.float64)


def _scale(comparisons: Comparisons) -> tuple[Floats, dict[int, MonitoringError]]:
    """Return the unit of each feature, NaN where its reference has none, and why."""
    reference = comparisons.reference
    low, high = reference.margins.minimum, reference.margins.maximum
    spread = np.maximum(np.maximum(np.abs(low), np.abs(high)), 1.0)
    scale = np.maximum(reference.std, np.maximum(1e-9 * (high - low), 1e-12 * spread))
    undefined: dict[int, MonitoringError] = {
        int(at): NotEnoughData(
            f"Cannot scale {reference.layout.features[at]!r}: its reference has {reference.n[at]} row",
            hint="Choose a longer baseline.",
        )
        for at in np.flatnonzero(np.isnan(scale))
    }
    return scale, undefined


def _standard_error(comparisons: Comparisons, steps: Floats) -> Floats:
    """Return the delta method's, for a functional of distribution functions.

    The influence of a row at x is the integral of sign(F - G) from x on.
    """
    gap = comparisons.gap[:, 1:-1]
    signed = (
        (gap > 0).view(np.int8) - (gap < 0).view(np.int8)
    ) * steps  # np.sign takes 4 times as long
    reach = np.zeros((len(steps), steps.shape[1] + 1))
    np.cumsum(signed[:, ::-1], axis=-1, out=reach[:, -2::-1])
    stacks = comparisons.reference, comparisons.production
    means = [_dot(stack.shares, reach) for stack in stacks]
    square = np.square(reach, out=reach)
    variance = np.zeros(len(steps))
    for stack, mean in zip(stacks, means, strict=True):
        variance += np.maximum(_dot(stack.shares, square) - mean**2, 0.0) / stack.n
    error: Floats = np.sqrt(variance)
    return error


def _binomial_spread(comparisons: Comparisons) -> Floats:
    """sqrt(H (1 - H)) at the cuts between cells, H the distribution function of both samples pooled."""
    production_share = 1 / (comparisons.weight * comparisons.reference.n)
    below = comparisons.gap[:, 1:-1] * -production_share[:, None]
    below += comparisons.reference.below[:, 1:-1]
    below -= np.square(below)
    np.abs(below, out=below)  # rounding: -1e-17 is 0
    return np.sqrt(below, out=below)


def _measure(comparisons: Comparisons) -> Measurement:
    distance, bound = wasserstein_distance(comparisons)
    scale, undefined = _scale(comparisons)
    steps = comparisons.cells.steps
    spread = _dot(_binomial_spread(comparisons), steps)
    floor = NOISE_RATIO * np.sqrt(2 / np.pi * comparisons.weight) * spread / scale
    value, error = distance / scale, _standard_error(comparisons, steps) / scale
    low, high = widened(value, error, floor, bounds=(0.0, np.inf))
    return Measurement(value, low, high, floor, error_bound=bound / scale, undefined=undefined)


def _azureml(reference: Sample, production: Sample) -> float:
    from scipy.stats import wasserstein_distance as exact  # noqa: PLC0415 - 1 s to import

    values = reference.numbers
    deviation = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    with np.errstate(invalid="ignore"):
        distance = float(exact(values, production.numbers))
    return distance / max(deviation, AZUREML_FLOOR)


METRIC = Metric(
    name="normalized_wasserstein_distance",
    label="Normalized Wasserstein distance",
    unit="standard deviations of the reference",
    thresholds={"numerical": 0.2},
    bounds=(0.0, np.inf),
    source="Ramdas, Garcia and Cuturi (2017), doi:10.3390/e19020047",
    measure=_measure,
    by_cells=True,
    azureml=_azureml,
    azureml_name="NormalizedWassersteinDistance",
)
