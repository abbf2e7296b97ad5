"""Versions on screen, continued: training data tracked and compared, and inputs of two deployments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.charts.versions import version_matrix
from monitoring.compare.training_versions import Pair, TrainingReport, TrainingVersion
from monitoring.counting.profile import Profile
from monitoring.counting.totals.comparison import Comparison
from monitoring.metric import MetricResult
from monitoring.metrics.drift import METRICS
from monitoring.signals.data_drift.report import DriftReport, excess, headline, ranked
from ui.parts import cards, report_view, states
from ui.views.compare_versions import versions_view

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
    added = [f"+ {name}" for name in now.columns if name not in before.columns]
    gone = [f"- {name}" for name in before.columns if name not in now.columns]
    typed = [
        f"{name}: {before.columns[name]} to {kind}"
        for name, kind in now.columns.items()
        if name in before.columns and before.columns[name] != kind
    ]
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


def _show_ranking(deciding: Mapping[str, MetricResult], key: str) -> None:
    order = ranked(deciding)
    table = pd.DataFrame(
        {
            "Column": order,
            "Status": [_differs(deciding[n]) for n in order],
            "Metric": [LABELS.get(deciding[n].metric, "–") for n in order],
            "Value": [_rounded(deciding[n].value) for n in order],
            "Threshold": [deciding[n].threshold for n in order],
            "Value / threshold": [excess(deciding[n]) for n in order],
            "n first": [deciding[n].reference_rows for n in order],
            "n second": [deciding[n].rows for n in order],
            "Why": [deciding[n].reason for n in order],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        key=key,
        alt="Columns by how far each exceeds its threshold",
        height=260,
        column_config={
            "n first": st.column_config.NumberColumn(format="localized"),
            "n second": st.column_config.NumberColumn(format="localized"),
            "Value / threshold": st.column_config.ProgressColumn(
                min_value=0.0, max_value=3.0, format="%.2f"
            ),
        },
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _differs(result: MetricResult) -> str:
    words = {"breached": "▲ Differs", "ok": "✓ Alike"}
    return words.get(result.status) or cards.status_label(result.status)


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
    if st.session_state.get(key, order[0]) not in order:
        st.session_state[key] = order[0]
    picked = st.selectbox(
        key.capitalize(),
        order,
        key=key,
        bind="query-params",
        width=320,
        help="Furthest apart first.",
    )
    chosen = picked if picked in order else order[0]
    one, two = (each.get(chosen) for each in profiles)
    own = [each for each in results if each.subject == chosen]
    if one is None or two is None or not one.n or not two.n:
        reason = next((each.reason for each in own if each.reason), "nothing was counted")
        states.show(states.blind(None, f"{chosen}: {reason}."))
        return
    _show_overlay(Comparison(one, two), chosen, names, key)
    st.caption(
        cards.escaped(
            f"Reference is {names[0]} ({one.n:,} rows, {one.null_rate or 0:.1%} null), production is "
            f"{names[1]} ({two.n:,} rows, {two.null_rate or 0:.1%} null)."
        )
    )
    with st.expander("Every metric of this column", icon=":material/table:"):
        table = report_view.results_table(own, LABELS).drop(columns="Day", errors="ignore")
        st.dataframe(table, hide_index=True, key=f"{key}-results", alt=f"Every metric of {chosen}")


def _show_overlay(found: Comparison, name: str, sides: tuple[str, str], key: str) -> None:
    one, two, labels = found.histogram
    table = pd.DataFrame({name: labels, f"{sides[0]}, rows": one, f"{sides[1]}, rows": two})
    if found.kind == "categorical":
        chart = charts.overlay_categories(labels, one / one.sum(), two / two.sum(), unit=name)
    else:
        cells = found.cells
        chart = charts.overlay(cells.left, cells.right, *found.shares, unit=name)
    cards.show_chart(chart, key=f"{key}-overlay", table=table)
