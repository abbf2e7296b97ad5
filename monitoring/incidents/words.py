"""What metrics and signals are called in sentences."""

from __future__ import annotations

from monitoring.metric import MetricResult
from monitoring.signals import SIGNALS


def label_of(signal: str, metric: str) -> str:
    """Return the name of a metric for people.

    >>> label_of("traffic", "latency_p95"), label_of("unheard_of", "queue_depth")
    ('Latency P95', 'Queue depth')
    """
    known = SIGNALS.get(signal)
    return known.label(metric) if known else metric[:1].upper() + metric[1:].replace("_", " ")


def title_of(signal: str, metric: str) -> str:
    """Return what is wrong when a metric breaches.

    >>> title_of("traffic", "error_rate"), title_of("data_drift", "jensen_shannon_distance")
    ('requests fail', 'inputs have moved')
    """
    known = SIGNALS.get(signal)
    return known.breach_of(metric) if known else label_of(signal, metric).lower()


def figure(result: MetricResult) -> str:
    """Return value against threshold, as text.

    >>> from monitoring.place import WORKSPACE
    >>> figure(MetricResult(signal="traffic", metric="error_rate", place=WORKSPACE, status="breached",
    ...     threshold=0.01, value=0.1234, unit="share of requests"))
    '0.123 against 0.01 share of requests'
    """
    if result.value is None:
        return result.reason
    unit = f" {result.unit}" if result.unit else ""
    return f"{result.value:.3g} against {result.threshold:.3g}{unit}"
