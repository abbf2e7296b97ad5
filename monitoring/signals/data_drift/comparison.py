"""Data drift: do the inputs of a model still look like its reference?

Two modes. `robust` compares profiles and alarms on a feature only if the effect exceeds its
threshold, stands above what chance does at that many rows, stays significant after adjustment for
the number of features, and rests on enough rows. `azureml` returns the numbers of Azure ML's own
monitor, and says where its job would fail.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from monitoring.arrays import Kind
from monitoring.counting.engine import counting, exact, tables
from monitoring.counting.engine.columns import kind_of
from monitoring.counting.profile import Profile
from monitoring.errors import InputError, MonitoringError
from monitoring.metric import STATUSES, MetricResult, Mode, Status
from monitoring.metrics.drift import HEADLINE, METRICS
from monitoring.metrics.drift_metric import Metric
from monitoring.place import WORKSPACE, Place
from monitoring.signals.data_drift.findings import Reference, Thresholds, judged
from monitoring.verdict import draft, judge
from monitoring.window import Window

SIGNAL = "data_drift"


def robust(
    reference: Mapping[str, Profile],
    production: Mapping[str, Profile],
    *,
    metrics: Collection[str] | None = None,
    thresholds: Thresholds | None = None,
    window: Window | None = None,
    signal: str = SIGNAL,
    place: Place = WORKSPACE,
) -> list[MetricResult]:
    """Judge every feature of the reference on every metric of its kind.

    Args:
        reference: Profile by feature.
        production: Profile by feature, on the reference's bins.
        metrics: Names of the metrics to compute; all by default.
        thresholds: By `metric` or `metric:kind`, where they differ from the default.
        window: What the production profiles cover.
        signal: Under which signal to report.
        place: Whose features they are.

    Returns:
        Results, features in the reference's order.
    """
    findings = Reference(reference).findings_of(production)
    return judged(
        findings, metrics=metrics, thresholds=thresholds, window=window, signal=signal, place=place
    )


def azureml(
    pairs: Iterable[exact.Pair],
    *,
    metrics: Collection[str] | None = None,
    thresholds: Thresholds | None = None,
    window: Window | None = None,
    signal: str = SIGNAL,
    place: Place = WORKSPACE,
) -> list[MetricResult]:
    """Return Azure ML's numbers, our verdict on them, and the verdict of its own evaluator.

    The evaluator lets a distance of NaN breach and a p-value of NaN pass, because Spark orders NaN
    above every number; to us NaN is not computed.
    """
    results = []
    for pair in pairs:
        for key, metric in METRICS.items():
            if metric.azureml is None or (metrics is not None and key not in metrics):
                continue
            if pair.kind is None or pair.kind in metric.kinds:
                measured = draft(
                    signal=signal,
                    metric=metric.name,
                    place=place.of(pair.feature),
                    kind=pair.kind,
                    threshold=metric.threshold(pair.kind, "azureml", thresholds, pair.feature),
                    worse=metric.azureml_worse,
                    unit=metric.azureml_reads,
                    mode="azureml",
                    window=window,
                    method=f"{metric.azureml_name}, rows with any null deleted",
                    reference_rows=pair.reference.n,
                    rows=pair.production.n,
                )
                results.append(_serviced(measured, metric, pair))
    return results


def _serviced(measured: MetricResult, metric: Metric, pair: exact.Pair) -> MetricResult:
    if pair.reason:
        return judge(measured, blind=("error", f"not computed by Azure ML: {pair.reason}"))
    if not min(pair.reference.n, pair.production.n):
        hint = "Leave out the features that are mostly null, or use the robust mode."
        reason = "not computed by Azure ML: no row is complete after it deletes rows with a null, 1 needed"
        failed = replace(measured, service_verdict="error", hint=hint)
        return judge(failed, blind=("not_enough_data", reason))
    try:
        value = metric.azureml(pair.reference, pair.production) if metric.azureml else math.nan
    except MonitoringError as error:
        failed = replace(measured, service_verdict="error", hint=error.hint)
        return judge(failed, blind=("error", f"not computed by Azure ML: {error.message}"))
    if math.isnan(value):
        service: Status = "breached" if measured.worse == "higher" else "ok"
        blind: tuple[Status, str] = "error", "Azure ML computes NaN"
        return judge(replace(measured, service_verdict=service), blind=blind)
    judged_ = judge(replace(measured, value=value))
    return replace(judged_, service_verdict=judged_.status)


def verdicts(results: Iterable[MetricResult]) -> dict[str, Status]:
    """Return one status per feature: that of its kind's headline metric where it was computed.

    Without the headline among the results, the worst status of the feature's metrics.
    """
    by_feature: dict[str, list[MetricResult]] = {}
    for result in results:
        by_feature.setdefault(result.subject, []).append(result)
    found: dict[str, Status] = {}
    for feature, group in by_feature.items():
        headline = [r for r in group if r.kind and r.metric == HEADLINE[r.kind]]
        found[feature] = min((r.status for r in headline or group), key=STATUSES.index)
    return found


def compare_files(
    reference: Path | str,
    production: Path | str,
    *,
    mode: Mode = "robust",
    features: Sequence[str] | None = None,
    metrics: Collection[str] | None = None,
    thresholds: Thresholds | None = None,
    progress: counting.Progress | None = None,
    stop: counting.Stop | None = None,
) -> list[MetricResult]:
    """Compare two files or folders, feature by feature.

    Columns that cannot be compared are in the results too, with the reason.

    Raises:
        InputError: A file cannot be read, or a named feature exists on neither side.
        Cancelled: `stop` said so.
    """
    with tempfile.TemporaryDirectory(prefix="leeway-") as folder:
        store = Path(folder)
        one = tables.open_table(reference, role="reference", store=store, progress=progress)
        two = tables.open_table(production, role="production", store=store, progress=progress)
        return compare_tables(
            one,
            two,
            mode=mode,
            features=features,
            metrics=metrics,
            thresholds=thresholds,
            progress=progress,
            stop=stop,
        )


def compare_values(
    reference: Mapping[str, Any], production: Mapping[str, Any], **options: Any
) -> list[MetricResult]:
    """Compare columns held in memory; `options` as for `compare_tables`.

    >>> import numpy as np
    >>> x = np.arange(1000.0)
    >>> verdicts(compare_values({"x": x}, {"x": x + 500}))
    {'x': 'breached'}
    """
    with tempfile.TemporaryDirectory(prefix="leeway-") as folder:
        one = tables.write_table(reference, Path(folder) / "reference.parquet")
        two = tables.write_table(production, Path(folder) / "production.parquet")
        return compare_tables(one, two, **options)


def compare_tables(
    reference: tables.Table,
    production: tables.Table,
    *,
    mode: Mode = "robust",
    features: Sequence[str] | None = None,
    metrics: Collection[str] | None = None,
    thresholds: Thresholds | None = None,
    kinds: Mapping[str, Kind] | None = None,
    progress: counting.Progress | None = None,
    stop: counting.Stop | None = None,
) -> list[MetricResult]:
    """Compare two tables, feature by feature. Raises as `compare_files`."""
    names, left_out = comparable(reference, production, features, mode=mode)
    if mode == "azureml":
        declared = {k: [n for n, kind in (kinds or {}).items() if kind == k] for k in HEADLINE}
        pairs = exact.pairs(reference, production, names, stop=stop, **declared)
        results = azureml(
            _ticked(pairs, len(names), progress), metrics=metrics, thresholds=thresholds
        )
    else:
        plan = counting.features(reference, names, kinds)
        unreadable = {name: feature.reason for name, feature in plan.items() if feature.reason}
        left_out = {**left_out, **unreadable}
        halves = [_half(progress, 0.0), _half(progress, 0.5)]
        before = counting.profile_reference(reference, plan, progress=halves[0], stop=stop)
        bins = {name: profile.bins for name, profile in before.items()}
        after = counting.profile(production, plan, bins, progress=halves[1], stop=stop)
        results = robust(before, after, metrics=metrics, thresholds=thresholds)
    return results + [refused(name, reason, mode) for name, reason in left_out.items()]


def comparable(
    reference: tables.Table,
    production: tables.Table,
    features: Sequence[str] | None = None,
    *,
    mode: Mode = "robust",
) -> tuple[list[str], dict[str, str]]:
    """Return the features to compare, and those that cannot be, with the reason.

    Raises:
        InputError: A feature is named that exists on neither side.
    """
    wanted = _wanted(reference, production, features)
    apart = {name: _apart(name, reference, production, mode) for name in wanted}
    left_out = {name: reason for name, reason in apart.items() if reason is not None}
    return [name for name in wanted if name not in left_out], left_out


def _wanted(
    reference: tables.Table, production: tables.Table, features: Sequence[str] | None
) -> list[str]:
    everything = [
        *reference.columns,
        *reference.rejected,
        *production.columns,
        *production.rejected,
    ]
    wanted = list(dict.fromkeys(everything if features is None else features))
    if unknown := [name for name in wanted if name not in everything]:
        raise InputError(
            f"Cannot compare {', '.join(map(repr, unknown))}: no such column in"
            f" {reference.name!r} or {production.name!r}",
            hint=f"The reference has {', '.join(list(reference.columns)[:8])}"
            + (" and more." if len(reference.columns) > 8 else "."),  # noqa: PLR2004
        )
    return wanted


def _apart(name: str, reference: tables.Table, production: tables.Table, mode: Mode) -> str | None:
    """Return why a column cannot be compared; None if it can."""
    for table in (reference, production):
        if name in table.rejected:
            return table.rejected[name]
    here, there = reference.columns.get(name), production.columns.get(name)
    if here is None or there is None:
        return f"only {'production' if here is None else 'the reference'} has this column"
    if mode == "robust" and not _same_family(here, there):
        return f"its type is {here} in the reference and {there} in production"
    return None


def _same_family(here: str, there: str) -> bool:
    one, two = kind_of(here), kind_of(there)
    return one == two or "null" in {here, there}


def refused(name: str, reason: str, mode: Mode) -> MetricResult:
    """Return the result of a column that cannot be compared."""
    prefix = "not computed by Azure ML: " if mode == "azureml" else ""
    column = draft(
        signal=SIGNAL,
        metric="",
        place=Place(feature=name),
        threshold=math.nan,
        mode=mode,
        hint="Give the column the same name and type on both sides, or leave it out.",
    )
    return judge(column, blind=("error", prefix + reason))


def _half(progress: counting.Progress | None, start: float) -> counting.Progress | None:
    if progress is None:
        return None
    return lambda share, text: progress(start + share / 2, text)


def _ticked(
    pairs: Iterable[exact.Pair], total: int, progress: counting.Progress | None
) -> Iterable[exact.Pair]:
    for done, pair in enumerate(pairs):
        if progress:
            progress(done / max(total, 1), f"{pair.feature}, {done + 1} of {total}")
        yield pair
