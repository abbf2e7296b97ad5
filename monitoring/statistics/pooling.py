"""Partial pooling: what many small groups say of each other, so that chance does not pick the worst."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitoring.metric import Interval
from monitoring.statistics.intervals import Z
from monitoring.statistics.performance import Performance


@dataclass(frozen=True, slots=True)
class Pooled:
    """A group's value drawn towards the mean of all groups, as far as chance explains its distance.

    kept: share of its own distance that it keeps, 0 to 1.
    """

    value: float
    interval: Interval
    kept: float


def partially_pooled(groups: Sequence[Performance], *, is_share: bool = True) -> list[Pooled]:
    """Return each group's value shrunk by empirical Bayes.

    Groups are taken to vary around a common mean with a variance tau^2, and what is measured of them
    around that with its own. tau^2 is estimated by moments; each value moves towards the mean by the
    share v / (v + tau^2). The variance of a share is taken at the pooled rate, so that a group
    without a single hit is not taken for certain.

    Source:
        Efron and Morris (1975), doi:10.1080/01621459.1975.10479864; tau^2 by DerSimonian and Laird
        (1986), doi:10.1016/0197-2456(86)90046-2.

    >>> small = Performance(0.9, 0.1, Interval(0.6, 1.0), 10)
    >>> large = Performance(0.5, 0.01, Interval(0.48, 0.52), 2500)
    >>> other = Performance(0.6, 0.01, Interval(0.58, 0.62), 2400)
    >>> [round(each.value, 2) for each in partially_pooled([small, large, other])]
    [0.64, 0.5, 0.6]
    """
    y = np.array([group.value for group in groups])
    rows = np.array([group.rows for group in groups], dtype=np.float64)
    if is_share:
        rate = float((y @ rows + 0.5) / (rows.sum() + 1))
        v = rate * (1 - rate) / rows
    else:
        spread = float(np.sqrt(np.mean([g.error**2 * g.rows for g in groups])))
        v = np.maximum([g.error**2 for g in groups], (0.1 * spread) ** 2 / rows)
    v = np.maximum(v, 1e-300)
    w = 1 / v
    mean = float(w @ y / w.sum())
    surplus = float(w @ (y - mean) ** 2) - (len(y) - 1)
    tau2 = max(surplus / max(float(w.sum() - (w @ w) / w.sum()), 1e-300), 0.0)
    w = 1 / (v + tau2)
    mean, mean_variance = float(w @ y / w.sum()), 1 / float(w.sum())
    kept = tau2 / (v + tau2)
    value = mean + kept * (y - mean)
    error = np.sqrt(kept * v + (1 - kept) ** 2 * mean_variance)
    return [
        Pooled(float(x), _inside(float(x), float(e), is_share=is_share), float(k))
        for x, e, k in zip(value, error, kept, strict=True)
    ]


def _inside(value: float, error: float, *, is_share: bool) -> Interval:
    low, high = (0.0, 1.0) if is_share else (-math.inf, math.inf)
    return Interval(max(value - Z * error, low), min(value + Z * error, high))
