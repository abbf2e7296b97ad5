"""Constant column."""

from __future__ import annotations

import numpy as np

from monitoring.counting.profile import Profile
from monitoring.metrics.quality_metric import KINDS, FeatureFacts, Measured, QualityMetric
from monitoring.statistics.rates import all_among


def is_constant(profile: Profile) -> bool:
    """Whether all values are the same; not without values."""
    if not profile.n or profile.infinite:
        return False
    if profile.kind == "categorical":
        return int(np.count_nonzero(profile.counts)) == 1
    return profile.minimum == profile.maximum


def constant_column(facts: FeatureFacts) -> Measured | None:
    """Return 1 if a column that varies in the reference has one value only, else 0.

    The p-value is the chance that all rows drawn from both sides together share that value.
    """
    reference, production = facts.reference, facts.production
    if not reference.n or not production.n or not facts.is_comparable:
        return None
    constant = is_constant(production) and not is_constant(reference) and facts.varies
    return Measured(
        value=float(constant),
        rows=production.n,
        reference_rows=reference.n,
        pvalue=_chance(facts) if constant else 1.0,
        method="exact chance that rows of both sides share one value",
    )


def _chance(facts: FeatureFacts) -> float:
    reference, production = facts.reference, facts.production
    if production.kind == "categorical":
        label = production.labels[int(np.argmax(production.counts))]
        same = reference.counts_by_label().get(label, 0)
    else:  # the cell may hold other values too, so the chance is no less than this
        same = int(reference.counts[int(np.argmax(production.counts))])
    return all_among(same + production.n, reference.n + production.n, production.n)


METRIC = QualityMetric(
    name="constant_column",
    label="Constant column",
    unit="1 if constant",
    kinds=KINDS,
    threshold=0.0,
    source="exact hypergeometric chance",
    fix="A default value or a stuck sensor: look at what fills this column.",
    of_feature=constant_column,
)
