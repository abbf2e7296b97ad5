"""Outliers: rows unlike anything in the training data, how many, since when, and which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from monitoring.arrays import Floats
from monitoring.baselines.baseline import Baseline
from monitoring.counting.engine.counting import Feature
from monitoring.counting.engine.rows import comparable, read_rows
from monitoring.counting.engine.tables import Table
from monitoring.counting.rows import Rows
from monitoring.errors import NotEnoughData
from monitoring.kept.fits import fitted
from monitoring.methods.outliers.isolation_forest import CONTAMINATION, Forest
from monitoring.methods.outliers.training_range import TrainingRange
from monitoring.metric import MetricResult
from monitoring.place import WORKSPACE, Place
from monitoring.progress import Progress, part
from monitoring.signals.model_performance.periods import unfinished, with_rows
from monitoring.statistics.rates import Share, increase_pvalue
from monitoring.verdict import LEAST_ROWS, draft, judge, too_few
from monitoring.window import Window

SIGNAL = "outliers"
RANGE, FOREST = "outside_training_range_rate", "isolation_forest_outlier_rate"
LABELS = {RANGE: "Rows outside the training range", FOREST: "Outliers by isolation forest"}
#: A row in a hundred outside the range is worth a look; the forest's share may double.
THRESHOLDS = {RANGE: 0.01, FOREST: 2 * CONTAMINATION}
METHODS = {
    RANGE: "share of rows with a value outside the least and greatest of all training rows, or an"
    " unseen category, in any feature; nulls do not count",
    FOREST: f"share of rows that score above the {1 - CONTAMINATION:.0%} quantile of training rows"
    " which the forest has not seen; threshold is twice that share",
}
#: Rows of the reference that the forest is fitted and calibrated on, and of a day that are scored.
REFERENCE_ROWS = 20_000
DAY_ROWS = 100_000
#: Rows kept to look at, by each of the two orders.
ROWS_KEPT = 100
KEYS = ("correlationid", "time")


@dataclass(frozen=True, slots=True)
class Outside:
    """How many rows of a window lie outside the training range in one feature."""

    feature: str
    rows: int
    share: Share


@dataclass(frozen=True, slots=True)
class OutlierRow:
    """One row, and what is unlike training about it.

    outside: each feature with a value that training never had, in words. distance: how far the
    furthest of them lies beyond, in standard deviations of the training data. score: of the
    isolation forest. unusual: the feature furthest from its median, in interquartile ranges. inputs: its
    features.
    """

    key: str
    time: datetime | None
    score: float
    is_isolated: bool
    outside: tuple[str, ...]
    distance: float
    unusual: str
    unusual_distance: float
    inputs: Mapping[str, object]


@dataclass(frozen=True, eq=False)
class OutlierReport:
    """What one run found.

    results: over the whole window, by metric. history: by metric, for each day. outside: features by
    how many rows lie outside. by_score, by_range: the rows to look at first, by either order.
    """

    baseline: str
    window: Window
    results: Mapping[str, MetricResult]
    history: Mapping[str, tuple[MetricResult, ...]]
    outside: tuple[Outside, ...]
    by_score: tuple[OutlierRow, ...]
    by_range: tuple[OutlierRow, ...]
    cut: float
    notes: tuple[str, ...] = ()
    taken: datetime | None = None


def run(
    baseline: Baseline,
    days: Mapping[date, Table],
    window: Window,
    *,
    thresholds: Mapping[str, float] | None = None,
    notes: tuple[str, ...] = (),
    taken: datetime | None = None,
    place: Place = WORKSPACE,
    progress: Progress | None = None,
) -> OutlierReport:
    """Find rows unlike the reference.

    Raises:
        NotEnoughData: There is no row, or too few in the reference.
    """
    days = with_rows(days)
    features, left_out = comparable(baseline.plan, list(days.values()))
    _expect_enough(baseline, days, features)
    tell = part(progress, 0.0)
    tell(0.0, "Fitting the forest")
    search = _Search.of(baseline, features, {**THRESHOLDS, **(thresholds or {})}, place)
    found = []
    for done, day in enumerate(sorted(days)):
        tell(0.1 + 0.9 * done / len(days), f"{day:%d %b %Y}, day {done + 1} of {len(days)}")
        rows = read_rows([days[day]], features, limit=DAY_ROWS, keys=KEYS)
        found.append(search.day(rows, Window.day(day)))
    kept = [row for each in found for row in each.kept]
    return OutlierReport(
        baseline.name,
        window,
        {name: search.judged(name, _total(found, name), window) for name in THRESHOLDS},
        {name: search.history(name, found, taken) for name in THRESHOLDS},
        _by_feature(found),
        _by_score(kept),
        _by_range(kept),
        search.forest.cut,
        (*notes, *_said(found, left_out)),
        taken,
    )


def _expect_enough(
    baseline: Baseline, days: Mapping[date, Table], features: Mapping[str, Feature]
) -> None:
    if not days or not features or baseline.rows < 2 * LEAST_ROWS:
        raise NotEnoughData(
            f"Cannot look for outliers: {len(days)} days with data, {len(features)} comparable"
            f" features, {baseline.rows:,} rows of the reference",
            hint="Choose a longer window or a larger baseline.",
        )


def _said(days: Sequence[_Day], left_out: Mapping[str, str]) -> list[str]:
    said = [f"{name} is left out: {reason}." for name, reason in left_out.items()]
    if any(each.drawn < each.rows for each in days):
        said.append(f"Of days with more, {DAY_ROWS:,} rows are looked at, evenly drawn.")
    return said


def _by_score(rows: Iterable[OutlierRow]) -> tuple[OutlierRow, ...]:
    isolated = [row for row in rows if row.is_isolated]
    return tuple(sorted(isolated, key=lambda row: -row.score)[:ROWS_KEPT])


def _by_range(rows: Iterable[OutlierRow]) -> tuple[OutlierRow, ...]:
    outside = [row for row in rows if row.outside]
    return tuple(sorted(outside, key=lambda row: (-len(row.outside), -row.distance))[:ROWS_KEPT])


@dataclass(frozen=True, eq=False)
class _Day:
    window: Window
    rows: int
    drawn: int
    shares: Mapping[str, Share]
    outside: Mapping[str, int]
    kept: tuple[OutlierRow, ...]


@dataclass(frozen=True, eq=False)
class _Search:
    """Looks for outliers, and judges how many there are."""

    ranged: TrainingRange
    forest: Forest
    reference_rows: int
    thresholds: Mapping[str, float]
    place: Place

    @classmethod
    def of(
        cls,
        baseline: Baseline,
        features: Mapping[str, Feature],
        thresholds: Mapping[str, float],
        place: Place,
    ) -> _Search:
        """Learn what is usual from a baseline."""
        forest = fitted(
            ("forest", repr(features)),
            baseline.table.paths,
            lambda: Forest.fit(read_rows([baseline.table], features, limit=REFERENCE_ROWS)),
        )
        profiles = {name: p for name, p in baseline.profiles.items() if name in features}
        return cls(TrainingRange.of(profiles), forest, baseline.rows, thresholds, place)

    def day(self, rows: Rows, window: Window) -> _Day:
        """Count the outliers of a day and keep the rows to look at."""
        outside = self.ranged.outside(rows)
        masks = np.array([np.zeros(rows.n, dtype=bool), *outside.values()])
        scores = self.forest.scores(rows)
        distance = self._furthest(rows, outside)
        isolated = scores > self.forest.cut
        first = np.argsort(-scores, kind="stable")[:ROWS_KEPT]
        most = np.lexsort((-distance, -masks.sum(axis=0)))[:ROWS_KEPT]
        anywhere = np.logical_or.reduce(masks, axis=0)
        place = np.unique(np.concatenate([first[isolated[first]], most[anywhere[most]]]))
        kept = self._described(rows.take(place), scores[place], distance[place])
        shares = {
            RANGE: Share(int(np.count_nonzero(anywhere)), rows.n),
            FOREST: Share(int(isolated.sum()), rows.n),
        }
        counts = {name: int(mask.sum()) for name, mask in outside.items()}
        return _Day(window, rows.total, rows.n, shares, counts, kept)

    def history(
        self, metric: str, days: Sequence[_Day], taken: datetime | None
    ) -> tuple[MetricResult, ...]:
        """Return the share of each day; one that is not over gets no verdict."""
        each = (self.judged(metric, day.shares[metric], day.window) for day in days)
        return tuple(unfinished(result, taken) for result in each)

    def judged(self, metric: str, share: Share, window: Window) -> MetricResult:
        """Return a share of rows, judged against what the reference has itself."""
        usual, sure = self._usual(metric)
        enough = share.rows >= LEAST_ROWS
        measured = draft(
            signal=SIGNAL,
            metric=metric,
            place=self.place,
            threshold=self.thresholds[metric],
            unit="share of rows",
            method=METHODS[metric],
            window=window,
            reference_rows=int(sure.rows),
            rows=int(share.rows),
            value=share.rate if enough else None,
            interval=share.interval if enough else None,
            noise_floor=_chance_upper(usual, int(share.rows)) if enough else None,
            pvalue=increase_pvalue(share, sure) if enough else None,
        )
        few = too_few(int(share.rows), LEAST_ROWS)
        return judge(
            measured,
            blind=("not_enough_data", few) if few else None,
            tested="not significantly above the reference",
        )

    def _usual(self, metric: str) -> tuple[float, Share]:
        """Return the share that the reference has itself, and on how many rows that rests."""
        if metric == RANGE:
            n = self.reference_rows
            return self.ranged.chance, Share(round(self.ranged.chance * n), n)
        n = self.forest.held_out
        return self.forest.share, Share(round(self.forest.share * n), n)

    def _furthest(self, rows: Rows, outside: Mapping[str, NDArray[np.bool_]]) -> Floats:
        furthest = np.zeros(rows.n)
        for name in self.ranged.bounds:
            if name in outside:
                np.maximum(furthest, self.ranged.distance(name, rows.numbers(name)), out=furthest)
        return furthest

    def _described(self, rows: Rows, scores: Floats, distance: Floats) -> tuple[OutlierRow, ...]:
        outside = self.ranged.outside(rows)
        unusual, how_far = self.forest.unusual(rows) if rows.n else ([], np.empty(0))
        texts = {name: rows.labels(name).texts() for name in rows.categorical}
        return tuple(
            OutlierRow(
                key=str(rows.keys["correlationid"][place]) if "correlationid" in rows.keys else "",
                time=rows.keys["time"][place] if "time" in rows.keys else None,
                score=float(scores[place]),
                is_isolated=bool(scores[place] > self.forest.cut),
                outside=self._said_of(rows, outside, place),
                distance=float(distance[place]),
                unusual=unusual[place],
                unusual_distance=float(how_far[place]),
                inputs={
                    name: texts[name][place] if name in texts else float(rows.numbers(name)[place])
                    for name in rows.names
                },
            )
            for place in range(rows.n)
        )

    def _said_of(
        self, rows: Rows, outside: Mapping[str, NDArray[np.bool_]], place: int
    ) -> tuple[str, ...]:
        """Return what lies outside in one row, the furthest first."""

        def far(name: str) -> float:
            if name in self.ranged.known:
                return np.inf
            return float(self.ranged.distance(name, rows.numbers(name)[[place]])[0])

        names = [name for name, mask in outside.items() if mask[place]]
        return tuple(self._said(rows, name, place) for name in sorted(names, key=far, reverse=True))

    def _said(self, rows: Rows, name: str, place: int) -> str:
        if name in self.ranged.known:
            return f"{name} {rows.labels(name).texts()[place]!r} is new"
        value, each = float(rows.numbers(name)[place]), self.ranged.bounds[name]
        end = f"above {each.high:.6g}" if value > each.high else f"below {each.low:.6g}"
        far = float(self.ranged.distance(name, np.array([value]))[0])
        by = f" by {far:.2g} sd" if np.isfinite(far) else ""
        return f"{name} {value:.6g} is {end}{by}"


def _total(found: Sequence[_Day], metric: str) -> Share:
    total = Share(0, 0)
    for each in found:
        total += each.shares[metric]
    return total


def _by_feature(found: Sequence[_Day]) -> tuple[Outside, ...]:
    counts: dict[str, int] = {}
    for each in found:
        for name, count in each.outside.items():
            counts[name] = counts.get(name, 0) + count
    rows = sum(each.drawn for each in found)
    some = [Outside(name, count, Share(count, rows)) for name, count in counts.items() if count]
    return tuple(sorted(some, key=lambda each: (-each.rows, each.feature)))


def _chance_upper(share: float, rows: int) -> float:
    """Return what 95 of 100 samples of that many rows stay below when each row has this chance."""
    from scipy.special import bdtrik  # noqa: PLC0415 - slow to import

    return float(np.ceil(bdtrik(0.95, rows, share))) / rows if share < 1 else 1.0
