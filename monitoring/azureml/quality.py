"""Data quality as the service computes it: statistics of the reference, rates, thresholds.

Source: Azure/azureml-assets at 4b41f8ccbc, data_quality_statistics, data_quality_compute_metrics
and data_quality_metrics_joiner.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

import numpy as np

from monitoring.arrays import Floats, Kind
from monitoring.azureml.casts import CHECKED, cast_failures
from monitoring.azureml.columns import feature_type, is_fraction
from monitoring.errors import InputError, NotEnoughData

ROWS = "RowCount"
RATES = ("NullValueRate", "DataTypeErrorRate", "OutOfBoundsRate")


@dataclass(frozen=True, eq=False, kw_only=True)
class Column:
    """One column of a table as Spark sees it.

    numbers: values that are not null, NaN among them, if they are numbers. counts: rows per text,
    if they are texts. distinct: distinct values, null counted as one; asked of integers only.
    """

    name: str
    dtype: str
    rows: int
    nulls: int
    numbers: Floats | None = None
    counts: Mapping[str, int] | None = None
    distinct: int = 0

    def kind(
        self, numerical: Collection[str] = (), categorical: Collection[str] = ()
    ) -> Kind | None:
        """Return how the service treats the column, on this table alone."""
        return feature_type(
            self.dtype,
            distinct=self.distinct,
            rows=self.rows,
            name=self.name,
            numerical=numerical,
            categorical=categorical,
        )


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the service keeps of one column of the reference.

    minimum, maximum: of a numerical column, else None. set_text: the distinct values of a text
    column as one text.
    """

    feature: str
    dtype: str
    minimum: float | int | None = None
    maximum: float | int | None = None
    set_text: str | None = None


@dataclass(frozen=True, slots=True)
class Rates:
    """Violations of one column. out_of_bounds is None where the service has no such number."""

    feature: str
    kind: Kind | None
    rows: int
    nulls: int
    type_errors: int | None
    out_of_bounds: int | None
    has_bounds: bool

    def values(self) -> dict[str, float | None]:
        """Return the rates under the service's names; None is its null, a missing name no row."""
        found: dict[str, float | None] = {"NullValueRate": rate(self.nulls, self.rows)}
        if self.type_errors is not None:
            found["DataTypeErrorRate"] = rate(self.type_errors, self.rows)
        if self.has_bounds:
            out = self.out_of_bounds
            found["OutOfBoundsRate"] = None if out is None else rate(out, self.rows)
        return found


def rate(count: int, rows: int) -> float:
    """Return a rate to five digits, halves up, as Spark rounds.

    >>> rate(1, 3), rate(1, 200_000)
    (0.33333, 1e-05)
    """
    share = Decimal(repr(count / rows)) if rows else Decimal(0)
    return float(share.quantize(Decimal("0.00001"), ROUND_HALF_UP))


def statistics(
    column: Column,
    *,
    has_fractions: bool = True,
    numerical: Collection[str] = (),
    categorical: Collection[str] = (),
) -> Statistics:
    """Return what the service keeps of a column of the reference.

    Args:
        has_fractions: Whether any column of the table is float or double; if none is, bounds are
            whole numbers.

    Raises:
        NotEnoughData: A numerical column is null in every row, on which the service fails.
    """
    if column.kind(numerical, categorical) == "numerical" and column.numbers is not None:
        known = column.numbers[~np.isnan(column.numbers)]
        if not len(known):
            raise NotEnoughData(
                f"{column.name!r} is null in every row of the reference, and the job fails",
                hint="Leave the column out.",
            )
        to = float if has_fractions else int
        return Statistics(column.name, column.dtype, to(known.min()), to(known.max()))
    if column.dtype == "string":
        return Statistics(column.name, column.dtype, set_text=_set_text(column))
    return Statistics(column.name, column.dtype)


def _set_text(column: Column) -> str:
    labels = [*(column.counts or {}), *(["null"] if column.nulls else [])]
    return f"[{', '.join(labels)}]"


def parsed_set(text: str) -> list[str]:
    """Read a set back from its text, as the service does: every bracket goes, commas part.

    A category with a comma, a bracket or a blank at its end is never found again.

    >>> parsed_set("[a,b, [x],  y]")
    ['a', 'b', 'x', 'y']
    """
    return [part.strip() for part in text.replace("[", "").replace("]", "").split(",")]


def violations(
    column: Column,
    known: Statistics,
    *,
    numerical: Collection[str] = (),
    categorical: Collection[str] = (),
) -> Rates:
    """Count the violations of a column against the reference's statistics.

    Nulls are counted, then filled (numbers by the median, texts by the most frequent one), then
    types are checked, then bounds: a filled value can be out of bounds, and a null that is not
    filled is a type error as well.

    Raises:
        InputError: The service's job fails on this column.
        NotEnoughData: Every value is missing, on which it fails too.
    """
    kind = column.kind(numerical, categorical)
    filled = imputed(column, kind)
    return Rates(
        column.name,
        kind,
        column.rows,
        column.nulls,
        _type_errors(filled, known.dtype),
        _out_of_bounds(filled, kind, known),
        has_bounds=known.minimum is not None or known.set_text is not None,
    )


