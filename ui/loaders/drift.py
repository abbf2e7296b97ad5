"""Data drift of a deployment, or between two files."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import streamlit as st

from monitoring.place import Place
from monitoring.segment import EVERYONE, Segment
from monitoring.window import Window
from ui.loaders import database, deployments, workspace
from ui.loaders.workspace import part

if TYPE_CHECKING:
    from pathlib import Path

    from monitoring.baselines.baseline import Baseline
    from monitoring.signals.data_drift.day_store import DayStore
    from monitoring.signals.data_drift.report import DriftReport
    from ui.views.data_drift.drift_view import Progress, Rule


@st.cache_resource(show_spinner=False)
def store() -> DayStore:
    """Return the profiles of days, on disk and in memory, for all sessions."""
    from monitoring.signals.data_drift.day_store import DayStore  # noqa: PLC0415 - costs a second

    return DayStore(workspace.settings().cache / "profiles")


def drift(
    endpoint: str,
    deployment: str,
    baseline: str,
    window: Window,
    rule: Rule,
    progress: Progress,
    segment: Segment = EVERYONE,
) -> DriftReport:
    """Return data drift of a deployment over a window, computed once for all sessions.

    Raises:
        SourceError: Its model or its data cannot be reached.
        InputError: Its data cannot be read.
    """
    from monitoring.signals.data_drift import report as drift_report  # noqa: PLC0415 - costs a second

    asked = endpoint, deployment
    reference = deployments.reference(
        *asked, baseline, window, part(progress, 0.0, 0.2), segment=segment
    )

    limits = (
        database.thresholds(endpoint, deployment, "data_drift") if rule.mode == "robust" else {}
    )
    kinds = {"numerical", "categorical", ""}
    of_features = {n: limits[n] for n in limits if n.partition(":")[2] not in kinds}

    def measure(say: Progress) -> DriftReport:
        days = deployments.days(*asked, window, part(say, 0.2, 0.6), segment=segment)
        return drift_report.run(
            reference,
            days.tables,
            window,
            mode=rule.mode,
            thresholds={**of_features, **rule.overrides()},
            notes=(*days.notes, *_left_out(reference)),
            taken=workspace.now(),
            place=Place(endpoint=endpoint, deployment=deployment),
            store=store(),
            progress=part(say, 0.6, 1.0),
        )

    set_ = tuple(sorted(of_features.items()))
    key = ("drift", *asked, baseline, reference.name, window, rule, set_, segment)
    return workspace.memory().get(key, measure, fresh=timedelta(minutes=15), progress=progress)


def _left_out(reference: Baseline) -> tuple[str, ...]:
    """Say which days of the reference stand too far out to be one."""
    out = reference.moving.left_out() if reference.moving else {}
    if not out:
        return ()
    days = ", ".join(f"{name} {len(out[name])}" for name in out)
    return (f"Days that stand far out are not compared with; of these features so many: {days}.",)


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
