"""What is in force at a place, for every signal: the last that users have decided, else the default."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from monitoring.decisions.stored import StoredBaseline


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
