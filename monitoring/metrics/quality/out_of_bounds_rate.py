"""Out of bounds rate."""

from __future__ import annotations

import numpy as np

from monitoring.counting.profile import NumericalBins, Profile, intervals
from monitoring.metrics.quality_metric import FeatureFacts, Measured, QualityMetric, risen
from monitoring.statistics.rates import Share


def out_of_bounds_rate(facts: FeatureFacts) -> Measured | None:
    """Return the share of values below or above the bounds; None where there are no bounds.

    Bounds are inclusive: the reference's least and greatest value, which are cuts of the cells, so
    that the count is exact; or a user's, where one cell at each bound is uncertain. Infinite values
    are out of bounds. Nothing is filled in before. Times have no bounds but a user's.
    """
    bins = facts.reference.bins
    if not isinstance(bins, NumericalBins) or not facts.is_comparable:
        return None
    if facts.is_time and not facts.bounds:
        return None
    low, high = facts.bounds or (bins.low, bins.high)
    if not np.isfinite([low, high]).any():
        return None
    production, unsure = outside(facts.production, low, high)
    reference, _ = outside(facts.reference, low, high)
    if not production.rows or not reference.rows:
        return None
    return risen(production, reference, error_bound=unsure / production.rows)


def outside(profile: Profile, low: float, high: float) -> tuple[Share, int]:
    """Return values out of bounds among all values, and how many more might be, in cells cut by one."""
    bins = profile.bins
    values = profile.rows - profile.nulls
    if not isinstance(bins, NumericalBins):
        return Share(0, values), 0
    cells = intervals(bins, on_lattice=profile.on_lattice)
    below = np.where(cells.single, cells.left < low, cells.right <= low)
    out = below | (cells.left > high)
    after = np.nextafter(high, np.inf)
    cut = ~out & ~cells.single & ((cells.left < low) | (cells.right > after))
    cut &= (np.maximum(cells.left, profile.minimum) < low) | (
        np.minimum(cells.right, profile.maximum) > high
    )
    hits = int(profile.counts[out].sum()) + profile.infinite
    return Share(hits, values), int(profile.counts[cut].sum())


METRIC = QualityMetric(
    name="out_of_bounds_rate",
    label="Out of bounds rate",
    unit="share of values",
    kinds=frozenset(("numerical",)),
    threshold=0.02,
    source="Azure ML OutOfBoundsRate, which fills nulls before",
    fix="Compare units and defaults with the training data; the model never saw such values.",
    of_feature=out_of_bounds_rate,
    azureml_name="OutOfBoundsRate",
)
