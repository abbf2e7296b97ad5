"""Inputs of two deployments: were they asked the same kind of question on the same days?"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from monitoring.baselines.baseline import take_baseline
from monitoring.counting.engine.tables import union
from monitoring.errors import NotEnoughData
from monitoring.progress import Progress
from monitoring.signals.data_drift import report as drift_report
from monitoring.signals.data_drift.report import DriftReport
from monitoring.sources.deployed import PredictedDays


def run(
    names: tuple[str, str],
    found: tuple[PredictedDays, PredictedDays],
    *,
    taken: datetime | None = None,
    progress: Progress | None = None,
) -> DriftReport:
    """Compare the inputs of the second deployment with the first's, on the days that both have.

    Of requests that were answered, as the verdict is: those that failed may all be of one afternoon
    on which a roll-out went wrong, and would make the two look as if they were asked otherwise.

    Args:
        found: Their predictions with inputs, by day.

    Raises:
        NotEnoughData: There is no such day.
        InputError: The rows cannot be read.
    """
    first, second = (each.tables for each in found)
    days = sorted(set(first) & set(second))
    if not days:
        raise NotEnoughData(
            f"Inputs of {names[0]!r} and {names[1]!r} were collected on no day in common",
            hint="Choose a window in which both collect, or enable the data collector of both.",
        )
    text = f"{names[0]} on {len(days)} common days"
    one = union([first[day] for day in days], text)
    two = union([second[day] for day in days], f"{names[1]} on the same days")
    features = list(found[0].columns.features)
    baseline = take_baseline(text, one, features=features, progress=progress)
    report = drift_report.compare(baseline, two, taken=taken)
    return replace(report, results=tuple(r for r in report.results if r.subject in features))
