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
    """Return the share of values that are of a category the reference never had.

    A sample that does not hold every category says itself how much it lacks: the share of its rows that
    are the only ones of their category is what the next row is new by, however it was drawn. That is
    the baseline.

    Source:
        Good (1953), The population frequencies of species and the estimation of population
        parameters, Biometrika 40, doi:10.1093/biomet/40.3-4.237 (the Good-Turing estimate).
    """
    if facts.reference.kind != "categorical" or not facts.is_comparable:
        return None
    if not facts.production.n or not facts.reference.n:
        return None
    new = sum(new_categories(facts).values())
    once = int((facts.reference.counts == 1).sum())
    return risen(Share(new, facts.production.n), Share(once, facts.reference.n))


METRIC = QualityMetric(
    name="new_category_rate",
    label="New category rate",
    unit="share of values",
    kinds=frozenset(("categorical",)),
    threshold=0.01,
    source="Azure ML OutOfBoundsRate of text columns, without its rewriting of the set as text;"
    " less what the reference has not seen yet (Good 1953)",
    fix="A renamed code or a new business? Map it, or train on it: the model treats it as unknown.",
    of_feature=new_category_rate,
)