def imputed(column: Column, kind: Kind | None) -> Column:
    """Return a column with its nulls filled where the service fills them.

    Numbers take the lower median, texts the most frequent text unless null is more frequent.
    Flags, dates, times, binary and integers with few values stay as they are.

    Raises:
        InputError: A column is declared numerical, but holds no numbers.
        NotEnoughData: A numerical column has no value at all.
    """
    if kind == "numerical":
        if column.numbers is None:
            raise InputError(
                f"{column.name!r} is declared numerical, but of type {column.dtype}, and the job fails",
                hint="Take it out of the numerical features.",
            )
        return _with_median(column, column.numbers)
    counts = column.counts or {}
    if column.dtype == "string" and counts and max(counts.values()) >= column.nulls > 0:
        mode = max(counts, key=lambda label: counts[label])
        return Column(
            name=column.name,
            dtype=column.dtype,
            rows=column.rows,
            nulls=0,
            counts={**counts, mode: counts[mode] + column.nulls},
        )
    return column


def _with_median(column: Column, numbers: Floats) -> Column:
    missing = np.isnan(numbers)
    known = np.sort(numbers[~missing])
    if not len(known):
        raise NotEnoughData(
            f"{column.name!r} has no value to take a median of, and the job fails",
            hint="Leave the column out, or choose a longer window.",
        )
    median = known[(len(known) - 1) // 2]
    values = np.concatenate([np.where(missing, median, numbers), np.full(column.nulls, median)])
    return Column(name=column.name, dtype=column.dtype, rows=column.rows, nulls=0, numbers=values)


def _type_errors(column: Column, dtype: str) -> int | None:
    if dtype not in CHECKED:
        return None
    failed = cast_failures(
        column.dtype,
        dtype,
        rows=column.rows - column.nulls,
        numbers=column.numbers,
        counts=column.counts,
    )
    return failed + column.nulls


def _out_of_bounds(column: Column, kind: Kind | None, known: Statistics) -> int | None:
    if known.set_text is not None:
        if kind != "categorical":  # the service looks for sets of categorical features only
            return 0
        allowed = set(parsed_set(known.set_text))
        return sum(n for text, n in _texts(column).items() if text not in allowed)
    if known.minimum is None or known.maximum is None:
        return None
    if kind != "numerical" or column.numbers is None:
        return None
    out = (column.numbers > known.maximum) | (column.numbers < known.minimum)
    return int(np.count_nonzero(out))


def _texts(column: Column) -> Mapping[str, int]:
    """Return rows per text; Spark compares a number with a set of texts as its text."""
    if column.counts is not None:
        return column.counts
    if column.numbers is None:
        return {}
    values, counts = np.unique(column.numbers, return_counts=True)
    to = str if is_fraction(column.dtype) else (lambda value: str(int(value)))
    return {to(v): int(n) for v, n in zip(values.tolist(), counts, strict=True)}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the service's table of metrics. feature is empty for the number of rows."""

    feature: str
    metric: str
    data_type: str
    value: float | None


@dataclass(frozen=True, slots=True)
class JoinedRow:
    """One line with both sides and the threshold that the service compares with."""

    feature: str
    metric: str
    baseline: float | None
    target: float | None
    threshold: float | None


def joined(
    reference: Iterable[Row],
    production: Iterable[Row],
    *,
    numerical_threshold: float,
    categorical_threshold: float,
) -> list[JoinedRow]:
    """Return the lines that both sides have; the threshold is the baseline's rate plus the setting.

    Anything that the baseline does not call numerical, the number of rows included, takes the
    setting for categories.

    >>> one = [Row("", "RowCount", "", 100.0)]
    >>> joined(one, one, numerical_threshold=0.1, categorical_threshold=0.5)[0].threshold
    100.5
    """
    targets = {(row.feature, row.metric): row.value for row in production}
    lines = []
    for row in reference:
        if (row.feature, row.metric) not in targets:
            continue
        is_number = row.data_type == "Numerical"
        added = numerical_threshold if is_number else categorical_threshold
        target = targets[row.feature, row.metric]
        limit = None if row.value is None else row.value + added
        lines.append(JoinedRow(row.feature, row.metric, row.value, target, limit))
    return lines


@dataclass(frozen=True, eq=False)
class Checked:
    """What the service would report of a table: rates by feature, and why it would fail."""

    rows: int
    rates: Mapping[str, Rates] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)

    def lines(self) -> list[Row]:
        """Return its table of metrics."""
        names = {"numerical": "Numerical", "categorical": "Categorical", None: ""}
        found = [
            Row(name, metric, names[each.kind], value)
            for name, each in self.rates.items()
            for metric, value in each.values().items()
        ]
        return [*found, Row("", ROWS, "", float(self.rows))]


def has_fractions(columns: Sequence[str]) -> bool:
    """Whether any of these Spark types is floating-point."""
    return any(is_fraction(dtype) for dtype in columns)


__all__ = [
    "RATES",
    "ROWS",
    "Checked",
    "Column",
    "JoinedRow",
    "Rates",
    "Row",
    "Statistics",
    "has_fractions",
    "imputed",
    "joined",
    "parsed_set",
    "rate",
    "statistics",
    "violations",
]
