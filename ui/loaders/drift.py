"""Where days are counted for drift, and drift between two files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from monitoring.window import Window
from ui.loaders import workspace
from ui.loaders.workspace import part

if TYPE_CHECKING:
    from pathlib import Path

    from monitoring.signals.data_drift.day_store import DayStore
    from monitoring.signals.data_drift.report import DriftReport
    from ui.views.data_drift.drift_view import Progress, Rule


@st.cache_resource(show_spinner=False)
def store() -> DayStore:
    """Return the profiles of days, on disk and in memory, for all sessions."""
    from monitoring.signals.data_drift.day_store import DayStore  # noqa: PLC0415 - costs a second

    return DayStore(workspace.settings().cache / "profiles")


def compare_files(
    reference: Path, production: Path, rule: Rule, time_column: str, progress: Progress
) -> DriftReport:
    """Return data drift between two files; by day if production has a time column.

    Raises:
        InputError: A file cannot be read, or the column holds no times.
    """
    from monitoring.baselines.baseline import take_baseline  # noqa: PLC0415
    from monitoring.counting.engine import tables  # noqa: PLC0415
    from monitoring.signals.data_drift import report as drift_report  # noqa: PLC0415

    folder = workspace.settings().cache / "converted"
    one = tables.open_table(reference, role="reference", store=folder, progress=progress)
    two = tables.open_table(production, role="production", store=folder, progress=progress)
    names = [name for name in one.columns if name != time_column]
    baseline = take_baseline(reference.name, one, features=names, progress=part(progress, 0.0, 0.5))
    options: dict[str, Any] = {
        "mode": rule.mode,
        "thresholds": rule.overrides(),
        "notes": one.notes + two.notes,
        "taken": workspace.now(),
        "progress": part(progress, 0.5, 1.0),
    }
    if not time_column:
        return drift_report.compare(baseline, two, **options)
    days = tables.by_day(two, time_column, folder)
    window = Window(Window.day(min(days)).start, Window.day(max(days)).end)
    return drift_report.run(baseline, days, window, **options)
