"""What is in force at a place, for every signal: the last that users have decided, else the default."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from monitoring.decisions.stored import Decisions, StoredBaseline
from monitoring.place import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """What one signal of one place is held to, where that is not the product's own.

    baseline: None for the signal's default. thresholds: by `metric`, `metric:kind` or
    `metric:feature`. expected: what metrics of the model version should be, where a user says so.
    """

    baseline: StoredBaseline | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict, hash=False)
    expected: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def digest(self) -> str:
        """A short text that is another when anything in force is; empty for the defaults.

        >>> InForce().digest, len(InForce(thresholds={"accuracy": 0.9}).digest)
        ('', 16)
        """
        if self == DEFAULT:
            return ""
        rule = self.baseline and (self.baseline.rule.kind, self.baseline.rule.parameters)
        said = repr((rule, sorted(self.thresholds.items()), sorted(self.expected.items())))
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def threshold(self, metric: str, default: float) -> float:
        """Return the threshold of a metric."""
        return self.thresholds.get(metric, default)


#: Nobody has decided anything.
DEFAULT = InForce()


def by_place(
    decided: Mapping[tuple[str, str], Decisions] | None = None,
) -> Callable[[str, Place], InForce]:
    """Return what tells by signal and place what is in force there.

    Args:
        decided: By endpoint and deployment, what users have decided.

    >>> told = by_place({("Credit", "blue"): Decisions(drift_thresholds={"psi": 0.3})})
    >>> told("data_drift", Place(endpoint="credit", deployment="blue")).thresholds
    {'psi': 0.3}
    >>> told("cost", Place(cluster="cpu")) == DEFAULT
    True
    """
    known = {
        Place(endpoint=endpoint, deployment=deployment): of_decisions(decisions)
        for (endpoint, deployment), decisions in (decided or {}).items()
    }
    return lambda signal, place: known.get(place.whole, {}).get(signal, DEFAULT)


def of_decisions(decisions: Decisions) -> dict[str, InForce]:
    """Return by signal what users have decided for a deployment."""
    performance = InForce(
        thresholds=decisions.performance_thresholds, expected=decisions.benchmarks
    )
    return {
        "data_drift": InForce(baseline=decisions.baseline, thresholds=decisions.drift_thresholds),
        "model_performance": performance,
        "estimated_performance": performance,
    }
