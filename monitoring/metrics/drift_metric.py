"""What is known of a metric of drift."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from monitoring.arrays import Floats, Kind
from monitoring.azureml.sample import Sample
from monitoring.counting.totals.comparisons import Comparisons
from monitoring.errors import InputError, MonitoringError
from monitoring.metric import Mode, Worse


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a metric's `measure` function returns; arrays of shape (features,).

    value: the metric. low, high: its 95 % interval. noise_floor: what about 95 of 100 comparisons of
    two samples of this size stay below when nothing has changed. error_bound: how far binning can have
    moved the value; None when it is exact. undefined: why it has no value, by the feature's place.
    """

    value: Floats
    low: Floats
    high: Floats
    noise_floor: Floats
    error_bound: Floats | None = None
    undefined: Mapping[int, MonitoringError] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """All that is known of one drift metric, for both modes of judging.

    name: Azure ML's, in snake case. azureml_name: as in its results, None if it has none.
    unit: what one stands for. thresholds: default of the robust mode, for each kind of feature that it
    is made for; chosen so that the metrics agree on a shift of a fifth of a standard deviation or of
    five points of a category. by_cells: whether it reads the distribution functions at every cell;
    otherwise the histogram alone. azureml_threshold, azureml_worse: default and direction of the service. azureml_reads: what the service's number
    is where it differs from ours (a p-value).
    """

    name: str
    label: str
    unit: str
    thresholds: Mapping[Kind, float]
    bounds: tuple[float, float]
    source: str
    measure: Callable[[Comparisons], Measurement]
    by_cells: bool = False
    worse: Worse = "higher"
    azureml: Callable[[Sample, Sample], float] | None = None
    azureml_name: str | None = None
    azureml_threshold: float = 0.1
    azureml_worse: Worse = "higher"
    azureml_reads: str = "distance"

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of features that it is made for."""
        return frozenset(self.thresholds)

    def threshold(
        self,
        kind: Kind | None,
        mode: Mode,
        overrides: Mapping[str, float] | None = None,
        feature: str = "",
    ) -> float:
        """Return the threshold in force.

        An override of `name:feature`, else of `name:kind`, else of `name`, else the default.
        """
        for key in (f"{self.name}:{feature}", f"{self.name}:{kind}", self.name):
            if overrides and key in overrides:
                return overrides[key]
        if mode == "azureml" or kind is None:
            return self.azureml_threshold
        return self.thresholds[kind]


def parse_thresholds(texts: list[str], known: dict[str, Metric]) -> dict[str, float]:
    """Read `metric=value` pairs; `metric:kind=value` is for one kind of feature.

    Raises:
        InputError: A pair is malformed, names no metric, or its value is not a finite number.

    >>> parse_thresholds(["hellinger_distance=0.2"], {"hellinger_distance": None})
    {'hellinger_distance': 0.2}
    """
    thresholds = {}
    for text in texts:
        name, _, number = text.partition("=")
        name = name.strip()
        metric, _, kind = name.partition(":")
        if metric not in known or kind not in {"", "numerical", "categorical"}:
            raise InputError(
                f"Cannot set the threshold {text!r}: no metric is called {name!r}",
                hint=f"Choose one of {', '.join(sorted(known))}.",
            )
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(
                f"Cannot set the threshold of {name!r} to {number!r}",
                hint=f"Write it as {name}=0.1.",
            )
        thresholds[name] = value
    return thresholds
