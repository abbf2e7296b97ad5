"""Multivariate drift: whether a window differs from the reference in all features together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import numpy as np

from monitoring import verdict
from monitoring.baselines.baseline import Baseline
from monitoring.counting.engine.counting import Feature
from monitoring.counting.engine.rows import comparable, read_rows
from monitoring.counting.engine.tables import Table
from monitoring.counting.rows import Rows
from monitoring.errors import NotEnoughData
from monitoring.kept.fits import fitted
from monitoring.methods.multivariate import domain_classifier as classifier
from monitoring.methods.multivariate.localisation import Localisation, localise
from monitoring.methods.multivariate.numbers import AUC, MAGNITUDE, METHODS, PCA, THRESHOLDS, UNITS
from monitoring.methods.multivariate.pca_reconstruction import Reconstruction, mean_interval
from monitoring.metric import MetricResult
from monitoring.place import WORKSPACE, Place
from monitoring.progress import Progress, part
from monitoring.signals.model_performance.periods import (
    Period,
    by_day,
    by_week,
    unfinished,
    with_rows,
)
from monitoring.verdict import is_beyond, judge, too_few
from monitoring.window import Window

SIGNAL = "multivariate_drift"
#: Rows of the reference that are held in memory; classifiers see fewer.
REFERENCE_ROWS = 200_000
#: Least rows for the mean of a reconstruction error.
LEAST_MEAN_ROWS = 30
#: Rows of a day or of a part of the reference that a classifier sees, and the reference's per row.
PERIOD_ROWS = 2_000
REFERENCE_PER_ROW = 2
PARTS = 5
#: Two standard deviations above what parts of the reference reach: about 95 % of them.
DEVIATIONS = 2.0
#: Where parts of the reference reach this, the area leaves no room for a verdict.
NO_ROOM = 0.95


@dataclass(frozen=True, eq=False)
class MultivariateReport:
    """What one run found.

    results: over the whole window. history: by metric, for each day or week in order. localisation:
    what tells the window apart; None without enough rows. notes: what a reader should know.
    """

    baseline: str
    window: Window
    results: Mapping[str, MetricResult]
    history: Mapping[str, tuple[MetricResult, ...]]
    features: tuple[str, ...]
    localisation: Localisation | None = None
    notes: tuple[str, ...] = ()
    taken: datetime | None = None

    @property
    def is_weekly(self) -> bool:
        """Whether the course over time is by week."""
        windows = [r.window for each in self.history.values() for r in each if r.window]
        return any(window.length.days > 1 for window in windows)


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
) -> MultivariateReport:
    """Compare a window with a reference, in all features together.

    Raises:
        NotEnoughData: There is no row, or fewer than two features can be compared.
    """
    days = with_rows(days)
    features, left_out = comparable(baseline.plan, list(days.values()))
    if not days or len(features) < 2:  # noqa: PLR2004 - one feature has no relation
        raise NotEnoughData(
            f"Cannot compare all features together: {len(days)} days with data and"
            f" {len(features)} comparable features",
            hint="Choose a longer window, or look at the features one by one.",
        )
    tell = part(progress, 0.0)
    tell(0.0, "Reading rows")
    known = fitted(
        ("multivariate", repr(features)),
        baseline.table.paths,
        lambda: _Judge.of(read_rows([baseline.table], features, limit=REFERENCE_ROWS)),
    )
    judge = replace(known, thresholds={**THRESHOLDS, **(thresholds or {})}, place=place)
    reference = judge.reference
    tables = [days[day] for day in sorted(days)]
    production = read_rows(tables, features, limit=classifier.MOST_ROWS)
    tell(0.1, "Comparing parts of the reference with each other")
    floor = judge.floor(production.n)
    tell(0.2, f"Telling {production.n:,} rows from {min(reference.n, classifier.MOST_ROWS):,}")
    area, separation = judge.area(production, window, floor)
    tell(0.35, "Shuffling features")
    found = localise(separation) if separation else None
    magnitude = judge.magnitude(production, window, floor)
    whole = {AUC: area, MAGNITUDE: magnitude, PCA: judge.reconstruction(production, window)}
    tell(0.45, "Looking at one day")
    course = _course(judge, days, window, features)
    areas = []
    for done, period in enumerate(course.periods):
        share = 0.5 + 0.4 * done / len(course.periods)
        tell(share, f"{period}, {done + 1} of {len(course.periods)}")
        rows = read_rows(period.tables, features, limit=PERIOD_ROWS)
        here, _ = judge.area(rows, period.window, course.floor)
        areas.append(unfinished(here, taken))
    tell(0.9, "Reconstructing each day")
    errors = [
        unfinished(
            judge.reconstruction(read_rows(day.tables, features, limit=PERIOD_ROWS), day.window),
            taken,
        )
        for day in by_day(days)
    ]
    return MultivariateReport(
        baseline.name,
        window,
        whole,
        {AUC: tuple(areas), PCA: tuple(errors)},
        tuple(features),
        found,
        (*notes, *_notes(reference, production, left_out), *course.notes),
        taken,
    )


@dataclass(frozen=True, slots=True)
class _Floor:
    """What parts of the reference reach against its rest: areas and correlations, 95 % of them."""

    area: float
    magnitude: float


@dataclass(frozen=True, eq=False)
class _Course:
    periods: tuple[Period, ...]
    floor: _Floor | None
    notes: tuple[str, ...] = ()


def _course(
    judge: _Judge, days: Mapping[date, Table], window: Window, features: Mapping[str, Feature]
) -> _Course:
    """Return the days, or weeks if a usual day is too small for a verdict."""
    daily = by_day(days)
    usual = sorted(daily, key=lambda day: day.rows)[len(daily) // 2]
    rows = judge.production(read_rows(usual.tables, features, limit=PERIOD_ROWS))
    floor = judge.floor(rows.n)
    if rows.n < classifier.LEAST_ROWS:
        why = f"a usual day has {rows.n:,} different rows, {classifier.LEAST_ROWS} needed"
    elif floor and floor.area >= NO_ROOM:
        why = f"any one day of the reference can be told from the rest of it ({floor.area:.2f})"
    else:
        return _Course(daily, floor)
    weekly = by_week(days, window)
    usual = sorted(weekly, key=lambda week: week.rows)[len(weekly) // 2]
    return _Course(weekly, judge.floor(usual.rows), (f"AUC by week: {why}.",))


@dataclass(frozen=True, eq=False)
class _Judge:
    reference: Rows
    components: Reconstruction
    floors: dict[int, _Floor] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=lambda: THRESHOLDS)
    place: Place = WORKSPACE

    @classmethod
    def of(cls, reference: Rows) -> _Judge:
        return cls(reference, Reconstruction.learn(reference))

    def production(self, rows: Rows) -> Rows:
        """Return the rows that classifiers count: repeats once, where the reference has none."""
        return classifier.without_repeats(self.reference.spread(classifier.MOST_ROWS), rows)[1]

    def floor(self, rows: int) -> _Floor | None:
        """Return what consecutive parts of the reference, of so many rows, reach against its rest.

        Mean plus two standard deviations over the parts. None if it is too small to be parted.
        """
        least = classifier.LEAST_ROWS
        parts = min(PARTS, self.reference.n // least)
        if parts < 2:  # noqa: PLR2004 - a part and its rest
            return None
        size = max(min(_rounded(rows), self.reference.n // parts), least)
        if size not in self.floors:
            self.floors[size] = self._floor(size, parts)
        return self.floors[size]

    def _floor(self, size: int, parts: int) -> _Floor:
        areas, magnitudes = [], []
        for start in np.linspace(0, self.reference.n - size, parts).astype(int):
            inside = np.zeros(self.reference.n, dtype=bool)
            inside[start : start + size] = True
            part = self.reference.take(inside).spread(PERIOD_ROWS)
            rest = self.reference.take(~inside).spread(REFERENCE_PER_ROW * part.n)
            areas.append(classifier.domain_classifier(rest, part).curve.area)
            magnitudes.append(classifier.drift_magnitude(rest, part)[0])
        return _Floor(_upper(areas), _upper(magnitudes))

    def area(
        self, production: Rows, window: Window, floor: _Floor | None
    ) -> tuple[MetricResult, classifier.Separation | None]:
        """Return the area under the curve of a domain classifier, judged."""
        one, two, repeats = self._compared(production)
        draft = self._draft(AUC, one.n, two.n, window)
        if few := _too_few(one.n, two.n, classifier.LEAST_ROWS):
            again = f", {repeats:,} repeats not counted" if repeats else ""
            return judge(draft, blind=("not_enough_data", few + again)), None
        separation = classifier.domain_classifier(one, two)
        result = replace(
            draft,
            value=separation.curve.area,
            interval=separation.interval,
            noise_floor=floor.area if floor else None,
            pvalue=separation.pvalue,
        )
        return _judged(result), separation

    def magnitude(self, production: Rows, window: Window, floor: _Floor | None) -> MetricResult:
        """Return the drift magnitude of Azure ML's retired dataset monitors, judged."""
        one, two, _ = self._compared(production)
        draft = self._draft(MAGNITUDE, one.n, two.n, window)
        if few := _too_few(one.n, two.n, classifier.LEAST_ROWS):
            return judge(draft, blind=("not_enough_data", few))
        value, interval = classifier.drift_magnitude(one, two)
        known = floor.magnitude if floor else None
        return _judged(replace(draft, value=value, interval=interval, noise_floor=known))

    def _compared(self, production: Rows) -> tuple[Rows, Rows, int]:
        """Return both sides: of the reference all that is allowed, or a few rows for each of a day's."""
        most = classifier.MOST_ROWS
        if production.n <= PERIOD_ROWS:
            most = max(REFERENCE_PER_ROW * production.n, classifier.LEAST_ROWS)
        return classifier.without_repeats(self.reference.spread(most), production)

    def reconstruction(self, production: Rows, window: Window) -> MetricResult:
        """Return the mean reconstruction error, judged against the reference's own chunks."""
        limits, own = self.components.limits(), self.thresholds.get(PCA)
        high = limits.high if own is None else own
        draft = replace(
            self._draft(PCA, self.reference.n, production.n, window, threshold=high),
            unit="standard deviations",
        )
        if few := _too_few(self.reference.n, production.n, LEAST_MEAN_ROWS):
            return judge(draft, blind=("not_enough_data", few))
        errors = self.components.of(production)
        value, noise = float(errors.mean()), self.components.noise(production.n)
        usual = float(self.components.errors.mean())
        result = replace(
            draft, value=value, interval=mean_interval(errors), noise_floor=usual + noise
        )
        if value < usual and own is None:
            result = replace(
                result, worse="lower", threshold=limits.low, noise_floor=max(usual - noise, 0.0)
            )
        return _judged(result)

    def _draft(
        self, metric: str, reference: int, rows: int, window: Window, threshold: float | None = None
    ) -> MetricResult:
        return verdict.draft(
            signal=SIGNAL,
            metric=metric,
            place=self.place,
            threshold=self.thresholds[metric] if threshold is None else threshold,
            unit=UNITS[metric],
            method=METHODS[metric],
            window=window,
            reference_rows=reference,
            rows=rows,
        )


