"""Where days are counted for drift, and drift between two files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from monitoring.baselines.baseline import take_baseline
from monitoring.counting.engine import tables
from monitoring.metric import Mode
from monitoring.openable import named
from monitoring.progress import Progress, part
from monitoring.signals.data_drift import report as drift_report
from monitoring.signals.data_drift.day_store import DayStore
from monitoring.signals.data_drift.report import DriftReport
from monitoring.window import Window
from ui.loaders import workspace
from ui.loaders.uploads import Given


@st.cache_resource(show_spinner=False)
def store() -> DayStore:
    """Return the profiles of days, on disk and in memory, for all sessions."""
    return DayStore(workspace.settings().cache / "profiles")


def compare_files(
    files: tuple[Given, Given],
    folder: Path,
    mode: Mode,
    thresholds: Mapping[str, float],
    time_column: str,
    progress: Progress,
) -> DriftReport:
    """Return data drift between two files; by day if production has a time column.

    Args:
        folder: Takes what is made of the files on the way, and is removed by whoever gives it.

    Raises:
        InputError: A file cannot be read, or the column holds no times.
    """
    names = {given.path: given.name for given in files}
    with named({**names, folder: "a copy on the server"}):
        return _compared(files, folder, mode, thresholds, time_column, progress)


def _compared(
    files: tuple[Given, Given],
    folder: Path,
    mode: Mode,
    thresholds: Mapping[str, float],
    time_column: str,
    progress: Progress,
) -> DriftReport:
    one, two = (
        tables.open_table(given.path, role=role, store=folder, progress=progress)
        for given, role in zip(files, ("reference", "production"), strict=True)
    )
    names = [name for name in one.columns if name != time_column]
    half = part(progress, 0.0, 0.5)
    baseline = take_baseline(Path(files[0].name).name, one, features=names, progress=half)
    options: dict[str, Any] = {
        "mode": mode,
        "thresholds": thresholds,
        "notes": one.notes + two.notes,
        "taken": workspace.now(),
        "progress": part(progress, 0.5, 1.0),
    }
    if not time_column:
        return drift_report.compare(baseline, two, **options)
    days = tables.by_day(two, time_column, folder)
    window = Window(Window.day(min(days)).start, Window.day(max(days)).end)
    return drift_report.run(baseline, days, window, **options)
