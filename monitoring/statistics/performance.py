"""A metric of performance, measured: what intervals of differences, pools and spreads are made of."""

from __future__ import annotations

from dataclasses import dataclass

from monitoring.metric import Interval


@dataclass(frozen=True, slots=True)
class Performance:
    """A metric measured.

    value: the metric. error: its standard error; NaN where only the interval is known. interval: 95 %.
    rows: labelled rows (or classes' rows) that took part. bound: how far putting scores into cells can
    have moved the value; 0 when it is exact.
    """

    value: float
    error: float
    interval: Interval
    rows: int
    bound: float = 0.0
