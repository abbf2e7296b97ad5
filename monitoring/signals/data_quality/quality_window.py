"""Days taken together: what is ordinary among them, how their rows hang together, their sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, groupby

from monitoring.counting.engine.tables import Table
from monitoring.metric import MetricResult
from monitoring.metrics.quality import METRICS
from monitoring.metrics.quality_metric import FeatureFacts, TableFacts, Usual
from monitoring.signals.data_quality.collection_faults import total
from monitoring.signals.data_quality.days import LEAST_USUAL_DAYS, CountedDay
from monitoring.signals.data_quality.judging import Key
from monitoring.statistics.rates import Share, design_effect

Facts = Mapping[str, FeatureFacts]
#: Shares whose hits and rows add up over days.
SUMMED = ("duplicate_rows", "duplicate_ids", "lost_lines", "inputs_alone", "outputs_alone")
#: So many spells in two weeks are the way of a feature.
OFTEN = 3


def ordinary(before: Sequence[Sequence[MetricResult]]) -> dict[Key, float]:
    """Return what ordinary days reach, by feature and metric; nothing where days are too few.

    What happens in several spells of days beyond the threshold is ordinary, a single spell is a
    fault: three spells or more set the limit by the highest, two by the lower one, and a single one
    not at all: then the other days do.
    """
    histories: dict[Key, list[MetricResult]] = {}
    for day in before:
        for result in day:
            if result.value is not None and result.worse == "higher":
                histories.setdefault((result.subject, result.metric), []).append(result)
    return {
        key: _ordinary(history)
        for key, history in histories.items()
        if len(history) >= LEAST_USUAL_DAYS
    }


def _ordinary(history: Sequence[MetricResult]) -> float:
    calm, spells, is_beyond = 0.0, [], False
    for is_beyond, days in groupby(history, key=lambda r: (r.value or 0.0) > r.threshold):
        most = max(day.value or 0.0 for day in days)
        if is_beyond:
            spells.append(most)
        else:
            calm = max(calm, most)
    if is_beyond:  # the spell that is still open says nothing of what is ordinary
        spells.pop()
    if len(spells) >= OFTEN:
        return max(spells)
    return max(calm, min(spells)) if len(spells) > 1 else calm


def design_effects(days: Sequence[Facts]) -> dict[Key, float]:
    """Return how much the rates of features vary from day to day, by feature and metric."""
    shares: dict[Key, list[Share]] = {}
    for facts in days:
        for name, each in facts.items():
            for metric in METRICS.values():
                measured = metric.of_feature(each) if metric.of_feature else None
                if measured and measured.shares:
                    shares.setdefault((name, metric.name), []).append(measured.shares[0])
    return {
        key: design_effect(each) for key, each in shares.items() if len(each) >= LEAST_USUAL_DAYS
    }


def common(tables: Sequence[Table]) -> Table:
    """Return tables as one, with the columns that all of them have in one type."""
    columns = {
        name: dtype
        for name, dtype in tables[-1].columns.items()
        if all(table.columns.get(name) == dtype for table in tables)
    }
    paths = tuple(path for table in tables for path in table.paths)
    return Table(tables[-1].name, paths, columns, sum(table.rows for table in tables))


def summed(days: Sequence[CountedDay], over: Sequence[CountedDay]) -> TableFacts:
    """Return the facts of the rows over several days.

    Args:
        days: All of them.
        over: Those that are over: only whole days can be compared with usual ones.
    """
    tables = [day.table for day in days]
    known = [day.table for day in over if day.table.usual]
    return TableFacts(
        rows=sum(each.rows for each in known or tables),
        columns=max((each.columns for each in tables), default=0),
        changes=dict(chain.from_iterable(each.changes.items() for each in tables)),
        reference_duplicate_rows=next(filter(None, map(_reference_repeats, tables)), None),
        by_hour=tuple(chain.from_iterable(map(_hours, known))),
        usual=_summed_usual(known),
        **{name: total(getattr(each, name) for each in tables) for name in SUMMED},
    )


def _reference_repeats(table: TableFacts) -> Share | None:
    return table.reference_duplicate_rows


def _hours(table: TableFacts) -> tuple[int, ...]:
    """Return the rows of each hour: none in hours that usually have some."""
    return table.by_hour or (0,) * (len(table.usual.by_hour) if table.usual else 0)


def _summed_usual(tables: Sequence[TableFacts]) -> Usual | None:
    usual = [each.usual for each in tables if each.usual]
    if not usual:
        return None
    return Usual(
        rows=sum(each.rows for each in usual),
        spread=sum(each.spread for each in usual),  # days of one week may all be low
        by_hour=tuple(n for each in usual for n in each.by_hour),
        days=max(each.days for each in usual),
    )
