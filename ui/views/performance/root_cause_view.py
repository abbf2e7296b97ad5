"""What a change of performance goes with: its parts, its features, the segments that hold it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.charts.waterfall import Step
from monitoring.explain.diagnosis import Diagnosis
from monitoring.explain.evidence import Diagnosed
from monitoring.explain.root_cause import METHOD, RootCause
from monitoring.explain.segments import SegmentChange, SegmentReport
from monitoring.methods.root_cause.attribution import PARTS, FeatureShare, Part, Share
from monitoring.methods.root_cause.loss import Loss
from monitoring.segment import Segment
from monitoring.window import Window
from ui.loaders import diagnosis, segments
from ui.loaders.monitor import Asked
from ui.parts import answer_view, cards, choices, numbers, states
from ui.parts.glossary import explain
from ui.shell import nav, segment_view

NAMES: dict[Part, str] = {
    "mix": "Other rows came",
    "missing": "Missing values",
    "relation": "Like rows fared differently",
    "unexplained": "Without a counterpart",
}
#: Features drawn, features that can be opened at once, and segments that can be chosen.
DRAWN, OPENED, OFFERED = 8, 3, 25
INDEPENDENT = (
    "Intervals take rows as independent: where whole days share a fate they are too narrow."
)


def _key(asked: Asked, metric: str, prefix: str) -> str:
    """Return a prefix of keys that is unique on the page."""
    parts = (f"{prefix}{asked.endpoint}", asked.deployment, metric, asked.segment.code)
    return "-".join(parts) + "-"


def show_state(own: Asked, metric: str, key: str) -> None:
    """Draw in words what is going on: drift of data, answers or relation, or broken data.

    It measures five signals, which takes seconds the first time; so it has a button of its own.
    """
    with cards.panel("What is going on", help=explain("data drift")):
        wanted = st.button("Diagnose", icon=":material/troubleshoot:", key=f"{key}diagnose")
        asked = diagnosis.asked(own, metric)
        state_key = f"{_key(own, metric, key)}state-"

        def draw(found: Diagnosed) -> None:
            show_diagnosis(found.diagnosis)
            if found.missing:
                st.text("Not measured: " + " ".join(found.missing))

        compute = diagnosis.diagnosis
        answer_view.show(asked, compute, state_key, draw, wanted=wanted, action="Diagnose")


def show(own: Asked, metric: str, key: str) -> None:
    """Draw what a change goes with: a reference period, one run, then parts, features and segments."""
    with cards.panel("What the change goes with", help=explain("root cause")):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            against = _pick_reference(own.window, key)
            wanted = st.button("Compare", icon=":material/play_arrow:", key=f"{key}compare")
        about = f"compared with: {against[:1].lower()}{against[1:]}"
        shown = answer_view.show(
            replace(own, more=("change", metric, against), about=about),
            segments.change,
            _key(own, metric, key),
            lambda change: show_root_cause(change[1], key),
            wanted=wanted,
            action="Compare",
        )
    if shown is not None:
        with cards.panel("Segments that explain it", help=explain("impact")):
            show_segments(shown.report[0], own.segment, key)


def _pick_reference(window: Window, key: str) -> str:
    """Draw the choice of the period before, by name. Bound to the URL."""
    offered = segments.references(window)
    return choices.pick(
        "Compared with",
        list(offered),
        f"{key}against",
        format_func=lambda name: f"{name}, {_days(offered[name])}",
        width=420,
        help=explain("reference"),
    )


def _days(window: Window) -> str:
    last = window.end - timedelta(microseconds=1)
    return f"{window.start:%d %b} to {last:%d %b %Y}"


def show_root_cause(cause: RootCause, key: str) -> None:
    """Draw the parts of a change and the features that they go with."""
    for sentence in cause.sentences():
        st.text(sentence)
    left, right = st.columns(2)
    with left:
        _show_parts(cause, key)
    with right:
        _show_features(cause, key)
    named = [each.feature for each in cause.found.features[:OPENED] if each.weight > 0]
    with st.container(horizontal=True):
        for name in named:
            st.button(
                cards.escaped(f"Open {name}"),
                icon=":material/ssid_chart:",
                key=f"{key}open-{name}",
                on_click=nav.go,
                args=("data_drift.py", {"feature": name}),
                help="Its drift over the window, on the page Data drift",
            )
    st.caption(cards.escaped(_method(cause)))


def _method(cause: RootCause) -> str:
    found = cause.found
    weighted = (
        f"The reference counts as {found.effective_rows:,.0f} rows after weighting. "
        if found.outside_share < 1
        else ""
    )
    return (
        f"{found.reference_rows:,} and {found.rows:,} labelled rows; {found.outside_share:.1%} without a "
        f"counterpart. {weighted}Method: {METHOD}. {INDEPENDENT} It coincides; nothing here proves a cause."
    )


def _show_parts(cause: RootCause, key: str) -> None:
    found, loss = cause.found, cause.loss
    steps = [_step(NAMES[p], found.parts[p], is_known=p != "unexplained") for p in PARTS]
    chart = charts.waterfall(
        steps, _step("Change", found.change), unit=_unit(loss), is_share=loss.is_share
    )
    table = pd.DataFrame(
        [_line({"Part": NAMES[part_]}, found.parts[part_], loss) for part_ in PARTS]
        + [_line({"Part": "Change"}, found.change, loss)]
    )
    st.caption(f"Parts of the change. {explain('mix')} {explain('relation')}")
    cards.show_chart(chart, key=f"{key}parts", table=table)


def _show_features(cause: RootCause, key: str) -> None:
    found, loss = cause.found, cause.loss
    rows = [(each.feature, _steps(each)) for each in found.features if each.weight > 0][:DRAWN]
    if abs(found.alike.value) > 0:
        rows.append(("the same for all rows", [_step(NAMES["relation"], found.alike)]))
    lines = [
        _line({"Feature": each.feature, "Part": NAMES[part_]}, share, loss)
        for each in found.features
        for part_, share in each.parts.items()
        if share.value
    ]
    lines.append(
        _line({"Feature": "the same for all rows", "Part": NAMES["relation"]}, found.alike, loss)
    )
    shown = f"{min(len(rows), DRAWN)} of {len(found.features)} features"
    st.caption(f"What of it goes with which feature, {shown}. {explain('counterpart')}")
    chart = charts.contributions(
        rows, list(NAMES.values()), unit=_unit(loss), is_share=loss.is_share
    )
    cards.show_chart(chart, key=f"{key}features", table=pd.DataFrame(lines))


def _unit(loss: Loss) -> str:
    return f"change of {loss.label.lower()}" + (" (points)" if loss.is_share else "")


def _steps(each: FeatureShare) -> list[Step]:
    return [_step(NAMES[part_], share) for part_, share in each.parts.items() if share.value]


def _step(name: str, share: Share, *, is_known: bool = True) -> Step:
    return Step(name, share.value, share.interval.low, share.interval.high, is_known)


def _scale(loss: Loss) -> float:
    return 100.0 if loss.is_share else 1.0


def _line(named: dict[str, str], share: Share, loss: Loss) -> dict[str, object]:
    low, high = share.interval.low, share.interval.high
    found = {"Change": share.value, "Low (95 %)": low, "High (95 %)": high}
    scale = _scale(loss)
    return {**named, **{name: float(f"{value * scale:.4g}") for name, value in found.items()}}


def show_segments(report: SegmentReport, segment: Segment, key: str) -> None:
    """Draw segments by how much of a change they hold, and let the reader look at one."""
    st.text(_told(report))
    if report.note:
        st.text(report.note)
    shown = report.changes[:OFFERED]
    if not shown:
        return
    cards.show_table(
        _table(shown, report.loss),
        key=f"{key}segments",
        alt="Segments by how much of the change they hold",
    )
    names = {str(each.segment): each.segment for each in shown}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        picked = st.selectbox("Segment", list(names), key=f"{key}segment-picked", width=420)
        st.button(
            "Look at this segment",
            icon=":material/filter_alt:",
            key=f"{key}segment-look",
            on_click=segment_view.choose,
            args=(_joined(segment, names.get(picked, segment)),),
            help="Every page then shows its rows only",
        )
    st.caption(
        f"Showing {len(shown)} of {len(report.changes)} segments; {report.tested} were tested. "
        f"{explain('impact')} {explain('BH')} {INDEPENDENT}"
    )


def _joined(segment: Segment, found: Segment) -> Segment:
    for condition in found.conditions:
        segment = segment.with_condition(condition)
    return segment


def _told(report: SegmentReport) -> str:
    loss, whole = report.loss, report.whole
    standing = report.standing_out
    change = loss.text(whole.change, sign=True) if whole.change is not None else "an unknown amount"
    if not standing:
        return (
            f"No segment stands out: {loss.label.lower()} changed by {change}, and nowhere surely more "
            "than elsewhere."
        )
    first = standing[0]
    return (
        f"{len(standing)} segments got worse by more than all other rows. The largest part, "
        f"{loss.text(first.result.value or 0.0, sign=True)} of {change}, coincides with {first.segment}."
    )


def _table(changes: Sequence[SegmentChange], loss: Loss) -> pd.DataFrame:
    return pd.DataFrame([_segment_cells(each, loss) for each in changes])


def show_diagnosis(found: Diagnosis) -> None:
    """Draw a verdict in words with its evidence; the numbers behind each sentence are below it."""
    looks: dict[str, tuple[str, states.Colour]] = {
        "nothing_wrong": (":material/check_circle:", "green"),
        "cannot_tell": (":material/help:", "gray"),
        "data_fault": (":material/report:", "orange"),
        "data_drift": (":material/swap_horiz:", "orange"),
        "prediction_drift": (":material/swap_horiz:", "orange"),
        "concept_drift": (":material/warning:", "red"),
        "unexplained_drop": (":material/warning:", "red"),
    }
    icon, colour = looks[found.verdict]
    st.badge(found.title, icon=icon, color=colour)
    for sentence in found.sentences:
        st.text(sentence.text)
    used = [result for sentence in found.sentences for result in sentence.results]
    if used:
        with st.expander("Numbers behind it", type="compact", icon=":material/table:"):
            table = pd.DataFrame([result.as_record() for result in dict.fromkeys(used)])
            st.dataframe(table, hide_index=True, alt="Results that the diagnosis rests on")


def _segment_cells(each: SegmentChange, loss: Loss) -> dict[str, object]:
    def scaled(value: float | None) -> float:
        return numbers.rounded(numbers.or_nan(value) * _scale(loss))

    result, unit = each.result, " (points)" if loss.is_share else ""
    ends = numbers.interval(result)
    return {
        "Segment": str(each.segment),
        "Status": cards.status_label(result.status),
        f"Impact{unit}": scaled(result.value),
        "Low (95 %)": scaled(ends.low),
        "High (95 %)": scaled(ends.high),
        f"{loss.label} before": scaled(each.reference_loss),
        f"{loss.label} now": scaled(each.loss),
        "Share now (%)": float(f"{each.share * 100:.3g}"),
        "Share before (%)": float(f"{each.reference_share * 100:.3g}"),
        "p adjusted": numbers.pvalue(result.adjusted_pvalue),
        "n before": result.reference_rows,
        "n now": result.rows,
        "Why": result.reason,
    }
