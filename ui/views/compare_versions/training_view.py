"""Versions on screen, continued: training data tracked and compared, and inputs of two deployments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from monitoring.charts.versions import version_matrix
from monitoring.compare.training_versions import Pair, TrainingReport, TrainingVersion
from monitoring.counting.profile import Profile
from monitoring.metric import MetricResult
from monitoring.metrics.drift import METRICS
from monitoring.signals.data_drift.report import DriftReport, excess, headline, ranked
from ui.parts import cards, choices, numbers, result_charts, result_table, states
from ui.views.compare_versions import versions_view
from ui.views.data_drift.drift_view import EXCESS

LABELS = {name: metric.label for name, metric in METRICS.items()}


def show_training(report: TrainingReport, preferred: Sequence[str]) -> None:
    """Draw the versions, how many columns differ between any two, and one pair in detail.

    Args:
        report: What was found.
        preferred: Versions of the models that are looked at, to begin with.
    """
    _show_versions(report)
    read = [each.asset for each in report.versions if not each.reason]
    if len(read) < 2:  # noqa: PLR2004 - a pair
        text = f"The models name one version of training data: {', '.join(read) or 'none that can be read'}."
        states.show(states.State("One version", ":material/looks_one:", "gray", text))
        return
    _show_matrix(report, read)
    chosen = [name for name in dict.fromkeys(preferred) if name in read]
    newest = [*read[-2:], *reversed(read[:-2])]
    order = list(dict.fromkeys([*chosen, *newest] if len(chosen) > 1 else newest))
    with st.container(horizontal=True):
        first, second = versions_view.pick_pair(order, "data-")
    pair = report.pair(first, second)
    if pair is not None:
        _show_pair(pair, report)


def _show_versions(report: TrainingReport) -> None:
    lines = []
    before: TrainingVersion | None = None
    for each in report.versions:
        target = each.target
        lines.append(
            {
                "Version": each.asset,
                "Registered": f"{each.registered:%d %b %Y}" if each.registered else "–",
                "Trained": ", ".join(each.models),
                "Rows": f"{each.rows:,}" if each.rows else "–",
                "Columns": len(each.columns) or None,
                "Schema against the one before": _schema(before, each),
                "Target": f"{report.target_column}, {target.of}" if target else "–",
                "Value": _value(each),
                "95 %": _reach(each),
                "Why not": each.reason,
            }
        )
        before = each if not each.reason else before
    table = pd.DataFrame(lines)
    empty = [name for name in ("Why not",) if (table[name] == "").all()]
    cards.show_table(
        table.drop(columns=empty), key="training-versions", alt="Versions of training data"
    )


def _schema(before: TrainingVersion | None, now: TrainingVersion) -> str:
    if before is None or now.reason:
        return "–"
    old, new = before.columns, now.columns
    added = [f"+ {name}" for name in new if name not in old]
    gone = [f"- {name}" for name in old if name not in new]
    kept = [name for name in new if name in old]
    typed = [f"{name}: {old[name]} to {new[name]}" for name in kept if old[name] != new[name]]
    return ", ".join([*added, *gone, *typed]) or "no change"


def _value(version: TrainingVersion) -> str:
    if version.target is None:
        return "–"
    value = version.target.value
    return f"{100 * value:.2f} %" if version.target.is_share else f"{value:.4g}"


def _reach(version: TrainingVersion) -> str:
    if version.target is None:
        return ""
    ends = version.target.interval.low, version.target.interval.high
    low, high = (f"{100 * e:.2f} %" if version.target.is_share else f"{e:.4g}" for e in ends)
    return f"{low} to {high}"


def _show_matrix(report: TrainingReport, read: Sequence[str]) -> None:
    found = np.full((len(read), len(read)), np.nan)
    of = np.zeros_like(found)
    for i, one in enumerate(read):
        for j, two in enumerate(read):
            pair = report.pair(one, two) if i != j else None
            if pair is not None:
                found[i, j], of[i, j] = len(pair.differing), len(pair.deciding)
    table = pd.DataFrame(
        [
            {
                "First": pair.first,
                "Second": pair.second,
                "Columns that differ": len(pair.differing),
                "Columns compared": len(pair.deciding),
                "Which": ", ".join(pair.differing),
            }
            for pair in report.pairs.values()
        ]
    )
    cards.show_chart(version_matrix(read, found, of), key="training-matrix", table=table)


def _show_pair(pair: Pair, report: TrainingReport) -> None:
    versions = {each.asset: each for each in report.versions}
    one, two = versions[pair.first], versions[pair.second]
    differing = pair.differing
    named = ", ".join(differing[:6]) + (" and more" if len(differing) > 6 else "")  # noqa: PLR2004
    st.text(
        f"From {pair.first} to {pair.second}: {len(differing)} of {len(pair.deciding)} columns differ"
        + (f" ({named})." if differing else ".")
    )
    _show_ranking(pair.deciding, "training-ranking")
    show_column(
        list(ranked(pair.deciding)),
        pair.results,
        (one.profiles, two.profiles),
        (pair.first, pair.second),
        "column",
    )


def show_inputs(report: DriftReport, names: tuple[str, str]) -> None:
    """Draw how the inputs of the second deployment differ from the first's."""
    deciding = headline(report.results)
    breached = [name for name in ranked(deciding) if deciding[name].status == "breached"]
    rows = max((each.rows for each in report.results), default=0)
    days = report.baseline.name
    told = f"{len(breached)} of {len(deciding)} inputs differ" if breached else "No input differs"
    st.text(
        f"{told} between {names[1]} ({rows:,} rows) and {days} ({report.baseline.rows:,} rows)"
        + (f": {', '.join(breached[:6])}." if breached else ".")
    )
    _show_ranking(deciding, "inputs-ranking")
    both = report.baseline.profiles, report.production
    show_column(list(ranked(deciding)), report.results, both, names, "feature")


