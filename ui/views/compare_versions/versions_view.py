"""Compare versions on screen: what to compare, the verdict in words, and what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

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
from monitoring.statistics.performance import Performance
from ui.loaders.versions import Side
from ui.parts import cards, choices, states
from ui.parts.cards import Look, Tile
from ui.views.performance import performance_view

DEPLOYMENTS, MODELS = "Deployments", "Model versions"


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
    about = "Deployments: what they answered. Model versions: what the registry says of them."
    offered = {DEPLOYMENTS: DEPLOYMENTS, MODELS: MODELS}
    return choices.switch("Compare", offered, "what", help=about)


def pick_pair(names: Sequence[str], key: str) -> tuple[str, str]:
    """Draw the choice of two of several names; by default the first two. Bound to the URL."""
    first = _pick("First", list(names), f"{key}first")
    second = _pick("Second", [n for n in names if n != first], f"{key}second")
    return first, second


def _pick(label: str, names: list[str], key: str) -> str:
    about = "Differences are second less first."
    return choices.known_pick(label, names, key, width=190, help=about)


def pick_metric(task: Task) -> str:
    """Draw the choice of the metric that the verdict is about. Bound to the URL."""
    about = "The verdict is about this one; all others are in a table below."
    return performance_view.pick_metric(task, help=about, width=190)


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
    assert deciding.found is not None  # noqa: S101 - the caller looked
    difference = deciding.found.value
    sides = zip(found.names, (asked.first, asked.second), found.coverages, strict=True)
    one, two = found.left_out
    cards.tiles(
        *(_tile_of(asked, *side) for side in sides),
        Tile(
            "Difference",
            verdict.text_of(difference, asked.unit, is_difference=True, sign=True),
            note=f"95 % {verdict.interval_text(deciding)}, second less first",
            term="difference",
        ),
        Tile(
            "Days in common",
            f"{len(found.days)}",
            note=f"left out: {one} of {found.names[0]} alone, {two} of {found.names[1]} alone",
            term="common days",
        ),
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


def _tile_of(asked: Compared, name: str, value: Performance | None, covered: float | None) -> Tile:
    note = "" if covered is None else f" · {covered:.0%} of labels are in"
    return Tile(
        cards.escaped(f"{asked.label}, {name}"),
        number_of(value, asked.unit),
        note=interval_of(value, asked.unit) + note,
        term=performance_view.term_of(asked.name),
    )


def _show_differences(found: VersionComparison) -> None:
    ways = {
        "As they came": found.asked,
        "Like rows of the same day": found.adjusted,
        "The same requests": found.paired,
    }
    known = {name: each for name, each in ways.items() if each and each.found}
    in_points = found.asked.unit in verdict.IN_POINTS
    scale = 100.0 if in_points else 1.0
    table = pd.DataFrame([_difference_cells(name, each, scale) for name, each in known.items()])
    unit = "points" if in_points else found.asked.unit
    subject = f"{found.asked.label}, {found.names[1]} less {found.names[0]}, {unit}"
    chart = charts.differences(
        list(known),
        table["Difference"],
        low=table["Low (95 %)"],
        high=table["High (95 %)"],
        statuses=[each.result.status for each in known.values()],
        unit=subject,
        subject=subject,
    )
    cards.show_chart(chart, key="versions-differences", table=table)


def _difference_cells(name: str, each: Compared, scale: float) -> dict[str, object]:
    found = each.found
    assert found is not None  # noqa: S101 - the caller looked
    return {
        "Measured": name,
        "Second against first": _told(each),
        "Difference": scale * found.value,
        "Low (95 %)": scale * found.interval.low,
        "High (95 %)": scale * found.interval.high,
        "n first": found.rows[0],
        "n second": found.rows[1],
        "Method": each.result.method,
    }


def _told(compared: Compared) -> str:
    return cards.status_label(look_of(compared.result.status))


def freshness(compared: Entry[VersionComparison]) -> cards.Freshness:
    """Return the footer of the verdict and of what it rests on."""
    found = compared.value
    rows = sum(kept[day].predictions for kept in found.counted for day in found.days)
    return cards.labels_of(compared, rows, sum(found.labelled))


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
