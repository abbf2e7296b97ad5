"""Predictions on screen: whether answers are distributed as before, and the truth that comes back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.counting.engine.outputs import OutputCounts
from monitoring.counting.totals.outcomes import Moments
from monitoring.metric import Interval
from monitoring.metrics.drift import METRICS
from monitoring.signals.prediction_drift.report import PredictionReport
from monitoring.statistics.intervals import Z
from monitoring.statistics.rates import Share
from ui.parts import cards, numbers, outputs_view
from ui.parts.cards import Tile
from ui.parts.glossary import explain
from ui.views.predictions import predictions_words

LABEL = "label"


def show(report: PredictionReport, key: str) -> None:
    """Draw a report: what moved, the mix of answers, one output in detail, every number."""
    _show_tiles(report)
    st.text(" ".join(predictions_words.sentences(report)))
    if report.classes:
        with cards.panel("Answers by day", help=explain("class mix")):
            _show_mix(report, key)
        with cards.panel("How sure, how close", help=explain("close call")):
            _show_confidence(report, key)
    else:
        with cards.panel("Mean answer by day"):
            _show_mean(report, key)
    outputs_view.show(report, key)
    if report.classes:
        with cards.panel("By class"):
            _show_classes(report, key)
    with cards.panel("All numbers"):
        outputs_view.show_numbers(report, key)


def _show_tiles(report: PredictionReport) -> None:
    whole, before = report.whole, report.before
    if report.classes:
        sure = _tile_mean("Mean confidence", _sure(whole), _sure(before), "confidence")
        third = _tile_close(report)
    else:
        sure = _tile_mean("Mean answer", whole.prediction, before.prediction)
        third = _tile_mean("Mean label", whole.label, before.label)
    cards.tiles(_tile_moved(report), sure, third, _tile_label(report))
    if report.faults:
        left_out = ", ".join(f"{name} ({n:,})" for name, n in report.faults.items())
        st.text(f"In the rows of this window: {left_out}.")


def _sure(counts: OutputCounts) -> Moments:
    return sum(counts.confidence.values(), Moments())


def _close(counts: OutputCounts) -> Share:
    return Share(sum(counts.near.values()), sum(counts.near_of.values()))


def _times(report: PredictionReport) -> list[datetime]:
    days = sorted(report.daily)
    return [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in days]


def _show_mix(report: PredictionReport, key: str) -> None:
    times, days = _times(report), sorted(report.daily)
    rows = [[report.daily[day].predicted.get(c, 0) for c in report.classes] for day in days]
    chart = charts.class_mix(times, report.classes, rows)
    table = pd.DataFrame(rows, columns=[f"predicted {name}" for name in report.classes])
    table.insert(0, "Day", [f"{day}" for day in days])
    cards.show_chart(chart, key=f"{key}mix", table=table)
    result = report.deciding().get("prediction")
    if result:
        st.caption(cards.escaped(outputs_view.verdict("Mix of answers", result)))


def _show_confidence(report: PredictionReport, key: str) -> None:
    left, right = st.columns(2)
    days = sorted(report.daily)
    with left:
        close = [_close(report.daily[day]) for day in days]
        if any(share.rows for share in close):
            _show_shares(report, close, key)
        else:
            st.text("No single threshold explains the predictions, so there are no close calls.")
    with right:
        moments = [_sure(report.daily[day]) for day in days]
        if any(each.n for each in moments):
            _show_means(
                report, moments, _sure(report.before), "mean confidence", "probability", key
            )
        else:
            st.text("No probabilities were collected.")
    st.caption(_threshold(report))


def _threshold(report: PredictionReport) -> str:
    if report.decision:
        found = report.decision
        return (
            f"Threshold {found.threshold:g}, inferred from the stored answers: it lies above "
            f"{found.low:.6g} and not above {found.high:.6g}, and explains {found.agreement:.2%} of "
            "them. A close call lies within 0.1 of it."
        )
    if len(report.classes) > 2:  # noqa: PLR2004 - two classes have a threshold
        return "A close call has its two most probable classes within 0.1 of each other."
    return "No single threshold explains 99 % of the stored answers."


def _tile_moved(report: PredictionReport) -> Tile:
    deciding = [result for name, result in report.deciding().items() if name != LABEL]
    judged = [result for result in deciding if result.status in {"ok", "breached"}]
    moved = [name for name in report.moved() if name != LABEL]
    return Tile(
        "Outputs that moved",
        f"{len(moved)} of {len(judged)}" if judged else numbers.NONE,
        cards.status_of(breached=moved, judged=judged, unjudged="not_enough_data"),
        ", ".join(moved) or ("none beyond its threshold" if judged else "nothing judged"),
        "prediction drift",
    )


def _tile_mean(label: str, now: Moments, before: Moments, term: str = "") -> Tile:
    note = f"before {numbers.text(before.mean)} · n {now.n:,}"
    return Tile(label, numbers.text(now.mean), note=note, term=term)


def _tile_close(report: PredictionReport) -> Tile:
    now, then = _close(report.whole), _close(report.before)
    before = f"before {then.rate:.1%} · " if then.rows else ""
    return Tile("Close calls", _percent(now), note=f"{before}n {now.rows:,}", term="close call")


def _tile_label(report: PredictionReport) -> Tile:
    label = report.deciding().get(LABEL)
    arrived = sum(report.whole.labels.values()) or report.whole.label.n
    share = arrived / report.whole.rows if report.whole.rows else 0.0
    note = "the model has no ground truth"
    if label:
        note = label.reason or f"{METRICS[label.metric].label} {numbers.text(label.value)}"
    status = label.status if label else "no_data"
    return Tile("Labels", f"{share:.0%} arrived", status, note, "label drift")


def _show_shares(report: PredictionReport, shares: Sequence[Share], key: str) -> None:
    then = _close(report.before)
    course = _Course(
        "close calls",
        "share of predictions",
        [share.rate if share.rows else math.nan for share in shares],
        [share.interval if share.rows else numbers.UNBOUNDED for share in shares],
        [share.rows for share in shares],
        then.rate if then.rows else math.nan,
    )
    _show_course(report, course, f"{key}close")


def _show_means(
    report: PredictionReport,
    moments: Sequence[Moments],
    before: Moments,
    name: str,
    unit: str,
    key: str,
) -> None:
    values = [numbers.or_nan(each.mean) for each in moments]
    reach = [Z * _error(each) for each in moments]
    ends = [Interval(v - r, v + r) for v, r in zip(values, reach, strict=True)]
    rows = [each.n for each in moments]
    course = _Course(name, unit, values, ends, rows, numbers.or_nan(before.mean))
    _show_course(report, course, f"{key}{name}")


def _error(moments: Moments) -> float:
    if moments.n < 2:  # noqa: PLR2004 - a variance needs two rows
        return math.nan
    mean = moments.total / moments.n
    variance = max(moments.squares / moments.n - mean**2, 0.0) * moments.n / (moments.n - 1)
    return math.sqrt(variance / moments.n)


@dataclass(frozen=True, slots=True)
class _Course:
    """A number by day. before: what it was in the baseline."""

    name: str
    unit: str
    values: Sequence[float]
    ends: Sequence[Interval]
    rows: Sequence[int]
    before: float


def _show_course(report: PredictionReport, course: _Course, key: str) -> None:
    low, high = [end.low for end in course.ends], [end.high for end in course.ends]
    chart = charts.course(
        _times(report),
        course.values,
        low=low,
        high=high,
        rows=course.rows,
        name=course.name,
        reference=course.before,
        reference_name="before",
        unit=course.unit,
        few=30,
    )
    table = pd.DataFrame(
        {
            "Day": [f"{day}" for day in sorted(report.daily)],
            "n": course.rows,
            course.name: map(numbers.rounded, course.values),
            "Low (95 %)": map(numbers.rounded, low),
            "High (95 %)": map(numbers.rounded, high),
        }
    )
    cards.show_chart(chart, key=key, table=table)


def _show_mean(report: PredictionReport, key: str) -> None:
    days = sorted(report.daily)
    moments = [report.daily[day].prediction for day in days]
    before = report.before.prediction
    _show_means(report, moments, before, "mean answer", "the answer's unit", key)


def _show_classes(report: PredictionReport, key: str) -> None:
    lines = [_class_cells(report, name) for name in report.classes]
    cards.show_table(pd.DataFrame(lines), key=f"{key}classes", alt="Answers and labels by class")


def _of_class(counts: Mapping[str, int], name: str) -> Share:
    return Share(counts.get(name, 0), sum(counts.values()))


def _class_cells(report: PredictionReport, name: str) -> dict[str, object]:
    whole, before = report.whole, report.before
    now, truth = _of_class(whole.predicted, name), _of_class(whole.labels, name)
    near = Share(whole.near.get(name, 0), whole.near_of.get(name, 0))
    ends = now.interval
    return {
        "Class": name,
        "Predicted, n": now.hits,
        "Share now": _percent(now),
        "95 %": f"{ends.low:.1%} to {ends.high:.1%}" if now.rows else "",
        "Share before": _percent(_of_class(before.predicted, name)),
        "Mean confidence": numbers.text(whole.confidence.get(name, Moments()).mean),
        "before": numbers.text(before.confidence.get(name, Moments()).mean),
        "Close calls": _percent(near),
        "Labels, n": truth.hits,
        "Share of labels": _percent(truth),
        "of labels before": _percent(_of_class(before.labels, name)),
    }


def _percent(share: Share) -> str:
    return f"{share.rate:.1%}" if share.rows else numbers.NONE
