"""What to compare and how to judge it: the choices of the page Fairness, all in the URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from monitoring.metrics.fairness import GROUP_METRICS, HEADLINE
from monitoring.metrics.fairness_metric import GroupMetric
from monitoring.signals.fairness import report as fairness
from monitoring.signals.fairness.report import Rule
from ui.parts.glossary import explain

if TYPE_CHECKING:
    from monitoring.signals.fairness.group_counts import CountedGroups
    from ui.loaders.signals import Offered

NONE = "None"
STEPS = {"day": ("Day", 1), "week": ("Week", 7), "month": ("30 days", 30)}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page is asked for: the metric in focus, how to judge, and how finely time is cut."""

    metric: GroupMetric
    rule: Rule
    step_days: int


def pick_features(offered: Offered) -> tuple[str, ...]:
    """Draw the choice of one feature or two, remembered per model. Bound to the URL."""
    first = st.selectbox(
        "Compare the groups of",
        offered.features,
        key=f"group-{offered.model}",
        bind="query-params",
        help="A categorical feature, or a numerical one cut at the quartiles of the baseline.",
        width=280,
    )
    second = st.selectbox(
        "Crossed with",
        [NONE, *offered.features],
        key=f"cross-{offered.model}",
        bind="query-params",
        help="A second feature makes a group of each pair of values. " + explain("pooled"),
        width=280,
    )
    return (first,) if second in {NONE, first} else (first, second)


def pick_rule(counted: CountedGroups, model: str) -> Asked:
    """Draw metric, positive class, limits and period. Bound to the URL."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        metric = _pick_metric(counted)
        positive = _pick_positive(counted, model) if counted.classes else ""
        allowance, least = _pick_limits(metric)
        step = st.segmented_control(
            "Cut time by",
            list(STEPS),
            default="week",
            required=True,
            format_func=lambda each: STEPS[each][0],
            key="fairness-step",
            bind="query-params",
            width="content",
        )
    limits = ((metric.name, allowance),) if allowance != metric.allowance else ()
    rule = fairness.Rule(positive, least, limits)
    return Asked(metric, rule, STEPS[step if step in STEPS else "week"][1])


def _pick_metric(counted: CountedGroups) -> GroupMetric:
    known = [name for name, metric in GROUP_METRICS.items() if counted.task in metric.tasks]
    name = st.selectbox(
        "Metric",
        known,
        index=known.index(HEADLINE[counted.task]),
        format_func=lambda name: GROUP_METRICS[name].label,
        key=f"fairness-{counted.task}",
        bind="query-params",
        help="The metric in focus; every metric is judged.",
        width=280,
    )
    return GROUP_METRICS[name if name in known else HEADLINE[counted.task]]


def _pick_positive(counted: CountedGroups, model: str) -> str:
    return st.selectbox(
        "Positive class",
        counted.classes,
        index=len(counted.classes) - 1,
        key=f"positive-{model}",
        bind="query-params",
        help="The answer that matters to whom it is given; compared with all others.",
        width=160,
    )


def _pick_limits(metric: GroupMetric) -> tuple[float, int]:
    allowance = st.number_input(
        "Allowed distance",
        min_value=0.0,
        value=metric.allowance,
        step=0.01,
        format="%.3g",
        key=f"allowed-{metric.name}",
        bind="query-params",
        help="How far a group may lie from all others together"
        + (", as a share of their size of error." if metric.scale else "."),
        width=160,
    )
    least = st.number_input(
        "Least rows",
        min_value=1,
        value=fairness.LEAST_ROWS,
        step=10,
        key="least-rows",
        bind="query-params",
        help="A group with fewer rows in what a metric is a share or mean of gets no verdict.",
        width=160,
    )
    return float(allowance), int(least)
