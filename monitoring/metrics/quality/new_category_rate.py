"""New category rate."""

from __future__ import annotations

from monitoring.metrics.quality_metric import FeatureFacts, Measured, QualityMetric, risen
from monitoring.statistics.rates import Share


def new_categories(facts: FeatureFacts) -> dict[str, int]:
    """Return rows of production by category that the reference never had, most frequent first."""
    counts = facts.production.counts_by_label()
    new = {label: n for label, n in counts.items() if n and label not in facts.known}
    return dict(sorted(new.items(), key=lambda item: -item[1]))


def new_category_rate(facts: FeatureFacts) -> Measured | None:
    """Return the share of values that are of a category the reference never had."""
    if facts.reference.kind != "categorical" or not facts.is_comparable:
        return None
    if not facts.production.n or not facts.reference.n:
        return None
    new = sum(new_categories(facts).values())
    return risen(Share(new, facts.production.n), Share(0, facts.reference.n))


METRIC = QualityMetric(
    name="new_category_rate",
    label="New category rate",
    unit="share of values",
    kinds=frozenset(("categorical",)),
    threshold=0.01,
    source="Azure ML OutOfBoundsRate of text columns, without its rewriting of the set as text",
    fix="A renamed code or a new business? Map it, or train on it: the model treats it as unknown.",
    of_feature=new_category_rate,
)
