"""All features together: whether the window can be told from the baseline, by what, and since when."""

from __future__ import annotations

from itertools import chain

import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.methods.multivariate.localisation import Localisation, Telling
from monitoring.methods.multivariate.numbers import AUC, LABELS, MAGNITUDE, PCA
from monitoring.signals.multivariate_drift.report import MultivariateReport
from ui.parts import cards, history_view
from ui.parts.glossary import explain

#: Features in the chart; the table below it has all of them.
SHOWN = 12


TERMS = {
    AUC: "domain classifier",
    PCA: "PCA reconstruction error",
    MAGNITUDE: "drift magnitude",
}


def pick(start: float) -> float:
    """Draw the threshold of the domain classifier, which begins at `start`."""
    return history_view.pick_threshold(
        "AUC above",
        start,
        "auc",
        min_value=0.5,
        help="Alarm when the domain classifier does better than this, and than parts of the"
        " reference do against each other. " + explain("domain classifier"),
    )


def show(report: MultivariateReport, key: str) -> None:
    """Draw a report: three numbers, what tells the windows apart, the course over time."""
    history_view.show_tiles(report.results, LABELS, TERMS, report.notes)
    with cards.panel("What tells the windows apart", help=explain("permutation importance")):
        _show_localisation(report.localisation, key)
    every = "week" if report.is_weekly else "day"
    left, right = st.columns(2)
    with left, cards.panel(f"Domain classifier by {every}", help=explain("domain classifier")):
        history_view.show_trend(report.history[AUC], LABELS[AUC], f"{key}auc-trend")
    with right, cards.panel("Reconstruction error by day", help=explain(TERMS[PCA])):
        history_view.show_trend(report.history[PCA], LABELS[PCA], f"{key}pca-trend")
    history = chain.from_iterable(report.history.values())
    history_view.show_all(report.results, history, LABELS, key, report.taken)


def _cells(each: Telling) -> dict[str, object]:
    return {
        "Feature": each.feature,
        "AUC lost": round(each.lost, 4),
        "Low (95 %)": round(each.interval.low, 4),
        "High (95 %)": round(each.interval.high, 4),
        "By its own distribution": round(each.own, 4),
        "By its relation to others": round(each.relation, 4),
    }


def _show_localisation(found: Localisation | None, key: str) -> None:
    if found is None:
        st.text("There are too few rows for a classifier, so that nothing can be said.")
        return
    st.text(_sentence(found))
    first = found.features[:SHOWN]
    chart = charts.telling(
        [each.feature for each in first],
        [each.own for each in first],
        [each.relation for each in first],
        low=[each.interval.low for each in first],
        high=[each.interval.high for each in first],
    )
    table = pd.DataFrame([_cells(each) for each in found.features])
    cards.show_chart(chart, key=f"{key}telling", table=table)
    st.caption(
        f"Scores of {found.rows:,} rows that each classifier has not seen, with one feature's values"
        " taken from other rows: of both windows (all that it tells), of the same window (its relation)."
    )


def _sentence(found: Localisation) -> str:
    telling = [each for each in found.features if each.interval.low > 0]
    if not telling:
        return "No single feature tells the windows apart by more than chance."
    names = ", ".join(each.feature for each in telling[:4])
    said = f"Most is told by {names}."
    if found.pair:
        pair = f"{found.pair.one} and {found.pair.two}"
        if found.pair.is_relation_only:
            return f"{said} The relation between {pair} has changed, while either looks as before."
        return f"{said} The relation between {pair} has changed too."
    return said
