"""What the model relies on: importances before and now, ranks, and the course over time."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from monitoring import charts
from monitoring.methods.attribution.permutation_importance import Importances
from monitoring.signals.feature_attribution_drift.report import (
    LABELS,
    NDCG,
    OVERLAP,
    SPEARMAN,
    AttributionReport,
)
from monitoring.workspace.registered_model import RegisteredModel
from ui.parts import cards, history_view, states
from ui.parts.glossary import explain

#: Features in the chart; the table below it has all of them.
SHOWN = 15


TERMS = {NDCG: "NDCG", SPEARMAN: "feature attribution drift", OVERLAP: "permutation importance"}


def pick(start: float) -> float:
    """Draw the threshold of the gain, which begins at `start`."""
    return history_view.pick_threshold(
        "NDCG below",
        start,
        "ndcg",
        help="Alarm when less than this is left, and less than samples of the reference itself"
        " leave. " + explain("NDCG"),
    )


def show(found: AttributionReport | RegisteredModel, key: str) -> None:
    """Draw a report; for a model that could not be opened, why, and what it carries."""
    if not isinstance(found, AttributionReport):
        _show_closed(found, key)
        return
    history_view.show_tiles(found.results, LABELS, TERMS, found.notes)
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
    history_view.show_all(found.results, found.history, LABELS, key, found.taken)


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
    order = sorted(noted.items(), key=lambda item: -item[1])
    table = pd.DataFrame(order, columns=["Feature", "Importance"])
    cards.show_table(table, key=f"{key}noted", alt="Importances that the model version carries")


def _show_importances(found: AttributionReport, key: str) -> None:
    sides = found.reference, found.production
    features = found.reference.features
    places = [features.index(change.feature) for change in found.ranks]
    first = places[:SHOWN]
    chart = charts.importances(
        [features[p] for p in first],
        *(_bars(side, first) for side in sides),
        unit="mean change of the answer",
    )
    table = pd.DataFrame(
        [(features[p], *(float(side.means[p]) for side in sides)) for p in places],
        columns=["Feature", "Reference", "Production"],
    )
    cards.show_chart(chart, key=f"{key}importances", table=table)


def _bars(side: Importances, places: list[int]) -> tuple[list[float], list[float], list[float]]:
    """Return means and both ends of their intervals."""
    return (
        [float(side.means[p]) for p in places],
        [side.intervals[p].low for p in places],
        [side.intervals[p].high for p in places],
    )


def _show_ranks(found: AttributionReport, key: str) -> None:
    moved = [change for change in found.ranks if change.change]
    st.text(
        f"{len(moved)} of {len(found.ranks)} features changed their rank."
        if moved
        else "No feature changed its rank."
    )
    table = pd.DataFrame(
        [(r.feature, r.reference, r.production, _moved(r.change)) for r in found.ranks],
        columns=["Feature", "Rank, reference", "Rank, production", "Change"],
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
