"""Normalized discounted cumulative gain of importances: does production rank features alike?"""

from __future__ import annotations

import numpy as np

from monitoring.arrays import Floats
from monitoring.errors import NotEnoughData, SchemaMismatch

#: Azure ML's name, and the default threshold of its SDK.
AZUREML_NAME = "NormalizedDiscountedCumulativeGain"
THRESHOLD = 0.9


def normalized_discounted_cumulative_gain(reference: Floats, production: Floats) -> float | Floats:
    """Return how much of the reference's importance production still ranks first; 1 is all of it.

    The gain is the reference's importance itself, discounted by 1 / log2(rank + 1) with the rank in
    production; tied ranks share the mean discount. Divided by what the reference's own order gives.
    It does not depend on the scale of the importances, and is close to 1 by construction where one
    feature dominates. A reference without any importance gives 0.

    Args:
        reference: Shape (features,), or (draws, features) for many at once.
        production: The same shape, aligned by feature.

    Raises:
        NotEnoughData: There is one feature only, which cannot be ranked.
        SchemaMismatch: The shapes differ.

    Source:
        Jarvelin and Kekalainen (2002), doi:10.1145/582415.582418; ties by McSherry and Najork (2008);
        same as scikit-learn's `ndcg_score` and Azure ML's compute_feature_attribution_drift.py.

    >>> round(normalized_discounted_cumulative_gain(np.array([1.2, 0, .1, 3]), np.array([.2, 3.7, 3, .1])), 6)
    0.513544
    """
    if reference.shape != production.shape:
        raise SchemaMismatch(
            f"Cannot compare importances of {reference.shape[-1]} features with"
            f" {production.shape[-1]}",
            hint="Compute both on the same features.",
        )
    if reference.shape[-1] < 2:  # noqa: PLR2004 - one feature has no rank
        raise NotEnoughData(
            "Cannot rank one feature", hint="Feature attribution drift needs two features or more."
        )
    one, two = np.atleast_2d(reference), np.atleast_2d(production)
    gains, ideal = _gains(one, two), _gains(one, one)
    found = np.where(ideal > 0, gains / np.where(ideal > 0, ideal, 1.0), 0.0)
    return float(found[0]) if reference.ndim == 1 else found


def _gains(relevance: Floats, ranking: Floats) -> Floats:
    """Return the discounted gain of each line, ties averaged; shapes (draws, features) to (draws,)."""
    features = relevance.shape[1]
    total = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(features) + 2))])
    order = np.argsort(-ranking, axis=1, kind="stable")
    ranked = -np.take_along_axis(ranking, order, axis=1)
    gain = np.take_along_axis(relevance, order, axis=1)
    found = np.empty(len(relevance))
    for line in range(len(relevance)):
        values = ranked[line]
        first = np.searchsorted(values, values, side="left")
        last = np.searchsorted(values, values, side="right")
        discount = (total[last] - total[first]) / (last - first)
        found[line] = gain[line] @ discount
    return found
