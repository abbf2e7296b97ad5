"""Outliers: how many rows are unlike training, by which feature, since when, and the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from ui.parts import cards, history_view, states
from ui.parts.glossary import explain

if TYPE_CHECKING:
    from monitoring.signals.outliers.report import OutlierReport, OutlierRow

ORDERS = ("By score", "By range")


def pick(start: float) -> float:
    """Draw the threshold of the share of rows outside the training range, which begins at `start`."""
    return float(
        st.number_input(
            "Share above",
            min_value=0.0,
            max_value=1.0,
            value=start,
            step=0.005,
            format="%.3f",
            key="outside",
            bind="query-params",
            width=140,
            help="Alarm when more of the rows lie outside the training range in any feature. "
            + explain("training range"),
        )
    )


def show(report: OutlierReport, key: str) -> None:
    """Draw a report: two shares, the features, the course over time, the rows."""
    from monitoring.signals.outliers.report import FOREST, LABELS, RANGE  # noqa: PLC0415 - costs a second

    terms = {RANGE: "training range", FOREST: "isolation forest"}
    for column, name in zip(st.columns(2), terms, strict=True):
        with column:
            tile = report.results[name]
            history_view.show_tile(LABELS[name], tile, term=terms[name], percent=True)
    if report.notes:
        st.text(" ".join(report.notes))
    with cards.panel("Rows to look at first"):
        _show_rows(report, key)
    left, right = st.columns(2)
    for column, name in zip((left, right), terms, strict=True):
        with column, cards.panel(f"{LABELS[name]}, by day", help=explain(terms[name])):
            history_view.show_trend(report.history[name], LABELS[name], f"{key}{name}-trend")
    with cards.panel("Features outside the training range", help=explain("training range")):
        _show_features(report, key)
    with cards.panel("All numbers"):
        history = [each for results in report.history.values() for each in results]
        results = list(report.results.values())
        history_view.show_results(results, history, LABELS, key, report.taken)


def _show_features(report: OutlierReport, key: str) -> None:
    if not report.outside:
        st.text("No row of the window lies outside the training range.")
        return
    table = pd.DataFrame(
        {
            "Feature": [each.feature for each in report.outside],
            "Rows outside": [each.rows for each in report.outside],
            "Share of rows, %": [100 * each.share.rate for each in report.outside],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        key=f"{key}outside",
        alt="Features by how many rows lie outside the training range",
        height="auto" if len(table) < 10 else 380,  # noqa: PLR2004 - a screenful
        column_config={
            "Share of rows, %": st.column_config.ProgressColumn(
                min_value=0.0, max_value=100.0, format="%.2f"
            )
        },
    )


def _show_rows(report: OutlierReport, key: str) -> None:
    order = st.segmented_control(
        "Order",
        ORDERS,
        default=ORDERS[0],
        required=True,
        key="order",
        bind="query-params",
        help="By the score of the isolation forest, or by how many features lie outside the training"
        " range and how far.",
    )
    rows = report.by_score if order == ORDERS[0] else report.by_range
    if not rows:
        states.show(states.no_results("rows", {"order": str(order)}))
        return
    table = rows_table(rows)
    said = f"The {len(rows)} rows to look at first, {str(order).lower()}"
    cards.show_table(table, key=f"{key}rows", alt=said)
    st.caption(
        f"{said}. A score above {report.cut:.3f} counts as an outlier; sd: standard deviations of the"
        " training data; furthest: from the median, in interquartile ranges of the training data."
    )


def rows_table(rows: Sequence[OutlierRow]) -> pd.DataFrame:
    """Return rows as a table: why first, then every feature."""
    lines = [
        {
            "Time": row.time,
            "Score": round(row.score, 3),
            "Outside the training range": "; ".join(row.outside),
            "Furthest feature": f"{row.unusual} ({_far(row.unusual_distance)})"
            if row.unusual
            else "",
            "Correlation id": row.key,
            **row.inputs,
        }
        for row in rows
    ]
    return pd.DataFrame(lines)


def _far(distance: float) -> str:
    return f"{distance:.3g}" if np.isfinite(distance) else "constant in training"
