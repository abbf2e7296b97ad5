"""Outliers: how many rows are unlike training, by which feature, since when, and the rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
import pandas as pd
import streamlit as st

from monitoring.signals.outliers.report import FOREST, LABELS, RANGE, OutlierReport, OutlierRow
from ui.parts import cards, choices, history_view, states
from ui.parts.glossary import explain

ORDERS = {"By score": "By score", "By range": "By range"}


TERMS = {RANGE: "training range", FOREST: "isolation forest"}


def pick(start: float) -> float:
    """Draw the threshold of the share of rows outside the training range, which begins at `start`."""
    return history_view.pick_threshold(
        "Share above",
        start,
        "outside",
        step=0.005,
        format="%.3f",
        help="Alarm when more of the rows lie outside the training range in any feature. "
        + explain("training range"),
    )


def show(report: OutlierReport, key: str) -> None:
    """Draw a report: two shares, the features, the course over time, the rows."""
    history_view.show_tiles(report.results, LABELS, TERMS, report.notes, percent=True)
    with cards.panel("Rows to look at first"):
        _show_rows(report, key)
    for column, (name, term) in zip(st.columns(2), TERMS.items(), strict=True):
        with column, cards.panel(f"{LABELS[name]}, by day", help=explain(term)):
            history_view.show_trend(report.history[name], LABELS[name], f"{key}{name}-trend")
    with cards.panel("Features outside the training range", help=explain("training range")):
        _show_features(report, key)
    history = chain.from_iterable(report.history.values())
    history_view.show_all(report.results, history, LABELS, key, report.taken)


def _show_features(report: OutlierReport, key: str) -> None:
    if not report.outside:
        st.text("No row of the window lies outside the training range.")
        return
    share = "Share of rows, %"
    table = pd.DataFrame(
        [(each.feature, each.rows, 100 * each.share.rate) for each in report.outside],
        columns=["Feature", "Rows outside", share],
    )
    st.dataframe(
        table,
        hide_index=True,
        key=f"{key}outside",
        alt="Features by how many rows lie outside the training range",
        height="auto" if len(table) < 10 else 380,  # noqa: PLR2004 - a screenful
        column_config={
            share: st.column_config.ProgressColumn(min_value=0.0, max_value=100.0, format="%.2f")
        },
    )


def _show_rows(report: OutlierReport, key: str) -> None:
    order = choices.switch(
        "Order",
        ORDERS,
        "order",
        help="By the score of the isolation forest, or by how many features lie outside the training"
        " range and how far.",
    )
    rows = report.by_score if order == "By score" else report.by_range
    if not rows:
        states.show(states.no_results("rows", {"order": order}))
        return
    said = f"The {len(rows)} rows to look at first, {order.lower()}"
    cards.show_table(rows_table(rows), key=f"{key}rows", alt=said)
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
