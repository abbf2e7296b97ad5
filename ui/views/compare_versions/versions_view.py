"""Compare versions on screen: what to compare, the verdict in words, and what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import numpy as np
import pandas as pd
import streamlit as st

from monitoring.charts import versions as charts
from monitoring.charts.performance import Course
from monitoring.compare import version_verdict as verdict
from monitoring.compare.version_comparison import Compared, VersionComparison
from monitoring.counting.totals.outcomes import Outcomes, Task
from monitoring.errors import NotEnoughData
from monitoring.kept.memory import Entry
from monitoring.metric import Status
from monitoring.metrics.performance import METRICS
from monitoring.signals.model_performance.report import metrics_of
from monitoring.statistics.performance import Performance
from ui.loaders.versions import Side
from ui.parts import cards, states
from ui.views.performance.performance_view import term_of

T = TypeVar("T")
Progress = Callable[[float, str], None]

DEPLOYMENTS, MODELS = "Deployments", "Model versions"


@dataclass(frozen=True, slots=True)
class Look:
    """How a comparison is told: never by colour alone."""

    word: str
    icon: str
    mark: str
    colour: states.Colour


LOOKS: dict[Status, Look] = {
    "ok": Look("Better", ":material/check_circle:", "✓", "green"),
    "breached": Look("Worse", ":material/warning:", "▲", "red"),
    "no_data": Look("No data", ":material/visibility_off:", "○", "gray"),
}
UNKNOWN = Look("Cannot tell", ":material/hourglass_top:", "◔", "gray")


def look_of(status: Status) -> Look:
    """Return how the second side is told against the first."""
    return LOOKS.get(status, UNKNOWN)


def pick_what() -> str:
    """Draw the choice between deployments and model versions. Bound to the URL."""
    picked = st.segmented_control(
        "Compare",
        [DEPLOYMENTS, MODELS],
        default=DEPLOYMENTS,
        required=True,
        key="what",
        bind="query-params",
        help="Deployments: what they answered. Model versions: what the registry says of them.",
    )
    return picked if picked in {DEPLOYMENTS, MODELS} else DEPLOYMENTS


def pick_pair(names: Sequence[str], key: str) -> tuple[str, str]:
    """Draw the choice of two of several names; by default the first two. Bound to the URL."""
    first = _pick("First", list(names), f"{key}first")
    second = _pick("Second", [n for n in names if n != first], f"{key}second")
    return first, second


def _pick(label: str, names: list[str], key: str) -> str:
    if key in st.session_state and st.session_state[key] not in names:
        st.session_state[key] = names[0]  # of another endpoint, or chosen on the other side
    picked = st.selectbox(
        label,
        names,  # as they are: the URL holds what is shown
        key=key,
        bind="query-params",
        width=190,
        help="Differences are second less first.",
    )
    return picked if picked in names else names[0]


def pick_metric(task: Task) -> str:
    """Draw the choice of the metric that the verdict is about. Bound to the URL."""
    offered = [metric.name for metric in metrics_of(task)]
    if st.session_state.get("metric", offered[0]) not in offered:
        st.session_state["metric"] = offered[0]
    name = st.selectbox(
        "Metric",
        offered,
        format_func=lambda name: METRICS[name].label,
        key="metric",
        bind="query-params",
        help="The verdict is about this one; all others are in a table below.",
        width=190,
    )
    return name if name in offered else offered[0]


def show_alone(endpoint: str, sides: Sequence[Side]) -> None:
    """Say that there is nothing to compare a deployment with, and what to do."""
    if not sides:
        states.show(states.blind(None, f"The endpoint {endpoint} has no deployment."))
        return
    (side,) = sides
    states.show(
        states.State(
            "One deployment",
            ":material/looks_one:",
            "gray",
            f"{endpoint} has the deployment {side.name} ({side.model}) only, so that there is nothing "
            "to compare its answers with.",
            next="Deploy the new version beside it and mirror a share of the traffic to it (callers "
            "notice nothing), or give it a small share. Model versions can be compared below.",
            fix=f'az ml online-endpoint update --name {endpoint} --mirror-traffic "green=10"',
        )
    )


def show_verdict(found: VersionComparison) -> None:
    """Draw the verdict, the two numbers, their difference, and the reasons."""
    look = look_of(verdict.status_of(found))
    words = cards.escaped(verdict.headline(found))
    st.subheader(f":{look.colour}[{look.icon}] {words}", anchor=False)
    with st.container(gap="xsmall"):
        for sentence in verdict.sentences(found):
            st.text(sentence)
    if found.asked.found is None:
        return
    _show_tiles(found)
    _show_differences(found)
    st.caption(cards.escaped(f"{verdict.POWER} {verdict.LOOKING}"))


def _show_tiles(found: VersionComparison) -> None:
    asked, deciding = found.asked, found.deciding
    places = st.columns(4)
    sides = zip(found.names, (asked.first, asked.second), found.coverages, strict=True)
    for place, (name, value, covered) in zip(places, sides, strict=False):
        with place:
            note = "" if covered is None else f" · {covered:.0%} of labels are in"
            text = interval_of(value, asked.unit) + note
            cards.kpi(
                cards.escaped(f"{asked.label}, {name}"),
                number_of(value, asked.unit),
                None,
                note=text,
                term=term_of(asked.name),
            )
    with places[2]:
        assert deciding.found is not None  # noqa: S101 - the caller looked
        cards.kpi(
            "Difference",
            verdict.text_of(deciding.found.value, asked.unit, is_difference=True, sign=True),
            None,
            note=f"95 % {verdict.interval_text(deciding)}, second less first",
            term="difference",
        )
    with places[3]:
        one, two = found.left_out
        cards.kpi(
            "Days in common",
            f"{len(found.days)}",
            None,
            note=f"left out: {one} of {found.names[0]} alone, {two} of {found.names[1]} alone",
            term="common days",
        )


def number_of(value: Performance | None, unit: str) -> str:
    """Return a measured number as it is read; an en dash where there is none."""
    return "–" if value is None else verdict.text_of(value.value, unit)


def interval_of(value: Performance | None, unit: str) -> str:
    """Return its interval and rows."""
    if value is None:
        return ""
    low, high = (verdict.text_of(e, unit) for e in (value.interval.low, value.interval.high))
    low = low.removesuffix(" %").removesuffix(" ms")
    return f"95 % {low} to {high} · n = {value.rows:,}"


def _show_differences(found: VersionComparison) -> None:
    ways = {"As they came": found.asked}
    if found.adjusted is not None:
        ways["Like rows of the same day"] = found.adjusted
    if found.paired is not None:
        ways["The same requests"] = found.paired
    known = [(name, each) for name, each in ways.items() if each.found is not None]
    in_points = found.asked.unit in verdict.IN_POINTS
    scale = 100.0 if in_points else 1.0
    found_of = [each.found for _, each in known if each.found is not None]
    table = pd.DataFrame(
        {
            "Measured": [name for name, _ in known],
            "Second against first": [_told(each) for _, each in known],
            "Difference": [scale * each.value for each in found_of],
            "Low (95 %)": [scale * each.interval.low for each in found_of],
            "High (95 %)": [scale * each.interval.high for each in found_of],
            "n first": [each.rows[0] for each in found_of],
            "n second": [each.rows[1] for each in found_of],
            "Method": [each.result.method for _, each in known],
        }
    )
    unit = "points" if in_points else found.asked.unit
    chart = charts.differences(
        [name for name, _ in known],
        table["Difference"],
        low=table["Low (95 %)"],
        high=table["High (95 %)"],
        statuses=[each.result.status for _, each in known],
        unit=f"{found.asked.label}, {found.names[1]} less {found.names[0]}, {unit}",
        subject=f"{found.asked.label}, {found.names[1]} less {found.names[0]}, {unit}",
    )
    cards.show_chart(chart, key="versions-differences", table=table)


def _told(compared: Compared) -> str:
    look = look_of(compared.result.status)
    return f"{look.mark} {look.word}"


def freshness(compared: Entry[VersionComparison]) -> cards.Freshness:
    """Return the footer of the verdict and of what it rests on."""
    found = compared.value
    rows = sum(kept[day].predictions for kept in found.counted for day in found.days)
    waiting = rows - sum(found.labelled)
    missing = f"{waiting:,} labels are not in yet." if waiting else ""
    return cards.taken(compared, rows=rows, missing=missing)


def show_course(found: VersionComparison) -> None:
    """Draw the metric of both sides by day, above the labels it stands on."""
    if not found.days:
        states.show(states.blind(None, "There is no day on which both have labels."))
        return
    metric = METRICS[found.metric]
    courses = [_course([kept[day] for day in found.days], metric.measure) for kept in found.counted]
    labels = [[kept[day].labelled for day in found.days] for kept in found.counted]
    chart = charts.two_courses(
        [datetime(d.year, d.month, d.day, tzinfo=UTC) for d in found.days],
        (courses[0], courses[1]),
        found.names,
        metric=metric.label,
        labelled=(labels[0], labels[1]),
        unit=metric.unit,
    )
    table = pd.DataFrame({"Day": [f"{day}" for day in found.days]})
    for name, course, n in zip(found.names, courses, labels, strict=True):
        table[name] = course.values  # noqa: PD011 - no frame, but a course
        table[f"{name}, low (95 %)"], table[f"{name}, high (95 %)"] = course.low, course.high
        table[f"{name}, labels"] = n
    cards.show_chart(chart, key="versions-course", table=table)


def _course(days: Sequence[Outcomes], measure: Callable[[Outcomes], Performance]) -> Course:
    values = []
    for outcomes in days:
        try:
            found = measure(outcomes)
            values.append((found.value, found.interval.low, found.interval.high))
        except NotEnoughData:
            values.append((np.nan, np.nan, np.nan))
    value, low, high = np.array(values).T
    return Course(values=value, low=low, high=high)


def show_measures(measures: Sequence[Compared], names: tuple[str, str], key: str) -> None:
    """Draw measures of both sides with the difference of each, and the word for it."""
    table = pd.DataFrame([_line(each, names) for each in measures])
    cards.show_table(table, key=key, alt=f"Measures of {names[0]} and {names[1]}")


def _line(each: Compared, names: tuple[str, str]) -> dict[str, object]:
    found = each.found
    size = "–"
    if found is not None:
        size = verdict.text_of(found.value, each.unit, is_difference=True, sign=True)
    return {
        "Measure": each.label,
        "Second against first": _told(each),
        names[0]: number_of(each.first, each.unit),
        f"{names[0]}, interval": interval_of(each.first, each.unit),
        names[1]: number_of(each.second, each.unit),
        f"{names[1]}, interval": interval_of(each.second, each.unit),
        "Difference": size,
        "95 %": verdict.interval_text(each) if found is not None else "",
        "Why": each.result.reason,
        "Unit": each.unit,
        "Method": each.result.method,
    }


def show_shared(found: VersionComparison) -> None:
    """Draw how often both gave the same answer to the same request, or why that is not known."""
    shared, (one, two) = found.shared, found.names
    if shared.agreement is None:
        states.show(states.State("Not available", ":material/link_off:", "gray", shared.reason))
        return
    reach = shared.interval
    if shared.is_share and reach is not None:
        st.text(
            f"{one} and {two} gave the same answer to {shared.agreement:.1%} of "
            f"{shared.requests:,} requests that both scored (95 % {reach.low:.1%} to {reach.high:.1%})."
        )
    elif reach is not None:
        st.text(
            f"Their answers to {shared.requests:,} requests that both scored lie {shared.agreement:.4g} "
            f"apart on average (95 % {reach.low:.4g} to {reach.high:.4g})."
        )
    st.text(f"{len(shared.losses[0]):,} of them have a label.")
