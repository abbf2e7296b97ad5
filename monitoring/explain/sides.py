"""Labelled rows of two periods, cut into the same levels: what a change is looked for in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from monitoring.counting.engine import classes as classes_
from monitoring.counting.engine import counting, rows
from monitoring.counting.engine.columns import kind_of
from monitoring.counting.engine.losses import losses
from monitoring.counting.engine.tables import Table
from monitoring.counting.totals.outcomes import Columns
from monitoring.errors import NotEnoughData
from monitoring.methods.root_cause.levels import Encoded, Levels, encode, levels_of
from monitoring.methods.root_cause.loss import Loss, loss_for
from monitoring.progress import Progress


@dataclass(frozen=True, eq=False)
class Sides:
    """Labelled rows of a reference period and of a window, cut into the same levels.

    note: a sentence where another loss stands for the metric that was asked for.
    """

    reference: Encoded
    window: Encoded
    levels: tuple[Levels, ...]
    loss: Loss
    note: str = ""


def sides(
    reference: Mapping[date, Table],
    window: Mapping[date, Table],
    columns: Columns,
    metric: str,
    *,
    close: bool = False,
    progress: Progress | None = None,
) -> Sides:
    """Read the rows of both sides, in one pass each.

    Args:
        reference: Predictions with labels and features, by day.
        metric: Of performance; its loss is looked at, or one that stands for it.
        close: See `levels_of`.

    Raises:
        NotEnoughData: A side has no rows.
        InputError: A file cannot be read.
    """
    one, two = list(reference.values()), list(window.values())
    if not one or not two:
        raise NotEnoughData(
            f"Nothing was predicted in the {'window' if one else 'reference period'}",
            hint="Choose another period.",
        )
    loss, note = loss_for(metric, columns.task, has_scores=bool(columns.probabilities))
    classes = () if columns.task == "regression" else classes_.classes_of([*one, *two], columns)
    names = [
        n for n in columns.features if kind_of(one[0].columns.get(n, "")) not in {None, "time"}
    ]
    plan = counting.features(one[0], names)
    read = []
    for done, (text, tables) in enumerate((("reference period", one), ("window", two))):
        if progress:
            progress(done / 2, f"Reading the {text}")
        found = rows.read_rows(tables, plan)
        read.append((found, losses(tables, columns, loss.name, classes)))
    levels = levels_of(read[0][0], read[1][0], close=close)
    encoded = [encode(found, each, levels) for found, each in read]
    return Sides(encoded[0], encoded[1], levels, loss, note)
