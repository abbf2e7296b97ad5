"""One pass over Parquet files: rows in, profiles out.

Columns are decoded in batches that fit the processor's cache and counted there by numpy, so memory
does not grow with the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from monitoring.arrays import Counts, Floats, Kind
from monitoring.counting.engine.bins import numerical_bins
from monitoring.counting.engine.columns import is_integer, kind_of, numbers, texts
from monitoring.counting.engine.tables import Table, open_parquet
from monitoring.counting.profile import (
    MOST_CATEGORIES,
    Bins,
    CategoricalBins,
    NumericalBins,
    Profile,
)
from monitoring.errors import Cancelled

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

Progress = Callable[[float, str], None]
Stop = Callable[[], bool]

BATCH_ROWS = 32_768
#: Rows of the reference that choose the bins, from row groups spread over it.
SAMPLE_ROWS = 32_768
SAMPLE_GROUPS = 4
#: A feature with this many distinct values or fewer that are flags in disguise is categorical.
FLAG_VALUES = 2


@dataclass(frozen=True)
class Feature:
    """How one column is to be read.

    reason: why it cannot be profiled; empty if it can.
    """

    name: str
    dtype: str
    kind: Kind
    bins: NumericalBins | None = None
    reason: str = ""


def features(
    table: Table, names: list[str] | None = None, kinds: Mapping[str, Kind] | None = None
) -> dict[str, Feature]:
    """Look at a sample of the reference and decide how each column is read.

    Text and flags are categorical, as are integers with two distinct values or fewer; numbers and
    times are numerical. `kinds` overrides that. No `names` at all is every column, an empty list none.
    """
    chosen = table.columns if names is None else names
    wanted = [name for name in chosen if name in table.columns]
    sample = _sample(table, [n for n in wanted if kind_of(table.columns[n]) in {"number", "time"}])
    found = {}
    for name in wanted:
        dtype = table.columns[name]
        found[name] = _feature(name, dtype, sample.get(name), (kinds or {}).get(name))
    return found


def _feature(name: str, dtype: str, sample: Floats | None, declared: Kind | None) -> Feature:
    if sample is None or not _is_numerical(dtype, sample, declared):
        return Feature(name, dtype, "categorical", reason=_why_unusable(dtype, declared))
    return Feature(name, dtype, "numerical", numerical_bins(sample if len(sample) else np.zeros(1)))


def _is_numerical(dtype: str, sample: Floats, declared: Kind | None) -> bool:
    if declared is not None:
        return declared == "numerical"
    return not is_integer(dtype) or len(np.unique(sample)) > FLAG_VALUES


def _why_unusable(dtype: str, declared: Kind | None) -> str:
    role = kind_of(dtype)
    if role is None:
        return f"its type {dtype} is neither a number, a text, a flag nor a time"
    is_wrong = declared == "numerical" and role == "text"
    return "it is declared numerical, but holds text" if is_wrong else ""


def _sample(table: Table, names: list[str]) -> dict[str, Floats]:
    """Return finite values of each column from row groups spread over the table."""
    if not names:
        return {}
    groups = _spread_groups(table)
    limit = SAMPLE_ROWS // len(groups)
    parts: dict[str, list[Floats]] = {name: [] for name in names}
    for path, group in groups:
        taken = 0
        for batch in _batches(open_parquet(path), [group], names, rows=min(limit, BATCH_ROWS)):
            for name in names:
                parts[name].append(numbers(batch.column(name)))
            taken += batch.num_rows
            if taken >= limit:
                break
    joined = {name: np.concatenate(chunks) for name, chunks in parts.items()}
    return {name: values[np.isfinite(values)] for name, values in joined.items()}


def _spread_groups(table: Table) -> list[tuple[Path, int]]:
    """Return all row groups, of a large table some that lie equally far apart."""
    groups = [
        (path, group)
        for path in table.paths
        for group in range(open_parquet(path).metadata.num_row_groups)
    ]
    if table.rows <= SAMPLE_ROWS:
        return groups
    spread = np.linspace(0, len(groups) - 1, min(SAMPLE_GROUPS, len(groups)))
    return [groups[int(i)] for i in dict.fromkeys(spread.astype(int))]


def _batches(
    file: pq.ParquetFile, groups: list[int], names: list[str], rows: int = BATCH_ROWS
) -> Iterator[pa.RecordBatch]:
    yield from file.iter_batches(
        batch_size=rows, row_groups=groups, columns=names, use_threads=False
    )


def profile_reference(
    table: Table,
    plan: Mapping[str, Feature],
    *,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> dict[str, Profile]:
    """Count the reference; its least and greatest value, and its categories, complete the bins.

    Raises:
        Cancelled: `stop` said so.
    """
    counted = _count(table, plan, {n: f.bins for n, f in plan.items()}, progress, stop)
    return {name: _closed(counter) for name, counter in counted.items()}


def profile(
    table: Table,
    plan: Mapping[str, Feature],
    bins: Mapping[str, Bins],
    *,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> dict[str, Profile]:
    """Count a table with the bins of a baseline.

    Raises:
        Cancelled: `stop` said so.
    """
    numerical = {n: b if isinstance(b, NumericalBins) else None for n, b in bins.items()}
    usable = {name: feature for name, feature in plan.items() if name in bins}
    counted = _count(table, usable, numerical, progress, stop)
    return {name: counter.profile(bins[name]) for name, counter in counted.items()}


def _count(
    table: Table,
    plan: Mapping[str, Feature],
    bins: Mapping[str, NumericalBins | None],
    progress: Progress | None,
    stop: Stop | None,
) -> dict[str, _Numbers | _Texts]:
    counters: dict[str, _Numbers | _Texts] = {}
    for name, feature in plan.items():
        if feature.reason or name not in table.columns:
            continue
        cut = bins.get(name)
        counters[name] = _Numbers(name, cut) if cut is not None else _Texts(name)
    names, done = list(counters), 0
    for path in table.paths if names else ():
        done = _count_file(path, counters, done, table, progress, stop)
    return counters


def _count_file(
    path: Path,
    counters: Mapping[str, _Numbers | _Texts],
    done: int,
    table: Table,
    progress: Progress | None,
    stop: Stop | None,
) -> int:
    file = open_parquet(path)
    for group in range(file.metadata.num_row_groups):
        for name, counter in counters.items():
            # A column at a time: what is decoded is counted while the cache still holds it.
            column = file.read_row_group(group, columns=[name], use_threads=False).column(0)
            for chunk in column.chunks:
                counter.add(chunk)
        done += file.metadata.row_group(group).num_rows
        if stop and stop():
            raise Cancelled(f"Stopped after {done:,} of {table.rows:,} rows of {table.name!r}")
        if progress:
            progress(
                done / table.rows, f"{done:,} of {table.rows:,} rows of {Path(table.name).name}"
            )
    return done


def _closed(counter: _Numbers | _Texts) -> Profile:
    """Fix the bins by what the whole reference holds."""
    if isinstance(counter, _Texts):
        return counter.profile(CategoricalBins.of(counter.counts))
    if counter.low > counter.high:  # no finite value
        return counter.profile(counter.bins)
    closed = replace(counter.bins, low=counter.low, high=counter.high)
    below = {closed.low: 0, float(np.nextafter(closed.high, np.inf)): counter.finite}
    counter.below = {cut: counter.below.get(cut, below.get(cut, 0)) for cut in closed.cuts}
    counter.bins = closed
    return counter.profile(closed)


class _Numbers:
    """Running counts of one numerical feature."""

    def __init__(self, name: str, bins: NumericalBins) -> None:
        self.name = name
        self.bins = bins
        self.cells = np.zeros(bins.cells, np.int64)
        self.below = dict.fromkeys(bins.cuts, 0)
        self.rows = self.nulls = self.infinite = self.finite = 0
        self.low, self.high = np.inf, -np.inf
        self.total = self.squares = 0.0
        self.on_lattice = True
        self._centre = bins.origin / bins.per_unit if bins.scale == "lattice" else bins.origin

    def add(self, chunk: pa.Array) -> None:
        """Count one chunk of the column."""
        self.rows += len(chunk)
        self.nulls += chunk.null_count
        values = numbers(chunk)
        for start in range(0, len(values), BATCH_ROWS):
            self._add(values[start : start + BATCH_ROWS])

    def _add(self, values: Floats) -> None:
        low, high = float(values.min()), float(values.max())  # NaN if any is
        if not np.isfinite(high - low):
            values = self._finite(values)
            if not len(values):
                return
            low, high = float(values.min()), float(values.max())
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.finite += len(values)
        offset = values - self._centre
        self.total += float(offset.sum())
        self.squares += float(np.einsum("i,i", offset, offset))  # a dot product would start threads
        self.cells += np.bincount(self.bins.cell(values), minlength=self.bins.cells)
        for cut in self.below:
            self.below[cut] += _count_below(values, cut, low, high)
        if self.on_lattice and self.bins.scale == "lattice":
            self.on_lattice = self.bins.is_on_lattice(values)

    def _finite(self, values: Floats) -> Floats:
        nan = np.isnan(values)
        finite = np.isfinite(values)
        self.nulls += int(nan.sum())
        self.infinite += int((~finite & ~nan).sum())
        return values[finite]

    def profile(self, bins: Bins) -> Profile:
        """Return the counts so far."""
        return Profile(
            feature=self.name,
            bins=bins,
            counts=self._counts(),
            rows=self.rows,
            nulls=self.nulls,
            infinite=self.infinite,
            minimum=self.low,
            maximum=self.high,
            total=self.total,
            squares=self.squares,
            on_lattice=self.on_lattice,
        )

    def _counts(self) -> Counts:
        """Cut the cells at the extra cuts: cumulative counts at every right end, then differences."""
        cuts = np.array(list(self.below))
        if not len(cuts):
            return self.cells
        cell = self.bins.cell(cuts)
        size = np.arange(self.bins.cells)
        upto = np.empty(self.bins.cells + len(cuts), np.int64)
        upto[size + np.searchsorted(cell, size, side="right")] = np.cumsum(self.cells)
        upto[np.arange(len(cuts)) + cell] = list(self.below.values())
        return np.diff(upto, prepend=0)


def _count_below(values: Floats, cut: float, low: float, high: float) -> int:
    if high < cut:
        return len(values)
    return int(np.count_nonzero(values < cut)) if low < cut else 0


class _Texts:
    """Running counts of one categorical feature."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.counts: dict[str, int] = {}
        self.rows = self.nulls = 0

    def add(self, chunk: pa.Array) -> None:
        """Count one batch of the column."""
        self.rows += len(chunk)
        self.nulls += chunk.null_count
        if len(self.counts) > MOST_CATEGORIES:
            return  # an identifier: counting on would only fill the memory
        for label, count in texts(chunk).items():
            self.counts[label] = self.counts.get(label, 0) + count

    def profile(self, bins: Bins) -> Profile:
        """Return the counts so far."""
        return Profile(
            feature=self.name,
            bins=bins,
            counts=np.fromiter(self.counts.values(), np.int64, len(self.counts)),
            labels=tuple(self.counts),
            rows=self.rows,
            nulls=self.nulls,
        )
