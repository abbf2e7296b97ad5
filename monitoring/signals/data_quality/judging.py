"""Data quality: do the rows still look like rows the model was made for?

Two modes. `robust` compares each rate with the reference's and alarms if the increase exceeds its
threshold, its whole interval lies above 0, it stays significant after adjustment for the number of
features, and rests on enough rows. `azureml` (see `service_quality`) returns the numbers of Azure
ML's own monitor, and says where its job would fail.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from monitoring import verdict
from monitoring.arrays import Kind
from monitoring.counting.profile import MOST_CATEGORIES
from monitoring.errors import InputError
from monitoring.metric import MetricResult, Mode
from monitoring.metrics.quality import METRICS
from monitoring.metrics.quality_metric import (
    TABLE,
    FeatureFacts,
    Measured,
    QualityMetric,
    TableFacts,
    risen,
)
from monitoring.place import WORKSPACE, Place
from monitoring.statistics.chance import benjamini_hochberg
from monitoring.verdict import LEAST_ROWS, judge, too_few
from monitoring.window import Window

SIGNAL = "data_quality"
Thresholds = Mapping[str, float]
#: Feature and metric.
Key = tuple[str, str]


def robust(
    features: Mapping[str, FeatureFacts],
    table: TableFacts | None = None,
    *,
    metrics: Collection[str] | None = None,
    thresholds: Thresholds | None = None,
    window: Window | None = None,
    unusable: Mapping[str, str] | None = None,
    floors: Mapping[Key, float] | None = None,
    effects: Mapping[Key, float] | None = None,
    place: Place = WORKSPACE,
) -> list[MetricResult]:
    """Judge every feature, and the rows as a whole, on every metric that applies.

    Args:
        features: Facts by feature.
        table: Facts of the rows as a whole.
        metrics: Names of the metrics to compute; all by default.
        thresholds: By `metric` or `metric:feature`, where they differ from the default.
        window: What the facts cover.
        unusable: Features without facts, with the reason.
        floors: What ordinary days reach, by feature and metric; no more than that is no alarm.
        effects: Design effects by feature and metric, where rows hang together.
        place: Whose rows they are.

    Returns:
        Results, features in their order, then the rows as a whole.
    """
    chosen = _chosen(metrics)
    found = _of_features(features, chosen, place, thresholds, window, effects or {})
    if table:
        found |= _of_table(chosen, table, place.of(TABLE), thresholds, window)
    adjusted = _adjusted({key: m for key, (_, m) in found.items() if m})
    results = [
        _verdict(draft, measured, adjusted.get(key), thresholds, (floors or {}).get(key))
        for key, (draft, measured) in found.items()
    ]
    return results + [
        refused(place.of(name), why, "robust") for name, why in (unusable or {}).items()
    ]


def _chosen(metrics: Collection[str] | None) -> list[QualityMetric]:
    return [m for name, m in METRICS.items() if metrics is None or name in metrics]


def _applicable(metrics: Sequence[QualityMetric], facts: FeatureFacts) -> list[QualityMetric]:
    return [m for m in metrics if m.of_feature and facts.reference.kind in m.kinds]


#: What a metric found before it is judged, or a result that says why it found nothing.
_Found = tuple[MetricResult, Measured | None]


def _of_features(
    features: Mapping[str, FeatureFacts],
    metrics: Sequence[QualityMetric],
    place: Place,
    thresholds: Thresholds | None,
    window: Window | None,
    effects: Mapping[Key, float],
) -> dict[Key, _Found]:
    found: dict[Key, _Found] = {}
    for name, facts in features.items():
        for metric in _applicable(metrics, facts):
            draft = draft_of(metric, place.of(name), facts.reference.kind, thresholds, window)
            effect = effects.get((name, metric.name), 1.0)
            if pair := _of_feature(metric, draft, facts, effect):
                found[name, metric.name] = pair
    return found


def _of_feature(
    metric: QualityMetric, draft: MetricResult, facts: FeatureFacts, effect: float
) -> _Found | None:
    """Return what a metric found, or says of its silence; None if it has nothing to say."""
    measured = metric.of_feature(facts) if metric.of_feature else None
    if measured is None:
        silent = _silent(draft, facts)
        return (silent, None) if silent.reason else None
    if too_many := _too_many(facts, metric):
        return judge(draft, blind=("error", too_many)), None
    if measured.shares and effect > 1:
        measured = risen(*measured.shares, error_bound=measured.error_bound, effect=effect)
    return draft, measured


def _of_table(
    metrics: Sequence[QualityMetric],
    table: TableFacts,
    place: Place,
    thresholds: Thresholds | None,
    window: Window | None,
) -> dict[Key, _Found]:
    return {
        (TABLE, metric.name): (draft_of(metric, place, None, thresholds, window), measured)
        for metric in metrics
        if metric.of_table and (measured := metric.of_table(table))
    }


def draft_of(
    metric: QualityMetric,
    place: Place,
    kind: Kind | None,
    thresholds: Thresholds | None,
    window: Window | None,
    mode: Mode = "robust",
) -> MetricResult:
    """Return the result of a metric before anything was measured."""
    return verdict.draft(
        signal=SIGNAL,
        metric=metric.name,
        place=place,
        kind=kind,
        threshold=metric.allowed(place.feature, thresholds),
        worse=metric.worse,
        unit=metric.unit,
        mode=mode,
        window=window,
    )


def _silent(draft: MetricResult, facts: FeatureFacts) -> MetricResult:
    """Say why a metric that is made for this kind of feature found nothing."""
    if not facts.is_comparable:
        return draft  # its type changed: that is said by other metrics
    for role, profile in (("the reference", facts.reference), ("production", facts.production)):
        if not profile.n:
            counted = replace(
                draft, rows=facts.production.rows, reference_rows=facts.reference.rows
            )
            if not profile.rows:
                return judge(counted, blind=("no_data", f"{role} has no rows"))
            reason = f"every one of {profile.rows:,} rows of {role} is null"
            return judge(counted, blind=("not_enough_data", reason))
    return draft


def _too_many(facts: FeatureFacts, metric: QualityMetric) -> str:
    most = max(len(facts.reference.labels), len(facts.production.labels))
    if metric.kinds != {"categorical"} or most <= MOST_CATEGORIES:
        return ""
    return (
        f"more than {MOST_CATEGORIES:,} distinct texts: an identifier or free text, not a category"
    )


def _adjusted(found: Mapping[Key, Measured]) -> dict[Key, float]:
    """Return p-values adjusted for the number of features, metric by metric."""
    adjusted: dict[Key, float] = {}
    for metric in dict.fromkeys(metric for _, metric in found):
        keys = [key for key, m in found.items() if key[1] == metric and m.pvalue is not None]
        pvalues = [found[key].pvalue or 0.0 for key in keys]
        if pvalues:
            adjusted |= dict(zip(keys, benjamini_hochberg(pvalues), strict=True))
    return adjusted


def _verdict(
    draft: MetricResult,
    found: Measured | None,
    adjusted: float | None,
    thresholds: Thresholds | None,
    floor: float | None,
) -> MetricResult:
    if found is None:
        return draft
    metric = METRICS[draft.metric]
    allowed = metric.allowed(draft.place.feature, thresholds)
    measured = replace(
        draft,
        value=found.value,
        threshold=allowed if metric.worse == "lower" else found.baseline + allowed,
        interval=found.interval,
        noise_floor=floor,
        pvalue=found.pvalue,
        adjusted_pvalue=adjusted,
        error_bound=found.error_bound,
        rows=found.rows,
        reference_rows=found.reference_rows,
        method=found.method,
    )
    enough = found.needed
    if enough is None:
        enough = min(found.rows, found.reference_rows or found.rows)
    return judge(
        measured,
        few=too_few(enough, LEAST_ROWS),
        chance="the increase may be none" if found.rise and found.rise.low <= 0 else "",
        floor="so were several spells of the last two weeks",
    )


def refused(place: Place, reason: str, mode: Mode) -> MetricResult:
    """Return the result of a column that cannot be checked."""
    prefix = "not computed by Azure ML: " if mode == "azureml" else ""
    column = verdict.draft(
        signal=SIGNAL,
        metric="",
        place=place,
        threshold=math.nan,
        mode=mode,
        hint="Give the column the same name and type on both sides, or leave it out.",
    )
    return judge(column, blind=("error", prefix + reason))


def parse_thresholds(texts: Sequence[str]) -> dict[str, float]:
    """Read `metric=value` pairs; `metric:feature=value` is for one feature.

    Raises:
        InputError: A pair names no metric, or its value is not a finite number.

    >>> parse_thresholds(["null_value_rate:age=0.2"])
    {'null_value_rate:age': 0.2}
    """
    thresholds = {}
    for text in texts:
        name, _, number = text.rpartition("=")
        name = name.strip()
        if name.partition(":")[0] not in METRICS:
            raise InputError(
                f"Cannot set the threshold {text!r}: no metric is called {name!r}",
                hint=f"Choose one of {', '.join(sorted(METRICS))}.",
            )
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise InputError(
                f"Cannot set the threshold of {name!r} to {number!r}", hint=f"Write {name}=0.1."
            )
        thresholds[name] = value
    return thresholds
