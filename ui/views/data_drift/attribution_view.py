"""What the model relies on: importances before and now, ranks, and the course over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from monitoring import charts
from ui.parts import cards, history_view, states
from ui.parts.glossary import explain

if TYPE_CHECKING:
    from monitoring.signals.feature_attribution_drift.report import AttributionReport
    from monitoring.workspace.registered_model import RegisteredModel

#: Features in the chart; the table below it has all of them.
SHOWN = 15


def pick(start: float) -> float:
    """Draw the threshold of the gain, which begins at `start`."""
    return float(
        st.number_input(
            "NDCG below",
            min_value=0.0,
            max_value=1.0,
            value=start,
            step=0.01,
            key="ndcg",
            bind="query-params",
            width=140,
            help="Alarm when less than this is left, and less than samples of the reference itself"
            " leave. " + explain("NDCG"),
        )
    )


def show(found: AttributionReport | RegisteredModel, key: str) -> None:
    """Draw a report; for a model that could not be opened, why, and what it carries."""
    from monitoring.signals.feature_attribution_drift.report import (  # noqa: PLC0415 - costs a second
        LABELS,
        NDCG,
        OVERLAP,
        SPEARMAN,
        AttributionReport,
    )

    if not isinstance(found, AttributionReport):
        _show_closed(found, key)
        return
    terms = {NDCG: "NDCG", SPEARMAN: "feature attribution drift", OVERLAP: "permutation importance"}
    for column, name in zip(st.columns(3), terms, strict=True):
        with column:
            history_view.show_tile(LABELS[name], found.results[name], term=terms[name])
    if found.notes:
        st.text(" ".join(found.notes))
    left, right = st.columns(2)
    with left, cards.panel("Importances", help=explain("permutation importance")):
        _show_importances(found, key)
    with right:
        with cards.panel("NDCG by day", help=explain("NDCG")):
            history_view.show_trend(found.history, LABELS[NDCG], f"{key}ndcg-trend")
        with cards.panel("Ranks", help=explain("feature attribution drift")):
            _show_ranks(found, key)
    if found.noted:
        with cards.panel("Importances noted at training"):
            _show_noted(found.noted, key)
    with cards.panel("All numbers"):
        results = list(found.results.values())
        history_view.show_results(results, found.history, LABELS, key, found.taken)


def _show_closed(model: RegisteredModel, key: str) -> None:
    states.show(
        states.State(
            "Not judged",
            ":material/lock:",
            "gray",
            f"The model {model.name!r} was not opened: {model.reason}.",
            next=model.hint,
        )
    )
    if not model.importances:
        st.text("The version carries no importances either.")
        return
    with cards.panel("Importances noted at training"):
        st.text("They say what the model relied on then, not what it relies on now.")
        _show_noted(model.importances, key)


def _show_noted(noted: Mapping[str, float], key: str) -> None:
    order = sorted(noted, key=lambda name: -noted[name])
    table = pd.DataFrame({"Feature": order, "Importance": [noted[name] for name in order]})
    cards.show_table(table, key=f"{key}noted", alt="Importances that the model version carries")


def _show_importances(found: AttributionReport, key: str) -> None:
    one, two = found.reference, found.production
    places = [one.features.index(change.feature) for change in found.ranks]
    first = places[:SHOWN]
    chart = charts.importances(
        [one.features[p] for p in first],
        *(
            (
                [float(side.means[p]) for p in first],
                [side.intervals[p].low for p in first],
                [side.intervals[p].high for p in first],
            )
            for side in (one, two)
        ),
        unit="mean change of the answer",
    )
    table = pd.DataFrame(
        {
            "Feature": [one.features[p] for p in places],
            "Reference": [float(one.means[p]) for p in places],
            "Production": [float(two.means[p]) for p in places],
        }
    )
    cards.show_chart(chart, key=f"{key}importances", table=table)


def _show_ranks(found: AttributionReport, key: str) -> None:
    moved = [change for change in found.ranks if change.change]
    st.text(
        f"{len(moved)} of {len(found.ranks)} features changed their rank."
        if moved
        else "No feature changed its rank."
    )
    table = pd.DataFrame(
        {
            "Feature": [each.feature for each in found.ranks],
            "Rank, reference": [each.reference for each in found.ranks],
            "Rank, production": [each.production for each in found.ranks],
            "Change": [_moved(each.change) for each in found.ranks],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        key=f"{key}ranks",
        alt="Rank of each feature by importance, before and now",
        height="auto" if len(table) < 10 else 320,  # noqa: PLR2004 - a screenful
    )


def _moved(change: int) -> str:
    return "–" if not change else f"▲ {change}" if change > 0 else f"▼ {-change}"
