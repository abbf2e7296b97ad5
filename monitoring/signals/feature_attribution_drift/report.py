"""Feature attribution drift: whether the registered model relies on other features than before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from monitoring.arrays import Floats
from monitoring.baselines.baseline import Baseline
from monitoring.counting.engine.counting import Feature
from monitoring.counting.engine.rows import comparable, read_rows
from monitoring.counting.engine.tables import Table
from monitoring.counting.rows import Rows
from monitoring.errors import NotEnoughData, SourceError
from monitoring.methods.attribution.normalized_discounted_cumulative_gain import (
    THRESHOLD,
    normalized_discounted_cumulative_gain,
)
from monitoring.methods.attribution.permutation_importance import (
    MOST_ROWS,
    Importances,
    permutation_importance,
)
from monitoring.methods.attribution.rank_changes import (
    RankChange,
    rank_changes,
    spearman,
    top_overlap,
)
from monitoring.metric import Interval, MetricResult
from monitoring.place import WORKSPACE, Place
from monitoring.progress import Progress, part
from monitoring.signals.model_performance.periods import by_day, unfinished, with_rows
from monitoring.verdict import draft, judge, too_few
from monitoring.window import Window

if TYPE_CHECKING:
    from monitoring.workspace.registered_model import RegisteredModel

SIGNAL = "feature_attribution_drift"
NDCG, SPEARMAN, OVERLAP = (
    "normalized_discounted_cumulative_gain",
    "importance_rank_correlation",
    "top_features_overlap",
)
LABELS = {NDCG: "NDCG", SPEARMAN: "Rank correlation (Spearman)", OVERLAP: "Overlap of the top 5"}
THRESHOLDS = {NDCG: THRESHOLD, SPEARMAN: 0.8, OVERLAP: 0.6}
MEASURES: Mapping[str, Callable[[Floats, Floats], float | Floats]] = {
    NDCG: normalized_discounted_cumulative_gain,
    SPEARMAN: spearman,
    OVERLAP: top_overlap,
}
METHODS = {
    NDCG: "of the importances, gain linear, ranked by production; threshold 0.9 as in Azure ML's SDK",
    SPEARMAN: "rank correlation of the importances; threshold 0.8 is ours, no source sets one",
    OVERLAP: "share of the reference's five most important features among production's;"
    " threshold 0.6: three of five",
}
HOW = (
    "importance: mean absolute change of the registered model's own answer when the feature is"
    " shuffled; no labels, no surrogate"
)
LEAST_ROWS = 100
DAY_ROWS = 500
DRAWS = 400


@dataclass(frozen=True, eq=False)
class AttributionReport:
    """What one run found.

    results: over the whole window, by metric. history: NDCG of each day. reference, production: the
    importances. ranks: in the reference's order.
    """

    model: str
    baseline: str
    window: Window
    results: Mapping[str, MetricResult]
    history: tuple[MetricResult, ...]
    reference: Importances
    production: Importances
    ranks: tuple[RankChange, ...]
    noted: Mapping[str, float]
    notes: tuple[str, ...] = ()
    taken: datetime | None = None


def run(
    model: RegisteredModel,
    baseline: Baseline,
    days: Mapping[date, Table],
    window: Window,
    *,
    thresholds: Mapping[str, float] | None = None,
    notes: tuple[str, ...] = (),
    taken: datetime | None = None,
    place: Place = WORKSPACE,
    progress: Progress | None = None,
) -> AttributionReport:
    """Compare what a model relies on for a window with what it relies on for a reference.

    Raises:
        SourceError: The model could not be opened.
        SchemaMismatch: A column that it wants was not collected.
        NotEnoughData: There are too few rows or features.
    """
    if model.estimator is None:
        raise SourceError(
            f"Cannot ask the model {model.name!r} what it relies on: {model.reason}",
            hint=model.hint,
        )
    days = with_rows(days)
    tell = part(progress, 0.0)
    features, left_out = comparable(baseline.plan, list(days.values()))
    wanted = _wanted(model, features)
    tell(0.0, "Reading rows")
    reference = read_rows([baseline.table], wanted, limit=MOST_ROWS)
    production = reference.take(np.arange(0))
    if days:
        production = read_rows([days[day] for day in sorted(days)], wanted, limit=MOST_ROWS)
    _expect_rows(model, reference, production)
    one = permutation_importance(model.predict, reference, progress=part(tell, 0.0, 0.2))
    two = permutation_importance(model.predict, production, progress=part(tell, 0.2, 0.4))
    judge = _Judge(one, {**THRESHOLDS, **(thresholds or {})}, place)
    history = []
    parted = by_day(days)
    for done, period in enumerate(parted):
        tell(0.4 + 0.6 * done / len(parted), f"{period}, day {done + 1} of {len(parted)}")
        rows = read_rows(period.tables, wanted, limit=DAY_ROWS)
        history.append(unfinished(judge.day(model, rows, period.window), taken))
    return AttributionReport(
        model.name,
        baseline.name,
        window,
        {name: judge.result(name, two, window) for name in MEASURES},
        tuple(history),
        one,
        two,
        rank_changes(one.features, one.means, two.means),
        model.importances,
        (*notes, *_notes(reference, production, left_out, model, parted)),
        taken,
    )


def _wanted(model: RegisteredModel, features: Mapping[str, Feature]) -> dict[str, Feature]:
    return {name: features[name] for name in model.features or features if name in features}


def _expect_rows(model: RegisteredModel, reference: Rows, production: Rows) -> None:
    if min(reference.n, production.n) < LEAST_ROWS:
        raise NotEnoughData(
            f"Cannot say what {model.name!r} relies on: {reference.n:,} rows of the reference,"
            f" {production.n:,} of production, {LEAST_ROWS} needed of each",
            hint="Choose a longer window.",
        )


def _notes(
    reference: Rows,
    production: Rows,
    left_out: Mapping[str, str],
    model: RegisteredModel,
    parted: tuple[object, ...],
) -> list[str]:
    wanted = model.features
    notes = [
        f"{name} is left out: {reason}."
        for name, reason in left_out.items()
        if wanted is None or name in wanted
    ]
    for side, rows in (("the reference", reference), ("production", production)):
        if rows.total > rows.n:
            notes.append(f"The model is asked about {rows.n:,} of {rows.total:,} rows of {side}.")
    if parted:
        notes.append(f"Each day by up to {DAY_ROWS:,} rows.")
    return notes


@dataclass(frozen=True, eq=False)
class _Judge:
    reference: Importances
    thresholds: Mapping[str, float]
    place: Place

    @cached_property
    def drawn(self) -> Floats:
        """Importances of samples of the reference."""
        return self.reference.draws(DRAWS, len(self.reference.changes), seed=1)

    def day(self, model: RegisteredModel, rows: Rows, window: Window) -> MetricResult:
        """Return the gain of a day."""
        if rows.n < LEAST_ROWS:
            few = too_few(rows.n, LEAST_ROWS)
            return judge(self._draft(NDCG, rows.n, window), blind=("not_enough_data", few))
        return self.result(NDCG, permutation_importance(model.predict, rows, shuffles=1), window)

    def result(self, metric: str, production: Importances, window: Window) -> MetricResult:
        """Return one measure with its interval by bootstrap of the rows on both sides, judged.

        Its floor is what samples of the reference itself, of as many rows, stay above in 95 of 100.
        """
        measure = MEASURES[metric]
        one, two = self.reference, production
        m = len(two.changes)
        value = float(measure(one.means, two.means))
        drawn = np.asarray(measure(self.drawn, two.draws(DRAWS, m, seed=2)))
        same = np.asarray(measure(self.drawn, one.draws(DRAWS, m, seed=3)))
        low, high = np.quantile(drawn, [0.025, 0.975])
        # Noise can only lower a gain, so that the draws may all lie below what they are drawn from.
        interval = Interval(min(float(low), value), max(float(high), value))
        measured = replace(
            self._draft(metric, m, window),
            value=value,
            interval=interval,
            noise_floor=float(np.quantile(same, 0.05)),
        )
        return judge(measured)

    def _draft(self, metric: str, rows: int, window: Window) -> MetricResult:
        return draft(
            signal=SIGNAL,
            metric=metric,
            place=self.place,
            threshold=self.thresholds[metric],
            worse="lower",
            unit="1 is the same order",
            method=f"{METHODS[metric]}; {HOW}",
            window=window,
            reference_rows=len(self.reference.changes),
            rows=rows,
        )
