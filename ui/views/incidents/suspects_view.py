"""What changed just before: the ranked list, with the way to the page that shows each."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from monitoring.incident import Suspect
from monitoring.incidents.lane_table import signal_of
from monitoring.place import Place
from ui.loaders import deployments
from ui.parts import cards, states
from ui.shell import nav

#: Shown as cards; the table has the others.
FIRST = 3
#: Kind of an event, or of a suspect that is none -> page that shows it; a signal names its own.
PAGES = {
    "feature": "data_drift.py",
    "client": "traffic.py",
    "dependency": "traffic.py",
    "traffic_split": "compare_versions.py",
    "deployment": "compare_versions.py",
    "model": "compare_versions.py",
    "scaling": "compute.py",
    "job": "compute.py",
    "collection": "data_quality.py",
    "container": "request.py",
    "console": "request.py",
}


def show(found: Sequence[Suspect], *, key: str, can_open: bool = True) -> None:
    """Draw suspects, the first ones with what stands behind them.

    Args:
        found: In the order of their rank.
        key: Unique on the page.
        can_open: Whether other pages can be opened: not from a frozen incident.
    """
    if not found:
        states.show(
            states.no_results("changes", {"window": "this incident or this part of the timeline"})
        )
        return
    for suspect in found[:FIRST]:
        _show_card(suspect, key, can_open=can_open)
    with st.expander(f"All {len(found)} as a table", type="compact", icon=":material/table:"):
        cards.show_table(
            table(found), key=f"{key}-all", alt="What changed, the most telling first."
        )
    st.caption(
        "Nearness in time proves no cause. The score is nearness in time times how telling the "
        "change is: its kind, its place, its size, and how seldom such a thing happens."
    )


def _show_card(suspect: Suspect, key: str, *, can_open: bool) -> None:
    with st.container(border=True, gap="xsmall"):
        about, link = st.columns([5, 1.3], vertical_alignment="center")
        with about:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.badge(f"{suspect.rank}", color="blue")
                st.text(suspect.sentence)
            st.caption(cards.escaped(score_line(suspect)))
        page = page_of(suspect)
        if can_open and page:
            with link:
                st.button(
                    page.title,
                    key=f"{key}-{suspect.rank}",
                    icon=page.icon,
                    on_click=_open,
                    args=(page.file, suspect),
                    width="stretch",
                )


def score_line(suspect: Suspect) -> str:
    """Return what a score is made of.

    >>> from types import SimpleNamespace
    >>> score_line(SimpleNamespace(score=0.45, proximity=0.9, change=0.5, evidence="2 of 3 days"))
    'score 0.45 = near in time 0.90 × telling 0.50 · 2 of 3 days'
    """
    line = (
        f"score {suspect.score:.2f} = near in time {suspect.proximity:.2f} × telling "
        f"{suspect.change:.2f}"
    )
    return " · ".join(filter(None, (line, suspect.evidence)))


def page_of(suspect: Suspect) -> nav.Row | None:
    """Return the page that shows what a suspect is about; None if there is none."""
    signal = signal_of(suspect.lane) if suspect.lane else None
    file = signal.page if signal else PAGES.get(suspect.kind)
    return next((row for row in nav.TABLE if row.file == file), None)


def _open(file: str, suspect: Suspect) -> None:
    """Callback: open a page on the suspect's endpoint, deployment and feature."""
    query = {"feature": suspect.features[0]} if suspect.features else {}
    nav.go(file, query, **scope_of(suspect.place))


def scope_of(place: Place) -> dict[str, str]:
    """Return the endpoint and deployment of a place as the sidebar spells them."""
    for choice in deployments.endpoints():
        if choice.name.lower() == place.endpoint:
            named = [name for name in choice.deployments if name.lower() == place.deployment]
            return {"endpoint": choice.name} | ({"deployment": named[0]} if named else {})
    return {}


def table(found: Sequence[Suspect]) -> pd.DataFrame:
    """Return suspects as rows."""
    return pd.DataFrame(
        [
            {
                "Rank": each.rank,
                "Score": each.score,
                "Near in time": each.proximity,
                "Telling": each.change,
                "Time (UTC)": f"{each.time:%Y-%m-%d %H:%M}",
                "What": each.title,
                "Kind": each.kind.replace("_", " "),
                "Of": str(each.place),
                "In words": each.sentence,
                "Evidence": each.evidence,
            }
            for each in found
        ]
    )
