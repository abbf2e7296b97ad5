"""What a data-quality metric reads and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from monitoring.arrays import Kind
from monitoring.counting.profile import CategoricalBins, Profile
from monitoring.metric import Interval, Worse
from monitoring.statistics.rates import Share, increase, increase_pvalue

#: The subject of what concerns the rows as a whole, not one feature.
TABLE = "All columns"
KINDS: frozenset[Kind] = frozenset(("numerical", "categorical"))


@dataclass(frozen=True, eq=False, kw_only=True)
class FeatureFacts:
    """What is known of one feature on both sides.

    type_errors: values of production that are not of the reference's type; where its rows were
        read as that type they are nulls of the profile too.
    checked: values that `type_errors` is counted among, if production's column is of another type;
        its profile then knows rows and nulls only. None where the types agree.
    bounds: range that a user gave; the reference's least and greatest value by default.
    lasting: categories that may be called vanished; all of the reference's by default. A category
        that comes and goes with the day is none.
    varies: whether a constant column would be news.
    is_time: whether its values are times, which leave the reference's range as the days go by.
    """

    reference: Profile
    production: Profile
    type_errors: int = 0
    checked: int | None = None
    bounds: tuple[float, float] | None = None
    lasting: frozenset[str] | None = None
    varies: bool = True
    is_time: bool = False

    @property
    def nulls(self) -> Share:
        """Nulls and NaN of production; a value of another type is none."""
        lost = self.type_errors if self.checked is None else 0
        return Share(max(self.production.nulls - lost, 0), self.production.rows)

    @property
    def is_comparable(self) -> bool:
        """Whether both sides hold values of one type, so that they can be laid side by side."""
        return self.checked is None

    @property
    def errors(self) -> Share:
        """Values of another type among the values of production."""
        if self.checked is not None:
            return Share(self.type_errors, self.checked)
        return Share(self.type_errors, self.production.rows - self.nulls.hits)

    @property
    def known(self) -> frozenset[str]:
        """The categories of the reference."""
        bins = self.reference.bins
        return bins.known if isinstance(bins, CategoricalBins) else frozenset()


@dataclass(frozen=True, slots=True)
class Usual:
    """What a day of this deployment usually has: medians of `days` earlier ones.

    by_hour: rows per hour of the day, UTC; empty where times are not known.
    spread: median distance of a day's rows from the usual ones, scaled to a standard deviation.
    repeats: rows of those days that repeat another one of their day.
    """

    rows: float
    spread: float
    by_hour: tuple[float, ...]
    days: int
    repeats: Share | None = None


@dataclass(frozen=True, kw_only=True)
class TableFacts:
    """What is known of the rows as a whole. A share is None where nothing could be counted.

    changes: columns that are missing, new or of another type, with what happened.
    reference_duplicate_rows: of the days before, of the reference while they are too few.
    by_hour: rows per hour of the day, UTC.
    """

    rows: int
    columns: int = 0
    changes: Mapping[str, str] = field(default_factory=dict)
    duplicate_rows: Share | None = None
    reference_duplicate_rows: Share | None = None
    duplicate_ids: Share | None = None
    lost_lines: Share | None = None
    inputs_alone: Share | None = None
    outputs_alone: Share | None = None
    by_hour: tuple[int, ...] = ()
    usual: Usual | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a data-quality metric found.

    value: the metric. interval: 95 %. baseline: what the reference has, to which the threshold is
    added. rise: 95 % interval of the value minus the baseline; None where nothing is left to
    chance. pvalue: how often chance alone does as much; None where chance plays no part. rows,
    reference_rows: those that took part. needed: the rows that must be enough, those that took part
    by default. error_bound: how far binning can have moved the value. shares: of production and
    the reference, where the value is a rate that is compared.
    """

    value: float
    rows: int
    reference_rows: int = 0
    baseline: float = 0.0
    interval: Interval | None = None
    rise: Interval | None = None
    pvalue: float | None = None
    needed: int | None = None
    error_bound: float = 0.0
    method: str = ""
    shares: tuple[Share, Share] | None = None


def risen(
    production: Share, reference: Share, *, error_bound: float = 0.0, effect: float = 1.0
) -> Measured:
    """Return a rate compared with the reference's.

    Args:
        production: Hits among rows.
        error_bound: How far binning can have moved the rate.
        effect: Design effect of the rows, see `rates.design_effect`.

    >>> found = risen(Share(20, 100), Share(10, 100))
    >>> found.value, found.baseline, round(found.pvalue, 3)
    (0.2, 0.1, 0.024)
    """
    one, two = production.over(effect), reference.over(effect)
    hang = f"; days count as clusters, design effect {effect:.3g}" if effect > 1 else ""
    return Measured(
        value=production.rate,
        rows=round(production.rows),
        reference_rows=round(reference.rows),
        baseline=reference.rate,
        interval=one.interval,
        rise=increase(one, two),
        pvalue=increase_pvalue(one, two),
        error_bound=error_bound,
        method=f"Wilson's interval; increase over the reference by Newcombe's, one-sided test{hang}",
        shares=(production, reference),
    )


def alone(production: Share) -> Measured:
    """Return a rate that should be 0, whatever the reference has.

    >>> alone(Share(1, 50)).value
    0.02
    """
    interval = production.interval
    return Measured(
        value=production.rate,
        rows=round(production.rows),
        interval=interval,
        rise=interval,
        method="Wilson's interval; compared with none at all",
    )


@dataclass(frozen=True, kw_only=True)
class QualityMetric:
    """All that is known of one data-quality metric.

    kinds: the features that it is made for; empty if it is about the rows as a whole. threshold: how
    much above the reference is too much; for a metric where lower is worse, the least value.
    measure returns None where the metric does not apply. azureml_name: as in the service's results.
    fix: what to look at first when it breaches.
    """

    name: str
    label: str
    unit: str
    kinds: frozenset[Kind]
    threshold: float
    source: str
    fix: str
    of_feature: Callable[[FeatureFacts], Measured | None] | None = None
    of_table: Callable[[TableFacts], Measured | None] | None = None
    worse: Worse = "higher"
    azureml_name: str | None = None

    def allowed(self, subject: str, overrides: Mapping[str, float] | None = None) -> float:
        """Return the threshold in force: an override of `name:subject` or `name`, else the default."""
        for key in (f"{self.name}:{subject}", self.name):
            if overrides and key in overrides:
                return overrides[key]
        return self.threshold
