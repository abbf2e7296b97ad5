"""What the field's short words mean, for tooltips and the glossary."""

from __future__ import annotations

#: Term -> one or two sentences. Written as Markdown by us; nothing from outside may enter.
GLOSSARY = {
    "PSI": "Population stability index: how much the shares of rows per bin have moved between "
    "two samples. 0 is identical; 0.1 is often watched, 0.25 acted on.",
    "JS": "Jensen-Shannon distance: how unlike two distributions are, from 0 (identical) to 1 "
    "(nothing in common).",
    "KS": "Two-sample Kolmogorov-Smirnov test: the widest gap between two cumulative "
    "distributions, from 0 to 1.",
    "Wasserstein": "How far rows must move, on average, to turn one sample into the other; here "
    "in standard deviations of the reference.",
    "chi-squared": "Pearson's chi-squared test: whether the counts per category differ by more "
    "than chance.",
    "Hellinger": "Hellinger distance: how little two distributions overlap, from 0 to 1.",
    "total variation": "The share of rows that would have to change category or bin to make two "
    "samples alike, from 0 to 1.",
    "BH": "Benjamini-Hochberg: p-values adjusted for many features tested at once, so that false "
    "alarms stay a fixed small share of all alarms.",
    "p-value": "How often chance alone would give a difference at least as large.",
    "effect size": "How large a difference is, however many rows were compared.",
    "noise floor": "What 95 of 100 comparisons of two samples of this size stay below when "
    "nothing has changed.",
    "interval": "95 % confidence interval: the range of values that the data are compatible with.",
    "threshold": "The value beyond which a metric counts as breached.",
    "reference": "The data that production is compared with, usually what the model was trained on.",
    "production": "The data that the deployed model was asked about in the chosen window.",
    "data drift": "The incoming data look different from the reference. A suspect, not a verdict: "
    "the model may still answer well.",
    "prediction drift": "The model's answers are distributed differently from before.",
    "p50": "Half of all requests were at most this slow.",
    "p95": "95 of 100 requests were at most this slow.",
    "p99": "99 of 100 requests were at most this slow.",
    "RPS": "Requests per second.",
    "RPM": "Requests per minute.",
    "429": "Requests refused because the deployment had no room for them.",
    "424": "Requests that reached the container and failed there.",
}


def explain(term: str) -> str:
    """Return the tooltip of a term.

    >>> explain("RPS")
    'Requests per second.'
    """
    return GLOSSARY[term]
