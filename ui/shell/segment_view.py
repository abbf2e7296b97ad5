"""The segment in the sidebar: which rows every page looks at, chosen, shown, shared by its link."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import streamlit as st

from monitoring.errors import MonitoringError
from monitoring.metric import MetricResult
from monitoring.segment import EVERYONE, MISSING, Condition, Segment, parse
from monitoring.window import Window
from ui.loaders import segments
from ui.loaders.segments import FeatureChoice
from ui.parts import cards, states
from ui.parts.glossary import explain

KEY = "segment"


def pick(endpoint: str, deployment: str, window: Window) -> Segment:
    """Draw the segment below the deployment and return it; all rows if its text cannot be read.

    Args:
        endpoint: Chosen in the sidebar.
        deployment: Whose model's inputs can be asked about.
        window: For a baseline that moves with it.
    """
    popover = st.popover(
        "Segment",
        icon=":material/filter_alt:",
        key="segment-popover",
        on_change="rerun",
        width="stretch",
        help=explain("segment"),
    )
    if popover.open:
        with popover:
            _show_builder(endpoint, deployment, window)
    chips = st.container(gap="xsmall")
    # Not in the popover: what is bound to the URL stays in it only while its widget is on the page,
    # and a closed popover takes its widgets off.
    with st.expander("Segment as text", type="compact"):
        text = st.text_input(
            "Segment as text",
            key=KEY,
            bind="query-params",
            placeholder="carrier:UA;distance:500..1000",
            label_visibility="collapsed",
            help="What the link carries. Conditions are joined by ; and values by a comma.",
        )
    try:
        segment = segments.read(text or "", endpoint, deployment) if text else EVERYONE
    except MonitoringError as error:
        with chips:
            states.show_error(error)
            st.button("Clear", icon=":material/close:", key="segment-clear", on_click=choose)
        return EVERYONE
    with chips:
        _show_chips(segment)
    return segment


def choose(segment: Segment = EVERYONE) -> None:
    """Callback: look at this segment everywhere."""
    st.session_state[KEY] = segment.code


def note(segment: Segment, rows: int | None = None) -> str:
    """Return what a page's caption ends with when a segment is on; empty for all rows.

    >>> note(parse("carrier:UA"), 1200)
    ', segment: carrier is UA (1,200 rows)'
    >>> note(EVERYONE)
    ''
    """
    if not segment:
        return ""
    return f", segment: {segment}" + ("" if rows is None else f" ({rows:,} rows)")


def rows_of(results: Sequence[MetricResult] | Mapping[str, MetricResult]) -> int:
    """Return how many rows a report's results rest on."""
    found = results.values() if isinstance(results, Mapping) else results
    return max((result.rows for result in found), default=0)


def _show_chips(segment: Segment) -> None:
    for at, condition in enumerate(segment.conditions):
        st.button(
            cards.escaped(str(condition)),
            icon=":material/close:",
            key=f"segment-chip-{at}",
            on_click=choose,
            args=(segment.without(condition.feature),),
            width="stretch",
            help="Remove this condition",
        )
    if len(segment.conditions) > 1:
        st.button(
            "Clear",
            icon=":material/filter_alt_off:",
            key="segment-clear",
            on_click=choose,
            type="tertiary",
        )


def _show_builder(endpoint: str, deployment: str, window: Window) -> None:
    try:
        names = segments.features(endpoint, deployment)
        if not names:
            st.text("The model does not say what its inputs are. Write the segment as text.")
            return
        feature = st.selectbox("Feature", names, key="segment-feature")
        offered = segments.choice(endpoint, deployment, feature, window)
    except MonitoringError as error:
        states.show_error(error)
        return
    condition = _pick_range(offered) if offered.is_number else _pick_values(offered)
    st.button(
        "Add condition",
        icon=":material/add:",
        key="segment-add",
        disabled=condition is None,
        on_click=_add,
        args=(condition,),
    )
    st.caption(cards.escaped(f"Counts: {offered.baseline}, {offered.rows:,} rows"))


def _pick_values(offered: FeatureChoice) -> Condition | None:
    counts = dict(offered.values)
    values = st.multiselect(
        "is one of",
        list(counts),
        format_func=lambda value: f"{value or '(empty)'} ({counts.get(value, 0):,})",
        key=f"segment-values-{offered.name}",
        placeholder="Choose values",
    )
    return Condition(offered.name, tuple(values)) if values else None


def _pick_range(offered: FeatureChoice) -> Condition | None:
    low_key, high_key = f"segment-low-{offered.name}", f"segment-high-{offered.name}"
    kind = st.segmented_control(
        "Rows that have",
        ["a range", "no value"],
        default="a range",
        required=True,
        key=f"segment-kind-{offered.name}",
    )
    if kind == "no value":
        return Condition(offered.name, (MISSING,))
    ends = dict(offered.quantiles)
    st.pills(
        "Suggestions",
        _suggestions(ends),
        key=f"segment-suggested-{offered.name}",
        on_change=_suggest,
        args=(offered.name, ends),
        help="Parts of the baseline's rows, by their quantiles.",
    )
    left, right = st.columns(2)
    low = left.number_input("at least", value=None, key=low_key, format="%g", placeholder="any")
    high = right.number_input("below", value=None, key=high_key, format="%g", placeholder="any")
    begin = -math.inf if low is None else float(low)
    end = math.inf if high is None else float(high)
    if math.isinf(begin) and math.isinf(end):
        return None
    if begin >= end:
        st.text("The lower end must lie below the upper one.")
        return None
    return Condition(offered.name, (), begin, end)


#: Suggestion -> share of rows below its low and its high end; None for an open end.
RANGES: dict[str, tuple[float | None, float | None]] = {
    "lowest tenth": (None, 0.1),
    "lower half": (None, 0.5),
    "middle half": (0.25, 0.75),
    "upper half": (0.5, None),
    "highest tenth": (0.9, None),
}


def _suggestions(ends: dict[float, float]) -> list[str]:
    return [name for name, shares in RANGES.items() if all(s is None or s in ends for s in shares)]


def _suggest(feature: str, ends: dict[float, float]) -> None:
    picked = st.session_state.get(f"segment-suggested-{feature}")
    low, high = RANGES.get(picked, (None, None))
    st.session_state[f"segment-low-{feature}"] = None if low is None else ends[low]
    st.session_state[f"segment-high-{feature}"] = None if high is None else ends[high]


def _add(condition: Condition) -> None:
    try:
        segment = parse(st.session_state.get(KEY) or "")
    except MonitoringError:
        segment = EVERYONE
    choose(segment.with_condition(condition))
