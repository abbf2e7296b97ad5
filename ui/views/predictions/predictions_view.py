"""Predictions on screen: whether answers are distributed as before, and the truth that comes back."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.counting.totals.outcomes import Moments
from monitoring.metric import Interval, MetricResult, Status
from monitoring.metrics.drift import METRICS
from monitoring.statistics.intervals import Z
from monitoring.statistics.rates import Share
from ui.parts import cards, outputs_view
from ui.parts.glossary import explain
from ui.views.predictions import predictions_words

if TYPE_CHECKING:
    from monitoring.counting.engine.outputs import OutputCounts
    from monitoring.signals.prediction_drift.report import PredictionReport

T = TypeVar("T")
Progress = Callable[[float, str], None]

LABEL = "label"


def pick_baseline(offered: Sequence[str]) -> str:
    """Draw the choice of baseline. Bound to the URL."""
    return st.selectbox(
        "Baseline",
        offered,
        key="outputs-baseline",
        bind="query-params",
        help="What answers are compared with. Training data has labels, seldom answers.",
        width=340,
    )


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
    deciding = {n: r for n, r in report.deciding().items() if n != LABEL}
    judged = [n for n, r in deciding.items() if r.status in {"ok", "breached"}]
    moved = [name for name in report.moved() if name != LABEL]
    first, second, third, fourth = st.columns(4)
    with first:
        status: Status = "breached" if moved else "ok" if judged else "not_enough_data"
        cards.kpi(
            "Outputs that moved",
            f"{len(moved)} of {len(judged)}" if judged else "–",
            status,
            note=", ".join(moved) or ("none beyond its threshold" if judged else "nothing judged"),
            term="prediction drift",
        )
    whole, before = report.whole, report.before
    with second:
        _show_sure(whole, before) if report.classes else _show_answer(whole, before)
    with third:
        if report.classes:
            _show_close(report)
        else:
            cards.kpi(
                "Mean label",
                outputs_view.number(whole.label.mean),
                None,
                note=f"before {outputs_view.number(before.label.mean)} · n {whole.label.n:,}",
            )
    with fourth:
        _show_label(report)
    if report.faults:
        left_out = ", ".join(f"{name} ({n:,})" for name, n in report.faults.items())
        st.text(f"In the rows of this window: {left_out}.")


def _sure(counts: OutputCounts) -> Moments:
    return sum(counts.confidence.values(), Moments())


def _close(counts: OutputCounts) -> Share:
    return Share(sum(counts.near.values()), sum(counts.near_of.values()))


def _show_sure(whole: OutputCounts, before: OutputCounts) -> None:
    now, then = _sure(whole), _sure(before)
    cards.kpi(
        "Mean confidence",
        outputs_view.number(now.mean),
        None,
        note=f"before {outputs_view.number(then.mean)} · n {now.n:,}",
        term="confidence",
    )


def _show_answer(whole: OutputCounts, before: OutputCounts) -> None:
    cards.kpi(
        "Mean answer",
        outputs_view.number(whole.prediction.mean),
        None,
        note=f"before {outputs_view.number(before.prediction.mean)} · n {whole.prediction.n:,}",
    )


def _show_close(report: PredictionReport) -> None:
    now, then = _close(report.whole), _close(report.before)
    cards.kpi(
        "Close calls",
        f"{now.rate:.1%}" if now.rows else "–",
        None,
        note=f"before {then.rate:.1%} · n {now.rows:,}" if then.rows else f"n {now.rows:,}",
        term="close call",
    )


def _show_label(report: PredictionReport) -> None:
    label = report.deciding().get(LABEL)
    arrived = sum(report.whole.labels.values()) or report.whole.label.n
    share = arrived / report.whole.rows if report.whole.rows else 0.0
    cards.kpi(
        "Labels",
        f"{share:.0%} arrived",
        label.status if label else "no_data",
        note=label.reason or f"{METRICS[label.metric].label} {outputs_view.number(label.value)}"
        if label
        else "the model has no ground truth",
        term="label drift",
    )


def _status(report: PredictionReport, label: MetricResult | None) -> Status:
    if label is None:
        return "no_data"
    return "breached" if LABEL in report.moved() else label.status


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
        st.caption(outputs_view.verdict("Mix of answers", result))


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


def _show_shares(report: PredictionReport, shares: Sequence[Share], key: str) -> None:
    known = [share.rows > 0 for share in shares]
    ends = [
        share.interval if ok else Interval(math.nan, math.nan)
        for share, ok in zip(shares, known, strict=True)
    ]
    values = [s.rate if ok else math.nan for s, ok in zip(shares, known, strict=True)]
    then = _close(report.before)
    _show_course(
        report, values, ends, [s.rows for s in shares], "close calls",
        then.rate if then.rows else math.nan, "share of predictions", f"{key}close",
    )  # fmt: skip


def _show_means(
    report: PredictionReport,
    moments: Sequence[Moments],
    before: Moments,
    name: str,
    unit: str,
    key: str,
) -> None:
    values = [math.nan if each.mean is None else each.mean for each in moments]
    reach = [Z * _error(each) for each in moments]
    ends = [Interval(v - r, v + r) for v, r in zip(values, reach, strict=True)]
    rows = [each.n for each in moments]
    then = math.nan if before.mean is None else before.mean
    _show_course(report, values, ends, rows, name, then, unit, f"{key}{name}")


def _error(moments: Moments) -> float:
    if moments.n < 2:  # noqa: PLR2004 - a variance needs two rows
        return math.nan
    mean = moments.total / moments.n
    variance = max(moments.squares / moments.n - mean**2, 0.0) * moments.n / (moments.n - 1)
    return math.sqrt(variance / moments.n)


def _show_course(
    report: PredictionReport,
    values: Sequence[float],
    ends: Sequence[Interval],
    rows: Sequence[int],
    name: str,
    before: float,
    unit: str,
    key: str,
) -> None:
    low, high = [end.low for end in ends], [end.high for end in ends]
    chart = charts.course(
        _times(report),
        values,
        low=low,
        high=high,
        rows=rows,
        name=name,
        reference=before,
        reference_name="before",
        unit=unit,
        few=30,
    )
    table = pd.DataFrame(
        {
            "Day": [f"{day}" for day in sorted(report.daily)],
            "n": rows,
            name: outputs_view.rounded(values),
            "Low (95 %)": outputs_view.rounded(low),
            "High (95 %)": outputs_view.rounded(high),
        }
    )
    cards.show_chart(chart, key=key, table=table)


def _show_mean(report: PredictionReport, key: str) -> None:
    days = sorted(report.daily)
    moments = [report.daily[day].prediction for day in days]
    before = report.before.prediction
    _show_means(report, moments, before, "mean answer", "the answer's unit", key)


def _show_classes(report: PredictionReport, key: str) -> None:
    whole, before = report.whole, report.before
    lines = []
    for name in report.classes:
        now = Share(whole.predicted.get(name, 0), sum(whole.predicted.values()))
        then = Share(before.predicted.get(name, 0), sum(before.predicted.values()))
        truth = Share(whole.labels.get(name, 0), sum(whole.labels.values()))
        past = Share(before.labels.get(name, 0), sum(before.labels.values()))
        near = Share(whole.near.get(name, 0), whole.near_of.get(name, 0))
        ends = now.interval
        lines.append(
            {
                "Class": name,
                "Predicted, n": now.hits,
                "Share now": _percent(now),
                "95 %": f"{ends.low:.1%} to {ends.high:.1%}" if now.rows else "",
                "Share before": _percent(then),
                "Mean confidence": outputs_view.number(whole.confidence.get(name, Moments()).mean),
                "before": outputs_view.number(before.confidence.get(name, Moments()).mean),
                "Close calls": _percent(near),
                "Labels, n": truth.hits,
                "Share of labels": _percent(truth),
                "of labels before": _percent(past),
            }
        )
    cards.show_table(pd.DataFrame(lines), key=f"{key}classes", alt="Answers and labels by class")


def _percent(share: Share) -> str:
    return f"{share.rate:.1%}" if share.rows else "–"
