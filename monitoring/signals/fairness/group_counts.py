"""Outcomes of the groups of a deployment, day by day: what every question about groups is asked of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from monitoring.counting.engine import group_store
from monitoring.counting.engine import groups as engine
from monitoring.counting.engine.outcomes import classes_of
from monitoring.counting.totals.groups import Grouping, GroupOutcomes, merge
from monitoring.counting.totals.outcomes import Task
from monitoring.errors import NotEnoughData
from monitoring.progress import Progress
from monitoring.window import Window

if TYPE_CHECKING:
    from monitoring.sources.deployed import PredictedDays


@dataclass(frozen=True, eq=False)
class CountedGroups:
    """Outcomes of each group on each day that has predictions."""

    task: Task
    classes: tuple[str, ...]
    grouping: Grouping
    days: Mapping[date, GroupOutcomes]
    faults: Mapping[str, int] = field(default_factory=dict)


def count_each(
    days: PredictedDays,
    groupings: Sequence[Grouping],
    store: Path | None = None,
    progress: Progress | None = None,
) -> tuple[CountedGroups, ...]:
    """Count the outcomes of each group of several groupings, each day in one pass.

    Args:
        days: Predictions with labels and the features of the groupings.
        store: Folder that keeps the counts of a day until its files change; None to keep nothing.

    Raises:
        InputError: A feature of a grouping was not collected.
    """
    columns = days.columns
    classes: tuple[str, ...] = ()
    if columns.task != "regression":
        classes = classes_of(list(days.tables.values()), columns)
    found: dict[Grouping, dict[date, GroupOutcomes]] = {each: {} for each in groupings}
    for done, day in enumerate(sorted(days.tables)):
        if progress:
            text = f"Counting {day:%d %b %Y}, day {done + 1} of {len(days.tables)}"
            progress(done / len(days.tables), text)
        asked = days.tables[day], columns, groupings, classes
        parts = group_store.counted_each(*asked, store) if store else engine.count_each(*asked)
        for part in parts:
            found[part.grouping][day] = part
    return tuple(
        CountedGroups(columns.task, classes, each, found[each], days.faults) for each in groupings
    )


def merged(counted: CountedGroups, window: Window) -> GroupOutcomes:
    """Return the outcomes of each group over the days of a window.

    Raises:
        NotEnoughData: There is no day with predictions.
    """
    wanted = {day for day in window.days() if day in counted.days}
    try:
        return merge(counted.days[day] for day in sorted(wanted))
    except NotEnoughData as error:
        raise NotEnoughData(
            f"No prediction was collected in {window}", hint="Choose a longer period."
        ) from error
