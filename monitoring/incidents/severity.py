"""How much an incident matters: from the signal that breached and the share of requests it touched.

The rule, which is the product's own: requests that fail, are refused or are slow make it `high` from a
twentieth of the endpoint's requests on and `critical` from a quarter; a model that is wrong on a
twentieth or more is `high`; a trouble that callers may not feel yet (saturation, collection, quality,
drift, jobs) is `medium`, on fewer than a twentieth of the requests `low`; a state that costs money
or sight (cost, configuration) is `low`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitoring.incident import Breach
from monitoring.metric import MetricResult
from monitoring.place import Place
from monitoring.severity import Severity
from monitoring.signals import SIGNALS

CRITICAL_SHARE, HIGH_SHARE = 0.25, 0.05
#: Metrics by which requests are known to be hit, and the one of requests that are in no log.
HITS = frozenset({"error_rate", "client_error_rate", "latency_p95"})
NEVER_CAME = "requests_share"


def gravity(signal: str) -> int:
    """Return how little a signal means to the people served: 0 is the gravest."""
    known = SIGNALS.get(signal)
    return known.gravity if known else 1000


def is_felt(signal: str) -> bool:
    """Whether callers feel it."""
    return signal in SIGNALS and SIGNALS[signal].felt


def is_state(signal: str) -> bool:
    """Whether it costs money or sight, and hurts nobody yet."""
    return signal in SIGNALS and SIGNALS[signal].state


@dataclass(frozen=True, slots=True)
class Affected:
    """Share of the endpoint's requests that an incident touched, 0 to 1; None if nothing says so."""

    share: float | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests and failures by step, as the judged error rates tell them."""

    steps: tuple[MetricResult, ...]

    @classmethod
    def of(cls, results: Iterable[MetricResult]) -> Traffic:
        """Pick them from among all judged numbers, each request once: on the longest steps."""
        hits = [(r.window.length, r) for r in results if r.metric in HITS and r.window]
        longest = max((length for length, _ in hits), default=None)
        return cls(tuple(r for length, r in hits if length == longest))

    def affected(
        self, place: Place, breaches: Sequence[Breach], began: datetime, until: datetime
    ) -> Affected:
        """Return the share of the endpoint's requests: failed or slow ones, else those served meanwhile."""
        here = [
            r
            for r in self.steps
            if _overlaps(r, began, until) and r.place.endpoint == place.endpoint
        ]
        total = _requests(here)
        if not place.endpoint or not total:
            return Affected()
        own = [step for step in here if step.place == place]
        return _of_share(own, breaches, total)


def _of_share(own: Sequence[MetricResult], breaches: Sequence[Breach], total: int) -> Affected:
    metrics = {b.metric for b in breaches if is_felt(b.signal)} & {*HITS, NEVER_CAME}
    if metrics == {NEVER_CAME}:
        return Affected(None, "requests that never came are in no log")
    if metrics:
        return _hit_share(own, metrics, total)
    if any(is_state(each.signal) for each in breaches):
        return Affected()
    share = _requests(own) / total
    return Affected(share, f"{share:.0%} of the endpoint's requests were served by it")


def _overlaps(result: MetricResult, began: datetime, until: datetime) -> bool:
    window = result.window
    return window is not None and window.start < until and window.end > began


def _requests(steps: Iterable[MetricResult]) -> int:
    return sum(step.rows for step in steps if step.metric == "error_rate")


def _hit_share(steps: Iterable[MetricResult], metrics: Collection[str], total: int) -> Affected:
    share = min(sum(_hit(step) for step in steps if step.metric in metrics) / total, 1.0)
    at_least = "at least " if "latency_p95" in metrics else ""
    words = f"{at_least}{share:.1%} of the endpoint's requests failed, were refused or were slow"
    return Affected(share, words)


def _hit(result: MetricResult) -> float:
    """Return how many requests of a step were hit; where P95 is too slow, a twentieth were at least."""
    if result.metric == "latency_p95":
        return 0.05 * result.rows if result.status == "breached" else 0.0
    return (result.value or 0.0) * result.rows


def of(breaches: Sequence[Breach], affected: Affected) -> Severity:
    """Return the severity by the rule above.

    >>> of([], Affected())
    'low'
    """
    signals = {each.signal for each in breaches}
    if felt := set(filter(is_felt, signals)):
        return _of_felt(felt, affected.share)
    is_small = affected.share is not None and affected.share < HIGH_SHARE
    return "low" if is_small or all(map(is_state, signals)) else "medium"


def _of_felt(signals: Iterable[str], share: float | None) -> Severity:
    if share is None:
        return "high"
    fails = any(SIGNALS[name].respect == "infrastructure" for name in signals)
    if share >= CRITICAL_SHARE and fails:
        return "critical"
    return "high" if share >= HIGH_SHARE else "medium"