def _rounded(rows: int) -> int:
    """Return a number of rows to the nearest half power of two, so that like windows share a floor."""
    return int(2 ** (round(2 * math.log2(max(rows, 1))) / 2))


def _upper(values: list[float]) -> float:
    return min(float(np.mean(values) + DEVIATIONS * np.std(values, ddof=1)), 1.0)


def _too_few(reference: int, production: int, needed: int) -> str:
    return too_few(production, needed, "rows of production") or too_few(
        reference, needed, "rows of the reference"
    )


def _judged(measured: MetricResult) -> MetricResult:
    return judge(
        measured,
        withheld=_no_room(measured),
        floor="parts of the reference differ as much",
        tested="not significant",
    )


def _no_room(measured: MetricResult) -> str:
    """Return why no verdict is possible: chance alone reaches nearly the highest value there is."""
    value, floor = measured.value, measured.noise_floor
    if measured.metric == PCA or value is None or floor is None or floor < NO_ROOM:
        return ""
    if value <= max(measured.threshold, floor) and is_beyond(value, measured.threshold, "higher"):
        return f"such stretches of the reference are told apart as well ({floor:.2f})"
    return ""


def _notes(reference: Rows, production: Rows, left_out: Mapping[str, str]) -> list[str]:
    notes = [f"{name} is left out: {reason}." for name, reason in left_out.items()]
    most = classifier.MOST_ROWS
    for side, rows in (("the reference", reference), ("production", production)):
        if rows.total > most:
            notes.append(
                f"Classifiers see {most:,} of {rows.total:,} rows of {side}, evenly drawn."
            )
    *_, repeats = classifier.without_repeats(reference.spread(most), production)
    if repeats:
        notes.append(f"{repeats:,} rows that repeat another are counted once by the classifiers.")
    return notes
