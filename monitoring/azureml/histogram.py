"""The service's histograms: the bins behind its drift metrics.

Source: Azure/azureml-assets at 4b41f8ccbc, shared_utilities/histogram_utils.py (PySpark's
RDD.histogram) and model_monitor_compute_histogram/histogram.py.
"""

from __future__ import annotations

import math

import numpy as np

from monitoring.arrays import Counts, Floats
from monitoring.errors import InputError, NotEnoughData


def histogram_edges(reference: Floats, production: Floats, *, rows: tuple[int, int]) -> Floats:
    """Return the edges of the service's histogram, shape (bins + 1,).

    Equal widths over the merged range, ceil(log2(min(n, m)) + 1) bins. The last edge is computed, not
    set to the maximum, so the maximum can fall out by a rounding error.

    Raises:
        NotEnoughData: A side has no row.
        InputError: A value is infinite, or the range is too narrow for distinct edges.

    >>> histogram_edges(np.array([0.0, 4.0]), np.array([2.0, 8.0]), rows=(2, 2)).tolist()
    [0.0, 4.0, 8.0]
    """
    if not min(rows) or not len(reference) or not len(production):
        raise NotEnoughData("Cannot bin: one side has no row", hint="Choose a longer window.")
    bins = math.ceil(math.log2(min(rows)) + 1)
    low = min(float(reference.min()), float(production.min()))
    high = max(float(reference.max()), float(production.max()))
    if not math.isfinite(high - low):
        raise InputError(
            "Cannot bin infinite values: Azure ML's job fails on them",
            hint="Use the robust mode, which counts them apart.",
        )
    if low == high:
        reach = abs(low * 0.005) if low else 0.005
        return np.array([low - reach, low + reach])
    width = (high - low) / bins
    edges = np.array([low + width * i if i else low for i in range(bins + 1)])
    if len(np.unique(edges)) < len(edges):
        raise InputError(
            f"Cannot bin values between {low!r} and {high!r}: buckets should not contain duplicated"
            " values",
            hint="Use the robust mode; the feature hardly varies.",
        )
    return edges


def histogram_counts(values: Floats, edges: Floats) -> Counts:
    """Count values per bin as PySpark's RDD.histogram does, shape (bins,).

    Values outside the edges are skipped, the last bin is closed. With steps equal to within 1e-10
    (absolute) the bin is found by division, else by bisection; the two differ on values at edges.

    >>> histogram_counts(np.array([1.0, 2.0, 3.0, 9.0]), np.array([1.0, 2.0, 3.0])).tolist()
    [1, 2]
    """
    bins = len(edges) - 1
    inside = values[(values >= edges[0]) & (values <= edges[-1])]
    steps = np.diff(edges)
    if steps.max() - steps.min() < 1e-10:  # noqa: PLR2004 - PySpark's constant
        increment = (edges[-1] - edges[0]) / bins
        bin_ = ((inside - edges[0]) / increment).astype(np.int64)
    else:
        bin_ = np.searchsorted(edges, inside, side="right") - 1
    return np.bincount(np.minimum(bin_, bins - 1), minlength=bins).astype(np.int64)


def histograms(reference: Floats, production: Floats) -> tuple[Counts, Counts]:
    """Return the counts of both samples on the service's merged bins."""
    edges = histogram_edges(reference, production, rows=(len(reference), len(production)))
    return histogram_counts(reference, edges), histogram_counts(production, edges)
