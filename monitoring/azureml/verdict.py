"""When the service's own evaluator calls a metric breached.

Source: Azure/azureml-assets at 4b41f8ccbc,
model_monitor_evaluate_metrics_threshold/evaluate_metrics_threshold.py.
"""

from __future__ import annotations

import math

#: Below its threshold each of these is a breach; every other metric, accuracy too, is one above.
LOWER_IS_WORSE = frozenset(
    {
        "TwoSampleKolmogorovSmirnovTest",
        "PearsonsChiSquaredTest",
        "NormalizedDiscountedCumulativeGain",
        *(
            f"Aggregated{name}PassRate"
            for name in ("Coherence", "Groundedness", "Fluency", "Similarity", "Relevance")
        ),
        *(
            f"Average{name}Score"
            for name in ("Coherence", "Groundedness", "Fluency", "Similarity", "Relevance")
        ),
    }
)


def is_service_breach(metric: str, value: object, threshold: object) -> bool:
    """Whether the service would alert on a number: strictly beyond, NaN above every number.

    Text is read as a number; what is none, or missing, never breaches. So accuracy alerts when it
    is high, a distance of NaN alerts, a p-value of NaN does not, and the gain without a threshold
    (which the service writes as NaN) always does.

    >>> is_service_breach("JensenShannonDistance", 0.2, 0.1), is_service_breach("Accuracy", 0.95, 0.9)
    (True, True)
    >>> is_service_breach("PearsonsChiSquaredTest", "0.01", 0.05), is_service_breach("x", None, 0.1)
    (True, False)
    """
    one, two = _double(value), _double(threshold)
    if one is None or two is None:
        return False
    if metric in LOWER_IS_WORSE:
        return _is_above(two, one)
    return _is_above(one, two)


def _is_above(one: float, two: float) -> bool:
    """Order as Spark does: NaN equals NaN and is greater than any other number."""
    if math.isnan(one):
        return not math.isnan(two)
    return one > two


def _double(value: object) -> float | None:
    try:
        return float(str(value)) if value is not None else None
    except ValueError:
        return None
