"""What to compare and how to judge it: the choices of the page Fairness, all in the URL."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from monitoring.metrics.fairness import GROUP_METRICS, HEADLINE
from monitoring.metrics.fairness_metric import GroupMetric
from monitoring.signals.fairness import report as fairness
from monitoring.signals.fairness.group_counts import CountedGroups
from monitoring.signals.fairness.report import Rule
from ui.loaders.signals import Offered
from ui.parts import choices
from ui.parts.glossary import explain

NONE = "None"
#: Step -> its days and what it is called.
STEPS = {"day": 1, "week": 7, "month": 30}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page is asked for: the metric in focus, how to judge, and how finely time is cut."""

    metric: GroupMetric
    rule: Rule
    step_days: int


LABELS = {"day": "Day", "week": "Week", "month": "30 days"}


def pick_features(offered: Offered) -> tuple[str, ...]:
    """Draw the choice of one feature or two, remembered per model. Bound to the URL."""
    first = choices.pick(
        "Compare the groups of",
        offered.features,
        f"group-{offered.model}",
        help="A categorical feature, or a numerical one cut at the quartiles of the baseline.",
        width=280,
    )
    second = choices.pick(
        "Crossed with",
        [NONE, *offered.features],
        f"cross-{offered.model}",
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
        step = choices.switch("Cut time by", LABELS, "fairness-step", "week", width="content")
    limits = ((metric.name, allowance),) if allowance != metric.allowance else ()
    rule = fairness.Rule(positive, least, limits)
    return Asked(metric, rule, STEPS[step])


def _pick_metric(counted: CountedGroups) -> GroupMetric:
    known = [name for name, metric in GROUP_METRICS.items() if counted.task in metric.tasks]
    name = choices.pick(
        "Metric",
        known,
        f"fairness-{counted.task}",
        index=known.index(HEADLINE[counted.task]),
        format_func=lambda name: GROUP_METRICS[name].label,
        help="The metric in focus; every metric is judged.",
        width=280,
    )
    return GROUP_METRICS[name]


def _pick_positive(counted: CountedGroups, model: str) -> str:
    return choices.pick(
        "Positive class",
        counted.classes,
        f"positive-{model}",
        index=len(counted.classes) - 1,
        help="The answer that matters to whom it is given; compared with all others.",
        width=160,
    )


def _pick_limits(metric: GroupMetric) -> tuple[float, int]:
    allowance = choices.limited(
        "Allowed distance",
        f"allowed-{metric.name}",
        metric.allowance,
        help="How far a group may lie from all others together"
        + (", as a share of their size of error." if metric.scale else "."),
        width=160,
    )
    least = choices.number(
        "Least rows",
        "least-rows",
        fairness.LEAST_ROWS,
        min_value=1,
        step=10,
        help="A group with fewer rows in what a metric is a share or mean of gets no verdict.",
        width=160,
    )
    return allowance, int(least)
