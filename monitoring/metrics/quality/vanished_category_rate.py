"""Vanished category rate."""

from __future__ import annotations

from dataclasses import replace

from monitoring.metrics.quality_metric import FeatureFacts, Measured, QualityMetric, alone
from monitoring.statistics.rates import Share, all_among

LEVEL = 0.05


def vanished_categories(facts: FeatureFacts) -> dict[str, int]:
    """Return rows of the reference by category that production no longer has, most frequent first.

    Only categories whose absence is no chance at so many rows, with one test for each category.
    """
    return {label: n for label, (n, p) in _absent(facts).items() if p <= LEVEL}


def vanished_category_rate(facts: FeatureFacts) -> Measured | None:
    """Return the share of the reference's values whose category production no longer has.

    The p-value is that of the least likely absence: Fisher's exact test, times the categories.
    """
    reference, production = facts.reference, facts.production
    if reference.kind != "categorical" or not facts.is_comparable:
        return None
    if not reference.n or not production.n:
        return None
    found = alone(Share(sum(vanished_categories(facts).values()), reference.n))
    pvalue = min((p for _, p in _absent(facts).values()), default=1.0)
    return replace(
        found,
        rows=production.n,
        reference_rows=reference.n,
        pvalue=pvalue,
        method="Fisher's exact test of each absence, times the number of categories",
    )


def _absent(facts: FeatureFacts) -> dict[str, tuple[int, float]]:
    """Return rows of the reference and p-value by category that is absent from production."""
    here = {label for label, n in facts.production.counts_by_label().items() if n}
    counts = facts.reference.counts_by_label()
    n, m = facts.reference.n, facts.production.n
    gone = {
        label: (count, min(all_among(n, n + m, count) * len(counts), 1.0))
        for label, count in counts.items()
        if count and label not in here and (facts.lasting is None or label in facts.lasting)
    }
    return dict(sorted(gone.items(), key=lambda item: -item[1][0]))


METRIC = QualityMetric(
    name="vanished_category_rate",
    label="Vanished category rate",
    unit="share of the reference's values",
    kinds=frozenset(("categorical",)),
    threshold=0.02,
    source="Fisher (1922); Bonferroni over the categories",
    fix="Look for a renamed code among the new categories, or a source that stopped sending.",
    of_feature=vanished_category_rate,
)
