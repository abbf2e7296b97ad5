"""Outcomes by group on disk: a day is counted once for a grouping, whatever asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from monitoring.counting.engine.groups import count_each
from monitoring.counting.engine.tables import Table
from monitoring.counting.totals.groups import Grouping, GroupOutcomes
from monitoring.counting.totals.outcomes import Columns
from monitoring.kept.disk import Disk, state_of

#: Goes up whenever what is counted changes; files of another version are made anew.
VERSION = 3


def counted_each(
    table: Table,
    columns: Columns,
    groupings: Sequence[Grouping],
    classes: tuple[str, ...],
    store: Path,
) -> tuple[GroupOutcomes, ...]:
    """Return the same as `count_each`, kept in a folder until the files of the table change.

    What is not stored yet is counted in one pass.
    """
    disk, state = Disk(store / "groups", version=VERSION), state_of(table.paths)
    paths = [str(path) for path in table.paths]
    keys = {grouping: (paths, columns, classes, grouping) for grouping in groupings}
    known: dict[Grouping, GroupOutcomes] = {}
    for grouping, key in keys.items():
        if (outcomes := disk.read(key, state)) is not None:
            known[grouping] = outcomes
    if missing := [grouping for grouping in keys if grouping not in known]:
        for outcomes in count_each(table, columns, missing, classes):
            disk.write(keys[outcomes.grouping], state, outcomes)
            known[outcomes.grouping] = outcomes
    return tuple(known[grouping] for grouping in groupings)
