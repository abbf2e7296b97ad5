"""Normalized Wasserstein distance."""

from __future__ import annotations

import numpy as np

from monitoring.chance import widened
from monitoring.comparison import Comparison
from monitoring.errors import NotEnoughData
from monitoring.metric import Measurement, Metric
from monitoring.profile import Floats
from monitoring.sample import Sample

#: The service's floor of the standard deviation, absolute, whatever the unit.
AZUREML_FLOOR = 0.001
#: 95 % point over mean of the integral of |B(F)|, B a Brownian bridge: 1.4 for uniform to 1.7 for
#: heavy tails in simulation; the larger, so that noise rarely passes for an effect.
NOISE_RATIO = 1.7


def wasserstein_distance(comparison: Comparison) -> tuple[float, float]:
    """Return the area between the two distribution functions, in the feature's unit, and its bound.

    Both are taken as straight inside a cell, and constant between cells that hold one value. The
    second number bounds the error: a cell's width times the shares that it hides.

    Source:
        Ramdas, Garcia and Cuturi (2017), doi:10.3390/e19020047; same as
        scipy.stats.wasserstein_distance up to the bound.
    """
    cells, gap = comparison.cells, comparison.gap
    p, q = comparison.shares
    width = cells.right - cells.left
    before = gap - (p - q)
    inside = _area(before, gap) * width
    between = np.abs(gap[:-1]) * np.maximum(cells.left[1:] - cells.right[:-1], 0.0)
    return float(inside.sum() + between.sum()), float((width * (p + q)).sum())


def _area(start: Floats, end: Floats) -> Floats:
    """Mean of |straight line| from `start` to `end` over a unit interval."""
    size = np.abs(start) + np.abs(end)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = np.where(size > 0, (start**2 + end**2) / (2 * size), 0.0)
    return np.where(start * end >= 0, size / 2, crossing)


def _scale(comparison: Comparison) -> float:
    reference = comparison.reference
    spread = max(abs(reference.minimum), abs(reference.maximum), 0.0)
    deviation = reference.std
    if deviation is None:
        raise NotEnoughData(
            f"Cannot scale {reference.feature!r}: its reference has {reference.n} row",
            hint="Choose a longer baseline.",
        )
    return max(deviation, 1e-9 * (reference.maximum - reference.minimum), 1e-12 * max(spread, 1.0))


def _measure(comparison: Comparison) -> Measurement:
    distance, bound = wasserstein_distance(comparison)
    scale = _scale(comparison)
    cells = comparison.cells
    p, q = comparison.shares
    # Influence of a row at x: the integral of sign(F - G) from x on. Its variance is the delta
    # method's, for a functional of distribution functions.
    width = np.diff(cells.right, prepend=cells.left[0])
    reach = np.cumsum((np.sign(comparison.gap) * np.append(width[1:], 0.0))[::-1])[::-1]
    variance = 0.0
    for share, profile in ((p, comparison.reference), (q, comparison.production)):
        mean = float(share @ reach)
        variance += max(float(share @ reach**2) - mean**2, 0.0) / profile.n
    pooled = np.cumsum(comparison.reference.counts + comparison.production.counts)
    f = pooled / pooled[-1]
    spread = float((np.sqrt(np.clip(f * (1 - f), 0, None))[:-1] * width[1:]).sum())
    floor = NOISE_RATIO * np.sqrt(2 / np.pi * comparison.weight) * spread / scale
    value = distance / scale
    error = float(np.sqrt(variance)) / scale
    interval = widened(value, error, float(floor), bounds=(0.0, np.inf))
    return Measurement(value, interval, float(floor), error_bound=bound / scale)


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
    azureml=_azureml,
    azureml_name="NormalizedWassersteinDistance",
)
