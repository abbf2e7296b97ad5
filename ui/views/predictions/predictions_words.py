"""What moved, in words, no surer than the verdicts are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from monitoring.metric import MetricResult
from monitoring.signals.data_drift.report import headline
from monitoring.signals.prediction_drift.report import PredictionReport
from monitoring.verdict import is_beyond

LABEL = "label"


def sentences(report: PredictionReport) -> list[str]:
    """Say in words what moved, and whether the truth did too."""
    deciding = report.deciding()
    label = deciding.pop(LABEL, None)
    judged = [r for r in deciding.values() if r.status in {"ok", "breached"}]
    moved = {name: days for name, days in report.moved().items() if name != LABEL}
    found = []
    if not judged:
        found.append("Whether the answers moved cannot be said: nothing could be judged.")
    elif moved:
        said = ", ".join(f"{name} ({_when(report, days)})" for name, days in moved.items())
        found.append(f"The answers moved: {said}.")
    else:
        found.append("The answers are distributed as before, within what ordinary days do.")
    found.append(_truth(label, labels_moved=LABEL in report.moved(), answers_moved=bool(moved)))
    return found + _given_truth(report)


def _truth(label: MetricResult | None, *, labels_moved: bool, answers_moved: bool) -> str:
    """Say whether the labels moved, no surer than their verdict is."""
    if label is None or label.status not in {"ok", "breached"} or label.value is None:
        why = f" ({label.reason})" if label and label.reason else ""
        return f"Whether the labels moved too cannot be said yet{why}."
    if labels_moved:
        return "The labels that have arrived moved too: the world itself changed."
    if is_beyond(label.value, label.threshold, label.worse):
        return (
            "The labels that have arrived differ by more than their threshold as well, though not by "
            "more than chance or ordinary days explain: the world itself may have changed."
        )
    if answers_moved:
        return "The labels that have arrived did not: look at the inputs and at the model."
    return "The labels that have arrived did not move either."


def _when(report: PredictionReport, days: Sequence[date]) -> str:
    """Say on which days an output was judged to differ.

    >>> from types import SimpleNamespace
    >>> month = SimpleNamespace(daily=range(31))
    >>> _when(month, [date(2026, 10, 11), date(2026, 10, 12)])
    'on 2 of 31 days, 11 Oct to 12 Oct'
    """
    if not days:
        return "over the whole window, on no single day"
    span = f"{min(days):%d %b}" + (f" to {max(days):%d %b}" if len(days) > 1 else "")
    return f"on {len(days)} of {len(report.daily)} days, {span}"


def _given_truth(report: PredictionReport) -> list[str]:
    """Say where answers moved although the truth is held fixed."""
    found = headline(report.drift.results)
    split = [name for name, r in found.items() if ", label " in name and r.status == "breached"]
    if not split:
        return []
    return [f"With the truth held fixed, the score moved: {', '.join(split)}."]