def _differs(result: MetricResult) -> str:
    words = {"breached": "▲ Differs", "ok": "✓ Alike"}
    return words.get(result.status) or cards.status_label(result.status)


RANKING: result_table.Columns = {
    "Column": lambda result: result.subject,
    "Status": _differs,
    **result_table.labelled(LABELS),
    "Value": lambda result: numbers.rounded(result.value),
    "Threshold": lambda result: result.threshold,
    "Value / threshold": excess,
    "n first": lambda result: result.reference_rows,
    "n second": lambda result: result.rows,
    **result_table.REASON,
}


def _show_ranking(deciding: Mapping[str, MetricResult], key: str) -> None:
    st.dataframe(
        result_table.table([deciding[name] for name in ranked(deciding)], RANKING),
        hide_index=True,
        key=key,
        alt="Columns by how far each exceeds its threshold",
        height=260,
        column_config={
            "n first": st.column_config.NumberColumn(format="localized"),
            "n second": st.column_config.NumberColumn(format="localized"),
            "Value / threshold": EXCESS,
        },
    )


def show_column(
    order: list[str],
    results: Sequence[MetricResult],
    profiles: tuple[Mapping[str, Profile], Mapping[str, Profile]],
    names: tuple[str, str],
    key: str,
) -> None:
    """Draw one column of both sides on the same axis, and every metric of it."""
    if not order:
        return
    about = "Furthest apart first."
    chosen = choices.known_pick(key.capitalize(), order, key, width=320, help=about)
    own = [each for each in results if each.subject == chosen]
    comparison = result_charts.compared(chosen, *(each.get(chosen) for each in profiles), own)
    if comparison is None:
        return
    sides = f"{names[0]}, rows", f"{names[1]}, rows"
    result_charts.show_overlay(comparison, chosen, sides, f"{key}-overlay")
    one, two = comparison.reference, comparison.production
    st.caption(
        cards.escaped(
            f"Reference is {names[0]} ({one.n:,} rows, {one.null_rate or 0:.1%} null), production is "
            f"{names[1]} ({two.n:,} rows, {two.null_rate or 0:.1%} null)."
        )
    )
    with st.expander("Every metric of this column", icon=":material/table:"):
        table = result_table.undated_table(own, LABELS)
        st.dataframe(table, hide_index=True, key=f"{key}-results", alt=f"Every metric of {chosen}")
